//! Distribution time of a file to all members: by a swarm, by swarms that pick at random or in order, from one server, and at
//! best.
//!
//! A round is the time in which one uplink sends one segment. With uplinks all alike, nothing gets S segments to N nodes in
//! fewer than S + ⌊log₂ N⌋ rounds (Mundinger, Weber and Weiss 2008, Theorem 1).

use alloc::vec;
use alloc::vec::Vec;
use core::ops::ControlFlow;
use core::time::Duration;

use serde::Serialize;

use crate::experiment::{Hear, News, Progress, collect};
use crate::worlds::swarm::{Client, Rates, Setup, SwarmWorld, Way, member};
use chordscope_core::base::time::Instant;
use chordscope_core::swarm::picker::Order;

/// The numbers of nodes that fetch.
pub const SIZES: [u32; 4] = [8, 16, 32, 64];
/// The number of segments of the file: enough that beginning and end, some fifty rounds for 64 nodes, do not count for more than
/// what lies between.
pub const SEGMENTS: u32 = 256;
/// Bytes of a segment.
const SEGMENT: u64 = 64 * 1024;
/// Bytes a second of each uplink.
const UP: u64 = 1024 * 1024;
/// The latency from any node to any other.
const LATENCY: Duration = Duration::from_millis(5);
/// Micros in a round.
const ROUND: u64 = SEGMENT * 1_000_000 / UP;
/// The ways in which the file is sent to all: by the rarest segment first, at random, in order; and by one server.
const WAYS: [(Order, bool); 4] = [
    (Order::RarestFirst, false),
    (Order::Random, false),
    (Order::From(0), false),
    (Order::RarestFirst, true),
];
/// The virtual time between two reports of progress.
const SLICE: Duration = Duration::from_secs(1);
/// The virtual time at which a run is given up.
const END: Instant = Instant::from_millis(24 * 3_600_000);

/// One number of nodes that fetch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SwarmRow {
    /// Nodes that fetch.
    pub leechers: u32,
    /// Segments of the file.
    pub segments: u32,
    /// Rounds until all members have everything, at best.
    pub optimal_rounds: u32,
    /// Rounds that the swarm took.
    pub makespan_rounds: f64,
    /// Rounds that a swarm took which picks segments at random.
    pub random_rounds: f64,
    /// Rounds that a swarm took in which all fetch from the first segment on.
    pub sequential_rounds: f64,
    /// Rounds that one server took which sends everything to all.
    pub server_rounds: f64,
    /// The number of times that the first seed sent the file, in the swarm.
    pub seed_copies: f64,
}

/// Sends a file to these numbers of nodes. A run that does not end in a day gives no row.
pub fn run(seed: u64, sizes: &[u32], segments: u32, progress: Progress<'_>) -> Vec<SwarmRow> {
    collect(progress, |hear| measure(seed, sizes, segments, hear))
}

/// The same, told row by row.
pub fn measure(
    seed: u64,
    sizes: &[u32],
    segments: u32,
    hear: Hear<'_, SwarmRow>,
) -> ControlFlow<()> {
    let all: f64 = sizes.iter().map(|leechers| f64::from(*leechers)).sum();
    let mut done = 0.0;
    for leechers in sizes {
        let share = f64::from(*leechers) / all / WAYS.len() as f64;
        let mut worlds = Vec::new();
        for (order, is_server) in WAYS {
            let mut arrived = |part: f64| hear(News::Part((done + part * share).min(1.0)));
            worlds.extend(spread(
                seed,
                *leechers,
                segments,
                (order, is_server),
                &mut arrived,
            )?);
            done += share;
        }
        let [swarm, random, sequential, server] = &worlds[..] else {
            continue;
        };
        hear(News::Row(SwarmRow {
            leechers: *leechers,
            segments,
            optimal_rounds: segments + leechers.checked_ilog2().unwrap_or(0),
            makespan_rounds: rounds(swarm),
            random_rounds: rounds(random),
            sequential_rounds: rounds(sequential),
            server_rounds: rounds(server),
            seed_copies: swarm.sent(member(0)) as f64 / length(segments) as f64,
        }))?;
    }
    hear(News::Part(1.0))
}

fn length(segments: u32) -> u64 {
    u64::from(segments) * SEGMENT
}

fn rounds(world: &SwarmWorld) -> f64 {
    world.now().as_micros() as f64 / ROUND as f64
}

/// Sends the file to all in one way; `None` when that does not end in a day. `arrived` hears the part that has been sent of what is to
/// be sent to all.
fn spread(
    seed: u64,
    leechers: u32,
    segments: u32,
    (order, is_server): (Order, bool),
    arrived: &mut dyn FnMut(f64) -> ControlFlow<()>,
) -> ControlFlow<(), Option<SwarmWorld>> {
    let clients = vec![Client::default(); leechers as usize];
    let rates = Rates::up(UP);
    let setup = Setup {
        seed,
        latency: LATENCY,
        order,
        way: if is_server { Way::Server } else { Way::Swarm },
        seed_rates: rates,
        ..Setup::of(length(segments), clients).with_rates(rates)
    };
    let Some(mut world) = SwarmWorld::new(setup) else {
        return ControlFlow::Continue(None);
    };
    let whole = (u64::from(leechers) * length(segments)).max(1);
    let mut until = Instant::ZERO;
    while !world.is_complete() && until < END {
        until += SLICE;
        world.run_until(until.min(END));
        let sent: u64 = (0..=u64::from(leechers))
            .map(|number| world.sent(member(number)))
            .sum();
        arrived((sent as f64 / whole as f64).min(1.0))?;
    }
    ControlFlow::Continue(world.is_complete().then_some(world))
}
