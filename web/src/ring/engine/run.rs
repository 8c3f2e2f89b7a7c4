//! The run of the ring that is played: its history, what is told of it, which lookup is followed, and where time stops.

use std::cell::Cell;
use std::mem;

use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_core::node::api::Event;
use chordscope_sim::worlds::ring::trace::{Entry, LookupTrace, Parcel, What};
use chordscope_sim::worlds::ring::{History, RingWorld};

use crate::player::{Played, Turn};
use crate::ring::engine::following::Following;
use crate::ring::engine::pace::{self, Scene};
use crate::ring::engine::snapshot::{Caption, ChangeView, Tone};
use crate::ring::engine::statement::Statement;
use crate::ring::engine::story::Story;
use crate::ring::engine::tables::Health;
use crate::ring::engine::{caption, change};

/// In rings of more nodes the captions are not compared event by event: that would take too long.
const FEW: usize = 64;
/// After so many microseconds in which nothing but stabilization happened, nothing more is waited for.
const CALM: u64 = 30_000_000;

/// A run of the ring.
#[derive(Debug)]
pub struct Run {
    history: History,
    story: Story,
    following: Following,
    aim: Aim,
    /// The caption of the last step.
    shown: Caption,
    /// Decisions and hops of the lookup, as last seen.
    hops: (usize, usize),
    /// The moment that the user stepped to.
    stepped: Option<Instant>,
    /// The first moment at which the scenario was found to be over.
    ended: Cell<Option<Instant>>,
}

/// The event that the user waits for: time pauses there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aim {
    /// A lookup's answer.
    Answer,
    /// Tables that are right again after a change of the ring.
    Repair,
}

/// The facts of a moment from which it follows later what has come since.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    scene: Scene,
    at: Instant,
    has_ended: bool,
    calm: Option<u64>,
}

impl Run {
    /// The run of a history, from where that is.
    pub(super) fn new(history: History) -> Self {
        let mut run = Self {
            history,
            story: Story::default(),
            following: Following::default(),
            aim: Aim::Answer,
            // Of another run even the same words are new.
            shown: Caption {
                tone: Tone::Calm,
                lead: Statement::NoMember,
                rest: Vec::new(),
            },
            hops: (0, 0),
            stepped: None,
            ended: Cell::default(),
        };
        run.take_up();
        run
    }

    /// The ring as it is now.
    pub(super) const fn world(&self) -> &RingWorld {
        self.history.world()
    }

    /// The story so far.
    pub(super) const fn story(&self) -> &Story {
        &self.story
    }

    /// Which lookup is followed.
    pub(super) const fn following(&self) -> &Following {
        &self.following
    }

    /// Waits for the answer of the lookup that began last, and asks for its hops if they are to be predicted.
    pub(super) fn await_answer(&mut self, predict: bool) {
        self.following.follow_last(self.history.world(), predict);
        self.aim = Aim::Answer;
    }

    /// The lookup of interest.
    pub(super) fn lookup(&self) -> Option<&LookupTrace> {
        self.following.lookup(self.world())
    }

    /// Whether it still waits for its answer.
    pub(super) fn is_under_way(&self) -> bool {
        self.following.is_under_way(self.world())
    }

    /// Whether the user is asked, or will be asked again, about the lookup under way.
    pub(super) fn is_predicting(&self) -> bool {
        self.following.is_predicting(self.world())
    }

    /// Answers an open question with a node; whether there was one.
    pub(super) fn answer(&mut self, node: Id) -> bool {
        self.following.answer(self.history.world(), node)
    }

    /// Moves the choice to a node without answering; whether the user is asked at all.
    pub(super) fn choose(&mut self, node: Id) -> bool {
        self.following.choose(self.history.world(), node)
    }

    /// The last change of who is in the ring.
    pub(super) fn change(&self) -> Option<ChangeView> {
        let deed = self.story.last_change(self.world())?;
        change::view(self.world(), &self.story, &deed.what)
    }

    /// Whether the last change of members or network is more recent than the last lookup.
    pub(super) fn change_is_latest(&self) -> bool {
        let change = self.story.last_turn(self.world());
        change.map(|change| change.entry) > self.lookup().map(|trace| trace.first_entry)
    }

    /// Whether the stage shows the last lookup: a change of the ring sets it aside.
    pub(super) fn lookup_shown(&self) -> bool {
        self.is_under_way() || !self.change_is_latest()
    }

    /// The kind of activity, which chooses the automatic speed.
    pub(super) fn scene(&self) -> Scene {
        let world = self.world();
        if self.is_under_way() {
            let waits = self.lookup().is_some_and(|trace| trace.wait.is_some());
            return if waits { Scene::Waiting } else { Scene::Lookup };
        }
        if world.nodes().any(|node| !node.membership().is_member()) {
            return Scene::Joining;
        }
        let unrepaired = self
            .change()
            .is_some_and(|change| change.right < change.rows.len());
        if unrepaired || !world.health().broken.is_empty() {
            return Scene::Repairing;
        }
        Scene::Quiet
    }

    /// Whether the user stepped to this moment.
    pub(super) fn is_stepped_to(&self) -> bool {
        self.stepped == Some(self.history.now())
    }

    /// When the scenario goes on, if it has something ahead.
    pub(super) fn planned(&self) -> Option<Instant> {
        let all = self.history.actions().iter().map(|timed| timed.at);
        all.filter(|at| *at > self.history.now()).min()
    }

    /// Whether the scenario itself plans something for this moment.
    pub(super) fn plans_at(&self, at: Instant) -> bool {
        let mut planned = self.history.setup().actions.iter();
        planned.any(|timed| timed.at == at)
    }

    /// Whether the user has done something that the scenario does not.
    pub(super) fn is_own(&self) -> bool {
        self.history.actions() != self.history.setup().actions
    }

    /// The microseconds in which nothing but stabilization has happened, in whole stretches of [`CALM`]; none before the first.
    pub(super) fn calm_for(&self) -> Option<u64> {
        let now = self.history.now();
        if self.planned().is_some() {
            return None;
        }
        let ended = self.lookup().and_then(|trace| trace.finished);
        let news = self.story.last_news(self.world());
        let last = news.map(|news| news.at).max(ended);
        let calm = now.since(last.unwrap_or(Instant::ZERO)).as_micros();
        let stretches = u64::try_from(calm).unwrap_or(u64::MAX) / CALM;
        (stretches > 0).then_some(stretches * CALM)
    }

    /// Whether time has just brought what the user waits for.
    fn has_arrived(&self, before: &Moment) -> bool {
        if !self.is_own() {
            // A scenario has an end of its own.
            return false;
        }
        let (then, now) = (before.scene, self.scene());
        let came = match self.aim {
            Aim::Answer => {
                matches!(then, Scene::Lookup | Scene::Waiting)
                    && !matches!(now, Scene::Lookup | Scene::Waiting)
            }
            Aim::Repair => matches!(then, Scene::Joining | Scene::Repairing) && now == Scene::Quiet,
        };
        let until = self.until();
        came || now == Scene::Quiet && before.at < until && self.history.now() >= until
    }

    /// Returns the milliseconds until the message that carries the lookup on arrives, at the automatic speed.
    fn journey(&self) -> f64 {
        let Some(trace) = self.lookup().filter(|trace| trace.finished.is_none()) else {
            return 0.0;
        };
        let world = self.world();
        let carries =
            |parcel: &Parcel| parcel.lookup == Some(trace.id) && !parcel.kind.is_acknowledgement();
        let arrivals = world.in_flight().filter(carries);
        let arrival = arrivals.map(|parcel| parcel.arrives).min();
        let micros = arrival.map_or(0, |at| at.since(world.now()).as_micros());
        micros as f64 / 1_000.0 / pace::rate(self.scene())
    }
}

impl Played for Run {
    type World = RingWorld;
    type Moment = Moment;

    fn history(&self) -> &History {
        &self.history
    }

    fn history_mut(&mut self) -> &mut History {
        &mut self.history
    }

    fn moment(&self) -> Moment {
        Moment {
            scene: self.scene(),
            at: self.history.now(),
            has_ended: self.has_ended(),
            calm: self.calm_for(),
        }
    }

    fn pace(&self, moment: &Moment) -> f64 {
        pace::rate(moment.scene)
    }

    fn has_come_since(&self, before: &Moment) -> bool {
        let over = !before.has_ended && self.has_ended() || before.calm < self.calm_for();
        over || self.has_arrived(before)
    }

    fn take_up(&mut self) -> bool {
        self.story.read(&self.history);
        let trace = self.lookup();
        let hops = trace.map_or((0, 0), |trace| (trace.decisions.len(), trace.path.len()));
        mem::replace(&mut self.hops, hops) != hops
    }

    fn step(&mut self) -> Option<f64> {
        let health = Health::of(self.world());
        let caption = caption::of(self, self.change().as_ref(), &health);
        let before = mem::replace(&mut self.shown, caption);
        if self.shown.is_same_step(&before) {
            return None;
        }
        let space = self.world().space();
        Some(pace::reading(&self.shown, &before, space, self.journey()))
    }

    fn turn(&mut self, turn: Turn) {
        match turn {
            Turn::Travelled => {
                // Its answers may lie ahead.
                self.following.stop_predicting();
                self.take_up();
            }
            Turn::Stepped => self.stepped = Some(self.history.now()),
            Turn::Acted(at) => {
                self.story.forget_from(at, &self.history);
                self.following.forget();
                self.aim = Aim::Repair;
                self.ended.set(None);
            }
            Turn::Entered => {
                self.story = Story::default();
                self.following = Following::default();
                self.stepped = None;
                self.ended.set(None);
                self.take_up();
            }
        }
    }

    fn is_news(entry: &Entry) -> bool {
        let routed = matches!(&entry.what, What::Node(_, Event::Routed { .. }));
        routed || entry.is_notable()
    }

    fn is_followed(&self) -> bool {
        self.world().nodes().count() <= FEW
    }

    fn until(&self) -> Instant {
        self.history.setup().until
    }

    /// All that was planned is done, and what it set off has come to its end, or time has. That stays so, whatever stabilization brings later.
    fn has_ended(&self) -> bool {
        let (scenario, now) = (self.history.setup(), self.history.now());
        if self.is_own() {
            return false;
        }
        if self.ended.get().is_some_and(|at| at <= now) {
            return true;
        }
        if self.planned().is_some() || self.is_under_way() {
            return false;
        }
        let done = !scenario.actions.is_empty() && self.scene() == Scene::Quiet;
        let ended = done || now >= scenario.until || self.calm_for().is_some();
        if ended {
            self.ended.set(Some(now));
        }
        ended
    }

    /// The scenario is over, or what the user did has come to its end.
    fn is_over(&self) -> bool {
        let is_done = || self.planned().is_none() && self.scene() == Scene::Quiet;
        self.has_ended() || self.is_own() && is_done()
    }

    fn question(&self) -> Option<Instant> {
        let question = self.following.question(self.world());
        question.map(|decision| decision.at)
    }

    fn stop_asking(&mut self) {
        self.following.stop_predicting();
    }
}
