//! Many large values at a time: repair, hand-over, groups, puts and gets keep within their windows, and no link ends for them.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::time::Instant;
use chordscope_core::chord::ideal::IdealRing;
use chordscope_core::chord::route::{Mode, Routing};
use chordscope_core::link::reason::CloseReason;
use chordscope_core::node::api::{Event as NodeEvent, Level};
use chordscope_core::peer::api::{Event, Output};
use chordscope_core::store::record::Name;
use chordscope_sim::worlds::peers::{Conditions, Peers};

const VALUE: usize = 60_000;
const MINUTE: Duration = Duration::from_secs(60);

/// A ring of peers that each take in so many bytes a second.
fn ring(count: usize, rate: u64) -> Peers {
    let mut peers = Peers::ring(1, Conditions::default(), count, 0).unwrap();
    for member in 0..count {
        peers.set_rate(member, Some(rate));
    }
    peers
}

fn name(number: usize) -> Name {
    Name::new(format!("name {number}")).unwrap()
}

fn id(peers: &Peers, member: usize) -> Id {
    peers.peer(member).unwrap().node().id()
}

/// The names whose replica group a member of the ring of these members is in.
fn kept_by(peers: &Peers, members: &[usize], member: usize, names: usize) -> Vec<Id> {
    let ids = members.iter().map(|member| id(peers, *member));
    let ring = IdealRing::new(Space::FULL, ids.collect()).unwrap();
    let me = id(peers, member);
    let keys = (0..names).map(|number| name(number).key(Space::FULL));
    let is_in_group = |key: &Id| {
        let owner = ring.successor(*key);
        owner == me || ring.successors(owner, 2).contains(&me)
    };
    keys.filter(is_in_group).collect()
}

fn put_all(peers: &mut Peers, at: usize, names: usize) {
    for number in 0..names {
        let written = peers.put(at, name(number), &vec![number as u8; VALUE]);
        assert_eq!(written.unwrap().copies, 3, "{number}");
    }
}

/// Runs until a member holds all of these.
fn run_until_held(peers: &mut Peers, member: usize, keys: &[Id], patience: Duration) {
    let holds = |peers: &Peers| {
        let records = peers.peer(member).unwrap().node().records();
        records.len() >= keys.len() && keys.iter().all(|key| records.get(*key).is_some())
    };
    assert!(peers.run_until(patience, holds), "not all has come");
}

/// No link ended but for these reasons, and nothing was lost on the way.
fn assert_calm(peers: &Peers, but: &[CloseReason]) {
    for (member, peer) in peers.running() {
        let losses: Vec<_> = peers.losses(member).collect();
        let strange = losses.iter().find(|reason| !but.contains(reason));
        assert_eq!(strange, None, "{member}: {losses:?}");
        assert_eq!(peer.lost_messages(), 0, "{member}");
    }
}

#[test]
fn nothing_follows_a_frame_that_its_owner_could_not_send() {
    let mut peers = ring(2, 1_000_000);
    peers.with(0, |peer, now| {
        for number in 0..20 {
            assert!(peer.get(now, name(number), Level::One).is_ok());
        }
        let sent = |output| match output {
            Output::Send { link, .. } => Some(link),
            _ => None,
        };
        let broken = core::iter::from_fn(|| peer.poll_output())
            .find_map(sent)
            .unwrap();
        peer.handle_broken(now, broken, CloseReason::QueueFull);
        let mut closed = false;
        while let Some(output) = peer.poll_output() {
            match output {
                Output::Send { link, .. } => assert_ne!(link, broken),
                Output::Close { link, .. } => closed |= link == broken,
                _ => {}
            }
        }
        assert!(closed);
    });
}

#[test]
fn a_peer_that_comes_back_is_given_what_it_missed_and_no_link_ends() {
    let names = 400;
    let mut peers = ring(4, 40_000_000);
    peers.kill(3);
    peers.run_for(MINUTE);
    put_all(&mut peers, 0, names);
    peers.start(3);
    peers.join(3, 0);
    peers.forget_events();
    let keys = kept_by(&peers, &[0, 1, 2, 3], 3, names);
    assert!(keys.len() > 100);
    run_until_held(&mut peers, 3, &keys, MINUTE);
    assert_calm(&peers, &[]);
}

#[test]
fn a_slow_link_is_given_no_more_than_it_takes() {
    let names = 60;
    let mut peers = ring(4, 40_000_000);
    peers.kill(3);
    peers.run_for(MINUTE);
    put_all(&mut peers, 0, names);
    peers.start(3);
    peers.set_rate(3, Some(100_000));
    peers.join(3, 0);
    peers.forget_events();
    let keys = kept_by(&peers, &[0, 1, 2, 3], 3, names);
    run_until_held(&mut peers, 3, &keys, 3 * MINUTE);
    // Two that dial one another at once keep one of the connections.
    assert_calm(&peers, &[CloseReason::Replaced, CloseReason::Gone]);
}

#[test]
fn a_peer_that_leaves_hands_everything_over_before_it_goes() {
    let names = 400;
    let mut peers = ring(5, 20_000_000);
    put_all(&mut peers, 0, names);
    peers.forget_events();
    let keys = kept_by(&peers, &[0, 1, 2, 4], 4, names);
    let leaver = 3;
    let (me, held) = (
        id(&peers, leaver),
        peers.peer(leaver).unwrap().node().records(),
    );
    let held: Vec<Id> = held.iter().map(|(key, _)| key).collect();
    let ids = (0..5).map(|member| id(&peers, member)).collect();
    let next = IdealRing::new(Space::FULL, ids).unwrap().next(me);
    let successor = (0..5).find(|member| id(&peers, *member) == next).unwrap();
    peers.leave(leaver);
    let left = |peers: &Peers| {
        let left = Event::Node(NodeEvent::Left);
        peers.events().contains(&(leaver, left))
    };
    assert!(peers.run_until(MINUTE, left));
    let records = peers.peer(successor).unwrap().node().records();
    let missing = held.iter().filter(|key| records.get(**key).is_none());
    assert_eq!(missing.count(), 0, "of {}", held.len());
    run_until_held(&mut peers, 4, &keys, MINUTE);
    assert_calm(&peers, &[CloseReason::Leaving, CloseReason::Gone]);
}

#[test]
fn many_puts_and_gets_at_once_wait_for_room_and_succeed() {
    let names = 300;
    let mut peers = ring(4, 40_000_000);
    peers.forget_events();
    peers.with(0, |peer, now| {
        for number in 0..names {
            let value = vec![number as u8; VALUE];
            assert!(peer.put(now, name(number), value, Level::One).is_ok());
        }
    });
    let ended = |peers: &Peers, wanted: fn(&NodeEvent) -> bool| {
        let events = peers.events().iter();
        let wanted = |event: &Event| matches!(event, Event::Node(event) if wanted(event));
        events.filter(|(_, event)| wanted(event)).count()
    };
    let put =
        |event: &NodeEvent| matches!(event, NodeEvent::PutEnded(_, Ok(put)) if put.copies == 3);
    assert!(peers.run_until(MINUTE, |peers| ended(peers, put) == names));
    peers.with(1, |peer, now| {
        for number in 0..names {
            assert!(peer.get(now, name(number), Level::One).is_ok());
        }
    });
    let got = |event: &NodeEvent| matches!(event, NodeEvent::GetEnded(_, Ok(Some(_))));
    assert!(peers.run_until(MINUTE, |peers| ended(peers, got) == names));
    assert_calm(&peers, &[]);
}

#[test]
fn groups_hand_large_values_over_within_their_window() {
    let names = 200;
    let mut peers = ring(4, 40_000_000);
    peers.run_for(MINUTE);
    for number in 0..names {
        let value = vec![number as u8; VALUE];
        let begin = |peer: &mut chordscope_core::peer::Peer, now: Instant| {
            peer.put(now, name(number), value, Level::Quorum)
        };
        assert!(peers.write(0, begin).is_ok(), "{number}");
    }
    peers.kill(3);
    peers.run_for(2 * MINUTE);
    peers.start(3);
    peers.join(3, 0);
    peers.forget_events();
    let kept = |peers: &Peers| {
        let groups = peers.peer(3).unwrap().node().groups().unwrap();
        groups.keys().count() > names / 2
    };
    assert!(peers.run_until(5 * MINUTE, kept));
    peers.run_for(MINUTE);
    assert_calm(&peers, &[]);
}

/// Returns the duration of each of some lookups, one every 50 ms.
fn lookups(peers: &mut Peers, at: usize, count: usize) -> Vec<Duration> {
    peers.forget_events();
    for number in 0..count {
        let key = name(10_000 + number).key(Space::FULL);
        peers.with(at, |peer, now| {
            assert!(
                peer.lookup(now, key, Routing::Finger, Mode::Recursive)
                    .is_ok()
            );
        });
        peers.run_for(Duration::from_millis(50));
    }
    let events = peers.events().iter();
    let mut times: Vec<Duration> = events
        .filter_map(|(_, event)| match event {
            Event::Node(NodeEvent::LookupEnded(_, Ok(report))) => Some(report.took),
            _ => None,
        })
        .collect();
    times.sort_unstable();
    times
}

#[test]
fn lookups_do_not_wait_behind_values() {
    let (names, count) = (700, 100);
    let mut peers = ring(8, 20_000_000);
    peers.kill(7);
    peers.run_for(MINUTE);
    put_all(&mut peers, 0, names);
    let before = lookups(&mut peers, 1, count);
    peers.start(7);
    peers.join(7, 0);
    peers.forget_events();
    let is_member = |peers: &Peers| peers.peer(7).unwrap().node().membership().is_member();
    assert!(peers.run_until(MINUTE, is_member));
    let beside = lookups(&mut peers, 7, count);
    let keys = kept_by(&peers, &[0, 1, 2, 3, 4, 5, 6, 7], 7, names);
    run_until_held(&mut peers, 7, &keys, MINUTE);
    let p99 = |times: &[Duration]| times[times.len() * 99 / 100];
    assert_eq!((before.len(), beside.len()), (count, count));
    assert!(
        p99(&beside) <= 3 * p99(&before),
        "{beside:?} beside {before:?}"
    );
    assert_calm(&peers, &[]);
}
