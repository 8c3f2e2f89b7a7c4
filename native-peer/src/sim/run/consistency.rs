//! `sim run` of a world of consistency: a built-in scenario, or a permalink of the consistency page.

use chordscope_sim::worlds::consistency::ConsistencyWorld;
use chordscope_sim::worlds::consistency::permalink::Permalink;
use chordscope_sim::worlds::consistency::scenario::Scenario;

use super::world::Plan;
use super::{ARGUMENT, RECORDS, caveat};
use crate::failure::Failure;

/// The run of a scenario's name or of a link; `None` where the text is neither of consistency.
pub(super) fn named(text: &str) -> Result<Option<Plan<ConsistencyWorld>>, Failure> {
    if let Some(scenario) = Scenario::named(text) {
        let (seed, until) = (scenario.seed, scenario.until);
        return Ok(Some(Plan::of(scenario.title, scenario.setup, seed, until)));
    }
    if !Permalink::is_one(text) {
        return Ok(None);
    }
    let link = Permalink::parse(text).map_err(|error| Failure::usage(ARGUMENT, error))?;
    caveat(link.caveat());
    let known = link.scenario.as_ref();
    let title = known.map_or(RECORDS, |known| known.title);
    let (seed, until) = (link.seed, link.until());
    Ok(Some(Plan::of(title, link.setup, seed, until)))
}

#[cfg(test)]
mod tests {
    use chordscope_core::base::time::Instant;
    use chordscope_sim::engine::history::export;
    use chordscope_sim::worlds::consistency::History;

    use super::*;

    #[test]
    fn a_run_has_the_digest_that_the_page_shows() {
        let link = "https://example.org/#/cap?v=5&s=last-copy&seed=3&t=9750000";
        let shown = Permalink::parse(link).unwrap().open().unwrap();
        let (answer, _) = named(link).unwrap().unwrap().execute(false).unwrap();
        assert_eq!(answer.digest, shown.world().digest());
        for scenario in Scenario::all() {
            let mut history = History::new(scenario.setup, scenario.seed).unwrap();
            history.advance_to(scenario.until);
            let plan = named(scenario.name).unwrap().unwrap();
            let (answer, _) = plan.execute(false).unwrap();
            assert_eq!(answer.digest, history.world().digest());
        }
    }

    #[test]
    fn an_exported_run_has_the_digest_of_the_moment_that_it_shows() {
        let scenario = Scenario::named("bank").unwrap();
        let mut history = History::new(scenario.setup, 5).unwrap();
        history.advance_to(Instant::from_millis(6_000));
        let text = export::write(&history);
        let imported = export::read::<ConsistencyWorld>(&text).unwrap();
        let plan = Plan::continued(RECORDS, imported);
        assert!(plan.is_exported());
        assert_eq!(plan.export().unwrap(), text);
        let (answer, trace) = plan.execute(true).unwrap();
        assert_eq!(answer.digest, history.world().digest());
        let trace: serde_json::Value = serde_json::from_str(&trace.unwrap()).unwrap();
        let mut events = trace["traceEvents"].as_array().unwrap().iter();
        assert!(events.any(|event| event["args"]["name"] == "quorum Anna"));
    }

    #[test]
    fn what_is_none_of_consistency_is_left_to_others() {
        for text in ["lesson-26", "trickle", "#/ring?s=lesson-26", "nothing"] {
            assert!(named(text).unwrap().is_none(), "{text}");
        }
        assert!(named("#/cap?s=nothing").is_err());
    }
}
