//! Ids of names and nodes, and digests for a purpose.

use chordscope_core::base::digest::{Digest, name_key};
use chordscope_core::base::id::Space;
use chordscope_core::base::identity::{Scheme, Signer};
use serde_json::json;

use crate::file::{hex, pin};

#[test]
fn ids_and_digests_are_these() {
    let mut vectors = Vec::new();
    for text in ["hello", "ein Name/mit & allem", "\u{1f511} k\u{e4}se"] {
        let id = name_key(Space::FULL, text);
        vectors.push(json!({
            "name": format!("the name {text}"),
            "text": text,
            "id": hex(&id.to_bytes()),
        }));
    }
    let key = Signer::ed25519([1; 32]).public_key();
    for index in [0, 1, 15] {
        let id = Scheme::ED25519.position(Space::FULL, key, index);
        vectors.push(json!({
            "name": format!("node {index} of a key"),
            "key": hex(&key.0),
            "index": index,
            "id": hex(&id.to_bytes()),
        }));
    }
    let long = [7; 3_000];
    let parts: [(&str, &[&[u8]]); 5] = [
        ("no part", &[]),
        ("an empty part", &[b""]),
        ("two parts", &[b"ab", b"c"]),
        ("the same bytes in other parts", &[b"a", b"bc"]),
        ("a part of three chunks", &[&long]),
    ];
    for (name, parts) in parts {
        let purpose = "chordscope v1 record signature";
        let digest = Digest::new(purpose);
        let digest = parts.iter().fold(digest, |digest, part| digest.part(part));
        vectors.push(json!({
            "name": name,
            "purpose": purpose,
            "parts": parts.iter().map(|part| hex(part)).collect::<Vec<_>>(),
            "digest": hex(&digest.finish()),
        }));
    }
    pin(
        "digests.json",
        "Conventions: ids, and digest(purpose, parts).",
        vectors,
    );
}
