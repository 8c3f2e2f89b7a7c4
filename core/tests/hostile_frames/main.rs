//! Hostile frames over links and circuits, in any stage of these: a peer does not panic, and holds no more than its limits say.
//!
//! Each case is drawn from a seed; `SEED=` with the number that a failure names plays one again.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod attack;
mod bodies;
mod ends;
mod files;

use chordscope_core::base::rng::Rng;
use chordscope_core::link::relay;
use chordscope_core::link::relay_message::RelayMessage;
use chordscope_core::node::config::Limits as NodeLimits;
use chordscope_core::peer::{Limits, Reach};
use chordscope_core::swarm::api as swarm;
use chordscope_core::wire::frame::Frame;

use crate::attack::Attack;
use crate::ends::{id_of, open};

const CASES: u64 = 150;
const STEPS: u64 = 40;
const RING: &str = "main";
const PEER: u8 = 1;
/// The steps of a handshake.
const FULL: u64 = 3;
/// The secrets of those who attack it.
const FOES: u64 = 6;
/// The bytes that an own circuit may hold beyond what relaying may: what waits for credit, and what was given.
const PER_CIRCUIT: usize = 2 << 20;
/// The longest answer to one step: some frames of the longest kind.
const MAX_ANSWER: usize = 8 << 20;

fn limits() -> Limits {
    Limits {
        links: 10,
        dials: 3,
        waiting_bytes: 2_048,
        message_bytes: 100_000,
        relay: relay::Limits {
            leases: 2,
            circuits: 5,
            circuits_per_link: 4,
            bytes: 300_000,
        },
        swarm: swarm::Limits {
            transfers: 2,
            sources: 3,
            buffered: 100_000,
            requests: 3,
            banned: 2,
            ..swarm::Limits::default()
        },
    }
}

const NODE_LIMITS: NodeLimits = NodeLimits {
    lost: 4,
    requests: 32,
    lookups: 4,
    operations: 4,
    announcements: 4,
    renewals: 16,
    storing: 3,
    neighbours: 8,
    records: 5,
    record_bytes: 50_000,
};

/// Tells the seed of a case that fails.
struct Case(u64);

impl Drop for Case {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("SEED={} plays this case again", self.0);
        }
    }
}

#[test]
fn a_peer_survives_whatever_comes_within_its_limits() {
    let given: Option<u64> = std::env::var("SEED").ok().map(|seed| seed.parse().unwrap());
    let seeds = given.map_or(0..CASES, |seed| seed..seed + 1);
    let mut reached = [0_usize; 4];
    for seed in seeds.clone() {
        let _case = Case(seed);
        let mut attack = Attack::drawn(seed);
        for _ in 0..STEPS {
            attack.step();
            let (circuits, leases) = attack.peer.relayed();
            let own = attack.peer.links().filter(|link| link.via.is_some());
            let open = own.filter(|link| link.contact.is_some()).count();
            let queued = attack.peer.queued_bytes();
            for (most, now) in reached.iter_mut().zip([circuits, leases, open, queued]) {
                *most = now.max(*most);
            }
        }
    }
    if given.is_none() {
        // Else the attack would not be one.
        assert!(reached.iter().all(|most| *most > 0), "{reached:?}");
    }
}

#[test]
fn many_receivers_that_are_a_little_behind_hold_no_more_than_the_relay_may() {
    let tabs = 80;
    let most = 1_000_000;
    let limits = Limits {
        links: 100,
        relay: relay::Limits {
            leases: tabs,
            bytes: most,
            ..relay::Limits::default()
        },
        ..Limits::default()
    };
    let mut attack = Attack::new(Rng::from_seed(1, 0), Reach::Direct, limits);
    let behind = 15_000;
    let mut reached = 0;
    let sender = attack.accepted(2, FULL);
    for number in 0..tabs {
        let secret = 3 + number as u64;
        let tab = attack.tab(secret);
        let circuit = 1 + 2 * u32::try_from(number).unwrap();
        attack.says(sender, open(circuit, id_of(secret)));
        let bytes = 2 * behind;
        attack.says(tab, RelayMessage::Credit { circuit: 2, bytes });
        let mut frame = vec![0; 1_024];
        Frame::put_on(circuit, &mut frame);
        // What a socket takes before it says that it has written anything, and a bit more.
        for _ in 0..256 + behind as usize / 1_024 {
            attack.send(sender, &frame);
            reached = attack.peer.queued_bytes().max(reached);
            assert!(reached <= most, "{reached} bytes wait for {number} tabs");
        }
    }
    assert!(reached > most - 2_000, "{reached}");
}
