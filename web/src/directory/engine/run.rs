//! The run of directories that is played: its history, its goals, and where time stops.

use std::rc::Rc;

use chordscope_core::base::time::Instant;
use chordscope_sim::engine::World;
use chordscope_sim::engine::trace::Entry;
use chordscope_sim::worlds::directory::scenario::Goal;
use chordscope_sim::worlds::directory::trace::What;
use chordscope_sim::worlds::directory::{DirectoryWorld, History};

use crate::directory::engine::caption::{self, Caption};
use crate::directory::engine::{describe, question};
use crate::player::{self, Played, Tick, Turn};

/// The most ticks of the timeline; the oldest go first.
const TICKS: usize = 20_000;
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
    goals: &'static [Goal],
    /// The times at which the run was seen to have come to each goal, on this branch.
    met: Vec<Option<Instant>>,
    ticks: Rc<Vec<Tick>>,
    /// The number of the entry of the trace that is read next.
    read: u64,
    /// The number of the entry that the last step was about.
    stepped: Option<u64>,
}

/// The facts of a moment by which it is known later that the run has come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    is_over: bool,
}

impl Run {
    /// The run of a history, from where that is, with the goals of its scenario and its end.
    pub(super) fn new(history: History, goals: &'static [Goal], until: Instant) -> Self {
        let mut run = Self {
            history,
            until,
            goals,
            met: vec![None; goals.len()],
            ticks: Rc::default(),
            read: 0,
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
    pub(super) fn ticks(&self) -> Rc<Vec<Tick>> {
        Rc::clone(&self.ticks)
    }

    /// The goals, and whether the run has come to each by now.
    pub(super) fn goals(&self) -> impl Iterator<Item = (Goal, bool)> {
        let now = self.history.now();
        let met = self.goals.iter().zip(&self.met);
        met.map(move |(goal, met)| (*goal, met.is_some_and(|at| at <= now)))
    }

    /// Reads what is new in the trace, and looks whether the run came to a goal.
    fn read(&mut self) {
        let now = self.history.now();
        for (goal, met) in self.goals.iter().zip(&mut self.met) {
            if met.is_none() && goal.is_met(self.history.world()) {
                *met = Some(now);
            }
        }
        let entries = self.history.entries();
        let first = entries.partition_point(|entry| entry.index < self.read);
        let Some(last) = entries.last().filter(|last| last.index >= self.read) else {
            return;
        };
        self.read = last.index + 1;
        let ticks = Rc::make_mut(&mut self.ticks);
        let world = self.history.world();
        let fresh = entries[first..].iter();
        ticks.extend(fresh.filter_map(|entry| describe::tick(world, entry)));
        let excess = ticks.len().saturating_sub(TICKS);
        ticks.drain(..excess);
    }

    /// Forgets what was read of the time from a moment on.
    fn forget_from(&mut self, at: Instant) {
        for met in &mut self.met {
            *met = met.filter(|met| *met < at);
        }
        let ticks = Rc::make_mut(&mut self.ticks);
        ticks.retain(|tick| tick.at < at.as_micros());
        let entries = self.history.entries();
        let first = entries.partition_point(|entry| entry.at < at);
        let next = entries.get(first).map(|entry| entry.index);
        self.read = next.unwrap_or_else(|| World::events(self.world()));
    }

    fn is_at_end(&self) -> bool {
        caption::is_over(self.world(), self.until)
    }
}

impl Played for Run {
    type World = DirectoryWorld;
    type Moment = Mark;

    fn history(&self) -> &History {
        &self.history
    }

    fn history_mut(&mut self) -> &mut History {
        &mut self.history
    }

    fn moment(&self) -> Mark {
        Mark {
            is_over: self.is_at_end(),
        }
    }

    fn pace(&self, _: &Mark) -> f64 {
        let own = question::shown(&self.history).filter(|asked| asked.is_own);
        match own.is_some_and(|own| own.is_open(self.world())) {
            true => FOLLOWED,
            false => PACE,
        }
    }

    fn has_come_since(&self, before: &Mark) -> bool {
        !before.is_over && self.is_at_end()
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
        let words = |text: String| text.split_whitespace().count();
        let sentences = caption.statements().map(|one| (words(one.text()), true));
        Some(player::reading(sentences, ANYWAY))
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
