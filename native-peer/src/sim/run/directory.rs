//! `sim run` of directories: a built-in scenario, or a permalink of the page.

use chordscope_sim::engine::malformed::Malformed;
use chordscope_sim::worlds::directory::DirectoryWorld;
use chordscope_sim::worlds::directory::permalink::Permalink;
use chordscope_sim::worlds::directory::scenario;

use super::worlds::{Named, Plan};

impl Named for DirectoryWorld {
    const TITLE: &'static str = "directories";

    fn scenarios() -> Vec<(&'static str, Plan<Self>)> {
        let known = scenario::all().into_iter();
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
