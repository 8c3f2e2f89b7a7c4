//! The run of directories that is played: its history, its goals, and where time stops.

use chordscope_core::base::time::Instant;
use chordscope_sim::engine::trace::Entry;
use chordscope_sim::worlds::directory::scenario::Goal;
use chordscope_sim::worlds::directory::trace::What;
use chordscope_sim::worlds::directory::{DirectoryWorld, History};

use crate::directory::engine::caption::{self, Caption};
use crate::directory::engine::statement::Statement;
use crate::directory::engine::{describe, question};
use crate::player::goals::Goals;
use crate::player::{self, Played, Ticks, Turn};

/// Virtual seconds that pass in a second at the automatic speed.
const PACE: f64 = 1.0;
/// The same while the user's own question is under way.
const FOLLOWED: f64 = 0.12;
/// For how many milliseconds a caption is there anyway, as time runs on under it.
const ANYWAY: f64 = 1_500.0;

/// A run.
#[derive(Debug)]
pub struct Run {
    history: History,
    until: Instant,
    goals: Goals<Goal>,
    ticks: Ticks,
    /// The number of the entry that the last step was about.
    stepped: Option<u64>,
}

impl Run {
    /// The run of a history, from where that is, with the goals of its scenario and its end.
    pub(super) fn new(history: History, goals: &[Goal], until: Instant) -> Self {
        let mut run = Self {
            history,
            until,
            goals: Goals::of(goals),
            ticks: Ticks::default(),
            stepped: None,
        };
        run.read();
        run
    }

    /// The world as it is now.
    pub(super) const fn world(&self) -> &DirectoryWorld {
        self.history.world()
    }

    /// The caption of this moment.
    pub(super) fn caption(&self) -> Caption {
        caption::of(&self.history, question::shown(&self.history))
    }

    /// The ticks of the timeline.
    pub(super) const fn ticks(&self) -> &Ticks {
        &self.ticks
    }

    /// The goals, and whether the run has come to each by now.
    pub(super) fn goals(&self) -> impl Iterator<Item = (Goal, bool)> {
        let goals = self.goals.by(self.history.now());
        goals.map(|(goal, met)| (goal, met.is_some()))
    }

    /// Reads what is new in the trace, and looks whether the run came to a goal.
    fn read(&mut self) {
        let now = self.history.now();
        let world = self.history.world();
        self.goals.look(now, |goal| goal.is_met(world));
        let tick = |entry: &Entry<What>| describe::tick(world, entry);
        self.ticks.read(&self.history, tick);
    }

    /// Forgets what was read of the time from a moment on.
    fn forget_from(&mut self, at: Instant) {
        self.goals.forget_from(at);
        self.ticks.forget_from(&self.history, at);
    }

    fn is_at_end(&self) -> bool {
        caption::is_over(self.world(), self.until)
    }
}

impl Played for Run {
    type World = DirectoryWorld;
    /// Whether the run is at its end.
    type Moment = bool;

    fn history(&self) -> &History {
        &self.history
    }

    fn history_mut(&mut self) -> &mut History {
        &mut self.history
    }

    fn moment(&self) -> bool {
        self.is_at_end()
    }

    fn pace(&self, _: &bool) -> f64 {
        let own = question::shown(&self.history).filter(|asked| asked.is_own);
        match own.is_some_and(|own| own.is_open(self.world())) {
            true => FOLLOWED,
            false => PACE,
        }
    }

    fn has_come_since(&self, was_at_end: &bool) -> bool {
        !was_at_end && self.is_at_end()
    }

    fn take_up(&mut self) -> bool {
        self.read();
        false
    }

    fn step(&mut self) -> Option<f64> {
        let last = caption::last_step(&self.history);
        if last == self.stepped {
            return None;
        }
        self.stepped = last;
        let caption = self.caption();
        let sentences = caption.statements().map(Statement::text);
        Some(player::familiar(sentences, ANYWAY))
    }

    fn turn(&mut self, turn: Turn) {
        match turn {
            Turn::Travelled | Turn::Stepped => {}
            Turn::Acted(at) => self.forget_from(at),
            Turn::Entered => self.forget_from(Instant::ZERO),
        }
        self.read();
        self.stepped = caption::last_step(&self.history);
    }

    fn is_news(entry: &Entry<What>) -> bool {
        caption::is_told(&entry.what)
    }

    fn has_ended(&self) -> bool {
        self.is_at_end()
    }

    fn until(&self) -> Instant {
        self.until
    }
}
