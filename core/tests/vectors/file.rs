//! The files, and the texts in them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use chordscope_core::base::contact::ContactError;
use chordscope_core::link::reason::CloseReason;
use chordscope_core::wire::codec::DecodeError;
use data_encoding::HEXLOWER;
use serde_json::{Map, Value, json};

/// The shortest run of equal bytes that is written as such.
const RUN: usize = 64;
/// The shortest list of equal entries that is written as such.
const LIST: usize = 17;

/// Checks that a file holds exactly these vectors, each under its own name; or writes it, when asked to.
pub(crate) fn pin(name: &str, about: &str, vectors: Vec<Value>) {
    let names: BTreeSet<&str> = vectors.iter().map(named).collect();
    assert_eq!(names.len(), vectors.len(), "a name stands twice in {name}");
    let computed = compact(json!({ "about": about, "vectors": vectors }));
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vectors")
        .join(name);
    if std::env::var_os("CHORDSCOPE_BLESS").is_some() {
        let text = serde_json::to_string_pretty(&computed).unwrap();
        fs::write(&path, text + "\n").unwrap();
        panic!("blessed {name}: run again without CHORDSCOPE_BLESS");
    }
    let pinned = fs::read_to_string(&path)
        .unwrap_or_else(|_| panic!("there is no {name}: CHORDSCOPE_BLESS=1 writes it"));
    let pinned: Value = serde_json::from_str(&pinned).unwrap();
    for vector in computed["vectors"].as_array().unwrap() {
        let mut old = pinned["vectors"].as_array().unwrap().iter();
        let same = old.find(|old| named(old) == named(vector));
        assert_eq!(same, Some(vector), "{}", named(vector));
    }
    assert_eq!(pinned, computed, "{name} holds more than is computed");
}

fn named(vector: &Value) -> &str {
    vector["name"].as_str().unwrap()
}

/// The value with sorted keys, as another package's features decide whether a map keeps its order; and long lists of one
/// entry as that entry and how often it stands there.
fn compact(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = map.into_iter().collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            let entries = entries.into_iter().map(|(key, one)| (key, compact(one)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
        Value::Array(list) if list.len() >= LIST && list.windows(2).all(|two| two[0] == two[1]) => {
            json!({ "each": compact(list[0].clone()), "times": list.len() })
        }
        Value::Array(list) => Value::Array(list.into_iter().map(compact).collect()),
        other => other,
    }
}

/// Bytes in hexadecimal; long runs of one byte as `(00*1024)`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for run in bytes.chunk_by(|a, b| a == b) {
        let byte = HEXLOWER.encode(&run[..1]);
        if run.len() < RUN {
            text += &byte.repeat(run.len());
        } else {
            text += &format!("({byte}*{})", run.len());
        }
    }
    text
}

/// The reason to close a link, as docs/protocol.md calls it: which rule was broken is told in words alone.
pub(crate) fn reason(reason: CloseReason) -> String {
    CloseReason::from_byte(reason.byte())
        .as_str()
        .replace('_', " ")
}

/// Returns the fault of a malformed body, in one word or two.
pub(crate) const fn fault(error: DecodeError) -> &'static str {
    match error {
        DecodeError::Malformed => "malformed",
        DecodeError::Trailing => "trailing",
        DecodeError::TooMany => "too many",
        DecodeError::UnknownRequest(_) => "unknown request",
        DecodeError::RetiredRequest(_) => "retired request",
        DecodeError::Contact(ContactError::Address) => "address",
        DecodeError::Contact(ContactError::TooManyAddresses) => "addresses",
        DecodeError::Contact(ContactError::Index) => "index",
        DecodeError::Contact(ContactError::Signature) => "signature",
        _ => "another",
    }
}
