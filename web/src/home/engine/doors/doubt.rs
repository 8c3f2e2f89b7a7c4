//! The figure of the door *Doubt*: the same lookup on two rings, one where messages take no time, and one where they do.

use chordscope_core::base::time::Instant;
use chordscope_core::chord::route::Routing;
use chordscope_sim::engine::network::Latency;
use chordscope_sim::worlds::ring::RingWorld;
use chordscope_sim::worlds::ring::scenario::Upkeep;

use crate::home::engine::doors::find::{finish, look_up};
use crate::home::engine::doors::{DoorView, Drawn};
use crate::home::engine::lesson::{scenario, world};
use crate::home::engine::statement::Statement;

/// Virtual seconds in a second.
const PACE: f64 = 0.1;
/// For how many milliseconds both stay once they are done.
const STAYS: f64 = 2_000.0;

/// The figure.
#[derive(Debug)]
pub(super) struct Doubt {
    /// Both rings before the lookup.
    first: [RingWorld; 2],
    now: [RingWorld; 2],
    /// The time that each lookup took, in microseconds.
    took: [u64; 2],
    rests: f64,
}

impl Doubt {
    /// Both rings as the lookups begin. They are made once, to measure them.
    pub(super) fn begin() -> Self {
        let latencies = [Latency::Fixed(0), Latency::default()];
        let first = latencies.map(|latency| {
            let mut world = world(&scenario(latency, Upkeep::default()));
            look_up(&mut world, Routing::Finger);
            world
        });
        let took = first.clone().map(|mut world| {
            finish(&mut world);
            spent(&world)
        });
        Self {
            now: first.clone(),
            first,
            took,
            rests: STAYS,
        }
    }

    /// Lets real time pass, in milliseconds.
    pub(super) fn advance(&mut self, real: f64) {
        let micros = (real * 1_000.0 * PACE) as u64;
        for world in &mut self.now {
            world.run_until(Instant::from_micros(world.now().as_micros() + micros));
        }
        let is_done = |world: &RingWorld| {
            let last = world.lookups().last();
            last.is_some_and(|trace| trace.finished.is_some())
        };
        if self.now.iter().all(is_done) {
            self.rests -= real;
        }
        if self.rests <= 0.0 {
            self.now = self.first.clone();
            self.rests = STAYS;
        }
    }

    /// The figure as the page shows it.
    pub(super) fn view(&self) -> DoorView {
        let ([assumed, faced], most) = (self.now.each_ref().map(spent), self.took[1]);
        DoorView {
            measured: Statement::Latency {
                assumed: self.took[0],
                faced: self.took[1],
            },
            picture: Statement::Clocks { assumed, faced },
            drawn: Drawn::Clocks([assumed, faced, most]),
        }
    }
}

/// The time that the last lookup of a ring has taken so far, in microseconds.
fn spent(world: &RingWorld) -> u64 {
    let Some(trace) = world.lookups().last() else {
        return 0;
    };
    let until = trace.finished.unwrap_or_else(|| world.now());
    until.as_micros() - trace.started.as_micros()
}
