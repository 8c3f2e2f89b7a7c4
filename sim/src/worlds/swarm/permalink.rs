//! A moment of a swarm's run as the query of a URL: behaviour, scenario, seed, actions, time, selection.
//!
//! `v=5&s=seed-leaves&seed=1&do=2000000:leave,3&t=2750000&sel=5`
//!
//! A swarm that is no built-in scenario is written out, as exported runs have it: `len=1310720&…&clients=8x262144,-`. Times are in
//! microseconds, so that a link shows exactly the moment it was made at.

use alloc::format;
use alloc::string::String;

use crate::engine::behaviour::{self, BEHAVIOUR};
use crate::engine::history::History;
use crate::engine::malformed::Malformed;
use crate::engine::permalink::{MAX_LENGTH, OF_SCENARIO, Query, wrong};
use crate::worlds::swarm::scenario::Scenario;
use crate::worlds::swarm::setup::Setup;
use crate::worlds::swarm::{SwarmWorld, text};
use chordscope_core::base::time::Instant;

/// The time at which the run of a link without a time and without a scenario ends.
const UNTIL: Instant = Instant::from_millis(600_000);

/// The content of a permalink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permalink {
    /// The behaviour that it was recorded with.
    pub behaviour: u32,
    /// The scenario, where it is a built-in one.
    pub scenario: Option<Scenario>,
    /// The swarm, with the link's actions.
    pub setup: Setup,
    /// The seed.
    pub seed: u64,
    /// The time to show; `None` where the link names the run alone.
    pub at: Option<Instant>,
    /// The number of the member that is selected.
    pub selected: Option<u64>,
}

impl Permalink {
    /// The link to the present moment of a run.
    ///
    /// # Errors
    /// [`Malformed`] when the run is too long for a link.
    pub fn of(history: &History<SwarmWorld>, selected: Option<u64>) -> Result<String, Malformed> {
        let setup = history.setup();
        let known = Scenario::all().into_iter();
        let known = known.map(|scenario| (scenario.name, scenario.setup));
        let mut known = known.filter(|(_, known)| known == setup);
        let named = known.next();
        let mut parts = alloc::vec![format!("v={BEHAVIOUR}")];
        parts.push(match &named {
            Some((name, _)) => format!("s={name}"),
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

    /// Returns whether a link is to a swarm: by the page that it names, or by its query.
    pub fn is_one(link: &str) -> bool {
        let query = Query::of(link);
        let is_known = |name| Scenario::named(name).is_some();
        link.contains("#/swarm?")
            || query.part("clients").is_some()
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
            setup.actions = text::read_actions(actions)?;
            let checked = setup.check();
            checked.map_err(|error| wrong("do", error))?;
        }
        match &scenario {
            Some(_) => query.check(OF_SCENARIO)?,
            None => query.check(&format!("{OF_SCENARIO} {}", text::PARAMETERS))?,
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
    pub fn open(self) -> Result<History<SwarmWorld>, Malformed> {
        let mut history = History::new(self.setup, self.seed)?;
        history.advance_to(self.at.unwrap_or(Instant::ZERO));
        Ok(history)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::World;
    use crate::worlds::swarm::acting::Action;

    #[test]
    fn a_link_leads_back_to_the_same_moment() {
        let known = Scenario::named("seed-leaves").unwrap();
        let own = Setup::new(5, 12).unwrap().with_uplinks(&[200_000, 300_000]);
        for (setup, is_named) in [(known.setup, true), (own, false)] {
            let mut history = History::<SwarmWorld>::new(setup, 7).unwrap();
            history.advance_to(Instant::from_millis(800));
            history.act(Action::Join).unwrap();
            history.act(Action::Corrupt(2)).unwrap();
            history.advance_to(Instant::from_millis(1_900));
            history.act(Action::Leave(1)).unwrap();
            history.advance_to(Instant::from_millis(2_345));
            let link = Permalink::of(&history, Some(3)).unwrap();
            assert_eq!(link.contains("s=seed-leaves"), is_named);
            let url = format!("https://example.org/a/#/swarm?{link}");
            for link in [&url, &link] {
                assert!(Permalink::is_one(link), "{link}");
                let permalink = Permalink::parse(link).unwrap();
                assert_eq!(permalink.selected, Some(3));
                assert_eq!(permalink.caveat(), None);
                let again = permalink.open().unwrap();
                assert_eq!(again.world().trace_digest(), history.world().trace_digest());
                assert_eq!(again.world().moment(), history.world().moment());
                assert_eq!(again.actions(), history.actions());
            }
        }
    }

    #[test]
    fn links_of_other_worlds_are_none_of_a_swarm() {
        for other in [
            "s=lesson-26",
            "https://example.org/#/ring?s=sixteen",
            "bits=5&nodes=1,4",
            "",
        ] {
            assert!(!Permalink::is_one(other), "{other}");
        }
    }

    #[test]
    fn a_broken_link_is_named() {
        let place = |link: &str| Permalink::parse(link).unwrap_err().place;
        assert_eq!(place(""), "clients");
        assert_eq!(place("s=nothing"), "s");
        assert_eq!(place("s=trickle&do=5:dance"), "do[0]");
        assert_eq!(place("s=trickle&do=99999999999:join"), "do");
        assert_eq!(place("s=trickle&t=x"), "t");
        assert_eq!(place("s=trickle&t=5&t=6"), "link");
        assert_eq!(place("s=trickle&slots=6"), "link");
        assert_eq!(place("s=trickle&sel=x"), "sel");
        assert_eq!(place("s=trickle&v=4294967296"), "v");
        assert_eq!(place("len=9&clients=2x20000"), "clients");
    }

    #[test]
    fn a_link_without_a_time_names_the_whole_run() {
        let link = Permalink::parse("s=trickle").unwrap();
        assert_eq!((link.at, link.seed), (None, 1));
        assert_eq!(link.until(), link.scenario.unwrap().until);
        assert_eq!(
            Permalink::parse("s=trickle&t=0").unwrap().until(),
            Instant::ZERO
        );
    }
}
