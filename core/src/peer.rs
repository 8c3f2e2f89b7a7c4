//! A [`Node`] over links: it speaks bytes, and knows the identity of the node at the other end of each connection.
//!
//! The owner opens and closes sockets and moves frames; a [`Peer`] does the rest: it dials the nodes to which the
//! node sends, proves its identity and checks the other side's, tags and checks every frame, and closes a connection that violates the
//! protocol with a reason.
//!
//! Each part owns its state and decides for itself: links, dialing, relaying, leasing, finding a ring, transfers. The calls of the
//! owner are here; `parts` is the router, which hands on what one part wants of another.

pub mod api;

mod config;
mod dialing;
mod finding;
mod leasing;
mod links;
mod parts;
mod relaying;
mod transfers;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use blake3::hazmat::ChainingValue;
use bytes::Bytes;

use crate::base::contact::{Address, Contact, ContactError};
use crate::base::content::ContentId;
use crate::base::id::Id;
use crate::base::identity::Signer;
use crate::base::time::Instant;
use crate::chord::route::{Mode, Routing};
use crate::link::LinkId;
use crate::link::reason::{CloseReason, Goodbye};
use crate::node::Node;
use crate::node::adopting::AdoptError;
use crate::node::api::{
    JoinError, Level, LookupError, LookupId, OperationId, StorageEvent, StoreError,
};
use crate::node::renewal::Keeping;
use crate::peer::api::{DataError, Event, LinkView, Output, RelayView, TimerKind};
pub use crate::peer::config::{Config, Limits, Reach};
use crate::peer::dialing::Aim;
pub use crate::peer::finding::{Known, Plan};
use crate::peer::links::Channel;
pub use crate::peer::links::{HANDSHAKE_TIMEOUT, MAX_DATA};
use crate::peer::parts::{Parts, Want};
use crate::store::group::{Control, Entry};
use crate::store::message::StoredRecord;
use crate::store::record::{Label, Subject};
use crate::store::renewal::Renewal;
use crate::swarm::Swarm;
use crate::swarm::api::StartError;
use crate::swarm::bitfield::Bitfield;
use crate::swarm::manifest::Manifest;
use crate::swarm::picker::Order;

/// A ring member that speaks bytes.
#[derive(Clone, Debug)]
pub struct Peer {
    parts: Parts,
}

impl Peer {
    /// A peer outside any ring, reachable under `addresses`. `version` orders the contacts of one node: a later start
    /// needs a greater one.
    ///
    /// # Errors
    /// [`ContactError`] when an address is malformed, there are too many, or the index is 16 or above.
    pub fn new(
        config: Config,
        signer: Signer,
        addresses: Vec<Address>,
        version: u64,
        seed: [u8; 32],
    ) -> Result<Self, ContactError> {
        let parts = Parts::new(config, signer, addresses, version, seed)?;
        Ok(Self { parts })
    }

    // To look at.

    /// The node.
    pub const fn node(&self) -> &Node {
        &self.parts.node
    }

    /// Links and circuits that were closed or refused by this side, or lost: their number by reason.
    pub const fn drops(&self) -> &BTreeMap<CloseReason, u64> {
        self.parts.links.drops()
    }

    /// Links and circuits that the other side has closed: their number by the reason that it gave; `None` for one that is not the protocol's.
    pub const fn goodbyes(&self) -> &BTreeMap<Option<CloseReason>, u64> {
        self.parts.links.goodbyes()
    }

    /// The number of frames that were thrown away because the circuit that they travelled on had just been closed.
    pub const fn late_frames(&self) -> u64 {
        self.parts.links.late_frames()
    }

    /// The number of bytes passed on for others.
    pub const fn relayed_bytes(&self) -> u64 {
        self.parts.relaying.relayed_bytes()
    }

    /// The number of messages that were lost because too much waited for a link already.
    pub const fn lost_messages(&self) -> u64 {
        self.parts.links.lost_messages()
    }

    /// The number of bytes that wait to be passed on over circuits, in all.
    pub fn queued_bytes(&self) -> usize {
        self.parts.links.queued_bytes()
    }

    /// The numbers of circuits that it relays, and of nodes that have a lease.
    pub fn relayed(&self) -> (usize, usize) {
        self.parts.relaying.relayed()
    }

    /// All links and circuits.
    pub fn links(&self) -> impl Iterator<Item = LinkView> {
        self.parts.links.views()
    }

    /// Returns whether there is a link to a node.
    pub fn is_linked(&self, to: Id) -> bool {
        self.parts.links.is_linked(to)
    }

    /// The number of bytes of data that wait to be sent to a node.
    pub fn waiting(&self, to: Id) -> usize {
        self.parts.links.waiting(to)
    }

    /// The peers that pass on what is sent to this one.
    pub fn relays(&self) -> Vec<RelayView> {
        self.parts.leasing.views(&self.parts.links)
    }

    /// Returns the addresses at which this peer looks for a ring while it is in none, each with the id of the last node there if that is
    /// known; without those of linked peers.
    pub fn looked_for(&self) -> Vec<(Option<Id>, Address)> {
        self.parts
            .finding
            .looked_for(&self.parts.node, &self.parts.links)
    }

    /// The contents that are shared and fetched.
    pub const fn swarm(&self) -> &Swarm {
        &self.parts.transfers.swarm
    }

    // What it is told.

    /// Handles an incoming connection that is open as this link.
    pub fn handle_accepted(&mut self, now: Instant, link: LinkId) {
        self.parts.open_socket(now, link, None, None);
    }

    /// The answer to [`Output::Dial`]: the connection is open as this link.
    pub fn handle_dialed(&mut self, now: Instant, link: LinkId, address: &Address) {
        let aim = self.parts.dialing.ended(address).unwrap_or(Aim::Join);
        self.parts.open_socket(now, link, Some(aim), Some(address));
    }

    /// The answer to [`Output::Dial`]: no connection could be made.
    pub fn handle_dial_failed(&mut self, now: Instant, address: &Address) {
        if let Some(aim) = self.parts.dialing.ended(address) {
            self.parts
                .carry_out(now, [Want::Dialing(dialing::Input::Missed(aim))]);
        }
        self.parts.drain_node(now);
    }

    /// Handles one binary message that has come over a link.
    pub fn handle_frame(&mut self, now: Instant, link: LinkId, bytes: impl Into<Bytes>) {
        self.parts.receive(now, link, &bytes.into());
    }

    /// Bytes of [`Output::Send`] frames have left over a link. Circuits and data wait for this, so that no more than a
    /// quarter of a mebibyte is ever on its way to a socket.
    pub fn handle_written(&mut self, now: Instant, link: LinkId, bytes: usize) {
        let waits = self
            .parts
            .links
            .written(link, bytes, &mut self.parts.outputs);
        self.parts.carry_out(now, waits);
    }

    /// Handles a connection that is gone, without this side having closed it.
    pub fn handle_closed(&mut self, now: Instant, link: LinkId) {
        let socket = Channel::Socket(link);
        self.parts.carry_out(
            now,
            [Want::Links(links::Input::End(
                socket,
                CloseReason::Gone,
                None,
            ))],
        );
        self.parts.drain_node(now);
    }

    /// Handles the other side's goodbye: it has closed a connection, and said why by the code and text of a WebSocket's close
    /// frame.
    pub fn handle_goodbye(&mut self, now: Instant, link: LinkId, code: u16, text: &str) {
        let said = Goodbye::new(code, text);
        let reason = said.reason().unwrap_or(CloseReason::Gone);
        let socket = Channel::Socket(link);
        self.parts.carry_out(
            now,
            [Want::Links(links::Input::End(socket, reason, Some(said)))],
        );
        self.parts.drain_node(now);
    }

    /// The owner had to close a connection: its queue is full, or nothing came for too long.
    pub fn handle_broken(&mut self, now: Instant, link: LinkId, reason: CloseReason) {
        // What was handed over and could not be sent is missing for good: what was to follow it would be taken for forged.
        self.parts
            .outputs
            .retain(|output| !matches!(output, Output::Send { link: of, .. } if *of == link));
        self.parts.carry_out(
            now,
            [Want::Links(links::Input::Close(
                Channel::Socket(link),
                reason,
            ))],
        );
        self.parts.drain_node(now);
    }

    /// An [`Output::StoreRecord`] was carried out, or could not be.
    pub fn handle_storage(&mut self, now: Instant, event: StorageEvent) {
        self.parts
            .with_node(now, |node| node.handle_storage(now, event));
    }

    /// An [`Output::ReadSegment`] was carried out, or could not be.
    pub fn handle_segment_read(
        &mut self,
        now: Instant,
        content: ContentId,
        index: u32,
        bytes: Option<Vec<u8>>,
    ) {
        self.parts
            .transfers
            .swarm
            .handle_read(now, content, index, bytes);
        self.parts.drain_node(now);
    }

    /// An [`Output::WriteSegment`] was carried out, or could not be.
    pub fn handle_segment_written(
        &mut self,
        now: Instant,
        content: ContentId,
        index: u32,
        done: bool,
    ) {
        let swarm = &mut self.parts.transfers.swarm;
        swarm.handle_written(now, content, index, done);
        self.parts.drain_node(now);
    }

    /// Handles all that is due. Calling early does nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.parts.handle_timeout(now);
    }

    /// Gives the next order to the owner, until `None`.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.parts.outputs.pop_front()
    }

    /// The time to call [`Peer::handle_timeout`] next, and the reason. May change with every other call.
    pub fn poll_timeout(&self) -> Option<(Instant, TimerKind)> {
        self.parts.poll_timeout()
    }

    // The ring.

    /// Finds a ring by a plan, and another one whenever this peer has lost all neighbours. `known` are neighbours of an
    /// earlier run, as [`Event::Known`] told them.
    pub fn start(&mut self, now: Instant, plan: Plan, known: Vec<Known>) {
        self.parts.node.expect(known.iter().map(|known| known.id));
        let own = self
            .parts
            .finding
            .start(now, self.parts.node.contact(), plan, known);
        let own = own.into_iter().map(Event::OwnAddress).map(Output::Event);
        self.parts.outputs.extend(own);
        self.parts.take_steps(now);
    }

    /// Begins a ring of one.
    pub fn create(&mut self, now: Instant) {
        self.parts.with_node(now, |node| node.create(now));
    }

    /// Joins the ring of the peer at an address, with one attempt. [`Joined`](crate::node::api::Event::Joined) or
    /// [`JoinFailed`](crate::node::api::Event::JoinFailed) follows. [`Peer::start`] keeps trying.
    ///
    /// # Errors
    /// [`JoinError::Already`] for a member.
    pub fn join(&mut self, now: Instant, address: Address) -> Result<(), JoinError> {
        if self.parts.node.membership().is_member() {
            return Err(JoinError::Already);
        }
        let dial = dialing::Input::Dial(address, Aim::Join);
        self.parts.carry_out(now, [Want::Dialing(dial)]);
        Ok(())
    }

    /// Leaves the ring for good: as [`Node::leave`]. [`Left`](crate::node::api::Event::Left) follows.
    pub fn leave(&mut self, now: Instant) {
        self.parts.finding.end();
        self.parts.with_node(now, |node| node.leave(now));
    }

    /// Leaves the ring for good if others take everything over: as [`Node::leave_if_taken_over`].
    pub fn leave_if_taken_over(&mut self, now: Instant) {
        self.parts.finding.end();
        self.parts
            .with_node(now, |node| node.leave_if_taken_over(now));
    }

    /// Stops for a while: as [`Node::stop`]. [`Left`](crate::node::api::Event::Left) follows.
    pub fn stop(&mut self, now: Instant) {
        self.parts.finding.end();
        self.parts.with_node(now, |node| node.stop(now));
    }

    /// Takes up a record kept from an earlier run.
    pub fn restore(&mut self, now: Instant, copy: &StoredRecord) {
        self.parts.node.restore(now, copy);
    }

    /// As [`Node::restore_groups`].
    pub fn restore_groups(&mut self, now: Instant, control: Control, entries: &[Entry]) {
        self.parts.node.restore_groups(now, control, entries);
    }

    // Links.

    /// Makes a link to a node. [`Event::LinkUp`] follows, unless it cannot be reached.
    pub fn reach(&mut self, now: Instant, contact: &Contact) {
        let reach = dialing::Input::Reach(contact.clone());
        self.parts.carry_out(now, [Want::Dialing(reach)]);
        self.parts.drain_node(now);
    }

    /// Sends bytes to a node that there is a link to. They arrive as [`Event::Data`], in order, unless the link breaks; messages overtake
    /// them.
    ///
    /// # Errors
    /// [`DataError`] says why nothing was sent.
    pub fn send_data(&mut self, _now: Instant, to: Id, body: &[u8]) -> Result<(), DataError> {
        self.parts
            .links
            .send_data(to, body, &mut self.parts.outputs)
    }

    // Records.

    /// As [`Node::lookup`].
    ///
    /// # Errors
    /// As [`Node::lookup`].
    pub fn lookup(
        &mut self,
        now: Instant,
        key: Id,
        routing: Routing,
        mode: Mode,
    ) -> Result<LookupId, LookupError> {
        self.parts
            .with_node(now, |node| node.lookup(now, key, routing, mode))
    }

    /// As [`Node::put`].
    ///
    /// # Errors
    /// As [`Node::put`].
    pub fn put(
        &mut self,
        now: Instant,
        label: impl Into<Label>,
        value: Vec<u8>,
        level: Level,
    ) -> Result<OperationId, StoreError> {
        self.parts
            .with_node(now, |node| node.put(now, label, value, level))
    }

    /// As [`Node::get`].
    ///
    /// # Errors
    /// As [`Node::get`].
    pub fn get(
        &mut self,
        now: Instant,
        subject: impl Into<Subject>,
        level: Level,
    ) -> Result<OperationId, StoreError> {
        self.parts
            .with_node(now, |node| node.get(now, subject, level))
    }

    /// As [`Node::delete`].
    ///
    /// # Errors
    /// As [`Node::delete`].
    pub fn delete(
        &mut self,
        now: Instant,
        label: impl Into<Label>,
        level: Level,
    ) -> Result<OperationId, StoreError> {
        self.parts
            .with_node(now, |node| node.delete(now, label, level))
    }

    /// As [`Node::compare_and_set`].
    ///
    /// # Errors
    /// As [`Node::compare_and_set`].
    pub fn compare_and_set(
        &mut self,
        now: Instant,
        label: impl Into<Label>,
        expected: u64,
        value: Option<Vec<u8>>,
        level: Level,
    ) -> Result<OperationId, StoreError> {
        self.parts.with_node(now, |node| {
            node.compare_and_set(now, label, expected, value, level)
        })
    }

    /// As [`Node::put_immutable`].
    ///
    /// # Errors
    /// As [`Node::put_immutable`].
    pub fn put_immutable(
        &mut self,
        now: Instant,
        value: Vec<u8>,
    ) -> Result<OperationId, StoreError> {
        self.parts
            .with_node(now, |node| node.put_immutable(now, value))
    }

    /// As [`Node::put_for`].
    ///
    /// # Errors
    /// As [`Node::put_for`].
    pub fn put_for(
        &mut self,
        now: Instant,
        label: impl Into<Label>,
        value: Option<Vec<u8>>,
        expected: Option<u64>,
        level: Level,
        keeping: Keeping,
    ) -> Result<OperationId, StoreError> {
        self.parts.with_node(now, |node| {
            node.put_for(now, label, value, expected, level, keeping)
        })
    }

    /// As [`Node::put_immutable_for`].
    ///
    /// # Errors
    /// As [`Node::put_immutable_for`].
    pub fn put_immutable_for(
        &mut self,
        now: Instant,
        value: Vec<u8>,
        keeping: Keeping,
    ) -> Result<OperationId, StoreError> {
        self.parts
            .with_node(now, |node| node.put_immutable_for(now, value, keeping))
    }

    /// As [`Node::repair_range`].
    ///
    /// # Errors
    /// As [`Node::repair_range`].
    pub fn repair_range(
        &mut self,
        now: Instant,
        key: Id,
        lost: Vec<Id>,
    ) -> Result<OperationId, StoreError> {
        self.parts
            .with_node(now, |node| node.repair_range(now, key, lost))
    }

    /// As [`Node::restore_renewals`].
    pub fn restore_renewals(&mut self, now: Instant, kept: &[Renewal]) {
        self.parts.node.restore_renewals(now, kept);
    }

    /// As [`Node::adopt`].
    ///
    /// # Errors
    /// As [`Node::adopt`].
    pub fn adopt(&mut self, now: Instant, lineage: u64) -> Result<(), AdoptError> {
        self.parts.with_node(now, |node| node.adopt(now, lineage))
    }

    /// As [`Node::conflict_exported`].
    pub fn conflict_exported(&mut self, now: Instant, number: u64) {
        self.parts
            .with_node(now, |node| node.conflict_exported(now, number));
    }

    /// As [`Node::abandon_adoption`].
    pub fn abandon_adoption(&mut self, now: Instant, error: StoreError) {
        self.parts
            .with_node(now, |node| node.abandon_adoption(now, error));
    }

    /// As [`Node::announce`].
    ///
    /// # Errors
    /// As [`Node::announce`].
    pub fn announce(&mut self, now: Instant, content: ContentId) -> Result<(), StoreError> {
        self.parts
            .with_node(now, |node| node.announce(now, content))
    }

    /// As [`Node::withdraw`].
    pub fn withdraw(&mut self, now: Instant, content: ContentId) {
        self.parts
            .with_node(now, |node| node.withdraw(now, content));
    }

    /// As [`Node::providers`].
    ///
    /// # Errors
    /// As [`Node::providers`].
    pub fn providers(
        &mut self,
        now: Instant,
        content: ContentId,
    ) -> Result<OperationId, StoreError> {
        self.parts
            .with_node(now, |node| node.providers(now, content))
    }

    // Transfers.

    /// As [`Swarm::share`]; [`Output::ReadSegment`] asks for what others want.
    ///
    /// # Errors
    /// As [`Swarm::share`].
    pub fn share(
        &mut self,
        now: Instant,
        manifest: Manifest,
        have: Bitfield,
    ) -> Result<(), StartError> {
        self.parts.transfers.swarm.share(now, manifest, have)?;
        self.parts.drain_node(now);
        Ok(())
    }

    /// As [`Swarm::share_part`].
    ///
    /// # Errors
    /// As [`Swarm::share_part`].
    pub fn share_part(
        &mut self,
        now: Instant,
        manifest: Manifest,
        have: Bitfield,
    ) -> Result<(), StartError> {
        self.parts.transfers.swarm.share_part(now, manifest, have)?;
        self.parts.drain_node(now);
        Ok(())
    }

    /// As [`Swarm::fetch_part`].
    ///
    /// # Errors
    /// As [`Swarm::fetch_part`].
    pub fn fetch_part(
        &mut self,
        now: Instant,
        content: ContentId,
        folder: Option<ContentId>,
        order: Order,
    ) -> Result<(), StartError> {
        let swarm = &mut self.parts.transfers.swarm;
        swarm.fetch_part(now, content, folder, order)?;
        self.parts.drain_node(now);
        Ok(())
    }

    /// As [`Swarm::look_in`].
    pub fn look_in(&mut self, now: Instant, content: ContentId, folder: ContentId) {
        self.parts.transfers.swarm.look_in(now, content, folder);
        self.parts.drain_node(now);
    }

    /// As [`Swarm::stand_alone`].
    ///
    /// # Errors
    /// As [`Swarm::stand_alone`].
    pub fn stand_alone(&mut self, now: Instant, content: ContentId) -> Result<(), StartError> {
        self.parts.transfers.swarm.stand_alone(now, content)?;
        self.parts.drain_node(now);
        Ok(())
    }

    /// As [`Swarm::pass_out`].
    ///
    /// # Errors
    /// As [`Swarm::pass_out`].
    pub fn pass_out(&mut self, now: Instant, bytes: usize) -> Result<(), Instant> {
        self.parts.transfers.swarm.pass_out(now, bytes)
    }

    /// As [`Swarm::vouch`].
    pub fn vouch(&mut self, content: ContentId, values: &[ChainingValue]) {
        self.parts.transfers.swarm.vouch(content, values);
    }

    /// As [`Swarm::doubt`].
    pub fn doubt(&mut self, content: ContentId) {
        self.parts.transfers.swarm.doubt(content);
    }

    /// As [`Swarm::fetch`]; [`Output::WriteSegment`] brings what has come.
    ///
    /// # Errors
    /// As [`Swarm::fetch`].
    pub fn fetch(
        &mut self,
        now: Instant,
        content: ContentId,
        order: Order,
    ) -> Result<(), StartError> {
        self.parts.transfers.swarm.fetch(now, content, order)?;
        self.parts.drain_node(now);
        Ok(())
    }

    /// As [`Swarm::reorder`].
    pub fn reorder(&mut self, now: Instant, content: ContentId, order: Order) {
        self.parts.transfers.swarm.reorder(now, content, order);
        self.parts.drain_node(now);
    }

    /// Ends a transfer, as [`Swarm::stop`].
    pub fn stop_transfer(&mut self, now: Instant, content: ContentId) {
        self.parts.transfers.swarm.stop(content);
        self.parts.drain_node(now);
    }

    /// As [`Swarm::limit_rates`].
    pub const fn limit_rates(&mut self, up: Option<u64>, down: Option<u64>) {
        self.parts.transfers.swarm.limit_rates(up, down);
    }

    /// Adds a node that may have a content, whatever the ring knows.
    pub fn add_source(&mut self, now: Instant, content: ContentId, node: &Contact) {
        let me = self.parts.node.contact();
        self.parts
            .transfers
            .add_source(now, me, &self.parts.links, content, node);
        self.parts.drain_node(now);
    }
}
