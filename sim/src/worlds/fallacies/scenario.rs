//! The scenarios of fallacies that come with Chordscope: one for each of the eight, with the failure that a prototype would have had.
//!
//! Each is a set-up in which one assumption is faced, to be run beside the same one in which it is assumed. Steps are conditions for captions,
//! in order; goals compare the two runs at their end. Tests run each scenario and find its steps reached and its goals met.

use alloc::vec::Vec;
use core::time::Duration;

use crate::worlds::fallacies::comparison::{Pair, Side};
use crate::worlds::fallacies::lever::{Fallacy, Levers};
use crate::worlds::fallacies::measure::Measure;
use crate::worlds::fallacies::setup::Setup;
use crate::worlds::fallacies::terms::Policy;
use crate::worlds::fallacies::trace::{Outcome, Reason, What};

/// A scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// The name in links and on the command line.
    pub name: &'static str,
    /// The fallacy, whose lever is faced in the set-up.
    pub fallacy: Fallacy,
    /// The seed.
    pub seed: u64,
    /// The set-up.
    pub setup: Setup,
    /// The steps of the faced run, in order.
    pub steps: &'static [Step],
    /// The goals.
    pub goals: &'static [Goal],
}

/// Something that happens in the faced run: a caption's condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Something of a lookup is lost.
    Lost,
    /// A peer waits for an answer in vain.
    TimedOut,
    /// A lookup, get or put ends in this way.
    Ended(Outcome),
    /// A wrong segment is caught.
    Caught,
    /// A peer goes.
    Gone,
    /// A peer that has come back is a member again.
    Joined,
    /// A peer refuses something by this rule.
    Policy(Policy),
    /// A peer of an older release is asked something that it does not know.
    Version,
    /// A peer has the whole file.
    Complete,
}

/// Something that the two runs come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// In the faced run a measure is so many times that of the assumed one, in thousandths, at least.
    Worse(Measure, u32),
    /// A measure is 0 while assumed, and not while faced.
    FromNothing(Measure),
    /// No wrong segment was kept, though some came.
    NoneKept,
    /// All honest clients have the file in the faced run nevertheless.
    Served,
    /// At least this share of lookups is right in the faced run nevertheless, in thousandths.
    Right(u32),
}

impl Scenario {
    /// All eight, in the order of the fallacies.
    pub fn all() -> Vec<Self> {
        Fallacy::ALL.into_iter().map(Self::of).collect()
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|one| one.name == name)
    }

    /// The one about a fallacy.
    pub fn of(fallacy: Fallacy) -> Self {
        let levers = Levers::all(false).switched(fallacy, true);
        let setup = Setup {
            length: Duration::from_secs(40),
            ..Setup::usual(levers)
        };
        let (name, steps, goals) = plot(fallacy);
        Self {
            name,
            fallacy,
            seed: 7,
            setup,
            steps,
            goals,
        }
    }
}

/// The name, the steps and the goals of the scenario about a fallacy. Before each stands what a prototype does that believes it.
const fn plot(fallacy: Fallacy) -> (&'static str, &'static [Step], &'static [Goal]) {
    match fallacy {
        // It sends once, and waits forever.
        Fallacy::Reliable => (
            "lost-messages",
            &[Step::Lost, Step::TimedOut, Step::Ended(Outcome::Right)],
            &[Goal::Worse(Measure::P99, 2_000), Goal::Right(950)],
        ),
        // It asks node after node, and each answer takes as long as its way.
        Fallacy::Latency => (
            "far-away",
            &[Step::Ended(Outcome::Right), Step::Complete],
            &[Goal::Worse(Measure::P50, 20_000), Goal::Served],
        ),
        // It sends the file whenever it is asked, and its answers wait behind it.
        Fallacy::Bandwidth => (
            "full-lines",
            &[Step::Ended(Outcome::Right), Step::Complete],
            &[Goal::Worse(Measure::FileTime, 10_000), Goal::Served],
        ),
        // It believes what it is told.
        Fallacy::Secure => (
            "liars",
            &[Step::Ended(Outcome::Wrong { by_liar: true }), Step::Caught],
            &[Goal::FromNothing(Measure::Damage), Goal::NoneKept],
        ),
        // It has a list of its peers.
        Fallacy::Topology => (
            "comings-and-goings",
            &[Step::Gone, Step::TimedOut, Step::Joined],
            &[Goal::Worse(Measure::P99, 1_500), Goal::Right(900)],
        ),
        // It takes its own rules for those of all.
        Fallacy::Administrator => (
            "other-rules",
            &[
                Step::Policy(Policy::RelaysNothing),
                Step::Policy(Policy::GivesNothing),
                Step::Policy(Policy::StoresNothing),
            ],
            &[Goal::FromNothing(Measure::PeersLost), Goal::Served],
        ),
        // It counts no bytes.
        Fallacy::Cost => (
            "the-bill",
            &[Step::Complete],
            &[Goal::FromNothing(Measure::Money), Goal::Served],
        ),
        // It was tried on machines of one kind, with one release.
        Fallacy::Homogeneous => (
            "old-and-slow",
            &[Step::Version, Step::Ended(Outcome::NotKnown)],
            &[
                Goal::Worse(Measure::P99, 3_000),
                Goal::FromNothing(Measure::PeersLost),
            ],
        ),
    }
}

impl Step {
    /// Returns whether an entry of the faced run's trace is it.
    pub fn is_reached(self, what: &What) -> bool {
        match (self, what) {
            (Self::Lost, What::Lost(_))
            | (Self::TimedOut, What::TimedOut { .. })
            | (Self::Caught, What::Caught { .. })
            | (Self::Gone, What::Gone(_))
            | (Self::Joined, What::Joined(_))
            | (Self::Complete, What::Complete(_)) => true,
            (Self::Ended(wanted), What::Ended(_, _, outcome)) => wanted == *outcome,
            (
                Self::Policy(wanted),
                What::Refused {
                    reason: Reason::Policy(policy),
                    ..
                },
            ) => wanted == *policy,
            (
                Self::Version,
                What::Refused {
                    reason: Reason::Version,
                    ..
                },
            ) => true,
            _ => false,
        }
    }
}

impl Goal {
    /// Returns whether two runs have come to it by now.
    pub fn is_met(self, pair: &Pair) -> bool {
        let [assumed, faced] = Side::ALL.map(|side| pair.world(side).measured());
        let amount = |of: Measure| {
            let [assumed, faced] = [&assumed, &faced].map(|one| one.value(of));
            Some((assumed?.amount, faced?.amount))
        };
        match self {
            Self::Worse(of, thousandths) => amount(of).is_some_and(|(before, after)| {
                before > 0 && after.saturating_mul(1_000) / before >= thousandths.into()
            }),
            Self::FromNothing(of) => {
                amount(of).is_some_and(|(before, after)| before == 0 && after > 0)
            }
            Self::NoneKept => faced.damage.caught > 0 && faced.damage.kept == 0,
            Self::Served => faced
                .file
                .is_some_and(|file| file.clients > 0 && file.served == file.clients),
            Self::Right(thousandths) => {
                let (right, all) = (faced.lookups.right, faced.lookups.all());
                all > 0 && right * 1_000 / all >= thousandths.into()
            }
        }
    }
}
