//! Messages on their way, and carrying out what nodes and swarms want.

use alloc::boxed::Box;
use core::time::Duration;

use crate::engine::weight::{FRAME, frame_bytes};
use crate::worlds::fallacies::FallaciesWorld;
use crate::worlds::fallacies::conduct::{Lie, corrupt, lie, refusal_to_relay};
use crate::worlds::fallacies::network::{Lane, Left, Load};
use crate::worlds::fallacies::terms::{Policy, Role};
use crate::worlds::fallacies::trace::{Carries, Parcel, Reason, What};
use crate::worlds::fallacies::work::{Answer, Kind};
use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::Id;
use chordscope_core::chord::message::{Notice, Request as Ask};
use chordscope_core::message::{Message, Request, Response};
use chordscope_core::node::api::{Event, LookupId, OperationId, Output, Report, StorageEvent};
use chordscope_core::store::message::{Request as StoreAsk, Response as StoreAnswer};
use chordscope_core::store::record::{Record, RecordError};
use chordscope_core::swarm::api::{Event as FileEvent, Fault, Output as FileOutput};
use chordscope_core::swarm::message::{Arrived, Block, Message as FileMessage, Place, Said};
use chordscope_core::wire::block::HEADER as BLOCK_HEADER;

/// The time that a node waits before it tries to join again.
pub(super) const JOIN_AGAIN: Duration = Duration::from_secs(1);

/// The content of a parcel.
#[derive(Clone, Debug)]
pub(super) enum Body {
    Node(Contact, Message),
    File(FileMessage),
    Block(Block),
}

/// A future event.
#[derive(Clone, Debug)]
pub(super) enum Coming {
    /// A lane of a peer's line has sent something.
    Left(u16, Lane),
    /// Something arrives.
    Arrival(Box<Load<Body>>),
    /// A node gets an answer that has come over no line: its own links, or its own lie.
    Aside(u16, Box<(Contact, Message)>),
    /// The next operation of a kind.
    Work(Kind),
    /// Clients begin to fetch.
    Fetch,
    /// A peer tries to join the ring again.
    JoinAgain(u16),
    /// The session of a peer ends: in this life.
    Goes(u16, u32),
    /// A peer comes back.
    Comes(u16),
    /// A peer hears that its stream to another one is broken.
    Broken(u16, Id),
}

impl FallaciesWorld {
    /// Gives something to the line of its sender.
    fn load(
        &mut self,
        from: u16,
        to: u16,
        carries: Carries,
        lookup: Option<u64>,
        bytes: u64,
        body: Body,
    ) {
        self.parcels += 1;
        let parcel = Parcel {
            number: self.parcels,
            from,
            to,
            carries,
            lookup,
            bytes,
            sent: self.now,
            left: None,
            arrives: self.now,
        };
        if lookup.is_some() {
            self.record(What::Sent(parcel));
        }
        let lane = Lane::of(&parcel);
        if let Some(left) = self.network.send(self.now, Load { parcel, body }) {
            self.queue.push(left, Coming::Left(from, lane));
        }
    }

    /// A lane of a peer's line has sent something.
    pub(super) fn leave(&mut self, from: u16, lane: Lane) {
        let Some(Left {
            load,
            is_lost,
            next,
        }) = self.network.leave(self.now, from, lane)
        else {
            return;
        };
        if let Some(next) = next {
            self.queue.push(next, Coming::Left(from, lane));
        }
        let Some(load) = load else {
            return;
        };
        let parcel = load.parcel;
        if lane == Lane::Bulk && self.terms.roles[usize::from(from)] == Role::Seed {
            self.seed_sent += parcel.bytes;
        }
        match is_lost {
            true => self.lose(parcel),
            false => self
                .queue
                .push(parcel.arrives, Coming::Arrival(Box::new(load))),
        }
    }

    /// Tells a swarm that a block of its own waits no more: its stream's window is open again once the receiver has taken it in.
    fn went(&mut self, parcel: Parcel) {
        let (now, to) = (self.now, self.terms.ids[usize::from(parcel.to)]);
        let Some(peer) = self.peers.get_mut(usize::from(parcel.from)) else {
            return;
        };
        let length = usize::try_from(parcel.bytes).unwrap_or(usize::MAX);
        let left = peer.waiting.remove(&to).unwrap_or(0).saturating_sub(length);
        if left > 0 {
            peer.waiting.insert(to, left);
            self.counts.held_back += 1;
        }
        if let Some(swarm) = &mut peer.swarm {
            swarm.handle_waiting(now, to, left);
        }
        self.drain(parcel.from);
    }

    fn lose(&mut self, parcel: Parcel) {
        match parcel.lookup {
            Some(_) => self.record(What::Lost(parcel)),
            None => self.absorb(8, &parcel),
        }
    }

    /// Something arrives, or comes to nobody.
    pub(super) fn arrive(&mut self, load: Load<Body>) {
        let parcel = load.parcel;
        let to = parcel.to;
        if self.peers[usize::from(to)].node.is_none() {
            self.lose(parcel);
            if parcel.carries.is_stream() {
                // The machine is there, or its network: a stream to nobody is refused.
                let id = self.terms.ids[usize::from(to)];
                self.break_stream(parcel.from, id);
            }
            return;
        }
        match parcel.lookup {
            Some(_) => self.record(What::Delivered(parcel)),
            None => self.absorb(7, &parcel),
        }
        match load.body {
            Body::Node(from, message) => self.hear(to, from, message),
            Body::File(message) => self.hear_of_file(parcel, message),
            Body::Block(block) => self.take_in(parcel, &block),
        }
        self.drain(to);
    }

    /// A node gets a message, unless the rule of its administrator is against it.
    fn hear(&mut self, to: u16, from: Contact, message: Message) {
        let (now, traits) = (self.now, self.terms.traits[usize::from(to)]);
        let me = self.terms.ids[usize::from(to)];
        if traits.has(Policy::RelaysNothing)
            && let Some(refusal) = refusal_to_relay(me, &message)
        {
            self.counts.not_relayed += 1;
            self.refuse(to, from.id(), Reason::Policy(Policy::RelaysNothing));
            return self.post(to, &from, refusal);
        }
        let peer = &mut self.peers[usize::from(to)];
        if let Message::Response(number, _) = &message {
            peer.is_answered(from.id(), *number);
        }
        if let Some(node) = &mut peer.node {
            node.handle_message(now, from, message);
        }
    }

    /// A node gets an answer that no line has carried.
    pub(super) fn hear_aside(&mut self, to: u16, from: Contact, message: Message) {
        if self.peers[usize::from(to)].node.is_some() {
            self.hear(to, from, message);
            self.drain(to);
        }
    }

    fn hear_of_file(&mut self, parcel: Parcel, message: FileMessage) {
        let (now, from) = (self.now, self.terms.ids[usize::from(parcel.from)]);
        if message.said == Said::Interested(true)
            && self.terms.traits[usize::from(parcel.to)].has(Policy::GivesNothing)
        {
            self.counts.not_given += 1;
            self.refuse(parcel.to, from, Reason::Policy(Policy::GivesNothing));
        }
        if let Some(swarm) = &mut self.peers[usize::from(parcel.to)].swarm {
            swarm.handle_message(now, from, message);
        }
    }

    fn take_in(&mut self, parcel: Parcel, block: &Block) {
        let (now, from) = (self.now, self.terms.ids[usize::from(parcel.from)]);
        self.went(parcel);
        if let Some(swarm) = &mut self.peers[usize::from(parcel.to)].swarm {
            let arrived = Arrived::new(block.place, block.bytes().to_vec());
            swarm.handle_block(now, from, block.content, arrived);
        }
    }

    /// Lets a peer hear, a latency later, that a stream is broken.
    pub(super) fn break_stream(&mut self, peer: u16, other: Id) {
        let at = self.now + self.terms.latency.1;
        self.queue.push(at, Coming::Broken(peer, other));
    }

    pub(super) fn on_broken(&mut self, peer: u16, other: Id) {
        let now = self.now;
        let Some(state) = self.peers.get_mut(usize::from(peer)) else {
            return;
        };
        state.waiting.remove(&other);
        if let Some(swarm) = &mut state.swarm {
            swarm.handle_gone(now, other);
        }
        self.drain(peer);
    }

    fn refuse(&mut self, by: u16, to: Id, reason: Reason) {
        let who = match reason {
            Reason::Policy(_) => &mut self.refusers.by_policy,
            Reason::Version => &mut self.refusers.by_version,
            Reason::Room => &mut self.refusers.by_room,
        };
        who.insert(by);
        if let Some(to) = self.number_of(to) {
            self.record(What::Refused { by, to, reason });
        }
    }

    /// Sends a message of a node, as its conduct and the receiver's release have it.
    fn post(&mut self, from: u16, to: &Contact, message: Message) {
        let traits = self.terms.traits[usize::from(from)];
        let contact = self.peers[usize::from(from)].contact.clone();
        let (to, message) = match traits.is_liar {
            false => (to.clone(), message),
            true => {
                let was_value = is_value(&message);
                match lie(&contact, message) {
                    Lie::Says(said) => {
                        self.counts.denied += u64::from(was_value && !is_value(&said));
                        (to.clone(), said)
                    }
                    Lie::Claims {
                        origin,
                        message,
                        answer,
                    } => {
                        let aside = Coming::Aside(from, Box::new((to.clone(), answer)));
                        self.queue.push(self.now, aside);
                        (origin, message)
                    }
                }
            }
        };
        let Some(receiver) = self.number_of(to.id()) else {
            return;
        };
        let Some(message) = self.understood(from, receiver, &to, message) else {
            return;
        };
        self.note_posted(from, &to, &message);
        let lookup = self.lookup_of(from, receiver, &message);
        let carries = match is_about_records(&message) {
            true => Carries::Records,
            false => Carries::Ring,
        };
        if carries == Carries::Ring && lookup.is_none() {
            self.counts.upkeep += 1;
        }
        let bytes = frame_bytes(&message);
        let body = Body::Node(contact, message);
        self.load(from, receiver, carries, lookup, bytes, body);
    }

    /// Returns the message as the receiver's release understands it; `None` when it does not, and then a request is answered here, as the
    /// shipped peer's links do.
    fn understood(
        &mut self,
        from: u16,
        to: u16,
        contact: &Contact,
        message: Message,
    ) -> Option<Message> {
        let features = self.terms.features(to);
        if features.has(message.needs()) {
            return Some(message);
        }
        let plainer = message.plainer();
        if let Some(plainer) = plainer.filter(|plainer| features.has(plainer.needs())) {
            self.counts.plainer += 1;
            return Some(plainer);
        }
        self.counts.unknown += 1;
        let id = self.terms.ids[usize::from(from)];
        self.refuse(to, id, Reason::Version);
        if let Message::Request(number, _) = message {
            let answer = Message::Response(number, Response::Unsupported);
            let aside = Coming::Aside(from, Box::new((contact.clone(), answer)));
            self.queue.push(self.now, aside);
        }
        None
    }

    /// Counts retries, and refusals of records.
    fn note_posted(&mut self, from: u16, to: &Contact, message: &Message) {
        match message {
            Message::Request(number, _) => {
                let again = self.peers[usize::from(from)].asks(to.id(), *number);
                self.counts.retried += u64::from(again);
            }
            Message::Response(_, Response::Store(StoreAnswer::Refused(RecordError::Full))) => {
                let traits = self.terms.traits[usize::from(from)];
                let reason = match traits.has(Policy::StoresNothing) {
                    true => {
                        self.counts.not_stored += 1;
                        Reason::Policy(Policy::StoresNothing)
                    }
                    false => {
                        self.counts.no_room += 1;
                        Reason::Room
                    }
                };
                self.refuse(from, to.id(), reason);
            }
            _ => {}
        }
    }

    /// Returns the lookup of a user that a message belongs to. Answers to single hops are not followed.
    fn lookup_of(&self, from: u16, to: u16, message: &Message) -> Option<u64> {
        let (origin, own) = match message {
            Message::Request(_, Request::Chord(Ask::Forward(forward))) => {
                (self.number_of(forward.origin.id())?, forward.lookup)
            }
            Message::Request(_, Request::Chord(Ask::Step(question))) => (from, question.lookup),
            Message::Notice(Notice::Found(found)) => (to, found.lookup),
            _ => return None,
        };
        self.work.number(origin, true, own)
    }

    /// Carries out what a peer wants, until it wants nothing more.
    pub(super) fn drain(&mut self, peer: u16) {
        loop {
            let state = &mut self.peers[usize::from(peer)];
            let output = state.node.as_mut().and_then(|node| node.poll_output());
            if let Some(output) = output {
                self.carry_out(peer, output);
                continue;
            }
            let output = state.swarm.as_mut().and_then(|swarm| swarm.poll_output());
            match output {
                Some(output) => self.carry_out_of_file(peer, output),
                None => break,
            }
        }
        let state = &mut self.peers[usize::from(peer)];
        let due = state.poll_timeout();
        let before = core::mem::replace(&mut state.alarm, due);
        if before != due {
            if let Some(before) = before {
                self.alarms.remove(&(before, peer));
            }
            self.alarms.extend(due.map(|due| (due, peer)));
        }
    }

    fn carry_out(&mut self, peer: u16, output: Output) {
        match output {
            Output::Send { to, message } => self.post(peer, &to, message),
            Output::StoreRecord { token, .. } | Output::StoreGroups { token, .. } => {
                let now = self.now;
                if let Some(node) = &mut self.peers[usize::from(peer)].node {
                    node.handle_storage(now, StorageEvent::Stored(token));
                }
            }
            Output::DropRecord(_) | Output::DropEntries(_) | Output::SetAside(_) => {}
            Output::Event(event) => self.on_event(peer, *event),
        }
    }

    fn on_event(&mut self, peer: u16, event: Event) {
        match event {
            Event::Routed { lookup, .. } => {
                let origin = self.number_of(lookup.0);
                let number = origin.and_then(|origin| self.work.number(origin, true, lookup.1));
                if let Some(number) = number {
                    self.work.visit(number, peer, self.now);
                }
            }
            Event::LookupEnded(LookupId(own), outcome) => {
                let answer = outcome.map_or(Answer::None, |report| self.named(&report));
                self.end(peer, true, own, answer);
            }
            Event::GetEnded(own, outcome) => {
                let version = |record: Option<Record>| record.map_or(0, |one| one.sequence());
                let answer = outcome.map_or(Answer::None, |record| Answer::Got(version(record)));
                self.end(peer, false, own.0, answer);
            }
            Event::PutEnded(own, outcome) => {
                let answer = outcome.map_or(Answer::None, |put| Answer::Put(put.sequence));
                self.end(peer, false, own.0, answer);
            }
            Event::ProvidersFound(own, outcome) => {
                self.on_providers(peer, own, &outcome.unwrap_or_default());
            }
            Event::Joined => {
                self.counts.joined += 1;
                self.record(What::Joined(peer));
            }
            Event::JoinFailed | Event::Alone => {
                self.queue
                    .push(self.now + JOIN_AGAIN, Coming::JoinAgain(peer));
            }
            Event::RecordKept(_) => self.counts.kept += 1,
            Event::RecordDropped(_) => self.counts.dropped += 1,
            Event::LimitReached(_) => self.counts.limits += 1,
            Event::NoAnswer(id) => {
                self.counts.timeouts += 1;
                if let Some(silent) = self.number_of(id) {
                    let is_up = self.peers[usize::from(silent)].node.is_some();
                    self.counts.suspected += u64::from(is_up);
                    self.record(What::TimedOut { at: peer, silent });
                }
            }
            _ => {}
        }
    }

    /// The answer that a lookup reports.
    fn named(&self, report: &Report) -> Answer {
        let path = report.path.iter();
        let path = path.filter_map(|visit| self.number_of(visit.id));
        let owner = report.owner.id();
        let number = self.number_of(owner);
        Answer::Named {
            owner,
            is_liar: number.is_some_and(|at| self.terms.traits[usize::from(at)].is_liar),
            path: path.collect(),
        }
    }

    /// The ring has found providers of the file for a peer's swarm.
    fn on_providers(&mut self, peer: u16, own: OperationId, found: &[Contact]) {
        let (now, id) = (self.now, self.terms.ids[usize::from(peer)]);
        let state = &mut self.peers[usize::from(peer)];
        if state.finding.remove(&own)
            && let (Some(swarm), Some(content)) = (&mut state.swarm, &self.content)
        {
            for source in found.iter().map(Contact::id).filter(|other| *other != id) {
                swarm.add_source(now, content.id(), source);
            }
        }
    }

    fn carry_out_of_file(&mut self, peer: u16, output: FileOutput) {
        let now = self.now;
        let Some(content) = self.content.clone() else {
            return;
        };
        let manifest = content.manifest();
        let Some(state) = self.peers.get_mut(usize::from(peer)) else {
            return;
        };
        match output {
            FileOutput::Send(to, message) => {
                if let Some(to) = self.number_of(to) {
                    let whole = Message::Swarm(message.clone());
                    let bytes = frame_bytes(&whole);
                    self.load(
                        peer,
                        to,
                        Carries::Transfer,
                        None,
                        bytes,
                        Body::File(message),
                    );
                }
            }
            FileOutput::SendBlock(to, block) => self.send_block(peer, to, block),
            FileOutput::Read(_, index) => {
                let bytes = content.segment(manifest.layout(), index);
                let bytes = bytes.map(<[u8]>::to_vec);
                if let Some(swarm) = &mut state.swarm {
                    swarm.handle_read(now, content.id(), index, bytes);
                }
            }
            FileOutput::Write(_, index, pieces) => {
                let right = content.segment(manifest.layout(), index);
                let is_right = right == Some(&pieces.concat()[..]);
                self.damage.kept += u64::from(!is_right);
                if let Some(swarm) = &mut state.swarm {
                    swarm.handle_written(now, content.id(), index, true);
                }
            }
            FileOutput::Find { at, .. } => {
                // A peer in no ring finds no providers, and tries again.
                let node = state.node.as_mut();
                if let Some(Ok(own)) = node.map(|node| node.providers(now, at)) {
                    state.finding.insert(own);
                }
            }
            FileOutput::Announce(content, true) => {
                if let Some(node) = &mut state.node {
                    // At the limit the node says so by an event.
                    let _ = node.announce(now, content);
                }
            }
            FileOutput::Announce(content, false) => {
                if let Some(node) = &mut state.node {
                    node.withdraw(now, content);
                }
            }
            FileOutput::Event(event) => self.on_file_event(peer, &event),
        }
    }

    fn on_file_event(&mut self, peer: u16, event: &FileEvent) {
        match event {
            FileEvent::Complete(_) => {
                let state = &mut self.peers[usize::from(peer)];
                if state.complete.is_none() {
                    state.complete = Some(self.now);
                    self.record(What::Complete(peer));
                }
            }
            FileEvent::Banned(who, _, fault) => {
                self.counts.banned += 1;
                if matches!(fault, Fault::Segment(_)) {
                    self.damage.caught += 1;
                }
                if let Some(liar) = self.number_of(*who) {
                    self.record(What::Caught { by: peer, liar });
                }
            }
            FileEvent::Described(_) | FileEvent::Failed(..) => {}
        }
    }

    fn send_block(&mut self, peer: u16, to: Id, block: Block) {
        let Some(receiver) = self.number_of(to) else {
            return;
        };
        let length = FRAME + (BLOCK_HEADER + block.bytes().len()) as u64;
        let waiting = &mut self.peers[usize::from(peer)].waiting;
        *waiting.entry(to).or_default() += usize::try_from(length).unwrap_or(usize::MAX);
        let is_content = matches!(block.place, Place::Content(_));
        let block = match self.terms.traits[usize::from(peer)].is_liar && is_content {
            true => corrupt(&block),
            false => block,
        };
        self.load(
            peer,
            receiver,
            Carries::Segment,
            None,
            length,
            Body::Block(block),
        );
    }

    /// Everything that is on its way, in no order of time: what waits for lines, then what has left.
    pub fn in_flight(&self) -> impl Iterator<Item = Parcel> {
        let left = self.queue.iter().filter_map(|coming| match coming {
            Coming::Arrival(load) => Some(load.parcel),
            _ => None,
        });
        self.network.queued().chain(left)
    }
}

fn is_value(message: &Message) -> bool {
    matches!(
        message,
        Message::Response(_, Response::Store(StoreAnswer::Value(Some(_))))
    )
}

const fn is_about_records(message: &Message) -> bool {
    match message {
        Message::Request(
            _,
            Request::Store(StoreAsk::Read(_) | StoreAsk::Write(_) | StoreAsk::Offer(_)),
        )
        | Message::Request(_, Request::Group(_))
        | Message::Response(_, Response::Store(_) | Response::Group(_) | Response::Unsupported) => {
            true
        }
        Message::Request(_, Request::Chord(_))
        | Message::Response(_, Response::Chord(_))
        | Message::Notice(_)
        | Message::Swarm(_) => false,
    }
}
