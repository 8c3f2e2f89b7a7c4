//! The calls of a peer's owner: views, inputs and commands.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use blake3::hazmat::ChainingValue;
use bytes::Bytes;

use crate::base::contact::{Address, Contact};
use crate::base::content::ContentId;
use crate::base::id::Id;
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
use crate::peer::Peer;
use crate::peer::api::{DataError, Event, LinkView, Output, RelayView, TimerKind};
use crate::peer::dialing::Aim;
use crate::peer::finding::{Known, Plan};
use crate::peer::links::Channel;
use crate::peer::parts::{Context, Want};
use crate::peer::{dialing, links};
use crate::store::group::{Control, Entry};
use crate::store::message::StoredRecord;
use crate::store::record::{Label, Subject};
use crate::store::renewal::Renewal;
use crate::swarm::Swarm;
use crate::swarm::api::StartError;
use crate::swarm::bitfield::Bitfield;
use crate::swarm::manifest::Manifest;
use crate::swarm::picker::Order;

impl Peer {
    // To look at.

    /// The node.
    pub const fn node(&self) -> &Node {
        &self.node
    }

    /// Links and circuits that were closed or refused by this side, or lost: their number by reason.
    pub const fn drops(&self) -> &BTreeMap<CloseReason, u64> {
        self.links.drops()
    }

    /// Links and circuits that the other side has closed: their number by the reason that it gave; `None` for one that is not the protocol's.
    pub const fn goodbyes(&self) -> &BTreeMap<Option<CloseReason>, u64> {
        self.links.goodbyes()
    }

    /// The number of frames that were thrown away because the circuit that they travelled on had just been closed.
    pub const fn late_frames(&self) -> u64 {
        self.links.late_frames()
    }

    /// The number of bytes passed on for others.
    pub const fn relayed_bytes(&self) -> u64 {
        self.relaying.relayed_bytes()
    }

    /// The number of messages that were lost because too much waited for a link already.
    pub const fn lost_messages(&self) -> u64 {
        self.links.lost_messages()
    }

    /// The number of bytes that wait to be passed on over circuits, in all.
    pub fn queued_bytes(&self) -> usize {
        self.links.queued_bytes()
    }

    /// The numbers of circuits that it relays, and of nodes that have a lease.
    pub fn relayed(&self) -> (usize, usize) {
        self.relaying.relayed()
    }

    /// All links and circuits.
    pub fn links(&self) -> impl Iterator<Item = LinkView> {
        self.links.views()
    }

    /// Returns whether there is a link to a node.
    pub fn is_linked(&self, to: Id) -> bool {
        self.links.is_linked(to)
    }

    /// The number of bytes of data that wait to be sent to a node.
    pub fn waiting(&self, to: Id) -> usize {
        self.links.waiting(to)
    }

    /// The peers that pass on what is sent to this one.
    pub fn relays(&self) -> Vec<RelayView> {
        self.leasing.views(&self.links)
    }

    /// Returns the addresses at which this peer looks for a ring while it is in none, each with the id of the last node there if that is
    /// known; without those of linked peers.
    pub fn looked_for(&self) -> Vec<(Option<Id>, Address)> {
        self.finding.looked_for(&self.node, &self.links)
    }

    /// The contents that are shared and fetched.
    pub const fn swarm(&self) -> &Swarm {
        &self.transfers.swarm
    }

    // What it is told.

    /// Handles an incoming connection that is open as this link.
    pub fn handle_accepted(&mut self, now: Instant, link: LinkId) {
        self.open_socket(now, link, None, None);
    }

    /// The answer to [`Output::Dial`]: the connection is open as this link.
    pub fn handle_dialed(&mut self, now: Instant, link: LinkId, address: &Address) {
        let aim = self.dialing.ended(address).unwrap_or(Aim::Join);
        self.open_socket(now, link, Some(aim), Some(address));
    }

    /// The answer to [`Output::Dial`]: no connection could be made.
    pub fn handle_dial_failed(&mut self, now: Instant, address: &Address) {
        if let Some(aim) = self.dialing.ended(address) {
            self.carry_out(now, [Want::Dialing(dialing::Input::Missed(aim))]);
        }
        self.drain_node(now);
    }

    /// Handles one binary message that has come over a link.
    pub fn handle_frame(&mut self, now: Instant, link: LinkId, bytes: impl Into<Bytes>) {
        self.receive(now, link, &bytes.into());
    }

    /// Bytes of [`Output::Send`] frames have left over a link. Circuits and data wait for this, so that no more than a
    /// quarter of a mebibyte is ever on its way to a socket.
    pub fn handle_written(&mut self, now: Instant, link: LinkId, bytes: usize) {
        let waits = self.links.written(link, bytes, &mut self.outputs);
        self.carry_out(now, waits);
    }

    /// Handles a connection that is gone, without this side having closed it.
    pub fn handle_closed(&mut self, now: Instant, link: LinkId) {
        let socket = Channel::Socket(link);
        self.carry_out(
            now,
            [Want::Links(links::Input::End(
                socket,
                CloseReason::Gone,
                None,
            ))],
        );
        self.drain_node(now);
    }

    /// Handles the other side's goodbye: it has closed a connection, and said why by the code and text of a WebSocket's close
    /// frame.
    pub fn handle_goodbye(&mut self, now: Instant, link: LinkId, code: u16, text: &str) {
        let said = Goodbye::new(code, text);
        let reason = said.reason().unwrap_or(CloseReason::Gone);
        let socket = Channel::Socket(link);
        self.carry_out(
            now,
            [Want::Links(links::Input::End(socket, reason, Some(said)))],
        );
        self.drain_node(now);
    }

    /// The owner had to close a connection: its queue is full, or nothing came for too long.
    pub fn handle_broken(&mut self, now: Instant, link: LinkId, reason: CloseReason) {
        // What was handed over and could not be sent is missing for good: what was to follow it would be taken for forged.
        self.outputs
            .retain(|output| !matches!(output, Output::Send { link: of, .. } if *of == link));
        self.carry_out(
            now,
            [Want::Links(links::Input::Close(
                Channel::Socket(link),
                reason,
            ))],
        );
        self.drain_node(now);
    }

    /// An [`Output::StoreRecord`] was carried out, or could not be.
    pub fn handle_storage(&mut self, now: Instant, event: StorageEvent) {
        self.node.handle_storage(now, event);
        self.drain_node(now);
    }

    /// An [`Output::ReadSegment`] was carried out, or could not be.
    pub fn handle_segment_read(
        &mut self,
        now: Instant,
        content: ContentId,
        index: u32,
        bytes: Option<Vec<u8>>,
    ) {
        self.transfers.swarm.handle_read(now, content, index, bytes);
        self.drain_node(now);
    }

    /// An [`Output::WriteSegment`] was carried out, or could not be.
    pub fn handle_segment_written(
        &mut self,
        now: Instant,
        content: ContentId,
        index: u32,
        done: bool,
    ) {
        let swarm = &mut self.transfers.swarm;
        swarm.handle_written(now, content, index, done);
        self.drain_node(now);
    }

    /// Handles all that is due. Calling early does nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        let overdue = self.links.overdue(now);
        self.carry_out(now, overdue);
        let late = self.relaying.on_timeout(now);
        self.carry_out(now, late);
        if let Some(overdue) = self.leasing.overdue(now, &self.links) {
            self.carry_out(now, overdue);
            let context = Context::new(now, &mut self.node, &self.links);
            let wants = self.leasing.look(&context);
            self.carry_out(now, wants);
        }
        self.node.handle_timeout(now);
        self.transfers.swarm.handle_timeout(now);
        self.drain_node(now);
        self.take_steps(now);
    }

    /// Gives the next order to the owner, until `None`.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// The time to call [`Peer::handle_timeout`] next, and the reason. May change with every other call.
    pub fn poll_timeout(&self) -> Option<(Instant, TimerKind)> {
        let due = |at: Option<Instant>, kind| at.map(|at| (at, kind));
        let node = self.node.poll_timeout();
        let timers = [
            due(self.links.poll_timeout(), TimerKind::Handshake),
            due(self.relaying.poll_timeout(), TimerKind::Relay),
            due(self.leasing.poll_timeout(), TimerKind::Lease),
            due(self.finding.poll_timeout(), TimerKind::Join),
            node.map(|(at, kind)| (at, TimerKind::Node(kind))),
            due(self.transfers.swarm.poll_timeout(), TimerKind::Swarm),
        ];
        timers.into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    // The ring.

    /// Finds a ring by a plan, and another one whenever this peer has lost all neighbours. `known` are neighbours of an
    /// earlier run, as [`Event::Known`] told them.
    pub fn start(&mut self, now: Instant, plan: Plan, known: Vec<Known>) {
        let own = self.finding.start(now, self.node.contact(), plan, known);
        let own = own.into_iter().map(Event::OwnAddress).map(Output::Event);
        self.outputs.extend(own);
        self.take_steps(now);
    }

    /// Begins a ring of one.
    pub fn create(&mut self, now: Instant) {
        self.node.create(now);
        self.drain_node(now);
    }

    /// Joins the ring of the peer at an address, with one attempt. [`Joined`](crate::node::api::Event::Joined) or
    /// [`JoinFailed`](crate::node::api::Event::JoinFailed) follows. [`Peer::start`] keeps trying.
    ///
    /// # Errors
    /// [`JoinError::Already`] for a member.
    pub fn join(&mut self, now: Instant, address: Address) -> Result<(), JoinError> {
        if self.node.membership().is_member() {
            return Err(JoinError::Already);
        }
        let dial = dialing::Input::Dial(address, Aim::Join);
        self.carry_out(now, [Want::Dialing(dial)]);
        Ok(())
    }

    /// Leaves the ring for good: as [`Node::leave`]. [`Left`](crate::node::api::Event::Left) follows.
    pub fn leave(&mut self, now: Instant) {
        self.finding.end();
        self.node.leave(now);
        self.drain_node(now);
    }

    /// Leaves the ring for good if others take everything over: as [`Node::leave_if_taken_over`].
    pub fn leave_if_taken_over(&mut self, now: Instant) {
        self.finding.end();
        self.node.leave_if_taken_over(now);
        self.drain_node(now);
    }

    /// Stops for a while: as [`Node::stop`]. [`Left`](crate::node::api::Event::Left) follows.
    pub fn stop(&mut self, now: Instant) {
        self.finding.end();
        self.node.stop(now);
        self.drain_node(now);
    }

    /// Takes up a record kept from an earlier run.
    pub fn restore(&mut self, now: Instant, copy: &StoredRecord) {
        self.node.restore(now, copy);
    }

    /// As [`Node::restore_groups`].
    pub fn restore_groups(&mut self, now: Instant, control: Control, entries: &[Entry]) {
        self.node.restore_groups(now, control, entries);
    }

    // Links.

    /// Makes a link to a node. [`Event::LinkUp`] follows, unless it cannot be reached.
    pub fn reach(&mut self, now: Instant, contact: &Contact) {
        let reach = dialing::Input::Reach(contact.clone());
        self.carry_out(now, [Want::Dialing(reach)]);
        self.drain_node(now);
    }

    /// Sends bytes to a node that there is a link to. They arrive as [`Event::Data`], in order, unless the link breaks; messages overtake
    /// them.
    ///
    /// # Errors
    /// [`DataError`] says why nothing was sent.
    pub fn send_data(&mut self, _now: Instant, to: Id, body: &[u8]) -> Result<(), DataError> {
        self.links.send_data(to, body, &mut self.outputs)
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
        let begun = self.node.lookup(now, key, routing, mode);
        self.drain_node(now);
        begun
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
        let begun = self.node.put(now, label, value, level);
        self.drain_node(now);
        begun
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
        let begun = self.node.get(now, subject, level);
        self.drain_node(now);
        begun
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
        let begun = self.node.delete(now, label, level);
        self.drain_node(now);
        begun
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
        let begun = self
            .node
            .compare_and_set(now, label, expected, value, level);
        self.drain_node(now);
        begun
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
        let begun = self.node.put_immutable(now, value);
        self.drain_node(now);
        begun
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
        let begun = self
            .node
            .put_for(now, label, value, expected, level, keeping);
        self.drain_node(now);
        begun
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
        let begun = self.node.put_immutable_for(now, value, keeping);
        self.drain_node(now);
        begun
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
        let begun = self.node.repair_range(now, key, lost);
        self.drain_node(now);
        begun
    }

    /// As [`Node::restore_renewals`].
    pub fn restore_renewals(&mut self, now: Instant, kept: &[Renewal]) {
        self.node.restore_renewals(now, kept);
    }

    /// As [`Node::adopt`].
    ///
    /// # Errors
    /// As [`Node::adopt`].
    pub fn adopt(&mut self, now: Instant, lineage: u64) -> Result<(), AdoptError> {
        let begun = self.node.adopt(now, lineage);
        self.drain_node(now);
        begun
    }

    /// As [`Node::conflict_exported`].
    pub fn conflict_exported(&mut self, now: Instant, number: u64) {
        self.node.conflict_exported(now, number);
        self.drain_node(now);
    }

    /// As [`Node::abandon_adoption`].
    pub fn abandon_adoption(&mut self, now: Instant, error: StoreError) {
        self.node.abandon_adoption(now, error);
        self.drain_node(now);
    }

    /// As [`Node::announce`].
    ///
    /// # Errors
    /// As [`Node::announce`].
    pub fn announce(&mut self, now: Instant, content: ContentId) -> Result<(), StoreError> {
        let begun = self.node.announce(now, content);
        self.drain_node(now);
        begun
    }

    /// As [`Node::withdraw`].
    pub fn withdraw(&mut self, now: Instant, content: ContentId) {
        self.node.withdraw(now, content);
        self.drain_node(now);
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
        let begun = self.node.providers(now, content);
        self.drain_node(now);
        begun
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
        self.transfers.swarm.share(now, manifest, have)?;
        self.drain_node(now);
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
        self.transfers.swarm.share_part(now, manifest, have)?;
        self.drain_node(now);
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
        let swarm = &mut self.transfers.swarm;
        swarm.fetch_part(now, content, folder, order)?;
        self.drain_node(now);
        Ok(())
    }

    /// As [`Swarm::look_in`].
    pub fn look_in(&mut self, now: Instant, content: ContentId, folder: ContentId) {
        self.transfers.swarm.look_in(now, content, folder);
        self.drain_node(now);
    }

    /// As [`Swarm::stand_alone`].
    ///
    /// # Errors
    /// As [`Swarm::stand_alone`].
    pub fn stand_alone(&mut self, now: Instant, content: ContentId) -> Result<(), StartError> {
        self.transfers.swarm.stand_alone(now, content)?;
        self.drain_node(now);
        Ok(())
    }

    /// As [`Swarm::pass_out`].
    ///
    /// # Errors
    /// As [`Swarm::pass_out`].
    pub fn pass_out(&mut self, now: Instant, bytes: usize) -> Result<(), Instant> {
        self.transfers.swarm.pass_out(now, bytes)
    }

    /// As [`Swarm::vouch`].
    pub fn vouch(&mut self, content: ContentId, values: &[ChainingValue]) {
        self.transfers.swarm.vouch(content, values);
    }

    /// As [`Swarm::doubt`].
    pub fn doubt(&mut self, content: ContentId) {
        self.transfers.swarm.doubt(content);
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
        self.transfers.swarm.fetch(now, content, order)?;
        self.drain_node(now);
        Ok(())
    }

    /// As [`Swarm::reorder`].
    pub fn reorder(&mut self, now: Instant, content: ContentId, order: Order) {
        self.transfers.swarm.reorder(now, content, order);
        self.drain_node(now);
    }

    /// Ends a transfer, as [`Swarm::stop`].
    pub fn stop_transfer(&mut self, now: Instant, content: ContentId) {
        self.transfers.swarm.stop(content);
        self.drain_node(now);
    }

    /// As [`Swarm::limit_rates`].
    pub const fn limit_rates(&mut self, up: Option<u64>, down: Option<u64>) {
        self.transfers.swarm.limit_rates(up, down);
    }

    /// Adds a node that may have a content, whatever the ring knows.
    pub fn add_source(&mut self, now: Instant, content: ContentId, node: &Contact) {
        let me = self.node.contact();
        self.transfers
            .add_source(now, me, &self.links, content, node);
        self.drain_node(now);
    }
}
