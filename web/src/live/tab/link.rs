//! A WebSocket to another peer: from dialing it to its last word.

use std::rc::Rc;

use chordscope_core::base::contact::Address;
use chordscope_core::link::reason::CloseReason;
use chordscope_core::link::session::TRAILER;
use chordscope_core::wire::frame::{MAX_FRAME, SUB_PROTOCOL};
use gloo::events::EventListener;
use gloo::timers::callback::Timeout;
use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::JsCast;
use web_sys::{BinaryType, CloseEvent, MessageEvent, WebSocket};

use super::spent::Spent;

/// How long a connection may take to open: the browser may be asking its user for permission.
const OPEN_TIMEOUT: u32 = 30_000;
/// How many bytes may wait to be sent over one link. The core hands on much less than this to a link that takes what it is sent.
const MAX_QUEUED: usize = 2 << 20;

/// What a socket says.
#[derive(Debug)]
pub(super) enum Heard {
    /// It is open.
    Opened,
    /// A frame has come.
    Frame(Vec<u8>),
    /// Something has come that no peer sends.
    Wrong(CloseReason),
    /// It is closed, or never opened; with the code and the words of the other side.
    Closed(u16, String),
    /// It has not opened in good time.
    Overdue,
}

/// A socket.
#[derive(Debug)]
pub(super) struct Link {
    socket: WebSocket,
    /// Where it leads.
    pub(super) address: Address,
    /// Whether it is open.
    pub(super) open: bool,
    patience: Option<Timeout>,
    /// Bytes handed to the socket of which it is not known yet that they have left.
    waiting: usize,
    _listeners: [EventListener; 3],
}

impl Link {
    /// Dials an address; `hear` is told what comes of it. None if the browser does not even try.
    pub(super) fn dial(
        address: Address,
        spent: Rc<Spent>,
        hear: Rc<dyn Fn(Heard)>,
    ) -> Option<Self> {
        let socket = WebSocket::new_with_str(address.url(), SUB_PROTOCOL).ok()?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let listen = |name: &'static str, heard: fn(&web_sys::Event, &Spent) -> Option<Heard>| {
            let (hear, spent) = (Rc::clone(&hear), Rc::clone(&spent));
            EventListener::new(&socket, name, move |event| {
                if let Some(heard) = heard(event, &spent) {
                    hear(heard);
                }
            })
        };
        let listeners = [
            listen("open", |_, _| Some(Heard::Opened)),
            listen("message", |event, spent| {
                event.dyn_ref().map(|event| frame(event, spent))
            }),
            listen("close", |event, _| event.dyn_ref().map(last_word)),
        ];
        let patience = Timeout::new(OPEN_TIMEOUT, move || hear(Heard::Overdue));
        Some(Self {
            socket,
            address,
            open: false,
            patience: Some(patience),
            waiting: 0,
            _listeners: listeners,
        })
    }

    /// It is open now.
    pub(super) fn opened(&mut self) {
        self.open = true;
        self.patience = None;
    }

    /// Sends a frame; `false` when too much waits already.
    pub(super) fn send(&mut self, frame: &[u8]) -> bool {
        if self.queued().saturating_add(frame.len()) > MAX_QUEUED {
            return false;
        }
        // A socket that has just closed says so itself.
        if self.socket.send_with_u8_array(frame).is_ok() {
            self.waiting += frame.len();
        }
        true
    }

    /// How many bytes have left since the last call.
    pub(super) fn written(&mut self) -> usize {
        let left = self.waiting.saturating_sub(self.queued());
        self.waiting -= left;
        left
    }

    /// Whether there are bytes of which it is not known yet that they have left.
    pub(super) const fn is_writing(&self) -> bool {
        self.waiting > 0
    }

    fn queued(&self) -> usize {
        usize::try_from(self.socket.buffered_amount()).unwrap_or(usize::MAX)
    }

    /// Says goodbye behind what is queued.
    pub(super) fn close(self, reason: CloseReason) {
        let words = reason.to_string();
        let _ = self
            .socket
            .close_with_code_and_reason(reason.code(), &words);
    }
}

fn frame(event: &MessageEvent, spent: &Spent) -> Heard {
    match event.data().dyn_into::<ArrayBuffer>() {
        Ok(buffer) if buffer.byte_length() as usize > MAX_FRAME + TRAILER => {
            Heard::Wrong(CloseReason::TooLarge)
        }
        Ok(buffer) => {
            let frame = Uint8Array::new(&buffer).to_vec();
            spent.give_back(&buffer);
            Heard::Frame(frame)
        }
        Err(_) => Heard::Wrong(CloseReason::Text),
    }
}

fn last_word(event: &CloseEvent) -> Heard {
    Heard::Closed(event.code(), event.reason())
}
