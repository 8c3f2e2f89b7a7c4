//! The beginning of a world, and the birth of its nodes.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::engine::malformed::Malformed;

use crate::worlds::ring::{NETWORK_STREAM, RingWorld, Watch};
use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::Id;
use chordscope_core::base::identity::Signer;
use chordscope_core::base::rng::Rng;
use chordscope_core::chord::ideal::IdealRing;
use chordscope_core::node::Node;
use chordscope_core::store::group::configuration::{Configuration, Epoch, Member};
use chordscope_core::store::message::StoredRecord;
use chordscope_core::store::record::Record;

impl RingWorld {
    /// Makes the scenario's nodes a stable ring with its records in place.
    pub(super) fn settle(&mut self) -> Result<(), Malformed> {
        let nodes = self.scenario.nodes.clone();
        let ring = IdealRing::new(self.space(), nodes.clone())
            .map_err(|error| Malformed::new("nodes", &error))?;
        for id in &nodes {
            let node = self.create_node(*id);
            self.population.insert(node);
        }
        let contacts: BTreeMap<Id, Contact> = self
            .nodes()
            .map(|node| (node.id(), node.contact().clone()))
            .collect();
        let length = usize::from(self.scenario.successors);
        for id in &nodes {
            let before = ring.predecessor(*id);
            let before = (before != *id).then(|| contacts[&before].clone());
            let successors: Vec<Contact> = ring
                .successors(*id, length)
                .iter()
                .map(|id| contacts[id].clone())
                .collect();
            let fingers: Vec<Contact> = ring
                .fingers(*id)
                .iter()
                .map(|(_, node)| contacts[node].clone())
                .collect();
            let now = self.now;
            if let Some(node) = self.population.get_mut(*id) {
                node.settle(now, before, &successors, &fingers);
            }
            self.drain_node(*id, None);
        }
        if self.scenario.quorum {
            self.assign_groups(&ring, &contacts);
        }
        self.place_records(&ring);
        Ok(())
    }

    /// A group for the keys of each node: itself and its next successors.
    fn assign_groups(&mut self, ring: &IdealRing, contacts: &BTreeMap<Id, Contact>) {
        let others = usize::from(self.scenario.copies.saturating_sub(1));
        for id in ring.ids() {
            let members = core::iter::once(*id).chain(ring.successors(*id, others));
            let members: Vec<Id> = members.collect();
            let group = Configuration {
                lineage: self.seed,
                after: ring.predecessor(*id),
                upto: *id,
                epoch: Epoch {
                    generation: 0,
                    round: 1,
                    proposer: *id,
                },
                members: members
                    .iter()
                    .map(|id| Member {
                        contact: contacts[id].clone(),
                        incarnation: self.config.incarnation,
                        votes: true,
                    })
                    .collect(),
            };
            for member in &members {
                if let Some(node) = self.population.get_mut(*member) {
                    node.assign(group.clone());
                }
            }
        }
    }

    fn place_records(&mut self, ring: &IdealRing) {
        let scenario = Arc::clone(&self.scenario);
        let author = Signer::stand_in(ring.ids()[0]);
        for name in &scenario.records {
            let value = Some(name.as_str().as_bytes().to_vec());
            let life = Duration::from_secs(24 * 60 * 60);
            let Ok(record) = Record::sign(&author, name.clone(), value, 1, life) else {
                continue;
            };
            let owner = ring.successor(name.key(scenario.space));
            let others = usize::from(scenario.copies.saturating_sub(1));
            let copy = StoredRecord::whole(record);
            for holder in core::iter::once(owner).chain(ring.successors(owner, others)) {
                if let Some(node) = self.population.get_mut(holder) {
                    node.restore(self.now, &copy);
                }
            }
        }
    }

    pub(super) fn create_node(&mut self, id: Id) -> Node {
        self.births += 1;
        let signer = Signer::stand_in(id);
        let rng = Rng::from_seed(self.seed, NETWORK_STREAM + self.births);
        // A stand-in without addresses is always well formed.
        let contact = Contact::stand_in(self.space(), &signer, self.births);
        let mut node = Node::new(Arc::clone(&self.config), signer, contact, rng);
        if self.watch != Watch::Nothing {
            node.trace_routes();
        }
        if let Some((control, entries)) = self.disks.remove(&id) {
            node.restore_groups(self.now, control, &entries);
        }
        node
    }
}
