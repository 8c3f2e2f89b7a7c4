//! The speed and cost of the core, measured: `cargo xtask bench core`.
//!
//! Rates are per second of this thread's processor time, where Linux tells it, so that other programs count less.
//! An event of a world is what `World::step` does once: the delivery of a message, or a node's timer.

mod ring;
mod seek;
mod traffic;

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use chordscope_core::base::id::Space;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant as Moment;
use chordscope_core::chord::ideal::IdealRing;
use chordscope_sim::worlds::ring::Watch;

use self::ring::{FEW, NODES, random_id};

/// Nodes of the ideal ring.
const IDEAL: usize = 1_000_000;
/// The time for which each rate is measured.
const MEASURE: Duration = Duration::from_secs(4);

fn main() {
    let json = std::env::args().any(|argument| argument == "--json");
    let mut figures = Vec::new();
    ideal(&mut figures);
    worlds(&mut figures);
    seek::measure(&mut figures);
    traffic::measure(&mut figures);
    if json {
        let fields: Vec<_> = figures
            .iter()
            .map(|(name, value, _)| format!("\"{name}\":{value:.3}"))
            .collect();
        println!("{{{}}}", fields.join(","));
        return;
    }
    for (name, value, unit) in figures {
        println!("{:<40} {value:>14.2} {unit}", name.replace('_', " "));
    }
}

type Figures = Vec<(&'static str, f64, &'static str)>;

fn ideal(figures: &mut Figures) {
    let mut rng = Rng::from_seed(1, 1);
    let ids: Vec<_> = (0..IDEAL).map(|_| random_id(&mut rng)).collect();
    let start = Stopwatch::start();
    let Ok(ring) = IdealRing::new(Space::FULL, ids) else {
        return;
    };
    let built = start.elapsed().as_secs_f64();
    figures.push(("ideal_ring_of_1000000_built", built, "s"));
    let (mut lookups, mut hops, start) = (0_u64, 0_u64, Stopwatch::start());
    while start.elapsed() < MEASURE {
        for _ in 0..1_000 {
            let at = usize::try_from(rng.below(IDEAL as u64)).unwrap_or_default();
            let key = random_id(&mut rng);
            hops += u64::from(ring.hops_to_predecessor(ring.ids()[at], key));
            lookups += 1;
        }
    }
    let rate = lookups as f64 / start.elapsed().as_secs_f64();
    figures.push(("ideal_ring_lookups", rate, "a second"));
    figures.push(("ideal_ring_hops", hops as f64 / lookups as f64, "a lookup"));
}

fn worlds(figures: &mut Figures) {
    // The first one's memory is used again by the others, so that only its own can be told.
    if let Some(big) = world(NODES, Watch::Nothing) {
        figures.push(("world_events", big.rate, "a second"));
        figures.push(("world_memory", big.memory, "KiB a node"));
        figures.push(("world_events_of_a_node", big.sent, "a virtual second"));
    }
    if let Some(watched) = world(NODES, Watch::Everything) {
        let name = "world_events_with_trace_and_checks";
        figures.push((name, watched.rate, "a second"));
    }
    if let Some(small) = world(FEW, Watch::Nothing) {
        figures.push(("world_events_of_100_nodes", small.rate, "a second"));
    }
}

/// The figures of a world.
struct Measured {
    /// Events a second.
    rate: f64,
    /// KiB a node.
    memory: f64,
    /// Events of a node in a virtual second.
    sent: f64,
}

fn world(nodes: usize, watch: Watch) -> Option<Measured> {
    let before = resident();
    let mut world = ring::world(nodes, watch)?;
    world.run_until(Moment::from_millis(ring::SETTLED));
    let memory = resident().saturating_sub(before) as f64 / nodes as f64 / 1024.0;
    let (mut events, begun, start) = (0_u64, world.now(), Stopwatch::start());
    while start.elapsed() < MEASURE {
        for _ in 0..1_000 {
            world.step();
        }
        events += 1_000;
    }
    let rate = events as f64 / start.elapsed().as_secs_f64();
    let virtual_seconds = world.now().since(begun).as_secs_f64();
    let sent = events as f64 / virtual_seconds / nodes as f64;
    Some(Measured { rate, memory, sent })
}

/// Time that this thread has run.
struct Stopwatch(Duration);

impl Stopwatch {
    fn start() -> Self {
        Self(Self::now())
    }

    fn elapsed(&self) -> Duration {
        Self::now().saturating_sub(self.0)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "measuring time is what this is for"
    )]
    fn now() -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
        let nanos = text.and_then(|text| text.split(' ').next()?.parse().ok());
        nanos.map_or_else(
            || START.get_or_init(Instant::now).elapsed(),
            Duration::from_nanos,
        )
    }
}

/// Bytes of memory in use, where Linux says so.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split(' ').nth(1)?.parse::<usize>().ok());
    pages.unwrap_or_default() * 4096
}
