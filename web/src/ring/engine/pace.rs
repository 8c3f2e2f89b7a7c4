//! The automatic speed: the rate of time by what happens, and the reading time of a caption.

use chordscope_core::base::id::Space;

use crate::player;
use crate::ring::engine::snapshot::Caption;
use crate::ring::engine::statement::Statement;

/// Returns for how many milliseconds time stands still for a caption, after this one before. `anyway` is how many milliseconds it stays when time
/// runs on.
pub(super) fn reading(caption: &Caption, before: &Caption, space: Space, anyway: f64) -> f64 {
    let alike = caption.is_alike(before, space);
    let known: Vec<&Statement> = before.statements().collect();
    let sentence = |one: &Statement| {
        let words = one.text(space).split_whitespace().count();
        (words, alike || known.contains(&one))
    };
    player::reading(caption.statements().map(sentence), anyway)
}

/// The kind of activity that chooses the automatic speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scene {
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

/// Virtual seconds per second at the automatic speed.
pub(super) const fn rate(scene: Scene) -> f64 {
    match scene {
        Scene::Lookup => 1.0 / 12.0,
        Scene::Waiting => 1.0 / 4.0,
        Scene::Joining => 1.0 / 6.0,
        Scene::Repairing => 2.0,
        Scene::Quiet => 0.5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_slowest_where_there_is_most_to_see() {
        assert!(rate(Scene::Lookup) < rate(Scene::Joining));
        assert!(rate(Scene::Joining) < rate(Scene::Quiet));
    }
}
