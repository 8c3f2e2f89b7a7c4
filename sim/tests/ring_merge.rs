//! Rings that fell apart find back together: halves of a healed network, and a ring that goes round twice.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::identity::Signer;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::ideal::IdealRing;
use chordscope_core::chord::invariant::Health;
use chordscope_core::message::Message;
use chordscope_core::node::Node;
use chordscope_core::node::api::Output;
use chordscope_core::node::config::Config;
use chordscope_sim::engine::network::Latency;
use chordscope_sim::worlds::peers::{Conditions, Peers};
use chordscope_sim::worlds::ring::action::Action;
use chordscope_sim::worlds::ring::scenario::Scenario;
use chordscope_sim::worlds::ring::{RingWorld, Watch};

/// The duration of the partition: long enough for both sides to forget one another.
const APART: Duration = Duration::from_secs(300);
/// The time for the rings to merge: as pauses double, a lost node is asked after again within that time.
const TOGETHER: Duration = APART;

fn ids(numbers: &[u64]) -> Vec<Id> {
    numbers.iter().copied().map(Id::from_u64).collect()
}

/// Returns whether these nodes form a ring of their own, each with the neighbours that it ought to have.
fn is_ring<'a>(nodes: impl Iterator<Item = &'a Node>, space: Space) -> bool {
    let nodes: BTreeMap<Id, &Node> = nodes.map(|node| (node.id(), node)).collect();
    let ring = IdealRing::new(space, nodes.keys().copied().collect()).unwrap();
    nodes.values().all(|node| {
        let membership = node.membership();
        let list = membership.successors();
        let entries = list.entries().iter().map(Contact::id);
        let length = usize::from(list.limit());
        // Who is alone knows nobody before it.
        let before = Some(ring.predecessor(node.id())).filter(|before| *before != node.id());
        entries.eq(ring.successors(node.id(), length))
            && membership.predecessor().map(Contact::id) == before
    })
}

/// Two rings become one, though the nodes of `forgetful` have started again meanwhile and know nobody of the other side.
fn part_and_heal(all: &[u64], apart: &[u64], forgetful: &[u64], seed: u64) {
    let space = Space::new(6).unwrap();
    let scenario = Scenario::plain(space, ids(all)).unwrap();
    let mut world = RingWorld::new(Arc::new(scenario), seed).unwrap();
    world.act(Action::Split(ids(apart))).unwrap();
    world.run_until(Instant::ZERO + APART / 2);
    for node in ids(forgetful) {
        world.act(Action::Restart(node)).unwrap();
    }
    world.run_until(Instant::ZERO + APART);
    let apart: BTreeSet<Id> = ids(apart).into_iter().collect();
    for side in [true, false] {
        let side = world
            .nodes()
            .filter(|node| apart.contains(&node.id()) == side);
        assert!(is_ring(side, space), "seed {seed}: two rings");
    }
    world.act(Action::Heal).unwrap();
    world.run_until(Instant::ZERO + APART + TOGETHER);
    assert!(is_ring(world.nodes(), space), "seed {seed}: one ring");
    assert_eq!(*world.health(), Health::default(), "seed {seed}");
}

/// Returns the time until each of `count` nodes, which join at once by one that was alone, has the right neighbours.
fn time_to_form(count: u64, seed: u64) -> Duration {
    let mut rng = Rng::from_seed(seed, 0x101);
    let nodes: BTreeSet<Id> = (0..=count)
        .map(|_| Id::from_u64(rng.below(1 << 24)))
        .collect();
    let first = *nodes.iter().nth(nodes.len() / 2).unwrap();
    let mut scenario = Scenario::plain(Space::new(24).unwrap(), vec![first]).unwrap();
    scenario.latency = Latency::Uniform(1, 3);
    let config = Config {
        space: scenario.space,
        ..Config::default()
    };
    let mut world = RingWorld::of_nodes(Arc::new(scenario), config, seed, Watch::Nothing).unwrap();
    for node in nodes.into_iter().filter(|node| *node != first) {
        world.act(Action::Insert(node)).unwrap();
    }
    let look = Duration::from_millis(50);
    let mut passed = Duration::ZERO;
    while !is_ring(world.nodes(), world.space()) && passed < TOGETHER {
        passed += look;
        world.run_until(Instant::ZERO + passed);
    }
    passed
}

#[test]
fn nodes_that_join_at_once_are_a_ring_within_seconds() {
    for (count, most, seeds) in [(7, 1_000, 0..8), (63, 1_500, 8..12), (255, 6_000, 12..14)] {
        for seed in seeds {
            let passed = time_to_form(count, seed);
            let most = Duration::from_millis(most);
            assert!(passed <= most, "seed {seed}: {count} took {passed:?}");
        }
    }
}

#[test]
fn two_halves_of_a_healed_network_become_one_ring() {
    for seed in 0..8 {
        // Every other node, so that the rings interleave.
        part_and_heal(&[1, 9, 17, 25, 33, 41, 49, 57], &[9, 25, 41, 57], &[], seed);
        // Neighbours, so that the rings lie side by side.
        part_and_heal(&[3, 8, 20, 32, 45, 60], &[32, 45, 60], &[], seed);
        // As small as rings get.
        part_and_heal(&[3, 8, 20, 32], &[3, 20], &[], seed);
        part_and_heal(&[3, 8, 20, 32], &[20], &[], seed);
    }
}

#[test]
fn halves_find_back_though_the_nodes_at_the_gap_know_nobody_beyond_it() {
    for seed in 0..8 {
        part_and_heal(&[3, 8, 20, 32, 45, 60], &[32, 45, 60], &[20, 60], seed);
    }
}

#[test]
fn a_node_that_has_lost_everybody_finds_a_ring_again() {
    let space = Space::new(6).unwrap();
    let scenario = Scenario::plain(space, ids(&[3, 8, 20])).unwrap();
    let mut world = RingWorld::new(Arc::new(scenario), 1).unwrap();
    // The newcomer knows only the node that then leaves.
    world.act(Action::Split(ids(&[3]))).unwrap();
    world.act(Action::Crash(Id::from_u64(8))).unwrap();
    world.run_until(Instant::ZERO + APART / 2);
    world.act(Action::Insert(Id::from_u64(32))).unwrap();
    world.run_until(Instant::ZERO + APART);
    world.act(Action::Remove(Id::from_u64(20))).unwrap();
    world.run_until(Instant::ZERO + APART * 2);
    world.act(Action::Heal).unwrap();
    world.run_until(Instant::ZERO + APART * 2 + TOGETHER);
    assert!(is_ring(world.nodes(), space), "one ring");
}

#[test]
fn peers_of_a_healed_network_dial_those_that_they_lost() {
    for seed in 0..3 {
        let mut peers = Peers::ring(seed, Conditions::default(), 6, 0).unwrap();
        let apart = [1, 3, 5];
        peers.split(&apart);
        peers.run_for(APART);
        for side in [true, false] {
            let side = peers.running().filter(|(at, _)| apart.contains(at) == side);
            let side = side.map(|(_, peer)| peer.node());
            assert!(is_ring(side, Space::FULL), "seed {seed}: two rings");
        }
        peers.split(&[]);
        let one = |peers: &Peers| {
            let nodes = peers.running().map(|(_, peer)| peer.node());
            is_ring(nodes, Space::FULL)
        };
        assert!(peers.run_until(TOGETHER, one), "seed {seed}: one ring");
    }
}

/// Nodes, and the messages between them, which take a while each.
struct Links {
    now: Instant,
    nodes: BTreeMap<Id, Node>,
    queue: BTreeMap<(Instant, u64), (Contact, Id, Message)>,
    sent: u64,
}

impl Links {
    /// Each node's successor is the one after the next: an odd number of nodes goes round twice before it closes.
    fn loopy(space: Space, all: &[Id]) -> Self {
        let contact = |id: Id| Contact::stand_in(space, &Signer::stand_in(id), 0);
        let mut links = Self {
            now: Instant::ZERO,
            nodes: BTreeMap::new(),
            queue: BTreeMap::new(),
            sent: 0,
        };
        for (at, id) in all.iter().enumerate() {
            let ahead = |steps: usize| contact(all[(at + steps) % all.len()]);
            let config = Config {
                space,
                successors: 2,
                ..Config::default()
            };
            let rng = Rng::from_seed(1, at as u64);
            let mut node = Node::new(config, Signer::stand_in(*id), contact(*id), rng);
            let before = Some(ahead(all.len() - 2));
            node.settle(links.now, before, &[ahead(2), ahead(4)], &[]);
            links.nodes.insert(*id, node);
        }
        links
    }

    fn run_until(&mut self, end: Instant) {
        while self.now < end {
            let ids: Vec<Id> = self.nodes.keys().copied().collect();
            ids.into_iter().for_each(|id| self.drain(id));
            let timers = self.nodes.values().filter_map(Node::poll_timeout);
            let timer = timers.map(|(at, _)| at).min();
            let arrival = self.queue.keys().next().map(|(at, _)| *at);
            self.now = [timer, arrival].into_iter().flatten().min().unwrap();
            while let Some(entry) = self.queue.first_entry().filter(|e| e.key().0 <= self.now) {
                let (from, to, message) = entry.remove();
                let node = self.nodes.get_mut(&to).unwrap();
                node.handle_message(self.now, from, message);
            }
            let nodes = self.nodes.values_mut();
            nodes.for_each(|node| node.handle_timeout(self.now));
        }
    }

    fn drain(&mut self, id: Id) {
        let node = self.nodes.get_mut(&id).unwrap();
        while let Some(output) = node.poll_output() {
            if let Output::Send { to, message } = output {
                self.sent += 1;
                let at = self.now + Duration::from_millis(20);
                let letter = (node.contact().clone(), to.id(), message);
                self.queue.insert((at, self.sent), letter);
            }
        }
    }
}

#[test]
fn a_ring_that_goes_round_twice_is_unwound() {
    let space = Space::new(6).unwrap();
    let all = ids(&[1, 8, 14, 21, 32, 38, 42, 48, 56]);
    let mut links = Links::loopy(space, &all);
    let memberships =
        |links: &Links| -> Health { Health::of(links.nodes.values().map(Node::membership)) };
    assert!(!memberships(&links).broken.is_empty());
    links.run_until(Instant::ZERO + Duration::from_secs(10));
    assert!(
        !is_ring(links.nodes.values(), space),
        "stabilization alone sees nothing wrong"
    );
    links.run_until(Instant::ZERO + Duration::from_secs(600));
    assert!(is_ring(links.nodes.values(), space));
    assert_eq!(memberships(&links), Health::default());
}
