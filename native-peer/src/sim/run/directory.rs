//! `sim run` of a world of directories: a built-in scenario, or a permalink of the directory page.

use chordscope_sim::worlds::directory::DirectoryWorld;
use chordscope_sim::worlds::directory::permalink::Permalink;
use chordscope_sim::worlds::directory::scenario;

use super::plan::Plan;
use super::{ARGUMENT, caveat};
use crate::failure::Failure;

/// The title of a run that is no built-in scenario.
pub(super) const TITLE: &str = "directories";

/// The run of a scenario's name or of a link; `None` where the text is neither of directories.
pub(super) fn named(text: &str) -> Result<Option<Plan<DirectoryWorld>>, Failure> {
    if let Some(known) = scenario::named(text) {
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
    use chordscope_sim::engine::history::export;
    use chordscope_sim::worlds::directory::History;

    use super::*;

    #[test]
    fn a_link_runs_to_its_moment() {
        let link = "https://example.org/#/directory?v=5&s=tracker-goes&seed=3&do=1500000:out,directory&t=2750000";
        let shown = Permalink::parse(link).unwrap().open().unwrap();
        let plan = named(link).unwrap().unwrap();
        let (answer, _) = plan.execute(false).unwrap();
        assert_eq!(answer.digest, shown.world().digest());
        assert_eq!(answer.events, shown.world().events());
    }

    #[test]
    fn an_exported_run_has_the_digest_of_the_moment_that_it_shows() {
        let scenario = scenario::named("tracker-goes").unwrap();
        let mut history = History::new(scenario.setup, 5).unwrap();
        history.advance_to(Instant::from_millis(3_000));
        let text = export::write(&history);
        let plan: Plan<DirectoryWorld> = Plan::continued(TITLE, export::read(&text).unwrap());
        assert!(plan.is_exported());
        assert_eq!(plan.export().unwrap(), text);
        let (answer, trace) = plan.execute(true).unwrap();
        assert_eq!(answer.digest, history.world().digest());
        let trace: serde_json::Value = serde_json::from_str(&trace.unwrap()).unwrap();
        let mut events = trace["traceEvents"].as_array().unwrap().iter();
        assert!(events.any(|event| event["args"]["name"] == "peer 24"));
    }

    #[test]
    fn what_is_of_another_world_is_left_to_it() {
        for text in ["lesson-26", "eight-clients", "#/swarm?s=trickle", "nothing"] {
            assert!(named(text).unwrap().is_none(), "{text}");
        }
        assert!(named("#/directory?s=nothing").is_err());
    }
}
