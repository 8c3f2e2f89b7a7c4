//! Disks that damage a store or are full, under real processes.

#![allow(
    clippy::disallowed_methods,
    reason = "what real processes do has real times"
)]

use std::cell::RefCell;
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::process::{Home, Process, eventually, eventually_or, http, limited, refusal};

/// Starts a peer on this port whose standard error goes to a file.
fn peer(home: &Home, name: &str, port: u16, errors: &Path) -> Process {
    let data = home.path(name).display().to_string();
    let listen = format!("127.0.0.1:{port}");
    let mut command = home.command(&["peer", "--json", "--listen", &listen, "--data", &data]);
    command.stderr(File::create(errors).unwrap());
    home.run(command)
}

fn status(home: &Home, peer: &Process) -> serde_json::Value {
    eventually("a status", || home.json(&["status", "--peer", peer.url()]))
}

#[test]
fn a_damaged_store_is_set_aside_and_filled_again_from_copies() {
    let home = Home::new();
    let mut peers = home.ring(3);
    for number in 0..12 {
        let name = format!("name-{number}");
        let put = home.json(&["put", &name, &name, "--peer", peers[0].url()]);
        assert_eq!(put.unwrap()["copies"], 3);
    }
    let before = status(&home, &peers[2]);
    assert_eq!(before["store"]["began"], "first");
    assert_eq!(before["records"], 12);
    let port = peers[2].port();
    peers[2].kill();
    let store = home.path("peer-2/peer.redb");
    let mut bytes = fs::read(&store).unwrap();
    let harms: [fn(&mut Vec<u8>); 3] = [
        |bytes| bytes[20..84].iter_mut().for_each(|byte| *byte ^= 0x5a),
        |bytes| bytes.truncate(bytes.len() / 2),
        |bytes| bytes.clear(),
    ];
    let mut incarnation = before["store"]["incarnation"].clone();
    for (harm, set_aside) in harms.into_iter().zip([1, 2, 2]) {
        harm(&mut bytes);
        fs::write(&store, &bytes).unwrap();
        let errors = home.path("errors");
        peers[2] = peer(&home, "peer-2", port, &errors);
        assert_eq!(peers[2].id(), before["id"].as_str().unwrap());
        let now = status(&home, &peers[2]);
        assert_eq!(now["store"]["began"], "anew", "{now}");
        assert_ne!(now["store"]["incarnation"], incarnation);
        assert_eq!(now["store"]["set_aside"], set_aside);
        assert_eq!(peers[2].metric("chordscope_stores_begun_anew "), 1);
        assert_eq!(peers[2].metric("chordscope_stores_set_aside "), set_aside);
        eventually("copies come back", || {
            (status(&home, &peers[2])["records"] == 12).then_some(())
        });
        let text = fs::read_to_string(&errors).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains("peer.redb cannot be used"), "{text}");
        assert!(!text.contains("panicked"), "{text}");
        incarnation = now["store"]["incarnation"].clone();
        home.wait_for_ring(&peers.iter().collect::<Vec<_>>());
        peers[2].kill();
        bytes = fs::read(&store).unwrap();
    }
    peers[2] = home.peer("peer-2", port, None);
    let now = status(&home, &peers[2]);
    assert_eq!(now["store"]["began"], "again");
    assert_eq!(now["store"]["incarnation"], incarnation);
}

/// Starts a peer whose files may have a mebibyte, which stands in for a full disk: it needs no rights, and can be lifted while the
/// peer runs. Its standard error goes to this file.
#[cfg(target_os = "linux")]
fn peer_with_little_room(home: &Home, errors: File) -> Process {
    use std::process::Command;
    let peer = home.command(&["peer", "--json", "--listen", "127.0.0.1:0", "--data"]);
    // Half-kibibytes: room for some records.
    let limited = "trap '' XFSZ; ulimit -S -f 2048; exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", limited]).arg(peer.get_program());
    command.args(peer.get_args()).arg(home.path("peer"));
    for (name, value) in peer.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.stderr(errors);
    let peer = home.run(command);
    eventually("a ring of one", || {
        home.json(&["put", "first", "kept", "--peer", peer.url()])
    });
    peer
}

/// Without room for the smallest file, which stands in for a full disk.
#[cfg(target_os = "linux")]
#[test]
fn a_start_on_a_full_disk_after_a_kill_says_what_helps_and_the_next_one_has_everything() {
    let home = Home::new();
    let mut peer = home.peer("peer", 0, None);
    let url = peer.url().to_string();
    eventually("a ring of one", || {
        home.json(&["put", "name", "kept", "--level", "quorum", "--peer", &url])
    });
    let incarnation = status(&home, &peer)["store"]["incarnation"].clone();
    let port = peer.port();
    peer.kill();
    let data = home.path("peer").display().to_string();
    let start = home.command(&["peer", "--listen", "127.0.0.1:0", "--data", &data]);
    let start = limited(&start, "-S -f 1 && trap '' XFSZ").output().unwrap();
    let said = refusal(&start, 1);
    let store = home.path("peer").join("peer.redb");
    let said_so = format!(
        "chordscope: no room on the disk for {} (File too large): make room on the file system of that folder, and start the peer again; nothing that it keeps is lost",
        store.display()
    );
    assert_eq!(said, said_so);
    let peer = home.peer("peer", port, None);
    let now = status(&home, &peer);
    assert_eq!(now["store"]["began"], "again");
    assert_eq!(now["store"]["incarnation"], incarnation);
    let got = eventually("it is there", || {
        home.json(&["get", "name", "--level", "quorum", "--peer", peer.url()])
    });
    assert_eq!(got["value"], "kept");
}

#[cfg(target_os = "linux")]
#[test]
fn a_peer_whose_disk_is_full_says_so_and_goes_on_when_there_is_room() {
    let home = Home::new();
    let errors = home.path("errors");
    let peer = peer_with_little_room(&home, File::create(&errors).unwrap());
    let url = peer.url();
    let (code, text) = http(peer.port(), "GET /healthz", &[]);
    assert_eq!((code, text.ends_with("ok\n")), (200, true));
    let value = home.path("value");
    fs::write(&value, "v".repeat(60_000)).unwrap();
    let value = format!("@{}", value.display());
    let mut kept = Vec::new();
    let refusal = (0..40).find_map(|number| {
        let name = format!("name-{number}");
        let output = home.output(&["put", &name, &value, "--peer", url]);
        if output.status.success() {
            kept.push(name);
            return None;
        }
        Some(String::from_utf8(output.stderr).unwrap())
    });
    let refusal = refusal.expect("a disk of a mebibyte is full");
    assert_eq!(refusal.lines().count(), 1, "{refusal}");
    assert!(refusal.contains("no room on the disk"), "{refusal}");
    assert!(kept.len() > 2, "{kept:?}");
    let quorum = ["put", "agreed", &value, "--level", "quorum", "--peer", url];
    let start = Instant::now();
    let quorum = home.refusal(&quorum, 1);
    assert!(quorum.contains("no room on the disk"), "{quorum}");
    for unknown in [&refusal, &quorum] {
        let said = "the write may still take effect";
        assert!(unknown.trim_end().ends_with(said), "{unknown}");
    }
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "it is said at once, and not when ten seconds have passed"
    );
    let refused = || peer.metric("chordscope_stores_refusing ") == 1;
    // Between two tries of the peer's own the store may look well.
    eventually("it refuses", || {
        let _ = home.output(&["put", "another", &value, "--peer", url]);
        let (code, text) = http(peer.port(), "GET /healthz", &[]);
        (refused() && code == 503 && text.contains("no room on the disk")).then_some(())
    });
    let status = status(&home, &peer);
    if let Some(reason) = status["store"]["refusing"].as_str() {
        assert!(reason.contains("no room on the disk"), "{reason}");
    }
    assert!(peer.metric("chordscope_store_writes_refused_total ") > 0);

    peer.lift_file_limit();
    eventually("it goes on", || {
        home.json(&["put", "last", &value, "--peer", url])
    });
    eventually("it is well", || {
        (http(peer.port(), "GET /healthz", &[]).0 == 200 && !refused()).then_some(())
    });
    kept.extend(["first".to_string(), "last".to_string()]);
    for name in &kept {
        assert!(home.output(&["get", name, "--peer", url]).status.success());
    }
    let text = fs::read_to_string(&errors).unwrap();
    let said = text.lines().filter(|line| line.contains("ERROR"));
    assert_eq!(said.count(), 1, "{text}");
    assert!(text.contains("are written again"), "{text}");
}

/// Two of three are a majority, whichever of them starts again.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_of_one_peer_keeps_no_range_from_the_others_and_is_named_while_one_is_away() {
    let home = Home::new();
    let full = peer_with_little_room(&home, File::create(home.path("errors")).unwrap());
    full.lift_file_limit();
    let well = home.peer("peer-1", 0, Some(&full));
    let mut other = home.peer("peer-2", 0, Some(&full));
    home.wait_for_ring(&[&full, &well, &other]);
    let mut names: Vec<String> = (0..12).map(|number| format!("name-{number}")).collect();
    // In the range of one that goes away, only that one's return helps, and the full disk is not found.
    let goes = |name: &String| {
        let found = home.json(&["lookup", name, "--peer", well.url()]);
        found.unwrap()["owner"] == other.id()
    };
    let mut more = (12..1_000).map(|number| format!("name-{number}"));
    let led = more.find(|name| !goes(name)).unwrap();
    names.push(led.clone());
    let put = |name: &str, value: &str| {
        let put = ["put", name, value, "--level", "quorum", "--json"];
        home.output(&[&put[..], &["--peer", well.url()]].concat())
    };
    let all_take = |value: &str| {
        for name in &names {
            let last = RefCell::new(String::new());
            let why = || last.borrow().clone();
            eventually_or(name, why, || {
                let output = put(name, value);
                last.replace(String::from_utf8_lossy(&output.stderr).into_owned());
                output.status.success().then_some(())
            });
        }
    };
    all_take("before");
    home.wait_for_groups(&[&full, &well, &other]);
    full.limit_files("1");
    eventually("it refuses", || {
        let _ = put("another", "value");
        (http(full.port(), "GET /healthz", &[]).0 == 503).then_some(())
    });
    let port = other.port();
    other.kill();
    let named = format!("{} ({}): its disk refuses", full.id(), full.socket());
    eventually("it is named", || {
        let said = String::from_utf8(put(&led, "between").stderr).unwrap();
        said.contains(&named).then_some(())
    });
    other = home.peer("peer-2", port, Some(&full));
    all_take("after");
    assert_eq!(http(full.port(), "GET /healthz", &[]).0, 503);
    full.lift_file_limit();
    eventually("it is well", || {
        (http(full.port(), "GET /healthz", &[]).0 == 200).then_some(())
    });
    all_take("at last");
    drop(other);
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_shared_as_the_disk_is_full_is_told_of_with_the_path_and_what_helps() {
    let home = Home::new();
    let errors = File::create(home.path("errors")).unwrap();
    let peer = peer_with_little_room(&home, errors);
    let file = home.path("file");
    fs::write(&file, "some").unwrap();
    let words = ["share", file.to_str().unwrap(), "--peer", peer.url()];
    peer.limit_files("1");
    let said = home.refusal(&words, 1);
    let start = format!(
        "chordscope: no room on the disk for {}",
        home.path("peer/files").display()
    );
    assert!(said.starts_with(&start), "{said}");
    assert!(said.ends_with("make room, and try again"), "{said}");
    peer.limit_files("unlimited");
    assert!(home.json(&words).is_some());
}

/// A log that cannot be written is no reason to stop anything.
#[cfg(target_os = "linux")]
#[test]
fn a_peer_whose_disk_and_log_are_full_goes_on_when_there_is_room() {
    let home = Home::new();
    let peer = peer_with_little_room(&home, File::create("/dev/full").unwrap());
    let value = home.path("value");
    fs::write(&value, "v".repeat(60_000)).unwrap();
    let value = format!("@{}", value.display());
    let put = |name: &str| home.json(&["put", name, &value, "--peer", peer.url()]);
    let full = (0..40).find(|number| put(&format!("name-{number}")).is_none());
    assert!(full.is_some());
    eventually("it refuses", || {
        let _ = put("another");
        (http(peer.port(), "GET /healthz", &[]).0 == 503).then_some(())
    });
    peer.lift_file_limit();
    eventually("it goes on", || put("last"));
}

#[cfg(target_os = "linux")]
#[test]
fn an_error_that_nobody_can_read_has_its_exit_code_still() {
    let home = Home::new();
    for (arguments, code) in [
        (["get", "x", "--peer", "127.0.0.1:1"].as_slice(), 1),
        (&["get"], 2),
    ] {
        let mut command = home.command(arguments);
        command.stderr(File::create("/dev/full").unwrap());
        assert_eq!(command.status().unwrap().code(), Some(code));
    }
}
