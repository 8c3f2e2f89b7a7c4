//! Messages about leases and circuits. The order of the variants is the protocol: new ones go to the end.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::base::id::Id;
use crate::link::reason::CloseReason;

/// The body of a [`FrameType::Relay`](crate::wire::frame::FrameType::Relay) frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RelayMessage {
    /// Let others reach me through you. Said again it asks whether you are still there.
    Lease,
    /// The leases are granted.
    Leased {
        /// The seconds for which the lease outlives the link.
        grace: u16,
        /// The most circuits that the link may carry.
        circuits: u16,
    },
    /// The leases are refused, for this reason.
    Refused(u8),
    /// I do not need the lease any more.
    Release,
    /// A circuit begins.
    Open {
        /// The circuit's number, never used before on this link.
        circuit: u32,
        /// The node that it leads to.
        target: Id,
        /// The relay at which the target has its lease, when that is not the receiver.
        relay: Option<Id>,
    },
    /// A circuit ends.
    Close {
        /// The circuit's number.
        circuit: u32,
        /// The reason: a [`CloseReason`].
        reason: u8,
    },
    /// More bytes may be sent over a circuit.
    Credit {
        /// The circuit's number.
        circuit: u32,
        /// Bytes of frames.
        bytes: u32,
    },
}

impl RelayMessage {
    /// Returns the message's bytes.
    pub fn encode(&self) -> Vec<u8> {
        // Numbers alone cannot fail to be written.
        postcard::to_allocvec(self).unwrap_or_default()
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`CloseReason::RelayMessage`] when the bytes are none.
    pub fn decode(bytes: &[u8]) -> Result<Self, CloseReason> {
        match postcard::take_from_bytes(bytes) {
            Ok((message, [])) => Ok(message),
            _ => Err(CloseReason::RelayMessage),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_go_there_and_back_and_nothing_else_is_one() {
        let messages = [
            RelayMessage::Lease,
            RelayMessage::Leased {
                grace: 30,
                circuits: 256,
            },
            RelayMessage::Refused(CloseReason::TooManyLeases.byte()),
            RelayMessage::Release,
            RelayMessage::Open {
                circuit: 7,
                target: Id::from_bytes([9; 20]),
                relay: Some(Id::from_bytes([8; 20])),
            },
            RelayMessage::Close {
                circuit: 7,
                reason: 0,
            },
            RelayMessage::Credit {
                circuit: u32::MAX,
                bytes: 65_536,
            },
        ];
        for message in messages {
            let mut bytes = message.encode();
            assert_eq!(RelayMessage::decode(&bytes), Ok(message));
            bytes.push(0);
            assert_eq!(RelayMessage::decode(&bytes), Err(CloseReason::RelayMessage));
            bytes.truncate(bytes.len() - 2);
            assert_eq!(RelayMessage::decode(&bytes), Err(CloseReason::RelayMessage));
        }
        assert_eq!(RelayMessage::decode(&[99]), Err(CloseReason::RelayMessage));
    }
}
