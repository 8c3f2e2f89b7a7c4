//! Views of a node's state for its owner.

use core::fmt;

use crate::base::contact::Contact;
use crate::base::id::{Id, Space};
use crate::base::identity::Scheme;
use crate::base::rtt::Rtt;
use crate::base::time::Instant;
use crate::chord::candidates::Candidates;
use crate::chord::fingers::FingerTable;
use crate::chord::membership::{Membership, Phase};
use crate::chord::route::Mode;
use crate::node::Node;
use crate::store::group::Groups;
use crate::store::replica::Replica;

/// The stage of a ring's growth, judged from one member's own list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The node is no member.
    Outside,
    /// The node looks for its place.
    Joining,
    /// Fewer than r + 1 members are known: it serves, with shorter lists and fewer replicas.
    Forming,
    /// At least r + 1 members: the conditions of Zave's proof.
    Safe,
}

impl Stage {
    /// The stage's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Outside => "Outside",
            Self::Joining => "Joining",
            Self::Forming => "Forming",
            Self::Safe => "Safe",
        }
    }
}

/// The reason why a node stays that wanted to leave for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stay {
    /// No other peer is in its ring.
    Alone,
    /// The nodes that could take its records over refuse: they leave themselves, or are full; or they do not answer.
    Refused,
    /// No others could take its places in groups in time.
    Unfinished,
    /// Others have taken its places in groups, or it has none; it did not hear in time that those concerned know what became of the groups.
    Untold,
    /// Its records were being handed over still when the time was up.
    Slow,
}

impl fmt::Display for Stay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Alone => "the peer is alone: no other peer could take over what it keeps",
            Self::Refused => {
                "no other peer takes over what this one keeps: the others leave as well, are full, or do not answer"
            }
            Self::Unfinished => {
                "the groups of level quorum that the peer is in could not go on without it"
            }
            Self::Untold => {
                "no group of level quorum needs the peer, but not all peers concerned have said in time what became of its groups"
            }
            Self::Slow => "what the peer keeps was not all handed over in time",
        })
    }
}

/// The part of a departure for good that is still to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaving {
    /// True while records are being handed over.
    pub records: bool,
    /// The number of replica groups that still need it.
    pub groups: usize,
}

impl Node {
    /// Returns the part of the departure that is still to be done, while this node leaves for good.
    pub fn leaving(&self) -> Option<Leaving> {
        let open = |groups: &Groups| groups.held().filter(|held| held.decided.is_none()).count();
        self.ring.leaves_for_good().then(|| Leaving {
            records: self.records.walks().0,
            groups: self.groups().map_or(0, open),
        })
    }

    /// Returns the reason why this node stays, since it wanted to leave last.
    pub const fn stayed(&self) -> Option<Stay> {
        self.handover.stayed()
    }

    /// The node's position.
    pub const fn id(&self) -> Id {
        self.services.me.contact.id()
    }

    /// The node's own contact.
    pub const fn contact(&self) -> &Contact {
        &self.services.me.contact
    }

    /// The address space of its ring.
    pub fn space(&self) -> Space {
        self.services.config.space
    }

    /// Returns the signature scheme of its ring.
    pub fn scheme(&self) -> Scheme {
        self.services.me.signer.scheme()
    }

    /// Returns the membership state: the node's place in the ring.
    pub const fn membership(&self) -> &Membership {
        &self.ring.membership
    }

    /// Returns the finger table.
    pub const fn fingers(&self) -> &FingerTable {
        &self.ring.routes.fingers
    }

    /// The nodes that its fingers may stand for.
    pub const fn candidates(&self) -> &Candidates {
        &self.ring.routes.candidates
    }

    /// The records it holds.
    pub const fn records(&self) -> &Replica {
        self.records.replica()
    }

    /// Returns the groups and their records, where the node takes part in level `quorum`.
    pub fn groups(&self) -> Option<&Groups> {
        self.quorum.groups()
    }

    /// Returns the mode of its lookups unless asked otherwise.
    pub fn mode(&self) -> Mode {
        self.services.config.mode
    }

    /// Returns the stage of its ring's growth.
    pub fn stage(&self) -> Stage {
        let successors = self.ring.membership.successors();
        if self.ring.is_member() {
            if successors.entries().len() >= usize::from(successors.limit()) {
                Stage::Safe
            } else {
                Stage::Forming
            }
        } else if matches!(self.ring.membership.phase(), Phase::Joining(_)) {
            Stage::Joining
        } else {
            Stage::Outside
        }
    }

    /// The contacts of its successors, its predecessor, its fingers and the nodes behind them, in this order. A node may
    /// come more than once.
    pub fn contacts(&self) -> impl Iterator<Item = &Contact> {
        self.ring.contacts()
    }

    /// The number that the next lookup or operation will have.
    pub const fn next_number(&self) -> u64 {
        self.services.next_number()
    }

    /// Returns the estimate of the round trip to a neighbour.
    pub fn rtt(&self, node: Id) -> Rtt {
        self.services.requests.rtt(node)
    }

    /// Returns the time at which it stops waiting for the answer to its request of this number.
    pub fn answer_due(&self, request: u64) -> Option<Instant> {
        self.services.requests.due(request)
    }

    /// The nodes on the path of a lookup of its own that it drives itself, the one that is being asked last.
    pub fn lookup_path(&self, number: u64) -> impl Iterator<Item = Id> {
        self.ring.lookups.path(number)
    }

    /// Returns the time at which a lookup of its own goes on by itself, or ends.
    pub fn lookup_due(&self, number: u64) -> Option<Instant> {
        self.ring.lookups.due(number)
    }

    /// Returns the number of requests that wait for an answer.
    pub fn outstanding(&self) -> usize {
        self.services.requests.outstanding()
    }
}
