//! The kinds of records in rings of peers: immutable and signed values, and who has a content.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::time::Duration;

use chordscope_core::base::content::ContentId;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::node::api::{Event as NodeEvent, Level, StoreError};
use chordscope_core::peer::api::Event;
use chordscope_core::store::record::{Name, Providers, Record, Salt, Subject};
use chordscope_sim::worlds::peers::{Conditions, Peers};

const CONTENT: ContentId = ContentId([7; 32]);
const MINUTE: Duration = Duration::from_secs(60);

fn ring(count: usize) -> Peers {
    Peers::ring(1, Conditions::default(), count, 0).unwrap()
}

fn salt(text: &str) -> Salt {
    Salt::new(text).unwrap()
}

fn id(peers: &Peers, member: usize) -> Id {
    let mut running = peers.running();
    let peer = running.find_map(|(at, peer)| (at == member).then_some(peer));
    peer.unwrap().node().id()
}

/// Returns the providers of the content that a member finds.
fn found(peers: &mut Peers, member: usize) -> BTreeSet<Id> {
    let contacts = peers.providers(member, CONTENT).unwrap();
    contacts.iter().map(|contact| contact.id()).collect()
}

fn announce(peers: &mut Peers, member: usize) {
    let begun = peers.with(member, |peer, now| peer.announce(now, CONTENT));
    assert_eq!(begun, Some(Ok(())));
    peers.run_for(Duration::from_secs(1));
}

/// Returns the members that keep the content's providers.
fn holders(peers: &Peers) -> Vec<usize> {
    let key = Record::Providers(Providers::new(CONTENT)).key(Space::FULL);
    let holding = peers.running();
    let holding = holding.filter(|(_, peer)| peer.node().records().get(key).is_some());
    holding.map(|(at, _)| at).collect()
}

#[test]
fn an_immutable_value_is_found_by_its_key_from_every_node() {
    let mut peers = ring(6);
    let value = b"value".to_vec();
    let written = peers.write(2, |peer, now| peer.put_immutable(now, value.clone()));
    let written = written.unwrap();
    assert_eq!((written.copies, written.sequence), (3, 0));
    assert_eq!(
        written.key,
        Record::immutable(value.clone()).unwrap().key(Space::FULL)
    );
    for at in 0..6 {
        let record = peers.get(at, Subject::Key(written.key)).unwrap();
        assert_eq!(record, Some(Record::Immutable(value.clone())));
    }
    let again = peers.write(3, |peer, now| peer.put_immutable(now, value.clone()));
    assert_eq!(again.unwrap(), written, "whoever puts it");
}

#[test]
fn a_signed_record_is_its_authors_alone() {
    let mut peers = ring(6);
    let author = |peers: &mut Peers, at| {
        peers
            .with(at, |peer, _| peer.node().contact().card().key)
            .unwrap()
    };
    let (first, second) = (author(&mut peers, 1), author(&mut peers, 2));
    let written = peers.put(1, salt("profile"), b"one").unwrap();
    let other = peers.put(2, salt("profile"), b"two").unwrap();
    assert_ne!(written.key, other.key);
    let mut get = |at, subject: Subject| {
        let record = peers.get(at, subject).unwrap();
        record.and_then(Record::into_value)
    };
    for at in 0..6 {
        let signed = |author| Subject::Signed(author, salt("profile"));
        assert_eq!(get(at, signed(first)), Some(b"one".to_vec()));
        assert_eq!(get(at, signed(second)), Some(b"two".to_vec()));
        assert_eq!(get(at, Subject::Key(written.key)), Some(b"one".to_vec()));
        assert_eq!(get(at, Subject::Signed(first, salt("other"))), None);
    }
}

#[test]
fn compare_and_set_tells_what_is_there_at_both_levels() {
    for level in [Level::One, Level::Quorum] {
        let mut peers = ring(5);
        // The group of the whole ring is split and filled first.
        peers.run_for(MINUTE);
        let mut swap = |expected, value: Option<&[u8]>| {
            let value = value.map(<[u8]>::to_vec);
            let written = peers.write(1, |peer, now| {
                peer.compare_and_set(now, salt("counter"), expected, value, level)
            });
            written.map(|written| written.sequence)
        };
        assert_eq!(swap(3, Some(b"a")), Err(StoreError::Mismatch(0)));
        assert_eq!(swap(0, Some(b"a")), Ok(1));
        assert_eq!(swap(0, Some(b"b")), Err(StoreError::Mismatch(1)));
        assert_eq!(swap(1, Some(b"b")), Ok(2));
        assert_eq!(swap(2, None), Ok(3), "deleted");
        assert_eq!(swap(2, Some(b"c")), Err(StoreError::Mismatch(0)));
        assert_eq!(swap(0, Some(b"c")), Ok(4));
        let name = Name::new("counter").unwrap();
        let swapped = peers.write(2, |peer, now| {
            peer.compare_and_set(now, name, 7, Some(vec![]), level)
        });
        assert_eq!(swapped, Err(StoreError::Mismatch(0)));
    }
}

#[test]
fn an_announced_provider_is_found_from_every_node() {
    let mut peers = ring(6);
    assert_eq!(found(&mut peers, 0), BTreeSet::new());
    announce(&mut peers, 1);
    announce(&mut peers, 4);
    let both = BTreeSet::from([id(&peers, 1), id(&peers, 4)]);
    for at in 0..6 {
        assert_eq!(found(&mut peers, at), both, "asked at {at}");
    }
    let told = peers.events().iter().filter_map(|(at, event)| match event {
        Event::Node(NodeEvent::Announced {
            content, outcome, ..
        }) => Some((*at, *content, outcome.clone())),
        _ => None,
    });
    let told: Vec<_> = told.collect();
    assert_eq!(told, [(1, CONTENT, Ok(3)), (4, CONTENT, Ok(3))]);
}

#[test]
fn providers_outlive_the_nodes_that_keep_them() {
    let mut peers = ring(9);
    let seeder = (0..9)
        .find(|at| {
            announce(&mut peers, *at);
            let keeps = holders(&peers).contains(at);
            if keeps {
                peers.with(*at, |peer, now| peer.withdraw(now, CONTENT));
                peers.run_for(Duration::from_secs(1));
            }
            !keeps
        })
        .unwrap();
    let expected = BTreeSet::from([id(&peers, seeder)]);
    let others = |peers: &Peers| -> Vec<usize> {
        let holders = holders(peers).into_iter();
        holders.filter(|at| *at != seeder).collect()
    };
    // All holders go one after another, two at a time at last; the entry lives on.
    for dead in others(&peers) {
        peers.kill(dead);
        peers.run_for(Duration::from_secs(30));
        assert_eq!(found(&mut peers, seeder), expected, "{dead} died");
        assert_eq!(holders(&peers).len(), 3);
    }
    for dead in &others(&peers)[..2] {
        peers.kill(*dead);
    }
    assert_eq!(found(&mut peers, seeder), expected);
}

#[test]
fn who_withdraws_or_leaves_is_found_no_more() {
    let mut peers = ring(6);
    for at in [1, 2, 3] {
        announce(&mut peers, at);
    }
    peers.with(1, |peer, now| peer.withdraw(now, CONTENT));
    peers.run_for(Duration::from_secs(1));
    let rest = BTreeSet::from([id(&peers, 2), id(&peers, 3)]);
    assert_eq!(found(&mut peers, 0), rest);
    peers.with(2, |peer, now| peer.leave(now));
    peers.run_for(Duration::from_secs(10));
    let last = BTreeSet::from([id(&peers, 3)]);
    for at in [0, 1, 3, 4, 5] {
        assert_eq!(found(&mut peers, at), last);
    }
    // Repair does not bring back what was withdrawn.
    peers.run_for(MINUTE);
    assert_eq!(found(&mut peers, 5), last);
}

#[test]
fn a_holder_that_missed_a_withdrawal_does_not_bring_the_entry_back() {
    let mut peers = ring(7);
    announce(&mut peers, 1);
    announce(&mut peers, 2);
    let away = *holders(&peers).iter().find(|at| **at > 2).unwrap();
    peers.kill(away);
    peers.run_for(Duration::from_secs(30));
    peers.with(1, |peer, now| peer.withdraw(now, CONTENT));
    peers.run_for(Duration::from_secs(1));
    // It comes back with what its disk holds.
    peers.start(away);
    peers.join(away, 1);
    peers.run_for(MINUTE);
    let rest = BTreeSet::from([id(&peers, 2)]);
    for at in 0..7 {
        assert_eq!(found(&mut peers, at), rest, "asked at {at}");
    }
}

#[test]
fn a_provider_that_died_runs_out_and_one_that_lives_stays() {
    let mut peers = ring(5);
    announce(&mut peers, 1);
    announce(&mut peers, 2);
    let living = BTreeSet::from([id(&peers, 1)]);
    let both = BTreeSet::from([id(&peers, 1), id(&peers, 2)]);
    peers.kill(2);
    peers.run_for(9 * MINUTE);
    assert_eq!(found(&mut peers, 0), both);
    peers.run_for(22 * MINUTE);
    assert_eq!(found(&mut peers, 0), living);
    peers.run_for(60 * MINUTE);
    assert_eq!(found(&mut peers, 0), living);
}

#[test]
fn of_65_providers_64_are_kept() {
    let mut peers = ring(65);
    for at in 0..65 {
        let begun = peers.with(at, |peer, now| peer.announce(now, CONTENT));
        assert_eq!(begun, Some(Ok(())));
        peers.run_for(Duration::from_secs(2));
    }
    let kept = found(&mut peers, 3);
    assert_eq!(kept.len(), 64);
    assert!(!kept.contains(&id(&peers, 0)), "the first said so earliest");
}
