//! A moment of a world of fallacies as the query of a URL: behaviour, scenario, seed, actions, time, selection.
//!
//! `v=5&s=lost-messages&seed=7&do=2000000:crash,3&t=2750000&sel=5`
//!
//! A run that is no built-in scenario is written out: `members=32&…&reliable=5!&…`. Times are in microseconds, so that a link shows exactly the
//! moment it was made at.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::engine::behaviour::{self, BEHAVIOUR};
use crate::engine::malformed::Malformed;
use crate::engine::permalink::{MAX_LENGTH, Query, wrong};
use crate::worlds::fallacies::lever::Fallacy;
use crate::worlds::fallacies::scenario::Scenario;
use crate::worlds::fallacies::setup::Setup;
use crate::worlds::fallacies::{History, text};
use chordscope_core::base::time::Instant;

/// The content of a permalink.
#[derive(Clone, Debug)]
pub struct Permalink {
    /// The behaviour that it was recorded with.
    pub behaviour: u32,
    /// The scenario, where it is a built-in one.
    pub scenario: Option<Scenario>,
    /// The set-up, with the link's actions.
    pub setup: Setup,
    /// The seed.
    pub seed: u64,
    /// The time to show; `None` where the link names the run alone.
    pub at: Option<Instant>,
    /// The number of the peer that is selected.
    pub selected: Option<u64>,
}

impl Permalink {
    /// The link to the present moment of a run.
    ///
    /// # Errors
    /// [`Malformed`] when the run is too long for a link.
    pub fn of(history: &History, selected: Option<u16>) -> Result<String, Malformed> {
        let setup = history.setup();
        let mut known = Scenario::all().into_iter();
        let named = known.find(|known| known.setup == *setup);
        let mut parts: Vec<String> = alloc::vec![format!("v={BEHAVIOUR}")];
        parts.push(match &named {
            Some(scenario) => format!("s={}", scenario.name),
            None => text::write_setup(setup),
        });
        parts.push(format!("seed={}", history.seed()));
        // Those of a scenario belong to it.
        let planned = named.map_or(&[][..], |_| &setup.actions);
        if history.actions() != planned {
            parts.push(format!("do={}", text::write_actions(history.actions())));
        }
        parts.push(format!("t={}", history.now().as_micros()));
        if let Some(selected) = selected {
            parts.push(format!("sel={selected}"));
        }
        let link = parts.join("&");
        if link.len() > MAX_LENGTH {
            return Err(wrong("link", "this run is too long to share as a link"));
        }
        Ok(link)
    }

    /// Returns whether a link is to a world of fallacies: by the page that it names, or by its query.
    pub fn is_one(link: &str) -> bool {
        let query = Query::of(link);
        let is_known = |name| Scenario::named(name).is_some();
        // Other worlds have latencies and bandwidths, too.
        let levers = Fallacy::ALL.into_iter();
        let mut own = levers.filter(|of| !matches!(of, Fallacy::Latency | Fallacy::Bandwidth));
        let has_lever = own.any(|of| query.part(of.name()).is_some());
        link.contains("#/fallacies?") || has_lever || query.part("s").is_some_and(is_known)
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
        let scenario = match query.part("s") {
            Some(name) => {
                let scenario = Scenario::named(name);
                Some(scenario.ok_or_else(|| wrong("s", "there is no such scenario"))?)
            }
            None => None,
        };
        let mut setup = match &scenario {
            Some(scenario) => scenario.setup.clone(),
            None => text::read_query(query)?,
        };
        if let Some(actions) = query.part("do") {
            setup.actions = text::read_actions(actions)?;
        }
        let behaviour = query.number("v", query.unnumbered().into())?;
        let behaviour = u32::try_from(behaviour).map_err(|_| wrong("v", "too large"))?;
        let usual = scenario.as_ref().map_or(1, |scenario| scenario.seed);
        let selected = query.number("sel", 0)?;
        Ok(Self {
            behaviour,
            seed: query.number("seed", usual)?,
            at: query.moment()?,
            selected: query.part("sel").map(|_| selected),
            scenario,
            setup,
        })
    }

    /// Returns the caveat for the run when it was recorded with another behaviour.
    pub fn caveat(&self) -> Option<String> {
        behaviour::caveat(self.behaviour)
    }

    /// The time to which the link runs: its own, or the end of the run.
    pub fn until(&self) -> Instant {
        self.at.unwrap_or(Instant::ZERO + self.setup.length)
    }

    /// The run that the link shows, at its time; without one at its beginning.
    ///
    /// # Errors
    /// [`Malformed`] when the set-up is wrong.
    pub fn open(self) -> Result<History, Malformed> {
        let mut history = History::new(self.setup, self.seed)?;
        history.advance_to(self.at.unwrap_or(Instant::ZERO));
        Ok(history)
    }
}
