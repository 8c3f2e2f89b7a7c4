//! The handle of the driver: sockets reach it with inputs, people with commands.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chordscope_core::base::contact::Address;
use chordscope_core::base::content::ContentId;
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::route::Mode;
use chordscope_core::link::reason::CloseReason;
use chordscope_core::node::adopting::AdoptError;
use chordscope_core::node::api::{
    Level, LookupError, REPAIR_DEADLINE, Report, StoreError, Written,
};
use chordscope_core::node::renewal::Keeping;
use chordscope_core::peer::Peer;
use chordscope_core::peer::api::LinkId;
use chordscope_core::store::group::fence::Fence;
use chordscope_core::store::group::repair::RepairError;
use chordscope_core::store::record::{Label, Record, Subject};
use chordscope_core::swarm::api::StartError;
use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::manifest::{DIGEST, Manifest};
use chordscope_core::swarm::picker::Order;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::timeout;

use crate::driver::attempts::{Troubles, Unlinked};
use crate::driver::notice::Notice;
use crate::files::Place;
use crate::links::{DialError, Inbox, Outbox};

/// The longest time for a put of many copies, or a lookup past dead nodes, in all.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// Starts a link's task once the driver has numbered it.
pub(crate) type Open = Box<dyn FnOnce(Inbox) -> Outbox + Send>;

/// An input from a socket.
pub(crate) enum Input {
    /// A connection was accepted.
    Accepted(Open),
    /// A dial has succeeded, or failed for the reason given.
    Dialed(Address, Result<Open, DialError>),
    /// A binary message came.
    Frame(LinkId, Bytes),
    /// A link is gone.
    Gone(LinkId),
    /// The other side has closed a link, with the code and text of its close frame.
    Goodbye(LinkId, u16, String),
    /// A link must be closed.
    Broken(LinkId, CloseReason),
    /// Frames of so many bytes have left over a link.
    Written(LinkId, usize),
}

impl Input {
    /// Returns the number of bytes that it brings.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Frame(_, frame) => frame.len(),
            _ => 0,
        }
    }
}

/// The details of a put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// The level.
    pub(crate) level: Level,
    /// The version that must be there (compare-and-set); 0 for none.
    pub(crate) if_sequence: Option<u64>,
    /// The lifetime and renewal.
    pub(crate) keeping: Keeping,
}

/// An outcome, and how many seconds the record is held from now on, if it is known.
pub(crate) type Held<T> = (T, Option<u32>);

/// The context that a content is shared or fetched in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Belongs {
    /// None: the content is wanted by itself.
    Alone,
    /// A folder, which need not be known.
    Folder(Option<ContentId>),
}

/// A command of a user.
pub(super) enum Command {
    Put(
        Label,
        Option<Vec<u8>>,
        Wish,
        Reply<Held<Written>, StoreError>,
    ),
    PutImmutable(Vec<u8>, Keeping, Reply<Held<Written>, StoreError>),
    Get(Subject, Level, Reply<Held<Option<Record>>, StoreError>),
    Adopt(u64, Reply<(), AdoptError>),
    Lookup(Id, Mode, Reply<Report, LookupError>),
    Repair(Id, Vec<Id>, Reply<Result<Fence, RepairError>, StoreError>),
    Share(
        Box<Manifest>,
        Bitfield,
        Arc<Place>,
        Vec<[u8; DIGEST]>,
        Belongs,
        Reply<(), StartError>,
    ),
    Fetch(ContentId, Belongs, Reply<(), StartError>),
    LookIn(ContentId, ContentId),
    StandAlone(ContentId, Reply<(), StartError>),
    PassOut(usize, Reply<(), Instant>),
    Reorder(ContentId, Order),
    Place(ContentId, Arc<Place>),
    StopTransfer(ContentId),
    Look(Box<dyn FnOnce(&Peer) + Send>),
    Stop,
    /// Leaves for good; the value says whether in any case, or only if others take everything over.
    Leave(bool),
}

pub(super) type Reply<T, E> = oneshot::Sender<Result<T, E>>;

/// A way to the driver.
#[derive(Clone, Debug)]
pub(crate) struct Handle {
    pub(super) inputs: mpsc::Sender<Input>,
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) notices: broadcast::Sender<Notice>,
    pub(super) waits: Arc<AtomicU64>,
    pub(super) troubles: Troubles,
    pub(super) unlinked: Unlinked,
}

/// The driver has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended;

impl Handle {
    /// Returns the number of times that links had to wait because they brought too many small frames.
    pub(crate) fn link_waits(&self) -> u64 {
        self.waits.load(Ordering::Relaxed)
    }

    /// Returns the reason why the addresses that the user has named did not lead into a ring when they were tried last, in one
    /// line.
    pub(crate) fn troubles(&self) -> String {
        let troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        let each = troubles.iter().map(|(address, why)| {
            let authority = address.authority();
            format!("{authority}: {why}")
        });
        each.collect::<Vec<_>>().join("; ")
    }

    /// Returns the reasons why there is no link to peers.
    pub(crate) fn unlinked(&self) -> Unlinked {
        self.unlinked.clone()
    }

    /// Takes in a connection that another peer has opened.
    pub(crate) async fn accept(&self, open: Open) {
        let _ = self.inputs.send(Input::Accepted(open)).await;
    }

    /// Puts a value, or deletes the record.
    pub(crate) async fn put(
        &self,
        label: Label,
        value: Option<Vec<u8>>,
        wish: Wish,
    ) -> Result<Result<Held<Written>, StoreError>, Ended> {
        self.ask(|reply| Command::Put(label, value, wish, reply))
            .await
    }

    /// Puts a value under the key that follows from it.
    pub(crate) async fn put_immutable(
        &self,
        value: Vec<u8>,
        keeping: Keeping,
    ) -> Result<Result<Held<Written>, StoreError>, Ended> {
        self.ask(|reply| Command::PutImmutable(value, keeping, reply))
            .await
    }

    /// Gets a record.
    pub(crate) async fn get(
        &self,
        subject: Subject,
        level: Level,
    ) -> Result<Result<Held<Option<Record>>, StoreError>, Ended> {
        self.ask(|reply| Command::Get(subject, level, reply)).await
    }

    /// Begins to give the lineage up for another one.
    pub(crate) async fn adopt(&self, lineage: u64) -> Result<Result<(), AdoptError>, Ended> {
        self.ask(|reply| Command::Adopt(lineage, reply)).await
    }

    /// Looks a key up.
    pub(crate) async fn lookup(
        &self,
        key: Id,
        mode: Mode,
    ) -> Result<Result<Report, LookupError>, Ended> {
        self.ask(|reply| Command::Lookup(key, mode, reply)).await
    }

    /// Goes on with a key's range of level quorum without these members.
    pub(crate) async fn repair(
        &self,
        key: Id,
        lost: Vec<Id>,
    ) -> Result<Result<Result<Fence, RepairError>, StoreError>, Ended> {
        let patience = REPAIR_DEADLINE + ANSWER_TIMEOUT;
        self.ask_for(patience, |reply| Command::Repair(key, lost, reply))
            .await
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
        belongs: Belongs,
    ) -> Result<Result<(), StartError>, Ended> {
        let manifest = Box::new(manifest);
        self.ask(|reply| Command::Share(manifest, have, place, values, belongs, reply))
            .await
    }

    /// Fetches a content. It needs a place once its length is known.
    pub(crate) async fn fetch(
        &self,
        content: ContentId,
        belongs: Belongs,
    ) -> Result<Result<(), StartError>, Ended> {
        self.ask(|reply| Command::Fetch(content, belongs, reply))
            .await
    }

    /// Takes note that a file is in a folder, of which others are asked for it.
    pub(crate) async fn look_in(&self, content: ContentId, folder: ContentId) -> Result<(), Ended> {
        self.tell(Command::LookIn(content, folder)).await
    }

    /// Takes note that a file of a folder is wanted by itself.
    pub(crate) async fn stand_alone(
        &self,
        content: ContentId,
    ) -> Result<Result<(), StartError>, Ended> {
        self.ask(|reply| Command::StandAlone(content, reply)).await
    }

    /// Passes so many bytes of files that are to leave by another way than links. They may now, or not before the time that is
    /// given.
    pub(crate) async fn pass_out(&self, bytes: usize) -> Result<Result<(), Instant>, Ended> {
        self.ask(|reply| Command::PassOut(bytes, reply)).await
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

    /// Asks the peer to stop for a while; the driver ends once it has.
    pub(crate) async fn stop(&self) {
        let _ = self.commands.send(Command::Stop).await;
    }

    /// Asks the peer to leave its ring for good, in any case or only if others take everything over; the driver ends once it has.
    pub(crate) async fn leave(&self, force: bool) -> Result<(), Ended> {
        self.tell(Command::Leave(force)).await
    }

    /// Waits for the end of the driver.
    pub(crate) async fn ended(&self) {
        self.commands.closed().await;
    }

    /// Subscribes to what happens from now on.
    pub(crate) fn listen(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, Ended> {
        self.ask_for(ANSWER_TIMEOUT, command).await
    }

    async fn ask_for<T>(
        &self,
        patience: Duration,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, Ended> {
        let (reply, answer) = oneshot::channel();
        let sent = self.commands.send(command(reply)).await;
        sent.map_err(|_| Ended)?;
        match timeout(patience, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            _ => Err(Ended),
        }
    }
}
