//! Peers in pairs and rings, over links that lose nothing.

use alloc::vec;

use super::*;
use crate::link::session::Role;
use crate::peer::api::LinkView;

/// Peers and the links between them; frames arrive at once, time jumps to the next deadline.
struct Net {
    now: Instant,
    peers: Vec<Option<Peer>>,
    ends: BTreeMap<LinkId, (usize, LinkId)>,
    next_link: u64,
    events: Vec<(usize, Event)>,
    frames: VecDeque<(usize, Input)>,
}

enum Input {
    Frame(LinkId, Vec<u8>),
    Closed(LinkId),
}

fn address(index: usize) -> Address {
    Address::parse_url(&alloc::format!("ws://127.0.0.1:{}", 7_000 + index)).unwrap()
}

impl Net {
    fn new() -> Self {
        Self {
            now: Instant::ZERO,
            peers: Vec::new(),
            ends: BTreeMap::new(),
            next_link: 0,
            events: Vec::new(),
            frames: VecDeque::new(),
        }
    }

    fn add(&mut self) -> usize {
        let index = self.peers.len();
        let secret = [u8::try_from(index + 1).unwrap(); 32];
        let peer = Peer::new(
            Config::default(),
            Signer::ed25519(secret),
            vec![address(index)],
            1,
            secret,
        );
        self.peers.push(Some(peer.unwrap()));
        index
    }

    fn ring(count: usize) -> Self {
        let mut net = Self::new();
        for index in 0..count {
            net.add();
            let now = net.now;
            let peer = net.peer(index);
            match index {
                0 => peer.create(now),
                _ => peer.join(now, address(0)).unwrap(),
            }
            net.run_for(Duration::from_secs(5));
            let joined = |(who, event): &(usize, Event)| {
                *who == index && *event == Event::Node(NodeEvent::Joined)
            };
            assert!(net.events.iter().any(joined), "peer {index} joined");
        }
        net.run_for(Duration::from_secs(30));
        net
    }

    fn peer(&mut self, index: usize) -> &mut Peer {
        self.peers[index].as_mut().unwrap()
    }

    fn connect(&mut self, from: usize, to: usize, address: &Address) {
        let now = self.now;
        self.next_link += 2;
        let (near, far) = (LinkId(self.next_link), LinkId(self.next_link + 1));
        self.ends.insert(near, (to, far));
        self.ends.insert(far, (from, near));
        self.peer(from).handle_dialed(now, near, address);
        self.peer(to).handle_accepted(now, far);
    }

    /// Carries frames until none is left.
    fn settle(&mut self) {
        loop {
            for index in 0..self.peers.len() {
                while let Some(output) = self.peers[index].as_mut().and_then(Peer::poll_output) {
                    self.carry_out(index, output);
                }
            }
            let Some((to, input)) = self.frames.pop_front() else {
                return;
            };
            let now = self.now;
            if let Some(peer) = &mut self.peers[to] {
                match input {
                    Input::Frame(link, frame) => peer.handle_frame(now, link, &frame),
                    Input::Closed(link) => peer.handle_closed(now, link),
                }
            }
        }
    }

    fn carry_out(&mut self, index: usize, output: Output) {
        let now = self.now;
        match output {
            Output::Send { link, frame } => {
                if let Some((to, far)) = self.ends.get(&link) {
                    self.frames.push_back((*to, Input::Frame(*far, frame)));
                }
            }
            Output::Dial(url) => {
                let to = (0..self.peers.len())
                    .find(|to| address(*to) == url && self.peers[*to].is_some());
                match to {
                    Some(to) => self.connect(index, to, &url),
                    None => self.peer(index).handle_dial_failed(now, &url),
                }
            }
            Output::Close { link, .. } => {
                if let Some((to, far)) = self.ends.get(&link) {
                    self.frames.push_back((*to, Input::Closed(*far)));
                }
            }
            Output::StoreRecord { token, .. } => {
                let stored = StorageEvent::Stored(token);
                self.peer(index).handle_storage(now, stored);
            }
            Output::DropRecord(_) => {}
            Output::Event(event) => self.events.push((index, event)),
        }
    }

    fn run_for(&mut self, duration: Duration) {
        let end = self.now + duration;
        loop {
            self.settle();
            let peers = self.peers.iter().flatten();
            let next = peers.filter_map(Peer::poll_timeout).map(|(at, _)| at).min();
            let Some(at) = next.filter(|at| *at <= end) else {
                break;
            };
            self.now = self.now.max(at);
            let now = self.now;
            for peer in self.peers.iter_mut().flatten() {
                peer.handle_timeout(now);
            }
        }
        self.now = end;
    }

    fn kill(&mut self, index: usize) {
        self.peers[index] = None;
        let lost = self.ends.values().filter(|(to, _)| *to == index);
        let near: Vec<LinkId> = lost.map(|(_, far)| *far).collect();
        // The other ends of the dead peer's links notice at once, as with a reset connection.
        for dead_end in near {
            if let Some((to, far)) = self.ends.get(&dead_end) {
                self.frames.push_back((*to, Input::Closed(*far)));
            }
        }
    }

    fn put(&mut self, at: usize, name: &str, value: &[u8]) -> u8 {
        let now = self.now;
        let name = Name::new(name).unwrap();
        let id = self.peer(at).put(now, name, value.to_vec()).unwrap();
        self.run_for(Duration::from_secs(8));
        let ended = self.events.iter().find_map(|(_, event)| match event {
            Event::Node(NodeEvent::PutEnded(ended, outcome)) if *ended == id => Some(*outcome),
            _ => None,
        });
        self.events.clear();
        ended.unwrap().unwrap().copies
    }

    fn get(&mut self, at: usize, name: &str) -> Option<Vec<u8>> {
        let now = self.now;
        let name = Name::new(name).unwrap();
        let id = self.peer(at).get(now, name).unwrap();
        self.run_for(Duration::from_secs(8));
        let ended = self.events.iter().find_map(|(_, event)| match event {
            Event::Node(NodeEvent::GetEnded(ended, outcome)) if *ended == id => {
                Some(outcome.clone())
            }
            _ => None,
        });
        self.events.clear();
        ended.unwrap().unwrap().and_then(|record| record.value)
    }
}

#[test]
fn peers_form_a_ring_over_real_frames() {
    let mut net = Net::ring(6);
    let members: Vec<_> = net
        .peers
        .iter()
        .flatten()
        .map(|peer| peer.node().membership())
        .collect();
    let health = crate::chord::invariant::Health::of(members);
    assert_eq!(health, crate::chord::invariant::Health::default());
    assert_eq!(net.put(2, "name", b"value"), 3);
    for at in 0..6 {
        assert_eq!(net.get(at, "name"), Some(b"value".to_vec()));
    }
}

#[test]
fn a_value_survives_the_death_of_any_peer() {
    for count in [3, 8] {
        for dead in 0..count {
            let mut net = Net::ring(count);
            for name in ["a", "b", "c", "d"] {
                assert_eq!(net.put(1, name, name.as_bytes()), 3);
            }
            net.kill(dead);
            let at = (dead + 1) % count;
            for name in ["a", "b", "c", "d"] {
                let got = net.get(at, name);
                assert_eq!(
                    got,
                    Some(name.as_bytes().to_vec()),
                    "{dead} of {count} died"
                );
            }
        }
    }
}

#[test]
fn a_deleted_name_is_gone_everywhere() {
    let mut net = Net::ring(4);
    net.put(0, "name", b"value");
    let now = net.now;
    net.peer(3).delete(now, Name::new("name").unwrap()).unwrap();
    net.run_for(Duration::from_secs(5));
    for at in 0..4 {
        assert_eq!(net.get(at, "name"), None);
    }
}

#[test]
fn silence_garbage_and_strangers_are_dropped_and_the_ring_goes_on() {
    let mut net = Net::ring(3);
    let now = net.now;
    let cases: [(&[u8], CloseReason); 3] = [
        (b"garbage", CloseReason::Garbage),
        (&[0x10; 600], CloseReason::TooLarge),
        (&[], CloseReason::Garbage),
    ];
    for (number, (bytes, reason)) in cases.into_iter().enumerate() {
        let link = LinkId(1_000_000 + number as u64);
        net.peer(0).handle_accepted(now, link);
        net.peer(0).handle_frame(now, link, bytes);
        let down = Event::LinkDown {
            link,
            id: None,
            reason,
        };
        net.settle();
        assert!(net.events.contains(&(0, down)), "{reason}");
    }
    let silent = LinkId(2_000_000);
    net.peer(0).handle_accepted(now, silent);
    net.run_for(HANDSHAKE_PATIENCE + Duration::from_millis(1));
    assert_eq!(net.peer(0).drops()[&CloseReason::HandshakeTimeout], 1);
    assert_eq!(net.put(1, "name", b"value"), 3);
}

#[test]
fn a_peer_that_joins_itself_or_nobody_is_told_so() {
    for url in [address(0), address(99)] {
        let mut net = Net::new();
        net.add();
        let now = net.now;
        net.peer(0).join(now, url).unwrap();
        net.run_for(Duration::from_secs(20));
        let failed = (0, Event::Node(NodeEvent::JoinFailed));
        assert!(net.events.contains(&failed), "{:?}", net.events);
    }
}

#[test]
fn there_is_one_link_each_way_at_most() {
    let mut net = Net::ring(8);
    net.run_for(Duration::from_secs(60));
    for peer in net.peers.iter().flatten() {
        let mut seen = alloc::collections::BTreeSet::new();
        for LinkView { role, contact, .. } in peer.links() {
            let id = contact.unwrap().id();
            let way = role == Role::Initiator;
            assert!(seen.insert((id, way)), "two links the same way");
        }
    }
}
