//! Relaying: this peer passes on what others send to those who cannot be dialed.

use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::chord::route::Routing;
use crate::link::fair_queue::Lane;
use crate::link::reason::CloseReason;
use crate::link::relay::{Found, LEASE_GRACE};
use crate::link::relay_message::RelayMessage;
use crate::link::{Leg, LinkId};
use crate::peer::channel::Channel;
use crate::peer::circuits::Flow;
use crate::peer::{Peer, Reach};
use crate::wire::frame::Frame;

impl Peer {
    /// How many circuits it relays, and how many nodes have a lease.
    pub fn relayed(&self) -> (usize, usize) {
        (self.relay.circuits(), self.relay.leases())
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
                    return Err(CloseReason::CircuitNumber);
                }
                self.on_circuit_asked(now, Leg { link, circuit }, from, target, relay);
            }
            RelayMessage::Close { circuit, reason } => {
                let leg = Leg { link, circuit };
                let reason = CloseReason::from_byte(reason);
                let said = Some(reason.into());
                self.end_channel(now, Channel::Circuit(leg), reason, said);
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
                        self.feed_swarm_over(now, Channel::Circuit(leg));
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
            let own = self.circuits_over(near.link).count();
            if own < usize::from(self.relay.limits().circuits_per_link) {
                self.open_channel(now, Channel::Circuit(near), None);
            } else {
                self.count(CloseReason::TooManyCircuits);
                self.refuse_circuit(now, near, CloseReason::TooManyCircuits);
            }
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
            // It is reached over a circuit itself, and a circuit carries no others.
            None if self.routes.contains_key(&next) => self.give_up_circuits(now, next),
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
            // It may have come by itself meanwhile.
            if self.routes.contains_key(&tab) {
                continue;
            }
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

    /// Puts a relayed frame into the queue of the link it leaves by.
    pub(super) fn pass_on(&mut self, now: Instant, far: Leg, mut frame: Vec<u8>) {
        Frame::put_on(far.circuit, &mut frame);
        if let Some(flow) = self.flows.get_mut(&far.link) {
            self.relayed_bytes += frame.len() as u64;
            flow.queue.push(Lane::Circuit(far.circuit), frame);
            self.pump(far.link);
        }
        let waits = |flow: &Flow| flow.queue.on_circuits() > 0;
        let is_behind = self.flows.get(&far.link).is_some_and(waits);
        if is_behind && self.queued_bytes() > self.relay.limits().bytes {
            self.close_longest(now);
        }
    }

    /// How many bytes wait to be passed on over circuits, in all.
    pub fn queued_bytes(&self) -> usize {
        let flows = self.flows.values();
        flows.map(|flow| flow.queue.on_circuits()).sum()
    }

    /// The circuit whose receiver is furthest behind ends.
    fn close_longest(&mut self, now: Instant) {
        let queues = self.flows.iter().filter_map(|(link, flow)| {
            let (circuit, bytes) = flow.queue.longest()?;
            let link = *link;
            Some((bytes, Leg { link, circuit }))
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
}
