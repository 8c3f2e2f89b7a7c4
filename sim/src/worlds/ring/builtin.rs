//! The scenarios that come with Chordscope.
//!
//! They are written as JSON, in `scenarios/`; `scenarios.txt` holds the same as links do, which the page reads: that is
//! shorter. `CHORDSCOPE_BLESS=1 cargo test -p chordscope-sim --all-features builtin` writes it anew.

use alloc::vec::Vec;

use crate::worlds::ring::permalink::read_scenarios;
use crate::worlds::ring::scenario::Scenario;

/// All of them, in the order in which they are offered.
pub fn all() -> Vec<Scenario> {
    read_scenarios(include_str!("scenarios.txt"))
}

/// The one of this name.
pub fn named(name: &str) -> Option<Scenario> {
    all().into_iter().find(|scenario| scenario.name == name)
}

#[cfg(all(test, feature = "scenario-files"))]
mod tests {
    use super::*;
    use crate::worlds::ring::permalink::write_scenario;
    use alloc::format;
    extern crate std;

    const FILES: [&str; 10] = [
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

    #[test]
    fn every_scenario_is_what_its_file_says() {
        let files = FILES.map(|text| Scenario::from_json(text).unwrap());
        if std::env::var_os("CHORDSCOPE_BLESS").is_some() {
            let lines = files.each_ref().map(|file| write_scenario(file).unwrap());
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/worlds/ring/scenarios.txt");
            std::fs::write(path, format!("{}\n", lines.join("\n"))).unwrap();
            return;
        }
        assert_eq!(all(), files);
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
