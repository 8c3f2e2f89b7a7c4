//! The targets that the numbers are to meet, and whether they do.

use std::fmt;
use std::fmt::Write;

use serde_json::{Value, json};

use crate::swarm::contest::{Race, Scores};

/// The most memory that a peer may take, in MiB.
const PEAK: f64 = 150.0;

/// Something that is asked, and what was measured.
pub(crate) struct Asked {
    what: String,
    bound: f64,
    measured: f64,
    is_met: bool,
}

impl Asked {
    fn at_least(what: String, bound: f64, measured: f64) -> Self {
        let is_met = measured >= bound;
        Self {
            what,
            bound,
            measured,
            is_met,
        }
    }

    fn at_most(what: String, bound: f64, measured: f64) -> Self {
        let is_met = measured <= bound;
        Self {
            what,
            bound,
            measured,
            is_met,
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "what": self.what,
            "bound": self.bound,
            "measured": self.measured,
            "met": self.is_met,
        })
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.is_met { "yes" } else { "NO" };
        let Self {
            what,
            bound,
            measured,
            ..
        } = self;
        write!(f, "  {what}: {measured:.2} (asked {bound}): {verdict}")
    }
}

/// Returns the targets of a race, each with whether it is met.
pub(crate) fn asked(race: Race, scores: &[Scores]) -> Vec<Asked> {
    let Some((ours, rivals)) = scores.split_first() else {
        return Vec::new();
    };
    let factor = if race.leechers == 1 { 2.0 } else { 1.5 };
    let times = rivals.iter().map(|rival| {
        let what = format!("times as fast as {}", rival.name);
        Asked::at_least(what, factor, ours.rate / rival.rate)
    });
    let mut all: Vec<_> = times.collect();
    if race.leechers > 1
        && let Some(copies) = ours.copies
    {
        let what = "copies that the seed sends";
        all.push(Asked::at_most(what.into(), 1.2, copies));
    }
    let what = "MiB of memory at most";
    all.push(Asked::at_most(what.into(), PEAK, ours.peak_mib as f64));
    all
}

/// The scores as lines of text.
pub(crate) fn table(scores: &[Scores]) -> String {
    let mut text = String::from("program        MiB/s   peak memory   copies sent");
    for score in scores {
        let copies = score
            .copies
            .map_or_else(|| "-".into(), |copies| format!("{copies:.2}"));
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\n{:<12} {:>7.0} {:>9} MiB {:>13}",
            score.name, score.rate, score.peak_mib, copies
        );
    }
    text
}
