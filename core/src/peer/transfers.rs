//! Files over links: what the swarm wants is carried out here.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use blake3::hazmat::ChainingValue;

use crate::base::contact::Contact;
use crate::base::content::ContentId;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::link::session::Plain;
use crate::message::Message;
use crate::node::api::OperationId;
use crate::peer::Peer;
use crate::peer::api::{Event, Output};
use crate::peer::channel::Channel;
use crate::swarm::Swarm;
use crate::swarm::api::{Output as SwarmOutput, StartError};
use crate::swarm::bitfield::Bitfield;
use crate::swarm::manifest::Manifest;
use crate::swarm::message::Block;
use crate::swarm::picker::Order;
use crate::wire::block::encode_block;

/// How many nodes are remembered that may have something; those without a link go first.
const MAX_CONTACTS: usize = 4_096;

/// What joins the swarm to the links and to the ring.
#[derive(Clone, Debug)]
pub(super) struct Transfers {
    pub(super) swarm: Swarm,
    /// Where the nodes are that may have something.
    contacts: BTreeMap<Id, Contact>,
    /// Who has a content is being asked of the ring.
    finding: BTreeMap<OperationId, Wanted>,
}

/// A content that is wanted, and the content whose providers may have it.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    content: ContentId,
    at: ContentId,
}

impl Transfers {
    pub(super) const fn new(swarm: Swarm) -> Self {
        Self {
            swarm,
            contacts: BTreeMap::new(),
            finding: BTreeMap::new(),
        }
    }
}

impl Peer {
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

    /// What is shared and fetched.
    pub const fn swarm(&self) -> &Swarm {
        &self.transfers.swarm
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
        self.transfers
            .swarm
            .handle_written(now, content, index, done);
        self.drain_node(now);
    }

    /// Somebody may have a content, whatever the ring knows.
    pub fn add_source(&mut self, now: Instant, content: ContentId, node: &Contact) {
        self.note_source(now, content, node);
        self.drain_node(now);
    }

    fn note_source(&mut self, now: Instant, content: ContentId, node: &Contact) {
        // Positions of one peer share what it shares.
        let is_own = node.card().key == self.node.contact().card().key;
        if is_own {
            return;
        }
        if self.transfers.contacts.len() >= MAX_CONTACTS {
            let routes = &self.routes;
            self.transfers
                .contacts
                .retain(|id, _| routes.contains_key(id));
        }
        self.transfers.contacts.insert(node.id(), node.clone());
        self.transfers.swarm.add_source(now, content, node.id());
    }

    /// The ring has said who has a content; `false` when nobody had asked for a transfer.
    pub(super) fn on_providers(
        &mut self,
        now: Instant,
        operation: OperationId,
        found: &[Contact],
    ) -> bool {
        let Some(wanted) = self.transfers.finding.remove(&operation) else {
            return false;
        };
        for node in found {
            self.note_source(now, wanted.content, node);
            if wanted.at != wanted.content {
                // The next file of the folder is asked for there at once.
                self.note_source(now, wanted.at, node);
            }
        }
        true
    }

    /// Carries out what the swarm wants, until it wants nothing more.
    pub(super) fn drain_swarm(&mut self, now: Instant) {
        let mut fed = BTreeSet::new();
        loop {
            while let Some(output) = self.transfers.swarm.poll_output() {
                match output {
                    SwarmOutput::Send(to, message) => {
                        self.send_to_source(now, to, &Message::Swarm(message));
                    }
                    SwarmOutput::SendBlock(to, block) => {
                        self.send_block(to, &block);
                        fed.insert(to);
                    }
                    SwarmOutput::Read(content, index) => {
                        self.outputs
                            .push_back(Output::ReadSegment { content, index });
                    }
                    SwarmOutput::Write(content, index, pieces) => {
                        let output = Output::WriteSegment {
                            content,
                            index,
                            pieces,
                        };
                        self.outputs.push_back(output);
                    }
                    SwarmOutput::Find { content, at } => {
                        // Whoever is in no ring finds nobody, and tries again.
                        if let Ok(operation) = self.node.providers(now, at) {
                            let wanted = Wanted { content, at };
                            self.transfers.finding.insert(operation, wanted);
                        }
                    }
                    SwarmOutput::Announce(content, true) => {
                        // At the limit the node says so by an event.
                        let _ = self.node.announce(now, content);
                    }
                    SwarmOutput::Announce(content, false) => self.node.withdraw(now, content),
                    SwarmOutput::Event(event) => {
                        self.outputs.push_back(Output::Event(Event::Swarm(event)));
                    }
                }
            }
            let Some(to) = fed.pop_first() else {
                return;
            };
            self.feed_swarm(now, to);
        }
    }

    fn send_to_source(&mut self, now: Instant, to: Id, message: &Message) {
        let known = self.transfers.contacts.get(&to).cloned();
        let linked = self
            .routes
            .get(&to)
            .and_then(|channel| self.links.get(channel));
        match linked.and_then(|link| link.contact().cloned()).or(known) {
            Some(contact) => self.send(now, &contact, message),
            None => self.transfers.swarm.handle_gone(now, to),
        }
    }

    fn send_block(&mut self, to: Id, block: &Block) {
        if let Some(channel) = self.routes.get(&to).copied() {
            let frame = Plain::of_block(encode_block(block), block.value);
            self.queue_data(channel, frame);
        }
    }

    /// Tells the swarm how much waits for a node.
    fn feed_swarm(&mut self, now: Instant, to: Id) {
        let waiting = self.waiting(to);
        self.transfers.swarm.handle_waiting(now, to, waiting);
    }

    /// A channel has sent something: there may be room for blocks.
    pub(super) fn feed_swarm_over(&mut self, now: Instant, channel: Channel) {
        let contact = self.links.get(&channel).and_then(|link| link.contact());
        if let Some(id) = contact.map(Contact::id) {
            self.feed_swarm(now, id);
            self.drain_node(now);
        }
    }
}
