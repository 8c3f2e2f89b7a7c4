//! The simulation and its clock. Knows no Yew: it takes commands and gives snapshots.

mod caption;
mod change;
pub mod command;
pub mod compose;
mod deeds;
mod follow;
mod link;
pub mod pace;
mod passing;
mod picture;
mod predict;
pub mod snapshot;
mod story;
mod tables;

use std::rc::Rc;

use chordscope_core::base::id::Id;
use chordscope_core::sim::builtin;
use chordscope_core::sim::history::History;
use chordscope_core::sim::scenario::Scenario;
use chordscope_core::sim::trace::LookupTrace;

pub use crate::engine::pace::SPEEDS;
use crate::engine::predict::Predict;
use crate::engine::snapshot::Snapshot;
use crate::engine::story::Story;
use crate::scene::Motion;

/// A simulation, how fast it runs, and what the user looks at.
#[derive(Debug)]
pub struct Engine {
    history: History,
    story: Story,
    scenarios: Rc<Vec<(String, String)>>,
    playing: bool,
    speed: usize,
    carry: f64,
    /// Decisions and hops of the lookup, as last seen.
    hops: (usize, usize),
    chosen: Option<Id>,
    hovered: Option<Id>,
    predict: Option<Predict>,
    /// The lookup that the user asked for.
    asked: Option<(Id, u64)>,
    aim: Aim,
    upkeep_shown: bool,
    refused: Option<String>,
    news: bool,
    urgent: bool,
}

/// What the user waits for: time pauses there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aim {
    /// A lookup's answer.
    Answer,
    /// Tables that are right again after a change of the ring.
    Repair,
}

impl Engine {
    /// The simulation that a link asks for; without one, the first scenario. `still` leaves it at the beginning.
    pub fn open(link: &str, still: bool) -> Self {
        let all = builtin::all();
        let scenarios = all
            .iter()
            .map(|known| (known.name.clone(), known.title.clone()));
        let scenarios = Rc::new(scenarios.collect());
        let first = all.into_iter().next().and_then(begin);
        let history = first.unwrap_or_else(deeds::alone);
        let mut engine = Self {
            history,
            story: Story::default(),
            scenarios,
            playing: !still,
            speed: 0,
            carry: 0.0,
            hops: (0, 0),
            chosen: None,
            hovered: None,
            predict: None,
            asked: None,
            aim: Aim::Answer,
            upkeep_shown: false,
            refused: None,
            news: true,
            urgent: true,
        };
        engine.story.read(&engine.history);
        if link.contains('=') {
            engine.follow_link(link);
        }
        engine
    }

    /// The lookup of interest.
    fn lookup(&self) -> Option<&LookupTrace> {
        follow::current(self.history.world(), self.asked)
    }

    /// Whether it still waits for its answer.
    fn is_under_way(&self) -> bool {
        self.lookup().is_some_and(|trace| trace.finished.is_none())
    }

    /// Whether the next snapshot would differ from the last.
    pub const fn has_news(&self) -> bool {
        self.news
    }

    /// Whether it cannot wait: the user did something, or a hop was made.
    pub const fn is_urgent(&self) -> bool {
        self.urgent
    }

    /// A snapshot to show.
    pub fn publish(&mut self) -> Snapshot {
        self.news = false;
        self.urgent = false;
        self.snapshot()
    }

    /// The moving layer of this moment.
    pub fn motion(&self) -> Motion {
        let shown = self.lookup().filter(|_| self.lookup_shown());
        follow::motion(self.history.world(), shown, self.question().is_some())
    }
}

fn begin(scenario: Scenario) -> Option<History> {
    let seed = scenario.seed;
    History::new(scenario, seed).ok()
}
