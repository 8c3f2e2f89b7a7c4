//! Records that live for as long as the peer that put them runs.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use chordscope_core::base::time::Instant;
use chordscope_core::node::api::{
    Event as NodeEvent, Level, Limit, OperationId, StoreError, Written,
};
use chordscope_core::node::renewal::Keeping;
use chordscope_core::peer::Peer;
use chordscope_core::peer::api::Event;
use chordscope_core::store::record::{Name, RecordError, Salt, Subject};
use chordscope_sim::worlds::peers::{Conditions, Peers};

const LIFETIME: Duration = Duration::from_secs(120);
const LONG: Duration = Duration::from_secs(600);

fn ring() -> Peers {
    Peers::ring(3, Conditions::default(), 5, 0).unwrap()
}

fn keeping(renew: bool) -> Keeping {
    Keeping {
        lifetime: LIFETIME,
        renew,
    }
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

#[test]
fn a_record_is_put_to_live_for_two_seconds_at_least_and_is_there_for_one() {
    let mut peers = ring();
    for (seconds, level, goes) in [
        (0, Level::One, false),
        (1, Level::One, false),
        (1, Level::Quorum, false),
        (2, Level::One, true),
    ] {
        let keeping = Keeping {
            lifetime: Duration::from_secs(seconds),
            renew: false,
        };
        let value = || b"value".to_vec();
        let named = peers.write(1, |peer, now| {
            peer.put_for(now, name("name"), Some(value()), None, level, keeping)
        });
        let fixed = peers.write(1, |peer, now| peer.put_immutable_for(now, value(), keeping));
        let refused = (!goes).then_some(StoreError::Record(RecordError::Lifetime));
        assert_eq!(named.err(), refused, "{seconds}");
        assert_eq!(fixed.err(), refused, "{seconds}");
    }
    let got = peers.get(3, Subject::Name(name("name"))).unwrap();
    assert_eq!(got.unwrap().value(), Some(&b"value"[..]));
}

/// Puts in three ways at member 1: named, signed, immutable; gives what to get.
fn put_three(peers: &mut Peers, renew: bool) -> Vec<Subject> {
    let author = peers.peer(1).unwrap().node().contact().card().key;
    let salt = Salt::new(b"salt".to_vec()).unwrap();
    let mut put = |deed: &dyn Fn(&mut Peer, Instant) -> Result<OperationId, StoreError>| {
        peers.write(1, |peer, now| deed(peer, now)).unwrap()
    };
    let value = || Some(b"value".to_vec());
    let (one, keep) = (Level::One, keeping(renew));
    put(&|peer, now| peer.put_for(now, name("name"), value(), None, one, keep));
    put(&|peer, now| peer.put_for(now, salt.clone(), value(), None, one, keep));
    let fixed = put(&|peer, now| peer.put_immutable_for(now, b"fixed".to_vec(), keep));
    vec![
        Subject::Name(name("name")),
        Subject::Signed(author, salt),
        Subject::Key(fixed.key),
    ]
}

fn are_there(peers: &mut Peers, subjects: &[Subject]) -> Vec<bool> {
    let all = subjects.iter().cloned();
    all.map(|subject| peers.get(3, subject).unwrap().is_some())
        .collect()
}

fn renewals(peers: &Peers, member: usize) -> usize {
    peers.peer(member).unwrap().node().renewals().count()
}

#[test]
fn records_outlive_their_lifetime_while_their_author_runs() {
    let mut peers = ring();
    let subjects = put_three(&mut peers, true);
    assert_eq!(renewals(&peers, 1), 3);
    peers.run_for(LONG);
    assert_eq!(are_there(&mut peers, &subjects), [true; 3]);
    // Half of a lifetime, more or less: twice in each, not ten times.
    let renewed = |event: &&(usize, Event)| matches!(event.1, Event::Node(NodeEvent::Renewed(..)));
    let count = peers.events().iter().filter(renewed).count();
    assert!((3 * 6..=3 * 14).contains(&count), "{count}");
    peers.kill(1);
    peers.run_for(2 * LIFETIME);
    assert_eq!(
        are_there(&mut peers, &subjects),
        [false; 3],
        "nobody else renews"
    );
}

/// Returns the final value of a name that was put, and written once more or deleted (`None`) while all its replicas were away.
fn written_while_all_holders_are_away(second: Option<&[u8]>) -> Option<Vec<u8>> {
    let mut peers = Peers::ring(3, Conditions::default(), 9, 0).unwrap();
    let put = |peers: &mut Peers, value: Option<&[u8]>| {
        let value = value.map(<[u8]>::to_vec);
        let written = peers.write(1, |peer, now| {
            peer.put_for(now, name("name"), value, None, Level::One, keeping(true))
        });
        written.unwrap().sequence
    };
    assert_eq!(put(&mut peers, Some(b"first")), 1);
    let key = name("name").key(chordscope_core::base::id::Space::FULL);
    let holds = |peer: &Peer| peer.node().records().get(key).is_some();
    let holders: Vec<usize> = peers
        .running()
        .filter_map(|(member, peer)| holds(peer).then_some(member))
        .collect();
    assert!(holders.len() == 3 && !holders.contains(&1), "{holders:?}");
    for holder in &holders {
        peers.kill(*holder);
    }
    peers.run_for(Duration::from_secs(20));
    assert!(peers.get(1, name("name")).unwrap().is_none());
    assert_eq!(put(&mut peers, second), 2);
    for holder in holders {
        peers.start(holder);
        peers.join(holder, 1);
    }
    peers.run_for(Duration::from_secs(30));
    let got = peers.get(1, name("name")).unwrap();
    got.and_then(|record| record.into_value())
}

#[test]
fn a_put_or_delete_counts_on_from_what_its_node_renews_though_all_holders_are_away() {
    for second in [Some(&b"second"[..]), None] {
        let got = written_while_all_holders_are_away(second);
        assert_eq!(got.as_deref(), second, "and not what was away");
    }
}

#[test]
fn records_of_the_shortest_lives_are_renewed_in_time() {
    let mut peers = ring();
    let names: Vec<Name> = (0..24).map(|number| name(&format!("n {number}"))).collect();
    for (at, name) in names.iter().enumerate() {
        let keeping = Keeping {
            lifetime: Duration::from_secs([2, 3, 5][at % 3]),
            renew: true,
        };
        let value = Some(b"value".to_vec());
        let put = |peer: &mut Peer, now| {
            peer.put_for(now, name.clone(), value.clone(), None, Level::One, keeping)
        };
        assert!(peers.write(1, put).is_ok());
    }
    for _ in 0..40 {
        peers.run_for(Duration::from_millis(700));
        for name in &names {
            let got = peers.get(3, Subject::Name(name.clone())).unwrap();
            assert!(got.is_some(), "{name:?}");
        }
    }
}

#[test]
fn without_renewal_records_run_out() {
    let mut peers = ring();
    let subjects = put_three(&mut peers, false);
    assert_eq!(renewals(&peers, 1), 0);
    assert_eq!(are_there(&mut peers, &subjects), [true; 3]);
    peers.run_for(LIFETIME + Duration::from_secs(10));
    assert_eq!(are_there(&mut peers, &subjects), [false; 3]);
}

#[test]
fn a_newer_version_ends_the_renewal_and_is_not_undone() {
    let mut peers = ring();
    put_three(&mut peers, true);
    let newer = peers.write(2, |peer, now| {
        let value = Some(b"newer".to_vec());
        peer.put_for(now, name("name"), value, None, Level::One, keeping(true))
    });
    assert_eq!(newer.unwrap().sequence, 2);
    peers.run_for(LONG);
    assert_eq!((renewals(&peers, 1), renewals(&peers, 2)), (2, 1));
    let got = peers.get(4, name("name")).unwrap().unwrap();
    assert_eq!(got.into_value(), Some(b"newer".to_vec()));
}

#[test]
fn a_tombstone_is_renewed_like_a_value() {
    let mut peers = ring();
    put_three(&mut peers, true);
    let deleted = peers.write(1, |peer, now| {
        peer.put_for(now, name("name"), None, None, Level::One, keeping(true))
    });
    assert_eq!(deleted.unwrap().sequence, 2);
    peers.run_for(LONG);
    assert_eq!(renewals(&peers, 1), 3);
    let again = peers.write(2, |peer, now| {
        peer.put_for(
            now,
            name("name"),
            Some(vec![]),
            None,
            Level::One,
            keeping(false),
        )
    });
    assert_eq!(again.unwrap().sequence, 3, "the deleted one is remembered");
}

#[test]
fn an_author_that_restarts_goes_on_renewing() {
    let mut peers = ring();
    let subjects = put_three(&mut peers, true);
    peers.run_for(Duration::from_secs(40));
    peers.kill(1);
    peers.run_for(Duration::from_secs(20));
    peers.start(1);
    assert_eq!(renewals(&peers, 1), 3);
    peers.join(1, 0);
    peers.run_for(LONG);
    assert_eq!(are_there(&mut peers, &subjects), [true; 3]);
}

#[test]
fn what_was_put_once_more_without_renewal_is_renewed_no_more() {
    let mut peers = ring();
    put_three(&mut peers, true);
    put_three(&mut peers, false);
    assert_eq!(renewals(&peers, 1), 0);
    peers.run_for(LIFETIME + Duration::from_secs(10));
    assert_eq!(peers.get(0, name("name")).unwrap(), None);
}

#[test]
fn gets_and_puts_say_how_long_a_record_is_held() {
    let mut peers = ring();
    put_three(&mut peers, true);
    peers.run_for(Duration::from_secs(20));
    peers.forget_events();
    peers.get(3, name("name")).unwrap();
    let told = peers.events().iter().find_map(|(at, event)| match event {
        Event::Node(NodeEvent::Lifetime(_, secs)) => Some((*at, *secs)),
        _ => None,
    });
    let (at, secs) = told.unwrap();
    assert_eq!(at, 3);
    assert!((90..=100).contains(&secs), "{secs} s");
}

#[test]
fn the_list_of_renewals_is_bounded_and_says_so() {
    let mut peers = ring();
    let limit = chordscope_core::node::config::Limits::default().renewals;
    for number in 0..=limit {
        let value = format!("value {number}").into_bytes();
        let put = peers.write(1, |peer, now| {
            peer.put_immutable_for(now, value, keeping(true))
        });
        assert!(put.is_ok());
        if number % 512 == 0 {
            peers.run_for(Duration::from_millis(1));
        }
    }
    assert_eq!(renewals(&peers, 1), limit);
    let full = (1, Event::Node(NodeEvent::LimitReached(Limit::Renewals)));
    assert!(peers.events().contains(&full));
}

/// A ring whose groups of level quorum have as many members as they should.
fn ring_with_groups() -> Peers {
    let mut peers = ring();
    peers.run_for(Duration::from_secs(60));
    peers
}

fn put(
    peers: &mut Peers,
    at: usize,
    value: Option<&str>,
    level: Level,
    keeping: Keeping,
) -> Result<Written, StoreError> {
    let value = value.map(|value| value.as_bytes().to_vec());
    peers.write(at, |peer, now| {
        peer.put_for(now, name("name"), value.clone(), None, level, keeping)
    })
}

fn get_at(peers: &mut Peers, at: usize, level: Level) -> Option<Vec<u8>> {
    let got = peers.read(at, |peer, now| peer.get(now, name("name"), level));
    got.unwrap().and_then(|record| record.into_value())
}

fn value(text: &str) -> Option<Vec<u8>> {
    Some(text.as_bytes().to_vec())
}

#[test]
fn at_level_quorum_records_outlive_their_lifetime_while_their_author_runs() {
    let mut peers = ring_with_groups();
    put(&mut peers, 1, Some("value"), Level::Quorum, keeping(true)).unwrap();
    assert_eq!(renewals(&peers, 1), 1);
    peers.forget_events();
    peers.run_for(LONG);
    assert_eq!(get_at(&mut peers, 3, Level::Quorum), value("value"));
    let renewed = peers.events().iter().filter(|(at, event)| {
        let copies = match event {
            Event::Node(NodeEvent::Renewed(_, Level::Quorum, copies)) => *copies,
            _ => 0,
        };
        *at == 1 && copies >= 2
    });
    let count = renewed.count();
    assert!((6..=14).contains(&count), "{count}");
    peers.kill(1);
    peers.run_for(2 * LIFETIME);
    assert_eq!(get_at(&mut peers, 3, Level::Quorum), None);
}

#[test]
fn a_record_of_level_quorum_is_there_after_more_than_a_day() {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let mut peers = ring_with_groups();
    let texts = ["renewed", "left alone"];
    for text in texts {
        let keeping = Keeping {
            lifetime: DAY,
            renew: text == texts[0],
        };
        let put = peers.write(1, |peer, now| {
            peer.put_for(now, name(text), value(text), None, Level::Quorum, keeping)
        });
        put.unwrap();
    }
    peers.run_for(DAY + Duration::from_secs(60));
    let there = texts.map(|text| {
        let got = peers.read(2, |peer, now| peer.get(now, name(text), Level::Quorum));
        got.unwrap().is_some()
    });
    assert_eq!(there, [true, false]);
}

#[test]
fn at_level_quorum_a_newer_version_ends_the_renewal_and_is_not_undone() {
    let mut peers = ring_with_groups();
    put(&mut peers, 1, Some("value"), Level::Quorum, keeping(true)).unwrap();
    let newer = put(&mut peers, 2, Some("newer"), Level::Quorum, keeping(true));
    assert_eq!(newer.unwrap().sequence, 2);
    peers.run_for(LONG);
    assert_eq!((renewals(&peers, 1), renewals(&peers, 2)), (0, 1));
    assert_eq!(get_at(&mut peers, 3, Level::Quorum), value("newer"));
}

#[test]
fn at_level_quorum_a_tombstone_is_renewed_like_a_value() {
    let mut peers = ring_with_groups();
    put(&mut peers, 1, Some("value"), Level::Quorum, keeping(true)).unwrap();
    let deleted = put(&mut peers, 1, None, Level::Quorum, keeping(true));
    assert_eq!(deleted.unwrap().sequence, 2);
    peers.run_for(LONG);
    assert_eq!(get_at(&mut peers, 3, Level::Quorum), None);
    assert_eq!(renewals(&peers, 1), 1);
    let again = put(&mut peers, 2, Some("again"), Level::Quorum, keeping(false));
    assert_eq!(again.unwrap().sequence, 3, "the deleted one is remembered");
}

#[test]
fn a_name_put_at_both_levels_is_renewed_at_each_by_itself() {
    let mut peers = ring_with_groups();
    for (level, text) in [(Level::One, "one"), (Level::Quorum, "quorum")] {
        put(&mut peers, 1, Some(text), level, keeping(true)).unwrap();
    }
    assert_eq!(renewals(&peers, 1), 2);
    peers.kill(1);
    peers.start(1);
    assert_eq!(renewals(&peers, 1), 2);
    peers.join(1, 0);
    peers.run_for(LONG);
    assert_eq!(get_at(&mut peers, 3, Level::Quorum), value("quorum"));
    put(&mut peers, 2, Some("newer"), Level::One, keeping(true)).unwrap();
    put(&mut peers, 1, Some("mine"), Level::Quorum, keeping(false)).unwrap();
    peers.run_for(LONG);
    assert_eq!(renewals(&peers, 1), 0);
    assert_eq!(get_at(&mut peers, 3, Level::Quorum), None);
    assert_eq!(get_at(&mut peers, 3, Level::One), value("newer"));
}

#[test]
fn at_level_quorum_gets_and_puts_say_how_long_a_record_is_held() {
    let mut peers = ring_with_groups();
    let told = |peers: &Peers| {
        peers.events().iter().find_map(|(at, event)| match event {
            Event::Node(NodeEvent::Lifetime(_, secs)) => Some((*at, *secs)),
            _ => None,
        })
    };
    peers.forget_events();
    put(&mut peers, 1, Some("value"), Level::Quorum, keeping(false)).unwrap();
    assert_eq!(told(&peers), Some((1, 120)));
    peers.run_for(Duration::from_secs(20));
    peers.forget_events();
    get_at(&mut peers, 3, Level::Quorum);
    let (at, secs) = told(&peers).unwrap();
    assert_eq!(at, 3);
    assert!((90..=100).contains(&secs), "{secs} s");
}
