//! Nodes that leave for good at the same time, or beside another change of the ring, and those that leave after them.
//!
//! `LEAVING=a..b cargo test -p chordscope-sim --test quorum leaving` runs other seeds; a failure prints its own.

use std::time::Duration;

use chordscope_core::base::id::Id;
use chordscope_core::base::rng::Rng;
use chordscope_core::node::api::Level;
use chordscope_core::node::config::Config;

use crate::nodes::{get, ids, put};
use crate::ring::{Ring, space};

/// The longest time that a departure may take.
const LONGEST: Duration = Duration::from_secs(10);
const RECORDS: usize = 10;

/// Another change of the ring, at the moment at which nodes leave.
#[derive(Clone, Copy)]
enum Beside {
    Nothing,
    Join,
}

/// A ring of nodes that are configured as peers are, and what happens to it.
struct Story {
    nodes: usize,
    leave_at_once: usize,
    beside: Beside,
}

/// Waits until these nodes have left. Returns what went wrong.
fn await_departures(ring: &mut Ring, leavers: &[Id]) -> Result<(), String> {
    let begun = ring.now;
    let goes = |ring: &Ring, id: &Id| ring.node(*id).is_some();
    while leavers.iter().any(|id| goes(ring, id)) {
        if ring.now.since(begun) >= LONGEST {
            let open = leavers.iter().filter(|id| goes(ring, id));
            let open = open.map(|id| {
                let node = ring.node(*id).unwrap();
                (*id, node.leaving(), node.stayed())
            });
            return Err(format!("{:?}", open.collect::<Vec<_>>()));
        }
        ring.run_for(Duration::from_millis(100));
    }
    Ok(())
}

fn leave(ring: &mut Ring, id: Id) {
    ring.with(id, |node, now| node.leave_if_taken_over(now));
}

/// Waits until the nodes that are up make one ring.
fn await_ring(ring: &mut Ring) -> Result<(), String> {
    for _ in 0..600 {
        if ring.is_one() {
            return Ok(());
        }
        ring.run_for(Duration::from_millis(100));
    }
    Err("no ring".into())
}

/// Runs the story once. Returns what went wrong.
fn run(story: &Story, seed: u64) -> Result<(), String> {
    let mut rng = Rng::from_seed(seed, 0x1eaf);
    let newcomers = story.leave_at_once + 1;
    let mut all = ids(&mut rng, story.nodes + newcomers);
    let mut others = all.split_off(story.nodes);
    let config = Config {
        space: space(),
        ..Config::default()
    };
    let mut ring = Ring::configured(seed, &all, config);
    ring.run_for(Duration::from_secs(30));
    await_ring(&mut ring)?;
    for record in 0..RECORDS {
        let written = put(
            &mut ring,
            all[0],
            &format!("record {record}"),
            "kept",
            Level::Quorum,
        );
        written.map_err(|error| format!("put {record}: {error:?}"))?;
    }
    ring.run_for(rng.duration(Duration::ZERO, Duration::from_secs(5)));
    let leavers: Vec<Id> = all.drain(..story.leave_at_once).collect();
    match story.beside {
        Beside::Nothing => {}
        Beside::Join => ring.join(others.pop().unwrap()),
    }
    for id in &leavers {
        leave(&mut ring, *id);
        ring.run_for(rng.duration(Duration::ZERO, Duration::from_millis(60)));
    }
    await_departures(&mut ring, &leavers).map_err(|open| format!("at once: {open}"))?;
    for id in others.drain(..leavers.len()) {
        ring.join(id);
    }
    await_ring(&mut ring)?;
    ring.run_for(rng.duration(Duration::ZERO, Duration::from_secs(5)));
    for (number, id) in all.into_iter().enumerate() {
        leave(&mut ring, id);
        await_departures(&mut ring, &[id]).map_err(|open| format!("later, {number}: {open}"))?;
    }
    let at = ring.up()[0];
    for record in 0..RECORDS {
        let got = get(&mut ring, at, &format!("record {record}"), Level::Quorum);
        if got != Ok(Some("kept".into())) {
            return Err(format!("record {record}: {got:?}"));
        }
    }
    Ok(())
}

/// Runs the story with so many seeds: each departure ends soon, and nothing is lost.
fn all_go(story: &Story, seeds: u64) {
    let seeds = match std::env::var("LEAVING") {
        Ok(text) => {
            let (from, to) = text.split_once("..").expect("LEAVING=a..b");
            from.parse().unwrap()..to.parse().unwrap()
        }
        Err(_) => 0..seeds,
    };
    let count = seeds.clone().count();
    let faults = seeds.filter_map(|seed| {
        let fault = run(story, seed).err()?;
        Some(format!("LEAVING={seed}..{}: {fault}", seed + 1))
    });
    let faults: Vec<String> = faults.collect();
    assert!(
        faults.is_empty(),
        "{} of {count}:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[test]
fn after_two_of_four_left_at_once_all_others_can_leave() {
    let story = Story {
        nodes: 4,
        leave_at_once: 2,
        beside: Beside::Nothing,
    };
    all_go(&story, 200);
}

#[test]
fn after_three_of_five_left_at_once_all_others_can_leave() {
    let story = Story {
        nodes: 5,
        leave_at_once: 3,
        beside: Beside::Nothing,
    };
    all_go(&story, 60);
}

#[test]
fn who_leaves_while_another_joins_is_let_go() {
    for leave_at_once in [1, 2] {
        let story = Story {
            nodes: 4,
            leave_at_once,
            beside: Beside::Join,
        };
        all_go(&story, 40);
    }
}
