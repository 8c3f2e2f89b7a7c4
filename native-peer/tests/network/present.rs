//! Files that are on the disk already: they decide what is fetched and what is shared.

use std::fs;

use crate::process::{Home, eventually};
use crate::transfers::{bytes, fetch, http, link, share, transfer, write};

#[test]
fn a_file_that_was_removed_is_fetched_again_and_another_folder_gets_its_own() {
    let home = Home::new();
    let peers = home.ring(2);
    let file = bytes(200_000);
    write(&home.path("file"), &file);
    let shared = share(&home, &peers[0], &home.path("file"));
    for _ in 0..2 {
        fetch(&home, &peers[1], link(&shared), "d");
        assert!(fs::read(home.path("d/file")).unwrap() == file);
        fs::remove_file(home.path("d/file")).unwrap();
    }
    fetch(&home, &peers[1], link(&shared), "d");
    let second = fetch(&home, &peers[1], link(&shared), "e");
    assert_eq!(second["path"], home.path("e/file").to_str().unwrap());
    assert!(fs::read(home.path("e/file")).unwrap() == file);
    assert!(fs::read(home.path("d/file")).unwrap() == file);

    // The second place takes over when the first one is gone.
    fs::remove_file(home.path("d/file")).unwrap();
    fs::remove_file(home.path("file")).unwrap();
    let content = shared["content"].as_str().unwrap();
    let get = format!("GET /files/{content}");
    eventually("it is read from the second place", || {
        let (_, body) = http(peers[1].port(), &get, "");
        (body == file).then_some(())
    });
    fetch(&home, &peers[1], link(&shared), "d");
    assert!(fs::read(home.path("d/file")).unwrap() == file);

    // What has changed is not what the link means, and is not overwritten.
    write(&home.path("d/file"), b"the user's own");
    let folder = home.path("d");
    let words = ["fetch", link(&shared), "-o", folder.to_str().unwrap()];
    let line = home.refusal(&[&words[..], &["--peer", peers[1].url()]].concat(), 1);
    assert!(line.contains("something else"), "{line}");
    assert_eq!(fs::read(home.path("d/file")).unwrap(), b"the user's own");
}

#[test]
fn a_folder_is_completed_whatever_became_of_files_that_were_fetched_before() {
    let home = Home::new();
    let peers = home.ring(2);
    let names = [("one", 70_000), ("two", 80_000), ("sub/three", 90_000)];
    for (name, length) in names {
        write(&home.path("album").join(name), &bytes(length));
    }
    let album = share(&home, &peers[0], &home.path("album"));
    let one = share(&home, &peers[0], &home.path("album/one"));
    let is_whole = |folder: &str| {
        for (name, length) in names {
            let got = fs::read(home.path(folder).join("album").join(name)).unwrap();
            assert!(got == bytes(length), "{name} in {folder}");
        }
    };
    // One of its files was fetched by itself, and moved.
    fetch(&home, &peers[1], link(&one), "alone");
    fs::rename(home.path("alone/one"), home.path("alone/moved")).unwrap();
    fetch(&home, &peers[1], link(&album), "got");
    is_whole("got");
    fs::remove_file(home.path("got/album/two")).unwrap();
    fetch(&home, &peers[1], link(&album), "got");
    is_whole("got");
    fetch(&home, &peers[1], link(&album), "more");
    is_whole("more");
    fs::remove_dir_all(home.path("got")).unwrap();
    fetch(&home, &peers[1], link(&album), "got");
    is_whole("got");
}

#[test]
fn of_two_files_that_are_alike_either_serves() {
    let home = Home::new();
    let mut peers = home.ring(2);
    for (name, length) in [
        ("album/a", 70_000),
        ("album/b", 70_000),
        ("x", 90_000),
        ("y", 90_000),
    ] {
        write(&home.path(name), &bytes(length));
    }
    let album = share(&home, &peers[0], &home.path("album"));
    let file = share(&home, &peers[0], &home.path("x"));
    share(&home, &peers[0], &home.path("y"));
    fs::remove_file(home.path("album/a")).unwrap();
    fs::remove_file(home.path("x")).unwrap();
    fetch(&home, &peers[1], link(&album), "got");
    fetch(&home, &peers[1], link(&file), "got");
    for (name, length) in [("album/a", 70_000), ("album/b", 70_000), ("x", 90_000)] {
        assert!(
            fs::read(home.path("got").join(name)).unwrap() == bytes(length),
            "{name}"
        );
    }
    // Also when the peer starts while one of them is gone.
    let port = peers[1].port();
    peers[1].kill();
    fs::remove_file(home.path("got/album/a")).unwrap();
    peers[1] = home.peer("peer-1", port, None);
    let content = blake3::hash(&bytes(70_000)).to_hex().to_string();
    eventually("the other one is shared", || {
        transfer(&home, &peers[1], &content).filter(|one| one["state"] == "sharing")
    });
}

/// The number of files that are all empty.
const EMPTY: usize = 240;

#[test]
fn files_of_one_content_that_are_there_already_are_taken_together() {
    let home = Home::new();
    let mut peers = home.ring(2);
    let name = |number: usize| format!("album/{}/{number}", number % 3);
    for number in 0..EMPTY {
        write(&home.path(&name(number)), b"");
    }
    let album = share(&home, &peers[0], &home.path("album"));
    fetch(&home, &peers[1], link(&album), "got");
    // A peer that knows nothing of the files finds all of them where they are to be, and half of them.
    for left in [EMPTY, EMPTY / 2] {
        for number in left..EMPTY {
            fs::remove_file(home.path("got").join(name(number))).unwrap();
        }
        peers[1] = home.peer(&format!("fresh-{left}"), 0, Some(&peers[0]));
        home.wait_for_ring(&[&peers[0], &peers[1]]);
        fetch(&home, &peers[1], link(&album), "got");
        for number in 0..EMPTY {
            let got = fs::read(home.path("got").join(name(number))).unwrap();
            assert_eq!(got, b"", "{number} of {left}");
        }
    }
}

#[test]
fn what_has_changed_or_is_gone_is_not_shared_again_after_a_restart() {
    let home = Home::new();
    let mut peer = home.peer("peer", 0, None);
    let (port, path, file) = (peer.port(), home.path("file"), bytes(200_000));
    write(&path, &file);
    let shared = share(&home, &peer, &path);
    let content = shared["content"].as_str().unwrap();
    let mut again = |change: &dyn Fn()| {
        peer.kill();
        change();
        peer = home.peer("peer", port, None);
        eventually("it is looked at", || transfer(&home, &peer, content))
    };
    let as_it_was = again(&|| ());
    assert_eq!(as_it_was["state"], "sharing");
    // As long as before.
    let changed = again(&|| write(&path, &[7; 200_000]));
    assert_eq!(changed["state"], "failed", "{changed}");
    let problem = changed["problem"].as_str().unwrap();
    assert!(problem.contains("has changed"), "{problem}");
    assert_eq!(again(&|| ())["state"], "failed", "it is still another one");
    let gone = again(&|| fs::remove_file(&path).unwrap());
    assert_eq!(gone["state"], "failed", "{gone}");
    let back = again(&|| write(&path, &file));
    assert_eq!(back["state"], "sharing", "{back}");
    assert_eq!(again(&|| ())["state"], "sharing");
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_in_which_nothing_can_be_written_is_named_by_the_file_that_was_to_be_there() {
    let home = Home::new();
    let peers = home.ring(2);
    write(&home.path("file"), &bytes(1000));
    let shared = share(&home, &peers[0], &home.path("file"));
    let words = ["fetch", link(&shared), "-o", "/proc", "--peer"];
    let line = home.refusal(&[&words[..], &[peers[1].url()]].concat(), 1);
    assert!(line.contains("cannot write to /proc/file"), "{line}");
    assert!(line.contains("choose another folder"), "{line}");
    assert!(!line.contains(".part"), "{line}");
}
