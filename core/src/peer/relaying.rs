//! Relaying: forwarding frames to peers that cannot be dialed, over circuits.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::chord::route::Routing;
use crate::link::reason::CloseReason;
use crate::link::relay::{Found, LEASE_GRACE, Limits, Relay};
use crate::link::relay_message::RelayMessage;
use crate::link::{Leg, LinkId};
use crate::node::api::{LookupError, LookupId, Report};
use crate::peer::config::Reach;
use crate::peer::links::{Channel, Links};
use crate::peer::parts::{Context, Want};
use crate::peer::{dialing, links};

/// A want of another part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// Grant a lease to the node at the other end of a link.
    Lease(LinkId, Id),
    /// Let it go.
    Release(Id),
    /// Carry a circuit of `from` to `target`, maybe by way of another relay.
    Relay {
        near: Leg,
        from: Id,
        target: Id,
        by: Option<Id>,
    },
    /// Let a frame go on that has come on a circuit which does not end here.
    Forward(Leg, Vec<u8>),
    /// Count bytes that were passed on over a link.
    Passed(LinkId, usize),
    /// Let the end behind a leg have the credit that its receiver gives.
    Credit(Leg, u32),
    /// Join a circuit that waited to the leg on which it goes on.
    Connect(Found, Leg),
    /// Take note that one end has closed a circuit.
    Closed(Leg, CloseReason),
    /// Take note that a node cannot be reached.
    GiveUp(Id),
    /// Take note that a socket is gone, and with it the circuits over it.
    SocketGone(LinkId),
}

/// The leases that this peer grants, and the circuits that it carries.
#[derive(Clone, Debug)]
pub(super) struct Relaying {
    reach: Reach,
    relay: Relay,
    /// Lookups for nodes that tabs want to reach.
    seeking: BTreeMap<LookupId, Id>,
    relayed_bytes: u64,
}

impl Relaying {
    pub(super) const fn new(reach: Reach, limits: Limits) -> Self {
        Self {
            reach,
            relay: Relay::new(limits),
            seeking: BTreeMap::new(),
            relayed_bytes: 0,
        }
    }

    /// The numbers of circuits that it relays, and of nodes that have a lease.
    pub(super) fn relayed(&self) -> (usize, usize) {
        (self.relay.circuits(), self.relay.leases())
    }

    pub(super) const fn relayed_bytes(&self) -> u64 {
        self.relayed_bytes
    }

    /// Handles an input from another part.
    pub(super) fn handle(&mut self, context: Context<'_>, input: Input) -> Vec<Want> {
        let want = match input {
            Input::Lease(link, from) => return self.lease(link, from),
            Input::Release(from) => {
                self.relay.release(from);
                None
            }
            Input::Relay {
                near,
                from,
                target,
                by,
            } => return self.on_circuit_asked(context, near, from, target, by),
            Input::Forward(leg, frame) => self.forward(leg, frame),
            Input::Passed(link, bytes) => return self.on_passed(context.links, link, bytes),
            Input::Credit(leg, bytes) => self.credit(leg, bytes),
            Input::Connect(found, far) => return self.connect(found, far),
            Input::Closed(leg, reason) => {
                let far = self.relay.close(leg);
                far.map(|far| Want::Links(links::Input::PassClose(leg, far, reason)))
            }
            Input::GiveUp(id) => return self.give_up(id),
            Input::SocketGone(link) => {
                let legs = self.relay.link_lost(context.now, link);
                return refuse(legs, CloseReason::Gone);
            }
        };
        want.into_iter().collect()
    }

    fn lease(&mut self, link: LinkId, from: Id) -> Vec<Want> {
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
        let answer = Want::Links(links::Input::Say(link, answer));
        vec![answer, Want::WayFound(link, from)]
    }

    /// The node at the other end of a link opens a circuit to `target`, maybe by way of another relay.
    fn on_circuit_asked(
        &mut self,
        context: Context<'_>,
        near: Leg,
        from: Id,
        target: Id,
        by: Option<Id>,
    ) -> Vec<Want> {
        let me = context.node.id();
        if target == me {
            let own = context.links.circuits_over(near.link).count();
            let has_room = own < usize::from(self.relay.limits().circuits_per_link);
            return vec![match has_room {
                true => Want::Links(links::Input::Accept(near)),
                false => Want::Links(links::Input::Drop(near, CloseReason::TooManyCircuits)),
            }];
        }
        let next = by.filter(|relay| *relay != me).unwrap_or(target);
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
            return vec![Want::Links(links::Input::Drop(near, reason))];
        }
        self.relay.wait(context.now, near, next, target);
        match context.links.socket_to(next) {
            Some(link) => vec![Want::WayFound(link, next)],
            None if self.relay.is_leased(next) => Vec::new(),
            // It is reached over a circuit itself, and a circuit carries no others.
            None if context.links.is_linked(next) => self.give_up(next),
            None => self.find(context, next),
        }
    }

    /// Looks for a node that a tab wants to reach. Its contact comes from the ring, never from the tab.
    fn find(&mut self, context: Context<'_>, id: Id) -> Vec<Want> {
        let Context { now, node, .. } = context;
        let known = node.contacts().find(|contact| contact.id() == id);
        if let Some(contact) = known {
            return vec![Want::Dialing(dialing::Input::Reach(contact.clone()))];
        }
        let mode = node.mode();
        match node.lookup(now, id, Routing::Finger, mode) {
            Ok(lookup) => {
                self.seeking.insert(lookup, id);
                Vec::new()
            }
            Err(_) => self.give_up(id),
        }
    }

    /// Handles the end of a lookup of the node's; `None` where it was not for the target of a circuit.
    pub(super) fn on_lookup_ended(
        &mut self,
        lookup: LookupId,
        found: &Result<Report, LookupError>,
    ) -> Option<Vec<Want>> {
        let id = self.seeking.remove(&lookup)?;
        let owner = found.as_ref().ok().map(|report| &report.owner);
        Some(match owner.filter(|owner| owner.id() == id) {
            Some(contact) => vec![Want::Dialing(dialing::Input::Reach(Contact::clone(
                contact,
            )))],
            None => self.give_up(id),
        })
    }

    /// Takes note of a socket to a node: the circuits that waited for it go on over it.
    #[must_use]
    pub(super) fn way_found(&mut self, link: LinkId, node: Id) -> Vec<Want> {
        let found = self.relay.found(node).into_iter();
        found
            .map(|found| Want::Links(links::Input::GoOn(link, found)))
            .collect()
    }

    /// Joins a circuit that waited to the leg on which it goes on.
    fn connect(&mut self, found: Found, far: Leg) -> Vec<Want> {
        self.relay.connect(found.near, far);
        let open = RelayMessage::Open {
            circuit: far.circuit,
            target: found.target,
            relay: None,
        };
        let hello = found
            .hello
            .map(|hello| Want::Links(links::Input::Pass(far, hello)));
        let open = Want::Links(links::Input::Say(far.link, open));
        core::iter::once(open).chain(hello).collect()
    }

    /// Gives up on a node that tabs want to reach and to which no way is left.
    fn give_up(&mut self, id: Id) -> Vec<Want> {
        let legs = self.relay.give_up(id).into_iter();
        legs.map(|leg| Want::Links(links::Input::Drop(leg, CloseReason::Unreachable)))
            .collect()
    }

    /// Forwards a frame on a circuit that does not end here.
    fn forward(&mut self, leg: Leg, mut frame: Vec<u8>) -> Option<Want> {
        if !self.relay.has(leg) {
            return Some(Want::Links(links::Input::Late(leg)));
        }
        match self.relay.pass(leg, &mut frame) {
            Ok(far) => far.map(|far| Want::Links(links::Input::Pass(far, frame))),
            Err(reason) => Some(Want::Links(links::Input::Close(
                Channel::Socket(leg.link),
                reason,
            ))),
        }
    }

    /// Takes note of so many bytes that were passed on over a link. Where too much waits by now, the circuit whose receiver is
    /// furthest behind ends.
    fn on_passed(&mut self, links: &Links, link: LinkId, bytes: usize) -> Vec<Want> {
        self.relayed_bytes += bytes as u64;
        let most = self.relay.limits().bytes;
        let reason = CloseReason::QueueFull;
        match links.longest_beyond(most, link) {
            Some(leg) if links.has(Channel::Circuit(leg)) => {
                vec![Want::Links(links::Input::Close(
                    Channel::Circuit(leg),
                    reason,
                ))]
            }
            Some(leg) => {
                let far = self.relay.close(leg);
                let far = far.map(|far| Want::Links(links::Input::Refuse(far, reason)));
                far.into_iter()
                    .chain([Want::Links(links::Input::Drop(leg, reason))])
                    .collect()
            }
            None => Vec::new(),
        }
    }

    /// Passes on the credit that the end behind a leg gives.
    fn credit(&mut self, leg: Leg, bytes: u32) -> Option<Want> {
        match self.relay.grant(leg, bytes) {
            Ok(far) => far.map(|Leg { link, circuit }| {
                Want::Links(links::Input::Say(
                    link,
                    RelayMessage::Credit { circuit, bytes },
                ))
            }),
            Err(reason) => Some(Want::Links(links::Input::Close(
                Channel::Socket(leg.link),
                reason,
            ))),
        }
    }

    /// The time at which [`Relaying::on_timeout`] has something to do.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.relay.poll_timeout()
    }

    /// Ends leases, and circuits that have waited too long for a way.
    #[must_use]
    pub(super) fn on_timeout(&mut self, now: Instant) -> Vec<Want> {
        if self.relay.poll_timeout().is_none_or(|due| due > now) {
            return Vec::new();
        }
        let legs = self.relay.handle_timeout(now).into_iter();
        legs.map(|leg| Want::Links(links::Input::Drop(leg, CloseReason::Unreachable)))
            .collect()
    }
}

fn refuse(legs: Vec<Leg>, reason: CloseReason) -> Vec<Want> {
    let refuse = |leg| Want::Links(links::Input::Refuse(leg, reason));
    legs.into_iter().map(refuse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::session::Role;
    use crate::peer::parts::fixture::{Around, contact_of};

    const ME: u8 = 1;
    const TAB: u8 = 2;
    const PEER: u8 = 3;
    const FAR: u8 = 4;

    /// A relay with a link from a tab, one from a peer, and one to a node.
    fn relaying(reach: Reach) -> (Relaying, Around) {
        let mut around = Around::new(ME);
        around.link(2, Role::Responder, TAB);
        around.link(3, Role::Responder, PEER);
        around.link(4, Role::Initiator, FAR);
        (Relaying::new(reach, Limits::default()), around)
    }

    fn lease(relaying: &mut Relaying, around: &mut Around) -> Vec<Want> {
        let input = Input::Lease(LinkId(2), contact_of(TAB).id());
        relaying.handle(around.context(Instant::ZERO), input)
    }

    const fn near(link: u64) -> Leg {
        Leg {
            link: LinkId(link),
            circuit: 1,
        }
    }

    fn relay(link: u64, from: u8, target: u8) -> Input {
        Input::Relay {
            near: near(link),
            from: contact_of(from).id(),
            target: contact_of(target).id(),
            by: None,
        }
    }

    #[test]
    fn who_can_be_dialed_grants_leases_and_a_tab_does_not() {
        for (reach, granted) in [(Reach::Direct, true), (Reach::Relayed, false)] {
            let (mut relaying, mut around) = relaying(reach);
            let wants = lease(&mut relaying, &mut around);
            let [Want::Links(links::Input::Say(LinkId(2), said)), way] = &wants[..] else {
                panic!("{wants:?}");
            };
            assert_eq!(matches!(said, RelayMessage::Leased { .. }), granted);
            assert_eq!(*way, Want::WayFound(LinkId(2), contact_of(TAB).id()));
            assert_eq!(relaying.relayed(), (0, usize::from(granted)));
        }
    }

    #[test]
    fn a_circuit_to_a_node_that_no_way_leads_to_is_refused_and_counted() {
        let (mut relaying, mut around) = relaying(Reach::Direct);
        let nowhere = contact_of(9).id();
        let (now, leg) = (Instant::ZERO, near(2));
        relaying.relay.wait(now, leg, nowhere, nowhere);
        let dropped = Want::Links(links::Input::Drop(leg, CloseReason::Unreachable));
        for wants in [vec![dropped], vec![]] {
            let given_up = relaying.handle(around.context(now), Input::GiveUp(nowhere));
            assert_eq!(given_up, wants);
        }
    }

    #[test]
    fn a_circuit_goes_on_over_the_link_to_its_target_and_takes_its_first_frame_along() {
        let (mut relaying, mut around) = relaying(Reach::Direct);
        lease(&mut relaying, &mut around);
        let context = around.context(Instant::ZERO);
        let wants = relaying.handle(context, relay(2, TAB, FAR));
        let far = contact_of(FAR).id();
        assert_eq!(wants, [Want::WayFound(LinkId(4), far)]);
        let hello = Input::Forward(near(2), vec![7]);
        let wants = relaying.handle(around.context(Instant::ZERO), hello);
        assert_eq!(wants, [], "it waits");
        let wants = relaying.way_found(LinkId(4), far);
        let [Want::Links(links::Input::GoOn(LinkId(4), found))] = &wants[..] else {
            panic!("{wants:?}");
        };
        let leg = near(4);
        let connect = Input::Connect(found.clone(), leg);
        let wants = relaying.handle(around.context(Instant::ZERO), connect);
        let open = RelayMessage::Open {
            circuit: leg.circuit,
            target: far,
            relay: None,
        };
        let say = Want::Links(links::Input::Say(LinkId(4), open));
        let pass = |leg, byte| Want::Links(links::Input::Pass(leg, vec![byte]));
        assert_eq!(wants, [say, pass(leg, 7)]);
        for (from, to) in [(near(2), leg), (leg, near(2))] {
            let frame = Input::Forward(from, vec![8]);
            let wants = relaying.handle(around.context(Instant::ZERO), frame);
            assert_eq!(wants, [pass(to, 8)]);
        }
        let reason = CloseReason::Gone;
        let gone = Input::SocketGone(LinkId(4));
        let wants = relaying.handle(around.context(Instant::ZERO), gone);
        assert_eq!(wants, [Want::Links(links::Input::Refuse(near(2), reason))]);
        let late = Input::Forward(near(2), vec![9]);
        let wants = relaying.handle(around.context(Instant::ZERO), late);
        assert_eq!(wants, [Want::Links(links::Input::Late(near(2)))]);
    }

    #[test]
    fn only_circuits_from_and_to_tabs_are_carried() {
        let (mut relaying, mut around) = relaying(Reach::Direct);
        let asked = relay(3, PEER, FAR);
        let wants = relaying.handle(around.context(Instant::ZERO), asked);
        let drop = links::Input::Drop(near(3), CloseReason::Unreachable);
        assert_eq!(wants, [Want::Links(drop)]);
        let asked = relay(3, PEER, ME);
        let wants = relaying.handle(around.context(Instant::ZERO), asked);
        let accept = links::Input::Accept(near(3));
        assert_eq!(wants, [Want::Links(accept)], "one's own");
    }

    #[test]
    fn a_circuit_to_nobody_is_given_up() {
        let (mut relaying, mut around) = relaying(Reach::Direct);
        lease(&mut relaying, &mut around);
        // Outside a ring no lookup begins.
        let asked = relay(2, TAB, 9);
        let wants = relaying.handle(around.context(Instant::ZERO), asked);
        let drop = links::Input::Drop(near(2), CloseReason::Unreachable);
        assert_eq!(wants, [Want::Links(drop)]);
        // A lookup that ends with another node.
        around.node.create(Instant::ZERO);
        let asked = relay(2, TAB, 9);
        let wants = relaying.handle(around.context(Instant::ZERO), asked);
        assert_eq!(wants, []);
        let lookup = *relaying.seeking.keys().next().unwrap();
        let ended = relaying.on_lookup_ended(lookup, &Err(LookupError::Deadline));
        let drop = links::Input::Drop(near(2), CloseReason::Unreachable);
        assert_eq!(ended, Some(vec![Want::Links(drop)]));
        let other = relaying.on_lookup_ended(lookup, &Err(LookupError::Deadline));
        assert_eq!(other, None, "somebody else's");
    }
}
