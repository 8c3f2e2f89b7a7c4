//! How fast time runs.

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
