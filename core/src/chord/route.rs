//! The routing rule: where one node sends a lookup.

use alloc::format;
use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::base::contact::Contact;
use crate::base::id::{Id, Space};
use crate::chord::fingers::FingerTable;
use crate::chord::membership::Membership;

/// The pointers that a lookup follows.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Routing {
    /// Finger tables: O(log N) hops.
    #[default]
    Finger,
    /// Successor by successor: O(N) hops, to compare.
    Linear,
}

/// The node that drives a lookup.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Each node hands the lookup on; the owner answers the origin directly.
    #[default]
    Recursive,
    /// The origin asks each node in turn.
    Iterative,
}

/// A node's decision about a lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The key is this node's.
    Here,
    /// The key is this successor's: no other node that is known lies between the key and it.
    Owner(Contact),
    /// On to the finger closest before the key.
    Finger {
        /// The row of the finger, from 1.
        row: u8,
        /// The node in it.
        contact: Contact,
    },
    /// On to a node behind the finger closest before the key: it is as good, and nearer by round trip.
    Near {
        /// The row of the finger, from 1.
        row: u8,
        /// The node behind the one in that row.
        contact: Contact,
    },
    /// On along the successor list.
    Along(Contact),
    /// Back to the predecessor: it is nearer to the key than the sender knew.
    Back(Contact),
}

impl Step {
    /// The node that the lookup goes to; `None` when it ends here.
    pub const fn next(&self) -> Option<&Contact> {
        match self {
            Self::Here => None,
            Self::Owner(contact)
            | Self::Finger { contact, .. }
            | Self::Near { contact, .. }
            | Self::Along(contact)
            | Self::Back(contact) => Some(contact),
        }
    }

    /// Returns whether the next node is thought to be the owner.
    pub const fn arrives(&self) -> bool {
        matches!(self, Self::Owner(_) | Self::Back(_))
    }

    /// The rule in words, with the numbers of node `me` that looks up `key`.
    pub fn explain(&self, space: Space, me: Id, predecessor: Option<Id>, key: Id) -> String {
        let show = |id| space.show(id);
        let (at, sought) = (show(me), show(key));
        match (self, predecessor) {
            (Self::Here, Some(before)) if key.is_within(before, me) => {
                let before = show(before);
                format!("{sought} ∈ ({before}, {at}], so {at} is its successor.")
            }
            (Self::Here, Some(_)) => {
                format!(
                    "Node {at} knows no other node that answers, so it takes {sought} for its own."
                )
            }
            (Self::Here, None) => {
                format!("Node {at} knows no predecessor, so it takes {sought} for its own.")
            }
            (Self::Owner(owner), _) => {
                let owner = show(owner.id());
                format!("{sought} ∈ ({at}, {owner}], so {owner} is its successor.")
            }
            (Self::Finger { row, contact }, _) => {
                let next = show(contact.id());
                format!("Closest finger preceding {sought}: row {row}, node {next}.")
            }
            (Self::Near { row, contact }, _) => {
                let next = show(contact.id());
                format!(
                    "Closest finger preceding {sought}: row {row}; proximity neighbour selection takes node {next}."
                )
            }
            (Self::Along(next), _) => {
                let next = show(next.id());
                format!("{sought} ∉ ({at}, {next}]: on along the successor list, to {next}.")
            }
            (Self::Back(before), _) => {
                let before = show(before.id());
                format!("{sought} ∉ ({before}, {at}]: back to the predecessor, {before}.")
            }
        }
    }
}

/// The state of a lookup at one node.
#[derive(Clone, Copy, Debug)]
pub struct Turn<'a> {
    /// The key that is looked up.
    pub key: Id,
    /// Along fingers or successors.
    pub routing: Routing,
    /// True if the sender takes this node for the owner.
    pub arrived: bool,
    /// Nodes that did not answer.
    pub avoid: &'a [Id],
}

/// The step of [`route`] where the key lies beyond the successor list and a finger leads on, as is the case most of the time: decided
/// without a look at the list, which lies elsewhere in memory.
fn leap(membership: &Membership, fingers: &FingerTable, turn: Turn<'_>) -> Option<Step> {
    let (me, last) = (membership.me(), membership.successors().last());
    let predecessor = membership.predecessor();
    let is_mine = predecessor.is_some_and(|before| turn.key.is_within(before.id(), me));
    let is_plain = turn.routing == Routing::Finger && !turn.arrived && turn.avoid.is_empty();
    // With an empty list `last` is this node, and every key lies within.
    if !is_plain || is_mine || turn.key.is_within(me, last) {
        return None;
    }
    let (row, contact) = fingers.closest(turn.key, &[])?;
    let leads_on = !contact.id().is_between(me, last);
    leads_on.then(|| Step::Finger {
        row,
        contact: contact.clone(),
    })
}

/// Decides the next step of a lookup of `key` at a node: none if the key is in (predecessor, me]; the successor, which owns it, if
/// it is in (me, successor]; else the closest preceding finger, the farthest in (me, key). Chord (ToN 2003) Fig. 5.
///
/// With `lists`, the whole successor list determines the owner of a key, and gives the next hop where it reaches farther than the fingers.
/// Chord (ToN 2003) §IV-E.
pub fn route(membership: &Membership, fingers: &FingerTable, turn: Turn<'_>, lists: bool) -> Step {
    if lists && let Some(step) = leap(membership, fingers, turn) {
        return step;
    }
    let Turn {
        key,
        routing,
        arrived,
        avoid,
    } = turn;
    let me = membership.me();
    let usable = |contact: &&Contact| contact.id() != me && !avoid.contains(&contact.id());
    let successors = membership.successors().entries();
    let Some(successor) = successors.iter().find(usable) else {
        return Step::Here;
    };
    let predecessor = membership.predecessor();
    if predecessor.is_some_and(|before| key.is_within(before.id(), me)) {
        return Step::Here;
    }
    if arrived {
        // A node that joined just before this one may be known here and not yet to the sender.
        return predecessor
            .filter(usable)
            .map_or(Step::Here, |before| Step::Back(before.clone()));
    }
    let known = match lists && routing == Routing::Finger {
        true => successors,
        false => core::slice::from_ref(successor),
    };
    let mut known = known.iter().filter(usable);
    let owner = known.clone().find(|entry| key.is_within(me, entry.id()));
    if let Some(owner) = owner {
        return Step::Owner(owner.clone());
    }
    if routing == Routing::Linear {
        return Step::Along(successor.clone());
    }
    let farthest = known.next_back().unwrap_or(successor);
    let beyond = |id: Id| !id.is_between(me, farthest.id());
    match fingers.closest(key, avoid) {
        Some((row, contact)) if beyond(contact.id()) => Step::Finger {
            row,
            contact: contact.clone(),
        },
        // Without a usable finger: none of these nodes owns the key, so that each precedes it.
        _ => Step::Along(farthest.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chord::membership::tests::{contact, contacts};
    use alloc::vec::Vec;

    /// Returns the decision of node 1 of the lesson's ring, with 4, 9 and 11 in its successor list and these fingers.
    fn decide(fingers: &[(u8, u64)], key: u64, avoid: &[u64], lists: bool) -> Step {
        let (space, me) = (Space::new(5).unwrap(), Id::from_u64(1));
        let mut membership = Membership::new(me, 3);
        membership.settle(Some(contact(28)), &contacts([4, 9, 11]));
        let mut table = FingerTable::new(space, me);
        for (row, node) in fingers {
            let _ = table.learn(*row, &contact(*node));
        }
        let avoid: Vec<Id> = avoid.iter().copied().map(Id::from_u64).collect();
        let turn = Turn {
            key: Id::from_u64(key),
            routing: Routing::Finger,
            arrived: false,
            avoid: &avoid,
        };
        route(&membership, &table, turn, lists)
    }

    fn finger(row: u8, node: u64) -> Step {
        Step::Finger {
            row,
            contact: contact(node),
        }
    }

    const TABLE: [(u8, u64); 3] = [(1, 4), (3, 9), (5, 18)];

    #[test]
    fn the_closest_finger_strictly_before_the_key_is_taken() {
        assert_eq!(decide(&TABLE, 4, &[], false), Step::Owner(contact(4)));
        assert_eq!(decide(&TABLE, 18, &[], false), finger(4, 9));
        assert_eq!(decide(&TABLE, 19, &[], false), finger(5, 18));
        assert_eq!(decide(&TABLE, 19, &[18], false), finger(4, 9));
        assert_eq!(decide(&TABLE, 28, &[], false), finger(5, 18));
        assert_eq!(decide(&TABLE, 1, &[], false), Step::Here);
    }

    #[test]
    fn the_textbook_knows_its_successor_alone_and_a_real_peer_its_list() {
        assert_eq!(decide(&[], 26, &[], false), Step::Along(contact(4)));
        assert_eq!(decide(&[], 26, &[], true), Step::Along(contact(11)));
        assert_eq!(decide(&TABLE, 10, &[], false), finger(4, 9));
        assert_eq!(decide(&TABLE, 10, &[], true), Step::Owner(contact(11)));
        assert_eq!(decide(&[], 26, &[4], false), Step::Along(contact(9)));
    }

    #[test]
    fn a_rule_says_what_is_so() {
        let space = Space::new(5).unwrap();
        let explain = |step: Step, before: Option<u64>, key| {
            let before = before.map(Id::from_u64);
            step.explain(space, Id::from_u64(21), before, Id::from_u64(key))
        };
        let owner = Step::Owner(contact(28));
        assert_eq!(
            explain(owner, None, 26),
            "26 ∈ (21, 28], so 28 is its successor."
        );
        assert_eq!(
            explain(Step::Here, Some(20), 21),
            "21 ∈ (20, 21], so 21 is its successor."
        );
        assert_eq!(
            explain(Step::Here, Some(20), 26),
            "Node 21 knows no other node that answers, so it takes 26 for its own."
        );
        assert_eq!(
            explain(finger(2, 20), Some(20), 26),
            "Closest finger preceding 26: row 2, node 20."
        );
    }
}
