//! Fetches that are cut short: by kill -9, by a disk without room, by a machine that stops.

use std::fs;
use std::io::Read;
use std::process::Command;

use serde_json::Value;

use crate::process::{Home, Process, eventually};
use crate::transfers::{MIB, bytes, link, share, start, transfer, write};

/// Leaves a fetch to a peer.
fn begin(home: &Home, peer: &Process, shared: &Value) {
    let got = home.path("got");
    let got = got.to_str().unwrap();
    let words = ["fetch", link(shared), "--detach", "-o", got, "--peer"];
    home.json(&[&words[..], &[peer.url()]].concat()).unwrap();
}

/// A content at a peer, once it is in this state.
fn in_state(home: &Home, peer: &Process, content: &str, state: &str) -> Option<Value> {
    transfer(home, peer, content).filter(|one| one["state"] == state)
}

/// Places in a file of this length, in order, each time others. They are printed, and can be set by hand.
fn places(length: u64, count: usize) -> Vec<u64> {
    let mut seed = [0; 8];
    match std::env::var("CHORDSCOPE_SEED").map(|seed| seed.parse::<u64>()) {
        Ok(Ok(number)) => seed = number.to_le_bytes(),
        _ => fs::File::open("/dev/urandom")
            .unwrap()
            .read_exact(&mut seed)
            .unwrap(),
    }
    println!("CHORDSCOPE_SEED={}", u64::from_le_bytes(seed));
    let mut stream = blake3::Hasher::new().update(&seed).finalize_xof();
    let place = |_| {
        let mut bytes = [0; 8];
        stream.fill(&mut bytes);
        u64::from_le_bytes(bytes) % length
    };
    let mut places: Vec<u64> = (0..count).map(place).collect();
    places.sort_unstable();
    places
}

#[test]
fn a_fetch_goes_on_by_itself_after_each_kill_9_and_gets_nothing_twice() {
    let home = Home::new();
    let slow = start(&home, "giver", &["--limit-up", "16M"], None);
    let mut fetcher = home.peer("fetcher", 0, Some(&slow));
    let port = fetcher.port();
    home.wait_for_ring(&[&slow, &fetcher]);
    let file = bytes(64 * MIB);
    let length = file.len() as u64;
    write(&home.path("file"), &file);
    let shared = share(&home, &slow, &home.path("file"));
    let content = shared["content"].as_str().unwrap();
    begin(&home, &fetcher, &shared);
    let mut seen = 0;
    // The second half takes two seconds: the last kill comes long before its end.
    for place in places(length / 2, 4) {
        seen = eventually("it has come so far", || {
            let one = transfer(&home, &fetcher, content)?;
            let here = one["bytes_here"].as_u64()?;
            assert!(
                here >= seen || one["bytes"].is_null(),
                "{here} after {seen}"
            );
            (here >= place).then_some(here)
        });
        fetcher.kill();
        assert!(!home.path("got/file").exists(), "a draft has no name");
        fetcher = home.peer("fetcher", port, None);
    }
    let done = eventually("it finishes by itself", || {
        in_state(&home, &fetcher, content, "sharing")
    });
    assert!(fs::read(home.path("got/file")).unwrap() == file);
    let received = done["received_bytes"].as_u64().unwrap();
    assert!(
        received <= length - seen + MIB as u64,
        "{received} of {length} received, {seen} were there"
    );
    fetcher.kill();
    let fetcher = home.peer("fetcher", port, None);
    eventually("it shares after a kill at the end", || {
        in_state(&home, &fetcher, content, "sharing")
    });
}

#[test]
fn what_a_stopped_machine_kept_of_a_file_is_checked_before_it_is_shared() {
    let home = Home::new();
    let giver = home.peer("giver", 0, None);
    let mut fetcher = home.peer("fetcher", 0, Some(&giver));
    let port = fetcher.port();
    home.wait_for_ring(&[&giver, &fetcher]);
    let file = bytes(MIB);
    write(&home.path("file"), &file);
    let shared = share(&home, &giver, &home.path("file"));
    let content = shared["content"].as_str().unwrap();
    begin(&home, &fetcher, &shared);
    let entry = home.path(&format!("fetcher/files/{content}.json"));
    let on_disk = eventually("it is on disk", || {
        let text = fs::read_to_string(&entry).ok()?;
        text.contains("\"on_disk\":true").then_some(text)
    });
    fetcher.kill();
    // As if the power had gone just before: the entry is older, and a part of the file never came to the disk.
    fs::write(
        &entry,
        on_disk.replace("\"on_disk\":true", "\"on_disk\":false"),
    )
    .unwrap();
    let mut kept = file;
    kept[MIB / 2..].fill(0);
    fs::write(home.path("got/file"), kept).unwrap();
    let fetcher = home.peer("fetcher", port, None);
    let failed = eventually("it says so", || {
        in_state(&home, &fetcher, content, "failed")
    });
    let problem = failed["problem"].as_str().unwrap();
    assert!(
        problem.contains("before all of it was on disk"),
        "{problem}"
    );
}

#[test]
fn a_length_that_nobody_has_proved_is_asked_for_again_after_a_restart() {
    let home = Home::new();
    // There is nobody yet who has it.
    let giver = home.peer("giver", 0, None);
    let mut fetcher = home.peer("fetcher", 0, Some(&giver));
    let port = fetcher.port();
    home.wait_for_ring(&[&giver, &fetcher]);
    let file = bytes(5 * MIB);
    let content = blake3::hash(&file).to_string();
    let named = serde_json::json!({ "link": format!("chordscope:{content}?n=file") });
    begin(&home, &fetcher, &named);
    fetcher.kill();
    // A liar had told another length, with digests that are right: of as many segments, the last of them shorter.
    let entry = home.path(&format!("fetcher/files/{content}.json"));
    let text = fs::read_to_string(&entry).unwrap();
    let told = text.replace("\"length\":null", &format!("\"length\":{}", file.len() - 1));
    assert_ne!(told, text);
    fs::write(&entry, told).unwrap();
    write(&home.path("file"), &file);
    let shared = share(&home, &giver, &home.path("file"));
    let digests = home.path(&format!("giver/files/{content}.digests"));
    fs::copy(
        digests,
        home.path(&format!("fetcher/files/{content}.digests")),
    )
    .unwrap();
    let fetcher = home.peer("fetcher", port, None);
    eventually("it has the file all the same", || {
        in_state(
            &home,
            &fetcher,
            shared["content"].as_str().unwrap(),
            "sharing",
        )
    });
    assert!(fs::read(home.path("got/file")).unwrap() == file);
}

/// Runs a peer that has a small disk of its own at a folder: a file system in memory, which nobody else sees.
#[cfg(target_os = "linux")]
fn peer_with_small_disk(home: &Home, folder: &str, join: &Process) -> Process {
    let can = |options: &[&str]| {
        let tried = Command::new("unshare").args(options).arg("true").output();
        tried.is_ok_and(|tried| tried.status.success())
    };
    let root = ["--mount"];
    let other = ["--mount", "--user", "--map-root-user"];
    let options = match (can(&root), can(&other)) {
        (true, _) => &root[..],
        (false, true) => &other[..],
        _ => panic!("this test needs `unshare --mount`, as root or with user namespaces"),
    };
    let peer = home.command(&[
        "peer",
        "--listen",
        "127.0.0.1:0",
        "--json",
        "--data",
        home.path("small").to_str().unwrap(),
        "--join",
        join.url(),
    ]);
    let script = "mount -t tmpfs -o size=6m tmpfs \"$0\" && exec \"$@\"";
    let mut command = Command::new("unshare");
    command
        .args(options)
        .args(["sh", "-c", script])
        .arg(home.path(folder));
    command.arg(peer.get_program()).args(peer.get_args());
    for (name, value) in peer.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    home.run(command)
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_without_room_is_said_at_once_and_keeps_nothing_of_the_file() {
    let home = Home::new();
    let giver = home.peer("giver", 0, None);
    fs::create_dir(home.path("got")).unwrap();
    let fetcher = peer_with_small_disk(&home, "got", &giver);
    home.wait_for_ring(&[&giver, &fetcher]);
    for (name, length) in [("large", 16 * MIB), ("fits", 2 * MIB)] {
        write(&home.path(name), &bytes(length));
    }
    let large = share(&home, &giver, &home.path("large"));
    begin(&home, &fetcher, &large);
    let content = large["content"].as_str().unwrap();
    let failed = eventually("it says so", || {
        in_state(&home, &fetcher, content, "failed")
    });
    let problem = failed["problem"].as_str().unwrap();
    assert!(problem.contains("No space left on device"), "{problem}");
    assert!(failed["received_bytes"].as_u64().unwrap() < 16 * MIB as u64);
    // There is room again at once.
    let fits = share(&home, &giver, &home.path("fits"));
    begin(&home, &fetcher, &fits);
    let content = fits["content"].as_str().unwrap();
    eventually("the small one is there", || {
        in_state(&home, &fetcher, content, "sharing")
    });
}
