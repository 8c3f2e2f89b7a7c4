//! How messages get from node to node.

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::message::Message;
use crate::node::api::{Output, StorageEvent};
use crate::sim::trace::{Parcel, What};
use crate::sim::world::population::Slot;
use crate::sim::world::watch::Cause;
use crate::sim::world::{Arrival, Coming, Watch, World};

impl World {
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

    /// A node is called when it wanted to be.
    pub(super) fn wake(&mut self, at: Instant, slot: Slot) {
        if let Some(node) = self.population.at_mut(slot) {
            node.handle_timeout(at);
            self.drain(slot, None);
        }
    }

    pub(super) fn arrive(&mut self, parcel: Parcel, from: Contact, message: Message) {
        let (to, number) = (parcel.to, parcel.number);
        let tag = (parcel.traffic, parcel.lookup);
        let cut = self.cut_off.contains(&to) != self.cut_off.contains(&parcel.from);
        let slot = self.population.slot(to).filter(|_| !cut);
        let up = slot.and_then(|slot| Some((slot, self.population.at_mut(slot)?)));
        let Some((slot, node)) = up else {
            self.note_loss(&parcel);
            self.record(None, What::Lost(parcel));
            return;
        };
        node.handle_message(self.now, from, message);
        self.note_arrival(&parcel);
        self.record(None, What::Delivered(parcel));
        self.drain(slot, Some((number, tag)));
    }

    /// As [`World::drain`], for a node that may have gone.
    pub(super) fn drain_node(&mut self, id: Id, cause: Option<Cause>) {
        if let Some(slot) = self.population.slot(id) {
            self.drain(slot, cause);
        }
    }

    /// Carries out what a node wants, until it wants nothing more.
    pub(super) fn drain(&mut self, slot: Slot, cause: Option<Cause>) {
        while let Some(node) = self.population.at_mut(slot) {
            let outputs = node.take_outputs();
            if outputs.is_empty() {
                self.reschedule(slot);
                break;
            }
            let sender = node.contact().clone();
            for output in outputs {
                match output {
                    Output::Send { to, message } => self.post(&sender, &to, message, cause),
                    Output::StoreRecord { token, .. } | Output::StoreGroups { token, .. } => {
                        if let Some(node) = self.population.at_mut(slot) {
                            let stored = StorageEvent::Stored(token);
                            node.handle_storage(self.now, stored);
                        }
                    }
                    Output::DropRecord(_) | Output::DropEntries(_) => {}
                    Output::Event(event) => self.on_event(sender.id(), event, cause),
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
        let (traffic, lookup) = self.classify(from.id(), &message, cause);
        let elsewhere = self.mislead(from.id(), &mut message);
        let to = elsewhere.as_ref().unwrap_or(to);
        let bytes = self.scenario.weight(&message);
        let departure = self.departure(from.id(), bytes);
        let latency = self
            .scenario
            .latency
            .draw(from.id(), to.id(), &mut self.rng)
            + self.extra_delay(from.id(), to.id());
        let parcel = Parcel {
            number: self.next_parcel,
            from: from.id(),
            to: to.id(),
            sent: self.now,
            arrives: departure.unwrap_or(self.now) + latency,
            label: message.label(),
            answer: message.is_answer(),
            traffic,
            lookup,
        };
        self.sent.count(traffic);
        self.weigh(traffic, &message);
        let cause = cause.map(|(number, _)| number);
        if self.watch != Watch::Nothing {
            self.record(cause, What::Sent(parcel.clone()));
        }
        let lost = self
            .rng
            .chance(u64::from(self.scenario.loss_per_mille), 1_000);
        if lost || departure.is_none() {
            self.record(cause, What::Lost(parcel));
        } else {
            let at = parcel.arrives;
            let coming = Arrival {
                parcel,
                from: from.clone(),
                message,
                bytes,
                received: false,
                corrupted: self.is_corrupted(from.id()),
            };
            self.push(at, Coming::Arrival(coming));
        }
    }
}
