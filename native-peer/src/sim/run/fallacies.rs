//! `sim run` of a world of fallacies: a built-in scenario, or a permalink of the page.

use chordscope_core::base::time::Instant;
use chordscope_sim::worlds::fallacies::FallaciesWorld;
use chordscope_sim::worlds::fallacies::permalink::Permalink;
use chordscope_sim::worlds::fallacies::scenario::Scenario;

use super::plan::Plan;
use super::{ARGUMENT, caveat};
use crate::failure::Failure;

/// The title of a run that is no built-in scenario.
pub(super) const TITLE: &str = "fallacies";

/// The run of a scenario's name or of a link; `None` where the text is neither of fallacies.
pub(super) fn named(text: &str) -> Result<Option<Plan<FallaciesWorld>>, Failure> {
    if let Some(known) = Scenario::named(text) {
        let title = known.fallacy.sentence();
        let until = Instant::ZERO + known.setup.length;
        return Ok(Some(Plan::new(title, known.seed, until, known.setup)));
    }
    if !Permalink::is_one(text) {
        return Ok(None);
    }
    let link = Permalink::parse(text).map_err(|error| Failure::usage(ARGUMENT, error))?;
    caveat(link.caveat());
    let known = link.scenario.as_ref();
    let title = known.map_or(TITLE, |known| known.fallacy.sentence());
    Ok(Some(Plan::new(title, link.seed, link.until(), link.setup)))
}

#[cfg(test)]
mod tests {
    use chordscope_sim::engine::World;
    use chordscope_sim::engine::history::export;
    use chordscope_sim::worlds::fallacies::History;
    use chordscope_sim::worlds::fallacies::action::Action;

    use super::*;

    #[test]
    fn a_link_runs_to_its_moment() {
        for start in ["s=liars", "members=16&fetch=4&latency=60!&topology=30!"] {
            let link = format!(
                "https://example.org/#/fallacies?v=5&{start}&seed=3&do=1500000:crash,2&t=2750000"
            );
            let shown = Permalink::parse(&link).unwrap().open().unwrap();
            let plan = named(&link).unwrap().unwrap();
            let (answer, _) = plan.execute(false).unwrap();
            assert_eq!(answer.digest, shown.world().digest());
            assert_eq!(answer.events, shown.world().events());
        }
    }

    #[test]
    fn an_exported_run_has_the_digest_of_the_moment_that_it_shows() {
        let scenario = Scenario::named("lost-messages").unwrap();
        let mut history = History::new(scenario.setup, 5).unwrap();
        history.advance_to(Instant::from_millis(2_000));
        history.act(Action::Crash(4)).unwrap();
        history.advance_to(Instant::from_millis(3_000));
        let text = export::write(&history);
        let plan: Plan<FallaciesWorld> = Plan::continued(TITLE, export::read(&text).unwrap());
        assert!(plan.is_exported());
        assert_eq!(plan.export().unwrap(), text);
        let (answer, trace) = plan.execute(true).unwrap();
        assert_eq!(answer.digest, history.world().digest());
        let trace: serde_json::Value = serde_json::from_str(&trace.unwrap()).unwrap();
        let mut events = trace["traceEvents"].as_array().unwrap().iter();
        assert!(events.any(|event| event["args"]["name"] == "peer 4"));
    }

    #[test]
    fn what_is_of_another_world_is_left_to_it() {
        for text in ["lesson-26", "eight-clients", "#/swarm?s=trickle", "nothing"] {
            assert!(named(text).unwrap().is_none(), "{text}");
        }
        assert!(named("#/fallacies?s=nothing").is_err());
    }
}
