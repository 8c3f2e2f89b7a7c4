//! What a peer's owner asks of its node.

use alloc::vec::Vec;

use crate::base::content::ContentId;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::chord::route::{Mode, Routing};
use crate::node::api::{Level, LookupError, LookupId, OperationId, StoreError};
use crate::peer::Peer;
use crate::store::record::{Label, Subject};

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
