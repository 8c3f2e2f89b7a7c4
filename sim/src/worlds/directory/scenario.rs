//! The built-in scenarios: each a set-up, the sentence that says what to watch, and goals that the run ticks.

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use crate::engine::Timed;
use crate::worlds::directory::DirectoryWorld;
use crate::worlds::directory::action::{Action, Part};
use crate::worlds::directory::measure::{LookupTrace, Outcome, Subject, Traffic};
use crate::worlds::directory::setup::{Kind, Setup, random_id};
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;

/// A scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// The name in links and on the command line.
    pub name: &'static str,
    /// The title.
    pub title: &'static str,
    /// The sentence that says what to watch.
    pub watch: &'static str,
    /// The seed.
    pub seed: u64,
    /// The set-up, with what is done when.
    pub setup: Setup,
    /// The time at which it ends.
    pub until: Instant,
    /// The goals.
    pub goals: &'static [Goal],
}

/// Something that a run of a scenario comes to. Times are those of a lookup's beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// So many lookups since a time have ended at a kind, and none of them found anything.
    NothingFound {
        /// The kind.
        kind: Kind,
        /// The time.
        since: Instant,
        /// The number of lookups.
        lookups: usize,
    },
    /// So many lookups since a time have ended at each of these kinds, and each that asked for what a peer has found it.
    AllFound {
        /// The kinds.
        kinds: &'static [Kind],
        /// The time.
        since: Instant,
        /// The number of lookups.
        lookups: usize,
    },
    /// So many lookups since a time found at a kind what they asked for, and each waited for a machine that did not answer.
    FoundLate {
        /// The kind.
        kind: Kind,
        /// The time.
        since: Instant,
        /// The number of lookups.
        lookups: usize,
    },
    /// A lookup since a time was answered, in each of these kinds, with peers that are gone.
    Outdated {
        /// The kinds.
        kinds: &'static [Kind],
        /// The time.
        since: Instant,
    },
    /// Peers are gone, and no two of them were neighbours on the ring.
    NoArcGone,
    /// So many lookups of keys have ended in the ring and in Kademlia each, and the bytes of upkeep of both differ by at most so many percent.
    EqualUpkeep {
        /// The number of lookups of each.
        lookups: usize,
        /// The percentage.
        percent: u64,
    },
    /// So many lookups of keys have ended in the ring and in Kademlia each, and at least so many thousandths of them reached a node.
    Reached {
        /// The number of lookups of each.
        lookups: usize,
        /// The thousandths.
        share: usize,
    },
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

/// The time by which all peers have registered again with a machine that came back: five quarters of a third of a lifetime later.
const AGAIN: Instant = Instant::from_millis(BACK.as_millis() + 51_000);
/// The time by which what is known of peers that went has expired: a lifetime after they went.
const EXPIRED: Instant = Instant::from_millis(OUT.as_millis() + 121_000);
/// The same after the last peers came back.
const SETTLED: Instant = Instant::from_millis(BACK.as_millis() + 121_000);
/// The kinds in which the peers themselves are the directory.
const TABLES: [Kind; 2] = [Kind::Chord, Kind::Kademlia];
/// Kademlia's refresh of buckets at which its upkeep in [`churn`] is that of the ring, found by runs.
const EQUAL_REFRESH: Duration = Duration::from_millis(13_200);
/// The time between two lookups of [`churn`].
const FIND_EVERY: Duration = Duration::from_secs(2);
/// The time between two changes of [`churn`]: a peer goes, and another time the one that is gone comes back.
const CHANGE_EVERY: Duration = Duration::from_secs(10);

impl Goal {
    /// Returns whether a run has come to it.
    pub fn is_met(self, world: &DirectoryWorld) -> bool {
        let ended = |kind, since| -> Vec<&LookupTrace> {
            let last = world.last(kind);
            last.filter(|lookup| lookup.began >= since).collect()
        };
        let found = |lookup: &&LookupTrace| lookup.outcome == Some(Outcome::Found);
        let is_there = |lookup: &&LookupTrace| match lookup.subject {
            Subject::Title(title) => world.exists(title),
            Subject::Key(_) => true,
        };
        match self {
            Self::NothingFound {
                kind,
                since,
                lookups,
            } => {
                let ended = ended(kind, since);
                ended.len() >= lookups && !ended.iter().any(found)
            }
            Self::AllFound {
                kinds,
                since,
                lookups,
            } => kinds.iter().all(|kind| {
                let ended = ended(*kind, since);
                let mut there = ended.iter().filter(|one| is_there(one));
                ended.len() >= lookups && there.all(found)
            }),
            Self::FoundLate {
                kind,
                since,
                lookups,
            } => {
                let timeout = world.setup().timeout();
                let late = |one: &&&LookupTrace| one.took().is_some_and(|took| took >= timeout);
                let ended = ended(kind, since);
                ended.iter().filter(|one| found(one)).filter(late).count() >= lookups
            }
            Self::Outdated { kinds, since } => kinds.iter().all(|kind| {
                let ended = ended(*kind, since);
                ended.iter().any(|one| one.outcome == Some(Outcome::Stale))
            }),
            Self::NoArcGone => {
                let is_gone: Vec<bool> = {
                    let all = world.setup().peers.iter();
                    all.map(|id| world.chord(*id).is_none()).collect()
                };
                let next = is_gone.iter().cycle().skip(1);
                let mut pairs = is_gone.iter().zip(next);
                is_gone.contains(&true) && !pairs.any(|(one, next)| *one && *next)
            }
            Self::EqualUpkeep { lookups, percent } => {
                let [chord, kademlia] =
                    TABLES.map(|kind| world.volume(kind, Traffic::Upkeep).bytes);
                let has_asked = TABLES
                    .iter()
                    .all(|kind| finds(world, *kind).count() >= lookups);
                has_asked && chord.abs_diff(kademlia) * 100 <= chord * percent
            }
            Self::Reached { lookups, share } => TABLES.iter().all(|kind| {
                let all = finds(world, *kind).count();
                let reached = |one: &&LookupTrace| matches!(one.outcome, Some(Outcome::Reached(_)));
                let reached = finds(world, *kind).filter(reached).count();
                all >= lookups && reached * 1_000 >= all * share
            }),
        }
    }
}

fn finds(world: &DirectoryWorld, kind: Kind) -> impl Iterator<Item = &LookupTrace> {
    world.finds().filter(move |lookup| lookup.kind == kind)
}

fn scenario(
    (name, title): (&'static str, &'static str),
    watch: &'static str,
    deeds: &[(Instant, Action)],
    goals: &'static [Goal],
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
        watch,
        seed: 714,
        setup,
        until: END,
        goals,
    }
}

/// All built-in scenarios.
pub fn all() -> Vec<Scenario> {
    vec![
        directory_goes(),
        tracker_goes(),
        peers_go(),
        region_goes(),
        churn(),
    ]
}

const fn out(part: Part) -> (Instant, Action) {
    (OUT, Action::TakeOut(part))
}

const fn back(part: Part) -> (Instant, Action) {
    (BACK, Action::PutBack(part))
}

/// The one machine that knows everything goes, and comes back empty.
fn directory_goes() -> Scenario {
    scenario(
        ("directory-goes", "The directory goes"),
        "The central directory is taken out after 40 seconds, and nothing is found there any more. The others do not notice. It comes back empty, and fills as peers register again.",
        &[out(Part::Directory), back(Part::Directory)],
        &[
            Goal::NothingFound {
                kind: Kind::Central,
                since: OUT,
                lookups: 50,
            },
            Goal::AllFound {
                kinds: &[Kind::Trackers, Kind::Chord, Kind::Kademlia],
                since: OUT,
                lookups: 50,
            },
            Goal::AllFound {
                kinds: &[Kind::Central],
                since: AGAIN,
                lookups: 50,
            },
        ],
    )
}

/// One of several machines goes.
fn tracker_goes() -> Scenario {
    scenario(
        ("tracker-goes", "One tracker of four goes"),
        "Each title is with two of four trackers, and tracker A is taken out. Its titles are still found at the other one, after waiting in vain for A.",
        &[out(Part::Tracker(0))],
        &[
            Goal::AllFound {
                kinds: &[Kind::Trackers],
                since: OUT,
                lookups: 50,
            },
            Goal::FoundLate {
                kind: Kind::Trackers,
                since: OUT,
                lookups: 10,
            },
        ],
    )
}

/// A third of the peers goes at once.
fn peers_go() -> Scenario {
    scenario(
        ("peers-go", "Eight peers go, and the rest heals"),
        "Eight of 24 peers go at once. For a while all four kinds name peers that are gone; once those entries have expired, ring and Kademlia find all that anybody still has.",
        &[out(Part::Peers(8))],
        &[
            Goal::Outdated {
                kinds: &Kind::ALL,
                since: OUT,
            },
            Goal::AllFound {
                kinds: &TABLES,
                since: EXPIRED,
                lookups: 50,
            },
        ],
    )
}

/// Peers that have something in common go together.
fn region_goes() -> Scenario {
    scenario(
        ("region-goes", "A region goes"),
        "All peers of one region of four go. The hash has scattered them round the ring, so that no two neighbours are among them, and each has a successor that stays.",
        &[out(Part::Region(1)), back(Part::Region(1))],
        &[
            Goal::NoArcGone,
            Goal::AllFound {
                kinds: &TABLES,
                since: SETTLED,
                lookups: 50,
            },
        ],
    )
}

/// Chord and Kademlia look the same keys up, while peers go and come back, for the same bytes of upkeep.
fn churn() -> Scenario {
    let mut one = scenario(
        ("beside-kademlia", "Chord beside Kademlia"),
        "Both look up the same keys from the same peers, while every ten seconds a peer goes or comes back. Kademlia refreshes its buckets just so often that both spend the same bytes on upkeep.",
        &[],
        &[
            Goal::EqualUpkeep {
                lookups: 40,
                percent: 5,
            },
            Goal::Reached {
                lookups: 40,
                share: 900,
            },
        ],
    );
    one.setup.titles = 0;
    one.setup.ask_every = None;
    one.setup.refresh = Some(EQUAL_REFRESH);
    let mut rng = Rng::from_seed(one.seed, 0xce);
    let mut changes = Instant::ZERO + CHANGE_EVERY;
    let mut is_away = false;
    let mut at = Instant::ZERO + FIND_EVERY;
    while at < one.until {
        if at == changes {
            let action = match is_away {
                true => Action::PutBack(Part::Peers(1)),
                false => Action::TakeOut(Part::Peers(1)),
            };
            is_away = !is_away;
            changes += CHANGE_EVERY;
            one.setup.actions.push(Timed { at, action });
        }
        let place = usize::try_from(rng.below(PEERS as u64)).unwrap_or(0);
        let key = random_id(one.setup.space, &mut rng);
        // A peer that happens to be gone does not ask.
        if let Some(peer) = one.setup.peers.get(place).copied() {
            let action = Action::Find { peer, key };
            one.setup.actions.push(Timed { at, action });
        }
        at += FIND_EVERY;
    }
    one
}

/// The scenario of this name.
pub fn named(name: &str) -> Option<Scenario> {
    all().into_iter().find(|scenario| scenario.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use alloc::sync::Arc;
    extern crate std;

    use crate::worlds::directory::Run;

    #[test]
    fn each_scenario_comes_to_its_goals_and_to_none_at_its_beginning() {
        let mut missed = vec![];
        for scenario in all() {
            let mut run = Run::begin(&Arc::new(scenario.setup.clone()), scenario.seed).unwrap();
            let mut open: Vec<Goal> = scenario.goals.to_vec();
            assert!(!open.iter().any(|goal| goal.is_met(run.world())));
            let mut now = Instant::ZERO;
            while now < scenario.until {
                now += Duration::from_secs(1);
                run.run_until(now);
                open.retain(|goal| !goal.is_met(run.world()));
            }
            let upkeep = TABLES.map(|kind| run.world().volume(kind, Traffic::Upkeep).bytes);
            std::println!("{}: upkeep {upkeep:?}", scenario.name);
            if !open.is_empty() {
                missed.push((scenario.name, open));
            }
        }
        assert!(missed.is_empty(), "{missed:?}");
    }

    #[test]
    fn names_are_different_and_scenarios_are_within_the_limits() {
        let all = all();
        let names: BTreeSet<&str> = all.iter().map(|one| one.name).collect();
        assert_eq!(names.len(), all.len());
        for scenario in all {
            assert_eq!(scenario.setup.check(), Ok(()));
            assert_eq!(named(scenario.name), Some(scenario));
        }
        assert_eq!(named("lesson-26"), None);
    }
}
