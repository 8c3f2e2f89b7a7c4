//! Immutable and signed records, as scripts see them.

use serde_json::json;

use crate::process::{Home, eventually, timeless};

#[test]
fn an_immutable_value_has_the_same_key_whoever_puts_it() {
    let home = Home::new();
    let peers = home.ring(3);
    let [a, b, c] = [0, 1, 2].map(|index| peers[index].url());
    let put = |peer: &str| {
        let arguments = ["put", "--immutable", "hello", "--peer", peer];
        timeless(&home.json(&arguments).unwrap())
    };
    let first = put(a);
    let key = first["key"].as_str().unwrap();
    assert_eq!(first, json!({"key": key, "copies": 3, "sequence": 0}));
    assert_eq!(put(b), first);
    // Its digest under a domain of its own, not that of the name "hello".
    assert_eq!(key.len(), 40);
    home.refusal(&["get", "hello", "--peer", a], 1);
    let got = home.json(&["get", key, "--peer", c]).unwrap();
    let expected = json!({"key": key, "value": "hello", "sequence": 0});
    assert_eq!(timeless(&got), expected);

    let plain = home.piped(&["put", "--immutable", "-", "--peer", a], b"\xff\0piped");
    // A script reads the key, a person how long it lives.
    let said = String::from_utf8(plain.stderr).unwrap();
    assert!(said.starts_with("stored: 3 replicas, held for 2"), "{said}");
    assert!(said.ends_with(", renewed while this peer runs\n"), "{said}");
    let key = String::from_utf8(plain.stdout).unwrap();
    assert_eq!(key.trim().len(), 40);
    let got = home.output(&["get", key.trim(), "--peer", b]);
    assert_eq!(got.stdout, b"\xff\0piped");
    let none = "0".repeat(40);
    let gone = home.refusal(&["get", &none, "--peer", b], 1);
    assert_eq!(gone, "chordscope: there is no such record");
}

#[test]
fn a_signed_record_is_found_by_its_author_and_salt_and_by_its_key() {
    let home = Home::new();
    let peers = home.ring(3);
    let [a, b, c] = [0, 1, 2].map(|index| peers[index].url());
    let put = |peer: &str, value: &str| {
        let arguments = ["put", "--signed", "--salt", "profile", value];
        home.json(&[&arguments[..], &["--peer", peer]].concat())
            .unwrap()
    };
    let (mine, others) = (put(a, "mine"), put(b, "theirs"));
    let text = |put: &serde_json::Value, field: &str| put[field].as_str().unwrap().to_string();
    let (key, author) = (text(&mine, "key"), text(&mine, "author"));
    assert_eq!(
        timeless(&mine),
        json!({"key": key, "copies": 3, "sequence": 1, "author": author})
    );
    assert_ne!(text(&others, "key"), key);
    assert_eq!(put(a, "mine again")["sequence"], 2);
    let found = json!({"key": key, "value": "mine again", "sequence": 2});
    for peer in [a, b, c] {
        let by_author = ["get", "--author", &author, "--salt", "profile"];
        let got = home.json(&[&by_author[..], &["--peer", peer]].concat());
        assert_eq!(timeless(&got.unwrap()), found);
        let got = home.json(&["get", &key, "--peer", peer]);
        assert_eq!(timeless(&got.unwrap()), found);
    }
    home.refusal(&["get", "--author", &author, "--peer", a], 1);

    let swap = ["put", "--signed", "--salt", "profile", "x", "--peer", a];
    let line = home.refusal(&[&swap[..], &["--if-sequence", "1"]].concat(), 1);
    assert_eq!(line, "chordscope: the record has version 2");
    let swapped = home.json(&[&swap[..], &["--if-sequence", "2"]].concat());
    assert_eq!(swapped.unwrap()["sequence"], 3);

    let delete = ["delete", "--signed", "--salt", "profile", "--peer", a];
    assert_eq!(home.json(&delete).unwrap()["sequence"], 4);
    home.refusal(&["get", &key, "--peer", c], 1);
    home.refusal(&delete, 1);
}

#[test]
fn what_makes_no_sense_of_a_record_is_said_in_one_line() {
    let home = Home::new();
    let peer = home.peer("peer", 0, None);
    let at = ["--peer", peer.url()];
    let key = "ab".repeat(20);
    let long = "s".repeat(65);
    let cases: [(&[&str], &str); 11] = [
        (&["put", "name"], "VALUE: a name needs a value"),
        (
            &["put", "--immutable", "name", "value"],
            "NAME: with --signed and --immutable there is no name",
        ),
        (
            &["put", &key, "value"],
            "NAME: 40 hexadecimal digits are a key, and no name",
        ),
        (
            &["put", "--signed", "--salt", &long, "x"],
            "--salt: a salt has at most 64 bytes",
        ),
        (
            &["put", "--immutable", "x", "--level", "quorum"],
            "the argument '--immutable' cannot be used with '--level <LEVEL>'",
        ),
        (
            &["get", "--author", "me"],
            "--author: \"me\" is no author, which is a public key: 64 hexadecimal digits",
        ),
        (
            &["get", "name", "--salt", "s"],
            "--salt: a salt goes with --author",
        ),
        (
            &["delete", "name", "--salt", "s"],
            "--salt: a salt goes with --signed",
        ),
        (
            &["put", "--immutable", "x", "--salt", "s"],
            "--salt: a salt goes with --signed",
        ),
        (
            &["get", "name", "--author", &key],
            "the argument '[NAME|KEY]' cannot be used with '--author <KEY>'",
        ),
        (
            &["delete", "name", "--signed"],
            "the argument '[NAME]' cannot be used with '--signed'",
        ),
    ];
    for (arguments, expected) in cases {
        let line = home.refusal(&[arguments, &at].concat(), 2);
        assert!(
            line.strip_prefix("chordscope: ")
                .is_some_and(|line| line.starts_with(expected)),
            "{arguments:?}: {line}"
        );
    }
}

#[test]
fn the_interface_refuses_what_no_level_keeps() {
    let home = Home::new();
    let peer = home.peer("peer", 0, None);
    let token = format!("Authorization: Bearer {}", peer.token());
    let ask = |request: &str| {
        let headers = [&token[..], "Content-Length: 0"];
        crate::process::http(peer.port(), request, &headers)
    };
    let record = "/api/v1/record";
    let cases = [
        (
            "PUT",
            "kind=immutable&level=quorum",
            400,
            "level quorum keeps named and signed records only",
        ),
        (
            "PUT",
            "kind=immutable&if_sequence=1",
            400,
            "level quorum keeps named and signed records only",
        ),
        (
            "PUT",
            "kind=signed&name=both",
            400,
            "say name, or kind=signed",
        ),
        (
            "DELETE",
            "kind=immutable",
            400,
            "nobody can delete an immutable value",
        ),
        (
            "GET",
            "name=n&key=00",
            400,
            "say one of name, author and key",
        ),
        ("GET", "author=00", 400, "no author, which is a public key"),
        ("GET", "key=xyz", 400, ""),
    ];
    for (method, query, code, reason) in cases {
        let (status, body) = ask(&format!("{method} {record}?{query}"));
        assert_eq!(status, code, "{method} {query}: {body}");
        assert!(body.contains(reason), "{method} {query}: {body}");
    }
}

#[test]
fn a_record_is_renewed_while_its_author_runs_unless_it_was_put_otherwise() {
    let home = Home::new();
    let peers = home.ring(3);
    let put = |name: &str, more: &[&str]| {
        let arguments = [
            "put",
            name,
            "value",
            "--ttl",
            "20s",
            "--peer",
            peers[0].url(),
        ];
        home.json(&[&arguments[..], more].concat()).unwrap()
    };
    let kept = put("kept", &[]);
    assert_eq!(
        (&kept["expires_in_s"], &kept["renewed"]),
        (&20.into(), &true.into())
    );
    assert_eq!(put("gone", &["--no-renew"])["renewed"], false);
    let get = |name: &str| home.json(&["get", name, "--peer", peers[1].url()]);
    let mut least = u64::MAX;
    eventually("the record is renewed", || {
        let left = get("kept")?["expires_in_s"].as_u64()?;
        least = least.min(left);
        (left > least + 1).then_some(())
    });
    eventually("the other one runs out", || {
        get("gone").is_none().then_some(())
    });
    assert_eq!(get("kept").unwrap()["value"], "value");
    for odd in ["25h", "1s"] {
        let told = home.refusal(&["put", "name", "value", "--ttl", odd], 2);
        assert!(told.contains("at least 2 s and at most a day"), "{told}");
    }
}
