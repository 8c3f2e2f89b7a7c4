//! The records that this node holds, and those on their way to the disk: a record is acknowledged only once it is written.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::node::api::{Event, Limit, Output};
use crate::node::services::Services;
use crate::store::message::StoredRecord;
use crate::store::record::{Record, RecordError};
use crate::store::replica::{Accepted, Replica};

/// The records of level `one`, and which of them the disk has.
#[derive(Clone, Debug)]
pub(super) struct Storing {
    pub(super) replica: Replica,
    /// The records on their way to the disk, by token, and so in the order in which they were handed over.
    pending: BTreeMap<u64, Pending>,
    /// Held, but the disk did not take them.
    unsaved: BTreeSet<Id>,
    waiting: usize,
}

#[derive(Clone, Debug)]
struct Pending {
    key: Id,
    waiting: Vec<Waiting>,
}

/// The part that waits for a record to be stored at this node.
#[derive(Clone, Debug)]
pub(super) enum Waiting {
    /// A peer that asked for it.
    Peer(Contact, u64),
    /// An operation of this node.
    Operation(u64),
    /// A walk of this node, which has fetched so many bytes.
    Walk { node: Id, walk: u64, bytes: usize },
    /// No part waits.
    Nobody,
}

impl Waiting {
    /// The node that the record came from.
    pub(super) const fn from(&self) -> Option<Id> {
        match self {
            Self::Peer(from, _) => Some(from.id()),
            Self::Walk { node, .. } => Some(*node),
            Self::Operation(_) | Self::Nobody => None,
        }
    }
}

impl Storing {
    pub(super) const fn new(replica: Replica) -> Self {
        Self {
            replica,
            pending: BTreeMap::new(),
            unsaved: BTreeSet::new(),
            waiting: 0,
        }
    }

    /// Takes a replica in. One that is new is to be saved then ([`Storing::save`]); one that is known may be on its way
    /// ([`Storing::wait`]).
    ///
    /// # Errors
    /// [`RecordError`] where it is refused.
    pub(super) fn accept(
        &mut self,
        services: &mut Services,
        now: Instant,
        (key, copy): (Id, &StoredRecord),
    ) -> Result<Accepted, RecordError> {
        if self.waiting >= services.config.limits.storing {
            services.event(Event::LimitReached(Limit::Storing));
            return Err(RecordError::Full);
        }
        let held = self.replica.get(key).and_then(|held| held.record.item());
        // Two writers who did not know of each other, be it through the same node.
        let conflict = held
            .zip(copy.record.item())
            .is_some_and(|(held, item)| held.sequence == item.sequence && held != item);
        let accepted = self.replica.accept(now, copy)?;
        if conflict {
            services.event(Event::Conflict(key));
        }
        if accepted == Accepted::New {
            services.event(Event::RecordKept(key));
        }
        Ok(accepted)
    }

    /// Hands a replica that was taken in to the disk.
    pub(super) fn save(
        &mut self,
        services: &mut Services,
        now: Instant,
        (key, copy): (Id, StoredRecord),
        waiting: Waiting,
    ) {
        // Providers come one by one and are kept together.
        let whole = match copy.record {
            Record::Providers(_) => self.replica.copy(now, key),
            Record::Immutable(_) | Record::Item(_) => None,
        };
        self.store(services, key, whole.unwrap_or(copy), waiting);
    }

    /// Waits for the disk to have a record that is held already. Gives back who waits when it has it.
    pub(super) fn wait(
        &mut self,
        services: &mut Services,
        now: Instant,
        key: Id,
        waiting: Waiting,
    ) -> Option<Waiting> {
        let mut latest = self.pending.values_mut().rev();
        if let Some(pending) = latest.find(|pending| pending.key == key) {
            pending.waiting.push(waiting);
            self.waiting += 1;
            return None;
        }
        let unsaved = self.unsaved.contains(&key);
        match self.replica.copy(now, key).filter(|_| unsaved) {
            Some(copy) => {
                self.store(services, key, copy, waiting);
                None
            }
            None => Some(waiting),
        }
    }

    fn store(&mut self, services: &mut Services, key: Id, copy: StoredRecord, waiting: Waiting) {
        let token = services.number();
        let (waiting, copy) = (vec![waiting], Box::new(copy));
        self.pending.insert(token, Pending { key, waiting });
        self.waiting += 1;
        let outputs = &mut services.outbox.outputs;
        outputs.push_back(Output::StoreRecord { token, key, copy });
    }

    /// Takes the disk's answer; returns the parts that waited for it.
    pub(super) fn on_stored(&mut self, token: u64, stored: bool) -> Vec<Waiting> {
        let Some(Pending { key, waiting }) = self.pending.remove(&token) else {
            return Vec::new();
        };
        self.waiting -= waiting.len();
        match stored {
            true => self.unsaved.remove(&key),
            false => self.unsaved.insert(key),
        };
        waiting
    }

    /// Drops a record, and has the disk drop it.
    pub(super) fn drop(&mut self, services: &mut Services, key: Id) {
        if self.replica.remove(key).is_some() {
            self.unsaved.remove(&key);
            services.event(Event::RecordDropped(key));
            services.outbox.outputs.push_back(Output::DropRecord(key));
        }
    }
}
