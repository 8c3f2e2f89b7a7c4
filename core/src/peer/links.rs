//! Open connections, sockets and circuits alike: handshakes, then tagged frames, and the routes to nodes.
//!
//! Frames and ends come to [wants](Want) of other parts. [`sending`] has the frames that leave.

mod channel;
mod sending;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;

pub(super) use self::channel::Channel;
use self::channel::{Link, Stage, unseal};
use self::sending::Channels;
pub use self::sending::MAX_DATA;
pub(super) use self::sending::{Body, Outputs};
use crate::base::contact::{Address, Contact};
use crate::base::features::Features;
use crate::base::id::{Id, Space};
use crate::base::identity::Signer;
use crate::base::rng::Rng;
use crate::base::time::Instant;
use crate::link::handshake::{Handshake, MAX_RING_NAME, Progress};
use crate::link::reason::{CloseReason, Goodbye};
use crate::link::relay::Found;
use crate::link::relay_message::RelayMessage;
#[cfg(test)]
use crate::link::session::Session;
use crate::link::session::{Plain, Role, TRAILER};
use crate::link::{Leg, LinkId};
use crate::message::{Message, Response};
use crate::peer::api::{DataError, Event, LinkView, Output};
use crate::peer::config::Config;
use crate::peer::dialing::Aim;
use crate::peer::parts::{ToNode, Want};
use crate::peer::{dialing, finding, leasing, relaying, transfers};
use crate::swarm::message::{Arrived, Block};
use crate::wire::block::{decode_block, encode_block};
use crate::wire::codec::{
    Cards, DecodeError, decode_introduction, decode_message, encode_introduction,
};
use crate::wire::frame::{Frame, FrameType, MAX_FRAME};

/// The longest time for a handshake.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// A circuit that ended sooner is not made again unasked: a node that ends each at once would have it made without end.
const SHORTEST_CIRCUIT: Duration = Duration::from_secs(1);

/// The context of the links: this node's contact and signer, the time, and the outputs to the owner.
pub(super) struct Host<'a> {
    pub(super) now: Instant,
    /// The contact of this node, as others are told of it.
    pub(super) me: &'a Contact,
    pub(super) signer: &'a Signer,
    pub(super) outputs: &'a mut Outputs,
}

/// A want of another part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// Send a message to a node.
    Send(Contact, Message),
    /// Send one over the channel to the node that it waited for.
    SendWaiting(Channel, Contact, Body),
    /// Open a circuit over a link to a node, or to it behind the relay `at`.
    OpenCircuit {
        over: LinkId,
        to: Id,
        at: Option<Id>,
    },
    /// Take in a circuit that ends here.
    Accept(Leg),
    /// Tell every linked node how this node is reached by now.
    Introduce,
    /// Tell it whoever is at the other end of this channel.
    IntroduceOver(Channel),
    /// Say this about leases and circuits.
    Say(LinkId, RelayMessage),
    /// Give the other end of a circuit credit for bytes that were used.
    ReturnCredit(Leg, usize),
    /// End a circuit on this leg.
    Refuse(Leg, CloseReason),
    /// The same, of a circuit that this side refuses or ends, which is counted.
    Drop(Leg, CloseReason),
    /// Close a connection.
    Close(Channel, CloseReason),
    /// Take note that a connection has ended, by what the other side said or else by this side.
    End(Channel, CloseReason, Option<Goodbye>),
    /// Speak to a node over another connection than one that has ended, or have it looked for `again`.
    Reroute {
        ended: Channel,
        node: Contact,
        again: bool,
    },
    /// Let a circuit that waited go on over this link.
    GoOn(LinkId, Found),
    /// Pass a frame on.
    Pass(Leg, Vec<u8>),
    /// Let the end of a circuit on the first leg go on to the second.
    PassClose(Leg, Leg, CloseReason),
    /// Judge a frame on a circuit that is unknown here.
    Late(Leg),
}

/// All connections of a peer.
#[derive(Clone, Debug)]
pub(super) struct Links {
    channels: Channels,
    /// The channel over which each known node is spoken to.
    routes: BTreeMap<Id, Channel>,
    /// The end of the time for each handshake.
    deadlines: BTreeMap<Channel, Instant>,
    tally: Tally,
    ring: String,
    features: Features,
    space: Space,
    most: usize,
    cards: Cards,
    rng: Rng,
}

/// Counts of connections that have ended so far.
#[derive(Clone, Debug, Default)]
struct Tally {
    drops: BTreeMap<CloseReason, u64>,
    goodbyes: BTreeMap<Option<CloseReason>, u64>,
    late_frames: u64,
}

impl Links {
    pub(super) fn new(config: &Config, signer: &Signer, rng: Rng) -> Self {
        let mut ring = config.ring.clone();
        while ring.len() > MAX_RING_NAME {
            ring.pop();
        }
        let space = config.node.space;
        Self {
            channels: Channels::new(config.limits.message_bytes),
            routes: BTreeMap::new(),
            deadlines: BTreeMap::new(),
            tally: Tally::default(),
            ring,
            features: config.features,
            space,
            most: config.limits.links,
            cards: Cards::new(space, signer.scheme()),
            rng,
        }
    }

    /// Handles an input from another part.
    pub(super) fn handle(&mut self, host: Host<'_>, input: Input) -> Vec<Want> {
        let Host { now, me, .. } = host;
        let want = match input {
            Input::Send(to, message) => return self.send(&to, &message, host.outputs),
            Input::SendWaiting(channel, to, body) => {
                self.send_body(channel, &to, &body, host.outputs)
            }
            Input::OpenCircuit { over, to, at } => self.open_circuit(host, over, to, at),
            Input::Accept(leg) => self.open(host, Channel::Circuit(leg), None, None),
            Input::Introduce => return self.introduce_to_all(),
            Input::IntroduceOver(channel) => {
                let sent = self.introduce(channel, me, host.outputs);
                sent.err()
                    .map(|reason| Want::Links(Input::Close(channel, reason)))
            }
            Input::Say(link, said) => {
                self.channels.say(link, said, host.outputs);
                None
            }
            Input::ReturnCredit(leg, bytes) => {
                self.channels.return_credit(now, leg, bytes, host.outputs);
                None
            }
            Input::Refuse(leg, reason) => {
                self.channels.refuse(leg, reason, host.outputs);
                None
            }
            Input::Drop(leg, reason) => {
                self.count(reason);
                self.channels.refuse(leg, reason, host.outputs);
                None
            }
            Input::Close(channel, reason) => {
                return self.close(now, channel, reason, host.outputs);
            }
            Input::End(channel, reason, said) => {
                return self.end(now, channel, reason, said, host.outputs);
            }
            Input::Reroute { ended, node, again } => return self.reroute(ended, node, again),
            Input::GoOn(link, found) => {
                let far = self.channels.new_leg(link);
                far.map(|far| Want::Relaying(relaying::Input::Connect(found, far)))
            }
            Input::Pass(far, frame) => {
                let bytes = self.channels.pass_on(far, frame, host.outputs);
                Some(Want::Relaying(relaying::Input::Passed(far.link, bytes)))
            }
            Input::PassClose(near, far, reason) => {
                self.channels.pass_close(near, far, reason, host.outputs);
                None
            }
            Input::Late(leg) => self.on_late_frame(leg),
        };
        want.into_iter().collect()
    }

    // Reading.

    pub(super) fn views(&self) -> impl Iterator<Item = LinkView> {
        self.channels.iter().map(|(channel, link)| LinkView {
            link: channel.link(),
            via: self.relay_of(channel),
            role: link.role,
            contact: link.contact().cloned(),
            features: link.features,
            sent: link.sent,
            received: link.received,
        })
    }

    /// Connections that were closed or refused by this side, or lost: their number by reason.
    pub(super) const fn drops(&self) -> &BTreeMap<CloseReason, u64> {
        &self.tally.drops
    }

    /// Connections that the other side has closed: their number by the reason that it gave.
    pub(super) const fn goodbyes(&self) -> &BTreeMap<Option<CloseReason>, u64> {
        &self.tally.goodbyes
    }

    /// The number of frames that crossed the message that closed their circuit.
    pub(super) const fn late_frames(&self) -> u64 {
        self.tally.late_frames
    }

    /// The number of messages that were lost because too much waited for a link already.
    pub(super) const fn lost_messages(&self) -> u64 {
        self.channels.lost_messages()
    }

    /// The number of bytes that wait to be passed on over circuits, in all.
    pub(super) fn queued_bytes(&self) -> usize {
        self.channels.queued_bytes()
    }

    /// The time at which [`Links::overdue`] has something to give.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.values().min().copied()
    }

    /// Gives the connections whose handshake has taken too long, to close.
    pub(super) fn overdue(&self, now: Instant) -> Vec<Want> {
        let overdue = self.deadlines.iter().filter(|(_, due)| **due <= now);
        let close = |channel| Input::Close(channel, CloseReason::HandshakeTimeout);
        overdue
            .map(|(channel, _)| Want::Links(close(*channel)))
            .collect()
    }

    /// The channel over which a node is spoken to.
    pub(super) fn way_to(&self, node: Id) -> Option<Channel> {
        self.routes.get(&node).copied()
    }

    pub(super) fn is_linked(&self, node: Id) -> bool {
        self.routes.contains_key(&node)
    }

    /// The socket to a node, once it is open.
    pub(super) fn socket_to(&self, node: Id) -> Option<LinkId> {
        match self.routes.get(&node)? {
            Channel::Socket(link) => Some(*link),
            // An older way may be a circuit, while a socket is there, too.
            Channel::Circuit(_) => self.channels.iter().find_map(|(channel, link)| {
                let is_socket = matches!(channel, Channel::Socket(_));
                (is_socket && link.reaches(node)).then_some(channel.link())
            }),
        }
    }

    /// The nodes at the other ends, as far as they are proved.
    pub(super) fn contacts(&self) -> impl Iterator<Item = &Contact> {
        self.channels.iter().filter_map(|(_, link)| link.contact())
    }

    /// The node at the other end of a connection, once that is proved.
    pub(super) fn contact(&self, channel: Channel) -> Option<&Contact> {
        self.channels.get(channel)?.contact()
    }

    /// The node that a connection reaches at this address.
    pub(super) fn at_address(&self, address: &Address) -> Option<&Contact> {
        self.channels.iter().find_map(|(_, link)| {
            let contact = link.contact()?;
            let dialed = link.dialed.as_ref() == Some(address);
            (dialed || contact.addresses().contains(address)).then_some(contact)
        })
    }

    /// Returns whether this side opened it.
    pub(super) fn is_opener(&self, channel: Channel) -> bool {
        let link = self.channels.get(channel);
        link.is_some_and(|link| link.role == Role::Initiator)
    }

    /// The time at which something came last over a socket.
    pub(super) fn heard(&self, link: LinkId) -> Option<Instant> {
        let link = self.channels.get(Channel::Socket(link));
        link.map(|link| link.heard)
    }

    /// The circuit whose receiver is furthest behind, where one of this link is and more than so many bytes wait in all.
    pub(super) fn longest_beyond(&self, bytes: usize, link: LinkId) -> Option<Leg> {
        self.channels.longest_beyond(bytes, link)
    }

    pub(super) fn has(&self, channel: Channel) -> bool {
        self.channels.get(channel).is_some()
    }

    /// The circuits that end here and are carried by a link.
    pub(super) fn circuits_over(&self, link: LinkId) -> impl Iterator<Item = Channel> {
        self.channels.circuits_over(link)
    }

    /// The number of bytes of data that wait for a node.
    pub(super) fn waiting(&self, node: Id) -> usize {
        let channel = self.routes.get(&node);
        channel.map_or(0, |channel| self.channels.data_waiting(*channel))
    }

    /// The relay at the other end of the socket that carries a circuit.
    fn relay_of(&self, channel: Channel) -> Option<Id> {
        let Channel::Circuit(leg) = channel else {
            return None;
        };
        self.contact(Channel::Socket(leg.link)).map(Contact::id)
    }

    // Beginnings.

    /// Begins the handshake of a new connection. It is missed where there are too many already.
    #[must_use]
    pub(super) fn open(
        &mut self,
        host: Host<'_>,
        channel: Channel,
        aim: Option<Aim>,
        dialed: Option<&Address>,
    ) -> Option<Want> {
        if self.channels.len() >= self.most {
            let reason = CloseReason::TooManyLinks;
            self.count(reason);
            self.say_closed(channel, reason, host.outputs);
            return aim.map(|aim| Want::Dialing(dialing::Input::Missed(aim)));
        }
        let role = match aim {
            Some(_) => Role::Initiator,
            None => Role::Responder,
        };
        let (handshake, hello) = Handshake::start(
            role,
            host.signer,
            host.me.card().index,
            &self.ring,
            !self.features.is_empty(),
            &mut self.rng,
        );
        let mut link = Link::new(role, aim, handshake, host.now);
        link.dialed = dialed.cloned();
        self.channels.insert(channel, link);
        self.deadlines.insert(channel, host.now + HANDSHAKE_TIMEOUT);
        // There is room: nothing waits.
        let _ = self.channels.send_frame(channel, hello, host.outputs);
        None
    }

    /// Opens a circuit to a node that has a lease at the other end of a link, or at the relay `at` behind it.
    #[must_use]
    fn open_circuit(
        &mut self,
        host: Host<'_>,
        link: LinkId,
        to: Id,
        at: Option<Id>,
    ) -> Option<Want> {
        let aim = Aim::Node(to);
        let Some(leg) = self.channels.new_leg(link) else {
            return Some(Want::Dialing(dialing::Input::Missed(aim)));
        };
        let open = RelayMessage::Open {
            circuit: leg.circuit,
            target: to,
            relay: at,
        };
        self.channels.say(link, open, host.outputs);
        self.open(host, Channel::Circuit(leg), Some(aim), None)
    }

    /// Tells every linked node how this node is reached by now.
    fn introduce_to_all(&self) -> Vec<Want> {
        let channels = self.channels.iter();
        channels
            .map(|(channel, _)| Want::Links(Input::IntroduceOver(channel)))
            .collect()
    }

    /// Tells the other end where this node is reached, and what it can do.
    fn introduce(
        &mut self,
        channel: Channel,
        me: &Contact,
        outputs: &mut Outputs,
    ) -> Result<(), CloseReason> {
        let link = self.channels.get(channel);
        let tells_features = link.is_some_and(|link| link.tells_features);
        let features = tells_features.then_some(self.features);
        // A contact is bounded: it can be encoded.
        let Ok(body) = encode_introduction(me, features) else {
            return Ok(());
        };
        self.channels
            .send_sealed(channel, FrameType::Introduction, &body, outputs)
    }

    // Frames in.

    /// Receives a frame over a socket. `None` where there is no such socket.
    pub(super) fn receive(
        &mut self,
        host: Host<'_>,
        link: LinkId,
        bytes: &Bytes,
    ) -> Option<Vec<Want>> {
        let channel = Channel::Socket(link);
        let state = self.channels.get_mut(channel)?;
        state.heard = host.now;
        state.received += bytes.len() as u64;
        let circuit = Frame::circuit_of(bytes).filter(|circuit| *circuit != 0);
        let outcome = match circuit.filter(|_| state.contact().is_some()) {
            Some(circuit) => self.on_circuit_frame(host, Leg { link, circuit }, bytes),
            None => self.on_frame(host, channel, bytes),
        };
        Some(outcome.unwrap_or_else(|reason| vec![Want::Links(Input::Close(channel, reason))]))
    }

    fn on_circuit_frame(
        &mut self,
        host: Host<'_>,
        leg: Leg,
        bytes: &[u8],
    ) -> Result<Vec<Want>, CloseReason> {
        if bytes.len() > MAX_FRAME + TRAILER {
            return Err(CloseReason::TooLarge);
        }
        let channel = Channel::Circuit(leg);
        let mut frame = bytes.to_vec();
        let Some(state) = self.channels.get_mut(channel) else {
            return Ok(vec![Want::Relaying(relaying::Input::Forward(leg, frame))]);
        };
        state.heard = host.now;
        Frame::put_on(0, &mut frame);
        let length = frame.len();
        let outcome = match state.circuit.receive(length) {
            Ok(()) => {
                state.received += length as u64;
                self.on_frame(host, channel, &frame.into())
            }
            Err(reason) => Err(reason),
        };
        Ok(match outcome {
            Ok(mut wants) => {
                wants.push(Want::Links(Input::ReturnCredit(leg, length)));
                wants
            }
            Err(reason) => vec![Want::Links(Input::Close(channel, reason))],
        })
    }

    /// A frame of a connection's own: of a socket, or of a circuit with its number taken off.
    fn on_frame(
        &mut self,
        host: Host<'_>,
        channel: Channel,
        bytes: &Bytes,
    ) -> Result<Vec<Want>, CloseReason> {
        let link = self.channels.get_mut(channel).ok_or(CloseReason::Gone)?;
        match &mut link.stage {
            Stage::Handshake(handshake) => {
                let progress = handshake.handle(host.signer, bytes)?;
                self.on_progress(host, channel, progress)?;
                Ok(Vec::new())
            }
            Stage::Proved(id, session) => {
                let (kind, body, _) = unseal(session, bytes)?;
                if kind != FrameType::Introduction {
                    return Err(CloseReason::BeforeIntroduction);
                }
                let introduction = decode_introduction(body, link.tells_features, &mut self.cards);
                let (contact, features) = introduction.map_err(|_| CloseReason::WrongCard)?;
                if contact.id() != *id {
                    return Err(CloseReason::WrongCard);
                }
                link.stage = Stage::Open(contact.clone(), session.clone());
                link.features = features;
                let aim = link.aim.clone();
                Ok(self.on_open(channel, contact, aim.as_ref()))
            }
            Stage::Open(..) => self.on_sealed_frame(host, channel, bytes),
        }
    }

    fn on_progress(
        &mut self,
        host: Host<'_>,
        channel: Channel,
        progress: Progress,
    ) -> Result<(), CloseReason> {
        match progress {
            Progress::Reply(frame) => self.channels.send_frame(channel, frame, host.outputs),
            Progress::Done {
                key,
                index,
                features,
                session,
            } => {
                let id = host.signer.scheme().position(self.space, key, index);
                let link = self.channels.get_mut(channel).ok_or(CloseReason::Gone)?;
                let wanted = link.aim.as_ref().and_then(Aim::node);
                if wanted.is_some_and(|wanted| wanted != id) {
                    return Err(CloseReason::OtherNode);
                }
                link.stage = Stage::Proved(id, Box::new(session));
                link.tells_features = features;
                self.introduce(channel, host.me, host.outputs)
            }
        }
    }

    fn on_open(&mut self, channel: Channel, contact: Contact, aim: Option<&Aim>) -> Vec<Want> {
        self.deadlines.remove(&channel);
        let id = contact.id();
        let role = self.channels.get(channel).map(|link| link.role);
        // Two nodes may dial each other at once: one link each way stays. A second one the same way replaces the first,
        // which a restarted node has left behind. A socket and a circuit are different ways: a tab may dial a node as its
        // relay that it has reached over another one before, and each takes over when the other breaks.
        let is_circuit = matches!(channel, Channel::Circuit(_));
        let older = self.channels.iter().find(|(other, link)| {
            *other != channel
                && matches!(other, Channel::Circuit(_)) == is_circuit
                && Some(link.role) == role
                && link.reaches(id)
        });
        let older = older.map(|(other, _)| other);
        self.routes.insert(id, channel);
        let mut wants = vec![Want::Node(ToNode::Refresh(contact.clone()))];
        wants.extend(older.map(|older| Want::Links(Input::Close(older, CloseReason::Replaced))));
        wants.push(Want::Owner(Output::Event(Event::LinkUp {
            link: channel.link(),
            contact: contact.clone(),
            via: self.relay_of(channel),
        })));
        wants.push(Want::Dialing(dialing::Input::SendWaiting(
            channel,
            contact.clone(),
        )));
        if let Channel::Socket(link) = channel {
            wants.push(Want::WayFound(link, id));
        }
        let probed = (aim == Some(&Aim::Probe)).then(|| Want::Node(ToNode::Probe(contact.clone())));
        wants.push(Want::Leasing(leasing::Input::Use {
            channel,
            contact,
            to_join: aim == Some(&Aim::Join),
        }));
        wants.extend(probed);
        wants
    }

    fn on_sealed_frame(
        &mut self,
        host: Host<'_>,
        channel: Channel,
        frame: &Bytes,
    ) -> Result<Vec<Want>, CloseReason> {
        let link = self.channels.get_mut(channel).ok_or(CloseReason::Gone)?;
        let Stage::Open(contact, session) = &mut link.stage else {
            return Err(CloseReason::OutOfTurn);
        };
        let (kind, body, value) = unseal(session, frame)?;
        let want = match kind {
            FrameType::Message => match decode_message(body, &mut self.cards) {
                Ok(Message::Swarm(message)) => {
                    Want::Transfers(transfers::Input::Message(contact.id(), message))
                }
                Ok(message) => Want::Node(ToNode::Message(contact.clone(), message)),
                Err(DecodeError::UnknownRequest(number) | DecodeError::RetiredRequest(number))
                    if link.features.has(Features::UNSUPPORTED) =>
                {
                    let answer = Message::Response(number, Response::Unsupported);
                    Want::Links(Input::Send(contact.clone(), answer))
                }
                // Release 0.1 understands no refusal: silence is one.
                Err(DecodeError::RetiredRequest(_)) => return Ok(Vec::new()),
                Err(error) => return Err(error.into()),
            },
            FrameType::Block => {
                let (content, place, bytes) = decode_block(body).ok_or(CloseReason::Block)?;
                let arrived = Arrived {
                    place,
                    bytes: frame.slice_ref(bytes),
                    value,
                };
                Want::Transfers(transfers::Input::Block(contact.id(), content, arrived))
            }
            FrameType::Data if body.len() > MAX_DATA => return Err(CloseReason::TooLarge),
            FrameType::Data => {
                let (from, body) = (contact.id(), body.to_vec());
                let data = Event::Data { from, body };
                Want::Owner(Output::Event(data))
            }
            FrameType::Introduction => {
                let introduction = decode_introduction(body, link.tells_features, &mut self.cards);
                let (newer, features) = introduction.map_err(|_| CloseReason::StaleCard)?;
                if !newer.supersedes(contact) {
                    return Err(CloseReason::StaleCard);
                }
                *contact = newer.clone();
                link.features = features;
                Want::Node(ToNode::Refresh(newer))
            }
            FrameType::Relay => {
                let Channel::Socket(link) = channel else {
                    return Err(CloseReason::RelayOnCircuit);
                };
                let (from, said) = (contact.id(), RelayMessage::decode(body)?);
                return self.on_relay_message(link, from, said, host.outputs);
            }
            FrameType::Hello | FrameType::Proof => return Err(CloseReason::OutOfTurn),
        };
        Ok(vec![want])
    }

    /// Handles a message about leases and circuits from the node at the other end of a link.
    fn on_relay_message(
        &mut self,
        link: LinkId,
        from: Id,
        said: RelayMessage,
        outputs: &mut Outputs,
    ) -> Result<Vec<Want>, CloseReason> {
        let want = match said {
            RelayMessage::Lease => Want::Relaying(relaying::Input::Lease(link, from)),
            RelayMessage::Leased { .. } => Want::Leasing(leasing::Input::Leased(from)),
            RelayMessage::Refused(reason) => Want::Leasing(leasing::Input::Refused(
                from,
                CloseReason::from_byte(reason),
            )),
            RelayMessage::Release => Want::Relaying(relaying::Input::Release(from)),
            RelayMessage::Open {
                circuit,
                target,
                relay: by,
            } => {
                let near = Leg { link, circuit };
                self.channels.take_leg(near)?;
                Want::Relaying(relaying::Input::Relay {
                    near,
                    from,
                    target,
                    by,
                })
            }
            RelayMessage::Close { circuit, reason } => {
                let leg = Leg { link, circuit };
                let reason = CloseReason::from_byte(reason);
                let ended = Want::Links(Input::End(
                    Channel::Circuit(leg),
                    reason,
                    Some(reason.into()),
                ));
                return Ok(vec![
                    ended,
                    Want::Relaying(relaying::Input::Closed(leg, reason)),
                ]);
            }
            RelayMessage::Credit { circuit, bytes } => {
                let leg = Leg { link, circuit };
                if self.channels.grant(leg, bytes, outputs)? {
                    let waits = self.waits_on(Channel::Circuit(leg));
                    return Ok(waits.into_iter().collect());
                }
                Want::Relaying(relaying::Input::Credit(leg, bytes))
            }
        };
        Ok(vec![want])
    }

    /// Handles a frame on a circuit that is unknown here.
    #[must_use]
    fn on_late_frame(&mut self, leg: Leg) -> Option<Want> {
        if !self.channels.knows(leg) {
            let socket = Channel::Socket(leg.link);
            return Some(Want::Links(Input::Close(
                socket,
                CloseReason::UnknownCircuit,
            )));
        }
        // It crossed the message that closed its circuit.
        self.tally.late_frames += 1;
        None
    }

    // Frames out.

    /// Bytes have left over a socket: what waits for it goes on.
    #[must_use]
    pub(super) fn written(
        &mut self,
        link: LinkId,
        bytes: usize,
        outputs: &mut Outputs,
    ) -> Option<Want> {
        let is_open = self.channels.written(link, bytes, outputs);
        is_open
            .then(|| self.waits_on(Channel::Socket(link)))
            .flatten()
    }

    /// A channel has sent something: there may be room for blocks.
    fn waits_on(&self, channel: Channel) -> Option<Want> {
        let id = self.contact(channel)?.id();
        Some(Want::Transfers(transfers::Input::Waits(
            id,
            self.waiting(id),
        )))
    }

    /// Sends a message to a node. Where there is no link to it yet, the message waits for one.
    fn send(&mut self, to: &Contact, message: &Message, outputs: &mut Outputs) -> Vec<Want> {
        let Some(body) = Body::of(message) else {
            return Vec::new();
        };
        let want = match self.way_to(to.id()) {
            // A swarm counts on its messages staying in order.
            Some(channel) if matches!(message, Message::Swarm(_)) => {
                let kind = FrameType::Message;
                let sent = self
                    .channels
                    .send_sealed(channel, kind, &body.bytes, outputs);
                sent.err()
                    .map(|reason| Want::Links(Input::Close(channel, reason)))
            }
            Some(channel) => self.send_body(channel, to, &body, outputs),
            None => Some(Want::Dialing(dialing::Input::Deliver(to.clone(), body))),
        };
        want.into_iter().collect()
    }

    /// Sends a message over a channel. Where the other end would not understand a request, that is answered here.
    fn send_body(
        &mut self,
        channel: Channel,
        to: &Contact,
        body: &Body,
        outputs: &mut Outputs,
    ) -> Option<Want> {
        match self.channels.send_body(channel, body, outputs) {
            Ok(None) => None,
            Ok(Some(number)) => {
                let answer = Message::Response(number, Response::Unsupported);
                Some(Want::Node(ToNode::Message(to.clone(), answer)))
            }
            Err(reason) => Some(Want::Links(Input::Close(channel, reason))),
        }
    }

    pub(super) fn send_data(
        &mut self,
        to: Id,
        body: &[u8],
        outputs: &mut Outputs,
    ) -> Result<(), DataError> {
        if body.len() > MAX_DATA {
            return Err(DataError::TooLong);
        }
        let channel = *self.routes.get(&to).ok_or(DataError::NotLinked)?;
        self.channels.send_data(channel, body, outputs)
    }

    pub(super) fn send_block(&mut self, to: Id, block: &Block, outputs: &mut Outputs) {
        if let Some(channel) = self.way_to(to) {
            let frame = Plain::of_block(encode_block(block), block.value);
            self.channels.queue_data(channel, frame, outputs);
        }
    }

    // Ends.

    /// Closes a connection.
    #[must_use]
    fn close(
        &mut self,
        now: Instant,
        channel: Channel,
        reason: CloseReason,
        outputs: &mut Outputs,
    ) -> Vec<Want> {
        if !self.has(channel) {
            return Vec::new();
        }
        self.say_closed(channel, reason, outputs);
        self.end(now, channel, reason, None, outputs)
    }

    /// Tells the other end that this side closes a connection, or refuses it.
    fn say_closed(&mut self, channel: Channel, reason: CloseReason, outputs: &mut Outputs) {
        match channel {
            Channel::Socket(link) => outputs.push_back(Output::Close { link, reason }),
            Channel::Circuit(leg) => self.channels.refuse(leg, reason, outputs),
        }
    }

    /// Ends a connection, for a reason of this side's or for what the other side said.
    #[must_use]
    fn end(
        &mut self,
        now: Instant,
        channel: Channel,
        reason: CloseReason,
        said: Option<Goodbye>,
        outputs: &mut Outputs,
    ) -> Vec<Want> {
        let mut wants = Vec::new();
        let Some(link) = self.channels.remove(channel) else {
            return wants;
        };
        self.deadlines.remove(&channel);
        match &said {
            Some(said) => *self.tally.goodbyes.entry(said.reason()).or_default() += 1,
            None => self.count(reason),
        }
        let contact = link.contact().cloned();
        outputs.push_back(Output::Event(Event::LinkDown {
            link: channel.link(),
            id: contact.as_ref().map(Contact::id),
            reason,
            said,
        }));
        if let Channel::Socket(socket) = channel {
            wants.push(Want::Relaying(relaying::Input::SocketGone(socket)));
            let carried = self.channels.circuits_over(socket);
            wants.extend(
                carried
                    .map(|circuit| Want::Links(Input::End(circuit, CloseReason::RelayGone, None))),
            );
        }
        if let (CloseReason::Itself, Some(address)) = (reason, link.dialed) {
            wants.push(Want::Finding(finding::Input::Itself(address)));
        }
        match (contact, link.aim) {
            (Some(node), _) => {
                if let Channel::Socket(_) = channel {
                    wants.push(Want::Leasing(leasing::Input::RelayGone(node.id())));
                }
                // Behind a circuit that broke the node may well be there.
                let is_old = now >= link.opened + SHORTEST_CIRCUIT;
                let again = matches!(channel, Channel::Circuit(_))
                    && reason != CloseReason::Leaving
                    && is_old;
                wants.push(Want::Links(Input::Reroute {
                    ended: channel,
                    node,
                    again,
                }));
            }
            (None, Some(aim)) => wants.push(Want::Dialing(dialing::Input::Missed(aim))),
            (None, None) => {}
        }
        wants
    }

    /// Reroutes to a node when the way to it has ended. Another one takes over; or the node is looked for, where that is worth it;
    /// otherwise it counts as unreachable.
    #[must_use]
    fn reroute(&mut self, ended: Channel, node: Contact, again: bool) -> Vec<Want> {
        let id = node.id();
        if self.routes.get(&id) != Some(&ended) {
            return Vec::new();
        }
        // What was on its way is lost, so that the transfer begins anew even where another way takes over.
        let gone = Want::Transfers(transfers::Input::Gone(id));
        let other = self.channels.iter().find(|(_, link)| link.reaches(id));
        if let Some((other, _)) = other {
            self.routes.insert(id, other);
            return vec![gone];
        }
        self.routes.remove(&id);
        let next = match again {
            true => Want::Dialing(dialing::Input::Reach(node)),
            false => Want::Node(ToNode::Unreachable(id)),
        };
        vec![gone, Want::Finding(finding::Input::Unlinked(id)), next]
    }

    /// Counts one more connection or circuit that this side refused or closed.
    fn count(&mut self, reason: CloseReason) {
        *self.tally.drops.entry(reason).or_default() += 1;
    }
}

#[cfg(test)]
impl Links {
    /// As after a handshake with this node.
    pub(super) fn assume_open(&mut self, channel: Channel, role: Role, contact: &Contact) {
        let signer = Signer::ed25519([0; 32]);
        let (handshake, _) = Handshake::start(role, &signer, 0, "main", true, &mut self.rng);
        let mut link = Link::new(role, None, handshake, Instant::ZERO);
        let session = Box::new(Session::new(role, &[]));
        link.stage = Stage::Open(contact.clone(), session);
        self.routes.insert(contact.id(), channel);
        self.channels.insert(channel, link);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Request;
    use crate::peer::parts::fixture::contact_of;
    use crate::store::group::message as group;
    use crate::store::message::{self as store, StoredRecord};
    use crate::store::record::{Name, Record};

    const LINK: LinkId = LinkId(1);
    const SOCKET: Channel = Channel::Socket(LINK);

    /// One end of a link.
    struct End {
        signer: Signer,
        me: Contact,
        links: Links,
        outputs: Outputs,
        /// The wants of its links of other parts.
        wanted: Vec<Want>,
    }

    impl End {
        fn new(secret: u8, features: Features) -> Self {
            let config = Config {
                features,
                ..Config::default()
            };
            let signer = Signer::ed25519([secret; 32]);
            Self {
                links: Links::new(&config, &signer, Rng::from_entropy([secret; 32])),
                me: contact_of(secret),
                signer,
                outputs: Outputs::new(),
                wanted: Vec::new(),
            }
        }

        fn call<R>(&mut self, deed: impl FnOnce(&mut Links, Host<'_>) -> R) -> R {
            let host = Host {
                now: Instant::ZERO,
                me: &self.me,
                signer: &self.signer,
                outputs: &mut self.outputs,
            };
            deed(&mut self.links, host)
        }

        /// Carries out the wants of this end's links, as the peer does.
        fn settle(&mut self, wants: Vec<Want>) {
            for want in wants {
                match want {
                    Want::Links(input) => {
                        let wants = self.call(|links, host| links.handle(host, input));
                        self.settle(wants);
                    }
                    want => self.wanted.push(want),
                }
            }
        }

        fn hears(&self) -> Option<Features> {
            let link = self.links.views().next()?;
            link.contact.is_some().then_some(link.features)
        }

        fn messages(&self) -> usize {
            let is_message = |want: &&Want| matches!(want, Want::Node(ToNode::Message(..)));
            self.wanted.iter().filter(is_message).count()
        }
    }

    /// Two ends with these features and an open link.
    fn linked(features: [Features; 2]) -> [End; 2] {
        let mut ends = [End::new(1, features[0]), End::new(2, features[1])];
        for (end, aim) in ends.iter_mut().zip([Some(Aim::Probe), None]) {
            let missed = end.call(|links, host| links.open(host, SOCKET, aim, None));
            assert_eq!(missed, None);
        }
        exchange(&mut ends);
        ends
    }

    /// Carries frames until nobody says anything more; how many each has sent.
    fn exchange(ends: &mut [End; 2]) -> [usize; 2] {
        let mut sent = [0; 2];
        for _ in 0..20 {
            for from in [0, 1] {
                while let Some(output) = ends[from].outputs.pop_front() {
                    if let Output::Send { frame, .. } = output {
                        sent[from] += 1;
                        let to = &mut ends[1 - from];
                        let frame = frame.into();
                        let wants = to.call(|links, host| links.receive(host, LINK, &frame));
                        to.settle(wants.unwrap_or_default());
                    }
                }
            }
        }
        sent
    }

    #[test]
    fn each_side_learns_what_the_other_can_do_unless_one_is_of_release_0_1() {
        let later = Features::UNSUPPORTED | Features::from_bits(1 << 50);
        for (features, told) in [
            ([Features::ALL, later], [later, Features::ALL]),
            ([Features::ALL, Features::NONE], [Features::NONE; 2]),
            ([Features::NONE, Features::ALL], [Features::NONE; 2]),
        ] {
            let ends = linked(features);
            assert_eq!([&ends[0], &ends[1]].map(End::hears), told.map(Some));
        }
    }

    #[test]
    fn an_unknown_request_is_answered_to_who_understands_that_and_ends_other_links() {
        for (features, is_open) in [(Features::ALL, true), (Features::NONE, false)] {
            let mut ends = linked([features, Features::ALL]);
            let kind = FrameType::Message;
            let unknown = [0, 77, 99];
            let End { links, outputs, .. } = &mut ends[0];
            let sent = links.channels.send_sealed(SOCKET, kind, &unknown, outputs);
            assert_eq!(sent, Ok(()));
            assert_eq!(exchange(&mut ends), [1, usize::from(is_open)]);
            assert_eq!(ends[1].hears().is_some(), is_open);
            let refused = ends[1].links.drops().get(&CloseReason::Message);
            assert_eq!(refused.is_some(), !is_open);
        }
    }

    #[test]
    fn a_write_is_acknowledged_in_the_words_of_earlier_releases_to_who_lacks_the_bit() {
        let written = |members| {
            let done = group::Acknowledged { by: 2, members };
            Message::Response(3, Response::Group(group::Response::Written(done)))
        };
        let earlier = Features::from_bits(Features::MEMBERS.bits() - 1);
        for (features, comes) in [
            (Features::ALL, Some(written(Some(3)))),
            (earlier, Some(written(None))),
            (Features::UNSUPPORTED, None),
        ] {
            let mut ends = linked([Features::ALL, features]);
            let send = Input::Send(contact_of(2), written(Some(3)));
            ends[0].settle(vec![Want::Links(send)]);
            exchange(&mut ends);
            let came = |want: &Want| matches!(want, Want::Node(ToNode::Message(..)));
            let comes = comes.map(|it| Want::Node(ToNode::Message(contact_of(1), it)));
            let last = ends[1].wanted.iter().rfind(|want| came(want));
            assert_eq!(last, comes.as_ref(), "{features:?}");
        }
    }

    #[test]
    fn nothing_is_sent_that_the_other_side_does_not_understand() {
        let unsupported = Message::Response(3, Response::Unsupported);
        let fence = Message::Request(3, Request::Group(Box::new(group::Request::Fence(vec![]))));
        let groups = Features::UNSUPPORTED | Features::LINEAGE | Features::TOMBSTONES;
        let unfenced = Features::UNSUPPORTED | Features::LINEAGE | Features::FENCES;
        for (message, features, frames) in [
            (&unsupported, Features::ALL, 1),
            (&unsupported, Features::NONE, 0),
            (&fence, groups | Features::FENCES, 1),
            (&fence, groups, 0),
            (&fence, unfenced, 0),
        ] {
            let mut ends = linked([Features::ALL, features]);
            let send = Input::Send(contact_of(2), message.clone());
            ends[0].settle(vec![Want::Links(send)]);
            let is_request = matches!(message, Message::Request(..));
            let answered = usize::from(frames == 0 && is_request);
            assert_eq!(ends[0].messages(), answered, "a request is answered here");
            let sent = exchange(&mut ends)[0];
            assert_eq!(sent, frames, "{message:?} to {features:?}");
        }
    }

    /// Release 0.1 would take it for a long life.
    #[test]
    fn a_tombstone_is_no_record_to_who_does_not_know_of_tombstones() {
        let name = Name::new("name").unwrap();
        let life = Duration::from_secs(60);
        let signer = Signer::ed25519([3; 32]);
        let record = Record::sign(&signer, name, Some(vec![1]), 2, life).unwrap();
        let copy = Box::new(StoredRecord {
            record,
            remaining: -5,
        });
        let write = Message::Request(3, Request::Store(store::Request::Write(copy.clone())));
        // A record whose life is over is not kept.
        for (features, remaining) in [(Features::ALL, -5), (Features::NONE, 0)] {
            let mut ends = linked([Features::ALL, features]);
            let send = Input::Send(contact_of(2), write.clone());
            ends[0].settle(vec![Want::Links(send)]);
            exchange(&mut ends);
            let copy = Box::new(StoredRecord {
                remaining,
                ..StoredRecord::clone(&copy)
            });
            let write = Message::Request(3, Request::Store(store::Request::Write(copy)));
            let comes = Want::Node(ToNode::Message(contact_of(1), write));
            assert_eq!(ends[1].wanted.last(), Some(&comes), "{features:?}");
        }
        let value = store::Response::Value(Some(copy));
        let value = Message::Response(3, Response::Store(value));
        let nothing = Response::Store(store::Response::Value(None));
        assert_eq!(value.needs(), Features::TOMBSTONES);
        assert_eq!(value.plainer(), Some(Message::Response(3, nothing)));
    }

    #[test]
    fn an_open_link_is_told_before_it_is_used() {
        let [end, other] = linked([Features::ALL; 2]);
        let kinds = |wanted: &[Want]| {
            let order = wanted.iter().map(|want| match want {
                Want::Node(ToNode::Refresh(_)) => "refresh",
                Want::Owner(Output::Event(Event::LinkUp { .. })) => "up",
                Want::Dialing(dialing::Input::SendWaiting(..)) => "waiting",
                Want::WayFound(LINK, _) => "way",
                Want::Leasing(leasing::Input::Use { to_join: false, .. }) => "use",
                Want::Node(ToNode::Probe(_)) => "probe",
                want => panic!("{want:?}"),
            });
            order.collect::<Vec<_>>()
        };
        let told = ["refresh", "up", "waiting", "way", "use", "probe"];
        assert_eq!(kinds(&end.wanted), told);
        assert_eq!(kinds(&other.wanted), told[..5], "it did not dial");
    }

    #[test]
    fn another_link_to_a_node_takes_over_and_the_last_one_leaves_it_unreachable() {
        let (mut end, other) = (End::new(1, Features::ALL), contact_of(2));
        let circuit = Channel::Circuit(Leg {
            link: LinkId(7),
            circuit: 1,
        });
        end.links.assume_open(circuit, Role::Initiator, &other);
        end.links.assume_open(SOCKET, Role::Initiator, &other);
        let leaving = CloseReason::Leaving;
        for (channel, left, way) in [(SOCKET, 1, Some(circuit)), (circuit, 0, None)] {
            end.wanted.clear();
            end.settle(vec![Want::Links(Input::Close(channel, leaving))]);
            assert_eq!(end.links.views().count(), left);
            assert_eq!(end.links.way_to(other.id()), way);
            let gone = Want::Transfers(transfers::Input::Gone(other.id()));
            assert!(end.wanted.contains(&gone), "{:?}", end.wanted);
            let unreachable = Want::Node(ToNode::Unreachable(other.id()));
            assert_eq!(end.wanted.contains(&unreachable), left == 0);
        }
        assert_eq!(end.links.drops().get(&leaving), Some(&2));
    }

    #[test]
    fn a_frame_that_crosses_the_end_of_its_circuit_is_late_and_any_other_a_fault() {
        let mut end = End::new(1, Features::ALL);
        end.links
            .assume_open(SOCKET, Role::Initiator, &contact_of(2));
        let leg = end.links.channels.new_leg(LINK).unwrap();
        assert_eq!(end.links.on_late_frame(leg), None);
        assert_eq!(end.links.late_frames(), 1);
        let never = Leg { circuit: 2, ..leg };
        let closed = Input::Close(SOCKET, CloseReason::UnknownCircuit);
        let fault = end.links.on_late_frame(never);
        assert_eq!(fault, Some(Want::Links(closed)));
    }

    #[test]
    fn too_many_links_are_refused() {
        let mut end = End::new(1, Features::ALL);
        end.links.most = 0;
        let aim = Some(Aim::Join);
        let missed = end.call(|links, host| links.open(host, SOCKET, aim, None));
        let missed_join = dialing::Input::Missed(Aim::Join);
        assert_eq!(missed, Some(Want::Dialing(missed_join)));
        let reason = CloseReason::TooManyLinks;
        assert_eq!(end.outputs, [Output::Close { link: LINK, reason }]);
        assert_eq!(end.links.drops().get(&reason), Some(&1));
    }
}
