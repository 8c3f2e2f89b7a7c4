//! The smallest set of operations that contradict one another.
//!
//! A set contradicts itself if no single register could have answered its operations in any order that respects time, even if each of the
//! other operations took effect at any time after its call, or never. So a read is no contradiction for want of its writer. All operations
//! of a history contradict one another in this sense if and only if the history is not linearizable, whatever holds a contradiction is one,
//! and one stays one whatever is called later. What is looked for is a minimal unsatisfiable subset of the smallest size (Liffiton and
//! Sakallah 2008), where each operation is a constraint.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::checks::history::{Effect, Value};
use crate::checks::linearizable::{Deed, Operation};

/// Operations that contradict one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// Their numbers, in order of their calls.
    pub operations: Vec<Value>,
    /// True if no smaller set contradicts itself; false where the search for one was given up.
    pub is_smallest: bool,
}

/// The history of a register, of which sets are asked.
#[derive(Debug)]
struct Asked<'a> {
    deeds: &'a [(Value, Operation<Effect>)],
    /// The number of sets that may still be asked about.
    left: usize,
}

/// A state of a register, the operations of a set that have taken effect, and the others that have.
type Point = (u128, u128, Option<Value>);

/// The most states of a register that are gone through to find out about one set.
const MAX_STATES: usize = 20_000;

/// Returns the smallest set of operations of a history that contradict one another; `None` where it is linearizable, or where that is not
/// found out within limits: more than 128 operations are too many.
///
/// With `among`, a set that has it is looked for: it is known that no set without it contradicts itself and is smaller than `below`. After
/// so many sets as `budget` says, the search is given up.
pub fn smallest(
    deeds: &[(Value, Operation<Effect>)],
    among: Option<Value>,
    below: Option<&Contradiction>,
    budget: usize,
) -> Option<Contradiction> {
    if deeds.len() > 128 {
        return None;
    }
    let mut asked = Asked {
        deeds,
        left: budget,
    };
    let sure: Vec<usize> = (0..deeds.len())
        .filter(|at| deeds[*at].1.act.is_sure())
        .collect();
    let whole = match below {
        Some(known) => {
            let place = |number: &Value| deeds.iter().position(|(other, _)| other == number);
            known.operations.iter().filter_map(place).collect()
        }
        None => {
            if contradicts(deeds, &sure) != Some(true) {
                return None;
            }
            shrink(deeds, &sure)
        }
    };
    let mut best = whole;
    let mut is_smallest = below.is_none_or(|known| known.is_smallest);
    let must = among.and_then(|number| deeds.iter().position(|(other, _)| *other == number));
    let others: Vec<usize> = sure.into_iter().filter(|at| Some(*at) != must).collect();
    for size in 1..best.len() {
        let mut chosen: Vec<usize> = must.into_iter().collect();
        match asked.among(&others, &mut chosen, size) {
            Some(true) => {
                best = chosen;
                break;
            }
            Some(false) => {}
            None => {
                is_smallest = false;
                break;
            }
        }
    }
    best.sort_by_key(|at| (deeds[*at].1.start, *at));
    Some(Contradiction {
        operations: best.into_iter().map(|at| deeds[at].0).collect(),
        is_smallest,
    })
}

impl Asked<'_> {
    /// Whether a set of so many operations contradicts itself that has the chosen ones and others; then these are chosen. `None` when the
    /// search is given up.
    fn among(&mut self, others: &[usize], chosen: &mut Vec<usize>, size: usize) -> Option<bool> {
        if chosen.len() >= size {
            self.left = self.left.checked_sub(1)?;
            return match chosen.len() == size {
                true => contradicts(self.deeds, chosen),
                false => Some(false),
            };
        }
        for (place, at) in others.iter().enumerate() {
            chosen.push(*at);
            if self.among(&others[place + 1..], chosen, size)? {
                return Some(true);
            }
            chosen.pop();
        }
        Some(false)
    }
}

/// Leaves out operations of a set that contradicts itself, one after the other, as long as it still does.
fn shrink(deeds: &[(Value, Operation<Effect>)], set: &[usize]) -> Vec<usize> {
    let mut left = set.to_vec();
    // The latest first: what comes early is what later reads are about.
    for at in set.iter().rev() {
        let without: Vec<usize> = left.iter().copied().filter(|other| other != at).collect();
        if contradicts(deeds, &without) == Some(true) {
            left = without;
        }
    }
    left
}

/// Returns whether these operations contradict one another; `None` where it takes too long to find out.
fn contradicts(deeds: &[(Value, Operation<Effect>)], set: &[usize]) -> Option<bool> {
    let all = set.iter().fold(0_u128, |all, at| all | 1 << at);
    let mut seen = BTreeSet::new();
    let mut open: Vec<Point> = alloc::vec![(0, 0, None)];
    while let Some((done, used, state)) = open.pop() {
        if done == all {
            return Some(false);
        }
        if !seen.insert((done, used, state)) {
            continue;
        }
        if seen.len() > MAX_STATES {
            return None;
        }
        let left = || set.iter().copied().filter(|at| done & 1 << at == 0);
        // Nothing that was called after another had returned comes before it.
        let earliest_end = left().map(|at| deeds[at].1.end).min().unwrap_or(u64::MAX);
        let free = |at: usize, used: u128| {
            (all | used) & 1 << at == 0 && deeds[at].1.start <= earliest_end
        };
        for at in left().filter(|at| deeds[*at].1.start <= earliest_end) {
            let act = deeds[at].1.act;
            let after = done | 1 << at;
            if let Some(state) = act.apply(state) {
                open.push((after, used, state));
                continue;
            }
            // Others bring the register to a state that it is possible in.
            for (used, state) in brought(deeds, act, &free, (used, state)) {
                if let Some(state) = act.apply(state) {
                    open.push((after, used, state));
                }
            }
        }
    }
    Some(true)
}

/// Returns the states that an operation is possible in and that those which are free bring about, by as few of them as it takes.
fn brought(
    deeds: &[(Value, Operation<Effect>)],
    act: Effect,
    is_free: &dyn Fn(usize, u128) -> bool,
    from: (u128, Option<Value>),
) -> Vec<(u128, Option<Value>)> {
    let targets: BTreeSet<Option<Value>> = match act {
        Effect::Reads(value) | Effect::Swaps(value, _) | Effect::MaySwap(value, _) => {
            [value].into()
        }
        Effect::Differs(_) | Effect::Deletes => {
            let others = deeds.iter().map(|(_, operation)| operation.act);
            others.filter_map(written).collect()
        }
        Effect::Writes(_) | Effect::MayWrite(_) => BTreeSet::new(),
    };
    let mut found = Vec::new();
    for target in targets {
        reach(deeds, target, is_free, from, &mut found);
    }
    found
}

/// Returns what is there after an operation that writes.
const fn written(act: Effect) -> Option<Option<Value>> {
    match act {
        Effect::Writes(value) | Effect::MayWrite(value) => Some(value),
        Effect::Deletes => Some(None),
        Effect::Swaps(_, new) | Effect::MaySwap(_, new) => Some(Some(new)),
        Effect::Reads(_) | Effect::Differs(_) => None,
    }
}

/// Adds the ways in which those that are free bring the register to a state.
fn reach(
    deeds: &[(Value, Operation<Effect>)],
    target: Option<Value>,
    is_free: &dyn Fn(usize, u128) -> bool,
    (used, state): (u128, Option<Value>),
    found: &mut Vec<(u128, Option<Value>)>,
) {
    if state == target {
        return found.push((used, state));
    }
    for (at, (_, operation)) in deeds.iter().enumerate() {
        if !is_free(at, used) || written(operation.act) != Some(target) {
            continue;
        }
        let used = used | 1 << at;
        match operation.act {
            Effect::Swaps(expected, _) | Effect::MaySwap(expected, _) => {
                let mut before = Vec::new();
                reach(deeds, expected, is_free, (used, state), &mut before);
                found.extend(before.into_iter().map(|(used, _)| (used, target)));
            }
            _ => found.push((used, target)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::linearizable::is_linearizable;
    use chordscope_core::base::rng::Rng;

    type Deeds = Vec<(Value, Operation<Effect>)>;

    /// Whether a set contradicts itself, by trying every order of it and of every selection of the others.
    fn contradicts_by_force(deeds: &Deeds, set: u32) -> bool {
        let others: Vec<usize> = (0..deeds.len()).filter(|at| set & 1 << at == 0).collect();
        (0..1_u32 << others.len()).all(|chosen| {
            let others = (0..)
                .zip(&others)
                .filter(|(place, _)| chosen & 1 << place != 0);
            let mut members: Vec<usize> = others.map(|(_, at)| *at).collect();
            members.extend((0..deeds.len()).filter(|at| set & 1 << at != 0));
            !some_order(deeds, set, &mut Vec::new(), &members)
        })
    }

    fn some_order(deeds: &Deeds, set: u32, order: &mut Vec<usize>, members: &[usize]) -> bool {
        if order.len() == members.len() {
            let end = |at: usize| match set & 1 << at {
                0 => u64::MAX,
                _ => deeds[at].1.end,
            };
            let in_time = (0..order.len()).all(|later| {
                (0..later).all(|sooner| end(order[later]) >= deeds[order[sooner]].1.start)
            });
            let mut state = None;
            return in_time
                && order.iter().all(|at| match deeds[*at].1.act.apply(state) {
                    Some(after) => {
                        state = after;
                        true
                    }
                    None => false,
                });
        }
        members.iter().any(|at| {
            if order.contains(at) {
                return false;
            }
            order.push(*at);
            let found = some_order(deeds, set, order, members);
            order.pop();
            found
        })
    }

    fn random(rng: &mut Rng, count: usize) -> Deeds {
        let mut deeds = Deeds::new();
        for number in 0..count as u32 {
            // Mostly values that another one writes: with others, one read is a contradiction by itself.
            let some = |rng: &mut Rng| {
                let even = 2 * rng.below((count as u64).div_ceil(2)) as u32;
                (!rng.chance(1, 6)).then_some(even)
            };
            let act = match rng.below(9) {
                0..7 if number % 2 == 0 => Effect::Writes(Some(number)),
                0..3 => Effect::Reads(some(rng)),
                3..5 => Effect::Writes(Some(number)),
                5 => Effect::Swaps(some(rng), number),
                6 => Effect::Differs(some(rng)),
                7 if rng.chance(1, 2) => Effect::Deletes,
                7 => Effect::MayWrite(Some(number)),
                _ => Effect::MaySwap(some(rng), number),
            };
            let start = rng.below(12);
            let end = match act.is_sure() {
                true => start + rng.below(6),
                false => u64::MAX,
            };
            deeds.push((number, Operation { act, start, end }));
        }
        deeds
    }

    #[test]
    fn the_smallest_set_is_what_brute_force_finds() {
        let mut rng = Rng::from_seed(1, 0x5e7);
        let mut sizes = [0; 7];
        for _ in 0..600 {
            let count = 3 + rng.below(4) as usize;
            let deeds = random(&mut rng, count);
            let plain: Vec<Operation<Effect>> = deeds.iter().map(|(_, deed)| *deed).collect();
            let found = smallest(&deeds, None, None, usize::MAX);
            assert_eq!(found.is_none(), is_linearizable(&plain), "{deeds:?}");
            let sure = |set: u32, at: usize| set & 1 << at == 0 || deeds[at].1.act.is_sure();
            let sets = 1..1_u32 << count;
            let sets = sets.filter(|set| (0..count).all(|at| sure(*set, at)));
            let by_force = sets.filter(|set| contradicts_by_force(&deeds, *set));
            let size = by_force.map(u32::count_ones).min();
            let found_size = found.as_ref().map(|found| found.operations.len() as u32);
            assert_eq!(found_size, size, "{deeds:?}");
            sizes[size.unwrap_or(0) as usize] += 1;
            if let Some(found) = found {
                assert!(found.is_smallest);
                let set = found.operations.iter().fold(0, |set, at| set | 1 << at);
                assert!(contradicts_by_force(&deeds, set), "{deeds:?}");
            }
        }
        assert!(sizes[..4].iter().all(|count| *count > 10), "{sizes:?}");
    }

    #[test]
    fn a_stale_read_contradicts_both_writes() {
        let operation = |act, start, end| Operation { act, start, end };
        let deeds = [
            (0, operation(Effect::Writes(Some(0)), 0, 1)),
            (1, operation(Effect::Reads(Some(0)), 2, 3)),
            (2, operation(Effect::Writes(Some(2)), 4, 5)),
            (3, operation(Effect::Reads(Some(0)), 6, 7)),
            (4, operation(Effect::Reads(Some(2)), 8, 9)),
        ];
        let found = smallest(&deeds, None, None, usize::MAX).unwrap();
        assert_eq!(found.operations, [0, 2, 3]);
        assert_eq!(smallest(&deeds[..3], None, None, usize::MAX), None);
        // What was found before is kept where the search is given up.
        let given_up = smallest(&deeds, None, None, 3).unwrap();
        assert!(!given_up.is_smallest);
        assert_eq!(given_up.operations, [0, 2, 3]);
    }
}
