//! The run of a swarm that is played: its history, what the caption tells of it, and where time stops.

use chordscope_core::base::time::Instant;
use chordscope_sim::engine::World;
use chordscope_sim::engine::history::History;
use chordscope_sim::engine::trace::Entry;
use chordscope_sim::worlds::swarm::SwarmWorld;
use chordscope_sim::worlds::swarm::acting::What;
use chordscope_sim::worlds::swarm::bounds::Bounds;
use chordscope_sim::worlds::swarm::view::Moment;

use crate::player::{self, Played, Ticks, Turn};
use crate::swarm::engine::caption::{self, Caption};
use crate::swarm::engine::goals::Goals;
use crate::swarm::engine::snapshot::GoalRow;
use crate::swarm::engine::statement::Statement;
use crate::swarm::engine::{describe, moment};

/// The number of entries of the trace, back from now, among which the one is looked for that the caption tells of.
const LOOK_BACK: usize = 4_096;
/// Virtual seconds that pass in a second at the automatic speed.
const PACE: f64 = 0.5;
/// The same while the requests of one client are followed.
const FOLLOWED: f64 = 0.25;
/// In swarms of more members steps are not looked for event by event: that would take too long.
const FEW: usize = 24;
/// For how many milliseconds a caption is there anyway, as time runs on under it.
const ANYWAY: f64 = 900.0;

/// A run of a swarm.
#[derive(Debug)]
pub struct Run {
    history: History<SwarmWorld>,
    /// The client whose requests are followed.
    selected: Option<u64>,
    ticks: Ticks,
    /// The number of the entry that the last step was about.
    stepped: Option<u64>,
    /// Whether the last step was that everybody is served, or that somebody never can be.
    is_final: bool,
    goals: Goals,
}

impl Run {
    /// The run of a history, from where that is.
    pub(super) fn new(history: History<SwarmWorld>, selected: Option<u64>, goals: Goals) -> Self {
        let mut run = Self {
            history,
            goals,
            selected,
            ticks: Ticks::default(),
            stepped: None,
            is_final: false,
        };
        run.read();
        run
    }

    /// The swarm as it is now.
    pub(super) const fn world(&self) -> &SwarmWorld {
        self.history.world()
    }

    /// The client whose requests are followed.
    pub(super) const fn selected(&self) -> Option<u64> {
        self.selected
    }

    /// Follows the requests of a client, or of nobody.
    pub(super) fn select(&mut self, client: Option<u64>) {
        self.selected = client;
        self.stepped = self.last(caption::is_step).map(|entry| entry.index);
    }

    /// The swarm at this moment.
    pub(super) fn swarm(&self) -> Moment {
        self.world().moment()
    }

    /// The caption of this moment.
    pub(super) fn caption(&self) -> Caption {
        caption::of(
            &self.swarm(),
            self.last(caption::is_told),
            self.selected,
            self.bound(),
        )
    }

    /// The least time that a swarm of this set-up takes, in microseconds, where theory knows one and nobody has acted.
    fn bound(&self) -> Option<u64> {
        let bounds = Bounds::of(self.history.setup())?;
        self.history
            .actions()
            .is_empty()
            .then(|| bounds.swarm_at_best())
    }

    /// Lets what is compared with the run go on until a time by `clock`; whether that changes what is said.
    pub(super) fn work(&mut self, until: f64, clock: fn() -> f64) -> bool {
        self.goals.work(until, clock);
        self.look()
    }

    /// Takes up which goals the run has come to; whether one is new.
    fn look(&mut self) -> bool {
        self.goals.look(self.history.world(), self.history.now())
    }

    /// The goals as they stand now.
    pub(super) fn goals(&self) -> Vec<GoalRow> {
        self.goals.rows(self.history.now())
    }

    /// The ticks of the timeline.
    pub(super) const fn ticks(&self) -> &Ticks {
        &self.ticks
    }

    /// Reads what is new in the trace.
    fn read(&mut self) {
        self.ticks.read(&self.history, describe::tick);
    }

    /// Forgets what was read of the time from a moment on.
    fn forget_from(&mut self, at: Instant) {
        self.goals.forget_from(at);
        self.ticks.forget_from(&self.history, at);
    }

    /// The last entry of the trace of a sort.
    fn last(&self, sort: fn(&Entry<What>, Option<u64>) -> bool) -> Option<&Entry<What>> {
        let entries = self.history.entries().iter().rev().take(LOOK_BACK);
        let mut told = entries.filter(|entry| sort(entry, self.selected));
        told.next()
    }

    /// Whether everybody who is here is served, or somebody never can be.
    fn is_at_end(&self) -> bool {
        let world = self.world();
        world.next_at().is_none() || world.is_complete() || moment::lost(&self.swarm()).is_some()
    }
}

impl Played for Run {
    type World = SwarmWorld;
    /// Whether the run is at its end.
    type Moment = bool;

    fn history(&self) -> &History<SwarmWorld> {
        &self.history
    }

    fn history_mut(&mut self) -> &mut History<SwarmWorld> {
        &mut self.history
    }

    fn moment(&self) -> bool {
        self.is_at_end()
    }

    fn pace(&self, _: &bool) -> f64 {
        if self.selected.is_some() {
            FOLLOWED
        } else {
            PACE
        }
    }

    fn has_come_since(&self, was_at_end: &bool) -> bool {
        !was_at_end && self.is_at_end()
    }

    fn take_up(&mut self) -> bool {
        self.read();
        self.look()
    }

    fn step(&mut self) -> Option<f64> {
        let last = self.last(caption::is_step).map(|entry| entry.index);
        let is_final = self.world().is_complete();
        if last == self.stepped && is_final == self.is_final {
            return None;
        }
        self.stepped = last;
        self.is_final = is_final;
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
        self.look();
        self.stepped = self.last(caption::is_step).map(|entry| entry.index);
        self.is_final = self.world().is_complete();
    }

    fn is_news(entry: &Entry<What>) -> bool {
        caption::is_told(entry, None)
    }

    fn is_followed(&self) -> bool {
        self.world().setup().clients.len() <= FEW
    }

    fn has_ended(&self) -> bool {
        self.is_at_end()
    }
}
