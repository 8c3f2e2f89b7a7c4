//! Proximity neighbour selection: the nodes that a finger may stand for, which follow it. Each serves a lookup as well as long as
//! it precedes the key, so that the nearest by round trip is the faster way. Chord (ToN 2003) §VI-C, Table IV.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::chord::fingers::FingerTable;

/// The candidates of one node's fingers.
#[derive(Clone, Debug)]
pub struct Candidates {
    /// The number of nodes that a finger chooses from, itself among them.
    choices: usize,
    /// The nodes behind each finger, nearest first, by the finger's own list.
    behind: BTreeMap<Id, Vec<Candidate>>,
}

#[derive(Clone, Debug)]
struct Candidate {
    contact: Contact,
    /// True if this node has reached the candidate itself; nothing goes to one that it has not.
    answered: bool,
}

impl Candidates {
    /// Fingers that choose from so many nodes, themselves among them: 1 for no choice.
    pub fn new(choices: u8) -> Self {
        Self {
            choices: choices.max(1).into(),
            behind: BTreeMap::new(),
        }
    }

    /// Returns whether fingers have a choice at all.
    pub const fn are_wanted(&self) -> bool {
        self.choices > 1
    }

    /// Takes in the successor list of a finger of node `me`. Gives the nodes that are to be asked whether they live.
    pub fn learn(&mut self, me: Id, finger: Id, list: &[Contact]) -> Vec<Contact> {
        let known = self.behind.remove(&finger).unwrap_or_default();
        let mut last = finger;
        let mut behind = Vec::new();
        // The list of another node may be in any order, and may lead past this one.
        for contact in list.iter().take(self.choices - 1) {
            if !contact.id().is_between(last, me) {
                break;
            }
            last = contact.id();
            let answered = known
                .iter()
                .any(|known| known.answered && known.contact.id() == last);
            behind.push(Candidate {
                contact: contact.clone(),
                answered,
            });
        }
        let strangers = behind.iter().filter(|candidate| !candidate.answered);
        let strangers = strangers.map(|one| one.contact.clone()).collect();
        if !behind.is_empty() {
            self.behind.insert(finger, behind);
        }
        strangers
    }

    /// Takes note that a node behind this finger has answered.
    pub fn adopt(&mut self, finger: Id, node: Id) {
        let behind = self.behind.get_mut(&finger).into_iter().flatten();
        for candidate in behind.filter(|candidate| candidate.contact.id() == node) {
            candidate.answered = true;
        }
    }

    /// Drops what is behind nodes that are no fingers any more.
    pub fn keep_to(&mut self, fingers: &FingerTable) {
        self.behind
            .retain(|finger, _| fingers.nodes().any(|node| node.id() == *finger));
    }

    /// Takes a node out.
    pub fn forget(&mut self, node: Id) {
        self.behind.remove(&node);
        for behind in self.behind.values_mut() {
            behind.retain(|candidate| candidate.contact.id() != node);
        }
    }

    /// Puts a newer contact of a known node in its place.
    pub fn refresh(&mut self, contact: &Contact) {
        for candidate in self.behind.values_mut().flatten() {
            if contact.supersedes(&candidate.contact) {
                candidate.contact = contact.clone();
            }
        }
    }

    /// The nodes behind a finger that have answered, nearest first.
    pub fn behind(&self, finger: Id) -> impl Iterator<Item = &Contact> {
        let behind = self.behind.get(&finger).into_iter().flatten();
        let answered = behind.filter(|candidate| candidate.answered);
        answered.map(|candidate| &candidate.contact)
    }

    /// The nodes behind all fingers that have answered.
    pub fn nodes(&self) -> impl Iterator<Item = &Contact> {
        self.behind.keys().flat_map(|finger| self.behind(*finger))
    }

    /// The node to go on with towards `key` by way of a finger before it: the nearest by round trip of the finger and the
    /// nodes behind it. Where one of these does not precede the key, the last before the key is known: it is the farthest to get, and
    /// no other node need be asked. Nodes to avoid are left out.
    pub fn nearest<'a>(
        &'a self,
        finger: &'a Contact,
        key: Id,
        avoid: &[Id],
        round_trip: impl Fn(Id) -> Option<Duration>,
    ) -> &'a Contact {
        let before = |node: &&Contact| node.id().is_between(finger.id(), key);
        let passes = self.behind(finger.id()).any(|node| !before(&node));
        let usable = self.behind(finger.id()).take_while(before);
        let usable = usable.filter(|node| !avoid.contains(&node.id()));
        if passes {
            return usable.last().unwrap_or(finger);
        }
        core::iter::once(finger)
            .chain(usable)
            .min_by_key(|node| round_trip(node.id()).unwrap_or(Duration::MAX))
            .unwrap_or(finger)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chord::membership::tests::{contact, contacts};

    const ME: Id = Id::from_u64(1);

    /// Finger 9 of node 1, with 11, 14 and 18 behind it.
    fn candidates() -> Candidates {
        let mut candidates = Candidates::new(4);
        let strangers = candidates.learn(ME, Id::from_u64(9), &contacts([11, 14, 18, 20]));
        assert_eq!(strangers, contacts([11, 14, 18]));
        for node in [11, 14, 18] {
            candidates.adopt(Id::from_u64(9), Id::from_u64(node));
        }
        candidates
    }

    /// Node 14 is the nearest.
    fn nearest(candidates: &Candidates, key: u64, avoid: &[u64]) -> u64 {
        let avoid: Vec<Id> = avoid.iter().copied().map(Id::from_u64).collect();
        let millis = |id: Id| id.to_u64().unwrap().abs_diff(14) + 1;
        let round_trip = |id| Some(Duration::from_millis(millis(id)));
        let finger = contact(9);
        let chosen = candidates.nearest(&finger, Id::from_u64(key), &avoid, round_trip);
        chosen.id().to_u64().unwrap()
    }

    #[test]
    fn the_nearest_that_does_not_pass_the_key_is_taken() {
        let candidates = candidates();
        assert_eq!(nearest(&candidates, 25, &[]), 14);
        assert_eq!(nearest(&candidates, 25, &[14]), 11);
        assert_eq!(nearest(&candidates, 17, &[]), 14, "the last before the key");
        assert_eq!(nearest(&candidates, 12, &[]), 11, "the last before the key");
        assert_eq!(nearest(&candidates, 10, &[]), 9);
        assert_eq!(nearest(&candidates, 18, &[]), 14, "18 lies on the key");
        assert_eq!(nearest(&candidates, 12, &[11]), 9);
        assert_eq!(nearest(&Candidates::new(1), 25, &[]), 9);
    }

    #[test]
    fn who_has_not_answered_is_no_choice() {
        let mut candidates = candidates();
        let finger = Id::from_u64(9);
        assert_eq!(
            candidates.learn(ME, finger, &contacts([12, 14, 18])),
            contacts([12])
        );
        let known: Vec<_> = candidates.behind(finger).cloned().collect();
        assert_eq!(known, contacts([14, 18]));
        candidates.forget(Id::from_u64(14));
        assert_eq!(nearest(&candidates, 25, &[]), 18);
        candidates.forget(finger);
        assert_eq!(candidates.behind(finger).count(), 0);
    }

    #[test]
    fn a_list_ends_where_its_order_breaks_or_it_comes_round() {
        let mut candidates = Candidates::new(8);
        let mut learn = |list: &[u64]| {
            let list = list.iter().map(|id| contact(*id));
            let list: Vec<Contact> = list.collect();
            candidates.learn(ME, Id::from_u64(28), &list).len()
        };
        assert_eq!(learn(&[30, 1, 4]), 1);
        assert_eq!(learn(&[30, 29]), 1);
        assert_eq!(learn(&[4, 9]), 0);
    }
}
