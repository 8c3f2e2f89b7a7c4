//! Messages of all kinds on their way, and what peers and machines want done.

use alloc::boxed::Box;
use core::time::Duration;

use crate::engine::weight::{FRAME, frame_bytes};
use crate::models::directory::Message as DirectoryMessage;
use crate::models::directory::client;
use crate::models::kademlia::message::Message as KademliaMessage;
use crate::models::kademlia::node as kademlia;
use crate::worlds::directory::measure::{Outcome, Subject, Traffic};
use crate::worlds::directory::setup::Kind;
use crate::worlds::directory::trace::{Parcel, What};
use crate::worlds::directory::{DirectoryWorld, ENTRY_REST};
use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::message::Request as Ask;
use chordscope_core::message::{Message, Request, Response};
use chordscope_core::node::api::{Event, LookupId, Output, StorageEvent};
use chordscope_core::store::message::{Request as StoreAsk, Response as StoreAnswer};

/// The time that a node waits before it tries to join again.
const JOIN_AGAIN: Duration = Duration::from_secs(1);

/// A future event.
#[derive(Clone, Debug)]
pub(super) enum Coming {
    /// A message arrives.
    Arrival(Box<Arrival>),
    /// A random peer asks for a random title.
    Question,
    /// A peer tries to join the ring again.
    JoinAgain(Id),
}

/// A message on its way.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    parcel: Parcel,
    sent: Instant,
    due: Instant,
    traffic: Traffic,
    body: Body,
}

#[derive(Clone, Debug)]
enum Body {
    Directory(DirectoryMessage),
    Chord(Contact, Message),
    Kademlia(KademliaMessage),
}

/// The tag of what a message belongs to: its answers belong to the same.
pub(super) type Tag = (Traffic, Option<u64>);

/// A message of a lookup on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flight {
    /// The message.
    pub parcel: Parcel,
    /// The time at which it was sent.
    pub sent: Instant,
    /// The time at which it arrives, at somebody or at nobody.
    pub due: Instant,
}

impl DirectoryWorld {
    /// The messages of lookups that are on their way.
    pub fn in_flight(&self) -> impl Iterator<Item = Flight> {
        self.queue.iter().filter_map(|coming| match coming {
            Coming::Arrival(arrival) if arrival.parcel.lookup.is_some() => Some(Flight {
                parcel: arrival.parcel,
                sent: arrival.sent,
                due: arrival.due,
            }),
            _ => None,
        })
    }

    /// Lets the next event happen, if it happens by this time.
    pub(super) fn step_until(&mut self, end: Instant) -> bool {
        let alarm = self.alarms.first().copied();
        let arrival = self.queue.first();
        let next = arrival.into_iter().chain(alarm.map(|(at, _)| at)).min();
        let Some(next) = next.filter(|next| *next <= end) else {
            return false;
        };
        self.now = self.now.max(next);
        match self.queue.pop_until(next) {
            Some(Coming::Arrival(arrival)) => self.arrive(*arrival),
            Some(Coming::Question) => {
                self.ask_at_random();
                if let Some(every) = self.setup.ask_every {
                    self.queue.push(self.now + every, Coming::Question);
                }
            }
            Some(Coming::JoinAgain(id)) => {
                let is_outside = |id: &Id| {
                    let peer = self.peers.get(id)?;
                    Some(peer.chord.membership().successors().entries().is_empty())
                };
                if is_outside(&id) == Some(true) {
                    self.join(id);
                    self.drain(id, None);
                }
            }
            None => {
                if let Some((at, id)) = alarm {
                    self.alarms.remove(&(at, id));
                    if let Some(peer) = self.peers.get_mut(&id) {
                        peer.alarm = None;
                        peer.handle_timeout(self.now);
                    }
                    self.drain(id, None);
                }
            }
        }
        true
    }

    fn arrive(&mut self, arrival: Arrival) {
        let Arrival {
            parcel,
            traffic,
            body,
            ..
        } = arrival;
        let (from, to) = (parcel.from, parcel.to);
        let is_there = self.peers.contains_key(&to) || self.machines.contains_key(&to);
        self.note(parcel, is_there);
        if !is_there {
            return;
        }
        let tag = (traffic, parcel.lookup);
        if let (Body::Chord(sender, message), Some(lookup)) = (&body, parcel.lookup) {
            self.note_answerer(lookup, sender.id(), message);
        }
        if let Some(server) = self.machines.get_mut(&to) {
            if let Body::Directory(message) = body
                && let Some(answer) = server.handle_message(self.now, from, message)
            {
                self.post(parcel.kind, to, from, tag, Body::Directory(answer));
            }
            return;
        }
        if let Some(peer) = self.peers.get_mut(&to) {
            let now = self.now;
            match body {
                Body::Directory(message) if parcel.kind == Kind::Central => {
                    peer.central.handle_message(now, from, message);
                }
                Body::Directory(message) => peer.trackers.handle_message(now, from, message),
                Body::Chord(sender, message) => peer.chord.handle_message(now, sender, message),
                Body::Kademlia(message) => peer.kademlia.handle_message(now, from, message),
            }
        }
        self.drain(to, Some(tag));
    }

    /// Takes note that a message arrived, or came to nobody.
    fn note(&mut self, parcel: Parcel, is_there: bool) {
        if parcel.lookup.is_some() {
            let what = match is_there {
                true => What::Delivered(parcel),
                false => What::Lost(parcel),
            };
            return self.record(Some(parcel.number), what);
        }
        // Other messages are counted, and part of the digest, and are not in the trace.
        let mut bytes = [0; 57];
        bytes[..8].copy_from_slice(&self.now.as_micros().to_le_bytes());
        bytes[8] = parcel.kind as u8;
        bytes[9..29].copy_from_slice(&parcel.from.to_bytes());
        bytes[29..49].copy_from_slice(&parcel.to.to_bytes());
        bytes[49..].copy_from_slice(&parcel.bytes.to_le_bytes());
        self.digest.absorb(&bytes);
    }

    fn post(&mut self, kind: Kind, from: Id, to: Id, (traffic, lookup): Tag, body: Body) {
        let contact = self.contact_bytes;
        let bytes = match &body {
            Body::Directory(message) => FRAME + message.bytes(contact),
            Body::Chord(_, message) => frame_bytes(message),
            Body::Kademlia(message) => FRAME + message.bytes(contact, contact + ENTRY_REST),
        };
        self.parcels += 1;
        let parcel = Parcel {
            number: self.parcels,
            kind,
            from,
            to,
            lookup,
            bytes,
        };
        self.counts[kind.index()].count(self.now, traffic, bytes);
        if let Some(lookup) = lookup {
            if let Some(lookup) = self.open.get_mut(&lookup) {
                lookup.volume.messages += 1;
                lookup.volume.bytes += bytes;
            }
            self.record(None, What::Sent(parcel));
        }
        let latency = self.setup.latency;
        let latency = latency.draw(from, to, &mut self.networks[kind.index()]);
        let due = self.now + latency;
        let arrival = Arrival {
            parcel,
            sent: self.now,
            due,
            traffic,
            body,
        };
        self.queue.push(due, Coming::Arrival(Box::new(arrival)));
    }

    /// Carries out what a peer wants, until it wants nothing more. `tag` is that of the message that made it want something.
    pub(super) fn drain(&mut self, id: Id, tag: Option<Tag>) {
        self.drain_clients(id);
        self.drain_chord(id, tag);
        self.drain_kademlia(id, tag);
        if let Some(peer) = self.peers.get_mut(&id) {
            let due = peer.poll_timeout();
            let before = core::mem::replace(&mut peer.alarm, due);
            if before != due {
                if let Some(before) = before {
                    self.alarms.remove(&(before, id));
                }
                self.alarms.extend(due.map(|due| (due, id)));
            }
        }
    }

    fn drain_clients(&mut self, id: Id) {
        for kind in [Kind::Central, Kind::Trackers] {
            while let Some(peer) = self.peers.get_mut(&id) {
                let client = match kind {
                    Kind::Central => &mut peer.central,
                    _ => &mut peer.trackers,
                };
                match client.poll_output() {
                    Some(client::Output::Send(to, message, query)) => {
                        let lookup = query.and_then(|query| self.numbered(kind, id, query.0));
                        let traffic = match message.body.is_about_query() {
                            true => Traffic::Lookup,
                            false => Traffic::Publish,
                        };
                        self.post(kind, id, to, (traffic, lookup), Body::Directory(message));
                    }
                    Some(client::Output::Ended(query, answer)) => {
                        if let Some(lookup) = self.numbered(kind, id, query.0) {
                            if let Some(by) = answer.by {
                                self.reach(lookup, by);
                            }
                            self.conclude(lookup, answer.peers, answer.by);
                        }
                    }
                    None => break,
                }
            }
        }
    }

    fn drain_chord(&mut self, id: Id, tag: Option<Tag>) {
        while let Some(peer) = self.peers.get_mut(&id) {
            let Some(output) = peer.chord.poll_output() else {
                break;
            };
            let sender = peer.chord.contact().clone();
            match output {
                Output::Send { to, message } => {
                    let tag = self.classify(id, &message, tag);
                    let body = Body::Chord(sender, message);
                    self.post(Kind::Chord, id, to.id(), tag, body);
                }
                Output::StoreRecord { token, .. } | Output::StoreGroups { token, .. } => {
                    let stored = StorageEvent::Stored(token);
                    peer.chord.handle_storage(self.now, stored);
                }
                Output::DropRecord(_) | Output::DropEntries(_) | Output::SetAside(_) => {}
                Output::Event(event) => self.on_chord(id, *event),
            }
        }
    }

    fn on_chord(&mut self, id: Id, event: Event) {
        match event {
            Event::Routed { lookup, key, .. } => {
                if let Some(number) = self.open_chord(lookup.0, key) {
                    self.reach(number, id);
                }
            }
            Event::LookupEnded(LookupId(number), outcome) => {
                if let Some(lookup) = self.numbered(Kind::Chord, id, number) {
                    let outcome = match &outcome {
                        Ok(report) => {
                            self.reach(lookup, report.owner.id());
                            Outcome::Reached(report.owner.id())
                        }
                        Err(_) => Outcome::NoAnswer,
                    };
                    self.end(lookup, outcome);
                }
            }
            Event::ProvidersFound(operation, outcome) => {
                if let Some(lookup) = self.numbered(Kind::Chord, id, operation.0) {
                    match outcome {
                        Ok(named) => {
                            let named = named.iter().map(Contact::id).collect();
                            let by = self.open.get(&lookup).and_then(|lookup| lookup.by);
                            // Without another one that had entries, it was the peer itself, or a holder that has none.
                            self.conclude(lookup, named, by.or(Some(id)));
                        }
                        Err(_) => self.conclude(lookup, alloc::vec::Vec::new(), None),
                    }
                }
            }
            Event::JoinFailed | Event::Alone => {
                self.queue
                    .push(self.now + JOIN_AGAIN, Coming::JoinAgain(id));
            }
            _ => {}
        }
    }

    /// Returns what a message of the ring belongs to: by what it says, or by the message that it answers.
    fn classify(&self, from: Id, message: &Message, cause: Option<Tag>) -> Tag {
        let (origin, key) = match message {
            Message::Request(_, Request::Chord(Ask::Forward(forward))) => {
                (forward.origin.id(), forward.key)
            }
            Message::Request(_, Request::Chord(Ask::Step(question))) => (from, question.key),
            Message::Request(_, Request::Store(StoreAsk::Read(key))) => (from, *key),
            Message::Request(_, Request::Store(_)) => return (Traffic::Publish, None),
            Message::Response(..) => return cause.unwrap_or((Traffic::Upkeep, None)),
            Message::Notice(chordscope_core::chord::message::Notice::Found(_)) => {
                return cause.unwrap_or((Traffic::Upkeep, None));
            }
            _ => return (Traffic::Upkeep, None),
        };
        if let Some(number) = self.open_chord(origin, key) {
            return (Traffic::Lookup, Some(number));
        }
        match self.is_title(key) {
            true => (Traffic::Publish, None),
            false => (Traffic::Upkeep, None),
        }
    }

    /// Notes who gave a lookup of the ring its entries: the first one whose answer came.
    fn note_answerer(&mut self, lookup: u64, from: Id, message: &Message) {
        let has_entries = matches!(
            message,
            Message::Response(_, Response::Store(StoreAnswer::Value(Some(_))))
        );
        if has_entries
            && let Some(trace) = self.open.get_mut(&lookup)
            && trace.by.is_none()
        {
            trace.by = Some(from);
            self.reach(lookup, from);
        }
    }

    fn drain_kademlia(&mut self, id: Id, tag: Option<Tag>) {
        while let Some(peer) = self.peers.get_mut(&id) {
            let Some(output) = peer.kademlia.poll_output() else {
                break;
            };
            match output {
                kademlia::Output::Send {
                    to,
                    message,
                    traffic,
                } => {
                    let tag = match traffic {
                        Some(kademlia::Traffic::Lookup(lookup)) => {
                            let number = self.numbered(Kind::Kademlia, id, lookup.0);
                            (Traffic::Lookup, number)
                        }
                        Some(kademlia::Traffic::Publish) => (Traffic::Publish, None),
                        Some(kademlia::Traffic::Upkeep) => (Traffic::Upkeep, None),
                        None => tag.unwrap_or((Traffic::Upkeep, None)),
                    };
                    let body = Body::Kademlia(message);
                    self.post(Kind::Kademlia, id, to, tag, body);
                }
                kademlia::Output::Event(kademlia::Event::Ended(lookup, report)) => {
                    if let Some(number) = self.numbered(Kind::Kademlia, id, lookup.0) {
                        self.end_kademlia(number, report);
                    }
                }
                kademlia::Output::Event(_) => {}
            }
        }
    }

    fn end_kademlia(&mut self, number: u64, report: kademlia::Report) {
        let closest = report.closest.first().copied();
        let reached = report.by.or(closest);
        // From the node reached back to the origin, by who named whom.
        let mut way = alloc::vec::Vec::new();
        let mut at = reached;
        while let Some(node) = at
            && let Some(visit) = report.visits.iter().find(|visit| visit.node == node)
        {
            way.push((node, visit.answered.unwrap_or(self.now)));
            at = visit.via;
        }
        for (node, at) in way.into_iter().rev() {
            self.reach_at(number, node, at);
        }
        let Some(subject) = self.open.get(&number).map(|lookup| lookup.subject) else {
            return;
        };
        match subject {
            Subject::Key(_) => {
                let outcome = closest.map_or(Outcome::NoAnswer, Outcome::Reached);
                self.end(number, outcome);
            }
            Subject::Title(_) => {
                let anybody = report.visits.iter().any(|visit| visit.answered.is_some());
                let by = report.by.or_else(|| closest.filter(|_| anybody));
                self.conclude(number, report.providers.unwrap_or_default(), by);
            }
        }
    }
}
