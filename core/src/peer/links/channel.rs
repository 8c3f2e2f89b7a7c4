//! The state of one connection.

use alloc::boxed::Box;

use blake3::hazmat::ChainingValue;

use crate::base::contact::{Address, Contact};
use crate::base::features::Features;
use crate::base::id::Id;
#[cfg(test)]
use crate::base::identity::Signer;
#[cfg(test)]
use crate::base::rng::Rng;
use crate::base::time::Instant;
use crate::link::circuit::Circuit;
use crate::link::handshake::Handshake;
use crate::link::reason::CloseReason;
use crate::link::session::{Role, Session};
use crate::link::{Leg, LinkId};
use crate::peer::dialing::Aim;
use crate::wire::frame::{Frame, FrameType};

/// A carrier of frames to another node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::peer) enum Channel {
    /// A socket.
    Socket(LinkId),
    /// A circuit over a socket to a relay.
    Circuit(Leg),
}

impl Channel {
    pub(in crate::peer) const fn link(self) -> LinkId {
        match self {
            Self::Socket(link) | Self::Circuit(Leg { link, .. }) => link,
        }
    }
}

/// One connection.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) role: Role,
    pub(super) aim: Option<Aim>,
    /// The address at which it was dialed.
    pub(super) dialed: Option<Address>,
    pub(super) stage: Stage,
    /// True if introductions carry feature bits on this link.
    pub(super) tells_features: bool,
    /// The features of the other end.
    pub(super) features: Features,
    pub(super) sent: u64,
    pub(super) received: u64,
    /// The time of its opening.
    pub(super) opened: Instant,
    /// The time at which something came last.
    pub(super) heard: Instant,
    /// Credit of a circuit, and what waits for it; a socket's is not used.
    pub(super) circuit: Circuit,
    /// The owner waits for room.
    pub(super) is_full: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Stage {
    /// Neither side is sure of the other.
    Handshake(Box<Handshake>),
    /// The other side has proved this id; its contact is still to come.
    Proved(Id, Box<Session>),
    /// Messages flow.
    Open(Contact, Box<Session>),
}

impl Link {
    pub(super) const fn contact(&self) -> Option<&Contact> {
        match &self.stage {
            Stage::Open(contact, _) => Some(contact),
            Stage::Handshake(_) | Stage::Proved(..) => None,
        }
    }

    /// Returns whether this node is at its other end.
    pub(super) fn reaches(&self, node: Id) -> bool {
        self.contact().is_some_and(|contact| contact.id() == node)
    }

    /// A connection whose handshake begins.
    pub(super) fn new(role: Role, aim: Option<Aim>, handshake: Handshake, now: Instant) -> Self {
        Self {
            role,
            aim,
            dialed: None,
            stage: Stage::Handshake(Box::new(handshake)),
            tells_features: false,
            features: Features::NONE,
            sent: 0,
            received: 0,
            opened: now,
            heard: now,
            circuit: Circuit::default(),
            is_full: false,
        }
    }

    /// A connection as after a handshake with this node.
    #[cfg(test)]
    pub(super) fn assume_open(role: Role, contact: &Contact) -> Self {
        let signer = Signer::ed25519([0; 32]);
        let rng = &mut Rng::from_entropy([0; 32]);
        let (handshake, _) = Handshake::start(role, &signer, 0, "main", true, rng);
        let mut link = Self::new(role, None, handshake, Instant::ZERO);
        let session = Box::new(Session::new(role, &[]));
        link.stage = Stage::Open(contact.clone(), session);
        link
    }

    /// The session that seals its frames; `None` before the handshake is over.
    pub(super) fn session(&mut self) -> Option<&mut Session> {
        match &mut self.stage {
            Stage::Proved(_, session) | Stage::Open(_, session) => Some(session),
            Stage::Handshake(_) => None,
        }
    }
}

/// Type and body of a sealed frame; and the value of a block's bytes.
pub(super) fn unseal<'a>(
    session: &mut Session,
    bytes: &'a [u8],
) -> Result<(FrameType, &'a [u8], Option<ChainingValue>), CloseReason> {
    let (frame, value) = session.open_block(bytes)?;
    let frame = Frame::decode(frame)?;
    match frame.circuit {
        0 => Ok((frame.kind, frame.body, value)),
        _ => Err(CloseReason::EarlyCircuit),
    }
}
