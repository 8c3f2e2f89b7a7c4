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

use chordscope_sim::engine::behaviour;
use chordscope_sim::engine::history::History;
use chordscope_sim::engine::history::export::Imported;
use chordscope_sim::engine::json::Json;
use chordscope_sim::worlds::swarm::SwarmWorld;
use chordscope_sim::worlds::swarm::acting::Action;
use chordscope_sim::worlds::swarm::scenario::Scenario;
use chordscope_sim::worlds::swarm::setup::Setup;
use chordscope_sim::worlds::swarm::view::Moment;

use crate::page::Route;
use crate::player::files::unopened;
use crate::player::link::{self, names_a_run};
use crate::player::{Address, Beside, Control, Driven, Played, Player, Refused, Shareable};
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
    scenarios: Rc<Vec<Scenario>>,
    /// The scenario that is shown, by its place among them; `None` for a swarm of the user's own settings.
    scenario: Option<usize>,
    hovered: Option<Over>,
    /// Why the last command was refused.
    refused: Option<Refused>,
    /// The query of a link to the run that the user began last.
    address: Option<Address>,
    ways: Option<Ways>,
}

impl Engine {
    /// The run that a link asks for; without one the first scenario, which plays: who comes sees something happen. `still` leaves it at the
    /// beginning.
    pub fn open(link: &str, still: bool) -> Self {
        let (scenarios, levers) = (Scenario::all(), Levers::default());
        let first = scenarios
            .first()
            .map(|first| (first.setup.clone(), first.seed));
        let (setup, seed) = first.unwrap_or_else(|| (levers.setup(), levers.seed.into()));
        let Ok(history) = History::<SwarmWorld>::new(setup, seed) else {
            unreachable!("all scenarios are within the simulator's limits, which is tested")
        };
        let mut engine = Self {
            player: Player::new(Run::new(history.clone(), None, Goals::default()), !still),
            levers,
            scenarios: Rc::new(scenarios),
            scenario: None,
            hovered: None,
            refused: None,
            address: None,
            ways: None,
        };
        engine.show(history, None);
        engine.player.run_on(!still);
        if names_a_run(link) {
            engine.follow_link(link, !still);
        }
        engine
    }

    /// Begins a swarm of this set-up, whose link is to be in the address at once.
    fn begin(&mut self, setup: Setup, seed: u64) {
        match History::<SwarmWorld>::new(setup, seed) {
            Ok(history) => {
                let clients = history.setup().clients.len() as u64;
                let selected = self.selected().filter(|client| *client <= clients);
                let number = self.address.as_ref().map_or(0, |last| last.number + 1);
                self.address = link::to_begun(&history).map(|query| Address { number, query });
                self.show(history, selected);
                self.player.run_on(true);
            }
            Err(error) => self.refuse(Beside::Ring, error.to_string()),
        }
    }

    /// Begins a swarm in which what is set otherwise is changed, and nothing else.
    fn change(&mut self, levers: Levers) {
        let mut setup = self.history().setup().clone();
        levers.change(&mut setup, Some(&self.levers));
        self.begin(setup, levers.seed.into());
    }

    /// Makes this run the one that is shown, from where it is.
    fn show(&mut self, history: History<SwarmWorld>, selected: Option<u64>) {
        let run = self.take(history, selected);
        self.player.show(run);
    }

    /// The run of a history, with the settings and the scenario that it has.
    fn take(&mut self, history: History<SwarmWorld>, selected: Option<u64>) -> Run {
        let (setup, seed) = (history.setup(), history.seed());
        self.levers = Levers::of(setup, seed);
        let mut known = self.scenarios.iter();
        self.scenario = known.position(|known| {
            // A link's deeds are planned.
            let plain = Setup {
                actions: known.setup.actions.clone(),
                ..setup.clone()
            };
            known.setup == plain
        });
        self.hovered = None;
        self.ways = Some(Ways::of(setup, seed));
        let scenario = self.scenario.and_then(|place| self.scenarios.get(place));
        let goals = scenario.map_or_else(Goals::default, Goals::of);
        Run::new(history, selected, goals)
    }

    /// Shows what a link says, running if `runs` and the link names no moment; or says why it cannot be read, and then nothing else changes.
    fn follow_link(&mut self, link: &str, runs: bool) {
        let scenario = self.scenario.and_then(|place| self.scenarios.get(place));
        match link::open::<SwarmWorld>(link, scenario.map_or("", |known| known.title), shows) {
            Ok((opened, _)) => {
                self.show(opened.history, opened.chosen);
                self.player.run_on(runs && !opened.is_moment);
                if let Some(caveat) = opened.caveat {
                    self.refuse(Beside::Question, caveat);
                }
            }
            Err(text) => self.refuse(Beside::Question, text),
        }
    }

    /// Shows an exported run at its moment, or says why it cannot be read; then nothing else has changed.
    fn import(&mut self, run: Json) {
        match link::read(run, shows) {
            Ok(Imported { history, behaviour }) => {
                let run = self.take(history, None);
                self.player.open(run);
                if let Some(caveat) = behaviour::caveat(behaviour) {
                    self.refuse(Beside::Run, caveat);
                }
            }
            Err(reason) => self.refuse(Beside::Run, unopened(&reason)),
        }
    }

    fn refuse(&mut self, beside: Beside, text: String) {
        self.refused = Some(Refused { beside, text });
    }

    fn obey(&mut self, control: Control) {
        if !self.player.obey(control) {
            let nothing = match self.player.run().world().is_complete() {
                true => "Nothing more happens: everybody who is here has the file.",
                false => "Nothing worth a stop happens within a minute.",
            };
            self.refuse(Beside::Time, nothing.to_owned());
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
                if let Some(known) = Scenario::named(name) {
                    self.begin(known.setup, known.seed);
                }
            }
            Command::Again => {
                let history = self.history();
                let (setup, seed) = (history.setup().clone(), history.seed());
                self.begin(setup, seed);
            }
            Command::Begin(levers) => self.change(levers),
            Command::Open(link) => self.follow_link(&link, true),
            Command::Import(run) => self.import(run),
            Command::Refuse(why) => self.refuse(Beside::Run, why),
            Command::Select(client) => {
                let same = self.selected() == Some(client);
                self.select((!same).then_some(client));
            }
            Command::Move(on) => self.step_selection(on),
            Command::Leave => self.select(None),
            Command::Hover(over) => self.hovered = over,
            Command::Remove(member) => {
                if let Err(error) = self.player.act(Action::Leave(member)) {
                    self.refuse(Beside::Ring, error.to_string());
                }
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
            ways: self.ways.as_ref().and_then(Ways::view),
            goals: run.goals(),
            digest: run.world().digest(),
            refused: self.refused.clone(),
            address: self.address.clone(),
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
        let scenario = self.scenario.and_then(|place| self.scenarios.get(place));
        scenario.map_or("swarm", |known| known.name)
    }
}
