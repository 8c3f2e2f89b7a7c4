//! `sim run` of a swarm: a built-in scenario, a permalink of the swarm page, or a run that was exported there.

use std::sync::Arc;

use chordscope_core::base::time::Instant;
use chordscope_sim::engine::World;
use chordscope_sim::engine::chrome;
use chordscope_sim::engine::history::History;
use chordscope_sim::engine::history::export::{self, Imported};
use chordscope_sim::engine::run::Run;
use chordscope_sim::worlds::swarm::SwarmWorld;
use chordscope_sim::worlds::swarm::permalink::Permalink;
use chordscope_sim::worlds::swarm::scenario::Scenario;
use chordscope_sim::worlds::swarm::setup::Setup;

use super::{ARGUMENT, Answer, caveat};
use crate::failure::Failure;

/// The run of a swarm that the command asks for.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) title: String,
    pub(super) seed: u64,
    pub(super) until: Instant,
    setup: Setup,
    /// The history of an exported run.
    exported: Option<History<SwarmWorld>>,
}

impl Plan {
    /// The run of a scenario's name or of a link; `None` where the text is neither of a swarm.
    pub(super) fn named(text: &str) -> Result<Option<Self>, Failure> {
        if let Some(scenario) = Scenario::named(text) {
            return Ok(Some(Self {
                title: scenario.title.to_string(),
                seed: scenario.seed,
                until: scenario.until,
                setup: scenario.setup,
                exported: None,
            }));
        }
        if !Permalink::is_one(text) {
            return Ok(None);
        }
        let link = Permalink::parse(text).map_err(|error| Failure::usage(ARGUMENT, error))?;
        caveat(link.caveat());
        let title = link
            .scenario
            .as_ref()
            .map_or("a swarm", |known| known.title);
        Ok(Some(Self {
            title: title.to_string(),
            seed: link.seed,
            until: link.until(),
            setup: link.setup,
            exported: None,
        }))
    }

    /// The branch of an exported run that is shown, to the moment that is shown.
    pub(super) fn continued(imported: Imported<SwarmWorld>) -> Self {
        let history = imported.history;
        let setup = history.setup();
        let mut known = Scenario::all().into_iter();
        let known = known.find(|known| {
            // A run has its seed beside its set-up.
            let seed = setup.seed;
            Setup {
                seed,
                ..known.setup.clone()
            } == *setup
        });
        Self {
            title: known.map_or("a swarm", |known| known.title).to_string(),
            seed: history.seed(),
            until: history.now(),
            setup: Setup {
                actions: history.actions().to_vec(),
                ..history.setup().clone()
            },
            exported: Some(history),
        }
    }

    /// Whether it is an exported run, which has the seed that it was recorded with.
    pub(super) const fn is_exported(&self) -> bool {
        self.exported.is_some()
    }

    /// The run as the page exports it, at its end.
    pub(super) fn export(&self) -> Result<String, Failure> {
        if let Some(history) = &self.exported {
            return Ok(export::write(history));
        }
        let history = History::<SwarmWorld>::new(self.setup.clone(), self.seed);
        let mut history = history.map_err(|error| Failure::usage(ARGUMENT, error))?;
        history.advance_to(self.until);
        Ok(export::write(&history))
    }

    /// Runs it; with a chart of time where that is wanted.
    pub(super) fn execute(self, charted: bool) -> Result<(Answer, Option<String>), Failure> {
        let mut run = Run::<SwarmWorld>::begin(&Arc::new(self.setup), self.seed)
            .map_err(|error| Failure::usage(ARGUMENT, error))?;
        let mut all = Vec::new();
        loop {
            let entries = run.take_trace();
            if charted {
                all.extend(entries);
            }
            if !run.step_until(self.until) {
                break;
            }
        }
        let answer = Answer {
            digest: run.world().digest(),
            events: run.world().events(),
            violations: Vec::new(),
        };
        let trace = charted.then(|| chrome::write(run.world(), &all));
        Ok((answer, trace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_runs_to_its_moment() {
        let link =
            "https://example.org/#/swarm?v=5&s=eight-clients&seed=3&do=1500000:leave,2&t=2750000";
        let shown = Permalink::parse(link).unwrap().open().unwrap();
        let plan = Plan::named(link).unwrap().unwrap();
        let (answer, _) = plan.execute(false).unwrap();
        assert_eq!(answer.digest, shown.world().digest());
        assert_eq!(answer.events, shown.world().events());
    }

    #[test]
    fn an_exported_run_has_the_digest_of_the_moment_that_it_shows() {
        let scenario = Scenario::named("eight-clients").unwrap();
        let title = scenario.title;
        let mut history = History::<SwarmWorld>::new(scenario.setup, 5).unwrap();
        history.advance_to(Instant::from_millis(3_000));
        let text = export::write(&history);
        let plan = Plan::continued(export::read(&text).unwrap());
        assert!(plan.is_exported());
        assert_eq!(plan.title, title);
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
            assert!(Plan::named(text).unwrap().is_none(), "{text}");
        }
        assert!(Plan::named("#/swarm?s=nothing").is_err());
    }
}
