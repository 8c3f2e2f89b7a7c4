//! Actions of a user on a simulated ring.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use chordscope_core::base::id::{Id, Space};
use chordscope_core::chord::route::{Mode, Routing};

/// An action on a ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A node looks a key up.
    Lookup {
        /// The node that asks.
        from: Id,
        /// The key.
        key: Id,
        /// Along fingers or successors.
        routing: Routing,
        /// The mode, which says which node drives it.
        mode: Mode,
    },
    /// A new node joins.
    Insert(Id),
    /// A node leaves properly.
    Remove(Id),
    /// A node is gone from one moment to the next.
    Crash(Id),
    /// A node puts a value under a name.
    Put {
        /// The node that puts.
        from: Id,
        /// The name.
        name: String,
        /// The value, as text.
        value: String,
    },
    /// A node gets the value of a name.
    Get {
        /// The node that gets.
        from: Id,
        /// The name.
        name: String,
    },
    /// A node deletes a name.
    Delete {
        /// The node that deletes.
        from: Id,
        /// The name.
        name: String,
    },
    /// A node puts a value under a name if what is there has this sequence number: a compare-and-set.
    Swap {
        /// The node that puts.
        from: Id,
        /// The name.
        name: String,
        /// The sequence number; 0 for nothing there.
        expected: u64,
        /// The value, as text.
        value: String,
    },
    /// A message in flight is held up.
    Delay {
        /// The number of the message.
        message: u64,
        /// The delay in milliseconds.
        millis: u32,
    },
    /// A message in flight is lost.
    Lose(u64),
    /// A partition: these nodes and all others cannot reach one another any more.
    Split(Vec<Id>),
    /// The end of a partition: all nodes can reach one another again.
    Heal,
    /// A node does nothing for a while: its process is stopped, its computer sleeps.
    Pause(Id),
    /// A node that pauses goes on where it stopped.
    Resume(Id),
    /// Messages from and to a node take longer by so many milliseconds; 0 for no longer.
    Slow {
        /// The node.
        node: Id,
        /// The number of milliseconds.
        millis: u32,
    },
    /// The next message of a node arrives broken, which ends the link that it comes by.
    Corrupt(Id),
    /// A node names wrong nodes to those that look something up.
    Misroute(Id),
    /// A node is neither slow nor corrupting nor misrouting any more.
    Mend(Id),
    /// A node stops and starts again at once, with nothing but its records and, at level `quorum`, what it saved of its groups.
    Restart(Id),
}

/// A deed and its time.
pub type Timed = crate::engine::Timed<Action>;

/// Deeds in order of time; those of one time stay in their order.
pub(super) fn in_order(mut deeds: Vec<Timed>) -> Vec<Timed> {
    Timed::put_in_order(&mut deeds);
    deeds
}

/// The reason why an action cannot be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ActionError {
    /// No such node is up.
    UnknownNode(Id),
    /// The node is in the ring already.
    Duplicate(Id),
    /// The id or key is outside the address space.
    OutOfRange(Id),
    /// The last node cannot go.
    LastNode,
    /// The simulation has as many nodes as it may have.
    TooManyNodes,
    /// No such message is in flight.
    UnknownMessage,
    /// The name or value is refused.
    Record(chordscope_core::store::record::RecordError),
    /// The node is still joining, or busy.
    NotReady(Id),
    /// The node pauses.
    Paused(Id),
}

impl Action {
    /// The deed in words.
    pub fn describe(&self, space: Space) -> String {
        let show = |id: &Id| space.show(*id);
        match self {
            Self::Lookup { from, key, .. } => format!("node {} looks up {}", show(from), show(key)),
            Self::Insert(node) => format!("node {} joins", show(node)),
            Self::Remove(node) => format!("node {} leaves", show(node)),
            Self::Crash(node) => format!("node {} crashes", show(node)),
            Self::Put { from, name, .. } => format!("node {} puts “{name}”", show(from)),
            Self::Get { from, name } => format!("node {} gets “{name}”", show(from)),
            Self::Delete { from, name } => format!("node {} deletes “{name}”", show(from)),
            Self::Swap {
                from,
                name,
                expected,
                ..
            } => format!(
                "node {} puts “{name}” in the place of version {expected}",
                show(from)
            ),
            Self::Delay { message, millis } => {
                format!("message {message} is delayed by {millis} ms")
            }
            Self::Lose(message) => format!("message {message} is lost"),
            Self::Split(nodes) => {
                let nodes: Vec<String> = nodes.iter().map(show).collect();
                format!("nodes {} are cut off from the others", nodes.join(", "))
            }
            Self::Heal => "the partition heals".to_string(),
            Self::Pause(node) => format!("node {} pauses", show(node)),
            Self::Resume(node) => format!("node {} resumes", show(node)),
            Self::Slow { node, millis } => format!("node {} is slower by {millis} ms", show(node)),
            Self::Corrupt(node) => format!("the next message of node {} is corrupted", show(node)),
            Self::Misroute(node) => format!("node {} misroutes lookups", show(node)),
            Self::Mend(node) => format!("node {} is repaired", show(node)),
            Self::Restart(node) => format!("node {} restarts", show(node)),
        }
    }

    /// Returns whether it changes the ring's members.
    pub const fn changes_members(&self) -> bool {
        matches!(
            self,
            Self::Insert(_) | Self::Remove(_) | Self::Crash(_) | Self::Restart(_)
        )
    }
}

impl fmt::Display for ActionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::UnknownNode(id) => format!("There is no node {id:?} in the ring."),
            Self::Duplicate(id) => format!("Node {id:?} is in the ring already."),
            Self::OutOfRange(id) => format!("{id:?} is outside the ring's address space."),
            Self::LastNode => "A ring needs at least one node.".to_string(),
            Self::TooManyNodes => "The simulation has as many nodes as it can take.".to_string(),
            Self::UnknownMessage => "That message is not in flight any more.".to_string(),
            Self::Record(error) => format!("{error}."),
            Self::NotReady(id) => format!("Node {id:?} is not a member yet."),
            Self::Paused(id) => format!("Node {id:?} pauses."),
        };
        f.write_str(&text)
    }
}

impl core::error::Error for ActionError {}
