//! Uploads: segments that are read for other members and sent to them.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use blake3::hazmat::ChainingValue;

use crate::base::gather::gather;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::swarm::Shared;
use crate::swarm::api::{Event, Failure, Output};
use crate::swarm::choker::Candidate;
use crate::swarm::layout::BLOCK;
use crate::swarm::manifest::{BlockValues, Manifest};
use crate::swarm::message::{Block, Place, Said};
use crate::swarm::rate::Way;
use crate::swarm::source::{Outgoing, Source};
use crate::swarm::transfer::{State, Transfer};

/// The bounds of the bytes that wait at a link: as many as go over it in a quarter of a second, enough to keep it busy, little
/// enough to change one's mind.
const WINDOW: (u64, u64) = (128 * 1024, 1024 * 1024);
/// The time for which a member is told to get elsewhere what it asks for; after [`ALOOF`] it may be told so again.
const TIMEOUT: Duration = Duration::from_secs(2);
/// The same time while nothing waits at any link: then a second copy costs nothing.
const IDLE_TIMEOUT: Duration = Duration::from_secs(1);
const ALOOF: Duration = Duration::from_secs(60);
/// The number of segments among which one is looked for that no member was sent.
const MAX_LOOK: usize = 4_096;
/// Segments that are read for one node before they are sent.
const READ_AHEAD: usize = 2;

impl Transfer {
    /// Takes the chaining values of the blocks, if they come to the content.
    pub(super) fn vouch(&mut self, values: &[ChainingValue], room: &mut usize) {
        let layout = self.manifest().map(Manifest::layout);
        // The digest of a file of one block is no value in a tree.
        let Some(layout) = layout.filter(|layout| layout.count() > 1) else {
            return;
        };
        if Manifest::of_blocks(layout, values).as_ref() == self.manifest() {
            for (index, values) in (0..).zip(layout.parts(values)) {
                self.checked.insert(index, values.into(), room);
            }
        }
    }

    pub(super) fn on_request(&mut self, now: Instant, from: Id, index: u32, shared: &mut Shared) {
        let has = self.have.contains(index);
        let Some(source) = self.sources.get(&from) else {
            return;
        };
        let is_full = source.requests.len() >= shared.limits.requests;
        if !has || is_full || source.slot.is_none() {
            shared.say(from, self.content, Said::Reject(index, None));
            return;
        }
        if let Some(instead) = self.steer(now, from, index, shared) {
            shared.say(from, self.content, Said::Reject(index, instead));
            return;
        }
        self.offered.insert(index);
        if let Some(source) = self.sources.get_mut(&from) {
            source.requests.push_back(index);
        }
        shared.feed(from, self.content);
        self.serve(now, from, shared);
    }

    /// A seed gives away one copy of everything before it gives anything twice: what others have or are getting they can
    /// pass on. Where they are slow at that, it stops waiting for them.
    fn steer(
        &mut self,
        now: Instant,
        from: Id,
        index: u32,
        shared: &Shared,
    ) -> Option<Option<u32>> {
        // Newcomers need the last segment first: it proves the length.
        let is_last = index + 1 == self.have.count();
        if !self.have.is_full() || is_last || !self.offered.contains(index) {
            return None;
        }
        let has_others = self.sources.len() > 1;
        let source = self.sources.get_mut(&from)?;
        let mut unsent = (index..self.have.count()).chain(0..index).take(MAX_LOOK);
        let instead = unsent.find(|other| {
            !self.offered.contains(*other)
                && !source.has.contains(*other)
                && !source.requests.contains(other)
        });
        if instead.is_some() {
            return Some(instead);
        }
        let since = source.steered.filter(|since| now.since(*since) < ALOOF);
        let since = *source.steered.insert(since.unwrap_or(now));
        let patience = match shared.waiting.is_empty() {
            true => IDLE_TIMEOUT,
            false => TIMEOUT,
        };
        (has_others && now.since(since) < patience).then_some(None)
    }

    /// Segments that no member was sent after all.
    pub(super) fn take_back(&mut self, segments: impl IntoIterator<Item = u32>) {
        for index in segments {
            self.offered.remove(index);
        }
    }

    pub(super) fn serve_all(&mut self, now: Instant, shared: &mut Shared) {
        for id in self.ids() {
            self.serve(now, id, shared);
        }
    }

    /// Returns whether a node waits for blocks.
    pub(super) fn owes(&self, id: Id) -> bool {
        self.sources.get(&id).is_some_and(Source::waits)
    }

    /// Sends a node what it asked for, as far as its link takes it.
    pub(super) fn serve(&mut self, now: Instant, id: Id, shared: &mut Shared) {
        self.read_ahead(id, shared);
        while let Some(block) = self.next_block(now, id, shared) {
            let length = block.bytes().len();
            self.up.record(now, length);
            shared.up.spend(length, Way::Links);
            *shared.waiting.entry(id).or_default() += length;
            shared.outputs.push_back(Output::SendBlock(id, block));
            self.read_ahead(id, shared);
        }
    }

    fn next_block(&mut self, now: Instant, id: Id, shared: &mut Shared) -> Option<Block> {
        let source = self.sources.get_mut(&id)?;
        let waiting = shared.waiting.get(&id).copied().unwrap_or_default();
        let window = (source.up.per_second(now) / 4).clamp(WINDOW.0, WINDOW.1);
        if waiting as u64 >= window || (source.ready.is_empty() && source.wants_digests.is_none()) {
            return None;
        }
        let ready = shared.up.ready(now, Way::Links);
        if ready > now {
            shared.throttle(ready);
            return None;
        }
        let (content, block) = (self.content, BLOCK as usize);
        if let (Some(at), State::Known(known)) = (source.wants_digests.take(), &self.state) {
            let whole = Arc::clone(&known.list);
            let range = at as usize..(at as usize).saturating_add(block).min(whole.len());
            if !range.is_empty() {
                let place = Place::Digests(at);
                return Some(Block {
                    content,
                    place,
                    whole,
                    range,
                    value: None,
                });
            }
        }
        let outgoing = source.ready.front_mut()?;
        let whole = Arc::clone(&outgoing.bytes);
        let range = outgoing.sent..(outgoing.sent + block).min(whole.len());
        let place = Place::Content(outgoing.at + range.start as u64);
        let value = outgoing.values.get(range.start / block).copied();
        outgoing.sent = range.end;
        if range.end == whole.len() {
            source.ready.pop_front();
        }
        source.up.record(now, range.len());
        Some(Block {
            content,
            place,
            whole,
            range,
            value,
        })
    }

    fn read_ahead(&mut self, id: Id, shared: &mut Shared) {
        let Some(source) = self.sources.get_mut(&id) else {
            return;
        };
        while source.ready.len() + source.reading < READ_AHEAD {
            let Some(index) = source.requests.pop_front() else {
                return;
            };
            source.reading += 1;
            let readers = self.read_for.entry(index).or_default();
            readers.push(id);
            if readers.len() == 1 {
                shared.outputs.push_back(Output::Read(self.content, index));
            }
        }
    }

    pub(super) fn on_read(
        &mut self,
        now: Instant,
        index: u32,
        bytes: Option<Vec<u8>>,
        shared: &mut Shared,
    ) {
        let readers = self.read_for.remove(&index).unwrap_or_default();
        // Only checked bytes are passed on: a node that sends wrong ones is banned.
        let good = bytes.and_then(|bytes| {
            let manifest = self.manifest()?;
            let known = self.checked.get(index).cloned();
            let known = known.filter(|_| bytes.len() == manifest.layout().len(index));
            let values = known.or_else(|| manifest.values_of(index, &bytes))?;
            Some((Arc::new(bytes), values))
        });
        let Some((bytes, values)) = good else {
            if !readers.is_empty() && !self.is_spoilt {
                self.is_spoilt = true;
                shared.event(Event::Failed(self.content, Failure::Changed));
            }
            return;
        };
        let layout = self.manifest().map(Manifest::layout);
        let at = layout.map_or(0, |layout| layout.range(index).start);
        let room = &mut shared.room;
        self.checked
            .insert(index, BlockValues::clone(&values), room);
        for id in readers {
            if let Some(source) = self.sources.get_mut(&id) {
                source.reading = source.reading.saturating_sub(1);
                let bytes = Arc::clone(&bytes);
                source.ready.push_back(Outgoing {
                    index,
                    at,
                    bytes,
                    values: BlockValues::clone(&values),
                    sent: 0,
                });
            }
            self.serve(now, id, shared);
        }
    }

    /// Gives slots to the members that the choker has chosen, and takes them from others.
    pub(super) fn give_slots(&mut self, now: Instant, is_round: bool, shared: &mut Shared) {
        let candidate = |source: &Source| Candidate {
            interested: source.wants,
            since: source.slot,
            until: source.slot_until,
            got: source.up.total(),
            gives: source.down.per_second(now),
        };
        let sources = self.sources.iter();
        let candidates: BTreeMap<Id, Candidate> =
            gather(sources.map(|(id, source)| (*id, candidate(source))));
        let is_seed = self.is_complete();
        let slots = self.choker.slots(
            &candidates,
            shared.limits.slots,
            is_round,
            is_seed,
            &mut shared.rng,
        );
        let mut dropped = Vec::new();
        for (id, source) in &mut self.sources {
            let gets = slots.contains(id);
            if gets == source.slot.is_some() {
                continue;
            }
            source.slot = gets.then_some(now);
            if !gets {
                source.slot_until = now;
                for index in source.requests.drain(..) {
                    shared.say(*id, self.content, Said::Reject(index, None));
                    dropped.push(index);
                }
            }
            shared.say(*id, self.content, Said::Choked(!gets));
        }
        self.take_back(dropped);
    }
}
