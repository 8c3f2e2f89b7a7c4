//! Downloads: asking for segments, and taking them in.

use alloc::vec::Vec;

use blake3::hazmat::ChainingValue;
use bytes::Bytes;

use crate::base::id::Id;
use crate::base::time::Instant;
use crate::swarm::Shared;
use crate::swarm::api::{Event, Fault, Output, Pick, Why};
use crate::swarm::layout::BLOCK;
use crate::swarm::manifest::Manifest;
use crate::swarm::message::Said;
use crate::swarm::source::{Pending, Source, Told};
use crate::swarm::transfer::{State, Transfer};

/// The number of sources that are asked for one segment in the endgame, when nothing else is left to ask for.
const ENDGAME: u8 = 2;

impl Transfer {
    pub(super) fn ids(&self) -> Vec<Id> {
        self.sources.keys().copied().collect()
    }

    pub(super) fn fill_all(&mut self, now: Instant, shared: &mut Shared) {
        if !self.is_complete() {
            for id in self.ids() {
                self.fill(now, id, shared);
            }
        }
    }

    /// Asks a source for as much as it may be asked for.
    pub(super) fn fill(&mut self, now: Instant, id: Id, shared: &mut Shared) {
        while let Some((index, why)) = self.next_for(now, id, shared) {
            self.ask(now, id, (index, why), shared);
        }
    }

    fn next_for(&self, now: Instant, id: Id, shared: &mut Shared) -> Option<(u32, Why)> {
        let State::Known(known) = &self.state else {
            return None;
        };
        let source = self.sources.get(&id)?;
        let segment = known.manifest.layout().segment_size();
        let has_room = shared.buffered + segment as usize <= shared.limits.buffered;
        // One segment may always come, however small the limit.
        let may = has_room || shared.buffered == 0;
        if !may || !source.answers(now) || source.pending.len() >= source.depth(now, segment) {
            return None;
        }
        let ready = shared.down.ready(now);
        if ready > now {
            shared.throttle(ready);
            return None;
        }
        let is_free = |index: u32| {
            source.has.contains(index)
                && !source.refuses(now, index)
                && !self.have.contains(index)
                && !self.writing.contains(&index)
                && source.pending.iter().all(|pending| pending.index != index)
        };
        if known.author.is_some() {
            // The last segment proves the length, by which all else goes.
            let last = known.manifest.layout().last();
            let is_wanted = is_free(last) && !self.asked.contains_key(&last);
            return is_wanted.then_some((last, Why::Proof));
        }
        if known.picker.is_all_asked() {
            // Endgame: the last segments are asked of two, so that nobody slow is waited for.
            let mut few = self.asked.iter().filter(|(_, times)| **times < ENDGAME);
            let idle = source.pending.is_empty();
            return few
                .find(|(index, _)| idle && is_free(**index))
                .map(|(index, _)| (*index, Why::Endgame));
        }
        let refused = |index| source.refuses(now, index);
        let have = self.have.len();
        known
            .picker
            .pick(self.order, have, &source.has, refused, &mut shared.rng)
    }

    fn ask(&mut self, now: Instant, id: Id, (index, why): (u32, Why), shared: &mut Shared) {
        if shared.picks.is_some() {
            self.explain(now, id, (index, why), shared);
        }
        let length = self.len(index);
        let (Some(source), State::Known(known)) = (self.sources.get_mut(&id), &mut self.state)
        else {
            return;
        };
        if source.pending.is_empty() {
            source.heard = now;
        }
        source.pending.push(Pending::new(index));
        known.picker.close(index);
        shared.buffered += length;
        *self.asked.entry(index).or_default() += 1;
        shared.say(id, self.content, Said::Request(index));
    }

    /// Keeps the reason of a request that is about to be made.
    fn explain(&self, now: Instant, id: Id, (index, why): (u32, Why), shared: &mut Shared) {
        let (Some(source), State::Known(known)) = (self.sources.get(&id), &self.state) else {
            return;
        };
        let fits = |other: u32| source.has.contains(other) && !source.refuses(now, other);
        shared.picked(Pick {
            content: self.content,
            segment: index,
            source: id,
            copies: known.picker.copies(index),
            among: known.picker.among(index, why, fits),
            why,
        });
    }

    /// Segments that were asked for and will not come from there.
    pub(super) fn reopen(&mut self, pending: Vec<Pending>, shared: &mut Shared) {
        for Pending { index, length, .. } in pending {
            self.wasted += length as u64;
            shared.buffered -= self.len(index);
            let times = self.asked.get_mut(&index);
            let left = times.map_or(0, |times| {
                *times -= 1;
                *times
            });
            if left == 0 {
                self.asked.remove(&index);
            }
            let is_here = self.have.contains(index) || self.writing.contains(&index);
            if let State::Known(known) = &mut self.state
                && left == 0
                && !is_here
            {
                known.picker.open(index);
            }
        }
    }

    pub(super) fn on_reject(
        &mut self,
        now: Instant,
        from: Id,
        index: u32,
        instead: Option<u32>,
        shared: &mut Shared,
    ) {
        let Some(source) = self.sources.get_mut(&from) else {
            return;
        };
        let Some(pending) = source.take(index) else {
            return;
        };
        source.heard = now;
        self.reopen(alloc::vec![pending], shared);
        match instead {
            Some(other) if self.may_take(now, from, other) => {
                let source = self.sources.get_mut(&from);
                match source.is_some_and(Source::leads_astray) {
                    true => self.pass_over(now, from, index),
                    false => self.ask(now, from, (other, Why::Offered), shared),
                }
            }
            Some(other) if self.is_here(other) => self.tell(now, from, index, other, shared),
            _ => self.pass_over(now, from, index),
        }
        self.fill_all(now, shared);
    }

    fn is_here(&self, index: u32) -> bool {
        self.have.contains(index) || self.writing.contains(&index)
    }

    fn pass_over(&mut self, now: Instant, from: Id, refused: u32) {
        if let Some(source) = self.sources.get_mut(&from) {
            source.refuse(now, refused);
        }
    }

    /// Seeds hear nothing of what others have until they offer it instead of what was asked for: they would offer it again and
    /// again. An answer to an earlier question may cross that.
    fn tell(&mut self, now: Instant, from: Id, refused: u32, offered: u32, shared: &mut Shared) {
        let count = self.have.count();
        let Some(source) = self.sources.get_mut(&from) else {
            return;
        };
        match source.tell(offered, count) {
            Told::Now => shared.say(from, self.content, Said::Have(offered)),
            Told::Before => {}
            Told::TooOften => source.refuse(now, refused),
        }
    }

    /// Returns whether a segment that was offered is wanted, and not on its way.
    fn may_take(&self, now: Instant, from: Id, index: u32) -> bool {
        let State::Known(known) = &self.state else {
            return false;
        };
        let source = self.sources.get(&from);
        known.author.is_none()
            && !self.have.contains(index)
            && !self.writing.contains(&index)
            && !self.asked.contains_key(&index)
            && source.is_some_and(|source| source.answers(now) && source.has.contains(index))
    }

    pub(super) fn on_block(
        &mut self,
        now: Instant,
        from: Id,
        at: u64,
        bytes: Bytes,
        value: Option<ChainingValue>,
        shared: &mut Shared,
    ) {
        self.down.record(now, bytes.len());
        let layout = self.manifest().map(Manifest::layout);
        let index = layout.map_or(0, |layout| layout.segment_at(at));
        let (start, end) = layout.map_or((0, 0), |layout| {
            let range = layout.range(index);
            (range.start, range.end)
        });
        let source = self.sources.get_mut(&from);
        let pending = source.and_then(|source| {
            source.down.record(now, bytes.len());
            let fits = |pending: &&mut Pending| {
                let left = end.saturating_sub(at);
                pending.index == index
                    && start + pending.length as u64 == at
                    && bytes.len() as u64 == left.min(BLOCK.into())
            };
            source.heard = now;
            source.pending.iter_mut().find(fits)
        });
        // What was cancelled, or asked for twice, may come nevertheless.
        let (Some(pending), Some(value)) = (pending, value) else {
            self.wasted += bytes.len() as u64;
            return;
        };
        pending.extend(bytes, value);
        if start + pending.length as u64 == end {
            self.on_segment(now, from, index, shared);
        }
    }

    /// Takes in a segment that is here, whole.
    fn on_segment(&mut self, now: Instant, from: Id, index: u32, shared: &mut Shared) {
        let source = self.sources.get_mut(&from);
        let (Some(pending), State::Known(known)) = (
            source.and_then(|source| source.take(index)),
            &mut self.state,
        ) else {
            return;
        };
        if !pending.is_good(&known.manifest) {
            self.reopen(alloc::vec![pending], shared);
            self.ban(now, from, Fault::Segment(index), shared);
            return;
        }
        if let Some(source) = self.sources.get_mut(&from) {
            source.gave();
        }
        let is_proof = index == known.manifest.layout().last() && known.author.is_some();
        if is_proof {
            known.author = None;
            self.drop_wrong_lengths(now, shared);
        }
        // The place in the buffer is free when the segment is written.
        shared.buffered += pending.length;
        self.reopen(alloc::vec![Pending::new(index)], shared);
        self.checked
            .insert(index, pending.values.into(), &mut shared.room);
        self.keep(now, index, pending.blocks, shared);
        self.fill(now, from, shared);
    }

    /// Drops the sources that name another length than the one that is proved by now: they have something else.
    fn drop_wrong_lengths(&mut self, now: Instant, shared: &mut Shared) {
        let length = self.manifest().map(|manifest| manifest.layout().length());
        let others = self.sources.iter();
        let wrong =
            others.filter(|(_, source)| source.length().is_some() && source.length() != length);
        let wrong: Vec<Id> = wrong.map(|(id, _)| *id).collect();
        for id in wrong {
            self.ban(now, id, Fault::Length, shared);
        }
    }

    /// Orders a segment to be written, and cancels it at all other sources.
    pub(super) fn keep(
        &mut self,
        now: Instant,
        index: u32,
        blocks: Vec<Bytes>,
        shared: &mut Shared,
    ) {
        self.writing.insert(index);
        if let State::Known(known) = &mut self.state {
            known.picker.close(index);
        }
        if self.asked.contains_key(&index) {
            for id in self.ids() {
                let source = self.sources.get_mut(&id);
                if let Some(pending) = source.and_then(|source| source.take(index)) {
                    shared.say(id, self.content, Said::Cancel(index));
                    self.reopen(alloc::vec![pending], shared);
                    self.fill(now, id, shared);
                }
            }
        }
        shared
            .outputs
            .push_back(Output::Write(self.content, index, blocks));
    }

    pub(super) fn on_written(&mut self, now: Instant, index: u32, done: bool, shared: &mut Shared) {
        if !self.writing.remove(&index) {
            return;
        }
        shared.buffered -= self.len(index);
        if !done || !self.have.insert(index) {
            return;
        }
        for (id, source) in &self.sources {
            if !source.has.is_full() || source.has.count() == 0 {
                shared.say(*id, self.content, Said::Have(index));
            }
        }
        for id in self.ids() {
            self.update_interest(id, shared);
        }
        if self.is_complete() {
            shared.event(Event::Complete(self.content));
        } else {
            self.fill_all(now, shared);
        }
    }
}
