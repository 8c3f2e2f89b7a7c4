//! The bytes of messages on the wire.

use chordscope_core::link::session;
use chordscope_core::message::Message;
use chordscope_core::wire::{codec, frame};

/// The bytes of a frame beside its body: header and tag.
pub const FRAME: u64 = (frame::HEADER + session::TRAILER) as u64;

/// The bytes of a message as one frame of a link.
pub fn frame_bytes(message: &Message) -> u64 {
    // What does not fit into a frame is never sent.
    let body = codec::encode_message(message).map_or(0, |body| body.len());
    FRAME + body as u64
}
