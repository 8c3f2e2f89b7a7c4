use chordscope_core::base::identity::Signer;
use chordscope_core::base::time::Instant;
use chordscope_core::link::reason::CloseReason;
use chordscope_core::node::api::{Level, StorageEvent};
use chordscope_core::peer::api::{Event, LinkId, Output};
use chordscope_core::peer::{Config, Reach};
use chordscope_core::store::record::Name;

use super::*;
use crate::live::stage;
use crate::live::tab::notice;
use crate::scene::hit::Under;

/// A tab in a ring of one, with a record.
fn tab() -> Peer {
    let config = Config {
        reach: Reach::Relayed,
        ..Config::default()
    };
    let signer = Signer::ed25519([1; 32]);
    let mut peer = Peer::new(config, signer, Vec::new(), 1, [2; 32]).unwrap();
    peer.create(Instant::ZERO);
    let name = Name::new("greeting").unwrap();
    peer.put(Instant::ZERO, name, b"hello".to_vec(), Level::One)
        .unwrap();
    store(&mut peer);
    peer
}

/// Lets it keep what it has to; gives what the log says of it.
fn store(peer: &mut Peer) -> Vec<String> {
    let mut said = Vec::new();
    while let Some(output) = peer.poll_output() {
        if let Output::StoreRecord { token, .. } = output {
            peer.handle_storage(Instant::ZERO, StorageEvent::Stored(token));
        } else if let Output::Event(event) = &output {
            said.extend(notice::text(peer.node(), event, false));
        }
    }
    said
}

#[test]
fn a_tab_without_a_ring_answers_for_nothing_that_it_keeps() {
    let mut peer = tab();
    let counts = |peer: &Peer| {
        let state = state(
            peer,
            &joined(peer),
            Instant::ZERO,
            Shelf::Memory,
            Vec::new(),
        );
        (state.keys_owned, state.keys_copied)
    };
    assert_eq!(counts(&peer), (1, 0));
    peer.leave(Instant::ZERO);
    store(&mut peer);
    assert!(!peer.node().membership().is_member());
    assert_eq!(counts(&peer), (0, 1));
}

#[test]
fn what_is_deleted_is_named_so_and_not_counted_as_a_record() {
    let mut peer = tab();
    let name = Name::new("greeting").unwrap();
    peer.delete(Instant::ZERO, name, Level::One).unwrap();
    let said = store(&mut peer);
    let stored: Vec<&String> = said.iter().filter(|text| text.contains("stores")).collect();
    assert_eq!(stored.len(), 1, "{said:?}");
    assert!(stored[0].ends_with("is deleted"), "{said:?}");
    let state = state(
        &peer,
        &joined(&peer),
        Instant::ZERO,
        Shelf::Memory,
        Vec::new(),
    );
    assert_eq!((state.keys_owned, state.keys_copied), (0, 0));
    assert!(state.keys[0].deleted && state.keys[0].name == "greeting");
    assert!(stage::scene(&state, None, None).keys.is_empty());
    let (_, says) = stage::hint(&state, None, Some(Under::Key(state.keys[0].key)));
    assert!(!says.contains("responsible"), "{says}");
}

#[test]
fn a_circuit_that_ends_because_the_tab_leaves_is_not_said_to_have_lost_its_relay() {
    let ended = Event::LinkDown {
        link: LinkId(1),
        id: None,
        reason: CloseReason::RelayGone,
        said: None,
    };
    let peer = tab();
    let says = |leaves| notice::text(peer.node(), &ended, leaves).unwrap();
    assert!(says(false).ends_with("the relay is gone"));
    assert!(says(true).ends_with("this node leaves the ring"));
}

#[test]
fn a_ring_of_one_is_forming_answers_for_every_key_and_knows_nobody() {
    let peer = tab();
    let connection = joined(&peer);
    let state = state(&peer, &connection, Instant::ZERO, Shelf::Memory, Vec::new());
    let expected = Connection::Joined {
        safe: false,
        relays: Vec::new(),
    };
    assert_eq!(state.connection, expected);
    assert_eq!((state.keys_owned, state.keys_copied), (1, 0));
    assert_eq!(state.keys[0].name, "greeting");
    assert!(state.peers.is_empty() && state.fingers.is_empty());
}

#[test]
fn only_a_member_is_shown_as_one() {
    let refused = Connection::Connecting("ws://a/ws".to_owned());
    let state = state(&tab(), &refused, Instant::ZERO, Shelf::Files, Vec::new());
    assert_eq!(state.connection, refused);
}
