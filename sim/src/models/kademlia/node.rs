//! A Kademlia node as a state machine: buckets, lookups, entries that it keeps for others, and its own that it stores again in time.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use crate::models::kademlia::buckets::{Buckets, Seen};
use crate::models::kademlia::lookup::{Lookup, Visit};
use crate::models::kademlia::message::{Body, Message};
use crate::models::kademlia::{Config, bucket_of, distance};
use chordscope_core::base::id::Id;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;

/// The pause before the entries of a content whose lookup could not begin are stored again.
const AGAIN: Duration = Duration::from_secs(15);

/// The number of a lookup that a node began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LookupId(pub u64);

/// The traffic that a message belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// A lookup that the owner asked for, of the node of this id.
    Lookup(LookupId),
    /// Storing the node's own entries.
    Publish,
    /// Joining, refreshing buckets, signs of life.
    Upkeep,
}

/// An output: a task for the owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Deliver this message.
    Send {
        /// The receiver.
        to: Id,
        /// The message.
        message: Message,
        /// The traffic that it belongs to. Answers belong to that of their question, which the asker knows: `None`.
        traffic: Option<Traffic>,
    },
    /// An event, for the owner's information.
    Event(Event),
}

/// An event at a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The node has looked itself up, and knows its neighbourhood.
    Joined,
    /// A lookup that [`Node::find`] or [`Node::providers`] began has ended.
    Ended(LookupId, Report),
    /// The node's entry under this key was sent to so many nodes, itself included.
    Published(Id, usize),
    /// A node of a bucket gave way to another one.
    Evicted {
        /// The node that was there.
        old: Id,
        /// The node that is there now.
        new: Id,
    },
}

/// The outcome of a lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The id looked up.
    pub target: Id,
    /// The closest nodes that answered, the closest first; k at most. With the origin itself, where that is closer.
    pub closest: Vec<Id>,
    /// The providers, where a node had entries under the key.
    pub providers: Option<Vec<Id>>,
    /// The nodes asked, in order.
    pub visits: Vec<Visit>,
    /// The hops to the closest node, or to the one that had the entries; 0 for the origin itself.
    pub hops: u8,
    /// The node that had the entries.
    pub by: Option<Id>,
    /// The duration of the lookup.
    pub took: Duration,
    /// Whether the lookup ended before its deadline.
    pub complete: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// The owner wants the closest nodes.
    Find,
    /// The owner wants the providers.
    Providers,
    /// The node stores its own entry under the target.
    Publish,
    /// A bucket is refreshed.
    Refresh,
    /// The node looks for its place.
    Join,
}

#[derive(Clone, Debug)]
struct Running {
    lookup: Lookup,
    purpose: Purpose,
    began: Instant,
}

/// A question without an answer yet.
#[derive(Clone, Copy, Debug)]
struct Asked {
    to: Id,
    /// The lookup that it belongs to.
    lookup: Option<u64>,
    /// The time at which it counts as unanswered.
    due: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    /// A question is overdue.
    Answer(u64),
    /// A lookup's deadline is over.
    Deadline(u64),
    /// A bucket may have to be refreshed.
    Refresh,
    /// The entry under this key is stored again.
    Republish(Id),
    /// An entry that is kept for another node may have expired.
    Expire,
}

/// A Kademlia node.
#[derive(Clone, Debug)]
pub struct Node {
    me: Id,
    config: Arc<Config>,
    buckets: Buckets,
    /// The time at which each bucket is refreshed.
    due: Vec<Instant>,
    running: BTreeMap<u64, Running>,
    asked: BTreeMap<u64, Asked>,
    /// Entries by key: the providers, and when each expires.
    kept: BTreeMap<Id, BTreeMap<Id, Instant>>,
    /// The keys under which this node is a provider.
    provided: BTreeSet<Id>,
    timers: BTreeSet<(Instant, Timer)>,
    outputs: VecDeque<Output>,
    rng: Rng,
    last: u64,
}

impl Node {
    /// A node that knows no other. `rng` is its own stream of randomness.
    pub fn new(now: Instant, me: Id, config: Arc<Config>, mut rng: Rng) -> Self {
        let bits = usize::from(config.space.bits());
        let mut due = vec![now; bits];
        if let Some(refresh) = config.refresh {
            // Nodes that begin together do not refresh in step.
            for due in &mut due {
                *due = now + rng.duration(Duration::ZERO, refresh);
            }
        }
        Self {
            me,
            buckets: Buckets::new(me, config.space, config.k, config.stale_after),
            due,
            running: BTreeMap::new(),
            asked: BTreeMap::new(),
            kept: BTreeMap::new(),
            provided: BTreeSet::new(),
            timers: BTreeSet::new(),
            outputs: VecDeque::new(),
            rng,
            last: 0,
            config,
        }
    }

    // Commands.

    /// Fills the buckets with known nodes, for worlds that start stable: of each range the first k.
    pub fn settle(&mut self, now: Instant, known: impl IntoIterator<Item = Id>) {
        for node in known {
            let bucket = bucket_of(self.me, node).and_then(|number| self.buckets.bucket(number));
            if bucket.is_some_and(|bucket| bucket.entries().len() < self.config.k) {
                let _ = self.buckets.see(now, node);
            }
        }
        self.wait_to_refresh(now);
    }

    /// Joins through a known node: looks itself up, then refreshes all buckets farther away than its closest neighbour. §2.3.
    pub fn join(&mut self, now: Instant, via: Id) {
        let _ = self.buckets.see(now, via);
        self.start(now, self.me, Purpose::Join);
        self.wait_to_refresh(now);
    }

    /// Looks up the k nodes closest to an id; [`Event::Ended`] follows. `None` at the limit on lookups.
    pub fn find(&mut self, now: Instant, target: Id) -> Option<LookupId> {
        self.start(now, target, Purpose::Find).map(LookupId)
    }

    /// Looks up the providers under a key; [`Event::Ended`] follows. `None` at the limit on lookups.
    pub fn providers(&mut self, now: Instant, key: Id) -> Option<LookupId> {
        self.start(now, key, Purpose::Providers).map(LookupId)
    }

    /// Stores an entry of this node under a key, and again in time; `false` at the limit.
    pub fn provide(&mut self, now: Instant, key: Id) -> bool {
        if self.provided.len() >= self.config.limits.provided {
            return false;
        }
        if self.provided.insert(key) {
            self.timers.insert((now, Timer::Republish(key)));
        }
        true
    }

    /// Stores no entry under this key any more; those that are there expire.
    pub fn withdraw(&mut self, key: Id) {
        if self.provided.remove(&key) {
            self.timers
                .retain(|(_, timer)| *timer != Timer::Republish(key));
        }
    }

    // Inputs and outputs.

    /// Handles a message.
    pub fn handle_message(&mut self, now: Instant, from: Id, message: Message) {
        self.on_seen(now, from);
        let rpc = message.rpc;
        match message.body {
            Body::Ping => self.answer(from, rpc, Body::Pong),
            Body::FindNode(target) => {
                let nodes = self.named_to(from, target);
                self.answer(from, rpc, Body::Nodes(nodes));
            }
            Body::FindValue(key) => {
                let providers = self.kept_under(now, key);
                let answer = match providers.is_empty() {
                    true => Body::Nodes(self.named_to(from, key)),
                    false => Body::Values(providers),
                };
                self.answer(from, rpc, answer);
            }
            Body::Store(key) => {
                let kept = self.keep(now, key, from);
                self.answer(from, rpc, Body::Stored(kept));
            }
            Body::Pong | Body::Stored(_) => {
                self.answered(rpc, from);
            }
            Body::Nodes(nodes) => {
                if let Some(number) = self.answered(rpc, from).and_then(|asked| asked.lookup)
                    && let Some(running) = self.running.get_mut(&number)
                {
                    running.lookup.on_answer(now, from, &nodes);
                    self.go_on(now, number);
                }
            }
            Body::Values(providers) => {
                if let Some(number) = self.answered(rpc, from).and_then(|asked| asked.lookup)
                    && let Some(running) = self.running.get_mut(&number)
                    && running.purpose == Purpose::Providers
                {
                    running.lookup.on_answer(now, from, &[]);
                    self.end(now, number, Some((from, providers)), true);
                }
            }
        }
    }

    /// Handles all that is due. Calling early does nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((at, timer)) = self.timers.first().copied().filter(|(at, _)| *at <= now) {
            self.timers.remove(&(at, timer));
            match timer {
                Timer::Answer(rpc) => self.on_silence(now, rpc),
                Timer::Deadline(number) => self.end(now, number, None, false),
                Timer::Refresh => self.on_refresh(now),
                Timer::Republish(key) => self.on_republish(now, key),
                Timer::Expire => self.on_expire(now),
            }
        }
    }

    /// Returns the next output, which the owner must carry out in order, until `None`.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Returns the time to call [`Node::handle_timeout`] next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    // Views.

    /// The node's id.
    pub const fn id(&self) -> Id {
        self.me
    }

    /// Its buckets.
    pub const fn buckets(&self) -> &Buckets {
        &self.buckets
    }

    /// Returns the number of entries that it keeps for providers.
    pub fn entries(&self, now: Instant) -> usize {
        let all = self.kept.values().flat_map(BTreeMap::values);
        all.filter(|until| **until > now).count()
    }

    /// Returns the providers under a key that it keeps.
    pub fn kept_under(&self, now: Instant, key: Id) -> Vec<Id> {
        let kept = self.kept.get(&key).into_iter().flatten();
        let living = kept.filter(|(_, until)| **until > now);
        living.map(|(provider, _)| *provider).collect()
    }

    /// Returns the nodes that a lookup has asked so far, in order.
    pub fn visits(&self, lookup: LookupId) -> &[Visit] {
        let running = self.running.get(&lookup.0);
        running.map_or(&[], |running| running.lookup.visits())
    }

    // Questions and answers.

    fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn answer(&mut self, to: Id, rpc: u64, body: Body) {
        let message = Message { rpc, body };
        self.outputs.push_back(Output::Send {
            to,
            message,
            traffic: None,
        });
    }

    fn ask(&mut self, now: Instant, to: Id, body: Body, (lookup, traffic): (Option<u64>, Traffic)) {
        let rpc = self.number();
        let due = now + self.config.timeout;
        self.asked.insert(rpc, Asked { to, lookup, due });
        self.timers.insert((due, Timer::Answer(rpc)));
        let message = Message { rpc, body };
        self.outputs.push_back(Output::Send {
            to,
            message,
            traffic: Some(traffic),
        });
    }

    /// Takes the question of this number, if it was asked of this node.
    fn answered(&mut self, rpc: u64, from: Id) -> Option<Asked> {
        let asked = self.asked.get(&rpc).copied()?;
        if asked.to != from {
            return None;
        }
        self.timers.remove(&(asked.due, Timer::Answer(rpc)));
        self.asked.remove(&rpc)
    }

    fn on_silence(&mut self, now: Instant, rpc: u64) {
        let Some(asked) = self.asked.remove(&rpc) else {
            return;
        };
        if let Some(new) = self.buckets.fail(now, asked.to) {
            let evicted = Event::Evicted { old: asked.to, new };
            self.outputs.push_back(Output::Event(evicted));
        }
        if let Some(number) = asked.lookup
            && let Some(running) = self.running.get_mut(&number)
        {
            running.lookup.on_silence(asked.to);
            self.go_on(now, number);
        }
    }

    fn on_seen(&mut self, now: Instant, from: Id) {
        match self.buckets.see(now, from) {
            Seen::Probe(oldest) => self.ask(now, oldest, Body::Ping, (None, Traffic::Upkeep)),
            Seen::Replaced(old) => {
                let evicted = Event::Evicted { old, new: from };
                self.outputs.push_back(Output::Event(evicted));
            }
            Seen::Known | Seen::Added | Seen::Waits => {}
        }
    }

    /// The nodes that are named to one that asks: it is not told of itself.
    fn named_to(&self, asker: Id, target: Id) -> Vec<Id> {
        let mut nodes = self.buckets.closest(target, self.config.k + 1);
        nodes.retain(|node| *node != asker);
        nodes.truncate(self.config.k);
        nodes
    }

    // Lookups.

    fn start(&mut self, now: Instant, target: Id, purpose: Purpose) -> Option<u64> {
        if self.running.len() >= self.config.limits.lookups {
            return None;
        }
        if let Some(number) = bucket_of(self.me, target) {
            self.touch(now, number);
        }
        let number = self.number();
        let known = self.buckets.closest(target, self.config.k);
        let (k, alpha) = (self.config.k, self.config.alpha);
        let lookup = Lookup::new(self.me, target, k, alpha, &known);
        let running = Running {
            lookup,
            purpose,
            began: now,
        };
        self.running.insert(number, running);
        self.timers
            .insert((now + self.config.deadline, Timer::Deadline(number)));
        let own = match purpose {
            Purpose::Providers => self.kept_under(now, target),
            _ => Vec::new(),
        };
        match own.is_empty() {
            true => self.go_on(now, number),
            false => self.end(now, number, Some((self.me, own)), true),
        }
        Some(number)
    }

    fn go_on(&mut self, now: Instant, number: u64) {
        let Some(running) = self.running.get_mut(&number) else {
            return;
        };
        if running.lookup.is_done() {
            return self.end(now, number, None, true);
        }
        let target = running.lookup.target();
        let (body, traffic) = match running.purpose {
            Purpose::Find => (Body::FindNode(target), Traffic::Lookup(LookupId(number))),
            Purpose::Providers => (Body::FindValue(target), Traffic::Lookup(LookupId(number))),
            Purpose::Publish => (Body::FindNode(target), Traffic::Publish),
            Purpose::Refresh | Purpose::Join => (Body::FindNode(target), Traffic::Upkeep),
        };
        for node in running.lookup.next(now) {
            self.ask(now, node, body.clone(), (Some(number), traffic));
        }
    }

    fn end(&mut self, now: Instant, number: u64, found: Option<(Id, Vec<Id>)>, complete: bool) {
        let Some(running) = self.running.remove(&number) else {
            return;
        };
        let due = running.began + self.config.deadline;
        self.timers.remove(&(due, Timer::Deadline(number)));
        let target = running.lookup.target();
        let mut closest = running.lookup.closest();
        match running.purpose {
            Purpose::Find | Purpose::Providers => {
                self.add_me(target, &mut closest);
                let by = found.as_ref().map(|(by, _)| *by);
                let reached = by.or_else(|| closest.first().copied());
                let hops = reached.and_then(|node| running.lookup.depth(node));
                let report = Report {
                    target,
                    closest,
                    providers: found.map(|(_, providers)| providers),
                    visits: running.lookup.visits().to_vec(),
                    hops: hops.unwrap_or(0),
                    by,
                    took: now.since(running.began),
                    complete,
                };
                let ended = Event::Ended(LookupId(number), report);
                self.outputs.push_back(Output::Event(ended));
            }
            Purpose::Publish => {
                self.add_me(target, &mut closest);
                self.store_at(now, target, &closest);
            }
            Purpose::Refresh => {}
            Purpose::Join => {
                let nearest = self.buckets.lowest().unwrap_or(0);
                for bucket in nearest.saturating_add(1)..self.config.space.bits() {
                    self.refresh(now, bucket);
                }
                self.outputs.push_back(Output::Event(Event::Joined));
            }
        }
    }

    /// Puts this node among the closest, where it is one of them.
    fn add_me(&self, target: Id, closest: &mut Vec<Id>) {
        let place =
            closest.partition_point(|node| distance(*node, target) < distance(self.me, target));
        closest.insert(place, self.me);
        closest.truncate(self.config.k);
    }

    // Upkeep.

    /// Takes note of a lookup in the range of a bucket.
    fn touch(&mut self, now: Instant, bucket: u8) {
        if let (Some(refresh), Some(due)) =
            (self.config.refresh, self.due.get_mut(usize::from(bucket)))
        {
            *due = now + self.rng.duration(refresh * 3 / 4, refresh * 5 / 4);
        }
    }

    /// The buckets that are refreshed: from that of the closest neighbour on. Those below it are empty, and are looked up with it.
    fn refreshed(&self) -> impl Iterator<Item = (u8, Instant)> {
        let lowest = usize::from(self.buckets.lowest().unwrap_or(u8::MAX));
        let due = (0..).zip(self.due.iter().copied());
        due.skip(lowest)
    }

    fn wait_to_refresh(&mut self, now: Instant) {
        if self.config.refresh.is_none() {
            return;
        }
        self.timers.retain(|(_, timer)| *timer != Timer::Refresh);
        let next = self.refreshed().map(|(_, due)| due).min();
        // While no other node is known, there is nobody to ask.
        let idle = now + self.config.refresh.unwrap_or(self.config.deadline);
        self.timers
            .insert((next.unwrap_or(idle).max(now), Timer::Refresh));
    }

    fn on_refresh(&mut self, now: Instant) {
        let due: Vec<u8> = self
            .refreshed()
            .filter(|(_, due)| *due <= now)
            .map(|(number, _)| number)
            .collect();
        for bucket in due {
            self.refresh(now, bucket);
            // Also where the lookup could not begin.
            self.touch(now, bucket);
        }
        self.wait_to_refresh(now);
    }

    /// Looks up a random id in the range of a bucket.
    fn refresh(&mut self, now: Instant, bucket: u8) {
        let mut away = [0; 20];
        self.rng.fill(&mut away);
        let (byte, bit) = (19 - usize::from(bucket / 8), bucket % 8);
        away[..byte].fill(0);
        away[byte] &= (1_u8 << bit) - 1;
        away[byte] |= 1 << bit;
        let target = distance(self.me, Id::from_bytes(away));
        self.start(now, target, Purpose::Refresh);
    }

    // Entries.

    fn on_republish(&mut self, now: Instant, key: Id) {
        if !self.provided.contains(&key) {
            return;
        }
        let every = self.config.republish;
        let begun = !self.buckets.is_empty() && self.start(now, key, Purpose::Publish).is_some();
        let wait = match begun {
            true => self.rng.duration(every * 3 / 4, every * 5 / 4),
            false => AGAIN.min(every),
        };
        self.timers.insert((now + wait, Timer::Republish(key)));
    }

    fn store_at(&mut self, now: Instant, key: Id, nodes: &[Id]) {
        for node in nodes {
            if *node == self.me {
                self.keep(now, key, self.me);
            } else {
                self.ask(now, *node, Body::Store(key), (None, Traffic::Publish));
            }
        }
        let published = Event::Published(key, nodes.len());
        self.outputs.push_back(Output::Event(published));
    }

    /// Keeps an entry; `false` at a limit.
    fn keep(&mut self, now: Instant, key: Id, provider: Id) -> bool {
        let limits = self.config.limits;
        let is_full = self.kept.len() >= limits.keys && !self.kept.contains_key(&key);
        if is_full {
            return false;
        }
        let until = now + self.config.lifetime;
        let entries = self.kept.entry(key).or_default();
        if entries.len() >= limits.providers && !entries.contains_key(&provider) {
            return false;
        }
        entries.insert(provider, until);
        let mut timers = self.timers.iter();
        if !timers.any(|(_, timer)| *timer == Timer::Expire) {
            self.timers.insert((until, Timer::Expire));
        }
        true
    }

    fn on_expire(&mut self, now: Instant) {
        for entries in self.kept.values_mut() {
            entries.retain(|_, until| *until > now);
        }
        self.kept.retain(|_, entries| !entries.is_empty());
        let next = self.kept.values().flat_map(BTreeMap::values).min().copied();
        if let Some(next) = next {
            self.timers.insert((next, Timer::Expire));
        }
    }
}
