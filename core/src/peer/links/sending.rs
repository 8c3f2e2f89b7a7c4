//! Sending frames: over a socket at once or in turns with all else on it (fair queue), over a circuit as far as there is credit.
//!
//! Small messages overtake large ones and data. What a link carries for circuits waits in the same [`FairQueue`].

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::link::circuit::Numbers;
use crate::link::fair_queue::{FairQueue, Lane};
use crate::link::reason::CloseReason;
use crate::link::relay_message::RelayMessage;
use crate::link::session::{Plain, TRAILER};
use crate::link::{Leg, LinkId};
use crate::message::{Message, Response};
use crate::node::api::{Event as NodeEvent, Limit};
use crate::peer::api::{DataError, Event, Output};
use crate::peer::links::Input;
use crate::peer::links::channel::{Channel, Link};
use crate::peer::parts::{ToNode, Want};
use crate::swarm::message::Block;
use crate::wire::block::encode_block;
use crate::wire::codec::Body;
use crate::wire::frame::{Frame, FrameType};

/// The longest body of a data frame, in bytes.
pub const MAX_DATA: usize = 64 * 1024;
/// The most data that may wait for one node, in bytes.
const MAX_DATA_WAITING: usize = 1024 * 1024;
/// The length from which on a message waits for its turn, and smaller ones overtake it: lookups do not wait behind values.
const LARGE: usize = 4 * 1024;
/// The most bytes of messages that may wait for one link. More come only where the other side requests values and does not read
/// the responses: these are lost, as in any network, and the link stays.
const MAX_MESSAGES_WAITING: usize = 8 << 20;
/// The number of bytes that may wait for each link, whatever waits for all of them together.
const FAIR_SHARE: usize = 1 << 20;

/// The orders to the peer's owner that wait to be taken.
pub(in crate::peer) type Outputs = VecDeque<Output>;

/// The queue of a socket, and the numbers of the circuits that it carries.
#[derive(Clone, Debug)]
struct Flow {
    queue: FairQueue,
    numbers: Numbers,
}

/// The open connections, and what waits to leave over them.
#[derive(Clone, Debug)]
pub(super) struct Channels {
    links: BTreeMap<Channel, Link>,
    /// The flow of each socket.
    flows: BTreeMap<LinkId, Flow>,
    /// The most bytes of messages that may wait for all links together.
    message_bytes: usize,
    /// The most connections at a time.
    most: usize,
    lost_messages: u64,
}

impl Channels {
    pub(super) const fn new(message_bytes: usize, most: usize) -> Self {
        Self {
            links: BTreeMap::new(),
            flows: BTreeMap::new(),
            message_bytes,
            most,
            lost_messages: 0,
        }
    }

    pub(super) fn insert(&mut self, channel: Channel, link: Link) {
        if let Channel::Socket(socket) = channel {
            let flow = Flow {
                queue: FairQueue::default(),
                numbers: Numbers::new(link.role),
            };
            self.flows.insert(socket, flow);
        }
        self.links.insert(channel, link);
    }

    /// Forgets a connection and what waits for it.
    pub(super) fn remove(&mut self, channel: Channel) -> Option<Link> {
        let link = self.links.remove(&channel)?;
        match channel {
            Channel::Socket(socket) => {
                self.flows.remove(&socket);
            }
            Channel::Circuit(leg) => self.drop_lane(leg),
        }
        Some(link)
    }

    pub(super) fn get(&self, channel: Channel) -> Option<&Link> {
        self.links.get(&channel)
    }

    pub(super) fn get_mut(&mut self, channel: Channel) -> Option<&mut Link> {
        self.links.get_mut(&channel)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Channel, &Link)> {
        self.links.iter().map(|(channel, link)| (*channel, link))
    }

    /// Returns whether there are as many connections as there may be.
    pub(super) fn is_full(&self) -> bool {
        self.links.len() >= self.most
    }

    /// The node at the other end of a connection, once that is proved.
    pub(super) fn contact(&self, channel: Channel) -> Option<&Contact> {
        self.get(channel)?.contact()
    }

    /// The relay at the other end of the socket that carries a circuit.
    pub(super) fn relay_of(&self, channel: Channel) -> Option<Id> {
        let Channel::Circuit(leg) = channel else {
            return None;
        };
        self.contact(Channel::Socket(leg.link)).map(Contact::id)
    }

    /// The circuits that end here and are carried by a link.
    pub(super) fn circuits_over(&self, link: LinkId) -> impl Iterator<Item = Channel> {
        let leg = |circuit| Channel::Circuit(Leg { link, circuit });
        let carried = self.links.range(leg(0)..=leg(u32::MAX));
        carried.map(|(channel, _)| *channel)
    }

    // Circuits' numbers.

    /// A number for a circuit that this side opens over a link; `None` when all are used up.
    pub(super) fn new_leg(&mut self, link: LinkId) -> Option<Leg> {
        let circuit = self.flows.get_mut(&link)?.numbers.draw()?;
        Some(Leg { link, circuit })
    }

    /// The other end of a link opens a circuit.
    ///
    /// # Errors
    /// [`CloseReason::CircuitNumber`] when it may not use this number.
    pub(super) fn take_leg(&mut self, leg: Leg) -> Result<(), CloseReason> {
        let flow = self.flows.get_mut(&leg.link).ok_or(CloseReason::Gone)?;
        match flow.numbers.takes(leg.circuit) {
            true => Ok(()),
            false => Err(CloseReason::CircuitNumber),
        }
    }

    /// Returns whether there has ever been a circuit of this number.
    pub(super) fn knows(&self, leg: Leg) -> bool {
        let flow = self.flows.get(&leg.link);
        flow.is_some_and(|flow| flow.numbers.knows(leg.circuit))
    }

    // Frames out.

    /// Sends a frame that is sealed, or belongs to the handshake.
    ///
    /// # Errors
    /// [`CloseReason::QueueFull`] when too much waits for a circuit's credit already.
    pub(super) fn send_frame(
        &mut self,
        channel: Channel,
        frame: Vec<u8>,
        outputs: &mut Outputs,
    ) -> Result<(), CloseReason> {
        let Some(link) = self.links.get_mut(&channel) else {
            return Ok(());
        };
        link.sent += frame.len() as u64;
        match channel {
            Channel::Socket(socket) => self.hand_over(socket, frame, outputs),
            Channel::Circuit(leg) => {
                link.circuit.push(frame)?;
                self.flush_circuit(leg, outputs);
            }
        }
        Ok(())
    }

    /// Sends a frame as it is next in order, ahead of all that waits.
    ///
    /// # Errors
    /// As [`Channels::send_frame`].
    pub(super) fn send_sealed(
        &mut self,
        channel: Channel,
        kind: FrameType,
        body: &[u8],
        outputs: &mut Outputs,
    ) -> Result<(), CloseReason> {
        let frame = Frame::on_link(kind, body).encode();
        let link = self.links.get_mut(&channel);
        match link
            .and_then(Link::session)
            .map(|session| session.seal(frame))
        {
            Some(sealed) => self.send_frame(channel, sealed, outputs),
            None => Ok(()),
        }
    }

    /// Says something about leases and circuits.
    pub(super) fn say(&mut self, link: LinkId, said: RelayMessage, outputs: &mut Outputs) {
        let channel = Channel::Socket(link);
        // Only a circuit may be full.
        let _ = self.send_sealed(channel, FrameType::Relay, &said.encode(), outputs);
    }

    /// Ends a circuit on this leg: what waits for it is thrown away, and the other end of the link is told.
    pub(super) fn refuse(&mut self, leg: Leg, reason: CloseReason, outputs: &mut Outputs) {
        self.drop_lane(leg);
        let (circuit, reason) = (leg.circuit, reason.byte());
        self.say(leg.link, RelayMessage::Close { circuit, reason }, outputs);
    }

    /// Passes on that one end of a circuit, `near`, has closed it: what it had sent before still goes to the other one, ahead of
    /// the news.
    pub(super) fn pass_close(
        &mut self,
        near: Leg,
        far: Leg,
        reason: CloseReason,
        outputs: &mut Outputs,
    ) {
        self.drop_lane(near);
        // What waits is bounded by the circuit's window; a receiver that is that far behind does without.
        self.pump(far.link, outputs);
        self.refuse(far, reason, outputs);
    }

    /// Sends a message to the node at the other end, in the words that it understands. A request that it would not understand is
    /// answered here.
    pub(super) fn send_body(
        &mut self,
        channel: Channel,
        to: &Contact,
        body: &Body,
        outputs: &mut Outputs,
    ) -> Option<Want> {
        let link = self.links.get(&channel)?;
        let Some(bytes) = body.understood_with(link.features) else {
            let answer = Message::Response(body.request?, Response::Unsupported);
            return Some(Want::Node(ToNode::Message(to.clone(), answer)));
        };
        let sent = self.send_message(channel, bytes, outputs);
        sent.err().map(|reason| close(channel, reason))
    }

    /// Sends a message at once, so that it stays in order with others that are sent so.
    pub(super) fn send_in_order(
        &mut self,
        channel: Channel,
        body: &Body,
        outputs: &mut Outputs,
    ) -> Option<Want> {
        let sent = self.send_sealed(channel, FrameType::Message, &body.bytes, outputs);
        sent.err().map(|reason| close(channel, reason))
    }

    /// Sends a message, or lets it wait for its turn.
    fn send_message(
        &mut self,
        channel: Channel,
        body: &[u8],
        outputs: &mut Outputs,
    ) -> Result<(), CloseReason> {
        if body.len() < LARGE && self.takes_urgent(channel, body.len()) {
            return self.send_sealed(channel, FrameType::Message, body, outputs);
        }
        if !self.takes_waiting(channel, body.len()) {
            self.lost_messages += 1;
            let limit = NodeEvent::LimitReached(Limit::Messages);
            outputs.push_back(Output::Event(Event::Node(limit)));
            return Ok(());
        }
        let frame = Frame::on_link(FrameType::Message, body).encode();
        self.queue(channel, Lane::Messages, frame.into(), outputs);
        Ok(())
    }

    fn takes_urgent(&self, channel: Channel, bytes: usize) -> bool {
        match channel {
            Channel::Socket(link) => self
                .flows
                .get(&link)
                .is_some_and(|flow| flow.queue.takes_urgent(bytes)),
            Channel::Circuit(_) => self
                .links
                .get(&channel)
                .is_some_and(|link| link.circuit.takes_urgent(bytes)),
        }
    }

    fn takes_waiting(&self, channel: Channel, bytes: usize) -> bool {
        let messages = |channel| self.waiting(channel, Lane::Messages);
        let waiting = messages(channel) + bytes;
        let of_all = || self.links.keys().map(|channel| messages(*channel));
        waiting <= FAIR_SHARE
            || waiting <= MAX_MESSAGES_WAITING && of_all().sum::<usize>() <= self.message_bytes
    }

    /// The number of messages that were lost because too much waited for a link already.
    pub(super) const fn lost_messages(&self) -> u64 {
        self.lost_messages
    }

    /// Sends data of the owner's.
    ///
    /// # Errors
    /// [`DataError`] says why nothing was sent.
    pub(super) fn send_data(
        &mut self,
        channel: Channel,
        body: &[u8],
        outputs: &mut Outputs,
    ) -> Result<(), DataError> {
        let is_full = self.data_waiting(channel) + body.len() > MAX_DATA_WAITING;
        let link = self.links.get_mut(&channel).ok_or(DataError::NotLinked)?;
        if is_full {
            link.is_full = true;
            return Err(DataError::Full);
        }
        let frame = Frame::on_link(FrameType::Data, body).encode();
        self.queue(channel, Lane::Data, frame.into(), outputs);
        self.tell_room(channel, outputs);
        Ok(())
    }

    /// Sends a piece of a content, or lets it wait as data does.
    pub(super) fn send_block(&mut self, channel: Channel, block: &Block, outputs: &mut Outputs) {
        let frame = Plain::of_block(encode_block(block), block.value);
        self.queue(channel, Lane::Data, frame, outputs);
    }

    pub(super) fn data_waiting(&self, channel: Channel) -> usize {
        self.waiting(channel, Lane::Data)
    }

    fn queue(&mut self, channel: Channel, lane: Lane, frame: Plain, outputs: &mut Outputs) {
        match channel {
            Channel::Socket(link) => {
                if let Some(flow) = self.flows.get_mut(&link) {
                    flow.queue.push(lane, frame);
                    self.pump(link, outputs);
                }
            }
            Channel::Circuit(leg) => {
                if let Some(link) = self.links.get_mut(&channel) {
                    link.circuit.push_data(frame);
                    self.flush_circuit(leg, outputs);
                }
            }
        }
    }

    /// Bytes that wait in a channel's lane. On a circuit messages wait together with data.
    fn waiting(&self, channel: Channel, lane: Lane) -> usize {
        match channel {
            Channel::Socket(link) => self
                .flows
                .get(&link)
                .map_or(0, |flow| flow.queue.waiting(lane)),
            Channel::Circuit(_) => self
                .links
                .get(&channel)
                .map_or(0, |link| link.circuit.data_waiting()),
        }
    }

    /// Says that there is room for data again.
    fn tell_room(&mut self, channel: Channel, outputs: &mut Outputs) {
        let waiting = self.data_waiting(channel);
        if let Some(link) = self.links.get_mut(&channel)
            && link.is_full
            && waiting <= MAX_DATA_WAITING / 2
        {
            link.is_full = false;
            let id = link.contact().map(Contact::id);
            let room = id.map(|id| Output::Event(Event::Room(id)));
            outputs.extend(room);
        }
    }

    // Sockets' queues.

    /// Bytes have left over a socket: what waits for it goes on. Gives whether there is such a socket.
    pub(super) fn written(&mut self, link: LinkId, bytes: usize, outputs: &mut Outputs) -> bool {
        let Some(flow) = self.flows.get_mut(&link) else {
            return false;
        };
        flow.queue.written(bytes);
        self.pump(link, outputs);
        self.tell_room(Channel::Socket(link), outputs);
        true
    }

    /// Puts a frame that is passed on for others into the queue of the link that it leaves by. Gives its length, if it goes on.
    pub(super) fn pass_on(&mut self, far: Leg, mut frame: Vec<u8>, outputs: &mut Outputs) -> usize {
        Frame::put_on(far.circuit, &mut frame);
        let Some(flow) = self.flows.get_mut(&far.link) else {
            return 0;
        };
        let bytes = frame.len();
        flow.queue.push(Lane::Circuit(far.circuit), frame);
        self.pump(far.link, outputs);
        bytes
    }

    /// The number of bytes that wait to be passed on over circuits, in all.
    pub(super) fn queued_bytes(&self) -> usize {
        let flows = self.flows.values();
        flows.map(|flow| flow.queue.on_circuits()).sum()
    }

    /// The circuit whose receiver is furthest behind, where one of this link is and more than so many bytes wait in all.
    pub(super) fn longest_beyond(&self, bytes: usize, link: LinkId) -> Option<Leg> {
        let flow = self.flows.get(&link)?;
        if flow.queue.on_circuits() == 0 || self.queued_bytes() <= bytes {
            return None;
        }
        let queues = self.flows.iter().filter_map(|(link, flow)| {
            let (circuit, bytes) = flow.queue.longest()?;
            let link = *link;
            Some((bytes, Leg { link, circuit }))
        });
        queues.max().map(|(_, leg)| leg)
    }

    /// Sends what waits for the socket, as far as it takes it.
    fn pump(&mut self, link: LinkId, outputs: &mut Outputs) {
        while let Some(flow) = self.flows.get_mut(&link) {
            let Some((lane, frame)) = flow.queue.pop() else {
                return;
            };
            let channel = Channel::Socket(link);
            // The link's own frames are sealed only now: a control message may have overtaken them.
            let sealed = match (lane, self.links.get_mut(&channel)) {
                (Lane::Messages | Lane::Data, Some(state)) => {
                    state.sent += (frame.len() + TRAILER) as u64;
                    state.session().map(|session| session.seal(frame))
                }
                (Lane::Messages | Lane::Data, None) => None,
                (Lane::Circuit(_), _) => Some(frame.into_frame()),
            };
            if let Some(frame) = sealed {
                self.hand_over(link, frame, outputs);
            }
        }
    }

    fn hand_over(&mut self, link: LinkId, frame: Vec<u8>, outputs: &mut Outputs) {
        if let Some(flow) = self.flows.get_mut(&link) {
            flow.queue.sent(frame.len());
        }
        outputs.push_back(Output::Send { link, frame });
    }

    fn drop_lane(&mut self, leg: Leg) {
        if let Some(flow) = self.flows.get_mut(&leg.link) {
            flow.queue.drop_lane(Lane::Circuit(leg.circuit));
        }
    }

    // Circuits' credit.

    /// Hands on what there is credit for.
    fn flush_circuit(&mut self, leg: Leg, outputs: &mut Outputs) {
        let Some(link) = self.links.get_mut(&Channel::Circuit(leg)) else {
            return;
        };
        loop {
            while let Some(mut frame) = link.circuit.pop() {
                Frame::put_on(leg.circuit, &mut frame);
                if let Some(flow) = self.flows.get_mut(&leg.link) {
                    flow.queue.push(Lane::Circuit(leg.circuit), frame);
                }
            }
            let Some(data) = link.circuit.pop_data() else {
                break;
            };
            let Some(sealed) = link.session().map(|session| session.seal(data)) else {
                break;
            };
            // There is room: nothing waits.
            let _ = link.circuit.push(sealed);
        }
        self.pump(leg.link, outputs);
    }

    /// Takes the credit that the other end of a circuit gives: what waits goes on. Gives whether the circuit ends here.
    ///
    /// # Errors
    /// [`CloseReason::Credit`] when it gives more than there is.
    pub(super) fn grant(
        &mut self,
        leg: Leg,
        bytes: u32,
        outputs: &mut Outputs,
    ) -> Result<bool, CloseReason> {
        let channel = Channel::Circuit(leg);
        let Some(link) = self.links.get_mut(&channel) else {
            return Ok(false);
        };
        link.circuit.grant(bytes)?;
        self.flush_circuit(leg, outputs);
        self.tell_room(channel, outputs);
        Ok(true)
    }

    /// Gives the other end of a circuit credit for bytes that were used.
    pub(super) fn return_credit(
        &mut self,
        now: Instant,
        leg: Leg,
        bytes: usize,
        outputs: &mut Outputs,
    ) {
        let link = self.links.get_mut(&Channel::Circuit(leg));
        if let Some(bytes) = link.and_then(|link| link.circuit.consume(now, bytes)) {
            let circuit = leg.circuit;
            let credit = RelayMessage::Credit { circuit, bytes };
            self.say(leg.link, credit, outputs);
        }
    }
}

const fn close(channel: Channel, reason: CloseReason) -> Want {
    Want::Links(Input::Close(channel, reason))
}

#[cfg(test)]
mod tests {
    use alloc::boxed::Box;
    use alloc::vec;
    use core::time::Duration;

    use super::*;
    use crate::base::features::Features;
    use crate::base::identity::Signer;
    use crate::message::Request;
    use crate::peer::links::testing::{exchange, linked};
    use crate::peer::parts::fixture::contact_of;
    use crate::store::group::configuration::{Origin, Stamp};
    use crate::store::group::message as group;
    use crate::store::group::{Entry, OperationTag};
    use crate::store::message::{self as store, StoredRecord};
    use crate::store::record::{Name, Record};

    #[test]
    fn the_page_says_what_is_overtaken_and_what_is_lost() {
        crate::page::must_say(&alloc::format!(
            "Messages from {} KiB on may be overtaken by smaller ones. Who asks for more than it reads loses answers: beyond {} MiB",
            LARGE >> 10,
            MAX_MESSAGES_WAITING >> 20
        ));
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
    fn an_entry_goes_without_its_origin_to_who_knows_none() {
        let (name, life) = (Name::new("name").unwrap(), Duration::from_secs(60));
        let signer = Signer::ed25519([3; 32]);
        let record = Record::sign(&signer, name, Some(vec![1]), 2, life).unwrap();
        let answer = |origin| {
            let entry = Box::new(Entry {
                stamp: Stamp::default(),
                operation: OperationTag::default(),
                copy: StoredRecord::whole(record.clone()),
                origin,
            });
            let entry = group::Response::Entry(Some(entry));
            Message::Response(3, Response::Group(entry))
        };
        let stamp = Stamp::default();
        let origin = Some(Origin { lineage: 7, stamp });
        let earlier = Features::from_bits(Features::ORIGINS.bits() - 1);
        for (features, comes) in [(Features::ALL, origin), (earlier, None)] {
            let mut ends = linked([Features::ALL, features]);
            let send = Input::Send(contact_of(2), answer(origin));
            ends[0].settle(vec![Want::Links(send)]);
            exchange(&mut ends);
            let came = |want: &Want| matches!(want, Want::Node(ToNode::Message(..)));
            let last = ends[1].wanted.iter().rfind(|want| came(want));
            let comes = Want::Node(ToNode::Message(contact_of(1), answer(comes)));
            assert_eq!(last, Some(&comes), "{features:?}");
        }
    }

    #[test]
    fn nothing_is_sent_that_the_other_side_does_not_understand() {
        let unsupported = Message::Response(3, Response::Unsupported);
        let fence = Message::Request(3, Request::Group(Box::new(group::Request::Fence(vec![]))));
        let gather = group::Request::Gather(contact_of(3).id(), 7);
        let gather = Message::Request(3, Request::Group(Box::new(gather)));
        let groups = Features::UNSUPPORTED | Features::LINEAGE | Features::TOMBSTONES;
        let unfenced = Features::UNSUPPORTED | Features::LINEAGE | Features::FENCES;
        for (message, features, frames) in [
            (&unsupported, Features::ALL, 1),
            (&unsupported, Features::NONE, 0),
            (&fence, groups | Features::FENCES, 1),
            (&fence, groups, 0),
            (&fence, unfenced, 0),
            (&gather, groups | Features::ORIGINS, 1),
            (&gather, groups, 0),
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
}
