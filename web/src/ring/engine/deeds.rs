//! Carrying out what the user asks.

use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::time::Instant;
use chordscope_core::chord::route::{Mode, Routing};
use chordscope_sim::worlds::ring::History;
use chordscope_sim::worlds::ring::action::Action;
use chordscope_sim::worlds::ring::builtin;
use chordscope_sim::worlds::ring::scenario::Scenario;
use chordscope_sim::worlds::ring::trace::{Decision, Entry};

use crate::ring::engine::command::{Command, Way};
use crate::ring::engine::predict::Predict;
use crate::ring::engine::snapshot::{Beside, Refused};
use crate::ring::engine::story::Story;
use crate::ring::engine::{Aim, Engine, SPEEDS, begin, follow, nothing_said};

impl Engine {
    /// Carries out a command.
    pub fn apply(&mut self, command: Command) {
        // The pointer moves on over the same thing.
        if command == Command::Hover(self.hovered) {
            return;
        }
        self.news = true;
        self.urgent = true;
        match command {
            Command::Hover(over) => {
                self.hovered = over;
                return;
            }
            Command::Type(key) => {
                self.typed = key;
                return;
            }
            Command::Speed(_) | Command::Faster | Command::Slower => {
                self.speed = self.speed_after(&command);
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
            Command::Open(link) => {
                self.playing = true;
                self.follow_link(&link);
            }
            Command::Import(run) => self.import(run),
            Command::Refuse(why) => self.refuse(why),
            Command::Play(on) => self.play(on),
            Command::Continue => self.go_on(),
            Command::StepForward => self.step_forward(),
            Command::StepBack => {
                self.travel(History::step_back);
                self.stepped = Some(self.history.now());
            }
            Command::Seek(micros) => {
                self.travel(|history| history.seek(Instant::from_micros(micros)));
            }
            Command::Look { from, key, way } => self.look(from, key, way, None),
            Command::Predict { from, key, way } => {
                self.look(from, key, way, Some(Predict::default()));
            }
            Command::StopPredicting => {
                self.predict = None;
                self.playing = self.is_under_way();
            }
            Command::Choose(node) => self.choose(node),
            Command::Move(node) => self.move_to(node),
            Command::Insert(node) => self.act(Action::Insert(node)),
            Command::Remove(node) => self.act(Action::Remove(node)),
            Command::Crash(node) => self.act(Action::Crash(node)),
            Command::Undo | Command::Redo | Command::Branch(_) => self.change_branch(&command),
            Command::Hover(_)
            | Command::Type(_)
            | Command::Speed(_)
            | Command::Faster
            | Command::Slower
            | Command::ShowUpkeep(_) => {}
        }
    }

    fn play(&mut self, on: bool) {
        // Who plays on does not want to be asked.
        if on && self.question().is_some() {
            self.predict = None;
        }
        self.playing = on;
        self.guided = false;
        self.hold = 0.0;
        self.ran = 0.0;
        self.take_caption();
    }

    /// The speed that a command leads to. From the automatic one it goes to a neighbour of the present rate.
    fn speed_after(&self, command: &Command) -> usize {
        let (rate, last) = (self.rate(self.scene()), SPEEDS.len() - 1);
        let mut speeds = SPEEDS.iter();
        match command {
            Command::Speed(speed) => last.min(*speed),
            Command::Faster => speeds.position(|(_, at)| *at > rate).unwrap_or(last),
            Command::Slower => speeds.rposition(|(_, at)| *at < rate).unwrap_or(0),
            _ => self.speed,
        }
    }

    fn load(&mut self, name: &str) {
        if let Some(history) = builtin::named(name).and_then(begin) {
            self.tell(history);
            self.playing = true;
            self.guided = true;
        }
    }

    /// To the next thing worth seeing; where there is none within reach, to the scenario's end, if that is ahead.
    fn step_forward(&mut self) {
        let from = self.history.now();
        let ended = self.has_ended();
        self.travel(History::step_forward);
        let now = self.history.now();
        let entries = self.history.entries().iter().rev();
        let mut here = entries.take_while(|entry| entry.at == now);
        let until = self.history.setup().until;
        if !here.any(Entry::is_notable) || !ended && until > from && until < now {
            self.travel(|history| history.seek(from.max(until)));
        }
        if self.history.now() == from {
            let nothing = "In the next minute nothing happens but stabilization.";
            self.refused = Some(Refused {
                beside: Beside::Time,
                text: nothing.to_owned(),
            });
        }
        self.stepped = Some(self.history.now());
    }

    /// Moves in time by hand: that stops the clock, and a prediction too, since its answers may lie ahead.
    fn travel(&mut self, go: impl FnOnce(&mut History)) {
        self.playing = false;
        self.predict = None;
        go(&mut self.history);
        self.story.read(&self.history);
        self.seen = self.history.world().events();
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
            self.take_caption();
            self.stop_for_question();
        }
    }

    fn act(&mut self, deed: Action) {
        let beside = match deed {
            Action::Lookup { .. } => Beside::Question,
            _ => Beside::Ring,
        };
        self.predict = None;
        let (at, branch) = (self.history.now(), self.history.current());
        match self.history.act(deed) {
            Ok(moved) => {
                if moved.to != branch {
                    self.ended.set(None);
                    self.tell_of_branch(branch, moved);
                }
                self.story.forget_from(at, &self.history);
                self.story.read(&self.history);
                self.asked = None;
                self.aim = Aim::Repair;
                self.playing = true;
                self.guided = false;
                self.take_caption();
            }
            Err(error) => {
                let text = error.to_string();
                self.refused = Some(Refused { beside, text });
            }
        }
    }

    /// A node was chosen: that answers an open question; otherwise its tables are shown, or no longer.
    fn choose(&mut self, node: Id) {
        let trace = follow::current(self.history.world(), self.asked);
        if let (Some(predict), Some(trace)) = (&mut self.predict, trace)
            && predict.answer(trace, node)
        {
            self.playing = true;
            self.hold = 0.0;
            return;
        }
        // Between two questions the tables of the node that asks stay.
        if !self.is_predicting() {
            self.chosen = (self.chosen != Some(node)).then_some(node);
        }
    }

    /// The choice moves to a node: to answer with it while a question is open, otherwise to see its tables.
    fn move_to(&mut self, node: Id) {
        if !self.is_predicting() {
            self.chosen = Some(node);
        } else if let Some(predict) = &mut self.predict {
            predict.choice = Some(node);
        }
    }

    /// Whether the user is asked, or will be asked again, about the lookup under way.
    pub(super) fn is_predicting(&self) -> bool {
        self.predict.is_some() && self.is_under_way()
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
            self.seen = self.history.world().events();
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
        self.ended.set(None);
        self.stepped = None;
        // Of another run even the same words are new.
        self.shown = nothing_said();
        self.seen = self.history.world().events();
        self.take_caption();
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
