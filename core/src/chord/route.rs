//! The routing rule: where one node sends a lookup.

use alloc::format;
use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::base::contact::Contact;
use crate::base::id::{Id, Space};
use crate::chord::fingers::FingerTable;
use crate::chord::membership::Membership;

/// Which pointers a lookup follows.
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

/// Who drives a lookup.
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

    /// Whether the next node is thought to be the owner.
    pub const fn arrives(&self) -> bool {
        matches!(self, Self::Owner(_) | Self::Back(_))
    }

    /// The rule in words, with the numbers of node `me` that looks up `key`.
    pub fn explain(&self, space: Space, me: Id, predecessor: Option<Id>, key: Id) -> String {
        let show = |id| space.show(id);
        match (self, predecessor) {
            (Self::Here, Some(before)) => format!(
                "{} is in ({}, {}]: node {2} is responsible.",
                show(key),
                show(before),
                show(me)
            ),
            (Self::Here, None) => format!(
                "Node {} knows no node before it, so key {} is its own.",
                show(me),
                show(key)
            ),
            (Self::Owner(owner), _) => format!(
                "{} is in ({}, {}]: the successor, {2}, is responsible.",
                show(key),
                show(me),
                show(owner.id())
            ),
            (Self::Finger { row, contact }, _) => format!(
                "Of the fingers of node {} that do not pass {}, row {row} reaches farthest: {}.",
                show(me),
                show(key),
                show(contact.id())
            ),
            (Self::Near { row, contact }, _) => format!(
                "Of the fingers of node {} that do not pass {}, row {row} reaches farthest. Of its node and those behind it, \
                 {} is the best way on.",
                show(me),
                show(key),
                show(contact.id())
            ),
            (Self::Along(next), _) => format!(
                "{} is not in ({}, {}]: on along the successors, to {2}.",
                show(key),
                show(me),
                show(next.id())
            ),
            (Self::Back(before), _) => format!(
                "{} is not in ({}, {}]: back to the predecessor, {1}.",
                show(key),
                show(before.id()),
                show(me)
            ),
        }
    }
}

/// One node's turn in a lookup.
#[derive(Clone, Copy, Debug)]
pub struct Turn<'a> {
    /// The key that is looked up.
    pub key: Id,
    /// Along fingers or successors.
    pub routing: Routing,
    /// Whether the sender takes this node for the owner.
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

/// Where a node sends a lookup of `key`. DESIGN: owner if the key is in (predecessor, me]; the successor's if in
/// (me, successor]; else the closest finger within (me, key].
///
/// With `lists`, the whole successor list says who owns a key, and leads on where it reaches farther than the fingers.
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
        // Without a usable finger the successor list reaches farthest.
        _ => Step::Along(
            successors
                .iter()
                .filter(usable)
                .rfind(|entry| entry.id().is_within(me, key))
                .unwrap_or(successor)
                .clone(),
        ),
    }
}
