//! Records whose life is over: what they replaced does not come back with a peer that was away.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use chordscope_core::base::id::Space;
use chordscope_core::node::api::Level;
use chordscope_core::node::renewal::Keeping;
use chordscope_core::peer::{Plan, Reach};
use chordscope_core::store::record::Name;
use chordscope_sim::worlds::peers::{Conditions, Peers};

const SHORT: Duration = Duration::from_secs(5);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const NAMES: usize = 12;

fn name(number: usize) -> Name {
    Name::new(format!("name {number}")).unwrap()
}

/// Writes a name: the value, or a tombstone where there is none.
fn put(
    peers: &mut Peers,
    number: usize,
    value: Option<&[u8]>,
    life: Duration,
    level: Level,
) -> u64 {
    let keeping = Keeping {
        lifetime: life,
        renew: false,
    };
    let value = value.map(<[u8]>::to_vec);
    let written = peers.write(0, |peer, now| {
        peer.put_for(now, name(number), value.clone(), None, level, keeping)
    });
    written.unwrap().sequence
}

/// Returns the value that a member reads under a name at a level.
fn read(peers: &mut Peers, member: usize, number: usize, level: Level) -> Option<Vec<u8>> {
    let record = peers.read(member, |peer, now| peer.get(now, name(number), level));
    record.unwrap().and_then(|record| record.into_value())
}

/// Returns the number of members that keep a replica of a name, or its tombstone.
fn kept(peers: &Peers, number: usize) -> usize {
    let key = name(number).key(Space::FULL);
    let holds = |(_, peer): &(usize, &chordscope_core::peer::Peer)| {
        peer.node().records().get(key).is_some()
    };
    peers.running().filter(holds).count()
}

/// Names are put for a day; a member goes away; they are put or deleted for five seconds, which pass; others join, and the member comes
/// back. What is read then, by anybody and at any time?
fn nothing_comes_back(level: Level, away: usize) {
    let mut peers = Peers::ring(1, Conditions::default(), 5, 0).unwrap();
    for number in 0..NAMES {
        assert_eq!(put(&mut peers, number, Some(b"old"), DAY, level), 1);
    }
    peers.kill(away);
    peers.run_for(Duration::from_secs(60));
    for number in 0..NAMES {
        let value = (number % 2 == 0).then_some(&b"short"[..]);
        assert_eq!(put(&mut peers, number, value, SHORT, level), 2);
    }
    peers.run_for(4 * SHORT);
    for _ in 0..2 {
        let newcomer = peers.add(Reach::Direct);
        peers.join(newcomer, 0);
        peers.run_for(Duration::from_secs(20));
    }
    peers.start(away);
    peers.find(away, Plan::Resume);
    for _ in 0..6 {
        peers.run_for(Duration::from_secs(10));
        for number in 0..NAMES {
            for member in [0, away] {
                let got = read(&mut peers, member, number, level);
                assert_eq!(
                    got, None,
                    "{level:?}, {away} was away: {number} at {member}"
                );
            }
        }
    }
    for number in 0..NAMES {
        assert_eq!(put(&mut peers, number, Some(b"new"), DAY, level), 3);
        let got = read(&mut peers, away, number, level);
        assert_eq!(got.as_deref(), Some(&b"new"[..]));
    }
}

#[test]
fn what_a_short_record_replaced_is_not_read_again() {
    for away in 1..5 {
        nothing_comes_back(Level::One, away);
    }
}

#[test]
fn what_a_short_record_replaced_is_not_read_again_at_level_quorum() {
    for away in 1..5 {
        nothing_comes_back(Level::Quorum, away);
    }
}

#[test]
fn a_tombstone_goes_when_nothing_that_it_replaced_can_live() {
    // Nobody else: a day of a ring is long.
    let mut peers = Peers::ring(1, Conditions::default(), 1, 0).unwrap();
    for number in 0..NAMES {
        put(&mut peers, number, Some(b"old"), SHORT, Level::One);
        if number % 2 == 0 {
            put(&mut peers, number, Some(b"new"), SHORT, Level::One);
        }
    }
    peers.run_for(2 * SHORT);
    for number in 0..NAMES {
        let tombstones = usize::from(number % 2 == 0);
        assert_eq!(kept(&peers, number), tombstones, "{number}");
    }
    peers.run_for(DAY);
    for number in 0..NAMES {
        assert_eq!(kept(&peers, number), 0, "{number}");
    }
}
