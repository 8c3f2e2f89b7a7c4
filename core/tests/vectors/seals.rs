//! Counters and tags.

use std::sync::Arc;

use chordscope_core::base::content::ContentId;
use chordscope_core::link::reason::CloseReason;
use chordscope_core::link::session::{Role, Session, TRAILER};
use chordscope_core::swarm::message::{Block, Place};
use chordscope_core::wire::block::{HEADER, encode_block};
use chordscope_core::wire::frame::{self, MAX_FRAME};
use serde_json::{Value, json};

use crate::file::{hex, pin, reason};

const SECRET: &[u8] = b"what both sides know";
const FRAMES: [&[u8]; 3] = [b"\x10\0\0\0\0\0first", b"\x10\0\0\0\0\0", b""];

/// The frames that are sent: messages, then blocks.
fn frames() -> Vec<Vec<u8>> {
    let block = |place| {
        encode_block(&Block {
            content: ContentId([7; 32]),
            place,
            whole: Arc::new(vec![5; 2_000]),
            range: 0..2_000,
            value: None,
        })
    };
    let mut frames = FRAMES.map(<[u8]>::to_vec).to_vec();
    frames.push(block(Place::Content(3 << 16)));
    frames.push(block(Place::Digests(0)));
    // Nobody sends this, or it would be a block: it is covered byte by byte.
    frames.push(b"\x12\0\0\0\0\0short".to_vec());
    frames
}

/// The frames as this side sends them.
fn sealed(role: Role) -> Vec<Vec<u8>> {
    let mut session = Session::new(role, SECRET);
    let frames = frames().into_iter();
    frames.map(|frame| session.seal(frame)).collect()
}

fn good(role: Role) -> Value {
    let mut receiver = Session::new(role.other(), SECRET);
    let pairs = frames().into_iter().zip(sealed(role));
    let pairs = pairs.map(|(frame, sealed)| {
        assert_eq!(receiver.open(&sealed), Ok(&frame[..]));
        json!({ "frame": hex(&frame), "sealed": hex(&sealed) })
    });
    json!({
        "name": format!("frames of the {role:?}"),
        "secret": hex(SECRET),
        "from": role.byte(),
        "frames": pairs.collect::<Vec<_>>(),
    })
}

/// Returns a frame that a responder refuses once it has taken the first `taken` frames.
fn bad(name: &str, taken: usize, bytes: &[u8], why: CloseReason) -> Value {
    let mut receiver = Session::new(Role::Responder, SECRET);
    let before = &sealed(Role::Initiator)[..taken];
    for bytes in before {
        assert!(receiver.open(bytes).is_ok(), "{name}");
    }
    assert_eq!(receiver.open(bytes), Err(why), "{name}");
    json!({
        "name": name,
        "secret": hex(SECRET),
        "from": Role::Initiator.byte(),
        "before": before.iter().map(|bytes| hex(bytes)).collect::<Vec<_>>(),
        "hex": hex(bytes),
        "refused": reason(why),
    })
}

#[test]
fn sealed_frames_are_these_bytes() {
    let frames = sealed(Role::Initiator);
    let changed = |at: usize| {
        let mut bytes = frames[0].clone();
        bytes[at] ^= 1;
        bytes
    };
    let [end, tag] = [frames[0].len(), frames[0].len() - 16];
    let (mut changed_block, mut moved_block) = (frames[3].clone(), frames[3].clone());
    changed_block[frame::HEADER + HEADER + 1_999] ^= 1;
    moved_block[frame::HEADER + HEADER - 6] ^= 1;
    let why = CloseReason::BadTag;
    let vectors = vec![
        good(Role::Initiator),
        good(Role::Responder),
        bad("a wrong tag", 0, &changed(end - 1), why),
        bad("a changed counter", 0, &changed(tag - 8), why),
        bad("a changed frame", 0, &changed(6), why),
        bad("the second frame first", 0, &frames[1], why),
        bad("a replay", 1, &frames[0], why),
        bad("an older replay", 3, &frames[1], why),
        bad("one's own frame back", 0, &sealed(Role::Responder)[0], why),
        bad("a bare frame", 0, FRAMES[0], why),
        bad("nothing", 0, &[], why),
        bad("a block with a changed byte", 3, &changed_block, why),
        bad(
            "a block from elsewhere in the content",
            3,
            &moved_block,
            why,
        ),
        bad("a byte less than a seal", 0, &frames[2][1..], why),
        bad(
            "a byte too long",
            0,
            &vec![0; MAX_FRAME + TRAILER + 1],
            CloseReason::TooLarge,
        ),
    ];
    pin(
        "seals.json",
        "Sealed frames, from the session secret.",
        vectors,
    );
}
