//! The share of lookups that still find when machines go: one central directory, trackers, Chord, Kademlia.
//!
//! For each number of machines two worlds are run: in one so many directory machines go, in the other so many random peers. Then each title
//! is asked for once, from a random peer. What no peer has any more is not counted: nobody could find it. Once the lifetime of an entry
//! has passed, each title is asked for again.

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::ControlFlow;
use core::time::Duration;

use serde::Serialize;

use crate::engine::World;
use crate::engine::run::Run;
use crate::experiment::{Hear, News, Progress, collect, pick};
use crate::worlds::directory::DirectoryWorld;
use crate::worlds::directory::action::{Action, Part};
use crate::worlds::directory::measure::{LAST, Outcome, Subject};
use crate::worlds::directory::setup::{Kind, Setup};
use chordscope_core::base::id::Id;
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;

/// The number of peers.
pub const PEERS: u32 = 48;
/// The numbers of machines that go.
pub const GONE: [u32; 6] = [0, 1, 2, 4, 8, 16];
/// The time at which they go: everything has been told by then.
const OUT: Instant = Instant::from_millis(10_000);
/// The time between two questions.
const PAUSE: Duration = Duration::from_millis(50);
/// The time that the last question is given.
const REST: Duration = Duration::from_secs(12);

/// One number of machines that go.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DirectoryRow {
    /// Machines that are gone: directory machines for the first two, peers for the others.
    pub gone: u32,
    /// The part of titles found at the central directory.
    pub central_found: f64,
    /// The part found at trackers.
    pub trackers_found: f64,
    /// The part found in the ring, at once.
    pub chord_found: f64,
    /// The part found in Kademlia, at once.
    pub kademlia_found: f64,
    /// The part found in the ring once it has healed.
    pub chord_healed: f64,
    /// The part found in Kademlia once it has healed.
    pub kademlia_healed: f64,
}

/// Measures these numbers of machines among so many peers.
pub fn run(seed: u64, peers: u32, gone: &[u32], progress: Progress<'_>) -> Vec<DirectoryRow> {
    collect(progress, |hear| measure(seed, peers, gone, hear))
}

/// The same, told row by row.
pub fn measure(
    seed: u64,
    peers: u32,
    gone: &[u32],
    hear: Hear<'_, DirectoryRow>,
) -> ControlFlow<()> {
    let all = gone.len().max(1) as f64;
    for (done, count) in (1_u32..).zip(gone) {
        if let Some(row) = row(seed, peers, *count) {
            hear(News::Part(f64::from(done) / all))?;
            hear(News::Row(row))?;
        }
    }
    hear(News::Part(1.0))
}

fn row(seed: u64, peers: u32, gone: u32) -> Option<DirectoryRow> {
    let begin = |parts: Vec<Part>| {
        let mut setup = Setup::plain(peers as usize, seed);
        setup.ask_every = None;
        let mut run = Run::of(DirectoryWorld::new(Arc::new(setup), seed).ok()?, Vec::new());
        run.run_until(OUT);
        let mut world = run.into_world();
        for part in parts {
            // More than there are do not go.
            let _ = world.act(Action::TakeOut(part));
        }
        Some(world)
    };
    let mut machines = Vec::new();
    if gone > 0 {
        machines.push(Part::Directory);
    }
    machines.extend((0..gone).filter_map(|number| Some(Part::Tracker(u8::try_from(number).ok()?))));
    let (_, [central, trackers, ..]) = ask_for_all(begin(machines)?, seed);
    let peers_gone = match gone {
        0 => Vec::new(),
        count => alloc::vec![Part::Peers(count.min(peers.saturating_sub(1)))],
    };
    let (world, [_, _, chord, kademlia]) = ask_for_all(begin(peers_gone)?, seed);
    let lifetime = world.setup().lifetime;
    let mut run = Run::of(world, Vec::new());
    let healed = run.world().now() + lifetime;
    run.run_until(healed);
    let (_, [_, _, chord_healed, kademlia_healed]) = ask_for_all(run.into_world(), seed);
    Some(DirectoryRow {
        gone,
        central_found: central,
        trackers_found: trackers,
        chord_found: chord,
        kademlia_found: kademlia,
        chord_healed,
        kademlia_healed,
    })
}

/// Asks for each title that is there once; the part found by each kind.
fn ask_for_all(world: DirectoryWorld, seed: u64) -> (DirectoryWorld, [f64; Kind::ALL.len()]) {
    let mut rng = Rng::from_seed(seed, 0xd17);
    let began = world.now();
    let titles = u32::try_from(world.titles().len()).unwrap_or(0);
    let titles = titles.min(LAST as u32);
    let there: Vec<u32> = (0..titles).filter(|title| world.exists(*title)).collect();
    let peers: Vec<Id> = world.peers().collect();
    let mut run = Run::of(world, Vec::new());
    for title in &there {
        let mut world = run.into_world();
        if let Some(peer) = pick(&peers, &mut rng).copied() {
            // Each title is asked for once, so that nobody is busy with it.
            let _ = world.act(Action::Ask {
                peer,
                title: *title,
            });
        }
        run = Run::of(world, Vec::new());
        let next = run.world().now() + PAUSE;
        run.run_until(next);
    }
    let end = run.world().now() + REST;
    run.run_until(end);
    let world = run.into_world();
    let found = Kind::ALL.map(|kind| {
        let since = world.last(kind).filter(|lookup| lookup.began >= began);
        let found = since.filter(|lookup| lookup.outcome == Some(Outcome::Found));
        let subjects: BTreeSet<u32> = found
            .filter_map(|lookup| match lookup.subject {
                Subject::Title(title) => Some(title),
                Subject::Key(_) => None,
            })
            .collect();
        subjects.len() as f64 / there.len().max(1) as f64
    });
    (world, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_is_what_those_that_are_left_know() {
        let seed = 3;
        let rows = run(seed, 24, &[0, 1, 3, 4, 8], &mut |_| true);
        let world = DirectoryWorld::new(Arc::new(Setup::plain(24, seed)), seed).unwrap();
        for row in &rows {
            let central = if row.gone == 0 { 1.0 } else { 0.0 };
            assert_eq!(row.central_found, central, "{row:?}");
            let left = world.titles().iter();
            let left =
                left.filter(|title| title.trackers.iter().any(|at| u32::from(*at) >= row.gone));
            assert_eq!(row.trackers_found, left.count() as f64 / 60.0, "{row:?}");
            assert_eq!(
                (row.chord_healed, row.kademlia_healed),
                (1.0, 1.0),
                "{row:?}"
            );
            if row.gone <= 1 {
                // Three replicas, and 20: one that goes takes nothing with it.
                assert_eq!((row.chord_found, row.kademlia_found), (1.0, 1.0), "{row:?}");
            }
        }
    }
}
