//! Level `quorum` between real processes: what a majority agreed on, conditions, and what a disk must remember.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::process::{Home, Process, eventually, http};

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
    assert_eq!(refused, "chordscope: the record has version 1");
    let arguments = swap(&peers[2], "1", "two");
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    assert_eq!(home.json(&arguments).unwrap()["sequence"], 2);
    assert_eq!(get(&home, &peers[0], "name").unwrap()["value"], "two");
    // Level one keeps records of its own, and sees those of the other level.
    let got = home.json(&["get", "name", "--peer", peers[1].url()]);
    assert_eq!(got.unwrap()["value"], "two");
}

#[test]
fn a_name_that_is_at_the_other_level_is_said_to_be_there() {
    let home = Home::new();
    let peers = home.ring(3);
    let at = ["--peer", peers[0].url()];
    let stored = eventually("a majority of three acknowledges", || {
        let words = ["put", "high", "one", at[0], at[1]];
        let output = home.output(&[&words[..], &QUORUM].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        text.contains("of 3").then_some(text)
    });
    let words = "stored \"high\": acknowledged by 2 of 3 (a majority), version ";
    assert!(stored.starts_with(words), "{stored}");
    assert!(put(&home, &peers[0], "high", "two").unwrap()["copies"].as_u64() >= Some(2));
    eventually("each position counts what it has of level quorum", || {
        let has_it = |peer: &Process| peer.metric("chordscope_records{level=\"quorum\"}") == 1;
        peers.iter().all(has_it).then_some(())
    });
    home.json(&["put", "low", "one", at[0], at[1]]).unwrap();
    let low = "chordscope: there is no such name at level quorum, but there is at level one: try --level one";
    for command in ["get", "delete"] {
        let words = [command, "low", at[0], at[1]];
        assert_eq!(home.refusal(&[&words[..], &QUORUM].concat(), 1), low);
    }
    // Level one sees both, until it has something newer of its own: here that the name is deleted.
    let output = home.output(&["delete", "high", at[0], at[1]]);
    assert!(output.status.success());
    let told = String::from_utf8(output.stdout).unwrap();
    let (start, end) = (
        "deleted \"high\" at level one: version ",
        " says so at 3 replicas\n",
    );
    assert!(told.starts_with(start) && told.ends_with(end), "{told}");
    let note = "the name is still at level quorum: add --level quorum to delete it there\n";
    assert_eq!(String::from_utf8(output.stderr).unwrap(), note);
    let output = home.output(&["delete", "low", at[0], at[1]]);
    assert!(output.status.success() && output.stderr.is_empty());
    let high = "chordscope: there is no such name at level one, but there is at level quorum: try --level quorum";
    assert_eq!(home.refusal(&["get", "high", at[0], at[1]], 1), high);
    // The other way round.
    home.json(&["put", "both", "one", at[0], at[1]]).unwrap();
    home.json(&["put", "both", "two", at[0], at[1]]).unwrap();
    eventually("both levels have it", || {
        put(&home, &peers[0], "both", "three")
    });
    let output = home.output(&[&["delete", "both", at[0], at[1]][..], &QUORUM].concat());
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(
        told.starts_with("deleted \"both\" at level quorum: version "),
        "{told}"
    );
    assert!(told.contains(" says so, acknowledged by "), "{told}");
    let note = "the name is still at level one: add --level one to delete it there\n";
    assert_eq!(String::from_utf8(output.stderr).unwrap(), note);
    let own = ["--signed", "--salt", "s", at[0], at[1]];
    let put = [&["put", "value"], &own[..], &QUORUM].concat();
    eventually("a record of its own", || home.json(&put));
    let delete = [&["delete"], &own[..]].concat();
    let output = home.output(&delete);
    let note = "the record is still at level quorum: add --level quorum to delete it there\n";
    assert_eq!(String::from_utf8(output.stderr).unwrap(), note);
    let told = "chordscope: there is no such record at level one, but there is at level quorum: try --level quorum";
    assert_eq!(home.refusal(&delete, 1), told);
    let nowhere = "chordscope: there is no such name";
    assert_eq!(home.refusal(&["get", "none", at[0], at[1]], 1), nowhere);
}

#[test]
fn a_peer_outside_of_a_names_group_says_of_how_many_members_a_put_was_acknowledged() {
    let home = Home::new();
    let peers = home.ring(5);
    for peer in &peers {
        let told = eventually("three members are the group", || {
            let written = put(&home, peer, "name", "value")?;
            (written["members"] == 3).then_some(written)
        });
        assert!(told["copies"].as_u64() >= Some(2), "{told}");
    }
}

#[test]
fn a_lineage_that_nobody_has_is_not_adopted() {
    let home = Home::new();
    let peer = home.peer("peer", 0, None);
    eventually("a ring of one", || put(&home, &peer, "name", "one"));
    let lineage = ["quorum", "adopt", "0123456789abcdef"];
    let said = home.refusal(&[&lineage[..], &["--peer", peer.url()]].concat(), 1);
    assert!(
        said.starts_with("chordscope: no such lineage is known: no group of it was found"),
        "{said}"
    );
    let token = format!("Authorization: Bearer {}", peer.token());
    let (code, stands) = http(peer.port(), "GET /api/v1/quorum/adopt", &[&token]);
    assert!(
        code == 200 && stands.contains("\"running\":false"),
        "{stands}"
    );
    assert!(stands.contains("no such lineage is known"), "{stands}");
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
    home.wait_for_groups(&peers.iter().collect::<Vec<_>>());
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

#[test]
fn after_an_orderly_stop_of_all_who_is_missing_is_named_and_then_everything_is_there() {
    let home = Home::new();
    let mut peers = home.ring(3);
    for number in 0..3 {
        let name = format!("name {number}");
        eventually("groups form", || put(&home, &peers[0], &name, "kept"));
    }
    let ports: Vec<u16> = peers.iter().map(Process::port).collect();
    for peer in &mut peers {
        peer.signal("TERM");
        assert_eq!(peer.ended(), Some(0));
    }
    // The one that stopped last has stayed alone with what it keeps: without it there may be no majority.
    let first = home.peer("peer-0", ports[0], None);
    let second = home.peer("peer-1", ports[1], Some(&first));
    home.wait_for_ring(&[&first, &second]);
    for number in 0..3 {
        let name = format!("name {number}");
        let arguments = ["get", &name, "--peer", first.url(), "--level", "quorum"];
        let missing = format!("127.0.0.1:{}", ports[2]);
        eventually("it is there, or who is missing is named", || {
            let output = home.output(&arguments);
            let told = String::from_utf8_lossy(&output.stderr);
            let found = output.status.success() && output.stdout.starts_with(b"kept");
            let other = output.status.success() || told.contains("no such name");
            assert!(found || !other, "{name}: {told}");
            (found || told.contains(&missing)).then_some(())
        });
    }
    let status = home.json(&["status", "--peer", first.url()]).unwrap();
    assert!(status["quorum"]["lineage"].is_string(), "{status}");
    let third = home.peer("peer-2", ports[2], Some(&first));
    home.wait_for_ring(&[&first, &second, &third]);
    for number in 0..3 {
        let got = eventually("all are back", || {
            get(&home, &first, &format!("name {number}"))
        });
        assert_eq!(got["value"], "kept");
    }
}

#[test]
fn a_peer_that_leaves_for_good_hands_its_places_over() {
    let home = Home::new();
    let mut peers = home.ring(4);
    for number in 0..6 {
        let name = format!("name {number}");
        eventually("groups form", || {
            put(&home, &peers[number % 4], &name, "kept")
        });
    }
    for _ in 0..2 {
        let leaver = peers.pop().unwrap();
        let left = home.json(&["leave", "--peer", leaver.url()]).unwrap();
        assert_eq!(left["leaving"], true);
    }
    // Two of four are left, and a majority needs nobody else.
    for number in 0..6 {
        let name = format!("name {number}");
        let got = eventually("the others have all", || get(&home, &peers[0], &name));
        assert_eq!(got["value"], "kept");
    }
    let mut last = peers.pop().unwrap();
    let left = home.json(&["leave", "--peer", last.url()]).unwrap();
    assert_eq!(
        (left["leaving"].clone(), last.ended()),
        (true.into(), Some(0))
    );
    let told = home.refusal(&["leave", "--peer", peers[0].url()], 1);
    assert!(told.contains("alone") && told.contains("--force"), "{told}");
}

#[test]
fn of_two_peers_that_leave_at_once_one_stays_and_has_the_record() {
    let home = Home::new();
    let peers = home.ring(2);
    let put = ["put", "safe", "one", "--peer", peers[0].url()];
    assert_eq!(home.json(&put).unwrap()["copies"], 2);
    let leave = |peer: &Process| {
        let mut command = home.command(&["leave", "--peer", peer.url()]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let leaving = [leave(&peers[0]), leave(&peers[1])];
    let outputs = leaving.map(|child| child.wait_with_output().unwrap());
    let mut stayed = 0;
    for (output, peer) in outputs.iter().zip(&peers) {
        if output.status.success() {
            continue;
        }
        stayed += 1;
        assert_eq!(output.status.code(), Some(1));
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(
            told.contains("it has not left") || told.contains("alone"),
            "{told}"
        );
        let got = home.json(&["get", "safe", "--peer", peer.url()]);
        assert_eq!(got.unwrap()["value"], "one");
    }
    assert!(stayed > 0, "both have left");
}

#[cfg(unix)]
#[test]
fn a_peer_that_cannot_leave_yet_says_soon_what_it_waits_for() {
    let home = Home::new();
    let peers = home.ring(3);
    eventually("a majority of three acknowledges", || {
        let words = ["put", "kept", "one", "--peer", peers[0].url()];
        let output = home.output(&[&words[..], &QUORUM].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        text.contains("of 3").then_some(())
    });
    // Without the leaver both others would have to agree.
    peers[2].signal("STOP");
    let mut command = home.command(&["leave", "--peer", peers[0].url()]);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut leave = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(leave.stderr.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    leave.kill().unwrap();
    leave.wait().unwrap();
    assert!(
        line.starts_with("chordscope: it has not left yet: "),
        "{line}"
    );
    assert!(line.contains("of level quorum still need"), "{line}");
}

#[test]
fn of_equal_compare_and_sets_at_one_peer_and_at_two_exactly_one_wins() {
    let home = Home::new();
    let peers = home.ring(3);
    eventually("groups form", || put(&home, &peers[0], "first", "x"));
    for round in 0..10 {
        let name = format!("lock {round}");
        let others = [&peers[round % 3], &peers[round % 2]];
        let mut children: Vec<_> = others
            .iter()
            .map(|peer| {
                let arguments = [
                    "put",
                    &name,
                    "mine",
                    "--if-sequence",
                    "0",
                    "--peer",
                    peer.url(),
                ];
                let mut command = home.command(&[&arguments[..], &QUORUM].concat());
                command.stdout(Stdio::null());
                command.stderr(Stdio::null()).spawn().unwrap()
            })
            .collect();
        let won = children
            .iter_mut()
            .map(|child| child.wait().unwrap().success());
        assert_eq!(won.filter(|won| *won).count(), 1, "{name}");
    }
}

/// The files of a peer's folder that hold what was set aside.
fn set_aside(home: &Home, peer: &str) -> String {
    let files = std::fs::read_dir(home.path(peer)).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let aside = names.filter(|name| name.starts_with("quorum-set-aside-"));
    let read = |name| std::fs::read_to_string(home.path(peer).join(name)).unwrap();
    aside.map(read).collect()
}

/// The arguments that order a repair at a peer.
fn repair(range: &str, lost: &str, at: &str) -> Vec<String> {
    let order = [
        "quorum", "repair", range, "--lost", lost, "--yes", "--peer", at,
    ];
    order.map(String::from).to_vec()
}

/// Returns the line of a command that fails with this code.
fn told(home: &Home, order: &[String], code: i32) -> String {
    let order: Vec<&str> = order.iter().map(String::as_str).collect();
    home.refusal(&order, code)
}

/// The ranges of a peer without a majority, with both other members away.
fn blocked(status: &Value) -> Vec<String> {
    let waiting = status["quorum"]["waiting"].as_array().unwrap().iter();
    let blocked = waiting.filter(|range| {
        range["blocked"] == true && range["awaited"].as_array().unwrap().len() == 2
    });
    let ranges = blocked.map(|range| range["range"].as_str().unwrap().to_string());
    ranges.collect()
}

#[test]
fn a_range_whose_majority_is_gone_is_repaired_and_the_old_majority_serves_nothing_of_it() {
    let home = Home::new();
    let mut peers = home.ring(3);
    eventually("groups form", || put(&home, &peers[0], "name", "before"));
    home.wait_for_groups(&peers.iter().collect::<Vec<_>>());
    let ports: Vec<u16> = peers.iter().map(Process::port).collect();
    let lost = peers[1..].iter().map(|peer| peer.id().to_string());
    let lost: Vec<String> = lost.collect();
    let both = lost.join(",");
    let (first, others) = peers.split_first_mut().unwrap();
    let order = |range: &str, lost: &str| repair(range, lost, first.url());
    // Nothing is lost yet.
    let refused = told(&home, &order("name", &both), 1);
    assert!(refused.contains("is there, and not lost"), "{refused}");
    let mut unsure = order("name", &lost[0]);
    unsure.retain(|argument| argument != "--yes");
    assert!(told(&home, &unsure, 2).contains("--yes"));
    assert!(told(&home, &order("(1, xyz]", &lost[0]), 2).contains("RANGE"));

    others.iter_mut().for_each(Process::kill);
    let ranges = eventually("both are missed in all ranges", || {
        let ranges = blocked(&home.json(&["status", "--peer", first.url()])?);
        (ranges.len() == 3).then_some(ranges)
    });
    let refused = told(&home, &order("name", &lost[0]), 1);
    assert!(refused.contains("no repair is needed"), "{refused}");
    for range in &ranges {
        let order = order(range, &both);
        let order: Vec<&str> = order.iter().map(String::as_str).collect();
        let repaired = home.json(&order).unwrap();
        assert_eq!(repaired["generation"], 1, "{repaired}");
        assert_eq!(repaired["lost"].as_array().unwrap().len(), 2, "{repaired}");
    }
    assert_eq!(get(&home, first, "name").unwrap()["value"], "before");
    let put_again = eventually("it goes on", || put(&home, first, "name", "after"));
    assert_eq!(put_again["sequence"], 2);

    // Both come back with what they had. Whatever they answer, it is what was put since.
    for number in [1, 2] {
        others[number - 1] = home.peer(&format!("peer-{number}"), ports[number], Some(first));
        for via in &*others {
            if let Some(got) = get(&home, via, "name") {
                assert_eq!(got["value"], "after");
            }
        }
    }
    let all: Vec<&Process> = std::iter::once(&*first).chain(&*others).collect();
    a_repaired_ring_goes_on(&home, &all);
}

/// All know what was repaired, only who was given up has set something aside, and nobody counts from an old value.
fn a_repaired_ring_goes_on(home: &Home, all: &[&Process]) {
    home.wait_for_ring(all);
    for via in all {
        let got = eventually("all are back", || get(home, via, "name"));
        assert_eq!(got["value"], "after");
    }
    for (number, via) in all.iter().enumerate() {
        eventually("everybody knows the fence", || {
            let status = home.json(&["status", "--peer", via.url()])?;
            let repaired = status["quorum"]["repaired"].as_array()?;
            (repaired.len() == 1 && repaired[0]["generation"] == 1).then_some(())
        });
        let aside = set_aside(home, &format!("peer-{number}"));
        assert_eq!(aside.contains("before"), number > 0, "{number}: {aside}");
    }
    for count in 0..9 {
        let (via, expected) = (all[count % 3], count.to_string());
        let counted = eventually("a step", || {
            let arguments = ["put", "counter", "x", "--if-sequence", &expected];
            home.json(&[&arguments[..], &QUORUM, &["--peer", via.url()]].concat())
        });
        assert_eq!(counted["sequence"], count + 1);
    }
}

#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "a test of how long an answer takes"
)]
fn a_range_without_a_majority_is_refused_soon_and_it_is_said_for_how_long_who_is_away() {
    let home = Home::new();
    let mut peers = home.ring(3);
    eventually("groups form", || put(&home, &peers[0], "name", "before"));
    home.wait_for_groups(&peers.iter().collect::<Vec<_>>());
    let gone = peers.split_off(1);
    let ids: Vec<String> = gone.iter().map(|peer| peer.id().to_string()).collect();
    drop(gone);
    let at = ["--peer", peers[0].url()];
    eventually("both are missed", || {
        let status = home.json(&["status", at[0], at[1]])?;
        let awaited = status["quorum"]["awaited"].as_array()?;
        let dated = awaited
            .iter()
            .filter(|one| one["away_s"].as_u64() > Some(0));
        (dated.count() == 2).then_some(())
    });
    let before = std::time::Instant::now();
    let said = home.refusal(&["get", "name", "--level", "quorum", at[0], at[1]], 1);
    assert!(before.elapsed() < std::time::Duration::from_secs(9));
    let text = home.output(&["status", at[0], at[1]]).stdout;
    let text = String::from_utf8(text).unwrap();
    for id in ids {
        for told in [&said, &text] {
            let (_, rest) = told.split_once(&format!("{id} (ws://")).unwrap();
            let (_, time) = rest.split_once("/ws) for ").unwrap();
            assert!(
                time.starts_with(|digit: char| digit.is_ascii_digit()),
                "{told}"
            );
        }
    }
}

/// Two rings that were begun apart, each with records of its own, after they have met: the peers of the one, and of the other.
fn two_lineages(home: &Home) -> (Vec<Process>, Vec<Process>) {
    // Of four, every replica group at level one has peers of both rings.
    let peers = home.ring(2);
    let mut others = vec![home.peer("other-0", 0, None)];
    others.push(home.peer("other-1", 0, Some(&others[0])));
    home.wait_for_ring(&others.iter().collect::<Vec<_>>());
    for (side, value) in [(&peers, "theirs"), (&others, "mine")] {
        for name in ["both", value] {
            let written = eventually("groups form", || put(home, &side[0], name, value));
            assert_eq!(written["sequence"], 1);
            assert!(written["expires_in_s"].as_u64() > Some(86_000), "{written}");
            assert_eq!(written["renewed"], true);
        }
    }
    // Until then the second one has nothing in its lineage, and takes the other ring's.
    for other in &others {
        eventually("both are in groups", || {
            let status = home.json(&["status", "--peer", other.url()])?;
            (status["quorum"]["groups"].as_u64() > Some(0)).then_some(())
        });
    }
    // They are started again with the address of the first ring, and meet it.
    for (number, other) in others.iter_mut().enumerate() {
        let port = other.port();
        other.signal("TERM");
        assert_eq!(other.ended(), Some(0));
        *other = home.peer(&format!("other-{number}"), port, Some(&peers[0]));
    }
    (peers, others)
}

/// Level one shows what the other lineage has, which is said to be no record of level one.
fn each_hears_of_the_other(home: &Home, theirs: &Process, mine: &Process) {
    for (peer, name) in [(theirs, "mine"), (mine, "theirs")] {
        let words = ["get", name, "--peer", peer.url()];
        eventually("level one shows it", || home.json(&words));
        let said = "chordscope: there is no such name at level quorum in the lineage of this peer; there is at level one, ";
        eventually("it is told from level one", || {
            let output = home.output(&[&words[..], &QUORUM].concat());
            let told = String::from_utf8(output.stderr).unwrap();
            assert!(!told.contains("try --level one"), "{told}");
            told.starts_with(said).then_some(())
        });
    }
}

#[test]
fn a_lineage_is_brought_into_another_one_and_what_differs_is_exported() {
    let home = Home::new();
    let (peers, others) = two_lineages(&home);
    let all: Vec<&Process> = peers.iter().chain(&others).collect();
    home.wait_for_ring(&all);
    let status = |peer: &Process| home.json(&["status", "--peer", peer.url()]).unwrap();
    let lineage = status(&peers[0])["quorum"]["lineage"].clone();
    let given_up = status(&others[0])["quorum"]["lineage"].clone();
    assert_ne!(lineage, given_up);
    for (peer, other) in [(&others[0], &lineage), (&others[1], &lineage)] {
        eventually("both lineages are shown", || {
            let status = status(peer);
            let shown = status["quorum"]["other_lineages"].as_array().cloned();
            shown
                .is_some_and(|shown| shown.contains(other))
                .then_some(())
        });
    }
    each_hears_of_the_other(&home, &peers[0], &others[0]);
    let lineage = lineage.as_str().unwrap();
    let told = home.refusal(
        &[
            "quorum",
            "adopt",
            "0123456789abcdef",
            "--peer",
            others[0].url(),
        ],
        1,
    );
    assert!(told.contains("no such lineage is known"), "{told}");
    let mut exported = Vec::new();
    for (number, other) in others.iter().enumerate() {
        if number > 0 {
            // Whoever is left goes on in the old lineage.
            eventually("it is overwritten", || put(&home, other, "mine", "newer"));
        }
        let arguments = ["quorum", "adopt", lineage, "--peer", other.url()];
        let adopted = eventually("the lineage is adopted", || home.json(&arguments));
        assert_eq!(adopted["lineage"], lineage);
        for file in adopted["exports"].as_array().unwrap() {
            let text = std::fs::read_to_string(file.as_str().unwrap()).unwrap();
            exported.extend(
                text.lines()
                    .map(|line| serde_json::from_str::<Value>(line).unwrap()),
            );
        }
    }
    for peer in &all {
        for (name, value) in [("both", "theirs"), ("theirs", "theirs"), ("mine", "newer")] {
            let got = eventually("it is there", || get(&home, peer, name));
            assert_eq!(got["value"], value, "{name}");
            assert!(got["expires_in_s"].as_u64().is_some(), "{got}");
        }
        eventually("one lineage is left", || {
            let quorum = status(peer)["quorum"].clone();
            let one = quorum["lineage"] == lineage && quorum["other_lineages"].is_null();
            one.then_some(())
        });
    }
    let both = exported.iter().find(|line| line["name"] == "both").unwrap();
    assert_eq!(both["value_base64"], "bWluZQ==");
    assert_eq!(both["sequence"], 1);
    assert!(
        exported.iter().all(|line| line["name"] == "both"),
        "{exported:?}"
    );
    let told = home.refusal(&["quorum", "adopt", lineage, "--peer", peers[0].url()], 1);
    assert!(told.contains("own already"), "{told}");
}
