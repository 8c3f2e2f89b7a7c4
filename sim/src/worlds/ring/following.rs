//! Following lookups, each along one branch.
//!
//! A recursive lookup falls into branches where a message is late or lost and its sender forwards it to another node as well. One branch
//! leads for as long as a message carries it on. Once that message is lost the lookup waits, and whichever branch moves next leads.

use alloc::vec::Vec;

use crate::worlds::ring::trace::{Decision, LookupTrace, Wait, What};
use crate::worlds::ring::{Arrival, RingWorld};
use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::message::{Notice, Request as Ask, Response as Reply};
use chordscope_core::message::{Message, Request, Response};
use chordscope_core::node::api::{Event, LookupId};

impl RingWorld {
    fn unfinished(&mut self, id: (Id, u64)) -> Option<&mut LookupTrace> {
        self.lookups
            .iter_mut()
            .rev()
            .find(|trace| trace.id == id && trace.finished.is_none())
    }

    /// Notes what carries a lookup on: a message that was posted, because of the message of number `cause`.
    pub(super) fn note_posted(&mut self, arrival: &Arrival, cause: Option<u64>) {
        let Some(id) = arrival.lookup.as_deref().copied() else {
            return;
        };
        let asked = self.node(id.0).map(|origin| origin.lookup_path(id.1));
        let asked: Vec<Id> = asked.map(Iterator::collect).unwrap_or_default();
        let now = self.now;
        let Some(trace) = self.unfinished(id) else {
            return;
        };
        let mut asks_again = false;
        let carries = match &arrival.message {
            Message::Request(_, Request::Chord(Ask::Step(_))) => {
                // A recursive lookup took too long: its origin asks node by node from here on.
                trace.driven = true;
                let own = trace
                    .aside
                    .take()
                    .filter(|own| own.at == now && own.next() == Some(arrival.to));
                trace.decisions.extend(own);
                // The last node is the one that is being asked.
                if let Some((_, reached)) = asked.split_last() {
                    trace.path = reached.to_vec();
                    asks_again = trace.go_back(arrival.to);
                }
                true
            }
            Message::Request(_, Request::Chord(Ask::Forward(forward))) => {
                !trace.driven && forward.path == trace.path
            }
            Message::Notice(Notice::Found(found)) => !trace.driven && found.path == trace.path,
            Message::Response(..) => trace.driven && cause.is_some() && cause == trace.carrier,
            _ => false,
        };
        if carries {
            trace.carrier = Some(arrival.number);
            trace.wait = None;
            trace.asks_again = asks_again;
            trace.leads_to = match &arrival.message {
                Message::Request(_, Request::Chord(Ask::Forward(_))) => Some(arrival.to),
                Message::Response(_, Response::Chord(Reply::Step(hop))) => {
                    hop.step.next().map(Contact::id)
                }
                _ => None,
            };
        }
    }

    /// Takes note that a message has come to a node that is up.
    pub(super) fn note_arrival(&mut self, arrival: &Arrival) {
        let Some(trace) = arrival
            .lookup
            .as_deref()
            .and_then(|id| self.unfinished(*id))
        else {
            return;
        };
        let carries = trace.carrier == Some(arrival.number);
        match &arrival.message {
            Message::Request(_, Request::Chord(Ask::Forward(forward)))
                if !trace.driven && (carries || trace.wait.is_some()) =>
            {
                trace.path.clone_from(&forward.path);
                trace.path.push(arrival.to);
                trace.wait = None;
            }
            Message::Request(_, Request::Chord(Ask::Step(_))) if carries => {
                trace.path.push(arrival.to);
                trace.asked = Some(arrival.to);
            }
            // The node that the lookup was forwarded to takes no part: the one before it decides anew.
            Message::Response(_, Response::Chord(Reply::NotMember))
                if !trace.driven && trace.path.ends_with(&[arrival.to, arrival.from.id()]) =>
            {
                trace.path.pop();
            }
            _ => {}
        }
    }

    /// Takes note that a question of a lookup has reached no node: a timeout.
    pub(super) fn note_timeout(&mut self, lookup: (Id, u64)) {
        if let Some(trace) = self.unfinished(lookup) {
            trace.timeouts += 1;
        }
    }

    /// Takes note that a message is lost.
    pub(super) fn lose(&mut self, cause: Option<u64>, arrival: &Arrival) {
        self.note_lost(arrival, None);
        self.record(cause, || What::Lost(arrival.parcel()));
    }

    /// Notes that a lookup waits, if this lost message carried it on; `until` a time, or until its sender gives it up.
    pub(super) fn note_lost(&mut self, arrival: &Arrival, until: Option<Instant>) {
        let Some(id) = arrival.lookup.as_deref().copied() else {
            return;
        };
        let (from, to) = (arrival.from.id(), arrival.to);
        let (node, silent) = match &arrival.message {
            Message::Request(..) => (from, to),
            _ => (to, from),
        };
        let waiting = self.node(node);
        let due = match &arrival.message {
            Message::Request(number, _) | Message::Response(number, _) => {
                waiting.and_then(|node| node.answer_due(*number))
            }
            _ => waiting.and_then(|node| node.lookup_due(id.1)),
        };
        let now = self.now;
        let Some(trace) = self.unfinished(id) else {
            return;
        };
        if trace.carrier == Some(arrival.number) {
            trace.carrier = None;
            trace.wait = Some(Wait {
                node,
                silent,
                since: arrival.sent,
                until: until.or(due).unwrap_or(now),
            });
        }
    }

    /// Notes what a node decided about a lookup, or that one has ended.
    pub(super) fn follow_lookup(&mut self, node: Id, event: &Event) {
        // The entry that tells the event comes next.
        let (now, entry) = (self.now, self.trace.count());
        match event {
            Event::Routed {
                lookup,
                step,
                predecessor,
                ..
            } => {
                let decision = Decision {
                    at: now,
                    entry,
                    node,
                    step: step.clone(),
                    predecessor: *predecessor,
                };
                if let Some(trace) = self.unfinished(*lookup) {
                    trace.decide(decision);
                }
            }
            Event::LookupEnded(LookupId(number), outcome) => {
                let Some(trace) = self.unfinished((node, *number)) else {
                    return;
                };
                trace.finished = Some(now);
                trace.last_entry = Some(entry);
                trace.wait = None;
                match outcome {
                    Ok(report) => {
                        if trace.driven && report.path.len() == 1 {
                            trace.decisions.extend(trace.aside.take());
                        }
                        trace.owner = Some(report.owner.id());
                        trace.path = report.path.iter().map(|visit| visit.id).collect();
                    }
                    Err(_) => trace.failed = true,
                }
            }
            _ => {}
        }
    }
}

impl LookupTrace {
    /// Goes back to the last node of the path, by whose decision its origin asks `next`: what was decided behind that led to a node that
    /// was silent. Returns whether `next` decided that.
    fn go_back(&mut self, next: Id) -> bool {
        let last = self.path.last();
        let mut made = self.decisions.iter();
        let Some(at) = made.rposition(|decision| Some(&decision.node) == last) else {
            return false;
        };
        let silent = self.decisions.split_off(at + 1);
        silent.last().is_some_and(|decision| decision.node == next)
    }

    /// Takes up a decision of the branch that leads.
    fn decide(&mut self, decision: Decision) {
        let is_origin = decision.node == self.id.0;
        if self.driven && is_origin {
            // It counts once its origin asks a node: what is left of the recursive lookup may come by there, too.
            self.aside = Some(decision);
            return;
        }
        if self.driven && self.asked.take() != Some(decision.node) {
            // What is left of the recursive lookup goes on elsewhere, and its origin does not count on it any more.
            return;
        }
        if self.path.last() == Some(&decision.node) {
            self.wait = None;
            self.asks_again = false;
            self.leads_to = None;
            self.decisions.push(decision);
        } else if is_origin {
            self.aside = Some(decision);
        }
    }
}
