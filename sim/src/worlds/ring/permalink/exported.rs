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
                query
                    .check(&format!("seed {}", ring::PARAMETERS))
                    .map_err(|error| Malformed::new("setup", &error.reason))?;
                Ok(Scenario { seed, ..scenario })
            }
            _ => Err(Malformed::new("setup", &"must be a text")),
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
            _ => Err("must be a text".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_set_up_with_a_part_that_is_unknown_or_there_twice_is_refused() {
        let read =
            |more: &str| RingWorld::read_setup(format!("bits=5&nodes=1,9&seed=3{more}").into());
        assert_eq!(read("").unwrap().seed, 3);
        for (more, reason) in [
            ("&sed=4", "setup: there is no parameter `sed`"),
            ("&seed=4", "setup: given twice: the parameter `seed`"),
            ("&do=5:insert,7", "setup: there is no parameter `do`"),
        ] {
            assert_eq!(read(more).unwrap_err().to_string(), reason);
        }
    }
}
