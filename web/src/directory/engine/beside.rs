//! Chord beside Kademlia: the rows of the table of that name, from lookups that both had to answer over the same peers.

use core::time::Duration;

use chordscope_sim::engine::time_text::time_text;
use chordscope_sim::worlds::directory::DirectoryWorld;
use chordscope_sim::worlds::directory::measure::{LookupTrace, Outcome, Traffic};
use chordscope_sim::worlds::directory::setup::Kind;

use crate::directory::engine::figures::tenths;

/// The two of them.
pub const BOTH: [Kind; 2] = [Kind::Chord, Kind::Kademlia];

/// One of them in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// The lookups that have ended: of titles and of keys, the last hundred of each at most.
    pub lookups: u64,
    /// Those of titles that found, and those of keys that reached a node.
    pub right: u64,
    /// The hops of all of them.
    pub hops: u64,
    /// Their messages.
    pub messages: u64,
    /// The median of their times, in microseconds.
    pub median: u64,
    /// The contacts that all peers keep.
    pub contacts: u64,
    /// The peers that are up.
    pub peers: u64,
    /// The bytes of upkeep since the beginning.
    pub upkeep: u64,
    /// The whole seconds since the beginning.
    pub seconds: u64,
}

/// Both of them.
pub(super) fn of(world: &DirectoryWorld) -> [Side; 2] {
    BOTH.map(|kind| side(world, kind))
}

fn side(world: &DirectoryWorld, kind: Kind) -> Side {
    let finds = world.finds().filter(|one| one.kind == kind);
    let all: Vec<&LookupTrace> = world.last(kind).chain(finds).collect();
    let mut times: Vec<Duration> = all.iter().filter_map(|one| one.took()).collect();
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let is_right =
        |one: &&&LookupTrace| matches!(one.outcome, Some(Outcome::Found | Outcome::Reached(_)));
    Side {
        lookups: all.len() as u64,
        right: all.iter().filter(is_right).count() as u64,
        hops: all.iter().map(|one| one.hops() as u64).sum(),
        messages: all.iter().map(|one| one.volume.messages).sum(),
        median: u64::try_from(median.as_micros()).unwrap_or(u64::MAX),
        contacts: world.state(kind).contacts,
        peers: world.peers().count() as u64,
        upkeep: world.volume(kind, Traffic::Upkeep).bytes,
        seconds: world.now().as_millis() / 1_000,
    }
}

impl Side {
    fn each(&self, sum: u64) -> String {
        match self.lookups {
            0 => "–".to_owned(),
            lookups => tenths(sum, lookups),
        }
    }

    /// The cells of its column.
    pub fn cells(&self) -> [String; 6] {
        let upkeep = self.upkeep / self.seconds.max(1) / self.peers.max(1);
        [
            format!("{} of {}", self.right, self.lookups),
            self.each(self.hops),
            self.each(self.messages),
            match self.lookups {
                0 => "–".to_owned(),
                _ => time_text(self.median),
            },
            format!("{} contacts a peer", tenths(self.contacts, self.peers)),
            format!("{upkeep} B/s a peer"),
        ]
    }
}

/// The names of the rows, in the order of [`Side::cells`].
pub const ROWS: [&str; 6] = [
    "Found or reached",
    "Hops of a lookup",
    "Messages of a lookup",
    "Median time",
    "State",
    "Upkeep",
];

/// The one that spends more on upkeep, and the percentage by which its bytes exceed those of the other; `None` before anything was spent.
pub fn difference([chord, kademlia]: [Side; 2]) -> Option<(Kind, u64)> {
    let (more, less, kind) = match chord.upkeep >= kademlia.upkeep {
        true => (chord.upkeep, kademlia.upkeep, Kind::Chord),
        false => (kademlia.upkeep, chord.upkeep, Kind::Kademlia),
    };
    (less > 0).then(|| (kind, (more - less) * 100 / less))
}
