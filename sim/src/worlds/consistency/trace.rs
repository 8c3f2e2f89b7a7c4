//! The trace of a world of consistency, and the encoding that its digest covers.

use alloc::vec::Vec;

use crate::checks::history::{Answer, Value, Version};
use crate::worlds::consistency::action::{Action, Deed};
use crate::worlds::consistency::network::Parcel;
use crate::worlds::consistency::setup::System;
use crate::worlds::consistency::shop::Refund;
use crate::worlds::consistency::side::Change;
use chordscope_core::base::id::Id;

/// An event in a world of consistency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A user acted.
    Acted(Action),
    /// A client called its node.
    Called {
        /// The system.
        system: System,
        /// The name's place in the set-up.
        name: u8,
        /// The number of the operation on this name.
        number: Value,
    },
    /// An operation returned.
    Returned {
        /// The system.
        system: System,
        /// The name's place in the set-up.
        name: u8,
        /// The number of the operation on this name.
        number: Value,
        /// The outcome.
        answer: Answer,
    },
    /// A node keeps another version.
    Changed {
        /// The system.
        system: System,
        /// The change.
        change: Change,
    },
    /// Two versions with one sequence number met at a node, which told so.
    Conflict {
        /// The system.
        system: System,
        /// The node.
        node: Id,
        /// The name's place in the set-up.
        name: u8,
    },
    /// The shop refunded an order.
    Refunded {
        /// The system.
        system: System,
        /// The refund.
        refund: Refund,
    },
    /// A message came to its receiver, or was lost. It is part of the digest, and not in the trace.
    Arrived(System, Parcel, bool),
}

impl What {
    /// Returns whether it is an entry of the trace, and not only of the digest.
    pub(super) const fn is_entry(&self) -> bool {
        !matches!(self, Self::Arrived(..))
    }

    /// Writes it for the digest.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Acted(action) => {
                out.push(0);
                encode_action(action, out);
            }
            Self::Called {
                system,
                name,
                number,
            } => {
                out.extend([1, *system as u8, *name]);
                out.extend(number.to_le_bytes());
            }
            Self::Returned {
                system,
                name,
                number,
                answer,
            } => {
                out.extend([2, *system as u8, *name]);
                out.extend(number.to_le_bytes());
                match answer {
                    Answer::Got(version) => {
                        out.push(0);
                        encode_version(*version, out);
                    }
                    Answer::Done(sequence) => {
                        out.push(1);
                        out.extend(sequence.to_le_bytes());
                    }
                    Answer::Mismatch => out.push(2),
                    Answer::Refused => out.push(3),
                }
            }
            Self::Changed { system, change } => {
                out.extend([3, *system as u8, change.name]);
                out.extend(change.node.to_bytes());
                encode_version(change.version, out);
            }
            Self::Conflict { system, node, name } => {
                out.extend([4, *system as u8, *name]);
                out.extend(node.to_bytes());
            }
            Self::Refunded { system, refund } => {
                out.extend([5, *system as u8, refund.name]);
                out.extend(refund.order.to_le_bytes());
                out.extend(refund.stands.to_le_bytes());
                out.extend(refund.told_by.to_bytes());
            }
            Self::Arrived(system, parcel, arrived) => {
                out.extend([6, *system as u8, u8::from(*arrived)]);
                out.extend(parcel.number.to_le_bytes());
                out.extend(parcel.from.to_bytes());
                out.extend(parcel.to.to_bytes());
            }
        }
    }
}

fn encode_version(version: Option<Version>, out: &mut Vec<u8>) {
    let (sequence, by) = version.map_or((0, 0), |version| (version.sequence, version.by));
    out.extend(sequence.to_le_bytes());
    out.extend(by.to_le_bytes());
}

fn encode_action(action: &Action, out: &mut Vec<u8>) {
    match action {
        Action::Call { client, name, deed } => {
            let (kind, value) = match deed {
                Deed::Get => (0, ""),
                Deed::Put(value) => (1, value.as_str()),
                Deed::Delete => (2, ""),
                Deed::Swap(value) => (3, value.as_str()),
            };
            out.extend([0, *client, *name, kind]);
            out.extend((value.len() as u32).to_le_bytes());
            out.extend(value.as_bytes());
        }
        Action::Cut(nodes) => {
            out.push(1);
            out.extend((nodes.len() as u32).to_le_bytes());
            nodes.iter().for_each(|id| out.extend(id.to_bytes()));
        }
        Action::Heal => out.push(2),
        Action::Crash(id) => {
            out.push(3);
            out.extend(id.to_bytes());
        }
        Action::Restart(id) => {
            out.push(4);
            out.extend(id.to_bytes());
        }
        Action::LoseMessage => out.push(5),
    }
}
