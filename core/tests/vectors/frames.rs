//! Bare frames.

use chordscope_core::wire::frame::{Frame, FrameError, FrameType, HEADER, MAX_FRAME};
use serde_json::json;

use crate::file::{hex, pin};

#[test]
fn frames_are_these_bytes() {
    let longest = vec![0; MAX_FRAME - HEADER];
    let good: [(&str, FrameType, &[u8]); 9] = [
        ("a hello", FrameType::Hello, b"hello"),
        ("a proof", FrameType::Proof, b"proof"),
        ("an introduction", FrameType::Introduction, b"card"),
        ("a message", FrameType::Message, b"message"),
        ("a relay message", FrameType::Relay, b"relay message"),
        ("data", FrameType::Data, b"data"),
        ("a block", FrameType::Block, b"block"),
        ("nothing but a header", FrameType::Message, b""),
        ("the longest", FrameType::Message, &longest),
    ];
    let mut vectors = Vec::new();
    for (name, kind, body) in good {
        let frame = Frame::on_link(kind, body);
        let bytes = frame.encode();
        assert_eq!(Frame::decode(&bytes), Ok(frame), "{name}");
        vectors.push(json!({
            "name": name,
            "type": kind as u8,
            "body": hex(body),
            "hex": hex(&bytes),
        }));
    }
    let too_long = [&[0x10, 0, 0, 0, 0, 0][..], &vec![0; MAX_FRAME - HEADER + 1]].concat();
    let bad: [(&str, &[u8], FrameError, &str); 7] = [
        ("nothing", &[], FrameError::TooShort, "garbage"),
        (
            "a short header",
            &[0x10; 5],
            FrameError::TooShort,
            "garbage",
        ),
        ("type zero", &[0; 6], FrameError::Type, "garbage"),
        (
            "an unknown type",
            &[0x7f, 0, 0, 0, 0, 0],
            FrameError::Type,
            "garbage",
        ),
        (
            "a flag",
            &[0x10, 1, 0, 0, 0, 0],
            FrameError::Flags,
            "garbage",
        ),
        (
            "the last flag",
            &[0x10, 0x80, 0, 0, 0, 0],
            FrameError::Flags,
            "garbage",
        ),
        (
            "a byte too long",
            &too_long,
            FrameError::TooLong,
            "too large",
        ),
    ];
    for (name, bytes, error, refused) in bad {
        assert_eq!(Frame::decode(bytes), Err(error), "{name}");
        vectors.push(json!({ "name": name, "hex": hex(bytes), "refused": refused }));
    }
    pin(
        "frames.json",
        "Frames without a seal, on the link itself.",
        vectors,
    );
}
