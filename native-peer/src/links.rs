//! WebSockets: a task for each open one that moves frames between it and the driver.

mod dialing;
mod inside;
mod pace;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chordscope_core::link::reason::CloseReason;
use chordscope_core::link::session::TRAILER;
use chordscope_core::peer::api::LinkId;
use chordscope_core::wire::frame::MAX_FRAME;
use futures_util::future::{Either, select};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::driver::Input;

pub(crate) use dialing::{DialError, dial};
pub(crate) use inside::Inside;
use pace::Pace;

/// The longest time for one frame to leave: a link that is slow goes on, one that takes nothing ends.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// The period in which each side pings: a tab's own timers sleep while it is hidden, but it answers pings.
const PING_EVERY: Duration = Duration::from_secs(15);
/// The time after which a link on which nothing comes counts as dead.
const IDLE_TIMEOUT: Duration = Duration::from_secs(45);
/// The longest time for the other side to answer a goodbye.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(2);
/// The greatest number of bytes that wait to be sent over one link. The core hands on much less than this to a link that takes
/// what it is sent.
const MAX_QUEUED: usize = 2 << 20;
/// The code that stands for that of a close frame without one (RFC 6455 §7.1.5).
const NO_CODE: u16 = 1_005;
/// The number of bytes that a waiting frame counts for besides its own, so that many small ones are bounded too.
const PER_FRAME: usize = 64;
/// The number of bytes that are read in one call to the system. The library zeroes as many before each call, however few come, and
/// four times as many make nothing faster.
const READ_AT_ONCE: usize = 64 * 1024;
/// The same for a connection in memory: a call costs little there, and a ring in one process has thousands of these buffers.
const READ_AT_ONCE_INSIDE: usize = 8 * 1024;
/// The number of frames that are written before they are flushed.
const MAX_BATCH: usize = 64;
/// The number of bytes of such a batch, but for the last frame. While a batch is on its way to the system the driver makes the
/// next one, so it is no more than part of what may wait.
const MAX_BATCH_BYTES: usize = 256 * 1024;

/// A link's way to the driver.
#[derive(Debug)]
pub(crate) struct Inbox {
    /// The link's number.
    pub(crate) link: LinkId,
    /// The queue of the driver's inputs.
    pub(crate) inputs: mpsc::Sender<Input>,
    /// The number of times that links had to wait because they brought too many small frames.
    pub(crate) waits: Arc<AtomicU64>,
}

/// The driver's end of a link: what to send.
#[derive(Debug)]
pub(crate) struct Outbox {
    items: mpsc::UnboundedSender<Item>,
    queued: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
enum Item {
    Frame(Bytes),
    Close(CloseReason),
}

impl Outbox {
    /// Queues a frame; `false` when too much waits already.
    pub(crate) fn send(&self, frame: Vec<u8>) -> bool {
        let size = frame.len() + PER_FRAME;
        // Only the driver adds, so that what it reads here can but shrink.
        if self.queued.load(Ordering::Relaxed) + size > MAX_QUEUED {
            return false;
        }
        self.queued.fetch_add(size, Ordering::Relaxed);
        // A link that has just ended says so itself.
        let _ = self.items.send(Item::Frame(frame.into()));
        true
    }

    /// Says goodbye behind what is queued, and ends the link; the task given is done then.
    pub(crate) fn close(self, reason: CloseReason) -> JoinHandle<()> {
        let _ = self.items.send(Item::Close(reason));
        self.task
    }
}

/// The carrier of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// A socket.
    Socket,
    /// Memory: both peers are in this process.
    Inside,
}

impl Carrier {
    /// The limits of a WebSocket over it.
    pub(crate) fn config(self) -> WebSocketConfig {
        let most = MAX_FRAME + TRAILER;
        let read_at_once = match self {
            Self::Socket => READ_AT_ONCE,
            Self::Inside => READ_AT_ONCE_INSIDE,
        };
        WebSocketConfig::default()
            .read_buffer_size(read_at_once)
            .write_buffer_size(64 * 1024)
            .max_write_buffer_size(MAX_QUEUED + most)
            .max_message_size(Some(most))
            .max_frame_size(Some(most))
    }
}

/// Runs an open socket. `guard` lives as long as the link does.
pub(crate) fn spawn<S, G>(socket: WebSocketStream<S>, inbox: Inbox, guard: G) -> Outbox
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    G: Send + 'static,
{
    let (items, queue) = mpsc::unbounded_channel();
    let queued = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&queued);
    let task = tokio::spawn(async move {
        run(socket, inbox, queue, counter).await;
        drop(guard);
    });
    Outbox {
        items,
        queued,
        task,
    }
}

/// Says goodbye to the peer that opened a socket, and reads nothing of what it says.
pub(crate) async fn turn_away<S>(mut socket: WebSocketStream<S>, reason: CloseReason)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let goodbye = goodbye(reason);
    let _ = timeout(GOODBYE_TIMEOUT, async {
        if socket.close(Some(goodbye)).await.is_ok() {
            while let Some(Ok(_)) = socket.next().await {}
        }
    })
    .await;
}

fn goodbye(reason: CloseReason) -> CloseFrame {
    CloseFrame {
        code: CloseCode::from(reason.code()),
        reason: Utf8Bytes::from(reason.to_string()),
    }
}

/// The end of one direction of a link.
enum End {
    /// The connection is gone, or the driver has forgotten it.
    Gone,
    /// The other side has closed it, with this code and text.
    Told(u16, String),
    /// The protocol was broken: this side must close the link, for this reason.
    Broken(CloseReason),
    /// A goodbye was sent by this side.
    Closed,
}

async fn run<S: AsyncRead + AsyncWrite + Unpin>(
    socket: WebSocketStream<S>,
    inbox: Inbox,
    mut queue: mpsc::UnboundedReceiver<Item>,
    queued: Arc<AtomicUsize>,
) {
    let Inbox {
        link,
        inputs,
        waits,
    } = inbox;
    let (mut sink, mut stream) = socket.split();
    let end = {
        let reading = pin!(read(&mut stream, link, &inputs, Pace::new(waits)));
        let writing = pin!(write(&mut sink, &mut queue, &queued, link, &inputs));
        match select(reading, writing).await {
            Either::Left((End::Broken(reason), writing)) => {
                // The driver answers with a goodbye, which is still to be written.
                if inputs.send(Input::Broken(link, reason)).await.is_ok() {
                    let _ = timeout(GOODBYE_TIMEOUT, writing).await;
                }
                return;
            }
            Either::Left((end, _)) | Either::Right((end, _)) => end,
        }
    };
    match end {
        // Closing at once could overtake the goodbye: what is unread when a socket closes resets the connection.
        End::Closed => read_out(&mut stream).await,
        // The library answers a close frame with one as it is read on (RFC 6455 §5.5.1).
        End::Told(code, text) => {
            let told = inputs.send(Input::Goodbye(link, code, text));
            let _ = tokio::join!(told, read_out(&mut stream));
        }
        End::Broken(reason) => {
            let _ = inputs.send(Input::Broken(link, reason)).await;
        }
        End::Gone => {
            let _ = inputs.send(Input::Gone(link)).await;
        }
    }
}

/// Reads until the other side has closed the connection, or for a moment.
async fn read_out<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut SplitStream<WebSocketStream<S>>) {
    let _ = timeout(GOODBYE_TIMEOUT, async {
        while let Some(Ok(_)) = stream.next().await {}
    })
    .await;
}

async fn read<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut SplitStream<WebSocketStream<S>>,
    link: LinkId,
    inputs: &mpsc::Sender<Input>,
    mut pace: Pace,
) -> End {
    loop {
        let Ok(message) = timeout(IDLE_TIMEOUT, stream.next()).await else {
            return End::Broken(CloseReason::Idle);
        };
        match message {
            Some(Ok(Message::Binary(frame))) => {
                pace.admit(frame.len()).await;
                // Waiting here stops reading, and so makes the other side wait.
                // A frame of its own, so that what waits holds no more memory than its bytes, and the library reads into one buffer for good.
                let frame = Bytes::copy_from_slice(&frame);
                if inputs.send(Input::Frame(link, frame)).await.is_err() {
                    return End::Gone;
                }
            }
            Some(Ok(Message::Text(_))) => return End::Broken(CloseReason::Text),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Ok(Message::Close(said))) => {
                let said = said.map(|said| (u16::from(said.code), said.reason.to_string()));
                let (code, text) = said.unwrap_or((NO_CODE, String::new()));
                return End::Told(code, text);
            }
            None => return End::Gone,
            Some(Err(Error::Capacity(_))) => return End::Broken(CloseReason::TooLarge),
            Some(Err(
                Error::Io(_)
                | Error::ConnectionClosed
                | Error::AlreadyClosed
                | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake),
            )) => return End::Gone,
            Some(Err(error)) => return End::Broken(broken_rule(&error)),
        }
    }
}

/// The rule of WebSockets that the other side has broken.
const fn broken_rule(error: &Error) -> CloseReason {
    match error {
        Error::Protocol(error) => match error {
            ProtocolError::UnmaskedFrameFromClient => CloseReason::Unmasked,
            ProtocolError::MaskedFrameFromServer => CloseReason::Masked,
            ProtocolError::InvalidOpcode(_)
            | ProtocolError::UnknownControlFrameType(_)
            | ProtocolError::UnknownDataFrameType(_) => CloseReason::Opcode,
            ProtocolError::NonZeroReservedBits => CloseReason::ReservedBit,
            ProtocolError::FragmentedControlFrame
            | ProtocolError::ControlFrameTooBig
            | ProtocolError::InvalidCloseSequence => CloseReason::ControlFrame,
            ProtocolError::UnexpectedContinueFrame | ProtocolError::ExpectedFragment(_) => {
                CloseReason::Fragment
            }
            _ => CloseReason::WebSocket,
        },
        _ => CloseReason::WebSocket,
    }
}

async fn write<S: AsyncRead + AsyncWrite + Unpin>(
    sink: &mut SplitSink<WebSocketStream<S>, Message>,
    queue: &mut mpsc::UnboundedReceiver<Item>,
    queued: &AtomicUsize,
    link: LinkId,
    inputs: &mpsc::Sender<Input>,
) -> End {
    let mut pings = interval(PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings.reset();
    let mut batch = Vec::new();
    loop {
        tokio::select! {
            item = queue.recv() => match item {
                Some(item) => gather(item, queue, &mut batch),
                None => return End::Gone,
            },
            _ = pings.tick() => {}
        }
        match write_batch(sink, &mut batch, queued).await {
            Ok(Wrote::Frames(0)) => {}
            Ok(Wrote::Frames(bytes)) => {
                if inputs.send(Input::Written(link, bytes)).await.is_err() {
                    return End::Gone;
                }
            }
            Ok(Wrote::Goodbye) => return End::Closed,
            Err(end) => return end,
        }
    }
}

/// Takes what waits behind an item, as far as it makes one batch.
fn gather(first: Item, queue: &mut mpsc::UnboundedReceiver<Item>, batch: &mut Vec<Item>) {
    let size = |item: &Item| match item {
        Item::Frame(frame) => frame.len(),
        Item::Close(_) => 0,
    };
    let mut bytes = size(&first);
    batch.push(first);
    while batch.len() < MAX_BATCH && bytes < MAX_BATCH_BYTES {
        let Ok(item) = queue.try_recv() else {
            return;
        };
        bytes += size(&item);
        batch.push(item);
    }
}

/// The outcome of writing a batch.
enum Wrote {
    /// Frames, of so many bytes in all.
    Frames(usize),
    /// The last word.
    Goodbye,
}

/// Writes what is there, or a ping if nothing is.
async fn write_batch<S: AsyncRead + AsyncWrite + Unpin>(
    sink: &mut SplitSink<WebSocketStream<S>, Message>,
    batch: &mut Vec<Item>,
    queued: &AtomicUsize,
) -> Result<Wrote, End> {
    if batch.is_empty() {
        in_time(sink.send(Message::Ping(Bytes::new()))).await?;
    }
    let (mut written, mut frames) = (0, 0);
    for item in batch.drain(..) {
        match item {
            Item::Frame(frame) => {
                written += frame.len() + PER_FRAME;
                frames += frame.len();
                in_time(sink.feed(Message::Binary(frame))).await?;
            }
            Item::Close(reason) => {
                in_time(sink.send(Message::Close(Some(goodbye(reason))))).await?;
                return Ok(Wrote::Goodbye);
            }
        }
    }
    in_time(sink.flush()).await?;
    queued.fetch_sub(written, Ordering::Relaxed);
    Ok(Wrote::Frames(frames))
}

/// Waits until a frame has left, unless that takes too long.
async fn in_time(step: impl Future<Output = Result<(), Error>>) -> Result<(), End> {
    match timeout(WRITE_TIMEOUT, step).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Gone),
        Err(_) => Err(End::Broken(CloseReason::QueueFull)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_the_protocol_says_when_links_end_and_how_often_they_are_pinged() {
        let page = include_str!("../../docs/protocol.md").split_whitespace();
        let page = page.collect::<Vec<_>>().join(" ");
        let [idle, ping, write] =
            [IDLE_TIMEOUT, PING_EVERY, WRITE_TIMEOUT].map(|patience| patience.as_secs());
        for words in [
            format!("from which nothing has come for {idle} seconds is closed as *idle*"),
            format!("native peers send WebSocket pings every {ping} seconds"),
            format!("has taken nothing of what it was sent for {write} seconds"),
        ] {
            assert!(page.contains(&words), "{words}");
        }
    }
}
