//! What a peer's owner asks of its node.

use alloc::vec::Vec;

use crate::base::content::ContentId;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::chord::route::{Mode, Routing};
use crate::node::adopting::AdoptError;
use crate::node::api::{Level, LookupError, LookupId, OperationId, StoreError};
use crate::node::renewal::Keeping;
use crate::peer::Peer;
use crate::store::record::{Label, Subject};
use crate::store::renewal::Renewal;

impl Peer {
    /// As [`Node::lookup`](crate::node::Node::lookup).
    ///
    /// # Errors
    /// As [`Node::lookup`](crate::node::Node::lookup).
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

    /// As [`Node::put`](crate::node::Node::put).
    ///
    /// # Errors
    /// As [`Node::put`](crate::node::Node::put).
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

    /// As [`Node::get`](crate::node::Node::get).
    ///
    /// # Errors
    /// As [`Node::get`](crate::node::Node::get).
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

    /// As [`Node::delete`](crate::node::Node::delete).
    ///
    /// # Errors
    /// As [`Node::delete`](crate::node::Node::delete).
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

    /// As [`Node::compare_and_set`](crate::node::Node::compare_and_set).
    ///
    /// # Errors
    /// As [`Node::compare_and_set`](crate::node::Node::compare_and_set).
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

    /// As [`Node::put_immutable`](crate::node::Node::put_immutable).
    ///
    /// # Errors
    /// As [`Node::put_immutable`](crate::node::Node::put_immutable).
    pub fn put_immutable(
        &mut self,
        now: Instant,
        value: Vec<u8>,
    ) -> Result<OperationId, StoreError> {
        let begun = self.node.put_immutable(now, value);
        self.drain_node(now);
        begun
    }

    /// As [`Node::put_for`](crate::node::Node::put_for).
    ///
    /// # Errors
    /// As [`Node::put_for`](crate::node::Node::put_for).
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

    /// As [`Node::put_immutable_for`](crate::node::Node::put_immutable_for).
    ///
    /// # Errors
    /// As [`Node::put_immutable_for`](crate::node::Node::put_immutable_for).
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

    /// As [`Node::repair_range`](crate::node::Node::repair_range).
    ///
    /// # Errors
    /// As [`Node::repair_range`](crate::node::Node::repair_range).
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

    /// As [`Node::restore_renewals`](crate::node::Node::restore_renewals).
    pub fn restore_renewals(&mut self, now: Instant, kept: &[Renewal]) {
        self.node.restore_renewals(now, kept);
    }

    /// As [`Node::adopt`](crate::node::Node::adopt).
    ///
    /// # Errors
    /// As [`Node::adopt`](crate::node::Node::adopt).
    pub fn adopt(&mut self, now: Instant, lineage: u64) -> Result<(), AdoptError> {
        let begun = self.node.adopt(now, lineage);
        self.drain_node(now);
        begun
    }

    /// As [`Node::conflict_exported`](crate::node::Node::conflict_exported).
    pub fn conflict_exported(&mut self, now: Instant, number: u64) {
        self.node.conflict_exported(now, number);
        self.drain_node(now);
    }

    /// As [`Node::abandon_adoption`](crate::node::Node::abandon_adoption).
    pub fn abandon_adoption(&mut self, now: Instant, error: StoreError) {
        self.node.abandon_adoption(now, error);
        self.drain_node(now);
    }

    /// As [`Node::announce`](crate::node::Node::announce).
    ///
    /// # Errors
    /// As [`Node::announce`](crate::node::Node::announce).
    pub fn announce(&mut self, now: Instant, content: ContentId) -> Result<(), StoreError> {
        let begun = self.node.announce(now, content);
        self.drain_node(now);
        begun
    }

    /// As [`Node::withdraw`](crate::node::Node::withdraw).
    pub fn withdraw(&mut self, now: Instant, content: ContentId) {
        self.node.withdraw(now, content);
        self.drain_node(now);
    }

    /// As [`Node::providers`](crate::node::Node::providers).
    ///
    /// # Errors
    /// As [`Node::providers`](crate::node::Node::providers).
    pub fn providers(
        &mut self,
        now: Instant,
        content: ContentId,
    ) -> Result<OperationId, StoreError> {
        let begun = self.node.providers(now, content);
        self.drain_node(now);
        begun
    }
}
