//! Dialing: the ways to nodes without a link, tried one after another, and the messages that wait for a link meanwhile.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec;
use alloc::vec::Vec;

use crate::base::contact::{Address, Contact};
use crate::base::id::Id;
use crate::link::LinkId;
use crate::node::api::{Event as NodeEvent, Limit};
use crate::peer::api::{Event, Output};
use crate::peer::config::{Limits, Reach};
use crate::peer::links::{Channel, Links};
use crate::peer::parts::{ToNode, Want};
use crate::peer::{leasing, links, relaying, transfers};
use crate::wire::codec::Body;

/// The most ways to one node that are tried.
const MAX_WAYS: usize = 6;

/// The purpose of a connection, and the node that must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// Any peer, to join its ring.
    Join,
    /// A certain node and no other.
    Node(Id),
    /// A certain node and no other, to lease an address.
    Relay(Id),
    /// Any peer, to see whether there is a ring to move to.
    Probe,
}

impl Aim {
    /// The node that must be there.
    pub(super) const fn node(&self) -> Option<Id> {
        match self {
            Self::Join | Self::Probe => None,
            Self::Node(id) | Self::Relay(id) => Some(*id),
        }
    }
}

/// A way to a node.
#[derive(Clone, Debug)]
enum Way {
    /// By a socket to this address.
    Socket(Address),
    /// By a circuit over this relay, and on over another one if the node has its lease there.
    Circuit { over: Contact, at: Option<Id> },
}

#[derive(Clone, Debug)]
struct Waiting {
    ways: VecDeque<Way>,
    bodies: Vec<Body>,
    bytes: usize,
}

/// A want of another part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// Dial this address.
    Dial(Address, Aim),
    /// Make a link to a node.
    Reach(Contact),
    /// Make one, for this message.
    Deliver(Contact, Body),
    /// Try another way to a node, if it is still waited for.
    NextWay(Id),
    /// Take note that a dial, or the handshake after it, has failed.
    Missed(Aim),
    /// Send what waits for a node over this channel.
    SendWaiting(Channel, Contact),
}

/// The context of the choice of ways.
#[derive(Clone, Copy)]
pub(super) struct Bearings<'a> {
    pub(super) me: Id,
    pub(super) links: &'a Links,
    /// The relays of this peer.
    pub(super) relays: &'a [Contact],
}

/// Dials under way, and what waits for them.
#[derive(Clone, Debug)]
pub(super) struct Dialing {
    reach: Reach,
    max_dials: usize,
    max_waiting: usize,
    /// The purposes of the dials to each address, in order.
    aims: BTreeMap<Address, VecDeque<Aim>>,
    waiting: BTreeMap<Id, Waiting>,
    /// Nodes that wait for a link to this relay.
    over: BTreeMap<Id, BTreeSet<Id>>,
}

impl Dialing {
    pub(super) const fn new(reach: Reach, limits: &Limits) -> Self {
        Self {
            reach,
            max_dials: limits.dials,
            max_waiting: limits.waiting_bytes,
            aims: BTreeMap::new(),
            waiting: BTreeMap::new(),
            over: BTreeMap::new(),
        }
    }

    /// Handles an input from another part.
    pub(super) fn handle(&mut self, bearings: Bearings<'_>, input: Input) -> Vec<Want> {
        match input {
            Input::Dial(address, aim) => {
                let aims = self.aims.entry(address.clone()).or_default();
                aims.push_back(aim);
                vec![Want::Owner(Output::Dial(address))]
            }
            Input::Reach(to) => self.reach(bearings, &to, None),
            Input::Deliver(to, body) => self.reach(bearings, &to, Some(body)),
            Input::NextWay(id) => self.next_way(bearings.links, id),
            Input::Missed(aim) => self.missed(bearings.links, &aim),
            Input::SendWaiting(channel, to) => {
                let waiting = self.waiting.remove(&to.id());
                let bodies = waiting.map(|waiting| waiting.bodies).unwrap_or_default();
                let send = |body| links::Input::SendWaiting(channel, to.clone(), body);
                bodies.into_iter().map(send).map(Want::Links).collect()
            }
        }
    }

    /// The aim of a dial to this address that has just ended.
    pub(super) fn ended(&mut self, address: &Address) -> Option<Aim> {
        let aims = self.aims.get_mut(address)?;
        let aim = aims.pop_front();
        if aims.is_empty() {
            self.aims.remove(address);
        }
        aim
    }

    /// Takes note of a link to a relay, over which the nodes that waited for it are reached.
    #[must_use]
    pub(super) fn way_found(&mut self, links: &Links, over: LinkId, relay: Id) -> Vec<Want> {
        let waiting = self.over.remove(&relay).unwrap_or_default().into_iter();
        // One may have come by itself meanwhile.
        waiting
            .filter(|to| !links.is_linked(*to))
            .map(|to| Want::Links(links::Input::OpenCircuit { over, to, at: None }))
            .collect()
    }

    /// A dial, or the handshake after it, has failed.
    fn missed(&mut self, links: &Links, aim: &Aim) -> Vec<Want> {
        match aim {
            Aim::Join => vec![Want::News(NodeEvent::JoinFailed)],
            Aim::Node(id) => self.next_way(links, *id),
            Aim::Probe => Vec::new(),
            Aim::Relay(id) => vec![Want::Leasing(leasing::Input::NoRelay(*id))],
        }
    }

    /// Looks for a way to a node, or lets the message wait for one that is being looked for.
    fn reach(&mut self, bearings: Bearings<'_>, to: &Contact, body: Option<Body>) -> Vec<Want> {
        let id = to.id();
        if bearings.links.is_linked(id) {
            return Vec::new();
        }
        let bytes = body.as_ref().map_or(0, |body| body.bytes.len());
        if let Some(waiting) = self.waiting.get_mut(&id) {
            // What does not fit is lost; its request times out.
            if waiting.bytes + bytes <= self.max_waiting {
                waiting.bytes += bytes;
                waiting.bodies.extend(body);
            }
            return Vec::new();
        }
        if self.waiting.len() >= self.max_dials {
            let limit = NodeEvent::LimitReached(Limit::Dials);
            return vec![Want::Owner(Output::Event(Event::Node(limit)))];
        }
        let waiting = Waiting {
            ways: self.ways(bearings, to),
            bodies: body.into_iter().collect(),
            bytes,
        };
        self.waiting.insert(id, waiting);
        self.next_way(bearings.links, id)
    }

    /// The ways to a node, best first. A tab dials its relays only.
    fn ways(&self, bearings: Bearings<'_>, to: &Contact) -> VecDeque<Way> {
        let Bearings { me, relays, .. } = bearings;
        let mut ways = VecDeque::new();
        match self.reach {
            Reach::Direct => {
                ways.extend(to.addresses().iter().cloned().map(Way::Socket));
                let others = to.relays().iter().filter(|relay| relay.id() != me);
                ways.extend(others.map(|over| Way::Circuit {
                    over: over.clone(),
                    at: None,
                }));
            }
            Reach::Relayed => {
                let shared = relays.iter().filter(|over| to.relays().contains(over));
                ways.extend(shared.map(|over| Way::Circuit {
                    over: over.clone(),
                    at: None,
                }));
                for over in relays {
                    let direct = (!to.addresses().is_empty()).then_some(None);
                    let others = to.relays().iter().map(Contact::id);
                    let others = others.filter(|at| *at != over.id()).map(Some);
                    ways.extend(direct.into_iter().chain(others).map(|at| Way::Circuit {
                        over: over.clone(),
                        at,
                    }));
                }
            }
        }
        ways.truncate(MAX_WAYS);
        ways
    }

    /// The next way to a node, if it is still waited for.
    fn next_way(&mut self, links: &Links, id: Id) -> Vec<Want> {
        while let Some(waiting) = self.waiting.get_mut(&id) {
            match waiting.ways.pop_front() {
                Some(Way::Socket(address)) => {
                    return vec![Want::Dialing(Input::Dial(address, Aim::Node(id)))];
                }
                Some(Way::Circuit { over, at }) => {
                    if let Some(over) = links.socket_to(over.id()) {
                        return vec![Want::Links(links::Input::OpenCircuit { over, to: id, at })];
                    }
                    if self.reach == Reach::Direct && !links.is_linked(over.id()) {
                        self.over.entry(over.id()).or_default().insert(id);
                        return vec![Want::Dialing(Input::Reach(over))];
                    }
                }
                None => {
                    self.waiting.remove(&id);
                    return self.give_up(id);
                }
            }
        }
        Vec::new()
    }

    /// Gives up on a node to which no way is left.
    fn give_up(&mut self, id: Id) -> Vec<Want> {
        let mut wants = vec![Want::Relaying(relaying::Input::GiveUp(id))];
        let behind = self.over.remove(&id).unwrap_or_default();
        wants.extend(
            behind
                .into_iter()
                .map(|node| Want::Dialing(Input::NextWay(node))),
        );
        wants.extend([
            Want::Node(ToNode::Unreachable(id)),
            Want::Transfers(transfers::Input::Gone(id)),
            Want::Drain,
        ]);
        wants
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Space;
    use crate::base::identity::Signer;
    use crate::link::session::Role;
    use crate::message::{Message, Response};
    use crate::peer::parts::fixture::{Around, address_of, contact_of};

    const ME: u8 = 1;

    fn dialing(reach: Reach) -> Dialing {
        Dialing::new(reach, &Limits::default())
    }

    fn handle(dialing: &mut Dialing, around: &Around, relays: &[u8], input: Input) -> Vec<Want> {
        let relays: Vec<Contact> = relays.iter().copied().map(contact_of).collect();
        let bearings = Bearings {
            me: contact_of(ME).id(),
            links: &around.links,
            relays: &relays,
        };
        dialing.handle(bearings, input)
    }

    /// The contact of a tab with leases at these.
    fn tab(secret: u8, relays: &[u8]) -> Contact {
        let relays: Vec<Contact> = relays.iter().copied().map(contact_of).collect();
        let signer = Signer::ed25519([secret; 32]);
        Contact::sign_relayed(Space::FULL, &signer, 0, 1, vec![], &relays).unwrap()
    }

    fn body() -> Body {
        Body::of(&Message::Response(1, Response::Unsupported)).unwrap()
    }

    #[test]
    fn a_node_is_unreachable_when_every_way_to_it_has_failed() {
        let (mut dialing, around) = (dialing(Reach::Direct), Around::new(ME));
        let to = contact_of(2);
        let aim = Aim::Node(to.id());
        let dial = Want::Dialing(Input::Dial(address_of(2), aim.clone()));
        let reached = handle(&mut dialing, &around, &[], Input::Reach(to.clone()));
        assert_eq!(reached, [dial]);
        let dial = Input::Dial(address_of(2), aim.clone());
        let dialed = handle(&mut dialing, &around, &[], dial);
        assert_eq!(dialed, [Want::Owner(Output::Dial(address_of(2)))]);
        assert_eq!(dialing.ended(&address_of(2)), Some(aim.clone()));
        assert_eq!(dialing.ended(&address_of(2)), None);
        let missed = handle(&mut dialing, &around, &[], Input::Missed(aim));
        let unreachable = Want::Node(ToNode::Unreachable(to.id()));
        assert!(missed.contains(&unreachable), "{missed:?}");
        // Who wants it anew meanwhile has its first way tried, and no other beside it.
        let next = Want::Dialing(Input::NextWay(to.id()));
        assert!(!missed.contains(&next), "{missed:?}");
    }

    #[test]
    fn what_waits_for_a_node_is_sent_when_it_is_reached_and_bounded() {
        let limits = Limits {
            waiting_bytes: 2 * body().bytes.len(),
            dials: 1,
            ..Limits::default()
        };
        let mut dialing = Dialing::new(Reach::Direct, &limits);
        let around = Around::new(ME);
        for round in 0..5 {
            let deliver = Input::Deliver(contact_of(2), body());
            let wants = handle(&mut dialing, &around, &[], deliver);
            assert_eq!(wants.len(), usize::from(round == 0), "one dial for all");
        }
        let refused = handle(&mut dialing, &around, &[], Input::Reach(contact_of(3)));
        let limit = Event::Node(NodeEvent::LimitReached(Limit::Dials));
        assert_eq!(refused, [Want::Owner(Output::Event(limit))]);
        let channel = Channel::Socket(LinkId(1));
        for sent in [2, 0] {
            let send = Input::SendWaiting(channel, contact_of(2));
            let wants = handle(&mut dialing, &around, &[], send);
            assert_eq!(wants.len(), sent);
        }
    }

    #[test]
    fn a_tab_is_reached_over_its_relay_which_is_dialed_first() {
        let (mut dialing, mut around) = (dialing(Reach::Direct), Around::new(ME));
        let (to, relay) = (tab(2, &[3]), contact_of(3));
        let wants = handle(&mut dialing, &around, &[], Input::Reach(to.clone()));
        let [Want::Dialing(Input::Reach(over))] = &wants[..] else {
            panic!("{wants:?}");
        };
        assert_eq!(over.id(), relay.id());
        let over = around.link(1, Role::Initiator, 3);
        let (to, at) = (to.id(), None);
        let open = Want::Links(links::Input::OpenCircuit { over, to, at });
        let found = dialing.way_found(&around.links, over, relay.id());
        assert_eq!(found, [open]);
        let found = dialing.way_found(&around.links, over, relay.id());
        assert_eq!(found, [], "once");
    }

    #[test]
    fn a_tab_goes_by_its_own_relays_and_dials_nobody() {
        let (mut dialing, mut around) = (dialing(Reach::Relayed), Around::new(ME));
        let over = around.link(1, Role::Initiator, 3);
        // To a peer; to a tab at the same relay; to a tab at another one.
        let far = tab(5, &[4]);
        for (to, at) in [
            (contact_of(2), None),
            (tab(6, &[3]), None),
            (far, Some(contact_of(4).id())),
        ] {
            let wants = handle(&mut dialing, &around, &[3], Input::Reach(to.clone()));
            let to = to.id();
            let open = links::Input::OpenCircuit { over, to, at };
            assert_eq!(wants, [Want::Links(open)]);
        }
    }

    #[test]
    fn who_misses_an_aim_is_told_by_what_it_was_for() {
        let (mut dialing, around) = (dialing(Reach::Direct), Around::new(ME));
        let id = contact_of(2).id();
        for (aim, told) in [
            (Aim::Join, vec![Want::News(NodeEvent::JoinFailed)]),
            (Aim::Probe, vec![]),
            (
                Aim::Relay(id),
                vec![Want::Leasing(leasing::Input::NoRelay(id))],
            ),
            (Aim::Node(id), vec![]),
        ] {
            let wants = handle(&mut dialing, &around, &[], Input::Missed(aim));
            assert_eq!(wants, told);
        }
    }
}
