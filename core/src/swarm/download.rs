//! Asking for segments, and taking them in.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::content::ContentId;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::swarm::Shared;
use crate::swarm::api::{Event, Fault, Output};
use crate::swarm::bitfield::Bitfield;
use crate::swarm::layout::Layout;
use crate::swarm::manifest::Manifest;
use crate::swarm::message::Said;
use crate::swarm::picker::Picker;
use crate::swarm::source::{Pending, Source};
use crate::swarm::transfer::{Describing, Known, State, Transfer};

/// How many sources are asked for one segment when nothing else is left to ask for.
const ENDGAME: u8 = 2;
/// How long somebody who says that it has a content may take to say more of it.
const DESCRIBING: Duration = Duration::from_secs(1);
/// How long a length may stay unproved while somebody names another one; twice as long each time that the same node's does.
const PROVING: Duration = Duration::from_secs(10);
/// How often that doubles at most.
const MAX_DOUBLINGS: u32 = 6;

impl Transfer {
    /// Asks somebody who knows the length for the digests.
    pub(super) fn describe(&mut self, now: Instant, shared: &mut Shared) {
        if !matches!(self.state, State::Named(None)) {
            return;
        }
        let layout_of = |length: Option<u64>| length.and_then(Layout::of);
        let able = self.sources.iter_mut().filter_map(|(id, source)| {
            let rests = source.passed_by.is_some_and(|until| until > now);
            let layout = layout_of(source.length()).filter(|_| !rests)?;
            Some((*id, source, layout))
        });
        // Everybody gets a turn, however many name a length that they never prove.
        let able = able.min_by_key(|(id, source, _)| (source.doubted, *id));
        let Some((author, source, layout)) = able else {
            return;
        };
        source.heard = now;
        let list = Vec::new();
        self.state = State::Named(Some(Describing {
            author,
            layout,
            list,
        }));
        if Manifest::encoded_len(layout) == 0 {
            self.described(now, shared);
        } else {
            shared.say(author, self.content, Said::Digests(0));
        }
    }

    /// Asks somebody else when the one asked says nothing.
    pub(super) fn describe_elsewhere(&mut self, now: Instant, shared: &mut Shared) {
        if let State::Named(Some(describing)) = &self.state
            && let Some(source) = self.sources.get_mut(&describing.author)
            && source.is_silent(now, DESCRIBING)
        {
            source.pass_by(now);
            self.state = State::Named(None);
        }
        if let Some(author) = self.overdue(now)
            && let Some(source) = self.sources.get_mut(&author)
        {
            source.doubted = source.doubted.saturating_add(1);
            self.start_over(now, shared);
        }
        self.describe(now, shared);
    }

    /// Who named a length that it should have proved by now, if somebody else names another one.
    fn overdue(&self, now: Instant) -> Option<Id> {
        let State::Known(known) = &self.state else {
            return None;
        };
        let author = known.author?;
        let doubted = self.sources.get(&author)?.doubted.min(MAX_DOUBLINGS);
        let length = Some(known.manifest.layout().length());
        let mut lengths = self.sources.values().filter_map(Source::length);
        let is_late = now.since(known.since) >= PROVING * (1 << doubted);
        (is_late && lengths.any(|other| Some(other) != length)).then_some(author)
    }

    pub(super) fn on_digests(
        &mut self,
        now: Instant,
        from: Id,
        at: u32,
        bytes: &[u8],
        shared: &mut Shared,
    ) {
        let State::Named(Some(describing)) = &mut self.state else {
            return;
        };
        let wanted = Manifest::encoded_len(describing.layout);
        if describing.author != from || describing.list.len() != at as usize || bytes.is_empty() {
            return;
        }
        if describing.list.len() + bytes.len() > wanted {
            self.ban(now, from, Fault::Digests, shared);
            return;
        }
        describing.list.extend_from_slice(bytes);
        if let Some(source) = self.sources.get_mut(&from) {
            source.heard = now;
        }
        match u32::try_from(describing.list.len()) {
            Ok(next) if (next as usize) < wanted => {
                shared.say(from, self.content, Said::Digests(next));
            }
            _ => self.described(now, shared),
        }
    }

    /// All digests are here.
    fn described(&mut self, now: Instant, shared: &mut Shared) {
        let State::Named(Some(Describing {
            author,
            layout,
            list,
        })) = core::mem::replace(&mut self.state, State::Named(None))
        else {
            return;
        };
        let is_empty = layout.length() == 0;
        let proved = !is_empty || self.content == ContentId::of(&[]);
        let manifest = Manifest::check(self.content, layout, &list).filter(|_| proved);
        let Some(manifest) = manifest else {
            self.ban(now, author, Fault::Digests, shared);
            self.describe(now, shared);
            return;
        };
        self.have = Bitfield::none(layout.count());
        self.offered = Bitfield::none(layout.count());
        let mut picker = Picker::new(&self.have, &mut shared.rng);
        for source in self.sources.values_mut() {
            source.has = source
                .claimed(layout)
                .unwrap_or_else(|| Bitfield::none(layout.count()));
            picker.gain(source.has.iter());
        }
        self.state = State::Known(Known {
            manifest,
            list: Arc::new(list),
            picker,
            author: Some(author),
            since: now,
        });
        shared.event(Event::Described(self.content));
        self.greet_again(shared);
        if is_empty {
            self.keep(now, 0, Vec::new(), shared);
            return;
        }
        for id in self.ids() {
            self.update_interest(id, shared);
        }
        self.fill_all(now, shared);
    }

    /// The length that somebody named turned out wrong, or that node is gone before it was proved.
    pub(super) fn forget_author(&mut self, now: Instant, id: Id, shared: &mut Shared) {
        match &mut self.state {
            State::Named(Some(describing)) if describing.author == id => {
                self.state = State::Named(None);
                self.describe(now, shared);
            }
            State::Known(known) if known.author == Some(id) => {
                let length = known.manifest.layout().length();
                let others = self.sources.iter();
                let mut alike = others.filter(|(_, source)| source.length() == Some(length));
                match alike.next() {
                    Some((other, _)) => known.author = Some(*other),
                    None => self.start_over(now, shared),
                }
            }
            _ => {}
        }
    }

    fn start_over(&mut self, now: Instant, shared: &mut Shared) {
        for id in self.ids() {
            let pending = self
                .sources
                .get_mut(&id)
                .map(|source| core::mem::take(&mut source.pending));
            self.reopen(pending.unwrap_or_default(), shared);
        }
        self.state = State::Named(None);
        self.have = Bitfield::default();
        self.describe(now, shared);
    }

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
        while let Some(index) = self.next_for(now, id, shared) {
            self.ask(now, id, index, shared);
        }
    }

    fn next_for(&self, now: Instant, id: Id, shared: &mut Shared) -> Option<u32> {
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
            return (is_free(last) && !self.asked.contains_key(&last)).then_some(last);
        }
        if known.picker.is_all_asked() {
            // Endgame: the last segments are asked of two, so that nobody slow is waited for.
            let mut few = self.asked.iter().filter(|(_, times)| **times < ENDGAME);
            let idle = source.pending.is_empty();
            return few
                .find(|(index, _)| idle && is_free(**index))
                .map(|(index, _)| *index);
        }
        let refused = |index| source.refuses(now, index);
        let have = self.have.len();
        known
            .picker
            .pick(self.order, have, &source.has, refused, &mut shared.rng)
    }

    fn ask(&mut self, now: Instant, id: Id, index: u32, shared: &mut Shared) {
        let length = self.len(index);
        let (Some(source), State::Known(known)) = (self.sources.get_mut(&id), &mut self.state)
        else {
            return;
        };
        if source.pending.is_empty() {
            source.heard = now;
        }
        source.pending.push(Pending {
            index,
            bytes: Vec::new(),
        });
        known.picker.close(index);
        shared.buffered += length;
        *self.asked.entry(index).or_default() += 1;
        shared.say(id, self.content, Said::Request(index));
    }

    /// Segments that were asked for and will not come from there.
    pub(super) fn reopen(&mut self, pending: Vec<Pending>, shared: &mut Shared) {
        for Pending { index, bytes } in pending {
            self.wasted += bytes.len() as u64;
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
        if instead.is_none() {
            source.refuse(now, index);
        }
        self.reopen(alloc::vec![pending], shared);
        let wanted = instead.filter(|index| self.may_take(now, from, *index));
        if let Some(index) = wanted {
            self.ask(now, from, index, shared);
        }
        self.fill_all(now, shared);
    }

    /// Whether a segment that was offered is wanted, and not on its way.
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
        index: u32,
        at: u32,
        bytes: &[u8],
        shared: &mut Shared,
    ) {
        self.down.record(now, bytes.len());
        let length = self.len(index);
        let source = self.sources.get_mut(&from);
        let pending = source.and_then(|source| {
            source.down.record(now, bytes.len());
            let fits = |pending: &&mut Pending| {
                let end = pending.bytes.len() + bytes.len();
                pending.index == index && pending.bytes.len() == at as usize && end <= length
            };
            source.heard = now;
            source.pending.iter_mut().find(fits)
        });
        // What was cancelled, or asked for twice, may come nevertheless.
        let Some(pending) = pending else {
            self.wasted += bytes.len() as u64;
            return;
        };
        if pending.bytes.is_empty() {
            pending.bytes.reserve_exact(length);
        }
        pending.bytes.extend_from_slice(bytes);
        if pending.bytes.len() == length {
            self.on_segment(now, from, index, shared);
        }
    }

    /// A segment is here, whole.
    fn on_segment(&mut self, now: Instant, from: Id, index: u32, shared: &mut Shared) {
        let source = self.sources.get_mut(&from);
        let (Some(pending), State::Known(known)) = (
            source.and_then(|source| source.take(index)),
            &mut self.state,
        ) else {
            return;
        };
        if !known.manifest.holds(index, &pending.bytes) {
            self.reopen(alloc::vec![pending], shared);
            self.ban(now, from, Fault::Segment(index), shared);
            return;
        }
        let is_proof = index == known.manifest.layout().last() && known.author.is_some();
        if is_proof {
            known.author = None;
            self.drop_wrong_lengths(now, shared);
        }
        // The place in the buffer is free when the segment is written.
        shared.buffered += pending.bytes.len();
        let bytes = pending.bytes;
        self.reopen(
            alloc::vec![Pending {
                index,
                bytes: Vec::new()
            }],
            shared,
        );
        self.keep(now, index, bytes, shared);
        self.fill(now, from, shared);
    }

    /// Whoever names another length than the one that is proved by now has something else.
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

    /// Has a segment written, and nobody send it any more.
    fn keep(&mut self, now: Instant, index: u32, bytes: Vec<u8>, shared: &mut Shared) {
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
            .push_back(Output::Write(self.content, index, bytes));
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
