//! The browser's WebSockets.

use std::rc::Rc;

use chordscope_core::base::contact::Address;
use chordscope_core::link::reason::CloseReason;
use chordscope_core::link::session::TRAILER;
use chordscope_core::peer::api::LinkId;
use chordscope_core::wire::frame::{MAX_FRAME, SUB_PROTOCOL};
use gloo::events::EventListener;
use gloo::timers::callback::Timeout;
use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::JsCast;
use web_sys::{BinaryType, CloseEvent, MessageEvent};

use super::parts::{Event, Inbox};
use super::sockets::{Dialer, Heard, Socket};
use super::spent::Spent;

/// The milliseconds that a connection may take to open: the browser may be asking its user for permission.
const OPEN_TIMEOUT: u32 = 30_000;

/// The browser, as far as it opens WebSockets.
#[derive(Debug)]
pub(super) struct Browser {
    pub(super) inbox: Inbox,
    pub(super) spent: Rc<Spent>,
}

/// A WebSocket with all that listens to it.
#[derive(Debug)]
pub(super) struct WebSocket {
    socket: web_sys::WebSocket,
    patience: Option<Timeout>,
    _listeners: [EventListener; 3],
}

impl Dialer for Browser {
    type Socket = WebSocket;

    fn dial(&self, link: LinkId, address: &Address) -> Option<WebSocket> {
        let socket = web_sys::WebSocket::new_with_str(address.url(), SUB_PROTOCOL).ok()?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let listen = |name: &'static str, heard: fn(&web_sys::Event, &Spent) -> Option<Heard>| {
            let (inbox, spent) = (self.inbox.clone(), Rc::clone(&self.spent));
            EventListener::new(&socket, name, move |event| {
                if let Some(heard) = heard(event, &spent) {
                    inbox.tell(Event::Socket(link, heard));
                }
            })
        };
        let listeners = [
            listen("open", |_, _| Some(Heard::Opened)),
            listen("message", |event, spent| {
                event.dyn_ref().map(|event| frame(event, spent))
            }),
            listen("close", |event, _| event.dyn_ref().map(goodbye)),
        ];
        let inbox = self.inbox.clone();
        let overdue = move || inbox.tell(Event::Socket(link, Heard::Overdue));
        Some(WebSocket {
            socket,
            patience: Some(Timeout::new(OPEN_TIMEOUT, overdue)),
            _listeners: listeners,
        })
    }
}

impl Socket for WebSocket {
    fn opened(&mut self) {
        self.patience = None;
    }

    fn send(&self, frame: &[u8]) -> bool {
        self.socket.send_with_u8_array(frame).is_ok()
    }

    fn queued(&self) -> usize {
        usize::try_from(self.socket.buffered_amount()).unwrap_or(usize::MAX)
    }

    fn close(self, reason: CloseReason) {
        let (code, words) = (reason.code(), reason.to_string());
        // A code and words of one of the core's reasons are within a browser's bounds.
        let _ = self.socket.close_with_code_and_reason(code, &words);
    }
}

fn frame(event: &MessageEvent, spent: &Spent) -> Heard {
    match event.data().dyn_into::<ArrayBuffer>() {
        Ok(buffer) if buffer.byte_length() as usize > MAX_FRAME + TRAILER => {
            spent.give_back(&buffer);
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

fn goodbye(event: &CloseEvent) -> Heard {
    Heard::Closed(event.code(), event.reason())
}
