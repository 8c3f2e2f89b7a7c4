//! The run of a store that is played: its history, its goals, the predictions, and where time stops.

use chordscope_core::base::time::Instant;
use chordscope_sim::checks::history::Value;
use chordscope_sim::engine::trace::Entry;
use chordscope_sim::worlds::consistency::scenario::Goal;
use chordscope_sim::worlds::consistency::side::Side;
use chordscope_sim::worlds::consistency::trace::What;
use chordscope_sim::worlds::consistency::{ConsistencyWorld, History};

use crate::cap::engine::caption::{self, Caption, Step};
use crate::cap::engine::command::Lever;
use crate::cap::engine::describe;
use crate::cap::engine::predict::Predictions;
use crate::cap::engine::statement::Statement;
use crate::player::goals::Goals;
use crate::player::{self, Played, Ticks, Turn};

/// Virtual seconds that pass in a second at the automatic speed.
const PACE: f64 = 0.8;
/// The same while a call is in flight.
const FOLLOWED: f64 = 0.2;
/// For how many milliseconds a caption is there anyway, as time runs on under it.
const ANYWAY: f64 = 1_200.0;

/// A run.
#[derive(Debug)]
pub struct Run {
    history: History,
    until: Instant,
    goals: Goals<Goal>,
    /// The calls of the scenario that are asked about.
    wanted: Option<&'static [Value]>,
    pub(super) predictions: Predictions,
    pub(super) lever: Lever,
    /// The name that is shown.
    pub(super) name: u8,
    ticks: Ticks,
    stepped: Option<Step>,
}

/// The part of a scenario that its run needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Script {
    pub goals: &'static [Goal],
    pub until: Instant,
    pub wanted: Option<&'static [Value]>,
}

impl Run {
    /// The run of a history, from where that is.
    pub(super) fn new(history: History, script: Script, lever: Lever) -> Self {
        let mut run = Self {
            history,
            until: script.until,
            goals: Goals::of(script.goals),
            wanted: script.wanted,
            predictions: Predictions::default(),
            lever,
            name: 0,
            ticks: Ticks::default(),
            stepped: None,
        };
        run.read();
        run
    }

    /// The world as it is now.
    pub(super) const fn world(&self) -> &ConsistencyWorld {
        self.history.world()
    }

    /// The caption of this moment.
    pub(super) fn caption(&self) -> Caption {
        caption::of(&self.history, self.lever, self.name)
    }

    /// The ticks of the timeline.
    pub(super) const fn ticks(&self) -> &Ticks {
        &self.ticks
    }

    /// The time at which the scenario ends.
    pub(super) const fn script_end(&self) -> Instant {
        self.until
    }

    /// The goals, and whether the run has come to each by now.
    pub(super) fn goals(&self) -> impl Iterator<Item = (Goal, bool)> {
        let goals = self.goals.by(self.history.now());
        goals.map(|(goal, met)| (goal, met.is_some()))
    }

    /// The call that waits for a guess.
    pub(super) fn open(&self) -> Option<(Value, Instant)> {
        // Where the user has called, too, every call is asked about: numbers are other ones then.
        let is_plain = self.history.actions() == self.history.setup().actions;
        let wanted = self.wanted.filter(|_| self.name == 0 && is_plain);
        self.predictions.open(self.world(), self.name, wanted)
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
        self.predictions.forget_from(at);
        self.ticks.forget_from(&self.history, at);
    }

    fn is_at_end(&self) -> bool {
        caption::is_over(&self.history, self.until)
    }
}

impl Played for Run {
    type World = ConsistencyWorld;
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
        let world = self.world();
        let clients = 0..world.setup().clients.len() as u8;
        let is_open = |side: &Side| clients.clone().any(|client| side.open_of(client) > 0);
        match world.sides().iter().any(is_open) {
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
        let step = caption::step(&self.history, self.lever);
        if step == self.stepped {
            return None;
        }
        self.stepped = step;
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
        self.stepped = caption::step(&self.history, self.lever);
    }

    fn is_news(entry: &Entry<What>) -> bool {
        caption::is_news(&entry.what)
    }

    fn has_ended(&self) -> bool {
        self.is_at_end()
    }

    fn until(&self) -> Instant {
        self.until
    }

    fn question(&self) -> Option<Instant> {
        self.open().map(|(_, at)| at)
    }

    fn stop_asking(&mut self) {
        self.predictions.ask(None);
    }
}
