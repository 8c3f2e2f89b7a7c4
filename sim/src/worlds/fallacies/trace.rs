//! The trace of a world of fallacies, and the encoding that its digest covers.

use alloc::vec::Vec;

use crate::worlds::fallacies::action::Action;
use crate::worlds::fallacies::terms::Policy;
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;

/// The content of a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Carries {
    /// A message of the ring.
    Ring,
    /// A message about records.
    Records,
    /// A message of the transfer.
    Transfer,
    /// A block of a segment, or of the list of digests.
    Segment,
}

/// The purposes by which bytes are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Carriage {
    /// The ring.
    Ring,
    /// Records.
    Records,
    /// The file.
    File,
}

impl Carries {
    /// The purpose that its bytes are counted for.
    pub const fn carriage(self) -> Carriage {
        match self {
            Self::Ring => Carriage::Ring,
            Self::Records => Carriage::Records,
            Self::Transfer | Self::Segment => Carriage::File,
        }
    }

    /// Returns whether it goes over a stream, and not as a datagram.
    pub const fn is_stream(self) -> bool {
        matches!(self, Self::Transfer | Self::Segment)
    }
}

/// Something on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Counts all that was sent.
    pub number: u64,
    /// The sender.
    pub from: u16,
    /// The receiver.
    pub to: u16,
    /// The content.
    pub carries: Carries,
    /// The number of the lookup that it belongs to.
    pub lookup: Option<u64>,
    /// Its bytes, the frame included.
    pub bytes: u64,
    /// The time at which it was given to the sender's line.
    pub sent: Instant,
    /// The time at which its last byte has left; `None` while it waits or is being sent.
    pub left: Option<Instant>,
    /// The time of its arrival, once it has left.
    pub arrives: Instant,
}

/// An operation on the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A lookup of a key.
    Lookup(Id),
    /// A get of the name of this number.
    Get(u16),
    /// A put under the name of this number.
    Put(u16),
}

/// The outcome of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A lookup named the owner of the key.
    Right,
    /// A lookup named a peer that is not the owner, by the ideal ring of the members when it began and when it ended.
    Wrong {
        /// True if the peer that was named lies.
        by_liar: bool,
    },
    /// A get returned the newest value that was acknowledged before it began, or a newer one.
    Fresh,
    /// A get returned an older value.
    Stale,
    /// A get returned nothing, though there was a value.
    Missing,
    /// A put was acknowledged.
    Written,
    /// No answer: the deadline passed, or no holder could be reached.
    Failed,
    /// The peer that asked does not know the level: its release is older.
    NotKnown,
    /// The peer that asked is gone.
    Void,
}

/// The reason of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The rule of its administrator.
    Policy(Policy),
    /// Its release does not know the message.
    Version,
    /// Too small: there is no room.
    Room,
}

/// An event in a world of fallacies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A user acted.
    Acted(Action),
    /// A peer is gone.
    Gone(u16),
    /// A peer is back, and joins.
    Back(u16),
    /// A peer is a member of the ring.
    Joined(u16),
    /// An operation began: its number, its peer.
    Began(u64, u16, Operation),
    /// An operation ended: its number, its peer.
    Ended(u64, u16, Outcome),
    /// Something of a lookup was sent.
    Sent(Parcel),
    /// Something of a lookup arrived.
    Delivered(Parcel),
    /// Something of a lookup was lost, or came to nobody.
    Lost(Parcel),
    /// A peer refused something that another one wanted.
    Refused {
        /// The peer that refused.
        by: u16,
        /// The other one.
        to: u16,
        /// The reason.
        reason: Reason,
    },
    /// A peer did not answer another one in time.
    TimedOut {
        /// The peer that waited.
        at: u16,
        /// The silent one.
        silent: u16,
    },
    /// A peer caught a wrong segment, and bans the sender.
    Caught {
        /// The peer that caught it.
        by: u16,
        /// The sender.
        liar: u16,
    },
    /// A peer has the whole file.
    Complete(u16),
}

impl What {
    /// Returns whether it is worth stopping at in a step.
    pub const fn is_notable(&self) -> bool {
        !matches!(self, Self::Sent(_))
    }

    /// Writes it for the digest.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Acted(action) => {
                out.push(0);
                encode_action(*action, out);
            }
            Self::Gone(peer) => encode_peer(1, *peer, out),
            Self::Back(peer) => encode_peer(2, *peer, out),
            Self::Joined(peer) => encode_peer(3, *peer, out),
            Self::Began(number, peer, operation) => {
                encode_peer(4, *peer, out);
                out.extend(number.to_le_bytes());
                match operation {
                    Operation::Lookup(key) => {
                        out.push(0);
                        out.extend(key.to_bytes());
                    }
                    Operation::Get(name) => encode_peer(1, *name, out),
                    Operation::Put(name) => encode_peer(2, *name, out),
                }
            }
            Self::Ended(number, peer, outcome) => {
                encode_peer(5, *peer, out);
                out.extend(number.to_le_bytes());
                out.push(match outcome {
                    Outcome::Right => 0,
                    Outcome::Wrong { by_liar: false } => 1,
                    Outcome::Wrong { by_liar: true } => 2,
                    Outcome::Fresh => 3,
                    Outcome::Stale => 4,
                    Outcome::Missing => 5,
                    Outcome::Written => 6,
                    Outcome::Failed => 7,
                    Outcome::NotKnown => 8,
                    Outcome::Void => 9,
                });
            }
            Self::Sent(parcel) => parcel.encode(6, out),
            Self::Delivered(parcel) => parcel.encode(7, out),
            Self::Lost(parcel) => parcel.encode(8, out),
            Self::Refused { by, to, reason } => {
                encode_peer(9, *by, out);
                out.extend(to.to_le_bytes());
                out.push(match reason {
                    Reason::Policy(Policy::StoresNothing) => 0,
                    Reason::Policy(Policy::GivesNothing) => 1,
                    Reason::Policy(Policy::RelaysNothing) => 2,
                    Reason::Version => 3,
                    Reason::Room => 4,
                });
            }
            Self::TimedOut { at, silent } => {
                encode_peer(10, *at, out);
                out.extend(silent.to_le_bytes());
            }
            Self::Caught { by, liar } => {
                encode_peer(11, *by, out);
                out.extend(liar.to_le_bytes());
            }
            Self::Complete(peer) => encode_peer(12, *peer, out),
        }
    }
}

impl Parcel {
    pub(super) fn encode(&self, mark: u8, out: &mut Vec<u8>) {
        out.extend([mark, self.carries as u8]);
        out.extend(self.number.to_le_bytes());
        out.extend(self.from.to_le_bytes());
        out.extend(self.to.to_le_bytes());
        out.extend(self.lookup.unwrap_or(0).to_le_bytes());
        out.extend(self.bytes.to_le_bytes());
    }
}

fn encode_peer(mark: u8, peer: u16, out: &mut Vec<u8>) {
    out.push(mark);
    out.extend(peer.to_le_bytes());
}

fn encode_action(action: Action, out: &mut Vec<u8>) {
    match action {
        Action::Lookup { peer, key } => {
            encode_peer(0, peer, out);
            out.extend(key.to_bytes());
        }
        Action::Get { peer, name } => {
            encode_peer(1, peer, out);
            out.extend(name.to_le_bytes());
        }
        Action::Put { peer, name } => {
            encode_peer(2, peer, out);
            out.extend(name.to_le_bytes());
        }
        Action::Crash(peer) => encode_peer(3, peer, out),
        Action::Return(peer) => encode_peer(4, peer, out),
    }
}
