//! The complete run loop of an embedder: two peers, one wire between them, a value put at one and read at the other.
//!
//! Run it with `cargo run -p chordscope-core --example two_nodes`.
//!
//! A real program replaces [`Wire`] by sockets and [`Clock`] by its own clock; the loop stays the same: tell the peer what
//! happened, carry out every output, sleep until the next timeout.

use std::collections::{BTreeMap, VecDeque};
use std::error::Error;
use std::time::Duration;

use chordscope_core::base::contact::Address;
use chordscope_core::base::identity::Signer;
use chordscope_core::base::time::Instant;
use chordscope_core::node::api::{Event as NodeEvent, Level, StorageEvent};
use chordscope_core::peer::api::{Event, LinkId, Output};
use chordscope_core::peer::{Config, Peer};
use chordscope_core::store::record::Name;

/// Time for this example: it jumps to whatever comes next. A real program reads a monotonic clock.
struct Clock(Instant);

/// Frames under way. A real program hands them to sockets: one frame is one binary WebSocket message.
#[derive(Default)]
struct Wire {
    frames: VecDeque<(usize, LinkId, Vec<u8>)>,
    /// Each end of a link, with the peer and link at its other end.
    ends: BTreeMap<LinkId, (usize, LinkId)>,
    /// The number of ends so far: no number is used twice.
    numbered: u64,
}

struct Program {
    clock: Clock,
    wire: Wire,
    peers: [Peer; 2],
    /// The events not looked at yet, each with its peer.
    news: VecDeque<(usize, NodeEvent)>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut program = Program {
        clock: Clock(Instant::ZERO),
        wire: Wire::default(),
        peers: [peer(0)?, peer(1)?],
        news: VecDeque::new(),
    };

    // Commands return at once; what comes of them is an event.
    program.peers[0].create(program.clock.0);
    program.peers[1].join(program.clock.0, address(0)?)?;
    while program.next_event() != (1, NodeEvent::Joined) {}
    // The first one learns of its companion a moment later; from then on records have two copies.
    while !matches!(program.next_event(), (0, NodeEvent::Successors(_))) {}
    println!("two peers are one ring");

    let name = Name::new("greeting")?;
    program.peers[0].put(program.clock.0, name.clone(), b"hello".to_vec(), Level::One)?;
    let written = loop {
        if let (_, NodeEvent::PutEnded(_, outcome)) = program.next_event() {
            break outcome?;
        }
    };
    println!(
        "put: sequence {}, {} copies",
        written.sequence, written.copies
    );

    program.peers[1].get(program.clock.0, name, Level::One)?;
    let record = loop {
        if let (_, NodeEvent::GetEnded(_, outcome)) = program.next_event() {
            break outcome?.ok_or("the name is gone")?;
        }
    };
    let value = record.into_value().unwrap_or_default();
    println!("get: {}", String::from_utf8_lossy(&value));
    Ok(())
}

/// The address at which peer `index` would listen.
fn address(index: usize) -> Result<Address, Box<dyn Error>> {
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
    /// Runs until something happens that is worth knowing.
    fn next_event(&mut self) -> (usize, NodeEvent) {
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
            // Files are read and written here; these two share none.
            Output::ReadSegment { .. } | Output::WriteSegment { .. } => {}
            Output::Event(Event::Node(event)) => self.news.push_back((index, event)),
            Output::Event(_) => {}
        }
    }
}
