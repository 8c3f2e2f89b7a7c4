//! The commands against a ring of three, as scripts see them.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::process::{Home, eventually, refusal, timeless};

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    // Another package's features decide whether a map keeps its order.
    keys.sort_unstable();
    keys
}

#[test]
fn three_peers_make_a_ring_that_commands_use() {
    let home = Home::new();
    let peers = home.ring(3);
    let [a, b, c] = [0, 1, 2].map(|index| peers[index].url());

    let put = home
        .json(&["put", "greeting", "hello", "--peer", a])
        .unwrap();
    let key = put["key"].as_str().unwrap();
    assert_eq!(
        timeless(&put),
        json!({"key": key, "copies": put["copies"], "sequence": 1})
    );
    assert_eq!(put["copies"], 3);
    assert_eq!(key.len(), 40);
    for peer in [a, b, c] {
        let got = home.json(&["get", "greeting", "--peer", peer]).unwrap();
        let expected = json!({"key": key, "value": "hello", "sequence": 1});
        assert_eq!(timeless(&got), expected);
    }
    let again = home.json(&["put", "greeting", "hi", "--peer", b]).unwrap();
    assert_eq!(again["sequence"], 2);
    assert_eq!(home.output(&["get", "greeting", "--peer", c]).stdout, b"hi");

    let deleted = home.json(&["delete", "greeting", "--peer", c]).unwrap();
    assert_eq!(deleted["sequence"], 3);
    for peer in [a, b, c] {
        let gone = home.refusal(&["get", "greeting", "--peer", peer], 1);
        assert!(
            gone.starts_with("chordscope: there is no such name"),
            "{gone}"
        );
    }
    home.refusal(&["delete", "greeting", "--peer", a], 1);
}

#[test]
fn values_of_any_bytes_come_back_as_they_were() {
    let home = Home::new();
    let peer = home.peer("peer", 0, None);
    let at = ["--peer", peer.url()];
    eventually("a ring of one", || {
        home.json(&["get", "x", at[0], at[1]]).map_or_else(
            || {
                (home
                    .output(&["put", "x", "", at[0], at[1]])
                    .status
                    .success())
                .then_some(())
            },
            |_| Some(()),
        )
    });
    let bytes: Vec<u8> = (0..=255).cycle().take(64 * 1024).collect();
    let put = home.piped(&["put", "all bytes", "-", at[0], at[1]], &bytes);
    assert!(put.status.success(), "{put:?}");
    assert_eq!(
        home.output(&["get", "all bytes", at[0], at[1]]).stdout,
        bytes
    );
    let got = home.json(&["get", "all bytes", at[0], at[1]]).unwrap();
    assert_eq!(got["value"], Value::Null);
    assert!(
        got["value_base64"]
            .as_str()
            .unwrap()
            .starts_with("AAECAwQF")
    );

    let path = home.path("value");
    std::fs::write(&path, "from a file\n").unwrap();
    let file = format!("@{}", path.display());
    let name = "ein Name/mit & allem ?%+";
    assert!(
        home.output(&["put", name, &file, at[0], at[1]])
            .status
            .success()
    );
    assert_eq!(
        home.output(&["get", name, at[0], at[1]]).stdout,
        b"from a file\n"
    );

    let too_long = home.piped(&["put", "x", "-", at[0], at[1]], &vec![0; 64 * 1024 + 1]);
    let line = refusal(&too_long, 2);
    assert_eq!(
        line,
        "chordscope: VALUE: a value has at most 64 KiB (65536 bytes)"
    );
    assert_eq!(
        home.output(&["get", "x", at[0], at[1]]).stdout,
        b"",
        "nothing half done"
    );
}

#[test]
fn a_lookup_shows_each_hop() {
    let home = Home::new();
    let ring = home.start(&["ring", "--peers", "5", "--listen", "127.0.0.1:0"]);
    let page = ring.ready["page"].as_str().unwrap().to_string();
    let peers = ring.ready["peers"].as_array().unwrap();
    let mut ids: Vec<&str> = peers
        .iter()
        .map(|peer| peer["id"].as_str().unwrap())
        .collect();
    let first = ids[0];
    ids.sort_unstable();
    for (at, id) in ids.iter().enumerate() {
        let lookup = home
            .json(&["lookup", id, "--trace", "--peer", &page])
            .unwrap();
        assert_eq!(keys(&lookup), ["hops", "key", "ms", "owner", "path"]);
        assert_eq!(lookup["owner"], *id);
        let path = lookup["path"].as_array().unwrap();
        assert_eq!(path.len() as u64, lookup["hops"].as_u64().unwrap() + 1);
        assert_eq!(path.first().unwrap()["id"], first);
        assert_eq!(path.last().unwrap()["id"], *id);
        for hop in path {
            let address = hop["address"].as_str().unwrap();
            assert!(address.starts_with("ws://127.0.0.1:"), "{address}");
            assert!(hop["rtt_ms"].as_f64().unwrap() < 5_000.0);
        }
        // Every key up to a node is the node's.
        let before = ids[(at + ids.len() - 1) % ids.len()];
        let mut next = before.to_string();
        let digit = if next.ends_with('f') { "" } else { "f" };
        if !digit.is_empty() {
            next.replace_range(39.., digit);
            let owner = home.json(&["lookup", &next, "--peer", &page]).unwrap();
            assert_eq!(owner["owner"], *id);
        }
    }
    let text = home
        .output(&["lookup", "a name", "--trace", "--peer", &page])
        .stdout;
    let text = String::from_utf8(text).unwrap();
    assert!(
        text.contains(&format!("    0 {first}  ws://127.0.0.1:")),
        "{text}"
    );
}

#[test]
fn status_and_peers_tell_who_is_there() {
    let home = Home::new();
    let peers = home.ring(2);
    let [a, b] = [&peers[0], &peers[1]];
    let status = home.json(&["status", "--peer", a.url()]).unwrap();
    assert_eq!(status["id"], a.id());
    assert_eq!(status["ring"], "Forming");
    assert_eq!(status["members_known"], 2);
    assert_eq!(status["predecessor"], b.id());
    assert_eq!(status["successors"], json!([b.id()]));
    assert_eq!(status["records"], 0);
    let known = home.json(&["peers", "--peer", a.url()]).unwrap();
    let known = known["peers"].as_array().unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!(known[0]["id"], b.id());
    assert_eq!(known[0]["address"], b.ready["address"]);
    let text = home.output(&["status", "--peer", a.url()]).stdout;
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("Forming, 2 members known"), "{text}");
    // Without --peer the commands find a peer by themselves, and its token with it.
    assert!(home.json(&["peers"]).is_some());
    let asked = |url: &str, more: &[&str]| {
        let mut command = home.command(&[&["status", "--json"], more].concat());
        command.env("CHORDSCOPE_PEER", url).output().unwrap()
    };
    for (url, more, who) in [(b.url(), vec![], b), (b.url(), vec!["--peer", a.url()], a)] {
        let said = asked(url, &more).stdout;
        let said: Value = serde_json::from_slice(&said).unwrap();
        assert_eq!(said["id"], who.id(), "{more:?}");
    }
    let said = refusal(&asked("nowhere", &[]), 2);
    assert!(said.starts_with("chordscope: CHORDSCOPE_PEER: "), "{said}");
}

#[test]
fn one_of_a_kind_is_no_plural() {
    let home = Home::new();
    let peer = home.peer("peer", 0, None);
    let at = ["--peer", peer.url()];
    eventually("a ring of one", || {
        home.json(&["put", "x", "1", at[0], at[1]])
    });
    let text = home.output(&["status", at[0], at[1]]).stdout;
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("Forming, 1 member known"), "{text}");
    let ring = ["ring", "--peers", "1", "--listen", "127.0.0.1:0"];
    let mut ring = home.command(&ring);
    let mut ring = ring.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(ring.stdout.take().unwrap()).lines();
    let mut lines = lines.map(Result::unwrap);
    let said = lines.find(|line| line.starts_with("a ring of "));
    ring.kill().unwrap();
    ring.wait().unwrap();
    assert_eq!(said.as_deref(), Some("a ring of 1 peer"));
}

#[test]
fn what_orders_writes_is_called_a_version() {
    let home = Home::new();
    let peer = home.peer("peer", 0, None);
    let at = ["--peer", peer.url()];
    eventually("a ring of one", || {
        home.json(&["put", "x", "1", at[0], at[1]])
    });
    let put = home.output(&["put", "x", "2", at[0], at[1]]);
    let put = String::from_utf8(put.stdout).unwrap();
    assert!(
        put.starts_with("stored \"x\": 1 replica, version 2, held for "),
        "{put}"
    );
    let other = home.refusal(&["put", "x", "3", "--if-sequence", "7", at[0], at[1]], 1);
    assert_eq!(other, "chordscope: the record has version 2");
    for command in ["put", "get", "delete"] {
        let help = home.output(&[command, "--help"]).stdout;
        let help = String::from_utf8(help).unwrap().to_lowercase();
        assert!(!help.contains("sequence number"), "{help}");
    }
}

#[test]
fn the_page_of_another_server_is_no_answer() {
    let home = Home::new();
    let page = server("HTTP/1.0 200 OK\r\n\r\n<html>hello</html>");
    for words in [
        &["get", "x"][..],
        &["put", "x", "1"],
        &["status"],
        &["peers"],
    ] {
        let line = home.refusal(&[words, &["--peer", &page]].concat(), 1);
        assert!(
            line.ends_with("answers, but not as a Chordscope peer does"),
            "{line}"
        );
    }
}

#[test]
fn wrong_use_is_one_line() {
    let home = Home::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let url = format!("http://127.0.0.1:{port}");
    let nobody = home.refusal(&["status", "--peer", &url], 1);
    assert!(
        nobody.contains(&format!("no peer answers at {url}")),
        "{nobody}"
    );
    let nameless = home.refusal(&["put", "", "value", "--peer", &url], 2);
    assert_eq!(nameless, "chordscope: NAME: a name has 1 to 255 bytes");
    let long = "n".repeat(256);
    for arguments in [["get", ""], ["delete", ""], ["lookup", ""], ["get", &long]] {
        let line = home.refusal(&arguments, 2);
        assert!(line.contains("NAME: a name has"), "{line}");
    }
    let line = home.refusal(&["status", "--peer", "127.0.0.1"], 2);
    assert!(line.starts_with("chordscope: --peer: "), "{line}");
    let line = home.refusal(&["put", "x", "@/nowhere/at/all"], 2);
    assert!(line.contains("VALUE: @/nowhere/at/all"), "{line}");
    assert!(home.refusal(&["dance"], 2).contains("'dance'"));
    assert!(home.refusal(&["put", "x"], 2).contains("VALUE"));
    let line = home.refusal(&["peer", "--join", "nowhere"], 2);
    assert!(line.starts_with("chordscope: --join: "), "{line}");
    let line = home.refusal(&["peer", "--join", "https://127.0.0.1:1"], 2);
    assert!(line.contains("not possible yet"), "{line}");
    let file = home.path("file");
    std::fs::write(&file, "").unwrap();
    let below = file.join("below");
    for data in [&file, &below] {
        for command in ["peer", "ring"] {
            let line = home.refusal(&[command, "--data", data.to_str().unwrap()], 2);
            let file = file.display();
            assert_eq!(
                line,
                format!("chordscope: --data: {file} is a file: give a folder")
            );
        }
    }
    let line = home.refusal(&["peer", "--listen", "nowhere"], 2);
    assert!(
        line.contains("--listen") && line.contains("127.0.0.1:7340"),
        "{line}"
    );
    let line = home.refusal(&["peer", "--allow-host", "http://a"], 2);
    assert!(line.starts_with("chordscope: --allow-host: "), "{line}");
    let line = home.refusal(&["peer", "--web", "/nowhere/at/all"], 2);
    assert!(line.starts_with("chordscope: --web: "), "{line}");
    assert!(
        home.refusal(&["ring", "--peers", "0"], 2)
            .contains("--peers")
    );
}

#[test]
fn a_lost_member_that_is_none_is_refused_before_anything_is_asked_or_confirmed() {
    let home = Home::new();
    let nobody = "127.0.0.1:1";
    let repair = ["quorum", "repair", "name", "--lost", "zz", "--peer", nobody];
    let line = home.refusal(&repair, 2);
    let words = "chordscope: --lost: \"zz\" is neither an id, which has 40 hexadecimal digits, nor an address";
    assert!(line.starts_with(words), "{line}");
    for lost in ["--lost=", "--lost=,", "--lost=127.0.0.1:1,"] {
        let line = home.refusal(&["quorum", "repair", "name", lost, "--peer", nobody], 2);
        assert!(
            line.starts_with("chordscope: --lost: an empty name names no member"),
            "{line}"
        );
    }
}

#[test]
fn what_is_no_key_is_shown_with_what_one_looks_like() {
    let home = Home::new();
    let key = "a public key: 64 hexadecimal digits";
    let link = "no link: a link holds a content id: 64 hexadecimal digits";
    let lineage = "`chordscope status` shows it: 16 hexadecimal digits";
    let member = "neither an id, which has 40 hexadecimal digits, nor an address";
    for wrong in ["-1", "3.5"] {
        for (arguments, looks) in [
            (&["get", "--author", wrong][..], key),
            (&["fetch", wrong], link),
            (&["unshare", wrong], link),
            (&["verify", "file", wrong], link),
            (&["quorum", "adopt", wrong], lineage),
            (&["quorum", "repair", "name", "--lost", wrong], member),
        ] {
            let line = home.refusal(arguments, 2);
            assert!(line.contains(&format!("\"{wrong}\" is ")), "{line}");
            assert!(line.contains(looks), "{line}");
        }
    }
}

#[test]
fn what_stands_for_standard_output_is_no_file_or_folder_of_that_name() {
    let home = Home::new();
    std::fs::write(home.path("file"), "some").unwrap();
    let file = home.path("file").display().to_string();
    let content = "ab".repeat(32);
    for (flag, arguments) in [
        ("--torrent", &["share", &file, "--torrent", "-"][..]),
        ("--output", &["fetch", &content, "--output", "-"]),
        ("--data", &["peer", "--data", "-"]),
        ("--data", &["ring", "--data", "-"]),
    ] {
        let line = home.refusal(arguments, 2);
        assert!(line.contains(flag) && line.contains("./- "), "{line}");
    }
}

#[test]
fn standard_input_is_not_shared_twice() {
    let home = Home::new();
    for paths in [&["-", "-"][..], &["-", "file", "-"]] {
        let line = home.refusal(&[&["share"], paths].concat(), 2);
        let words = "PATH: - is standard input, which can be read once";
        assert!(line.contains(words), "{line}");
    }
}

#[test]
fn a_peer_that_is_to_join_itself_is_told_so() {
    let home = Home::new();
    let other = home.peer("other", 0, None);
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = free.local_addr().unwrap().to_string();
    drop(free);
    // By another name of the same machine it is found out only when it is dialed.
    let by_name = own.replace("127.0.0.1", "localhost");
    for (join, said) in [
        (
            &[own.as_str()][..],
            "chordscope: error: --join names only this peer itself",
        ),
        (
            &[&by_name],
            "chordscope: error: --join names only this peer itself",
        ),
        (
            &[&own, other.url()],
            "of --join is this peer's own address, and is ignored",
        ),
    ] {
        let data = home.path("own").display().to_string();
        let mut command = home.command(&["peer", "--listen", &own, "--data", &data]);
        for address in join {
            command.args(["--join", address]);
        }
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut peer = command.spawn().unwrap();
        let stderr = BufReader::new(peer.stderr.take().unwrap());
        let mut lines = stderr.lines().map(Result::unwrap).take(5);
        let found = lines.find(|line| line.contains(said));
        peer.kill().unwrap();
        peer.wait().unwrap();
        let line = found.unwrap_or_else(|| panic!("{join:?}"));
        assert!(line.starts_with("chordscope: "), "{line}");
        std::fs::remove_dir_all(&data).unwrap();
    }
}

#[test]
fn what_looks_like_a_flag_is_none_only_after_two_hyphens() {
    let home = Home::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    for arguments in [
        &["put", "--imutable", "hello"][..],
        &["put", "--quorum", "counter"],
        &["put", "counter", "--quorum"],
        &["put", "counter", "1", "--levle", "quorum"],
        &["put", "-n", "counter", "1"],
        &["get", "--quorum", "counter"],
        &["delete", "--quorum", "counter"],
        &["lookup", "--tarce", "counter"],
        &["share", "--trorent"],
        &["fetch", "--outptu", "link"],
    ] {
        let line = home.refusal(&[arguments, &["--peer", &nobody]].concat(), 2);
        let flag = arguments.iter().find(|text| text.starts_with('-')).unwrap();
        assert!(line.contains(&format!("'{flag}'")), "{line}");
    }
    let line = home.refusal(&["put", "--imutable", "hello"], 2);
    assert!(line.contains("'--immutable'"), "{line}");
    for arguments in [
        &["put", "--peer", &nobody, "--", "--imutable", "hello"][..],
        &["put", "--peer", &nobody, "temperature", "-5"],
        &["put", "--peer", &nobody, "name", "-"],
    ] {
        let line = home.refusal(arguments, 1);
        assert!(line.contains("no peer answers"), "{line}");
    }
    let line = home.refusal(&["put", "a", "b", "--if-sequence=-1"], 2);
    assert!(
        line.contains("--if-sequence") && line.contains("give a version"),
        "{line}"
    );
}

/// Starts a server that has the same answer for everybody, and returns its address.
fn server(answer: &'static str) -> String {
    use std::io::{Read, Write};
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

#[test]
fn a_peer_that_finds_no_ring_says_why_and_that_it_keeps_trying() {
    let home = Home::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = free.local_addr().unwrap().to_string();
    drop(free);
    let other = home.start(&[
        "peer",
        "--listen",
        "0",
        "--ring-name",
        "other",
        "--data",
        home.path("other").to_str().unwrap(),
    ]);
    let no_peer = server("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    let old = server("HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    let mail = server("220 mail.example ESMTP\r\n");
    let silent = server("");
    let half = server(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: no\r\n\r\n",
    );
    let cases = [
        (nobody.as_str(), "nobody listens there"),
        (other.url(), "another ring (--ring-name)"),
        (&no_peer, "it is no peer: it answers with HTTP 404"),
        (&old, "it is no peer: it speaks HTTP/1.0"),
        (&mail, "it is no peer: its answer is not HTTP"),
        (
            &silent,
            "it is no peer: it ends the connection without an answer",
        ),
        (&half, "it is no peer: it opens no WebSocket"),
    ];
    for (address, why) in cases {
        let mut command = home.command(&["peer", "--listen", "127.0.0.1:0", "--join", address]);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut peer = command.spawn().unwrap();
        let stderr = BufReader::new(peer.stderr.take().unwrap());
        let said = |line: &String| line.contains(why) && line.contains("it keeps trying");
        let found = stderr.lines().map(Result::unwrap).take(5).find(said);
        peer.kill().unwrap();
        peer.wait().unwrap();
        let authority = address.trim_start_matches("http://");
        assert!(found.is_some_and(|line| line.contains(authority)), "{why}");
    }
}

#[test]
fn a_fetch_that_comes_to_nothing_leaves_no_folder() {
    let home = Home::new();
    let peer = home.peer("peer", 0, None);
    let fetch = |folder: &std::path::Path| {
        let folder = folder.to_str().unwrap();
        let link = format!("chordscope:{}?n=file&len=5", "7".repeat(64));
        let more = ["--timeout", "1", "--peer", peer.url()];
        home.refusal(
            &[&["fetch", &link, "--output", folder][..], &more].concat(),
            1,
        )
    };
    let (new, there) = (home.path("new"), home.path("there"));
    std::fs::create_dir(&there).unwrap();
    for folder in [new.join("below"), there.clone()] {
        let line = fetch(&folder);
        assert!(line.contains("nothing has come for"), "{line}");
    }
    assert!(!new.exists() && there.is_dir());
    let file = home.path("file");
    std::fs::write(&file, "").unwrap();
    for folder in [file.clone(), file.join("below")] {
        let line = fetch(&folder);
        let file = file.display();
        assert_eq!(
            line,
            format!("chordscope: {file} is a file: give a folder with --output")
        );
    }
}

#[test]
fn what_is_no_peer_is_named() {
    let home = Home::new();
    for (answer, said) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
            "not as a Chordscope peer does",
        ),
        (
            "HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            "is no Chordscope peer: it answers 404 Not Found",
        ),
        ("220 mail.example ESMTP\r\n", "what comes is not HTTP"),
        ("", "the connection was ended"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi",
            "the connection was ended",
        ),
    ] {
        let url = format!("http://{}", server(answer));
        let line = home.refusal(&["status", "--peer", &url], 1);
        assert!(line.contains(&url) && line.contains(said), "{line}");
    }
}

#[test]
fn a_taken_port_is_named() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    for command in ["peer", "ring"] {
        let line = home.refusal(&[command, "--listen", &address.to_string()], 1);
        let port = address.port();
        assert!(
            line.contains(&format!("port {port} on 127.0.0.1 is taken")),
            "{line}"
        );
        assert!(line.contains("--listen"), "{line}");
    }
}

#[test]
fn a_data_folder_belongs_to_one_process() {
    let home = Home::new();
    let peer = home.peer("peer", 0, None);
    let data = peer.ready["data"].as_str().unwrap();
    let line = home.refusal(&["peer", "--listen", "127.0.0.1:0", "--data", data], 1);
    assert!(line.contains("in use by another peer"), "{line}");
}
