//! Files: how they are cut and named, what a folder is, what is said about them and how they travel.

use std::sync::Arc;

use chordscope_core::base::content::ContentId;
use chordscope_core::message::Message;
use chordscope_core::swarm::collection::{Collection, CollectionError, File};
use chordscope_core::swarm::layout::{BLOCK, Layout};
use chordscope_core::swarm::link::Link;
use chordscope_core::swarm::manifest::{Manifest, digest};
use chordscope_core::swarm::message::{Block, Message as About, Place, Said, Standing};
use chordscope_core::wire::block::{HEADER, decode_block, encode_block};
use chordscope_core::wire::frame::Frame;
use serde_json::{Value, json};

use crate::file::{hex, pin};

/// Returns one message of each kind.
pub(crate) fn messages() -> Vec<(&'static str, Message)> {
    let said = [
        ("I have nothing yet", Said::Hello(Standing::Nothing)),
        ("I have all of it", Said::Hello(Standing::Whole(1 << 38))),
        (
            "I have segments 0 and 9 of 10",
            Said::Hello(Standing::Part(600_000, vec![0x80, 0x40])),
        ),
        ("I do not take part", Said::Absent),
        ("I have one more segment", Said::Have(300)),
        ("you have what I want", Said::Interested(true)),
        ("you have nothing that I want", Said::Interested(false)),
        ("I send you nothing now", Said::Choked(true)),
        ("I send you what you request", Said::Choked(false)),
        ("send me a segment", Said::Request(0)),
        ("I do not need a segment any more", Said::Cancel(7)),
        ("not now", Said::Reject(7, None)),
        ("rather take another segment", Said::Reject(7, Some(300))),
        ("send me digests", Said::Digests(65_536)),
    ];
    let content = ContentId([7; 32]);
    said.map(|(name, said)| (name, Message::Swarm(About { content, said })))
        .into()
}

pub(crate) fn describe(message: &About) -> Value {
    let said = match &message.said {
        Said::Hello(Standing::Nothing) => json!({ "Hello": "Nothing" }),
        Said::Hello(Standing::Whole(length)) => json!({ "Hello": { "Whole": length } }),
        Said::Hello(Standing::Part(length, set)) => {
            json!({ "Hello": { "Part": [length, hex(set)] } })
        }
        Said::Absent => json!("Absent"),
        Said::Have(index) => json!({ "Have": index }),
        Said::Interested(yes) => json!({ "Interested": yes }),
        Said::Choked(yes) => json!({ "Choked": yes }),
        Said::Request(index) => json!({ "Request": index }),
        Said::Cancel(index) => json!({ "Cancel": index }),
        Said::Reject(index, instead) => json!({ "Reject": [index, instead] }),
        Said::Digests(at) => json!({ "Digests": at }),
    };
    json!({ "Swarm": { "content": hex(&message.content.0), "said": said } })
}

#[test]
fn blocks_are_these_bytes() {
    let whole = Arc::new(vec![5; BLOCK as usize]);
    let mut vectors = Vec::new();
    for (name, place, length) in [
        ("the last bytes of a content", Place::Content(1 << 37), 4),
        ("a full block", Place::Content(BLOCK.into()), whole.len()),
        ("no bytes", Place::Content(0), 0),
        ("digests", Place::Digests(64), 32),
    ] {
        let block = Block {
            content: ContentId([7; 32]),
            place,
            whole: Arc::clone(&whole),
            range: 0..length,
            value: None,
        };
        let frame = encode_block(&block);
        let body = Frame::decode(&frame).unwrap().body;
        let read = decode_block(body);
        assert_eq!(read, Some((block.content, place, block.bytes())), "{name}");
        let (is_of_digests, at) = match place {
            Place::Content(at) => (false, at),
            Place::Digests(at) => (true, at.into()),
        };
        vectors.push(json!({
            "name": name,
            "content": hex(&block.content.0),
            "digests": is_of_digests,
            "at": at,
            "bytes": hex(block.bytes()),
            "hex": hex(body),
        }));
    }
    let header = |position: u64| [&[7; 32][..], &position.to_le_bytes()].concat();
    for (name, position, length) in [
        ("a header cut short", 0, HEADER - 1),
        ("a byte too long", 0, HEADER + BLOCK as usize + 1),
        ("where no block begins", 64, HEADER + 4),
        ("beyond any list of digests", 3 << 62, HEADER + 4),
    ] {
        let mut body = header(position);
        body.resize(length, 7);
        assert_eq!(decode_block(&body), None, "{name}");
        vectors.push(json!({ "name": name, "hex": hex(&body), "refused": "garbage" }));
    }
    pin("blocks.json", "Bodies of block frames.", vectors);
}

/// Byte `i` is `i % 251`.
fn pattern(length: u64) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

#[test]
fn files_are_cut_and_named_like_this() {
    let mut vectors = Vec::new();
    for length in [0, 1, 65_536, 65_537, 3 * 65_536 + 1] {
        let (bytes, layout) = (pattern(length), Layout::of(length).unwrap());
        let part = |index| {
            let range = layout.range(index);
            &bytes[range.start as usize..range.end as usize]
        };
        let digests = (0..layout.count()).map(|index| digest(layout, index, part(index)));
        let manifest = Manifest::of(layout, digests.collect()).unwrap();
        assert_eq!(manifest.content(), ContentId::of(&bytes));
        vectors.push(json!({
            "name": format!("a file of {length} bytes"),
            "length": length,
            "segment": layout.segment_size(),
            "segments": layout.count(),
            "content": hex(&manifest.content().0),
            "digests": hex(manifest.encode()),
        }));
    }
    for length in [
        (1 << 27) - 1,
        1 << 27,
        (1 << 29) - 1,
        1 << 30,
        (1 << 30) + 1,
        1 << 38,
    ] {
        let layout = Layout::of(length).unwrap();
        vectors.push(json!({
            "name": format!("the layout of {length} bytes"),
            "length": length,
            "segment": layout.segment_size(),
            "segments": layout.count(),
        }));
    }
    assert_eq!(Layout::of((1 << 38) + 1), None);
    let length: u64 = (1 << 38) + 1;
    vectors.push(json!({ "name": "a byte too long", "length": length, "refused": "too long" }));
    vectors.extend(links());
    vectors.extend(collections());
    pin(
        "files.json",
        "Layouts and digests of files whose byte i is i % 251; links; lists of files.",
        vectors,
    );
}

fn links() -> Vec<Value> {
    let content = ContentId::of(b"");
    let mut vectors = Vec::new();
    for (name, length, is_collection) in [
        (None, None, false),
        (Some("ein Name & mehr?.txt"), Some(7), false),
        (Some("album"), Some(u64::MAX), true),
    ] {
        let link = Link {
            content,
            name: name.map(str::to_string),
            length,
            is_collection,
        };
        let text = link.to_string();
        assert_eq!(Link::parse(&text), Ok(link));
        vectors.push(json!({
            "name": format!("the link {text}"),
            "link": text,
            "content": hex(&content.0),
            "called": name,
            "length": length,
            "folder": is_collection,
        }));
    }
    for fields in ["n", "n=", "n=%ff", "len=-1"] {
        let text = format!("chordscope:{content}?{fields}");
        assert!(Link::parse(&text).is_err());
        vectors.push(json!({
            "name": format!("a link with {fields}"),
            "link": text,
            "refused": "link",
        }));
    }
    vectors
}

fn collections() -> Vec<Value> {
    let list = |paths: &[&str]| -> Vec<File> {
        let file = |path: &&str| File {
            path: (*path).to_string(),
            content: ContentId::of(path.as_bytes()),
            length: 300,
        };
        paths.iter().map(file).collect()
    };
    let encoded = |files: &[File]| {
        let mut bytes = b"chordscope collection 1\n".to_vec();
        bytes.extend(postcard::to_allocvec(files).unwrap());
        bytes
    };
    let mut vectors = Vec::new();
    for (name, paths) in [
        ("an empty folder", &[][..]),
        (
            "a folder",
            &[".hidden", "a", "a-b/c", "b/\u{e4} \u{f6}.txt"],
        ),
    ] {
        let files = list(paths);
        let collection = Collection::new(files.clone()).unwrap();
        let bytes = collection.encode();
        assert_eq!(bytes, encoded(&files), "{name}");
        assert_eq!(Collection::decode(&bytes), Ok(collection));
        let file = |one: &File| json!({ "path": one.path, "content": hex(&one.content.0), "length": one.length });
        vectors.push(json!({
            "name": name,
            "files": files.iter().map(file).collect::<Vec<_>>(),
            "hex": hex(&bytes),
        }));
    }
    for path in [
        "",
        "/etc/passwd",
        "../x",
        "a/../../x",
        "a//b",
        "a\\b",
        "C:x",
        "nul.txt",
        "com1",
        "a.",
        "a\nb",
        "x\u{202e}gpj.exe",
    ] {
        let bytes = encoded(&list(&[path]));
        let refused = Collection::decode(&bytes);
        assert_eq!(refused, Err(CollectionError::Path(path.into())));
        let name = format!("a folder with {path:?}");
        vectors.push(json!({ "name": name, "hex": hex(&bytes), "refused": "path" }));
    }
    for pair in [["A", "a"], ["a", "a/b"], ["x/Y", "x/y"]] {
        let bytes = encoded(&list(&pair));
        let refused = Collection::decode(&bytes);
        assert!(matches!(refused, Err(CollectionError::Clash(_))));
        let name = format!("a folder with {} and {}", pair[0], pair[1]);
        vectors.push(json!({ "name": name, "hex": hex(&bytes), "refused": "clash" }));
    }
    let empty = encoded(&[]);
    for (name, bytes) in [
        ("another first line", &empty[1..]),
        ("a list with a byte too many", &[&empty[..], &[0]].concat()),
        ("a list cut short", &empty[..empty.len() - 1]),
    ] {
        assert_eq!(Collection::decode(bytes), Err(CollectionError::Malformed));
        vectors.push(json!({ "name": name, "hex": hex(bytes), "refused": "malformed" }));
    }
    vectors
}
