//! A peer under attack: what is done to it, step by step, and whether it keeps within its limits.

use std::time::Duration;

use chordscope_core::base::contact::Address;
use chordscope_core::base::content::ContentId;
use chordscope_core::base::features::Features;
use chordscope_core::base::identity::Signer;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::link::LinkId;
use chordscope_core::link::relay_message::RelayMessage;
use chordscope_core::node::api::{Level, StorageEvent};
use chordscope_core::node::config::Config as NodeConfig;
use chordscope_core::peer::api::Output;
use chordscope_core::peer::{Config, Limits, Peer, Reach};
use chordscope_core::store::record::Name;
use chordscope_core::wire::frame::{Frame, FrameType, HEADER};

use crate::ends::{End, id_of, open};
use crate::files::{files, part};
use crate::{FULL, MAX_ANSWER, NODE_LIMITS, PEER, PER_CIRCUIT, RING, limits};

/// Bytes of a segment.
const SEGMENT: usize = 64 * 1024;

pub(crate) struct Attack {
    pub(crate) peer: Peer,
    pub(crate) limits: Limits,
    pub(crate) rng: Rng,
    pub(crate) now: Instant,
    pub(crate) ends: Vec<End>,
    pub(crate) dials: Vec<Address>,
    pub(crate) storing: Vec<u64>,
    /// The tokens of groups' saves under way.
    pub(crate) groups: Vec<u64>,
    /// Segments that the peer wants read, and written.
    pub(crate) reading: Vec<(ContentId, u32)>,
    pub(crate) writing: Vec<(ContentId, u32)>,
    /// Frames from either side, to be said again.
    pub(crate) seen: Vec<Vec<u8>>,
    pub(crate) written: Vec<(LinkId, usize)>,
    pub(crate) next_link: u64,
}

impl Attack {
    pub(crate) fn new(rng: Rng, reach: Reach, limits: Limits) -> Self {
        let mut rng = rng;
        let config = Config {
            node: NodeConfig {
                limits: NODE_LIMITS,
                ..NodeConfig::default()
            },
            index: 0,
            ring: RING.into(),
            reach,
            features: Features::ALL,
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
            groups: Vec::new(),
            reading: Vec::new(),
            writing: Vec::new(),
            seen: Vec::new(),
            written: Vec::new(),
            next_link: 0,
        }
    }

    /// An attack that begins with nobody, or beside those who keep to the protocol so far: two tabs and two others that have
    /// circuits to them.
    pub(crate) fn drawn(seed: u64) -> Self {
        let mut rng = Rng::from_seed(seed, 0);
        let reach = match rng.below(4) {
            0 => Reach::Relayed,
            _ => Reach::Direct,
        };
        let mut attack = Self::new(rng, reach, limits());
        attack.begin_files();
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

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.rng.below(bound as u64)).unwrap()
    }

    pub(crate) fn chance(&mut self, one_in: u64) -> bool {
        self.rng.below(one_in) == 0
    }

    pub(crate) fn noise(&mut self, most: usize) -> Vec<u8> {
        let mut bytes = vec![0; self.below(most + 1)];
        self.rng.fill(&mut bytes);
        bytes
    }

    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        let at = self.below(from.len().max(1));
        from.get(at).cloned()
    }

    /// Carries out the peer's outputs, and checks that it keeps within its limits.
    pub(crate) fn settle(&mut self) {
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
                Output::StoreGroups { token, .. } => self.groups.push(token),
                Output::ReadSegment { content, index } => self.reading.push((content, index)),
                Output::WriteSegment {
                    content,
                    index,
                    pieces,
                } => {
                    assert_eq!(
                        pieces.concat(),
                        part(&files()[1].0, index),
                        "only what is right"
                    );
                    self.writing.push((content, index));
                }
                Output::DropRecord(_) | Output::DropEntries(_) => {}
                Output::SetAside(_) | Output::Event(_) => {}
            }
        }
        assert!(answered <= MAX_ANSWER, "{answered} bytes at once");
        self.check();
    }

    pub(crate) fn check(&self) {
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
        let (storing, groups) = (self.storing.len(), self.groups.len());
        assert!(storing <= NODE_LIMITS.storing, "storing {storing}");
        assert!(groups <= NODE_LIMITS.storing, "storing {groups} for groups");
        let buffered = peer.swarm().buffered();
        assert!(buffered <= most.swarm.buffered + SEGMENT, "buffered");
        for content in peer.swarm().contents() {
            let view = peer.swarm().view(self.now, content).unwrap();
            assert!(view.sources.len() <= most.swarm.sources, "sources");
        }
        let lists = node.membership().successors().entries().len();
        assert!(
            lists <= usize::from(node.membership().successors().limit()),
            "successors"
        );
    }

    pub(crate) fn says(&mut self, link: LinkId, message: RelayMessage) {
        let of = |end: &&mut End| end.link == link && end.circuit == 0;
        if let Some(end) = self.ends.iter_mut().find(of) {
            let frame = end.sealed(FrameType::Relay, &message.encode());
            self.send(link, &frame);
        }
    }

    pub(crate) fn send(&mut self, link: LinkId, frame: &[u8]) {
        if self.seen.len() < 200 && frame.len() < 2_000 {
            self.seen.push(frame.to_vec());
        }
        self.peer.handle_frame(self.now, link, frame.to_vec());
        self.settle();
    }

    pub(crate) fn step(&mut self) {
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
                let kinds = [1, 2, 3, 4, 0x10, 0x11, 0x12];
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
    pub(crate) fn flood(&mut self, link: LinkId) {
        let circuit = u32::try_from(1 + self.below(8)).unwrap();
        let length = [HEADER, 512, 30_000, 30_000, 69_656][self.below(5)];
        let mut frame = vec![0; length];
        Frame::put_on(circuit, &mut frame);
        for _ in 0..self.below(24) {
            self.send(link, &frame);
        }
    }

    pub(crate) fn owner_acts(&mut self) {
        let groups = std::mem::take(&mut self.groups);
        for token in std::mem::take(&mut self.storing).into_iter().chain(groups) {
            let event = match self.chance(4) {
                true => StorageEvent::Failed(token),
                false => StorageEvent::Stored(token),
            };
            self.peer.handle_storage(self.now, event);
        }
        for (content, index) in std::mem::take(&mut self.reading) {
            let bytes = Some(part(&files()[0].0, index).to_vec()).filter(|_| !self.chance(16));
            self.peer
                .handle_segment_read(self.now, content, index, bytes);
        }
        for (content, index) in std::mem::take(&mut self.writing) {
            let done = !self.chance(16);
            self.peer
                .handle_segment_written(self.now, content, index, done);
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
            2 => drop(
                self.peer
                    .get(self.now, Name::new("name 1").unwrap(), Level::One),
            ),
            _ => {}
        }
        self.settle();
    }
}
