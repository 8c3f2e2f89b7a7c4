//! Rings of many peers in one process: from the ready line on they do what they say, with few descriptors.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::process::{Home, Process, http, limited, refusal};

/// The number of names that are put, by one peer after another.
const PUTS: usize = 60;

/// A ring of so many peers in a process that may have so many files and connections open.
fn ring(home: &Home, peers: usize, descriptors: usize, more: &[&str]) -> Command {
    let data = home.path("ring").display().to_string();
    let count = peers.to_string();
    let mut words = vec!["ring", "--json", "--listen", "127.0.0.1:0"];
    words.extend(["--peers", &count, "--data", &data]);
    words.extend(more);
    let ring = home.command(&words);
    limited(&ring, &format!("-n {descriptors}"))
}

/// Puts names at level `quorum`, and gives what was not acknowledged.
fn refused(ring: &Process) -> Vec<String> {
    let peers = ring.ready["peers"].as_array().unwrap();
    let mut refused = Vec::new();
    for number in 0..PUTS {
        let peer = &peers[number * 7 % peers.len()];
        let (url, data) = (peer["url"].as_str(), peer["data"].as_str());
        let port = url.unwrap().rsplit(':').next().unwrap().parse().unwrap();
        let token = std::fs::read_to_string(Path::new(data.unwrap()).join("token")).unwrap();
        let token = format!("Authorization: Bearer {}", token.trim());
        let request = format!("PUT /api/v1/record?name=name-{number}&level=quorum");
        let (status, answer) = http(port, &request, &[&token, "Content-Length: 0"]);
        if status != 200 {
            refused.push(format!("{number}: {status} {answer}"));
        }
    }
    refused
}

/// Begins a ring and puts at once, with fewer descriptors than links.
fn acknowledges_from_its_ready_line_on(peers: usize, descriptors: usize) {
    let home = Home::new();
    let ring = home.run(ring(&home, peers, descriptors, &[]));
    let ids = ring.ready["peers"].as_array().unwrap().iter();
    let ids: BTreeSet<&str> = ids.map(|peer| peer["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), peers);
    assert_eq!(refused(&ring), Vec::<String>::new(), "{peers} peers");
}

#[cfg(unix)]
#[test]
fn a_ring_acknowledges_quorum_puts_from_its_ready_line_on() {
    acknowledges_from_its_ready_line_on(8, 160);
    acknowledges_from_its_ready_line_on(64, 330);
}

#[cfg(unix)]
#[test]
fn a_ring_by_sockets_is_linked_as_separate_peers_are() {
    let home = Home::new();
    let ring = home.run(ring(&home, 8, 1_000, &["--sockets"]));
    assert_eq!(refused(&ring), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn a_ring_for_which_descriptors_would_run_out_is_refused_at_once_with_the_numbers() {
    let home = Home::new();
    let refusal = |peers, more: &[&str]| {
        let output = ring(&home, peers, 300, more).output().unwrap();
        refusal(&output, 1)
    };
    assert_eq!(
        refusal(256, &[]),
        "chordscope: a ring of 256 peers needs up to 896 files and connections, and the system lets this process have 300: \
         begin at most 57 peers, or raise the limit (`ulimit -n`)"
    );
    let by_sockets = refusal(64, &["--sockets"]);
    assert!(by_sockets.contains("leave --sockets away"), "{by_sockets}");
}
