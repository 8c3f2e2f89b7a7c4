//! The engine of the swarm page: routes commands to the player, to the run that it plays, and to what the user looks at; gives snapshots. Knows
//! no Yew.

pub mod caption;
pub mod command;
mod compose;
mod describe;
mod goals;
pub mod levers;
mod limits;
pub mod moment;
mod run;
pub mod snapshot;
pub mod statement;
mod ways;

use std::rc::Rc;

use chordscope_sim::engine::history::History;
use chordscope_sim::worlds::swarm::SwarmWorld;
use chordscope_sim::worlds::swarm::acting::Action;
use chordscope_sim::worlds::swarm::setup::Setup;
use chordscope_sim::worlds::swarm::view::Moment;

use crate::page::Route;
use crate::player::link;
use crate::player::programme::{Programme, Programmed};
use crate::player::{Beside, Driven, Played, Player, Shareable};
use crate::scene::grid::Grid;
use crate::swarm::engine::command::{Command, Over};
pub use crate::swarm::engine::compose::{flows, named};
use crate::swarm::engine::goals::Goals;
use crate::swarm::engine::levers::Levers;
use crate::swarm::engine::limits::shows;
use crate::swarm::engine::run::Run;
use crate::swarm::engine::snapshot::Snapshot;
use crate::swarm::engine::ways::Ways;

/// Milliseconds of a frame for what is compared with the run.
const BESIDE: f64 = 3.0;

/// A simulated swarm that is played, and what the user looks at.
#[derive(Debug)]
pub struct Engine {
    player: Player<Run>,
    levers: Levers,
    programme: Programme<SwarmWorld>,
    hovered: Option<Over>,
    ways: Option<Ways>,
}

impl Engine {
    /// The run that a link asks for; without one the first scenario, which plays: who comes sees something happen. `still` leaves it at the
    /// beginning.
    pub fn open(link: &str, still: bool) -> Self {
        let programme = Programme::default();
        let history = programme.first(None);
        let engine = Self {
            player: Player::new(Run::new(history.clone(), None, Goals::default()), !still),
            levers: Levers::default(),
            programme,
            hovered: None,
            ways: None,
        };
        engine.opened(history, link, still)
    }

    /// Begins a swarm in which what is set otherwise is changed, and nothing else.
    fn change(&mut self, levers: Levers) {
        let mut setup = self.history().setup().clone();
        levers.change(&mut setup, Some(&self.levers));
        self.begin(setup, levers.seed.into());
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

impl Programmed for Engine {
    const BEGINS: Beside = Beside::Ring;

    fn programme(&self) -> &Programme<SwarmWorld> {
        &self.programme
    }

    fn programme_mut(&mut self) -> &mut Programme<SwarmWorld> {
        &mut self.programme
    }

    fn shows(setup: &Setup) -> Result<(), String> {
        shows(setup)
    }

    fn take(
        &mut self,
        history: History<SwarmWorld>,
        _: Option<&str>,
        selected: Option<u64>,
    ) -> Run {
        let (setup, seed) = (history.setup(), history.seed());
        self.levers = Levers::of(setup, seed);
        self.programme.scenario = self.programme.place(|known| {
            // A link's deeds are planned.
            let actions = known.setup.actions.clone();
            let setup = setup.clone();
            *known.setup == Setup { actions, ..setup }
        });
        self.hovered = None;
        self.ways = Some(Ways::of(setup, seed));
        let scenario = self.programme.scenario();
        let goals = scenario.map_or_else(Goals::default, Goals::of);
        Run::new(history, selected, goals)
    }

    fn nothing(&self) -> &'static str {
        match self.player.run().world().is_complete() {
            true => "Nothing more happens: everybody who is here has the file.",
            false => "Nothing worth a stop happens within a minute.",
        }
    }

    fn kept(&self, setup: &Setup) -> Option<u64> {
        let clients = setup.clients.len() as u64;
        self.selected().filter(|client| *client <= clients)
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
        self.heed(matches!(command, Command::Hover(_)));
        match command {
            Command::Run(command) => self.direct(command),
            Command::Begin(levers) => self.change(levers),
            Command::Select(client) => {
                let same = self.selected() == Some(client);
                self.select((!same).then_some(client));
            }
            Command::Move(on) => self.step_selection(on),
            Command::Leave => self.select(None),
            Command::Hover(over) => self.hovered = over,
            Command::Remove(member) => {
                self.act(Beside::Ring, Action::Leave(member));
            }
        }
    }

    fn advance(&mut self, real: f64, work: f64, clock: fn() -> f64) {
        self.player.advance(real, work, clock);
        let until = clock() + BESIDE;
        if self.player.run_mut().work(until, clock) {
            self.player.touch();
        }
        let now = self.history().now();
        let ways = self.ways.as_mut();
        if ways.is_some_and(|ways| ways.work(now, until, clock)) {
            self.player.note();
        }
    }

    fn snapshot(&self) -> Snapshot {
        let (run, moment) = (self.player.run(), self.moment());
        let history = run.history();
        Snapshot {
            time: self
                .player
                .view(run.ticks().all(), Some((0, u64::MAX)))
                .into(),
            caption: run.caption(),
            levers: self.levers,
            scenarios: Rc::clone(&self.programme.scenarios),
            scenario: self.programme.scenario,
            selected: self
                .selected()
                .and_then(|client| describe::selected(run.world(), &moment, client)),
            hovered: self.hovered,
            hint: describe::hint(run.world(), &moment, self.hovered),
            picture: describe::picture(&moment),
            events: describe::events(&moment, history.entries()),
            ways: self.ways.as_ref().and_then(Ways::view),
            goals: run.goals(),
            digest: run.world().digest(),
            refused: self.programme.refused.clone(),
            address: self.programme.address.clone(),
            moment,
        }
    }
}

impl Shareable for Engine {
    const PAGE: Route = Route::Swarm;

    fn link(&self) -> Result<String, String> {
        link::to(self.history(), self.selected())
    }

    fn name(&self) -> &str {
        let scenario = self.programme.scenario();
        scenario.map_or("swarm", |known| known.name)
    }
}
