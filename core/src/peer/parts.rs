//! The interface between the parts of a peer: the context of a call, and the wants that come of it.

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::link::LinkId;
use crate::message::Message;
use crate::node::Node;
use crate::node::api::Event as NodeEvent;
use crate::peer::api::Output;
use crate::peer::links::Links;
use crate::peer::{dialing, finding, leasing, links, relaying, transfers};

/// The context of the parts that speak for the node. The node does nothing at once: what it is asked for, it queues.
pub(super) struct Context<'a> {
    pub(super) now: Instant,
    pub(super) node: &'a mut Node,
    /// The links, to look at: a part acts on them by what it [wants](Want).
    pub(super) links: &'a Links,
}

impl<'a> Context<'a> {
    pub(super) const fn new(now: Instant, node: &'a mut Node, links: &'a Links) -> Self {
        Self { now, node, links }
    }
}

/// A want of one part of another one. The peer carries wants out in order, each with all that follows from it before the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// Of the owner.
    Owner(Output),
    /// Of the node.
    Node(ToNode),
    /// Counts this as the node's own news.
    News(NodeEvent),
    /// Gives node and swarm what they want, before anything else happens.
    Drain,
    /// Of the links.
    Links(links::Input),
    /// Of dialing.
    Dialing(dialing::Input),
    /// Of relaying.
    Relaying(relaying::Input),
    /// Lets what waited for a node, here or elsewhere, go on over this link to it.
    WayFound(LinkId, Id),
    /// Of leasing.
    Leasing(leasing::Input),
    /// Of the search for a ring.
    Finding(finding::Input),
    /// Of the transfers.
    Transfers(transfers::Input),
}

/// A want of the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ToNode {
    /// Take a message in.
    Message(Contact, Message),
    /// Use this contact from now on.
    Refresh(Contact),
    /// Ask a node whether it is in a ring.
    Probe(Contact),
    /// Join the ring of this member.
    Join(Contact),
    /// Count a node as unreachable.
    Unreachable(Id),
}

/// Surroundings for tests of a part, instead of a peer.
#[cfg(test)]
pub(super) mod fixture {
    use super::*;
    use crate::base::contact::Address;
    use crate::base::id::Space;
    use crate::base::identity::Signer;
    use crate::base::rng::Rng;
    use crate::link::session::Role;
    use crate::peer::config::Config;
    use crate::peer::links::Channel;

    /// The address of the node with this secret.
    pub(in crate::peer) fn address_of(secret: u8) -> Address {
        Address::parse_url(&alloc::format!("ws://peer-{secret}")).unwrap()
    }

    /// The contact of the node with this secret.
    pub(in crate::peer) fn contact_of(secret: u8) -> Contact {
        let signer = Signer::ed25519([secret; 32]);
        let addresses = alloc::vec![address_of(secret)];
        Contact::sign(Space::FULL, &signer, 0, 1, addresses).unwrap()
    }

    /// A node of its own and its links: what there is around a part.
    pub(in crate::peer) struct Around {
        pub(in crate::peer) signer: Signer,
        pub(in crate::peer) node: Node,
        pub(in crate::peer) links: Links,
    }

    impl Around {
        pub(in crate::peer) fn new(secret: u8) -> Self {
            let signer = Signer::ed25519([secret; 32]);
            let rng = Rng::from_entropy([secret; 32]);
            let config = Config::default();
            Self {
                links: Links::new(&config, &signer, rng.clone()),
                node: Node::new(config.node, signer.clone(), contact_of(secret), rng),
                signer,
            }
        }

        /// Opens a socket of this number to the node with this secret.
        pub(in crate::peer) fn link(&mut self, number: u64, role: Role, secret: u8) -> LinkId {
            let link = LinkId(number);
            let socket = Channel::Socket(link);
            self.links.assume_open(socket, role, &contact_of(secret));
            link
        }

        pub(in crate::peer) fn context(&mut self, now: Instant) -> Context<'_> {
            Context::new(now, &mut self.node, &self.links)
        }
    }
}
