//! The time for which a caption is left to be read.

/// The time that a reader takes for a word of a new sentence, in milliseconds.
const WORD: f64 = 180.0;
/// The same, where the sentence is known, or only its numbers are new.
const FAMILIAR_WORD: f64 = 125.0;
/// The shortest and the longest time that a caption waits for its reader.
const WAIT: (f64, f64) = (300.0, 5_500.0);

/// Time goes on by whole frames: as much as this of a caption's time may be lost at its beginning and its end.
const FRAMES: f64 = 40.0;

/// Returns for how many milliseconds time stands still for a caption. `sentences` are the numbers of words of each, and whether the reader
/// knows it; `anyway` is how many milliseconds it stays when time runs on.
pub fn reading(sentences: impl Iterator<Item = (usize, bool)>, anyway: f64) -> f64 {
    let time = |(words, is_known)| words as f64 * if is_known { FAMILIAR_WORD } else { WORD };
    let all: f64 = sentences.map(time).sum();
    (all.min(WAIT.1) + FRAMES - anyway).max(WAIT.0)
}

/// The same for sentences that the reader knows but for their numbers.
pub fn familiar(sentences: impl Iterator<Item = String>, anyway: f64) -> f64 {
    let words = |text: String| (text.split_whitespace().count(), true);
    reading(sentences.map(words), anyway)
}
