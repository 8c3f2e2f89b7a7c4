use chordscope_core::base::rng::Rng;
use chordscope_core::chord::ideal::IdealRing;

use super::super::tests::{id, state};
use super::*;
use crate::live::talk::PeerRow;

/// The view that a member with so many successors has of this ring, when it knows all others or the nodes of its tables alone.
fn seen(ring: &IdealRing, successors: usize, all: bool) -> State {
    let me = ring.ids()[0];
    let list = ring.successors(me, successors);
    let before = ring.ids()[ring.ids().len() - 1];
    let fingers = ring.fingers(me).into_iter().map(|(_, node)| node);
    let mut others: Vec<Id> = match all {
        true => ring.ids().to_vec(),
        false => list
            .iter()
            .copied()
            .chain(fingers)
            .chain([before])
            .collect(),
    };
    others.retain(|id| *id != me);
    others.sort();
    others.dedup();
    let peer = |id| PeerRow {
        id,
        ..state().peers[0].clone()
    };
    State {
        id: me,
        predecessor: Some(before),
        successors: list,
        peers: others.into_iter().map(peer).collect(),
        ..state()
    }
}

fn random(size: usize, rng: &mut Rng) -> IdealRing {
    let id = |rng: &mut Rng| {
        let mut bytes = [0; 20];
        bytes[..8].copy_from_slice(&rng.next_u64().to_be_bytes());
        Id::from_bytes(bytes)
    };
    let ids = (0..size).map(|_| id(rng)).collect();
    IdealRing::new(Space::FULL, ids).unwrap()
}

#[test]
fn a_list_that_comes_round_to_the_predecessor_leaves_nobody_out() {
    assert_eq!(members(&state()), Some(Members::All));
    assert_eq!(coverage(&state()), "Shown: all 3 members.");
}

#[test]
fn a_node_beside_the_ring_that_the_list_closes_is_not_counted_as_one_of_all() {
    let mut state = state();
    let newcomer = PeerRow {
        id: id(7),
        ..state.peers[0].clone()
    };
    state.peers.push(newcomer);
    assert_eq!(members(&state), None);
    let text = coverage(&state);
    assert!(
        text.contains("the 4 nodes") && text.ends_with("There may be more."),
        "{text}"
    );
}

#[test]
fn who_knows_nobody_says_so() {
    let alone = State {
        predecessor: None,
        successors: Vec::new(),
        peers: Vec::new(),
        ..state()
    };
    assert_eq!(members(&alone), None);
    assert_eq!(
        coverage(&alone),
        "Shown: this tab. It knows no other member."
    );
}

#[test]
fn what_is_said_of_rings_of_any_size_is_so() {
    let mut rng = Rng::from_seed(1, 2);
    let (mut told, mut outside, mut of) = (0, 0, 0);
    for size in (2..60).chain((60..1_000).step_by(90)) {
        for turn in 0..60 {
            let ring = random(size, &mut rng);
            for successors in [1, 2, 4, 8, 16] {
                let state = seen(&ring, successors, turn % 2 == 0);
                let known = known(&state, None).len();
                of += 1;
                match members(&state) {
                    Some(Members::All) => assert!(known == size && successors >= size - 1),
                    Some(Members::Between(low, high)) => {
                        told += 1;
                        assert!(
                            known < size && low > known as u64,
                            "{known} of {size}: {}",
                            coverage(&state)
                        );
                        outside += usize::from(!(low..=high).contains(&(size as u64)));
                    }
                    None => assert!(successors < size - 1, "{known} of {size}"),
                }
            }
        }
    }
    assert!(told > of / 20, "told {told} of {of}");
    assert!(outside * 100 < told, "{outside} of {told}");
}

#[test]
fn a_tab_that_knows_a_few_of_many_says_of_about_how_many() {
    let mut rng = Rng::from_seed(3, 4);
    let ring = random(2_000, &mut rng);
    let text = coverage(&seen(&ring, 8, false));
    assert!(
        text.contains(" of about ") && text.contains(" to "),
        "{text}"
    );
}
