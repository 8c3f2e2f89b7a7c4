//! The goals of a scenario: which of them the run has come to, and when.

use std::sync::Arc;

use chordscope_core::base::time::Instant;
use chordscope_sim::engine::run::Run;
use chordscope_sim::worlds::swarm::SwarmWorld;
use chordscope_sim::worlds::swarm::scenario::{Goal, Scenario};

use crate::player;
use crate::swarm::engine::snapshot::GoalRow;
use crate::swarm::engine::statement::Statement;

/// The goals of the run that is shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Goals {
    all: player::goals::Goals<Goal>,
    twin: Option<Twin>,
}

/// The run that some goals compare with.
#[derive(Clone, Debug)]
struct Twin {
    title: &'static str,
    run: Run<SwarmWorld>,
    until: Instant,
    /// Whether it has come to its end: only then it is compared with.
    is_over: bool,
}

impl Goals {
    /// Those of a scenario.
    pub(super) fn of(scenario: &Scenario) -> Self {
        let begin = |twin: &chordscope_sim::worlds::swarm::scenario::Twin| {
            let run = Run::begin(&Arc::new(twin.setup.clone()), scenario.seed).ok()?;
            Some(Twin {
                title: twin.title,
                run,
                until: scenario.until,
                is_over: false,
            })
        };
        Self {
            all: player::goals::Goals::of(scenario.goals),
            twin: scenario.twin.as_ref().and_then(begin),
        }
    }

    /// Lets the twin run on until a time by `clock`.
    pub(super) fn work(&mut self, until: f64, clock: fn() -> f64) {
        let Some(twin) = self.twin.as_mut().filter(|twin| !twin.is_over) else {
            return;
        };
        while !twin.is_over && clock() < until {
            twin.is_over = twin.run.world().is_complete() || !twin.run.step_until(twin.until);
        }
        // Nobody reads it.
        drop(twin.run.take_trace());
    }

    /// Takes up which goals the world has come to; whether one is new.
    pub(super) fn look(&mut self, world: &SwarmWorld, now: Instant) -> bool {
        let over = self.twin.as_ref().filter(|twin| twin.is_over);
        let other = over.map(|twin| twin.run.world());
        self.all.look(now, |goal| goal.is_met(world, other))
    }

    /// Forgets what was met from a moment on.
    pub(super) fn forget_from(&mut self, at: Instant) {
        self.all.forget_from(at);
    }

    /// The goals as they stand at a moment.
    pub(super) fn rows(&self, now: Instant) -> Vec<GoalRow> {
        let twin = self.twin.as_ref().map(|twin| twin.title);
        let row = |(goal, met): (Goal, Option<Instant>)| GoalRow {
            goal: Statement::Goal { goal, twin },
            met: met.map(Instant::as_micros),
        };
        self.all.by(now).map(row).collect()
    }
}
