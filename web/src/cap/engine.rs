//! The engine of the consistency page: routes commands to the player, to the run that it plays, and to what the user looks at; gives snapshots.
//! Knows no Yew.

pub mod caption;
pub mod command;
pub mod describe;
mod limits;
pub mod predict;
mod run;
pub mod snapshot;
pub mod statement;

use std::collections::BTreeSet;
use std::rc::Rc;

use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_sim::checks::history::Value;
use chordscope_sim::checks::verdict::Verdict;
use chordscope_sim::engine::linked::Linked;
use chordscope_sim::worlds::consistency::action::{Action, Deed};
use chordscope_sim::worlds::consistency::setup::{Setup, System};
use chordscope_sim::worlds::consistency::side::Side;
use chordscope_sim::worlds::consistency::{ConsistencyWorld, History};

use crate::cap::engine::command::{Command, Lever, Over};
use crate::cap::engine::limits::shows;
use crate::cap::engine::predict::Guess;
use crate::cap::engine::run::{Run, Script};
use crate::cap::engine::snapshot::{NodeView, Question, SideShot, Snapshot};
use crate::cap::engine::statement::Statement;
use crate::page::Route;
use crate::player::link;
use crate::player::programme::{Programme, Programmed};
use crate::player::{Beside, Driven, Player, Shareable};

/// The scenario that is shown first: the build-up is there to be gone through, and this is what it leads to.
const FIRST: &str = "last-copy";
/// The longest stretch of time that a history shows, in microseconds.
const WINDOW: u64 = 16_000_000;
/// The shortest.
const SHORTEST_WINDOW: u64 = 4_000_000;

/// A simulated store that is played, and what the user looks at.
#[derive(Debug)]
pub struct Engine {
    player: Player<Run>,
    programme: Programme<ConsistencyWorld>,
    client: u8,
    /// The nodes that are marked for the next cut, by their places.
    marked: BTreeSet<usize>,
    selected: Option<Value>,
    hovered: Option<Over>,
}

impl Engine {
    /// The run that a link asks for; without one that of the book's last copy, which plays: who comes sees something happen. `still` leaves it
    /// at the beginning.
    pub fn open(link: &str, still: bool) -> Self {
        let programme = Programme::default();
        let history = programme.first(Some(FIRST));
        let script = Script {
            goals: &[],
            until: Instant::ZERO,
            wanted: None,
        };
        let run = Run::new(history.clone(), script, Lever::Both);
        let engine = Self {
            player: Player::new(run, !still),
            programme,
            client: 0,
            marked: BTreeSet::new(),
            selected: None,
            hovered: None,
        };
        engine.opened(history, link, still)
    }

    fn world(&self) -> &ConsistencyWorld {
        self.player.run().world()
    }

    fn name(&self) -> u8 {
        self.player.run().name
    }

    fn node(&self, place: usize) -> Option<Id> {
        self.world().setup().nodes.get(place).copied()
    }

    /// Cuts these nodes off from the others.
    fn cut(&mut self, places: impl IntoIterator<Item = usize>) {
        let nodes: Vec<Id> = places
            .into_iter()
            .filter_map(|place| self.node(place))
            .collect();
        if nodes.is_empty() || nodes.len() >= self.world().setup().nodes.len() {
            let text = "This parts no nodes: draw a line through the ring, or mark the nodes on one side in the list.";
            self.refuse(Beside::Ring, text.to_owned());
            return;
        }
        self.act(Beside::Ring, Action::Cut(nodes));
        self.marked.clear();
    }

    fn crash(&mut self, place: usize) {
        let Some(id) = self.node(place) else {
            return;
        };
        let is_up = self.world().sides().iter().all(|side| side.is_up(id));
        let action = match is_up {
            true => Action::Crash(id),
            false => Action::Restart(id),
        };
        self.act(Beside::Ring, action);
    }

    /// The call that an operation was, by the client that made it.
    fn again(&self, number: Value) -> Option<Action> {
        let name = self.name();
        let register = self
            .world()
            .sides()
            .first()?
            .names()
            .get(usize::from(name))?;
        let told = describe::operation(self.world(), register, number)?;
        let value = told.deed.value().unwrap_or_default().to_owned();
        Some(Action::Call {
            client: told.client,
            name,
            deed: match told.deed {
                statement::Asks::Get => Deed::Get,
                statement::Asks::Put(_) => Deed::Put(value),
                statement::Asks::Delete => Deed::Delete,
                statement::Asks::Swap(_) => Deed::Swap(value),
            },
        })
    }

    /// Selects the next operation, or the one before; from none, the first or the last.
    fn step_selection(&mut self, on: bool) {
        let name = usize::from(self.name());
        let register = self
            .world()
            .sides()
            .first()
            .and_then(|side| side.names().get(name));
        let all = register.map_or(0, |register| register.history.len()) as Value;
        if all == 0 {
            return;
        }
        self.selected = Some(match (self.selected, on) {
            (None, true) => 0,
            (None, false) => all - 1,
            (Some(number), true) => (number + 1) % all,
            (Some(number), false) => (number + all - 1) % all,
        });
    }

    /// Shows these levels. Where the run has no such system, the ring's store begins anew with both.
    fn show(&mut self, lever: Lever) {
        self.player.follow(|run| run.lever = lever);
        let has = |system| self.world().side(system).is_some();
        let is_ring = has(System::One) || has(System::Quorum);
        let is_there = match lever {
            Lever::One => has(System::One),
            Lever::Quorum => has(System::Quorum),
            Lever::Both => has(System::One) && has(System::Quorum),
        };
        if is_ring && !is_there {
            let setup = Setup {
                systems: vec![System::One, System::Quorum],
                ..self.history().setup().clone()
            };
            let seed = self.history().seed();
            self.begin(setup, seed);
        }
    }

    fn answer(&mut self, guesses: Vec<(System, Guess)>) {
        let Some((number, at)) = self.player.run().open() else {
            return;
        };
        let name = self.name();
        let run = self.player.run_mut();
        run.predictions.answer(name, number, at, guesses);
        self.player.take_answer();
    }

    fn predict(&mut self) {
        let now = self.history().now();
        let run = self.player.run_mut();
        let since = (!run.predictions.is_asking()).then_some(now);
        run.predictions.ask(since);
        if since.is_some() {
            self.player.run_on(true);
        }
    }
}

impl Programmed for Engine {
    fn programme(&self) -> &Programme<ConsistencyWorld> {
        &self.programme
    }

    fn programme_mut(&mut self) -> &mut Programme<ConsistencyWorld> {
        &mut self.programme
    }

    fn shows(setup: &Setup) -> Result<(), String> {
        shows(setup)
    }

    fn take(&mut self, history: History, named: Option<&str>, selected: Option<u64>) -> Run {
        let setup = history.setup();
        self.programme.scenario = match named {
            Some(named) => self.programme.place(|known| known.name == named),
            None => self.programme.place(|known| known.setup == setup),
        };
        self.selected = selected.and_then(|number| Value::try_from(number).ok());
        self.hovered = None;
        self.marked.clear();
        self.client = 0;
        let scenario = self.programme.scenario();
        let script = scenario.map_or_else(
            || Script {
                goals: &[],
                until: ConsistencyWorld::end(setup),
                wanted: None,
            },
            |known| Script {
                goals: known.goals,
                until: known.until,
                wanted: Some(known.predictions),
            },
        );
        let lever = self.player.run().lever;
        let mut run = Run::new(history, script, lever);
        if self.player.run().predictions.is_asking() {
            run.predictions.ask(Some(Instant::ZERO));
        }
        run
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
            Command::Show(lever) => self.show(lever),
            Command::Client(client) => self.client = client,
            Command::Name(name) => {
                self.selected = None;
                self.player.follow(|run| run.name = name);
            }
            Command::Call(deed) => {
                let (client, name) = (self.client, self.name());
                self.act(Beside::Question, Action::Call { client, name, deed });
            }
            Command::Retry(number) => {
                if let Some(action) = self.again(number) {
                    self.act(Beside::Ring, action);
                }
            }
            Command::Mark(place) => {
                if !self.marked.remove(&place) && place < self.world().setup().nodes.len() {
                    self.marked.insert(place);
                }
            }
            Command::Cut => {
                let marked = self.marked.clone();
                self.cut(marked);
            }
            Command::CutOff(places) => self.cut(places),
            Command::Heal => self.act(Beside::Ring, Action::Heal),
            Command::Crash(place) => self.crash(place),
            Command::Lose => self.act(Beside::Ring, Action::LoseMessage),
            Command::Predict => self.predict(),
            Command::Answer(guesses) => self.answer(guesses),
            Command::Select(number) => {
                self.selected = (self.selected != Some(number)).then_some(number);
            }
            Command::Move(on) => self.step_selection(on),
            Command::Leave => self.selected = None,
            Command::Hover(over) => self.hovered = over,
        }
    }

    fn snapshot(&self) -> Snapshot {
        let (run, world) = (self.player.run(), self.world());
        let (history, name) = (self.history(), self.name());
        let cuts = describe::cuts(history);
        let shown = caption::systems(world, run.lever);
        // A level that the run does not have hides nothing.
        let is_shown = |system: System| shown.contains(&system) || shown.is_empty();
        let views = world.moment(name).into_iter();
        let sides: Vec<SideShot> = views
            .filter(|view| is_shown(view.system))
            .filter_map(|view| describe::side(world, view, name, &cuts))
            .collect();
        let healed = cuts.last().and_then(|(_, healed)| *healed);
        let of = |wanted: System| {
            let side = sides.iter().find(|side| side.view.system == wanted);
            side.or_else(|| sides.first())
        };
        let acid = of(System::Quorum).and_then(|shot| {
            let side = world.side(shot.view.system)?;
            let register = side.names().get(usize::from(name))?;
            Some(describe::acid(world, shot, register))
        });
        let base = of(System::One).map(|shot| describe::base(world, shot, name, healed));
        Snapshot {
            time: self
                .player
                .view(run.ticks().all(), Some((0, u64::MAX)))
                .into(),
            caption: run.caption(),
            scenarios: Rc::clone(&self.programme.scenarios),
            scenario: self.programme.scenario,
            goals: self.goals(),
            clients: world
                .setup()
                .clients
                .iter()
                .map(|client| (client.name.clone(), world.setup().space.show(client.node)))
                .collect(),
            client: self.client,
            names: (0..world.setup().names.len() as u8)
                .map(|name| describe::name_text(world, name))
                .collect(),
            name,
            nodes: self.nodes(),
            key: self.key(),
            lever: run.lever,
            is_both: [System::One, System::Quorum]
                .iter()
                .all(|system| world.side(*system).is_some()),
            window: self.window(),
            selected: self.selected,
            can_retry: self.can_retry(),
            hovered: self.hovered,
            hint: describe::hint(world, &sides, name, self.hovered),
            said: self.said(&shown),
            repair: self.repair(&shown, healed),
            base: base.into_iter().flatten().collect(),
            acid: acid.into_iter().flatten().collect(),
            is_asking: run.predictions.is_asking(),
            question: self.question(&shown),
            predicted: self.predicted(),
            events: describe::events(world, history.entries()),
            digest: world.digest(),
            refused: self.programme.refused.clone(),
            address: self.programme.address.clone(),
            cuts,
            sides,
        }
    }
}

/// The parts of a snapshot.
impl Engine {
    fn goals(&self) -> Vec<(Statement, bool)> {
        let scenario = self.programme.scenario();
        let goals = self.player.run().goals();
        goals
            .filter_map(|(goal, is_met)| Some((describe::goal(scenario?, goal), is_met)))
            .collect()
    }

    fn nodes(&self) -> Vec<NodeView> {
        let world = self.world();
        let setup = world.setup();
        let Some(side) = world.sides().first() else {
            return Vec::new();
        };
        let view = |(place, id): (usize, &Id)| NodeView {
            id: setup.space.show(*id),
            turn: setup.space.turn(*id),
            is_up: side.is_up(*id),
            is_cut: side.has_cut() && describe::is_cut_off(side, world, *id),
            is_marked: self.marked.contains(&place),
            clients: {
                let clients = setup.clients.iter().filter(|client| client.node == *id);
                clients.map(|client| client.name.clone()).collect()
            },
        };
        setup.nodes.iter().enumerate().map(view).collect()
    }

    fn key(&self) -> Option<(String, f64)> {
        let setup = self.world().setup();
        setup.systems.iter().find_map(|system| system.level())?;
        let key = setup.names.get(usize::from(self.name()))?.key(setup.space);
        Some((setup.space.show(key), setup.space.turn(key)))
    }

    /// The stretch of time that the histories show: the scenario from its beginning, or the last of a long run.
    fn window(&self) -> (u64, u64) {
        let until = self.player.run().script_end().as_micros();
        let length = until.clamp(SHORTEST_WINDOW, WINDOW);
        let now = self.history().now().as_micros();
        // In steps of a second, so that bars stand still for that long.
        let second = 1_000_000;
        let from = now.saturating_sub(length).div_ceil(second) * second;
        (from, from + length)
    }

    /// Whether the selected operation has ended without success anywhere.
    fn can_retry(&self) -> bool {
        let Some(number) = self.selected else {
            return false;
        };
        let name = usize::from(self.name());
        let failed = |side: &Side| {
            let register = side.names().get(name);
            let verdict = register.and_then(|register| register.verdict(number));
            matches!(verdict, Some(Verdict::Refused | Verdict::Stale { .. }))
        };
        self.world().sides().iter().any(failed)
    }

    fn said(&self, shown: &[System]) -> Vec<Statement> {
        let (world, name) = (self.world(), self.name());
        let Some(number) = self.selected else {
            return Vec::new();
        };
        let call = describe::call(world, name, number);
        let sides = shown.iter().filter_map(|system| world.side(*system));
        let said = sides.filter_map(|side| describe::said(world, side, name, number));
        call.into_iter().chain(said).collect()
    }

    /// The end of the last cut and the repair since: agreement, the versions that met, refunds.
    fn repair(&self, shown: &[System], healed: Option<u64>) -> Vec<Statement> {
        let (world, name) = (self.world(), self.name());
        let mut said = Vec::new();
        if let Some(at) = healed {
            said.push(Statement::Healed { at });
        }
        for side in shown.iter().filter_map(|system| world.side(*system)) {
            if let Some(healed) = healed {
                said.extend(describe::agreement(world, side, name, healed));
            }
            said.extend(describe::conflicts(self.history(), side, name));
            let refunds = side.refunds().iter().filter(|refund| refund.name == name);
            said.extend(refunds.filter_map(|refund| describe::refund(world, side, refund)));
        }
        said
    }

    fn question(&self, shown: &[System]) -> Option<Question> {
        let (number, _) = self.player.run().open()?;
        let (world, name) = (self.world(), self.name());
        let register = world.sides().first()?.names().get(usize::from(name))?;
        Some(Question {
            number,
            call: describe::call(world, name, number)?,
            systems: shown.to_vec(),
            choices: predict::choices(register, number),
        })
    }

    fn predicted(&self) -> Vec<Statement> {
        let (world, name) = (self.world(), self.name());
        let Some((number, guesses)) = self.player.run().predictions.last(world, name) else {
            return Vec::new();
        };
        let call = describe::call(world, name, number);
        let said = guesses.iter().filter_map(|(system, guess)| {
            let side = world.side(*system)?;
            let register = side.names().get(usize::from(name))?;
            let told = describe::operation(world, register, number)?;
            Some(Statement::Predicted {
                system: *system,
                guess: guess.clone(),
                came: told.came.as_ref().map(predict::came),
            })
        });
        call.into_iter().chain(said).collect()
    }
}

impl Shareable for Engine {
    const PAGE: Route = Route::Cap;

    fn link(&self) -> Result<String, String> {
        link::to(self.history(), self.selected.map(u64::from))
    }

    fn name(&self) -> &str {
        let scenario = self.programme.scenario();
        scenario.map_or("consistency", |known| known.name)
    }
}
