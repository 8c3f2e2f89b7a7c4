//! A world of fallacies as names, links and files have it.
//!
//! `members=32&…&reliable=5!&…` is one written out.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::engine::Timed;
use crate::engine::linked::{self, Known, Linked};
use crate::engine::malformed::Malformed;
use crate::worlds::fallacies::action::Action;
use crate::worlds::fallacies::scenario::Scenario;
use crate::worlds::fallacies::setup::Setup;
use crate::worlds::fallacies::{FallaciesWorld, text};
use chordscope_core::base::time::Instant;

/// A link to a moment of a run.
pub type Permalink = linked::Permalink<FallaciesWorld>;

impl Linked for FallaciesWorld {
    const NAME: &'static str = "fallacies";
    const PAGE: &'static str = "fallacies";
    const TITLE: &'static str = "fallacies";
    const PARAMETERS: &'static str = text::PARAMETERS;
    const MARKS: &'static [&'static str] = &[
        "reliable",
        "secure",
        "topology",
        "administrator",
        "cost",
        "homogeneous",
    ];

    type Scenario = Scenario;
    /// The number of a peer.
    type Selected = u16;

    fn scenarios() -> Vec<Scenario> {
        Scenario::all()
    }

    fn known(scenario: &Scenario) -> Known<'_, Setup> {
        Known {
            name: scenario.name,
            title: scenario.fallacy.sentence(),
            seed: scenario.seed,
            until: <Self as Linked>::end(&scenario.setup),
            setup: &scenario.setup,
        }
    }

    fn end(setup: &Setup) -> Instant {
        Instant::ZERO + setup.length
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

    fn action_text(_: &Setup, action: &Action) -> String {
        text::write_action(action)
    }

    fn action_of(_: &Setup, text: &str) -> Result<Action, String> {
        text::read_action(text)
    }

    fn selected_text(_: &Setup, selected: u16) -> String {
        selected.to_string()
    }

    fn selected_of(_: &Setup, text: &str) -> Result<u16, String> {
        text.parse().map_err(|_| "must be a number".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::history::export::Portable;
    use crate::worlds::fallacies::lever::Levers;
    use alloc::format;

    #[test]
    fn parameters_that_are_unknown_or_there_twice_are_refused_in_links_and_files() {
        let setup = text::write_setup(&Setup::usual(Levers::all(true)));
        for link in ["s=liars", &setup] {
            Permalink::parse(&format!("{link}&t=5&embed=1")).unwrap();
            for more in ["member=6", "t=5&t=6", "cost=4&cost=4"] {
                let error = Permalink::parse(&format!("{link}&{more}")).unwrap_err();
                assert_eq!(error.place, "link", "{link}&{more}");
            }
        }
        FallaciesWorld::read_setup(setup.as_str().into()).unwrap();
        for more in ["member=6", "cost=4", "do=5:crash,1"] {
            let error = FallaciesWorld::read_setup(format!("{setup}&{more}").into());
            assert_eq!(error.unwrap_err().place, "setup", "{more}");
        }
    }

    #[test]
    fn a_broken_link_is_named() {
        let place = |link: &str| Permalink::parse(link).unwrap_err().place;
        assert_eq!(place("s=nothing"), "s");
        assert_eq!(place("s=liars&do=5:dance"), "do[0]");
        assert_eq!(place("s=liars&sel=x"), "sel");
        assert_eq!(place("s=liars&v=4294967296"), "v");
    }
}
