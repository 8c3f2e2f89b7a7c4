//! The figure of the door *Find*: on one ring the same lookup, along fingers and from neighbour to neighbour in turn.

use chordscope_core::base::time::Instant;
use chordscope_core::chord::route::{Mode, Routing};
use chordscope_sim::engine::network::Latency;
use chordscope_sim::worlds::ring::RingWorld;
use chordscope_sim::worlds::ring::action::Action;
use chordscope_sim::worlds::ring::scenario::Upkeep;

use crate::home::engine::compose::{self, Looks};
use crate::home::engine::doors::{DoorView, Drawn};
use crate::home::engine::lesson::{FROM, KEY, scenario, world};
use crate::home::engine::statement::Statement;
use crate::scene::{Carries, Motion, Scene, traffic};

/// Virtual seconds in a second.
const PACE: f64 = 0.15;
/// For how many milliseconds a lookup that is done stays.
const STAYS: f64 = 1_600.0;

/// The figure.
#[derive(Debug)]
pub(super) struct Find {
    world: RingWorld,
    /// The hops of both lookups, once measured.
    hops: [usize; 2],
    /// The number of lookups so far.
    made: usize,
    rests: f64,
}

/// The routing of lookups, in turn.
const WAYS: [Routing; 2] = [Routing::Finger, Routing::Linear];

impl Find {
    /// The ring before its first lookup. Both are made once, to measure them.
    pub(super) fn begin() -> Self {
        let world = world(&scenario(Latency::default(), Upkeep::default()));
        let hops = WAYS.map(|routing| {
            let mut world = world.clone();
            look_up(&mut world, routing);
            finish(&mut world);
            let trace = world.lookups().last();
            trace.map_or(0, |trace| trace.path.len().saturating_sub(1))
        });
        Self {
            world,
            hops,
            made: 0,
            rests: 0.0,
        }
    }

    /// Lets real time pass, in milliseconds.
    pub(super) fn advance(&mut self, real: f64) {
        let micros = (real * 1_000.0 * PACE) as u64;
        self.world
            .run_until(Instant::from_micros(self.world.now().as_micros() + micros));
        drop(self.world.take_trace());
        if self.is_under_way() {
            return;
        }
        self.rests -= real;
        if self.rests <= 0.0 {
            look_up(&mut self.world, WAYS[self.made % WAYS.len()]);
            self.made += 1;
            self.rests = STAYS;
        }
    }

    fn is_under_way(&self) -> bool {
        let last = self.world.lookups().last();
        last.is_some_and(|trace| trace.finished.is_none())
    }

    /// The figure as the page shows it.
    pub(super) fn view(&self) -> DoorView {
        let [finger, linear] = self.hops;
        DoorView {
            measured: Statement::Hops { finger, linear },
            picture: Statement::Way {
                path: self
                    .world
                    .lookups()
                    .last()
                    .map_or_else(|| vec![FROM], |trace| trace.path.clone()),
            },
            drawn: Drawn::Ring,
        }
    }

    /// The picture.
    pub(super) fn ring(&self) -> (Scene, Motion) {
        let lookup = self.world.lookups().last();
        let looks = Looks {
            key: Some(KEY),
            lookup,
            owners: &[],
            chosen: None,
            hovered: None,
            crashed: &[],
            labelled: false,
        };
        let mut motion = traffic::motion(&self.world, lookup, false);
        // So small, upkeep would be dust.
        motion.dots.retain(|dot| dot.carries == Carries::Lookup);
        (compose::scene(&self.world, &looks), motion)
    }
}

/// Lets the lesson's node look the key up.
pub(super) fn look_up(world: &mut RingWorld, routing: Routing) {
    // The node is a member from the beginning to the end.
    let _ = world.act(Action::Lookup {
        from: FROM,
        key: KEY,
        routing,
        mode: Mode::Recursive,
    });
}

/// Lets time pass until the last lookup has ended.
pub(super) fn finish(world: &mut RingWorld) {
    let is_open = |world: &RingWorld| {
        let last = world.lookups().last();
        last.is_some_and(|trace| trace.finished.is_none())
    };
    // A lookup has a deadline of its own.
    while is_open(world) && world.step() {}
}
