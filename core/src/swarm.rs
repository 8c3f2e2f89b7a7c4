//! Segmented transfer: every member that fetches a file passes on what has arrived already.
//!
//! A file is cut into segments (`layout`), whose digests prove themselves against the file's own (`manifest`). A member asks for
//! the segments that are rarest (`picker`), and gives to a few others at a time (`choker`). All of it is one state machine,
//! [`Swarm`]: what came goes in, what is to be sent, read and written comes out.

pub mod api;
pub mod bitfield;
pub mod choker;
pub mod collection;
pub mod layout;
pub mod link;
pub mod manifest;
pub mod message;
pub mod picker;
pub mod rate;

mod checked;
mod describe;
mod download;
mod source;
mod transfer;
mod upload;
mod view;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::time::Duration;

use blake3::hazmat::ChainingValue;

use crate::base::content::ContentId;
use crate::base::id::Id;
use crate::base::rng::Rng;
use crate::base::time::Instant;
use crate::swarm::api::{Event, Failure, Limits, Output, Pick, StartError, TransferView};
use crate::swarm::bitfield::Bitfield;
use crate::swarm::manifest::Manifest;
use crate::swarm::message::{Arrived, Message, Place, Said};
use crate::swarm::picker::Order;
use crate::swarm::rate::{SharedThrottle, Throttle, Way};
use crate::swarm::transfer::{Origin, Transfer};

/// The period in which rates, stalls and slots are looked after.
const TICK: Duration = Duration::from_millis(500);

/// The reasons of requests that wait to be taken; the oldest go first.
const MAX_PICKS: usize = 256;

/// All contents that one peer shares or fetches.
#[derive(Clone, Debug)]
pub struct Swarm {
    transfers: BTreeMap<ContentId, Transfer>,
    /// The transfers in which anything may happen: most files of large folders rest.
    busy: BTreeSet<ContentId>,
    /// The number of transfers that are files of folders.
    parts: usize,
    shared: Shared,
    tick: Option<Instant>,
}

/// The state that all transfers of a peer have in common.
#[derive(Clone, Debug)]
struct Shared {
    limits: Limits,
    rng: Rng,
    outputs: VecDeque<Output>,
    /// Bytes of blocks that wait at the link to each node.
    waiting: BTreeMap<Id, usize>,
    /// The contents of which each node waits for blocks, or did lately.
    hungry: BTreeMap<Id, BTreeSet<ContentId>>,
    /// The nodes that sent something else than they said, newest last.
    banned: VecDeque<Id>,
    up: SharedThrottle,
    down: Throttle,
    /// Bytes of segments that are arriving, or wait to be written.
    buffered: usize,
    /// The number of values of blocks that may still be remembered.
    room: usize,
    /// The number of files of folders that are announced.
    announced_parts: usize,
    /// The time at which a throttle lets go.
    throttled: Option<Instant>,
    /// The reasons of the newest requests, where the owner wants to know them.
    picks: Option<VecDeque<Pick>>,
}

impl Shared {
    fn say(&mut self, to: Id, content: ContentId, said: Said) {
        let message = Message { content, said };
        self.outputs.push_back(Output::Send(to, message));
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn ban(&mut self, node: Id) {
        if self.banned.len() >= self.limits.banned {
            self.banned.pop_front();
        }
        self.banned.push_back(node);
    }

    /// Keeps the reason of a request.
    fn picked(&mut self, pick: Pick) {
        if let Some(picks) = &mut self.picks {
            if picks.len() >= MAX_PICKS {
                picks.pop_front();
            }
            picks.push_back(pick);
        }
    }

    /// Feeds a node that waits for blocks of a content.
    fn feed(&mut self, node: Id, content: ContentId) {
        self.hungry.entry(node).or_default().insert(content);
    }

    fn throttle(&mut self, until: Instant) {
        let sooner = self.throttled.is_none_or(|before| until < before);
        self.throttled = if sooner { Some(until) } else { self.throttled };
    }
}

impl Swarm {
    /// A swarm without contents; `rng` is its own stream of randomness.
    pub fn new(limits: Limits, rng: Rng) -> Self {
        Self {
            transfers: BTreeMap::new(),
            busy: BTreeSet::new(),
            parts: 0,
            shared: Shared {
                up: SharedThrottle::new(limits.up),
                down: Throttle::new(limits.down),
                room: limits.values,
                limits,
                rng,
                outputs: VecDeque::new(),
                waiting: BTreeMap::new(),
                hungry: BTreeMap::new(),
                banned: VecDeque::new(),
                buffered: 0,
                announced_parts: 0,
                throttled: None,
                picks: None,
            },
            tick: None,
        }
    }

    /// Offers a content of which these segments are there, and fetches the others. [`Output::Read`] asks for segments.
    ///
    /// # Errors
    /// [`StartError`] when there are too many transfers, or this one is there.
    pub fn share(
        &mut self,
        now: Instant,
        manifest: Manifest,
        have: Bitfield,
    ) -> Result<(), StartError> {
        self.take(now, manifest, have, Origin::Alone)
    }

    /// As [`Swarm::share`], of a file of a folder: nodes that fetch the folder find it there.
    ///
    /// # Errors
    /// As [`Swarm::share`].
    pub fn share_part(
        &mut self,
        now: Instant,
        manifest: Manifest,
        have: Bitfield,
    ) -> Result<(), StartError> {
        self.take(now, manifest, have, Origin::Part)
    }

    fn take(
        &mut self,
        now: Instant,
        manifest: Manifest,
        have: Bitfield,
        origin: Origin,
    ) -> Result<(), StartError> {
        let content = manifest.content();
        self.may_start(content, origin)?;
        let transfer = Transfer::known(now, manifest, have, origin, &mut self.shared);
        self.start(now, content, transfer);
        Ok(())
    }

    /// Takes the chaining values of the blocks of a content that was hashed just now, in order. What is sent of it is not hashed
    /// again, as long as there is room to remember the values. Values of something else are not believed.
    pub fn vouch(&mut self, content: ContentId, values: &[ChainingValue]) {
        if let Some(transfer) = self.transfers.get_mut(&content) {
            transfer.vouch(values, &mut self.shared.room);
        }
    }

    /// Marks each segment of a content to be checked again when it is read next: another program may have written to it.
    pub fn doubt(&mut self, content: ContentId) {
        if let Some(transfer) = self.transfers.get_mut(&content) {
            transfer.checked.clear(&mut self.shared.room);
        }
    }

    /// Fetches a content of which nothing is known but its id.
    ///
    /// # Errors
    /// [`StartError`] when there are too many transfers, or this one is there.
    pub fn fetch(
        &mut self,
        now: Instant,
        content: ContentId,
        order: Order,
    ) -> Result<(), StartError> {
        self.may_start(content, Origin::Alone)?;
        let transfer = Transfer::unknown(now, content, order, Origin::Alone);
        self.start(now, content, transfer);
        Ok(())
    }

    /// As [`Swarm::fetch`], of a file of a folder: nodes that have some of the folder are asked for it, too, once the folder is
    /// known.
    ///
    /// # Errors
    /// As [`Swarm::fetch`].
    pub fn fetch_part(
        &mut self,
        now: Instant,
        content: ContentId,
        folder: Option<ContentId>,
        order: Order,
    ) -> Result<(), StartError> {
        self.may_start(content, Origin::Part)?;
        let mut transfer = Transfer::unknown(now, content, order, Origin::Part);
        transfer.folder = folder;
        for node in self.sources_of(folder) {
            transfer.greet(now, node, &mut self.shared);
        }
        self.start(now, content, transfer);
        Ok(())
    }

    /// Takes note that a file is in this folder: nodes that have some of the folder are asked for it, too.
    pub fn look_in(&mut self, now: Instant, content: ContentId, folder: ContentId) {
        let known = self.sources_of(Some(folder));
        self.with(now, content, |transfer, now, shared| {
            transfer.folder = Some(folder);
            for node in known {
                transfer.greet(now, node, shared);
            }
        });
    }

    /// Returns the known sources of a folder. They stay known while its files are fetched.
    fn sources_of(&mut self, folder: Option<ContentId>) -> Vec<Id> {
        let list = folder.and_then(|folder| self.transfers.get_mut(&folder));
        let Some(list) = list else {
            return Vec::new();
        };
        list.is_folder = true;
        list.sources.keys().copied().collect()
    }

    /// Shares or fetches a file of a folder by itself, too.
    ///
    /// # Errors
    /// [`StartError::TooMany`].
    pub fn stand_alone(&mut self, now: Instant, content: ContentId) -> Result<(), StartError> {
        let Some(transfer) = self.transfers.get(&content) else {
            return Ok(());
        };
        if transfer.origin == Origin::Alone {
            return Ok(());
        }
        self.has_room(Origin::Alone)?;
        self.parts -= 1;
        self.with(now, content, |transfer, _, shared| {
            transfer.stand_alone(shared);
        });
        Ok(())
    }

    fn may_start(&self, content: ContentId, origin: Origin) -> Result<(), StartError> {
        if self.transfers.contains_key(&content) {
            return Err(StartError::Already);
        }
        self.has_room(origin)
    }

    fn has_room(&self, origin: Origin) -> Result<(), StartError> {
        let Limits {
            transfers, parts, ..
        } = self.shared.limits;
        match origin {
            Origin::Alone if self.transfers.len() - self.parts >= transfers => {
                Err(StartError::TooMany(transfers))
            }
            Origin::Part if self.parts >= parts => Err(StartError::TooManyParts(parts)),
            Origin::Alone | Origin::Part => Ok(()),
        }
    }

    fn start(&mut self, now: Instant, content: ContentId, transfer: Transfer) {
        self.parts += usize::from(transfer.origin != Origin::Alone);
        self.transfers.insert(content, transfer);
        self.with(now, content, |transfer, now, shared| {
            transfer.begin(now, shared)
        });
    }

    /// Changes the order in which the missing segments are wanted.
    pub fn reorder(&mut self, now: Instant, content: ContentId, order: Order) {
        self.with(now, content, |transfer, now, shared| {
            transfer.order = order;
            transfer.fill_all(now, shared);
        });
    }

    /// Ends a transfer: what was shared is offered no more, what was being fetched is not fetched.
    pub fn stop(&mut self, content: ContentId) {
        if let Some(transfer) = self.transfers.remove(&content) {
            self.busy.remove(&content);
            self.parts -= usize::from(transfer.origin != Origin::Alone);
            transfer.end(&mut self.shared);
        }
    }

    /// Asks a node that may have a content.
    pub fn add_source(&mut self, now: Instant, content: ContentId, node: Id) {
        self.with(now, content, |transfer, now, shared| {
            transfer.greet(now, node, shared)
        });
    }

    /// Handles a message from a node whose identity the transport has proved.
    pub fn handle_message(&mut self, now: Instant, from: Id, message: Message) {
        let Message { content, said } = message;
        let is_known = self.transfers.contains_key(&content);
        if is_known && !self.shared.banned.contains(&from) {
            self.with(now, content, |transfer, now, shared| {
                transfer.handle(now, from, said, shared);
            });
        } else if matches!(said, Said::Hello(_) | Said::Request(_)) {
            self.shared.say(from, content, Said::Absent);
        }
    }

    /// Handles a block that has come.
    pub fn handle_block(&mut self, now: Instant, from: Id, content: ContentId, arrived: Arrived) {
        let Arrived {
            place,
            bytes,
            value,
        } = arrived;
        self.shared.down.spend(bytes.len());
        self.with(now, content, |transfer, now, shared| match place {
            Place::Content(at) => transfer.on_block(now, from, at, bytes, value, shared),
            Place::Digests(at) => transfer.on_digests(now, from, at, &bytes, shared),
        });
    }

    /// An [`Output::Read`] was carried out, or could not be.
    pub fn handle_read(
        &mut self,
        now: Instant,
        content: ContentId,
        index: u32,
        bytes: Option<Vec<u8>>,
    ) {
        self.with(now, content, |transfer, now, shared| {
            transfer.on_read(now, index, bytes, shared);
        });
        if self
            .transfers
            .get(&content)
            .is_some_and(|transfer| transfer.is_spoilt)
        {
            self.stop(content);
        }
    }

    /// An [`Output::Write`] was carried out, or could not be.
    pub fn handle_written(&mut self, now: Instant, content: ContentId, index: u32, done: bool) {
        self.with(now, content, |transfer, now, shared| {
            transfer.on_written(now, index, done, shared);
        });
        if !done {
            self.shared.event(Event::Failed(content, Failure::Disk));
            self.stop(content);
        }
    }

    /// Takes note that so many bytes of blocks wait at the link to a node. Few enough, and more are sent.
    pub fn handle_waiting(&mut self, now: Instant, node: Id, bytes: usize) {
        match bytes {
            0 => self.shared.waiting.remove(&node),
            _ => self.shared.waiting.insert(node, bytes),
        };
        let mut hungry = self.shared.hungry.remove(&node).unwrap_or_default();
        hungry.retain(|content| match self.transfers.get_mut(content) {
            Some(transfer) => {
                transfer.serve(now, node, &mut self.shared);
                transfer.owes(node)
            }
            None => false,
        });
        if !hungry.is_empty() {
            self.shared.hungry.insert(node, hungry);
        }
    }

    /// A node cannot be reached any more.
    pub fn handle_gone(&mut self, now: Instant, node: Id) {
        self.shared.waiting.remove(&node);
        self.shared.hungry.remove(&node);
        self.for_each(now, |transfer, now, shared| {
            transfer.drop_source(now, node, shared)
        });
    }

    /// Handles all that is due. Calling early does nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.shared.throttled.is_some_and(|at| at <= now) {
            self.shared.throttled = None;
            self.for_each(now, |transfer, now, shared| {
                transfer.serve_all(now, shared);
                transfer.fill_all(now, shared);
            });
        }
        if self.tick.is_some_and(|at| at <= now) {
            self.tick = None;
            self.for_each(now, |transfer, now, shared| transfer.tick(now, shared));
            let transfers = &self.transfers;
            let is_busy =
                |content: &ContentId| transfers.get(content).is_some_and(Transfer::is_busy);
            self.busy.retain(is_busy);
            self.schedule(now);
        }
    }

    /// Returns the time to call [`Swarm::handle_timeout`] next. May change with every other call.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let due = [self.tick, self.shared.throttled];
        due.into_iter().flatten().min()
    }

    /// Returns the next output, which the owner must carry out in order, until `None`.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.shared.outputs.pop_front()
    }

    /// Keeps the reason of each request from now on, for [`Swarm::take_picks`]. That costs time with each request, and changes none.
    pub fn explain_picks(&mut self) {
        self.shared.picks.get_or_insert_default();
    }

    /// Takes the reasons of the requests since the last call, oldest first; the newest 256 at most.
    pub fn take_picks(&mut self) -> Vec<Pick> {
        let picks = self.shared.picks.as_mut();
        picks.map_or_else(Vec::new, |picks| picks.drain(..).collect())
    }

    /// Limits the rates at which bytes go out and come in, in bytes a second; `None` for no limit.
    pub const fn limit_rates(&mut self, up: Option<u64>, down: Option<u64>) {
        self.shared.up = SharedThrottle::new(up);
        self.shared.down = Throttle::new(down);
    }

    /// Bytes of contents are to leave by another way than links, where the limit holds as well. They may now, and count, or not before
    /// the time that is given.
    ///
    /// # Errors
    /// The time to ask again.
    pub fn pass_out(&mut self, now: Instant, bytes: usize) -> Result<(), Instant> {
        let ready = self.shared.up.ready(now, Way::Outside);
        if ready > now {
            return Err(ready);
        }
        self.shared.up.spend(bytes, Way::Outside);
        Ok(())
    }

    /// The contents that are shared or fetched.
    pub fn contents(&self) -> impl Iterator<Item = ContentId> {
        self.transfers.keys().copied()
    }

    /// Returns the state of a transfer.
    pub fn view(&self, now: Instant, content: ContentId) -> Option<TransferView> {
        let transfer = self.transfers.get(&content)?;
        Some(transfer.view(now, &self.shared))
    }

    /// The manifest of a content, once it is known.
    pub fn manifest(&self, content: ContentId) -> Option<&Manifest> {
        self.transfers.get(&content)?.manifest()
    }

    /// Returns the segments of a content that are here, checked and written.
    pub fn have(&self, content: ContentId) -> Option<&Bitfield> {
        Some(&self.transfers.get(&content)?.have)
    }

    /// Bytes of segments that are arriving, or wait to be written: at most [`Limits::buffered`] and one segment.
    pub const fn buffered(&self) -> usize {
        self.shared.buffered
    }

    fn with(
        &mut self,
        now: Instant,
        content: ContentId,
        act: impl FnOnce(&mut Transfer, Instant, &mut Shared),
    ) {
        if let Some(transfer) = self.transfers.get_mut(&content) {
            act(transfer, now, &mut self.shared);
            match transfer.is_busy() {
                true => self.busy.insert(content),
                false => self.busy.remove(&content),
            };
            self.schedule(now);
        }
    }

    fn for_each(&mut self, now: Instant, mut act: impl FnMut(&mut Transfer, Instant, &mut Shared)) {
        for content in &self.busy {
            if let Some(transfer) = self.transfers.get_mut(content) {
                act(transfer, now, &mut self.shared);
            }
        }
    }

    /// Time passes only where something waits for it.
    fn schedule(&mut self, now: Instant) {
        if self.tick.is_none() && !self.busy.is_empty() {
            self.tick = Some(now + TICK);
        }
    }
}
