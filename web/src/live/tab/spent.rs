//! Buffers that were read, given back to the browser at once.
//!
//! A browser frees the buffer of a message when it next collects garbage, of which it knows too little to hurry: at a hundred
//! mebibytes a second the tab's process grows by that much and more. A buffer that is sent away is not this worker's any more,
//! and what is sent to a closed port is freed.

use std::cell::Cell;

use js_sys::{Array, ArrayBuffer};
use wasm_bindgen::JsValue;
use web_sys::{MessageChannel, MessagePort};

/// Shorter ones are not worth it, in bytes.
const SMALL: u32 = 16 * 1024;
/// The number of bytes that go at once: sending has its price.
const AT_ONCE: u32 = 1024 * 1024;

/// The way of buffers that were read.
#[derive(Debug)]
pub(super) struct Spent {
    /// A port whose other end is closed; none where the browser has no such ports.
    nowhere: Option<MessagePort>,
    buffers: Array,
    /// The number of their bytes.
    bytes: Cell<u32>,
}

impl Spent {
    pub(super) fn new() -> Self {
        let channel = MessageChannel::new().ok();
        let nowhere = channel.map(|channel| {
            channel.port2().close();
            channel.port1()
        });
        Self {
            nowhere,
            buffers: Array::new(),
            bytes: Cell::default(),
        }
    }

    /// Gives a buffer back, that nobody will read any more.
    pub(super) fn give_back(&self, buffer: &ArrayBuffer) {
        let Some(nowhere) = self
            .nowhere
            .as_ref()
            .filter(|_| buffer.byte_length() >= SMALL)
        else {
            return;
        };
        self.buffers.push(buffer);
        let bytes = self.bytes.get() + buffer.byte_length();
        self.bytes.set(bytes);
        if bytes >= AT_ONCE {
            // If they cannot be sent, they wait for the collector.
            let _ = nowhere.post_message_with_transferable(&JsValue::NULL, &self.buffers);
            self.buffers.set_length(0);
            self.bytes.set(0);
        }
    }
}
