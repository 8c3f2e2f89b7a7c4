//! The simulation and its clock. Knows no Yew: it takes commands and gives snapshots.

mod branches;
mod caption;
mod change;
pub mod command;
pub mod compose;
mod deeds;
pub mod files;
mod follow;
mod link;
mod measure;
pub mod pace;
mod passing;
mod picture;
mod pointers;
mod predict;
pub mod snapshot;
pub mod statement;
mod story;
mod tables;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_sim::worlds::ring::History;
use chordscope_sim::worlds::ring::builtin;
use chordscope_sim::worlds::ring::scenario::Scenario;
use chordscope_sim::worlds::ring::trace::LookupTrace;

use crate::input::Key;
pub use crate::ring::engine::link::names_a_run;
pub use crate::ring::engine::pace::SPEEDS;
use crate::ring::engine::predict::Predict;
use crate::ring::engine::snapshot::{Caption, Notice, Refused, Snapshot, Tone};
use crate::ring::engine::statement::Statement;
use crate::ring::engine::story::Story;
use crate::scene::Motion;
use crate::scene::hit::Under;

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
    hovered: Option<Under<Id>>,
    typed: Option<Key>,
    predict: Option<Predict>,
    /// The lookup that the user asked for.
    asked: Option<(Id, u64)>,
    aim: Aim,
    upkeep_shown: bool,
    refused: Option<Refused>,
    notice: Option<Notice>,
    /// Whether time stops at each step.
    guided: bool,
    /// For how many milliseconds more the caption waits to be read.
    hold: f64,
    /// For how many milliseconds time has run under this caption.
    ran: f64,
    /// What the caption said at the last step.
    shown: Caption,
    /// How many entries of the trace have been looked at for a step.
    seen: u64,
    /// The first moment at which the scenario was found to be over.
    ended: Cell<Option<Instant>>,
    /// The moment that the user stepped to.
    stepped: Option<Instant>,
    /// The mean of the lookups in the ring of these nodes.
    mean: RefCell<(Vec<Id>, Option<Statement>)>,
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
    /// The simulation that a link asks for; without one, the first scenario, which plays: who comes sees something happen. `still` leaves
    /// it at the beginning.
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
            typed: None,
            predict: None,
            asked: None,
            aim: Aim::Answer,
            upkeep_shown: false,
            refused: None,
            notice: None,
            guided: false,
            hold: 0.0,
            ran: 0.0,
            shown: nothing_said(),
            seen: 0,
            ended: Cell::default(),
            stepped: None,
            mean: RefCell::default(),
            news: true,
            urgent: true,
        };
        engine.take_caption();
        if names_a_run(link) {
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

    /// The run that is shown.
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// Whether the next snapshot would differ from the last.
    pub const fn has_news(&self) -> bool {
        self.news
    }

    /// Whether it cannot wait: the user did something, or a hop was made.
    pub const fn is_urgent(&self) -> bool {
        self.urgent
    }

    /// Whether the last command could not be carried out.
    pub const fn is_refused(&self) -> bool {
        self.refused.is_some()
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

/// The caption before there is a ring.
const fn nothing_said() -> Caption {
    Caption {
        tone: Tone::Calm,
        lead: Statement::NoMember,
        rest: Vec::new(),
    }
}

fn begin(scenario: Scenario) -> Option<History> {
    let seed = scenario.seed;
    History::new(scenario, seed).ok()
}
