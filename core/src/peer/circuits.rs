//! Circuits that end at this peer, and how all circuits share a socket.

use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::link::fair_queue::{FairQueue, Lane};
use crate::link::reason::CloseReason;
use crate::link::relay_message::RelayMessage;
use crate::link::session::{Role, TRAILER};
use crate::link::{Leg, LinkId};
use crate::peer::Peer;
use crate::peer::api::{Event, Output};
use crate::peer::channel::Channel;
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
    pub(super) fn takes(&mut self, number: u32) -> bool {
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
            self.feed_swarm_over(now, Channel::Socket(link));
        }
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
                    flow.queue.push(Lane::Circuit(leg.circuit), frame);
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
            // The link's own frames are sealed only now: a control message may have overtaken them.
            let sealed = match (lane, self.links.get_mut(&channel)) {
                (Lane::Messages | Lane::Data, Some(state)) => {
                    state.sent += (frame.len() + TRAILER) as u64;
                    state.seal(frame)
                }
                (Lane::Messages | Lane::Data, None) => None,
                (Lane::Circuit(_), _) => Some(frame.into_frame()),
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
            let length = frame.len();
            let received = state.circuit.receive(length);
            match received.and_then(|()| self.on_frame(now, channel, &frame.into())) {
                Ok(()) => self.return_credit(now, leg, length),
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
                _ => Err(CloseReason::UnknownCircuit),
            };
        }
        if let Some(far) = self.relay.pass(leg, &mut frame)? {
            self.pass_on(now, far, frame);
        }
        Ok(())
    }

    fn return_credit(&mut self, now: Instant, leg: Leg, bytes: usize) {
        let state = self.links.get_mut(&Channel::Circuit(leg));
        if let Some(bytes) = state.and_then(|state| state.circuit.consume(now, bytes)) {
            let circuit = leg.circuit;
            self.send_relay_message(now, leg.link, RelayMessage::Credit { circuit, bytes });
        }
    }

    /// Tells the other end of a link that a circuit is over.
    pub(super) fn refuse_circuit(&mut self, now: Instant, leg: Leg, reason: CloseReason) {
        let (circuit, reason) = (leg.circuit, reason.byte());
        self.send_relay_message(now, leg.link, RelayMessage::Close { circuit, reason });
    }

    pub(super) fn drop_lane(&mut self, leg: Leg) {
        if let Some(flow) = self.flows.get_mut(&leg.link) {
            flow.queue.drop_lane(Lane::Circuit(leg.circuit));
        }
    }

    /// The circuits that end here and are carried by a link.
    pub(super) fn circuits_over(&self, link: LinkId) -> impl Iterator<Item = Channel> {
        let leg = |circuit| Channel::Circuit(Leg { link, circuit });
        let carried = self.links.range(leg(0)..=leg(u32::MAX));
        carried.map(|(channel, _)| *channel)
    }

    /// A socket is gone: so are the circuits over it.
    pub(super) fn on_socket_lost(&mut self, now: Instant, link: LinkId) {
        self.flows.remove(&link);
        for far in self.relay.link_lost(now, link) {
            self.drop_lane(far);
            self.refuse_circuit(now, far, CloseReason::Gone);
        }
        let carried: Vec<_> = self.circuits_over(link).collect();
        for channel in carried {
            self.forget_channel(now, channel, CloseReason::RelayGone);
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
