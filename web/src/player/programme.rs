//! The part of a page's engine that is the same whatever world it plays: scenarios, links, files, and what was refused.

use std::rc::Rc;

use chordscope_sim::engine::World;
use chordscope_sim::engine::behaviour;
use chordscope_sim::engine::history::History;
use chordscope_sim::engine::history::export::Imported;
use chordscope_sim::engine::json::Json;
use chordscope_sim::engine::linked::{Known, Linked};

use crate::player::files::unopened;
use crate::player::link::{self, names_a_run};
use crate::player::{Address, Beside, Control, Driven, Given, Played, Refused};

/// The scenarios of a page, and what was said of its last commands.
#[derive(Debug)]
pub struct Programme<W: Linked> {
    /// The scenarios that can be shown.
    pub scenarios: Rc<Vec<W::Scenario>>,
    /// The scenario that is shown, by its place among them; `None` for a run that is of none of them.
    pub scenario: Option<usize>,
    /// Why the last command was refused.
    pub refused: Option<Refused>,
    /// The query of a link to the run that the user began last.
    pub address: Option<Address>,
}

/// A command about the run as a whole.
#[derive(Clone, Debug, PartialEq)]
pub enum RunCommand {
    /// A control of the player: time, and the branches of the run.
    Time(Control),
    /// Start a built-in scenario, by its name.
    Load(&'static str),
    /// Show the run and the moment that a link names.
    Open(String),
    /// Show the run that an exported file holds.
    Import(Json),
    /// Say why no run was exported or imported.
    Refuse(String),
    /// Start what is shown again.
    Again,
}

type WorldOf<D> = <<D as Driven>::Run as Played>::World;
type SetupOf<D> = <WorldOf<D> as World>::Setup;
type SelectedOf<D> = <WorldOf<D> as Linked>::Selected;

/// An engine that shows the runs of a programme.
pub trait Programmed: Driven<Run: Played<World: Linked>> {
    /// The control beside which it is said why a run cannot begin.
    const BEGINS: Beside = Beside::Question;

    /// The programme.
    fn programme(&self) -> &Programme<WorldOf<Self>>;

    /// The programme, to change what is shown.
    fn programme_mut(&mut self) -> &mut Programme<WorldOf<Self>>;

    /// Checks that the page can show runs of a set-up.
    ///
    /// # Errors
    /// The reason why it cannot, as a part of a sentence.
    fn shows(setup: &SetupOf<Self>) -> Result<(), String>;

    /// Takes up the run of a history: that of the scenario which is `named`, or of the one that it is by its set-up.
    fn take(
        &mut self,
        history: History<WorldOf<Self>>,
        named: Option<&str>,
        selected: Option<SelectedOf<Self>>,
    ) -> Self::Run;

    /// The sentence about a step that finds nothing to go to.
    fn nothing(&self) -> &'static str {
        "Nothing more happens."
    }

    /// The selection that stays when a run of this set-up begins.
    fn kept(&self, setup: &SetupOf<Self>) -> Option<SelectedOf<Self>> {
        let _ = setup;
        None
    }

    /// The engine that shows this run at first, or the one that a link asks for. Time runs, unless it is `still`.
    #[must_use]
    fn opened(mut self, history: History<WorldOf<Self>>, link: &str, still: bool) -> Self
    where
        Self: Sized,
    {
        let run = self.take(history, None, None);
        self.player_mut().show(run);
        self.player_mut().run_on(!still);
        if names_a_run(link) {
            self.follow_link(link, !still);
        }
        self
    }

    /// Takes up that a command came: what was refused before is not said any more, unless it is only about the pointer.
    fn heed(&mut self, is_aside: bool) {
        self.player_mut().touch();
        if !is_aside {
            self.programme_mut().refused = None;
        }
    }

    /// Carries out a command about the run as a whole.
    fn direct(&mut self, command: RunCommand) {
        match command {
            RunCommand::Time(control) => {
                if !self.player_mut().obey(control) {
                    self.refuse(Beside::Time, self.nothing().to_owned());
                }
            }
            RunCommand::Load(name) => {
                if let Some(scenario) = WorldOf::<Self>::named(name) {
                    let known = WorldOf::<Self>::known(&scenario);
                    self.begin(known.setup.clone(), known.seed);
                }
            }
            RunCommand::Open(link) => self.follow_link(&link, true),
            RunCommand::Import(run) => self.import(run),
            RunCommand::Refuse(why) => self.refuse(Beside::Run, why),
            RunCommand::Again => {
                let history = self.history();
                let (setup, seed) = (history.setup().clone(), history.seed());
                self.begin(setup, seed);
            }
        }
    }

    /// Begins a run, whose link is to be in the address at once.
    fn begin(&mut self, setup: SetupOf<Self>, seed: u64) {
        match History::new(setup, seed) {
            Ok(history) => {
                let selected = self.kept(history.setup());
                self.programme_mut().name(link::to_begun(&history));
                let run = self.take(history, None, selected);
                self.player_mut().show(run);
                self.player_mut().run_on(true);
            }
            Err(error) => self.refuse(Self::BEGINS, error.to_string()),
        }
    }

    /// Shows what a link says, running if `runs` and the link names no moment; or says why it cannot be read, and then nothing else changes.
    fn follow_link(&mut self, link: &str, runs: bool) {
        let shown = self.programme().shown();
        let title = shown.map_or("", |known| known.title);
        match link::open::<WorldOf<Self>>(link, title, Self::shows) {
            Ok((opened, named)) => {
                let run = self.take(opened.history, named, opened.chosen);
                self.player_mut().show(run);
                self.player_mut().run_on(runs && !opened.is_moment);
                if let Some(caveat) = opened.caveat {
                    self.refuse(Beside::Question, caveat);
                }
            }
            Err(text) => self.refuse(Beside::Question, text),
        }
    }

    /// Shows an exported run at its moment, or says why it cannot be read; then nothing else has changed.
    fn import(&mut self, run: Json) {
        match link::read(run, Self::shows) {
            Ok(Imported { history, behaviour }) => {
                let run = self.take(history, None, None);
                self.player_mut().open(run);
                if let Some(caveat) = behaviour::caveat(behaviour) {
                    self.refuse(Beside::Run, caveat);
                }
            }
            Err(reason) => self.refuse(Beside::Run, unopened(&reason)),
        }
    }

    /// Does what came by this control.
    fn act(&mut self, beside: Beside, action: <WorldOf<Self> as World>::Action) {
        if let Err(error) = self.player_mut().act(action) {
            self.refuse(beside, error.to_string());
        }
    }

    /// Says why a command was refused that came by this control.
    fn refuse(&mut self, beside: Beside, text: String) {
        self.programme_mut().refused = Some(Refused { beside, text });
    }
}

impl<W: Linked> Default for Programme<W> {
    /// The scenarios of a world, none of which is shown yet.
    fn default() -> Self {
        Self {
            scenarios: Rc::new(W::scenarios()),
            scenario: None,
            refused: None,
            address: None,
        }
    }
}

impl<W: Linked> Programme<W> {
    /// The run of the scenario of this name, or else of the first one, at its beginning.
    pub fn first(&self, name: Option<&str>) -> History<W> {
        let named = self.place(|known| Some(known.name) == name);
        let first = self.scenarios.get(named.unwrap_or_default());
        let known = first.map(W::known);
        let begun = known.and_then(|known| History::new(known.setup.clone(), known.seed).ok());
        let Some(history) = begun else {
            unreachable!("each world has scenarios within the simulator's limits, which is tested")
        };
        history
    }

    /// The place of the first scenario that is like this.
    pub fn place(&self, is_it: impl Fn(Known<'_, W::Setup>) -> bool) -> Option<usize> {
        let mut all = self.scenarios.iter();
        all.position(|one| is_it(W::known(one)))
    }

    /// The scenario that is shown.
    pub fn scenario(&self) -> Option<&W::Scenario> {
        self.scenario.and_then(|place| self.scenarios.get(place))
    }

    /// The part of it that all worlds have.
    pub fn shown(&self) -> Option<Known<'_, W::Setup>> {
        self.scenario().map(W::known)
    }

    /// Takes up the query of a link to a run that begins, if there can be one.
    fn name(&mut self, query: Option<String>) {
        let number = self.address.as_ref().map_or(0, |last| last.number + 1);
        self.address = query.map(|query| Address { number, query });
    }
}

impl From<Control> for RunCommand {
    fn from(control: Control) -> Self {
        Self::Time(control)
    }
}

impl From<Given> for RunCommand {
    fn from(given: Given) -> Self {
        match given {
            Given::Link(link) => Self::Open(link),
            Given::File(run) => Self::Import(run),
            Given::Refused(why) => Self::Refuse(why),
        }
    }
}
