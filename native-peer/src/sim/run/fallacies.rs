//! `sim run` of a ring under the eight fallacies: a built-in scenario, or a permalink of the page.

use chordscope_core::base::time::Instant;
use chordscope_sim::engine::malformed::Malformed;
use chordscope_sim::worlds::fallacies::FallaciesWorld;
use chordscope_sim::worlds::fallacies::permalink::Permalink;
use chordscope_sim::worlds::fallacies::scenario::Scenario;

use super::worlds::{Named, Plan};

impl Named for FallaciesWorld {
    const TITLE: &'static str = "fallacies";

    fn scenarios() -> Vec<(&'static str, Plan<Self>)> {
        let known = Scenario::all().into_iter();
        known
            .map(|known| {
                let until = Instant::ZERO + known.setup.length;
                let title = known.fallacy.sentence();
                (known.name, Plan::of(title, known.setup, known.seed, until))
            })
            .collect()
    }

    fn link(text: &str) -> Option<Result<(Plan<Self>, Option<String>), Malformed>> {
        let read = Permalink::is_one(text).then(|| Permalink::parse(text))?;
        Some(read.map(|link| {
            let known = link.scenario.as_ref();
            let title = known.map_or(Self::TITLE, |known| known.fallacy.sentence());
            let (caveat, until) = (link.caveat(), link.until());
            (Plan::of(title, link.setup, link.seed, until), caveat)
        }))
    }
}
