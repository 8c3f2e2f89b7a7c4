//! Commands to a member, and waiting for their outcomes.

use alloc::vec::Vec;
use core::time::Duration;

use crate::worlds::peers::Peers;
use chordscope_core::base::contact::Contact;
use chordscope_core::base::content::ContentId;
use chordscope_core::base::time::Instant;
use chordscope_core::node::api::{Event as NodeEvent, Level, OperationId, StoreError, Written};
use chordscope_core::peer::Peer;
use chordscope_core::peer::api::Event;
use chordscope_core::store::record::{Label, Record, Subject};

/// The longest time for a put or get, its lookup and retries included.
const TIMEOUT: Duration = Duration::from_secs(30);

impl Peers {
    /// Puts a value at a member, at level `one`, and waits for the outcome.
    ///
    /// # Errors
    /// As the put.
    pub fn put(
        &mut self,
        member: usize,
        label: impl Into<Label>,
        value: &[u8],
    ) -> Result<Written, StoreError> {
        self.write(member, |peer, now| {
            peer.put(now, label, value.to_vec(), Level::One)
        })
    }

    /// Begins a put, a delete or the like at a member, and waits for the outcome.
    ///
    /// # Errors
    /// As what was begun.
    pub fn write(
        &mut self,
        member: usize,
        begin: impl FnOnce(&mut Peer, Instant) -> Result<OperationId, StoreError>,
    ) -> Result<Written, StoreError> {
        let id = self.with(member, begin).ok_or(StoreError::NotMember)??;
        self.outcome(member, |event| match event {
            NodeEvent::PutEnded(ended, outcome) if *ended == id => Some(outcome.clone()),
            _ => None,
        })
    }

    /// Finds the providers of a content from a member, and waits for the outcome.
    ///
    /// # Errors
    /// As the question.
    pub fn providers(
        &mut self,
        member: usize,
        content: ContentId,
    ) -> Result<Vec<Contact>, StoreError> {
        let begun = self.with(member, |peer, now| peer.providers(now, content));
        let id = begun.ok_or(StoreError::NotMember)??;
        self.outcome(member, |event| match event {
            NodeEvent::ProvidersFound(ended, outcome) if *ended == id => Some(outcome.clone()),
            _ => None,
        })
    }

    /// Gets a value at a member, at level `one`, and waits for the outcome.
    ///
    /// # Errors
    /// As the get.
    pub fn get(
        &mut self,
        member: usize,
        subject: impl Into<Subject>,
    ) -> Result<Option<Record>, StoreError> {
        self.read(member, |peer, now| peer.get(now, subject, Level::One))
    }

    /// Begins a get at a member, and waits for the outcome.
    ///
    /// # Errors
    /// As what was begun.
    pub fn read(
        &mut self,
        member: usize,
        begin: impl FnOnce(&mut Peer, Instant) -> Result<OperationId, StoreError>,
    ) -> Result<Option<Record>, StoreError> {
        let id = self.with(member, begin).ok_or(StoreError::NotMember)??;
        self.outcome(member, |event| match event {
            NodeEvent::GetEnded(ended, outcome) if *ended == id => Some(outcome.clone()),
            _ => None,
        })
    }

    fn outcome<T>(
        &mut self,
        member: usize,
        wanted: impl Fn(&NodeEvent) -> Option<Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let find = |peers: &Self| {
            let own = peers.events.iter().filter(|(at, _)| *at == member);
            own.rev().find_map(|(_, event)| match event {
                Event::Node(event) => wanted(event),
                _ => None,
            })
        };
        self.run_until(TIMEOUT, |peers| find(peers).is_some());
        find(self).unwrap_or(Err(StoreError::Unavailable))
    }
}
