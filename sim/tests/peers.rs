//! Peers in pairs and rings: real frames, real handshakes, links that take time.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::time::Duration;

use chordscope_core::chord::invariant::Health;
use chordscope_core::link::LinkId;
use chordscope_core::link::reason::CloseReason;
use chordscope_core::link::session::Role;
use chordscope_core::node::api::{Event as NodeEvent, Level, StoreError};
use chordscope_core::peer::api::Event;
use chordscope_core::peer::{HANDSHAKE_TIMEOUT, Reach};
use chordscope_core::store::record::Name;
use chordscope_sim::worlds::peers::{Conditions, Peers};

fn ring(direct: usize, tabs: usize) -> Peers {
    Peers::ring(1, Conditions::default(), direct, tabs).unwrap()
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn value(peers: &mut Peers, at: usize, text: &str) -> Option<Vec<u8>> {
    let record = peers.get(at, name(text)).unwrap();
    record.and_then(|record| record.into_value())
}

#[test]
fn peers_form_a_ring_over_real_frames() {
    let mut peers = ring(6, 0);
    let health = Health::of(peers.running().map(|(_, peer)| peer.node().membership()));
    assert_eq!(health, Health::default());
    assert_eq!(peers.put(2, name("name"), b"value").unwrap().copies, 3);
    for at in 0..6 {
        assert_eq!(value(&mut peers, at, "name"), Some(b"value".to_vec()));
    }
}

#[test]
fn a_value_survives_the_death_of_any_peer() {
    for count in [3, 8] {
        for dead in 0..count {
            let mut peers = ring(count, 0);
            for text in ["a", "b", "c", "d"] {
                let written = peers.put(1, name(text), text.as_bytes()).unwrap();
                assert_eq!(written.copies, 3);
            }
            peers.kill(dead);
            let at = (dead + 1) % count;
            for text in ["a", "b", "c", "d"] {
                let got = value(&mut peers, at, text);
                assert_eq!(got, Some(text.into()), "{dead} of {count} died");
            }
        }
    }
}

#[test]
fn a_deleted_name_is_gone_everywhere() {
    let mut peers = ring(4, 0);
    peers.put(0, name("name"), b"value").unwrap();
    let deleted = peers.with(3, |peer, now| peer.delete(now, name("name"), Level::One));
    assert!(deleted.unwrap().is_ok());
    peers.run_for(Duration::from_secs(5));
    for at in 0..4 {
        assert_eq!(value(&mut peers, at, "name"), None);
    }
}

#[test]
fn to_delete_what_is_not_there_writes_nothing() {
    let mut peers = ring(4, 0);
    // The group of the whole ring is split first.
    peers.run_for(Duration::from_secs(60));
    for level in [Level::One, Level::Quorum] {
        let delete = |peers: &mut Peers, text| {
            let written = peers.write(3, |peer, now| peer.delete(now, name(text), level));
            written.map(|written| written.sequence)
        };
        assert_eq!(delete(&mut peers, "nobody"), Err(StoreError::Mismatch(0)));
        let written = peers.write(1, |peer, now| peer.put(now, name("name"), vec![1], level));
        assert!(written.is_ok());
        assert_eq!(delete(&mut peers, "name"), Ok(2));
        assert_eq!(delete(&mut peers, "name"), Err(StoreError::Mismatch(0)));
        let written = peers.write(1, |peer, now| peer.put(now, name("name"), vec![1], level));
        assert_eq!(written.unwrap().sequence, 3);
        assert_eq!(delete(&mut peers, "name"), Ok(4));
    }
}

#[test]
fn silence_garbage_and_strangers_are_dropped_and_the_ring_goes_on() {
    let mut peers = ring(3, 0);
    let cases: [(&[u8], CloseReason); 3] = [
        (b"garbage", CloseReason::Flag),
        (&[0x10; 600], CloseReason::TooLarge),
        (&[], CloseReason::ShortFrame),
    ];
    for (number, (bytes, reason)) in cases.into_iter().enumerate() {
        let link = LinkId(1_000_001 + 2 * number as u64);
        peers.with(0, |peer, now| {
            peer.handle_accepted(now, link);
            peer.handle_frame(now, link, bytes.to_vec());
        });
        let down = Event::LinkDown {
            link,
            id: None,
            reason,
            said: None,
        };
        assert!(peers.events().contains(&(0, down)), "{reason}");
    }
    let silent = LinkId(2_000_001);
    peers.with(0, |peer, now| peer.handle_accepted(now, silent));
    peers.run_for(HANDSHAKE_TIMEOUT + Duration::from_millis(1));
    let drops = peers.peer(0).unwrap().drops();
    assert_eq!(drops[&CloseReason::HandshakeTimeout], 1);
    assert_eq!(peers.put(1, name("name"), b"value").unwrap().copies, 3);
}

#[test]
fn a_peer_that_joins_nobody_or_a_tab_that_joins_itself_is_told_so() {
    for (reach, via) in [
        (Reach::Direct, 99),
        (Reach::Relayed, 0),
        (Reach::Relayed, 99),
    ] {
        let mut peers = Peers::new(1, Conditions::default());
        peers.add(reach);
        peers.join(0, via);
        peers.run_for(Duration::from_secs(20));
        let failed = (0, Event::Node(NodeEvent::JoinFailed));
        assert!(peers.events().contains(&failed), "{:?}", peers.events());
    }
}

#[test]
fn there_is_one_link_each_way_at_most() {
    for tabs in [0, 4] {
        let mut peers = ring(6, tabs);
        peers.run_for(Duration::from_secs(60));
        for (_, peer) in peers.running() {
            let mut seen = BTreeSet::new();
            for link in peer.links() {
                let id = link.contact.unwrap().id();
                let way = (link.role == Role::Initiator, link.via.is_some());
                assert!(seen.insert((id, way)), "two links the same way");
            }
        }
    }
}

#[test]
fn equal_seeds_give_equal_frames() {
    let digest = |seed| {
        let mut peers = Peers::ring(seed, Conditions::default(), 4, 3).unwrap();
        peers.put(5, name("name"), b"value").unwrap();
        peers.digest()
    };
    assert_eq!(digest(7), digest(7));
    assert_ne!(digest(7), digest(8));
}
