//! Level `quorum` between real processes: what a majority agreed on, conditions, and what a disk must remember.

use serde_json::Value;

use crate::process::{Home, Process, eventually};

const QUORUM: [&str; 2] = ["--level", "quorum"];

fn put(home: &Home, peer: &Process, name: &str, value: &str) -> Option<Value> {
    let arguments = ["put", name, value, "--peer", peer.url()];
    home.json(&[&arguments[..], &QUORUM].concat())
}

fn get(home: &Home, peer: &Process, name: &str) -> Option<Value> {
    home.json(&[&["get", name, "--peer", peer.url()][..], &QUORUM].concat())
}

#[test]
fn all_peers_see_one_order_and_conditions_are_kept() {
    let home = Home::new();
    let peers = home.ring(3);
    let written = eventually("groups form", || put(&home, &peers[0], "name", "one"));
    assert_eq!(written["sequence"], 1);
    for peer in &peers {
        assert_eq!(get(&home, peer, "name").unwrap()["value"], "one");
    }
    let swap = |peer: &Process, expected: &str, value: &str| -> Vec<String> {
        let arguments = [
            "put",
            "name",
            value,
            "--if-sequence",
            expected,
            "--peer",
            peer.url(),
        ];
        let all = arguments.iter().chain(&QUORUM);
        all.map(ToString::to_string).collect()
    };
    let told = |arguments: Vec<String>| {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        home.refusal(&arguments, 1)
    };
    let refused = told(swap(&peers[1], "0", "two"));
    assert_eq!(refused, "chordscope: the record has sequence number 1");
    let arguments = swap(&peers[2], "1", "two");
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    assert_eq!(home.json(&arguments).unwrap()["sequence"], 2);
    assert_eq!(get(&home, &peers[0], "name").unwrap()["value"], "two");
    // Level one keeps records of its own, and sees those of the other level.
    let got = home.json(&["get", "name", "--peer", peers[1].url()]);
    assert_eq!(got.unwrap()["value"], "two");
}

#[test]
fn what_a_majority_has_survives_any_kill_and_a_ring_that_comes_back() {
    let home = Home::new();
    let mut peers = home.ring(4);
    eventually("groups form", || put(&home, &peers[0], "name 0", "kept"));
    for number in 1..6 {
        let name = format!("name {number}");
        eventually("a put", || put(&home, &peers[number % 4], &name, "kept"));
    }
    let all_there = |via: &Process, when: &str| {
        for number in 0..6 {
            let got = eventually(when, || get(&home, via, &format!("name {number}")));
            assert_eq!(got["value"], "kept", "{when}");
        }
    };
    let port = peers[1].port();
    peers[1].kill();
    all_there(&peers[3], "after one was killed");
    peers[1] = home.peer("peer-1", port, None);
    home.wait_for_ring(&peers.iter().collect::<Vec<_>>());
    all_there(&peers[1], "after it came back");
    let ports: Vec<u16> = peers.iter().map(Process::port).collect();
    peers.iter_mut().for_each(Process::kill);
    for (number, port) in ports.iter().enumerate() {
        peers[number] = home.peer(&format!("peer-{number}"), *port, None);
    }
    home.wait_for_ring(&peers.iter().collect::<Vec<_>>());
    all_there(&peers[2], "after all were killed");
}
