//! The scenarios that come with Chordscope.

use alloc::vec::Vec;

use crate::sim::scenario::Scenario;

const TEXTS: [&str; 10] = [
    include_str!("scenarios/lesson-26.json"),
    include_str!("scenarios/lesson-12.json"),
    include_str!("scenarios/linear-26.json"),
    include_str!("scenarios/insert-7.json"),
    include_str!("scenarios/crash-18.json"),
    include_str!("scenarios/sixteen.json"),
    include_str!("scenarios/partition.json"),
    include_str!("scenarios/classic-crash.json"),
    include_str!("scenarios/classic-cut-off.json"),
    include_str!("scenarios/classic-come-and-go.json"),
];

/// All of them, in the order in which they are offered.
pub fn all() -> Vec<Scenario> {
    // That each can be read is tested.
    TEXTS
        .iter()
        .filter_map(|text| Scenario::from_json(text).ok())
        .collect()
}

/// The one of this name.
pub fn named(name: &str) -> Option<Scenario> {
    all().into_iter().find(|scenario| scenario.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_can_be_read_and_written() {
        assert_eq!(all().len(), TEXTS.len());
        for scenario in all() {
            assert_eq!(
                Scenario::from_json(&scenario.to_json()),
                Ok(scenario.clone())
            );
            assert!(!scenario.title.is_empty() && !scenario.watch.is_empty());
            assert_eq!(named(&scenario.name), Some(scenario));
        }
    }
}
