//! Ctrl-C ends what the command began, at the peer too, before the command itself ends.

use std::fs;
use std::process::{Child, Output, Stdio};

use crate::process::{Home, Process, eventually, refusal};
use crate::transfers::{MIB, bytes, link, share, start, transfer, write};

/// Begins a fetch and follows it.
fn follow(home: &Home, peer: &Process, link: &str, folder: &str) -> Child {
    let folder = home.path(folder);
    let folder = folder.to_str().unwrap();
    let mut command = home.command(&["fetch", link, "-o", folder, "--peer", peer.url()]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn interrupt(command: Child) -> Output {
    let id = command.id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-s", "INT", &id])
        .status();
    assert!(sent.unwrap().success());
    command.wait_with_output().unwrap()
}

fn has_begun(home: &Home, peer: &Process, content: &str) {
    eventually("some of it is here", || {
        transfer(home, peer, content)?["bytes"].as_u64()
    });
}

#[test]
fn nothing_goes_on_and_nothing_is_left_once_a_cancelled_fetch_has_ended() {
    let home = Home::new();
    let giver = start(&home, "giver", &["--limit-up", "256K"], None);
    let fetcher = home.peer("fetcher", 0, Some(&giver));
    home.wait_for_ring(&[&giver, &fetcher]);
    write(&home.path("file"), &bytes(8 * MIB));
    let shared = share(&home, &giver, &home.path("file"));
    let content = shared["content"].as_str().unwrap();
    for _ in 0..4 {
        let fetch = follow(&home, &fetcher, link(&shared), "got");
        has_begun(&home, &fetcher, content);
        let line = refusal(&interrupt(fetch), 1);
        assert!(
            line.ends_with("cancelled; what had come was thrown away"),
            "{line}"
        );
        assert_eq!(transfer(&home, &fetcher, content), None);
        assert!(!home.path("got").exists());
    }
}

#[test]
fn what_another_command_began_goes_on() {
    let home = Home::new();
    let peer = home.peer("peer", 0, None);
    let content = blake3::hash(b"nobody has this").to_hex().to_string();
    let got = home.path("got");
    let words = [
        "fetch",
        &content,
        "-o",
        got.to_str().unwrap(),
        "--peer",
        peer.url(),
    ];
    home.json(&[&words[..], &["--detach"]].concat()).unwrap();
    let line = home.refusal(&[&words[..], &["--timeout", "1"]].concat(), 1);
    assert!(line.contains("under way before"), "{line}");
    let here = transfer(&home, &peer, &content).unwrap();
    assert_eq!(here["state"], "fetching");
}

#[test]
fn of_a_folder_what_is_whole_stays_and_the_rest_ends() {
    let home = Home::new();
    let giver = start(&home, "giver", &["--limit-up", "512K"], None);
    let fetcher = home.peer("fetcher", 0, Some(&giver));
    home.wait_for_ring(&[&giver, &fetcher]);
    write(&home.path("album/00"), &bytes(10));
    for number in 0..20 {
        write(&home.path(&format!("album/{number}")), &bytes(MIB + number));
    }
    let shared = share(&home, &giver, &home.path("album"));
    let fetch = follow(&home, &fetcher, link(&shared), "got");
    eventually("one is whole", || {
        home.path("got/album/00").exists().then_some(())
    });
    let line = refusal(&interrupt(fetch), 1);
    assert!(line.contains("whole stay"), "{line}");
    let shares = home.json(&["shares", "--peer", fetcher.url()]).unwrap();
    assert_eq!(shares["transfers"], serde_json::json!([]));
    let names = fs::read_dir(home.path("got/album")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names: Vec<_> = names.collect();
    assert!(names.contains(&"00".to_string()), "{names:?}");
    assert!(names.iter().all(|name| !name.starts_with('.')), "{names:?}");
}
