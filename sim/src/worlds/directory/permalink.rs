//! A moment of a run of directories as the query of a URL: behaviour, scenario, seed, actions, time, selection.
//!
//! `v=5&s=directory-goes&seed=714&do=52000000:out,tracker.1&t=60000000&sel=1b0c…`
//!
//! A world that is no built-in scenario is written out, as exported runs have it. Times are in microseconds, so that a link shows exactly
//! the moment it was made at.

use alloc::format;
use alloc::string::String;

use crate::engine::behaviour::{self, BEHAVIOUR};
use crate::engine::malformed::Malformed;
use crate::engine::permalink::{MAX_LENGTH, Query, wrong};
use crate::worlds::directory::History;
use crate::worlds::directory::scenario::{self, Scenario};
use crate::worlds::directory::setup::Setup;
use crate::worlds::directory::text;
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;

/// The time at which the run of a link without a time and without a scenario ends.
const UNTIL: Instant = scenario::END;

/// The content of a permalink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permalink {
    /// The behaviour that it was recorded with.
    pub behaviour: u32,
    /// The scenario, where it is a built-in one.
    pub scenario: Option<Scenario>,
    /// The world, with the link's actions.
    pub setup: Setup,
    /// The seed.
    pub seed: u64,
    /// The time to show; `None` where the link names the run alone.
    pub at: Option<Instant>,
    /// The peer that is selected.
    pub selected: Option<Id>,
}

impl Permalink {
    /// The link to the present moment of a run.
    ///
    /// # Errors
    /// [`Malformed`] when the run is too long for a link.
    pub fn of(history: &History, selected: Option<Id>) -> Result<String, Malformed> {
        let setup = history.setup();
        let space = setup.space;
        let mut known = scenario::all().into_iter();
        let known = known.find(|known| known.setup == *setup);
        let mut parts = alloc::vec![format!("v={BEHAVIOUR}")];
        parts.push(match &known {
            Some(known) => format!("s={}", known.name),
            None => text::write_setup(setup),
        });
        parts.push(format!("seed={}", history.seed()));
        // Those of a scenario belong to it.
        let planned = known.map_or(&[][..], |_| &setup.actions);
        if history.actions() != planned {
            let actions = text::write_actions(space, history.actions());
            parts.push(format!("do={actions}"));
        }
        parts.push(format!("t={}", history.now().as_micros()));
        if let Some(selected) = selected {
            parts.push(format!("sel={}", space.show(selected)));
        }
        let link = parts.join("&");
        if link.len() > MAX_LENGTH {
            return Err(wrong("link", "this run is too long to share as a link"));
        }
        Ok(link)
    }

    /// Returns whether a link is to directories: by the page that it names, or by its query.
    pub fn is_one(link: &str) -> bool {
        let query = Query::of(link);
        let is_known = |name| scenario::named(name).is_some();
        link.contains("#/directory?")
            || query.part("peers").is_some()
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
                let scenario = scenario::named(name);
                Some(scenario.ok_or_else(|| wrong("s", "there is no such scenario"))?)
            }
            None => None,
        };
        let mut setup = match &scenario {
            Some(scenario) => scenario.setup.clone(),
            None => text::read_query(query)?,
        };
        let space = setup.space;
        if let Some(actions) = query.part("do") {
            setup.actions = text::read_actions(space, actions)?;
            setup.check()?;
        }
        let behaviour = query.number("v", query.unnumbered().into())?;
        let behaviour = u32::try_from(behaviour).map_err(|_| wrong("v", "too large"))?;
        let usual = scenario.as_ref().map_or(1, |scenario| scenario.seed);
        let selected = query.part("sel").map(|id| space.parse(id));
        let selected = selected.transpose().map_err(|error| wrong("sel", error))?;
        Ok(Self {
            behaviour,
            seed: query.number("seed", usual)?,
            at: query.moment()?,
            selected,
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
    use crate::engine::World;
    use crate::worlds::directory::action::{Action, Part};

    #[test]
    fn a_link_leads_back_to_the_same_moment() {
        let known = scenario::named("tracker-goes").unwrap();
        let own = Setup::plain(12, 3);
        for (setup, is_named) in [(known.setup, true), (own, false)] {
            let selected = setup.peers[4];
            let mut history = History::new(setup, 7).unwrap();
            history.advance_to(Instant::from_millis(3_000));
            history.act(Action::TakeOut(Part::Directory)).unwrap();
            history.act(Action::TakeOut(Part::Peers(2))).unwrap();
            history.advance_to(Instant::from_millis(5_900));
            history.act(Action::PutBack(Part::Directory)).unwrap();
            history.advance_to(Instant::from_millis(7_345));
            let link = Permalink::of(&history, Some(selected)).unwrap();
            assert_eq!(link.contains("s=tracker-goes"), is_named);
            let url = format!("https://example.org/a/#/directory?{link}");
            for link in [&url, &link] {
                assert!(Permalink::is_one(link), "{link}");
                let permalink = Permalink::parse(link).unwrap();
                assert_eq!(permalink.selected, Some(selected));
                assert_eq!(permalink.caveat(), None);
                let again = permalink.open().unwrap();
                assert_eq!(again.world().trace_digest(), history.world().trace_digest());
                assert_eq!(again.actions(), history.actions());
            }
        }
    }

    #[test]
    fn links_of_other_worlds_are_none_of_directories() {
        for other in [
            "s=lesson-26",
            "s=eight-clients",
            "https://example.org/#/swarm?s=eight-clients",
            "bits=5&nodes=1,4",
            "",
        ] {
            assert!(!Permalink::is_one(other), "{other}");
        }
    }

    #[test]
    fn a_broken_link_is_named() {
        let place = |link: &str| Permalink::parse(link).unwrap_err().place;
        assert_eq!(place(""), "peers");
        assert_eq!(place("s=nothing"), "s");
        assert_eq!(place("s=tracker-goes&do=5:dance"), "do[0]");
        assert_eq!(
            place("s=tracker-goes&do=999999999999:out,directory"),
            "actions"
        );
        assert_eq!(place("s=tracker-goes&t=x"), "t");
        assert_eq!(place("s=tracker-goes&sel=x"), "sel");
        assert_eq!(place("s=tracker-goes&v=4294967296"), "v");
    }

    #[test]
    fn a_link_without_a_time_names_the_whole_run() {
        let link = Permalink::parse("s=tracker-goes").unwrap();
        assert_eq!((link.at, link.seed), (None, 714));
        assert_eq!(link.until(), link.scenario.unwrap().until);
        let link = Permalink::parse("s=tracker-goes&t=0").unwrap();
        assert_eq!(link.until(), Instant::ZERO);
    }
}
