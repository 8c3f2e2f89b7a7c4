//! A peer and what it hears over several links, once their handshakes are over.

use std::time::Duration;

use chordscope_core::base::contact::{Address, Contact};
use chordscope_core::base::features::Features;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::identity::Signer;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::link::relay_message::RelayMessage;
use chordscope_core::link::session::{Role, Session};
use chordscope_core::peer::api::{LinkId, Output};
use chordscope_core::peer::{Config, Peer, Reach};
use chordscope_core::wire::codec::encode_contact;
use chordscope_core::wire::frame::{Frame, FrameType, HEADER};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use crate::caller::{PEER, RING};
use crate::describe;
use crate::file::{hex, reason};
use crate::handshakes::{Side, sealed};

/// The number of leases that the peer grants, and of circuits that it carries over one link.
const LEASES: usize = 2;
const CIRCUITS: u16 = 3;
const URL: &str = "ws://127.0.0.1:7340/ws";

/// A peer, the other ends of its links, and the steps so far.
pub(crate) struct Play {
    name: String,
    reach: Reach,
    peer: Peer,
    now: Instant,
    sessions: Vec<Option<Session>>,
    draws: Rng,
    sides: Vec<Value>,
    steps: Vec<Value>,
}

pub(crate) fn id_of(secret: u8) -> Id {
    card_of(secret, 9).id()
}

pub(crate) fn card_of(secret: u8, version: u64) -> Contact {
    let address = Address::Socket(URL.into());
    let signer = Signer::ed25519([secret; 32]);
    Contact::sign(Space::FULL, &signer, 0, version, vec![address]).unwrap()
}

impl Play {
    pub(crate) fn new(name: &str, reach: Reach) -> Self {
        let mut config = Config {
            ring: RING.into(),
            reach,
            // The vectors of features are those of handshakes.
            features: Features::NONE,
            ..Config::default()
        };
        config.limits.relay.leases = LEASES;
        config.limits.relay.circuits_per_link = CIRCUITS;
        let signer = Signer::ed25519([PEER; 32]);
        let addresses = vec![Address::Socket(URL.into())];
        let peer = Peer::new(config, signer, addresses, 9, [PEER; 32]).unwrap();
        // A peer draws the seed of its node first, then share and nonce of each link and circuit.
        let mut draws = Rng::from_entropy([PEER; 32]);
        draws.bytes32();
        Self {
            name: name.to_owned(),
            reach,
            peer,
            now: Instant::ZERO,
            sessions: Vec::new(),
            draws,
            sides: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// A link to this node begins, the peer in this role; both are introduced.
    pub(crate) fn begins(&mut self, role: Role, secret: u8) -> usize {
        let link = LinkId(self.sessions.len() as u64);
        let mut side = Side::new(role.other(), secret, 0, RING);
        match role {
            Role::Responder => self.peer.handle_accepted(self.now, link),
            Role::Initiator => {
                let contact = card_of(secret, 9);
                self.peer.reach(self.now, &contact);
                let address = &contact.addresses()[0];
                self.peer.handle_dialed(self.now, link, address);
            }
        }
        self.draw();
        let hello = self.sent(link).remove(0);
        let proof = side.proof(&hello);
        self.peer.handle_frame(self.now, link, side.hello.clone());
        let their_proof = self.sent(link).remove(0);
        let mut session = side.session(&their_proof);
        self.peer.handle_frame(self.now, link, proof);
        let introduction = self.sent(link).remove(0);
        assert!(session.open(&introduction).is_ok());
        let body = encode_contact(&side.card(&[])).unwrap();
        let introduction = sealed(&mut session, FrameType::Introduction, &body);
        self.sessions.push(Some(session));
        self.peer.handle_frame(self.now, link, introduction);
        let other = hex(&id_of(secret).to_bytes());
        let begins = json!({ "role": role.byte(), "other": other });
        self.step(json!({ "on": link.0, "begins": begins }));
        self.sessions.len() - 1
    }

    /// The next secrets of the peer.
    fn draw(&mut self) -> [[u8; 32]; 2] {
        [(); 2].map(|()| self.draws.bytes32())
    }

    fn sent(&mut self, over: LinkId) -> Vec<Vec<u8>> {
        let outputs = std::iter::from_fn(|| self.peer.poll_output());
        let frames = outputs.filter_map(|output| match output {
            Output::Send { link, frame } if link == over => Some(frame),
            _ => None,
        });
        frames.collect()
    }

    /// The other end of a link says this.
    pub(crate) fn says(&mut self, on: usize, message: RelayMessage) {
        let session = self.sessions[on].as_mut().unwrap();
        let frame = sealed(session, FrameType::Relay, &message.encode());
        self.peer.handle_frame(self.now, LinkId(on as u64), frame);
        self.step(json!({ "on": on, "says": describe::relay_message(&message) }));
    }

    /// The other end of a link sends this as it is.
    pub(crate) fn sends(&mut self, on: usize, frame: &[u8]) {
        self.peer
            .handle_frame(self.now, LinkId(on as u64), frame.to_vec());
        self.step(json!({ "on": on, "sends": hex(frame) }));
    }

    /// A link is gone.
    pub(crate) fn ends(&mut self, on: usize) {
        self.peer.handle_closed(self.now, LinkId(on as u64));
        self.sessions[on] = None;
        self.step(json!({ "on": on, "ends": true }));
    }

    pub(crate) fn waits(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.peer.handle_timeout(self.now);
        self.step(json!({ "waits": seconds }));
    }

    /// The other end of a link opens a circuit to the peer itself; gives the other end of that.
    pub(crate) fn reaches(&mut self, on: usize, circuit: u32, secret: u8, ring: &str) -> Far {
        let target = self.peer.node().id();
        let open = RelayMessage::Open {
            circuit,
            target,
            relay: None,
        };
        let [share, nonce] = self.draw();
        self.sides.push(
            json!({ "on": on, "circuit": circuit, "share": hex(&share), "nonce": hex(&nonce) }),
        );
        self.says(on, open);
        let hello = self.heard();
        assert_eq!(hello[HEADER..][..32], nonce, "{}", self.name);
        Far {
            on,
            circuit,
            side: Side::new(Role::Initiator, secret, 0, ring),
            hello,
            session: None,
        }
    }

    /// The last frame that the peer sent on a circuit, with the circuit's number taken off.
    fn heard(&self) -> Vec<u8> {
        let says = self.steps.last().unwrap()["then"].as_array().unwrap();
        let text = says.iter().rev().find_map(|said| said["sends"].as_str());
        let text = text.unwrap_or_else(|| panic!("{}: no frame", self.name));
        let mut bytes = HEXLOWER.decode(text.as_bytes()).unwrap();
        Frame::put_on(0, &mut bytes);
        bytes
    }

    /// Adds the peer's outputs to the step that caused them.
    fn step(&mut self, mut step: Value) {
        let mut then = Vec::new();
        while let Some(output) = self.peer.poll_output() {
            match output {
                Output::Send { link, frame } => {
                    self.peer.handle_written(self.now, link, frame.len());
                    then.extend(self.said(link, &frame));
                }
                Output::Close { link, reason: why } => {
                    then.push(json!({ "on": link.0, "closes": reason(why) }));
                }
                _ => {}
            }
        }
        step["then"] = Value::Array(then);
        self.steps.push(step);
    }

    fn said(&mut self, link: LinkId, frame: &[u8]) -> Option<Value> {
        if Frame::circuit_of(frame) != Some(0) {
            return Some(json!({ "on": link.0, "sends": hex(frame) }));
        }
        let index = usize::try_from(link.0).unwrap();
        let opened = self.sessions[index].as_mut().unwrap().open(frame).unwrap();
        let frame = Frame::decode(opened).unwrap();
        (frame.kind == FrameType::Relay).then(|| {
            let said = RelayMessage::decode(frame.body).unwrap();
            json!({ "on": link.0, "says": describe::relay_message(&said) })
        })
    }

    /// Returns the peer's outputs of the last step.
    pub(crate) fn then(&self) -> &[Value] {
        self.steps.last().unwrap()["then"].as_array().unwrap()
    }

    /// The last step made the peer close this link for this reason.
    pub(crate) fn closed(self, on: usize, why: &str) -> Value {
        let closes = json!({ "on": on, "closes": why });
        assert!(
            self.then().contains(&closes),
            "{}: {:?}",
            self.name,
            self.then()
        );
        self.vector()
    }

    /// The last step made the peer close this circuit for this reason, and no link.
    pub(crate) fn refused(self, on: usize, circuit: u32, why: u8) -> Value {
        let close = json!({ "Close": { "circuit": circuit, "reason": why } });
        let expected = [json!({ "on": on, "says": close })];
        assert_eq!(self.then(), expected, "{}", self.name);
        self.vector()
    }

    pub(crate) fn vector(self) -> Value {
        json!({
            "name": self.name,
            "ring": RING,
            "secret": hex(&[PEER; 32]),
            "card": { "index": 0, "version": 9, "addresses": [URL] },
            "relays": self.reach == Reach::Direct,
            "leases": LEASES,
            "circuits": CIRCUITS,
            "sides": self.sides,
            "steps": self.steps,
        })
    }
}

/// The other end of a circuit that ends at the peer.
pub(crate) struct Far {
    pub(crate) on: usize,
    pub(crate) circuit: u32,
    side: Side,
    hello: Vec<u8>,
    session: Option<Session>,
}

impl Far {
    /// A frame as it travels.
    pub(crate) fn numbered(&self, mut frame: Vec<u8>) -> Vec<u8> {
        Frame::put_on(self.circuit, &mut frame);
        frame
    }

    pub(crate) fn says_hello(&self, play: &mut Play) {
        play.sends(self.on, &self.numbered(self.side.hello.clone()));
    }

    /// From hello to introduction.
    pub(crate) fn introduces_itself(&mut self, play: &mut Play) {
        let proof = self.side.proof(&self.hello);
        self.says_hello(play);
        let mut session = self.side.session(&play.heard());
        play.sends(self.on, &self.numbered(proof));
        assert!(session.open(&play.heard()).is_ok());
        let body = encode_contact(&self.side.card(&[])).unwrap();
        let introduction = sealed(&mut session, FrameType::Introduction, &body);
        self.session = Some(session);
        play.sends(self.on, &self.numbered(introduction));
    }

    /// A sealed frame as it travels.
    pub(crate) fn sealed(&mut self, kind: FrameType, body: &[u8]) -> Vec<u8> {
        let frame = sealed(self.session.as_mut().unwrap(), kind, body);
        self.numbered(frame)
    }

    /// A frame with the number on it before it is sealed.
    pub(crate) fn sealed_too_late(&mut self, kind: FrameType, body: &[u8]) -> Vec<u8> {
        let frame = self.numbered(Frame::on_link(kind, body).encode());
        self.session.as_mut().unwrap().seal(frame)
    }

    pub(crate) fn card(&self, version: u64) -> Vec<u8> {
        let card = Contact::sign(Space::FULL, &self.side.signer(), 0, version, vec![]);
        encode_contact(&card.unwrap()).unwrap()
    }
}
