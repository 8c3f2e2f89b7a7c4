//! Lookups under churn: nodes come and go, on whole nodes in a simulated network. ToN 2003 Table III.
//!
//! Paths and failures come out as in the paper, timeouts at a third of it: there a node checks its successor and one other
//! entry of its tables in a round, so that each of some 28 entries is refreshed every 14 minutes; here it takes its
//! successor's whole list over in that round, and a refresh covers every row with the same node, so that the six or seven
//! different fingers behind the list are refreshed every three minutes and a half.

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::ControlFlow;
use core::time::Duration;

use serde::Serialize;

use crate::engine::network::Latency;
use crate::experiment::{Hear, News, Progress, Tally, collect, pick, random_id, random_ring};
use crate::worlds::ring::action::Action;
use crate::worlds::ring::scenario::{Scenario, Upkeep};
use crate::worlds::ring::trace::LookupTrace;
use crate::worlds::ring::{RingWorld, Watch};
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::route::{Mode, Routing};
use chordscope_core::node::Node;
use chordscope_core::node::config::Config;

/// Length of the successor lists: twice the logarithm of 1,000.
const SUCCESSORS: u8 = 20;
/// Mean time of a message, in milliseconds.
const LATENCY: u32 = 50;
/// A node that does not answer for so long is taken as gone.
const TIMEOUT: Duration = Duration::from_millis(500);
/// Mean pause between two stabilizations, and between two finger refreshes, in milliseconds: 15 to 45 seconds.
const STABILIZE: u32 = 30_000;
const JITTER_PERCENT: u8 = 50;
/// The time for which the ring, perfect at first, gets used to churn before anything is counted: a node refreshes each of its some
/// ten fingers once in that time.
const SETTLE: Duration = Duration::from_secs(600);
/// The time that is counted at each rate, unless said otherwise: two hours, as in the experiment of SIGCOMM 2001 Fig. 12.
pub const COUNTED: Duration = Duration::from_secs(7_200);
/// The paper's rates, in hundredths of a node a second.
pub const RATES: [u8; 8] = [5, 10, 15, 20, 25, 30, 35, 40];
/// Lookups in 100 seconds.
const LOOKUPS: u64 = 100;

/// Lookups while so many nodes come and as many go.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ChurnRow {
    /// Nodes that join in a second, and nodes that leave in a second.
    pub rate: f64,
    /// Mean path length.
    pub mean_hops: f64,
    /// Mean number of nodes asked that were gone.
    pub mean_timeouts: f64,
    /// Lookups that did not find the key's successor.
    pub lookup_failures: u32,
    /// Lookups in all.
    pub lookups: u32,
}

/// ToN 2003 Table III.
pub const PAPER: [ChurnRow; 8] = [
    row(0.05, 3.90, 0.05, 0),
    row(0.10, 3.83, 0.11, 0),
    row(0.15, 3.84, 0.16, 2),
    row(0.20, 3.81, 0.23, 5),
    row(0.25, 3.83, 0.30, 6),
    row(0.30, 3.91, 0.34, 8),
    row(0.35, 3.94, 0.42, 16),
    row(0.40, 4.06, 0.46, 15),
];

const fn row(rate: f64, mean_hops: f64, mean_timeouts: f64, lookup_failures: u32) -> ChurnRow {
    ChurnRow {
        rate,
        mean_hops,
        mean_timeouts,
        lookup_failures,
        lookups: 10_000,
    }
}

/// The way in which nodes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Going {
    /// Nodes tell their neighbours, as in the paper.
    Leave,
    /// Nodes are gone without a word.
    Crash,
}

/// Iterative lookups of random keys by random nodes, one a second on average, while nodes join and go at random moments.
/// `rates` are in hundredths of a node a second, for both. A path's last hop is the one to the owner; the node before it
/// has the owner in its successor list.
pub fn run(
    seed: u64,
    nodes: u32,
    rates: &[u8],
    counted: Duration,
    going: Going,
    progress: Progress<'_>,
) -> Vec<ChurnRow> {
    collect(progress, |hear| {
        measure(seed, nodes, rates, counted, going, hear)
    })
}

/// The same, told row by row.
pub fn measure(
    seed: u64,
    nodes: u32,
    rates: &[u8],
    counted: Duration,
    going: Going,
    hear: Hear<'_, ChurnRow>,
) -> ControlFlow<()> {
    for (done, rate) in rates.iter().enumerate() {
        let Some(mut churn) = Churn::new(seed, nodes, *rate, going) else {
            return ControlFlow::Continue(());
        };
        let whole = SETTLE + counted;
        let end = Instant::ZERO + whole;
        while churn.world.now() < end {
            churn.go_on_to(churn.world.now() + whole / 100);
            let part = churn.world.now().as_millis() as f64 / end.as_millis() as f64;
            hear(News::Part((done as f64 + part) / rates.len() as f64))?;
        }
        hear(News::Row(churn.row()))?;
    }
    ControlFlow::Continue(())
}

/// One run.
struct Churn {
    world: RingWorld,
    rng: Rng,
    rate: u8,
    going: Going,
    /// The time at which a node joins or goes, or a lookup begins, next.
    next: Instant,
    /// Lookups under way.
    open: BTreeSet<(Id, u64)>,
    hops: Tally,
    timeouts: Tally,
    failures: u32,
}

impl Churn {
    fn new(seed: u64, nodes: u32, rate: u8, going: Going) -> Option<Self> {
        let mut rng = Rng::from_seed(seed, u64::from(rate));
        let ring = random_ring(nodes as usize, &mut rng)?;
        let mut scenario = Scenario::plain(Space::FULL, ring.ids().to_vec()).ok()?;
        scenario.successors = SUCCESSORS;
        scenario.latency = Latency::Exponential(LATENCY);
        scenario.upkeep = Some(Upkeep {
            stabilize_ms: STABILIZE,
            fingers_ms: STABILIZE,
            ..Upkeep::default()
        });
        let config = Config {
            list_routing: true,
            jitter_percent: JITTER_PERCENT,
            min_rto: TIMEOUT,
            retries: 0,
            // There are no records.
            repair: None,
            ..scenario.config()
        };
        let world = RingWorld::of_nodes(Arc::new(scenario), config, seed, Watch::Nothing).ok()?;
        Some(Self {
            next: world.now(),
            world,
            rng,
            rate,
            going,
            open: BTreeSet::new(),
            hops: Tally::default(),
            timeouts: Tally::default(),
            failures: 0,
        })
    }

    fn row(&self) -> ChurnRow {
        ChurnRow {
            rate: f64::from(self.rate) / 100.0,
            mean_hops: self.hops.mean(),
            mean_timeouts: self.timeouts.mean(),
            lookup_failures: self.failures,
            lookups: u32::try_from(self.timeouts.total).unwrap_or(u32::MAX),
        }
    }

    fn go_on_to(&mut self, end: Instant) {
        while self.next <= end {
            self.run_until(self.next);
            self.do_something();
            // Three streams of random events are one stream, of which each event belongs to one of them by chance.
            let rate = LOOKUPS + 2 * u64::from(self.rate);
            let gap = Duration::from_secs(100).as_micros() as u64 / rate;
            self.next += self.rng.exponential(Duration::from_micros(gap));
        }
        self.run_until(end);
    }

    fn run_until(&mut self, end: Instant) {
        while self.world.next_at().is_some_and(|at| at <= end) {
            self.world.step();
            self.count_ended();
        }
        self.world.run_until(end);
    }

    fn do_something(&mut self) {
        let rate = u64::from(self.rate);
        let draw = self.rng.below(LOOKUPS + 2 * rate);
        let members: Vec<Id> = members(&self.world).map(Node::id).collect();
        let Some(node) = pick(&members, &mut self.rng).copied() else {
            return;
        };
        let action = if draw < LOOKUPS {
            Action::Lookup {
                from: node,
                key: random_id(&mut self.rng),
                routing: Routing::Finger,
                mode: Mode::Iterative,
            }
        } else if draw < LOOKUPS + rate {
            Action::Insert(random_id(&mut self.rng))
        } else {
            match self.going {
                Going::Leave => Action::Remove(node),
                Going::Crash => Action::Crash(node),
            }
        };
        let looks_up = matches!(action, Action::Lookup { .. });
        // Everybody that is named is up, and the ring is never empty.
        let acted = self.world.act(action);
        if looks_up && acted.is_ok() {
            self.open
                .extend(self.world.lookups().last().map(|lookup| lookup.id));
            self.count_ended();
        }
    }

    /// Counts lookups that have just ended. Those whose origin has gone end nowhere, and are not counted.
    fn count_ended(&mut self) {
        if self.open.is_empty() {
            return;
        }
        let world = &self.world;
        self.open
            .retain(|(origin, _)| world.node(*origin).is_some());
        let ended =
            |lookup: &&LookupTrace| lookup.finished.is_some() && self.open.contains(&lookup.id);
        let ended: Vec<LookupTrace> = world.lookups().iter().filter(ended).cloned().collect();
        for lookup in ended {
            self.open.remove(&lookup.id);
            if lookup.started >= Instant::ZERO + SETTLE {
                self.count(&lookup);
            }
        }
    }

    fn count(&mut self, lookup: &LookupTrace) {
        self.timeouts.add(lookup.timeouts);
        if lookup.owner.is_some() && lookup.owner == self.successor(lookup.key) {
            let hops = lookup.path.len().saturating_sub(1);
            self.hops.add(u32::try_from(hops).unwrap_or(u32::MAX));
        } else {
            self.failures += 1;
        }
    }

    /// The member that a key belongs to at this moment.
    fn successor(&self, key: Id) -> Option<Id> {
        let mut ids = members(&self.world).map(Node::id);
        let first = ids.next()?;
        if first >= key {
            return Some(first);
        }
        Some(ids.find(|id| *id >= key).unwrap_or(first))
    }
}

/// The nodes that are in the ring.
fn members(world: &RingWorld) -> impl Iterator<Item = &Node> {
    world.nodes().filter(|node| node.membership().is_member())
}
