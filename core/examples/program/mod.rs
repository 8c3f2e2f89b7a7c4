//! The complete run loop of an embedder, for peers with wires between them: the examples beside it say what to do with it.
//!
//! A real program replaces [`Wire`] by sockets, [`Clock`] by its own clock and [`Program::segments`] by files; the loop stays the same:
//! tell the peer what happened, carry out every output, sleep until the next timeout.

#![allow(
    clippy::mod_module_files,
    reason = "a file program.rs beside the examples would be taken for one"
)]

use std::collections::{BTreeMap, VecDeque};
use std::error::Error;
use std::time::Duration;

use chordscope_core::{
    Address, Config, ContentId, Event, Instant, LinkId, Output, Peer, Signer, StorageEvent,
};

/// Time for the examples: it jumps to whatever comes next. A real program reads a monotonic clock.
pub(crate) struct Clock(pub(crate) Instant);

/// Frames under way. A real program hands them to sockets: one frame is one binary WebSocket message.
#[derive(Default)]
pub(crate) struct Wire {
    frames: VecDeque<(usize, LinkId, Vec<u8>)>,
    /// Each end of a link, with the peer and link at its other end.
    ends: BTreeMap<LinkId, (usize, LinkId)>,
    /// The number of ends there have been: no number is used twice.
    numbered: u64,
}

/// Two peers, the wires between them, and what each keeps of files.
pub(crate) struct Program {
    pub(crate) clock: Clock,
    wire: Wire,
    pub(crate) peers: [Peer; 2],
    /// The segments that each peer has. A real program reads and writes files, and hashes what it reads.
    pub(crate) segments: [BTreeMap<(ContentId, u32), Vec<u8>>; 2],
    /// The events at each peer that were not looked at yet.
    news: VecDeque<(usize, Event)>,
}

/// The address at which peer `index` would listen.
pub(crate) fn address(index: usize) -> Result<Address, Box<dyn Error>> {
    Ok(Address::parse_url(&format!("ws://peer-{index}.example"))?)
}

/// A peer with its own key. A real program draws key and seed from the operating system and keeps the key.
fn peer(index: usize) -> Result<Peer, Box<dyn Error>> {
    let secret = [u8::try_from(index)? + 1; 32];
    let signer = Signer::ed25519(secret);
    let addresses = vec![address(index)?];
    Ok(Peer::new(Config::default(), signer, addresses, 1, secret)?)
}

impl Program {
    /// Makes two peers that know nobody yet.
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            clock: Clock(Instant::ZERO),
            wire: Wire::default(),
            peers: [peer(0)?, peer(1)?],
            segments: Default::default(),
            news: VecDeque::new(),
        })
    }

    /// Runs until something happens that is worth knowing, and returns it with the peer that it happened at.
    pub(crate) fn next_event(&mut self) -> (usize, Event) {
        loop {
            self.drain_outputs();
            if let Some(event) = self.news.pop_front() {
                return event;
            }
            if let Some((to, link, frame)) = self.wire.frames.pop_front() {
                self.peers[to].handle_frame(self.clock.0, link, frame);
                continue;
            }
            // Nothing is under way: wait for the earliest deadline.
            let deadlines = self.peers.iter().filter_map(Peer::poll_timeout);
            if let Some(at) = deadlines.map(|(at, _reason)| at).min() {
                self.clock.0 = at.max(self.clock.0) + Duration::from_micros(1);
            }
            for peer in &mut self.peers {
                peer.handle_timeout(self.clock.0);
            }
        }
    }

    /// Carries out what the peers want. After any call into a peer its outputs must be drained.
    fn drain_outputs(&mut self) {
        for index in 0..self.peers.len() {
            while let Some(output) = self.peers[index].poll_output() {
                self.carry_out(index, output);
            }
        }
    }

    fn carry_out(&mut self, index: usize, output: Output) {
        let now = self.clock.0;
        match output {
            Output::Send { link, frame } => {
                // What has left makes room for data and for circuits.
                self.peers[index].handle_written(now, link, frame.len());
                if let Some((to, far)) = self.wire.ends.get(&link) {
                    self.wire.frames.push_back((*to, *far, frame));
                }
            }
            Output::Dial(address) => {
                // There is one other peer to reach.
                let other = 1 - index;
                let fresh = self.wire.numbered;
                self.wire.numbered += 2;
                let (near, far) = (LinkId(fresh), LinkId(fresh + 1));
                self.wire.ends.insert(near, (other, far));
                self.wire.ends.insert(far, (index, near));
                self.peers[index].handle_dialed(now, near, &address);
                self.peers[other].handle_accepted(now, far);
            }
            Output::Close { link, reason } => {
                println!("link {} closes: {reason}", link.0);
                if let Some((to, far)) = self.wire.ends.remove(&link) {
                    self.wire.ends.remove(&far);
                    self.peers[to].handle_closed(now, far);
                }
            }
            Output::StoreRecord { token, .. } | Output::StoreGroups { token, .. } => {
                // A real program writes the record to disk and says so when it is safe.
                self.peers[index].handle_storage(now, StorageEvent::Stored(token));
            }
            Output::DropRecord(_) | Output::DropEntries(_) | Output::SetAside(_) => {}
            Output::ReadSegment {
                content,
                index: segment,
            } => {
                let bytes = self.segments[index].get(&(content, segment)).cloned();
                self.peers[index].handle_segment_read(now, content, segment, bytes);
            }
            Output::WriteSegment {
                content,
                index: segment,
                pieces,
            } => {
                self.segments[index].insert((content, segment), pieces.concat());
                self.peers[index].handle_segment_written(now, content, segment, true);
            }
            Output::Event(event) => self.news.push_back((index, event)),
        }
    }
}
