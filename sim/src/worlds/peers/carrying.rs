//! Carrying out the peers' outputs, and the inputs that follow from them.

use alloc::vec::Vec;
use core::time::Duration;

use crate::worlds::peers::{Deed, End, Happening, Peers};
use chordscope_core::base::contact::Address;
use chordscope_core::base::id::Space;
use chordscope_core::link::LinkId;
use chordscope_core::link::reason::CloseReason;
use chordscope_core::node::api::{Event as NodeEvent, Level, StorageEvent};
use chordscope_core::peer::Peer;
use chordscope_core::peer::api::{Event, Output};
use chordscope_core::store::group::Save;

/// The number of bytes that may wait to leave over one link before its owner breaks it, as with real sockets.
const MAX_QUEUED: usize = 2 << 20;

impl Peers {
    /// Makes a partition: from now on these members and the others cannot reach one another; with none, all members can.
    pub fn split(&mut self, apart: &[usize]) {
        self.cut_off = apart.to_vec();
        let across = |end: &&End| {
            let far = self.ends.get(&end.far).map(|far| far.owner);
            far.is_some_and(|far| self.is_cut(end.owner, far))
        };
        let broken = self.ends.values().filter(across);
        let broken: Vec<LinkId> = broken.map(|end| end.far).collect();
        for link in broken {
            self.break_link(link);
        }
    }

    fn is_cut(&self, one: usize, other: usize) -> bool {
        self.cut_off.contains(&one) != self.cut_off.contains(&other)
    }

    pub(super) fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Frame(link, frame) => {
                let Some(owner) = self.ends.get(&link).map(|end| end.owner) else {
                    return;
                };
                self.digest.absorb(&self.now.as_micros().to_le_bytes());
                self.digest.absorb(&link.0.to_le_bytes());
                self.digest.absorb(&frame);
                self.with(owner, |peer, now| peer.handle_frame(now, link, frame));
            }
            Happening::Written(link, bytes) => {
                if let Some(end) = self.ends.get_mut(&link) {
                    end.queued -= bytes;
                    let owner = end.owner;
                    self.with(owner, |peer, now| peer.handle_written(now, link, bytes));
                }
            }
            Happening::Closed(owner, link) => {
                self.ends.remove(&link);
                self.with(owner, |peer, now| peer.handle_closed(now, link));
            }
            Happening::DialFailed(member, address) => {
                self.with(member, |peer, now| peer.handle_dial_failed(now, &address));
            }
            Happening::Read(member, content, index) => {
                let state = self.members.get(member);
                let bytes = state.and_then(|state| state.segments.get(&(content, index)).cloned());
                self.with(member, |peer, now| {
                    peer.handle_segment_read(now, content, index, bytes);
                });
            }
            Happening::Kept(member, life, content, index) => {
                let same = self.members.get(member).map(|state| state.lives) == Some(life);
                if same {
                    self.with(member, |peer, now| {
                        peer.handle_segment_written(now, content, index, true);
                    });
                }
            }
            Happening::Stored(member, life, token) => {
                let same = self.members.get(member).map(|state| state.lives) == Some(life);
                if same {
                    let stored = StorageEvent::Stored(token);
                    self.with(member, |peer, now| peer.handle_storage(now, stored));
                }
            }
        }
    }

    pub(super) fn carry_out(&mut self, member: usize) {
        while let Some(peer) = self
            .members
            .get_mut(member)
            .and_then(|state| state.peer.as_mut())
        {
            let Some(output) = peer.poll_output() else {
                return;
            };
            self.carry_out_one(member, output);
        }
    }

    fn carry_out_one(&mut self, member: usize, output: Output) {
        match output {
            Output::Send { link, frame } => self.send(member, link, frame),
            Output::Dial(address) => self.dial(member, address),
            Output::Close { link, .. } => self.hang_up(link),
            Output::StoreRecord { token, key, copy } => {
                if let Some(state) = self.members.get_mut(member) {
                    state.disk.insert(key, (self.now, copy));
                    let stored = Happening::Stored(member, state.lives, token);
                    self.later(Duration::from_micros(100), stored);
                }
            }
            Output::DropRecord(key) => {
                if let Some(state) = self.members.get_mut(member) {
                    state.disk.remove(&key);
                }
            }
            Output::StoreGroups { token, save } => {
                if let Some(state) = self.members.get_mut(member) {
                    match save {
                        Save::Control(control) => state.control = *control,
                        Save::Entry(entry) => {
                            let key = entry.copy.record.key(Space::FULL);
                            state.entries.insert(key, (self.now, *entry));
                        }
                    }
                    let stored = Happening::Stored(member, state.lives, token);
                    self.later(Duration::from_micros(100), stored);
                }
            }
            Output::DropEntries(keys) | Output::SetAside(keys) => {
                if let Some(state) = self.members.get_mut(member) {
                    state.entries.retain(|key, _| !keys.contains(key));
                }
            }
            Output::ReadSegment { content, index } => {
                let read = Happening::Read(member, content, index);
                self.later(Duration::from_micros(100), read);
            }
            Output::WriteSegment {
                content,
                index,
                pieces,
            } => {
                if let Some(state) = self.members.get_mut(member) {
                    state.segments.insert((content, index), pieces.concat());
                    let kept = Happening::Kept(member, state.lives, content, index);
                    self.later(Duration::from_micros(100), kept);
                }
            }
            Output::Event(event) => {
                if let Some(state) = self.members.get_mut(member) {
                    match &event {
                        Event::Known(known) => state.known.clone_from(known),
                        Event::Node(NodeEvent::Renewing(renewal)) => {
                            let level = Level::of(renewal);
                            state.renewals.insert((renewal.key, level), *renewal);
                        }
                        Event::Node(NodeEvent::RenewalEnded(key, level)) => {
                            state.renewals.remove(&(*key, *level));
                        }
                        _ => {}
                    }
                }
                self.tell(member, event);
            }
        }
    }

    fn send(&mut self, member: usize, link: LinkId, mut frame: Vec<u8>) {
        let bytes = frame.len();
        let queued = self.ends.get(&link).map_or(0, |end| end.queued);
        if queued + bytes > MAX_QUEUED {
            let reason = CloseReason::QueueFull;
            self.with(member, |peer, now| peer.handle_broken(now, link, reason));
            return;
        }
        let cheat = self.members.get(member).and_then(|state| state.cheat);
        let deed = cheat.map_or(Deed::Send, |cheat| cheat(&mut frame));
        let breaks = self
            .rng
            .chance(u64::from(self.conditions.breaks), 1_000_000);
        if breaks {
            self.break_link(link);
            return;
        }
        let (low, high) = self.conditions.latency;
        let latency = self.rng.duration(low, high);
        let Some(end) = self.ends.get_mut(&link) else {
            return;
        };
        let far = end.far;
        let mut arrives = (self.now + latency).max(end.arrives);
        let owner = self.ends.get(&far).map(|far| far.owner);
        let rate = owner.and_then(|owner| self.members.get(owner)?.rate);
        if let Some(rate) = rate {
            let takes = bytes as u64 * 1_000_000 / rate.max(1);
            arrives += Duration::from_micros(takes);
        }
        if let Some(end) = self.ends.get_mut(&link) {
            end.arrives = arrives;
            end.queued += bytes;
        }
        let after = arrives - self.now;
        // With a rate, a frame leaves when the receiver takes it; without, at once.
        let written = rate.map_or(Duration::ZERO, |_| after);
        self.later(written, Happening::Written(link, bytes));
        match deed {
            Deed::Send => self.later(after, Happening::Frame(far, frame)),
            Deed::Drop => {}
            Deed::Twice => {
                self.later(after, Happening::Frame(far, frame.clone()));
                self.later(after, Happening::Frame(far, frame));
            }
        }
    }

    fn dial(&mut self, member: usize, address: Address) {
        let listens = |(index, peer): &(usize, &Peer)| {
            let there = Self::address(*index) == address && !self.is_cut(member, *index);
            there && !peer.node().contact().addresses().is_empty()
        };
        let listener = self.running().find(listens).map(|(index, _)| index);
        let Some(to) = listener else {
            let after = self.conditions.latency.1;
            self.later(after, Happening::DialFailed(member, address));
            return;
        };
        self.links += 2;
        let (near, far) = (LinkId(self.links), LinkId(self.links + 1));
        for (link, owner, far) in [(near, member, far), (far, to, near)] {
            let arrives = self.now + self.conditions.latency.1;
            let end = End {
                owner,
                far,
                arrives,
                queued: 0,
            };
            self.ends.insert(link, end);
        }
        self.with(member, |peer, now| peer.handle_dialed(now, near, &address));
        self.with(to, |peer, now| peer.handle_accepted(now, far));
    }

    /// Closes a link at one end: the other one hears of it behind all that was sent before.
    pub(super) fn hang_up(&mut self, link: LinkId) {
        let Some(end) = self.ends.remove(&link) else {
            return;
        };
        let arrives = end.arrives.max(self.now + self.conditions.latency.0);
        if let Some(owner) = self.ends.get(&end.far).map(|far| far.owner) {
            self.later(arrives - self.now, Happening::Closed(owner, end.far));
        }
    }

    /// The network breaks a link: both ends hear of it.
    pub(super) fn break_link(&mut self, link: LinkId) {
        if let Some(owner) = self.ends.get(&link).map(|end| end.owner) {
            self.hang_up(link);
            self.later(Duration::ZERO, Happening::Closed(owner, link));
        }
    }

    pub(super) fn later(&mut self, after: Duration, happening: Happening) {
        self.coming.push(self.now + after, happening);
    }
}
