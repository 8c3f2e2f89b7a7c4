//! Why a connection ends.

use core::fmt;

/// Why a connection was closed by this side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CloseReason {
    /// The other side closed it, or the network did.
    Gone,
    /// What came was no frame or no message.
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
    /// There are too many connections.
    TooManyLinks,
    /// The other side does not take its data fast enough.
    QueueFull,
    /// A newer connection to the same node has replaced it.
    Replaced,
    /// Nothing came for too long.
    Idle,
    /// This node leaves.
    Leaving,
    /// The page that asks is of an origin that may not use this peer.
    OriginRefused,
    /// The relay that carries a circuit is gone, or does not answer.
    RelayGone,
    /// Nobody of the id asked for can be reached through this relay.
    Unreachable,
    /// More was sent over a circuit than its receiver had given credit for, or more credit given than there may be.
    Credit,
    /// There are too many circuits.
    TooManyCircuits,
    /// There are too many leases.
    TooManyLeases,
}

impl CloseReason {
    /// All of them.
    pub const ALL: [Self; 19] = [
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
        }
    }

    /// The reason's number in messages.
    pub const fn byte(self) -> u8 {
        self as u8
    }

    /// The reason of this number; a number that this version does not know says that the connection is gone.
    pub fn from_byte(byte: u8) -> Self {
        let known = Self::ALL.get(usize::from(byte));
        known.copied().unwrap_or(Self::Gone)
    }

    /// The code for a WebSocket's close frame, in the range for private use.
    pub const fn code(self) -> u16 {
        4_000 + self as u16
    }

    /// The reason of a WebSocket's close code.
    pub fn from_code(code: u16) -> Self {
        let byte = code
            .checked_sub(4_000)
            .and_then(|byte| byte.try_into().ok());
        byte.map_or(Self::Gone, Self::from_byte)
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gone => "the connection is gone",
            Self::Garbage => "what came was no message",
            Self::TooLarge => "a frame was too large",
            Self::HandshakeTimeout => "the handshake took too long",
            Self::ForgedIdentity => "the peer did not prove its identity",
            Self::BadTag => "a frame's tag is wrong",
            Self::WrongRing => "the peer belongs to another ring",
            Self::Itself => "the peer is this node itself",
            Self::TooManyLinks => "there are too many connections",
            Self::QueueFull => "the peer does not take its data",
            Self::Replaced => "a newer connection has replaced this one",
            Self::Idle => "nothing came for too long",
            Self::Leaving => "this node leaves the ring",
            Self::OriginRefused => "pages of this origin may not use the peer",
            Self::RelayGone => "the relay is gone",
            Self::Unreachable => "the relay cannot reach the node",
            Self::Credit => "the peer does not keep to the credit of a circuit",
            Self::TooManyCircuits => "there are too many circuits",
            Self::TooManyLeases => "there are too many leases",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_own_name_and_code() {
        for (index, reason) in CloseReason::ALL.iter().enumerate() {
            assert_eq!(usize::from(reason.code()), 4_000 + index);
            assert_eq!(CloseReason::from_code(reason.code()), *reason);
            let same = CloseReason::ALL
                .iter()
                .filter(|other| other.as_str() == reason.as_str());
            assert_eq!(same.count(), 1);
        }
        assert_eq!(CloseReason::from_code(1_000), CloseReason::Gone);
        assert_eq!(CloseReason::from_byte(255), CloseReason::Gone);
    }
}
