//! The scenarios of swarms that come with Chordscope: each a set-up, the text that says what to watch, and goals that the run ticks.
//!
//! A goal that compares has a twin: the same swarm with one thing otherwise, whose run is the measure. Tests run each scenario, and its twin,
//! and find its goals met.

use alloc::vec::Vec;
use core::time::Duration;

use crate::worlds::swarm::conduct::Conduct;
use crate::worlds::swarm::member::{Member, Part};
use crate::worlds::swarm::setup::{Begins, Rates, Setup, Stay};
use crate::worlds::swarm::{SwarmWorld, member};
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_core::swarm::picker::Order;

/// A swarm with something to watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// The name in links and on the command line.
    pub name: &'static str,
    /// The title on the page.
    pub title: &'static str,
    /// The sentence that says what to watch.
    pub watch: &'static str,
    /// The seed of all randomness.
    pub seed: u64,
    /// The virtual time at which the scenario ends at the latest.
    pub until: Instant,
    /// The swarm.
    pub setup: Setup,
    /// The same swarm with one thing otherwise, to compare with.
    pub twin: Option<Twin>,
    /// The goals.
    pub goals: &'static [Goal],
}

/// A swarm to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twin {
    /// The difference, in words.
    pub title: &'static str,
    /// The swarm.
    pub setup: Setup,
}

/// Something that a run of a scenario comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Every client that wants the file has it, and none left without.
    AllServed,
    /// Every client has the file, and the first seed has sent at most so many copies of it, in thousandths of one.
    SeedSendsAtMost(u32),
    /// The first seed has gone while clients still lacked something, and each of them has the file now.
    DoneWithoutSeed,
    /// So many clients at least have banned this one, and every client that wants the file has it.
    Banned {
        /// The number of the client that is banned.
        client: u64,
        /// The number of others that have banned it.
        by: usize,
    },
    /// This client has the file, and has sent nothing of it to anybody.
    GivesNothing(u64),
    /// All clients have the file, and the last quarter of those that came needed in the mean at most this share of the time that the first
    /// quarter needed, in thousandths.
    NoSlowerThanTheFirst(u32),
    /// When the last client has come, so many at least lack nothing but this segment.
    OneClub {
        /// The segment that they lack.
        segment: u32,
        /// The number of clients.
        clients: usize,
    },
    /// The last client has the file later than in the twin.
    LaterThanTwin,
}

impl Scenario {
    /// All of them, in the order in which they are offered.
    pub fn all() -> Vec<Self> {
        alloc::vec![
            eight_clients(),
            flash_crowd(),
            missing_piece(),
            free_rider(),
            liar(),
            seed_leaves(),
            in_order(),
            trickle(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|one| one.name == name)
    }
}

impl Goal {
    /// Returns whether a run has come to it; a comparison needs the run of the twin, at the same time or at its end.
    pub fn is_met(self, world: &SwarmWorld, twin: Option<&SwarmWorld>) -> bool {
        let all_served = || {
            let mut clients = world.clients_that_want();
            world.is_complete() && clients.all(|(_, member)| member.complete.is_some())
        };
        match self {
            Self::AllServed => all_served(),
            Self::SeedSendsAtMost(copies) => all_served() && world.copies_of(member(0)) <= copies,
            Self::DoneWithoutSeed => {
                let left = world.members.get(&member(0)).and_then(|seed| seed.left);
                all_served() && left.is_some() && world.finished() > left
            }
            Self::Banned { client, by } => {
                let others = world.members.values();
                let is_banned =
                    |banned: &Vec<(u64, _)>| banned.iter().any(|(who, _)| *who == client);
                let count = others.filter(|member| is_banned(&member.banned)).count();
                count >= by && all_served()
            }
            Self::GivesNothing(client) => {
                let has_it = world.completed(member(client)).is_some();
                has_it && world.sent(member(client)) == 0
            }
            Self::NoSlowerThanTheFirst(share) => {
                all_served() && {
                    let mut took: Vec<(Instant, u64)> = world
                        .clients_that_want()
                        .filter_map(|(_, member)| {
                            let (came, done) = (member.arrived?, member.complete?);
                            Some((came, done.as_micros() - came.as_micros()))
                        })
                        .collect();
                    took.sort_unstable();
                    let quarter = took.len() / 4;
                    let sum =
                        |part: &[(Instant, u64)]| part.iter().map(|(_, took)| took).sum::<u64>();
                    let (first, last) = (
                        sum(&took[..quarter]),
                        sum(&took[took.len().saturating_sub(quarter)..]),
                    );
                    last.saturating_mul(1_000) <= first.saturating_mul(share.into())
                }
            }
            Self::OneClub { segment, clients } => {
                let count = world.content.count();
                let mut members = world.members.values();
                let have_come = !members.any(|member| member.arrived.is_none());
                let club = world.clients_that_want().filter(|(_, member)| {
                    let have = member.have(world.content(), count);
                    member.is_here() && have.len() + 1 == count && !have.contains(segment)
                });
                have_come && club.count() >= clients
            }
            Self::LaterThanTwin => {
                let own = world.finished();
                let other = twin.and_then(SwarmWorld::finished);
                match (own, other) {
                    (Some(own), Some(other)) => own > other,
                    (None, Some(other)) => world.now() > other,
                    _ => false,
                }
            }
        }
    }
}

impl SwarmWorld {
    /// The clients that want the file.
    fn clients_that_want(&self) -> impl Iterator<Item = (Id, &Member)> {
        let members = self.members.iter().map(|(id, member)| (*id, member));
        members.filter(|(_, member)| {
            member.part == Part::Client && member.setup.conduct.wants_the_file()
        })
    }
}

/// A scenario with the usual seed, until ten minutes have passed.
fn plain(
    name: &'static str,
    title: &'static str,
    watch: &'static str,
    setup: Setup,
    goals: &'static [Goal],
) -> Scenario {
    Scenario {
        name,
        title,
        watch,
        seed: 1,
        until: Instant::from_millis(600_000),
        setup,
        twin: None,
        goals,
    }
}

/// The lesson's animation.
fn eight_clients() -> Option<Scenario> {
    let mut setup = Setup::new(8, 20).ok()?;
    setup.slots = 2;
    Some(plain(
        "eight-clients",
        "One seed, eight clients",
        "Eight clients fetch a file at once, and the seed sends little more than one copy of it: the segments go on from client to client.",
        setup,
        &[Goal::AllServed, Goal::SeedSendsAtMost(1_250)],
    ))
}

/// Demand comes in a burst, and capacity with it. Stutzbach, Zappala and Rejaie, *The scalability of swarming peer-to-peer content delivery*,
/// Networking 2005: the time of a download hardly depends on the load.
fn flash_crowd() -> Option<Scenario> {
    let mut setup = Setup::new(48, 20).ok()?;
    // Twice as many in each further interval: 3, 3, 6, 12, 24.
    let intervals = [3_usize, 3, 6, 12, 24];
    let mut clients = setup.clients.iter_mut();
    for (interval, count) in (0_u64..).zip(intervals) {
        for (place, client) in (0_u64..).zip(clients.by_ref().take(count)) {
            let pause = 4_000 / count as u64;
            client.arrives = Instant::from_millis(interval * 4_000 + place * pause);
        }
    }
    Some(plain(
        "flash-crowd",
        "A flash crowd",
        "A few clients come, then twice as many in every four seconds, 48 in all. Each that comes brings an uplink, so that the last wait hardly longer than the first.",
        setup,
        &[Goal::AllServed, Goal::NoSlowerThanTheFirst(2_000)],
    ))
}

/// Hajek and Zhu, *The missing piece syndrome in peer-to-peer communication*, ISIT 2010; Zhu and Hajek, *Stability of a peer-to-peer
/// communication system*, IEEE Transactions on Information Theory 2012: where peers leave with their last segment and come faster than the
/// seed sends one, a club of peers that lack one and the same segment grows; it is stable where each stays long enough to send one more.
/// Here it takes two: what newcomers asked for before goes first.
fn missing_piece() -> Option<Scenario> {
    const MISSING: u32 = 7;
    let club = 12;
    let with = |stay| {
        let mut setup = Setup::new(40, 20).ok()?;
        for client in &mut setup.clients {
            client.stay = stay;
        }
        for client in &mut setup.clients[..club] {
            client.begins = Begins::AllBut(MISSING);
        }
        for (place, client) in (1_u64..).zip(&mut setup.clients[club..]) {
            client.arrives = Instant::from_millis(place * 1_000);
        }
        // It needs two seconds for a segment, and a client comes every second.
        setup.seed_rates = Rates::up(32 << 10);
        setup.slots = 2;
        Some(setup)
    };
    Some(Scenario {
        twin: Some(Twin {
            title: "each client stays until it has sent two more segments",
            setup: with(Stay::UntilGave(2))?,
        }),
        ..plain(
            "missing-piece",
            "The missing piece",
            "Twelve clients lack segment 7 alone, and so does soon everybody who comes: those who get it leave with it. If each stayed to send two more segments, all would have the file in half the time.",
            with(Stay::UntilGave(0))?,
            &[
                Goal::OneClub {
                    segment: MISSING,
                    clients: 8,
                },
                Goal::LaterThanTwin,
            ],
        )
    })
}

/// The choker at work: BEP 3.
fn free_rider() -> Option<Scenario> {
    const RIDER: usize = 7;
    let mut honest = Setup::new(8, 60).ok()?.with_rates(Rates::up(128 << 10));
    honest.slots = 2;
    let mut setup = honest.clone();
    setup.clients[RIDER - 1].conduct = Conduct::FreeRides;
    Some(Scenario {
        twin: Some(Twin {
            title: "client 7 gives, too",
            setup: honest,
        }),
        ..plain(
            "free-rider",
            "One takes and never gives",
            "Client 7 unchokes nobody. The seed’s slots, and those that are drawn or free, feed it nevertheless, and the last one waits longer than if client 7 gave, too.",
            setup,
            &[
                Goal::AllServed,
                Goal::GivesNothing(RIDER as u64),
                Goal::LaterThanTwin,
            ],
        )
    })
}

/// Digests let strangers agree on what the file is.
fn liar() -> Option<Scenario> {
    let mut setup = Setup::new(8, 20).ok()?;
    setup.clients[2].conduct = Conduct::Corrupts;
    Some(plain(
        "liar",
        "A liar is caught and banned",
        "Client 3 changes a byte of all that it sends. No wrong segment is kept, since its digest is wrong, and whoever got one bans client 3.",
        setup,
        &[Goal::Banned { client: 3, by: 2 }, Goal::AllServed],
    ))
}

/// The clients get the rest from one another.
fn seed_leaves() -> Option<Scenario> {
    let mut setup = Setup::new(8, 20).ok()?;
    setup.slots = 2;
    // With a slower one, not all of the file is out when half of all is served.
    setup.seed_rates = Rates::up(512 << 10);
    setup.seed_stay = Stay::UntilServed(500);
    Some(plain(
        "seed-leaves",
        "The seed leaves half-way",
        "The seed goes once its clients have half of all that they want. What is still missing then comes from one another.",
        setup,
        &[Goal::AllServed, Goal::DoneWithoutSeed],
    ))
}

/// Why the order of requests matters.
fn in_order() -> Option<Scenario> {
    let mut setup = Setup::new(16, 40).ok()?;
    setup.slots = 2;
    setup.order = Order::From(0);
    let twin = Setup {
        order: Order::RarestFirst,
        ..setup.clone()
    };
    Some(Scenario {
        twin: Some(Twin {
            title: "the rarest segment first",
            setup: twin,
        }),
        ..plain(
            "in-order",
            "In order against rarest first",
            "All ask for the first segments first, as for watching. So all have the same ones and little to give one another: it takes longer than rarest first.",
            setup,
            &[Goal::AllServed, Goal::LaterThanTwin],
        )
    })
}

/// Those who have come before serve those who come after.
fn trickle() -> Option<Scenario> {
    let setup = Setup::new(10, 20).ok()?;
    let setup = setup.with_arrivals_every(Duration::from_secs(2));
    Some(plain(
        "trickle",
        "They trickle in",
        "A client comes every two seconds. The first takes all of the seed; those that follow get most of the file from those who came before.",
        setup,
        &[Goal::AllServed, Goal::SeedSendsAtMost(2_500)],
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use alloc::sync::Arc;
    use alloc::vec;

    use crate::engine::World;
    use crate::engine::run::Run;
    extern crate std;

    /// A run of a set-up to its end, or to a time.
    fn run(setup: &Setup, seed: u64, until: Instant) -> Run<SwarmWorld> {
        let mut run = Run::<SwarmWorld>::begin(&Arc::new(setup.clone()), seed).unwrap();
        while !run.world().is_complete() && run.step_until(until) {}
        run
    }

    #[test]
    fn each_scenario_comes_to_its_goals() {
        let mut missed = vec![];
        for scenario in Scenario::all() {
            let Scenario { seed, until, .. } = scenario;
            let twin = scenario.twin.as_ref();
            let twin = twin.map(|twin| run(&twin.setup, seed, until).into_world());
            let mut world = Run::<SwarmWorld>::begin(&Arc::new(scenario.setup.clone()), seed)
                .unwrap()
                .into_world();
            let mut open: Vec<Goal> = scenario.goals.to_vec();
            while !open.is_empty() && world.next_at().is_some_and(|at| at <= until) {
                world.step_until(until);
                open.retain(|goal| !goal.is_met(&world, twin.as_ref()));
            }
            std::println!(
                "{}: {:?} to {:?}, seed sent {}, twin {:?}",
                scenario.name,
                world.now(),
                world.finished(),
                world.copies_of(member(0)),
                twin.and_then(|twin| twin.finished())
            );
            if !open.is_empty() {
                for view in world.moment().members {
                    std::println!("{} {:?} {:?}", view.number, view.presence, view.finished);
                }
                missed.push((scenario.name, open));
            }
        }
        assert!(missed.is_empty(), "{missed:?}");
    }

    #[test]
    fn names_are_different_and_scenarios_are_within_the_limits() {
        let all = Scenario::all();
        assert_eq!(all.len(), 8);
        let names: BTreeSet<&str> = all.iter().map(|one| one.name).collect();
        assert_eq!(names.len(), all.len());
        for scenario in all {
            assert_eq!(scenario.setup.check(), Ok(()));
            assert_eq!(Scenario::named(scenario.name), Some(scenario));
        }
        assert_eq!(Scenario::named("lesson-26"), None);
    }
}
