//! Level `quorum` between real processes in random trouble. A seed draws which peers stop, die, leave, lose their store, stay away or
//! begin a ring apart, while clients read and write the same few names, several of them at one peer. What each was told is then
//! checked name by name: one register must explain it, and after all are back every name is read once more.
//!
//! `HISTORIES=a..b` runs other seeds, and `cargo xtask soak --peers` as many as one likes. The seed settles what is done, not when
//! processes do it: a failure may need some runs to be seen again.

#![allow(
    clippy::disallowed_methods,
    reason = "what real processes do has real times"
)]

mod client;
mod ring;
mod told;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chordscope_core::base::rng::Rng;

use self::client::Client;
use self::ring::Ring;
use self::told::{Name, Told};
use crate::process::Home;
use chordscope_sim::checks::linearizable::{Operation, is_linearizable};
use chordscope_sim::checks::register::{Act, Asked, Outcome};

/// The seeds of the tests: each takes about a minute.
const SEEDS: std::ops::Range<u64> = 0..2;
/// The number of peers.
const PEERS: usize = 5;
/// The time within which all names are readable after all peers are back, on a machine that does much else.
const CALM: Duration = Duration::from_secs(180);

type Histories = BTreeMap<(String, Name), Vec<Operation<Act>>>;

/// Runs what a seed stands for; gives what was done, and what is wrong.
fn run(seed: u64) -> (Vec<String>, Result<String, String>) {
    let told = Arc::new(Told::new(PEERS));
    let mut rng = Rng::from_seed(seed, 0x5e41);
    let mut ring = Ring::begin(&mut rng, Arc::clone(&told), PEERS);
    let (two, one) = (rng.below(3), rng.below(PEERS as u64));
    // Two at one peer, so that they may write the same at the same time; and one where a ring may have been begun apart.
    let homes = [two, two, one, PEERS as u64 - 1];
    let clients: Vec<_> = (0..)
        .zip(homes)
        .map(|(number, home)| {
            let told = Arc::clone(&told);
            let mut client = Client::new(seed, number, usize::try_from(home).unwrap());
            std::thread::spawn(move || client.run(&told))
        })
        .collect();
    ring.storm(&mut rng);
    told.end();
    for client in clients {
        client.join().unwrap();
    }
    ring.all_back();
    let outcome = last_look(&told, &ring).and_then(|()| judge(&told));
    (ring.done(), outcome)
}

/// Reads every name of every lineage once more, at a peer of the lineage.
fn last_look(told: &Told, ring: &Ring) -> Result<(), String> {
    let start = Instant::now();
    let mut client = Client::new(0, 0, 0);
    for (turn, (lineage, name)) in told.registers().into_iter().enumerate() {
        loop {
            let mut peers = ring.of_lineage(&lineage);
            if peers.is_empty() && ring.all_know() && !told.has_acknowledged(&lineage) {
                // A lineage in which nothing was written may be given up.
                break;
            }
            let ahead = turn % peers.len().max(1);
            peers.rotate_left(ahead);
            let mut why = "no peer has it".to_string();
            let mut ask = |slot: usize| {
                let got = client.ask(told, slot, name, Asked::Get);
                got.map_err(|reason| why = reason).is_ok()
            };
            if peers.into_iter().any(&mut ask) {
                break;
            }
            if start.elapsed() > CALM {
                return Err(format!("{name} of {lineage} is not available: {why}"));
            }
        }
    }
    Ok(())
}

/// Judges the answers that clients were given: one register a name and lineage must explain them.
fn judge(told: &Told) -> Result<String, String> {
    told.nonsense().map_or(Ok(()), Err)?;
    let histories = told.histories();
    explain(&histories)?;
    let all = histories.values().flatten();
    let unsure = all.clone().filter(|it| it.end == u64::MAX).count();
    Ok(format!(
        "{} registers, {} operations, {unsure} of them unsure",
        histories.len(),
        all.count()
    ))
}

fn explain(histories: &Histories) -> Result<(), String> {
    let strange = histories.iter();
    let mut strange = strange.filter(|(_, history)| !is_linearizable(history));
    let Some(((lineage, name), history)) = strange.next() else {
        return Ok(());
    };
    let mut history = history.clone();
    history.sort_by_key(|operation| operation.start);
    let lines = history.iter().map(|operation| {
        let (start, end) = (operation.start, operation.end);
        let end = match end {
            u64::MAX => "never".to_string(),
            end => format!("{end} µs"),
        };
        format!("  {start} µs to {end}: {:?}", operation.act)
    });
    let lines: Vec<String> = lines.collect();
    Err(format!(
        "{name} of {lineage} is no register:\n{}",
        lines.join("\n")
    ))
}

fn check(seed: u64) {
    let start = Instant::now();
    let (done, outcome) = run(seed);
    match outcome {
        Ok(summary) => println!("seed {seed}: {summary}, {} s", start.elapsed().as_secs()),
        Err(fault) => panic!(
            "seed {seed}: {fault}\ndone:\n{}\nagain: HISTORIES={seed}..{} cargo test -p chordscope --features \
             chordscope-sim/bandwidth,chordscope-sim/scenario-files --test network histories",
            done.join("\n"),
            seed + 1
        ),
    }
}

#[test]
fn what_clients_of_real_peers_are_told_is_linearizable_whoever_stops_dies_leaves_or_forgets() {
    let seeds = match std::env::var("HISTORIES") {
        Ok(text) => {
            let (from, to) = text.split_once("..").expect("HISTORIES=a..b");
            from.parse().unwrap()..to.parse().unwrap()
        }
        Err(_) => SEEDS,
    };
    seeds.for_each(check);
    let minutes: u64 = std::env::var("SOAK_MINUTES").map_or(0, |text| text.parse().unwrap());
    let start = Instant::now();
    for seed in SEEDS.end.. {
        if start.elapsed() >= Duration::from_secs(60 * minutes) {
            break;
        }
        check(seed);
    }
}

// What the check must not let pass.

fn recorded(operations: &[(Asked, Outcome)]) -> Histories {
    let each = (0..).zip(operations);
    let each = each.map(|(at, (asked, outcome))| Operation {
        act: Act(*asked, *outcome),
        start: 2 * at,
        end: 2 * at + 1,
    });
    BTreeMap::from([(("lineage".to_string(), Name::Text(0)), each.collect())])
}

#[test]
fn a_ring_that_forgets_in_an_orderly_stop_is_found() {
    let before = [
        (Asked::Put(Some(1)), Outcome::Written(1)),
        (Asked::Put(Some(2)), Outcome::Written(2)),
    ];
    let there = [
        before[0],
        before[1],
        (Asked::Get, Outcome::Got(Some((2, 2)))),
    ];
    assert!(explain(&recorded(&there)).is_ok());
    let gone = [before[0], before[1], (Asked::Get, Outcome::Got(None))];
    assert!(explain(&recorded(&gone)).is_err());
    let anew = [
        before[0],
        before[1],
        (Asked::Put(Some(3)), Outcome::Written(1)),
    ];
    assert!(explain(&recorded(&anew)).is_err());
}

#[test]
fn two_equal_compare_and_sets_that_both_win_are_found() {
    let both_at_once = |outcomes: [Outcome; 2]| {
        let each = outcomes.map(|outcome| Operation {
            act: Act(Asked::Swap(0, 1), outcome),
            start: 0,
            end: 9,
        });
        Histories::from([(("lineage".to_string(), Name::Lock(0)), each.to_vec())])
    };
    let one = both_at_once([Outcome::Written(1), Outcome::Mismatch(1)]);
    assert!(explain(&one).is_ok());
    let both = both_at_once([Outcome::Written(1), Outcome::Written(1)]);
    assert!(explain(&both).is_err());
    // A lost increment of a counter.
    let lost = [
        (Asked::Swap(0, 1), Outcome::Written(1)),
        (Asked::Swap(1, 2), Outcome::Written(2)),
        (Asked::Swap(1, 2), Outcome::Written(2)),
    ];
    assert!(explain(&recorded(&lost)).is_err());
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

/// A rolled-back folder is beyond protection: a majority of them makes real peers forget what they acknowledged.
#[test]
fn a_majority_of_real_voters_that_forget_is_found() {
    let told = Arc::new(Told::new(3));
    let home = Home::new();
    let mut ring = Ring::of(home, Arc::clone(&told), 3);
    let mut client = Client::new(0, 0, 0);
    let names = [0, 1, 2, 3].map(Name::Text);
    let put = |client: &mut Client, value| {
        for name in names {
            ring::eventually_ok(|| client.ask(&told, 0, name, Asked::Put(Some(value))));
        }
    };
    put(&mut client, 1);
    ring.stop_all();
    for slot in [1, 2] {
        copy(&ring.folder(slot), &ring.folder(slot).with_extension("old"));
    }
    ring.all_back();
    put(&mut client, 2);
    ring.stop_all();
    for slot in [1, 2] {
        fs::remove_dir_all(ring.folder(slot)).unwrap();
        copy(&ring.folder(slot).with_extension("old"), &ring.folder(slot));
    }
    ring.start(1);
    ring.start(2);
    for name in names {
        ring::eventually_ok(|| client.ask(&told, 1, name, Asked::Get));
    }
    let judged = judge(&told);
    assert!(
        judged
            .as_ref()
            .is_err_and(|why| why.contains("is no register")),
        "{judged:?}"
    );
}
