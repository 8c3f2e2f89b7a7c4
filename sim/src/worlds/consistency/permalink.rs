//! A world of consistency as names, links and files have it.
//!
//! `systems=one,quorum&bits=5&…` is one written out.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::engine::Timed;
use crate::engine::linked::{self, Known, Linked};
use crate::engine::malformed::Malformed;
use crate::worlds::consistency::action::Action;
use crate::worlds::consistency::scenario::Scenario;
use crate::worlds::consistency::setup::Setup;
use crate::worlds::consistency::{ConsistencyWorld, text};
use chordscope_core::base::time::Instant;

/// A link to a moment of a run.
pub type Permalink = linked::Permalink<ConsistencyWorld>;

/// The time at which a run without a scenario ends.
const UNTIL: Instant = Instant::from_millis(12_000);

impl Linked for ConsistencyWorld {
    const NAME: &'static str = "consistency";
    const PAGE: &'static str = "cap";
    const TITLE: &'static str = "a store of records";
    const PARAMETERS: &'static str = text::PARAMETERS;
    const MARKS: &'static [&'static str] = &["systems"];

    type Scenario = Scenario;
    /// The number of an operation, on the first name.
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
        setup.check()
    }

    fn plan_for(setup: &mut Setup, plan: Vec<Timed<Action>>) {
        setup.actions = plan;
    }

    fn action_text(setup: &Setup, action: &Action) -> String {
        text::write_action(setup, action)
    }

    fn action_of(setup: &Setup, text: &str) -> Result<Action, String> {
        text::read_action(setup, text)
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
    use crate::engine::history::export::{self, Portable};
    use crate::worlds::consistency::History;
    use crate::worlds::consistency::action::Deed;
    use crate::worlds::consistency::setup::System;
    use alloc::format;
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
        let again = export::read::<ConsistencyWorld>(&text);
        let again = again.unwrap().history;
        assert_eq!(again.world().digest(), history.world().digest());
        assert_eq!(again.branches().len(), history.branches().len());
        assert_eq!(export::write(&again), text);
    }

    #[test]
    fn parameters_that_are_unknown_or_there_twice_are_refused_in_links_and_files() {
        let setup = text::write_setup(&Setup::step(System::Messages));
        for link in ["s=bank", &setup] {
            Permalink::parse(&format!("{link}&t=5&embed=1")).unwrap();
            for more in ["copy=6", "t=5&t=6", "loss=4&loss=4"] {
                let error = Permalink::parse(&format!("{link}&{more}")).unwrap_err();
                assert_eq!(error.place, "link", "{link}&{more}");
            }
        }
        ConsistencyWorld::read_setup(setup.as_str().into()).unwrap();
        for more in ["copy=2", "loss=4", "do=5:heal"] {
            let error = ConsistencyWorld::read_setup(format!("{setup}&{more}").into());
            assert_eq!(error.unwrap_err().place, "setup", "{more}");
        }
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
        assert_eq!(place("s=bank&do=99999999999:heal"), "do");
        assert_eq!(place("s=bank&t=x"), "t");
        assert_eq!(place("s=bank&sel=x"), "sel");
        assert_eq!(place("s=bank&v=4294967296"), "v");
        assert_eq!(Permalink::parse("s=bank").unwrap().at, None);
    }
}
