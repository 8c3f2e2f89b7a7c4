//! Partial quorums, as the messages of the ring's own store show them: when a write would have been confirmed by its first W
//! acknowledgements, and what a read would have returned that takes the first R answers.
//!
//! The store itself waits for all three replicas. Its messages to and from each of them are the same as if it did not, so that one run
//! tells about every R and W. A get looks the key's owner up first; the time since the confirmation counts to the moment at which the reads
//! leave, as in WARS.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::checks::history::Value;
use crate::engine::World;
use crate::engine::network::Latency;
use crate::experiment::freshness::store::{call, go, returned};
use crate::experiment::freshness::wars::Replication;
use crate::worlds::consistency::ConsistencyWorld;
use crate::worlds::consistency::action::Deed;
use crate::worlds::consistency::setup::{Setup, System};
use chordscope_core::base::id::Id;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;

/// The replicas of the lesson's book.
const REPLICAS: [u64; 3] = [28, 1, 4];
/// The nodes of the writer and of the reader: neither a replica nor among the next two behind one, so that the records' upkeep sends nothing between them
/// and a replica.
const WRITER: u64 = 18;
const READER: u64 = 14;
/// Reads of one run of the ring.
pub const READS: u32 = 20;
/// The get is called so long after the put, so that its reads leave about when the write is acknowledged, or later.
const BEHIND: (Duration, Duration) = (Duration::from_millis(60), Duration::from_millis(300));
/// The time that both operations are given, and the pause before the next ones.
const PATIENCE: Duration = Duration::from_secs(8);
const PAUSE: Duration = Duration::from_millis(400);

/// The messages of a write and of a read, at three replicas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// The time at which the acknowledgement of each replica arrives.
    acknowledged: BTreeMap<Id, Instant>,
    /// The time at which the reads leave.
    asked: Option<Instant>,
    /// The time at which the answer of each replica arrives, and whether it has the new version.
    answered: BTreeMap<Id, (Instant, bool)>,
}

impl Observed {
    /// The time from the confirmation to the reads, and whether the read is fresh, had the store waited for so many replicas; `None` where
    /// the reads left before the confirmation.
    pub fn read(&self, replication: Replication) -> Option<(Duration, bool)> {
        let Replication { n, r, w } = replication;
        if self.acknowledged.len() < n || self.answered.len() < n {
            return None;
        }
        let mut acknowledged: Vec<Instant> = self.acknowledged.values().copied().collect();
        acknowledged.sort_unstable();
        let confirmed = acknowledged[w.clamp(1, n) - 1];
        let asked = self.asked.filter(|asked| *asked >= confirmed)?;
        let mut answered: Vec<(Instant, bool)> = self.answered.values().copied().collect();
        answered.sort_unstable();
        let is_fresh = answered.iter().take(r).any(|(_, is_new)| *is_new);
        Some((asked.since(confirmed), is_fresh))
    }
}

/// Observes [`READS`] writes in one run, each with a read that follows it closely, at level `one` in a whole network of this latency.
pub fn observe(latency: Latency, seed: u64) -> Vec<Observed> {
    let mut setup = Setup::lesson();
    setup.systems = alloc::vec![System::One];
    setup.latency = latency;
    setup.clients.truncate(2);
    for (client, node) in setup.clients.iter_mut().zip([WRITER, READER]) {
        client.node = Id::from_u64(node);
    }
    let Ok(mut world) = ConsistencyWorld::begin(&Arc::new(setup), seed) else {
        return Vec::new();
    };
    let mut rng = Rng::from_seed(seed, 0xf1e0);
    go(&mut world, Instant::from_millis(200));
    let reads = (0..READS).filter_map(|_| write_and_read(&mut world, &mut rng));
    reads.collect()
}

/// One put and one get.
fn write_and_read(world: &mut ConsistencyWorld, rng: &mut Rng) -> Option<Observed> {
    let put = world.sides().first()?.names().first()?.history.len();
    let mut observer = Observer {
        written: put as Value,
        seen: 0,
        observed: Observed::default(),
    };
    let begins = world.now();
    call(world, 0, Deed::Put("new".into()))?;
    observer.watch(world, begins + rng.duration(BEHIND.0, BEHIND.1));
    call(world, 1, Deed::Get)?;
    let ends = begins + PATIENCE;
    observer.look(world);
    while (returned(world, put).is_none() || returned(world, put + 1).is_none())
        && world.step_until(ends)
    {
        observer.look(world);
    }
    let pause = world.now() + rng.duration(PAUSE, PAUSE * 2);
    go(world, pause);
    Some(observer.observed)
}

/// Follows the messages between the two clients and the replicas.
struct Observer {
    /// The put.
    written: Value,
    /// The number of the last message that was looked at.
    seen: u64,
    observed: Observed,
}

impl Observer {
    fn watch(&mut self, world: &mut ConsistencyWorld, to: Instant) {
        while world.step_until(to) {
            self.look(world);
        }
        world.rest_until(to);
    }

    /// Takes in the messages that were sent in the last step. What is sent back to the writer once a replica has the version is its
    /// acknowledgement; a retry may bring an earlier one.
    fn look(&mut self, world: &ConsistencyWorld) {
        let Some(side) = world.sides().first() else {
            return;
        };
        let (writer, reader) = (Id::from_u64(WRITER), Id::from_u64(READER));
        let is_replica = |id: Id| {
            REPLICAS
                .into_iter()
                .any(|replica| Id::from_u64(replica) == id)
        };
        let observed = &mut self.observed;
        let mut last = self.seen;
        for parcel in side.messages() {
            last = last.max(parcel.number);
            if parcel.number <= self.seen || !parcel.is_about_records {
                continue;
            }
            let has_new = |id| {
                let held = side.held(id, 0);
                held.is_some_and(|version| version.by >= self.written)
            };
            let (from, to, arrives) = (parcel.from, parcel.to, parcel.arrives);
            if is_replica(from) && to == writer && has_new(from) {
                let at = observed.acknowledged.entry(from).or_insert(arrives);
                *at = arrives.min(*at);
            } else if from == reader && is_replica(to) {
                observed.asked.get_or_insert(parcel.sent);
            } else if is_replica(from) && to == reader {
                let answer = (arrives, has_new(from));
                let first = observed.answered.entry(from).or_insert(answer);
                *first = answer.min(*first);
            }
        }
        self.seen = last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::freshness::LATENCY;
    use crate::experiment::freshness::wars::wars;

    /// Of reads that leave so soon, many are stale.
    const SOON: Duration = Duration::from_millis(25);

    /// The parts of fresh reads as observed and by the model, with each read's own time since the confirmation; and their number.
    fn compare(
        observed: &[Observed],
        (r, w): (usize, usize),
        within: Duration,
        modelled: Latency,
    ) -> (f64, f64, f64) {
        let replication = Replication { n: 3, r, w };
        let mut rng = Rng::from_seed(9, 0xb5);
        let anywhere = Id::default();
        let reads = observed.iter().filter_map(|one| one.read(replication));
        let (mut fresh, mut model, mut all) = (0.0, 0.0, 0.0);
        for (since, is_fresh) in reads.filter(|(since, _)| *since < within) {
            let draw = |_, rng: &mut Rng| modelled.draw(anywhere, anywhere, rng);
            model += wars(replication, since, 20, &mut rng, draw);
            fresh += f64::from(u8::from(is_fresh));
            all += 1.0;
        }
        (fresh / all, model / all, all)
    }

    fn observed() -> Vec<Observed> {
        (0..75).flat_map(|run| observe(LATENCY, run)).collect()
    }

    /// Standard errors of what is observed are 0.01 and 0.03.
    #[test]
    fn the_store_is_as_fresh_as_the_model_says_for_every_read_and_write_quorum() {
        let observed = observed();
        for quorums in [(1, 1), (2, 1), (1, 2), (2, 2), (3, 1), (1, 3), (3, 3)] {
            for (within, bound) in [(PATIENCE, 0.03), (SOON, 0.08)] {
                let (fresh, model, all) = compare(&observed, quorums, within, LATENCY);
                assert!(all > 60.0, "{quorums:?}: {all}");
                assert!(
                    (fresh - model).abs() < bound,
                    "{quorums:?}: {fresh} {model} of {all}"
                );
                if quorums.0 + quorums.1 > 3 {
                    assert_eq!((fresh, model), (1.0, 1.0), "{quorums:?}");
                }
            }
        }
    }

    /// The comparison is worth something only if it sees what is wrong.
    #[test]
    fn a_model_of_other_latencies_or_of_other_quorums_is_seen_to_be_wrong() {
        let observed = observed();
        let (fresh, model, _) = compare(&observed, (1, 1), SOON, Latency::Uniform(20, 40));
        assert!((fresh - model).abs() > 0.08, "{fresh} {model}");
        let (two, _, _) = compare(&observed, (2, 1), SOON, LATENCY);
        let (_, one, _) = compare(&observed, (1, 1), SOON, LATENCY);
        assert!((two - one).abs() > 0.08, "{two} {one}");
    }
}
