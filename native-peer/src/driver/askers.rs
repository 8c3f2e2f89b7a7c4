//! Users who wait for the outcome of an operation or a lookup.

use std::collections::HashMap;
use std::hash::Hash;

use chordscope_core::node::api::{
    Event, LookupError, LookupId, OperationId, Report, StoreError, Written,
};
use chordscope_core::store::group::fence::Fence;
use chordscope_core::store::group::repair::RepairError;
use chordscope_core::store::record::Record;

use super::handle::{Held, Reply};

/// The users who wait, by what they wait for.
#[derive(Default)]
pub(super) struct Askers {
    pub(super) puts: Waiting<OperationId, Held<Written>, StoreError>,
    pub(super) gets: Waiting<OperationId, Held<Option<Record>>, StoreError>,
    pub(super) lookups: Waiting<LookupId, Report, LookupError>,
    pub(super) repairs: Waiting<OperationId, Result<Fence, RepairError>, StoreError>,
    /// The operation that ends next, and the seconds for which its record is held.
    lifetime: Option<(OperationId, u32)>,
}

impl Askers {
    /// Answers those who wait for what has ended; gives events of other kinds back.
    pub(super) fn hear(&mut self, event: Event) -> Option<Event> {
        match event {
            Event::Lifetime(id, seconds) => self.lifetime = Some((id, seconds)),
            Event::PutEnded(id, outcome) => {
                let held = self.held(id);
                self.puts.end(id, outcome.map(|put| (put, held)));
            }
            Event::GetEnded(id, outcome) => {
                let held = self.held(id);
                self.gets.end(id, outcome.map(|got| (got, held)));
            }
            Event::LookupEnded(id, outcome) => self.lookups.end(id, outcome),
            Event::RangeRepaired(id, outcome) => self.repairs.end(id, Ok(outcome)),
            other => return Some(other),
        }
        None
    }

    /// Takes the number of seconds for which the record of an operation is held, if that was told.
    fn held(&mut self, operation: OperationId) -> Option<u32> {
        let told = self.lifetime.take_if(|(told, _)| *told == operation);
        told.map(|(_, seconds)| seconds)
    }
}

/// The users who wait for outcomes of one kind.
pub(super) struct Waiting<K, T, E>(HashMap<K, Reply<T, E>>);

impl<K, T, E> Default for Waiting<K, T, E> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq, T, E> Waiting<K, T, E> {
    /// Remembers who waits for an outcome, or answers at once what cannot begin.
    pub(super) fn enlist(&mut self, begun: Result<K, E>, reply: Reply<T, E>) {
        match begun {
            Ok(id) => {
                self.0.insert(id, reply);
            }
            Err(error) => answer(reply, Err(error)),
        }
    }

    fn end(&mut self, id: K, outcome: Result<T, E>) {
        if let Some(reply) = self.0.remove(&id) {
            answer(reply, outcome);
        }
    }
}

/// Answers a request; the requester may have gone meanwhile.
pub(super) fn answer<T, E>(reply: Reply<T, E>, outcome: Result<T, E>) {
    let _ = reply.send(outcome);
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn the_lifetime_that_was_told_is_that_of_its_operation_alone() {
        let mut askers = Askers::default();
        let [(one, mut first), (two, mut second)] = [1, 2].map(|number| {
            let (reply, answer) = oneshot::channel();
            let id = OperationId(number);
            askers.gets.enlist(Ok(id), reply);
            (id, answer)
        });
        assert!(askers.hear(Event::Lifetime(two, 9)).is_none());
        assert!(askers.hear(Event::GetEnded(one, Ok(None))).is_none());
        assert!(askers.hear(Event::GetEnded(two, Ok(None))).is_none());
        assert_eq!(first.try_recv(), Ok(Ok((None, None))));
        assert_eq!(second.try_recv(), Ok(Ok((None, Some(9)))));
        assert_eq!(askers.hear(Event::Left), Some(Event::Left));
    }

    #[test]
    fn what_cannot_begin_is_answered_at_once() {
        let mut askers = Askers::default();
        let (reply, mut answer) = oneshot::channel();
        askers.gets.enlist(Err(StoreError::NotMember), reply);
        assert_eq!(answer.try_recv(), Ok(Err(StoreError::NotMember)));
    }
}
