//! The player: lets the time of a run pass, stops it, steps, seeks, and goes between branches. What is played it knows as [`Played`] only.
//!
//! `clock` is the pace of time, `caption` what is said and `reading` how long it stays, `ticks` what the timeline shows of the trace, `goals` those
//! of a scenario, `branches` the list of branches; `control` is what comes from the user and `view` what goes to the page; `driven` is a page's
//! engine around it, and `programme` the part of one that is the same for all worlds with scenarios; `link` and `files` are runs that leave the page
//! and come back. `transport`, `timeline`, `branch_tree`, `scenario_choice` and `run_bar` are the elements, `frame` joins a page's, `use_player` is
//! the loop of frames, and `use_dropped_run` takes files: these alone know Yew.

pub mod branch_tree;
mod branches;
pub mod caption;
pub mod caption_line;
mod clock;
mod control;
mod driven;
pub mod event_log;
pub mod files;
pub mod frame;
pub mod goals;
pub mod goals_card;
pub mod link;
mod played;
pub mod programme;
mod reading;
pub mod run_bar;
pub mod scenario_choice;
#[cfg(test)]
mod tests;
mod ticks;
pub mod timeline;
pub mod transport;
pub mod use_dropped_run;
pub mod use_player;
mod view;

use std::rc::Rc;

use chordscope_core::base::time::Instant;
use chordscope_sim::engine::World;
use chordscope_sim::engine::history::{self, History};

use self::clock::Clock;
pub use self::clock::SPEEDS;
pub use self::control::Control;
pub use self::driven::{Driven, Given, Pictured, Shareable};
pub use self::played::{NEVER, Played, Turn};
pub use self::reading::{familiar, reading};
pub use self::ticks::Ticks;
pub use self::view::{
    Address, Beside, BranchRow, EventRow, Notice, Refused, Tick, TickKind, TimeView, View,
};

/// The number of events between two looks at the clock.
const SLICE: usize = 64;
/// The farthest that a step which is skipped to may lie ahead, in milliseconds.
const HORIZON: u64 = 60_000;
/// The number of events of a branch that are replayed at once when it is entered, so that the timeline has their ticks.
const AHEAD: usize = 20_000;
/// The timeline is never shorter than this, in microseconds: a first step should not look like a journey's end.
const SHORTEST: u64 = 700_000;

type HistoryOf<P> = History<<P as Played>::World>;
type ActionOf<P> = <<P as Played>::World as World>::Action;
type RefusalOf<P> = <<P as Played>::World as World>::Refusal;

/// A run that is played.
#[derive(Debug)]
pub struct Player<P> {
    run: P,
    clock: Clock,
    /// The number of entries of the trace that have been looked at for a step.
    seen: u64,
    notice: Option<Notice>,
    news: bool,
    urgent: bool,
}

impl<P: Played> Player<P> {
    /// A player of a run, from where that is.
    pub fn new(run: P, playing: bool) -> Self {
        let mut player = Self {
            run,
            clock: Clock::new(playing),
            seen: 0,
            notice: None,
            news: true,
            urgent: true,
        };
        player.begin();
        player
    }

    /// Plays another run, from where that is, as this one was played.
    pub fn show(&mut self, run: P) {
        self.run = run;
        self.begin();
    }

    /// Shows another run at rest, with what is known to lie ahead of its moment.
    pub fn open(&mut self, run: P) {
        self.clock.stop();
        self.clock.guide(false);
        self.run = run;
        self.read_ahead();
        self.begin();
        self.clock.skip_reading();
    }

    fn begin(&mut self) {
        self.seen = self.run.history().world().events();
        self.take_step();
    }

    /// The run that is played.
    pub const fn run(&self) -> &P {
        &self.run
    }

    /// The run, to change what its page looks at. What is done to its world is done with [`act`](Self::act).
    pub const fn run_mut(&mut self) -> &mut P {
        &mut self.run
    }

    /// Whether time runs.
    pub const fn is_playing(&self) -> bool {
        self.clock.is_playing()
    }

    /// Whether the next picture would differ from the last.
    pub const fn has_news(&self) -> bool {
        self.news
    }

    /// Whether it cannot wait: the user did something, or a step was made.
    pub const fn is_urgent(&self) -> bool {
        self.urgent
    }

    /// Takes up that what is beside the run has changed: the next picture may wait.
    pub const fn note(&mut self) {
        self.news = true;
    }

    /// Takes up that the user did something.
    pub const fn touch(&mut self) {
        self.news = true;
        self.urgent = true;
    }

    /// Takes up that a picture of this moment is shown.
    pub const fn published(&mut self) {
        self.news = false;
        self.urgent = false;
    }

    /// Lets real time pass, in milliseconds. Works for at most `work` milliseconds by `clock`; what is not done by then
    /// is left out, so that the page stays quick and time slows down instead.
    pub fn advance(&mut self, real: f64, work: f64, clock: fn() -> f64) {
        if !self.clock.is_moved(real) {
            return;
        }
        let (before, from) = (self.run.moment(), self.run.history().now());
        let by_step = self.goes_by_step();
        let passed = self.clock.pass(real, self.rate(&before));
        let mut to = Instant::from_micros(from.as_micros() + passed);
        let until = self.run.until();
        if from < until {
            // At its end a scenario stops.
            to = to.min(until);
        }
        let started = clock();
        let slice = if by_step { 1 } else { SLICE };
        let stepped = loop {
            // Where something happens, time stands there while it is looked at.
            let history = self.run.history_mut();
            let next = history.next_at().filter(|at| by_step && *at < to);
            let stop = next.unwrap_or(to);
            let reached = history.advance_within(stop, slice) && stop == to;
            let stepped = by_step && self.has_stepped(reached);
            if reached || stepped || self.clock.is_held() || clock() - started > work {
                break stepped;
            }
        };
        self.news = true;
        self.urgent |= self.run.take_up();
        if self.run.has_come_since(&before) || stepped && self.clock.is_guided() {
            self.stop();
        }
        self.stop_for_question();
    }

    /// Returns how many virtual seconds pass in a second of a moment.
    fn rate(&self, moment: &P::Moment) -> f64 {
        let is_early = self.run.history().now() < self.run.until();
        let hurry = is_early && self.goes_by_step();
        self.clock.rate(self.run.pace(moment), hurry)
    }

    fn stop(&mut self) {
        self.clock.stop();
        self.urgent = true;
    }

    /// Whether time stops, or waits for the reader, at each step: where the user goes by steps, and at the automatic speed.
    fn goes_by_step(&self) -> bool {
        (self.clock.is_guided() || self.clock.is_automatic()) && self.run.is_followed()
    }

    /// Whether what has just happened is the next step: the caption says something else. `late` looks in any case: time alone may tell.
    fn has_stepped(&mut self, late: bool) -> bool {
        let history = self.run.history();
        if !late && history.next_at() == Some(history.now()) {
            // More happens at this very moment.
            return false;
        }
        let fresh = history.entries().iter().rev();
        let mut fresh = fresh.take_while(|entry| entry.index >= self.seen);
        let is_news = fresh.any(P::is_news);
        self.seen = history.world().events();
        (late || is_news) && self.take_step()
    }

    /// Takes up what the caption says now; whether that is another step than before.
    fn take_step(&mut self) -> bool {
        self.urgent |= self.run.take_up();
        let reading = self.run.step();
        if let Some(reading) = reading {
            self.clock.step(reading);
            self.urgent = true;
        }
        reading.is_some()
    }

    /// Carries out what a control asks for; `false` where a step found nothing to go to.
    pub fn obey(&mut self, control: Control) -> bool {
        self.touch();
        match control {
            Control::Play(on) => self.play(on),
            Control::Toggle => self.play(!self.is_playing()),
            Control::Continue => self.go_on(),
            Control::StepForward => return self.step_forward(),
            Control::StepBack => {
                self.travel(History::step_back);
                self.run.turn(Turn::Stepped);
            }
            Control::Seek(micros) => {
                self.travel(|history| history.seek(Instant::from_micros(micros)));
            }
            Control::End => self.travel(|history| history.seek(history.end())),
            Control::Speed(speed) => self.clock.set_speed(speed),
            Control::Faster => self.clock.speed_up(self.rate(&self.run.moment())),
            Control::Slower => self.clock.slow_down(self.rate(&self.run.moment())),
            Control::Undo => self.undo(),
            Control::Redo if self.run.history().can_redo() => {
                self.enter_branch(|history| {
                    history.redo();
                });
            }
            Control::Redo => {}
            // At the present time, or at the branch's end.
            Control::Branch(number) => {
                self.enter_branch(|history| {
                    history.switch_to(branches::id(number));
                });
            }
        }
        true
    }

    fn play(&mut self, on: bool) {
        // Who plays on does not want to be asked.
        if on && self.run.question().is_some() {
            self.run.stop_asking();
        }
        self.clock.run(on);
        self.clock.guide(false);
        self.clock.begin_caption();
        self.take_step();
    }

    /// Lets time run, or not, as it was played before.
    pub const fn run_on(&mut self, on: bool) {
        self.clock.run(on);
    }

    /// Lets time run from step to step, or stops it.
    pub const fn lead(&mut self, on: bool) {
        self.clock.run(on);
        self.clock.guide(on);
    }

    /// Takes an answer for given: time runs on at once.
    pub const fn take_answer(&mut self) {
        self.clock.run(true);
        self.clock.skip_reading();
    }

    /// On to the next step: time runs until then. Where it runs already, at once.
    fn go_on(&mut self) {
        if self.run.question().is_some() || self.run.is_over() {
            return;
        }
        self.clock.guide(true);
        if !self.is_playing() {
            self.take_step();
            // Who goes on has read it.
            self.clock.begin_caption();
            self.clock.run(true);
            return;
        }
        let end = Instant::from_millis(self.run.history().now().as_millis() + HORIZON);
        loop {
            let history = self.run.history_mut();
            let next = history.next_at().filter(|at| *at <= end);
            history.advance_to(next.unwrap_or(end));
            if self.has_stepped(next.is_none()) || next.is_none() {
                break;
            }
        }
        self.stop();
        self.stop_for_question();
    }

    /// To the next thing worth seeing; where there is none within reach, to the scenario's end, if that is ahead. `false` where nothing came.
    fn step_forward(&mut self) -> bool {
        let from = self.run.history().now();
        let ended = self.run.has_ended();
        self.travel(History::step_forward);
        let history = self.run.history();
        let now = history.now();
        let entries = history.entries().iter().rev();
        let mut here = entries.take_while(|entry| entry.at == now);
        let is_notable = here.any(|entry| P::World::is_notable(&entry.what));
        let until = self.run.until();
        if !is_notable || !ended && until > from && until < now {
            // Where there is no end, nothing leads anywhere: the world might go on for ever.
            let end = if until == NEVER {
                from
            } else {
                from.max(until)
            };
            self.travel(|history| history.seek(end));
        }
        let is_moved = self.run.history().now() != from;
        self.run.turn(Turn::Stepped);
        is_moved
    }

    /// Moves in time by hand: that stops the clock. Where it leads nowhere, an open question stays.
    fn travel(&mut self, go: impl FnOnce(&mut HistoryOf<P>)) {
        self.clock.run(false);
        let place = |run: &P| (run.history().now(), run.history().world().events());
        let before = place(&self.run);
        go(self.run.history_mut());
        if place(&self.run) == before {
            return;
        }
        self.run.turn(Turn::Travelled);
        self.seen = self.run.history().world().events();
    }

    /// Stops time when a decision has been made that the user has not predicted yet.
    fn stop_for_question(&mut self) {
        if let Some(at) = self.run.question() {
            // A long frame may have gone past the decision: its message must not be seen on its way.
            self.run.history_mut().seek(at);
            self.seen = self.run.history().world().events();
            self.clock.run(false);
            self.urgent = true;
        }
    }

    /// Acts on the world now, and lets time run.
    ///
    /// # Errors
    /// The reason why the world refuses it; then nothing has changed.
    pub fn act(&mut self, action: ActionOf<P>) -> Result<(), history::Refused<RefusalOf<P>>> {
        self.touch();
        let history = self.run.history_mut();
        let (at, branch) = (history.now(), history.current());
        let moved = history.act(action)?;
        if moved.to != branch {
            self.notify(branches::begun(branch, moved));
        }
        self.run.turn(Turn::Acted(at));
        self.clock.run(true);
        self.clock.guide(false);
        self.take_step();
        Ok(())
    }

    /// Changes what the page follows of the run, and takes up what the caption says then.
    pub fn follow(&mut self, change: impl FnOnce(&mut P)) {
        change(&mut self.run);
        self.take_step();
        self.stop_for_question();
    }

    /// Takes the last deed back: shows the run without it.
    fn undo(&mut self) {
        if !self.run.history().can_undo() {
            return;
        }
        let mut moved = None;
        self.enter_branch(|history| moved = history.undo());
        if let Some(moved) = moved {
            self.notify(branches::undone(moved));
        }
    }

    fn notify(&mut self, text: String) {
        let number = self.notice.as_ref().map_or(0, |last| last.number + 1);
        self.notice = Some(Notice { number, text });
    }

    /// Moves to another branch. What is known of the time after the two part is of the branch that is left.
    fn enter_branch(&mut self, go: impl FnOnce(&mut HistoryOf<P>)) {
        self.clock.stop();
        go(self.run.history_mut());
        self.read_ahead();
        self.begin();
        self.clock.skip_reading();
    }

    /// Reads what happened on this branch, and what lies ahead on it or much of that.
    fn read_ahead(&mut self) {
        let history = self.run.history_mut();
        let now = history.now();
        history.advance_within(history.end(), AHEAD);
        self.run.turn(Turn::Entered);
        self.run.history_mut().seek(now);
    }

    /// Time as the controls show it, with the timeline's map and the stretch of it that is followed.
    pub fn view(&self, ticks: Rc<Vec<Tick>>, followed: Option<(u64, u64)>) -> TimeView {
        let history = self.run.history();
        let reached = history.end().as_micros();
        TimeView {
            now: history.now().as_micros(),
            reached,
            end: reached.max(SHORTEST),
            playing: self.clock.is_playing(),
            can_continue: self.run.question().is_none() && !self.run.is_over(),
            speed: self.clock.speed(),
            ticks,
            followed,
            branches: Rc::new(branches::rows(history)),
            can_undo: history.can_undo(),
            can_redo: history.can_redo(),
            notice: self.notice.clone(),
        }
    }
}
