//! The probability that a read is fresh, by time since the write was confirmed.
//!
//! Two questions. *During and after a cut*: a put is confirmed while the lesson's ring is cut, and a random client gets the name some time
//! later, at level `one` and at level `quorum`. *Partial quorums*: N replicas, of which a write waits for W and a read for R, simulated
//! message by message on the engine's queue, beside the model WARS of PBS (Bailis, Venkataraman, Franklin, Hellerstein and Stoica,
//! *Probabilistically bounded staleness for practical partial quorums*, VLDB 2012, §4), which draws the four latencies of each replica and
//! compares times. In the whole network the ring's level `one` writes to all replicas and reads from all, so that WARS gives 1, as measured.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::ControlFlow;
use core::time::Duration;

use serde::Serialize;

use crate::checks::verdict::Verdict;
use crate::engine::World;
use crate::engine::network::Latency;
use crate::engine::queue::Queue;
use crate::experiment::{Hear, News, Progress, collect, pick};
use crate::worlds::consistency::ConsistencyWorld;
use crate::worlds::consistency::action::{Action, Deed};
use crate::worlds::consistency::setup::{Setup, System};
use chordscope_core::base::id::Id;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;

/// The times between confirmation and read, in milliseconds.
pub const TIMES: [u32; 10] = [1, 10, 50, 200, 1_000, 2_000, 3_500, 4_500, 6_000, 9_000];
/// The latency of partial quorums and of their model: in the mean as in the lesson's ring, whose latencies of 20 to 40 ms are so alike that
/// no read ever overtakes a write.
pub const PARTIAL: Latency = Latency::Exponential(30);
/// The number of runs a level for each time.
pub const RUNS: u32 = 200;
/// The time between the confirmation and the end of the cut, in milliseconds.
pub const HEALS_AFTER: u32 = 4_000;
/// Draws of the model, and of partial quorums, for each time.
const DRAWS: u32 = 20_000;
/// The nodes on the side of the cut that has one of three replicas.
const FEW: [u64; 4] = [4, 9, 11, 14];

/// One time since the write.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FreshnessRow {
    /// The time from the confirmation of the write to the call of the read, in milliseconds. The cut heals at [`HEALS_AFTER`].
    pub ms: u32,
    /// The part of reads at level `one` that were fresh.
    pub one_fresh: f64,
    /// The part of reads at level `one` that were stale.
    pub one_stale: f64,
    /// The part of reads at level `one` that were refused.
    pub one_refused: f64,
    /// The part of reads at level `quorum` that were fresh.
    pub quorum_fresh: f64,
    /// The part of reads at level `quorum` that were stale.
    pub quorum_stale: f64,
    /// The part of reads at level `quorum` that were refused.
    pub quorum_refused: f64,
    /// In a whole network, the part of fresh reads of partial quorums with N = 3, R = W = 1.
    pub partial_fresh: f64,
    /// The same by the model WARS.
    pub model_fresh: f64,
    /// By the model, with N = R = W = 3: what level `one` does in a whole network.
    pub model_all_fresh: f64,
}

/// The numbers of replicas of a partial quorum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replication {
    /// The replicas.
    pub n: usize,
    /// The replicas that a read waits for.
    pub r: usize,
    /// The replicas that a write waits for.
    pub w: usize,
}

/// A leg of a message's way in WARS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leg {
    /// A write, to a replica.
    Write,
    /// Its acknowledgement.
    Acknowledge,
    /// A read, to a replica.
    Read,
    /// Its response.
    Respond,
}

/// Measures all of [`TIMES`], so many runs each.
pub fn run(seed: u64, runs: u32, progress: Progress<'_>) -> Vec<FreshnessRow> {
    collect(progress, |hear| measure(seed, runs, hear))
}

/// The same, told row by row.
pub fn measure(seed: u64, runs: u32, hear: Hear<'_, FreshnessRow>) -> ControlFlow<()> {
    let setup = Setup::lesson();
    let one = Replication { n: 3, r: 1, w: 1 };
    let all = Replication { n: 3, r: 3, w: 3 };
    let parts = TIMES.len() as f64;
    for (done, ms) in (1_u32..).zip(TIMES) {
        let level = |system| share(&setup, system, (seed, runs), ms);
        let [one_fresh, one_stale, one_refused] = level(System::One);
        let [quorum_fresh, quorum_stale, quorum_refused] = level(System::Quorum);
        let since = Duration::from_millis(ms.into());
        let mut rng = Rng::from_seed(seed, 0xf5e5 + u64::from(ms));
        let anywhere = Id::default();
        let draw = |_: Leg, rng: &mut Rng| PARTIAL.draw(anywhere, anywhere, rng);
        let partial_fresh = partial(one, since, DRAWS, &mut rng, draw);
        let model_fresh = wars(one, since, DRAWS, &mut rng, draw);
        let model_all_fresh = wars(all, since, DRAWS, &mut rng, draw);
        hear(News::Part(f64::from(done) / parts))?;
        hear(News::Row(FreshnessRow {
            ms,
            one_fresh,
            one_stale,
            one_refused,
            quorum_fresh,
            quorum_stale,
            quorum_refused,
            partial_fresh,
            model_fresh,
            model_all_fresh,
        }))?;
    }
    hear(News::Part(1.0))
}

/// The parts of reads that are fresh, stale and refused so long after a put was confirmed on one side of a cut.
fn share(setup: &Setup, system: System, (seed, runs): (u64, u32), ms: u32) -> [f64; 3] {
    let mut setup = setup.clone();
    setup.systems = alloc::vec![system];
    let setup = Arc::new(setup);
    let mut counts = [0_u32; 3];
    for number in 0..u64::from(runs) {
        let mut rng = Rng::from_seed(seed, 0xf0e0 + number);
        // The same run at both levels, whatever its number.
        match read_after(&setup, seed.wrapping_add(number), ms, &mut rng) {
            Some(Verdict::Fresh) => counts[0] += 1,
            Some(Verdict::Stale { .. }) => counts[1] += 1,
            _ => counts[2] += 1,
        }
    }
    counts.map(|count| f64::from(count) / f64::from(runs.max(1)))
}

/// The verdict on one read of one run.
fn read_after(setup: &Arc<Setup>, seed: u64, ms: u32, rng: &mut Rng) -> Option<Verdict> {
    let mut world = ConsistencyWorld::begin(setup, seed).ok()?;
    let call = |client, deed| Action::Call {
        client,
        name: 0,
        deed,
    };
    go(&mut world, Instant::from_millis(200));
    world.act(call(0, Deed::Put("old".into()))).ok()?;
    // At any phase of the ring's upkeep.
    let cut = Instant::from_millis(1_500) + rng.duration(Duration::ZERO, Duration::from_secs(1));
    go(&mut world, cut);
    let few = FEW.into_iter().map(Id::from_u64).collect();
    world.act(Action::Cut(few)).ok()?;
    go(&mut world, cut + Duration::from_millis(2_500));
    world.act(call(0, Deed::Put("new".into()))).ok()?;
    let is_open = |world: &ConsistencyWorld| world.sides().iter().any(|side| side.open_of(0) > 0);
    while is_open(&world) && world.step_until(cut + Duration::from_secs(10)) {}
    let confirmed = world.now();
    let read = confirmed + Duration::from_millis(ms.into());
    let heals = confirmed + Duration::from_millis(HEALS_AFTER.into());
    if heals < read {
        go(&mut world, heals);
        world.act(Action::Heal).ok()?;
    }
    go(&mut world, read);
    let clients: Vec<u8> = (0..setup.clients.len() as u8).collect();
    let client = *pick(&clients, rng)?;
    world.act(call(client, Deed::Get)).ok()?;
    while is_in_flight(&world) && world.step_until(read + setup.give_up() * 4) {}
    world.sides().first()?.names().first()?.verdict(2)
}

fn is_in_flight(world: &ConsistencyWorld) -> bool {
    let mut sides = world.sides().iter();
    sides.any(|side| side.names()[0].verdict(2) == Some(Verdict::InFlight))
}

fn go(world: &mut ConsistencyWorld, to: Instant) {
    while world.step_until(to) {}
    world.rest_until(to);
}

/// The part of fresh reads by the model WARS: each leg to and from each replica is drawn, and the times are compared.
pub fn wars(
    replication: Replication,
    since: Duration,
    draws: u32,
    rng: &mut Rng,
    mut draw: impl FnMut(Leg, &mut Rng) -> Duration,
) -> f64 {
    let Replication { n, r, w } = replication;
    let fresh = (0..draws).filter(|_| {
        let mut legs = |leg| -> Vec<Duration> { (0..n).map(|_| draw(leg, rng)).collect() };
        let (writes, acknowledgements) = (legs(Leg::Write), legs(Leg::Acknowledge));
        let (reads, responses) = (legs(Leg::Read), legs(Leg::Respond));
        let mut written: Vec<Duration> =
            (0..n).map(|at| writes[at] + acknowledgements[at]).collect();
        written.sort_unstable();
        let confirmed = written[w.clamp(1, n) - 1];
        let mut first: Vec<usize> = (0..n).collect();
        first.sort_by_key(|at| reads[*at] + responses[*at]);
        let mut first = first.into_iter().take(r);
        first.any(|at| writes[at] <= confirmed + since + reads[at])
    });
    fresh.count() as f64 / f64::from(draws.max(1))
}

/// A message of a partial quorum, at a replica or back at its coordinator.
#[derive(Clone, Copy, Debug)]
enum Mail {
    Write(usize),
    Acknowledged,
    Read(usize),
    /// A response, with what the replica had.
    Response(bool),
}

/// The part of fresh reads of partial quorums, simulated message by message.
pub fn partial(
    replication: Replication,
    since: Duration,
    runs: u32,
    rng: &mut Rng,
    mut draw: impl FnMut(Leg, &mut Rng) -> Duration,
) -> f64 {
    let Replication { n, r, w } = replication;
    let mut fresh = 0;
    for _ in 0..runs {
        let mut queue = Queue::new();
        let mut has = alloc::vec![false; n];
        let (mut acknowledged, mut responses, mut seen) = (0, 0, false);
        for at in 0..n {
            queue.push(Instant::ZERO + draw(Leg::Write, rng), Mail::Write(at));
        }
        while let Some(now) = queue.first()
            && let Some(mail) = queue.pop_until(now)
        {
            match mail {
                Mail::Write(at) => {
                    has[at] = true;
                    queue.push(now + draw(Leg::Acknowledge, rng), Mail::Acknowledged);
                }
                Mail::Acknowledged => {
                    acknowledged += 1;
                    if acknowledged == w {
                        for at in 0..n {
                            let arrives = now + since + draw(Leg::Read, rng);
                            queue.push(arrives, Mail::Read(at));
                        }
                    }
                }
                Mail::Read(at) => {
                    let response = Mail::Response(has[at]);
                    queue.push(now + draw(Leg::Respond, rng), response);
                }
                Mail::Response(is_new) => {
                    responses += 1;
                    seen |= is_new && responses <= r;
                }
            }
        }
        fresh += u32::from(seen);
    }
    f64::from(fresh) / f64::from(runs.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Exponential legs, with these means in microseconds: of writes, and of the three others.
    fn exponential(writes: u64, others: u64) -> impl Fn(Leg, &mut Rng) -> Duration {
        move |leg, rng| {
            let mean = match leg {
                Leg::Write => writes,
                _ => others,
            };
            rng.exponential(Duration::from_micros(mean))
        }
    }

    /// PBS §5.3: N = 3 and R = W = 1, the three other legs exponential with a mean of 1 ms.
    #[test]
    fn the_model_gives_the_figures_of_its_paper() {
        let one = Replication { n: 3, r: 1, w: 1 };
        let mut rng = Rng::from_seed(1, 0xb5);
        let mut fresh = |writes, millis| {
            let since = Duration::from_millis(millis);
            wars(one, since, 40_000, &mut rng, exponential(writes, 1_000))
        };
        let fast = fresh(250, 0);
        assert!((0.92..0.96).contains(&fast), "{fast}");
        assert!(fresh(250, 1) > 0.997);
        let slow = fresh(10_000, 0);
        assert!((0.38..0.44).contains(&slow), "{slow}");
        assert!((0.997..1.0).contains(&fresh(10_000, 65)));
    }

    #[test]
    fn partial_quorums_are_as_fresh_as_the_model_says() {
        let mut rng = Rng::from_seed(2, 0xb5);
        for (n, r, w) in [
            (3, 1, 1),
            (3, 2, 1),
            (3, 1, 2),
            (5, 2, 2),
            (3, 2, 2),
            (3, 3, 1),
        ] {
            let replication = Replication { n, r, w };
            for millis in [0, 2, 10] {
                let since = Duration::from_millis(millis);
                let legs = exponential(8_000, 2_000);
                let model = wars(replication, since, 20_000, &mut rng, &legs);
                let measured = partial(replication, since, 20_000, &mut rng, &legs);
                assert!(
                    (model - measured).abs() < 0.02,
                    "{replication:?} {model} {measured}"
                );
                if r + w > n {
                    assert_eq!((model, measured), (1.0, 1.0));
                }
            }
        }
    }

    #[test]
    fn a_cut_costs_stale_answers_at_one_level_and_missing_ones_at_the_other() {
        let rows = run(1, 24, &mut |_| true);
        assert_eq!(rows.len(), TIMES.len());
        for row in &rows {
            let one = row.one_fresh + row.one_stale + row.one_refused;
            let quorum = row.quorum_fresh + row.quorum_stale + row.quorum_refused;
            assert!((one - 1.0).abs() < 1e-9 && (quorum - 1.0).abs() < 1e-9);
            assert_eq!(row.quorum_stale, 0.0, "{row:?}");
            assert_eq!(row.model_all_fresh, 1.0);
            assert!(
                (row.partial_fresh - row.model_fresh).abs() < 0.02,
                "{row:?}"
            );
            // A read that is under way when the cut heals may go either way.
            if row.ms + Setup::lesson().give_up_ms < HEALS_AFTER {
                // Two of three clients are on the side without the write.
                assert!(row.one_stale > 0.3 && row.one_fresh > 0.1, "{row:?}");
                assert!(
                    row.quorum_refused > 0.3 && row.quorum_fresh > 0.1,
                    "{row:?}"
                );
            }
        }
        let last = rows.last().unwrap();
        assert_eq!((last.one_fresh, last.quorum_fresh), (1.0, 1.0), "{last:?}");
    }
}
