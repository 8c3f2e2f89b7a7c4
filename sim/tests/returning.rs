//! Rings that come back by themselves, and rings begun apart that meet.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use chordscope_core::chord::invariant::Health;
use chordscope_core::chord::membership::Phase;
use chordscope_core::node::api::Event as NodeEvent;
use chordscope_core::peer::api::Event;
use chordscope_core::peer::{Peer, Plan, Reach};
use chordscope_core::store::record::Name;
use chordscope_sim::worlds::peers::{Conditions, Peers};

const SEEDS: u64 = 6;
/// A ring is back so long after its second peer has started.
const BACK: Duration = Duration::from_secs(30);

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn is_member(peers: &Peers, member: usize) -> bool {
    let peer = peers.peer(member);
    peer.is_some_and(|peer| peer.node().membership().is_member())
}

/// Returns whether all that run are one ring.
fn are_one_ring(peers: &Peers) -> bool {
    let running: Vec<_> = peers.running().map(|(_, peer)| peer.node()).collect();
    let all_inside = running.iter().all(|node| node.membership().is_member());
    let others = running.len() - 1;
    let known = |node: &&chordscope_core::node::Node| {
        let list = node.membership().successors();
        list.entries().len() >= others.min(usize::from(list.limit()))
    };
    all_inside
        && running.iter().all(known)
        && Health::of(running.iter().map(|node| node.membership())) == Health::default()
}

fn comes_back(peers: &mut Peers, within: Duration, what: &str) {
    assert!(peers.run_until(within, are_one_ring), "{what}");
}

/// A ring of so many in which `a` was put, all killed.
fn killed_ring(seed: u64, count: usize) -> Peers {
    let mut peers = Peers::ring(seed, Conditions::default(), count, 0).unwrap();
    assert_eq!(
        peers.put(0, name("a"), b"kept").unwrap().copies as usize,
        count.min(3)
    );
    for member in 0..count {
        peers.kill(member);
    }
    peers.run_for(Duration::from_secs(60));
    peers
}

fn has_the_value(peers: &mut Peers, member: usize) {
    let record = peers.get(member, name("a")).unwrap();
    assert_eq!(
        record.and_then(|record| record.into_value()),
        Some(b"kept".to_vec())
    );
}

#[test]
fn two_of_three_come_back_while_the_one_they_were_told_to_join_stays_away() {
    for seed in 0..SEEDS {
        for gap in [0, 25] {
            let mut peers = killed_ring(seed, 3);
            for member in [1, 2] {
                peers.start(member);
                peers.find(member, Peers::seeds(&[0]));
                if member == 1 {
                    peers.run_for(Duration::from_secs(gap));
                }
            }
            assert!(!is_member(&peers, 1), "alone it waits");
            comes_back(&mut peers, BACK, &format!("seed {seed}, {gap} s apart"));
            has_the_value(&mut peers, 1);
            has_the_value(&mut peers, 2);
            // The one that was away joins by its own stored neighbours.
            peers.start(0);
            peers.find(0, Plan::Resume);
            comes_back(&mut peers, BACK, "the last one is back");
            has_the_value(&mut peers, 0);
        }
    }
}

#[test]
fn who_is_linked_is_not_looked_for_while_both_are_in_no_ring() {
    for seed in 0..SEEDS {
        let mut peers = killed_ring(seed, 3);
        for member in [1, 2] {
            peers.start(member);
            peers.find(member, Peers::seeds(&[0]));
        }
        let id = |peers: &Peers, member| peers.peer(member).unwrap().node().id();
        let ids = [1, 2].map(|member| id(&peers, member));
        let (mut looks, mut linked) = (0, 0);
        while !is_member(&peers, 1) && !is_member(&peers, 2) {
            for (member, other) in [(1, 2), (2, 1)] {
                let peer = peers.peer(member).unwrap();
                let looked_for: Vec<_> = peer.looked_for();
                let names = |at: usize| {
                    let address = Peers::address(at);
                    looked_for.iter().any(|(_, other)| *other == address)
                };
                assert!(names(0), "seed {seed}: nobody is there");
                let is_linked = peer.is_linked(ids[other - 1]);
                assert_ne!(names(other), is_linked, "seed {seed}: {member}");
                looks += 1;
                linked += usize::from(is_linked);
            }
            peers.run_for(Duration::from_millis(100));
        }
        assert!(linked > looks / 2, "seed {seed}: {linked} of {looks}");
    }
}

#[test]
fn five_that_all_have_somebody_to_join_come_back() {
    for seed in 0..SEEDS {
        let mut peers = killed_ring(seed, 5);
        for member in 0..5 {
            peers.start(member);
            peers.find(member, Peers::seeds(&[(member + 1) % 5]));
            peers.run_for(Duration::from_millis(700));
        }
        comes_back(&mut peers, BACK, &format!("seed {seed}"));
        has_the_value(&mut peers, 3);
    }
}

#[test]
fn fresh_peers_with_one_list_of_seeds_begin_together() {
    for seed in 0..SEEDS {
        let mut peers = Peers::new(seed, Conditions::default());
        for member in 0..3 {
            peers.add(Reach::Direct);
            peers.find(member, Peers::seeds(&[0, 1, 2]));
            let own = (member, Event::OwnAddress(Peers::address(member)));
            assert!(peers.events().contains(&own));
        }
        comes_back(&mut peers, BACK, &format!("seed {seed}"));
        // One began, the others joined it: there was never a second ring.
        assert_eq!(peers.put(0, name("a"), b"kept").unwrap().copies, 3);
    }
}

#[test]
fn fresh_peers_whose_lists_name_the_others_have_groups_once_most_of_the_first_list_is_there() {
    for seed in 0..SEEDS {
        let mut peers = Peers::new(seed, Conditions::default());
        for (member, others) in [[1, 2], [0, 2], [0, 1]].iter().enumerate() {
            if member == 2 {
                // Two begin a ring, and each reaches one of two.
                comes_back(&mut peers, BACK, &format!("seed {seed}: two"));
                let groups = |peers: &Peers| peers.running().any(|(_, peer)| has_group(peer));
                assert!(!groups(&peers), "seed {seed}: one is no majority of two");
            }
            peers.add(Reach::Direct);
            peers.find(member, Peers::seeds(others));
        }
        comes_back(&mut peers, BACK, &format!("seed {seed}: three"));
        let have_groups = |peers: &Peers| {
            peers
                .running()
                .all(|(_, peer)| has_group(peer) && knows_lineage(peer))
        };
        assert!(
            peers.run_until(Duration::from_secs(20), have_groups),
            "seed {seed}"
        );
        let lineages = peers.running().map(|(_, peer)| lineage(peer));
        let lineages: std::collections::BTreeSet<_> = lineages.collect();
        assert_eq!(lineages.len(), 1, "seed {seed}");
    }
}

fn lineage(peer: &Peer) -> Option<u64> {
    let groups = peer.node().groups().unwrap();
    groups.lineage().map(|lineage| lineage.number)
}

fn knows_lineage(peer: &Peer) -> bool {
    lineage(peer).is_some()
}

fn has_group(peer: &Peer) -> bool {
    peer.node().groups().unwrap().held().next().is_some()
}

#[test]
fn a_fresh_peer_that_reaches_nobody_waits() {
    let mut peers = Peers::new(1, Conditions::default());
    peers.add(Reach::Direct);
    peers.find(0, Peers::seeds(&[8, 9]));
    peers.run_for(Duration::from_secs(600));
    assert_eq!(
        peers.peer(0).unwrap().node().membership().phase(),
        Phase::Outside
    );
    let failed = (0, Event::Node(NodeEvent::JoinFailed));
    assert!(peers.events().contains(&failed));
}

#[test]
fn a_peer_that_is_told_to_join_itself_alone_begins_a_ring_and_says_so() {
    let mut peers = Peers::new(1, Conditions::default());
    peers.add(Reach::Direct);
    peers.find(0, Peers::seeds(&[0]));
    let own = (0, Event::OwnAddress(Peers::address(0)));
    assert!(peers.events().contains(&own));
    assert!(peers.run_until(Duration::from_secs(1), |peers| is_member(peers, 0)));
}

#[test]
fn rings_begun_apart_meet_and_close_up() {
    for seed in 0..SEEDS {
        let mut peers = Peers::new(seed, Conditions::default());
        for _ in 0..6 {
            peers.add(Reach::Direct);
        }
        // Two rings that cannot reach each other: the second one's first member knows an address in the first.
        peers.split(&[3, 4, 5]);
        for (first, seeds) in [(0, vec![]), (3, vec![0])] {
            match seeds.as_slice() {
                [] => peers.find(first, Plan::Create),
                seeds => {
                    peers.find(
                        first,
                        Plan::Join(seeds.iter().copied().map(Peers::address).collect()),
                    );
                    peers.with(first, |peer, now| peer.create(now));
                }
            }
            for member in [first + 1, first + 2] {
                peers.find(member, Peers::seeds(&[first]));
            }
        }
        peers.run_for(Duration::from_secs(120));
        assert!((0..6).all(|member| is_member(&peers, member)));
        assert!(!are_one_ring(&peers));
        peers.split(&[]);
        comes_back(
            &mut peers,
            Duration::from_secs(600),
            &format!("seed {seed}"),
        );
    }
}

#[test]
fn positions_of_one_peer_are_no_company_for_one_another() {
    let mut peers = Peers::new(1, Conditions::default());
    let secret = [7; 32];
    for index in 0..3 {
        peers.add_position(Reach::Direct, secret, index);
    }
    peers.find(0, Peers::seeds(&[9]));
    peers.find(1, Peers::seeds(&[0]));
    peers.find(2, Peers::seeds(&[0]));
    peers.run_for(Duration::from_secs(120));
    assert!((0..3).all(|member| !is_member(&peers, member)));
}
