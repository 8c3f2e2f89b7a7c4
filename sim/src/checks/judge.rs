//! The judgement of a name's history while it goes on: linearizable, with the points at which operations take effect; or not, with the
//! smallest set of operations that contradict one another.
//!
//! An order that was found is kept, and an operation that returns is given a place in it; only where it has none, an order is searched
//! anew. A history that is not linearizable stays so, and only a set with the operation that returns may be a smaller one. Horn and
//! Kroening, *Faster linearizability checking via P-compositionality* (FORTE 2015): each name is judged by itself.

use alloc::vec::Vec;

use crate::checks::history::{Effect, Operation, Value, deeds};
use crate::checks::linearizable::{self, Deed, Found};
use crate::checks::smallest::{self, Contradiction};
use chordscope_core::base::time::Instant;

/// The most operations of a name that are judged: those that were called first.
pub const MAX_JUDGED: usize = 60;
/// The most states of a register that a search for an order goes through.
const MAX_STATES: usize = 20_000;
/// The most sets that a search for the smallest one asks about.
const MAX_SETS: usize = 40_000;

/// The moment at which an operation takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// The number of the operation.
    pub operation: Value,
    /// The moment, not before its call and not after its return.
    pub at: Instant,
}

/// A judgement of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// One register explains all answers. The points are in the order in which operations take effect.
    Linearizable(Vec<Point>),
    /// None does.
    Contradiction {
        /// The operations that contradict one another.
        set: Contradiction,
        /// The longest beginning of an order that was found.
        longest: Vec<Point>,
    },
    /// The search for an order was given up. Up to the last operation that returned before, the history is linearizable.
    GaveUp,
}

/// The judge of one name's history.
#[derive(Clone, Debug)]
pub struct Judge {
    verdict: Verdict,
    /// The number of operations that are judged.
    judged: usize,
}

impl Default for Judge {
    fn default() -> Self {
        Self {
            verdict: Verdict::Linearizable(Vec::new()),
            judged: 0,
        }
    }
}

impl Judge {
    /// The judgement of what has happened so far.
    pub const fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// The number of operations that the judgement is about: all, or [`MAX_JUDGED`].
    pub const fn judged(&self) -> usize {
        self.judged
    }

    /// Takes in that an operation has been called: the last one of the history.
    pub const fn on_call(&mut self, history: &[Operation]) {
        self.judged = if history.len() < MAX_JUDGED {
            history.len()
        } else {
            MAX_JUDGED
        };
    }

    /// Takes in that the operation of this number has returned.
    pub fn on_return(&mut self, history: &[Operation], number: Value) {
        let judged = &history[..self.judged.min(history.len())];
        if number as usize >= judged.len() {
            return;
        }
        let deeds = deeds(judged);
        let Some(new) = deeds.iter().position(|(other, _)| *other == number) else {
            return;
        };
        match &self.verdict {
            Verdict::GaveUp => {}
            Verdict::Contradiction { set, longest } => {
                let smaller = smallest::smallest(&deeds, Some(number), Some(set), MAX_SETS);
                if let Some(set) = smaller {
                    let longest = longest.clone();
                    self.verdict = Verdict::Contradiction { set, longest };
                }
            }
            Verdict::Linearizable(points) => {
                let placed = extended(&deeds, points, new);
                self.verdict = match placed {
                    Some(points) => Verdict::Linearizable(points),
                    None => search(&deeds, Some(number)),
                };
            }
        }
    }
}

/// Judges a whole history at once.
pub fn judge(history: &[Operation]) -> Verdict {
    search(&deeds(&history[..history.len().min(MAX_JUDGED)]), None)
}

type Deeds = [(Value, linearizable::Operation<Effect>)];

fn search(deeds: &Deeds, among: Option<Value>) -> Verdict {
    let plain: Vec<linearizable::Operation<Effect>> = deeds.iter().map(|(_, deed)| *deed).collect();
    match linearizable::search(&plain, MAX_STATES) {
        Found::Order(order) => Verdict::Linearizable(points(deeds, &order)),
        Found::Nothing(longest) => {
            // Whatever contradicts itself has the operation that returned last: without it there was an order.
            let set = smallest::smallest(deeds, among, None, MAX_SETS);
            let longest = points(deeds, &longest);
            set.map_or(Verdict::GaveUp, |set| Verdict::Contradiction {
                set,
                longest,
            })
        }
        Found::GaveUp => Verdict::GaveUp,
    }
}

/// Gives each operation of an order the earliest moment that it can have.
fn points(deeds: &Deeds, order: &[usize]) -> Vec<Point> {
    let mut at = 0;
    let points = order.iter().map(|place| {
        let (operation, deed) = deeds[*place];
        at = deed.start.max(at);
        Point {
            operation,
            at: Instant::from_micros(at),
        }
    });
    points.collect()
}

/// Returns an order with one more operation in it, the others in the order that they had; `None` where it has no place.
fn extended(deeds: &Deeds, points_so_far: &[Point], new: usize) -> Option<Vec<Point>> {
    let place = |point: &Point| {
        deeds
            .iter()
            .position(|(number, _)| *number == point.operation)
    };
    let old: Vec<usize> = points_so_far.iter().filter_map(place).collect();
    if old.contains(&new) {
        return fits(deeds, &old).then(|| points(deeds, &old));
    }
    // Late ones first: it has just returned.
    (0..=old.len()).rev().find_map(|at| {
        let mut order = old.clone();
        order.insert(at, new);
        fits(deeds, &order).then(|| points(deeds, &order))
    })
}

/// Returns whether an order respects time, and a register could have had it.
fn fits(deeds: &Deeds, order: &[usize]) -> bool {
    let (mut at, mut state) = (0, None);
    order.iter().all(|place| {
        let deed = deeds[*place].1;
        at = deed.start.max(at);
        let after = deed.act.apply(state).filter(|_| at <= deed.end);
        state = after.unwrap_or(state);
        after.is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::history::{Answer, Asked, Version};
    use alloc::collections::BTreeMap;
    use chordscope_core::base::rng::Rng;

    /// A history of clients of a register that mostly works, with times of return; the event order is that of the times.
    fn random(rng: &mut Rng, count: usize) -> Vec<Operation> {
        let mut history = Vec::new();
        let mut state: Option<Value> = None;
        let mut old: Option<Value> = None;
        let mut at = 0;
        for number in 0..count as Value {
            at += rng.below(14);
            let asked = match rng.below(8) {
                0..4 => Asked::Get,
                4..6 => Asked::Put,
                6 => Asked::Delete,
                _ => Asked::Swap(match rng.chance(1, 2) {
                    true => state,
                    false => old,
                }),
            };
            let version = |value: Option<Value>| value.map(|by| Version { sequence: 1, by });
            let is_lost = rng.chance(1, 6);
            let (after, answer) = match asked {
                Asked::Get if rng.chance(1, 3) => (state, Answer::Got(version(old))),
                Asked::Get => (state, Answer::Got(version(state))),
                Asked::Put => (Some(number), Answer::Done(1)),
                Asked::Delete if state.is_none() => (state, Answer::Mismatch),
                Asked::Delete => (None, Answer::Done(1)),
                Asked::Swap(expected) if expected == state => (Some(number), Answer::Done(1)),
                Asked::Swap(_) => (state, Answer::Mismatch),
            };
            if after != state {
                old = state;
            }
            if !is_lost || rng.chance(1, 2) {
                state = after;
            }
            let answer = match is_lost {
                true => Answer::Refused,
                false => answer,
            };
            let end = Instant::from_micros(at + rng.below(20));
            history.push(Operation {
                asked,
                called: Instant::from_micros(at),
                returned: (!rng.chance(1, 10)).then_some((end, answer)),
            });
        }
        history
    }

    /// The events of a history in order of time: a call or a return of an operation.
    fn events(history: &[Operation]) -> Vec<(Instant, bool, usize)> {
        let mut events = Vec::new();
        for (number, operation) in history.iter().enumerate() {
            events.push((operation.called, false, number));
            events.extend(operation.returned.map(|(at, _)| (at, true, number)));
        }
        events.sort_unstable();
        events
    }

    #[test]
    fn what_is_judged_on_the_way_is_what_is_judged_at_the_end() {
        let mut rng = Rng::from_seed(2, 0x1d6e);
        let mut kinds = BTreeMap::new();
        for round in 0..400 {
            let history = random(&mut rng, 3 + round % 12);
            let mut sofar: Vec<Operation> = Vec::new();
            let mut judge = Judge::default();
            for (_, returns, number) in events(&history) {
                if returns {
                    sofar[number].returned = history[number].returned;
                    judge.on_return(&sofar, number as Value);
                } else {
                    sofar.push(Operation {
                        returned: None,
                        ..history[number]
                    });
                    judge.on_call(&sofar);
                }
                let whole = super::judge(&sofar);
                match (judge.verdict(), &whole) {
                    (Verdict::Linearizable(points), Verdict::Linearizable(_)) => {
                        assert_explains(&sofar, points);
                    }
                    (
                        Verdict::Contradiction { set, .. },
                        Verdict::Contradiction { set: anew, .. },
                    ) => {
                        assert!(set.is_smallest && anew.is_smallest);
                        assert_eq!(set.operations.len(), anew.operations.len(), "{sofar:?}");
                    }
                    other => panic!("{other:?}"),
                }
            }
            let size = match judge.verdict() {
                Verdict::Contradiction { set, .. } => set.operations.len(),
                _ => 0,
            };
            *kinds.entry(size).or_insert(0) += 1;
        }
        assert!(
            kinds[&0] > 50 && kinds[&2] > 10 && kinds[&3] > 10 && kinds.len() > 3,
            "{kinds:?}"
        );
    }

    /// Each point lies within its operation, all that answered have one, and a register that goes through them gives these answers.
    fn assert_explains(history: &[Operation], points: &[Point]) {
        let mut value = None;
        let mut last = Instant::ZERO;
        for point in points {
            let operation = history[point.operation as usize];
            assert!(point.at >= last && point.at >= operation.called);
            last = point.at;
            if let Some((at, answer)) = operation.returned
                && answer != Answer::Refused
            {
                assert!(point.at <= at);
            }
            match (operation.asked, operation.answer()) {
                (Asked::Get, answer) => {
                    let Some(Answer::Got(version)) = answer else {
                        panic!("{operation:?}");
                    };
                    assert_eq!(version.map(|version| version.by), value);
                }
                (Asked::Delete, Some(Answer::Mismatch)) => assert_eq!(value, None),
                (Asked::Swap(expected), Some(Answer::Mismatch)) => assert_ne!(value, expected),
                (Asked::Swap(expected), _) => {
                    assert_eq!(value, expected);
                    value = Some(point.operation);
                }
                (Asked::Put, _) => value = Some(point.operation),
                (Asked::Delete, _) => value = None,
            }
        }
        for (number, operation) in (0..).zip(history) {
            let has_point = points.iter().any(|point| point.operation == number);
            assert!(has_point || !operation.is_answered(), "{operation:?}");
        }
    }

    #[test]
    fn beyond_the_limit_the_first_operations_are_judged() {
        let mut judge = Judge::default();
        let mut history: Vec<Operation> = Vec::new();
        for number in 0..MAX_JUDGED as Value + 5 {
            let called = Instant::from_micros(u64::from(number) * 2);
            history.push(Operation {
                asked: Asked::Get,
                called,
                returned: None,
            });
            judge.on_call(&history);
            let answer = match (number as usize) < MAX_JUDGED {
                true => None,
                // Of nobody's making.
                false => Some(Version { sequence: 1, by: 0 }),
            };
            history[number as usize].returned = Some((called, Answer::Got(answer)));
            judge.on_return(&history, number);
        }
        assert_eq!(judge.judged(), MAX_JUDGED);
        assert!(
            matches!(judge.verdict(), Verdict::Linearizable(points) if points.len() == MAX_JUDGED)
        );
    }

    #[test]
    fn many_open_writes_are_given_up_and_said() {
        // Writes that may have taken effect, and reads that need all of them in an order that is not theirs.
        let mut history: Vec<Operation> = (0..26)
            .map(|_| Operation {
                asked: Asked::Put,
                called: Instant::ZERO,
                returned: Some((Instant::from_micros(1_000), Answer::Done(1))),
            })
            .collect();
        history.push(Operation {
            asked: Asked::Get,
            called: Instant::from_micros(2_000),
            returned: Some((Instant::from_micros(2_001), Answer::Got(None))),
        });
        assert_eq!(judge(&history), Verdict::GaveUp);
    }
}
