//! The transfer of one content: its sources and its messages.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::content::ContentId;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::swarm::Shared;
use crate::swarm::api::{Event, Fault, Output};
use crate::swarm::bitfield::Bitfield;
use crate::swarm::checked::Checked;
use crate::swarm::choker::{Choker, ROUND};
use crate::swarm::layout::Layout;
use crate::swarm::manifest::Manifest;
use crate::swarm::message::{Said, Standing};
use crate::swarm::picker::{Order, Picker};
use crate::swarm::rate::Rate;
use crate::swarm::source::Source;

/// Slots are given anew soon at first, then twice as long after each time: newcomers need not wait for a whole round.
const FIRST_ROUND: Duration = Duration::from_secs(1);
/// The period in which the ring is asked for more sources: while there are none, and later.
const FIND_FIRST: Duration = Duration::from_secs(2);
const FIND_MORE: Duration = Duration::from_secs(15);
/// The same period while there are sources, and nothing comes of them.
const FIND_OTHERS: Duration = Duration::from_secs(5);

/// The time that a source stays that is as complete as this node, so that neither wants anything of the other.
const SETTLED: Duration = Duration::from_secs(15);

/// The way in which a content came to be shared or fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// By itself.
    Alone,
    /// With a folder.
    Part,
}

/// One content that is shared or fetched.
#[derive(Clone, Debug)]
pub(super) struct Transfer {
    pub(super) content: ContentId,
    pub(super) origin: Origin,
    /// A folder that it is in: nodes that have that may have it.
    pub(super) folder: Option<ContentId>,
    /// Files that it lists are being fetched from its sources.
    pub(super) is_folder: bool,
    pub(super) order: Order,
    pub(super) state: State,
    /// The segments that are here: checked and written.
    pub(super) have: Bitfield,
    /// The segments that were checked in this run: they are not checked again each time that they are read.
    pub(super) checked: Checked,
    /// Checked, and being written.
    pub(super) writing: BTreeSet<u32>,
    /// The number of sources that were asked for each segment that is on its way.
    pub(super) asked: BTreeMap<u32, u8>,
    pub(super) sources: BTreeMap<Id, Source>,
    pub(super) choker: Choker,
    round: Instant,
    rounds: u32,
    find: Instant,
    /// The members that wait for each segment that is being read.
    pub(super) read_for: BTreeMap<u32, Vec<Id>>,
    /// The segments that were sent to any member.
    pub(super) offered: Bitfield,
    is_announced: bool,
    /// True if the shared file has changed since it was shared.
    pub(super) is_spoilt: bool,
    pub(super) down: Rate,
    pub(super) up: Rate,
    pub(super) wasted: u64,
}

/// The state of knowledge of a content.
#[derive(Clone, Debug)]
pub(super) enum State {
    /// The id is known, and a source is being asked for the rest.
    Named(Option<Describing>),
    /// The layout and the list of digests.
    Known(Known),
}

/// A list of digests that is arriving.
#[derive(Clone, Debug)]
pub(super) struct Describing {
    pub(super) author: Id,
    pub(super) layout: Layout,
    pub(super) list: Vec<u8>,
}

#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) manifest: Manifest,
    /// The digests, as they are sent.
    pub(super) list: Arc<Vec<u8>>,
    pub(super) picker: Picker,
    /// The source that named the length, until the last segment has proved it.
    pub(super) author: Option<Id>,
    /// The time at which the length was named.
    pub(super) since: Instant,
}

impl Transfer {
    pub(super) fn unknown(now: Instant, content: ContentId, order: Order, origin: Origin) -> Self {
        Self {
            content,
            origin,
            folder: None,
            is_folder: false,
            order,
            state: State::Named(None),
            have: Bitfield::default(),
            checked: Checked::default(),
            writing: BTreeSet::new(),
            asked: BTreeMap::new(),
            sources: BTreeMap::new(),
            choker: Choker::default(),
            round: now + FIRST_ROUND,
            rounds: 0,
            find: now,
            read_for: BTreeMap::new(),
            offered: Bitfield::default(),
            is_announced: false,
            is_spoilt: false,
            down: Rate::default(),
            up: Rate::default(),
            wasted: 0,
        }
    }

    pub(super) fn known(
        now: Instant,
        manifest: Manifest,
        have: Bitfield,
        origin: Origin,
        shared: &mut Shared,
    ) -> Self {
        let content = manifest.content();
        let count = manifest.layout().count();
        // A set of another length is of another file.
        let have = if have.count() == count {
            have
        } else {
            Bitfield::none(count)
        };
        let known = Known {
            list: Arc::new(manifest.encode().to_vec()),
            picker: Picker::new(&have, &mut shared.rng),
            author: None,
            since: now,
            manifest,
        };
        Self {
            offered: Bitfield::none(count),
            have,
            state: State::Known(known),
            ..Self::unknown(now, content, Order::default(), origin)
        }
    }

    pub(super) const fn manifest(&self) -> Option<&Manifest> {
        match &self.state {
            State::Known(known) => Some(&known.manifest),
            State::Named(_) => None,
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        matches!(self.state, State::Known(_)) && self.have.is_full()
    }

    /// Returns whether time matters to it.
    pub(super) fn is_busy(&self) -> bool {
        !self.is_complete() || !self.sources.is_empty()
    }

    pub(super) fn begin(&mut self, now: Instant, shared: &mut Shared) {
        self.announce(shared);
        if !self.sources.is_empty() {
            // Most files are had from those who have their folder, and the ring is not asked.
            self.find = now + FIND_FIRST;
        }
        self.find(now, shared);
    }

    pub(super) fn end(mut self, shared: &mut Shared) {
        self.checked.clear(&mut shared.room);
        for id in self.sources.keys() {
            shared.say(*id, self.content, Said::Absent);
        }
        let pending = self.asked.iter().map(|(index, times)| (index, *times));
        let writing = self.writing.iter().map(|index| (index, 1));
        for (index, times) in pending.chain(writing) {
            shared.buffered -= self.len(*index) * usize::from(times);
        }
        if self.is_announced {
            shared.announced_parts -= usize::from(self.origin != Origin::Alone);
            shared
                .outputs
                .push_back(Output::Announce(self.content, false));
        }
    }

    /// Lets others find this node: what one fetches one soon gives.
    fn announce(&mut self, shared: &mut Shared) {
        let is_part = self.origin != Origin::Alone;
        if is_part && shared.announced_parts >= shared.limits.announced_parts {
            return;
        }
        shared.announced_parts += usize::from(is_part);
        self.is_announced = true;
        shared
            .outputs
            .push_back(Output::Announce(self.content, true));
    }

    /// Makes it wanted by itself from now on.
    pub(super) fn stand_alone(&mut self, shared: &mut Shared) {
        self.origin = Origin::Alone;
        match self.is_announced {
            true => shared.announced_parts -= 1,
            false => self.announce(shared),
        }
    }

    fn find(&mut self, now: Instant, shared: &mut Shared) {
        if self.is_complete() || now < self.find {
            return;
        }
        self.find = now
            + match self.sources.is_empty() {
                true => FIND_FIRST,
                false if self.is_idle() => FIND_OTHERS,
                false => FIND_MORE,
            };
        let content = self.content;
        for at in [Some(content), self.folder].into_iter().flatten() {
            shared.outputs.push_back(Output::Find { content, at });
        }
    }

    /// Returns whether segments are missing, and none of them is on its way.
    fn is_idle(&self) -> bool {
        let is_known = matches!(self.state, State::Known(_));
        is_known && !self.have.is_full() && self.asked.is_empty() && self.writing.is_empty()
    }

    /// Goes on where the last source that gave something is gone: those that were silent are asked again, as a busy one is better than none,
    /// and the ring soon for others.
    fn seek_others(&mut self, now: Instant) {
        if !self.is_idle() {
            return;
        }
        let gives = |source: &Source| source.answers(now) && source.has.goes_beyond(&self.have);
        if self.sources.values().any(gives) {
            return;
        }
        for source in self.sources.values_mut() {
            source.try_again(now);
        }
        self.find = self.find.min(now + FIND_OTHERS);
    }

    /// The length of a segment; 0 while the layout is not known.
    pub(super) fn len(&self, index: u32) -> usize {
        let layout = self.manifest().map(Manifest::layout);
        layout.map_or(0, |layout| layout.len(index))
    }

    fn standing(&self) -> Standing {
        match self.manifest().map(|manifest| manifest.layout().length()) {
            None => Standing::Nothing,
            Some(length) if self.have.is_full() => Standing::Whole(length),
            Some(length) => Standing::Part(length, self.have.encode().to_vec()),
        }
    }

    /// Says hello to a node that may take part.
    pub(super) fn greet(&mut self, now: Instant, node: Id, shared: &mut Shared) {
        let is_full = self.sources.len() >= shared.limits.sources;
        if is_full || self.sources.contains_key(&node) || shared.banned.contains(&node) {
            return;
        }
        self.sources.insert(node, Source::new(now));
        shared.say(node, self.content, Said::Hello(self.standing()));
    }

    /// Says hello again: the length has become known, or is not any more.
    pub(super) fn greet_again(&self, shared: &mut Shared) {
        for id in self.sources.keys() {
            shared.say(*id, self.content, Said::Hello(self.standing()));
        }
    }

    pub(super) fn handle(&mut self, now: Instant, from: Id, said: Said, shared: &mut Shared) {
        if matches!(said, Said::Hello(_)) {
            self.greet(now, from, shared);
        }
        let Some(source) = self.sources.get_mut(&from) else {
            if matches!(said, Said::Hello(_) | Said::Request(_)) {
                shared.say(from, self.content, Said::Absent);
            }
            return;
        };
        match said {
            Said::Hello(standing) => self.on_hello(now, from, standing, shared),
            Said::Absent => self.drop_source(now, from, shared),
            Said::Have(index) => self.on_have(now, from, index, shared),
            Said::Interested(wants) => {
                source.wants = wants;
                self.give_slots(now, false, shared);
            }
            // What was asked for before comes nevertheless, or is rejected.
            Said::Choked(true) => source.unchoked = false,
            Said::Choked(false) => {
                source.unchoked = true;
                source.heard = now;
                self.fill(now, from, shared);
            }
            Said::Request(index) => self.on_request(now, from, index, shared),
            Said::Cancel(index) => {
                let dropped = source.cancel(index);
                self.take_back(dropped);
            }
            Said::Reject(index, instead) => self.on_reject(now, from, index, instead, shared),
            Said::Digests(at) => {
                source.wants_digests = Some(at);
                shared.feed(from, self.content);
                self.serve(now, from, shared);
            }
        }
    }

    fn on_hello(&mut self, now: Instant, from: Id, standing: Standing, shared: &mut Shared) {
        let Some(source) = self.sources.get_mut(&from) else {
            return;
        };
        source.claims = Some(standing);
        match &mut self.state {
            State::Known(known) => {
                let layout = known.manifest.layout();
                if source.has.count() != layout.count() {
                    source.has = Bitfield::none(layout.count());
                }
                match source.claimed(layout) {
                    // Segments that a source has announced stay announced. However often it repeats them, each one costs work once.
                    Some(_) if source.has.is_full() => {}
                    Some(has) => {
                        let new = has.iter().filter(|index| source.has.insert(*index));
                        known.picker.gain(new);
                    }
                    None if known.author.is_none() => {
                        self.ban(now, from, Fault::Length, shared);
                        return;
                    }
                    None => {}
                }
                self.update_interest(from, shared);
                self.fill(now, from, shared);
            }
            State::Named(None) => self.describe(now, shared),
            State::Named(Some(_)) => {}
        }
    }

    fn on_have(&mut self, now: Instant, from: Id, index: u32, shared: &mut Shared) {
        let Some(source) = self.sources.get_mut(&from) else {
            return;
        };
        let State::Known(known) = &mut self.state else {
            source.note_have(index);
            return;
        };
        if source.has.insert(index) {
            known.picker.gain(core::iter::once(index));
            self.update_interest(from, shared);
            self.fill(now, from, shared);
        }
    }

    /// Tells a source whether anything of it is wanted.
    pub(super) fn update_interest(&mut self, id: Id, shared: &mut Shared) {
        let Some(source) = self.sources.get_mut(&id) else {
            return;
        };
        let interested = source.has.goes_beyond(&self.have);
        if source.interested != interested {
            source.interested = interested;
            shared.say(id, self.content, Said::Interested(interested));
        }
    }

    /// Drops a source that is gone, or takes part no more.
    pub(super) fn drop_source(&mut self, now: Instant, id: Id, shared: &mut Shared) {
        let Some(source) = self.take_source(id) else {
            return;
        };
        if let State::Known(known) = &mut self.state {
            known.picker.lose(source.has.iter());
        }
        if source.up.total() > 0 {
            // It may have gone because what it got was not what its tag said: the disk may have changed unnoticed.
            self.checked.clear(&mut shared.room);
        }
        self.take_back(source.unsent());
        self.reopen(source.pending, shared);
        self.forget_author(now, id, shared);
        self.give_slots(now, false, shared);
        self.fill_all(now, shared);
        // The ring may know others by now.
        self.find = self.find.min(now + FIND_FIRST);
    }

    fn take_source(&mut self, id: Id) -> Option<Source> {
        let source = self.sources.remove(&id);
        if self.sources.is_empty() {
            // A map without entries keeps its room: more than a small file that rests has for all else.
            self.sources = BTreeMap::new();
        }
        source
    }

    pub(super) fn ban(&mut self, now: Instant, id: Id, fault: Fault, shared: &mut Shared) {
        shared.ban(id);
        shared.event(Event::Banned(id, self.content, fault));
        shared.say(id, self.content, Said::Absent);
        self.drop_source(now, id, shared);
    }

    /// Handles all that is due by the clock.
    pub(super) fn tick(&mut self, now: Instant, shared: &mut Shared) {
        for id in self.ids() {
            if shared.banned.contains(&id) {
                // Over another content.
                self.drop_source(now, id, shared);
            }
            let stalled = self.sources.get_mut(&id).map(|source| source.give_up(now));
            let stalled = stalled.unwrap_or_default();
            for pending in &stalled {
                shared.say(id, self.content, Said::Cancel(pending.index));
            }
            self.reopen(stalled, shared);
            self.part_with_settled(now, id);
        }
        self.seek_others(now);
        self.describe_elsewhere(now, shared);
        if now >= self.round {
            self.rounds += 1;
            self.round = now + ROUND.min(FIRST_ROUND * (1 << self.rounds.min(8)));
            self.give_slots(now, true, shared);
        }
        self.fill_all(now, shared);
        self.find(now, shared);
    }
    /// Lets a source go of which nothing is wanted and which wants nothing. Those of a folder are asked for its files.
    fn part_with_settled(&mut self, now: Instant, id: Id) {
        let is_done = self.is_complete() && !self.is_folder;
        let Some(source) = self.sources.get_mut(&id) else {
            return;
        };
        if !is_done || !source.is_settled() {
            source.settled = None;
            return;
        }
        if now.since(*source.settled.get_or_insert(now)) < SETTLED {
            return;
        }
        if let (Some(source), State::Known(known)) = (self.take_source(id), &mut self.state) {
            known.picker.lose(source.has.iter());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_when_a_source_that_wants_nothing_is_forgotten() {
        crate::page::must_say(&alloc::format!(
            "forgets the others that have wanted nothing for {} seconds",
            SETTLED.as_secs()
        ));
    }
}
