//! Reads at one level of the ring's own store, each in a run of its own: a put is confirmed, and a random client gets the name some time
//! later, in the whole network or while it is cut.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::checks::verdict::Verdict;
use crate::engine::World;
use crate::engine::network::Latency;
use crate::experiment::freshness::HEALS_AFTER;
use crate::experiment::pick;
use crate::worlds::consistency::ConsistencyWorld;
use crate::worlds::consistency::action::{Action, Deed};
use crate::worlds::consistency::setup::{Setup, System};
use chordscope_core::base::id::Id;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;

/// The nodes on the side of the cut that has one of three replicas.
const FEW: [u64; 4] = [4, 9, 11, 14];
/// The time that the ring is given between the cut and the put.
const SETTLES: Duration = Duration::from_millis(2_500);
/// The time that an operation is given, in times of giving up.
const PATIENCE: u32 = 8;

/// The network between the replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// All messages arrive.
    Whole(Latency),
    /// A put is called while the network is cut. It is whole again [`HEALS_AFTER`] its confirmation. Latencies are the lesson's.
    Cut,
}

/// Parts of all reads.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Share {
    /// Reads that were fresh.
    pub fresh: f64,
    /// Reads that returned an older version.
    pub stale: f64,
    /// Reads without an answer.
    pub refused: f64,
}

/// Returns the parts of reads that are called so many milliseconds after a put was confirmed. The same runs at both levels.
pub fn share(system: System, between: Between, (seed, runs): (u64, u32), ms: u32) -> Share {
    let mut setup = Setup::lesson();
    setup.systems = alloc::vec![system];
    if let Between::Whole(latency) = between {
        setup.latency = latency;
    }
    let setup = Arc::new(setup);
    let is_cut = between == Between::Cut;
    let (mut fresh, mut stale, mut all) = (0, 0, 0);
    for number in 0..u64::from(runs) {
        let mut rng = Rng::from_seed(seed, 0xf0e0 + number);
        let Some(verdict) = read_after(&setup, seed.wrapping_add(number), is_cut, ms, &mut rng)
        else {
            continue;
        };
        all += 1;
        match verdict {
            Verdict::Fresh => fresh += 1,
            Verdict::Stale { .. } => stale += 1,
            _ => {}
        }
    }
    let part = |count: u32| f64::from(count) / f64::from(all.max(1));
    Share {
        fresh: part(fresh),
        stale: part(stale),
        refused: part(all - fresh - stale),
    }
}

/// The verdict on the read of one run; `None` where the put before it was not confirmed, so that there is nothing to be read after.
fn read_after(
    setup: &Arc<Setup>,
    seed: u64,
    is_cut: bool,
    ms: u32,
    rng: &mut Rng,
) -> Option<Verdict> {
    let mut world = ConsistencyWorld::begin(setup, seed).ok()?;
    go(&mut world, Instant::from_millis(200));
    call(&mut world, 0, Deed::Put("old".into()))?;
    // At any phase of the ring's upkeep.
    let begins = Instant::from_millis(1_500) + rng.duration(Duration::ZERO, Duration::from_secs(1));
    go(&mut world, begins);
    if is_cut {
        let few = FEW.into_iter().map(Id::from_u64).collect();
        world.act(Action::Cut(few)).ok()?;
        go(&mut world, begins + SETTLES);
    }
    call(&mut world, 0, Deed::Put("new".into()))?;
    let patience = setup.give_up() * PATIENCE;
    let returns = world.now() + patience;
    while returned(&world, 1).is_none() && world.step_until(returns) {}
    let confirmed = returned(&world, 1)?;
    if world.sides().first()?.names().first()?.verdict(1) == Some(Verdict::Refused) {
        return None;
    }
    let read = confirmed + Duration::from_millis(ms.into());
    let heals = confirmed + Duration::from_millis(HEALS_AFTER.into());
    if is_cut && heals < read {
        go(&mut world, heals);
        world.act(Action::Heal).ok()?;
    }
    go(&mut world, read);
    let clients: Vec<u8> = (0..setup.clients.len() as u8).collect();
    let client = *pick(&clients, rng)?;
    call(&mut world, client, Deed::Get)?;
    while returned(&world, 2).is_none() && world.step_until(read + patience) {}
    world.sides().first()?.names().first()?.verdict(2)
}

/// Calls a client's node about the only name.
pub(super) fn call(world: &mut ConsistencyWorld, client: u8, deed: Deed) -> Option<()> {
    let name = 0;
    world.act(Action::Call { client, name, deed }).ok()
}

/// The time at which the operation of this number returned.
pub(super) fn returned(world: &ConsistencyWorld, number: usize) -> Option<Instant> {
    let history = &world.sides().first()?.names().first()?.history;
    history.get(number)?.returned.map(|(at, _)| at)
}

/// Lets time pass.
pub(super) fn go(world: &mut ConsistencyWorld, to: Instant) {
    while world.step_until(to) {}
    world.rest_until(to);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::freshness::LATENCY;

    #[test]
    fn in_the_whole_network_both_levels_are_always_fresh() {
        for system in [System::One, System::Quorum] {
            for ms in [1, 100] {
                let share = share(system, Between::Whole(LATENCY), (1, 60), ms);
                assert_eq!((share.fresh, share.stale), (1.0, 0.0), "{system:?} {ms}");
            }
        }
    }

    /// Two of three clients are on the side of one replica of three, and reads there ask that one alone.
    #[test]
    fn reads_that_ask_one_replica_are_seen_to_be_stale_and_level_quorum_refuses_them() {
        let one = share(System::One, Between::Cut, (1, 24), 200);
        assert!(one.stale > 0.3 && one.fresh > 0.1, "{one:?}");
        assert_eq!(one.refused, 0.0);
        let quorum = share(System::Quorum, Between::Cut, (1, 24), 200);
        assert!(quorum.refused > 0.3 && quorum.fresh > 0.1, "{quorum:?}");
        assert_eq!(quorum.stale, 0.0);
        let healed = [System::One, System::Quorum].map(|system| {
            let share = share(system, Between::Cut, (1, 12), 9_000);
            share.fresh
        });
        assert_eq!(healed, [1.0, 1.0]);
    }
}
