//! The figure of the door *Agree*: a ring is cut in two, so that a key has a keeper on either side, and heals.

use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_sim::engine::network::Latency;
use chordscope_sim::worlds::ring::RingWorld;
use chordscope_sim::worlds::ring::action::Action;
use chordscope_sim::worlds::ring::scenario::Upkeep;

use crate::home::engine::compose::{self, Looks};
use crate::home::engine::doors::{DoorView, Drawn};
use crate::home::engine::lesson::{KEY, scenario, world};
use crate::home::engine::reading;
use crate::home::engine::statement::Statement;
use crate::scene::{Motion, Scene};

/// Virtual seconds in a second.
const PACE: f64 = 2.0;
/// The nodes on one side of the cut: every other one, so that both halves go round the circle.
const SIDE: [u64; 4] = [4, 11, 18, 21];
/// When the ring is cut and when the cut ends.
const CUT: Instant = Instant::from_millis(3_000);
const HEAL: Instant = Instant::from_millis(21_000);
/// The time after which it begins again.
const END: Instant = Instant::from_millis(60_000);
/// Upkeep that closes both halves while one watches.
const UPKEEP: Upkeep = Upkeep {
    stabilize_ms: 1_000,
    fingers_ms: 1_000,
    repair_ms: 8_000,
};

/// The figure.
#[derive(Debug)]
pub(super) struct Agree {
    first: RingWorld,
    now: RingWorld,
    /// The keepers of the key at the end of the cut, and at the end of the run.
    keepers: [usize; 2],
    stage: Stage,
}

/// The part of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Whole,
    Cut,
    Healing,
}

impl Agree {
    /// The whole ring. It is cut and heals once, to measure it.
    pub(super) fn begin() -> Self {
        let first = world(&scenario(Latency::default(), UPKEEP));
        let mut figure = Self {
            now: first.clone(),
            first,
            keepers: [0; 2],
            stage: Stage::Whole,
        };
        figure.keepers = [HEAL, END].map(|until| {
            figure.run_until(until);
            reading::keepers(&figure.now, KEY).len()
        });
        figure.again();
        figure
    }

    fn again(&mut self) {
        self.now = self.first.clone();
        self.stage = Stage::Whole;
    }

    /// Lets real time pass, in milliseconds.
    pub(super) fn advance(&mut self, real: f64) {
        let micros = (real * 1_000.0 * PACE) as u64;
        self.run_until(Instant::from_micros(self.now.now().as_micros() + micros));
        if self.now.now() >= END {
            self.again();
        }
    }

    fn run_until(&mut self, until: Instant) {
        if self.stage == Stage::Whole && until >= CUT {
            self.now.run_until(CUT);
            let side = SIDE.map(Id::from_u64).to_vec();
            // The nodes are members, and stay so.
            let _ = self.now.act(Action::Split(side));
            self.stage = Stage::Cut;
        }
        if self.stage == Stage::Cut && until > HEAL {
            self.now.run_until(HEAL);
            let _ = self.now.act(Action::Heal);
            self.stage = Stage::Healing;
        }
        self.now.run_until(until);
        drop(self.now.take_trace());
    }

    /// The figure as the page shows it.
    pub(super) fn view(&self) -> DoorView {
        let [cut, healed] = self.keepers;
        DoorView {
            measured: Statement::Owners {
                key: KEY,
                cut,
                healed,
            },
            picture: Statement::Cut {
                cut: self.stage == Stage::Cut,
                key: KEY,
                nodes: reading::keepers(&self.now, KEY),
            },
            drawn: Drawn::Ring,
        }
    }

    /// The picture: who keeps the key is marked as its owner.
    pub(super) fn ring(&self) -> (Scene, Motion) {
        let keepers = reading::keepers(&self.now, KEY);
        let looks = Looks {
            key: Some(KEY),
            lookup: None,
            owners: &keepers,
            chosen: None,
            hovered: None,
            crashed: &[],
            labelled: false,
        };
        (compose::scene(&self.now, &looks), Motion::default())
    }
}
