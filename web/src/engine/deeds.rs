//! Carrying out what the user asks.

use chordscope_core::base::id::{Id, Space};
use chordscope_core::chord::route::{Mode, Routing};
use chordscope_core::sim::action::Action;
use chordscope_core::sim::builtin;
use chordscope_core::sim::history::History;
use chordscope_core::sim::scenario::Scenario;
use chordscope_core::sim::trace::Decision;

use crate::engine::command::{Command, Way};
use crate::engine::predict::Predict;
use crate::engine::story::Story;
use crate::engine::{Aim, Engine, SPEEDS, begin, follow};

impl Engine {
    /// Carries out a command.
    pub fn apply(&mut self, command: Command) {
        self.news = true;
        self.urgent = true;
        match command {
            Command::Hover(node) => {
                self.hovered = node;
                return;
            }
            Command::Speed(speed) => {
                self.speed = speed.min(SPEEDS.len() - 1);
                return;
            }
            Command::ShowUpkeep(shown) => {
                self.upkeep_shown = shown;
                return;
            }
            _ => self.refused = None,
        }
        match command {
            Command::Load(name) => self.load(&name),
            Command::Open(link) => self.follow_link(&link),
            Command::Play(on) => {
                // Who plays on does not want to be asked.
                if on && self.question().is_some() {
                    self.predict = None;
                }
                self.playing = on;
            }
            Command::StepForward => self.travel(History::step_forward),
            Command::StepBack => self.travel(History::step_back),
            Command::Seek(micros) => self.travel(|history| {
                history.seek(chordscope_core::base::time::Instant::from_micros(micros));
            }),
            Command::Look { from, key, way } => self.look(from, key, way, None),
            Command::Predict { from, key, way } => {
                self.look(from, key, way, Some(Predict::default()));
            }
            Command::StopPredicting => {
                self.predict = None;
                self.playing = self.is_under_way();
            }
            Command::Choose(node) => self.choose(node),
            Command::Insert(node) => self.act(Action::Insert(node)),
            Command::Remove(node) => self.act(Action::Remove(node)),
            Command::Crash(node) => self.act(Action::Crash(node)),
            Command::Hover(_) | Command::Speed(_) | Command::ShowUpkeep(_) => {}
        }
    }

    fn load(&mut self, name: &str) {
        if let Some(history) = builtin::named(name).and_then(begin) {
            self.tell(history);
            self.playing = true;
        }
    }

    /// Moves in time by hand: that stops the clock, and a prediction too, since its answers may lie ahead.
    fn travel(&mut self, go: impl FnOnce(&mut History)) {
        self.playing = false;
        self.predict = None;
        go(&mut self.history);
        self.story.read(&self.history);
    }

    fn look(&mut self, from: Id, key: Id, way: Way, predict: Option<Predict>) {
        let routing = if way.linear {
            Routing::Linear
        } else {
            Routing::Finger
        };
        let mode = if way.iterative {
            Mode::Iterative
        } else {
            Mode::Recursive
        };
        self.chosen = None;
        self.act(Action::Lookup {
            from,
            key,
            routing,
            mode,
        });
        if self.refused.is_none() {
            self.asked = self.history.world().lookups().last().map(|trace| trace.id);
            self.aim = Aim::Answer;
            self.predict = predict;
            self.stop_for_question();
        }
    }

    fn act(&mut self, deed: Action) {
        self.predict = None;
        let at = self.history.now();
        match self.history.act(deed) {
            Ok(()) => {
                self.story.forget_from(at, &self.history);
                self.story.read(&self.history);
                self.asked = None;
                self.aim = Aim::Repair;
                self.playing = true;
            }
            Err(error) => self.refused = Some(error.to_string()),
        }
    }

    /// A node was chosen: that answers an open question; otherwise its tables are shown, or no longer.
    fn choose(&mut self, node: Id) {
        let trace = follow::current(self.history.world(), self.asked);
        if let (Some(predict), Some(trace)) = (&mut self.predict, trace)
            && predict.answer(trace, node)
        {
            self.playing = true;
            return;
        }
        self.chosen = (self.chosen != Some(node)).then_some(node);
    }

    /// The decision that waits for the user's prediction.
    pub(super) fn question(&self) -> Option<&Decision> {
        let trace = self.lookup()?;
        self.predict.as_ref()?.open(trace)
    }

    /// Stops time when a decision has been made that the user has not predicted yet.
    pub(super) fn stop_for_question(&mut self) {
        if let Some(at) = self.question().map(|decision| decision.at) {
            // A long frame may have gone past the decision: its message must not be seen on its way.
            self.history.seek(at);
            self.playing = false;
            self.urgent = true;
        }
    }

    /// Makes this run the one that is shown, from where it is.
    pub(super) fn tell(&mut self, history: History) {
        self.history = history;
        self.story = Story::default();
        self.story.read(&self.history);
        self.chosen = None;
        self.hovered = None;
        self.predict = None;
        self.asked = None;
        self.aim = Aim::Answer;
    }
}

/// A ring of one node: what is shown if no scenario can be read.
pub(super) fn alone() -> History {
    let scenario = Space::new(5)
        .ok()
        .and_then(|space| Scenario::plain(space, vec![Id::from_u64(1)]).ok());
    match scenario.and_then(begin) {
        Some(history) => history,
        None => unreachable!("a ring of one node is a ring"),
    }
}
