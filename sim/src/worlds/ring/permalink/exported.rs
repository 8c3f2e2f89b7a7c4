//! Scenarios and actions in an exported run: as links have them, so that the page has one reader of both.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{actions, ring};
use crate::engine::history::export::Portable;
use crate::engine::json::Json;
use crate::engine::malformed::Malformed;
use crate::engine::permalink::Query;
use crate::worlds::ring::RingWorld;
use crate::worlds::ring::action::{Action, Timed};
use crate::worlds::ring::scenario::Scenario;
#[cfg(feature = "scenario-files")]
use crate::worlds::ring::scenario::file;

impl Portable for RingWorld {
    const WORLD: &'static str = "ring";

    fn write_setup(setup: &Scenario) -> Json {
        // A scenario has nodes that make a ring.
        let ring = ring::write(setup).unwrap_or_default();
        format!("{ring}&seed={}", setup.seed).into()
    }

    fn read_setup(value: Json) -> Result<Scenario, Malformed> {
        match value {
            Json::Text(text) => {
                let query = Query::of(&text);
                let seed = query.number("seed", 1)?;
                let scenario = ring::read(query)?;
                Ok(Scenario { seed, ..scenario })
            }
            other => read_first(other),
        }
    }

    fn set_plan(setup: &mut Scenario, plan: Vec<Timed>) {
        setup.actions = plan;
    }

    fn write_action(setup: &Scenario, action: &Action) -> Json {
        actions::write_action(setup.space, action).into()
    }

    fn read_action(setup: &Scenario, value: Json) -> Result<Action, String> {
        match value {
            Json::Text(text) => {
                let words: Vec<&str> = text.split(',').collect();
                actions::read_action(setup.space, &words)
            }
            #[cfg(feature = "scenario-files")]
            other => file::deed::read(setup.space, other),
            #[cfg(not(feature = "scenario-files"))]
            _ => Err("must be a text".into()),
        }
    }
}

/// Reads the scenario of a run of version 1, which has it as scenario files have it.
#[cfg(feature = "scenario-files")]
fn read_first(setup: Json) -> Result<Scenario, Malformed> {
    file::read(setup, "")
}

/// Refuses it: that reader is left out here.
#[cfg(not(feature = "scenario-files"))]
fn read_first(_: Json) -> Result<Scenario, Malformed> {
    let reason =
        "must be a text; `chordscope sim run FILE --export FILE` writes a run of version 1 anew";
    Err(Malformed::new("setup", &reason))
}
