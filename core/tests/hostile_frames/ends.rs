//! The other ends of links and circuits, some way into their handshakes.

use chordscope_core::base::contact::{Address, Contact};
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::identity::Signer;
use chordscope_core::link::LinkId;
use chordscope_core::link::handshake::{Handshake, Progress};
use chordscope_core::link::relay_message::RelayMessage;
use chordscope_core::link::session::{Role, Session};
use chordscope_core::wire::codec::encode_contact;
use chordscope_core::wire::frame::{Frame, FrameType};

use crate::attack::Attack;
use crate::{FOES, FULL, RING};

/// The other end of a link or circuit: what it needs to go on rightly, if it wants to.
pub(crate) struct End {
    pub(crate) link: LinkId,
    pub(crate) circuit: u32,
    pub(crate) signer: Signer,
    pub(crate) handshake: Handshake,
    pub(crate) mine: Vec<u8>,
    /// The first two frames of the peer.
    pub(crate) theirs: Vec<Vec<u8>>,
    pub(crate) session: Option<Session>,
}

impl End {
    pub(crate) fn sealed(&mut self, kind: FrameType, body: &[u8]) -> Vec<u8> {
        let frame = Frame::on_link(kind, body).encode();
        let mut frame = match &mut self.session {
            Some(session) => session.seal(frame),
            None => frame,
        };
        Frame::put_on(self.circuit, &mut frame);
        frame
    }

    /// The frame that is right at this stage of the handshake.
    pub(crate) fn next_frame(&mut self, stage: u64) -> Option<Vec<u8>> {
        if stage == 0 {
            return Some(self.mine.clone());
        }
        let theirs = self.theirs.get(usize::try_from(stage).unwrap() - 1)?;
        match self.handshake.handle(&self.signer, theirs).ok()? {
            Progress::Reply(proof) => Some(proof),
            Progress::Done { session, .. } => {
                self.session = Some(session);
                let card = Contact::sign(Space::FULL, &self.signer, 0, 1, vec![]).unwrap();
                let body = encode_contact(&card).unwrap();
                Some(self.sealed(FrameType::Introduction, &body))
            }
        }
    }
}

pub(crate) fn signer(secret: u64) -> Signer {
    Signer::ed25519([u8::try_from(secret).unwrap(); 32])
}

pub(crate) fn id_of(secret: u64) -> Id {
    card(secret, 1).id()
}

pub(crate) const fn open(circuit: u32, target: Id) -> RelayMessage {
    RelayMessage::Open {
        circuit,
        target,
        relay: None,
    }
}

pub(crate) fn card(secret: u64, version: u64) -> Contact {
    let address = Address::Socket(format!("ws://foe-{secret}/ws"));
    Contact::sign(Space::FULL, &signer(secret), 0, version, vec![address]).unwrap()
}

impl Attack {
    /// The peer's own side of a handshake, taken in as a right other end would.
    pub(crate) fn hear(&mut self, link: LinkId, frame: &[u8]) {
        let circuit = Frame::circuit_of(frame).unwrap_or(0);
        let mut bare = frame.to_vec();
        Frame::put_on(0, &mut bare);
        let of = |end: &&mut End| end.link == link && end.circuit == circuit;
        if let Some(end) = self.ends.iter_mut().find(of)
            && end.theirs.len() < 2
        {
            end.theirs.push(bare);
        }
    }

    /// A new link, or a circuit to the peer, some way into its handshake.
    pub(crate) fn begin(&mut self) {
        let stages = self.rng.below(FULL + 2).min(FULL);
        let open = |end: &&End| end.circuit == 0 && end.session.is_some();
        let carriers: Vec<LinkId> = self.ends.iter().filter(open).map(|end| end.link).collect();
        let carrier = self.pick(&carriers);
        match self.rng.below(4) {
            0 | 1 if let Some(carrier) = carrier => {
                let circuit = 2 * u32::try_from(self.below(40)).unwrap() + 1;
                self.begin_circuit(carrier, circuit, stages);
            }
            2 if !self.dials.is_empty() => {
                let address = self.dials.remove(0);
                let secret = 2 + self.rng.below(FOES);
                let at = self.end(Role::Responder, secret, 0);
                let link = self.ends[at].link;
                self.peer.handle_dialed(self.now, link, &address);
                self.settle();
                self.shake_hands(link, 0, stages);
            }
            _ => {
                let secret = 2 + self.rng.below(FOES);
                let link = self.accepted(secret, stages);
                if self.chance(2) {
                    self.says(link, RelayMessage::Lease);
                }
            }
        }
    }

    /// The other end of a link or circuit that is yet to begin.
    pub(crate) fn end(&mut self, role: Role, secret: u64, circuit: u32) -> usize {
        let signer = signer(secret);
        let ring = if self.chance(20) { "other" } else { RING };
        let (handshake, mine) = Handshake::start(role, &signer, 0, ring, false, &mut self.rng);
        self.next_link += 1;
        self.ends.push(End {
            link: LinkId(self.next_link),
            circuit,
            signer,
            handshake,
            mine,
            theirs: Vec::new(),
            session: None,
        });
        self.ends.len() - 1
    }

    pub(crate) fn accepted(&mut self, secret: u64, stages: u64) -> LinkId {
        let at = self.end(Role::Initiator, secret, 0);
        let link = self.ends[at].link;
        self.peer.handle_accepted(self.now, link);
        self.settle();
        self.shake_hands(link, 0, stages);
        link
    }

    pub(crate) fn tab(&mut self, secret: u64) -> LinkId {
        let link = self.accepted(secret, FULL);
        self.says(link, RelayMessage::Lease);
        link
    }

    pub(crate) fn begin_circuit(&mut self, carrier: LinkId, circuit: u32, stages: u64) {
        let secret = 2 + self.rng.below(FOES);
        let at = self.end(Role::Initiator, secret, circuit);
        self.ends[at].link = carrier;
        let target = self.peer.node().id();
        self.says(carrier, open(circuit, target));
        self.shake_hands(carrier, circuit, stages);
    }

    /// Hello, proof and introduction, or the first of them.
    pub(crate) fn shake_hands(&mut self, link: LinkId, circuit: u32, stages: u64) {
        for stage in 0..stages {
            let mut ends = self.ends.iter_mut();
            let Some(end) = ends.find(|end| end.link == link && end.circuit == circuit) else {
                return;
            };
            let Some(mut frame) = end.next_frame(stage) else {
                return;
            };
            Frame::put_on(circuit, &mut frame);
            self.send(link, &frame);
        }
    }
}
