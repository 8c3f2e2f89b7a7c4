//! The measures of each kind of directory, from typed counts of one run.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::time::Duration;

use crate::worlds::directory::setup::Kind;
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;

/// The number of lookups of a kind that are remembered.
pub const LAST: usize = 100;
/// The seconds over which the rate of upkeep is taken.
pub const WINDOW: u64 = 30;

/// The traffic that a message belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Traffic {
    /// A lookup.
    Lookup,
    /// Telling the directory who has what, and keeping that.
    Publish,
    /// Keeping the network of the directory's nodes itself.
    Upkeep,
}

/// A number of messages and their bytes, frames included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// The messages.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// The subject of a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A title, by its number.
    Title(u32),
    /// A key alone.
    Key(Id),
}

/// The outcome of a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// A peer was named that is there and has the title.
    Found,
    /// Only peers were named that are gone.
    Stale,
    /// The directory answered that nobody has it.
    Nothing,
    /// The directory did not answer.
    NoAnswer,
    /// The lookup of a key ended at this node.
    Reached(Id),
}

impl Outcome {
    /// The outcome in words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Stale => "only peers named that are gone",
            Self::Nothing => "nobody has it",
            Self::NoAnswer => "no answer",
            Self::Reached(_) => "reached a node",
        }
    }
}

/// A node on the way of a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The node.
    pub node: Id,
    /// The time at which it was reached: at which it decided (Chord), at which its answer came (Kademlia, directory machines).
    pub at: Instant,
}

/// A lookup, under way or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupTrace {
    /// The number of the lookup; the same question to the four kinds has four numbers.
    pub number: u64,
    /// The kind of directory.
    pub kind: Kind,
    /// The peer that asks.
    pub peer: Id,
    /// The subject.
    pub subject: Subject,
    /// The beginning.
    pub began: Instant,
    /// The end.
    pub ended: Option<Instant>,
    /// The outcome, once it has ended.
    pub outcome: Option<Outcome>,
    /// The way to the answer, origin first.
    pub route: Vec<Hop>,
    /// The peers that were named.
    pub named: Vec<Id>,
    /// The node or machine that answered.
    pub by: Option<Id>,
    /// The messages sent for it so far, and their bytes.
    pub volume: Volume,
}

impl LookupTrace {
    /// The duration, once it has ended.
    pub fn took(&self) -> Option<Duration> {
        Some(self.ended?.since(self.began))
    }

    /// The hops of the way.
    pub const fn hops(&self) -> usize {
        self.route.len().saturating_sub(1)
    }
}

/// The last lookups of a kind, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The lookups that ended, [`LAST`] at most; those of keys are not among them.
    pub lookups: u32,
    /// Those with [`Outcome::Found`].
    pub found: u32,
    /// Those with [`Outcome::Stale`].
    pub stale: u32,
    /// Those with [`Outcome::Nothing`].
    pub nothing: u32,
    /// Those with [`Outcome::NoAnswer`].
    pub no_answer: u32,
    /// The messages of all of them.
    pub messages: u64,
    /// The median of their times.
    pub median: Duration,
    /// The longest time.
    pub slowest: Duration,
    /// The node or machine that answered most of them, and how many.
    pub busiest: Option<(Id, u32)>,
    /// The lookups that any node answered.
    pub answered: u32,
}

impl Summary {
    /// Sums up lookups that have ended.
    pub(super) fn of<'a>(lookups: impl Iterator<Item = &'a LookupTrace>) -> Self {
        let mut summary = Self::default();
        let mut times = Vec::new();
        let mut answers = BTreeMap::<Id, u32>::new();
        for lookup in lookups {
            summary.lookups += 1;
            match lookup.outcome {
                Some(Outcome::Found) => summary.found += 1,
                Some(Outcome::Stale) => summary.stale += 1,
                Some(Outcome::Nothing) => summary.nothing += 1,
                Some(Outcome::NoAnswer | Outcome::Reached(_)) | None => summary.no_answer += 1,
            }
            summary.messages += lookup.volume.messages;
            times.extend(lookup.took());
            if let Some(by) = lookup.by {
                *answers.entry(by).or_default() += 1;
                summary.answered += 1;
            }
        }
        times.sort_unstable();
        summary.median = times.get(times.len() / 2).copied().unwrap_or_default();
        summary.slowest = times.last().copied().unwrap_or_default();
        // Among equals the one with the smallest id.
        let most = answers.into_iter().rev().max_by_key(|(_, count)| *count);
        summary.busiest = most;
        summary
    }
}

/// The state that a kind of directory keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The contacts that all peers keep to find their way.
    pub contacts: u64,
    /// The entries that all peers keep: for others, or their own registrations.
    pub entries: u64,
    /// The most entries that one machine, or one peer, keeps for others.
    pub fullest: u64,
    /// The bytes of contacts and entries of all peers.
    pub peer_bytes: u64,
    /// The bytes of the entries of all machines.
    pub machine_bytes: u64,
}

/// The counts of one kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    lookup: Volume,
    publish: Volume,
    upkeep: Volume,
    /// Bytes of publishing and upkeep, by second: the last [`WINDOW`].
    seconds: VecDeque<(u64, u64)>,
    /// The lookups that ended last, [`LAST`] at most.
    pub(super) ended: VecDeque<LookupTrace>,
}

impl Counts {
    pub(super) fn count(&mut self, now: Instant, traffic: Traffic, bytes: u64) {
        let volume = match traffic {
            Traffic::Lookup => &mut self.lookup,
            Traffic::Publish => &mut self.publish,
            Traffic::Upkeep => &mut self.upkeep,
        };
        volume.messages += 1;
        volume.bytes += bytes;
        if traffic == Traffic::Lookup {
            return;
        }
        let second = now.as_millis() / 1_000;
        match self.seconds.back_mut().filter(|(last, _)| *last == second) {
            Some((_, sum)) => *sum += bytes,
            None => self.seconds.push_back((second, bytes)),
        }
        while self.seconds.len() as u64 > WINDOW + 1 {
            self.seconds.pop_front();
        }
    }

    pub(super) const fn volume(&self, traffic: Traffic) -> Volume {
        match traffic {
            Traffic::Lookup => self.lookup,
            Traffic::Publish => self.publish,
            Traffic::Upkeep => self.upkeep,
        }
    }

    /// Bytes of publishing and upkeep in the last whole seconds, [`WINDOW`] at most, and their number.
    pub(super) fn recent(&self, now: Instant) -> (u64, u64) {
        let second = now.as_millis() / 1_000;
        let first = second.saturating_sub(WINDOW);
        let within = self.seconds.iter();
        let within = within.filter(|(at, _)| (first..second).contains(at));
        (within.map(|(_, bytes)| bytes).sum(), second - first)
    }

    pub(super) fn end(&mut self, lookup: LookupTrace) {
        if self.ended.len() >= LAST {
            self.ended.pop_front();
        }
        self.ended.push_back(lookup);
    }
}
