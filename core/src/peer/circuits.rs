//! Circuits at this peer: its own ends of them, those that it relays, and how both share a socket.

use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::chord::route::Routing;
use crate::link::fair_queue::FairQueue;
use crate::link::reason::CloseReason;
use crate::link::relay::{Found, LEASE_GRACE};
use crate::link::relay_message::RelayMessage;
use crate::link::session::{Role, TRAILER};
use crate::link::{Leg, LinkId};
use crate::peer::api::{Event, Output};
use crate::peer::links::Channel;
use crate::peer::{Peer, Reach};
use crate::wire::frame::{Frame, FrameType, MAX_FRAME};

/// What a socket has besides a channel's state: it carries circuits.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub(super) queue: FairQueue,
    role: Role,
    next_number: u32,
    last_of_theirs: u32,
}

impl Flow {
    pub(super) fn new(role: Role) -> Self {
        Self {
            queue: FairQueue::default(),
            role,
            next_number: match role {
                Role::Initiator => 1,
                Role::Responder => 2,
            },
            last_of_theirs: 0,
        }
    }

    /// A number for a circuit that this side opens; `None` when all are used up.
    pub(super) fn number(&mut self) -> Option<u32> {
        let number = self.next_number;
        self.next_number = number.checked_add(2)?;
        Some(number)
    }

    /// Whether the other side may open a circuit of this number.
    fn takes(&mut self, number: u32) -> bool {
        let is_theirs = (number % 2 == 1) == (self.role == Role::Responder);
        let is_new = number > self.last_of_theirs;
        if is_theirs && is_new {
            self.last_of_theirs = number;
        }
        is_theirs && is_new
    }

    /// Whether a circuit of this number has ever been.
    fn knows(&self, number: u32) -> bool {
        let is_mine = (number % 2 == 1) == (self.role == Role::Initiator);
        match is_mine {
            true => number < self.next_number,
            false => number <= self.last_of_theirs,
        }
    }
}

impl Peer {
    /// Bytes of [`Output::Send`] frames have left over a link. Circuits and data wait for this, so that no more than a
    /// quarter of a mebibyte is ever on its way to a socket.
    pub fn handle_written(&mut self, now: Instant, link: LinkId, bytes: usize) {
        if let Some(flow) = self.flows.get_mut(&link) {
            flow.queue.written(bytes);
            self.pump(link);
            self.tell_room(now, Channel::Socket(link));
        }
    }

    /// How many circuits it relays, and how many nodes have a lease.
    pub fn relayed(&self) -> (usize, usize) {
        (self.relay.circuits(), self.relay.leases())
    }

    /// The socket to a node, once it is open.
    pub(super) fn socket_to(&self, id: Id) -> Option<LinkId> {
        let is_open = |channel: &Channel| {
            let contact = self.links.get(channel).and_then(|state| state.contact());
            contact.is_some_and(|contact| contact.id() == id)
        };
        match self.routes.get(&id) {
            Some(Channel::Socket(link)) => Some(*link),
            // An older way may be a circuit, while a socket is there, too.
            Some(Channel::Circuit(_)) => {
                let sockets = self.flows.keys().map(|link| Channel::Socket(*link));
                sockets.filter(is_open).map(Channel::link).next()
            }
            None => None,
        }
    }

    pub(super) fn output_frame(&mut self, link: LinkId, frame: Vec<u8>) {
        if let Some(flow) = self.flows.get_mut(&link) {
            flow.queue.sent(frame.len());
        }
        self.outputs.push_back(Output::Send { link, frame });
    }

    pub(super) fn send_relay_message(&mut self, now: Instant, link: LinkId, said: RelayMessage) {
        let channel = Channel::Socket(link);
        self.send_sealed(now, channel, FrameType::Relay, &said.encode());
    }

    pub(super) fn send_on_circuit(&mut self, now: Instant, leg: Leg, frame: Vec<u8>) {
        let channel = Channel::Circuit(leg);
        let Some(state) = self.links.get_mut(&channel) else {
            return;
        };
        match state.circuit.push(frame) {
            Ok(()) => self.flush_circuit(leg),
            Err(reason) => self.close(now, channel, reason),
        }
    }

    /// Hands on what there is credit for.
    pub(super) fn flush_circuit(&mut self, leg: Leg) {
        let Some(state) = self.links.get_mut(&Channel::Circuit(leg)) else {
            return;
        };
        loop {
            while let Some(mut frame) = state.circuit.pop() {
                Frame::put_on(leg.circuit, &mut frame);
                if let Some(flow) = self.flows.get_mut(&leg.link) {
                    flow.queue.push(leg.circuit, frame);
                }
            }
            if !state.circuit.has_room_for_data() {
                break;
            }
            let Some(data) = state.data.pop_front() else {
                break;
            };
            state.data_bytes -= data.len();
            let Some(sealed) = state.seal(data) else {
                break;
            };
            // There is room: nothing waits.
            let _ = state.circuit.push(sealed);
        }
        self.pump(leg.link);
    }

    /// Sends what waits for the socket, as far as it takes it.
    pub(super) fn pump(&mut self, link: LinkId) {
        while let Some(flow) = self.flows.get_mut(&link) {
            let Some((lane, frame)) = flow.queue.pop() else {
                return;
            };
            let channel = Channel::Socket(link);
            // The link's own data is sealed only now: a message may have overtaken it.
            let sealed = match (lane, self.links.get_mut(&channel)) {
                (0, Some(state)) => state.seal(frame),
                (0, None) => None,
                _ => Some(frame),
            };
            if let Some(frame) = sealed {
                self.output_frame(link, frame);
            }
        }
    }

    /// A frame has come that travels on a circuit.
    pub(super) fn on_circuit_frame(
        &mut self,
        now: Instant,
        leg: Leg,
        bytes: &[u8],
    ) -> Result<(), CloseReason> {
        if bytes.len() > MAX_FRAME + TRAILER {
            return Err(CloseReason::TooLarge);
        }
        let channel = Channel::Circuit(leg);
        let mut frame = bytes.to_vec();
        if let Some(state) = self.links.get_mut(&channel) {
            state.heard = now;
            Frame::put_on(0, &mut frame);
            let received = state.circuit.receive(frame.len());
            match received.and_then(|()| self.on_frame(now, channel, &frame)) {
                Ok(()) => self.return_credit(now, leg, frame.len()),
                Err(reason) => self.close(now, channel, reason),
            }
            return Ok(());
        }
        if !self.relay.has(leg) {
            return match self.flows.get(&leg.link) {
                // It crossed the message that closed its circuit.
                Some(flow) if flow.knows(leg.circuit) => {
                    self.late_frames += 1;
                    Ok(())
                }
                _ => Err(CloseReason::Garbage),
            };
        }
        if let Some(far) = self.relay.pass(leg, &mut frame)? {
            self.pass_on(now, far, frame);
        }
        Ok(())
    }

    fn return_credit(&mut self, now: Instant, leg: Leg, bytes: usize) {
        let state = self.links.get_mut(&Channel::Circuit(leg));
        if let Some(bytes) = state.and_then(|state| state.circuit.consume(bytes)) {
            let circuit = leg.circuit;
            self.send_relay_message(now, leg.link, RelayMessage::Credit { circuit, bytes });
        }
    }

    /// Puts a relayed frame into the queue of the link it leaves by.
    fn pass_on(&mut self, now: Instant, far: Leg, mut frame: Vec<u8>) {
        Frame::put_on(far.circuit, &mut frame);
        if let Some(flow) = self.flows.get_mut(&far.link) {
            self.relayed_bytes += frame.len() as u64;
            flow.queue.push(far.circuit, frame);
            self.pump(far.link);
        }
        let waiting = |flow: &Flow| flow.queue.bytes();
        let crowded = self.flows.get(&far.link).map_or(0, waiting) > self.relay.limits().bytes / 64;
        if crowded && self.flows.values().map(waiting).sum::<usize>() > self.relay.limits().bytes {
            self.close_longest(now);
        }
    }

    /// The circuit whose receiver is furthest behind ends.
    fn close_longest(&mut self, now: Instant) {
        let queues = self.flows.iter().filter_map(|(link, flow)| {
            let (circuit, bytes) = flow.queue.longest()?;
            let link = *link;
            (circuit != 0).then_some((bytes, Leg { link, circuit }))
        });
        if let Some((_, leg)) = queues.max() {
            self.end_circuit(now, leg, CloseReason::QueueFull);
        }
    }

    /// Ends a circuit, be it relayed or one's own, at both its legs.
    fn end_circuit(&mut self, now: Instant, leg: Leg, reason: CloseReason) {
        if self.links.contains_key(&Channel::Circuit(leg)) {
            self.close(now, Channel::Circuit(leg), reason);
            return;
        }
        self.count(reason);
        for leg in self.relay.close(leg).into_iter().chain([leg]) {
            self.drop_lane(leg);
            self.refuse_circuit(now, leg, reason);
        }
    }

    /// Tells the other end of a link that a circuit is over.
    pub(super) fn refuse_circuit(&mut self, now: Instant, leg: Leg, reason: CloseReason) {
        let (circuit, reason) = (leg.circuit, reason.byte());
        self.send_relay_message(now, leg.link, RelayMessage::Close { circuit, reason });
    }

    pub(super) fn drop_lane(&mut self, leg: Leg) {
        if let Some(flow) = self.flows.get_mut(&leg.link) {
            flow.queue.drop_lane(leg.circuit);
        }
    }

    /// What the node at the other end of a link says about leases and circuits.
    pub(super) fn on_relay_message(
        &mut self,
        now: Instant,
        link: LinkId,
        from: Id,
        said: RelayMessage,
    ) -> Result<(), CloseReason> {
        match said {
            RelayMessage::Lease => self.on_lease_asked(now, link, from),
            RelayMessage::Leased { .. } => self.on_leased(now, from),
            RelayMessage::Refused(reason) => {
                self.on_lease_refused(now, from, CloseReason::from_byte(reason));
            }
            RelayMessage::Release => self.relay.release(from),
            RelayMessage::Open {
                circuit,
                target,
                relay,
            } => {
                let flow = self.flows.get_mut(&link).ok_or(CloseReason::Gone)?;
                if !flow.takes(circuit) {
                    return Err(CloseReason::Garbage);
                }
                self.on_circuit_asked(now, Leg { link, circuit }, from, target, relay);
            }
            RelayMessage::Close { circuit, reason } => {
                let leg = Leg { link, circuit };
                let reason = CloseReason::from_byte(reason);
                self.forget_channel(now, Channel::Circuit(leg), reason);
                if let Some(far) = self.relay.close(leg) {
                    self.drop_lane(leg);
                    self.finish_lane(now, far, reason);
                }
            }
            RelayMessage::Credit { circuit, bytes } => {
                let leg = Leg { link, circuit };
                match self.links.get_mut(&Channel::Circuit(leg)) {
                    Some(state) => {
                        state.circuit.grant(bytes)?;
                        self.flush_circuit(leg);
                        self.tell_room(now, Channel::Circuit(leg));
                    }
                    None => {
                        if let Some(far) = self.relay.grant(leg, bytes)? {
                            let circuit = far.circuit;
                            let credit = RelayMessage::Credit { circuit, bytes };
                            self.send_relay_message(now, far.link, credit);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// One end has closed a circuit: what it had sent before still goes to the other one, ahead of the news.
    fn finish_lane(&mut self, now: Instant, far: Leg, reason: CloseReason) {
        // What waits is bounded by the circuit's window; a receiver that is that far behind does without.
        self.pump(far.link);
        self.drop_lane(far);
        self.refuse_circuit(now, far, reason);
    }

    fn on_lease_asked(&mut self, now: Instant, link: LinkId, from: Id) {
        let granted = match self.reach {
            Reach::Direct => self.relay.lease(from, link),
            Reach::Relayed => Err(CloseReason::Unreachable),
        };
        let answer = match granted {
            Ok(()) => RelayMessage::Leased {
                grace: u16::try_from(LEASE_GRACE.as_secs()).unwrap_or(u16::MAX),
                circuits: self.relay.limits().circuits_per_link,
            },
            Err(reason) => RelayMessage::Refused(reason.byte()),
        };
        self.send_relay_message(now, link, answer);
        self.on_way_found(now, Channel::Socket(link), from);
    }

    fn on_circuit_asked(
        &mut self,
        now: Instant,
        near: Leg,
        from: Id,
        target: Id,
        relay: Option<Id>,
    ) {
        let me = self.node.id();
        if target == me {
            self.open_channel(now, Channel::Circuit(near), None);
            return;
        }
        let next = relay.filter(|relay| *relay != me).unwrap_or(target);
        let is_detour = next != target;
        let refused = match self.reach {
            Reach::Direct if !self.relay.serves(from, target, is_detour) => {
                Some(CloseReason::Unreachable)
            }
            Reach::Direct if !self.relay.has_room(near.link) => Some(CloseReason::TooManyCircuits),
            Reach::Direct => None,
            Reach::Relayed => Some(CloseReason::Unreachable),
        };
        if let Some(reason) = refused {
            self.count(reason);
            self.refuse_circuit(now, near, reason);
            return;
        }
        self.relay.wait(now, near, next, target);
        match self.socket_to(next) {
            Some(link) => self.on_way_found(now, Channel::Socket(link), next),
            None if self.relay.is_leased(next) => {}
            None => self.find(now, next),
        }
    }

    /// There is a connection to a node: the circuits that waited for it go on, and its tabs can be reached.
    pub(super) fn on_way_found(&mut self, now: Instant, channel: Channel, node: Id) {
        let Channel::Socket(link) = channel else {
            return;
        };
        for found in self.relay.found(node) {
            self.go_on(now, link, found);
        }
        for tab in self.dialing.take_over(node) {
            self.open_circuit(now, link, tab, None);
        }
    }

    fn go_on(&mut self, now: Instant, link: LinkId, found: Found) {
        let Some(circuit) = self.flows.get_mut(&link).and_then(Flow::number) else {
            return;
        };
        let far = Leg { link, circuit };
        self.relay.connect(found.near, far);
        let open = RelayMessage::Open {
            circuit,
            target: found.target,
            relay: None,
        };
        self.send_relay_message(now, link, open);
        if let Some(hello) = found.hello {
            self.pass_on(now, far, hello);
        }
    }

    /// Looks for a node that a tab wants to reach. Its contact comes from the ring, never from the tab.
    fn find(&mut self, now: Instant, id: Id) {
        let known = self.node.contacts().find(|contact| contact.id() == id);
        if let Some(contact) = known.cloned() {
            self.make_link(now, &contact, None);
            return;
        }
        let mode = self.node.mode();
        match self.node.lookup(now, id, Routing::Finger, mode) {
            Ok(lookup) => {
                self.seeking.insert(lookup, id);
            }
            Err(_) => self.give_up_circuits(now, id),
        }
    }

    /// The lookup for a tab's target has ended.
    pub(super) fn on_sought(&mut self, now: Instant, id: Id, owner: Option<&Contact>) {
        match owner.filter(|owner| owner.id() == id) {
            Some(contact) => self.make_link(now, contact, None),
            None => self.give_up_circuits(now, id),
        }
    }

    fn give_up_circuits(&mut self, now: Instant, id: Id) {
        for leg in self.relay.give_up(id) {
            self.count(CloseReason::Unreachable);
            self.refuse_circuit(now, leg, CloseReason::Unreachable);
        }
    }

    /// A socket is gone: so are the circuits over it.
    pub(super) fn on_socket_lost(&mut self, now: Instant, link: LinkId) {
        self.flows.remove(&link);
        for far in self.relay.link_lost(now, link) {
            self.drop_lane(far);
            self.refuse_circuit(now, far, CloseReason::Gone);
        }
        let first = Channel::Circuit(Leg { link, circuit: 0 });
        let last = Channel::Circuit(Leg {
            link,
            circuit: u32::MAX,
        });
        let carried: Vec<_> = self.links.range(first..=last).map(|(at, _)| *at).collect();
        for channel in carried {
            self.forget_channel(now, channel, CloseReason::RelayGone);
        }
    }

    /// When the relay's part has something to do, and doing it.
    pub(super) fn on_relay_timeout(&mut self, now: Instant) {
        if self.relay.poll_timeout().is_none_or(|due| due > now) {
            return;
        }
        for leg in self.relay.handle_timeout(now) {
            self.count(CloseReason::Unreachable);
            self.refuse_circuit(now, leg, CloseReason::Unreachable);
        }
    }

    /// Says that there is room for data again.
    pub(super) fn tell_room(&mut self, _now: Instant, channel: Channel) {
        let waiting = self.data_waiting(channel);
        if let Some(state) = self.links.get_mut(&channel)
            && state.is_full
            && waiting <= super::data::MAX_WAITING / 2
        {
            state.is_full = false;
            let id = state.contact().map(Contact::id);
            let room = id.map(|id| Output::Event(Event::Room(id)));
            self.outputs.extend(room);
        }
    }
}
