//! Frames: one binary message of a socket is one frame of type, flags, circuit and body.

use alloc::vec::Vec;
use core::fmt;

/// The name of the protocol, as WebSockets negotiate it.
pub const SUB_PROTOCOL: &str = "chordscope.v1";
/// The longest frame, in bytes: a 64 KiB value with its record, contact and trailer.
pub const MAX_FRAME: usize = 68 * 1024;
/// The longest frame before the handshake is over, in bytes.
pub const MAX_HANDSHAKE_FRAME: usize = 512;
/// The bytes of a frame's header: type, flags, circuit.
pub const HEADER: usize = 6;

/// The type of a frame's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum FrameType {
    /// The first frame of each side: nonce, key share, public key, ring.
    Hello = 0x01,
    /// The second: the signature over everything said so far.
    Proof = 0x02,
    /// The third, and the first with a tag: the sender's signed contact.
    Introduction = 0x03,
    /// A message of the two ends of a link about leases and circuits.
    Relay = 0x04,
    /// A message between nodes.
    Message = 0x10,
    /// Bytes for the program that uses the peer.
    Data = 0x11,
    /// A piece of a content.
    Block = 0x12,
}

impl FrameType {
    const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0x01 => Some(Self::Hello),
            0x02 => Some(Self::Proof),
            0x03 => Some(Self::Introduction),
            0x04 => Some(Self::Relay),
            0x10 => Some(Self::Message),
            0x11 => Some(Self::Data),
            0x12 => Some(Self::Block),
            _ => None,
        }
    }
}

/// A frame, its body borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The type of the body.
    pub kind: FrameType,
    /// The circuit it travels on; 0 is the link itself.
    pub circuit: u32,
    /// The body.
    pub body: &'a [u8],
}

impl<'a> Frame<'a> {
    /// A frame on the link itself.
    pub const fn on_link(kind: FrameType, body: &'a [u8]) -> Self {
        Self {
            kind,
            circuit: 0,
            body,
        }
    }

    /// The circuit that a frame says it travels on; `None` when there is no whole header.
    pub fn circuit_of(bytes: &[u8]) -> Option<u32> {
        let number = bytes.get(2..HEADER)?.try_into().ok()?;
        Some(u32::from_le_bytes(number))
    }

    /// Puts a frame on a circuit. What it had as circuit is overwritten.
    pub fn put_on(circuit: u32, bytes: &mut [u8]) {
        if let Some(place) = bytes.get_mut(2..HEADER) {
            place.copy_from_slice(&circuit.to_le_bytes());
        }
    }

    /// The bytes of the frame.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Self::begin(self.kind, self.circuit, self.body.len());
        bytes.extend_from_slice(self.body);
        bytes
    }

    /// The header of a frame, with room for a body of so many bytes and for what seals it.
    pub fn begin(kind: FrameType, circuit: u32, body: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER + body + 24);
        bytes.push(kind as u8);
        bytes.push(0);
        bytes.extend_from_slice(&circuit.to_le_bytes());
        bytes
    }

    /// Reads a frame.
    ///
    /// # Errors
    /// [`FrameError`] when it is too short or long, of no known type, or has a flag that this version does not know.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, FrameError> {
        if bytes.len() > MAX_FRAME {
            return Err(FrameError::TooLong);
        }
        let Some(([kind, flags, circuit @ ..], body)) = bytes.split_first_chunk::<HEADER>() else {
            return Err(FrameError::TooShort);
        };
        if *flags != 0 {
            return Err(FrameError::Flags);
        }
        Ok(Self {
            kind: FrameType::from_byte(*kind).ok_or(FrameError::Type)?,
            circuit: u32::from_le_bytes(*circuit),
            body,
        })
    }
}

/// The reason why bytes are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// The header is not whole.
    TooShort,
    /// The frame is longer than [`MAX_FRAME`].
    TooLong,
    /// The type is unknown.
    Type,
    /// A flag is set, and none is defined.
    Flags,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooShort => "the frame has no whole header",
            Self::TooLong => "the frame is too long",
            Self::Type => "the frame is of no known type",
            Self::Flags => "the frame has an unknown flag",
        })
    }
}

impl core::error::Error for FrameError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_goes_there_and_back() {
        let frame = Frame {
            kind: FrameType::Message,
            circuit: 0x0102_0304,
            body: b"body",
        };
        let bytes = frame.encode();
        assert_eq!(bytes, b"\x10\x00\x04\x03\x02\x01body");
        assert_eq!(Frame::decode(&bytes), Ok(frame));
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        assert_eq!(Frame::decode(&[]), Err(FrameError::TooShort));
        assert_eq!(Frame::decode(&[0x10; 5]), Err(FrameError::TooShort));
        assert_eq!(Frame::decode(&[0; 6]), Err(FrameError::Type));
        assert_eq!(
            Frame::decode(&[0x10, 1, 0, 0, 0, 0]),
            Err(FrameError::Flags)
        );
        let long = alloc::vec![0x10; MAX_FRAME + 1];
        assert_eq!(Frame::decode(&long), Err(FrameError::TooLong));
    }
}
