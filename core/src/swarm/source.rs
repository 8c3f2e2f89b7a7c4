//! Sources: a transfer's state for each other member of the swarm.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use blake3::hazmat::ChainingValue;
use bytes::Bytes;

use crate::base::time::Instant;
use crate::swarm::bitfield::Bitfield;
use crate::swarm::layout::Layout;
use crate::swarm::manifest::{BlockValues, Manifest};
use crate::swarm::message::Standing;
use crate::swarm::rate::Rate;

/// The time for which a source is asked nothing after it refused something.
const REFUSED: Duration = Duration::from_millis(500);
/// Segments asked of a source at once, at least: one arrives while the other is on its way.
const DEPTH: u64 = 2;
/// The greatest number of segments asked of a source at once.
const MAX_DEPTH: u64 = 64;
/// The silence after which a source that was asked is passed by.
const STALLED: Duration = Duration::from_secs(5);
/// The time for which it is passed by.
const PASSED_BY: Duration = Duration::from_secs(15);

/// Another member of the swarm.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// The part of the content that it says it has; none before its hello.
    pub(super) claims: Option<Standing>,
    /// The segments that it has, once the layout is known.
    pub(super) has: Bitfield,
    /// True if the source unchokes this node, and so serves its requests.
    pub(super) unchoked: bool,
    /// The segments that it was asked for.
    pub(super) pending: Vec<Pending>,
    /// The segment that it refused last, and when.
    refused: Option<(u32, Instant)>,
    /// The segments that it offered and was told are here.
    told: Bitfield,
    /// The number of times that it has offered one of these again.
    repeats: u64,
    /// The number of times that it was asked for what it offered instead, since it gave something.
    detours: u64,
    /// The time at which something came that it was asked for, or it was asked first.
    pub(super) heard: Instant,
    /// The time until which it is asked nothing, since it did not answer.
    pub(super) passed_by: Option<Instant>,
    /// The number of times that it named a length and did not prove it in time.
    pub(super) doubted: u32,
    /// True if the source was told that this node wants something.
    pub(super) interested: bool,
    pub(super) down: Rate,

    /// True if the source wants something.
    pub(super) wants: bool,
    /// The time since which it has a slot.
    pub(super) slot: Option<Instant>,
    /// The time until which it had a slot.
    pub(super) slot_until: Instant,
    /// The segments that it asked for, in order.
    pub(super) requests: VecDeque<u32>,
    /// The byte of the list of digests that it wants next.
    pub(super) wants_digests: Option<u32>,
    /// Segments read for it; the first is being sent.
    pub(super) ready: VecDeque<Outgoing>,
    /// The number of segments that are being read for it.
    pub(super) reading: usize,
    /// The time since which it is told to get elsewhere what it asks for.
    pub(super) steered: Option<Instant>,
    /// The time since which neither wants anything of the other.
    pub(super) settled: Option<Instant>,
    pub(super) up: Rate,
}

/// The outcome of an offer of a segment that is here: whether the source has to be told so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// The source is told now.
    Now,
    /// The source was told, and may have offered it before it heard.
    Before,
    /// The source was told, and has offered more again than was asked of it at once.
    TooOften,
}

/// A segment that is arriving.
#[derive(Clone, Debug, Default)]
pub(super) struct Pending {
    pub(super) index: u32,
    /// The blocks of it that are here, as they came: full ones, but for the last one of a file.
    pub(super) blocks: Vec<Bytes>,
    /// The blocks' chaining values.
    pub(super) values: Vec<ChainingValue>,
    /// The blocks' bytes in all.
    pub(super) length: usize,
}

impl Pending {
    pub(super) fn new(index: u32) -> Self {
        Self {
            index,
            ..Self::default()
        }
    }

    /// More of it is here.
    pub(super) fn extend(&mut self, bytes: Bytes, value: ChainingValue) {
        self.length += bytes.len();
        self.blocks.push(bytes);
        self.values.push(value);
    }

    /// Returns whether it is what it ought to be, once all of it is here.
    pub(super) fn is_good(&self, manifest: &Manifest) -> bool {
        let first = self.blocks.first();
        first.is_some_and(|first| manifest.is_made_of(self.index, first, &self.values))
    }
}

/// A segment that is being sent.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) index: u32,
    /// The place of its first byte in the content.
    pub(super) at: u64,
    pub(super) bytes: Arc<Vec<u8>>,
    /// The chaining values of its blocks.
    pub(super) values: BlockValues,
    pub(super) sent: usize,
}

impl Source {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            claims: None,
            has: Bitfield::default(),
            unchoked: false,
            pending: Vec::new(),
            refused: None,
            told: Bitfield::default(),
            repeats: 0,
            detours: 0,
            heard: now,
            passed_by: None,
            doubted: 0,
            interested: false,
            down: Rate::default(),
            wants: false,
            slot: None,
            slot_until: Instant::ZERO,
            requests: VecDeque::new(),
            wants_digests: None,
            ready: VecDeque::new(),
            reading: 0,
            steered: None,
            settled: None,
            up: Rate::default(),
        }
    }

    /// The length that it names.
    pub(super) const fn length(&self) -> Option<u64> {
        match &self.claims {
            Some(Standing::Whole(length) | Standing::Part(length, _)) => Some(*length),
            Some(Standing::Nothing) | None => None,
        }
    }

    /// The segments that it says it has, if it means the same file.
    pub(super) fn claimed(&self, layout: Layout) -> Option<Bitfield> {
        match &self.claims {
            Some(Standing::Whole(length)) if *length == layout.length() => {
                Some(Bitfield::all(layout.count()))
            }
            Some(Standing::Part(length, bytes)) if *length == layout.length() => {
                Bitfield::decode(layout.count(), bytes)
            }
            Some(Standing::Nothing) => Some(Bitfield::none(layout.count())),
            _ => None,
        }
    }

    /// Returns the number of segments that may be asked of it at once: as many as come in half a second.
    pub(super) fn depth(&self, now: Instant, segment: u32) -> usize {
        let count = self.down.per_second(now) / 2 / u64::from(segment.max(1));
        usize::try_from(count.clamp(DEPTH, MAX_DEPTH)).unwrap_or(1)
    }

    /// Takes note that it did not give a segment, and named no other: it has nothing to give now. It may be that it lacks just
    /// this one, so another one is asked for next.
    pub(super) fn refuse(&mut self, now: Instant, index: u32) {
        self.refused = Some((index, now));
        self.passed_by = Some(now + REFUSED);
    }

    /// Takes note that it has offered one of so many segments that is here; returns whether to tell it so.
    pub(super) fn tell(&mut self, index: u32, count: u32) -> Told {
        if self.told.count() != count {
            self.told = Bitfield::none(count);
        }
        if self.told.insert(index) {
            return Told::Now;
        }
        self.repeats += 1;
        if self.repeats <= MAX_DEPTH {
            return Told::Before;
        }
        self.repeats = 0;
        Told::TooOften
    }

    /// Counts that it is to be asked for what it offers instead; returns whether it has offered more than it was asked for at
    /// once, twice over, and given nothing: two segments that it offers for each other would be asked for without end.
    pub(super) fn leads_astray(&mut self) -> bool {
        self.detours += 1;
        let too_often = self.detours > 2 * MAX_DEPTH;
        if too_often {
            self.detours = 0;
        }
        too_often
    }

    /// Takes note that it has given something that it was asked for.
    pub(super) const fn gave(&mut self) {
        self.detours = 0;
    }

    pub(super) fn refuses(&self, now: Instant, index: u32) -> bool {
        let recent = self.refused.filter(|(_, at)| now.since(*at) < 2 * REFUSED);
        recent.is_some_and(|(refused, _)| refused == index)
    }

    /// Returns whether it may be asked now.
    pub(super) fn answers(&self, now: Instant) -> bool {
        self.unchoked && self.passed_by.is_none_or(|until| until <= now)
    }

    /// Returns whether nothing has come for so long. Ask only when something was asked for.
    pub(super) fn is_silent(&self, now: Instant, patience: Duration) -> bool {
        now.since(self.heard) >= patience
    }

    /// Asks it nothing for a while.
    pub(super) fn pass_by(&mut self, now: Instant) {
        self.passed_by = Some(now + PASSED_BY);
    }

    /// Asks it again although it was silent. What was refused a moment ago is left alone.
    pub(super) fn try_again(&mut self, now: Instant) {
        let is_silence = |until: &Instant| *until > now + REFUSED;
        self.passed_by = self.passed_by.filter(|until| !is_silence(until));
    }

    /// Takes back what it was asked for if it does not answer.
    pub(super) fn give_up(&mut self, now: Instant) -> Vec<Pending> {
        if self.pending.is_empty() || !self.is_silent(now, STALLED) {
            return Vec::new();
        }
        self.pass_by(now);
        core::mem::take(&mut self.pending)
    }

    /// Takes note that it has one more segment, of a file whose layout is not known here.
    pub(super) fn note_have(&mut self, index: u32) {
        if let Some(Standing::Part(length, bytes)) = &mut self.claims
            && let Some(layout) = Layout::of(*length)
            && let Some(mut has) = Bitfield::decode(layout.count(), bytes)
            && has.insert(index)
        {
            *bytes = has.encode().to_vec();
        }
    }

    /// Returns the segments that it asked for and that were not sent whole.
    pub(super) fn unsent(&self) -> Vec<u32> {
        let ready = self.ready.iter().map(|outgoing| outgoing.index);
        self.requests.iter().copied().chain(ready).collect()
    }

    /// Cancels its request for a segment; returns the segment that was not sent because of that.
    pub(super) fn cancel(&mut self, index: u32) -> Option<u32> {
        let before = self.requests.len() + self.ready.len();
        self.requests.retain(|other| *other != index);
        self.ready.retain(|outgoing| outgoing.index != index);
        (self.requests.len() + self.ready.len() < before).then_some(index)
    }

    /// Returns whether it wants nothing, of a node that has everything: then it has everything, too, or will say hello again.
    pub(super) fn is_settled(&self) -> bool {
        !self.wants && !self.waits() && self.pending.is_empty()
    }

    /// Returns whether it waits for something that it asked for.
    pub(super) fn waits(&self) -> bool {
        let segments = !self.requests.is_empty() || !self.ready.is_empty() || self.reading > 0;
        segments || self.wants_digests.is_some()
    }

    /// Takes back one request.
    pub(super) fn take(&mut self, index: u32) -> Option<Pending> {
        let at = self
            .pending
            .iter()
            .position(|pending| pending.index == index)?;
        Some(self.pending.remove(at))
    }
}
