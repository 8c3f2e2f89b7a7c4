//! The invariant of a whole ring: judged from outside, with every node's state in view.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::gather::gather;
use crate::base::id::Id;
use crate::chord::membership::Membership;

/// A property of a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Property {
    /// The first live successors form exactly one cycle, in the order of the circle. Zave 2017: AtLeastOneRing, AtMostOneRing,
    /// OrderedRing.
    OneOrderedRing,
    /// Every member reaches the cycle. Zave 2017: ConnectedAppendages.
    EveryNodeReachable,
    /// No list holds a node twice or out of order. Zave 2017: NoDuplicates, OrderedSuccessorLists.
    ListsInOrder,
    /// Each node's predecessor is the member before it, so that each key has one owner. Holds once a ring is stable.
    OneOwnerPerKey,
}

impl Property {
    /// All properties, in the order in which they are shown.
    pub const ALL: [Self; 4] = [
        Self::OneOrderedRing,
        Self::EveryNodeReachable,
        Self::ListsInOrder,
        Self::OneOwnerPerKey,
    ];

    /// The property in a few words.
    pub const fn title(self) -> &'static str {
        match self {
            Self::OneOrderedRing => "one ordered ring",
            Self::EveryNodeReachable => "every node reachable",
            Self::ListsInOrder => "successor lists in order",
            Self::OneOwnerPerKey => "each key has one owner",
        }
    }
}

/// The nodes at which each property fails. An empty list is a property that holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Property by property, the offending nodes.
    pub broken: BTreeMap<Property, Vec<Id>>,
}

impl Health {
    /// Judges the live members of a ring.
    pub fn of<'a>(members: impl IntoIterator<Item = &'a Membership>) -> Self {
        let members = by_id(members);
        let next = live_successors(&members);
        let mut health = Self::default();
        let mut cycles = cycles(&next).into_iter();
        let first = cycles.next().unwrap_or_default();
        let offenders = match first.is_empty() {
            // Every walk ends at a member without a live successor.
            true => next
                .keys()
                .copied()
                .filter(|id| next[id].is_none())
                .collect(),
            false => {
                let mut offenders = out_of_order(&first);
                offenders.extend(cycles.flatten());
                offenders
            }
        };
        health.note(Property::OneOrderedRing, offenders);
        let on_cycle = first.into_iter().collect();
        health.note(
            Property::EveryNodeReachable,
            next.keys()
                .copied()
                .filter(|id| !reaches(*id, &next, &on_cycle)),
        );
        health.note(
            Property::ListsInOrder,
            members
                .values()
                .filter(|member| !list_in_order(member))
                .map(|member| member.me()),
        );
        let ids: Vec<Id> = members.keys().copied().collect();
        health.note(
            Property::OneOwnerPerKey,
            ids.iter().enumerate().filter_map(|(at, id)| {
                let before = ids[(at + ids.len() - 1) % ids.len()];
                let known = members[id].predecessor().map(Contact::id);
                let right = known == Some(before) || (known.is_none() && before == *id);
                (!right).then_some(*id)
            }),
        );
        health
    }

    /// Returns whether a property holds.
    pub fn holds(&self, property: Property) -> bool {
        !self.broken.contains_key(&property)
    }

    fn note(&mut self, property: Property, offenders: impl IntoIterator<Item = Id>) {
        let offenders: Vec<Id> = offenders.into_iter().collect();
        if !offenders.is_empty() {
            self.broken.insert(property, offenders);
        }
    }
}

/// The first live entry of a member's list; the member itself when it is alone, as its list is empty.
fn live_successor(member: &Membership, members: &BTreeMap<Id, &Membership>) -> Option<Id> {
    let entries = member.successors().entries();
    match entries.is_empty() {
        true => Some(member.me()),
        false => entries
            .iter()
            .map(Contact::id)
            .find(|id| members.contains_key(id)),
    }
}

fn live_successors(members: &BTreeMap<Id, &Membership>) -> BTreeMap<Id, Option<Id>> {
    let next = |member: &&Membership| (member.me(), live_successor(member, members));
    gather(members.values().map(next))
}

fn by_id<'a>(members: impl IntoIterator<Item = &'a Membership>) -> BTreeMap<Id, &'a Membership> {
    let members = members.into_iter().filter(|member| member.is_member());
    gather(members.map(|member| (member.me(), member)))
}

/// The rings that there are: each cycle of first live successors, the one that the lowest member runs into first.
pub fn rings<'a>(members: impl IntoIterator<Item = &'a Membership>) -> Vec<Vec<Id>> {
    cycles(&live_successors(&by_id(members)))
}

/// Every cycle, in the order in which walks from the lowest member on run into them.
fn cycles(next: &BTreeMap<Id, Option<Id>>) -> Vec<Vec<Id>> {
    let step = |at: &Id| next.get(at).copied().flatten();
    let mut walked_from: BTreeMap<Id, Id> = BTreeMap::new();
    let mut cycles = Vec::new();
    for first in next.keys() {
        let mut at = Some(*first);
        while let Some(here) = at.filter(|here| !walked_from.contains_key(here)) {
            walked_from.insert(here, *first);
            at = step(&here);
        }
        // Where a walk meets its own track, it has gone round.
        if let Some(met) = at.filter(|met| walked_from.get(met) == Some(first)) {
            let rest = core::iter::successors(step(&met), step);
            let rest = rest.take_while(|here| *here != met);
            cycles.push(core::iter::once(met).chain(rest).collect());
        }
    }
    cycles
}

/// Returns the nodes at which a cycle steps back: an ordered one does so once, at the top of the circle.
fn out_of_order(cycle: &[Id]) -> Vec<Id> {
    let ahead = cycle.iter().cycle().skip(1);
    let drops: Vec<Id> = cycle
        .iter()
        .zip(ahead)
        .filter(|(here, next)| next <= here)
        .map(|(here, _)| *here)
        .collect();
    if drops.len() > 1 { drops } else { Vec::new() }
}

fn reaches(from: Id, next: &BTreeMap<Id, Option<Id>>, cycle: &BTreeSet<Id>) -> bool {
    let step = |at: &Id| next.get(at).copied().flatten();
    core::iter::successors(Some(from), step)
        .take(next.len() + 1)
        .any(|at| cycle.contains(&at))
}

fn list_in_order(member: &Membership) -> bool {
    let mut last = member.me();
    member.successors().entries().iter().all(|entry| {
        let in_order = entry.id().is_between(last, member.me());
        last = entry.id();
        in_order
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chord::membership::tests::{contact, contacts};

    fn member<const N: usize>(id: u64, before: u64, successors: [u64; N]) -> Membership {
        let mut member = Membership::new(Id::from_u64(id), 4);
        member.settle(Some(contact(before)), &contacts(successors));
        member
    }

    #[test]
    fn an_ideal_ring_is_healthy() {
        let ring = [
            member(1, 9, [4, 9]),
            member(4, 1, [9, 1]),
            member(9, 4, [1, 4]),
        ];
        assert_eq!(Health::of(&ring), Health::default());
        assert_eq!(Health::of([]), Health::default());
    }

    #[test]
    fn two_rings_are_not_one() {
        let split = [
            member(1, 9, [9]),
            member(9, 1, [1]),
            member(4, 14, [14]),
            member(14, 4, [4]),
        ];
        let health = Health::of(&split);
        assert!(!health.holds(Property::EveryNodeReachable), "{health:?}");
        assert!(!health.holds(Property::OneOrderedRing), "{health:?}");
        assert_eq!(
            rings(&split),
            [[1, 9], [4, 14]].map(|ring| ring.map(Id::from_u64).to_vec())
        );
    }

    #[test]
    fn a_loop_that_goes_round_twice_is_out_of_order() {
        let looping = [
            member(1, 14, [9]),
            member(9, 1, [4]),
            member(4, 9, [14]),
            member(14, 4, [1]),
        ];
        let health = Health::of(&looping);
        assert!(!health.holds(Property::OneOrderedRing), "{health:?}");
        assert!(health.holds(Property::EveryNodeReachable));
    }

    #[test]
    fn members_that_know_dead_successors_only_make_no_ring() {
        let health = Health::of(&[member(6, 12, [10]), member(12, 10, [6])]);
        assert_eq!(
            health.broken[&Property::OneOrderedRing],
            [Id::from_u64(6)],
            "{health:?}"
        );
        let cut_off = [member(1, 9, [9]), member(9, 1, [1]), member(4, 1, [7])];
        let health = Health::of(&cut_off);
        assert_eq!(
            health.broken[&Property::EveryNodeReachable],
            [Id::from_u64(4)]
        );
    }

    #[test]
    fn a_dead_successor_is_passed_over() {
        let ring = [member(1, 9, [4, 9]), member(9, 1, [1])];
        assert!(Health::of(&ring).holds(Property::OneOrderedRing));
    }
}
