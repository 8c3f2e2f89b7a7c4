//! Whatever comes over links and circuits, in whatever stage they are: a peer does not panic, and holds no more than its
//! limits say.
//!
//! Each case is drawn from a seed; `SEED=` with the number that a failure names plays one again.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use chordscope_core::base::contact::{Address, Contact};
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::identity::Signer;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::message::{
    Forward, Found, Neighbours, Notice, Question, Request as Ask, Response as Answer,
};
use chordscope_core::chord::route::{Routing, Step};
use chordscope_core::link::LinkId;
use chordscope_core::link::handshake::{Handshake, Progress};
use chordscope_core::link::relay;
use chordscope_core::link::relay_message::RelayMessage;
use chordscope_core::link::session::{Role, Session};
use chordscope_core::message::{Message, Request, Response};
use chordscope_core::node::api::StorageEvent;
use chordscope_core::node::config::{Config as NodeConfig, Limits as NodeLimits};
use chordscope_core::peer::api::Output;
use chordscope_core::peer::{Config, Limits, Peer, Reach};
use chordscope_core::store::message::{Copy, Request as Keep};
use chordscope_core::store::record::{Name, Record};
use chordscope_core::wire::codec::{encode_contact, encode_message};
use chordscope_core::wire::frame::{Frame, FrameType, HEADER, MAX_FRAME};

const CASES: u64 = 250;
const STEPS: u64 = 40;
const RING: &str = "main";
const PEER: u8 = 1;
/// The steps of a handshake.
const FULL: u64 = 3;
/// The secrets of those who attack it.
const FOES: u64 = 6;
/// What an own circuit may hold beyond what relaying may: what waits for credit, and what was given.
const PER_CIRCUIT: usize = 2 << 20;
/// The longest answer to one step: some frames of the longest kind.
const MAX_ANSWER: usize = 8 << 20;

fn limits() -> Limits {
    Limits {
        links: 10,
        dials: 3,
        waiting_bytes: 2_048,
        relay: relay::Limits {
            leases: 2,
            circuits: 5,
            circuits_per_link: 4,
            bytes: 300_000,
        },
    }
}

const NODE_LIMITS: NodeLimits = NodeLimits {
    requests: 32,
    lookups: 4,
    operations: 4,
    storing: 3,
    neighbours: 8,
    records: 5,
    record_bytes: 50_000,
};

/// The other end of a link or circuit: what it needs to go on rightly, if it wants to.
struct End {
    link: LinkId,
    circuit: u32,
    signer: Signer,
    handshake: Handshake,
    mine: Vec<u8>,
    /// The first two frames of the peer.
    theirs: Vec<Vec<u8>>,
    session: Option<Session>,
}

impl End {
    fn sealed(&mut self, kind: FrameType, body: &[u8]) -> Vec<u8> {
        let frame = Frame::on_link(kind, body).encode();
        let mut frame = match &mut self.session {
            Some(session) => session.seal(frame),
            None => frame,
        };
        Frame::put_on(self.circuit, &mut frame);
        frame
    }

    /// The frame that is right at this stage of the handshake.
    fn next_frame(&mut self, stage: u64) -> Option<Vec<u8>> {
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

struct Attack {
    peer: Peer,
    limits: Limits,
    rng: Rng,
    now: Instant,
    ends: Vec<End>,
    dials: Vec<Address>,
    storing: Vec<u64>,
    /// Frames from either side, to be said again.
    seen: Vec<Vec<u8>>,
    written: Vec<(LinkId, usize)>,
    next_link: u64,
}

fn signer(secret: u64) -> Signer {
    Signer::ed25519([u8::try_from(secret).unwrap(); 32])
}

fn id_of(secret: u64) -> Id {
    card(secret, 1).id()
}

const fn open(circuit: u32, target: Id) -> RelayMessage {
    RelayMessage::Open {
        circuit,
        target,
        relay: None,
    }
}

fn card(secret: u64, version: u64) -> Contact {
    let address = Address::Socket(format!("ws://foe-{secret}/ws"));
    Contact::sign(Space::FULL, &signer(secret), 0, version, vec![address]).unwrap()
}

impl Attack {
    fn new(rng: Rng, reach: Reach, limits: Limits) -> Self {
        let mut rng = rng;
        let config = Config {
            node: NodeConfig {
                limits: NODE_LIMITS,
                ..NodeConfig::default()
            },
            ring: RING.into(),
            reach,
            limits: limits.clone(),
        };
        let addresses = match reach {
            Reach::Direct => vec![Address::Socket("ws://peer/ws".into())],
            Reach::Relayed => vec![],
        };
        let signer = Signer::ed25519([PEER; 32]);
        let peer = Peer::new(config, signer, addresses, 1, rng.bytes32()).unwrap();
        Self {
            peer,
            limits,
            rng,
            now: Instant::from_millis(1),
            ends: Vec::new(),
            dials: Vec::new(),
            storing: Vec::new(),
            seen: Vec::new(),
            written: Vec::new(),
            next_link: 0,
        }
    }

    /// An attack that begins with nobody, or beside those who keep to the protocol so far: two tabs and two others that have
    /// circuits to them.
    fn drawn(seed: u64) -> Self {
        let mut rng = Rng::from_seed(seed, 0);
        let reach = match rng.below(4) {
            0 => Reach::Relayed,
            _ => Reach::Direct,
        };
        let mut attack = Self::new(rng, reach, limits());
        if attack.chance(2) {
            attack.peer.create(attack.now);
            attack.settle();
        }
        if attack.chance(4) {
            return attack;
        }
        let tabs = [2, 3].map(|secret| attack.tab(secret));
        let others = [4, 5].map(|secret| attack.accepted(secret, FULL));
        for (number, other) in others.into_iter().enumerate() {
            let bytes = 700_000;
            attack.says(other, open(1, id_of(2)));
            attack.says(other, open(3, id_of(3)));
            let circuit = 2 + 2 * u32::try_from(number).unwrap();
            for tab in tabs {
                attack.says(tab, RelayMessage::Credit { circuit, bytes });
            }
            attack.begin_circuit(other, 5, FULL);
        }
        attack
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.rng.below(bound as u64)).unwrap()
    }

    fn chance(&mut self, one_in: u64) -> bool {
        self.rng.below(one_in) == 0
    }

    fn noise(&mut self, most: usize) -> Vec<u8> {
        let mut bytes = vec![0; self.below(most + 1)];
        self.rng.fill(&mut bytes);
        bytes
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        let at = self.below(from.len().max(1));
        from.get(at).cloned()
    }

    /// A foe, the peer itself, or nobody.
    fn any_id(&mut self) -> Id {
        match self.rng.below(8) {
            0 => self.peer.node().id(),
            1 => Id::from_bytes(self.rng.bytes32()[..20].try_into().unwrap()),
            foe => id_of(2 + foe % FOES),
        }
    }

    fn any_card(&mut self) -> Contact {
        let secret = 2 + self.rng.below(FOES);
        let version = 1 + self.rng.below(3);
        if self.chance(2) {
            return card(secret, version);
        }
        let relays = [card(2, 1), card(3, 1)];
        Contact::sign_relayed(Space::FULL, &signer(secret), 0, version, vec![], &relays).unwrap()
    }

    fn neighbours(&mut self) -> Neighbours {
        let predecessor = self.chance(2).then(|| self.any_card());
        let count = self.below(3);
        Neighbours {
            predecessor,
            successors: (0..count).map(|_| self.any_card()).collect(),
        }
    }

    fn any_message(&mut self) -> Message {
        let number = self.rng.below(64);
        let ask = |ask| Message::Request(number, Request::Chord(ask));
        let keep = |keep| Message::Request(number, Request::Store(keep));
        let answer = |answer| Message::Response(number, Response::Chord(answer));
        match self.rng.below(14) {
            0 => ask(Ask::Ping),
            1 => ask(Ask::Neighbours),
            2 => ask(Ask::Step(Question {
                lookup: number,
                key: self.any_id(),
                routing: Routing::Finger,
                arrived: self.chance(2),
                avoid: vec![self.any_id()],
            })),
            3 => ask(Ask::Forward(Box::new(Forward {
                lookup: number,
                origin: self.any_card(),
                key: self.any_id(),
                routing: Routing::Linear,
                arrived: self.chance(2),
                path: vec![self.any_id(); self.below(1_024)],
            }))),
            4 => keep(Keep::Read(self.any_id())),
            5 | 6 => keep(Keep::Write(Box::new(self.any_copy()))),
            7 => {
                let version = self.any_copy().record.version();
                keep(Keep::Offer(vec![(self.any_id(), version); self.below(256)]))
            }
            8 => answer(Answer::Neighbours(self.neighbours())),
            9 => answer(Answer::Step(Step::Here, self.neighbours())),
            10 => answer(Answer::Step(
                Step::Along(self.any_card()),
                Neighbours::default(),
            )),
            11 => Message::Notice(Notice::Notify),
            12 => Message::Notice(Notice::Leaving(self.neighbours())),
            _ => Message::Notice(Notice::Found(Found {
                lookup: number,
                path: vec![self.any_id()],
                neighbours: self.neighbours(),
            })),
        }
    }

    fn any_copy(&mut self) -> Copy {
        let name = Name::new(format!("name {}", self.rng.below(8))).unwrap();
        let value = self.noise(30_000);
        let life = Duration::from_secs(60);
        let sequence = self.rng.below(4);
        let record = Record::sign(&signer(2), name, Some(value), sequence, life).unwrap();
        Copy {
            record,
            remaining: 60,
        }
    }

    fn any_relay_message(&mut self) -> RelayMessage {
        let circuit = match self.rng.below(12) {
            0 => u32::MAX,
            small => u32::try_from(small).unwrap(),
        };
        match self.rng.below(10) {
            0 | 1 => RelayMessage::Lease,
            2 => RelayMessage::Leased {
                grace: 30,
                circuits: 9,
            },
            3 => RelayMessage::Refused(18),
            4 => RelayMessage::Close { circuit, reason: 9 },
            5 => RelayMessage::Credit {
                circuit,
                bytes: [0, 1, 70_000, u32::MAX][self.below(4)],
            },
            6 if self.chance(3) => RelayMessage::Release,
            _ => RelayMessage::Open {
                // Odd ones are right on most links.
                circuit: circuit | 1,
                target: self.any_id(),
                relay: self.chance(4).then(|| self.any_id()),
            },
        }
    }

    /// A body for some type of frame.
    fn any_body(&mut self) -> (FrameType, Vec<u8>) {
        match self.rng.below(8) {
            0 | 1 => (FrameType::Relay, self.any_relay_message().encode()),
            2 => {
                let card = self.any_card();
                (FrameType::Introduction, encode_contact(&card).unwrap())
            }
            3 => (FrameType::Data, self.noise(1_000)),
            4 => (FrameType::Data, vec![0; self.below(MAX_FRAME - HEADER + 1)]),
            5 => (FrameType::Hello, self.noise(150)),
            _ => {
                let message = self.any_message();
                (FrameType::Message, encode_message(&message).unwrap())
            }
        }
    }

    fn flip(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.rng.below(3) {
            let at = self.below(bytes.len().max(1));
            match self.rng.below(4) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at.min(bytes.len()), 0),
                _ => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 1 << self.rng.below(8);
                    }
                }
            }
        }
    }

    /// What the peer wants done, and whether it keeps within its limits.
    fn settle(&mut self) {
        let mut answered = 0;
        while let Some(output) = self.peer.poll_output() {
            match output {
                Output::Send { link, frame } => {
                    answered += frame.len();
                    self.written.push((link, frame.len()));
                    self.hear(link, &frame);
                    if self.seen.len() < 200 && frame.len() < 2_000 {
                        self.seen.push(frame);
                    }
                }
                Output::Dial(address) => self.dials.push(address),
                Output::Close { link, .. } => self.ends.retain(|end| end.link != link),
                Output::StoreRecord { token, .. } => self.storing.push(token),
                Output::DropRecord(_) | Output::Event(_) => {}
            }
        }
        assert!(answered <= MAX_ANSWER, "{answered} bytes at once");
        self.check();
    }

    fn check(&self) {
        let peer = &self.peer;
        let most = &self.limits;
        assert!(peer.links().count() <= most.links, "links");
        let (circuits, leases) = peer.relayed();
        assert!(circuits <= most.relay.circuits, "circuits");
        assert!(leases <= most.relay.leases, "leases");
        let own = peer.links().filter(|link| link.via.is_some()).count();
        let queued = peer.queued_bytes();
        assert!(
            queued <= most.relay.bytes + own * PER_CIRCUIT,
            "{queued} bytes wait"
        );
        // Besides those for messages it dials for a relay or two, and to join.
        assert!(self.dials.len() <= most.dials + 4, "dials");
        let node = peer.node();
        assert!(node.outstanding() <= NODE_LIMITS.requests, "questions");
        assert!(node.records().len() <= NODE_LIMITS.records, "records");
        assert!(self.storing.len() <= NODE_LIMITS.storing, "storing");
        let lists = node.membership().successors().entries().len();
        assert!(
            lists <= usize::from(node.membership().successors().limit()),
            "successors"
        );
    }

    /// The peer's own side of a handshake, taken in as a right other end would.
    fn hear(&mut self, link: LinkId, frame: &[u8]) {
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
    fn begin(&mut self) {
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
    fn end(&mut self, role: Role, secret: u64, circuit: u32) -> usize {
        let signer = signer(secret);
        let ring = if self.chance(20) { "other" } else { RING };
        let (handshake, mine) = Handshake::start(role, &signer, 0, ring, &mut self.rng);
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

    fn accepted(&mut self, secret: u64, stages: u64) -> LinkId {
        let at = self.end(Role::Initiator, secret, 0);
        let link = self.ends[at].link;
        self.peer.handle_accepted(self.now, link);
        self.settle();
        self.shake_hands(link, 0, stages);
        link
    }

    fn tab(&mut self, secret: u64) -> LinkId {
        let link = self.accepted(secret, FULL);
        self.says(link, RelayMessage::Lease);
        link
    }

    fn begin_circuit(&mut self, carrier: LinkId, circuit: u32, stages: u64) {
        let secret = 2 + self.rng.below(FOES);
        let at = self.end(Role::Initiator, secret, circuit);
        self.ends[at].link = carrier;
        let target = self.peer.node().id();
        self.says(carrier, open(circuit, target));
        self.shake_hands(carrier, circuit, stages);
    }

    /// Hello, proof and introduction, or the first of them.
    fn shake_hands(&mut self, link: LinkId, circuit: u32, stages: u64) {
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

    fn says(&mut self, link: LinkId, message: RelayMessage) {
        let of = |end: &&mut End| end.link == link && end.circuit == 0;
        if let Some(end) = self.ends.iter_mut().find(of) {
            let frame = end.sealed(FrameType::Relay, &message.encode());
            self.send(link, &frame);
        }
    }

    fn send(&mut self, link: LinkId, frame: &[u8]) {
        if self.seen.len() < 200 && frame.len() < 2_000 {
            self.seen.push(frame.to_vec());
        }
        self.peer.handle_frame(self.now, link, frame);
        self.settle();
    }

    fn step(&mut self) {
        if self.ends.is_empty() || self.chance(8) {
            return self.begin();
        }
        let at = self.below(self.ends.len());
        let link = self.ends[at].link;
        match self.rng.below(16) {
            0 => {
                let frame = self.noise(100);
                self.send(link, &frame);
            }
            1 => {
                let mut frame = self.noise(200);
                let kinds = [1, 2, 3, 4, 0x10, 0x11];
                let kind = kinds[self.below(kinds.len())];
                let circuit = u32::try_from(self.below(8)).unwrap();
                frame.splice(0..0, [kind, 0, 0, 0, 0, 0]);
                Frame::put_on(circuit, &mut frame);
                self.send(link, &frame);
            }
            2 | 3 => {
                let message = self.any_relay_message();
                self.says(link, message);
            }
            4..=6 => {
                let (kind, body) = self.any_body();
                let frame = self.ends[at].sealed(kind, &body);
                self.send(link, &frame);
            }
            7 => {
                let (kind, mut body) = self.any_body();
                self.flip(&mut body);
                let frame = self.ends[at].sealed(kind, &body);
                self.send(link, &frame);
            }
            8 if self.chance(2) => {
                let (kind, body) = self.any_body();
                let mut frame = self.ends[at].sealed(kind, &body);
                self.flip(&mut frame);
                self.send(link, &frame);
            }
            9 => {
                let seen = self.seen.clone();
                let frame = self.pick(&seen).unwrap_or_default();
                self.send(link, &frame);
            }
            10 | 11 => self.flood(link),
            12 => {
                let wait = self.rng.below(6_000);
                self.now += Duration::from_millis(wait);
                self.peer.handle_timeout(self.now);
                self.settle();
                let due = self.peer.poll_timeout().map(|(due, _)| due);
                assert!(due.is_none_or(|due| due > self.now), "nothing is overdue");
            }
            13 => {
                for (link, bytes) in std::mem::take(&mut self.written) {
                    self.peer.handle_written(self.now, link, bytes);
                    self.settle();
                }
            }
            14 => self.owner_acts(),
            _ if self.chance(4) => {
                self.ends.retain(|end| end.link != link);
                self.peer.handle_closed(self.now, link);
                self.settle();
            }
            _ => {}
        }
    }

    /// Many frames on some circuit, as fast as they come.
    fn flood(&mut self, link: LinkId) {
        let circuit = u32::try_from(1 + self.below(8)).unwrap();
        let length = [HEADER, 512, 30_000, 30_000, 69_656][self.below(5)];
        let mut frame = vec![0; length];
        Frame::put_on(circuit, &mut frame);
        for _ in 0..self.below(24) {
            self.send(link, &frame);
        }
    }

    fn owner_acts(&mut self) {
        for token in std::mem::take(&mut self.storing) {
            let event = match self.chance(4) {
                true => StorageEvent::Failed(token),
                false => StorageEvent::Stored(token),
            };
            self.peer.handle_storage(self.now, event);
        }
        if self.chance(2) {
            for address in std::mem::take(&mut self.dials) {
                self.peer.handle_dial_failed(self.now, &address);
            }
        }
        let id = self.any_id();
        match self.rng.below(4) {
            // Whether there is room or a link is the peer's to say.
            0 => drop(self.peer.send_data(self.now, id, &[7; 1_000])),
            1 => {
                let contact = self.any_card();
                self.peer.reach(self.now, &contact);
            }
            2 => drop(self.peer.get(self.now, Name::new("name 1").unwrap())),
            _ => {}
        }
        self.settle();
    }
}

/// Tells the seed of a case that fails.
struct Case(u64);

impl Drop for Case {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("SEED={} plays this case again", self.0);
        }
    }
}

#[test]
fn a_peer_survives_whatever_comes_within_its_limits() {
    let given: Option<u64> = std::env::var("SEED").ok().map(|seed| seed.parse().unwrap());
    let seeds = given.map_or(0..CASES, |seed| seed..seed + 1);
    let mut reached = [0_usize; 4];
    for seed in seeds.clone() {
        let _case = Case(seed);
        let mut attack = Attack::drawn(seed);
        for _ in 0..STEPS {
            attack.step();
            let (circuits, leases) = attack.peer.relayed();
            let own = attack.peer.links().filter(|link| link.via.is_some());
            let open = own.filter(|link| link.contact.is_some()).count();
            let queued = attack.peer.queued_bytes();
            for (most, now) in reached.iter_mut().zip([circuits, leases, open, queued]) {
                *most = now.max(*most);
            }
        }
    }
    if given.is_none() {
        // Else the attack would not be one.
        assert!(reached.iter().all(|most| *most > 0), "{reached:?}");
    }
}

#[test]
fn many_receivers_that_are_a_little_behind_hold_no_more_than_the_relay_may() {
    let tabs = 80;
    let most = 1_000_000;
    let limits = Limits {
        links: 100,
        relay: relay::Limits {
            leases: tabs,
            bytes: most,
            ..relay::Limits::default()
        },
        ..Limits::default()
    };
    let mut attack = Attack::new(Rng::from_seed(1, 0), Reach::Direct, limits);
    let behind = 15_000;
    let mut reached = 0;
    let sender = attack.accepted(2, FULL);
    for number in 0..tabs {
        let secret = 3 + number as u64;
        let tab = attack.tab(secret);
        let circuit = 1 + 2 * u32::try_from(number).unwrap();
        attack.says(sender, open(circuit, id_of(secret)));
        let bytes = 2 * behind;
        attack.says(tab, RelayMessage::Credit { circuit: 2, bytes });
        let mut frame = vec![0; 1_024];
        Frame::put_on(circuit, &mut frame);
        // What a socket takes before it says that it has written anything, and a bit more.
        for _ in 0..256 + behind as usize / 1_024 {
            attack.send(sender, &frame);
            reached = attack.peer.queued_bytes().max(reached);
            assert!(reached <= most, "{reached} bytes wait for {number} tabs");
        }
    }
    assert!(reached > most - 2_000, "{reached}");
}
