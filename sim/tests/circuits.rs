//! Data over circuits: everything arrives in order, and nobody feels a tab that misbehaves.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_core::link::LinkId;
use chordscope_core::link::reason::CloseReason;
use chordscope_core::link::session::Role;
use chordscope_core::peer::api::{DataError, Event, Output};
use chordscope_core::peer::{MAX_DATA, Peer};
use chordscope_sim::worlds::peers::{Conditions, Deed, Peers};

const MIB: u64 = 1 << 20;

/// A ring of one relay and so many tabs.
fn tabs(count: usize) -> Peers {
    Peers::ring(3, Conditions::default(), 1, count).unwrap()
}

fn id(peers: &Peers, member: usize) -> Id {
    peers.peer(member).unwrap().node().id()
}

fn link(peers: &mut Peers, from: usize, to: usize) {
    let contact = peers.peer(to).unwrap().node().contact().clone();
    peers.with(from, |peer, now| peer.reach(now, &contact));
    let target = contact.id();
    let linked = |peers: &Peers| peers.peer(from).is_some_and(|peer| peer.is_linked(target));
    assert!(peers.run_until(Duration::from_secs(5), linked));
}

/// Sends as much as there is room for.
fn fill(peer: &mut Peer, now: Instant, to: Id, body: &[u8]) -> usize {
    let mut sent = 0;
    while peer.send_data(now, to, body).is_ok() {
        sent += body.len();
    }
    sent
}

/// Lets each of these pairs send without pause for a while; gives the bytes that arrived at each receiver.
fn stream(peers: &mut Peers, pairs: &[(usize, usize)], millis: u64) -> BTreeMap<usize, u64> {
    let targets: Vec<Id> = pairs.iter().map(|(_, to)| id(peers, *to)).collect();
    let body = vec![7; MAX_DATA];
    let mut arrived = BTreeMap::new();
    for _ in 0..millis / 5 {
        peers.forget_events();
        for ((from, _), target) in pairs.iter().zip(&targets) {
            peers.with(*from, |peer, now| fill(peer, now, *target, &body));
        }
        peers.run_for(Duration::from_millis(5));
        for (at, event) in peers.events() {
            if let Event::Data { body, .. } = event {
                *arrived.entry(*at).or_default() += body.len() as u64;
            }
        }
    }
    arrived
}

#[test]
fn data_arrives_whole_and_in_order_at_any_distance() {
    // Direct, tab to relay, relay to tab, tab to tab at one relay, tab to tab over two relays.
    let mut peers = Peers::ring(5, Conditions::default(), 3, 4).unwrap();
    for (from, to) in [(0, 1), (3, 0), (1, 4), (3, 4), (5, 6), (4, 2)] {
        link(&mut peers, from, to);
        let target = id(&peers, to);
        peers.forget_events();
        let mut next = 0_u32;
        for _ in 0..200 {
            peers.with(from, |peer, now| {
                while peer
                    .send_data(now, target, &next.to_le_bytes().repeat(9_000))
                    .is_ok()
                {
                    next += 1;
                }
            });
            peers.run_for(Duration::from_millis(5));
        }
        peers.run_for(Duration::from_secs(5));
        let bodies = peers.events().iter().filter_map(|(at, event)| match event {
            Event::Data { body, .. } if *at == to => Some(body),
            _ => None,
        });
        let numbers: Vec<u32> = bodies
            .map(|body| u32::from_le_bytes(body[..4].try_into().unwrap()))
            .collect();
        assert!(next > 100, "{from} to {to}: {next}");
        assert_eq!(numbers, (0..next).collect::<Vec<_>>(), "{from} to {to}");
    }
}

#[test]
fn messages_overtake_data() {
    let mut peers = tabs(2);
    peers.set_rate(2, Some(MIB));
    link(&mut peers, 1, 2);
    let arrived = stream(&mut peers, &[(1, 2)], 10_000);
    assert!(arrived[&2] > 8 * MIB, "{arrived:?}");
    let health = chordscope_core::chord::invariant::Health::of(
        peers.running().map(|(_, peer)| peer.node().membership()),
    );
    assert_eq!(health, Default::default(), "its ring did not lose it");
}

#[test]
fn there_is_room_again_once_data_has_left() {
    let mut peers = tabs(2);
    link(&mut peers, 1, 2);
    let target = id(&peers, 2);
    peers.forget_events();
    peers.with(1, |peer, now| {
        fill(peer, now, target, &[0; MAX_DATA]);
        assert_eq!(peer.send_data(now, target, &[1]), Ok(()), "one byte fits");
        let much = peer.send_data(now, target, &[0; MAX_DATA]);
        assert_eq!(much, Err(DataError::Full));
        let nobody = peer.send_data(now, Id::ZERO, &[]);
        assert_eq!(nobody, Err(DataError::NotLinked));
        let long = peer.send_data(now, target, &[0; MAX_DATA + 1]);
        assert_eq!(long, Err(DataError::TooLong));
    });
    peers.run_for(Duration::from_secs(1));
    assert!(peers.events().contains(&(1, Event::Room(target))));
}

/// Eight honest pairs stream through one relay, as fast as its link takes it.
fn honest() -> Vec<(usize, usize)> {
    (0..8).map(|pair| (1 + 2 * pair, 2 + 2 * pair)).collect()
}

fn total(arrived: &BTreeMap<usize, u64>, pairs: &[(usize, usize)]) -> u64 {
    pairs.iter().filter_map(|(_, to)| arrived.get(to)).sum()
}

/// The honest pairs' bytes without and with a pair that misbehaves.
fn beside(trouble: impl Fn(&mut Peers) -> Vec<(usize, usize)>) -> (u64, u64) {
    let pairs = honest();
    let run = |with: bool| {
        let mut peers = tabs(18);
        // What limits everybody is the relay's own way in.
        peers.set_rate(0, Some(20 * MIB));
        for (from, to) in pairs.iter().copied().chain([(17, 18)]) {
            link(&mut peers, from, to);
        }
        let mut all = pairs.clone();
        if with {
            all.extend(trouble(&mut peers));
        }
        let arrived = stream(&mut peers, &all, 2_000);
        total(&arrived, &pairs)
    };
    (run(false), run(true))
}

#[test]
fn nobody_feels_a_slow_tab() {
    let (without, with) = beside(|peers| {
        peers.set_rate(18, Some(MIB / 64));
        vec![(17, 18)]
    });
    assert!(with * 10 >= without * 8, "{with} of {without}");
}

#[test]
fn nobody_feels_a_tab_that_returns_no_credit() {
    let (without, with) = beside(|peers| {
        // Short frames from a link's own side are its credit, among others: it keeps them all.
        peers.set_cheat(
            18,
            Some(|frame| match frame.len() < 48 {
                true => Deed::Drop,
                false => Deed::Send,
            }),
        );
        vec![(17, 18)]
    });
    assert!(with * 10 >= without * 8, "{with} of {without}");
}

#[test]
fn a_tab_that_sends_beyond_its_credit_is_cut_off() {
    let mut peers = tabs(2);
    peers.set_rate(2, Some(MIB / 16));
    link(&mut peers, 1, 2);
    let target = id(&peers, 2);
    // Each frame of a circuit goes out twice: the second ones have no credit.
    peers.set_cheat(
        1,
        Some(|frame| match frame[2..6] {
            [0, 0, 0, 0] => Deed::Send,
            _ => Deed::Twice,
        }),
    );
    let flooder = id(&peers, 1);
    peers.forget_events();
    for _ in 0..100 {
        peers.with(1, |peer, now| fill(peer, now, target, &[0; MAX_DATA]));
        peers.run_for(Duration::from_millis(20));
    }
    let cut = peers.events().iter().any(|(at, event)| {
        matches!(event, Event::LinkDown { id, reason, .. }
            if *at != 1 && *id == Some(flooder)
            && matches!(reason, CloseReason::Credit | CloseReason::BadTag))
    });
    assert!(cut, "{:?}", peers.losses(0).collect::<Vec<_>>());
}

#[test]
fn a_relay_closes_what_it_cannot_make_sense_of() {
    let mut peers = tabs(1);
    // A circuit that was never opened.
    let link = LinkId(9_999_999);
    let frame = [0x10, 0, 7, 0, 0, 0, 1];
    peers.with(0, |peer, now| {
        peer.handle_accepted(now, link);
        peer.handle_frame(now, link, frame.to_vec());
        let closed = std::iter::from_fn(|| peer.poll_output()).any(|output| {
            matches!(output, Output::Close { link: closed, reason: CloseReason::EarlyCircuit } if closed == link)
        });
        assert!(closed);
    });
}

/// As docs/protocol.md says under "Transport".
#[test]
fn two_tabs_that_open_a_circuit_to_each_other_at_once_keep_both() {
    // So many that not everybody knows everybody.
    const TABS: usize = 40;
    let mut peers = tabs(TABS);
    let are_linked = |peers: &Peers, a: usize, b: usize| {
        let (peer, other) = (peers.peer(a).unwrap(), id(peers, b));
        peer.is_linked(other)
    };
    let mut pairs = (1..=TABS).flat_map(|a| (1..a).map(move |b| (a, b)));
    let pair = pairs.find(|(a, b)| !are_linked(&peers, *a, *b) && !are_linked(&peers, *b, *a));
    let (a, b) = pair.expect("two that do not know each other");
    let contact = |peers: &Peers, at: usize| peers.peer(at).unwrap().node().contact().clone();
    let (to_a, to_b) = (contact(&peers, a), contact(&peers, b));
    peers.with(a, |peer, now| peer.reach(now, &to_b));
    peers.with(b, |peer, now| peer.reach(now, &to_a));
    peers.run_for(Duration::from_secs(60));
    for (at, other) in [(a, to_b.id()), (b, to_a.id())] {
        let links = peers.peer(at).unwrap().links();
        let theirs = links.filter(|link| link.contact.as_ref().is_some_and(|to| to.id() == other));
        let roles: BTreeSet<Role> = theirs.map(|link| link.role).collect();
        assert_eq!(roles.len(), 2, "{roles:?}");
    }
}
