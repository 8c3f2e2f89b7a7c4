//! One server, a content delivery network and a swarm in lockstep: the same file, the same clients and links, one clock.

use alloc::sync::Arc;

use crate::engine::World;
use crate::engine::content::Content;
use crate::worlds::swarm::bounds::Bounds;
use crate::worlds::swarm::setup::{Rates, Setup, SetupError, Way};
use crate::worlds::swarm::{SwarmWorld, member};
use chordscope_core::base::time::Instant;

/// A way of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contender {
    /// One server.
    Server,
    /// A content delivery network.
    Cdn,
    /// A swarm.
    Swarm,
}

impl Contender {
    /// All three, in the order of tables.
    pub const ALL: [Self; 3] = [Self::Server, Self::Cdn, Self::Swarm];
}

/// Three worlds at one virtual time.
///
/// Actions of the set-up are left out: they are a history's. What the set-up says of conduct, arrival and stay holds in all three;
/// servers have no use for what clients would give.
#[derive(Clone, Debug)]
pub struct Comparison {
    now: Instant,
    worlds: [SwarmWorld; 3],
    proxies: u8,
}

/// The state of one of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The way.
    pub way: Contender,
    /// The share that the clients have of all that they want, in thousandths.
    pub served: u16,
    /// Copies of the file that the first seed has sent since the start, in thousandths of one.
    pub seed_copies: u32,
    /// Copies of the file that were sent to proxies ahead of the start.
    pub copies_ahead: u8,
    /// The time at which the last client had the file; `None` while one waits.
    pub finished: Option<Instant>,
    /// The least time by theory, in microseconds from the start, where a bound holds.
    pub bound: Option<u64>,
}

impl Comparison {
    /// The three ways of a set-up at time zero. Where its way is a network, its proxies are taken; otherwise there are `proxies` of them,
    /// each with the uplink of the seed.
    ///
    /// # Errors
    /// The limit that the set-up breaks.
    pub fn new(setup: &Setup, seed: u64, proxies: u8) -> Result<Self, SetupError> {
        let cdn = match setup.way {
            cdn @ Way::Cdn { .. } => cdn,
            Way::Swarm | Way::Server => Way::Cdn {
                proxies,
                rates: Rates::up(setup.seed_rates.up),
            },
        };
        let with = |way| {
            let setup = Setup {
                way,
                ..setup.clone()
            };
            setup.checked()
        };
        let setups = [with(Way::Server)?, with(cdn)?, with(Way::Swarm)?];
        let content = Content::of(seed, setup.length).ok_or(SetupError::Segments)?;
        let content = Arc::new(content);
        let proxies = match cdn {
            Way::Cdn { proxies, .. } => proxies,
            Way::Swarm | Way::Server => 0,
        };
        Ok(Self {
            now: Instant::ZERO,
            worlds: setups
                .map(|setup| SwarmWorld::over(Arc::new(setup), seed, Arc::clone(&content), None)),
            proxies,
        })
    }

    /// Returns the virtual time of all three.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// Returns the world of a way.
    pub const fn world(&self, way: Contender) -> &SwarmWorld {
        let [server, cdn, swarm] = &self.worlds;
        match way {
            Contender::Server => server,
            Contender::Cdn => cdn,
            Contender::Swarm => swarm,
        }
    }

    /// Lets time pass in all three until `to`. Does nothing when that is past. To go back, begin anew: the same set-up and seed come to the
    /// same moments.
    pub fn advance_to(&mut self, to: Instant) {
        self.advance_within(to, usize::MAX);
    }

    /// Lets at most `budget` things happen on the way to `to`; `true` once all three are there. Meanwhile they may be at different times,
    /// and [`Comparison::now`] is the earliest.
    pub fn advance_within(&mut self, to: Instant, mut budget: usize) -> bool {
        for world in &mut self.worlds {
            while world.next_at().is_some_and(|at| at <= to) {
                if budget == 0 {
                    let times = self.worlds.iter().map(SwarmWorld::now);
                    self.now = times.min().unwrap_or(to).max(self.now);
                    return false;
                }
                budget -= 1;
                world.step_until(to);
            }
            world.rest_until(to);
        }
        self.now = self.now.max(to);
        true
    }

    /// Returns the state of a way.
    pub fn standing(&self, way: Contender) -> Standing {
        let world = self.world(way);
        let bounds = Bounds::of(world.setup());
        Standing {
            way,
            served: world.served(),
            seed_copies: world.copies_of(member(0)),
            copies_ahead: match way {
                Contender::Cdn => self.proxies,
                Contender::Server | Contender::Swarm => 0,
            },
            finished: world.finished(),
            bound: match way {
                Contender::Server => bounds.map(|bounds| bounds.server),
                Contender::Cdn => Bounds::of_cdn(world.setup()),
                Contender::Swarm => bounds.map(|bounds| bounds.swarm_at_best()),
            },
        }
    }

    /// Returns the state of all three, in the order of [`Contender::ALL`].
    pub fn standings(&self) -> [Standing; 3] {
        Contender::ALL.map(|way| self.standing(way))
    }

    /// Returns whether all three have served everybody.
    pub fn is_complete(&self) -> bool {
        self.worlds.iter().all(SwarmWorld::is_complete)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

    fn run(comparison: &mut Comparison) {
        while !comparison.is_complete() {
            let to = comparison.now() + Duration::from_secs(1);
            assert!(to < Instant::from_millis(600_000), "it never ends");
            comparison.advance_to(to);
        }
    }

    #[test]
    fn the_swarm_is_done_first_and_the_server_last_and_none_beats_its_bound() {
        let setup = Setup::new(8, 40).unwrap();
        let mut comparison = Comparison::new(&setup, 3, 2).unwrap();
        run(&mut comparison);
        let [server, cdn, swarm] = comparison.standings();
        assert!(swarm.finished < cdn.finished && cdn.finished < server.finished);
        for standing in [server, cdn, swarm] {
            let took = standing.finished.unwrap().as_micros();
            assert!(took >= standing.bound.unwrap(), "{standing:?}");
            assert_eq!(standing.served, 1_000);
        }
        assert_eq!(server.seed_copies, 8_000);
        // Nine clients' shares over three servers of one uplink each: 8 clients, of whom the seed gets 3 or 2.
        assert!((2_000..=3_000).contains(&cdn.seed_copies), "{cdn:?}");
        assert!((1_000..1_500).contains(&swarm.seed_copies), "{swarm:?}");
        assert_eq!([server, cdn, swarm].map(|one| one.copies_ahead), [0, 2, 0]);
    }

    #[test]
    fn small_steps_and_large_ones_come_to_the_same_moment() {
        let setup = Setup::new(3, 12).unwrap();
        let at = Instant::from_millis(2_345);
        let mut large = Comparison::new(&setup, 3, 1).unwrap();
        large.advance_to(at);
        let mut small = Comparison::new(&setup, 3, 1).unwrap();
        let mut steps = 0;
        while !small.advance_within(at, 3) {
            steps += 1;
            assert!(small.now() <= at);
        }
        assert!(steps > 10 && small.now() == at);
        assert_eq!(small.standings(), large.standings());
        for way in Contender::ALL {
            assert_eq!(small.world(way).moment(), large.world(way).moment());
            assert_eq!(small.world(way).now(), at);
        }
    }
}
