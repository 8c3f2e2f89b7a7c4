//! The reasons why a connection ends.

use alloc::string::{String, ToString};
use core::fmt;

use crate::wire::codec::DecodeError;
use crate::wire::frame::FrameError;

/// The longest text of a close frame, in bytes (RFC 6455 §5.5: 125, of which the code takes 2).
const MAX_TEXT: usize = 123;

/// The reason why a connection was closed by this side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CloseReason {
    /// The other side closed it, or the network did.
    Gone,
    /// The bytes received were no frame or no message.
    Garbage,
    /// A frame was longer than allowed.
    TooLarge,
    /// The handshake took too long.
    HandshakeTimeout,
    /// The other side did not prove the identity it claims: forged, replayed, or another node than was dialed.
    ForgedIdentity,
    /// A frame's tag or counter is wrong.
    BadTag,
    /// The other side belongs to another ring.
    WrongRing,
    /// The other side is this node itself.
    Itself,
    /// The peer has too many connections.
    TooManyLinks,
    /// The other side does not take its data fast enough.
    QueueFull,
    /// A newer connection to the same node has replaced it.
    Replaced,
    /// The idle timeout passed without a frame.
    Idle,
    /// The node leaves.
    Leaving,
    /// The page that asks is of an origin that may not use this peer.
    OriginRefused,
    /// The relay that carries a circuit is gone, or does not answer.
    RelayGone,
    /// The relay knows no way to the node asked for.
    Unreachable,
    /// More was sent over a circuit than its receiver had given credit for, or more credit given than there may be.
    Credit,
    /// The link or the relay has too many circuits.
    TooManyCircuits,
    /// The relay has granted too many leases.
    TooManyLeases,
    // From here on the rules of the protocol that can be broken. Each is told by the number of what it comes to, garbage or a forged
    // identity, and by its words.
    /// A text message came; frames are binary.
    Text,
    /// A frame of a client's WebSocket is not masked (RFC 6455 §5.1).
    Unmasked,
    /// A frame of a server's WebSocket is masked (RFC 6455 §5.1).
    Masked,
    /// A WebSocket frame has an opcode that is reserved (RFC 6455 §5.2).
    Opcode,
    /// A WebSocket frame has a bit set that is reserved, and no extension uses it (RFC 6455 §5.2).
    ReservedBit,
    /// A close, ping or pong is in fragments or longer than 125 bytes, or a close is malformed (RFC 6455 §5.5).
    ControlFrame,
    /// A fragment of a WebSocket message came out of turn (RFC 6455 §5.4).
    Fragment,
    /// Another rule of WebSockets was broken.
    WebSocket,
    /// A frame has no whole header.
    ShortFrame,
    /// A frame is of no known type.
    FrameType,
    /// A frame has a flag, and none is defined.
    Flag,
    /// A hello or proof came where none belongs.
    OutOfTurn,
    /// A frame of another kind came where the introduction belongs.
    BeforeIntroduction,
    /// A frame on a circuit came before the introductions.
    EarlyCircuit,
    /// A hello is malformed, or its index is too great.
    Hello,
    /// A proof is no signature.
    Proof,
    /// A message does not follow the format.
    Message,
    /// A message was followed by further bytes.
    TrailingBytes,
    /// A list in a message has more entries than it may.
    LongList,
    /// A card in a message is refused.
    CardInMessage,
    /// A block has a wrong length or position.
    Block,
    /// A later introduction is malformed, or not newer than the one before.
    StaleCard,
    /// A message about leases and circuits is malformed.
    RelayMessage,
    /// A message about leases and circuits came on a circuit.
    RelayOnCircuit,
    /// The other side opened a circuit of a number that it may not use.
    CircuitNumber,
    /// A frame came on a circuit that was never opened.
    UnknownCircuit,
    /// More than a hello came on a circuit before its other end answered.
    CircuitUnanswered,
    /// The introduction's card is malformed, forged, or another node's.
    WrongCard,
    /// Another node than the one that was dialed has answered.
    OtherNode,
}

impl CloseReason {
    /// All reasons: those of the protocol in the order of their numbers, then the rules that can be broken.
    pub const ALL: [Self; 48] = [
        Self::Gone,
        Self::Garbage,
        Self::TooLarge,
        Self::HandshakeTimeout,
        Self::ForgedIdentity,
        Self::BadTag,
        Self::WrongRing,
        Self::Itself,
        Self::TooManyLinks,
        Self::QueueFull,
        Self::Replaced,
        Self::Idle,
        Self::Leaving,
        Self::OriginRefused,
        Self::RelayGone,
        Self::Unreachable,
        Self::Credit,
        Self::TooManyCircuits,
        Self::TooManyLeases,
        Self::Text,
        Self::Unmasked,
        Self::Masked,
        Self::Opcode,
        Self::ReservedBit,
        Self::ControlFrame,
        Self::Fragment,
        Self::WebSocket,
        Self::ShortFrame,
        Self::FrameType,
        Self::Flag,
        Self::OutOfTurn,
        Self::BeforeIntroduction,
        Self::EarlyCircuit,
        Self::Hello,
        Self::Proof,
        Self::Message,
        Self::TrailingBytes,
        Self::LongList,
        Self::CardInMessage,
        Self::Block,
        Self::StaleCard,
        Self::RelayMessage,
        Self::RelayOnCircuit,
        Self::CircuitNumber,
        Self::UnknownCircuit,
        Self::CircuitUnanswered,
        Self::WrongCard,
        Self::OtherNode,
    ];

    /// The reason's name, for metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Garbage => "garbage",
            Self::TooLarge => "too_large",
            Self::HandshakeTimeout => "handshake_timeout",
            Self::ForgedIdentity => "forged_identity",
            Self::BadTag => "bad_tag",
            Self::WrongRing => "wrong_ring",
            Self::Itself => "itself",
            Self::TooManyLinks => "too_many_links",
            Self::QueueFull => "queue_full",
            Self::Replaced => "replaced",
            Self::Idle => "idle",
            Self::Leaving => "leaving",
            Self::OriginRefused => "origin_refused",
            Self::RelayGone => "relay_gone",
            Self::Unreachable => "unreachable",
            Self::Credit => "credit",
            Self::TooManyCircuits => "too_many_circuits",
            Self::TooManyLeases => "too_many_leases",
            Self::Text => "text",
            Self::Unmasked => "unmasked",
            Self::Masked => "masked",
            Self::Opcode => "opcode",
            Self::ReservedBit => "reserved_bit",
            Self::ControlFrame => "control_frame",
            Self::Fragment => "fragment",
            Self::WebSocket => "websocket",
            Self::ShortFrame => "short_frame",
            Self::FrameType => "frame_type",
            Self::Flag => "flag",
            Self::OutOfTurn => "out_of_turn",
            Self::BeforeIntroduction => "before_introduction",
            Self::EarlyCircuit => "early_circuit",
            Self::Hello => "hello",
            Self::Proof => "proof",
            Self::Message => "message",
            Self::TrailingBytes => "trailing_bytes",
            Self::LongList => "long_list",
            Self::CardInMessage => "card_in_message",
            Self::Block => "block",
            Self::StaleCard => "stale_card",
            Self::RelayMessage => "relay_message",
            Self::RelayOnCircuit => "relay_on_circuit",
            Self::CircuitNumber => "circuit_number",
            Self::UnknownCircuit => "unknown_circuit",
            Self::CircuitUnanswered => "circuit_unanswered",
            Self::WrongCard => "wrong_card",
            Self::OtherNode => "other_node",
        }
    }

    /// The reason's number in messages.
    pub const fn byte(self) -> u8 {
        match self {
            Self::WrongCard | Self::OtherNode => Self::ForgedIdentity as u8,
            reason if reason as u8 > Self::LAST as u8 => Self::Garbage as u8,
            reason => reason as u8,
        }
    }

    /// The last reason that has a number of its own.
    const LAST: Self = Self::TooManyLeases;

    /// The reason of this number; a number that this version does not know says that the connection is gone.
    pub fn from_byte(byte: u8) -> Self {
        Self::known(byte).unwrap_or(Self::Gone)
    }

    fn known(byte: u8) -> Option<Self> {
        let numbered = &Self::ALL[..=usize::from(Self::LAST as u8)];
        numbered.get(usize::from(byte)).copied()
    }

    /// The code for a WebSocket's close frame, in the range for private use.
    pub const fn code(self) -> u16 {
        4_000 + self.byte() as u16
    }

    /// The reason of a WebSocket's close code, if it is one of the protocol's.
    pub fn of_code(code: u16) -> Option<Self> {
        let byte = code.checked_sub(4_000)?.try_into().ok()?;
        Self::known(byte)
    }
}

impl From<FrameError> for CloseReason {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::TooShort => Self::ShortFrame,
            FrameError::TooLong => Self::TooLarge,
            FrameError::Type => Self::FrameType,
            FrameError::Flags => Self::Flag,
        }
    }
}

impl From<DecodeError> for CloseReason {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Malformed
            | DecodeError::UnknownRequest(_)
            | DecodeError::RetiredRequest(_) => Self::Message,
            DecodeError::Trailing => Self::TrailingBytes,
            DecodeError::TooLong => Self::TooLarge,
            DecodeError::TooMany => Self::LongList,
            DecodeError::Contact(_) => Self::CardInMessage,
        }
    }
}

/// The other side's words when it closed a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goodbye {
    code: u16,
    text: String,
}

impl Goodbye {
    /// The code and the text of a WebSocket's close frame. Of the text, what could change a log or a terminal is left out.
    pub fn new(code: u16, text: &str) -> Self {
        let text = text.chars().filter(|c| !c.is_control());
        Self {
            code,
            text: text.take(MAX_TEXT).collect(),
        }
    }

    /// The reason, if it is one that this version knows.
    pub fn reason(&self) -> Option<CloseReason> {
        CloseReason::of_code(self.code)
    }
}

impl From<CloseReason> for Goodbye {
    fn from(reason: CloseReason) -> Self {
        Self {
            code: reason.code(),
            text: reason.to_string(),
        }
    }
}

impl fmt::Display for Goodbye {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        match self.text.is_empty() {
            true => Ok(()),
            false => write!(f, " \"{}\"", self.text),
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gone => "the connection is gone",
            Self::Garbage => "the bytes received are no frame or no message",
            Self::TooLarge => "a frame was too large",
            Self::HandshakeTimeout => "the handshake took too long",
            Self::ForgedIdentity => "the peer did not prove its identity",
            Self::BadTag => "a frame's tag is wrong",
            Self::WrongRing => "the peer belongs to another ring",
            Self::Itself => "the peer is this node itself",
            Self::TooManyLinks => "there are too many connections",
            Self::QueueFull => "the peer does not take its data fast enough",
            Self::Replaced => "a newer connection has replaced this one",
            Self::Idle => "nothing came for too long",
            Self::Leaving => "this node leaves the ring",
            Self::OriginRefused => "pages of this origin may not use the peer",
            Self::RelayGone => "the relay is gone",
            Self::Unreachable => "the relay cannot reach the node",
            Self::Credit => "the peer does not keep to the credit of a circuit",
            Self::TooManyCircuits => "there are too many circuits",
            Self::TooManyLeases => "there are too many leases",
            Self::Text => "a text message came where frames are binary",
            Self::Unmasked => "a WebSocket frame of a client is not masked",
            Self::Masked => "a WebSocket frame of a server is masked",
            Self::Opcode => "a WebSocket frame has a reserved opcode",
            Self::ReservedBit => "a WebSocket frame has a reserved bit set",
            Self::ControlFrame => "a close, ping or pong is in fragments, too long or malformed",
            Self::Fragment => "a fragment of a WebSocket message came out of turn",
            Self::WebSocket => "another rule of WebSockets was broken",
            Self::ShortFrame => "a frame is shorter than its header",
            Self::FrameType => "a frame is of an unknown type",
            Self::Flag => "a frame has an unknown flag",
            Self::OutOfTurn => "a hello or a proof came out of turn",
            Self::BeforeIntroduction => "a frame came before the introduction",
            Self::EarlyCircuit => "a frame on a circuit came before the introductions",
            Self::Hello => "a hello is malformed",
            Self::Proof => "a proof has another length than 64 bytes",
            Self::Message => "a message is malformed",
            Self::TrailingBytes => "further bytes follow the end of a message",
            Self::LongList => "a list in a message is too long",
            Self::CardInMessage => "a card in a message is refused",
            Self::Block => "a block has a wrong length or position",
            Self::StaleCard => "a later introduction is malformed or no newer",
            Self::RelayMessage => "a relay message is malformed",
            Self::RelayOnCircuit => "a relay message came on a circuit",
            Self::CircuitNumber => "a circuit has a number that may not be used",
            Self::UnknownCircuit => "a frame came on a circuit that was never opened",
            Self::CircuitUnanswered => {
                "more than a hello came on a circuit before its other end answered"
            }
            Self::WrongCard => "the introduction's card is malformed, forged or another node's",
            Self::OtherNode => "another node than the one dialed has answered",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_own_name_and_text_and_fits_in_a_close_frame() {
        for (index, reason) in CloseReason::ALL.iter().enumerate() {
            assert_eq!(*reason as usize, index);
            assert!(reason.to_string().len() <= MAX_TEXT, "{reason}");
            let same = CloseReason::ALL.iter().filter(|other| {
                other.as_str() == reason.as_str() || other.to_string() == reason.to_string()
            });
            assert_eq!(same.count(), 1, "{reason}");
            let told = CloseReason::of_code(reason.code()).unwrap();
            assert_eq!(told.code(), reason.code());
            assert_eq!(CloseReason::from_byte(reason.byte()), told);
            match index {
                0..19 => assert_eq!((told, usize::from(reason.byte())), (*reason, index)),
                _ => assert!([1, 4].contains(&reason.byte()), "{reason}"),
            }
        }
        assert_eq!(CloseReason::of_code(1_000), None);
        assert_eq!(CloseReason::of_code(4_019), None);
        assert_eq!(CloseReason::from_byte(255), CloseReason::Gone);
    }

    #[test]
    fn a_goodbye_is_shown_as_it_was_said_but_for_control_characters() {
        let said = Goodbye::new(4_005, "a\n\u{1b}[31m tag");
        assert_eq!(said.to_string(), "4005 \"a[31m tag\"");
        assert_eq!(said.reason(), Some(CloseReason::BadTag));
        assert_eq!(Goodbye::new(1_001, "").to_string(), "1001");
        assert_eq!(Goodbye::new(1_001, "").reason(), None);
        let leaving = Goodbye::from(CloseReason::Leaving);
        assert_eq!(leaving.to_string(), "4012 \"this node leaves the ring\"");
        let long = Goodbye::new(4_000, &"x".repeat(500)).to_string();
        assert_eq!(long.len(), 5 + 2 + MAX_TEXT);
    }
}
