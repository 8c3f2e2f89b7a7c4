//! Two sides from their hellos to their first messages.

use chordscope_core::base::contact::{Address, Contact};
use chordscope_core::base::features::Features;
use chordscope_core::base::id::Space;
use chordscope_core::base::identity::Signer;
use chordscope_core::base::rng::Rng;
use chordscope_core::chord::message::{Notice, Request as Ask};
use chordscope_core::link::handshake::{Handshake, MAX_RING_NAME, Progress};
use chordscope_core::link::session::{Role, Session};
use chordscope_core::message::Message;
use chordscope_core::wire::codec::{
    decode_introduction, decode_message, encode_introduction, encode_message,
};
use chordscope_core::wire::frame::{Frame, FrameType};
use serde_json::{Value, json};

use crate::cards::cards;
use crate::describe;
use crate::file::{hex, pin};
use crate::messages::{ask, here, question};

/// One side, with all that is fixed about it.
pub(crate) struct Side {
    pub(crate) secret: [u8; 32],
    pub(crate) share: [u8; 32],
    pub(crate) nonce: [u8; 32],
    pub(crate) index: u8,
    /// The features that the side tells; `None` as release 0.1.
    pub(crate) features: Option<Features>,
    pub(crate) hello: Vec<u8>,
    pub(crate) handshake: Handshake,
}

impl Side {
    pub(crate) fn new(role: Role, secret: u8, index: u8, ring: &str) -> Self {
        Self::with_features(role, secret, index, ring, None)
    }

    pub(crate) fn with_features(
        role: Role,
        secret: u8,
        index: u8,
        ring: &str,
        features: Option<Features>,
    ) -> Self {
        let secret = [secret; 32];
        let seed = u64::from(secret[0]);
        // The handshake draws its share first, then its nonce.
        let mut rng = Rng::from_seed(seed, 0);
        let [share, nonce] = [(); 2].map(|()| rng.bytes32());
        let mut rng = Rng::from_seed(seed, 0);
        let signer = Signer::ed25519(secret);
        let marked = features.is_some();
        let (handshake, hello) = Handshake::start(role, &signer, index, ring, marked, &mut rng);
        Self {
            secret,
            share,
            nonce,
            index,
            features,
            hello,
            handshake,
        }
    }

    pub(crate) fn signer(&self) -> Signer {
        Signer::ed25519(self.secret)
    }

    pub(crate) fn proof(&mut self, hello: &[u8]) -> Vec<u8> {
        match self.handshake.handle(&self.signer(), hello) {
            Ok(Progress::Reply(proof)) => proof,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn session(&mut self, proof: &[u8]) -> Session {
        match self.handshake.handle(&self.signer(), proof) {
            Ok(Progress::Done { session, .. }) => session,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn card(&self, addresses: &[&str]) -> Contact {
        let addresses = addresses.iter().map(|url| Address::Socket((*url).into()));
        let signer = self.signer();
        Contact::sign(Space::FULL, &signer, self.index, 9, addresses.collect()).unwrap()
    }

    fn described(&self, addresses: &[&str]) -> Value {
        let mut described = json!({
            "secret": hex(&self.secret),
            "share": hex(&self.share),
            "nonce": hex(&self.nonce),
            "index": self.index,
            "version": 9,
            "addresses": addresses,
        });
        if let Some(features) = self.features {
            described["features"] = json!(features.bits());
        }
        described
    }
}

pub(crate) fn sealed(session: &mut Session, kind: FrameType, body: &[u8]) -> Vec<u8> {
    session.seal(Frame::on_link(kind, body).encode())
}

fn conversation(name: &str, ring: &str, indices: [u8; 2], addresses: [&[&str]; 2]) -> Value {
    featured(name, ring, indices, addresses, [None, None])
}

fn featured(
    name: &str,
    ring: &str,
    indices: [u8; 2],
    addresses: [&[&str]; 2],
    features: [Option<Features>; 2],
) -> Value {
    let roles = [Role::Initiator, Role::Responder];
    let [mut a, mut b] = [0, 1].map(|side| {
        let secret = 1 + side as u8;
        Side::with_features(roles[side], secret, indices[side], ring, features[side])
    });
    let told = features[0].is_some() && features[1].is_some();
    let hellos = [a.hello.clone(), b.hello.clone()];
    let proofs = [a.proof(&hellos[1]), b.proof(&hellos[0])];
    let mut sessions = [a.session(&proofs[1]), b.session(&proofs[0])];
    let sides = [a, b];
    let mut frames = Vec::new();
    for from in [0, 1] {
        let card = sides[from].card(addresses[from]);
        let said = features[from].filter(|_| told);
        let body = encode_introduction(&card, said).unwrap();
        let introduction = sealed(&mut sessions[from], FrameType::Introduction, &body);
        let opened = sessions[1 - from].open(&introduction).unwrap();
        let frame = Frame::decode(opened).unwrap();
        let read = decode_introduction(frame.body, told, &mut cards());
        assert_eq!(read, Ok((card, said.unwrap_or_default())));
        let said = [
            ("hello", &hellos[from]),
            ("proof", &proofs[from]),
            ("introduction", &introduction),
        ];
        frames.extend(
            said.map(|(says, bytes)| json!({ "from": from, "says": says, "hex": hex(bytes) })),
        );
    }
    let said = [
        (0, ask(Ask::Ping)),
        (0, question(1)),
        (1, here()),
        (0, Message::Notice(Notice::Notify)),
    ];
    let messages = said.map(|(from, message)| {
        let body = encode_message(&message).unwrap();
        let bytes = sealed(&mut sessions[from], FrameType::Message, &body);
        let opened = sessions[1 - from].open(&bytes).unwrap();
        let frame = Frame::decode(opened).unwrap();
        assert_eq!(
            decode_message(frame.body, &mut cards()),
            Ok(message.clone())
        );
        json!({ "from": from, "decoded": describe::message(&message), "hex": hex(&bytes) })
    });
    json!({
        "name": name,
        "ring": ring,
        "initiator": sides[0].described(addresses[0]),
        "responder": sides[1].described(addresses[1]),
        "frames": frames,
        "messages": messages,
    })
}

#[test]
fn handshakes_are_these_bytes() {
    let ring = "\u{e4}".repeat(MAX_RING_NAME / 2);
    let longest = format!("ws://{}/ws", "h".repeat(247));
    let four = [
        longest.as_str(),
        "ws://[::1]:7340/ws",
        "ws://b/ws",
        "wss://ring.example/ws",
    ];
    let plain: [&[&str]; 2] = [&[], &["ws://127.0.0.1:7340/ws"]];
    let later = Features::from_bits(1 << 63 | 3);
    let vectors = vec![
        conversation("a reader and a peer", "main", [0, 0], plain),
        conversation(
            "virtual nodes in a ring of a long name",
            &ring,
            [3, 15],
            [&four, &[]],
        ),
        conversation("a ring without a name", "", [0, 0], [&[], &[]]),
        featured(
            "both sides read feature bits",
            "main",
            [0, 0],
            plain,
            [Some(Features::UNSUPPORTED), Some(later)],
        ),
        featured(
            "the responder says no features",
            "main",
            [0, 0],
            plain,
            [Some(Features::UNSUPPORTED), None],
        ),
    ];
    pin(
        "handshakes.json",
        "Both sides of a link: 0 is the initiator, 1 the responder; `share` is the secret half.",
        vectors,
    );
}
