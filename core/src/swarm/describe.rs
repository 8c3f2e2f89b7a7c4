//! Discovery of a content's length and the digests of its segments; the source that named them is kept until they are proved.

use crate::base::content::ContentId;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::swarm::Shared;
use crate::swarm::api::{Event, Fault};
use crate::swarm::bitfield::Bitfield;
use crate::swarm::layout::Layout;
use crate::swarm::manifest::Manifest;
use crate::swarm::message::Said;
use crate::swarm::picker::Picker;
use crate::swarm::source::Source;
use crate::swarm::transfer::{Describing, Known, State, Transfer};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

/// The time that a node which says that it has a content may take to say more of it.
const DESCRIBING: Duration = Duration::from_secs(1);
/// The time that a length may stay unproved while another node names another one; twice as long each time that the same node's
/// does.
const PROVING: Duration = Duration::from_secs(10);
/// The greatest number of these doublings.
const MAX_DOUBLINGS: u32 = 6;

impl Transfer {
    /// Asks a source that knows the length for the digests.
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
        // Each source gets a turn, however many claim a length that they never prove.
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

    /// Asks another source when the one asked says nothing.
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

    /// Returns the node that named a length that it should have proved by now, if another one names another length.
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

    /// Checks the digests, all of which are here, and goes on with the segments.
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

    /// Forgets the source of a length that turned out wrong, or that is gone before it was proved.
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
}
