//! `sim run` of a swarm: a built-in scenario, or a permalink of the swarm page.

use chordscope_sim::worlds::swarm::SwarmWorld;
use chordscope_sim::worlds::swarm::permalink::Permalink;
use chordscope_sim::worlds::swarm::scenario::Scenario;

use super::plan::Plan;
use super::{ARGUMENT, caveat};
use crate::failure::Failure;

/// The title of a run that is no built-in scenario.
pub(super) const TITLE: &str = "a swarm";

/// The run of a scenario's name or of a link; `None` where the text is neither of a swarm.
pub(super) fn named(text: &str) -> Result<Option<Plan<SwarmWorld>>, Failure> {
    if let Some(known) = Scenario::named(text) {
        let plan = Plan::new(known.title, known.seed, known.until, known.setup);
        return Ok(Some(plan));
    }
    if !Permalink::is_one(text) {
        return Ok(None);
    }
    let link = Permalink::parse(text).map_err(|error| Failure::usage(ARGUMENT, error))?;
    caveat(link.caveat());
    let title = link.scenario.as_ref().map_or(TITLE, |known| known.title);
    Ok(Some(Plan::new(title, link.seed, link.until(), link.setup)))
}

#[cfg(test)]
mod tests {
    use chordscope_core::base::time::Instant;
    use chordscope_sim::engine::World;
    use chordscope_sim::engine::history::History;
    use chordscope_sim::engine::history::export;

    use super::*;

    #[test]
    fn a_link_runs_to_its_moment() {
        let link =
            "https://example.org/#/swarm?v=5&s=eight-clients&seed=3&do=1500000:leave,2&t=2750000";
        let shown = Permalink::parse(link).unwrap().open().unwrap();
        let plan = named(link).unwrap().unwrap();
        let (answer, _) = plan.execute(false).unwrap();
        assert_eq!(answer.digest, shown.world().digest());
        assert_eq!(answer.events, shown.world().events());
    }

    #[test]
    fn an_exported_run_has_the_digest_of_the_moment_that_it_shows() {
        let scenario = Scenario::named("eight-clients").unwrap();
        let mut history = History::<SwarmWorld>::new(scenario.setup, 5).unwrap();
        history.advance_to(Instant::from_millis(3_000));
        let text = export::write(&history);
        let plan: Plan<SwarmWorld> = Plan::continued(TITLE, export::read(&text).unwrap());
        assert!(plan.is_exported());
        assert_eq!(plan.export().unwrap(), text);
        let (answer, trace) = plan.execute(true).unwrap();
        assert_eq!(answer.digest, history.world().digest());
        let trace: serde_json::Value = serde_json::from_str(&trace.unwrap()).unwrap();
        let mut events = trace["traceEvents"].as_array().unwrap().iter();
        assert!(events.any(|event| event["args"]["name"] == "client 8"));
    }

    #[test]
    fn what_is_no_swarm_is_left_to_the_ring() {
        for text in ["lesson-26", "s=sixteen", "#/ring?s=lesson-26", "nothing"] {
            assert!(named(text).unwrap().is_none(), "{text}");
        }
        assert!(named("#/swarm?s=nothing").is_err());
    }
}
