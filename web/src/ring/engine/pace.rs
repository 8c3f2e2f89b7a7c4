//! How fast time runs, and how long a caption is left to be read.

use chordscope_core::base::id::Space;

use crate::ring::engine::snapshot::Caption;
use crate::ring::engine::statement::Statement;

/// How long a reader takes for a word of a new sentence, in milliseconds.
const WORD: f64 = 180.0;
/// The same, where the sentence is known, or only its numbers are new.
const FAMILIAR_WORD: f64 = 125.0;
/// The shortest and the longest time that a caption waits for its reader.
const WAIT: (f64, f64) = (300.0, 5_500.0);

/// Time goes on by whole frames: as much as this of a caption's time may be lost at its beginning and its end.
const FRAMES: f64 = 40.0;

/// Time that runs for so many milliseconds under one caption begins to hurry …
const TIMEOUT: f64 = 1_300.0;
/// … and is so much faster after each millisecond more, to the fourth power …
const HASTE: f64 = 0.003;
/// … up to this, to the fourth power.
const MOST_HASTE: f64 = 3.0;

/// Returns for how many milliseconds time stands still for a caption, after this one before. `anyway` is how many milliseconds it stays when time
/// runs on.
pub fn reading(caption: &Caption, before: &Caption, space: Space, anyway: f64) -> f64 {
    let alike = caption.is_alike(before, space);
    let known: Vec<&Statement> = before.statements().collect();
    let time = |one: &Statement| {
        let word = if alike || known.contains(&one) {
            FAMILIAR_WORD
        } else {
            WORD
        };
        one.text(space).split_whitespace().count() as f64 * word
    };
    let all: f64 = caption.statements().map(time).sum();
    (all.min(WAIT.1) + FRAMES - anyway).max(WAIT.0)
}

/// How many times faster the automatic speed is, once time has run for so many milliseconds under one caption: where nothing new comes,
/// nobody waits for long.
pub fn hurry(ran: f64) -> f64 {
    let haste = (1.0 + HASTE * (ran - TIMEOUT).max(0.0)).min(MOST_HASTE);
    haste * haste * haste * haste
}

/// The speeds of time: automatic, then slow to fast, with virtual seconds per second.
pub const SPEEDS: [(&str, f64); 11] = [
    ("Auto", 0.0),
    ("1/64 ×", 1.0 / 64.0),
    ("1/32 ×", 1.0 / 32.0),
    ("1/16 ×", 1.0 / 16.0),
    ("1/8 ×", 1.0 / 8.0),
    ("1/4 ×", 1.0 / 4.0),
    ("1/2 ×", 1.0 / 2.0),
    ("1 ×", 1.0),
    ("2 ×", 2.0),
    ("4 ×", 4.0),
    ("16 ×", 16.0),
];

/// What is going on, as far as the automatic speed cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// A lookup travels: slow enough to follow each message.
    Lookup,
    /// A lookup waits for an answer that will not come.
    Waiting,
    /// A node looks for its place.
    Joining,
    /// Tables wait for upkeep, which comes round every few seconds.
    Repairing,
    /// Nothing but upkeep.
    Quiet,
}

/// Virtual seconds per second, for an index into [`SPEEDS`].
pub fn rate(speed: usize, scene: Scene) -> f64 {
    match (speed, scene) {
        (0, Scene::Lookup) => 1.0 / 12.0,
        (0, Scene::Waiting) => 1.0 / 4.0,
        (0, Scene::Joining) => 1.0 / 6.0,
        (0, Scene::Repairing) => 2.0,
        (0, Scene::Quiet) => 0.5,
        (speed, _) => SPEEDS.get(speed).map_or(1.0, |(_, rate)| *rate),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_ascend_and_automatic_is_slowest_where_there_is_most_to_see() {
        assert!(SPEEDS[1..].windows(2).all(|pair| pair[0].1 < pair[1].1));
        assert!(rate(0, Scene::Lookup) < rate(0, Scene::Joining));
        assert!((rate(7, Scene::Lookup) - 1.0).abs() < f64::EPSILON);
    }
}
