//! Kademlia nodes among one another, against what the paper says of them and against all nodes by brute force.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_sim::models::kademlia::message::{Body, Message};
use chordscope_sim::models::kademlia::node::{Event, Node, Output, Report};
use chordscope_sim::models::kademlia::{Config, bucket_of, distance};

/// Nodes whose messages take 20 to 80 ms.
struct Net {
    config: Arc<Config>,
    nodes: BTreeMap<Id, Node>,
    queue: BTreeMap<(Instant, u64), (Id, Id, Message)>,
    alarms: BTreeSet<(Instant, Id)>,
    now: Instant,
    rng: Rng,
    sent: u64,
    births: u64,
    ended: BTreeMap<(Id, u64), Report>,
    evicted: Vec<(Id, Id, Id)>,
}

impl Net {
    fn new(config: Config, seed: u64) -> Self {
        Self {
            config: Arc::new(config),
            nodes: BTreeMap::new(),
            queue: BTreeMap::new(),
            alarms: BTreeSet::new(),
            now: Instant::ZERO,
            rng: Rng::from_seed(seed, 0),
            sent: 0,
            births: 0,
            ended: BTreeMap::new(),
            evicted: Vec::new(),
        }
    }

    /// A net of so many nodes whose buckets are as full as can be.
    fn complete(config: Config, nodes: usize, seed: u64) -> Self {
        let mut net = Self::new(config, seed);
        while net.nodes.len() < nodes {
            net.bear();
        }
        let mut all: Vec<Id> = net.nodes.keys().copied().collect();
        for id in all.clone() {
            for at in (1..all.len()).rev() {
                let other = net.rng.below(at as u64 + 1) as usize;
                all.swap(at, other);
            }
            let now = net.now;
            net.nodes.get_mut(&id).unwrap().settle(now, all.clone());
            net.drain(id);
        }
        net
    }

    fn bear(&mut self) -> Id {
        self.births += 1;
        let mut bytes = [0; 20];
        self.rng.fill(&mut bytes);
        let id = self.config.space.truncate(bytes);
        let rng = Rng::from_seed(self.births, 99);
        let node = Node::new(self.now, id, Arc::clone(&self.config), rng);
        self.nodes.insert(id, node);
        id
    }

    fn any(&mut self) -> Id {
        let at = self.rng.below(self.nodes.len() as u64) as usize;
        *self.nodes.keys().nth(at).unwrap()
    }

    fn random_id(&mut self) -> Id {
        let mut bytes = [0; 20];
        self.rng.fill(&mut bytes);
        self.config.space.truncate(bytes)
    }

    fn drain(&mut self, id: Id) {
        while let Some(output) = self.nodes.get_mut(&id).and_then(Node::poll_output) {
            match output {
                Output::Send { to, message, .. } => {
                    self.sent += 1;
                    let low = Duration::from_millis(20);
                    let at = self.now + self.rng.duration(low, 4 * low);
                    self.queue.insert((at, self.sent), (id, to, message));
                }
                Output::Event(Event::Ended(lookup, report)) => {
                    self.ended.insert((id, lookup.0), report);
                }
                Output::Event(Event::Evicted { old, new }) => self.evicted.push((id, old, new)),
                Output::Event(_) => {}
            }
        }
        // A time that is not wanted any more does no harm: to be called early does nothing.
        let due = self.nodes.get(&id).and_then(Node::poll_timeout);
        self.alarms.extend(due.map(|due| (due, id)));
    }

    fn run_until(&mut self, end: Instant) {
        loop {
            let message = self.queue.keys().next().map(|(at, _)| *at);
            let timer = self.alarms.first().copied();
            let next = message.into_iter().chain(timer.map(|(at, _)| at)).min();
            let Some(next) = next.filter(|at| *at <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(next);
            let id = if message == Some(next) {
                let (_, (from, to, message)) = self.queue.pop_first().unwrap();
                if let Some(node) = self.nodes.get_mut(&to) {
                    node.handle_message(self.now, from, message);
                }
                to
            } else {
                let (_, id) = self.alarms.pop_first().unwrap();
                if let Some(node) = self.nodes.get_mut(&id) {
                    node.handle_timeout(self.now);
                }
                id
            };
            self.drain(id);
        }
    }

    fn pass(&mut self, secs: u64) {
        let end = self.now + Duration::from_secs(secs);
        self.run_until(end);
    }

    /// Looks an id up from a node, and waits for the outcome.
    fn find(&mut self, from: Id, target: Id) -> Report {
        let node = self.nodes.get_mut(&from).unwrap();
        let number = node.find(self.now, target).unwrap();
        self.wait(from, number.0)
    }

    fn providers(&mut self, from: Id, key: Id) -> Report {
        let node = self.nodes.get_mut(&from).unwrap();
        let number = node.providers(self.now, key).unwrap();
        self.wait(from, number.0)
    }

    fn wait(&mut self, from: Id, number: u64) -> Report {
        self.drain(from);
        loop {
            if let Some(report) = self.ended.remove(&(from, number)) {
                return report;
            }
            let step = self.now + Duration::from_millis(10);
            self.run_until(step);
        }
    }

    /// The closest living nodes, by brute force.
    fn closest(&self, target: Id, count: usize) -> Vec<Id> {
        let mut all: Vec<Id> = self.nodes.keys().copied().collect();
        all.sort_by_key(|id| distance(*id, target));
        all.truncate(count);
        all
    }

    /// The invariants of every node's buckets: at most k nodes, each in the bucket of its distance, never itself; and no range empty
    /// that living nodes are in, where tables are said to be complete.
    fn check_buckets(&self, complete: bool) {
        for (id, node) in &self.nodes {
            for (number, bucket) in node.buckets().iter() {
                assert!(bucket.entries().len() <= self.config.k);
                for entry in bucket.entries() {
                    assert_eq!(bucket_of(*id, entry.node), Some(number));
                }
                let there = self.nodes.keys();
                let there = there.filter(|other| bucket_of(*id, **other) == Some(number));
                if complete {
                    let wanted = there.count().min(self.config.k);
                    assert_eq!(bucket.entries().len(), wanted, "{id:?} {number}");
                }
            }
        }
    }
}

fn config(bits: u8, k: usize) -> Config {
    Config {
        k,
        timeout: Duration::from_millis(400),
        ..Config::published(Space::new(bits).unwrap())
    }
}

#[test]
fn with_complete_tables_a_lookup_ends_at_the_k_closest_nodes_of_all() {
    for (bits, nodes, k) in [(160, 2, 20), (160, 300, 20), (160, 500, 8), (12, 200, 4)] {
        let mut net = Net::complete(config(bits, k), nodes, 7);
        net.check_buckets(true);
        for _ in 0..100 {
            let (from, target) = (net.any(), net.random_id());
            let report = net.find(from, target);
            assert!(report.complete);
            assert_eq!(
                report.closest,
                net.closest(target, k),
                "{bits} bits, {nodes}"
            );
        }
    }
}

#[test]
fn a_lookup_takes_no_more_hops_than_the_logarithm_of_the_number_of_nodes() {
    for (nodes, log2) in [(64, 6), (256, 8), (1_024, 10)] {
        // With k of 1 a bucket has one node of its range, so that the bound is the structure's and not the bucket's width.
        for k in [1, 8] {
            let mut net = Net::complete(config(160, k), nodes, 11);
            let mut sum = 0;
            for _ in 0..150 {
                let (from, target) = (net.any(), net.random_id());
                let report = net.find(from, target);
                assert!(report.hops <= log2, "{nodes} nodes, k {k}: {}", report.hops);
                sum += u32::from(report.hops);
            }
            assert!(sum <= 150 * u32::from(log2));
        }
    }
}

#[test]
fn a_hop_halves_the_distance_at_least() {
    let mut net = Net::complete(config(16, 1), 300, 5);
    for _ in 0..200 {
        let (from, target) = (net.any(), net.random_id());
        let node = &net.nodes[&from];
        // The bucket that the target lies in is the highest bit in which they differ: whoever is in it agrees in that bit.
        let Some(number) = bucket_of(from, target) else {
            continue;
        };
        for entry in node.buckets().bucket(number).unwrap().entries() {
            assert!(distance(entry.node, target).bit_length() <= number);
        }
        let report = net.find(from, target);
        assert_eq!(report.closest[0], net.closest(target, 1)[0]);
    }
}

#[test]
fn nodes_that_join_one_after_the_other_know_enough_to_find_everything() {
    let mut net = Net::new(config(160, 8), 3);
    let first = net.bear();
    for _ in 0..119 {
        let via = net.any();
        let id = net.bear();
        let now = net.now;
        net.nodes.get_mut(&id).unwrap().join(now, via);
        net.drain(id);
        net.pass(2);
    }
    assert!(net.nodes.contains_key(&first));
    net.check_buckets(false);
    for _ in 0..200 {
        let (from, target) = (net.any(), net.random_id());
        let report = net.find(from, target);
        assert_eq!(report.closest, net.closest(target, 8));
    }
}

/// Seed 2002: nodes live for three minutes in the mean, buckets are refreshed every thirty seconds.
#[test]
fn under_churn_99_lookups_in_a_hundred_end_at_the_closest_living_nodes() {
    let mut net = Net::complete(
        Config {
            refresh: Some(Duration::from_secs(30)),
            stale_after: 2,
            ..config(160, 8)
        },
        150,
        2002,
    );
    let (mut right, mut shared, mut lookups) = (0, 0, 0);
    for step in 0..600 {
        net.pass(1);
        // A node every 1.2 seconds: 150 nodes, each for 180 seconds.
        if step % 6 != 5 {
            let gone = net.any();
            net.nodes.remove(&gone);
            let via = net.any();
            let id = net.bear();
            let now = net.now;
            net.nodes.get_mut(&id).unwrap().join(now, via);
            net.drain(id);
        }
        if step >= 60 {
            let (from, target) = (net.any(), net.random_id());
            if !net.nodes[&from].buckets().is_empty() && net.nodes[&from].buckets().len() > 8 {
                let report = net.find(from, target);
                let living = net.closest(target, 8);
                lookups += 1;
                right += usize::from(living.contains(&report.closest[0]));
                let found: BTreeSet<Id> = report.closest.iter().copied().collect();
                shared += living.iter().filter(|id| found.contains(id)).count();
            }
        }
    }
    net.check_buckets(false);
    assert!(lookups > 500);
    assert!(right * 100 >= lookups * 99, "{right} of {lookups}");
    assert!(
        shared * 100 >= lookups * 8 * 95,
        "{shared} of {}",
        lookups * 8
    );
}

#[test]
fn a_full_bucket_keeps_its_old_living_nodes_and_drops_a_dead_one() {
    let mut net = Net::new(config(160, 2), 1);
    let me = net.bear();
    // Six nodes in the farthest half of the space from `me`.
    let mut far = Vec::new();
    while far.len() < 6 {
        let id = net.bear();
        match bucket_of(me, id) {
            Some(159) => far.push(id),
            _ => drop(net.nodes.remove(&id)),
        }
    }
    let meet = |net: &mut Net, id: Id| {
        let now = net.now;
        let rpc = 1;
        let body = Body::Ping;
        let node = net.nodes.get_mut(&me).unwrap();
        node.handle_message(now, id, Message { rpc, body });
        net.drain(me);
        net.pass(2);
    };
    let there = |net: &Net| -> Vec<Id> {
        let bucket = net.nodes[&me].buckets().bucket(159).unwrap();
        bucket.entries().iter().map(|entry| entry.node).collect()
    };
    for id in &far[..5] {
        meet(&mut net, *id);
    }
    let known: BTreeSet<Id> = there(&net).into_iter().collect();
    assert_eq!(
        known,
        far[..2].iter().copied().collect(),
        "old ones that live stay"
    );
    assert_eq!(net.evicted, []);
    let oldest = there(&net)[0];
    net.nodes.remove(&oldest);
    meet(&mut net, far[5]);
    assert_eq!(net.evicted, [(me, oldest, far[5])]);
    assert!(!there(&net).contains(&oldest) && there(&net).contains(&far[5]));
}

#[test]
fn an_entry_lies_at_the_k_closest_nodes_and_is_found_from_everywhere() {
    let mut net = Net::complete(config(160, 5), 100, 9);
    let (provider, key) = (net.any(), net.random_id());
    let now = net.now;
    assert!(net.nodes.get_mut(&provider).unwrap().provide(now, key));
    net.drain(provider);
    net.pass(5);
    let holders: BTreeSet<Id> = net
        .nodes
        .iter()
        .filter(|(_, node)| node.kept_under(net.now, key) == [provider])
        .map(|(id, _)| *id)
        .collect();
    assert_eq!(holders, net.closest(key, 5).into_iter().collect());
    for from in net.nodes.keys().copied().collect::<Vec<_>>() {
        let report = net.providers(from, key);
        assert_eq!(report.providers, Some(vec![provider]));
        assert!(holders.contains(&report.by.unwrap()));
    }
    let nobody = net.random_id();
    assert_eq!(net.providers(provider, nobody).providers, None);
}

#[test]
fn entries_whose_holders_are_gone_come_back_when_their_provider_stores_them_again() {
    let mut net = Net::complete(
        Config {
            republish: Duration::from_secs(60),
            lifetime: Duration::from_secs(180),
            ..config(160, 4)
        },
        60,
        4,
    );
    let (provider, key) = (net.any(), net.random_id());
    let now = net.now;
    net.nodes.get_mut(&provider).unwrap().provide(now, key);
    net.drain(provider);
    net.pass(5);
    for holder in net.closest(key, 4) {
        if holder != provider {
            net.nodes.remove(&holder);
        }
    }
    let asker = *net.nodes.keys().find(|id| **id != provider).unwrap();
    let is_holder = net.closest(key, 1) == [provider];
    assert!(
        !is_holder,
        "the seed is chosen so that the provider is no holder"
    );
    assert_eq!(net.providers(asker, key).providers, None);
    net.pass(80);
    assert_eq!(net.providers(asker, key).providers, Some(vec![provider]));
    net.nodes.remove(&provider);
    net.pass(181);
    assert_eq!(net.providers(asker, key).providers, None, "it expires");
    assert!(net.nodes.values().all(|node| node.entries(net.now) == 0));
}

#[test]
fn buckets_without_lookups_are_refreshed_and_no_others() {
    let refresh = Duration::from_secs(60);
    let quiet = |refresh| {
        let config = Config {
            refresh,
            ..config(160, 8)
        };
        let mut net = Net::complete(config, 80, 6);
        net.pass(600);
        net.sent
    };
    assert_eq!(quiet(None), 0);
    let often = quiet(Some(refresh));
    let seldom = quiet(Some(2 * refresh));
    assert!(
        often > 0 && (19..=21).contains(&(often * 10 / seldom)),
        "{often} {seldom}"
    );
}

#[test]
fn an_answer_from_another_node_than_was_asked_counts_for_nothing() {
    let mut net = Net::complete(config(160, 8), 30, 8);
    let (from, target) = (net.any(), net.random_id());
    let now = net.now;
    let node = net.nodes.get_mut(&from).unwrap();
    let number = node.providers(now, target).unwrap();
    let mut asked = Vec::new();
    while let Some(output) = node.poll_output() {
        if let Output::Send { to, message, .. } = output {
            asked.push((to, message.rpc));
        }
    }
    let liar = *net
        .nodes
        .keys()
        .find(|id| asked.iter().all(|(to, _)| to != *id))
        .unwrap();
    let node = net.nodes.get_mut(&from).unwrap();
    for (_, rpc) in &asked {
        let body = Body::Values(vec![liar]);
        node.handle_message(now, liar, Message { rpc: *rpc, body });
    }
    assert!(
        node.visits(number)
            .iter()
            .all(|visit| visit.answered.is_none())
    );
    let mut events = core::iter::from_fn(|| node.poll_output());
    assert!(!events.any(|output| matches!(output, Output::Event(Event::Ended(..)))));
}
