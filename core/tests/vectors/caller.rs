//! A peer that has just opened a link, and the other side of it.

use chordscope_core::base::contact::Address;
use chordscope_core::base::features::Features;
use chordscope_core::base::identity::Signer;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::link::reason::CloseReason;
use chordscope_core::link::session::{Role, Session};
use chordscope_core::peer::api::{LinkId, Output};
use chordscope_core::peer::{Config, Peer};
use chordscope_core::wire::codec::encode_introduction;
use chordscope_core::wire::frame::{FrameType, HEADER};
use serde_json::{Value, json};

use crate::file::{hex, reason};
use crate::handshakes::{Side, sealed};

pub(crate) const RING: &str = "main";
pub(crate) const PEER: u8 = 11;
pub(crate) const CALLER: u8 = 12;
const LINK: LinkId = LinkId(1);

/// A peer with one link, which has just been opened.
struct Called {
    peer: Peer,
    hello: Vec<u8>,
}

impl Called {
    fn new(role: Role, features: Features) -> Self {
        let seed = [PEER; 32];
        let config = Config {
            ring: RING.into(),
            features,
            ..Config::default()
        };
        let signer = Signer::ed25519(seed);
        let address = Address::parse_url("ws://127.0.0.1:7340").unwrap();
        let mut peer = Peer::new(config, signer, vec![address.clone()], 9, seed).unwrap();
        match role {
            Role::Responder => peer.handle_accepted(Instant::ZERO, LINK),
            Role::Initiator => {
                peer.join(Instant::ZERO, address.clone()).unwrap();
                peer.handle_dialed(Instant::ZERO, LINK, &address);
            }
        }
        let mut called = Self {
            peer,
            hello: Vec::new(),
        };
        called.hello = called.outputs().0.remove(0);
        called
    }

    /// Returns the frames that the peer sends, and the reason if it closes the link.
    fn outputs(&mut self) -> (Vec<Vec<u8>>, Option<CloseReason>) {
        let (mut frames, mut closed) = (Vec::new(), None);
        while let Some(output) = self.peer.poll_output() {
            match output {
                Output::Send { frame, .. } => frames.push(frame),
                Output::Close { reason, .. } => closed = Some(reason),
                _ => {}
            }
        }
        (frames, closed)
    }

    fn hear(&mut self, bytes: &[u8]) -> (Vec<Vec<u8>>, Option<CloseReason>) {
        self.peer.handle_frame(Instant::ZERO, LINK, bytes.to_vec());
        self.outputs()
    }
}

/// The other side of a link to such a peer, up to its introduction.
pub(crate) struct Caller {
    role: Role,
    features: Features,
    pub(crate) side: Side,
    pub(crate) proof: Vec<u8>,
    session: Session,
    pub(crate) introduction: Vec<u8>,
    /// The peer's frames: hello, proof, introduction.
    pub(crate) heard: [Vec<u8>; 3],
}

impl Caller {
    /// Both sides as release 0.1.
    pub(crate) fn new(role: Role) -> Self {
        Self::with_features(role, Features::NONE)
    }

    /// Both sides say that they can do this.
    pub(crate) fn with_features(role: Role, features: Features) -> Self {
        let mut called = Called::new(role.other(), features);
        let told = Some(features).filter(|features| !features.is_empty());
        let mut side = Side::with_features(role, CALLER, 0, RING, told);
        let proof = side.proof(&called.hello);
        let (mut said, _) = called.hear(&side.hello);
        let their_proof = said.remove(0);
        let mut session = side.session(&their_proof);
        let (mut said, _) = called.hear(&proof);
        let body = encode_introduction(&side.card(&[]), told).unwrap();
        let introduction = sealed(&mut session, FrameType::Introduction, &body);
        Self {
            role,
            features,
            side,
            proof,
            session,
            introduction,
            heard: [called.hello, their_proof, said.remove(0)],
        }
    }

    /// The first frames of a link that nothing is wrong with.
    pub(crate) fn right(&self, count: usize) -> Vec<Vec<u8>> {
        let frames = [&self.side.hello, &self.proof, &self.introduction];
        frames[..count].iter().map(|frame| frame.to_vec()).collect()
    }

    /// The session when no sealed frame has been sent yet.
    pub(crate) fn fresh(&mut self) -> Session {
        let proof = self.heard[1].clone();
        self.side.session(&proof)
    }

    /// A sealed frame of this type in the place of the introduction.
    pub(crate) fn instead(&mut self, kind: FrameType, body: &[u8]) -> Vec<u8> {
        sealed(&mut self.fresh(), kind, body)
    }

    /// The session once this frame has been sent behind the introduction.
    pub(crate) fn session_after(&self, frame: &[u8]) -> Session {
        let mut session = self.session.clone();
        session.seal(frame.to_vec());
        session
    }

    /// A sealed frame behind the introduction.
    pub(crate) fn then(&self, frame: Vec<u8>) -> Vec<u8> {
        self.session.clone().seal(frame)
    }

    /// The vector of a peer that hears all this and closes for this reason.
    pub(crate) fn closed(&self, name: &str, right: usize, last: &[u8], why: CloseReason) -> Value {
        let mut hears = self.right(right);
        hears.push(last.to_vec());
        closed(self.role.other(), self.features, name, &hears, why)
    }
}

/// A vector of a peer, in this role, that hears these frames.
pub(crate) fn closed(
    role: Role,
    features: Features,
    name: &str,
    hears: &[Vec<u8>],
    why: CloseReason,
) -> Value {
    let mut called = Called::new(role, features);
    let (last, before) = hears.split_last().unwrap();
    for bytes in before {
        assert_eq!(called.hear(bytes).1, None, "{name}: too early");
    }
    assert_eq!(called.hear(last).1, Some(why), "{name}");
    // A peer draws the seed of its node first, then share and nonce of each link.
    let mut rng = Rng::from_entropy([PEER; 32]);
    let [_, share, nonce] = [(); 3].map(|()| rng.bytes32());
    assert_eq!(
        called.hello[HEADER..][..32],
        nonce,
        "the hello is made of these"
    );
    let mut side = json!({ "secret": hex(&[PEER; 32]), "share": hex(&share), "nonce": hex(&nonce), "index": 0 });
    if !features.is_empty() {
        side["features"] = json!(features.bits());
    }
    let own = match role {
        Role::Initiator => "initiator",
        Role::Responder => "responder",
    };
    json!({
        "name": name,
        "ring": RING,
        "role": role.byte(),
        own: side,
        "hears": hears.iter().map(|bytes| hex(bytes)).collect::<Vec<_>>(),
        "refused": reason(why),
    })
}
