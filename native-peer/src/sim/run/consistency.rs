//! `sim run` of the store at both levels of consistency: a built-in scenario, or a permalink of the page.

use chordscope_sim::engine::malformed::Malformed;
use chordscope_sim::worlds::consistency::ConsistencyWorld;
use chordscope_sim::worlds::consistency::permalink::Permalink;
use chordscope_sim::worlds::consistency::scenario::Scenario;

use super::worlds::{Named, Plan};

impl Named for ConsistencyWorld {
    const TITLE: &'static str = "a store of records";

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
}
