//! Chordscope's core: Chord as pure state machines (sans-I/O), without clock or global randomness.
//!
//! An embedder needs the items at the root: a [`Peer`], which is told what happens and says what to do ([`Output`]). The examples
//! `two_nodes` and `one_file` and `docs/embedding-the-core.md` show how.
//!
//! The modules are public for simulators, fuzzing and tools that look inside; their items may change with any release. Lowest first, each
//! imports only from those below it:
//!
//! - [`base`]: time, randomness, ring arithmetic, identity, contacts
//! - [`chord`]: membership, fingers, the routing rule, the ideal ring; [`store`]: records and their replicas;
//!   [`swarm`]: segmented file transfer. None knows the others
//! - [`message`]: the messages of all three, with request numbers
//! - [`node`]: one ring member, which joins ring and store; [`wire`]: messages as bytes. Neither knows the other
//! - [`link`]: handshake and tagged frames
//! - [`peer`]: a node over links

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod base;
pub mod chord;
pub mod link;
pub mod message;
pub mod node;
#[cfg(test)]
mod page;
pub mod peer;
pub mod store;
pub mod swarm;
pub mod wire;

pub use base::contact::{Address, Contact, ContactError};
pub use base::content::ContentId;
pub use base::id::{Id, IdError, Space};
pub use base::identity::Signer;
pub use base::time::Instant;
pub use chord::route::{Mode, Routing};
pub use link::reason::{CloseReason, Goodbye};
pub use node::adopting::{AdoptError, Adoption, AdoptionState, Conflicting};
pub use node::api::{
    Event as NodeEvent, JoinError, Level, LookupError, LookupId, OperationId, Report, StorageEvent,
    StoreError, Visit, Written,
};
pub use node::config::{Config as NodeConfig, Limits as NodeLimits};
pub use node::renewal::Keeping;
pub use peer::api::{DataError, Event, LinkId, LinkView, Output, RelayView, TimerKind};
pub use peer::{Config, Known, Limits, Peer, Plan, Reach};
pub use store::group::{Control, Entry, Save};
pub use store::message::StoredRecord;
pub use store::record::{Label, Name, Record, RecordError, Subject};
pub use store::renewal::Renewal;
pub use swarm::api::{
    Event as SwarmEvent, Failure, Fault, Limits as SwarmLimits, SourceView, StartError,
    TransferView,
};
pub use swarm::bitfield::Bitfield;
pub use swarm::collection::{Collection, CollectionError};
pub use swarm::layout::Layout;
pub use swarm::link::{Link, LinkError};
pub use swarm::manifest::{Manifest, digest as segment_digest};
pub use swarm::picker::Order;
