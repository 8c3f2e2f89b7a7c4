//! The figures of each kind of directory at a moment, and their cells of the table "Directories".

use chordscope_core::base::time::Instant;
use chordscope_sim::engine::time_text::time_text;
use chordscope_sim::worlds::directory::DirectoryWorld;
use chordscope_sim::worlds::directory::action::Member;
use chordscope_sim::worlds::directory::measure::{Outcome, State};
use chordscope_sim::worlds::directory::setup::Kind;

use crate::directory::engine::statement::{capital, kind_name};

/// A kind of directory in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// The kind.
    pub kind: Kind,
    /// The last lookups, oldest first, [`LAST`] at most: whether each found.
    ///
    /// [`LAST`]: chordscope_sim::worlds::directory::measure::LAST
    pub last: Vec<bool>,
    /// Those of them that began after the last deed: those that found, and all.
    pub since: Option<(u32, u32)>,
    /// The messages of all of them.
    pub messages: u64,
    /// The median of their times, in microseconds.
    pub median: u64,
    /// The longest of their times.
    pub slowest: u64,
    /// The member that answered most of them, and its percentage of all answers.
    pub busiest: Option<(Member, u32)>,
    /// The state that is kept.
    pub state: State,
    /// The peers that are up.
    pub peers: u64,
    /// Bytes a second of publishing and upkeep, all together.
    pub upkeep: u64,
}

/// The figures of a kind; `since` is the time of the last deed.
pub(super) fn of(world: &DirectoryWorld, kind: Kind, since: Option<Instant>) -> Figures {
    let summary = world.summary(kind);
    let last = world.last(kind);
    let busiest = summary.busiest.and_then(|(id, answers)| {
        let percent = (answers * 100 + summary.answered / 2) / summary.answered.max(1);
        Some((world.member(id)?, percent))
    });
    let micros = |time: core::time::Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    Figures {
        kind,
        last: last
            .map(|one| one.outcome == Some(Outcome::Found))
            .collect(),
        since: since.map(|since| {
            let summary = world.summary_since(kind, since);
            (summary.found, summary.lookups)
        }),
        messages: summary.messages,
        median: micros(summary.median),
        slowest: micros(summary.slowest),
        busiest,
        state: world.state(kind),
        peers: world.peers().count() as u64,
        upkeep: world.upkeep_rate(kind),
    }
}

impl Figures {
    /// The number of lookups that found.
    pub fn found(&self) -> usize {
        self.last.iter().filter(|found| **found).count()
    }

    /// The row of the table "Directories": Directory, Found, Messages, State, Upkeep.
    pub fn row(&self) -> [String; 5] {
        let lookups = self.last.len() as u64;
        let found = match lookups {
            0 => "nothing asked yet".to_owned(),
            _ => format!("{} of {lookups}", self.found()),
        };
        let messages = match lookups {
            0 => "–".to_owned(),
            _ => format!("{} a lookup", tenths(self.messages, lookups)),
        };
        [
            kind_name(self.kind),
            found,
            messages,
            self.state_cell(),
            format!("{} B/s", self.upkeep),
        ]
    }

    fn state_cell(&self) -> String {
        let each = |sum: u64| tenths(sum, self.peers);
        let State {
            contacts,
            entries,
            fullest,
            ..
        } = self.state;
        match self.kind {
            Kind::Central => format!("{fullest} entries at the directory"),
            Kind::Trackers => format!("up to {fullest} entries at a tracker"),
            Kind::Chord | Kind::Kademlia => format!(
                "{} entries and {} contacts a peer",
                each(entries),
                each(contacts)
            ),
        }
    }

    /// The times of the last lookups, and who answers most of them, in words.
    pub fn times(&self) -> String {
        if self.last.is_empty() {
            return "nothing asked yet".to_owned();
        }
        let busiest = self
            .busiest
            .map(|(member, percent)| format!("; {} gives {percent} % of all answers", member));
        format!(
            "{}: median {}, slowest {}{}",
            capital(&kind_name(self.kind)),
            time_text(self.median),
            time_text(self.slowest),
            busiest.unwrap_or_default()
        )
    }
}

/// A quotient to a tenth, rounded.
pub fn tenths(sum: u64, by: u64) -> String {
    let by = by.max(1);
    let tenths = (sum * 10 + by / 2) / by;
    format!("{}.{}", tenths / 10, tenths % 10)
}
