//! Files between real peers: shared, found, fetched, checked, and read by any program.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::process::{Home, Process, eventually};

pub(crate) const MIB: usize = 1 << 20;

/// Bytes that no segment of has a twin.
pub(crate) fn bytes(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let mut hasher = blake3::Hasher::new();
    hasher.update(&length.to_le_bytes());
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}

pub(crate) fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Shares a path, and gives its link.
pub(crate) fn share(home: &Home, peer: &Process, path: &Path) -> Value {
    let path = path.to_str().unwrap();
    home.json(&["share", path, "--peer", peer.url()]).unwrap()
}

pub(crate) fn link(shared: &Value) -> &str {
    shared["link"].as_str().unwrap()
}

pub(crate) fn fetch(home: &Home, peer: &Process, link: &str, folder: &str) -> Value {
    let folder = home.path(folder);
    let folder = folder.to_str().unwrap();
    let output = home.output(&["fetch", link, "-o", folder, "--peer", peer.url(), "--json"]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Returns the state of one content at a peer.
pub(crate) fn transfer(home: &Home, peer: &Process, content: &str) -> Option<Value> {
    let all = home.json(&["shares", "--peer", peer.url()])?;
    let all = all["transfers"].as_array()?.clone();
    let is_it = |one: &Value| one["link"].as_str().unwrap().contains(content);
    all.into_iter().find(is_it)
}

/// A request's head, and its body as it came.
pub(crate) fn http(port: u16, request: &str, fields: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let text = format!(
        "{request} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n{fields}\r\n"
    );
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // A body that breaks off is what some tests want to see.
    let _ = stream.read_to_end(&mut answer);
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let body = answer.split_off(end.unwrap() + 4);
    (String::from_utf8(answer).unwrap().to_lowercase(), body)
}

#[test]
fn a_file_goes_from_peer_to_peer_under_its_blake3_digest() {
    let home = Home::new();
    let peers = home.ring(3);
    for length in [0, 1, 65_537, 3 * MIB + 7] {
        let name = format!("ein Name & {length}.bin");
        let (path, file) = (home.path(&name), bytes(length));
        write(&path, &file);
        let shared = share(&home, &peers[0], &path);
        let id = blake3::hash(&file).to_hex();
        assert_eq!(shared["content"], id.as_str());
        let fetched = fetch(&home, &peers[2], link(&shared), "got");
        assert_eq!(fetched["content"], id.as_str());
        assert_eq!(fetched["bytes"], length as u64);
        let got = home.path("got").join(&name);
        assert_eq!(fetched["path"], got.to_str().unwrap());
        assert!(fs::read(&got).unwrap() == file, "{length}");
        // Who has fetched it, shares it.
        let here = transfer(&home, &peers[2], &id).unwrap();
        assert_eq!(here["state"], "sharing");
    }
    let left: Vec<_> = fs::read_dir(home.path("got")).unwrap().collect();
    assert_eq!(left.len(), 4, "no drafts stay: {left:?}");
}

#[test]
fn a_folder_arrives_as_it_was_with_files_that_are_alike() {
    let home = Home::new();
    let peers = home.ring(2);
    let files = [
        ("a.txt", bytes(10)),
        ("sub/deep/b.bin", bytes(200_000)),
        ("sub/twin.bin", bytes(200_000)),
        ("sub/ä ö.txt", bytes(70_000)),
        ("empty", Vec::new()),
        ("void", Vec::new()),
    ];
    for (name, file) in &files {
        write(&home.path("album").join(name), file);
    }
    let shared = share(&home, &peers[0], &home.path("album"));
    assert!(link(&shared).ends_with("c=1"), "{shared}");
    fetch(&home, &peers[1], link(&shared), "got");
    for (name, file) in &files {
        let got = home.path("got/album").join(name);
        assert!(fs::read(&got).unwrap() == *file, "{name}");
    }
    let album = home.path("got/album");
    let verified = home.output(&["verify", album.to_str().unwrap(), link(&shared)]);
    assert!(verified.status.success(), "{verified:?}");
    let wrong = link(&shared).replace("&len=", "&len=9");
    let line = home.refusal(&["verify", album.to_str().unwrap(), &wrong], 1);
    assert!(line.contains("the list of its files has"), "{line}");
    write(&album.join("sub/twin.bin"), b"something else");
    let line = home.refusal(&["verify", album.to_str().unwrap(), link(&shared)], 1);
    assert!(line.contains("is not what the link means"), "{line}");

    fs::create_dir(home.path("nothing")).unwrap();
    let shared = share(&home, &peers[0], &home.path("nothing"));
    fetch(&home, &peers[1], link(&shared), "got");
    assert!(home.path("got/nothing").is_dir());
}

#[test]
fn a_folder_is_shared_by_a_peer_whose_data_is_in_a_folder_named_from_where_it_started() {
    let home = Home::new();
    write(&home.path("album/a.txt"), &bytes(10));
    let mut command = home.command(&["peer", "--listen", "127.0.0.1:0", "--data", "own", "--json"]);
    command.current_dir(home.path(""));
    let peer = home.run(command);
    let shared = share(&home, &peer, &home.path("album"));
    assert!(link(&shared).ends_with("c=1"), "{shared}");
}

#[test]
fn what_is_shared_is_shared_after_a_restart() {
    let home = Home::new();
    let mut peers = home.ring(2);
    let file = bytes(500_000);
    write(&home.path("file"), &file);
    write(&home.path("album/one"), &file);
    let shared = share(&home, &peers[0], &home.path("file"));
    let album = share(&home, &peers[0], &home.path("album"));
    let port = peers[0].port();
    peers[0].kill();
    peers[0] = home.peer("peer-0", port, None);
    home.wait_for_ring(&[&peers[0], &peers[1]]);
    fetch(&home, &peers[1], link(&shared), "got");
    fetch(&home, &peers[1], link(&album), "got");
    assert!(fs::read(home.path("got/file")).unwrap() == file);
    assert!(fs::read(home.path("got/album/one")).unwrap() == file);
}

/// Starts a peer with options of its own.
pub(crate) fn start(home: &Home, name: &str, options: &[&str], join: Option<&Process>) -> Process {
    let data = home.path(name).display().to_string();
    let mut arguments = vec!["peer", "--listen", "127.0.0.1:0", "--data", &data];
    arguments.extend(options);
    if let Some(other) = join {
        arguments.extend(["--join", other.url()]);
    }
    home.start(&arguments)
}

#[test]
fn rates_that_were_set_are_kept_to() {
    let home = Home::new();
    for (up, down) in [("1M", "1G"), ("1G", "1M")] {
        let giver = start(&home, &format!("giver-{up}"), &["--limit-up", up], None);
        let taker = start(
            &home,
            &format!("taker-{up}"),
            &["--limit-down", down],
            Some(&giver),
        );
        home.wait_for_ring(&[&giver, &taker]);
        write(&home.path("file"), &bytes(3 * MIB));
        let shared = share(&home, &giver, &home.path("file"));
        let fetched = fetch(&home, &taker, link(&shared), &format!("got-{up}"));
        // A quarter of a second's worth may go at once, and what is on its way when the limit is reached.
        let ms = fetched["ms"].as_u64().unwrap();
        assert!(ms > 2_000, "up {up}, down {down}: {ms} ms");
    }
    // Whoever reads over HTTP gets no more.
    let peer = start(&home, "reader", &["--limit-up", "1M"], None);
    let shared = share(&home, &peer, &home.path("file"));
    let content = shared["content"].as_str().unwrap();
    let begun = tokio::time::Instant::now();
    let (_, body) = http(peer.port(), &format!("GET /files/{content}"), "");
    assert!(body == bytes(3 * MIB));
    let took = begun.elapsed().as_millis();
    assert!(took > 2_000, "over HTTP: {took} ms");
    let line = home.refusal(&["peer", "--limit-up", "fast"], 2);
    assert!(line.contains("such as 500K"), "{line}");
}

#[test]
fn nobody_gets_a_wrong_byte_of_a_file_that_was_changed() {
    let home = Home::new();
    let peers = home.ring(2);
    let mut file = bytes(300_000);
    write(&home.path("file"), &file);
    let shared = share(&home, &peers[0], &home.path("file"));
    let content = shared["content"].as_str().unwrap();
    file[150_000] ^= 1;
    write(&home.path("file"), &file);

    let path = format!("GET /files/{content}");
    let (head, body) = http(peers[0].port(), &path, "");
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(body.len() < 300_000, "it breaks off before the wrong byte");

    let got = home.path("got");
    let arguments = ["fetch", link(&shared), "-o", got.to_str().unwrap()];
    let arguments = [&arguments[..], &["--peer", peers[1].url()]].concat();
    home.json(&[&arguments[..], &["--detach"]].concat())
        .unwrap();
    let sharer = eventually("the sharer sees it", || {
        transfer(&home, &peers[0], content).filter(|one| one["state"] == "failed")
    });
    let line = home.refusal(&[&arguments[..], &["--timeout", "2"]].concat(), 1);
    assert!(line.contains("nothing has come for"), "{line}");
    assert!(!got.join("file").exists());
    let problem = sharer["problem"].as_str().unwrap();
    assert!(problem.contains("has changed"), "{problem}");

    // Put right and shared again, it is there again.
    file[150_000] ^= 1;
    write(&home.path("file"), &file);
    share(&home, &peers[0], &home.path("file"));
    fetch(&home, &peers[1], link(&shared), "got");
    assert!(fs::read(got.join("file")).unwrap() == file);
}

#[test]
fn what_cannot_be_fetched_is_said() {
    let home = Home::new();
    let peers = home.ring(2);
    let at = ["--peer", peers[1].url()];
    let got = home.path("got");
    let got = got.to_str().unwrap();
    let line = home.refusal(&["fetch", "nonsense", at[0], at[1]], 2);
    assert!(line.contains("64 hexadecimal digits"), "{line}");
    let unknown = blake3::hash(b"nobody has this").to_hex().to_string();
    let wanted = ["fetch", &unknown, "-o", got, "--timeout", "1", at[0], at[1]];
    let line = home.refusal(&wanted, 1);
    assert!(line.contains("nobody found who has it"), "{line}");
    let wanted = ["fetch", &unknown, "-o", got, "--timeout", "4", at[0], at[1]];
    let output = home.output(&wanted);
    let said = String::from_utf8(output.stderr).unwrap();
    let looking = "chordscope: looking for peers that have it; Ctrl-C cancels\n";
    assert!(said.starts_with(looking), "{said}");
    let shares = home.json(&["shares", at[0], at[1]]).unwrap();
    assert_eq!(shares["transfers"], serde_json::json!([]));

    let outside = format!("chordscope:{unknown}?n=..%2Fx");
    let line = home.refusal(&["fetch", &outside, "-o", got, at[0], at[1]], 1);
    assert!(line.contains("is no name for a file"), "{line}");

    write(&home.path("file"), b"what is shared");
    let shared = share(&home, &peers[0], &home.path("file"));
    write(&home.path("got/file"), b"what was there");
    let line = home.refusal(&["fetch", link(&shared), "-o", got, at[0], at[1]], 1);
    assert!(
        line.contains("is there already, and is something else"),
        "{line}"
    );
    assert_eq!(fs::read(home.path("got/file")).unwrap(), b"what was there");
    write(&home.path("got/file"), b"what is shared");
    fetch(&home, &peers[1], link(&shared), "got");
}

#[test]
fn two_contents_of_one_name_do_not_mix() {
    let home = Home::new();
    let peers = home.ring(2);
    let got = home.path("got");
    let detach = |content: &str| {
        let link = format!("chordscope:{content}?n=same");
        let folder = got.to_str().unwrap();
        home.output(&[
            "fetch",
            &link,
            "--detach",
            "-o",
            folder,
            "--peer",
            peers[1].url(),
        ])
    };
    let [one, two] = ["one", "two"].map(|text| blake3::hash(text.as_bytes()).to_hex());
    assert!(detach(&one).status.success());
    let line = crate::process::refusal(&detach(&two), 1);
    assert!(line.contains("something else is being fetched"), "{line}");
}

#[test]
fn a_file_and_a_folder_are_verified_without_a_peer() {
    let home = Home::new();
    write(&home.path("file"), &bytes(200_000));
    let id = blake3::hash(&bytes(200_000)).to_hex().to_string();
    let path = home.path("file");
    let path = path.to_str().unwrap();
    let right = home.json(&["verify", path, &id]).unwrap();
    assert_eq!(right["content"], id);
    let other = blake3::hash(b"").to_hex().to_string();
    let line = home.refusal(&["verify", path, &other], 1);
    assert!(line.contains(&id), "{line}");
    home.refusal(&["verify", "/nowhere/at/all", &id], 2);
    // A link that `share` has not written like that.
    let link = |length: u64| format!("chordscope:{id}?n=file&len={length}");
    assert!(home.json(&["verify", path, &link(200_000)]).is_some());
    let line = home.refusal(&["verify", path, &link(5)], 1);
    let words = "the link says len=5, and it has 200000 bytes";
    assert!(line.contains(words), "{line}");
}

#[test]
fn any_program_reads_what_is_shared() {
    let home = Home::new();
    let peers = home.ring(2);
    let file = bytes(300_000);
    write(&home.path("a film.webm"), &file);
    let shared = share(&home, &peers[0], &home.path("a film.webm"));
    let content = shared["content"].as_str().unwrap();
    let port = peers[0].port();
    let get = format!("GET /files/{content}");

    let (head, body) = http(port, &get, "");
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(body == file);
    for field in [
        "content-type: video/webm",
        "content-length: 300000",
        "accept-ranges: bytes",
        "filename*=utf-8''a%20film.webm",
    ] {
        assert!(head.contains(field), "{field} in {head}");
    }
    for (range, part) in [
        ("0-0", 0..1),
        ("65530-131080", 65_530..131_081),
        ("-10", 299_990..300_000),
        ("299999-", 299_999..300_000),
    ] {
        let (head, body) = http(port, &get, &format!("Range: bytes={range}\r\n"));
        assert!(head.starts_with("http/1.1 206"), "{head}");
        let said = format!("bytes {}-{}/300000", part.start, part.end - 1);
        assert!(head.contains(&said), "{head}");
        assert!(body == file[part], "{range}");
    }
    let (head, _) = http(port, &get, "Range: bytes=300000-\r\n");
    assert!(head.starts_with("http/1.1 416"), "{head}");
    assert!(head.contains("content-range: bytes */300000"), "{head}");
    let (head, body) = http(port, &format!("HEAD /files/{content}"), "");
    assert!(head.contains("content-length: 300000"), "{head}");
    assert!(body.is_empty());
    for unknown in [
        blake3::hash(b"").to_hex().as_str(),
        "..%2f..%2fetc%2fpasswd",
    ] {
        let (head, _) = http(port, &format!("GET /files/{unknown}"), "");
        assert!(head.starts_with("http/1.1 404"), "{head}");
    }
}

#[test]
fn pages_of_any_origin_read_what_they_know_the_id_of_and_nothing_else() {
    let home = Home::new();
    let peer = home.peer("peer", 0, None);
    write(&home.path("page.html"), b"<script>alert(1)</script>");
    let shared = share(&home, &peer, &home.path("page.html"));
    let content = shared["content"].as_str().unwrap();
    let unknown = blake3::hash(b"").to_hex();
    let page = "Origin: https://page.example\r\n";
    let open = [
        "access-control-allow-origin: *",
        "cross-origin-resource-policy: cross-origin",
        "x-content-type-options: nosniff",
    ];
    for (request, fields, code) in [
        (format!("GET /files/{content}"), String::new(), "200"),
        (format!("HEAD /files/{content}"), String::new(), "200"),
        (
            format!("GET /files/{content}"),
            "Range: bytes=3-5\r\n".into(),
            "206",
        ),
        (
            format!("GET /files/{content}"),
            "Range: bytes=99-\r\n".into(),
            "416",
        ),
        (format!("GET /files/{content}/other"), String::new(), "404"),
        (format!("GET /files/{unknown}"), String::new(), "404"),
    ] {
        let (head, _) = http(peer.port(), &request, &format!("{page}{fields}"));
        assert!(head.starts_with(&format!("http/1.1 {code}")), "{head}");
        for field in open {
            assert_eq!(head.matches(field).count(), 1, "{field} in {head}");
        }
        if code.starts_with('2') {
            let sandbox = "content-security-policy: sandbox; default-src 'none'";
            assert!(head.contains(sandbox), "{head}");
            assert!(
                head.contains("content-type: application/octet-stream"),
                "{head}"
            );
        }
    }
    let asks = "Access-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: range\r\n";
    let request = format!("OPTIONS /files/{content}");
    let (head, _) = http(peer.port(), &request, &format!("{page}{asks}"));
    assert!(head.starts_with("http/1.1 204"), "{head}");
    assert!(
        head.contains("access-control-allow-headers: range"),
        "{head}"
    );
    for path in [
        "/",
        "/api/v1/status",
        "/api/v1/transfers",
        "/metrics",
        "/healthz",
    ] {
        let (head, _) = http(peer.port(), &format!("GET {path}"), "");
        assert!(
            !head.contains("access-control-allow-origin"),
            "{path}: {head}"
        );
        assert!(
            !head.contains("resource-policy: cross-origin"),
            "{path}: {head}"
        );
    }
}

#[test]
fn a_file_is_read_while_it_is_still_being_fetched() {
    let home = Home::new();
    // Eight seconds for all of it, so that most is still to come when a part is read.
    let slow = start(&home, "giver", &["--limit-up", "1M"], None);
    let fetcher = home.peer("fetcher", 0, Some(&slow));
    home.wait_for_ring(&[&slow, &fetcher]);
    let file = bytes(8 * MIB);
    write(&home.path("file"), &file);
    let shared = share(&home, &slow, &home.path("file"));
    let content = shared["content"].as_str().unwrap();
    let got = home.path("got");
    let mut fetch = home.command(&["fetch", link(&shared), "-o"]);
    fetch.arg(&got).args(["--peer", fetcher.url()]);
    let mut fetch = fetch.stdout(Stdio::null()).spawn().unwrap();
    eventually("its length is known", || {
        transfer(&home, &fetcher, content)?["bytes"].as_u64()
    });
    let middle = 4 * MIB..4 * MIB + 100_000;
    let range = format!("Range: bytes={}-{}\r\n", middle.start, middle.end - 1);
    let path = format!("GET /files/{content}");
    let (head, body) = eventually("its draft is there", || {
        let answer = http(fetcher.port(), &path, &range);
        (!answer.0.starts_with("http/1.1 404")).then_some(answer)
    });
    assert!(head.starts_with("http/1.1 206"), "{head}");
    assert!(body == file[middle]);
    let here = transfer(&home, &fetcher, content).unwrap();
    assert_eq!(here["state"], "fetching", "{here}");
    let (_, body) = http(fetcher.port(), &path, "");
    assert!(body == file);
    assert!(fetch.wait().unwrap().success());
}
