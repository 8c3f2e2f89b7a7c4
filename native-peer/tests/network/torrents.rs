//! Stock BitTorrent clients fetch what is shared.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Home, Process};
use crate::transfers::{MIB, bytes, http, write};

/// A Python that has libtorrent.
fn python() -> PathBuf {
    let set = std::env::var_os("CHORDSCOPE_LIBTORRENT");
    set.map(PathBuf::from).expect(
        "this test needs a Python that has libtorrent, in CHORDSCOPE_LIBTORRENT: `cargo xtask test` installs one and sets it",
    )
}

/// Makes libtorrent fetch all of a metainfo file into a folder.
fn download(torrent: &Path, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torrent.py");
    let mut client = Command::new(python());
    let ended = client
        .arg(script)
        .arg(torrent)
        .arg(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{said}");
}

/// aria2, which fetches padding files as it does any others.
fn aria2(torrent: &Path, folder: &Path) {
    let set = std::env::var_os("CHORDSCOPE_ARIA2");
    let program = set.map(PathBuf::from).expect(
        "this test needs aria2c, in CHORDSCOPE_ARIA2: `cargo xtask test` installs it and sets it",
    );
    let mut client = Command::new(program);
    client
        .args(["--no-conf", "--file-allocation=none", "--all-proxy="])
        .args([
            "--enable-dht=false",
            "--enable-dht6=false",
            "--disable-ipv6",
        ])
        .args(["--bt-enable-lpd=false", "--enable-peer-exchange=false"])
        .args([
            "--interface=127.0.0.1",
            "--seed-time=0",
            "--bt-stop-timeout=30",
        ])
        .arg("--dir")
        .arg(folder)
        .arg(torrent);
    let ended = client.output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{said}");
}

fn share(home: &Home, peer: &Process, path: &str, torrent: &str) -> String {
    let (path, torrent) = (home.path(path), home.path(torrent));
    let shared = home.json(&[
        "share",
        path.to_str().unwrap(),
        "--torrent",
        torrent.to_str().unwrap(),
        "--peer",
        peer.url(),
    ]);
    shared.unwrap()["content"].as_str().unwrap().to_string()
}

#[test]
fn libtorrent_gets_a_file_and_a_folder_from_the_gateway_alone() {
    let home = Home::new();
    let peer = home.peer("peer", 0, None);
    let file = bytes(5 * MIB + 77);
    write(&home.path("one file.bin"), &file);
    share(&home, &peer, "one file.bin", "file.torrent");
    download(&home.path("file.torrent"), &home.path("got"));
    assert!(fs::read(home.path("got/one file.bin")).unwrap() == file);

    // A dot comes before a slash, but a folder before a longer name; and an empty file has no pieces.
    let album = [
        ("a.txt", 70_000),
        ("a/b", 3),
        ("a/ä ö%20#", MIB),
        ("none", 0),
        ("z", 1),
    ];
    for (name, length) in album {
        write(&home.path("album").join(name), &bytes(length));
    }
    share(&home, &peer, "album", "album.torrent");
    download(&home.path("album.torrent"), &home.path("got"));
    for (name, length) in album {
        let got = fs::read(home.path("got/album").join(name)).unwrap();
        assert!(got == bytes(length), "{name}");
    }
}

#[test]
fn aria2_gets_a_file_and_a_folder_with_padding_between_its_files() {
    let home = Home::new();
    let peer = home.peer("peer", 0, None);
    let file = bytes(MIB + 77);
    write(&home.path("one.bin"), &file);
    share(&home, &peer, "one.bin", "file.torrent");
    aria2(&home.path("file.torrent"), &home.path("got"));
    assert!(fs::read(home.path("got/one.bin")).unwrap() == file);

    let album = [("a", 70_000), ("b", 5 * MIB + 3), ("c/d e", 10)];
    for (name, length) in album {
        write(&home.path("album").join(name), &bytes(length));
    }
    share(&home, &peer, "album", "album.torrent");
    aria2(&home.path("album.torrent"), &home.path("got"));
    for (name, length) in album {
        let got = fs::read(home.path("got/album").join(name)).unwrap();
        assert!(got == bytes(length), "{name}");
    }
}

#[test]
fn padding_files_are_zeros_of_the_length_that_is_their_name() {
    let home = Home::new();
    let peer = home.peer("peer", 0, None);
    for name in ["a", "b"] {
        write(&home.path("album").join(name), &bytes(10));
    }
    let content = share(&home, &peer, "album", "album.torrent");
    let get = |path: &str, fields: &str| {
        http(peer.port(), &format!("GET /files/{content}/{path}"), fields)
    };
    for path in [".pad/40000", "album/.pad/40000"] {
        let (head, body) = get(path, "");
        assert!(head.starts_with("http/1.1 200"), "{path}: {head}");
        assert!(body == vec![0; 40_000], "{path}");
    }
    let (head, body) = get("album/.pad/16374", "Range: bytes=16000-16373\r\n");
    assert!(head.starts_with("http/1.1 206"), "{head}");
    assert!(body == vec![0; 374]);
    let (head, _) = get("album/.pad/99999999999", "");
    assert!(head.starts_with("http/1.1 404"), "{head}");
    // Only a folder has any.
    let file = share(&home, &peer, "album/a", "file.torrent");
    let (head, _) = http(peer.port(), &format!("GET /files/{file}/.pad/1"), "");
    assert!(head.starts_with("http/1.1 404"), "{head}");
}

#[test]
fn a_folders_files_are_read_by_their_paths() {
    let home = Home::new();
    let peer = home.peer("peer", 0, None);
    for (name, length) in [("one", 70_000), ("inner/two words", 10)] {
        write(&home.path("album").join(name), &bytes(length));
    }
    let content = share(&home, &peer, "album", "album.torrent");
    let get = |path: &str| http(peer.port(), &format!("GET /files/{content}/{path}"), "");
    for path in [
        "one",
        "album/one",
        "inner/two%20words",
        "album/inner/two%20words",
    ] {
        let (head, body) = get(path);
        assert!(head.starts_with("http/1.1 200"), "{path}: {head}");
        assert!(body == bytes(body.len()) && !body.is_empty(), "{path}");
    }
    for path in [
        "two words",
        "album",
        "..%2Fone",
        "../one",
        "one/",
        "album/album/one",
        "%00",
    ] {
        let (head, _) = get(path);
        assert!(!head.starts_with("http/1.1 2"), "{path}: {head}");
    }
}

#[test]
fn a_metainfo_file_is_about_one_path_and_replaces_nothing() {
    let home = Home::new();
    let peer = home.peer("peer", 0, None);
    for name in ["one", "two", "empty"] {
        write(&home.path(name), &bytes(name.len() % 5));
    }
    write(&home.path("there"), b"something");
    let path = |name: &str| home.path(name).display().to_string();
    for (paths, torrent, reason) in [
        (vec!["one", "two"], "new.torrent", "one PATH"),
        (vec!["one"], "there", "exists"),
        (vec!["empty"], "new.torrent", "of nothing"),
    ] {
        let paths: Vec<String> = paths.into_iter().map(path).collect();
        let mut words = vec!["share"];
        words.extend(paths.iter().map(String::as_str));
        let torrent = path(torrent);
        words.extend(["--torrent", &torrent, "--peer", peer.url()]);
        let said = home.refusal(&words, 2);
        assert!(said.contains(reason), "{said}");
    }
    assert_eq!(fs::read(home.path("there")).unwrap(), b"something");
    let shares = home.json(&["shares", "--peer", peer.url()]).unwrap();
    assert_eq!(shares["transfers"], serde_json::json!([]));
}
