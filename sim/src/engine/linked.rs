//! Worlds with built-in scenarios whose set-ups and actions are text: a moment of a run as the query of a URL, and runs in files.
//!
//! `v=5&s=seed-leaves&seed=1&do=2000000:leave,3&t=2750000&sel=5`
//!
//! A set-up that is no built-in scenario's is written out, in a link as in an exported run. Times are in microseconds, so that a link shows
//! exactly the moment it was made at.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Debug;

use crate::engine::behaviour::{self, BEHAVIOUR};
use crate::engine::history::History;
use crate::engine::history::export::Portable;
use crate::engine::json::Json;
use crate::engine::malformed::Malformed;
use crate::engine::permalink::{
    MAX_LENGTH, OF_SCENARIO, Query, read_actions, write_actions, wrong,
};
use crate::engine::{Timed, World};
use chordscope_core::base::time::Instant;

/// A world whose runs are named, linked to, and kept in files as text.
pub trait Linked: World<Setup: PartialEq> {
    /// The name of the world in files.
    const NAME: &'static str;
    /// The page in the address: `swarm` in `#/swarm?…`.
    const PAGE: &'static str;
    /// The title of a run that is no built-in scenario.
    const TITLE: &'static str;
    /// The parameters of a set-up, separated by spaces.
    const PARAMETERS: &'static str;
    /// Those by which a link without a page is known: no other world has them, and no set-up that is written out is without all of them.
    const MARKS: &'static [&'static str];

    /// A built-in scenario.
    type Scenario: Clone + Debug;
    /// A thing that can be selected.
    type Selected: Copy + Debug;

    /// Returns the built-in scenarios, in the order in which they are offered.
    fn scenarios() -> Vec<Self::Scenario>;

    /// Returns the part of a scenario that all worlds have.
    fn known(scenario: &Self::Scenario) -> Known<'_, Self::Setup>;

    /// Returns the time at which a run ends that is no built-in scenario.
    fn end(setup: &Self::Setup) -> Instant;

    /// Writes a set-up without its actions, as a query.
    fn setup_text(setup: &Self::Setup) -> String;

    /// Reads a set-up within all limits and without actions, of a query that may have other parts.
    ///
    /// # Errors
    /// [`Malformed`] names the part that is wrong.
    fn setup_of(query: &str) -> Result<Self::Setup, Malformed>;

    /// Checks a set-up with its actions.
    ///
    /// # Errors
    /// [`Malformed`] names the part that is wrong.
    fn check(setup: &Self::Setup) -> Result<(), Malformed>;

    /// Makes these the actions of a set-up.
    fn plan_for(setup: &mut Self::Setup, plan: Vec<Timed<Self::Action>>);

    /// Writes an action.
    fn action_text(setup: &Self::Setup, action: &Self::Action) -> String;

    /// Reads an action of a run of this set-up.
    ///
    /// # Errors
    /// The reason why it is none.
    fn action_of(setup: &Self::Setup, text: &str) -> Result<Self::Action, String>;

    /// Writes a selection.
    fn selected_text(setup: &Self::Setup, selected: Self::Selected) -> String;

    /// Reads a selection.
    ///
    /// # Errors
    /// The reason why it is none.
    fn selected_of(setup: &Self::Setup, text: &str) -> Result<Self::Selected, String>;

    /// Returns the built-in scenario of a name.
    fn named(name: &str) -> Option<Self::Scenario> {
        let mut all = Self::scenarios().into_iter();
        all.find(|one| Self::known(one).name == name)
    }

    /// Returns the built-in scenario whose set-up it is.
    fn scenario_of(setup: &Self::Setup) -> Option<Self::Scenario> {
        let mut all = Self::scenarios().into_iter();
        all.find(|one| Self::known(one).setup == setup)
    }
}

/// A built-in scenario of any world.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a, S> {
    /// The name in links and on the command line.
    pub name: &'static str,
    /// The title.
    pub title: &'static str,
    /// The seed.
    pub seed: u64,
    /// The time at which it ends at the latest.
    pub until: Instant,
    /// The set-up, with the scenario's actions.
    pub setup: &'a S,
}

/// The content of a permalink.
#[derive(Clone, Debug)]
pub struct Permalink<W: Linked> {
    /// The behaviour that it was recorded with.
    pub behaviour: u32,
    /// The scenario, where it is a built-in one.
    pub scenario: Option<W::Scenario>,
    /// The set-up, with the link's actions.
    pub setup: W::Setup,
    /// The seed.
    pub seed: u64,
    /// The time to show; `None` where the link names the run alone.
    pub at: Option<Instant>,
    /// The selection.
    pub selected: Option<W::Selected>,
}

impl<W: Linked> Permalink<W> {
    /// The link to the present moment of a run.
    ///
    /// # Errors
    /// [`Malformed`] when the run is too long for a link.
    pub fn of(history: &History<W>, selected: Option<W::Selected>) -> Result<String, Malformed> {
        let setup = history.setup();
        let scenario = W::scenario_of(setup);
        let mut parts = vec![format!("v={BEHAVIOUR}")];
        parts.push(match &scenario {
            Some(scenario) => format!("s={}", W::known(scenario).name),
            None => W::setup_text(setup),
        });
        parts.push(format!("seed={}", history.seed()));
        // Those of a scenario belong to it.
        let planned = scenario.map_or(&[][..], |_| W::plan(setup));
        if history.actions() != planned {
            let write = |action: &W::Action| W::action_text(setup, action);
            parts.push(format!("do={}", write_actions(history.actions(), write)));
        }
        parts.push(format!("t={}", history.now().as_micros()));
        if let Some(selected) = selected {
            parts.push(format!("sel={}", W::selected_text(setup, selected)));
        }
        let link = parts.join("&");
        if link.len() > MAX_LENGTH {
            return Err(wrong("link", "this run is too long to share as a link"));
        }
        Ok(link)
    }

    /// Returns whether a link is to this world: by the page that it names, or without one by its query.
    pub fn is_one(link: &str) -> bool {
        if let Some(page) = page(link) {
            return page == W::PAGE;
        }
        let query = Query::of(link);
        let is_known = |name| W::named(name).is_some();
        W::MARKS.iter().any(|mark| query.part(mark).is_some())
            || query.part("s").is_some_and(is_known)
    }

    /// Reads a link: a whole URL, its fragment, or the query alone.
    ///
    /// # Errors
    /// [`Malformed`] names the part that is wrong.
    pub fn parse(link: &str) -> Result<Self, Malformed> {
        if link.len() > 2 * MAX_LENGTH {
            return Err(wrong("link", "too long"));
        }
        let query = Query::of(link);
        let scenario = query.part("s").map(|name| {
            let scenario = W::named(name);
            scenario.ok_or_else(|| wrong("s", "there is no such scenario"))
        });
        let scenario = scenario.transpose()?;
        let known = scenario.as_ref().map(W::known);
        let mut setup = match &known {
            Some(known) => known.setup.clone(),
            None => W::setup_of(link)?,
        };
        if let Some(actions) = query.part("do") {
            let actions = read_actions(actions, |action| W::action_of(&setup, action))?;
            W::plan_for(&mut setup, actions);
            // Without them it is within its limits.
            W::check(&setup).map_err(|error| wrong("do", error.reason))?;
        }
        match &known {
            Some(_) => query.check(OF_SCENARIO)?,
            None => query.check(&format!("{OF_SCENARIO} {}", W::PARAMETERS))?,
        }
        let behaviour = query.number("v", query.unnumbered().into())?;
        let behaviour = u32::try_from(behaviour).map_err(|_| wrong("v", "too large"))?;
        let selected = query.part("sel").map(|text| W::selected_of(&setup, text));
        Ok(Self {
            behaviour,
            seed: query.number("seed", known.map_or(1, |known| known.seed))?,
            at: query.moment()?,
            selected: selected.transpose().map_err(|error| wrong("sel", error))?,
            scenario,
            setup,
        })
    }

    /// Returns the title of the run.
    pub fn title(&self) -> &'static str {
        self.known().map_or(W::TITLE, |known| known.title)
    }

    /// Returns the caveat for the run when it was recorded with another behaviour.
    pub fn caveat(&self) -> Option<String> {
        behaviour::caveat(self.behaviour)
    }

    /// The time to which the link runs: its own, or the end of its run.
    pub fn until(&self) -> Instant {
        let end = || {
            let known = self.known().map(|known| known.until);
            known.unwrap_or_else(|| W::end(&self.setup))
        };
        self.at.unwrap_or_else(end)
    }

    /// The run that the link shows, at its time; without one at its beginning.
    ///
    /// # Errors
    /// [`Malformed`] when the set-up is wrong.
    pub fn open(self) -> Result<History<W>, Malformed> {
        let mut history = History::new(self.setup, self.seed)?;
        history.advance_to(self.at.unwrap_or(Instant::ZERO));
        Ok(history)
    }

    fn known(&self) -> Option<Known<'_, W::Setup>> {
        self.scenario.as_ref().map(W::known)
    }
}

/// The page that a link names: `swarm` of `https://example.org/#/swarm?…`.
fn page(link: &str) -> Option<&str> {
    let (address, _) = link.rsplit_once('?')?;
    let (_, page) = address.rsplit_once("#/")?;
    let page = page.trim_end_matches('/');
    (!page.is_empty()).then_some(page)
}

impl<W: Linked> Portable for W {
    const WORLD: &'static str = W::NAME;

    fn write_setup(setup: &Self::Setup) -> Json {
        W::setup_text(setup).into()
    }

    fn read_setup(value: Json) -> Result<Self::Setup, Malformed> {
        let Json::Text(text) = value else {
            return Err(wrong("setup", "must be a text"));
        };
        let setup = W::setup_of(&text)?;
        let checked = Query::of(&text).check(W::PARAMETERS);
        checked.map_err(|error| wrong("setup", error.reason))?;
        Ok(setup)
    }

    fn set_plan(setup: &mut Self::Setup, plan: Vec<Timed<Self::Action>>) {
        W::plan_for(setup, plan);
    }

    fn write_action(setup: &Self::Setup, action: &Self::Action) -> Json {
        W::action_text(setup, action).into()
    }

    fn read_action(setup: &Self::Setup, value: Json) -> Result<Self::Action, String> {
        match value {
            Json::Text(text) => W::action_of(setup, &text),
            _ => Err("must be a text".into()),
        }
    }
}
