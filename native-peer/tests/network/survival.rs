//! Tests that acknowledged records stay, whichever peer dies, and that a departure hands everything over.

use std::time::{Duration, Instant};

use crate::process::{Home, Process, eventually, http};

/// The longest time that a peer takes to stop in order.
const STOPPING: Duration = Duration::from_secs(8);

/// Kills each peer in turn. Whatever was acknowledged before is still there at once, and the peer comes back as itself.
fn kill_each_in_turn(count: usize) {
    let home = Home::new();
    let mut peers = home.ring(count);
    let mut names = Vec::new();
    for victim in 0..count {
        for number in 0..4 {
            let name = format!("name-{victim}-{number}");
            let via = peers[number % count].url();
            let put = home.json(&["put", &name, &name, "--peer", via]).unwrap();
            // A disk that stalls may cost one acknowledgement in time; two survive any one death.
            assert_eq!(put["copies"], 3, "{put}");
            names.push(name);
        }
        let (id, port) = (peers[victim].id().to_string(), peers[victim].port());
        peers[victim].kill();
        let survivor = peers[(victim + 1) % count].url();
        for name in &names {
            let got = home.output(&["get", name, "--peer", survivor]);
            let error = String::from_utf8_lossy(&got.stderr).into_owned();
            assert_eq!(
                got.stdout,
                name.as_bytes(),
                "{victim} of {count} died: {error}"
            );
        }
        // It finds its ring by those it knew.
        peers[victim] = home.peer(&format!("peer-{victim}"), port, None);
        assert_eq!(peers[victim].id(), id);
        home.wait_for_ring(&peers.iter().collect::<Vec<_>>());
    }
    for peer in &peers {
        for name in &names {
            let got = home.output(&["get", name, "--peer", peer.url()]);
            assert_eq!(got.stdout, name.as_bytes());
        }
    }
}

#[test]
fn no_value_is_lost_when_any_one_of_three_is_killed() {
    kill_each_in_turn(3);
}

#[test]
fn no_value_is_lost_when_any_one_of_eight_is_killed() {
    kill_each_in_turn(8);
}

#[test]
fn a_peer_that_is_killed_alone_comes_back_with_its_id_and_records() {
    let home = Home::new();
    let mut peer = home.peer("peer", 0, None);
    let url = peer.url().to_string();
    eventually("a ring of one", || {
        home.json(&["put", "name", "value", "--peer", &url])
    });
    let (id, port) = (peer.id().to_string(), peer.port());
    peer.kill();
    let again = home.peer("peer", port, None);
    assert_eq!(again.id(), id);
    let got = eventually("a ring of one", || {
        home.json(&["get", "name", "--peer", &url])
    });
    assert_eq!(got["value"], "value");
    let status = home.json(&["status", "--peer", &url]).unwrap();
    assert_eq!(status["records"], 1);
}

#[test]
fn peers_that_lose_everybody_find_the_ring_again() {
    let home = Home::new();
    let mut peers = home.ring(3);
    home.json(&["put", "name", "value", "--peer", peers[0].url()])
        .unwrap();
    let ports = [peers[1].port(), peers[2].port()];
    peers[1].kill();
    peers[2].kill();
    let alone = peers[0].url().to_string();
    eventually("the last one notices", || {
        let status = home.json(&["status", "--peer", &alone])?;
        status["successors"]
            .as_array()
            .unwrap()
            .is_empty()
            .then_some(())
    });
    let got = home.json(&["get", "name", "--peer", &alone]).unwrap();
    assert_eq!(got["value"], "value");
    // Both begin again apart from the first: one knows nobody, the other joins that one.
    let stranger = home.peer("stranger", ports[0], None);
    let other = home.peer("other", ports[1], Some(&stranger));
    let all: Vec<&Process> = vec![&peers[0], &stranger, &other];
    home.wait_for_ring(&all);
    let got = home.json(&["get", "name", "--peer", other.url()]).unwrap();
    assert_eq!(got["value"], "value");
}

#[test]
fn a_ring_that_is_killed_as_a_whole_comes_back_as_one() {
    let home = Home::new();
    let mut peers = home.ring(4);
    home.json(&["put", "name", "value", "--peer", peers[0].url()])
        .unwrap();
    let ports: Vec<u16> = peers.iter().map(Process::port).collect();
    peers.iter_mut().for_each(Process::kill);
    for (number, port) in ports.iter().enumerate() {
        peers[number] = home.peer(&format!("peer-{number}"), *port, None);
    }
    home.wait_for_ring(&peers.iter().collect::<Vec<_>>());
    let got = home
        .json(&["get", "name", "--peer", peers[3].url()])
        .unwrap();
    assert_eq!(got["value"], "value");
}

/// Gets this name at level one; `None` where the peer says that it cannot know. That there is no such name is never said.
fn get_or_unknown(peer: &Process, name: &str) -> Option<()> {
    let right = format!("Authorization: Bearer {}", peer.token());
    let request = format!("GET /api/v1/record?name={name}");
    let (code, text) = http(peer.port(), &request, &[&right]);
    assert!([200, 503].contains(&code), "{name}: {text}");
    (code == 200).then_some(())
}

fn put_names(home: &Home, via: &Process) -> Vec<String> {
    let names: Vec<String> = (0..24).map(|number| format!("name-{number}")).collect();
    for name in &names {
        let put = home.json(&["put", name, name, "--peer", via.url()]);
        assert_eq!(put.unwrap()["copies"], 3);
    }
    names
}

#[test]
fn a_peer_that_is_left_alone_does_not_deny_what_only_the_others_keep() {
    // By chance the one that is left may have them all: then another ring is asked.
    let left = (0..8).find_map(|_| {
        let home = Home::new();
        let mut peers = home.ring(4);
        let names = put_names(&home, &peers[0]);
        drop(peers.split_off(1));
        let denied = |name: &String| get_or_unknown(&peers[0], name).is_none();
        let unknown: Vec<String> = names.into_iter().filter(denied).collect();
        Some((unknown.first()?.clone(), home, peers))
    });
    let (unknown, home, peers) = left.unwrap();
    let at = ["--peer", peers[0].url()];
    let said = home.refusal(&["get", &unknown, at[0], at[1]], 1);
    assert!(
        said.contains("those that may have it went lately"),
        "{said}"
    );
}

#[test]
fn while_a_ring_comes_back_no_peer_denies_a_name_that_another_has() {
    let home = Home::new();
    let mut peers = home.ring(6);
    let names = put_names(&home, &peers[0]);
    let ports: Vec<u16> = peers.iter().map(Process::port).collect();
    peers.iter_mut().for_each(Process::kill);
    for (number, port) in ports.iter().enumerate() {
        peers[number] = home.peer(&format!("peer-{number}"), *port, None);
    }
    eventually("every peer has every name", || {
        let all = peers
            .iter()
            .flat_map(|peer| names.iter().map(move |name| get_or_unknown(peer, name)));
        // Each is asked, whatever the others say.
        let all: Vec<Option<()>> = all.collect();
        all.into_iter().collect::<Option<Vec<()>>>()
    });
}

#[test]
fn a_peer_may_start_before_the_one_it_joins() {
    let home = Home::new();
    let first = home.peer("first", 0, None);
    let port = first.port();
    drop(first);
    let url = format!("http://127.0.0.1:{port}");
    let data = home.path("early").display().to_string();
    let early = home.start(&[
        "peer",
        "--listen",
        "127.0.0.1:0",
        "--data",
        &data,
        "--join",
        &url,
    ]);
    let status = home.json(&["status", "--peer", early.url()]).unwrap();
    assert_ne!(status["ring"], "Safe");
    let late = home.peer("first", port, None);
    home.wait_for_ring(&[&early, &late]);
}

#[test]
fn a_peer_that_is_stopped_hands_over_and_says_goodbye() {
    let home = Home::new();
    let mut peers = home.ring(4);
    for number in 0..8 {
        let name = format!("name-{number}");
        home.json(&["put", &name, &name, "--peer", peers[0].url()])
            .unwrap();
    }
    for signal in ["INT", "TERM"] {
        let mut leaving = peers.pop().unwrap();
        leaving.signal(signal);
        assert_eq!(leaving.ended(), Some(0));
        home.wait_for_ring(&peers.iter().collect::<Vec<_>>());
    }
    for number in 0..8 {
        let name = format!("name-{number}");
        let got = home.output(&["get", &name, "--peer", peers[1].url()]);
        assert_eq!(got.stdout, name.as_bytes());
    }
}

#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "a test of how long stopping takes"
)]
fn a_ring_stops_cleanly_and_takes_its_folder_with_it() {
    let home = Home::new();
    let mut ring = home.start(&["ring", "--peers", "4", "--listen", "127.0.0.1:0"]);
    let data = ring.ready["peers"][0]["data"].as_str().unwrap().to_string();
    assert!(std::fs::exists(&data).unwrap());
    let before = Instant::now();
    ring.signal("INT");
    assert_eq!(ring.ended(), Some(0));
    // None of its peers had to be ended by force, which happens after eight seconds.
    assert!(before.elapsed() < STOPPING);
    assert!(!std::fs::exists(&data).unwrap());
}

#[test]
fn a_ring_with_a_folder_comes_back() {
    let home = Home::new();
    let data = home.path("ring").display().to_string();
    let arguments = [
        "ring",
        "--peers",
        "3",
        "--listen",
        "127.0.0.1:0",
        "--data",
        &data,
    ];
    let mut ring = home.start(&arguments);
    let page = ring.ready["page"].as_str().unwrap().to_string();
    home.json(&["put", "name", "value", "--peer", &page])
        .unwrap();
    ring.signal("INT");
    assert_eq!(ring.ended(), Some(0));
    let again = home.start(&arguments);
    let ids = |ring: &Process| {
        let peers = ring.ready["peers"].as_array().unwrap();
        peers
            .iter()
            .map(|peer| peer["id"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&again), ids(&ring));
    let page = again.ready["page"].as_str().unwrap();
    let got = home.json(&["get", "name", "--peer", page]).unwrap();
    assert_eq!(got["value"], "value");
}

#[cfg(unix)]
#[test]
fn a_peer_outlives_a_hangup_and_says_that_nothing_was_read_again() {
    use std::fs::{File, read_to_string};
    let home = Home::new();
    let errors = home.path("errors");
    let data = home.path("peer").display().to_string();
    let mut command = home.command(&["peer", "--json", "--listen", "127.0.0.1:0"]);
    command.args(["--data", &data]);
    command.stderr(File::create(&errors).unwrap());
    let peer = home.run(command);
    let other = home.peer("other", 0, Some(&peer));
    home.wait_for_ring(&[&peer, &other]);
    peer.signal("HUP");
    eventually("it says so", || {
        read_to_string(&errors)
            .unwrap()
            .contains("SIGHUP")
            .then_some(())
    });
    assert_eq!(read_to_string(&errors).unwrap().lines().count(), 1);
    let put = home.json(&["put", "name", "value", "--peer", other.url()]);
    assert_eq!(put.unwrap()["copies"], 2);
    assert!(home.json(&["status", "--peer", peer.url()]).is_some());
}

/// Begins a program in a terminal of its own, closes the terminal once the program has said something, and prints the exit code.
#[cfg(unix)]
const IN_A_TERMINAL: &str = "
import os, pty, sys
child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[1], sys.argv[1:])
os.read(terminal, 1)
os.close(terminal)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
";

#[cfg(unix)]
#[test]
fn a_peer_whose_terminal_is_closed_stops_in_order() {
    let home = Home::new();
    let data = home.path("peer").display().to_string();
    let peer = home.command(&["peer", "--json", "--listen", "127.0.0.1:0", "--data", &data]);
    let mut command = std::process::Command::new("python3");
    command.env("XDG_DATA_HOME", home.path("share"));
    command.args(["-c", IN_A_TERMINAL]).arg(peer.get_program());
    let output = command.args(peer.get_args()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.stdout, b"0\n", "{told}");
}
