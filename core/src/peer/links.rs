//! Open connections, sockets and circuits alike: handshakes, then tagged frames, and the routes to nodes.
//!
//! [`Links`] is the router: it hands each frame, order and end to the part that it concerns, which returns [wants](Want) of other parts.
//! All parts use [`Channels`], which has the connections themselves and the frames that leave over them.

mod channel;
mod ends;
mod handshakes;
mod receiving;
mod routes;
mod sending;
#[cfg(test)]
mod testing;

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use bytes::Bytes;

pub(super) use self::channel::Channel;
use self::channel::Stage;
use self::ends::Ends;
pub use self::handshakes::HANDSHAKE_TIMEOUT;
use self::handshakes::Handshakes;
use self::receiving::Receiving;
use self::routes::Routes;
use self::sending::Channels;
pub use self::sending::MAX_DATA;
pub(super) use self::sending::Outputs;
use crate::base::contact::{Address, Contact};
use crate::base::id::Id;
use crate::base::identity::Signer;
use crate::base::rng::Rng;
use crate::base::time::Instant;
use crate::link::reason::{CloseReason, Goodbye};
use crate::link::relay::Found;
use crate::link::relay_message::RelayMessage;
use crate::link::session::{Role, TRAILER};
use crate::link::{Leg, LinkId};
use crate::message::Message;
use crate::peer::api::{DataError, LinkView};
use crate::peer::config::Config;
use crate::peer::dialing::Aim;
use crate::peer::parts::Want;
use crate::peer::{dialing, relaying};
use crate::swarm::message::Block;
use crate::wire::codec::Body;
use crate::wire::frame::{Frame, MAX_FRAME};

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
    /// Send this node's newer card to every linked node.
    Introduce,
    /// Send this node's newer card to the other end of this channel.
    IntroduceOver(Channel),
    /// Send this relay message, about leases and circuits.
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
    handshakes: Handshakes,
    receiving: Receiving,
    routes: Routes,
    ends: Ends,
}

impl Links {
    pub(super) fn new(config: &Config, signer: &Signer, rng: Rng) -> Self {
        Self {
            channels: Channels::new(config.limits.message_bytes, config.limits.links),
            handshakes: Handshakes::new(config, rng),
            receiving: Receiving::new(config.node.space, signer.scheme()),
            routes: Routes::default(),
            ends: Ends::default(),
        }
    }

    /// Handles an input from another part.
    pub(super) fn handle(&mut self, host: Host<'_>, input: Input) -> Vec<Want> {
        let Host { now, me, .. } = host;
        let channels = &mut self.channels;
        let want = match input {
            Input::Send(to, message) => self.send(&to, &message, host.outputs),
            Input::SendWaiting(channel, to, body) => {
                channels.send_body(channel, &to, &body, host.outputs)
            }
            Input::OpenCircuit { over, to, at } => self.open_circuit(host, over, to, at),
            Input::Accept(leg) => self.open(host, Channel::Circuit(leg), None, None),
            Input::Introduce => {
                let each = |(channel, _)| Want::Links(Input::IntroduceOver(channel));
                return channels.iter().map(each).collect();
            }
            Input::IntroduceOver(channel) => {
                let sent = self
                    .handshakes
                    .introduce(channels, channel, me, host.outputs);
                sent.err()
                    .map(|reason| Want::Links(Input::Close(channel, reason)))
            }
            Input::Say(link, said) => {
                channels.say(link, said, host.outputs);
                None
            }
            Input::ReturnCredit(leg, bytes) => {
                channels.return_credit(now, leg, bytes, host.outputs);
                None
            }
            Input::Refuse(leg, reason) => {
                channels.refuse(leg, reason, host.outputs);
                None
            }
            Input::Drop(leg, reason) => {
                let circuit = Channel::Circuit(leg);
                self.ends.refuse(channels, circuit, reason, host.outputs);
                None
            }
            Input::Close(channel, reason) => {
                self.handshakes.over(channel);
                let ends = &mut self.ends;
                return ends.close(now, channels, channel, reason, host.outputs);
            }
            Input::End(channel, reason, said) => {
                self.handshakes.over(channel);
                let ends = &mut self.ends;
                return ends.end(now, channels, channel, reason, said, host.outputs);
            }
            Input::Reroute { ended, node, again } => {
                return self.routes.reroute(channels, ended, node, again);
            }
            Input::GoOn(link, found) => {
                let far = channels.new_leg(link);
                far.map(|far| Want::Relaying(relaying::Input::Connect(found, far)))
            }
            Input::Pass(far, frame) => {
                let bytes = channels.pass_on(far, frame, host.outputs);
                Some(Want::Relaying(relaying::Input::Passed(far.link, bytes)))
            }
            Input::PassClose(near, far, reason) => {
                channels.pass_close(near, far, reason, host.outputs);
                None
            }
            Input::Late(leg) => self.ends.on_late_frame(channels, leg),
        };
        want.into_iter().collect()
    }

    // Reading.

    pub(super) fn views(&self) -> impl Iterator<Item = LinkView> {
        self.channels.iter().map(|(channel, link)| LinkView {
            link: channel.link(),
            via: self.channels.relay_of(channel),
            role: link.role,
            contact: link.contact().cloned(),
            features: link.features,
            sent: link.sent,
            received: link.received,
        })
    }

    /// Connections that were closed or refused by this side, or lost: their number by reason.
    pub(super) const fn drops(&self) -> &BTreeMap<CloseReason, u64> {
        self.ends.drops()
    }

    /// Connections that the other side has closed: their number by the reason that it gave.
    pub(super) const fn goodbyes(&self) -> &BTreeMap<Option<CloseReason>, u64> {
        self.ends.goodbyes()
    }

    /// The number of frames that crossed the message that closed their circuit.
    pub(super) const fn late_frames(&self) -> u64 {
        self.ends.late_frames()
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
        self.handshakes.poll_timeout()
    }

    /// Gives the connections whose handshake has taken too long, to close.
    pub(super) fn overdue(&self, now: Instant) -> Vec<Want> {
        self.handshakes.overdue(now)
    }

    /// The channel over which a node is spoken to.
    pub(super) fn way_to(&self, node: Id) -> Option<Channel> {
        self.routes.to(node)
    }

    pub(super) fn is_linked(&self, node: Id) -> bool {
        self.routes.to(node).is_some()
    }

    /// The socket to a node, once it is open.
    pub(super) fn socket_to(&self, node: Id) -> Option<LinkId> {
        self.routes.socket_to(&self.channels, node)
    }

    /// The nodes at the other ends, as far as they are proved.
    pub(super) fn contacts(&self) -> impl Iterator<Item = &Contact> {
        self.channels.iter().filter_map(|(_, link)| link.contact())
    }

    /// The node at the other end of a connection, once that is proved.
    pub(super) fn contact(&self, channel: Channel) -> Option<&Contact> {
        self.channels.contact(channel)
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
        self.routes.waiting(&self.channels, node)
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
        let channels = &mut self.channels;
        if channels.is_full() {
            let reason = CloseReason::TooManyLinks;
            self.ends.refuse(channels, channel, reason, host.outputs);
            return aim.map(|aim| Want::Dialing(dialing::Input::Missed(aim)));
        }
        self.handshakes.begin(host, channels, channel, aim, dialed);
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
        let channels = &mut self.channels;
        let link = channels.get(channel).ok_or(CloseReason::Gone)?;
        match link.stage {
            Stage::Handshake(_) => {
                self.handshakes.on_frame(host, channels, channel, bytes)?;
                Ok(Vec::new())
            }
            Stage::Proved(..) => {
                let contact = self.receiving.on_introduction(channels, channel, bytes)?;
                self.handshakes.over(channel);
                Ok(self.routes.on_open(channels, channel, contact))
            }
            Stage::Open(..) => {
                let (receiving, routes) = (&mut self.receiving, &self.routes);
                receiving.on_frame(channels, routes, channel, bytes, host.outputs)
            }
        }
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
        let socket = Channel::Socket(link);
        is_open
            .then(|| self.routes.waits_on(&self.channels, socket))
            .flatten()
    }

    /// Sends a message to a node. Where there is no link to it yet, the message waits for one.
    fn send(&mut self, to: &Contact, message: &Message, outputs: &mut Outputs) -> Option<Want> {
        let body = Body::of(message)?;
        let channels = &mut self.channels;
        match self.routes.to(to.id()) {
            // A swarm counts on its messages staying in order.
            Some(channel) if matches!(message, Message::Swarm(_)) => {
                channels.send_in_order(channel, &body, outputs)
            }
            Some(channel) => channels.send_body(channel, to, &body, outputs),
            None => Some(Want::Dialing(dialing::Input::Deliver(to.clone(), body))),
        }
    }

    /// Sends data of the owner's to a node.
    ///
    /// # Errors
    /// [`DataError`] says why nothing was sent.
    pub(super) fn send_data(
        &mut self,
        to: Id,
        body: &[u8],
        outputs: &mut Outputs,
    ) -> Result<(), DataError> {
        if body.len() > MAX_DATA {
            return Err(DataError::TooLong);
        }
        let channel = self.routes.to(to).ok_or(DataError::NotLinked)?;
        self.channels.send_data(channel, body, outputs)
    }

    /// Sends a piece of a content to a node.
    pub(super) fn send_block(&mut self, to: Id, block: &Block, outputs: &mut Outputs) {
        if let Some(channel) = self.routes.to(to) {
            self.channels.send_block(channel, block, outputs);
        }
    }

    /// As after a handshake with this node.
    #[cfg(test)]
    pub(super) fn assume_open(&mut self, channel: Channel, role: Role, contact: &Contact) {
        let link = channel::Link::assume_open(role, contact);
        self.channels.insert(channel, link);
        self.routes
            .on_open(&self.channels, channel, contact.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{End, LINK, SOCKET};
    use super::*;
    use crate::peer::api::Output;
    use crate::peer::config::Limits;

    #[test]
    fn too_many_links_are_refused() {
        let none = Limits {
            links: 0,
            ..Limits::default()
        };
        let config = Config {
            limits: none,
            ..Config::default()
        };
        let mut end = End::of(1, &config);
        let aim = Some(Aim::Join);
        let missed = end.call(|links, host| links.open(host, SOCKET, aim, None));
        let missed_join = dialing::Input::Missed(Aim::Join);
        assert_eq!(missed, Some(Want::Dialing(missed_join)));
        let reason = CloseReason::TooManyLinks;
        assert_eq!(end.outputs, [Output::Close { link: LINK, reason }]);
        assert_eq!(end.links.drops().get(&reason), Some(&1));
    }
}
