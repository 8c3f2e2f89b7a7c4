//! Open connections, be they sockets or circuits: handshake first, then tagged frames.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;

use crate::base::contact::Contact;
use crate::base::features::Features;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::link::handshake::{Handshake, Progress};
use crate::link::reason::{CloseReason, Goodbye};
use crate::link::relay_message::RelayMessage;
use crate::link::session::Role;
use crate::link::{Leg, LinkId};
use crate::message::{Message, Response};
use crate::node::api::Event as NodeEvent;
use crate::peer::api::{Event, LinkView, Output};
use crate::peer::channel::{Channel, Link, Stage, unseal};
use crate::peer::circuits::Flow;
use crate::peer::data::MAX_DATA;
use crate::peer::dialing::Aim;
use crate::peer::{HANDSHAKE_TIMEOUT, Peer};
use crate::swarm::message::Arrived;
use crate::wire::block::decode_block;
use crate::wire::codec::{DecodeError, decode_introduction, decode_message, encode_introduction};
use crate::wire::frame::{Frame, FrameType};

/// A circuit that ended sooner is not made again unasked: whoever ends each at once would have it made without end.
const SHORTEST_CIRCUIT: Duration = Duration::from_secs(1);

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

    /// The other side has closed a connection, and said why by the code and text of a WebSocket's close frame.
    pub fn handle_goodbye(&mut self, now: Instant, link: LinkId, code: u16, text: &str) {
        let said = Goodbye::new(code, text);
        let reason = said.reason().unwrap_or(CloseReason::Gone);
        self.end_channel(now, Channel::Socket(link), reason, Some(said));
        self.drain_node(now);
    }

    /// The owner had to close a connection: its queue is full, or nothing came for too long.
    pub fn handle_broken(&mut self, now: Instant, link: LinkId, reason: CloseReason) {
        // What was handed over and could not be sent is missing for good: what was to follow it would be taken for forged.
        self.outputs
            .retain(|output| !matches!(output, Output::Send { link: of, .. } if *of == link));
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
            features: state.features,
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
        let features = !self.features.is_empty();
        let (handshake, hello) = Handshake::start(
            role,
            &self.signer,
            index,
            &self.ring,
            features,
            &mut self.rng,
        );
        let state = Link::new(role, aim, handshake, now);
        self.links.insert(channel, state);
        if let Channel::Socket(link) = channel {
            self.flows.insert(link, Flow::new(role));
        }
        self.deadlines.insert(channel, now + HANDSHAKE_TIMEOUT);
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
                if kind != FrameType::Introduction {
                    return Err(CloseReason::BeforeIntroduction);
                }
                let introduction = decode_introduction(body, state.tells_features, &mut self.cards);
                let (contact, features) = introduction.map_err(|_| CloseReason::WrongCard)?;
                if contact.id() != *id {
                    return Err(CloseReason::WrongCard);
                }
                state.stage = Stage::Open(contact.clone(), session.clone());
                state.features = features;
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
                features,
                session,
            } => {
                let id = self.signer.scheme().position(self.node.space(), key, index);
                let state = self.links.get_mut(&channel).ok_or(CloseReason::Gone)?;
                let wanted = state.aim.as_ref().and_then(Aim::node);
                if wanted.is_some_and(|wanted| wanted != id) {
                    return Err(CloseReason::OtherNode);
                }
                state.stage = Stage::Proved(id, Box::new(session));
                state.tells_features = features;
                self.introduce(now, channel);
            }
        }
        Ok(())
    }

    /// Tells the other end where this node is reached, and what it can do.
    pub(super) fn introduce(&mut self, now: Instant, channel: Channel) {
        let state = self.links.get(&channel);
        let tells_features = state.is_some_and(|state| state.tells_features);
        let features = tells_features.then_some(self.features);
        // A contact is bounded: it can be encoded.
        if let Ok(body) = encode_introduction(self.node.contact(), features) {
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
        for waiting in self.dialing.take(id) {
            self.send_body(now, channel, contact, &waiting);
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
            return Err(CloseReason::OutOfTurn);
        };
        let (kind, body, value) = unseal(session, frame)?;
        match kind {
            FrameType::Message => {
                let message = match decode_message(body, &mut self.cards) {
                    Ok(message) => message,
                    Err(
                        DecodeError::UnknownRequest(number) | DecodeError::RetiredRequest(number),
                    ) if state.features.has(Features::UNSUPPORTED) => {
                        let to = contact.clone();
                        let answer = Message::Response(number, Response::Unsupported);
                        self.send(now, &to, &answer);
                        return Ok(());
                    }
                    // Release 0.1 understands no refusal: silence is one.
                    Err(DecodeError::RetiredRequest(_)) => return Ok(()),
                    Err(error) => return Err(error.into()),
                };
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
                let (content, place, bytes) = decode_block(body).ok_or(CloseReason::Block)?;
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
                let introduction = decode_introduction(body, state.tells_features, &mut self.cards);
                let (newer, features) = introduction.map_err(|_| CloseReason::StaleCard)?;
                if !newer.supersedes(contact) {
                    return Err(CloseReason::StaleCard);
                }
                *contact = newer.clone();
                state.features = features;
                self.node.refresh(&newer);
            }
            FrameType::Relay => {
                let Channel::Socket(link) = channel else {
                    return Err(CloseReason::RelayOnCircuit);
                };
                let from = contact.id();
                let message = RelayMessage::decode(body)?;
                self.on_relay_message(now, link, from, message)?;
            }
            FrameType::Hello | FrameType::Proof => return Err(CloseReason::OutOfTurn),
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
        self.end_channel(now, channel, reason, None);
    }

    /// A link or circuit has ended, for a reason of this side's or for what the other side said.
    pub(super) fn end_channel(
        &mut self,
        now: Instant,
        channel: Channel,
        reason: CloseReason,
        said: Option<Goodbye>,
    ) {
        let Some(state) = self.links.remove(&channel) else {
            return;
        };
        self.deadlines.remove(&channel);
        match &said {
            Some(said) => *self.goodbyes.entry(said.reason()).or_default() += 1,
            None => self.count(reason),
        }
        let contact = state.contact().cloned();
        self.outputs.push_back(Output::Event(Event::LinkDown {
            link: channel.link(),
            id: contact.as_ref().map(Contact::id),
            reason,
            said,
        }));
        match channel {
            Channel::Socket(link) => self.on_socket_lost(now, link),
            Channel::Circuit(leg) => self.drop_lane(leg),
        }
        if let (CloseReason::Itself, Some(address)) = (reason, state.dialed) {
            self.on_itself(address);
        }
        match (contact, state.aim) {
            (Some(contact), _) => {
                let is_old = now >= state.opened + SHORTEST_CIRCUIT;
                self.on_channel_lost(now, channel, &contact, reason, is_old);
            }
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
        is_old: bool,
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
        self.on_company_gone(id);
        match channel {
            Channel::Circuit(_) if reason != CloseReason::Leaving && is_old => {
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

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::base::contact::Address;
    use crate::base::id::Space;
    use crate::base::identity::Signer;
    use crate::message::Request;
    use crate::peer::Config;
    use crate::store::group::message as group;
    use crate::store::message::{self as store, StoredRecord};
    use crate::store::record::{Name, Record};

    const LINK: LinkId = LinkId(1);

    fn peer(secret: u8, features: Features) -> Peer {
        let config = Config {
            features,
            ..Config::default()
        };
        let signer = Signer::ed25519([secret; 32]);
        let address = Address::parse_url(&alloc::format!("ws://peer-{secret}")).unwrap();
        Peer::new(config, signer, vec![address], 1, [secret; 32]).unwrap()
    }

    /// Two peers with these features and an open link.
    fn linked(features: [Features; 2]) -> [Peer; 2] {
        let mut peers = [peer(1, features[0]), peer(2, features[1])];
        let address = Address::parse_url("ws://peer-2").unwrap();
        peers[0].dial(address.clone(), Aim::Probe);
        peers[0].handle_dialed(Instant::ZERO, LINK, &address);
        peers[1].handle_accepted(Instant::ZERO, LINK);
        exchange(&mut peers);
        peers
    }

    /// Carries frames until nobody says anything more; how many each has sent.
    fn exchange(peers: &mut [Peer; 2]) -> [usize; 2] {
        let mut sent = [0; 2];
        for _ in 0..20 {
            for from in [0, 1] {
                while let Some(output) = peers[from].poll_output() {
                    if let Output::Send { frame, .. } = output {
                        sent[from] += 1;
                        peers[1 - from].handle_frame(Instant::ZERO, LINK, frame);
                    }
                }
            }
        }
        sent
    }

    fn seen(peer: &Peer) -> Option<Features> {
        let link = peer.links().next()?;
        link.contact.is_some().then_some(link.features)
    }

    #[test]
    fn each_side_learns_what_the_other_can_do_unless_one_is_of_release_0_1() {
        let later = Features::UNSUPPORTED | Features::from_bits(1 << 50);
        for (features, told) in [
            ([Features::ALL, later], [later, Features::ALL]),
            ([Features::ALL, Features::NONE], [Features::NONE; 2]),
            ([Features::NONE, Features::ALL], [Features::NONE; 2]),
        ] {
            let peers = linked(features);
            assert_eq!([&peers[0], &peers[1]].map(seen), told.map(Some));
        }
    }

    #[test]
    fn an_unknown_request_is_answered_to_who_understands_that_and_ends_other_links() {
        for (features, is_open) in [(Features::ALL, true), (Features::NONE, false)] {
            let mut peers = linked([features, Features::ALL]);
            let unknown = [0, 77, 99];
            let channel = Channel::Socket(LINK);
            peers[0].send_sealed(Instant::ZERO, channel, FrameType::Message, &unknown);
            assert_eq!(exchange(&mut peers), [1, usize::from(is_open)]);
            assert_eq!(seen(&peers[1]).is_some(), is_open);
            let refused = peers[1].drops().get(&CloseReason::Message);
            assert_eq!(refused.is_some(), !is_open);
        }
    }

    #[test]
    fn nothing_is_sent_that_the_other_side_does_not_understand() {
        let unsupported = Message::Response(3, Response::Unsupported);
        let fence = Message::Request(3, Request::Group(Box::new(group::Request::Fence(vec![]))));
        let groups = Features::UNSUPPORTED | Features::LINEAGE | Features::TOMBSTONES;
        for (message, features, frames) in [
            (&unsupported, Features::ALL, 1),
            (&unsupported, Features::NONE, 0),
            (&fence, groups | Features::FENCES, 1),
            (&fence, groups, 0),
            (
                &fence,
                Features::UNSUPPORTED | Features::LINEAGE | Features::FENCES,
                0,
            ),
        ] {
            let mut peers = linked([Features::ALL, features]);
            let other = peers[1].node.contact().clone();
            peers[0].send(Instant::ZERO, &other, message);
            let sent = exchange(&mut peers)[0];
            assert_eq!(sent, frames, "{message:?} to {features:?}");
        }
    }

    /// What release 0.1 would take for a long life is not sent to it.
    #[test]
    fn a_tombstone_is_no_record_to_who_does_not_know_of_tombstones() {
        let name = Name::new("name").unwrap();
        let life = Duration::from_secs(60);
        let signer = Signer::ed25519([3; 32]);
        let record = Record::sign(&signer, name.clone(), Some(vec![1]), 2, life).unwrap();
        let key = record.key(Space::FULL);
        let copy = Box::new(StoredRecord {
            record,
            remaining: -5,
        });
        let write = Message::Request(3, Request::Store(store::Request::Write(copy.clone())));
        for (features, is_kept) in [(Features::ALL, true), (Features::NONE, false)] {
            let mut peers = linked([Features::ALL, features]);
            for peer in &mut peers {
                peer.node.create(Instant::ZERO);
            }
            let other = peers[1].node.contact().clone();
            peers[0].send(Instant::ZERO, &other, &write);
            exchange(&mut peers);
            let held = peers[1].node.records().get(key);
            assert_eq!(held.is_some(), is_kept, "{features:?}");
        }
        let value = store::Response::Value(Some(copy));
        let value = Message::Response(3, Response::Store(value));
        let nothing = Response::Store(store::Response::Value(None));
        assert_eq!(value.needs(), Features::TOMBSTONES);
        assert_eq!(value.plainer(), Some(Message::Response(3, nothing)));
    }
}
