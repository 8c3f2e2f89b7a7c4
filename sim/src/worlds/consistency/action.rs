//! Actions on a world of consistency.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::worlds::consistency::setup::{MAX_TEXT, Setup};
use chordscope_core::base::id::Id;

/// The most calls of a client that are under way at one time.
pub const MAX_OPEN: usize = 8;
/// The most operations on a name in a run.
pub const MAX_OPERATIONS: usize = 2_000;

/// A request of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// The value of the name.
    Get,
    /// A value in the place of anything.
    Put(String),
    /// Nothing in the place of anything.
    Delete,
    /// A value in the place of what this client saw last: a compare-and-set.
    Swap(String),
}

/// An action. It is done in all systems at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A client calls its node.
    Call {
        /// The client's place in the set-up.
        client: u8,
        /// The name's place in the set-up.
        name: u8,
        /// The request.
        deed: Deed,
    },
    /// A partition: these nodes and all others cannot reach one another any more.
    Cut(Vec<Id>),
    /// The end of the partition.
    Heal,
    /// A node is gone from one moment to the next; its disk stays.
    Crash(Id),
    /// A node that is gone comes back with its disk.
    Restart(Id),
    /// The message that was sent last and is still on its way between nodes of a build-up's system is lost.
    LoseMessage,
}

/// The reason why an action is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no client of this number.
    NoClient(u8),
    /// There is no name of this number.
    NoName(u8),
    /// The set-up has no such node.
    NoNode(Id),
    /// The value is empty or longer than 64 bytes.
    Value,
    /// The node is up.
    Up(Id),
    /// The node is down.
    Down(Id),
    /// The last node that is up cannot go.
    LastNode,
    /// The client has too many calls under way, or the name has been called too often.
    TooMany,
    /// No message is on its way.
    NoMessage,
}

impl Action {
    /// Refuses what is possible at no moment of a run of this set-up.
    pub(super) fn check(&self, setup: &Setup) -> Result<(), Refusal> {
        let is_node = |id: &Id| match setup.nodes.contains(id) {
            true => Ok(()),
            false => Err(Refusal::NoNode(*id)),
        };
        match self {
            Self::Call { client, name, deed } => {
                if usize::from(*client) >= setup.clients.len() {
                    return Err(Refusal::NoClient(*client));
                }
                if usize::from(*name) >= setup.names.len() {
                    return Err(Refusal::NoName(*name));
                }
                match deed {
                    Deed::Put(value) | Deed::Swap(value)
                        if value.is_empty() || value.len() > MAX_TEXT =>
                    {
                        Err(Refusal::Value)
                    }
                    _ => Ok(()),
                }
            }
            Self::Cut(nodes) => nodes.iter().try_for_each(is_node),
            Self::Crash(id) | Self::Restart(id) => is_node(id),
            Self::Heal | Self::LoseMessage => Ok(()),
        }
    }

    /// The action in words.
    pub(super) fn describe(&self, setup: &Setup) -> String {
        let show = |id: &Id| setup.space.show(*id);
        match self {
            Self::Call { client, name, deed } => {
                let client = setup.clients.get(usize::from(*client));
                let client = client.map_or("a client", |client| client.name.as_str());
                let name = setup.names.get(usize::from(*name));
                let name = name.map_or("a name", |name| name.as_str());
                match deed {
                    Deed::Get => format!("{client} gets “{name}”"),
                    Deed::Put(value) => format!("{client} puts “{value}” under “{name}”"),
                    Deed::Delete => format!("{client} deletes “{name}”"),
                    Deed::Swap(value) => {
                        format!("{client} puts “{value}” under “{name}” if nothing has changed")
                    }
                }
            }
            Self::Cut(nodes) => {
                let nodes: Vec<String> = nodes.iter().map(show).collect();
                format!("nodes {} are cut off from the others", nodes.join(", "))
            }
            Self::Heal => "the partition heals".into(),
            Self::Crash(id) => format!("node {} crashes", show(id)),
            Self::Restart(id) => format!("node {} restarts", show(id)),
            Self::LoseMessage => "a message is lost".into(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoClient(client) => write!(f, "There is no client {client}."),
            Self::NoName(name) => write!(f, "There is no name {name}."),
            Self::NoNode(id) => write!(f, "There is no node {id:?}."),
            Self::Value => f.write_str("A value has 1 to 64 bytes."),
            Self::Up(id) => write!(f, "Node {id:?} is up."),
            Self::Down(id) => write!(f, "Node {id:?} is down."),
            Self::LastNode => f.write_str("The last node cannot go."),
            Self::TooMany => f.write_str("There are as many calls as the simulation can take."),
            Self::NoMessage => f.write_str("No message is on its way."),
        }
    }
}

impl core::error::Error for Refusal {}
