//! The nodes that are up.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::worlds::ring::alarms::Alarms;
use crate::worlds::ring::directory::Directory;
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_core::node::Node;

/// The place of a node for as long as it is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(u32);

impl Slot {
    pub(super) const fn new(index: usize) -> Self {
        // A world has far fewer nodes: `MAX_NODES`.
        Self(index as u32)
    }

    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Nodes in slots, found by id, and when each wants to be called. What happens to a node looks it up once.
#[derive(Clone, Debug, Default)]
pub(super) struct Population {
    /// In boxes, so that each node lies beside its lists.
    nodes: Vec<Option<Box<Node>>>,
    vacant: Vec<Slot>,
    directory: Directory,
    alarms: Alarms,
}

impl Population {
    pub(super) fn len(&self) -> usize {
        self.directory.len()
    }

    /// The ids, ascending.
    pub(super) fn ids(&self) -> impl Iterator<Item = Id> {
        self.directory.iter().map(|(id, _)| id)
    }

    /// The nodes in ascending order of their ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Node> {
        self.directory.iter().filter_map(|(_, slot)| self.at(slot))
    }

    pub(super) fn slot(&self, id: Id) -> Option<Slot> {
        self.directory
            .find(id, |slot| self.at(slot).is_some_and(|node| node.id() == id))
    }

    pub(super) fn get(&self, id: Id) -> Option<&Node> {
        self.at(self.slot(id)?)
    }

    pub(super) fn get_mut(&mut self, id: Id) -> Option<&mut Node> {
        self.at_mut(self.slot(id)?)
    }

    /// The node in a slot, if it is still up.
    pub(super) fn at(&self, slot: Slot) -> Option<&Node> {
        self.nodes.get(slot.index())?.as_deref()
    }

    pub(super) fn at_mut(&mut self, slot: Slot) -> Option<&mut Node> {
        self.nodes.get_mut(slot.index())?.as_deref_mut()
    }

    /// Takes in a node, in the place of one with the same id.
    pub(super) fn insert(&mut self, node: Node) {
        let id = node.id();
        self.remove(id);
        let slot = self.vacant.pop().unwrap_or_else(|| {
            self.nodes.push(None);
            Slot::new(self.nodes.len() - 1)
        });
        self.alarms.assign(slot, id);
        self.directory.insert(id, slot);
        self.nodes[slot.index()] = Some(Box::new(node));
    }

    pub(super) fn remove(&mut self, id: Id) {
        if let Some(slot) = self.directory.remove(id) {
            self.alarms.set(slot, None);
            self.nodes[slot.index()] = None;
            self.vacant.push(slot);
        }
    }

    /// Sets the time at which the node in a slot wants to be called.
    pub(super) fn set_alarm(&mut self, slot: Slot, at: Option<Instant>) {
        self.alarms.set(slot, at);
    }

    /// The node that wants to be called first; among equals the one with the smallest id.
    pub(super) fn first_alarm(&self) -> Option<(Instant, Slot)> {
        self.alarms.first()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use chordscope_core::base::contact::Contact;
    use chordscope_core::base::id::Space;
    use chordscope_core::base::identity::Signer;
    use chordscope_core::base::rng::Rng;
    use chordscope_core::node::config::Config;

    fn node(id: u64) -> Node {
        let signer = Signer::stand_in(Id::from_u64(id));
        let contact = Contact::stand_in(Space::FULL, &signer, 1);
        let rng = Rng::from_seed(1, id);
        Node::new(Config::default(), signer, contact, rng)
    }

    #[test]
    fn nodes_come_in_the_order_of_their_ids_whatever_slots_they_have() {
        let mut population = Population::default();
        for id in [4, 9, 1] {
            population.insert(node(id));
        }
        population.remove(Id::from_u64(4));
        population.insert(node(6));
        population.insert(node(9));
        let ids: Vec<Id> = population.iter().map(Node::id).collect();
        assert_eq!(ids, [1, 6, 9].map(Id::from_u64));
        assert_eq!(ids, population.ids().collect::<Vec<_>>());
        assert_eq!(population.nodes.len(), 3, "slots are used again");
        assert!(population.get(Id::from_u64(4)).is_none());
    }

    #[test]
    fn a_node_that_is_gone_is_not_called() {
        let mut population = Population::default();
        population.insert(node(1));
        let slot = population.slot(Id::from_u64(1)).unwrap();
        population.set_alarm(slot, Some(Instant::ZERO));
        population.remove(Id::from_u64(1));
        assert_eq!(population.first_alarm(), None);
        assert!(population.at(slot).is_none());
        assert_eq!(vec![slot], population.vacant);
    }
}
