//! The trace of a world of directories, and the encoding that its digest covers.

use alloc::vec::Vec;

use crate::worlds::directory::action::{Action, Part};
use crate::worlds::directory::measure::{Outcome, Subject};
use crate::worlds::directory::setup::Kind;
use chordscope_core::base::id::Id;

/// A message, as the trace has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Counts all messages.
    pub number: u64,
    /// The kind of directory that it belongs to.
    pub kind: Kind,
    /// The sender.
    pub from: Id,
    /// The receiver.
    pub to: Id,
    /// The lookup that it belongs to.
    pub lookup: Option<u64>,
    /// Its bytes, the frame included.
    pub bytes: u64,
}

/// An event in a world of directories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A user acted.
    Acted(Action),
    /// A peer is gone.
    Gone(Id),
    /// A peer is back.
    Back(Id),
    /// A lookup began: its number, kind, peer and subject.
    Began(u64, Kind, Id, Subject),
    /// A message of a lookup was sent.
    Sent(Parcel),
    /// A message of a lookup came to its receiver.
    Delivered(Parcel),
    /// A message of a lookup came to nobody.
    Lost(Parcel),
    /// A lookup ended: its number, kind and outcome.
    Ended(u64, Kind, Outcome),
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
                encode_action(action, out);
            }
            Self::Gone(id) => {
                out.push(1);
                out.extend(id.to_bytes());
            }
            Self::Back(id) => {
                out.push(2);
                out.extend(id.to_bytes());
            }
            Self::Began(number, kind, peer, subject) => {
                out.push(3);
                out.extend(number.to_le_bytes());
                out.push(*kind as u8);
                out.extend(peer.to_bytes());
                match subject {
                    Subject::Title(title) => out.extend(title.to_le_bytes()),
                    Subject::Key(key) => out.extend(key.to_bytes()),
                }
            }
            Self::Sent(parcel) => parcel.encode(4, out),
            Self::Delivered(parcel) => parcel.encode(5, out),
            Self::Lost(parcel) => parcel.encode(6, out),
            Self::Ended(number, kind, outcome) => {
                out.push(7);
                out.extend(number.to_le_bytes());
                out.push(*kind as u8);
                match outcome {
                    Outcome::Found => out.push(0),
                    Outcome::Stale => out.push(1),
                    Outcome::Nothing => out.push(2),
                    Outcome::NoAnswer => out.push(3),
                    Outcome::Reached(id) => {
                        out.push(4);
                        out.extend(id.to_bytes());
                    }
                }
            }
        }
    }
}

impl Parcel {
    fn encode(&self, mark: u8, out: &mut Vec<u8>) {
        out.extend([mark, self.kind as u8]);
        out.extend(self.number.to_le_bytes());
        out.extend(self.from.to_bytes());
        out.extend(self.to.to_bytes());
        out.extend(self.lookup.unwrap_or(0).to_le_bytes());
        out.extend(self.bytes.to_le_bytes());
    }
}

fn encode_action(action: &Action, out: &mut Vec<u8>) {
    match action {
        Action::Ask { peer, title } => {
            out.push(0);
            out.extend(peer.to_bytes());
            out.extend(title.to_le_bytes());
        }
        Action::Find { peer, key } => {
            out.push(1);
            out.extend(peer.to_bytes());
            out.extend(key.to_bytes());
        }
        Action::TakeOut(part) => {
            out.push(2);
            encode_part(*part, out);
        }
        Action::PutBack(part) => {
            out.push(3);
            encode_part(*part, out);
        }
    }
}

fn encode_part(part: Part, out: &mut Vec<u8>) {
    match part {
        Part::Directory => out.push(0),
        Part::Tracker(number) => out.extend([1, number]),
        Part::Peer(id) => {
            out.push(2);
            out.extend(id.to_bytes());
        }
        Part::Peers(count) => {
            out.push(3);
            out.extend(count.to_le_bytes());
        }
        Part::Region(region) => {
            out.push(4);
            out.extend(region.to_le_bytes());
        }
    }
}
