//! More files than may be open, and more than are announced.

use std::fs;

use chordscope_core::swarm::api::Limits;
use chordscope_core::swarm::collection::MAX_FILES;

use crate::process::{Home, Process, limited};
use crate::transfers::{fetch, link, share, write};

/// More than are taken by themselves, and than are announced.
const FILES: usize = 10_000;
/// The number of files that are all alike.
const ALIKE: usize = 32;
/// The number of files and connections that the system lets a peer have open.
const DESCRIPTORS: usize = 300;

/// Starts a peer under a limit of open files, as `ulimit` takes it.
fn peer(home: &Home, name: &str, limit: &str, join: Option<&Process>) -> Process {
    let data = home.path(name).display().to_string();
    let mut words = vec!["peer", "--listen", "127.0.0.1:0", "--json", "--data", &data];
    words.extend(join.into_iter().flat_map(|other| ["--join", other.url()]));
    let peer = home.command(&words);
    home.run(limited(&peer, limit))
}

#[cfg(unix)]
#[test]
fn thousands_of_files_are_shared_and_fetched_with_few_open() {
    let home = Home::new();
    let limit = format!("-n {DESCRIPTORS}");
    let giver = peer(&home, "giver", &limit, None);
    let taker = peer(&home, "taker", &limit, Some(&giver));
    home.wait_for_ring(&[&giver, &taker]);
    let name = |number: usize| format!("many/{}/{}/{number}", number % 10, number % 7);
    for number in 0..FILES {
        write(&home.path(&name(number)), &number.to_le_bytes());
    }
    let alike = |number: usize| format!("many/alike/{number}");
    for number in 0..ALIKE {
        write(&home.path(&alike(number)), b"alike");
    }
    let shared = share(&home, &giver, &home.path("many"));
    let fetched = fetch(&home, &taker, link(&shared), "got");
    assert_eq!(fetched["bytes"], 8 * FILES + 5 * ALIKE);
    for number in 0..ALIKE {
        let got = fs::read(home.path("got").join(alike(number))).unwrap();
        assert_eq!(got, b"alike");
    }
    for number in 0..FILES {
        let got = fs::read(home.path("got").join(name(number))).unwrap();
        assert_eq!(got, number.to_le_bytes());
    }
    // Files by themselves hold nothing open either.
    let alone: Vec<String> = (0..2 * DESCRIPTORS)
        .map(|number| {
            let path = home.path(&format!("alone-{number}"));
            write(&path, format!("alone {number}").as_bytes());
            path.display().to_string()
        })
        .collect();
    let mut words = vec!["share", "--peer", giver.url()];
    words.extend(alone.iter().map(String::as_str));
    let output = home.output(&words);
    assert!(output.status.success(), "{output:?}");
    let links = String::from_utf8(output.stdout).unwrap();
    fetch(&home, &taker, links.lines().last().unwrap(), "got");
}

#[test]
fn a_folder_of_too_many_files_is_refused_before_any_is_read() {
    let home = Home::new();
    for number in 0..=MAX_FILES {
        let folder = home.path(&format!("many/{}", number % 64));
        if number < 64 {
            fs::create_dir_all(&folder).unwrap();
        }
        fs::File::create(folder.join(number.to_string())).unwrap();
    }
    // No peer is asked.
    let folder = home.path("many").display().to_string();
    let refusal = home.refusal(&["share", &folder], 2);
    let expected = "a folder is shared with 65536 files at most, and this one has 65537";
    assert!(refusal.contains(expected), "{refusal}");
}

#[test]
fn more_files_by_themselves_than_a_peer_takes_are_refused_before_any_is_shared() {
    let home = Home::new();
    let most = Limits::default().transfers;
    let paths = (0..=most).map(|number| number.to_string());
    let paths: Vec<String> = paths.collect();
    let mut words = vec!["share"];
    words.extend(paths.iter().map(String::as_str));
    // No peer is asked.
    let refusal = home.refusal(&words, 2);
    let expected = format!(
        "{most} files and folders by themselves at most, and these are {}",
        most + 1
    );
    assert!(refusal.contains(&expected), "{refusal}");
    assert!(refusal.contains("share a folder"), "{refusal}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_peer_takes_as_many_descriptors_as_its_user_may_have() {
    let home = Home::new();
    let peer = peer(&home, "peer", "-Sn 64", None);
    let limits = fs::read_to_string(format!("/proc/{}/limits", peer.number())).unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let words: Vec<&str> = line.unwrap().split_whitespace().collect();
    assert_eq!(words[3], words[4], "{limits}");
    assert_ne!(words[3], "64");
}
