//! Sessions: after the handshake every frame carries a counter and a tag, so that none can be forged, replayed or reordered.
//!
//! After a frame that was sealed and could not be sent nothing more is sent over its link: its counter would be missing.

use alloc::vec::Vec;

use blake3::hazmat::ChainingValue;

use crate::link::reason::CloseReason;
use crate::wire::block::summary;
use crate::wire::frame::MAX_FRAME;

/// Bytes behind each frame: a counter of 8 and a tag of 16.
pub const TRAILER: usize = 24;

/// The side of a link or circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The side that opened the connection.
    Initiator,
    /// The side that accepted it.
    Responder,
}

impl Role {
    /// The other side.
    pub const fn other(self) -> Self {
        match self {
            Self::Initiator => Self::Responder,
            Self::Responder => Self::Initiator,
        }
    }

    /// The byte that stands for the role in what is signed.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Initiator => 0,
            Self::Responder => 1,
        }
    }
}

/// A frame as it is before it is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plain {
    frame: Vec<u8>,
    /// The chaining value of a block's bytes, if it is known.
    value: Option<ChainingValue>,
}

impl Plain {
    /// The frame of a block whose bytes have this value, if it is known.
    pub const fn of_block(frame: Vec<u8>, value: Option<ChainingValue>) -> Self {
        Self { frame, value }
    }

    /// Returns the frame's length in bytes.
    pub const fn len(&self) -> usize {
        self.frame.len()
    }

    /// Returns the frame's bytes, not sealed.
    pub fn into_frame(self) -> Vec<u8> {
        self.frame
    }

    /// Returns whether the frame has no bytes.
    pub const fn is_empty(&self) -> bool {
        self.frame.is_empty()
    }
}

impl From<Vec<u8>> for Plain {
    fn from(frame: Vec<u8>) -> Self {
        Self { frame, value: None }
    }
}

/// The keys and counters of one link.
#[derive(Clone)]
pub struct Session {
    send_key: [u8; 32],
    receive_key: [u8; 32],
    sent: u64,
    received: u64,
}

impl Session {
    /// The session of the side `role`, from the secret that both sides share.
    pub fn new(role: Role, secret: &[u8]) -> Self {
        let key = |from: Role| {
            let context = match from {
                Role::Initiator => "chordscope v1 session initiator to responder",
                Role::Responder => "chordscope v1 session responder to initiator",
            };
            blake3::derive_key(context, secret)
        };
        Self {
            send_key: key(role),
            receive_key: key(role.other()),
            sent: 0,
            received: 0,
        }
    }

    /// Seals a frame: appends the counter (8 bytes) and the tag (16 bytes).
    pub fn seal(&mut self, plain: impl Into<Plain>) -> Vec<u8> {
        let Plain { mut frame, value } = plain.into();
        let counter = self.sent.to_le_bytes();
        self.sent += 1;
        let (tag, _) = tag(&self.send_key, &frame, value, counter);
        frame.extend_from_slice(&counter);
        frame.extend_from_slice(&tag);
        frame
    }

    /// Checks counter and tag and gives the frame without them.
    ///
    /// # Errors
    /// [`CloseReason::TooLarge`] for a frame that is too long, [`CloseReason::BadTag`] for any other that this session's
    /// other side did not send next.
    pub fn open<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], CloseReason> {
        self.open_block(bytes).map(|(frame, _)| frame)
    }

    /// As [`Session::open`]; gives the value of a block's bytes besides, which the tag has proved.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub fn open_block<'a>(
        &mut self,
        bytes: &'a [u8],
    ) -> Result<(&'a [u8], Option<ChainingValue>), CloseReason> {
        if bytes.len() > MAX_FRAME + TRAILER {
            return Err(CloseReason::TooLarge);
        }
        let (rest, their_tag) = bytes.split_last_chunk::<16>().ok_or(CloseReason::BadTag)?;
        let (frame, counter) = rest.split_last_chunk::<8>().ok_or(CloseReason::BadTag)?;
        let (ours, value) = tag(&self.receive_key, frame, None, *counter);
        // blake3's own comparison takes the same time wherever the difference lies.
        let ours = blake3::Hash::from_bytes(widen(ours));
        if ours != blake3::Hash::from_bytes(widen(*their_tag))
            || u64::from_le_bytes(*counter) != self.received
        {
            return Err(CloseReason::BadTag);
        }
        self.received += 1;
        Ok((frame, value))
    }
}

/// The tag of a frame; and the value of a block's bytes, which stands for them in what the tag covers: the receiver checks them by
/// that value, and so hashes them once for both. The sender may know it.
fn tag(
    key: &[u8; 32],
    frame: &[u8],
    known: Option<ChainingValue>,
    counter: [u8; 8],
) -> ([u8; 16], Option<ChainingValue>) {
    let mut hasher = blake3::Hasher::new_keyed(key);
    let value = match summary(frame, known) {
        Some((head, value)) => {
            hasher.update(head).update(&value);
            Some(value)
        }
        None => {
            hasher.update(frame);
            None
        }
    };
    let mut tag = [0; 16];
    tag.copy_from_slice(&hasher.update(&counter).finalize().as_bytes()[..16]);
    (tag, value)
}

fn widen(tag: [u8; 16]) -> [u8; 32] {
    let mut wide = [0; 32];
    wide[..16].copy_from_slice(&tag);
    wide
}

impl core::fmt::Debug for Session {
    /// Shows the counters only.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Session")
            .field("sent", &self.sent)
            .field("received", &self.received)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::swarm::manifest::block_value;
    use crate::wire::frame::{Frame, FrameType};

    fn pair() -> (Session, Session) {
        (
            Session::new(Role::Initiator, b"secret"),
            Session::new(Role::Responder, b"secret"),
        )
    }

    #[test]
    fn frames_arrive_in_order_and_both_ways() {
        let (mut a, mut b) = pair();
        for text in [&b"one"[..], b"two", b""] {
            let sealed = a.seal(text.to_vec());
            assert_eq!(b.open(&sealed), Ok(text));
            let sealed = b.seal(text.to_vec());
            assert_eq!(a.open(&sealed), Ok(text));
        }
    }

    #[test]
    fn the_tag_of_a_block_proves_the_value_of_its_bytes() {
        let (mut a, mut b) = pair();
        let bytes = [7; 3_000];
        let mut frame = Frame::begin(FrameType::Block, 0, 0);
        frame.extend_from_slice(&[1; 32]);
        frame.extend_from_slice(&(5_u64 << 16).to_le_bytes());
        frame.extend_from_slice(&bytes);
        let sealed = a.seal(frame.clone());
        for at in [0, 6, 38, frame.len() - bytes.len(), frame.len() - 1] {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(b.open(&changed), Err(CloseReason::BadTag), "byte {at}");
        }
        let value = block_value(5 << 16, &bytes);
        assert!(value.is_some());
        assert_eq!(b.open_block(&sealed), Ok((&frame[..], value)));
        let message = a.seal(b"message".to_vec());
        assert_eq!(b.open_block(&message), Ok((&b"message"[..], None)));
    }

    #[test]
    fn a_changed_replayed_or_reflected_frame_is_refused() {
        let (mut a, mut b) = pair();
        let first = a.seal(b"first".to_vec());
        let second = a.seal(b"second".to_vec());
        assert_eq!(b.open(&second), Err(CloseReason::BadTag), "out of order");
        assert_eq!(a.open(&first), Err(CloseReason::BadTag), "reflected");
        assert_eq!(b.open(&first), Ok(&b"first"[..]));
        assert_eq!(b.open(&first), Err(CloseReason::BadTag), "replayed");
        for at in 0..second.len() {
            let mut changed = second.clone();
            changed[at] ^= 1;
            assert_eq!(b.open(&changed), Err(CloseReason::BadTag), "byte {at}");
        }
        assert_eq!(b.open(&second[..10]), Err(CloseReason::BadTag));
        assert_eq!(b.open(&second), Ok(&b"second"[..]));
    }
}
