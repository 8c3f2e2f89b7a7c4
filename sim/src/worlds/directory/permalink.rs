//! A world of directories as names, links and files have it.
//!
//! `bits=160&peers=<ids>&…` is one written out.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::engine::Timed;
use crate::engine::linked::{self, Known, Linked};
use crate::engine::malformed::Malformed;
use crate::worlds::directory::action::Action;
use crate::worlds::directory::scenario::{self, Scenario};
use crate::worlds::directory::setup::Setup;
use crate::worlds::directory::{DirectoryWorld, text};
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;

/// A link to a moment of a run.
pub type Permalink = linked::Permalink<DirectoryWorld>;

impl Linked for DirectoryWorld {
    const NAME: &'static str = "directory";
    const PAGE: &'static str = "directory";
    const TITLE: &'static str = "directories";
    const PARAMETERS: &'static str = text::PARAMETERS;
    const MARKS: &'static [&'static str] = &["peers"];

    type Scenario = Scenario;
    /// A peer.
    type Selected = Id;

    fn scenarios() -> Vec<Scenario> {
        scenario::all()
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
        scenario::END
    }

    fn setup_text(setup: &Setup) -> String {
        text::write_setup(setup)
    }

    fn setup_of(query: &str) -> Result<Setup, Malformed> {
        text::read_setup(query)
    }

    fn check(setup: &Setup) -> Result<(), Malformed> {
        setup.check()
    }

    fn plan_for(setup: &mut Setup, plan: Vec<Timed<Action>>) {
        setup.actions = plan;
    }

    fn action_text(setup: &Setup, action: &Action) -> String {
        text::write_action(setup.space, action)
    }

    fn action_of(setup: &Setup, text: &str) -> Result<Action, String> {
        text::read_action(setup.space, text)
    }

    fn selected_text(setup: &Setup, selected: Id) -> String {
        setup.space.show(selected)
    }

    fn selected_of(setup: &Setup, text: &str) -> Result<Id, String> {
        setup.space.parse(text).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::World;
    use crate::engine::history::export::Portable;
    use crate::worlds::directory::History;
    use crate::worlds::directory::action::Part;
    use alloc::format;

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
        assert_eq!(place("s=tracker-goes&do=999999999999:out,directory"), "do");
        assert_eq!(place("s=tracker-goes&t=x"), "t");
        assert_eq!(place("s=tracker-goes&sel=x"), "sel");
        assert_eq!(place("s=tracker-goes&v=4294967296"), "v");
    }

    #[test]
    fn parameters_that_are_unknown_or_there_twice_are_refused_in_links_and_files() {
        let setup = text::write_setup(&Setup::plain(12, 3));
        for link in ["s=tracker-goes", &setup] {
            Permalink::parse(&format!("{link}&t=5&embed=1")).unwrap();
            for more in ["replica=6", "t=5&t=6", "k=4&k=4"] {
                let error = Permalink::parse(&format!("{link}&{more}")).unwrap_err();
                assert_eq!(error.place, "link", "{link}&{more}");
            }
        }
        DirectoryWorld::read_setup(setup.as_str().into()).unwrap();
        for more in ["replica=2", "k=4", "do=5:out,directory"] {
            let error = DirectoryWorld::read_setup(format!("{setup}&{more}").into());
            assert_eq!(error.unwrap_err().place, "setup", "{more}");
        }
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
