//! The oracle: it reads the nodes' own tables, the trace, and runs of its own, and shares no function with the page.

use std::collections::BTreeSet;

use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::time::Instant;
use chordscope_core::chord::route::{Mode, Routing, Step};
use chordscope_core::node::api::Event;
use chordscope_sim::engine::Timed;
use chordscope_sim::engine::network::Latency;
use chordscope_sim::worlds::ring::action::Action;
use chordscope_sim::worlds::ring::scenario::{Scenario, Upkeep};
use chordscope_sim::worlds::ring::trace::What;
use chordscope_sim::worlds::ring::{History, RingWorld};
use chordscope_sim::worlds::swarm::{Setup, SwarmWorld, member};
use chordscope_web::home::engine::statement::Statement;

/// The places of the circle.
const ALL: u64 = 32;
/// The lesson's nodes.
const NODES: [u64; 9] = [1, 4, 9, 11, 14, 18, 20, 21, 28];

fn number(id: Id) -> u64 {
    id.to_u64().unwrap()
}

/// The way clockwise.
fn way(from: u64, to: u64) -> u64 {
    (to + ALL - from) % ALL
}

/// The members with their predecessors.
fn members(world: &RingWorld) -> Vec<(u64, Option<u64>)> {
    let own = world.nodes().map(|node| node.membership());
    let own = own.filter(|own| own.is_member());
    let pair = own.map(|own| {
        let before = own.predecessor().map(|one| number(one.id()));
        (number(own.me()), before)
    });
    pair.collect()
}

/// The members that take a key to be theirs.
fn keepers(world: &RingWorld, key: Id) -> Vec<u64> {
    let takes = |(node, before): &(u64, Option<u64>)| {
        let Some(before) = *before else { return false };
        let gone = way(before, number(key));
        before == *node || gone > 0 && gone <= way(before, *node)
    };
    let all = members(world).into_iter().filter(takes);
    all.map(|(node, _)| node).collect()
}

/// Facts of earlier moments of a visit.
#[derive(Debug, Default)]
pub(crate) struct Past {
    keepers: BTreeSet<u64>,
    found: BTreeSet<(u64, usize, u64)>,
}

impl Past {
    /// Takes down what is so now.
    pub(crate) fn note(&mut self, history: &History) {
        self.keepers
            .extend(keepers(history.world(), Id::from_u64(26)));
        // They end in the trace at the moment that their own record says.
        for trace in history.world().lookups() {
            let (Some(owner), Some(at)) = (trace.owner, trace.finished) else {
                continue;
            };
            let took = at.as_micros() - trace.started.as_micros();
            let fact = (number(owner), trace.path.len() - 1, took);
            if self.found.contains(&fact) {
                continue;
            }
            let told = history.entries().iter().rev().any(|entry| {
                let ended = matches!(&entry.what, What::Node(id, Event::LookupEnded(..)) if *id == trace.id.0);
                ended && entry.at == at
            });
            if told {
                self.found.insert(fact);
            }
        }
    }
}

/// The doors' figures, measured in runs of the same worlds by another way.
#[derive(Debug)]
pub(crate) struct Doors {
    copies: u64,
    owners: (usize, usize),
    faced: u64,
}

impl Doors {
    pub(crate) fn measure() -> Self {
        Self {
            copies: copies(),
            owners: owners(),
            faced: faced(),
        }
    }
}

fn ring(latency: Latency, upkeep: Upkeep) -> Scenario {
    let nodes = NODES.map(Id::from_u64).to_vec();
    let plain = Scenario::plain(Space::new(5).unwrap(), nodes).unwrap();
    Scenario {
        latency,
        upkeep: Some(upkeep),
        ..plain
    }
}

/// The bytes that the seed sent, in hundredths of the file.
fn copies() -> u64 {
    let setup = Setup::new(4, 12).unwrap();
    let length = setup.length;
    let mut world = SwarmWorld::new(setup).unwrap();
    world.run_until(Instant::from_millis(3_600_000));
    assert!(world.is_complete());
    world.sent(member(0)) * 100 / length
}

/// The keepers of the key at the end of a cut, and long after it.
fn owners() -> (usize, usize) {
    let upkeep = Upkeep {
        stabilize_ms: 1_000,
        fingers_ms: 1_000,
        repair_ms: 8_000,
    };
    let at = |millis, action| Timed {
        at: Instant::from_millis(millis),
        action,
    };
    let cut = [4, 11, 18, 21].map(Id::from_u64).to_vec();
    let scenario = Scenario {
        actions: vec![at(3_000, Action::Split(cut)), at(21_000, Action::Heal)],
        ..ring(Latency::default(), upkeep)
    };
    let mut history = History::new(scenario, 1).unwrap();
    let key = Id::from_u64(26);
    history.advance_to(Instant::from_millis(20_990));
    let during = keepers(history.world(), key).len();
    history.advance_to(Instant::from_millis(60_000));
    (during, keepers(history.world(), key).len())
}

/// The time of the lesson's lookup, by the trace.
fn faced() -> u64 {
    let mut history = History::new(ring(Latency::default(), Upkeep::default()), 1).unwrap();
    let lookup = Action::Lookup {
        from: Id::from_u64(1),
        key: Id::from_u64(26),
        routing: Routing::Finger,
        mode: Mode::Recursive,
    };
    history.act(lookup).unwrap();
    history.advance_to(Instant::from_millis(5_000));
    let mut ends = history
        .entries()
        .iter()
        .filter(|entry| matches!(entry.what, What::Node(_, Event::LookupEnded(..))));
    ends.next().unwrap().at.as_micros()
}

/// The kind of a statement.
pub(crate) fn kind(statement: &Statement) -> String {
    let text = format!("{statement:?}");
    let end = text.find(' ').unwrap_or(text.len());
    text[..end].to_owned()
}

fn check(is: bool, why: &str) -> Result<(), String> {
    if is { Ok(()) } else { Err(why.to_owned()) }
}

fn happened(history: &History, is: impl Fn(&What) -> bool) -> bool {
    history.entries().iter().any(|entry| is(&entry.what))
}

/// The finger rows that name another node than the first member at or after their start.
fn wrong_fingers(world: &RingWorld) -> usize {
    // A node that is up and has not joined counts as one that the others should name: the ring of all that are up.
    let up: Vec<u64> = world.nodes().map(|node| number(node.id())).collect();
    let first = |start: u64| *up.iter().min_by_key(|node| way(start, **node)).unwrap();
    let rows = world.nodes().filter(|node| node.membership().is_member());
    let rows = rows.flat_map(|node| {
        (1..=5).map(move |row| {
            (
                number(node.id()),
                row,
                node.fingers().get(row).map(|one| number(one.id())),
            )
        })
    });
    let wrong =
        rows.filter(|(node, row, named)| *named != Some(first((node + (1 << (row - 1))) % ALL)));
    wrong.count()
}

/// Whether a way is the one of a lookup of this run, from the first to the last node.
fn is_way(history: &History, path: &[Id]) -> bool {
    history
        .world()
        .lookups()
        .iter()
        .any(|trace| trace.path == path)
}

/// The lesson's ways, by fingers and from neighbour to neighbour.
const WAYS: [&[u64]; 2] = [&[1, 18, 20, 21, 28], &[1, 4, 9, 11, 14, 18, 20, 21, 28]];

/// Whether a statement is so.
pub(crate) fn judge(
    statement: &Statement,
    history: &History,
    past: &Past,
    doors: &Doors,
) -> Result<(), String> {
    let world = history.world();
    let members = members(world);
    let is_member = |id: &Id| members.iter().any(|(node, _)| *node == number(*id));
    let keeps = |node: &Id, key: &Id| keepers(world, *key).contains(&number(*node));
    let is_up = |id: &Id| world.node(*id).is_some();
    match statement {
        Statement::Stabilizes { nodes, millis } => {
            let period = world
                .nodes()
                .next()
                .map(|_| history.setup().config().stabilize.unwrap().as_millis() as u64);
            check(
                *nodes == members.len() && Some(*millis) == period,
                "another number",
            )
        }
        Statement::Asks { key } => check(keepers(world, *key).len() == 1, "not one keeper"),
        Statement::Keeps { node, first, last } => {
            let range: Vec<u64> = (0..=way(number(*first), number(*last)))
                .map(|on| (number(*first) + on) % ALL)
                .collect();
            let own = |key: &u64| keeps(node, &Id::from_u64(*key));
            let exact = (0..ALL).all(|key| own(&key) == range.contains(&key));
            check(exact, "it keeps other keys")
        }
        Statement::KeepsAll { node } => check(
            (0..ALL).all(|key| keeps(node, &Id::from_u64(key))),
            "not every key",
        ),
        Statement::KeepsNothing { node } => check(
            is_member(node) && (0..ALL).all(|key| !keeps(node, &Id::from_u64(key))),
            "it keeps keys",
        ),
        Statement::NotJoined { node } => check(is_up(node) && !is_member(node), "it has"),
        Statement::Gone { node } => check(!is_up(node), "it is up"),
        // Its node is named by the sentence before it.
        Statement::NotAmong { key } => check(number(*key) == 26, "another key"),
        Statement::IsKeeper { node, key } | Statement::KeepsNow { node, key } => {
            check(keeps(node, key), "it does not")
        }
        Statement::Chose { node, key } => check(
            number(*key) == 26 && past.keepers.contains(&number(*node)),
            "it never did",
        ),
        Statement::LooksUp { from, key } => {
            let asked = |what: &What| matches!(what, What::Acted(Action::Lookup { from: a, key: b, .. }) if a == from && b == key);
            check(happened(history, asked), "it never asked")
        }
        Statement::Forwards { node, to } => {
            let sent = |what: &What| matches!(what, What::Sent(parcel) if parcel.from == *node && parcel.to == *to && parcel.lookup.is_some());
            check(happened(history, sent), "it never sent it")
        }
        Statement::Rule { key, decision } => {
            let made = world
                .lookups()
                .iter()
                .any(|trace| trace.key == *key && trace.decisions.contains(decision));
            let node = number(decision.node);
            let right = match &decision.step {
                Step::Finger { contact, .. } => {
                    let next = number(contact.id());
                    way(node, next) < way(node, number(*key)) || way(node, number(*key)) == 0
                }
                Step::Owner(owner) => way(node, number(*key)) <= way(node, number(owner.id())),
                _ => true,
            };
            check(made && right, "no decision was so")
        }
        Statement::Answers { owner, origin } => {
            let decided = world.lookups().iter().any(|trace| {
                trace.id.0 == *origin
                    && trace
                        .decisions
                        .iter()
                        .any(|made| made.node == *owner && made.step == Step::Here)
            });
            check(decided, "it did not take the key for its own")
        }
        Statement::WaitsFor { node, silent } => {
            let waits = world.lookups().iter().any(|trace| {
                trace
                    .wait
                    .is_some_and(|wait| wait.node == *node && wait.silent == *silent)
            });
            check(waits, "it does not wait")
        }
        Statement::Unanswered { from, key } => {
            let failed = world
                .lookups()
                .iter()
                .any(|trace| trace.id.0 == *from && trace.key == *key && trace.failed);
            check(failed, "it was answered")
        }
        Statement::Found {
            key,
            owner,
            hops,
            micros,
        } => check(
            number(*key) == 26 && past.found.contains(&(number(*owner), *hops, *micros)),
            "it was found otherwise",
        ),
        Statement::Way { path } => {
            let path: Vec<u64> = path.iter().map(|id| number(*id)).collect();
            let of_door = WAYS.iter().any(|way| way.starts_with(&path));
            let own: Vec<Id> = path.iter().map(|id| Id::from_u64(*id)).collect();
            check(of_door || is_way(history, &own), "no lookup went so")
        }
        Statement::ByNeighbours { hops } => {
            let up: Vec<u64> = world.nodes().map(|node| number(node.id())).collect();
            let last = world.lookups().last().ok_or("no lookup")?;
            let (from, key) = (number(last.id.0), number(last.key));
            let owner = *up.iter().min_by_key(|node| way(key, **node)).unwrap();
            let between = up
                .iter()
                .filter(|node| **node != from && way(from, **node) <= way(from, owner))
                .count();
            let expected = if from == owner { 0 } else { between };
            check(*hops == expected, "another number of neighbours")
        }
        Statement::Joins { node } => check(is_up(node) && !is_member(node), "it is a member"),
        Statement::Joined { node } => check(
            is_member(node)
                && happened(
                    history,
                    |what| matches!(what, What::Acted(Action::Insert(one)) if one == node),
                ),
            "it did not come",
        ),
        Statement::Crashed { node } => check(
            !is_up(node)
                && happened(
                    history,
                    |what| matches!(what, What::Acted(Action::Crash(one)) if one == node),
                ),
            "it did not crash",
        ),
        Statement::Nobody { key } => check(keepers(world, *key).is_empty(), "somebody does"),
        Statement::Several { key, nodes } => {
            let nodes: Vec<u64> = nodes.iter().map(|id| number(*id)).collect();
            check(
                nodes.len() > 1 && nodes == keepers(world, *key),
                "others do",
            )
        }
        Statement::Moved { key, from, to } => check(
            number(*key) == 26
                && number(*from) == 28
                && from != to
                && past.keepers.contains(&number(*to)),
            "it did not move so",
        ),
        Statement::Fingers { wrong } => check(*wrong == wrong_fingers(world), "another number"),
        Statement::Members { ids } => {
            let ids: Vec<u64> = ids.iter().map(|id| number(*id)).collect();
            let all: Vec<u64> = members.iter().map(|(node, _)| *node).collect();
            check(ids == all, "others are")
        }
        Statement::KeyLies { key, before, after } => {
            let (key, before, after) = (number(*key), number(*before), number(*after));
            let none_between = members
                .iter()
                .all(|(node, _)| *node == after || way(key, *node) > way(key, after));
            let none_before = members.iter().all(|(node, _)| {
                *node == before || way(*node, key) == 0 || way(*node, key) > way(before, key)
            });
            let known = [before, after]
                .iter()
                .all(|id| members.iter().any(|(node, _)| node == id));
            check(none_between && none_before && known, "others are nearer")
        }
        Statement::Hops { finger, linear } => check(
            (*finger, *linear) == (WAYS[0].len() - 1, WAYS[1].len() - 1),
            "other numbers",
        ),
        Statement::Copies {
            hundredths,
            clients,
        } => check(
            hundredths.abs_diff(doors.copies) <= 1 && *clients == 4,
            "other numbers",
        ),
        Statement::Owners { key, cut, healed } => check(
            number(*key) == 26 && (*cut, *healed) == doors.owners,
            "other numbers",
        ),
        Statement::Latency { assumed, faced } => {
            check((*assumed, *faced) == (0, doors.faced), "other times")
        }
        Statement::Shares { has, of } => check(
            has.len() == 4 && *of == 12 && has.iter().all(|one| one <= of),
            "impossible",
        ),
        Statement::Cut { key, nodes, .. } => {
            let known = nodes.iter().all(|id| NODES.contains(&number(*id)));
            check(
                number(*key) == 26 && nodes.len() <= 2 && known,
                "impossible",
            )
        }
        Statement::Clocks { assumed, faced } => {
            check(*assumed == 0 && *faced <= doors.faced, "impossible")
        }
    }
}

fn next(id: Id) -> Id {
    Id::from_u64((number(id) + 1) % ALL)
}

/// Falsehoods that look like a statement.
pub(crate) fn lies(statement: &Statement) -> Vec<Statement> {
    let mut lie = statement.clone();
    match &mut lie {
        Statement::Stabilizes { nodes, .. } => *nodes += 1,
        Statement::Asks { .. } => {
            return vec![Statement::Nobody {
                key: Id::from_u64(26),
            }];
        }
        Statement::Keeps { last, .. } => *last = next(*last),
        Statement::KeepsAll { node }
        | Statement::KeepsNothing { node }
        | Statement::NotJoined { node }
        | Statement::IsKeeper { node, .. }
        | Statement::Chose { node, .. }
        | Statement::KeepsNow { node, .. }
        | Statement::Joins { node }
        | Statement::Joined { node }
        | Statement::Crashed { node }
        | Statement::WaitsFor { node, .. } => *node = next(*node),
        Statement::Gone { node } => {
            // Of the others one is up.
            return NODES
                .iter()
                .map(|id| Statement::Gone {
                    node: Id::from_u64(*id),
                })
                .filter(|one| *one != Statement::Gone { node: *node })
                .collect();
        }
        Statement::NotAmong { key } => *key = next(*key),
        Statement::LooksUp { from, .. } | Statement::Unanswered { from, .. } => *from = next(*from),
        Statement::Forwards { node, to } => std::mem::swap(node, to),
        Statement::Rule { key, .. } => *key = next(*key),
        Statement::Answers { owner, .. } => *owner = next(*owner),
        Statement::Found { hops, .. } => *hops += 1,
        Statement::Way { path } => path.push(Id::from_u64(0)),
        Statement::ByNeighbours { hops } => *hops += 1,
        Statement::Nobody { key } => {
            return (0..ALL)
                .map(|one| Statement::Nobody {
                    key: Id::from_u64(one),
                })
                .filter(|one| *one != Statement::Nobody { key: *key })
                .collect();
        }
        Statement::Several { nodes, .. } => nodes.truncate(1),
        Statement::Moved { to, .. } => *to = Id::from_u64(2),
        Statement::Fingers { wrong } => *wrong += 1,
        Statement::Members { ids } => drop(ids.pop()),
        Statement::KeyLies { before, .. } => *before = next(*before),
        Statement::Hops { linear, .. } => *linear += 1,
        Statement::Copies { hundredths, .. } => *hundredths += 5,
        Statement::Owners { cut, .. } => *cut += 1,
        Statement::Latency { faced, .. } => *faced += 1_000,
        Statement::Shares { has, .. } => has.push(0),
        Statement::Cut { key, .. } => *key = next(*key),
        Statement::Clocks { assumed, .. } => *assumed += 1,
    }
    vec![lie]
}
