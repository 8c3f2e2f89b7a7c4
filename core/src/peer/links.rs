//! Open connections, be they sockets or circuits: handshake first, then tagged frames.

use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::link::handshake::{Handshake, Progress};
use crate::link::reason::CloseReason;
use crate::link::relay_message::RelayMessage;
use crate::link::session::Role;
use crate::link::{Leg, LinkId};
use crate::message::Message;
use crate::node::api::Event as NodeEvent;
use crate::peer::api::{Event, LinkView, Output};
use crate::peer::channel::{Channel, Link, Stage, unseal};
use crate::peer::circuits::Flow;
use crate::peer::data::MAX_DATA;
use crate::peer::dialing::Aim;
use crate::peer::{HANDSHAKE_PATIENCE, Peer};
use crate::swarm::message::Arrived;
use crate::wire::block::decode_block;
use crate::wire::codec::{decode_contact, decode_message, encode_contact};
use crate::wire::frame::{Frame, FrameType};

impl Peer {
    /// An incoming connection is open as this link.
    pub fn handle_accepted(&mut self, now: Instant, link: LinkId) {
        self.open_channel(now, Channel::Socket(link), None);
    }

    /// One binary message has come over a link.
    pub fn handle_frame(&mut self, now: Instant, link: LinkId, bytes: impl Into<Bytes>) {
        self.on_socket_frame(now, link, &bytes.into());
    }

    fn on_socket_frame(&mut self, now: Instant, link: LinkId, bytes: &Bytes) {
        let channel = Channel::Socket(link);
        let Some(state) = self.links.get_mut(&channel) else {
            return;
        };
        state.heard = now;
        let outcome = match Frame::circuit_of(bytes) {
            Some(circuit) if circuit != 0 && state.contact().is_some() => {
                state.received += bytes.len() as u64;
                self.on_circuit_frame(now, Leg { link, circuit }, bytes)
            }
            _ => self.on_frame(now, channel, bytes),
        };
        if let Err(reason) = outcome {
            self.close(now, channel, reason);
        }
        self.drain_node(now);
    }

    /// A connection is gone, without this side having closed it.
    pub fn handle_closed(&mut self, now: Instant, link: LinkId) {
        self.forget_channel(now, Channel::Socket(link), CloseReason::Gone);
        self.drain_node(now);
    }

    /// The owner had to close a connection: its queue is full, or nothing came for too long.
    pub fn handle_broken(&mut self, now: Instant, link: LinkId, reason: CloseReason) {
        self.close(now, Channel::Socket(link), reason);
        self.drain_node(now);
    }

    /// All links and circuits.
    pub fn links(&self) -> impl Iterator<Item = LinkView> {
        self.links.iter().map(|(channel, state)| LinkView {
            link: channel.link(),
            via: self.relay_of(*channel),
            role: state.role,
            contact: state.contact().cloned(),
            sent: state.sent,
            received: state.received,
        })
    }

    /// The relay at the other end of the socket that carries a circuit.
    pub(super) fn relay_of(&self, channel: Channel) -> Option<Id> {
        let Channel::Circuit(leg) = channel else {
            return None;
        };
        let carrier = self.links.get(&Channel::Socket(leg.link))?;
        carrier.contact().map(Contact::id)
    }

    pub(super) fn open_channel(&mut self, now: Instant, channel: Channel, aim: Option<Aim>) {
        if self.links.len() >= self.limits.links {
            let reason = CloseReason::TooManyLinks;
            self.count(reason);
            self.say_closed(now, channel, reason);
            if let Some(aim) = aim {
                self.on_aim_missed(now, &aim);
            }
            return;
        }
        let role = match aim {
            Some(_) => Role::Initiator,
            None => Role::Responder,
        };
        let index = self.node.contact().card().index;
        let (handshake, hello) =
            Handshake::start(role, &self.signer, index, &self.ring, &mut self.rng);
        let state = Link::new(role, aim, handshake, now);
        self.links.insert(channel, state);
        if let Channel::Socket(link) = channel {
            self.flows.insert(link, Flow::new(role));
        }
        self.deadlines.insert(channel, now + HANDSHAKE_PATIENCE);
        self.send_frame(now, channel, hello);
    }

    /// A frame of a connection's own: of a socket, or of a circuit with its number taken off.
    pub(super) fn on_frame(
        &mut self,
        now: Instant,
        channel: Channel,
        bytes: &Bytes,
    ) -> Result<(), CloseReason> {
        let state = self.links.get_mut(&channel).ok_or(CloseReason::Gone)?;
        state.received += bytes.len() as u64;
        match &mut state.stage {
            Stage::Handshake(handshake) => {
                let progress = handshake.handle(&self.signer, bytes)?;
                self.on_progress(now, channel, progress)
            }
            Stage::Proved(id, session) => {
                let (kind, body, _) = unseal(session, bytes)?;
                let contact = match kind {
                    FrameType::Introduction => decode_contact(body, &mut self.cards),
                    _ => return Err(CloseReason::Garbage),
                };
                let contact = contact.map_err(|_| CloseReason::ForgedIdentity)?;
                if contact.id() != *id {
                    return Err(CloseReason::ForgedIdentity);
                }
                state.stage = Stage::Open(contact.clone(), session.clone());
                let aim = state.aim.clone();
                self.deadlines.remove(&channel);
                self.on_open(now, channel, &contact, aim);
                Ok(())
            }
            Stage::Open(..) => self.on_sealed_frame(now, channel, bytes),
        }
    }

    fn on_progress(
        &mut self,
        now: Instant,
        channel: Channel,
        progress: Progress,
    ) -> Result<(), CloseReason> {
        match progress {
            Progress::Reply(frame) => self.send_frame(now, channel, frame),
            Progress::Done {
                key,
                index,
                session,
            } => {
                let id = self.signer.scheme().position(self.node.space(), key, index);
                let state = self.links.get_mut(&channel).ok_or(CloseReason::Gone)?;
                // Another node than the one that was dialed is as good as a forged one.
                let wanted = state.aim.as_ref().and_then(Aim::node);
                if wanted.is_some_and(|wanted| wanted != id) {
                    return Err(CloseReason::ForgedIdentity);
                }
                state.stage = Stage::Proved(id, Box::new(session));
                self.introduce(now, channel);
            }
        }
        Ok(())
    }

    /// Tells the other end where this node is reached.
    pub(super) fn introduce(&mut self, now: Instant, channel: Channel) {
        // A contact is bounded: it can be encoded.
        if let Ok(body) = encode_contact(self.node.contact()) {
            self.send_sealed(now, channel, FrameType::Introduction, &body);
        }
    }

    fn on_open(&mut self, now: Instant, channel: Channel, contact: &Contact, aim: Option<Aim>) {
        let id = contact.id();
        let role = self.links.get(&channel).map(|state| state.role);
        // Two nodes may dial each other at once: one link each way stays. A second one the same way replaces the first,
        // which a restarted node has left behind. A socket and a circuit are different ways: a tab may dial a node as its
        // relay that it has reached over another one before, and each takes over when the other breaks.
        let is_circuit = matches!(channel, Channel::Circuit(_));
        let older = self.links.iter().find(|(other, state)| {
            **other != channel
                && matches!(other, Channel::Circuit(_)) == is_circuit
                && Some(state.role) == role
                && state.contact().is_some_and(|contact| contact.id() == id)
        });
        let older = older.map(|(other, _)| *other);
        self.routes.insert(id, channel);
        self.node.refresh(contact);
        if let Some(older) = older {
            self.close(now, older, CloseReason::Replaced);
        }
        self.outputs.push_back(Output::Event(Event::LinkUp {
            link: channel.link(),
            contact: contact.clone(),
            via: self.relay_of(channel),
        }));
        for body in self.dialing.take(id) {
            self.send_sealed(now, channel, FrameType::Message, &body);
        }
        self.on_way_found(now, channel, id);
        self.on_possible_relay(now, channel, contact, aim == Some(Aim::Join));
        if aim == Some(Aim::Probe) {
            self.node.probe(now, contact);
        }
    }

    fn on_sealed_frame(
        &mut self,
        now: Instant,
        channel: Channel,
        frame: &Bytes,
    ) -> Result<(), CloseReason> {
        let state = self.links.get_mut(&channel).ok_or(CloseReason::Gone)?;
        let Stage::Open(contact, session) = &mut state.stage else {
            return Err(CloseReason::Garbage);
        };
        let (kind, body, value) = unseal(session, frame)?;
        match kind {
            FrameType::Message => {
                let message =
                    decode_message(body, &mut self.cards).map_err(|_| CloseReason::Garbage)?;
                let contact = contact.clone();
                match message {
                    Message::Swarm(message) => {
                        self.transfers
                            .swarm
                            .handle_message(now, contact.id(), message);
                    }
                    message => self.node.handle_message(now, contact, message),
                }
            }
            FrameType::Block => {
                let (content, place, bytes) = decode_block(body).ok_or(CloseReason::Garbage)?;
                let from = contact.id();
                let arrived = Arrived {
                    place,
                    bytes: frame.slice_ref(bytes),
                    value,
                };
                self.transfers
                    .swarm
                    .handle_block(now, from, content, arrived);
            }
            FrameType::Data if body.len() > MAX_DATA => return Err(CloseReason::TooLarge),
            FrameType::Data => {
                let (from, body) = (contact.id(), body.to_vec());
                let data = Event::Data { from, body };
                self.outputs.push_back(Output::Event(data));
            }
            FrameType::Introduction => {
                let newer =
                    decode_contact(body, &mut self.cards).map_err(|_| CloseReason::Garbage)?;
                if !newer.supersedes(contact) {
                    return Err(CloseReason::Garbage);
                }
                *contact = newer.clone();
                self.node.refresh(&newer);
            }
            FrameType::Relay => {
                let Channel::Socket(link) = channel else {
                    return Err(CloseReason::Garbage);
                };
                let from = contact.id();
                let message = RelayMessage::decode(body)?;
                self.on_relay_message(now, link, from, message)?;
            }
            FrameType::Hello | FrameType::Proof => return Err(CloseReason::Garbage),
        }
        Ok(())
    }

    pub(super) fn send_sealed(
        &mut self,
        now: Instant,
        channel: Channel,
        kind: FrameType,
        body: &[u8],
    ) {
        let frame = Frame::on_link(kind, body).encode();
        let link = self.links.get_mut(&channel);
        if let Some(sealed) = link.and_then(|state| state.seal(frame)) {
            self.send_frame(now, channel, sealed);
        }
    }

    fn send_frame(&mut self, now: Instant, channel: Channel, frame: Vec<u8>) {
        if let Some(state) = self.links.get_mut(&channel) {
            state.sent += frame.len() as u64;
        }
        match channel {
            Channel::Socket(link) => self.output_frame(link, frame),
            Channel::Circuit(leg) => self.send_on_circuit(now, leg, frame),
        }
    }

    pub(super) fn close(&mut self, now: Instant, channel: Channel, reason: CloseReason) {
        if self.links.contains_key(&channel) {
            self.say_closed(now, channel, reason);
            self.forget_channel(now, channel, reason);
        }
    }

    fn say_closed(&mut self, now: Instant, channel: Channel, reason: CloseReason) {
        match channel {
            Channel::Socket(link) => self.outputs.push_back(Output::Close { link, reason }),
            Channel::Circuit(leg) => self.refuse_circuit(now, leg, reason),
        }
    }

    pub(super) fn forget_channel(&mut self, now: Instant, channel: Channel, reason: CloseReason) {
        let Some(state) = self.links.remove(&channel) else {
            return;
        };
        self.deadlines.remove(&channel);
        self.count(reason);
        let contact = state.contact().cloned();
        self.outputs.push_back(Output::Event(Event::LinkDown {
            link: channel.link(),
            id: contact.as_ref().map(Contact::id),
            reason,
        }));
        match channel {
            Channel::Socket(link) => self.on_socket_lost(now, link),
            Channel::Circuit(leg) => self.drop_lane(leg),
        }
        match (contact, state.aim) {
            (Some(contact), _) => self.on_channel_lost(now, channel, &contact, reason),
            (None, Some(aim)) => self.on_aim_missed(now, &aim),
            (None, None) => {}
        }
    }

    /// The way to a node is gone. Another one takes over; behind a circuit that broke the node may well be there, and is
    /// looked for; otherwise it counts as unreachable.
    fn on_channel_lost(
        &mut self,
        now: Instant,
        channel: Channel,
        contact: &Contact,
        reason: CloseReason,
    ) {
        let id = contact.id();
        if let Channel::Socket(_) = channel {
            self.on_relay_lost(now, id);
        }
        if self.routes.get(&id) != Some(&channel) {
            return;
        }
        // What was on its way is lost, so that the transfer begins anew even where another way takes over.
        self.transfers.swarm.handle_gone(now, id);
        let other = self
            .links
            .iter()
            .find(|(_, state)| state.contact().is_some_and(|contact| contact.id() == id));
        if let Some((other, _)) = other {
            self.routes.insert(id, *other);
            return;
        }
        self.routes.remove(&id);
        match channel {
            Channel::Circuit(_) if reason != CloseReason::Leaving => {
                self.make_link(now, contact, None);
            }
            _ => self.node.handle_unreachable(now, id),
        }
    }

    pub(super) fn count(&mut self, reason: CloseReason) {
        *self.drops.entry(reason).or_default() += 1;
    }

    /// A member by another way meanwhile, or on its way to be one.
    pub(super) fn join_via(&mut self, now: Instant, contact: Contact) {
        if self.node.join(now, contact).is_err() {
            self.on_node_event(now, NodeEvent::Joined);
        }
    }
}
