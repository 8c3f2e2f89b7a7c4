//! Faults of nodes and links at the moment, and their effects on messages.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use crate::engine::network::MAX_WAIT;
use crate::worlds::ring::action::Action;
use crate::worlds::ring::trace::What;
use crate::worlds::ring::{Arrival, Coming, RingWorld};
use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::message::{Neighbours, Request as Ask, Response as Answer};
use chordscope_core::chord::route::Step;
use chordscope_core::message::{Message, Request, Response};
use chordscope_core::store::message::StoredRecord;

/// The number of messages that wait for a node that pauses; those on top are lost.
const MAX_HELD: usize = 4_096;

/// The faults at the moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    /// Nodes that do nothing, and the messages that wait for them.
    paused: BTreeMap<Id, Vec<Arrival>>,
    /// Nodes whose messages take longer, both ways.
    slow: BTreeMap<Id, Duration>,
    /// Nodes whose next message arrives broken.
    corrupting: BTreeSet<Id>,
    /// Nodes that name wrong nodes to those that look something up.
    misrouting: BTreeSet<Id>,
    /// The times until which the lines of the nodes are busy.
    sending: BTreeMap<Id, Instant>,
    receiving: BTreeMap<Id, Instant>,
}

impl Faults {
    pub(super) fn is_paused(&self, node: Id) -> bool {
        self.paused.contains_key(&node)
    }

    /// Forgets a node that is gone, with all that was wrong with it.
    pub(super) fn forget(&mut self, node: Id) {
        self.paused.remove(&node);
        self.mend(node);
        self.sending.remove(&node);
        self.receiving.remove(&node);
    }

    fn mend(&mut self, node: Id) {
        self.slow.remove(&node);
        self.corrupting.remove(&node);
        self.misrouting.remove(&node);
    }
}

impl RingWorld {
    /// Returns whether a node is up, and does nothing.
    pub fn is_paused(&self, node: Id) -> bool {
        self.faults.is_paused(node)
    }

    /// Carries out those actions that break or mend something.
    pub(super) fn break_or_mend(&mut self, action: Action) {
        match action {
            Action::Pause(node) => self.pause(node),
            Action::Resume(node) => self.resume(node),
            Action::Slow { node, millis: 0 } => drop(self.faults.slow.remove(&node)),
            Action::Slow { node, millis } => {
                let delay = Duration::from_millis(u64::from(millis));
                self.faults.slow.insert(node, delay);
            }
            Action::Corrupt(node) => drop(self.faults.corrupting.insert(node)),
            Action::Misroute(node) => drop(self.faults.misrouting.insert(node)),
            Action::Mend(node) => self.faults.mend(node),
            Action::Restart(node) => self.restart(node),
            _ => {}
        }
    }

    fn pause(&mut self, node: Id) {
        self.faults.paused.entry(node).or_default();
        if let Some(slot) = self.population.slot(node) {
            self.population.set_alarm(slot, None);
        }
    }

    /// Lets the node go on where it stopped: first with what came meanwhile, then with what is overdue.
    fn resume(&mut self, node: Id) {
        for arrival in self.faults.paused.remove(&node).unwrap_or_default() {
            self.take_in(arrival);
        }
        if let Some(up) = self.population.get_mut(node) {
            up.handle_timeout(self.now);
        }
        self.drain_node(node, None);
    }

    /// Stops the node, and starts it again at once with nothing but its disk.
    fn restart(&mut self, id: Id) {
        let Some(old) = self.node(id) else {
            return;
        };
        let keys = old.records().iter().map(|(key, _)| key);
        let copies = keys.filter_map(|key| old.records().copy(self.now, key));
        let copies: Vec<StoredRecord> = copies.collect();
        self.take_down(id);
        let mut node = self.create_node(id);
        for copy in &copies {
            node.restore(self.now, copy);
        }
        self.population.insert(node);
        self.join_again(id);
    }

    /// Changes a message about a lookup from a node that misroutes, so that it names any node or goes to any node: then that one
    /// is returned.
    pub(super) fn mislead(&mut self, from: Id, message: &mut Message) -> Option<Contact> {
        if !self.faults.misrouting.contains(&from) {
            return None;
        }
        match message {
            Message::Response(_, Response::Chord(Answer::Step(hop))) => {
                hop.step = Step::Along(self.anybody()?);
                hop.neighbours = Neighbours::default();
                None
            }
            Message::Request(_, Request::Chord(Ask::Forward(_))) => self.anybody(),
            _ => None,
        }
    }

    fn anybody(&mut self) -> Option<Contact> {
        let at = self.rng.below(self.population.len() as u64);
        let node = self.nodes().nth(usize::try_from(at).ok()?);
        node.map(|node| node.contact().clone())
    }

    /// Returns the time at which a message leaves its sender, whose line takes one after the other; `None` when too many wait
    /// already.
    pub(super) fn departure(&mut self, from: Id, bytes: u64) -> Option<Instant> {
        let Some(bandwidth) = self.scenario.bandwidth else {
            return Some(self.now);
        };
        let busy = self.faults.sending.get(&from);
        let start = busy.map_or(self.now, |busy| self.now.max(*busy));
        if start.since(self.now) > MAX_WAIT {
            return None;
        }
        let end = start + bandwidth.upload(bytes);
        self.faults.sending.insert(from, end);
        Some(end)
    }

    /// Returns the time that a message takes on top of what the network alone would make it.
    pub(super) fn extra_delay(&mut self, from: Id, to: Id) -> Duration {
        let slow = |node| self.faults.slow.get(node).copied().unwrap_or_default();
        let delay = slow(&from) + slow(&to);
        match self.scenario.reorder {
            Some(reorder) => delay + reorder.draw(&mut self.rng),
            None => delay,
        }
    }

    /// Returns whether this message arrives broken.
    pub(super) fn is_corrupted(&mut self, from: Id) -> bool {
        self.faults.corrupting.remove(&from)
    }

    /// Takes a message into its receiver's line.
    pub(super) fn take_in(&mut self, mut arrival: Arrival) {
        let to = arrival.to;
        if let Some(bandwidth) = self.scenario.bandwidth.filter(|_| !arrival.received) {
            let busy = self.faults.receiving.get(&to);
            let start = busy.map_or(self.now, |busy| self.now.max(*busy));
            if start.since(self.now) > MAX_WAIT {
                return self.lose(None, &arrival);
            }
            let end = start + bandwidth.download(arrival.bytes);
            self.faults.receiving.insert(to, end);
            arrival.received = true;
            arrival.arrives = end;
            return self.push(end, Coming::Arrival(arrival));
        }
        if let Some(held) = self.faults.paused.get_mut(&to) {
            if held.len() < MAX_HELD {
                held.push(arrival);
            } else {
                self.lose(None, &arrival);
            }
            return;
        }
        if arrival.corrupted {
            return self.break_link(&arrival);
        }
        self.arrive(arrival);
    }

    /// A broken frame: the receiver closes the link at once, and the sender hears of it as soon as a message gets there.
    fn break_link(&mut self, arrival: &Arrival) {
        let (from, to) = (arrival.from.id(), arrival.to);
        self.record(None, || What::Garbled(arrival.parcel()));
        self.on_closed(to, from);
        let back = self.scenario.latency.draw(to, from, &mut self.rng);
        self.note_lost(arrival, Some(self.now + back));
        let closed = Coming::Closed {
            node: from,
            other: to,
        };
        self.push(self.now + back, closed);
    }

    /// Tells a node that its link to another is closed.
    pub(super) fn on_closed(&mut self, node: Id, other: Id) {
        // Who pauses hears of it by asking in vain.
        if self.faults.is_paused(node) {
            return;
        }
        if let Some(up) = self.population.get_mut(node) {
            up.handle_unreachable(self.now, other);
        }
        self.drain_node(node, None);
    }
}
