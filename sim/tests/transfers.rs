//! Files between peers that speak bytes: found through the ring, fetched over sockets and circuits.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use chordscope_core::base::rng::Rng;
use chordscope_sim::worlds::peers::{Conditions, Peers};

fn file(bytes: usize) -> Vec<u8> {
    let mut file = vec![0; bytes];
    Rng::from_seed(bytes as u64, 7).fill(&mut file);
    file
}

fn ring(seed: u64, direct: usize, tabs: usize) -> Peers {
    Peers::ring(seed, Conditions::default(), direct, tabs).unwrap()
}

#[test]
fn a_file_is_found_and_fetched_by_everybody() {
    let mut peers = ring(1, 5, 3);
    let file = file(3_000_000);
    // A tab has it first.
    let content = peers.share(6, &file).unwrap();
    let others = [0, 1, 2, 3, 4, 5, 7];
    for member in others {
        peers.fetch(member, content).unwrap();
    }
    let everybody = |peers: &Peers| {
        others
            .iter()
            .all(|member| peers.has_whole(*member, content))
    };
    let done = peers.run_until(Duration::from_secs(120), everybody);
    let views = || {
        others.map(|member| {
            peers
                .peer(member)
                .unwrap()
                .swarm()
                .view(peers.now(), content)
        })
    };
    assert!(done, "{:?}", views());
    for member in others {
        assert_eq!(peers.file(member, content), file);
    }
    let seed = peers
        .peer(6)
        .unwrap()
        .swarm()
        .view(peers.now(), content)
        .unwrap();
    assert!(seed.sent < file.len() as u64 * 2, "{}", seed.sent);
}

#[test]
fn files_of_every_shape_arrive() {
    let mut peers = ring(2, 3, 0);
    for bytes in [0, 1, 65_536, 65_537, 200_000] {
        let file = file(bytes);
        let content = peers.share(0, &file).unwrap();
        peers.fetch(2, content).unwrap();
        let done = peers.run_until(Duration::from_secs(30), |peers| peers.has_whole(2, content));
        assert!(done, "{bytes} bytes");
        assert_eq!(peers.file(2, content), file);
    }
}

#[test]
fn a_disk_that_forgets_is_found_out_though_nothing_is_hashed_before_it_is_sent() {
    let mut peers = ring(8, 4, 0);
    let file = file(3_000_000);
    let content = peers.share(0, &file).unwrap();
    peers.spoil(0, content, 7);
    peers.fetch(2, content).unwrap();
    let shares = |peers: &Peers| peers.peer(0).unwrap().swarm().have(content).is_some();
    assert!(peers.run_until(Duration::from_secs(60), |peers| !shares(peers)));
    assert!(!peers.has_whole(2, content));
    // Somebody else has it, too.
    peers.share(1, &file).unwrap();
    let done = peers.run_until(Duration::from_secs(60), |peers| peers.has_whole(2, content));
    assert!(done);
    assert_eq!(peers.file(2, content), file);
}

#[test]
fn a_fetch_goes_on_where_it_was_when_the_fetcher_was_killed() {
    let mut peers = ring(3, 4, 0);
    let file = file(6_000_000);
    let content = peers.share(0, &file).unwrap();
    peers.fetch(3, content).unwrap();
    let some = |peers: &Peers| {
        let have = peers.peer(3).and_then(|peer| peer.swarm().have(content));
        have.is_some_and(|have| have.len() > 20)
    };
    assert!(peers.run_until(Duration::from_secs(60), some));
    let manifest = peers
        .peer(3)
        .unwrap()
        .swarm()
        .manifest(content)
        .unwrap()
        .clone();
    peers.kill(3);
    peers.run_for(Duration::from_secs(10));
    peers.start(3);
    peers.join(3, 1);
    peers.resume(3, manifest).unwrap();
    let done = peers.run_until(Duration::from_secs(120), |peers| {
        peers.has_whole(3, content)
    });
    assert!(done);
    assert_eq!(peers.file(3, content), file);
    let again = peers
        .peer(3)
        .unwrap()
        .swarm()
        .view(peers.now(), content)
        .unwrap();
    assert!(
        again.received < file.len() as u64 - 20 * 65_536,
        "{}",
        again.received
    );
}

#[test]
fn links_that_break_do_not_end_a_transfer() {
    let conditions = Conditions {
        breaks: 2_000,
        ..Conditions::default()
    };
    let mut peers = ring(4, 4, 2);
    peers.set_conditions(conditions);
    let file = file(4_000_000);
    let content = peers.share(1, &file).unwrap();
    for member in [0, 4, 5] {
        peers.fetch(member, content).unwrap();
    }
    let all = |peers: &Peers| {
        [0, 4, 5]
            .iter()
            .all(|member| peers.has_whole(*member, content))
    };
    assert!(peers.run_until(Duration::from_secs(600), all));
    assert_eq!(peers.file(5, content), file);
}

/// Fetches while the first source is killed after this time; returns the longest time for which nothing came. Others have the file,
/// too, either before or, with `late`, only just before the first source is gone.
fn longest_pause(seed: u64, late: bool, after: Duration) -> Duration {
    const STEP: Duration = Duration::from_millis(100);
    let mut peers = ring(seed, 6, 0);
    let file = file(12_000_000);
    let content = peers.share(0, &file).unwrap();
    peers.set_rate(3, Some(2_000_000));
    peers.set_rate(4, Some(1_000_000));
    let mut others = [1, 2].into_iter();
    if !late {
        for other in others.by_ref() {
            peers.share(other, &file).unwrap();
        }
        peers.run_for(Duration::from_secs(2));
    }
    for member in [3, 4] {
        peers.fetch(member, content).unwrap();
    }
    peers.run_for(after);
    for other in others {
        peers.share(other, &file).unwrap();
    }
    peers.run_for(STEP * 3);
    peers.kill(0);
    let have = |peers: &Peers| {
        let have = peers.peer(3).and_then(|peer| peer.swarm().have(content));
        have.map_or(0, |have| have.len())
    };
    let (mut pause, mut longest, mut last) = (Duration::ZERO, Duration::ZERO, have(&peers));
    for _ in 0..1_200 {
        if peers.has_whole(3, content) {
            break;
        }
        peers.run_for(STEP);
        let now = have(&peers);
        pause = if now == last {
            pause + STEP
        } else {
            Duration::ZERO
        };
        longest = longest.max(pause);
        last = now;
    }
    assert_eq!(peers.file(3, content), file, "seed {seed}");
    longest
}

#[test]
fn a_source_that_is_killed_is_replaced_within_seconds() {
    for late in [false, true] {
        for seed in 0..6 {
            let after = Duration::from_millis(400 * seed);
            let longest = longest_pause(seed, late, after);
            let told = format!("late {late}, seed {seed}: {longest:?}");
            assert!(longest < Duration::from_secs(5), "{told}");
        }
    }
}
