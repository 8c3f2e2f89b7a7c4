//! Whether a statement is so.

use std::cell::RefCell;
use std::collections::BTreeMap;

use chordscope_core::base::id::Id;
use chordscope_core::chord::invariant::Property;
use chordscope_core::chord::route::{Mode, Step};
use chordscope_core::node::api::Event;
use chordscope_sim::worlds::ring::action::Action;
use chordscope_sim::worlds::ring::kind::Kind;
use chordscope_sim::worlds::ring::trace::{Parcel, What};
use chordscope_web::ring::engine::statement::{Fate, Stage, Statement};

use crate::facts::{AffectedRow, Facts, LookupFacts, Ring, leads_to, number};

/// Whether a statement is so, or what speaks against it.
pub(crate) fn judge(statement: &Statement, facts: &Facts<'_>) -> Result<(), String> {
    let ring = &facts.ring;
    let so = |holds: bool| match holds {
        true => Ok(()),
        false => Err("it is not so".to_owned()),
    };
    let lookup = || {
        facts
            .lookup
            .as_ref()
            .ok_or_else(|| "there is no lookup".to_owned())
    };
    let members = ring.members();
    match statement {
        Statement::LooksUp { from, key } => {
            let lookup = lookup()?;
            so(lookup.id.0 == *from && lookup.key == number(*key) && lookup.ended.is_none())
        }
        Statement::Forwards { node, to } => {
            let lookup = lookup()?;
            so(forwards(lookup, number(*node), number(*to)))
        }
        Statement::Misroutes { node, to, decided } => {
            let lookup = lookup()?;
            let mut deeds = facts.deeds();
            let misroutes =
                deeds.any(|(_, deed)| matches!(deed, Action::Misroute(id) if id == node));
            let last = lookup
                .routed
                .iter()
                .rev()
                .find(|(_, at, ..)| *at == number(*node));
            let (when, _, step, _) = last.ok_or("no decision of that node")?;
            // The trace does not say whom an answer names.
            let goes = lookup.sent.iter().any(|parcel| {
                let later = parcel.from == *node && parcel.sent.as_micros() >= *when;
                later && (parcel.to == *to || parcel.kind.is_reply())
            });
            so(misroutes && leads_to(step) == Some(number(*decided)) && to != decided && goes)
        }
        Statement::AsksAgain { origin, to } => {
            let lookup = lookup()?;
            let asked = lookup.sent.iter();
            let mut asked =
                asked.filter(|parcel| (parcel.kind, parcel.from) == (Kind::Step, *origin));
            let last = asked.next_back().is_some_and(|last| last.to == *to);
            so(lookup.id.0 == *origin && last && asked.any(|before| before.to == *to))
        }
        Statement::Asks { origin, to } => {
            let lookup = lookup()?;
            let mut asked = lookup.sent.iter().rev();
            let last = asked.find(|parcel| (parcel.kind, parcel.from) == (Kind::Step, *origin));
            let mut made = lookup.routed.iter();
            let decided = made.any(|(_, at, step, _)| {
                *at == number(*origin) && leads_to(step) == Some(number(*to))
            });
            so(lookup.id.0 == *origin && decided && last.is_some_and(|last| last.to == *to))
        }
        Statement::Refers { node, origin, to } => {
            let lookup = lookup()?;
            let node = number(*node);
            // What it said to others, as where an older branch of the lookup comes by, is no answer to the origin.
            let answered = |when: u64| {
                lookup.delivered.iter().any(|parcel| {
                    let question = parcel.kind == Kind::Step && parcel.from == *origin;
                    question && number(parcel.to) == node && parcel.arrives.as_micros() == when
                })
            };
            let made = lookup.routed.iter().rev();
            let mut at = made.filter(|(when, at, ..)| *at == node && answered(*when));
            let named = at.next().and_then(|(_, _, step, _)| leads_to(step));
            so(lookup.id.0 == *origin && named == Some(number(*to)))
        }
        Statement::Rule { key, decision } => {
            let lookup = lookup()?;
            if lookup.key != number(*key) {
                return Err("another key".to_owned());
            }
            let (at, node) = (decision.at.as_micros(), number(decision.node));
            let before = decision.predecessor.map(number);
            let made = (at, node, decision.step.clone(), before);
            if !lookup.routed.contains(&made) {
                return Err("no such decision was made".to_owned());
            }
            rule(facts, lookup, &made)
        }
        Statement::Owns { node, key } => {
            let lookup = lookup()?;
            let here = |(_, at, step, _): &(u64, u64, Step, Option<u64>)| {
                *at == number(*node) && *step == Step::Here
            };
            so(lookup.key == number(*key) && lookup.routed.iter().any(here))
        }
        Statement::Answers { owner, origin } => {
            let lookup = lookup()?;
            let goes = |parcel: &&Parcel| parcel.from == *owner && parcel.to == *origin;
            let here = lookup.routed.iter().rev();
            let mut here =
                here.filter(|(_, at, step, _)| *at == number(*owner) && *step == Step::Here);
            // The trace counts a notice that follows from a timeout as upkeep.
            let notice = here.next().is_some_and(|(when, ..)| {
                facts.entries.iter().any(|entry| match &entry.what {
                    What::Sent(parcel) => {
                        parcel.kind == Kind::Found
                            && goes(&parcel)
                            && parcel.sent.as_micros() >= *when
                    }
                    _ => false,
                })
            });
            let answers = notice || lookup.sent.iter().any(|parcel| goes(&parcel));
            so(lookup.id.0 == *origin && (owner == origin || answers))
        }
        Statement::Found { hops, owner, key } => {
            let path = answer(lookup()?)?;
            let first = ring.first_from(&members, number(*key));
            so(lookup()?.key == number(*key)
                && path.len() == hops + 1
                && path.last() == Some(&number(*owner))
                && first.is_none_or(|first| first == number(*owner)))
        }
        Statement::Misplaced {
            hops,
            owner,
            key,
            right,
        } => {
            let path = answer(lookup()?)?;
            let first = ring.first_from(&members, number(*key));
            so(lookup()?.key == number(*key)
                && path.len() == hops + 1
                && path.last() == Some(&number(*owner))
                && owner != right
                && first == Some(number(*right)))
        }
        Statement::NoAnswer { from, key, micros } => {
            let lookup = lookup()?;
            let silent = matches!(lookup.ended, Some((at, None)) if at - lookup.started == *micros);
            so(silent && lookup.id.0 == *from && lookup.key == number(*key))
        }
        Statement::OriginStopped { from, key } => {
            let lookup = lookup()?;
            let stopped = facts.deeds().any(|(at, deed)| {
                let removed = matches!(deed, Action::Remove(id) if id == from);
                let stopped = matches!(deed, Action::Crash(id) | Action::Restart(id) if id == from);
                removed || stopped && at >= lookup.started
            });
            so(stopped
                && matches!(lookup.ended, Some((_, None)))
                && lookup.id.0 == *from
                && lookup.key == number(*key))
        }
        Statement::Waits {
            node,
            silent,
            micros,
        } => {
            let lookup = lookup()?;
            // Of several that were lost, it is the one that carried the lookup on.
            let lost = lookup.lost.iter().rev().filter(|parcel| {
                let pair = (parcel.from, parcel.to);
                let carries = !parcel.kind.is_acknowledgement();
                carries && (pair == (*node, *silent) || pair == (*silent, *node))
            });
            let mut waits = lost
                .map(|lost| waits_so_long(facts, number(*node), lost.sent.as_micros() + micros));
            let first = waits.next().ok_or("no message between them was lost")?;
            first.or_else(|why| waits.find(Result::is_ok).unwrap_or(Err(why)))
        }
        Statement::AsksItself { origin } => {
            let lookup = lookup()?;
            let again = lookup.routed.iter().any(|(at, node, ..)| {
                *node == number(*origin) && *at >= lookup.started + 2_000_000
            });
            so(again && lookup.mode == Mode::Recursive && lookup.id.0 == *origin)
        }

        Statement::Question { node, key } => {
            let lookup = lookup()?;
            let last = lookup.routed.last();
            so(lookup.key == number(*key)
                && last.is_some_and(|(_, at, step, _)| {
                    *at == number(*node) && leads_to(step).is_some()
                }))
        }
        Statement::Verdict { said, next } => {
            let last = facts.predicted.last();
            so(last.is_some_and(|(what, made)| {
                *what == number(*said) && made.contains(&number(*next))
            }))
        }
        Statement::Score { right, answered } => {
            let sure = |(said, made): &&(u64, Vec<u64>)| made.iter().all(|next| next == said);
            let possible = |(said, made): &&(u64, Vec<u64>)| made.contains(said);
            let all = facts.predicted.iter();
            let range = all.clone().filter(sure).count()..=all.filter(possible).count();
            so(range.contains(right) && facts.predicted.len() == *answered)
        }

        Statement::Joins(id) => {
            let last = matches!(facts.change_of(*id), Some(Action::Insert(_)));
            let is_member = ring.nodes.get(&number(*id)).map(|node| node.member);
            so(last && is_member == Some(false))
        }
        Statement::Placing(protocol) => {
            if !matches!(facts.last_change(), Some((_, Action::Insert(_)))) {
                return Err("nobody was inserted last".to_owned());
            }
            // Of several nodes that came at once, one at least still joins.
            let came = facts.changed_at_once();
            let mut joins = came.iter().filter_map(|id| ring.nodes.get(&number(*id)));
            let scenario = facts.history.setup();
            so(joins.any(|node| !node.member) && *protocol == scenario.protocol)
        }
        Statement::Joined(id) => {
            let last = matches!(facts.change_of(*id), Some(Action::Insert(_)));
            let is_member = ring.nodes.get(&number(*id)).map(|node| node.member);
            so(last && is_member == Some(true))
        }
        Statement::Leaves(id) => {
            let last = matches!(facts.change_of(*id), Some(Action::Remove(_)));
            so(last && ring.nodes.contains_key(&number(*id)))
        }
        Statement::Left(id) => {
            let last = matches!(facts.change_of(*id), Some(Action::Remove(_)));
            so(last && !ring.nodes.contains_key(&number(*id)))
        }
        Statement::Crashed(id) => {
            let last = matches!(facts.change_of(*id), Some(Action::Crash(_)));
            so(last && !ring.nodes.contains_key(&number(*id)))
        }
        Statement::Restarted(id) => {
            so(matches!(facts.last_change(), Some((_, Action::Restart(node))) if node == id))
        }
        Statement::Together { nodes, fate } => {
            let (_, last) = facts.last_change().ok_or("nothing changed")?;
            let others = facts.changed_at_once();
            let is_member = |id: &Id| ring.nodes.get(&number(*id)).map(|node| node.member);
            so(*nodes == others
                && nodes.len() > 1
                && match (last, fate) {
                    (Action::Insert(_), Fate::Joined) => {
                        nodes.iter().all(|id| is_member(id) == Some(true))
                    }
                    (Action::Insert(_), Fate::Join) => {
                        nodes.iter().any(|id| is_member(id) != Some(true))
                    }
                    (Action::Remove(_), Fate::Leave) => {
                        nodes.iter().any(|id| is_member(id).is_some())
                    }
                    (Action::Remove(_), Fate::Left) => {
                        nodes.iter().all(|id| is_member(id).is_none())
                    }
                    (Action::Crash(_), Fate::Crashed) => true,
                    _ => false,
                })
        }
        Statement::Done(action) => so(facts.last_deed().map(|(_, deed)| deed) == Some(action)),
        Statement::Affected { done, of, again } => {
            let rows = facts.affected();
            let is_right = |(node, row, _, _, now): &&AffectedRow| {
                ring.nodes[node].fingers[row - 1] == Some(*now)
            };
            let was_right = |row: &&AffectedRow| is_right(row) || facts.has_been_right(row);
            let (right, ever) = (
                rows.iter().filter(is_right).count(),
                rows.iter().filter(was_right).count(),
            );
            so(rows.len() == *of && ever == *done && ever - right == *again)
        }
        Statement::AffectedRows { after, node } => so(facts
            .affected_arcs()
            .contains(&(number(*after), number(*node)))),

        Statement::Stable {
            members: of,
            troubled,
        } => {
            let paused = ring.nodes.values().any(|node| node.paused);
            so(members.len() == *of
                && *of > 1
                && ring.wrong_neighbours() == 0
                && *troubled == (facts.is_cut() || paused))
        }
        Statement::Alone(id) => so(members == [number(*id)]),
        Statement::NoMember => so(members.is_empty()),
        Statement::Lagging => so(ring.wrong_neighbours() > 0),
        Statement::DeadSuccessor { node, gone } => {
            let list = ring.nodes.get(&number(*node)).map(|node| &node.successors);
            so(list.is_some_and(|list| {
                list.first() == Some(&number(*gone))
                    && list.iter().all(|next| !ring.nodes.contains_key(next))
            }))
        }
        Statement::Rounds(micros) => {
            let upkeep = facts.history.setup().upkeep.as_ref();
            so(upkeep.is_some_and(|every| u64::from(every.stabilize_ms) * 1_000 == *micros))
        }
        Statement::Violated {
            broken,
            rings,
            stabilizing,
        } => {
            let found: Vec<Property> = [
                (Property::OneOrderedRing, !has_one_ordered_ring(ring)),
                (Property::EveryNodeReachable, unreachable(ring) > 0),
                (Property::ListsInOrder, ring.lists_out_of_order() > 0),
                // As the panel counts them.
                (Property::OneOwnerPerKey, ring.wrong_predecessors() > 0),
            ]
            .into_iter()
            .filter_map(|(property, is_broken)| is_broken.then_some(property))
            .collect();
            let scenario = facts.history.setup();
            let stabilizes = scenario.upkeep.is_some();
            so(found == *broken
                && ring.cycles().len() == *rings
                && *stabilizing == stabilizes.then_some(scenario.protocol))
        }

        Statement::GoesOn(at) | Statement::ActionAhead(at) => {
            let planned = facts.planned();
            let ahead = planned.iter().map(|timed| timed.at.as_micros());
            let mut scenario = facts.history.setup().actions.iter();
            let is_planned = scenario.any(|timed| timed.at.as_micros() == *at);
            let says_so = matches!(statement, Statement::GoesOn(_));
            so(ahead.min() == Some(*at) && is_planned == says_so)
        }
        Statement::Ended => {
            let open = facts
                .lookup
                .as_ref()
                .is_some_and(|lookup| lookup.ended.is_none());
            let late = facts.now >= facts.history.setup().until.as_micros();
            let calm = unchanged(facts) >= 30_000_000;
            let ends = late || calm || is_quiet(facts);
            so(facts.planned().is_empty() && !open && (ends || has_been_quiet(facts)))
        }
        Statement::Unchanged(micros) => so(unchanged(facts) >= *micros && *micros > 0),
        Statement::Happened(entry) => {
            so(facts.entries.contains(entry) && entry.at.as_micros() == facts.now)
        }
        Statement::Advice(_) => Ok(()),

        Statement::Holds(property) => so(match property {
            Property::OneOrderedRing => has_one_ordered_ring(ring),
            Property::EveryNodeReachable => unreachable(ring) == 0,
            Property::ListsInOrder => ring.lists_out_of_order() == 0,
            Property::OneOwnerPerKey => members.is_empty() || keys_without_one_owner(ring) == 0,
        }),
        Statement::Fails {
            property,
            rings,
            nodes,
            of,
        } => {
            let mut sizes: Vec<usize> = ring.cycles().iter().map(Vec::len).collect();
            let mut said = rings.clone();
            sizes.sort_unstable();
            said.sort_unstable();
            if members.len() != *of || said != sizes {
                return Err("other rings".to_owned());
            }
            so(match property {
                Property::OneOrderedRing => !has_one_ordered_ring(ring) && *nodes <= *of,
                Property::EveryNodeReachable => {
                    unreachable(ring) > 0 && *nodes == unreachable(ring)
                }
                Property::ListsInOrder => *nodes > 0 && *nodes == ring.lists_out_of_order(),
                Property::OneOwnerPerKey => *nodes > 0 && *nodes == ring.wrong_predecessors(),
            })
        }
        Statement::Violations { broken, of } => {
            let failing = [
                !has_one_ordered_ring(ring),
                unreachable(ring) > 0,
                ring.lists_out_of_order() > 0,
                ring.wrong_predecessors() > 0,
            ];
            so(*of == 4 && failing.iter().filter(|fails| **fails).count() == *broken)
        }

        Statement::Progress { key, stage } => {
            let lookup = lookup()?;
            let turned = facts.has_turned_since(lookup.entry);
            so(lookup.key == number(*key)
                && match (&lookup.ended, stage) {
                    (Some((_, None)), Stage::Failed) => true,
                    (Some((_, Some(_))), Stage::Answered) => !turned,
                    (Some((_, Some(_))), Stage::AnsweredEarlier) => turned,
                    (None, Stage::Answering) => lookup
                        .routed
                        .iter()
                        .any(|(_, _, step, _)| *step == Step::Here),
                    (None, Stage::UnderWay) => true,
                    _ => false,
                })
        }
        Statement::Measured {
            hops,
            micros,
            ended,
        } => {
            let lookup = lookup()?;
            let (until, path) = lookup.ended.clone().unwrap_or((facts.now, None));
            so(path.is_none_or(|path| path.len() == hops + 1)
                && until - lookup.started == *micros
                && lookup.ended.is_some() == *ended)
        }
        Statement::Linear { hops } => {
            let (from, key) = (number(lookup()?.id.0), lookup()?.key);
            let up = ring.up();
            if facts.ring_at(lookup()?.started).members() != up {
                return Err("other nodes than when the lookup began".to_owned());
            }
            let owner = ring.first_from(&up, key).ok_or("no node")?;
            let way = ring.way(from, owner);
            so(up.iter().filter(|id| ring.way(from, **id) <= way).count() == hops + 1)
        }
        Statement::Mean {
            hundredths,
            nodes,
            keys,
        } => so(ring.nodes.len() == *nodes
            && *keys == Some(1 << ring.bits)
            && mean(ring) == *hundredths),
        Statement::Formula { nodes, tenths } => {
            let exact = (*nodes as f64).log2() / 2.0;
            so(members.len() == *nodes && (*tenths as f64 / 10.0 - exact).abs() <= 0.050_001)
        }

        Statement::Claims { after, node, right } => {
            let claims = ring
                .nodes
                .get(&number(*node))
                .and_then(|node| node.predecessor);
            let before = ring.last_before(&members, number(*node));
            so(claims == Some(number(*after)) && *right == (before == claims))
        }
        Statement::RowSince { node, row, took } => {
            let mut made = lookup()?.routed.iter();
            let took_it = made.any(|(_, at, step, _)| {
                *at == number(*node)
                    && matches!(step, Step::Finger { row: used, contact }
                        if used == row && contact.id() == *took)
            });
            let own = ring.nodes.get(&number(*node)).ok_or("no such node")?;
            so(took_it && own.fingers[usize::from(*row) - 1] != Some(number(*took)))
        }
        Statement::SuccessorSince { node, took } => {
            let mut made = lookup()?.routed.iter();
            let took_it = made.any(|(_, at, step, _)| {
                *at == number(*node)
                    && matches!(step, Step::Owner(contact) if contact.id() == *took)
            });
            let own = ring.nodes.get(&number(*node)).ok_or("no such node")?;
            so(took_it && !own.successors.contains(&number(*took)))
        }
        Statement::Picture { members: of, rings } => {
            so(members.len() == *of && ring.cycles().len() == *rings)
        }
        Statement::LastLookup { from, key, hops } => {
            let lookup = lookup()?;
            let ended = lookup.ended.as_ref().and_then(|(_, path)| path.as_ref());
            so(lookup.id.0 == *from
                && lookup.key == number(*key)
                && ended.is_none_or(|path| path.len() == hops + 1)
                && *hops <= lookup.delivered.len())
        }
    }
}

/// Whether the last question that a node sent on went to this one.
fn forwards(lookup: &LookupFacts, node: u64, to: u64) -> bool {
    let decided = lookup.routed.iter().rev().find(|(_, at, ..)| *at == node);
    let Some((at, _, step, _)) = decided else {
        return false;
    };
    let sent = lookup.sent.iter().any(|parcel| {
        (number(parcel.from), number(parcel.to)) == (node, to) && parcel.sent.as_micros() >= *at
    });
    sent && leads_to(step) == Some(to)
}

fn answer(lookup: &LookupFacts) -> Result<Vec<u64>, String> {
    match &lookup.ended {
        Some((_, Some(path))) => Ok(path.clone()),
        _ => Err("there is no answer".to_owned()),
    }
}

/// Whether a decision follows from the tables that its node had.
fn rule(
    facts: &Facts<'_>,
    lookup: &LookupFacts,
    made: &(u64, u64, Step, Option<u64>),
) -> Result<(), String> {
    let (at, node, step, before) = made;
    let (node, key) = (*node, lookup.key);
    let then = facts.ring_at(*at);
    let Some(own) = then.nodes.get(&node) else {
        // It stopped at that very moment.
        return Ok(());
    };
    let tried = |id: u64| {
        lookup
            .sent
            .iter()
            .any(|parcel| number(parcel.to) == id && parcel.sent.as_micros() < *at)
    };
    let holds = match step {
        Step::Here => match before {
            Some(before) => then.within(key, *before, node),
            None => true,
        },
        Step::Owner(contact) => {
            let next = number(contact.id());
            then.within(key, node, next) && own.successors.contains(&next)
        }
        Step::Along(contact) => !then.within(key, node, number(contact.id())) || key == node,
        Step::Back(contact) => {
            let before = number(contact.id());
            !then.within(key, before, node) && own.predecessor == Some(before)
        }
        Step::Near { .. } => return Err("not in this mode".to_owned()),
        Step::Finger { row, contact } => {
            let finger = number(contact.id());
            let nearer = |other: &&u64| {
                then.between(**other, finger, key) && !tried(**other) && **other != node
            };
            // A table that changed at that very moment may have been another when the node decided.
            let changed = facts.entries.iter().any(|entry| {
                let fingers =
                    matches!(&entry.what, What::Node(id, Event::Finger(_)) if number(*id) == node);
                fingers && entry.at.as_micros() == *at
            });
            let is_closest = own.fingers[usize::from(*row) - 1] == Some(finger)
                && !own.fingers.iter().flatten().any(|other| nearer(&other));
            then.between(finger, node, key) && (is_closest || changed)
        }
    };
    match holds {
        true => Ok(()),
        false => {
            let sent = lookup.sent.iter().map(|parcel| {
                (
                    number(parcel.from),
                    number(parcel.to),
                    parcel.sent.as_micros(),
                )
            });
            let sent: Vec<_> = sent.collect();
            Err(format!("it does not follow: {before:?}, {own:?}, {sent:?}"))
        }
    }
}

/// Whether a node does something at this time, and nothing about it was done to it before.
fn waits_so_long(facts: &Facts<'_>, node: u64, until: u64) -> Result<(), String> {
    let later = facts.at(until.max(facts.now));
    let disturbed = later.entries().iter().any(|entry| {
        entry.at.as_micros() > facts.now && matches!(entry.what, What::Acted(_) | What::Garbled(_))
    });
    let acts = later
        .entries()
        .iter()
        .rev()
        .take_while(|entry| entry.at.as_micros() >= until);
    let acts = acts
        .filter(|entry| entry.at.as_micros() == until)
        .any(|entry| match &entry.what {
            What::Sent(parcel) => number(parcel.from) == node,
            What::Node(id, _) => number(*id) == node,
            _ => false,
        });
    let gone = !later.world().nodes().any(|up| number(up.id()) == node);
    let paused = facts.ring.nodes.get(&node).is_none_or(|node| node.paused);
    let ended = facts.lookup.as_ref().is_some_and(|lookup| {
        later.entries().iter().any(|entry| {
            matches!(&entry.what, What::Node(_, Event::LookupEnded(id, _)) if id.0 == lookup.id.1)
                && entry.at.as_micros() > facts.now
                && entry.at.as_micros() < until
        })
    });
    match acts || disturbed || gone || paused || ended {
        true => Ok(()),
        false => Err(format!("node {node} does nothing at {until}")),
    }
}

fn has_one_ordered_ring(ring: &Ring) -> bool {
    let cycles = ring.cycles();
    cycles.len() == 1 && cycles.iter().all(|cycle| ring.is_ordered(cycle))
}

/// Members that never come to the ring into which the lowest member that comes to any runs.
fn unreachable(ring: &Ring) -> usize {
    let members = ring.members();
    let cycles = ring.cycles();
    let reached = members.iter().find_map(|first| {
        let mut at = *first;
        for _ in 0..=members.len() {
            if let Some(cycle) = cycles.iter().find(|cycle| cycle.contains(&at)) {
                return Some(cycle.clone());
            }
            at = ring.next(at)?;
        }
        None
    });
    match reached {
        Some(cycle) => ring.outside(&cycle),
        None => members.len(),
    }
}

fn keys_without_one_owner(ring: &Ring) -> usize {
    type Known = BTreeMap<String, usize>;
    thread_local!(static KNOWN: RefCell<Known> = RefCell::default());
    let name: Vec<_> = ring
        .members()
        .iter()
        .map(|id| (*id, ring.nodes[id].predecessor))
        .collect();
    let name = format!("{} {name:?}", ring.bits);
    KNOWN.with_borrow_mut(|known| {
        *known
            .entry(name)
            .or_insert_with(|| ring.keys_without_one_owner())
    })
}

/// The mean of all lookups, in hundredths of a hop: each pair of a node and a key in a small space; in a larger one the first, the middle
/// and the last key of each node, which all take the same path.
fn mean(ring: &Ring) -> u64 {
    type Known = BTreeMap<(u32, Vec<u64>), u64>;
    thread_local!(static KNOWN: RefCell<Known> = RefCell::default());
    let up = ring.up();
    let name = (ring.bits, up.clone());
    if let Some(mean) = KNOWN.with_borrow(|known| known.get(&name).copied()) {
        return mean;
    }
    let (mut hops, mut lookups) = (0_u64, 0_u64);
    for from in &up {
        if ring.bits <= 8 {
            for key in 0..1 << ring.bits {
                hops += ring.path(*from, key).len() as u64 - 1;
                lookups += 1;
            }
            continue;
        }
        for owner in &up {
            let before = ring.last_before(&up, *owner).expect("a node");
            let arc = ring.way(before, *owner);
            let key = |on: u64| (before + on) % (1 << ring.bits);
            let paths = [1, arc / 2 + 1, arc].map(|on| ring.path(*from, key(on)));
            assert!(paths.iter().all(|path| *path == paths[0]));
            hops += arc * (paths[0].len() as u64 - 1);
            lookups += arc;
        }
    }
    let mean = (hops as f64 * 100.0 / lookups as f64).round() as u64;
    KNOWN.with_borrow_mut(|known| known.insert(name, mean));
    mean
}

/// Whether nothing is left to be repaired.
fn is_quiet(facts: &Facts<'_>) -> bool {
    let ring = &facts.ring;
    let rows = facts.affected();
    ring.nodes.values().all(|node| node.member)
        && (ring.members().len() == 1 || ring.wrong_predecessors() == 0)
        && has_one_ordered_ring(ring)
        && unreachable(ring) == 0
        && ring.lists_out_of_order() == 0
        && rows
            .iter()
            .all(|(node, row, _, _, now)| ring.nodes[node].fingers[row - 1] == Some(*now))
}

/// Whether there was a moment since the last deed at which nothing was left to be repaired and every lookup had ended.
fn has_been_quiet(facts: &Facts<'_>) -> bool {
    let last = facts.deeds().next_back().map_or(0, |(at, _)| at);
    let moments: std::collections::BTreeSet<u64> = facts
        .entries
        .iter()
        .map(|entry| entry.at.as_micros())
        .filter(|at| *at >= last)
        .collect();
    let was_quiet = |at: &u64| {
        let then = facts.at(*at);
        let memory = crate::facts::Memory::default();
        let then = Facts::of(&then, None, &[], &memory);
        let open = facts
            .lookup
            .as_ref()
            .and_then(|lookup| lookup.ended.as_ref());
        let waits = facts.lookup.is_some() && open.is_none_or(|(ended, _)| ended > at);
        !waits && is_quiet(&then)
    };
    moments.iter().rev().any(was_quiet)
}

/// For how long the ring has not changed and no lookup of the page has ended.
fn unchanged(facts: &Facts<'_>) -> u64 {
    let changes = |what: &What| match what {
        What::Acted(action) => !matches!(action, Action::Lookup { .. }),
        What::Broken(..) | What::Mended(_) => true,
        What::Node(_, event) => matches!(
            event,
            Event::Joined
                | Event::Left
                | Event::Predecessor { .. }
                | Event::Successors(_)
                | Event::Finger(_)
        ),
        _ => false,
    };
    let last = facts
        .entries
        .iter()
        .rev()
        .find(|entry| changes(&entry.what));
    let ended = facts
        .lookup
        .as_ref()
        .and_then(|lookup| lookup.ended.as_ref());
    let last = last.map_or(0, |entry| entry.at.as_micros());
    facts.now - last.max(ended.map_or(0, |(at, _)| *at))
}
