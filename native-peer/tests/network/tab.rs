//! A ring member that cannot be dialed, as a browser tab, on native sockets. It ends without a word when it goes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use chordscope_core::base::contact::Address;
use chordscope_core::base::id::Space;
use chordscope_core::base::identity::Signer;
use chordscope_core::base::time::Instant;
use chordscope_core::link::LinkId;
use chordscope_core::node::api::StorageEvent;
use chordscope_core::peer::api::Output;
use chordscope_core::peer::{Config, Peer, Plan, Reach};
use chordscope_core::wire::frame::SUB_PROTOCOL;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::process::eventually;

pub(crate) struct Tab {
    pub(crate) id: String,
    relays: Arc<Mutex<Vec<String>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Tab {
    /// Starts a tab and waits until it is a member and has two relays.
    pub(crate) fn join(urls: &[&str]) -> Self {
        let addresses = urls.iter().map(|url| Address::parse_url(url).unwrap());
        let plan = Plan::Join(addresses.collect());
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).unwrap();
        let config = Config {
            reach: Reach::Relayed,
            ..Config::default()
        };
        let peer = Peer::new(config, Signer::ed25519(secret), Vec::new(), 1, secret).unwrap();
        let id = Space::FULL.show(peer.node().id());
        let relays = Arc::default();
        let (stop, stopped) = oneshot::channel();
        let driver = Driver::new(peer, Arc::clone(&relays));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = { runtime }.enable_all().build().unwrap();
            runtime.block_on(driver.run(plan, stopped));
        });
        let tab = Self {
            id,
            relays,
            stop: Some(stop),
            thread: Some(thread),
        };
        tab.wait_for_relays(&[]);
        tab
    }

    /// The ids of its relays, once it is a member.
    pub(crate) fn relays(&self) -> Vec<String> {
        self.relays.lock().unwrap().clone()
    }

    /// Waits until it has two relays, none of them one of these.
    pub(crate) fn wait_for_relays(&self, gone: &[&str]) {
        eventually("the tab has two relays", || {
            let relays = self.relays();
            let gone = |relay: &String| gone.contains(&relay.as_str());
            (relays.len() == 2 && !relays.iter().any(gone)).then_some(())
        });
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

enum Input {
    Opened(LinkId, Address, mpsc::UnboundedSender<Vec<u8>>),
    Failed(Address),
    Frame(LinkId, Vec<u8>),
    Written(LinkId, usize),
    Closed(LinkId),
}

struct Driver {
    peer: Peer,
    start: tokio::time::Instant,
    relays: Arc<Mutex<Vec<String>>>,
    sockets: HashMap<LinkId, mpsc::UnboundedSender<Vec<u8>>>,
    next_link: u64,
    inputs: mpsc::UnboundedSender<Input>,
    incoming: mpsc::UnboundedReceiver<Input>,
}

impl Driver {
    fn new(peer: Peer, relays: Arc<Mutex<Vec<String>>>) -> Self {
        let (inputs, incoming) = mpsc::unbounded_channel();
        Self {
            peer,
            start: tokio::time::Instant::now(),
            relays,
            sockets: HashMap::new(),
            next_link: 0,
            inputs,
            incoming,
        }
    }

    async fn run(mut self, plan: Plan, mut stopped: oneshot::Receiver<()>) {
        self.peer.start(self.now(), plan, Vec::new());
        loop {
            self.carry_out();
            self.tell_relays();
            let due = self.peer.poll_timeout();
            let due = due.map_or(Duration::from_secs(1), |(at, _)| at.since(Instant::ZERO));
            tokio::select! {
                Some(input) = self.incoming.recv() => self.on_input(input),
                () = tokio::time::sleep_until(self.start + due) => {
                    let now = self.now();
                    self.peer.handle_timeout(now);
                }
                _ = &mut stopped => return,
            }
        }
    }

    fn now(&self) -> Instant {
        let micros = self.start.elapsed().as_micros();
        Instant::from_micros(micros.try_into().unwrap())
    }

    fn on_input(&mut self, input: Input) {
        let now = self.now();
        match input {
            Input::Opened(link, address, socket) => {
                self.sockets.insert(link, socket);
                self.peer.handle_dialed(now, link, &address);
            }
            Input::Failed(address) => self.peer.handle_dial_failed(now, &address),
            Input::Frame(link, frame) => self.peer.handle_frame(now, link, frame),
            Input::Written(link, bytes) => self.peer.handle_written(now, link, bytes),
            Input::Closed(link) => self.peer.handle_closed(now, link),
        }
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.peer.poll_output() {
            match output {
                Output::Send { link, frame } => {
                    if let Some(socket) = self.sockets.get(&link) {
                        // A socket that has just closed says so itself.
                        let _ = socket.send(frame);
                    }
                }
                Output::Dial(address) => {
                    self.next_link += 1;
                    let link = LinkId(self.next_link);
                    tokio::spawn(carry(link, address, self.inputs.clone()));
                }
                Output::Close { link, .. } => drop(self.sockets.remove(&link)),
                Output::StoreRecord { token, .. } | Output::StoreGroups { token, .. } => {
                    let now = self.now();
                    self.peer.handle_storage(now, StorageEvent::Stored(token));
                }
                Output::DropRecord(_) | Output::DropEntries(_) => {}
                Output::SetAside(_) | Output::Event(_) => {}
                // It shares and fetches nothing.
                Output::ReadSegment { .. } | Output::WriteSegment { .. } => {}
            }
        }
    }

    fn tell_relays(&self) {
        let is_member = self.peer.node().membership().is_member();
        let relays = self.peer.relays().into_iter();
        let relays = relays.filter(|relay| is_member && relay.leased);
        let ids = relays.map(|relay| Space::FULL.show(relay.contact.id()));
        *self.relays.lock().unwrap() = ids.collect();
    }
}

/// Dials, and moves frames until the driver forgets the link or the connection is gone.
async fn carry(link: LinkId, address: Address, inputs: mpsc::UnboundedSender<Input>) {
    let Some(socket) = open(&address).await else {
        let _ = inputs.send(Input::Failed(address));
        return;
    };
    let (to_socket, mut frames) = mpsc::unbounded_channel();
    let _ = inputs.send(Input::Opened(link, address, to_socket));
    let (mut sink, mut stream) = socket.split();
    loop {
        tokio::select! {
            frame = frames.recv() => {
                let Some(frame) = frame else { return };
                let bytes = frame.len();
                if sink.send(Message::Binary(frame.into())).await.is_err() {
                    break;
                }
                let _ = inputs.send(Input::Written(link, bytes));
            }
            message = stream.next() => match message {
                Some(Ok(Message::Binary(frame))) => {
                    let _ = inputs.send(Input::Frame(link, frame.into()));
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => {}
            },
        }
    }
    let _ = inputs.send(Input::Closed(link));
}

async fn open(address: &Address) -> Option<WebSocketStream<TcpStream>> {
    let host = address.url().strip_prefix("ws://")?.strip_suffix("/ws")?;
    let stream = TcpStream::connect(host).await.ok()?;
    stream.set_nodelay(true).ok()?;
    let mut request = address.url().into_client_request().ok()?;
    let protocol = SUB_PROTOCOL.parse().ok()?;
    request
        .headers_mut()
        .insert("sec-websocket-protocol", protocol);
    Some(client_async(request, stream).await.ok()?.0)
}
