//! A prediction: how many of the next lookups of a kind will find.

use chordscope_core::base::time::Instant;
use chordscope_sim::worlds::directory::History;
use chordscope_sim::worlds::directory::measure::{Outcome, Subject};
use chordscope_sim::worlds::directory::setup::Kind;
use chordscope_sim::worlds::directory::trace::What;

use crate::directory::engine::statement::Statement;

/// The number of lookups that a prediction is about.
pub const NEXT: u32 = 50;

/// A prediction of the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prediction {
    /// The kind of directory.
    pub kind: Kind,
    /// The number of lookups that will find, of [`NEXT`].
    pub guess: u32,
    /// The time since which they begin.
    pub from: Instant,
}

/// A prediction beside what came so far.
pub(super) fn said(history: &History, prediction: Prediction) -> Statement {
    let Prediction { kind, guess, from } = prediction;
    let entries = history.entries();
    let first = entries.partition_point(|entry| entry.at < from);
    // Numbers rise: those that began earlier have smaller ones.
    let mut began = None;
    let (mut found, mut ended) = (0, 0);
    for entry in &entries[first..] {
        match &entry.what {
            What::Began(number, of, _, Subject::Title(_)) if *of == kind => {
                began.get_or_insert(*number);
            }
            What::Ended(number, of, outcome)
                if *of == kind && began.is_some_and(|began| *number >= began) =>
            {
                ended += 1;
                found += u32::from(*outcome == Outcome::Found);
            }
            _ => {}
        }
        if ended >= NEXT {
            break;
        }
    }
    Statement::Predicted {
        kind,
        guess,
        from: from.as_micros(),
        found,
        ended,
    }
}
