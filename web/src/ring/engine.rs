//! The engine of the ring page: routes commands to the player, to the run that it plays, and to what the user looks at; gives snapshots. Knows
//! no Yew.

mod caption;
mod change;
pub mod command;
pub mod compose;
mod files;
mod focus;
mod follow;
mod following;
mod link;
mod measure;
mod pace;
mod picture;
mod predict;
mod run;
pub mod snapshot;
pub mod statement;
mod story;
mod tables;

use std::rc::Rc;

use chordscope_core::base::id::{Id, Space};
use chordscope_core::chord::route::{Mode, Routing};
use chordscope_sim::engine::behaviour;
use chordscope_sim::engine::history::export::Imported;
use chordscope_sim::engine::json::Json;
use chordscope_sim::worlds::ring::History;
use chordscope_sim::worlds::ring::action::Action;
use chordscope_sim::worlds::ring::builtin;
use chordscope_sim::worlds::ring::scenario::Scenario;

use crate::page::Route;
use crate::player::files::unopened;
use crate::player::link::names_a_run;
use crate::player::{Control, Driven, Played, Player, Shareable};
use crate::ring::engine::command::{Command, Way};
use crate::ring::engine::focus::Focus;
use crate::ring::engine::measure::Mean;
use crate::ring::engine::run::Run;
use crate::ring::engine::snapshot::{Beside, Refused, Snapshot};
use crate::scene::{Motion, traffic};

/// A simulated ring that is played, and what the user looks at.
#[derive(Debug)]
pub struct Engine {
    player: Player<Run>,
    focus: Focus,
    /// Why the last command was refused.
    refused: Option<Refused>,
    scenarios: Rc<Vec<(String, String)>>,
    mean: Mean,
}

impl Engine {
    /// The simulation that a link asks for; without one, the first scenario, which plays: who comes sees something happen. `still` leaves
    /// it at the beginning.
    pub fn open(link: &str, still: bool) -> Self {
        let all = builtin::all();
        let scenarios = all
            .iter()
            .map(|known| (known.name.clone(), known.title.clone()));
        let scenarios = Rc::new(scenarios.collect());
        let first = all.into_iter().next().and_then(begin);
        let run = Run::new(first.unwrap_or_else(alone));
        let mut engine = Self {
            player: Player::new(run, !still),
            focus: Focus::default(),
            refused: None,
            scenarios,
            mean: Mean::default(),
        };
        if names_a_run(link) {
            engine.follow_link(link, !still);
        }
        engine
    }

    fn load(&mut self, name: &str) {
        if let Some(history) = builtin::named(name).and_then(begin) {
            self.show(history);
            self.player.lead(true);
        }
    }

    /// Makes this run the one that is shown, from where it is.
    fn show(&mut self, history: History) {
        self.focus.leave();
        self.player.show(Run::new(history));
    }

    fn obey(&mut self, control: Control) {
        if !self.player.obey(control) {
            let nothing = "In the next minute nothing happens but stabilization.";
            self.refuse(Beside::Time, nothing.to_owned());
        }
    }

    fn look(&mut self, from: Id, key: Id, way: Way, predict: bool) {
        self.focus.chosen = None;
        let lookup = Action::Lookup {
            from,
            key,
            routing: if way.linear {
                Routing::Linear
            } else {
                Routing::Finger
            },
            mode: if way.iterative {
                Mode::Iterative
            } else {
                Mode::Recursive
            },
        };
        self.act(Beside::Question, lookup);
        if self.refused.is_none() {
            self.player.follow(|run| run.await_answer(predict));
        }
    }

    /// Acts on the ring; why that cannot be done is said beside a control.
    fn act(&mut self, beside: Beside, action: Action) {
        self.player.run_mut().stop_asking();
        if let Err(error) = self.player.act(action) {
            self.refuse(beside, error.to_string());
        }
    }

    fn refuse(&mut self, beside: Beside, text: String) {
        self.refused = Some(Refused { beside, text });
    }

    /// A node was chosen: that answers an open question; otherwise its tables are shown, or no longer.
    fn choose(&mut self, node: Id) {
        if self.player.run_mut().answer(node) {
            self.player.take_answer();
        } else if !self.player.run().is_predicting() {
            // Between two questions the tables of the node that asks stay.
            self.focus.toggle(node);
        }
    }

    /// Shows what a link says, running if `runs` and the link names no moment; or says why it cannot be read, and then nothing else changes.
    fn follow_link(&mut self, link: &str, runs: bool) {
        // The scenario stands with the question.
        match link::open(link, self.history()) {
            Ok(opened) => {
                self.show(opened.history);
                self.player.lead(runs && !opened.is_moment);
                self.focus.chosen = opened.chosen;
                self.refused = None;
                if let Some(caveat) = opened.caveat {
                    self.refuse(Beside::Question, caveat);
                }
            }
            Err(text) => self.refuse(Beside::Question, text),
        }
    }

    /// Shows an exported run at its moment, or says why it cannot be read; then nothing else has changed.
    fn import(&mut self, run: Json) {
        match files::read(run) {
            Ok(Imported { history, behaviour }) => {
                self.focus.leave();
                self.player.open(Run::new(history));
                if let Some(caveat) = behaviour::caveat(behaviour) {
                    self.refuse(Beside::Run, caveat);
                }
            }
            Err(reason) => self.refuse(Beside::Run, unopened(&reason)),
        }
    }

    /// Whether the last command could not be carried out.
    pub const fn is_refused(&self) -> bool {
        self.refused.is_some()
    }

    /// The moving layer of this moment.
    pub fn motion(&self) -> Motion {
        let run = self.player.run();
        let shown = run.lookup().filter(|_| run.lookup_shown());
        traffic::motion(run.world(), shown, run.question().is_some())
    }
}

impl Driven for Engine {
    type Run = Run;
    type Command = Command;
    type Snapshot = Snapshot;

    fn player(&self) -> &Player<Run> {
        &self.player
    }

    fn player_mut(&mut self) -> &mut Player<Run> {
        &mut self.player
    }

    fn apply(&mut self, command: impl Into<Command>) {
        let command = command.into();
        // The pointer moves on over the same thing.
        if command == Command::Hover(self.focus.hovered) {
            return;
        }
        self.player.touch();
        if !command.is_aside() {
            self.refused = None;
        }
        match command {
            Command::Load(name) => self.load(&name),
            Command::Open(link) => self.follow_link(&link, true),
            Command::Import(run) => self.import(run),
            Command::Refuse(why) => self.refuse(Beside::Run, why),
            Command::Time(control) => self.obey(control),
            Command::Look { from, key, way } => self.look(from, key, way, false),
            Command::Predict { from, key, way } => self.look(from, key, way, true),
            Command::StopPredicting => {
                self.player.run_mut().stop_asking();
                self.player.run_on(self.player.run().is_under_way());
            }
            Command::Choose(node) => self.choose(node),
            Command::Move(node) => {
                if !self.player.run_mut().choose(node) {
                    self.focus.chosen = Some(node);
                }
            }
            Command::Hover(over) => self.focus.hovered = over,
            Command::Type(key) => self.focus.typed = key,
            Command::Insert(node) => self.act(Beside::Ring, Action::Insert(node)),
            Command::Remove(node) => self.act(Beside::Ring, Action::Remove(node)),
            Command::Crash(node) => self.act(Beside::Ring, Action::Crash(node)),
            Command::ShowUpkeep(shown) => self.focus.upkeep_shown = shown,
        }
    }

    fn snapshot(&self) -> Snapshot {
        picture::of(self)
    }
}

impl Shareable for Engine {
    const PAGE: Route = Route::Ring;

    fn link(&self) -> Result<String, String> {
        link::to(self.history(), self.focus.chosen)
    }

    fn name(&self) -> &str {
        &self.history().setup().name
    }
}

fn begin(scenario: Scenario) -> Option<History> {
    let seed = scenario.seed;
    History::new(scenario, seed).ok()
}

/// A ring of one node: what is shown if no scenario can be read.
fn alone() -> History {
    let scenario = Space::new(5)
        .ok()
        .and_then(|space| Scenario::plain(space, vec![Id::from_u64(1)]).ok());
    match scenario.and_then(begin) {
        Some(history) => history,
        None => unreachable!("a ring of one node is a ring"),
    }
}
