//! Routes: the connection to each node.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::link::LinkId;
use crate::link::reason::CloseReason;
use crate::peer::api::{Event, Output};
use crate::peer::dialing::{self, Aim};
use crate::peer::links::Input;
use crate::peer::links::channel::Channel;
use crate::peer::links::sending::Channels;
use crate::peer::parts::{ToNode, Want};
use crate::peer::{finding, leasing, transfers};

/// The channel over which each known node is spoken to.
#[derive(Clone, Debug, Default)]
pub(super) struct Routes {
    ways: BTreeMap<Id, Channel>,
}

impl Routes {
    /// The channel over which a node is spoken to.
    pub(super) fn to(&self, node: Id) -> Option<Channel> {
        self.ways.get(&node).copied()
    }

    /// The socket to a node, once it is open.
    pub(super) fn socket_to(&self, channels: &Channels, node: Id) -> Option<LinkId> {
        match self.to(node)? {
            Channel::Socket(link) => Some(link),
            // An older way may be a circuit, while a socket is there, too.
            Channel::Circuit(_) => channels.iter().find_map(|(channel, link)| {
                let is_socket = matches!(channel, Channel::Socket(_));
                (is_socket && link.reaches(node)).then_some(channel.link())
            }),
        }
    }

    /// The number of bytes of data that wait for a node.
    pub(super) fn waiting(&self, channels: &Channels, node: Id) -> usize {
        self.to(node)
            .map_or(0, |channel| channels.data_waiting(channel))
    }

    /// A channel has sent something: there may be room for blocks.
    pub(super) fn waits_on(&self, channels: &Channels, channel: Channel) -> Option<Want> {
        let id = channels.contact(channel)?.id();
        Some(Want::Transfers(transfers::Input::Waits(
            id,
            self.waiting(channels, id),
        )))
    }

    // Changes.

    /// Routes to a node over a connection that is open now, and tells the parts concerned.
    pub(super) fn on_open(
        &mut self,
        channels: &Channels,
        channel: Channel,
        contact: Contact,
    ) -> Vec<Want> {
        let Some(opened) = channels.get(channel) else {
            return Vec::new();
        };
        let id = contact.id();
        // Two nodes may dial each other at once: one link each way stays. A second one the same way replaces the first,
        // which a restarted node has left behind. A socket and a circuit are different ways: a tab may dial a node as its
        // relay that it has reached over another one before, and each takes over when the other breaks.
        let is_circuit = matches!(channel, Channel::Circuit(_));
        let older = channels.iter().find(|(other, link)| {
            *other != channel
                && matches!(other, Channel::Circuit(_)) == is_circuit
                && link.role == opened.role
                && link.reaches(id)
        });
        let older = older.map(|(other, _)| other);
        self.ways.insert(id, channel);
        let mut wants = vec![Want::Node(ToNode::Refresh(contact.clone()))];
        if let Some(older) = older {
            // A transfer begins anew: a node that opens a second link the same way does not know what went over the first.
            wants.push(Want::Transfers(transfers::Input::Gone(id)));
            wants.push(Want::Links(Input::Close(older, CloseReason::Replaced)));
        }
        wants.push(Want::Owner(Output::Event(Event::LinkUp {
            link: channel.link(),
            contact: contact.clone(),
            via: channels.relay_of(channel),
        })));
        wants.push(Want::Dialing(dialing::Input::SendWaiting(
            channel,
            contact.clone(),
        )));
        if let Channel::Socket(link) = channel {
            wants.push(Want::WayFound(link, id));
        }
        let is_probe = opened.aim == Some(Aim::Probe);
        let probed = is_probe.then(|| Want::Node(ToNode::Probe(contact.clone())));
        wants.push(Want::Leasing(leasing::Input::Use {
            channel,
            contact,
            to_join: opened.aim == Some(Aim::Join),
        }));
        wants.extend(probed);
        wants
    }

    /// Reroutes to a node when the way to it has ended. Another one takes over; or the node is looked for, where that is worth it;
    /// otherwise it counts as unreachable.
    #[must_use]
    pub(super) fn reroute(
        &mut self,
        channels: &Channels,
        ended: Channel,
        node: Contact,
        again: bool,
    ) -> Vec<Want> {
        let id = node.id();
        if self.to(id) != Some(ended) {
            return Vec::new();
        }
        // What was on its way is lost, so that the transfer begins anew even where another way takes over.
        let gone = Want::Transfers(transfers::Input::Gone(id));
        let other = channels.iter().find(|(_, link)| link.reaches(id));
        if let Some((other, _)) = other {
            self.ways.insert(id, other);
            return vec![gone];
        }
        self.ways.remove(&id);
        let next = match again {
            true => Want::Dialing(dialing::Input::Reach(node)),
            false => Want::Node(ToNode::Unreachable(id)),
        };
        vec![gone, Want::Finding(finding::Input::Unlinked(id)), next]
    }
}

#[cfg(test)]
mod tests {
    use core::slice;

    use super::*;
    use crate::base::features::Features;
    use crate::link::Leg;
    use crate::link::session::Role;
    use crate::peer::links::channel::Link;
    use crate::peer::links::testing::{LINK, SOCKET, linked};
    use crate::peer::parts::fixture::contact_of;

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
        let (node, circuit) = (
            contact_of(2),
            Leg {
                link: LinkId(7),
                circuit: 1,
            },
        );
        let circuit = Channel::Circuit(circuit);
        let (mut routes, mut channels) = (Routes::default(), Channels::new(1 << 20, 8));
        for channel in [circuit, SOCKET] {
            channels.insert(channel, Link::assume_open(Role::Initiator, &node));
            routes.on_open(&channels, channel, node.clone());
        }
        let id = node.id();
        let gone = Want::Transfers(transfers::Input::Gone(id));
        channels.remove(SOCKET);
        let wants = routes.reroute(&channels, SOCKET, node.clone(), false);
        assert_eq!(wants, slice::from_ref(&gone));
        assert_eq!(routes.to(id), Some(circuit));
        channels.remove(circuit);
        let wants = routes.reroute(&channels, SOCKET, node.clone(), false);
        assert_eq!(wants, [], "it is no way any more");
        let wants = routes.reroute(&channels, circuit, node, false);
        let unlinked = Want::Finding(finding::Input::Unlinked(id));
        let unreachable = Want::Node(ToNode::Unreachable(id));
        assert_eq!(wants, [gone, unlinked, unreachable]);
        assert_eq!(routes.to(id), None);
    }

    /// A node that was restarted behind a connection that neither side has closed, as after a power cut.
    #[test]
    fn who_opens_a_second_link_the_same_way_begins_its_transfers_anew() {
        let node = contact_of(2);
        let id = node.id();
        let (mut routes, mut channels) = (Routes::default(), Channels::new(1 << 20, 8));
        channels.insert(SOCKET, Link::assume_open(Role::Responder, &node));
        let first = routes.on_open(&channels, SOCKET, node.clone());
        let gone = Want::Transfers(transfers::Input::Gone(id));
        assert!(!first.contains(&gone));
        let second = Channel::Socket(LinkId(9));
        channels.insert(second, Link::assume_open(Role::Responder, &node));
        let wants = routes.on_open(&channels, second, node.clone());
        let close = Want::Links(Input::Close(SOCKET, CloseReason::Replaced));
        assert_eq!(wants[1..3], [gone.clone(), close]);
        assert_eq!(routes.to(id), Some(second));
        // One each way is what two nodes come to that dial each other at once.
        let third = Channel::Socket(LinkId(10));
        channels.insert(third, Link::assume_open(Role::Initiator, &node));
        let wants = routes.on_open(&channels, third, node);
        assert!(!wants.contains(&gone));
    }

    #[test]
    fn a_socket_beside_the_circuit_that_leads_to_a_node_is_found() {
        let node = contact_of(2);
        let circuit = Channel::Circuit(Leg {
            link: LinkId(7),
            circuit: 1,
        });
        let (mut routes, mut channels) = (Routes::default(), Channels::new(1 << 20, 8));
        channels.insert(circuit, Link::assume_open(Role::Initiator, &node));
        routes.on_open(&channels, circuit, node.clone());
        assert_eq!(routes.socket_to(&channels, node.id()), None);
        channels.insert(SOCKET, Link::assume_open(Role::Responder, &node));
        assert_eq!(routes.to(node.id()), Some(circuit));
        assert_eq!(routes.socket_to(&channels, node.id()), Some(LINK));
    }
}
