//! Inputs and effects of the membership machine.

use alloc::vec::Vec;
use core::fmt;
use core::hash::{Hash, Hasher};

use crate::base::contact::Contact;
use crate::chord::membership::Membership;
use crate::chord::successors::Neighbours;

/// The relation of a node to a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The node never joined, or left.
    Outside,
    /// The node looks for its place, this many steps so far.
    Joining(u8),
    /// The node takes part.
    Member,
}

/// A query that the machine wants sent; all but [`Query::Liveness`] ask for neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Query {
    /// Join: is this my predecessor?
    Join,
    /// Stabilize, first half.
    FromSuccessor,
    /// Stabilize, second half: a better successor may exist.
    FromPredecessor,
    /// Rectify: does my predecessor live?
    Liveness,
}

/// An input of the machine: an event at a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// Begin a ring of one.
    Create,
    /// Join behind this node, found by a lookup of one's own position.
    Join(Contact),
    /// A round of stabilization is due.
    Stabilize,
    /// A query was answered.
    Answered(Query, Contact, Neighbours),
    /// A query got no answer: the node is taken for dead.
    Failed(Query, Contact),
    /// A node thinks that it is the predecessor.
    Notified(Contact),
    /// A neighbour leaves and names its own neighbours.
    Left(Contact, Neighbours),
    /// Adopt this node as successor if it answers and is nearer than the one known, or if none is known; tell it of this node otherwise.
    Candidate(Contact),
    /// Stop being a member.
    Leave,
}

/// An effect of the machine: the next thing that a node must do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Send this query and report the outcome.
    Ask(Query, Contact),
    /// Tell this node that we may be its predecessor.
    Notify(Contact),
    /// Tell this node that we leave.
    Farewell(Contact, Neighbours),
    /// The node is a member.
    Joined,
    /// No place was found; try again.
    JoinFailed,
    /// The successor list changed.
    SuccessorsChanged,
    /// The predecessor changed from this one.
    PredecessorChanged(Option<Contact>),
    /// No successor is left; any other node that lives may be offered as [`Input::Candidate`].
    Stranded,
}

/// A set of membership rules. Peers have [`Variant::CORRECTED`]; a simulator brings others, to compare with it.
#[derive(Clone, Copy)]
pub struct Variant {
    name: &'static str,
    step: fn(&mut Membership, Input, &mut Vec<Effect>),
}

impl Variant {
    /// As Zave corrected them in 2017.
    pub const CORRECTED: Self = Self::new("corrected", Membership::corrected);

    /// Rules of this name, and what they do with an input. A step may leave inputs to [`Variant::CORRECTED`].
    pub const fn new(
        name: &'static str,
        step: fn(&mut Membership, Input, &mut Vec<Effect>),
    ) -> Self {
        Self { name, step }
    }

    /// Takes one transition.
    pub fn step(&self, membership: &mut Membership, input: Input, effects: &mut Vec<Effect>) {
        (self.step)(membership, input, effects);
    }
}

impl fmt::Debug for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Variant {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Variant {}

impl Hash for Variant {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}
