//! Delivery of messages from node to node.

use alloc::boxed::Box;

use crate::worlds::ring::population::Slot;
use crate::worlds::ring::trace::What;
use crate::worlds::ring::watch::Cause;
use crate::worlds::ring::{Arrival, Coming, RingWorld};
use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_core::message::Message;
use chordscope_core::node::api::{Output, StorageEvent};

impl RingWorld {
    pub(super) fn push(&mut self, at: Instant, coming: Coming) {
        self.queue.push(at, coming);
    }

    pub(super) fn happen(&mut self, coming: Coming) {
        match coming {
            Coming::Arrival(arrival) => self.take_in(arrival),
            Coming::JoinAgain(id) => self.join_again(id),
            Coming::Closed { node, other } => self.on_closed(node, other),
        }
    }

    /// Calls a node when it wanted to be.
    pub(super) fn wake(&mut self, at: Instant, slot: Slot) {
        if let Some(node) = self.population.at_mut(slot) {
            node.swap_outputs(&mut self.outputs);
            node.handle_timeout(at);
            self.drain(slot, None);
        }
    }

    /// Hands a message to its receiver, if that is up and within reach.
    pub(super) fn arrive(&mut self, arrival: Arrival) {
        let (from, to) = (arrival.from.id(), arrival.to);
        let asked = match arrival.message {
            Message::Request(..) => arrival.lookup.as_deref().copied(),
            _ => None,
        };
        let cut = self.cut_off.contains(&to) != self.cut_off.contains(&from);
        let slot = self.population.slot(to).filter(|_| !cut);
        let Some(slot) = slot else {
            if let Some(lookup) = asked {
                self.note_timeout(lookup);
            }
            return self.lose(None, &arrival);
        };
        self.note_arrival(&arrival);
        self.record(None, || What::Delivered(arrival.parcel()));
        let cause = (
            arrival.number,
            (arrival.traffic, arrival.lookup.as_deref().copied()),
        );
        if let Some(node) = self.population.at_mut(slot) {
            node.swap_outputs(&mut self.outputs);
            node.handle_message(self.now, arrival.from, arrival.message);
        }
        self.drain(slot, Some(cause));
    }

    /// As [`RingWorld::drain`], for a node that may have gone.
    pub(super) fn drain_node(&mut self, id: Id, cause: Option<Cause>) {
        if let Some(slot) = self.population.slot(id) {
            self.drain(slot, cause);
        }
    }

    /// Carries out what a node wants, until it wants nothing more.
    pub(super) fn drain(&mut self, slot: Slot, cause: Option<Cause>) {
        while let Some(node) = self.population.at_mut(slot) {
            node.swap_outputs(&mut self.outputs);
            if self.outputs.is_empty() {
                // Both lists are empty. The one with room stays here, or each node would come to have one.
                if self.outputs.capacity() == 0 {
                    node.swap_outputs(&mut self.outputs);
                }
                self.reschedule(slot);
                break;
            }
            let sender = node.contact().clone();
            while let Some(output) = self.outputs.pop_front() {
                match output {
                    Output::Send { to, message } => self.post(&sender, &to, message, cause),
                    Output::StoreRecord { token, .. } | Output::StoreGroups { token, .. } => {
                        if let Some(node) = self.population.at_mut(slot) {
                            let stored = StorageEvent::Stored(token);
                            node.handle_storage(self.now, stored);
                        }
                    }
                    Output::DropRecord(_) | Output::DropEntries(_) | Output::SetAside(_) => {}
                    Output::Event(event) => self.on_event(sender.id(), *event, cause),
                }
            }
        }
    }

    fn reschedule(&mut self, slot: Slot) {
        let Some(node) = self.population.at(slot) else {
            return;
        };
        let due = node.poll_timeout().map(|(at, _)| at);
        let due = due.filter(|_| !self.faults.is_paused(node.id()));
        self.population.set_alarm(slot, due);
    }

    pub(super) fn post(
        &mut self,
        from: &Contact,
        to: &Contact,
        mut message: Message,
        cause: Option<Cause>,
    ) {
        self.next_parcel += 1;
        let (traffic, lookup) = self.classify((from.id(), to.id()), &message, cause);
        let elsewhere = self.mislead(from.id(), &mut message);
        let to = elsewhere.as_ref().unwrap_or(to);
        let bytes = self.scenario.weight(&message);
        let departure = self.departure(from.id(), bytes);
        let latency = self
            .scenario
            .latency
            .draw(from.id(), to.id(), &mut self.rng)
            + self.extra_delay(from.id(), to.id());
        let mut arrival = Arrival {
            number: self.next_parcel,
            from: from.clone(),
            to: to.id(),
            sent: self.now,
            arrives: departure.unwrap_or(self.now) + latency,
            lookup: lookup.map(Box::new),
            traffic,
            message,
            bytes,
            received: false,
            corrupted: false,
        };
        self.sent.count(traffic);
        self.weigh(traffic, &arrival.message);
        let cause = cause.map(|(number, _)| number);
        self.note_posted(&arrival, cause);
        self.record(cause, || What::Sent(arrival.parcel()));
        let loss = u64::from(self.scenario.loss_per_mille);
        if self.rng.chance(loss, 1_000) || departure.is_none() {
            return self.lose(cause, &arrival);
        }
        arrival.corrupted = self.is_corrupted(from.id());
        self.push(arrival.arrives, Coming::Arrival(arrival));
    }
}
