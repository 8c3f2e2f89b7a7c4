//! What happens at the peer.

use std::time::Duration;

use chordscope_core::node::api::{
    Event as NodeEvent, LookupError, OperationId, Report as Found, StoreError, Written,
};
use chordscope_core::peer::api::Event;
use chordscope_core::store::record::Record;

use super::Driver;
use crate::live::tab::{notice, view};
use crate::live::talk::{Answer, Cause, Connection, Refusal, Report};

/// How long a peer that is there may look for a place for this tab before the user is told, who may leave at any time.
const TIMEOUT: Duration = Duration::from_secs(30);

impl Driver {
    pub(super) fn on_event(&mut self, event: Event) {
        // What ends then was ended by this tab.
        let leaves = matches!(self.connection, Connection::Outside | Connection::Leaving);
        if let Some(text) = notice::text(self.peer.node(), &event, leaves) {
            self.port.post(&Report::Happened(text));
        }
        match event {
            Event::LinkUp { .. } => {
                if let Connection::Connecting(address) = &self.connection {
                    self.connection = Connection::Joining(address.clone());
                }
            }
            Event::Node(event) => self.on_node_event(event),
            Event::Swarm(event) => self.on_swarm_event(event),
            // The state tells of relays and links.
            Event::LinkDown { .. }
            | Event::Relays
            | Event::Known(_)
            | Event::OwnAddress(_)
            | Event::Data { .. }
            | Event::Room(_) => {}
        }
    }

    fn on_node_event(&mut self, event: NodeEvent) {
        match event {
            NodeEvent::Lifetime(id, seconds) => self.lifetime = Some((id, seconds)),
            NodeEvent::PutEnded(id, outcome) => self.answer_put(id, outcome),
            NodeEvent::GetEnded(id, outcome) => self.answer_get(id, outcome),
            NodeEvent::LookupEnded(id, outcome) => {
                if let Some(number) = self.lookups.remove(&id) {
                    self.answer_lookup(number, outcome);
                }
            }
            NodeEvent::Joined => self.joined(),
            NodeEvent::JoinFailed => self.not_joined(),
            NodeEvent::Alone => self.connection = Connection::Alone,
            NodeEvent::Left => self.left(),
            // Somebody has found this ring of one.
            NodeEvent::Successors(list)
                if self.connection == Connection::Alone && !list.is_empty() =>
            {
                self.joined();
            }
            _ => {}
        }
    }

    fn joined(&mut self) {
        self.connection = match self.connection {
            // The user has changed their mind meanwhile.
            Connection::Outside | Connection::Leaving | Connection::Refused(_) => {
                self.peer.leave(self.clock.now());
                Connection::Leaving
            }
            _ => view::joined(&self.peer),
        };
    }

    fn left(&mut self) {
        match self.connection {
            Connection::Leaving => self.connection = Connection::Outside,
            Connection::Outside | Connection::Refused(_) => {}
            // A ring of one is left for the one that is back.
            _ => {
                self.connection = Connection::Alone;
                return;
            }
        }
        self.hang_up();
    }

    /// A first attempt that fails is told and not repeated: most likely the address or the peer’s options are wrong. A
    /// tab that was a member keeps trying, and so does one for a while whose peer is there: its ring may be mending itself.
    fn not_joined(&mut self) {
        let (Connection::Connecting(address) | Connection::Joining(address)) = &self.connection
        else {
            return;
        };
        let waited = self.clock.now().since(self.named_at);
        if self.last_end.is_none() && waited < TIMEOUT {
            return;
        }
        let address = address.clone();
        let cause = self.last_end.take().unwrap_or(Cause::NoPlace);
        self.connection = Connection::Refused(Refusal { address, cause });
        self.peer.leave(self.clock.now());
    }

    /// How many seconds the record of an operation is held, if that was told.
    fn held(&mut self, operation: OperationId) -> Option<u32> {
        let told = self.lifetime.take_if(|(told, _)| *told == operation);
        told.map(|(_, seconds)| seconds)
    }

    fn answer_put(&mut self, id: OperationId, outcome: Result<Written, StoreError>) {
        let Some(number) = self.operations.remove(&id) else {
            return;
        };
        let held = self.held(id);
        match outcome {
            Ok(written) => self.port.answer(
                number,
                Answer::Written {
                    key: written.key,
                    copies: written.copies,
                    sequence: view::sequence(written.sequence),
                    held,
                },
            ),
            // A tab deletes, and puts under no condition.
            Err(StoreError::Mismatch(0)) => self.port.answer(number, Answer::NoSuchName),
            Err(error) => self.fail(number, error.to_string()),
        }
    }

    fn answer_get(&mut self, id: OperationId, outcome: Result<Option<Record>, StoreError>) {
        let Some(number) = self.operations.remove(&id) else {
            return;
        };
        let held = self.held(id);
        let found = match outcome {
            Ok(record) => record.and_then(|record| {
                let sequence = view::sequence(record.sequence());
                let value = record.into_value()?;
                Some(Answer::Found {
                    value,
                    sequence,
                    held,
                })
            }),
            Err(error) => return self.fail(number, error.to_string()),
        };
        self.port
            .answer(number, found.unwrap_or(Answer::NoSuchName));
    }

    fn answer_lookup(&self, number: u32, outcome: Result<Found, LookupError>) {
        match outcome {
            Ok(found) => {
                let path = view::path(&self.peer, &found);
                self.port.answer(number, Answer::Path(path));
            }
            Err(error) => self.fail(number, error.to_string()),
        }
    }
}
