//! A second implementation, which knows the protocol from docs/protocol.md alone, reads a ring of real peers.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{Home, eventually, timeless};

/// The reader, run to its end.
pub(crate) struct Reader {
    succeeded: bool,
    output: String,
    errors: String,
}

/// A child that does not outlive its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

impl Reader {
    fn run(arguments: &[&str]) -> Self {
        // A large value does not fit in a pipe that nobody empties.
        let home = tempfile::tempdir().unwrap();
        let files = ["output", "errors"].map(|name| home.path().join(name));
        let [output, errors] = files.each_ref().map(|path| File::create(path).unwrap());
        let child = Command::new("python3")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg(folder("tests/client/chordscope_reader.py"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn();
        let mut child = match child {
            Ok(child) => Running(child),
            Err(error) if error.kind() == ErrorKind::NotFound => panic!(
                "this test needs python3 on PATH (Debian: sudo apt-get install python3): \
                 it runs a second implementation of the protocol"
            ),
            Err(error) => panic!("python3: {error}"),
        };
        let status = eventually("the reader ends", || child.0.try_wait().unwrap());
        let [output, errors] = files.map(|path| fs::read_to_string(path).unwrap());
        Self {
            succeeded: status.success(),
            output,
            errors,
        }
    }

    /// The answers of a reader that succeeds.
    pub(crate) fn lines(arguments: &[&str]) -> Vec<Value> {
        let reader = Self::run(arguments);
        assert!(reader.succeeded, "{arguments:?}: {}", reader.errors);
        let lines = reader.output.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The one answer of a reader that succeeds.
    pub(crate) fn json(arguments: &[&str]) -> Value {
        let [answer] = Self::lines(arguments).try_into().unwrap();
        answer
    }

    /// The one line of a reader that fails.
    fn refusal(arguments: &[&str]) -> String {
        let reader = Self::run(arguments);
        assert!(!reader.succeeded, "{arguments:?}: {}", reader.output);
        assert_eq!(reader.errors.lines().count(), 1, "{}", reader.errors);
        reader.errors.trim_end().to_owned()
    }
}

/// Every vector in the folder is understood in the same way, and as many as the files hold.
fn agrees(folder: &Path) {
    let report = Reader::json(&["--vectors", folder.to_str().unwrap()]);
    assert_eq!(report["disagreed"], json!([]));
    let mut vectors = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let file: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let count = file["vectors"].as_array().unwrap().len();
        assert!(count > 0, "{}", path.display());
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(report["agreed"][name], count, "{name}");
        vectors += count;
    }
    assert!(vectors > 0, "no vectors in {}", folder.display());
}

#[test]
fn the_reader_reads_every_vector_as_the_core_does() {
    agrees(&folder("../core/tests/vectors"));
}

#[test]
fn the_reader_notices_a_vector_that_is_wrong() {
    let home = TempDir::new().unwrap();
    let frame = "10000000000000";
    let vectors = json!([
        {"name": "right", "type": 16, "body": "00", "hex": frame},
        {"name": "another body", "type": 16, "body": "01", "hex": frame},
        {"name": "refused for nothing", "hex": frame, "refused": "garbage"},
        {"name": "refused for another reason", "hex": "10", "refused": "too large"},
    ]);
    let file = json!({"vectors": vectors}).to_string();
    fs::write(home.path().join("frames.json"), &file).unwrap();
    fs::write(home.path().join("unknown.json"), &file).unwrap();
    let report = Reader::json(&["--vectors", home.path().to_str().unwrap()]);
    assert_eq!(
        report["agreed"],
        json!({"frames.json": 1, "unknown.json": 0})
    );
    assert_eq!(report["disagreed"].as_array().unwrap().len(), 3 + 4);
}

/// The names that a page defines in the words of the reader, and those that it defines in others.
fn vocabulary(page: &Path) -> (usize, Vec<Value>) {
    let report = Reader::json(&["--page", page.to_str().unwrap()]);
    let agreed = report["agreed"].as_array().unwrap().len();
    (agreed, report["disagreed"].as_array().unwrap().clone())
}

#[test]
fn the_page_lists_the_vocabulary_that_reads_the_vectors() {
    let page = folder("../docs/protocol.md");
    let (all, others) = vocabulary(&page);
    assert_eq!(others, [] as [Value; 0]);
    let text = fs::read_to_string(page).unwrap();
    let home = TempDir::new().unwrap();
    let planted = home.path().join("page.md");
    for (right, wrong) in [
        ("| 7 Reject(segment: u32", "| 6 Reject(segment: u32"),
        (
            "| 3 Along(Card) | 4 Back(Card)",
            "| 3 Back(Card) | 4 Along(Card)",
        ),
        (
            "avoid: seq of Id (at most 16)",
            "avoid: seq of Id (at most 15)",
        ),
        (
            "Stamp         { epoch: Epoch, index: u64 }",
            "Stamp         { index: u64, epoch: Epoch }",
        ),
        ("proposer: Id }", "proposer: u64 }"),
        ("| 14 Stopping ", "| 14 Stopped  "),
    ] {
        assert!(text.contains(right), "{right}");
        fs::write(&planted, text.replace(right, wrong)).unwrap();
        let (agreed, others) = vocabulary(&planted);
        assert!(agreed < all && !others.is_empty(), "{wrong}");
    }
}

#[test]
fn the_reader_computes_what_the_rfcs_publish() {
    agrees(&folder("tests/client/rfc"));
}

#[test]
fn the_reader_hashes_as_blake3_does() {
    // The lengths, the input and both texts are those of BLAKE3's own test vectors.
    let key = "whats the Elvish word for friend";
    let context = "BLAKE3 2019-12-27 16:29:52 test vectors context";
    let mut vectors = Vec::new();
    for length in [
        0, 1, 63, 64, 65, 1023, 1024, 1025, 2048, 2049, 3073, 8192, 31744,
    ] {
        let input: Vec<u8> = (0..=250).cycle().take(length).collect();
        let keyed = blake3::keyed_hash(key.as_bytes().try_into().unwrap(), &input);
        let derived = blake3::Hash::from_bytes(blake3::derive_key(context, &input));
        vectors.push(json!({
            "name": format!("{length} bytes"),
            "length": length,
            "key": key,
            "context": context,
            "hash": blake3::hash(&input).to_hex().as_str(),
            "keyed": keyed.to_hex().as_str(),
            "derived": derived.to_hex().as_str(),
        }));
    }
    let home = TempDir::new().unwrap();
    let file = json!({"vectors": vectors}).to_string();
    fs::write(home.path().join("blake3.json"), file).unwrap();
    agrees(home.path());
}

#[test]
fn the_reader_never_sends_beyond_its_credit_and_returns_what_it_used() {
    // Four frames of a quarter of the first window fit, not a byte more; short frames are owed for until they are worth it.
    let vectors = json!([
        {"name": "sends", "sends": [65536, 65536, 65536, 65536, 100, 50, 51], "credits": [99, 1, 100, 1],
         "waits": [262144, 262144, 262244, 262294], "takes": [], "gives": []},
        {"name": "takes", "sends": [], "credits": [], "waits": [],
         "takes": [65535, 1, 30000, 30000, 30000, 69656], "gives": [65536, 90000, 69656]},
    ]);
    let home = TempDir::new().unwrap();
    let file = json!({ "vectors": vectors }).to_string();
    fs::write(home.path().join("credit.json"), file).unwrap();
    agrees(home.path());
}

#[test]
fn the_reader_finds_and_gets_what_the_peers_hold() {
    let home = Home::new();
    let ring = home.start(&["ring", "--peers", "5", "--listen", "127.0.0.1:0"]);
    let peers = ring.ready["peers"].as_array().unwrap();
    let urls: Vec<&str> = peers
        .iter()
        .map(|peer| peer["url"].as_str().unwrap())
        .collect();
    let large = "60 KiB, ".repeat(60 * 1024 / 8);
    let file = home.path("large");
    fs::write(&file, &large).unwrap();
    let large_file = format!("@{}", file.display());
    let values = [
        ("greeting", "hello"),
        ("ein Name/mit & allem ?%+", ""),
        ("large", &large_file),
        ("gone", "soon"),
    ];
    for (name, value) in values {
        let put = home.json(&["put", name, value, "--peer", urls[0]]).unwrap();
        assert_eq!(put["copies"], 3);
    }
    home.json(&["delete", "gone", "--peer", urls[1]]).unwrap();

    for url in &urls[..3] {
        let entry = format!("{}/ws", url.replace("http://", "ws://"));
        for (name, _) in values {
            same_lookup(&home, url, &entry, name);
        }
        same_value(&home, url, &entry, "greeting");
        let gone = Reader::refusal(&[&entry, "get", "gone"]);
        assert_eq!(gone, "chordscope_reader: there is no such name");
    }
    let entry = format!("{}/ws", urls[4].replace("http://", "ws://"));
    for name in ["large", values[1].0] {
        same_value(&home, urls[4], &entry, name);
    }
    let stranger = Reader::refusal(&[&entry, "get", "greeting", "--ring-name", "other"]);
    assert_eq!(stranger, "chordscope_reader: wrong ring");
}

fn same_lookup(home: &Home, peer: &str, entry: &str, name: &str) {
    let mine = home.json(&["lookup", name, "--peer", peer]).unwrap();
    let theirs = Reader::json(&[entry, "lookup", name]);
    for field in ["key", "owner"] {
        assert_eq!(theirs[field], mine[field], "{name} from {entry}");
    }
    let path = theirs["path"].as_array().unwrap();
    assert_eq!(path.len() as u64, theirs["hops"].as_u64().unwrap() + 1);
    assert_eq!(
        path[0],
        json!({"id": mine["path"][0]["id"], "address": entry})
    );
    assert_eq!(path.last().unwrap()["id"], mine["owner"]);
}

fn same_value(home: &Home, peer: &str, entry: &str, name: &str) {
    let mine = home.json(&["get", name, "--peer", peer]).unwrap();
    assert!(mine["value"].is_string(), "{name}");
    assert_eq!(Reader::json(&[entry, "get", name]), timeless(&mine));
}
