//! How others talk to the driver: sockets with inputs, people with commands.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chordscope_core::base::contact::Address;
use chordscope_core::base::content::ContentId;
use chordscope_core::base::id::Id;
use chordscope_core::chord::route::Mode;
use chordscope_core::link::reason::CloseReason;
use chordscope_core::node::api::{Level, LookupError, Report, StoreError, Written};
use chordscope_core::peer::Peer;
use chordscope_core::peer::api::LinkId;
use chordscope_core::store::record::{Label, Record, Subject};
use chordscope_core::swarm::api::StartError;
use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::manifest::{DIGEST, Manifest};
use chordscope_core::swarm::picker::Order;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::timeout;

use crate::driver::notice::Notice;
use crate::files::Place;
use crate::links::{Inbox, Outbox};

/// How long a put of many copies, or a lookup past dead nodes, may take in all.
const ANSWER_PATIENCE: Duration = Duration::from_secs(20);

/// Starts a link's task once the driver has numbered it.
pub(crate) type Open = Box<dyn FnOnce(Inbox) -> Outbox + Send>;

/// What comes from sockets.
pub(crate) enum Input {
    /// Somebody has connected.
    Accepted(Open),
    /// A dial has succeeded, or failed for the reason given.
    Dialed(Address, Result<Open, String>),
    /// One binary message.
    Frame(LinkId, Bytes),
    /// A link is gone.
    Gone(LinkId),
    /// A link must be closed.
    Broken(LinkId, CloseReason),
    /// So many bytes of frames have left over a link.
    Written(LinkId, usize),
}

/// How a value is to be put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// At which level.
    pub(crate) level: Level,
    /// Only if this is the sequence number there; 0 for none.
    pub(crate) if_sequence: Option<u64>,
}

/// What people ask for.
pub(super) enum Command {
    Put(Label, Option<Vec<u8>>, Wish, Reply<Written, StoreError>),
    PutImmutable(Vec<u8>, Reply<Written, StoreError>),
    Get(Subject, Level, Reply<Option<Record>, StoreError>),
    Lookup(Id, Mode, Reply<Report, LookupError>),
    Share(
        Box<Manifest>,
        Bitfield,
        Arc<Place>,
        Vec<[u8; DIGEST]>,
        Reply<(), StartError>,
    ),
    Fetch(ContentId, Reply<(), StartError>),
    Reorder(ContentId, Order),
    Place(ContentId, Arc<Place>),
    StopTransfer(ContentId),
    Look(Box<dyn FnOnce(&Peer) + Send>),
    Leave,
}

pub(super) type Reply<T, E> = oneshot::Sender<Result<T, E>>;

/// A way to the driver.
#[derive(Clone, Debug)]
pub(crate) struct Handle {
    pub(super) inputs: mpsc::Sender<Input>,
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) notices: broadcast::Sender<Notice>,
    pub(super) waits: Arc<AtomicU64>,
}

/// The driver has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended;

impl Handle {
    /// How often links had to wait because they brought too many small frames.
    pub(crate) fn link_waits(&self) -> u64 {
        self.waits.load(Ordering::Relaxed)
    }

    /// Takes in a connection that somebody has opened.
    pub(crate) async fn accept(&self, open: Open) {
        let _ = self.inputs.send(Input::Accepted(open)).await;
    }

    /// Puts a value, or deletes the record.
    pub(crate) async fn put(
        &self,
        label: Label,
        value: Option<Vec<u8>>,
        wish: Wish,
    ) -> Result<Result<Written, StoreError>, Ended> {
        self.ask(|reply| Command::Put(label, value, wish, reply))
            .await
    }

    /// Puts a value under the key that follows from it.
    pub(crate) async fn put_immutable(
        &self,
        value: Vec<u8>,
    ) -> Result<Result<Written, StoreError>, Ended> {
        self.ask(|reply| Command::PutImmutable(value, reply)).await
    }

    /// Gets a record.
    pub(crate) async fn get(
        &self,
        subject: Subject,
        level: Level,
    ) -> Result<Result<Option<Record>, StoreError>, Ended> {
        self.ask(|reply| Command::Get(subject, level, reply)).await
    }

    /// Looks a key up.
    pub(crate) async fn lookup(
        &self,
        key: Id,
        mode: Mode,
    ) -> Result<Result<Report, LookupError>, Ended> {
        self.ask(|reply| Command::Lookup(key, mode, reply)).await
    }

    /// Looks at the peer.
    pub(crate) async fn look<T: Send + 'static>(
        &self,
        view: impl FnOnce(&Peer) -> T + Send + 'static,
    ) -> Result<T, Ended> {
        self.ask(|reply: oneshot::Sender<T>| {
            Command::Look(Box::new(move |peer| {
                let _ = reply.send(view(peer));
            }))
        })
        .await
    }

    /// Shares a content, or goes on fetching one, at a place. If it was hashed just now, these are the values of its blocks.
    pub(crate) async fn share(
        &self,
        manifest: Manifest,
        have: Bitfield,
        place: Arc<Place>,
        values: Vec<[u8; DIGEST]>,
    ) -> Result<Result<(), StartError>, Ended> {
        let manifest = Box::new(manifest);
        self.ask(|reply| Command::Share(manifest, have, place, values, reply))
            .await
    }

    /// Fetches a content. It needs a place once its length is known.
    pub(crate) async fn fetch(&self, content: ContentId) -> Result<Result<(), StartError>, Ended> {
        self.ask(|reply| Command::Fetch(content, reply)).await
    }

    /// Changes the order in which segments are fetched.
    pub(crate) async fn reorder(&self, content: ContentId, order: Order) -> Result<(), Ended> {
        self.tell(Command::Reorder(content, order)).await
    }

    /// Says where a content is to lie.
    pub(crate) async fn place(&self, content: ContentId, place: Arc<Place>) -> Result<(), Ended> {
        self.tell(Command::Place(content, place)).await
    }

    /// Shares or fetches a content no more.
    pub(crate) async fn stop_transfer(&self, content: ContentId) -> Result<(), Ended> {
        self.tell(Command::StopTransfer(content)).await
    }

    async fn tell(&self, command: Command) -> Result<(), Ended> {
        self.commands.send(command).await.map_err(|_| Ended)
    }

    /// Asks the peer to leave its ring; the driver ends once it has.
    pub(crate) async fn leave(&self) {
        let _ = self.commands.send(Command::Leave).await;
    }

    /// What happens from now on.
    pub(crate) fn listen(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, Ended> {
        let (reply, answer) = oneshot::channel();
        let sent = self.commands.send(command(reply)).await;
        sent.map_err(|_| Ended)?;
        match timeout(ANSWER_PATIENCE, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            _ => Err(Ended),
        }
    }
}
