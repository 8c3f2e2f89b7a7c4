//! A ring member on native sockets, driven by hand.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chordscope_core::base::contact::{Address, Contact};
use chordscope_core::base::id::Id;
use chordscope_core::base::identity::Signer;
use chordscope_core::base::time::Instant;
use chordscope_core::link::LinkId;
use chordscope_core::node::api::StorageEvent;
use chordscope_core::peer::api::{Event, Output};
use chordscope_core::peer::{Config, MAX_DATA, Peer, Plan, Reach};
use chordscope_core::wire::frame::SUB_PROTOCOL;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::Outcome;

const TIMEOUT: Duration = Duration::from_secs(20);

/// The conduct of a member once it is told to misbehave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As it should.
    Honest,
    /// Reads a frame every 50 ms.
    Slow,
    /// Reads nothing at all, and so gives no credit.
    Deaf,
    /// Sends short frames that nobody wants as fast as it can.
    Flooding,
}

impl Manner {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Honest => "honest",
            Self::Slow => "slow",
            Self::Deaf => "deaf",
            Self::Flooding => "flooding",
        }
    }
}

/// A member; it ends when this goes.
#[derive(Debug)]
pub(crate) struct Member {
    id: Id,
    asks: mpsc::UnboundedSender<Ask>,
    received: Arc<AtomicU64>,
    misbehaves: Arc<AtomicBool>,
}

#[derive(Debug)]
enum Ask {
    Contact(oneshot::Sender<Contact>),
    Reach(Contact, oneshot::Sender<()>),
    Stream(Option<Id>),
    Ping(Id, usize, oneshot::Sender<Vec<f64>>),
}

#[derive(Debug)]
enum Input {
    Dialed(Address, Option<mpsc::UnboundedSender<Vec<u8>>>, LinkId),
    Frame(LinkId, Bytes),
    Written(LinkId, usize),
    Closed(LinkId),
}

impl Member {
    /// Starts a member and waits until it is in the relay's ring.
    pub(crate) async fn join(reach: Reach, relay: &Address, manner: Manner) -> Outcome<Self> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        let config = Config {
            reach,
            ..Config::default()
        };
        let peer = Peer::new(config, Signer::ed25519(secret), Vec::new(), 1, secret)?;
        let id = peer.node().id();
        let (asks, asked) = mpsc::unbounded_channel();
        let (joined, has_joined) = oneshot::channel();
        let received = Arc::new(AtomicU64::new(0));
        let misbehaves = Arc::new(AtomicBool::new(false));
        let (inputs, incoming) = mpsc::channel(64);
        let driver = Driver {
            peer,
            start: tokio::time::Instant::now(),
            sockets: HashMap::new(),
            inputs,
            incoming,
            asked,
            joined: Some(joined),
            reaching: HashMap::new(),
            stream: None,
            pinging: None,
            received: Arc::clone(&received),
            manner,
            misbehaves: Arc::clone(&misbehaves),
        };
        tokio::spawn(driver.run(Plan::Join(vec![relay.clone()])));
        tokio::time::timeout(TIMEOUT, has_joined).await??;
        Ok(Self {
            id,
            asks,
            received,
            misbehaves,
        })
    }

    /// Makes a link to another member.
    pub(crate) async fn reach(&self, other: &Self) -> Outcome<()> {
        let (reply, contact) = oneshot::channel();
        other.asks.send(Ask::Contact(reply))?;
        let contact = contact.await?;
        let (reply, reached) = oneshot::channel();
        self.asks.send(Ask::Reach(contact, reply))?;
        tokio::time::timeout(TIMEOUT, reached).await??;
        Ok(())
    }

    /// Sends data to another member without pause, until told to stop. One more target adds to the others.
    pub(crate) fn stream_to(&self, other: &Self) {
        // A member that has ended sends nothing.
        let _ = self.asks.send(Ask::Stream(Some(other.id)));
    }

    pub(crate) fn stop(&self) {
        let _ = self.asks.send(Ask::Stream(None));
    }

    pub(crate) fn misbehave(&self, so: bool) {
        self.misbehaves.store(so, Ordering::Relaxed);
    }

    /// Bytes of data that have arrived.
    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Round trips in milliseconds.
    pub(crate) async fn round_trips(&self, other: &Self, count: usize) -> Outcome<Vec<f64>> {
        let (reply, trips) = oneshot::channel();
        self.asks.send(Ask::Ping(other.id, count, reply))?;
        Ok(tokio::time::timeout(TIMEOUT, trips).await??)
    }
}

struct Pinging {
    to: Id,
    left: usize,
    sent: tokio::time::Instant,
    trips: Vec<f64>,
    reply: oneshot::Sender<Vec<f64>>,
}

struct Driver {
    peer: Peer,
    start: tokio::time::Instant,
    sockets: HashMap<LinkId, mpsc::UnboundedSender<Vec<u8>>>,
    inputs: mpsc::Sender<Input>,
    incoming: mpsc::Receiver<Input>,
    asked: mpsc::UnboundedReceiver<Ask>,
    joined: Option<oneshot::Sender<()>>,
    reaching: HashMap<Id, oneshot::Sender<()>>,
    stream: Option<Vec<Id>>,
    pinging: Option<Pinging>,
    received: Arc<AtomicU64>,
    manner: Manner,
    misbehaves: Arc<AtomicBool>,
}

impl Driver {
    async fn run(mut self, plan: Plan) {
        self.peer.start(self.now(), plan, Vec::new());
        loop {
            self.carry_out();
            self.send_stream();
            let due = self
                .peer
                .poll_timeout()
                .map_or(Duration::from_secs(1), |(at, _)| at.since(Instant::ZERO));
            let deadline = self.start + due;
            let manner = match self.misbehaves.load(Ordering::Relaxed) {
                true => self.manner,
                false => Manner::Honest,
            };
            match manner {
                Manner::Honest => {}
                Manner::Slow => tokio::time::sleep(Duration::from_millis(50)).await,
                Manner::Deaf => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
                Manner::Flooding => self.flood().await,
            }
            tokio::select! {
                Some(input) = self.incoming.recv() => self.on_input(input),
                ask = self.asked.recv() => match ask {
                    Some(ask) => self.on_ask(ask),
                    None => return,
                },
                () = tokio::time::sleep_until(deadline) => {
                    let now = self.now();
                    self.peer.handle_timeout(now);
                }
            }
        }
    }

    fn now(&self) -> Instant {
        let micros = self.start.elapsed().as_micros();
        Instant::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// Sends the relay itself data that nobody asked for.
    async fn flood(&mut self) {
        let now = self.now();
        for relay in self.peer.relays() {
            let id = relay.contact.id();
            while self.peer.send_data(now, id, &[0; 1_000]).is_ok() {}
        }
        self.carry_out();
        tokio::task::yield_now().await;
    }

    fn on_input(&mut self, input: Input) {
        let now = self.now();
        match input {
            Input::Dialed(address, Some(socket), link) => {
                self.sockets.insert(link, socket);
                self.peer.handle_dialed(now, link, &address);
            }
            Input::Dialed(address, None, _) => self.peer.handle_dial_failed(now, &address),
            Input::Frame(link, frame) => self.peer.handle_frame(now, link, frame),
            Input::Written(link, bytes) => self.peer.handle_written(now, link, bytes),
            Input::Closed(link) => self.peer.handle_closed(now, link),
        }
    }

    fn on_ask(&mut self, ask: Ask) {
        let now = self.now();
        match ask {
            // Who asked may have gone.
            Ask::Contact(reply) => drop(reply.send(self.peer.node().contact().clone())),
            Ask::Reach(contact, reply) if self.peer.is_linked(contact.id()) => drop(reply.send(())),
            Ask::Reach(contact, reply) => {
                self.reaching.insert(contact.id(), reply);
                self.peer.reach(now, &contact);
            }
            Ask::Stream(Some(to)) => self.stream.get_or_insert_default().push(to),
            Ask::Stream(None) => self.stream = None,
            Ask::Ping(to, left, reply) => {
                self.pinging = Some(Pinging {
                    to,
                    left,
                    sent: tokio::time::Instant::now(),
                    trips: Vec::new(),
                    reply,
                });
                // The first one is sent again if there is no room, which does not happen on an idle link.
                let _ = self.peer.send_data(now, to, b"ping");
            }
        }
    }

    /// Fills every queue of the stream.
    fn send_stream(&mut self) {
        static BODY: [u8; MAX_DATA] = [7; MAX_DATA];
        let now = self.now();
        let Some(targets) = self.stream.take() else {
            return;
        };
        for to in &targets {
            while self.peer.waiting(*to) < 4 * MAX_DATA
                && self.peer.send_data(now, *to, &BODY).is_ok()
            {}
        }
        self.stream = Some(targets);
        self.carry_out();
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
                Output::Dial(address) => self.dial(address),
                Output::Close { link, .. } => {
                    self.sockets.remove(&link);
                }
                Output::StoreRecord { token, .. } | Output::StoreGroups { token, .. } => {
                    let now = self.now();
                    self.peer.handle_storage(now, StorageEvent::Stored(token));
                }
                Output::DropRecord(_) | Output::DropEntries(_) | Output::SetAside(_) => {}
                // It shares and fetches nothing.
                Output::ReadSegment { .. } | Output::WriteSegment { .. } => {}
                Output::Event(event) => self.on_event(event),
            }
        }
        let member = self.peer.node().membership().is_member();
        if let Some(joined) = self.joined.take_if(|_| member) {
            let _ = joined.send(());
        }
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::LinkUp { contact, .. } => {
                if let Some(reply) = self.reaching.remove(&contact.id()) {
                    let _ = reply.send(());
                }
            }
            Event::Data { from, body } => self.on_data(from, &body),
            _ => {}
        }
    }

    fn on_data(&mut self, from: Id, body: &[u8]) {
        let now = self.now();
        self.received
            .fetch_add(body.len() as u64, Ordering::Relaxed);
        match body {
            b"ping" => {
                let _ = self.peer.send_data(now, from, b"pong");
            }
            b"pong" => {
                let Some(mut pinging) = self.pinging.take() else {
                    return;
                };
                pinging
                    .trips
                    .push(pinging.sent.elapsed().as_secs_f64() * 1e3);
                pinging.left -= 1;
                if pinging.left == 0 {
                    let _ = pinging.reply.send(pinging.trips);
                    return;
                }
                pinging.sent = tokio::time::Instant::now();
                let _ = self.peer.send_data(now, pinging.to, b"ping");
                self.pinging = Some(pinging);
            }
            _ => {}
        }
    }

    fn dial(&self, address: Address) {
        static LINKS: AtomicU64 = AtomicU64::new(1);
        let inputs = self.inputs.clone();
        tokio::spawn(async move {
            let link = LinkId(LINKS.fetch_add(1, Ordering::Relaxed));
            let Ok(socket) = open(&address).await else {
                let _ = inputs.send(Input::Dialed(address, None, link)).await;
                return;
            };
            let (sender, mut frames) = mpsc::unbounded_channel::<Vec<u8>>();
            let dialed = Input::Dialed(address, Some(sender), link);
            if inputs.send(dialed).await.is_err() {
                return;
            }
            let (mut sink, mut stream) = socket.split();
            let from_socket = inputs.clone();
            let reading = tokio::spawn(async move {
                while let Some(Ok(message)) = stream.next().await {
                    if let Message::Binary(frame) = message {
                        let frame = Input::Frame(link, frame);
                        if from_socket.send(frame).await.is_err() {
                            return;
                        }
                    }
                }
                let _ = from_socket.send(Input::Closed(link)).await;
            });
            let mut batch = Vec::new();
            while frames.recv_many(&mut batch, 64).await > 0 {
                let bytes = batch.iter().map(Vec::len).sum();
                for frame in batch.drain(..) {
                    let _ = sink.feed(Message::Binary(frame.into())).await;
                }
                let flushed = sink.flush().await.is_ok();
                if !flushed || inputs.send(Input::Written(link, bytes)).await.is_err() {
                    break;
                }
            }
            reading.abort();
        });
    }
}

async fn open(address: &Address) -> Outcome<tokio_tungstenite::WebSocketStream<TcpStream>> {
    let host = address
        .url()
        .trim_start_matches("ws://")
        .trim_end_matches("/ws")
        .to_string();
    let stream = TcpStream::connect(host).await?;
    stream.set_nodelay(true)?;
    let mut request = address.url().into_client_request()?;
    let protocol = SUB_PROTOCOL.parse()?;
    request
        .headers_mut()
        .insert("sec-websocket-protocol", protocol);
    Ok(client_async(request, stream).await?.0)
}
