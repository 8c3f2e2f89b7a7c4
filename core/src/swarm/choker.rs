//! The choker: the choice of the members to send to.
//!
//! A few members at a time get much each: a segment that has arrived whole can be passed on. BEP 3 gives four slots to the members that
//! send most, and one to a member drawn at random (optimistic unchoke), so that newcomers get their first segments.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::id::Id;
use crate::base::rng::Rng;
use crate::base::time::Instant;

/// The period in which slots are given anew.
pub const ROUND: Duration = Duration::from_secs(10);
/// Members that are sent to at a time, unless another number is set: four that send most, and one that is drawn; a seed gives all of
/// them in turn.
pub const SLOTS: usize = 5;
/// The number of rounds for which a member keeps the optimistic slot.
const OPTIMISTIC_ROUNDS: u8 = 3;

/// The choker's view of another member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Wants something.
    pub(super) interested: bool,
    /// The time since which it has a slot.
    pub(super) since: Option<Instant>,
    /// The time until which it had a slot; never is the beginning of time.
    pub(super) until: Instant,
    /// Bytes that it got.
    pub(super) got: u64,
    /// Bytes a second that it gives.
    pub(super) gives: u64,
}

/// Gives slots.
#[derive(Clone, Debug, Default)]
pub(super) struct Choker {
    optimistic: Option<Id>,
    rounds_left: u8,
}

impl Choker {
    /// Returns the members that have a slot from now on, once a round and whenever a member becomes interested or loses interest.
    /// Between rounds no member loses a slot. There are `count` slots, of which the last is the optimistic one.
    pub(super) fn slots(
        &mut self,
        candidates: &BTreeMap<Id, Candidate>,
        count: usize,
        is_round: bool,
        is_seed: bool,
        rng: &mut Rng,
    ) -> Vec<Id> {
        let interested = || {
            candidates
                .iter()
                .filter(|(_, candidate)| candidate.interested)
        };
        let held = || interested().filter(|(_, candidate)| candidate.since.is_some());
        if count == 0 {
            return Vec::new();
        }
        if interested().count() <= count {
            return interested().map(|(id, _)| *id).collect();
        }
        let mut slots: Vec<Id> = match is_round {
            false => held().map(|(id, _)| *id).collect(),
            true => self.best(candidates, count, is_seed, rng),
        };
        let mut waiting: Vec<_> = interested().filter(|(id, _)| !slots.contains(id)).collect();
        // A free slot goes to who has waited longest.
        waiting.sort_unstable_by_key(|(id, candidate)| (candidate.until, **id));
        let free = count.saturating_sub(slots.len());
        slots.extend(waiting.iter().take(free).map(|(id, _)| **id));
        slots
    }

    fn best(
        &mut self,
        candidates: &BTreeMap<Id, Candidate>,
        count: usize,
        is_seed: bool,
        rng: &mut Rng,
    ) -> Vec<Id> {
        let mut ranked: Vec<_> = candidates
            .iter()
            .filter(|(_, one)| one.interested)
            .collect();
        if is_seed {
            // In turn: the members that have waited longest come before those that have a slot, and of the latter the newest stay.
            ranked.sort_unstable_by_key(|(id, one)| match one.since {
                None => (0, one.until, one.got, **id),
                Some(since) => (
                    1,
                    Instant::from_micros(u64::MAX - since.as_micros()),
                    one.got,
                    **id,
                ),
            });
            return ranked.iter().take(count).map(|(id, _)| **id).collect();
        }
        ranked.sort_unstable_by_key(|(id, one)| (core::cmp::Reverse(one.gives), **id));
        let given = count.saturating_sub(1);
        let mut best: Vec<Id> = ranked.iter().take(given).map(|(id, _)| **id).collect();
        let others: Vec<Id> = ranked.iter().skip(given).map(|(id, _)| **id).collect();
        self.rounds_left = self.rounds_left.saturating_sub(1);
        let stays = self
            .optimistic
            .filter(|id| self.rounds_left > 0 && others.contains(id));
        let next = stays.or_else(|| {
            self.rounds_left = OPTIMISTIC_ROUNDS;
            let at = rng.below(others.len() as u64) as usize;
            others.get(at).copied()
        });
        self.optimistic = next;
        best.extend(next);
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd(count: u64) -> BTreeMap<Id, Candidate> {
        let one = |number: u64| Candidate {
            interested: true,
            since: None,
            until: Instant::ZERO,
            got: 0,
            gives: number,
        };
        (1..=count)
            .map(|number| (Id::from_u64(number), one(number)))
            .collect()
    }

    /// Rounds of a choker; how often each had a slot.
    fn rounds(crowd: &mut BTreeMap<Id, Candidate>, is_seed: bool) -> BTreeMap<Id, u32> {
        let (mut choker, mut rng) = (Choker::default(), Rng::from_seed(1, 0));
        let mut had = BTreeMap::new();
        for round in 1..=60 {
            let now = Instant::from_millis(round * 10_000);
            let slots = choker.slots(crowd, SLOTS, true, is_seed, &mut rng);
            assert_eq!(slots.len(), SLOTS);
            for (id, one) in crowd.iter_mut() {
                let has = slots.contains(id);
                if !has && one.since.is_some() {
                    one.until = now;
                }
                one.since = has.then(|| one.since.unwrap_or(now));
                one.got += u64::from(has);
                *had.entry(*id).or_default() += u32::from(has);
            }
        }
        had
    }

    #[test]
    fn a_seed_serves_everybody_equally() {
        let had = rounds(&mut crowd(12), true);
        let (least, most) = (had.values().min().unwrap(), had.values().max().unwrap());
        assert!(*least > 0 && most - least <= 5, "{had:?}");
    }

    #[test]
    fn who_gives_most_gets_most_and_everybody_gets_a_chance() {
        let had = rounds(&mut crowd(9), false);
        for giver in 6..=9 {
            assert_eq!(had[&Id::from_u64(giver)], 60);
        }
        assert!(
            (1..=5).all(|taker| had[&Id::from_u64(taker)] > 0),
            "{had:?}"
        );
    }

    #[test]
    fn a_free_slot_is_filled_at_once_and_nobody_loses_one_for_it() {
        let (mut choker, mut rng) = (Choker::default(), Rng::from_seed(1, 0));
        let mut crowd = crowd(8);
        for id in 1..=4 {
            crowd.get_mut(&Id::from_u64(id)).unwrap().since = Some(Instant::ZERO);
        }
        let slots = choker.slots(&crowd, SLOTS, false, false, &mut rng);
        assert_eq!(slots, [1, 2, 3, 4, 5].map(Id::from_u64));
    }

    #[test]
    fn there_are_as_many_slots_as_were_set_and_none_where_none_were() {
        let mut rng = Rng::from_seed(1, 0);
        for (count, is_round, is_seed) in [
            (0, true, true),
            (0, false, false),
            (1, true, false),
            (1, true, true),
            (2, false, false),
            (3, true, false),
        ] {
            let slots = Choker::default().slots(&crowd(8), count, is_round, is_seed, &mut rng);
            assert_eq!(slots.len(), count);
        }
        assert!(
            Choker::default()
                .slots(&crowd(1), 0, true, true, &mut rng)
                .is_empty()
        );
    }

    #[test]
    fn the_page_says_how_many_may_request() {
        assert_eq!(SLOTS, 5);
        crate::page::must_say("lets five request: four in turn");
    }
}
