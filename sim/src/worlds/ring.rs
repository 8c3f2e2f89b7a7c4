//! The world of a ring: nodes, the network between them, and one queue of future events.

mod act;
pub mod action;
mod alarms;
mod birth;
pub mod builtin;
mod delivery;
mod directory;
mod faults;
mod following;
pub mod forecast;
pub mod kind;
pub mod permalink;
mod population;
pub mod scenario;
pub mod trace;
pub mod volume;
mod watch;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::engine::malformed::Malformed;
use crate::engine::queue::Queue;
use crate::engine::trace::Trace;
use crate::engine::{Timed, World, history, run};
use crate::worlds::ring::action::{Action, ActionError};
use crate::worlds::ring::faults::Faults;
use crate::worlds::ring::forecast::Forecast;
use crate::worlds::ring::kind::Kind;
use crate::worlds::ring::population::Population;
use crate::worlds::ring::scenario::Scenario;
use crate::worlds::ring::trace::{Entry, LookupTrace, Parcel, Traffic, What};
use crate::worlds::ring::volume::Scales;
use chordscope_core::base::contact::Contact;
use chordscope_core::base::digest::Digest;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::ideal::IdealRing;
use chordscope_core::chord::invariant::Health;
use chordscope_core::message::Message;
use chordscope_core::node::Node;
use chordscope_core::node::api::Output;
use chordscope_core::node::config::Config;
use chordscope_core::store::group::{Control, Entry as GroupEntry};
use data_encoding::HEXLOWER;

/// The number of lookups that a world remembers.
pub const MAX_LOOKUPS: usize = 64;
/// The most nodes of a world that is judged after every event unless asked for.
const MAX_JUDGED: usize = 512;
/// Streams of one seed: the network's own, then one for each node.
const NETWORK_STREAM: u64 = 0;
/// The memory that a node takes with its tables, roughly.
const NODE_BYTES: usize = 6 << 10;
/// The time that a node waits before it tries to join again.
const JOIN_AGAIN: Duration = Duration::from_millis(1_000);

/// The closeness with which a world is watched. It makes no difference to what happens in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// No watch at all: no trace, no digest, no lookups to look at. For speed.
    Nothing,
    /// Every message and every event of a node is recorded.
    Trace,
    /// The trace, and after every event that may have changed it, whether the ring is sound.
    Everything,
}

/// A simulated network. A clone is a checkpoint.
#[derive(Clone, Debug)]
pub struct RingWorld {
    scenario: Arc<Scenario>,
    /// The configuration of every node.
    config: Arc<Config>,
    seed: u64,
    now: Instant,
    rng: Rng,
    population: Population,
    queue: Queue<Coming>,
    next_parcel: u64,
    births: u64,
    trace: Trace<What>,
    digest: Digest,
    /// Empty between steps: where entries are written for the digest.
    writing: Vec<u8>,
    lookups: Vec<LookupTrace>,
    /// Changes of membership that are taken together, oldest first.
    forecasts: Vec<Arc<Forecast>>,
    health: Health,
    watch: Watch,
    violations: u64,
    sent: Sent,
    scales: Option<Scales>,
    /// Nodes that the others cannot reach, and that cannot reach them.
    cut_off: BTreeSet<Id>,
    faults: Faults,
    /// The saved state of groups of nodes that are down. One that comes back must not have forgotten what it promised.
    disks: BTreeMap<Id, (Control, Vec<GroupEntry>)>,
    /// Empty between steps: the node that is called puts what it wants in here, as long as its own list has no room yet.
    outputs: VecDeque<Output>,
}

/// A history of a ring.
pub type History = history::History<RingWorld>;
/// A run of a ring.
pub type Run = run::Run<RingWorld>;

/// The number of messages that were sent, by the traffic that they belong to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// The messages of lookups that a person asked for.
    pub lookup: u64,
    /// The messages about records.
    pub records: u64,
    /// The messages of upkeep: overhead.
    pub upkeep: u64,
}

/// A future event.
#[derive(Clone, Debug)]
enum Coming {
    Arrival(Arrival),
    JoinAgain(Id),
    /// A node hears that its link to another is closed.
    Closed {
        node: Id,
        other: Id,
    },
}

/// A message in flight.
#[derive(Clone, Debug)]
struct Arrival {
    /// As [`Parcel::number`].
    number: u64,
    from: Contact,
    to: Id,
    sent: Instant,
    arrives: Instant,
    /// A lookup that a person asked for, which few messages belong to.
    lookup: Option<Box<(Id, u64)>>,
    traffic: Traffic,
    message: Message,
    /// The bytes on the wire; 0 where they are not counted.
    bytes: u64,
    /// True if the message has come through its receiver's line.
    received: bool,
    /// True if the message arrives corrupted.
    corrupted: bool,
}

impl Arrival {
    /// The message as the trace has it.
    fn parcel(&self) -> Parcel {
        Parcel {
            number: self.number,
            from: self.from.id(),
            to: self.to,
            sent: self.sent,
            arrives: self.arrives,
            kind: Kind::of(&self.message),
            traffic: self.traffic,
            lookup: self.lookup.as_deref().copied(),
        }
    }
}

impl RingWorld {
    /// The world of a scenario at time zero: a stable ring. The scenario's actions are left to a [`Run`](crate::engine::run::Run). Small
    /// worlds are watched for soundness, too.
    ///
    /// # Errors
    /// [`Malformed`] when the scenario's nodes make no ring.
    pub fn new(scenario: Arc<Scenario>, seed: u64) -> Result<Self, Malformed> {
        let watch = match scenario.nodes.len() <= MAX_JUDGED {
            true => Watch::Everything,
            false => Watch::Trace,
        };
        Self::watched(scenario, seed, watch)
    }

    /// As [`RingWorld::new`], but watched as closely as said.
    ///
    /// # Errors
    /// [`Malformed`] when the scenario's nodes make no ring.
    pub fn watched(scenario: Arc<Scenario>, seed: u64, watch: Watch) -> Result<Self, Malformed> {
        let config = scenario.config();
        Self::of_nodes(scenario, config, seed, watch)
    }

    /// As [`RingWorld::watched`], with nodes whose choices are not the scenario's.
    ///
    /// # Errors
    /// [`Malformed`] when the scenario's nodes make no ring.
    pub fn of_nodes(
        scenario: Arc<Scenario>,
        config: Config,
        seed: u64,
        watch: Watch,
    ) -> Result<Self, Malformed> {
        let mut world = Self {
            config: Arc::new(config),
            seed,
            now: Instant::ZERO,
            rng: Rng::from_seed(seed, NETWORK_STREAM),
            population: Population::default(),
            queue: Queue::new(),
            next_parcel: 0,
            births: 0,
            trace: Trace::default(),
            digest: Digest::new("chordscope v2 simulation trace"),
            writing: Vec::new(),
            lookups: Vec::new(),
            forecasts: Vec::new(),
            health: Health::default(),
            watch,
            violations: 0,
            sent: Sent::default(),
            scales: None,
            cut_off: BTreeSet::new(),
            faults: Faults::default(),
            disks: BTreeMap::new(),
            outputs: VecDeque::new(),
            scenario,
        };
        world.settle()?;
        Ok(world)
    }

    /// The scenario it runs.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The seed that all its randomness comes from.
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// The address space.
    pub fn space(&self) -> Space {
        self.scenario.space
    }

    /// The virtual time.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// Returns the time of the next event.
    pub fn next_at(&self) -> Option<Instant> {
        let alarm = self.population.first_alarm().map(|(at, _)| at);
        self.queue.first().into_iter().chain(alarm).min()
    }

    /// Lets the next thing happen; `false` when nothing is ahead.
    pub fn step(&mut self) -> bool {
        self.step_until(Instant::from_micros(u64::MAX))
    }

    /// Lets the next thing happen, if it happens by this time.
    fn step_until(&mut self, end: Instant) -> bool {
        let arrival = self.queue.first();
        let alarm = self.population.first_alarm();
        let next = arrival.into_iter().chain(alarm.map(|(at, _)| at)).min();
        let Some(at) = next.filter(|at| *at <= end) else {
            return false;
        };
        self.now = self.now.max(at);
        match (self.queue.pop_until(at), alarm) {
            (Some(coming), _) => self.happen(coming),
            (None, Some((at, slot))) => self.wake(at, slot),
            (None, None) => {}
        }
        self.judge_health();
        true
    }

    /// Lets everything happen up to a time, and sets the clock to it.
    pub fn run_until(&mut self, end: Instant) {
        while self.step_until(end) {}
        self.now = self.now.max(end);
    }

    /// The nodes that are up, in ascending order of their ids.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.population.iter()
    }

    /// A node that is up.
    pub fn node(&self, id: Id) -> Option<&Node> {
        self.population.get(id)
    }

    /// The messages in flight, earliest arrival first.
    pub fn in_flight(&self) -> impl Iterator<Item = Parcel> {
        self.queue.iter().filter_map(|coming| match coming {
            Coming::Arrival(arrival) => Some(arrival.parcel()),
            Coming::JoinAgain(_) | Coming::Closed { .. } => None,
        })
    }

    /// The lookups that a person asked for, oldest first; the last [`MAX_LOOKUPS`].
    pub fn lookups(&self) -> &[LookupTrace] {
        &self.lookups
    }

    /// Returns the health of the ring, judged from outside.
    pub const fn health(&self) -> &Health {
        &self.health
    }

    /// Returns the number of times that a property that must never break was found broken.
    pub const fn violations(&self) -> u64 {
        self.violations
    }

    /// Returns the number of messages that were sent.
    pub const fn sent(&self) -> Sent {
        self.sent
    }

    /// Returns the number of trace entries so far.
    pub const fn events(&self) -> u64 {
        self.trace.count()
    }

    /// The index of the newest entry.
    const fn last_index(&self) -> u64 {
        self.trace.count().saturating_sub(1)
    }

    /// The entries since the last call, the newest 65,536 at most.
    pub fn take_trace(&mut self) -> Vec<Entry> {
        self.trace.take()
    }

    /// The digest of the whole trace so far, as 64 hexadecimal digits: the same seed and actions give the same digest on
    /// every machine. It covers the typed content of the entries and none of the
    /// words that describe them.
    pub fn digest(&self) -> String {
        HEXLOWER.encode(&self.digest.finish())
    }

    /// The ring as it ought to be with the nodes that are up.
    pub fn ideal(&self) -> Option<IdealRing> {
        IdealRing::new(self.space(), self.population.ids().collect()).ok()
    }

    /// Adds to the trace, if the world is watched. Only the newest entries wait to be taken.
    fn record(&mut self, cause: Option<u64>, what: impl FnOnce() -> What) {
        if self.watch == Watch::Nothing {
            return;
        }
        let entry = self.trace.record(self.now, cause, what());
        entry.encode(&mut self.writing);
        self.digest.absorb(&self.writing);
        self.writing.clear();
    }
}

impl World for RingWorld {
    type Setup = Scenario;
    type Action = Action;
    type Refusal = ActionError;
    type What = What;

    fn begin(setup: &Arc<Scenario>, seed: u64) -> Result<Self, Malformed> {
        Self::new(Arc::clone(setup), seed)
    }

    fn plan(setup: &Scenario) -> &[Timed<Action>] {
        &setup.actions
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn next_at(&self) -> Option<Instant> {
        self.next_at()
    }

    fn step_until(&mut self, end: Instant) -> bool {
        self.step_until(end)
    }

    fn rest_until(&mut self, to: Instant) {
        self.now = self.now.max(to);
    }

    fn act(&mut self, action: Action) -> Result<(), ActionError> {
        self.act(action)
    }

    fn take_trace(&mut self) -> Vec<Entry> {
        self.take_trace()
    }

    fn events(&self) -> u64 {
        self.trace.count()
    }

    fn trace_digest(&self) -> [u8; 32] {
        self.digest.finish()
    }

    fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.population.len() * NODE_BYTES
            + self.queue.len() * size_of::<Arrival>()
    }

    fn is_notable(what: &What) -> bool {
        what.is_notable()
    }

    fn describe(&self, action: &Action) -> String {
        action.describe(self.space())
    }
}

#[cfg(test)]
mod tests;
