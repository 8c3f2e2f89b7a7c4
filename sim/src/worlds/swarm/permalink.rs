//! A swarm as names, links and files have it.
//!
//! `len=1310720&…&clients=8x262144,-` is one written out.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::engine::Timed;
use crate::engine::linked::{self, Known, Linked};
use crate::engine::malformed::Malformed;
use crate::engine::permalink::wrong;
use crate::worlds::swarm::acting::Action;
use crate::worlds::swarm::scenario::Scenario;
use crate::worlds::swarm::setup::Setup;
use crate::worlds::swarm::{SwarmWorld, text};
use chordscope_core::base::time::Instant;

/// A link to a moment of a run.
pub type Permalink = linked::Permalink<SwarmWorld>;

/// The time at which a run without a scenario ends.
const UNTIL: Instant = Instant::from_millis(600_000);

impl Linked for SwarmWorld {
    const NAME: &'static str = "swarm";
    const PAGE: &'static str = "swarm";
    const TITLE: &'static str = "a swarm";
    const PARAMETERS: &'static str = text::PARAMETERS;
    const MARKS: &'static [&'static str] = &["len"];

    type Scenario = Scenario;
    /// The number of a member.
    type Selected = u64;

    fn scenarios() -> Vec<Scenario> {
        Scenario::all()
    }

    fn known(scenario: &Scenario) -> Known<'_, Setup> {
        Known {
            name: scenario.name,
            title: scenario.title,
            seed: scenario.seed,
            until: scenario.until,
            setup: &scenario.setup,
        }
    }

    fn end(_: &Setup) -> Instant {
        UNTIL
    }

    fn setup_text(setup: &Setup) -> String {
        text::write_setup(setup)
    }

    fn setup_of(query: &str) -> Result<Setup, Malformed> {
        text::read_setup(query)
    }

    fn check(setup: &Setup) -> Result<(), Malformed> {
        setup.check().map_err(|error| wrong(error.place(), error))
    }

    fn plan_for(setup: &mut Setup, plan: Vec<Timed<Action>>) {
        setup.actions = plan;
    }

    fn action_text(_: &Setup, action: &Action) -> String {
        text::write_action(action)
    }

    fn action_of(_: &Setup, text: &str) -> Result<Action, String> {
        text::read_action(text)
    }

    fn selected_text(_: &Setup, selected: u64) -> String {
        selected.to_string()
    }

    fn selected_of(_: &Setup, text: &str) -> Result<u64, String> {
        text.parse().map_err(|_| "must be a number".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::World;
    use crate::engine::history::History;
    use crate::engine::history::export::Portable;
    use alloc::format;

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
        assert_eq!(place("s=trickle&sel=x"), "sel");
        assert_eq!(place("s=trickle&v=4294967296"), "v");
        assert_eq!(place("len=9&clients=2x20000"), "clients");
    }

    #[test]
    fn parameters_that_are_unknown_or_there_twice_are_refused_in_links_and_files() {
        let setup = text::write_setup(&Setup::new(5, 12).unwrap());
        for link in ["s=trickle", &setup] {
            Permalink::parse(&format!("{link}&t=5&embed=1")).unwrap();
            for more in ["slot=6", "t=5&t=6", "len=9&len=9"] {
                let error = Permalink::parse(&format!("{link}&{more}")).unwrap_err();
                assert_eq!(error.place, "link", "{link}&{more}");
            }
        }
        assert_eq!(
            Permalink::parse("s=trickle&slots=6").unwrap_err().place,
            "link"
        );
        SwarmWorld::read_setup(setup.as_str().into()).unwrap();
        for more in ["slot=2", "len=9", "do=5:join"] {
            let error = SwarmWorld::read_setup(format!("{setup}&{more}").into());
            assert_eq!(error.unwrap_err().place, "setup", "{more}");
        }
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
