//! `sim run` of a swarm: a built-in scenario, or a permalink of the page.

use chordscope_sim::engine::malformed::Malformed;
use chordscope_sim::worlds::swarm::SwarmWorld;
use chordscope_sim::worlds::swarm::permalink::Permalink;
use chordscope_sim::worlds::swarm::scenario::Scenario;
use chordscope_sim::worlds::swarm::setup::Setup;

use super::worlds::{Named, Plan};

impl Named for SwarmWorld {
    const TITLE: &'static str = "a swarm";

    fn scenarios() -> Vec<(&'static str, Plan<Self>)> {
        let known = Scenario::all().into_iter();
        known
            .map(|known| {
                let plan = Plan::of(known.title, known.setup, known.seed, known.until);
                (known.name, plan)
            })
            .collect()
    }

    fn link(text: &str) -> Option<Result<(Plan<Self>, Option<String>), Malformed>> {
        let read = Permalink::is_one(text).then(|| Permalink::parse(text))?;
        Some(read.map(|link| {
            let title = link
                .scenario
                .as_ref()
                .map_or(Self::TITLE, |known| known.title);
            let (caveat, until) = (link.caveat(), link.until());
            (Plan::of(title, link.setup, link.seed, until), caveat)
        }))
    }

    fn title(setup: &Setup) -> &'static str {
        let known = Scenario::all().into_iter().find(|known| {
            // A run has its seed beside its set-up.
            let seed = setup.seed;
            Setup {
                seed,
                ..known.setup.clone()
            } == *setup
        });
        known.map_or(Self::TITLE, |known| known.title)
    }
}
