//! The handshake: each side proves that it holds the key of the id it claims, and both come to share a secret.
//!
//! 1. Both send a hello: nonce, X25519 share, public key, index, ring name.
//! 2. Both send a proof: a signature over the role, both keys, both nonces, both shares, the sub-protocol and the ring
//!    name. A recorded proof is worthless, as the other side's nonce and share are new each time.
//! 3. From then on every frame is tagged with a key derived from the shared secret; the first is the contact.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use x25519_dalek::{PublicKey as Share, StaticSecret};

use crate::base::contact::MAX_VIRTUAL_NODES;
use crate::base::identity::{PublicKey, Purpose, Signature, Signer};
use crate::base::rng::Rng;
use crate::link::reason::CloseReason;
use crate::link::session::{Role, Session};
use crate::wire::frame::{Frame, FrameType, MAX_HANDSHAKE_FRAME, SUB_PROTOCOL};

/// The longest name of a ring, in bytes.
pub const MAX_RING_NAME: usize = 64;
/// The last byte's bit of a share that X25519 ignores (RFC 7748 §5). A side sets it to say that it reads feature bits in
/// introductions; release 0.1 leaves it clear and takes no notice of it.
const FEATURES_MARK: u8 = 0x80;

/// The first words of each side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Hello {
    nonce: [u8; 32],
    share: [u8; 32],
    key: PublicKey,
    index: u8,
    ring: String,
}

impl Hello {
    const fn is_marked(&self) -> bool {
        self.share[31] & FEATURES_MARK != 0
    }
}

/// One side of a handshake.
#[derive(Clone)]
pub struct Handshake {
    role: Role,
    secret: StaticSecret,
    mine: Hello,
    theirs: Option<Hello>,
}

/// The outcome of a frame of the handshake.
#[derive(Debug)]
pub enum Progress {
    /// Send this frame and wait for the proof.
    Reply(Vec<u8>),
    /// The other side has proved its identity.
    Done {
        /// The other side's key.
        key: PublicKey,
        /// The index of the virtual node among those of its key.
        index: u8,
        /// True if both sides read feature bits, so that introductions carry them.
        features: bool,
        /// The keys for the frames that follow.
        session: Session,
    },
}

impl Handshake {
    /// Begins a handshake and gives the hello to send. `features`: whether this side reads feature bits.
    pub fn start(
        role: Role,
        signer: &Signer,
        index: u8,
        ring: &str,
        features: bool,
        rng: &mut Rng,
    ) -> (Self, Vec<u8>) {
        let secret = StaticSecret::from(rng.bytes32());
        let mut share = Share::from(&secret).to_bytes();
        if features {
            share[31] |= FEATURES_MARK;
        }
        let mine = Hello {
            nonce: rng.bytes32(),
            share,
            key: signer.public_key(),
            index,
            ring: ring.into(),
        };
        let body = postcard::to_allocvec(&mine).unwrap_or_default();
        let hello = Frame::on_link(FrameType::Hello, &body).encode();
        let handshake = Self {
            role,
            secret,
            mine,
            theirs: None,
        };
        (handshake, hello)
    }

    /// Takes in the other side's next frame.
    ///
    /// # Errors
    /// The reason to close the connection.
    pub fn handle(&mut self, signer: &Signer, bytes: &[u8]) -> Result<Progress, CloseReason> {
        if bytes.len() > MAX_HANDSHAKE_FRAME {
            return Err(CloseReason::TooLarge);
        }
        let frame = Frame::decode(bytes)?;
        if frame.circuit != 0 {
            return Err(CloseReason::EarlyCircuit);
        }
        match (&self.theirs, frame.kind) {
            (None, FrameType::Hello) => self.on_hello(signer, frame.body),
            (Some(_), FrameType::Proof) => self.on_proof(signer, frame.body),
            (_, FrameType::Hello | FrameType::Proof) => Err(CloseReason::OutOfTurn),
            _ => Err(CloseReason::BeforeIntroduction),
        }
    }

    fn on_hello(&mut self, signer: &Signer, body: &[u8]) -> Result<Progress, CloseReason> {
        let (theirs, rest) =
            postcard::take_from_bytes::<Hello>(body).map_err(|_| CloseReason::Hello)?;
        if !rest.is_empty() || theirs.index >= MAX_VIRTUAL_NODES {
            return Err(CloseReason::Hello);
        }
        if theirs.ring != self.mine.ring {
            return Err(CloseReason::WrongRing);
        }
        // Another position of the same peer is another node.
        if (theirs.key, theirs.index) == (self.mine.key, self.mine.index) {
            return Err(CloseReason::Itself);
        }
        let signature = signer.sign(Purpose::Handshake, &self.transcript(self.role, &theirs));
        self.theirs = Some(theirs);
        let proof = Frame::on_link(FrameType::Proof, &signature.to_bytes()).encode();
        Ok(Progress::Reply(proof))
    }

    fn on_proof(&self, signer: &Signer, body: &[u8]) -> Result<Progress, CloseReason> {
        let signature = <[u8; 64]>::try_from(body).map_err(|_| CloseReason::Proof)?;
        let signature = Signature::from_bytes(signature);
        let theirs = self.theirs.as_ref().ok_or(CloseReason::OutOfTurn)?;
        let transcript = self.transcript(self.role.other(), theirs);
        let scheme = signer.scheme();
        if !scheme.verify(theirs.key, Purpose::Handshake, &transcript, &signature) {
            return Err(CloseReason::ForgedIdentity);
        }
        let shared = self.secret.diffie_hellman(&Share::from(theirs.share));
        // A share of low order would let anyone know the secret.
        if !shared.was_contributory() {
            return Err(CloseReason::ForgedIdentity);
        }
        let mut secret = shared.as_bytes().to_vec();
        secret.extend_from_slice(&self.transcript(Role::Initiator, theirs));
        Ok(Progress::Done {
            key: theirs.key,
            index: theirs.index,
            features: self.mine.is_marked() && theirs.is_marked(),
            session: Session::new(self.role, &secret),
        })
    }

    /// The words that the side `signer` signs: all that both have said.
    fn transcript(&self, signer: Role, theirs: &Hello) -> Vec<u8> {
        let (initiator, responder) = match self.role {
            Role::Initiator => (&self.mine, theirs),
            Role::Responder => (theirs, &self.mine),
        };
        let mut bytes = Vec::with_capacity(256);
        bytes.push(signer.byte());
        for hello in [initiator, responder] {
            bytes.extend_from_slice(&hello.key.0);
            bytes.push(hello.index);
            bytes.extend_from_slice(&hello.nonce);
            bytes.extend_from_slice(&hello.share);
        }
        for text in [SUB_PROTOCOL, &self.mine.ring] {
            bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes
    }
}

impl core::fmt::Debug for Handshake {
    /// Shows the role only: the rest is secret or long.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Handshake")
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Side {
        signer: Signer,
        handshake: Handshake,
        hello: Vec<u8>,
    }

    fn side(role: Role, secret: u8, ring: &str, seed: u64) -> Side {
        side_with(role, secret, ring, seed, true)
    }

    fn side_with(role: Role, secret: u8, ring: &str, seed: u64, features: bool) -> Side {
        let signer = Signer::ed25519([secret; 32]);
        let mut rng = Rng::from_seed(seed, 0);
        let (handshake, hello) = Handshake::start(role, &signer, 0, ring, features, &mut rng);
        Side {
            signer,
            handshake,
            hello,
        }
    }

    fn pair() -> (Side, Side) {
        (
            side(Role::Initiator, 1, "main", 1),
            side(Role::Responder, 2, "main", 2),
        )
    }

    fn reply(side: &mut Side, bytes: &[u8]) -> Vec<u8> {
        match side.handshake.handle(&side.signer, bytes).unwrap() {
            Progress::Reply(bytes) => bytes,
            Progress::Done { .. } => panic!("done too early"),
        }
    }

    fn refusal(side: &mut Side, bytes: &[u8]) -> CloseReason {
        side.handshake.handle(&side.signer, bytes).unwrap_err()
    }

    #[test]
    fn both_sides_prove_themselves_and_share_a_session() {
        let (mut a, mut b) = pair();
        let (hello_a, hello_b) = (a.hello.clone(), b.hello.clone());
        assert!(hello_a.len() <= MAX_HANDSHAKE_FRAME);
        let proof_a = reply(&mut a, &hello_b);
        let proof_b = reply(&mut b, &hello_a);
        let done = |side: &mut Side, proof: &[u8]| match side.handshake.handle(&side.signer, proof)
        {
            Ok(Progress::Done { key, session, .. }) => (key, session),
            other => panic!("{other:?}"),
        };
        let (key_b, mut session_a) = done(&mut a, &proof_b);
        let (key_a, mut session_b) = done(&mut b, &proof_a);
        assert_eq!(key_a, a.signer.public_key());
        assert_eq!(key_b, b.signer.public_key());
        let sealed = session_a.seal(b"hi".to_vec());
        assert_eq!(session_b.open(&sealed), Ok(&b"hi"[..]));
    }

    #[test]
    fn introductions_carry_features_when_both_sides_read_them() {
        for (mine, theirs) in [(true, true), (true, false), (false, true), (false, false)] {
            let mut a = side_with(Role::Initiator, 1, "main", 1, mine);
            let mut b = side_with(Role::Responder, 2, "main", 2, theirs);
            let (hello_a, hello_b) = (a.hello.clone(), b.hello.clone());
            let proof_a = reply(&mut a, &hello_b);
            let proof_b = reply(&mut b, &hello_a);
            let mut sessions = Vec::new();
            for (side, proof) in [(&mut a, &proof_b), (&mut b, &proof_a)] {
                match side.handshake.handle(&side.signer, proof) {
                    Ok(Progress::Done {
                        features, session, ..
                    }) => {
                        assert_eq!(features, mine && theirs);
                        sessions.push(session);
                    }
                    other => panic!("{other:?}"),
                }
            }
            // The mark changes nothing about the secret that both share.
            let sealed = sessions[0].seal(b"hi".to_vec());
            assert_eq!(sessions[1].open(&sealed), Ok(&b"hi"[..]));
        }
    }

    #[test]
    fn a_mark_that_was_taken_away_on_the_way_is_found_out() {
        let (mut a, mut b) = pair();
        let (mut hello_a, hello_b) = (a.hello.clone(), b.hello.clone());
        // The share stands behind header and nonce.
        hello_a[6 + 32 + 31] &= !FEATURES_MARK;
        let proof_a = reply(&mut a, &hello_b);
        let _ = reply(&mut b, &hello_a);
        assert_eq!(refusal(&mut b, &proof_a), CloseReason::ForgedIdentity);
    }

    #[test]
    fn a_recorded_proof_does_not_open_another_connection() {
        let (mut a, mut b) = pair();
        let (hello_a, hello_b) = (a.hello.clone(), b.hello.clone());
        let recorded = reply(&mut a, &hello_b);
        let _ = reply(&mut b, &hello_a);
        let mut fresh = side(Role::Responder, 2, "main", 3);
        let _ = reply(&mut fresh, &hello_a);
        assert_eq!(refusal(&mut fresh, &recorded), CloseReason::ForgedIdentity);
    }

    #[test]
    fn a_claimed_key_without_its_secret_is_found_out() {
        let (mut a, mut b) = pair();
        // The attacker speaks b's key, but signs with its own.
        let attacker = Signer::ed25519([9; 32]);
        let hello_b = b.hello.clone();
        let hello_a = a.hello.clone();
        let _ = reply(&mut a, &hello_b);
        b.signer = attacker;
        let forged = reply(&mut b, &hello_a);
        assert_eq!(refusal(&mut a, &forged), CloseReason::ForgedIdentity);
    }

    #[test]
    fn one_s_own_frames_coming_back_are_refused() {
        let (mut a, _) = pair();
        let hello = a.hello.clone();
        assert_eq!(refusal(&mut a, &hello), CloseReason::Itself);
    }

    #[test]
    fn strangers_are_told_why() {
        let (mut a, b) = pair();
        let other_ring = side(Role::Responder, 2, "other", 2).hello;
        assert_eq!(refusal(&mut a, &other_ring), CloseReason::WrongRing);
        assert_eq!(refusal(&mut a, b"garbage"), CloseReason::Flag);
        assert_eq!(
            refusal(&mut a, &[1; MAX_HANDSHAKE_FRAME + 1]),
            CloseReason::TooLarge
        );
        let proof_first = Frame::on_link(FrameType::Proof, &[0; 64]).encode();
        assert_eq!(refusal(&mut a, &proof_first), CloseReason::OutOfTurn);
        let mut elsewhere = b.hello.clone();
        elsewhere[2] = 1;
        assert_eq!(refusal(&mut a, &elsewhere), CloseReason::EarlyCircuit);
        let mut longer = b.hello;
        longer.push(0);
        assert_eq!(refusal(&mut a, &longer), CloseReason::Hello);
    }
}
