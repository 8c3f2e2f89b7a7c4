//! The successor pointers as the stage draws them: one ring looks like one, a torn one torn, and two like two.

use std::collections::{BTreeMap, BTreeSet};

use chordscope_core::base::gather::gather;
use chordscope_core::base::id::{Id, Space};

use crate::scene::{Look, Pointer};

/// Rings beyond this many share the innermost lane.
const LANES: usize = 3;

/// The pointers of members to their successors; to the place of one that is not there any more, too. `members` are given with the successor
/// of each, if it knows one.
pub fn pointers(space: Space, members: &[(Id, Option<Id>)]) -> Vec<Pointer> {
    let next = members.iter();
    let next: BTreeMap<Id, Id> =
        gather(next.filter_map(|(id, successor)| Some((*id, (*successor)?))));
    let known: BTreeSet<Id> = members.iter().map(|(id, _)| *id).collect();
    let rings = rings(&known, &next);
    // One ring that goes once round the circle is whole, whoever may not be on it yet.
    let is_whole = matches!(&*rings, [ring] if rounds(space, ring, &next) == 1);
    let pointer = |(from, to): (&Id, &Id)| {
        let skips = known.iter().any(|id| id.is_between(*from, *to));
        let look = match (known.contains(to), skips) {
            (false, _) => Look::Broken,
            (true, false) => Look::Right,
            (true, true) if is_whole => Look::Behind,
            (true, true) => Look::Broken,
        };
        let ring = rings.iter().position(|ring| ring.contains(from));
        let ring = ring.unwrap_or(0).min(LANES - 1);
        Pointer {
            from: space.turn(*from),
            to: space.turn(*to),
            // Beside the band where nobody lies between; otherwise each ring has a lane of its own.
            lane: if skips { 1 + ring as u8 } else { 0 },
            look,
        }
    };
    next.iter().map(pointer).collect()
}

/// The cycles that the pointers make, the largest first.
fn rings(members: &BTreeSet<Id>, next: &BTreeMap<Id, Id>) -> Vec<BTreeSet<Id>> {
    let step = |at: &Id| next.get(at).copied().filter(|to| members.contains(to));
    let mut seen: BTreeSet<Id> = BTreeSet::new();
    let mut rings = Vec::new();
    for first in members {
        let mut walk: BTreeSet<Id> = BTreeSet::new();
        let mut at = Some(*first);
        while let Some(here) = at.filter(|here| !seen.contains(here) && walk.insert(*here)) {
            at = step(&here);
        }
        if let Some(again) = at.filter(|again| walk.contains(again)) {
            let rest = std::iter::successors(step(&again), step);
            let rest = rest.take_while(|here| *here != again);
            rings.push(std::iter::once(again).chain(rest).collect::<BTreeSet<Id>>());
        }
        seen.append(&mut walk);
    }
    rings.sort_unstable_by_key(|ring| (std::cmp::Reverse(ring.len()), ring.first().copied()));
    rings
}

/// The number of times that a cycle goes round the circle.
fn rounds(space: Space, ring: &BTreeSet<Id>, next: &BTreeMap<Id, Id>) -> u32 {
    let length = |id: &Id| {
        let (from, to) = (space.turn(*id), space.turn(*next.get(id)?));
        let gap = (to - from).rem_euclid(1.0);
        Some(if gap == 0.0 { 1.0 } else { gap })
    };
    ring.iter().filter_map(length).sum::<f64>().round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(all: &[(u64, u64)]) -> Vec<(Id, Option<Id>)> {
        let member = |(id, next): &(u64, u64)| (Id::from_u64(*id), Some(Id::from_u64(*next)));
        all.iter().map(member).collect()
    }

    fn looks(members: &[(Id, Option<Id>)]) -> Vec<(u8, Look)> {
        let pointers = pointers(Space::new(5).unwrap(), members);
        pointers.iter().map(|one| (one.lane, one.look)).collect()
    }

    #[test]
    fn a_whole_ring_has_right_pointers_only() {
        let all = looks(&members(&[(1, 9), (9, 18), (18, 1)]));
        assert_eq!(all, [(0, Look::Right); 3]);
        assert_eq!(looks(&members(&[(4, 4)])), [(0, Look::Right)]);
    }

    #[test]
    fn a_newcomer_that_nobody_points_to_yet_is_passed_by_a_dashed_pointer() {
        let all = looks(&members(&[(1, 9), (7, 9), (9, 18), (18, 1)]));
        assert_eq!(all[0], (1, Look::Behind));
        assert!(all[1..].iter().all(|one| *one == (0, Look::Right)));
    }

    #[test]
    fn a_pointer_to_a_dead_node_is_broken_and_the_others_are_not() {
        assert_eq!(
            looks(&members(&[(1, 9), (9, 18), (20, 1)])),
            [(0, Look::Right), (0, Look::Broken), (0, Look::Right)]
        );
    }

    #[test]
    fn a_pointer_to_a_node_that_is_not_there_any_more_leads_to_its_place_and_is_broken() {
        let all = members(&[(1, 9), (9, 18), (20, 1)]);
        let all = pointers(Space::new(5).unwrap(), &all);
        assert_eq!(all.len(), 3);
        assert_eq!((all[1].look, all[1].to), (Look::Broken, 18.0 / 32.0));
    }

    #[test]
    fn two_rings_lie_in_two_lanes_and_are_broken_where_they_pass_one_another() {
        let all = looks(&members(&[(1, 18), (9, 20), (18, 25), (20, 9), (25, 1)]));
        let lanes: Vec<u8> = all.iter().map(|one| one.0).collect();
        assert_eq!(lanes, [1, 2, 1, 2, 0]);
        assert!(
            all.iter().filter(|one| one.1 == Look::Broken).count() >= 4,
            "{all:?}"
        );
    }

    #[test]
    fn a_ring_that_goes_round_twice_is_not_whole() {
        let all = looks(&members(&[(1, 9), (4, 14), (9, 4), (14, 1)]));
        assert!(all.iter().any(|one| one.1 == Look::Broken), "{all:?}");
    }
}
