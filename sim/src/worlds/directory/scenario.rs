//! The built-in scenarios, each with its goal.

use alloc::vec;
use alloc::vec::Vec;

use crate::engine::Timed;
use crate::worlds::directory::action::{Action, Part};
use crate::worlds::directory::setup::Setup;
use chordscope_core::base::time::Instant;

/// A scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The name in links.
    pub name: &'static str,
    /// The title.
    pub title: &'static str,
    /// The goal, in a sentence.
    pub goal: &'static str,
    /// The seed.
    pub seed: u64,
    /// The set-up, with what is done when.
    pub setup: Setup,
    /// The time at which it ends.
    pub until: Instant,
}

/// The peers of the built-in scenarios.
const PEERS: usize = 24;
/// Kademlia's k in the built-in scenarios: with 20 of 24 peers keeping each title, hardly any peer would have to ask another one.
const K: usize = 4;
/// The time at which something is taken out: by then everything is known, and 100 lookups have ended.
pub const OUT: Instant = Instant::from_millis(40_000);
/// The time at which something comes back, where it does.
pub const BACK: Instant = Instant::from_millis(80_000);
/// The time at which the scenarios end, a registration's lifetime after the last deed.
pub const END: Instant = Instant::from_millis(240_000);

fn scenario(
    (name, title): (&'static str, &'static str),
    goal: &'static str,
    deeds: &[(Instant, Action)],
) -> Scenario {
    let mut setup = Setup::plain(PEERS, 714);
    setup.k = K;
    let timed = |(at, action): &(Instant, Action)| Timed {
        at: *at,
        action: action.clone(),
    };
    setup.actions = deeds.iter().map(timed).collect();
    Scenario {
        name,
        title,
        goal,
        seed: 714,
        setup,
        until: END,
    }
}

/// All built-in scenarios.
pub fn all() -> Vec<Scenario> {
    let out = |part| (OUT, Action::TakeOut(part));
    let back = |part| (BACK, Action::PutBack(part));
    vec![
        scenario(
            ("directory-goes", "The directory goes"),
            "See that nothing is found at the central directory once it is gone, and that the others go on.",
            &[out(Part::Directory), back(Part::Directory)],
        ),
        scenario(
            ("tracker-goes", "One tracker of four goes"),
            "See that titles with another tracker are still found, and take longer.",
            &[out(Part::Tracker(0))],
        ),
        scenario(
            ("peers-go", "Eight peers go, and the rest heals"),
            "See that ring and Kademlia find again all titles that anybody still has.",
            &[out(Part::Peers(8))],
        ),
        scenario(
            ("region-goes", "A region goes"),
            "See that a quarter of the peers, scattered round the ring by the hash, takes no arc of the ring with it.",
            &[out(Part::Region(1)), back(Part::Region(1))],
        ),
    ]
}

/// The scenario of this name.
pub fn named(name: &str) -> Option<Scenario> {
    all().into_iter().find(|scenario| scenario.name == name)
}
