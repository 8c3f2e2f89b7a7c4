//! The view of a transfer for its owner.

use crate::base::id::Id;
use crate::base::time::Instant;
use crate::swarm::Shared;
use crate::swarm::api::{Limit, SourceView, TransferView};
use crate::swarm::source::Source;
use crate::swarm::transfer::Transfer;

impl Transfer {
    pub(super) fn view(&self, now: Instant, shared: &Shared) -> TransferView {
        let source = |(id, source): (&Id, &Source)| SourceView {
            id: *id,
            has: source.has.len(),
            down: source.down.shown(now),
            up: source.up.shown(now),
            chokes: !source.unchoked,
            is_choked: source.slot.is_none(),
            asked: u32::try_from(source.pending.len()).unwrap_or(u32::MAX),
        };
        TransferView {
            content: self.content,
            length: self.manifest().map(|manifest| manifest.layout().length()),
            have: self.have.clone(),
            asked: self.asked.keys().copied().collect(),
            down: self.down.shown(now),
            up: self.up.shown(now),
            received: self.down.total(),
            sent: self.up.total(),
            wasted: self.wasted,
            sources: self.sources.iter().map(source).collect(),
            limit: self.limit(now, shared),
        }
    }

    fn limit(&self, now: Instant, shared: &Shared) -> Limit {
        let mut throttle = shared.down;
        let useful = || self.sources.values().filter(|source| source.interested);
        let written: usize = self.writing.iter().map(|index| self.len(*index)).sum();
        let has_source = self
            .sources
            .values()
            .any(|source| source.length().is_some());
        if self.is_complete() {
            Limit::Complete
        } else if !has_source {
            Limit::NoSource
        } else if throttle.ready(now) > now {
            Limit::Throttle
        } else if written * 2 > shared.limits.buffered {
            Limit::Disk
        } else if self.manifest().is_some() && useful().next().is_none() {
            Limit::Rare
        } else if self.manifest().is_some() && useful().all(|source| !source.unchoked) {
            Limit::Choked
        } else {
            Limit::Network
        }
    }
}
