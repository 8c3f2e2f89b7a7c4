//! Tabs: members that nobody can dial. Everything goes through relays, which die, cheat and come back.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use chordscope_core::base::id::Id;
use chordscope_core::base::rng::Rng;
use chordscope_core::chord::invariant::Health;
use chordscope_core::link::reason::CloseReason;
use chordscope_core::peer::Reach;
use chordscope_core::store::record::Name;
use chordscope_sim::worlds::peers::{Conditions, Deed, Peers};

const DIRECT: usize = 5;
const TABS: usize = 5;

fn ring(seed: u64) -> Peers {
    Peers::ring(seed, Conditions::default(), DIRECT, TABS).unwrap()
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn names() -> Vec<String> {
    (0..24).map(|number| format!("name {number}")).collect()
}

fn put_all(peers: &mut Peers) {
    for (number, text) in names().iter().enumerate() {
        let at = number % (DIRECT + TABS);
        let written = peers.put(at, name(text), text.as_bytes());
        assert_eq!(written.map(|written| written.copies), Ok(3), "{text}");
    }
}

fn assert_all_there(peers: &mut Peers, at: usize, when: &str) {
    for text in names() {
        let got = peers.get(at, name(&text));
        let got = got.map(|record| record.and_then(|record| record.into_value()));
        assert_eq!(got, Ok(Some(text.clone().into_bytes())), "{text}, {when}");
    }
}

fn assert_ring(peers: &Peers, when: &str) {
    let health = Health::of(peers.running().map(|(_, peer)| peer.node().membership()));
    assert_eq!(health, Health::default(), "{when}");
}

fn id(peers: &Peers, member: usize) -> Id {
    peers.peer(member).unwrap().node().id()
}

fn relays(peers: &Peers, tab: usize) -> Vec<usize> {
    let views = peers.peer(tab).unwrap().relays();
    let held = views.iter().filter(|view| view.leased);
    let ids: Vec<Id> = held.map(|view| view.contact.id()).collect();
    let members = 0..DIRECT;
    members
        .filter(|member| {
            let peer = peers.peer(*member);
            peer.is_some_and(|peer| ids.contains(&peer.node().id()))
        })
        .collect()
}

#[test]
fn tabs_and_peers_are_one_ring() {
    let mut peers = ring(1);
    assert_ring(&peers, "at rest");
    for tab in DIRECT..DIRECT + TABS {
        assert_eq!(relays(&peers, tab).len(), 2, "tab {tab}");
    }
    put_all(&mut peers);
    for at in 0..DIRECT + TABS {
        assert_all_there(&mut peers, at, &format!("at {at}"));
    }
    let held: usize = (DIRECT..DIRECT + TABS)
        .map(|tab| peers.peer(tab).unwrap().node().records().len())
        .sum();
    assert!(held > 0, "tabs hold records");
}

#[test]
fn a_tab_s_relay_dies_and_nothing_is_lost() {
    for seed in 1..=4 {
        let mut peers = ring(seed);
        put_all(&mut peers);
        let tab = DIRECT;
        let lost = relays(&peers, tab)[0];
        let before = id(&peers, tab);
        peers.kill(lost);
        let at = (lost + 1) % DIRECT;
        assert_all_there(&mut peers, at, "just after");
        peers.run_for(Duration::from_secs(30));
        assert_ring(&peers, "later");
        assert_eq!(relays(&peers, tab).len(), 2, "it has found another one");
        assert_eq!(id(&peers, tab), before);
        assert_all_there(&mut peers, tab, "at the tab");
        assert_all_there(&mut peers, at, "later");
    }
}

#[test]
fn a_killed_tab_takes_nothing_with_it() {
    let mut peers = ring(2);
    put_all(&mut peers);
    peers.kill(DIRECT + 1);
    assert_all_there(&mut peers, 0, "just after");
    peers.run_for(Duration::from_secs(60));
    assert_ring(&peers, "later");
    let leases: usize = (0..DIRECT)
        .map(|member| peers.peer(member).unwrap().relayed().1)
        .sum();
    assert_eq!(leases, 2 * (TABS - 1), "its leases have lapsed");
}

#[test]
fn a_tab_that_comes_back_is_the_same_member() {
    let mut peers = ring(3);
    put_all(&mut peers);
    let tab = DIRECT + 2;
    let before = id(&peers, tab);
    peers.kill(tab);
    peers.run_for(Duration::from_secs(2));
    peers.start(tab);
    peers.join(tab, 1);
    peers.run_for(Duration::from_secs(40));
    assert_eq!(id(&peers, tab), before);
    assert_ring(&peers, "when it is back");
    assert_all_there(&mut peers, tab, "at the tab");
}

#[test]
fn a_tab_leaves_properly() {
    let mut peers = ring(4);
    put_all(&mut peers);
    peers.leave(DIRECT);
    peers.run_for(Duration::from_secs(10));
    peers.kill(DIRECT);
    peers.run_for(Duration::from_secs(20));
    assert_ring(&peers, "without it");
    assert_all_there(&mut peers, DIRECT + 1, "without it");
}

#[test]
fn a_tab_whose_network_changes_stays_a_member() {
    let mut peers = ring(5);
    put_all(&mut peers);
    peers.unplug(DIRECT);
    peers.run_for(Duration::from_secs(40));
    assert_ring(&peers, "after it");
    assert_all_there(&mut peers, DIRECT, "at the tab");
}

#[test]
fn connections_that_break_all_the_time_lose_nothing() {
    let mut peers = ring(6);
    put_all(&mut peers);
    peers.set_conditions(Conditions {
        breaks: 500,
        ..Conditions::default()
    });
    peers.run_for(Duration::from_secs(60));
    peers.set_conditions(Conditions::default());
    peers.run_for(Duration::from_secs(60));
    assert_ring(&peers, "once they hold");
    assert_all_there(&mut peers, 2, "once they hold");
}

/// Corrupts the frames of circuits that a relay passes on.
fn spoil(frame: &mut [u8]) {
    let last = frame.len() - 30;
    frame[last] ^= 1;
}

fn is_circuit(frame: &[u8]) -> bool {
    frame.len() > 40 && frame[2..6] != [0; 4]
}

#[test]
fn a_relay_that_changes_repeats_or_keeps_frames_is_found_out() {
    let cheats: [fn(&mut Vec<u8>) -> Deed; 3] = [
        |frame| {
            if is_circuit(frame) {
                spoil(frame);
            }
            Deed::Send
        },
        |frame| match is_circuit(frame) {
            true => Deed::Twice,
            false => Deed::Send,
        },
        |frame| match is_circuit(frame) {
            true => Deed::Drop,
            false => Deed::Send,
        },
    ];
    for (number, cheat) in cheats.into_iter().enumerate() {
        let mut peers = ring(7);
        put_all(&mut peers);
        let cheater = relays(&peers, DIRECT)[0];
        peers.forget_events();
        peers.set_cheat(cheater, Some(cheat));
        peers.run_for(Duration::from_secs(30));
        let found_out = (0..DIRECT + TABS)
            .filter(|member| *member != cheater)
            .flat_map(|member| peers.losses(member).collect::<Vec<_>>())
            .filter(|reason| {
                matches!(
                    CloseReason::from_byte(reason.byte()),
                    CloseReason::BadTag | CloseReason::ForgedIdentity | CloseReason::Garbage
                )
            })
            .count();
        assert!(number == 2 || found_out > 0, "cheat {number}");
        peers.set_cheat(cheater, None);
        peers.run_for(Duration::from_secs(120));
        assert_ring(&peers, "once it is honest");
        assert_all_there(&mut peers, DIRECT, "once it is honest");
    }
}

/// Plays one fault after the other, with time to repair in between; then all must be as if nothing had been.
fn trouble(seed: u64) {
    let mut rng = Rng::from_seed(seed, 1);
    let mut peers = ring(seed);
    put_all(&mut peers);
    let count = DIRECT + TABS;
    for _ in 0..8 {
        let member = usize::try_from(rng.below(count as u64)).unwrap();
        // The first peer is the one by which others come back.
        let (back, via) = match member {
            0 => (0, 1),
            other => (other, 0),
        };
        match rng.below(4) {
            0 => peers.unplug(member),
            1 => {
                peers.leave(member);
                peers.run_for(Duration::from_secs(3));
                peers.kill(member);
                peers.start(back);
                peers.join(back, via);
            }
            _ => {
                peers.kill(member);
                peers.run_for(Duration::from_secs(rng.below(50)));
                peers.start(back);
                peers.join(back, via);
            }
        }
        peers.run_for(Duration::from_secs(30));
    }
    peers.run_for(Duration::from_secs(90));
    assert_ring(&peers, &format!("seed {seed}"));
    for at in [0, DIRECT] {
        assert_all_there(&mut peers, at, &format!("seed {seed}, at {at}"));
    }
}

#[test]
fn a_ring_of_peers_and_tabs_survives_one_trouble_after_the_other() {
    // More with SEEDS=first..last, such as SEEDS=1..500.
    let seeds = std::env::var("SEEDS").unwrap_or_else(|_| "1..7".into());
    let (first, last) = seeds.split_once("..").unwrap();
    for seed in first.parse::<u64>().unwrap()..last.parse().unwrap() {
        trouble(seed);
    }
}

#[test]
fn a_ring_of_one_peer_and_its_tabs_works() {
    let mut peers = Peers::ring(8, Conditions::default(), 1, 3).unwrap();
    assert_ring(&peers, "at rest");
    let written = peers.put(2, name("name"), b"value").unwrap();
    assert_eq!(written.copies, 3);
    for at in 0..4 {
        let got = peers.get(at, name("name")).unwrap().unwrap();
        assert_eq!(got.value(), Some(&b"value"[..]));
    }
}

#[test]
fn a_tab_is_no_relay() {
    let mut peers = ring(9);
    peers.run_for(Duration::from_secs(60));
    for tab in DIRECT..DIRECT + TABS {
        let (circuits, leases) = peers.peer(tab).unwrap().relayed();
        assert_eq!((circuits, leases), (0, 0));
    }
    assert!(peers.peer(0).unwrap().relayed().0 > 0);
    let late = peers.add(Reach::Relayed);
    peers.join(late, DIRECT);
    peers.run_for(Duration::from_secs(20));
    let joined = peers.peer(late).unwrap().node().membership().is_member();
    assert!(!joined, "nobody can dial a tab");
}

#[test]
fn in_a_quiet_ring_no_connection_replaces_another() {
    for seed in 1..=4 {
        let mut peers = ring(seed);
        peers.run_for(Duration::from_secs(300));
        for member in 0..DIRECT + TABS {
            let replaced = |reason: &CloseReason| *reason == CloseReason::Replaced;
            let replaced = peers.losses(member).filter(replaced).count();
            assert_eq!(replaced, 0, "seed {seed}, member {member}");
        }
    }
}
