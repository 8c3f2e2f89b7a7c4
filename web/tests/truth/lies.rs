//! Falsehoods to plant: for each statement others of its kind with one thing wrong, and the numbers that its text must carry.

use chordscope_core::base::id::{Id, Space};
use chordscope_core::chord::invariant::Property;
use chordscope_core::chord::route::Step;
use chordscope_sim::classic::Protocol;
use chordscope_sim::worlds::ring::action::Action;
use chordscope_sim::worlds::ring::trace::Decision;
use chordscope_web::ring::engine::statement::{Fate, Stage, Statement};

use crate::facts::number;

/// The kind of a statement.
pub(crate) fn kind(statement: &Statement) -> String {
    let text = format!("{statement:?}");

    match statement {
        Statement::Holds(_) | Statement::Fails { .. } | Statement::Progress { .. } => {
            let kind = text.replace([' ', '{', '}'], "");
            let end = kind.find(",rings").unwrap_or(kind.len());
            let kind = kind[..end].to_owned();
            match kind.split_once("stage:") {
                Some((_, stage)) => format!("Progress:{stage}"),
                None => kind,
            }
        }
        _ => text
            .split(['(', ' ', '{'])
            .next()
            .unwrap_or_default()
            .to_owned(),
    }
}

/// The same statement with another value of a field, for each of these fields.
macro_rules! lie {
    ($statement:expr, $kind:ident, $($field:ident = $value:expr),+ $(,)?) => {
        vec![$({
            let value = $value;
            let mut lie = $statement.clone();
            if let Statement::$kind { $field, .. } = &mut lie {
                *$field = value;
            }
            lie
        }),+]
    };
}

/// The same statement with one thing wrong, for each thing in it.
pub(crate) fn lies(statement: &Statement, space: Space) -> Vec<Statement> {
    let other = |id: &Id| space.next(*id);
    match statement {
        Statement::LooksUp { from, key } => {
            lie!(statement, LooksUp, from = other(from), key = other(key))
        }
        Statement::Forwards { node, to } => {
            lie!(statement, Forwards, node = other(node), to = other(to))
        }
        Statement::Misroutes { node, decided, .. } => lie!(
            statement,
            Misroutes,
            node = other(node),
            to = *decided,
            decided = other(decided)
        ),
        Statement::AsksAgain { origin, to } => {
            lie!(statement, AsksAgain, origin = other(origin), to = other(to))
        }
        Statement::Asks { origin, to } => {
            lie!(statement, Asks, origin = other(origin), to = other(to))
        }
        Statement::Refers { node, origin, to } => {
            lie!(
                statement,
                Refers,
                node = other(node),
                origin = other(origin),
                to = other(to)
            )
        }
        Statement::Rule { key, decision } => {
            let mut elsewhere = decision.clone();
            elsewhere.node = other(&decision.node);
            let mut step = decision.clone();
            step.step = match &decision.step {
                Step::Here | Step::Near { .. } => {
                    return rules(*key, other(key), decision, elsewhere);
                }
                Step::Finger { row, contact } => Step::Finger {
                    row: row + 1,
                    contact: contact.clone(),
                },
                Step::Owner(contact) => Step::Along(contact.clone()),
                Step::Along(contact) | Step::Back(contact) => Step::Owner(contact.clone()),
            };
            let mut lies = rules(*key, other(key), decision, elsewhere);
            lies.push(Statement::Rule {
                key: *key,
                decision: step,
            });
            lies
        }
        Statement::Owns { node, key } => {
            lie!(statement, Owns, node = other(node), key = other(key))
        }
        Statement::Answers { owner, origin } => lie!(
            statement,
            Answers,
            owner = other(owner),
            origin = other(origin)
        ),
        Statement::Found { hops, owner, key } => {
            lie!(
                statement,
                Found,
                hops = hops + 1,
                owner = other(owner),
                key = other(key)
            )
        }
        Statement::Misplaced {
            hops,
            owner,
            key,
            right,
        } => lie!(
            statement,
            Misplaced,
            hops = hops + 1,
            owner = other(owner),
            key = other(key),
            right = other(right)
        ),
        Statement::NoAnswer { from, key, micros } => {
            lie!(
                statement,
                NoAnswer,
                from = other(from),
                key = other(key),
                micros = micros + 1_000
            )
        }
        Statement::OriginStopped { from, key } => lie!(
            statement,
            OriginStopped,
            from = other(from),
            key = other(key)
        ),
        // How long it waits is planted where nothing disturbs the wait.
        Statement::Waits { node, silent, .. } => {
            lie!(statement, Waits, node = other(node), silent = other(silent))
        }
        Statement::AsksItself { origin } => lie!(statement, AsksItself, origin = other(origin)),
        Statement::Question { node, key } => {
            lie!(statement, Question, node = other(node), key = other(key))
        }
        Statement::Verdict { said, next } => {
            lie!(statement, Verdict, said = other(said), next = other(next))
        }
        Statement::Score { right, answered } => {
            lie!(statement, Score, right = right + 1, answered = answered + 1)
        }
        Statement::Joins(id) => vec![Statement::Joins(other(id)), Statement::Joined(*id)],
        Statement::Joined(id) => vec![Statement::Joined(other(id)), Statement::Joins(*id)],
        Statement::Leaves(id) => vec![Statement::Leaves(other(id)), Statement::Left(*id)],
        Statement::Left(id) => vec![Statement::Left(other(id)), Statement::Leaves(*id)],
        Statement::Crashed(id) => vec![Statement::Crashed(other(id)), Statement::Left(*id)],
        Statement::Restarted(id) => vec![Statement::Restarted(other(id)), Statement::Crashed(*id)],
        Statement::Together { nodes, fate } => {
            let mut fewer = nodes.clone();
            fewer.pop();
            lie!(
                statement,
                Together,
                nodes = fewer,
                fate = match fate {
                    Fate::Join | Fate::Crashed => Fate::Joined,
                    Fate::Joined | Fate::Leave | Fate::Left => Fate::Crashed,
                }
            )
        }
        Statement::DeadSuccessor { node, gone } => lie!(
            statement,
            DeadSuccessor,
            node = other(node),
            gone = other(gone)
        ),
        Statement::Rounds(micros) => vec![Statement::Rounds(micros + 1_000)],
        Statement::Done(_) => vec![Statement::Done(Action::Lose(u64::MAX))],
        Statement::Affected { done, of, again } => lie!(
            statement,
            Affected,
            done = done + 1,
            of = of + 1,
            again = again + 100
        ),
        Statement::AffectedRows { after, node } => lie!(
            statement,
            AffectedRows,
            after = other(after),
            node = other(node)
        ),
        Statement::Stable { members, troubled } => {
            lie!(
                statement,
                Stable,
                members = members + 1,
                troubled = !troubled
            )
        }
        Statement::Alone(id) => vec![Statement::Alone(other(id)), Statement::NoMember],
        Statement::NoMember => vec![Statement::Alone(Id::ZERO)],
        Statement::Lagging => vec![Statement::NoMember],
        Statement::Violated {
            rings, stabilizing, ..
        } => {
            let mut lies = lie!(
                statement,
                Violated,
                rings = rings + 1,
                stabilizing = match stabilizing {
                    Some(Protocol::Classic) => Some(Protocol::Corrected),
                    Some(Protocol::Corrected) => None,
                    None => Some(Protocol::Classic),
                }
            );
            lies.push(Statement::Violated {
                broken: Vec::new(),
                rings: *rings,
                stabilizing: *stabilizing,
            });
            lies
        }
        Statement::GoesOn(at) => vec![
            Statement::GoesOn(at + 1_000),
            Statement::ActionAhead(*at),
            Statement::Ended,
        ],
        Statement::ActionAhead(at) => {
            vec![Statement::ActionAhead(at + 1_000), Statement::GoesOn(*at)]
        }
        Statement::Ended => vec![Statement::GoesOn(0)],
        Statement::Unchanged(micros) => vec![Statement::Unchanged(micros * 1_000)],
        Statement::Happened(entry) => {
            let mut later = entry.clone();
            later.at = chordscope_core::base::time::Instant::from_micros(entry.at.as_micros() + 1);
            vec![Statement::Happened(later)]
        }
        Statement::Placing(Protocol::Corrected) => vec![Statement::Placing(Protocol::Classic)],
        Statement::Placing(Protocol::Classic) => vec![Statement::Placing(Protocol::Corrected)],
        Statement::Advice(_) => Vec::new(),
        Statement::Holds(property) => vec![fails(*property)],
        Statement::Fails {
            property,
            nodes,
            of,
            ..
        } => {
            let mut lies = lie!(statement, Fails, of = of + 1);
            if *property != Property::OneOrderedRing {
                lies.extend(lie!(statement, Fails, nodes = nodes + 1));
            }
            lies.push(Statement::Holds(*property));
            lies
        }
        Statement::Violations { broken, of } => {
            lie!(statement, Violations, broken = broken + 1, of = of + 1)
        }
        Statement::Progress { key, stage } => {
            let stage = match stage {
                Stage::Answered => Stage::AnsweredEarlier,
                Stage::AnsweredEarlier => Stage::Answered,
                Stage::UnderWay | Stage::Answering => Stage::Failed,
                Stage::Failed => Stage::UnderWay,
            };
            let lie = Statement::Progress { key: *key, stage };
            let key = Statement::Progress {
                key: other(key),
                stage,
            };
            vec![lie, key]
        }
        Statement::Measured {
            micros,
            ended,
            hops,
        } => {
            let mut lies = lie!(statement, Measured, micros = micros + 1, ended = !ended);
            if *ended {
                lies.extend(lie!(statement, Measured, hops = hops + 1));
            }
            lies
        }
        Statement::Linear { hops } => lie!(statement, Linear, hops = hops + 1),
        Statement::Mean {
            hundredths,
            nodes,
            keys,
        } => {
            let mut lies = lie!(
                statement,
                Mean,
                hundredths = hundredths + 1,
                nodes = nodes + 1
            );
            lies.push(Statement::Mean {
                hundredths: *hundredths,
                nodes: *nodes,
                keys: keys.map(|keys| keys + 1),
            });
            lies
        }
        Statement::Formula { nodes, tenths } => {
            lie!(statement, Formula, nodes = nodes + 1, tenths = tenths + 1)
        }
        Statement::Claims { after, node, right } => {
            lie!(
                statement,
                Claims,
                after = other(after),
                node = other(node),
                right = !right
            )
        }
        Statement::RowSince { node, row, took } => lie!(
            statement,
            RowSince,
            node = other(node),
            row = row % space.bits() + 1,
            took = other(took)
        ),
        Statement::SuccessorSince { node, took } => lie!(
            statement,
            SuccessorSince,
            node = other(node),
            took = other(took)
        ),
        Statement::Picture { members, rings } => {
            lie!(statement, Picture, members = members + 1, rings = rings + 1)
        }
        Statement::LastLookup { from, key, hops } => {
            lie!(
                statement,
                LastLookup,
                from = other(from),
                key = other(key),
                hops = hops + 1_000
            )
        }
    }
}

fn rules(key: Id, other: Id, decision: &Decision, elsewhere: Decision) -> Vec<Statement> {
    let wrong_key = Statement::Rule {
        key: other,
        decision: decision.clone(),
    };
    let wrong_node = Statement::Rule {
        key,
        decision: elsewhere,
    };
    vec![wrong_key, wrong_node]
}

fn fails(property: Property) -> Statement {
    Statement::Fails {
        property,
        rings: Vec::new(),
        nodes: 1,
        of: 0,
    }
}

/// The numbers that the text of a statement must carry, in their order; of those whose words are a log's, the first alone.
pub(crate) fn numbers(statement: &Statement) -> Vec<String> {
    let ids = |ids: &[&Id]| ids.iter().map(|id| number(**id).to_string()).collect();
    let counts = |counts: &[usize]| counts.iter().map(usize::to_string).collect();
    let and = |mut one: Vec<String>, other: Vec<String>| {
        one.extend(other);
        one
    };
    match statement {
        Statement::LooksUp { from, key } => ids(&[from, key]),
        Statement::Forwards { node, to } => ids(&[node, to]),
        Statement::Misroutes { node, to, decided } => ids(&[node, to, decided]),
        Statement::Asks { origin, to } | Statement::AsksAgain { origin, to } => ids(&[origin, to]),
        Statement::Refers { node, origin, to } => ids(&[node, to, origin, to]),
        Statement::Rule { key, decision } => rule_numbers(*key, decision),
        Statement::Owns { node, key } => ids(&[node, key]),
        Statement::Answers { owner, origin } => ids(&[owner, origin]),
        Statement::Found { hops, owner, key } => and(counts(&[*hops]), ids(&[owner, key])),
        Statement::Misplaced {
            hops,
            owner,
            key,
            right,
        } => and(counts(&[*hops]), ids(&[owner, key, right])),
        Statement::NoAnswer { from, key, micros } => and(ids(&[from, key]), time(*micros)),
        Statement::OriginStopped { from, key } => ids(&[from, key]),
        Statement::Waits {
            node,
            silent,
            micros,
        } => and(ids(&[silent, node]), time(*micros)),
        Statement::AsksItself { origin } => ids(&[origin]),
        Statement::Question { node, key } => ids(&[node, key]),
        Statement::Verdict { said, next } if said == next => ids(&[next]),
        Statement::Verdict { said, next } => ids(&[said, next]),
        Statement::Score { right, answered } => counts(&[*right, *answered]),
        Statement::Joins(id)
        | Statement::Joined(id)
        | Statement::Leaves(id)
        | Statement::Left(id)
        | Statement::Crashed(id)
        | Statement::Restarted(id)
        | Statement::Alone(id) => ids(&[id]),
        Statement::Affected { of: 0 | 1, .. } => Vec::new(),
        Statement::Affected { done, of, again } => {
            let again: &[usize] = if *again > 0 { &[*again] } else { &[] };
            let updated = match (*done, *of) {
                // Both.
                (2, 2) => Vec::new(),
                (done, of) if done == of => counts(&[of]),
                (done, of) => counts(&[done, of]),
            };
            and(updated, counts(again))
        }
        Statement::AffectedRows { after, node } => ids(&[after, node]),
        // Both.
        Statement::Stable { members: 2, .. } => Vec::new(),
        Statement::Stable { members, .. } => counts(&[*members]),
        Statement::Together { nodes, .. } => ids(&nodes.iter().collect::<Vec<_>>()),
        Statement::DeadSuccessor { node, gone } => ids(&[node, gone]),
        Statement::Rounds(micros) | Statement::GoesOn(micros) | Statement::ActionAhead(micros) => {
            time(*micros)
        }
        Statement::Violated { broken, rings, .. } => {
            let told = *rings > 1 && broken.contains(&Property::OneOrderedRing);
            let rings: &[usize] = if told { &[*rings] } else { &[] };
            counts(rings)
        }
        Statement::Unchanged(micros) => time(*micros),
        Statement::Happened(entry) => time(entry.at.as_micros()),
        Statement::Done(_)
        | Statement::NoMember
        | Statement::Placing(_)
        | Statement::Lagging
        | Statement::Ended
        | Statement::Advice(_)
        | Statement::Holds(_) => Vec::new(),
        Statement::Fails {
            property,
            rings,
            nodes,
            of,
        } => match (property, rings.len()) {
            (Property::OneOrderedRing, 0) => counts(&[*of]),
            (Property::OneOrderedRing, 1) => counts(&[*nodes]),
            (Property::OneOrderedRing, count) => and(counts(&[count]), counts(rings)),
            _ => counts(&[*nodes, *of]),
        },
        Statement::Violations { broken: 0, of } => counts(&[*of]),
        Statement::Violations { broken, of } => counts(&[*broken, *of]),
        Statement::Progress { key, .. } => ids(&[key]),
        Statement::Measured { hops, micros, .. } => and(counts(&[*hops]), time(*micros)),
        Statement::Linear { hops } => counts(&[*hops]),
        Statement::Mean {
            hundredths,
            nodes,
            keys,
        } => {
            let mean = format!("{:.2}", *hundredths as f64 / 100.0);
            let keys = keys.map(|keys| keys.to_string());
            and(
                vec![mean],
                and(counts(&[*nodes]), keys.into_iter().collect()),
            )
        }
        Statement::Formula { nodes, tenths } => {
            let mean = format!("{:.1}", *tenths as f64 / 10.0);
            and(counts(&[*nodes]), vec![mean])
        }
        Statement::Claims { after, node, .. } => ids(&[node, after, node]),
        Statement::RowSince { node, row, took } => {
            and(counts(&[usize::from(*row)]), ids(&[took, node]))
        }
        Statement::SuccessorSince { node, took } => ids(&[node, took]),
        Statement::Picture { members, rings } => {
            let rings: &[usize] = if *rings > 1 { &[*rings] } else { &[] };
            and(counts(&[*members]), counts(rings))
        }
        Statement::LastLookup { from, key, hops } => and(ids(&[key, from]), counts(&[*hops])),
    }
}

/// The numbers of a rule, as core words it.
fn rule_numbers(key: Id, decision: &Decision) -> Vec<String> {
    let (node, before) = (decision.node, decision.predecessor);
    let next = decision.next().unwrap_or(node);
    let row = |row: &u8| vec![number(key), u64::from(*row), number(next)];
    let ids = |ids: &[Id]| ids.iter().copied().map(number).collect();
    let numbers: Vec<u64> = match (&decision.step, before) {
        (Step::Here, Some(before)) => ids(&[key, before, node, node]),
        (Step::Here, None) => ids(&[node, key]),
        (Step::Owner(_) | Step::Along(_), _) => ids(&[key, node, next, next]),
        (Step::Back(_), _) => ids(&[key, next, node, next]),
        (Step::Finger { row: at, .. } | Step::Near { row: at, .. }, _) => row(at),
    };
    numbers.iter().map(u64::to_string).collect()
}

fn time(micros: u64) -> Vec<String> {
    let rounded = |unit: u64| (micros + unit / 2) / unit;
    let text = match micros {
        0..9_950 => format!("{}.{}", rounded(100) / 10, rounded(100) % 10),
        9_950..999_500 => return vec![rounded(1_000).to_string()],
        _ => format!("{}.{:03}", rounded(1_000) / 1_000, rounded(1_000) % 1_000),
    };
    vec![text.trim_end_matches('0').trim_end_matches('.').to_owned()]
}

/// The numbers in a text, in order.
pub(crate) fn numbers_in(text: &str) -> Vec<String> {
    let digits = |letter: char| letter.is_ascii_digit() || letter == '.';
    let parts = text.split(|letter| !digits(letter));
    let parts = parts.map(|part| part.trim_matches('.').to_owned());
    parts.filter(|part| !part.is_empty()).collect()
}

/// Whether the text carries what the statement says, each number in its place, and no other number.
pub(crate) fn carries(statement: &Statement, text: &str) -> bool {
    let (said, found) = (numbers(statement), numbers_in(text));
    match statement {
        // What happened is told in the words of the log, which have numbers more.
        Statement::Done(_) | Statement::Happened(_) => found.starts_with(&said),
        _ => found == said,
    }
}
