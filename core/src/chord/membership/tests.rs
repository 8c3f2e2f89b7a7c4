//! Transitions one by one, then small rings by hand.

use alloc::collections::BTreeMap;
use alloc::vec;

use super::*;
use crate::base::id::Space;
use crate::base::identity::Signer;

/// A stand-in contact at a small position.
pub(crate) fn contact(id: u64) -> Contact {
    let signer = Signer::stand_in(Id::from_u64(id));
    Contact::sign(Space::FULL, &signer, 0, 0, vec![]).unwrap()
}

/// Stand-in contacts at small positions.
pub(crate) fn contacts<const N: usize>(ids: [u64; N]) -> Vec<Contact> {
    ids.into_iter().map(contact).collect()
}

/// A ring of machines whose queries are answered at once.
struct Ring {
    nodes: BTreeMap<u64, Membership>,
}

impl Ring {
    fn start(first: u64, limit: u8) -> Self {
        let mut node = Membership::new(Id::from_u64(first), limit);
        assert_eq!(node.step(Input::Create), [Effect::Joined]);
        Self {
            nodes: BTreeMap::from([(first, node)]),
        }
    }

    fn join(&mut self, id: u64, behind: u64) {
        let limit = self.nodes.values().next().unwrap().successors.limit();
        self.nodes
            .insert(id, Membership::new(Id::from_u64(id), limit));
        self.run(id, Input::Join(contact(behind)));
    }

    fn run(&mut self, id: u64, input: Input) -> Vec<Effect> {
        let Some(node) = self.nodes.get_mut(&id) else {
            return vec![];
        };
        let effects = node.step(input);
        for effect in effects.clone() {
            match effect {
                Effect::Ask(query, to) => {
                    let answer = self.nodes.get(&to.id().to_u64().unwrap());
                    let input = match answer.filter(|node| node.is_member()) {
                        Some(node) => Input::Answered(query, to, node.neighbours()),
                        None => Input::Failed(query, to),
                    };
                    self.run(id, input);
                }
                Effect::Notify(to) => {
                    self.run(to.id().to_u64().unwrap(), Input::Notified(contact(id)));
                }
                Effect::Farewell(to, neighbours) => {
                    let input = Input::Left(contact(id), neighbours);
                    self.run(to.id().to_u64().unwrap(), input);
                }
                _ => {}
            }
        }
        effects
    }

    fn rounds(&mut self, rounds: usize) {
        for _ in 0..rounds {
            for id in self.nodes.keys().copied().collect::<Vec<_>>() {
                self.run(id, Input::Stabilize);
            }
        }
    }

    fn assert_ideal(&self) {
        let ids: Vec<u64> = self.nodes.keys().copied().collect();
        for (index, (id, node)) in self.nodes.iter().enumerate() {
            let count = usize::from(node.successors.limit()).min(ids.len() - 1);
            let expected: Vec<u64> = (1..=count)
                .map(|ahead| ids[(index + ahead) % ids.len()])
                .collect();
            let actual: Vec<u64> = node
                .successors
                .entries()
                .iter()
                .map(|entry| entry.id().to_u64().unwrap())
                .collect();
            assert_eq!(actual, expected, "successors of {id}");
            let before = ids[(index + ids.len() - 1) % ids.len()];
            let predecessor = node.predecessor.as_ref().map(|p| p.id().to_u64().unwrap());
            assert_eq!(
                predecessor,
                (ids.len() > 1).then_some(before),
                "predecessor of {id}"
            );
        }
    }
}

fn lesson(limit: u8) -> Ring {
    let mut ring = Ring::start(1, limit);
    for (id, behind) in [
        (4, 1),
        (9, 4),
        (11, 9),
        (14, 11),
        (18, 14),
        (20, 18),
        (21, 20),
        (28, 21),
    ] {
        ring.join(id, behind);
        ring.rounds(3);
    }
    ring
}

#[test]
fn nodes_that_join_one_by_one_become_the_ideal_ring() {
    for limit in 1..=4 {
        let mut ring = lesson(limit);
        ring.rounds(8);
        ring.assert_ideal();
    }
}

#[test]
fn a_newcomer_walks_forward_to_its_place() {
    let mut ring = lesson(2);
    ring.join(15, 9);
    ring.rounds(6);
    ring.assert_ideal();
}

#[test]
fn a_crash_heals_while_one_successor_lives() {
    let mut ring = lesson(3);
    for dead in [11, 14] {
        ring.nodes.remove(&dead);
    }
    ring.rounds(8);
    ring.assert_ideal();
}

#[test]
fn a_leaver_closes_the_gap_behind_itself() {
    let mut ring = lesson(2);
    ring.run(14, Input::Leave);
    ring.nodes.remove(&14);
    let successor = |ring: &Ring, id: u64| ring.nodes[&id].successors.head().unwrap().clone();
    assert_eq!(successor(&ring, 11), contact(18));
    assert_eq!(ring.nodes[&18].predecessor, Some(contact(11)));
    ring.rounds(4);
    ring.assert_ideal();
}

#[test]
fn a_dead_candidate_is_never_adopted() {
    // Zave 2012, Fig. 6: 10 joined between 6 and 12, told 12, and died.
    let mut node = Membership::new(Id::from_u64(6), 2);
    node.settle(Some(contact(12)), &[contact(12)]);
    assert_eq!(
        node.step(Input::Stabilize),
        [Effect::Ask(Query::FromSuccessor, contact(12))]
    );
    let theirs = Neighbours {
        predecessor: Some(contact(10)),
        successors: contacts([6]).into(),
    };
    let effects = node.step(Input::Answered(Query::FromSuccessor, contact(12), theirs));
    assert_eq!(effects, [Effect::Ask(Query::FromPredecessor, contact(10))]);
    let effects = node.step(Input::Failed(Query::FromPredecessor, contact(10)));
    assert_eq!(effects, [Effect::Notify(contact(12))]);
    assert_eq!(node.successors().head(), Some(&contact(12)));
}

#[test]
fn a_live_predecessor_keeps_its_place_and_a_dead_one_loses_it() {
    let mut node = Membership::new(Id::from_u64(20), 2);
    node.settle(Some(contact(18)), &contacts([21, 28]));
    let farther = Input::Notified(contact(14));
    assert_eq!(
        node.step(farther.clone()),
        [Effect::Ask(Query::Liveness, contact(18))]
    );
    let _ = node.step(Input::Answered(
        Query::Liveness,
        contact(18),
        Neighbours::default(),
    ));
    assert_eq!(node.predecessor(), Some(&contact(18)));
    let _ = node.step(farther);
    let _ = node.step(Input::Failed(Query::Liveness, contact(18)));
    assert_eq!(node.predecessor(), Some(&contact(14)));
}

#[test]
fn a_restarted_node_takes_up_its_old_place() {
    let mut ring = lesson(2);
    ring.nodes.remove(&14);
    ring.join(14, 11);
    ring.rounds(4);
    ring.assert_ideal();
}

#[test]
fn the_last_of_two_is_alone_again() {
    let mut ring = Ring::start(1, 2);
    ring.join(4, 1);
    ring.rounds(3);
    ring.assert_ideal();
    ring.nodes.remove(&4);
    ring.rounds(2);
    ring.assert_ideal();
}

#[test]
fn late_answers_and_strangers_change_nothing() {
    let mut node = Membership::new(Id::from_u64(20), 2);
    node.settle(Some(contact(18)), &contacts([21, 28]));
    let before = node.clone();
    let stray = Neighbours {
        predecessor: Some(contact(25)),
        successors: contacts([26]).into(),
    };
    for query in [Query::Join, Query::FromSuccessor, Query::FromPredecessor] {
        let answered = Input::Answered(query, contact(24), stray.clone());
        assert_eq!(node.step(answered), []);
        assert_eq!(node.step(Input::Failed(query, contact(21))), []);
    }
    assert_eq!(node.step(Input::Notified(contact(20))), []);
    assert_eq!(node, before);
}

#[test]
fn a_farewell_that_comes_after_the_return_is_late() {
    let signer = Signer::stand_in(Id::from_u64(21));
    let [before, back] =
        [1, 2].map(|version| Contact::sign(Space::FULL, &signer, 0, version, vec![]).unwrap());
    let mut node = Membership::new(Id::from_u64(20), 2);
    node.settle(Some(contact(18)), &[back.clone(), contact(28)]);
    let neighbours = Neighbours::default();
    assert_eq!(node.step(Input::Left(before, neighbours.clone())), []);
    assert_eq!(node.successors().head(), Some(&back));
    let _ = node.step(Input::Left(back, neighbours));
    assert_eq!(node.successors().head(), Some(&contact(28)));
}
