//! The rules for what may be shared: names, kinds of files, standard input.

use std::fs;
use std::process::Command;

use crate::process::{Home, Process, refusal};
use crate::transfers::{bytes, fetch, link, share, write};

/// Returns the number of contents that a peer shares.
fn count(home: &Home, peer: &Process) -> usize {
    let shares = home.json(&["shares", "--peer", peer.url()]).unwrap();
    shares["transfers"].as_array().unwrap().len()
}

fn path(home: &Home, name: &str) -> String {
    home.path(name).display().to_string()
}

#[test]
fn a_name_that_others_cannot_use_is_refused_where_it_is_shared_and_another_can_be_given() {
    let home = Home::new();
    let peers = home.ring(2);
    let at = ["--peer", peers[0].url()];
    for name in ["b:c", "aux.c", "what?.txt", "ends with a dot."] {
        write(&home.path(name), &bytes(name.len()));
        let line = home.refusal(&["share", &path(&home, name), at[0], at[1]], 2);
        assert!(line.contains("--name"), "{line}");
    }
    assert_eq!(count(&home, &peers[0]), 0);
    let odd = path(&home, "b:c");
    let shared = home.json(&["share", &odd, "--name", "bc", at[0], at[1]]);
    let fetched = fetch(&home, &peers[1], link(&shared.unwrap()), "got");
    assert_eq!(fetched["path"], path(&home, "got/bc"));
    let line = home.refusal(&["share", &odd, "--name", "b/c", at[0], at[1]], 2);
    assert!(line.starts_with("chordscope: --name:"), "{line}");
    assert!(line.ends_with(": give another"), "{line}");
    let line = home.refusal(&["share", &odd, &odd, "--name", "x", at[0], at[1]], 2);
    assert!(line.contains("one PATH"), "{line}");
}

#[test]
fn the_peer_has_the_same_rule_for_names() {
    let home = Home::new();
    let peer = home.peer("peer", 0, None);
    write(&home.path("file"), b"some");
    let token = format!("Authorization: Bearer {}", peer.token());
    for name in ["a%3Ab", "..", "aux"] {
        let query = format!("name={name}&path={}", path(&home, "file"));
        let request = format!("POST /api/v1/shares?{query}");
        let (code, text) =
            crate::process::http(peer.port(), &request, &[&token, "Content-Length: 0"]);
        assert_eq!(code, 409, "{text}");
        assert!(text.contains("is no name for a file"), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn a_folder_is_shared_whole_or_not_at_all() {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    let home = Home::new();
    let peer = home.peer("peer", 0, None);
    let at = ["--peer", peer.url()];
    let latin = std::ffi::OsStr::from_bytes(b"caf\xe9");
    for (folder, bad) in [
        ("colon", home.path("colon/b:c")),
        ("case", home.path("case/A")),
        ("latin", home.path("latin").join(latin)),
    ] {
        write(&home.path(folder).join("a"), &bytes(70_000));
        write(&bad, &bytes(80_000));
        let line = home.refusal(&["share", &path(&home, folder), at[0], at[1]], 2);
        assert!(line.starts_with("chordscope: PATH: "), "{line}");
        assert_eq!(line.contains("rename it"), folder == "colon", "{line}");
        assert_eq!(count(&home, &peer), 0, "{folder}");
    }
    // What cannot be shared of a file is found out only after others were shared.
    write(&home.path("long/a"), &bytes(70_000));
    let long = fs::File::create(home.path("long/b")).unwrap();
    long.set_len(300 << 30).unwrap();
    let line = home.refusal(&["share", &path(&home, "long"), at[0], at[1]], 2);
    assert!(line.contains("longer than 256 GiB"), "{line}");
    assert_eq!(count(&home, &peer), 0);

    write(&home.path("odd/a"), &bytes(70_000));
    fs::create_dir(home.path("odd/sub")).unwrap();
    let made = Command::new("mkfifo")
        .arg(home.path("odd/sub/pipe"))
        .status();
    assert!(made.unwrap().success());
    let line = home.refusal(&["share", &path(&home, "odd"), at[0], at[1]], 2);
    assert!(line.contains("pipe: this is no file"), "{line}");
    assert_eq!(count(&home, &peer), 0);

    fs::create_dir(home.path("links")).unwrap();
    symlink(home.path("odd/a"), home.path("links/a")).unwrap();
    let line = home.refusal(&["share", &path(&home, "links"), at[0], at[1]], 2);
    assert!(line.contains("only links in it"), "{line}");
    write(&home.path("links/b"), &bytes(10));
    fs::create_dir(home.path("empty")).unwrap();
    for (folder, said) in [("links", "one link in"), ("empty", "is an empty folder")] {
        let output = home.output(&["share", &path(&home, folder), at[0], at[1]]);
        assert!(output.status.success());
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(said), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn nothing_waits_at_a_pipe() {
    let home = Home::new();
    let peers = home.ring(2);
    let made = Command::new("mkfifo").arg(home.path("pipe")).status();
    assert!(made.unwrap().success());
    let pipe = path(&home, "pipe");
    let id = blake3::hash(b"").to_hex().to_string();
    let at = ["--peer", peers[0].url()];
    let value = format!("@{pipe}");
    let ring = ["sim", "fingers", "--bits", "5", "--nodes", &value];
    // None of them asks the peer, as they look at the pipe first.
    for (words, argument) in [
        (&["share", &pipe, at[0], at[1]][..], "PATH"),
        (&["verify", &pipe, &id], "PATH"),
        (&["put", "name", &value, at[0], at[1]], "VALUE"),
        (&["put", "--signed", &value, at[0], at[1]], "VALUE"),
        (&["put", "--immutable", &value, at[0], at[1]], "VALUE"),
        (&ring, "--nodes"),
        (&["sim", "run", &pipe], "SCENARIO"),
    ] {
        let line = home.refusal(words, 2);
        assert!(line.contains("this is no file but a pipe"), "{line}");
        let hint = line.ends_with(": - reads standard input");
        assert_eq!(hint, argument == "VALUE", "{line}");
        assert!(
            line.starts_with(&format!("chordscope: {argument}: ")),
            "{line}"
        );
    }
    let line = home.refusal(&["verify", &path(&home, "nothing"), &id], 2);
    assert!(line.starts_with("chordscope: PATH: "), "{line}");
    let link = format!("{id}?n=pipe");
    let folder = path(&home, "");
    let line = home.refusal(&["fetch", &link, "-o", &folder, at[0], at[1]], 1);
    assert!(line.contains("this is no file but a pipe"), "{line}");
    // Where something that is shared becomes one, nothing waits at it either.
    write(&home.path("file"), &bytes(70_000));
    let shared = share(&home, &peers[0], &home.path("file"));
    fs::remove_file(home.path("file")).unwrap();
    fs::rename(home.path("pipe"), home.path("file")).unwrap();
    let got = path(&home, "got");
    let words = [
        "fetch",
        crate::transfers::link(&shared),
        "-o",
        &got,
        at[0],
        at[1],
    ];
    let line = home.refusal(&[&words[..], &["--timeout", "2"]].concat(), 1);
    assert!(line.contains("nothing has come"), "{line}");
}

/// A file of `/proc`: its length is 0, and what is read in it is made up by the system.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_says_it_is_empty_and_is_not_is_not_shared() {
    use crate::process::http;

    let home = Home::new();
    let peer = home.peer("peer", 0, None);
    let at = ["--peer", peer.url()];
    let odd = "what can be read in this file is not as long as the system says";
    let id = blake3::hash(b"").to_hex().to_string();
    for words in [
        &["share", "/proc/version", at[0], at[1]][..],
        &["verify", "/proc/version", &id],
    ] {
        let line = home.refusal(words, 2);
        let start = format!("chordscope: PATH: /proc/version: {odd}");
        assert!(line.starts_with(&start), "{line}");
    }
    let sysfs = "/sys/kernel/mm/transparent_hugepage/enabled";
    if std::path::Path::new(sysfs).exists() {
        let line = home.refusal(&["share", sysfs, at[0], at[1]], 1);
        assert!(line.contains(odd), "{line}");
    }
    let line = home.refusal(&["share", "/proc/self/mem", at[0], at[1]], 2);
    assert!(line.starts_with("chordscope: PATH: /proc/"), "{line}");
    let token = format!("Authorization: Bearer {}", peer.token());
    let request = "POST /api/v1/shares?name=x&path=/proc/version";
    let (code, text) = http(peer.port(), request, &[&token, "Content-Length: 0"]);
    assert!(code == 409 && text.contains(odd), "{text}");
    assert_eq!(count(&home, &peer), 0);
}

#[test]
fn what_comes_in_by_standard_input_is_kept_until_it_is_shared_no_more() {
    let home = Home::new();
    let mut peers = home.ring(2);
    let url = peers[0].url().to_string();
    let file = bytes(300_000);
    let words = ["share", "-", "--json", "--peer", &url];
    let piped = |words: &[&str]| {
        let output = home.piped(words, &file);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let shared: serde_json::Value = piped(&words);
    let content = blake3::hash(&file).to_hex().to_string();
    assert_eq!(shared["content"], content);
    let fetched = fetch(&home, &peers[1], link(&shared), "got");
    assert_eq!(
        fetched["path"],
        path(&home, &format!("got/{}", &content[..16]))
    );
    let named: serde_json::Value = piped(&[&words[..], &["--name", "notes.txt"]].concat());
    assert!(link(&named).contains("n=notes.txt"), "{named}");
    // It is there after a restart, too.
    let port = peers[0].port();
    peers[0].kill();
    peers[0] = home.peer("peer-0", port, None);
    home.wait_for_ring(&[&peers[0], &peers[1]]);
    home.json(&["unshare", &content, "--peer", peers[1].url()])
        .unwrap();
    fs::remove_dir_all(home.path("got")).unwrap();
    fetch(&home, &peers[1], link(&shared), "got");
    assert!(fs::read(home.path("got").join(&content[..16])).unwrap() == file);

    let kept = || {
        let names = fs::read_dir(home.path("peer-0/files")).unwrap();
        names
            .filter(|entry| {
                entry
                    .as_ref()
                    .unwrap()
                    .path()
                    .extension()
                    .is_some_and(|end| end == "kept")
            })
            .count()
    };
    assert_eq!(kept(), 1);
    home.json(&["unshare", &content, "--peer", &url]).unwrap();
    assert_eq!(kept(), 0);
    let line = refusal(
        &home.piped(&["share", "-", "--name", "a:b", "--peer", &url], b"x"),
        2,
    );
    assert!(line.starts_with("chordscope: --name"), "{line}");
}

/// Returns the output of a command that succeeds.
fn said(home: &Home, words: &[&str]) -> String {
    let output = home.output(words);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_is_shared_goes_by_what_its_user_calls_it() {
    let home = Home::new();
    let peer = home.peer("peer", 0, None);
    let at = ["--peer", peer.url()];
    write(&home.path("album/song"), &bytes(10));
    write(&home.path("film"), &bytes(11));
    let folder = share(&home, &peer, &home.path("album"));
    let film = share(&home, &peer, &home.path("film"));
    let words = ["share", "-", "--name", "notes", "--json", at[0], at[1]];
    let input = home.piped(&words, b"what comes in").stdout;
    let input: serde_json::Value = serde_json::from_slice(&input).unwrap();
    let text = said(&home, &["shares", at[0], at[1]]);
    let inner = path(&home, "peer/files");
    assert!(!text.contains(&inner), "{text}");
    let lines = text
        .lines()
        .step_by(2)
        .map(|line| line.replace("sharing  ", ""));
    let expected = [
        "album".to_string(),
        "notes".to_string(),
        path(&home, "album/song"),
        path(&home, "film"),
    ];
    assert_eq!(lines.collect::<Vec<_>>(), expected);
    for (shared, name) in [(&folder, "album"), (&film, "film"), (&input, "notes")] {
        let text = said(&home, &["unshare", link(shared), at[0], at[1]]);
        assert_eq!(text, format!("\"{name}\" is shared no more\n"));
    }
    let nobody = format!("{}?n=book&len=5", "7".repeat(64));
    let got = path(&home, "got");
    said(
        &home,
        &["fetch", &nobody, "-o", &got, "--detach", at[0], at[1]],
    );
    let text = said(&home, &["unshare", &nobody, at[0], at[1]]);
    assert_eq!(text, "the fetch of \"book\" has ended\n");
}

#[test]
fn links_are_taken_as_they_are_pasted() {
    let home = Home::new();
    let peers = home.ring(2);
    write(&home.path("a file"), &bytes(70_000));
    let shared = share(&home, &peers[0], &home.path("a file"));
    let pasted = link(&shared).to_string();
    let id = shared["content"].as_str().unwrap();
    for (number, pasted) in [
        format!(" <{pasted}>\n"),
        format!("{pasted}."),
        pasted.replace(id, &id.to_uppercase()),
        pasted.replace("%20", " "),
        format!("{}\n  {}", &pasted[..40], &pasted[40..]),
    ]
    .iter()
    .enumerate()
    {
        let fetched = fetch(&home, &peers[1], pasted, &number.to_string());
        let wanted = path(&home, &format!("{number}/a file"));
        assert_eq!(fetched["path"], wanted.as_str(), "{pasted}");
    }
    home.json(&["unshare", &format!("<{pasted}>"), "--peer", peers[0].url()])
        .unwrap();
}
