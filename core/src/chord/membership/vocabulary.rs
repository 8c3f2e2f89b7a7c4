//! What goes in and out of the membership machine.

use crate::base::contact::Contact;
use crate::chord::successors::Neighbours;

/// Whether the node belongs to a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// It never joined, or left.
    Outside,
    /// It looks for its place, this many steps so far.
    Joining(u8),
    /// It takes part.
    Member,
}

/// A question that the machine wants asked; all but [`Query::Liveness`] ask for neighbours.
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

/// What happens to a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// Begin a ring of one.
    Create,
    /// Join behind this node, found by a lookup of one's own position.
    Join(Contact),
    /// It is time to stabilize.
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

/// What a node must do next.
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

/// Which rules a simulated ring keeps. Peers know the corrected ones only.
#[cfg(feature = "sim")]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// As Zave corrected them in 2017.
    #[default]
    Corrected,
    /// As first published in 2001, with their faults.
    Classic,
}
