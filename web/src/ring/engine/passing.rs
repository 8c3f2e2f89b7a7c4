//! Time that passes, and where it stops.

use chordscope_core::base::time::Instant;
use chordscope_core::node::api::Event;
use chordscope_sim::worlds::ring::trace::{Entry, Parcel, What};

use crate::ring::engine::pace::{self, Scene};
use crate::ring::engine::tables::Health;
use crate::ring::engine::{Aim, Engine};

/// How many things happen between two looks at the clock.
const SLICE: usize = 64;
/// In rings of more nodes the captions are not compared event by event: that would take too long.
const FEW: usize = 64;
/// How far a step that is skipped to may lie ahead, in milliseconds.
const HORIZON: u64 = 60_000;

impl Engine {
    /// Lets real time pass, in milliseconds. Works for at most `work` milliseconds by `clock`; what is not done by then
    /// is left out, so that the page stays quick and time slows down instead.
    pub fn advance(&mut self, real: f64, work: f64, clock: fn() -> f64) {
        if !self.playing || self.is_read(real) {
            return;
        }
        let before = (self.scene(), self.history.now());
        let (ended, calm) = (self.has_ended(), self.calm_for());
        let by_step = self.goes_by_step();
        let rate = self.rate(before.0);
        let until = self.history.setup().until;
        self.ran += real;
        self.carry += real * 1_000.0 * rate;
        let micros = self.carry.floor();
        self.carry -= micros;
        let mut to = Instant::from_micros(before.1.as_micros() + micros as u64);
        if before.1 < until {
            // At its end a scenario stops.
            to = to.min(until);
        }
        let started = clock();
        let slice = if by_step { 1 } else { SLICE };
        let stepped = loop {
            // Where something happens, time stands there while it is looked at.
            let next = self.history.next_at().filter(|at| by_step && *at < to);
            let stop = next.unwrap_or(to);
            let reached = self.history.advance_within(stop, slice) && stop == to;
            let stepped = by_step && self.has_stepped(reached);
            if reached || stepped || self.hold > 0.0 || clock() - started > work {
                break stepped;
            }
        };
        let trace = self.lookup();
        let hops = trace.map_or((0, 0), |trace| (trace.decisions.len(), trace.path.len()));
        self.urgent |= std::mem::replace(&mut self.hops, hops) != hops;
        self.news = true;
        self.story.read(&self.history);
        let over = !ended && self.has_ended() || calm < self.calm_for();
        if over || self.has_arrived(before) || stepped && self.guided {
            self.stop();
        }
        self.stop_for_question();
    }

    /// Returns how many virtual seconds pass in a second of this scene.
    pub(super) fn rate(&self, scene: Scene) -> f64 {
        let rate = pace::rate(self.speed, scene);
        let is_early = self.history.now() < self.history.setup().until;
        if self.speed == 0 && self.goes_by_step() && is_early {
            return rate * pace::hurry(self.ran);
        }
        rate
    }

    /// Whether the caption still waits to be read, for so many milliseconds less.
    fn is_read(&mut self, real: f64) -> bool {
        if self.speed != 0 {
            self.hold = 0.0;
        }
        self.hold -= real;
        self.hold > 0.0
    }

    fn stop(&mut self) {
        self.playing = false;
        self.urgent = true;
        self.hold = 0.0;
        self.carry = 0.0;
        self.ran = 0.0;
    }

    /// Whether time stops, or waits for the reader, at each step: where the user goes by steps, and at the automatic speed.
    fn goes_by_step(&self) -> bool {
        (self.guided || self.speed == 0) && self.history.world().nodes().count() <= FEW
    }

    /// Whether what has just happened is the next step: the caption says something else. `late` looks in any case: time alone may tell.
    fn has_stepped(&mut self, late: bool) -> bool {
        let world = self.history.world();
        if !late && self.history.next_at() == Some(world.now()) {
            // More happens at this very moment.
            return false;
        }
        let fresh = self.history.entries().iter().rev();
        let mut fresh = fresh.take_while(|entry| entry.index >= self.seen);
        let is_news = fresh.any(is_news);
        self.seen = world.events();
        (late || is_news) && self.take_caption()
    }

    /// Takes up what the caption says now; whether that is another step than before.
    pub(super) fn take_caption(&mut self) -> bool {
        self.story.read(&self.history);
        let health = Health::of(self.history.world());
        let caption = self.caption(self.change().as_ref(), &health);
        let stepped = !caption.is_same_step(&self.shown);
        if stepped {
            self.ran = 0.0;
            if self.speed == 0 {
                let (space, anyway) = (self.history.world().space(), self.journey());
                self.hold = pace::reading(&caption, &self.shown, space, anyway);
            }
            self.urgent = true;
        }
        self.shown = caption;
        stepped
    }

    /// Returns the milliseconds until the message that carries the lookup on arrives, at the current speed.
    fn journey(&self) -> f64 {
        let Some(trace) = self.lookup().filter(|trace| trace.finished.is_none()) else {
            return 0.0;
        };
        let world = self.history.world();
        let carries =
            |parcel: &Parcel| parcel.lookup == Some(trace.id) && !parcel.kind.is_acknowledgement();
        let arrivals = world.in_flight().filter(carries);
        let arrival = arrivals.map(|parcel| parcel.arrives).min();
        let micros = arrival.map_or(0, |at| at.since(world.now()).as_micros());
        micros as f64 / 1_000.0 / pace::rate(self.speed, self.scene())
    }

    /// On to the next step: time runs until then. Where it runs already, at once.
    pub(super) fn go_on(&mut self) {
        if self.question().is_some() || self.is_over() {
            return;
        }
        self.guided = true;
        if !self.playing {
            self.take_caption();
            // Who goes on has read it.
            self.hold = 0.0;
            self.ran = 0.0;
            self.playing = true;
            return;
        }
        let end = Instant::from_millis(self.history.now().as_millis() + HORIZON);
        loop {
            let next = self.history.next_at().filter(|at| *at <= end);
            self.history.advance_to(next.unwrap_or(end));
            if self.has_stepped(next.is_none()) || next.is_none() {
                break;
            }
        }
        self.stop();
        self.stop_for_question();
    }

    /// Whether time has just brought what the user waits for.
    fn has_arrived(&self, (scene, then): (Scene, Instant)) -> bool {
        let scenario = self.history.setup();
        if self.history.actions() == scenario.actions {
            // A scenario has an end of its own.
            return false;
        }
        let now = self.scene();
        let came = match self.aim {
            Aim::Answer => {
                matches!(scene, Scene::Lookup | Scene::Waiting)
                    && !matches!(now, Scene::Lookup | Scene::Waiting)
            }
            Aim::Repair => {
                matches!(scene, Scene::Joining | Scene::Repairing) && now == Scene::Quiet
            }
        };
        let until = scenario.until;
        came || now == Scene::Quiet && then < until && self.history.now() >= until
    }
}

/// Whether this may change what the caption says.
fn is_news(entry: &Entry) -> bool {
    let routed = matches!(&entry.what, What::Node(_, Event::Routed { .. }));
    routed || entry.is_notable()
}
