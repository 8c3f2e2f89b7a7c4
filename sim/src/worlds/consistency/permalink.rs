//! A moment of a run of a world of consistency as the query of a URL: behaviour, scenario, seed, actions, time, selection.
//!
//! `v=5&s=last-copy&seed=1&do=2000000:0,0,get;3000000:cut,1+4&t=4750000&sel=2`
//!
//! A set-up that is no built-in scenario's is written out, as exported runs have it. Times are in microseconds.

use alloc::format;
use alloc::string::String;

use crate::engine::behaviour::{self, BEHAVIOUR};
use crate::engine::malformed::Malformed;
use crate::engine::permalink::{MAX_LENGTH, Query, wrong};
use crate::worlds::consistency::scenario::Scenario;
use crate::worlds::consistency::setup::Setup;
use crate::worlds::consistency::{History, text};
use chordscope_core::base::time::Instant;

/// The time at which the run of a link without a time and without a scenario ends.
const UNTIL: Instant = Instant::from_millis(12_000);

/// The content of a permalink.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// The number of the operation that is selected, on the first name.
    pub selected: Option<u64>,
}

impl Permalink {
    /// The link to the present moment of a run.
    ///
    /// # Errors
    /// [`Malformed`] when the run is too long for a link.
    pub fn of(history: &History, selected: Option<u64>) -> Result<String, Malformed> {
        let setup = history.setup();
        let mut known = Scenario::all().into_iter();
        let named = known.find(|known| known.setup == *setup);
        let mut parts = alloc::vec![format!("v={BEHAVIOUR}")];
        parts.push(match &named {
            Some(scenario) => format!("s={}", scenario.name),
            None => text::write_setup(setup),
        });
        parts.push(format!("seed={}", history.seed()));
        // Those of a scenario belong to it.
        let planned = named.map_or(&[][..], |_| &setup.actions);
        if history.actions() != planned {
            let actions = text::write_actions(setup, history.actions());
            parts.push(format!("do={actions}"));
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

    /// Returns whether a link is to a world of consistency: by the page that it names, or by its query.
    pub fn is_one(link: &str) -> bool {
        let query = Query::of(link);
        let is_known = |name| Scenario::named(name).is_some();
        link.contains("#/cap?")
            || query.part("systems").is_some()
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
            setup.actions = text::read_actions(&setup, actions)?;
            setup.check()?;
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

    /// The time to which the link runs: its own, or the end of its scenario.
    pub fn until(&self) -> Instant {
        let end = self.scenario.as_ref().map_or(UNTIL, |known| known.until);
        self.at.unwrap_or(end)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::history::export;
    use crate::worlds::consistency::action::{Action, Deed};
    use crate::worlds::consistency::setup::System;
    use chordscope_core::base::id::Id;

    fn run(setup: Setup) -> History {
        let mut history = History::new(setup, 7).unwrap();
        history.advance_to(Instant::from_millis(800));
        let put = Action::Call {
            client: 1,
            name: 0,
            deed: Deed::Put("one & two".into()),
        };
        history.act(put).unwrap();
        history.act(Action::Cut([Id::from_u64(9)].into())).unwrap();
        history.advance_to(Instant::from_millis(2_345));
        history
    }

    #[test]
    fn a_link_leads_back_to_the_same_moment() {
        let known = Scenario::named("last-copy").unwrap();
        for (setup, is_named) in [(known.setup, true), (Setup::step(System::Messages), false)] {
            let history = run(setup);
            let link = Permalink::of(&history, Some(3)).unwrap();
            assert_eq!(link.contains("s=last-copy"), is_named);
            let url = format!("https://example.org/a/#/cap?{link}");
            for link in [&url, &link] {
                assert!(Permalink::is_one(link), "{link}");
                let permalink = Permalink::parse(link).unwrap();
                assert_eq!(permalink.selected, Some(3));
                assert_eq!(permalink.caveat(), None);
                let again = permalink.open().unwrap();
                assert_eq!(again.world().digest(), history.world().digest());
                assert_eq!(again.actions(), history.actions());
            }
        }
    }

    #[test]
    fn an_exported_run_comes_to_the_same_moment() {
        let mut history = run(Scenario::named("bank").unwrap().setup);
        history.seek(Instant::from_millis(2_000));
        history.act(Action::Heal).unwrap();
        history.advance_to(Instant::from_millis(3_000));
        let text = export::write(&history);
        let again = export::read::<crate::worlds::consistency::ConsistencyWorld>(&text);
        let again = again.unwrap().history;
        assert_eq!(again.world().digest(), history.world().digest());
        assert_eq!(again.branches().len(), history.branches().len());
        assert_eq!(export::write(&again), text);
    }

    #[test]
    fn links_of_other_worlds_are_none_of_consistency() {
        for other in [
            "s=lesson-26",
            "#/ring?s=sixteen",
            "bits=5&nodes=1,4",
            "s=trickle",
            "",
        ] {
            assert!(!Permalink::is_one(other), "{other}");
        }
        let place = |link: &str| Permalink::parse(link).unwrap_err().place;
        assert_eq!(place(""), "systems");
        assert_eq!(place("s=nothing"), "s");
        assert_eq!(place("s=bank&do=5:dance"), "do[0]");
        assert_eq!(place("s=bank&do=99999999999:heal"), "do[0]");
        assert_eq!(place("s=bank&t=x"), "t");
        assert_eq!(place("s=bank&sel=x"), "sel");
        assert_eq!(place("s=bank&v=4294967296"), "v");
        assert_eq!(Permalink::parse("s=bank").unwrap().at, None);
    }
}
