//! Access to a peer's control: its own user's programs and pages have it, nobody else.

use crate::process::{Home, Process, eventually, http};

fn peer(home: &Home, more: &[&str]) -> Process {
    let data = home.path("peer").display().to_string();
    let mut arguments = vec!["peer", "--listen", "127.0.0.1:0", "--data", &data];
    arguments.extend(more);
    home.start(&arguments)
}

const UPGRADE: [&str; 4] = [
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol: chordscope.v1",
];

/// The status code of an attempt to open a WebSocket.
fn websocket(port: u16, headers: &[&str]) -> u16 {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut text = String::from("GET /ws HTTP/1.1\r\nConnection: Upgrade\r\n");
    if !headers.iter().any(|header| header.starts_with("Host:")) {
        text.push_str(&format!("Host: localhost:{port}\r\n"));
    }
    for header in headers {
        text.push_str(&format!("{header}\r\n"));
    }
    stream.write_all((text + "\r\n").as_bytes()).unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).unwrap();
    String::from_utf8_lossy(&head[9..]).parse().unwrap()
}

#[test]
fn only_the_peers_own_user_controls_it() {
    let home = Home::new();
    let peer = peer(&home, &[]);
    let port = peer.port();
    let right = format!("Authorization: Bearer {}", peer.token());
    let wrong = format!("Authorization: Bearer {}", "0".repeat(64));
    let lower = format!("authorization: bearer {}", peer.token());
    assert_eq!(http(port, "GET /api/v1/peers", &[&lower]).0, 200);
    for path in ["peers", "record?name=x", "lookup?what=x", "events"] {
        let request = format!("GET /api/v1/{path}");
        assert_eq!(http(port, &request, &[]).0, 401, "{path}");
        assert_eq!(http(port, &request, &[&wrong]).0, 403, "{path}");
    }
    for method in ["PUT", "DELETE"] {
        let request = format!("{method} /api/v1/record?name=x");
        assert_eq!(http(port, &request, &[]).0, 401);
        assert_eq!(http(port, &request, &[&wrong]).0, 403);
    }
    let begun = &right[..right.len() - 1];
    assert_eq!(http(port, "GET /api/v1/peers", &[begun]).0, 403);
    assert_eq!(http(port, "GET /api/v1/peers", &[&right]).0, 200);
    assert_eq!(http(port, "GET /api/v1/status", &[]).0, 200, "harmless");
    assert_eq!(
        peer.metric("chordscope_requests_refused_total{reason=\"token\"}"),
        13
    );
    let elsewhere = Home::new();
    let line = elsewhere.refusal(&["get", "x", "--peer", peer.url()], 1);
    assert!(line.contains("no token is known"), "{line}");
}

#[test]
fn foreign_hosts_and_pages_are_refused() {
    let home = Home::new();
    let peer = peer(&home, &["--allow-origin", "https://lesson.example"]);
    let port = peer.port();
    for path in ["/", "/api/v1/status", "/metrics", "/healthz"] {
        let request = format!("GET {path}");
        let foreign = format!("Host: evil.example:{port}");
        let (code, text) = http(port, &request, &[&foreign]);
        assert_eq!(code, 403, "{path}");
        assert!(
            text.contains("\"error\":\"this peer is not known by the name"),
            "{text}"
        );
    }
    let two = ["Host: 127.0.0.1", "Host: evil.example"];
    assert_eq!(http(port, "GET /api/v1/status", &two).0, 403);
    let own = format!("Origin: http://127.0.0.1:{port}");
    let origins = [
        (own.as_str(), true),
        ("Origin: https://lesson.example", true),
        ("Origin: https://evil.example", false),
        ("Origin: null", false),
        ("Origin: http://127.0.0.1:1", false),
    ];
    for (origin, allowed) in origins {
        let code = http(port, "GET /api/v1/status", &[origin]).0;
        assert_eq!(code, if allowed { 200 } else { 403 }, "{origin}");
        let mut headers = UPGRADE.to_vec();
        headers.push(origin);
        // Who may not is told so over the socket.
        let code = websocket(port, &headers);
        assert_eq!(code, 101, "{origin}");
    }
    let mut foreign = UPGRADE.to_vec();
    foreign.push("Host: evil.example");
    assert_eq!(websocket(port, &foreign), 403);
    assert_eq!(websocket(port, &UPGRADE), 101, "programs name no origin");
    assert_eq!(
        websocket(port, &UPGRADE[..3]),
        400,
        "without the sub-protocol"
    );
    assert_eq!(websocket(port, &UPGRADE[1..]), 426);
    assert_eq!(
        peer.metric("chordscope_requests_refused_total{reason=\"origin\"}"),
        6
    );
    assert_eq!(
        peer.metric("chordscope_requests_refused_total{reason=\"host\"}"),
        6
    );
}

#[test]
fn a_peer_that_listens_everywhere_answers_under_every_address() {
    let home = Home::new();
    let data = home.path("peer").display().to_string();
    let arguments = ["peer", "--listen", "0.0.0.0:0", "--data", &data];
    let peer = home.start(&[&arguments[..], &["--allow-host", "nas.local"]].concat());
    let port = peer.port();
    for host in ["192.168.0.1", "[2001:db8::1]", "nas.local"] {
        let host = format!("Host: {host}:{port}");
        let origin = host.replace("Host: ", "Origin: http://");
        for path in ["/", "/api/v1/status", "/metrics", "/healthz"] {
            let code = http(port, &format!("GET {path}"), &[&host, &origin]).0;
            assert_eq!(code, 200, "{host} {path}");
        }
        let foreign = format!("Origin: http://203.0.113.7:{port}");
        assert_eq!(http(port, "GET /api/v1/status", &[&host, &foreign]).0, 403);
    }
    let named = format!("Host: other.local:{port}");
    assert_eq!(http(port, "GET /healthz", &[&named]).0, 403);
}

#[test]
fn the_api_says_what_is_wrong_with_a_request() {
    let home = Home::new();
    let peer = peer(&home, &[]);
    let port = peer.port();
    let token = format!("Authorization: Bearer {}", peer.token());
    eventually("a ring of one", || {
        home.json(&["put", "a", "b", "--peer", peer.url()])
    });
    let get = |path: &str| http(port, &format!("GET /api/v1/{path}"), &[&token]).0;
    assert_eq!(get("record?name=a"), 200);
    assert_eq!(get("record?name=b"), 404);
    assert_eq!(get("record?name="), 400);
    assert_eq!(get("record"), 400);
    assert_eq!(get("lookup?what="), 400);
    assert_eq!(get("lookup?what=a&mode=sideways"), 400);
    assert_eq!(get("nothing"), 404);
    let long = "Content-Length: 65537";
    let code = http(port, "PUT /api/v1/record?name=a", &[&token, long]).0;
    assert_eq!(code, 413);
    let (_, status) = http(port, "GET /api/v1/status", &[]);
    assert!(status.contains(peer.id()));
    assert!(
        status
            .to_lowercase()
            .contains("x-content-type-options: nosniff")
    );
    assert_eq!(http(port, "GET /healthz", &[]).0, 200);
}

#[test]
fn whatever_is_asked_is_answered_in_the_peers_own_words() {
    let home = Home::new();
    let peer = peer(&home, &[]);
    let port = peer.port();
    let token = format!("Authorization: Bearer {}", peer.token());
    let id = "7".repeat(64);
    let below = format!("GET /files/{id}/%ff");
    let escaped = format!("GET /files/{id}/%zz");
    let key = "an id of 160 bits has 40 hexadecimal digits";
    for (request, code, said) in [
        ("GET /ws/99999999999999999999", 404, "no such position"),
        ("GET /ws/-1", 404, "no such position"),
        ("GET /ws/%ff", 404, "no such position"),
        ("GET /ws/7", 404, "no such position"),
        ("POST /ws", 405, "does not take such a request"),
        (
            "GET /files/%ff",
            404,
            "a content id is 64 hexadecimal digits",
        ),
        (&below, 400, "the path is not UTF-8"),
        (&escaped, 400, "two hexadecimal digits"),
        ("GET /files/%zz", 400, "two hexadecimal digits"),
        ("GET /api/v1/nothing", 404, "the interface has no such path"),
        ("POST /api/v1/status", 405, "does not take such a request"),
        ("POST /api/v1/lookup", 405, "does not take such a request"),
        ("GET /api/v1/record?key=1f", 400, key),
        (
            "POST /api/v1/quorum/repair?range=x&lost=",
            400,
            "lost: an empty name",
        ),
        ("POST /api/v1/quorum/repair?range=(1f,2]&lost=x", 400, key),
    ] {
        let (got, text) = http(port, request, &[&token, "Content-Length: 0"]);
        assert_eq!(got, code, "{request}: {text}");
        let body = text.split("\r\n\r\n").nth(1).unwrap_or_default();
        let refusal: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
        let error = refusal["error"].as_str().unwrap_or(body);
        assert!(error.contains(said), "{request}: {text}");
    }
    let request = "POST /api/v1/shares?name=x";
    let (code, text) = http(port, request, &[&token, "Content-Length: 99999999"]);
    assert_eq!(code, 413, "{text}");
    assert!(text.contains("this is longer than"), "{text}");
}

#[test]
fn a_peer_is_ready_once_it_is_a_member_of_a_ring() {
    let home = Home::new();
    let alone = home.peer("alone", 0, None);
    eventually("a ring of one", || {
        let (code, text) = http(alone.port(), "GET /readyz", &[]);
        assert!(
            code == 200 || text.contains("not ready: the peer is"),
            "{text}"
        );
        (code == 200).then_some(())
    });
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = free.local_addr().unwrap().to_string();
    drop(free);
    let data = home.path("outside").display().to_string();
    let listen = ["peer", "--listen", "127.0.0.1:0", "--join", &nobody];
    let outside = home.start(&[&listen[..], &["--data", &data]].concat());
    let (code, text) = http(outside.port(), "GET /readyz", &[]);
    assert_eq!(code, 503, "{text}");
    assert!(
        text.ends_with("\r\n\r\nnot ready: the peer is in no ring\n"),
        "{text}"
    );
    assert_eq!(http(outside.port(), "GET /healthz", &[]).0, 200);
}

#[test]
fn each_peer_serves_the_page() {
    let home = Home::new();
    let web = home.path("dist");
    std::fs::create_dir(&web).unwrap();
    std::fs::write(web.join("index.html"), "<title>the page</title>").unwrap();
    std::fs::write(web.join("app.wasm"), "\0asm").unwrap();
    std::fs::write(web.join("app.wasm.gz"), "gzipped").unwrap();
    std::fs::write(web.join(".stamp"), "hidden").unwrap();
    std::fs::create_dir(web.join(".git")).unwrap();
    std::fs::write(web.join(".git/config"), "hidden").unwrap();
    let web = web.display().to_string();
    let ring = home.start(&[
        "ring",
        "--peers",
        "2",
        "--listen",
        "127.0.0.1:0",
        "--web",
        &web,
    ]);
    for peer in ring.ready["peers"].as_array().unwrap() {
        let port = peer["url"].as_str().unwrap().rsplit(':').next().unwrap();
        let port = port.parse().unwrap();
        let (code, text) = http(port, "GET /", &[]);
        assert!(code == 200 && text.contains("the page"), "{text}");
        let (_, text) = http(port, "GET /app.wasm", &[]);
        assert!(text.contains("content-type: application/wasm"), "{text}");
        assert!(
            text.ends_with("\0asm") && text.contains("vary: accept-encoding"),
            "{text}"
        );
        let (_, text) = http(port, "GET /app.wasm", &["Accept-Encoding: br, gzip"]);
        assert!(text.contains("content-type: application/wasm"), "{text}");
        assert!(
            text.contains("content-encoding: gzip") && text.ends_with("gzipped"),
            "{text}"
        );
        assert_eq!(http(port, "GET /nothing", &[]).0, 404);
        assert_eq!(http(port, "GET /../../etc/passwd", &[]).0, 404);
        for hidden in ["/.stamp", "/%2estamp", "/.git/config", "/.git/", "//.stamp"] {
            let (code, text) = http(port, &format!("GET {hidden}"), &[]);
            assert!(code == 404 && !text.ends_with("hidden"), "{hidden}: {text}");
        }
    }
}

#[test]
fn events_come_as_a_stream() {
    use std::io::{BufRead, BufReader, Write};
    let home = Home::new();
    let peer = peer(&home, &[]);
    let url = peer.url();
    eventually("a ring of one", || {
        home.json(&["get", "x", "--peer", url])
            .or_else(|| home.json(&["put", "x", "1", "--peer", url]))
    });
    let (port, token) = (peer.port(), peer.token());
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    let request = format!(
        "GET /api/v1/events HTTP/1.1\r\nHost: localhost:{port}\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut lines = BufReader::new(stream).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "HTTP/1.1 200 OK");
    home.json(&["put", "another", "value", "--peer", url])
        .unwrap();
    let kept = lines
        .map(Result::unwrap)
        .find(|line| line == "event: record-kept");
    assert!(kept.is_some());
}

/// A condition that is misspelt must not be left out.
#[test]
fn a_parameter_that_is_unknown_or_makes_no_sense_is_refused() {
    let home = Home::new();
    let peer = peer(&home, &[]);
    let cases: &[(&str, &str)] = &[
        (
            "PUT /api/v1/record?name=a&if-sequence=5",
            "there is no parameter `if-sequence`",
        ),
        (
            "GET /api/v1/status?bogus=1",
            "there is no parameter `bogus`: this takes none\"",
        ),
        ("PUT /api/v1/record?name=a&tttl=5", "tttl"),
        (
            "PUT /api/v1/record?name=a&renew=perhaps",
            "renew: say true or false",
        ),
        ("GET /api/v1/lookup", "this needs the parameter `what`"),
        (
            "GET /api/v1/lookup?what=a&what=b",
            "given twice: the parameter `what`",
        ),
        ("PUT /api/v1/record?name=a&ttl=0", "two seconds at least"),
        ("PUT /api/v1/record?name=a&ttl=1", "two seconds at least"),
        ("PUT /api/v1/record?name=a&ttl=86401", "a day at most"),
        (
            "PUT /api/v1/record?kind=immutable&ttl=1",
            "two seconds at least",
        ),
        ("PUT /api/v1/record?name=%ff", "UTF-8"),
        ("GET /api/v1/record?name=%fe", "UTF-8"),
        ("PUT /api/v1/record?name=%zz", "two hexadecimal digits"),
        ("PUT /api/v1/record?name=100%", "two hexadecimal digits"),
        ("GET /api/v1/record?%6=a", "two hexadecimal digits"),
        ("DELETE /api/v1/record?name=%4", "two hexadecimal digits"),
        ("GET /api/v1/lookup?what=%zz", "two hexadecimal digits"),
        ("GET /api/v1/transfers?link=%zz", "two hexadecimal digits"),
        ("POST /api/v1/shares?name=%zz", "two hexadecimal digits"),
        (
            "POST /api/v1/quorum/repair?range=%zz&lost=a",
            "two hexadecimal digits",
        ),
        (
            "GET /api/v1/record?name=a&level=most",
            "there is no such value: `most`",
        ),
        ("GET /api/v1/lookup?what=a&mood=good", "mood"),
        (
            "GET /api/v1/transfers?wait=soon",
            "wait: give a whole number",
        ),
        ("DELETE /api/v1/transfers?link=a&unfinish=true", "unfinish"),
        ("POST /api/v1/quorum/repair?range=a&lost=b&yes=1", "yes"),
        ("POST /api/v1/quorum/adopt?lineage=a&now=1", "now"),
    ];
    are_refused(&peer, cases);
}

#[test]
fn a_parameter_without_effect_is_refused() {
    let home = Home::new();
    let peer = peer(&home, &[]);
    let key = "1F".repeat(20);
    let key_and_salt = format!("GET /api/v1/record?key={key}&salt=b");
    let cases: &[(&str, &str)] = &[
        ("GET /api/v1/record?name=a&ttl=5", "no parameter `ttl`"),
        ("GET /api/v1/record?name=a&renew=no", "no parameter `renew`"),
        (
            "GET /api/v1/record?name=a&if_sequence=1",
            "no parameter `if_sequence`",
        ),
        (
            "GET /api/v1/record?name=a&salt=b",
            "a salt goes with author",
        ),
        (&key_and_salt, "a salt goes with author"),
        ("PUT /api/v1/record?author=a", "no parameter `author`"),
        ("DELETE /api/v1/record?key=a", "no parameter `key`"),
        ("GET /api/v1/transfers?wait=5", "wait goes with link"),
        (
            "POST /api/v1/shares?name=a&keep=true",
            "stamp, part and keep go with path",
        ),
        (
            "POST /api/v1/shares?name=a&path=/a&keep=true&part=true",
            "say part or keep",
        ),
        ("GET /api/v1/status?wait=5", "wait"),
        ("GET /api/v1/peers?all=true", "all"),
        ("GET /api/v1/events?since=5", "since"),
        ("GET /api/v1/quorum/adopt?lineage=a", "lineage"),
    ];
    are_refused(&peer, cases);
}

#[test]
fn what_is_no_key_and_what_is_one_instead_of_a_name_is_refused() {
    let home = Home::new();
    let peer = peer(&home, &[]);
    let key = "1F".repeat(20);
    let put_key = format!("PUT /api/v1/record?name={key}");
    let delete_key = format!("DELETE /api/v1/record?name={key}");
    let get_key = format!("GET /api/v1/record?name={key}");
    let say_key = format!("are a key, and no name: say key={key}");
    let cases: &[(&str, &str)] = &[
        // The command line takes 40 hexadecimal digits for a key.
        (&put_key, "are a key, and no name"),
        (&delete_key, "are a key, and no name"),
        (&get_key, &say_key),
        // What was given, and what it ought to be.
        (
            "GET /api/v1/record?key=-1",
            "\\\"-1\\\" is no id: an id of 160 bits has 40 hexadecimal digits",
        ),
        (
            "GET /api/v1/record?author=3.5",
            "\\\"3.5\\\" is no author, which is a public key: 64 hexadecimal digits",
        ),
        (
            "GET /api/v1/transfers?link=-1",
            "\\\"-1\\\" is no link: a link holds a content id",
        ),
        (
            "POST /api/v1/quorum/adopt?lineage=-1",
            "\\\"-1\\\" is no lineage, which is",
        ),
    ];
    are_refused(&peer, cases);
}

/// Checks that each of these requests is refused as malformed, for this reason.
fn are_refused(peer: &Process, cases: &[(&str, &str)]) {
    let right = format!("Authorization: Bearer {}", peer.token());
    for (request, reason) in cases {
        let (code, text) = http(peer.port(), request, &[&right]);
        assert_eq!(code, 400, "{request}: {text}");
        assert!(text.contains("\"error\":"), "{request}: {text}");
        assert!(text.contains(reason), "{request}: {text}");
    }
}
