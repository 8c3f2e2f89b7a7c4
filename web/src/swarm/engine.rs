//! The engine of the swarm page: routes commands to the player, to the run that it plays, and to what the user looks at; gives snapshots. Knows
//! no Yew.

pub mod caption;
pub mod command;
mod compose;
mod describe;
pub mod levers;
pub mod moment;
mod run;
pub mod snapshot;
pub mod statement;

use std::rc::Rc;

use chordscope_sim::engine::history::History;
use chordscope_sim::worlds::swarm::SwarmWorld;
use chordscope_sim::worlds::swarm::acting::Action;
use chordscope_sim::worlds::swarm::scenario::Scenario;
use chordscope_sim::worlds::swarm::view::Moment;

use crate::player::{Control, Driven, Played, Player};
use crate::scene::grid::Grid;
use crate::swarm::engine::command::{Command, Over};
pub use crate::swarm::engine::compose::{flows, named};
use crate::swarm::engine::levers::Levers;
use crate::swarm::engine::run::Run;
use crate::swarm::engine::snapshot::Snapshot;

/// A simulated swarm that is played, and what the user looks at.
#[derive(Debug)]
pub struct Engine {
    player: Player<Run>,
    levers: Levers,
    scenarios: Rc<Vec<Scenario>>,
    /// The scenario that is shown, by its place among them; `None` for a swarm of the user's own settings.
    scenario: Option<usize>,
    hovered: Option<Over>,
    /// Why the last command was refused.
    refused: Option<String>,
}

impl Engine {
    /// The first scenario, which plays: who comes sees something happen. `still` leaves it at the beginning.
    pub fn open(still: bool) -> Self {
        let levers = Levers::default();
        let mut engine = Self {
            player: Player::new(Run::new(begin(&levers), None), !still),
            levers,
            scenarios: Rc::new(Scenario::all()),
            scenario: None,
            hovered: None,
            refused: None,
        };
        engine.load(0);
        engine.player.run_on(!still);
        engine
    }

    fn begin(&mut self, levers: Levers) {
        self.levers = levers;
        self.scenario = None;
        self.show(begin(&levers));
    }

    /// Shows a scenario from its beginning.
    fn load(&mut self, place: usize) {
        let known = Rc::clone(&self.scenarios);
        let Some(scenario) = known.get(place) else {
            return;
        };
        if let Ok(history) = History::new(scenario.setup.clone(), scenario.seed) {
            self.levers = self.levers.like(&scenario.setup, scenario.seed);
            self.scenario = Some(place);
            self.show(history);
        }
    }

    fn show(&mut self, history: History<SwarmWorld>) {
        let clients = history.setup().clients.len() as u64;
        let selected = self.selected().filter(|client| *client <= clients);
        self.hovered = None;
        self.player.show(Run::new(history, selected));
        self.player.run_on(true);
    }

    fn obey(&mut self, control: Control) {
        if !self.player.obey(control) {
            self.refused =
                Some("Nothing more happens: everybody who is here has the file.".to_owned());
        }
    }

    /// The client that is selected.
    pub const fn selected(&self) -> Option<u64> {
        self.player.run().selected()
    }

    fn select(&mut self, client: Option<u64>) {
        self.player.run_mut().select(client);
    }

    /// Selects the next member, or the one before; from nobody, the first or the last.
    fn step_selection(&mut self, on: bool) {
        let moment = self.moment();
        let all: Vec<u64> = moment.members.iter().map(|member| member.number).collect();
        let place = all
            .iter()
            .position(|member| Some(*member) == self.selected());
        let last = all.len().saturating_sub(1);
        let next = match (place, on) {
            (None, true) => 0,
            (None, false) => last,
            (Some(place), true) => {
                if place == last {
                    0
                } else {
                    place + 1
                }
            }
            (Some(place), false) => place.checked_sub(1).unwrap_or(last),
        };
        self.select(all.get(next).copied());
    }

    /// The swarm at this moment.
    pub fn moment(&self) -> Moment {
        self.player.run().swarm()
    }

    /// The picture of this moment.
    pub fn grid(&self) -> Grid {
        compose::grid(&self.moment(), self.selected(), self.hovered)
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
        if command == Command::Hover(self.hovered) {
            return;
        }
        self.player.touch();
        if !matches!(command, Command::Hover(_)) {
            self.refused = None;
        }
        match command {
            Command::Time(control) => self.obey(control),
            Command::Load(name) => {
                let place = self.scenarios.iter().position(|one| one.name == name);
                self.load(place.unwrap_or_default());
            }
            Command::Again => match self.scenario {
                Some(place) => self.load(place),
                None => self.begin(self.levers),
            },
            Command::Begin(levers) => self.begin(levers),
            Command::Select(client) => {
                let same = self.selected() == Some(client);
                self.select((!same).then_some(client));
            }
            Command::Move(on) => self.step_selection(on),
            Command::Leave => self.select(None),
            Command::Hover(over) => self.hovered = over,
            Command::Remove(member) => {
                if let Err(error) = self.player.act(Action::Leave(member)) {
                    self.refused = Some(error.to_string());
                }
            }
        }
    }

    fn snapshot(&self) -> Snapshot {
        let (run, moment) = (self.player.run(), self.moment());
        let history = run.history();
        Snapshot {
            time: self.player.view(run.ticks(), Some((0, u64::MAX))).into(),
            caption: run.caption(),
            levers: self.levers,
            scenarios: Rc::clone(&self.scenarios),
            scenario: self.scenario,
            selected: self
                .selected()
                .and_then(|client| describe::selected(run.world(), &moment, client)),
            hovered: self.hovered,
            hint: describe::hint(run.world(), &moment, self.hovered),
            picture: describe::picture(&moment),
            events: describe::events(&moment, history.entries()),
            refused: self.refused.clone(),
            moment,
        }
    }
}

fn begin(levers: &Levers) -> History<SwarmWorld> {
    let setup = levers.setup();
    match History::new(setup, u64::from(levers.seed)) {
        Ok(history) => history,
        Err(_) => unreachable!("all settings are within the simulator's limits, which is tested"),
    }
}
