//! Time that passes, and where it stops.

use chordscope_core::base::time::Instant;

use crate::engine::pace::{self, Scene};
use crate::engine::{Aim, Engine};

/// How many things happen between two looks at the clock.
const SLICE: usize = 64;

impl Engine {
    /// Lets real time pass, in milliseconds. Works for at most `work` milliseconds by `clock`; what is not done by then
    /// is left out, so that the page stays quick and time slows down instead.
    pub fn advance(&mut self, real: f64, work: f64, clock: fn() -> f64) {
        if !self.playing {
            return;
        }
        let before = (self.scene(), self.history.now());
        self.carry += real * 1_000.0 * pace::rate(self.speed, before.0);
        let micros = self.carry.floor();
        self.carry -= micros;
        let to = Instant::from_micros(self.history.now().as_micros() + micros as u64);
        let started = clock();
        while !self.history.advance_within(to, SLICE) {
            if clock() - started > work {
                break;
            }
        }
        let trace = self.lookup();
        let hops = trace.map_or((0, 0), |trace| (trace.decisions.len(), trace.path.len()));
        self.urgent |= std::mem::replace(&mut self.hops, hops) != hops;
        self.news = true;
        self.story.read(&self.history);
        if self.has_arrived(before) {
            self.playing = false;
            self.urgent = true;
        }
        self.stop_for_question();
    }

    /// Whether time has just brought what the user waits for, or the scenario's end.
    fn has_arrived(&self, (scene, then): (Scene, Instant)) -> bool {
        let now = self.scene();
        let came = match self.aim {
            Aim::Answer => scene == Scene::Lookup && now != Scene::Lookup,
            Aim::Repair => scene == Scene::Repairing && now == Scene::Quiet,
        };
        let until = self.history.scenario().until;
        came || now == Scene::Quiet && then < until && self.history.now() >= until
    }
}
