//! The engine of the directory page: routes commands to the player, to the run that it plays, and to what the user looks at; gives snapshots.
//! Knows no Yew.

pub mod beside;
pub mod caption;
pub mod command;
mod describe;
pub mod figures;
mod limits;
pub mod predict;
pub mod question;
mod run;
pub mod snapshot;
pub mod statement;

use std::rc::Rc;

use chordscope_core::base::id::Id;
use chordscope_sim::worlds::directory::action::{Action, Member, Part};
use chordscope_sim::worlds::directory::scenario;
use chordscope_sim::worlds::directory::setup::{Kind, Setup};
use chordscope_sim::worlds::directory::{DirectoryWorld, History};

use crate::directory::engine::command::Command;
use crate::directory::engine::command::Over;
use crate::directory::engine::limits::shows;
use crate::directory::engine::predict::Prediction;
use crate::directory::engine::run::Run;
use crate::directory::engine::snapshot::{PartView, Snapshot};
use crate::directory::engine::statement::{Statement, told};
use crate::page::Route;
use crate::player::link;
use crate::player::programme::{Programme, Programmed};
use crate::player::{Beside, Driven, Player, Shareable};

/// The numbers of random peers that can be taken out at once.
const RANDOM: [u32; 3] = [1, 4, 8];

/// A simulated world of directories that is played, and what the user looks at.
#[derive(Debug)]
pub struct Engine {
    player: Player<Run>,
    programme: Programme<DirectoryWorld>,
    /// The title that the user asks for.
    title: u32,
    /// The part that is taken out or put back.
    chosen: Part,
    /// The place of the peer that is selected.
    selected: Option<u16>,
    hovered: Option<Over>,
    prediction: Option<Prediction>,
}

impl Engine {
    /// The run that a link asks for; without one the first scenario, which plays: who comes sees something happen. `still` leaves it at the
    /// beginning.
    pub fn open(link: &str, still: bool) -> Self {
        let programme = Programme::default();
        let history = programme.first(None);
        let engine = Self {
            player: Player::new(Run::new(history.clone(), &[], scenario::END), !still),
            programme,
            title: 0,
            chosen: Part::Directory,
            selected: None,
            hovered: None,
            prediction: None,
        };
        engine.opened(history, link, still)
    }

    /// The world that is shown.
    fn world(&self) -> &DirectoryWorld {
        self.player.run().world()
    }

    /// The peer that asks: the one that is selected, or the first that is up.
    fn asker(&self) -> Option<Id> {
        let world = self.world();
        let place = self.selected.map(|place| usize::from(place) - 1);
        let selected = place.and_then(|place| world.setup().peers.get(place).copied());
        selected.or_else(|| world.peers().next())
    }

    fn ask(&mut self) {
        let Some(peer) = self.asker() else {
            self.refuse(Beside::Question, "No peer is here to ask.".to_owned());
            return;
        };
        let world = self.world();
        if world.setup().titles == 0 {
            // There only keys are looked up: that of the peer opposite.
            let all = &world.setup().peers;
            let at = all.binary_search(&peer).unwrap_or_default();
            let key = all[(at + all.len() / 2) % all.len()];
            self.act(Beside::Question, Action::Find { peer, key });
            return;
        }
        let title = self.title;
        self.act(Beside::Question, Action::Ask { peer, title });
    }

    /// Selects the next peer, or the one before; from nobody, the first or the last.
    fn step_selection(&mut self, on: bool) {
        let all = self.world().setup().peers.len() as u16;
        let next = match (self.selected, on) {
            (None, true) => 1,
            (None, false) => all,
            (Some(place), true) => place % all + 1,
            (Some(place), false) => (place + all - 2) % all + 1,
        };
        self.select(Some(next));
    }

    fn select(&mut self, place: Option<u16>) {
        self.selected = place.filter(|place| *place > 0);
        // Whoever points at a peer means it.
        let peers = &self.world().setup().peers;
        let id = self
            .selected
            .and_then(|place| peers.get(usize::from(place) - 1).copied());
        self.chosen = match (id, self.chosen) {
            (Some(id), _) => Part::Peer(id),
            (None, Part::Peer(_)) => Part::Directory,
            (None, chosen) => chosen,
        };
    }

    /// The parts that can be chosen.
    fn parts(&self) -> Vec<PartView> {
        let world = self.world();
        let trackers = (0..world.setup().trackers).map(Part::Tracker);
        let regions = (0..world.setup().regions).map(Part::Region);
        let peers = &world.setup().peers;
        let peer = self.selected.map(|place| usize::from(place) - 1);
        let peer = peer.and_then(|place| peers.get(place).copied());
        let parts = [Part::Directory]
            .into_iter()
            .chain(trackers)
            .chain(RANDOM.map(Part::Peers))
            .chain(regions)
            .chain(peer.map(Part::Peer));
        let view = |part| PartView {
            part,
            told: told(part, |id| place(world, id)),
            can_go: world.can_go(part),
            can_come: world.can_come(part),
        };
        parts.map(view).collect()
    }
}

/// The place of a peer in ascending order of ids, from 1.
pub(super) fn place(world: &DirectoryWorld, id: Id) -> Option<u16> {
    match world.member(id)? {
        Member::Peer(place) => Some(place),
        Member::Directory | Member::Tracker(_) => None,
    }
}

impl Programmed for Engine {
    fn programme(&self) -> &Programme<DirectoryWorld> {
        &self.programme
    }

    fn programme_mut(&mut self) -> &mut Programme<DirectoryWorld> {
        &mut self.programme
    }

    fn shows(setup: &Setup) -> Result<(), String> {
        shows(setup)
    }

    fn take(&mut self, history: History, named: Option<&str>, selected: Option<Id>) -> Run {
        let setup = history.setup();
        let exact = || self.programme.place(|known| known.setup == setup);
        // A link's deeds are planned in place of the scenario's, and several scenarios differ in their deeds alone.
        let alike = || {
            self.programme.place(|known| {
                let actions = known.setup.actions.clone();
                let setup = setup.clone();
                *known.setup == Setup { actions, ..setup }
            })
        };
        self.programme.scenario = match named {
            Some(named) => self.programme.place(|known| known.name == named),
            None => exact().or_else(alike),
        };
        let places = || (1..).zip(&setup.peers);
        self.selected = selected.and_then(|id| {
            let found = places().find(|(_, peer)| **peer == id);
            found.map(|(place, _)| place)
        });
        self.chosen = Part::Directory;
        self.hovered = None;
        self.prediction = None;
        self.title = 0;
        let scenario = self.programme.scenario();
        let (goals, until) =
            scenario.map_or((&[][..], scenario::END), |known| (known.goals, known.until));
        Run::new(history, goals, until)
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
            Command::Ask => self.ask(),
            Command::Title(title) => self.title = title,
            Command::Choose(part) => self.chosen = part,
            Command::Predict(kind, guess) => {
                let from = self.history().now();
                let guess = guess.min(predict::NEXT);
                self.prediction = Some(Prediction { kind, guess, from });
                self.player.run_on(true);
            }
            Command::TakeOut => self.act(Beside::Ring, Action::TakeOut(self.chosen)),
            Command::PutBack => self.act(Beside::Ring, Action::PutBack(self.chosen)),
            Command::Select(place) => {
                let same = self.selected == Some(place);
                self.select((!same).then_some(place));
            }
            Command::Move(on) => self.step_selection(on),
            Command::Leave => self.select(None),
            Command::Hover(over) => self.hovered = over,
        }
    }

    fn snapshot(&self) -> Snapshot {
        let (run, world) = (self.player.run(), self.world());
        let history = self.history();
        let deed = caption::last_deed(history).map(|(_, at, _)| at);
        let question = question::shown(history);
        let asked = question.and_then(|question| describe::asked(world, question));
        let title = asked.as_ref().and_then(|asked| asked.title);
        let parts = self.parts();
        Snapshot {
            time: self
                .player
                .view(run.ticks().all(), Some((0, u64::MAX)))
                .into(),
            caption: run.caption(),
            scenarios: Rc::clone(&self.programme.scenarios),
            scenario: self.programme.scenario,
            goals: run
                .goals()
                .map(|(goal, is_met)| (Statement::Goal(goal), is_met))
                .collect(),
            peers: snapshot::peers(world, title.or(Some(self.title))),
            machines: snapshot::machines(world),
            figures: Kind::ALL.map(|kind| figures::of(world, kind, deed)),
            beside: beside::of(world),
            titles: world.setup().titles,
            title: self.title,
            asked,
            chosen: parts
                .iter()
                .position(|one| one.part == self.chosen)
                .unwrap_or_default(),
            parts,
            selected: self.selected,
            hovered: self.hovered,
            hint: describe::hint(world, self.hovered).into_iter().collect(),
            predicted: self.prediction.map(|one| predict::said(history, one)),
            events: describe::events(world, history.entries()),
            digest: world.digest(),
            refused: self.programme.refused.clone(),
            address: self.programme.address.clone(),
        }
    }
}

impl Shareable for Engine {
    const PAGE: Route = Route::Directory;

    fn link(&self) -> Result<String, String> {
        let place = self.selected.map(|place| usize::from(place) - 1);
        let peers = &self.world().setup().peers;
        let selected = place.and_then(|place| peers.get(place).copied());
        link::to(self.history(), selected)
    }

    fn name(&self) -> &str {
        let scenario = self.programme.scenario();
        scenario.map_or("directories", |known| known.name)
    }
}
