//! Lookups take the paths of the textbook: Chord (ToN 2003), Figure 5, word for word, against the oracle's paths and the nodes'.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::rng::Rng;
use chordscope_core::chord::ideal::IdealRing;
use chordscope_core::chord::route::{Mode, Routing};
use chordscope_sim::worlds::ring::RingWorld;
use chordscope_sim::worlds::ring::action::Action;
use chordscope_sim::worlds::ring::scenario::Scenario;

const LESSON: [u64; 9] = [1, 4, 9, 11, 14, 18, 20, 21, 28];

/// The figure's pseudocode, on plain numbers. It shares no code with the product.
struct Figure5 {
    m: u32,
    nodes: Vec<u64>,
}

impl Figure5 {
    /// `a` steps back from `b`, going round.
    fn minus(&self, b: u64, a: u64) -> u64 {
        (b + (1 << self.m) - a) % (1 << self.m)
    }

    /// Returns whether `x` is in (a, b); (a, a) is everything else.
    fn in_open(&self, x: u64, a: u64, b: u64) -> bool {
        let width = match self.minus(b, a) {
            0 => 1 << self.m,
            width => width,
        };
        (1..width).contains(&self.minus(x, a))
    }

    /// Returns whether `x` is in (a, b]; (a, a] is everything.
    fn in_half_open(&self, x: u64, a: u64, b: u64) -> bool {
        self.in_open(x, a, b) || x == b
    }

    /// finger\[i\] of n: the first node at or after n + 2^(i-1). finger\[1\] is the successor.
    fn finger(&self, n: u64, i: u32) -> u64 {
        let start = (n + (1 << (i - 1))) % (1 << self.m);
        let nearest = self
            .nodes
            .iter()
            .min_by_key(|node| self.minus(**node, start));
        *nearest.unwrap()
    }

    fn predecessor(&self, n: u64) -> u64 {
        let others = self.nodes.iter().filter(|node| **node != n);
        others
            .min_by_key(|node| self.minus(n, **node))
            .copied()
            .unwrap_or(n)
    }

    /// n.find_successor(id), noting each node that is asked and the one that is returned.
    fn find_successor(&self, n: u64, id: u64, path: &mut Vec<u64>) {
        path.push(n);
        let successor = self.finger(n, 1);
        if self.in_half_open(id, n, successor) {
            return path.push(successor);
        }
        self.find_successor(self.closest_preceding_node(n, id), id, path);
    }

    fn closest_preceding_node(&self, n: u64, id: u64) -> u64 {
        for i in (1..=self.m).rev() {
            if self.in_open(self.finger(n, i), n, id) {
                return self.finger(n, i);
            }
        }
        n
    }

    /// A node first sees whether the key is its own.
    fn path(&self, n: u64, id: u64) -> Vec<u64> {
        let mut path = Vec::new();
        match self.in_half_open(id, self.predecessor(n), n) {
            true => path.push(n),
            false => self.find_successor(n, id, &mut path),
        }
        path
    }
}

fn numbers(ids: &[Id]) -> Vec<u64> {
    ids.iter().map(|id| id.to_u64().unwrap()).collect()
}

fn ring(m: u32, nodes: &[u64]) -> (Figure5, IdealRing) {
    let space = Space::new(u8::try_from(m).unwrap()).unwrap();
    let ids = nodes.iter().copied().map(Id::from_u64).collect();
    let nodes = nodes.to_vec();
    (Figure5 { m, nodes }, IdealRing::new(space, ids).unwrap())
}

fn random_nodes(m: u32, most: u64, rng: &mut Rng) -> Vec<u64> {
    let count = 1 + rng.below(most);
    let mut nodes: Vec<u64> = (0..count).map(|_| rng.below(1 << m)).collect();
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

/// A ring that is at rest, so that nothing but lookups happens.
fn world(m: u32, nodes: &[u64]) -> RingWorld {
    let space = Space::new(u8::try_from(m).unwrap()).unwrap();
    let nodes = nodes.iter().copied().map(Id::from_u64).collect();
    let mut scenario = Scenario::plain(space, nodes).unwrap();
    scenario.upkeep = None;
    RingWorld::new(Arc::new(scenario), 1).unwrap()
}

/// The path that real nodes take.
fn walked(world: &mut RingWorld, from: u64, key: u64, mode: Mode) -> Vec<u64> {
    let lookup = Action::Lookup {
        from: Id::from_u64(from),
        key: Id::from_u64(key),
        routing: Routing::Finger,
        mode,
    };
    world.act(lookup).unwrap();
    while world.lookups().last().unwrap().finished.is_none() {
        assert!(world.step(), "the lookup of {key} from {from} never ends");
    }
    numbers(&world.lookups().last().unwrap().path)
}

#[test]
fn the_lessons_ring_answers_as_textbooks_do() {
    let (figure, ideal) = ring(5, &LESSON);
    let mut world = world(5, &LESSON);
    for (from, key, expected) in [
        (1, 18, vec![1, 9, 14, 18]),
        (1, 26, vec![1, 18, 20, 21, 28]),
        (28, 12, vec![28, 4, 9, 11, 14]),
    ] {
        assert_eq!(figure.path(from, key), expected);
        let path = ideal.path(Id::from_u64(from), Id::from_u64(key), Routing::Finger);
        assert_eq!(numbers(&path), expected);
        for mode in [Mode::Recursive, Mode::Iterative] {
            assert_eq!(walked(&mut world, from, key, mode), expected, "{mode:?}");
        }
    }
}

#[test]
fn all_288_lookups_of_the_lessons_ring_take_the_paths_of_figure_5() {
    let (figure, ideal) = ring(5, &LESSON);
    let mut world = world(5, &LESSON);
    let mut hops = 0;
    for from in LESSON {
        for key in 0..32 {
            let expected = figure.path(from, key);
            let path = ideal.path(Id::from_u64(from), Id::from_u64(key), Routing::Finger);
            assert_eq!(numbers(&path), expected, "{from} looks up {key}");
            for mode in [Mode::Recursive, Mode::Iterative] {
                let path = walked(&mut world, from, key, mode);
                assert_eq!(path, expected, "{from} looks up {key}, {mode:?}");
            }
            hops += expected.len() - 1;
        }
    }
    let mean = hops as f64 / 288.0;
    assert_eq!(format!("{mean:.2}"), "2.20");
}

#[test]
fn lookups_of_any_ring_take_the_paths_of_figure_5() {
    let mut rng = Rng::from_seed(5, 0);
    for _ in 0..200 {
        let m = 3 + u32::try_from(rng.below(14)).unwrap();
        let nodes = random_nodes(m, 24, &mut rng);
        let (figure, ideal) = ring(m, &nodes);
        // Any keys, and those on which the rule is at its edge: the nodes', and the ones beside them.
        let edges = nodes
            .iter()
            .flat_map(|node| [*node, figure.minus(*node, 1)]);
        let keys: Vec<u64> = edges.chain((0..20).map(|_| rng.below(1 << m))).collect();
        for from in &nodes {
            for key in &keys {
                let path = ideal.path(Id::from_u64(*from), Id::from_u64(*key), Routing::Finger);
                let expected = figure.path(*from, *key);
                assert_eq!(numbers(&path), expected, "{nodes:?}: {from} looks up {key}");
            }
        }
    }
}

#[test]
fn nodes_of_any_ring_take_the_paths_of_figure_5() {
    let mut rng = Rng::from_seed(6, 0);
    for _ in 0..20 {
        let m = 3 + u32::try_from(rng.below(14)).unwrap();
        let nodes = random_nodes(m, 16, &mut rng);
        let (figure, _) = ring(m, &nodes);
        let mut world = world(m, &nodes);
        for from in &nodes {
            for key in [nodes[nodes.len() / 2], nodes[0], rng.below(1 << m)] {
                for mode in [Mode::Recursive, Mode::Iterative] {
                    let path = walked(&mut world, *from, key, mode);
                    let expected = figure.path(*from, key);
                    assert_eq!(path, expected, "{nodes:?}: {from} looks up {key}, {mode:?}");
                }
            }
        }
    }
}
