//! The nodes of the ring and the tables of one of them, as the panels show them.

use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::Id;
use chordscope_core::chord::ideal::IdealRing;
use chordscope_core::chord::invariant::Property;
use chordscope_core::node::Node;
use chordscope_core::sim::world::World;

use crate::engine::snapshot::{Check, Counters, FingerRow, Inspected, NodeView, Standing};

/// Every node that is up, and those that crashed.
pub(super) fn nodes(world: &World, crashed: &[Id]) -> Vec<NodeView> {
    let space = world.space();
    let up = world.nodes().map(|node| {
        let standing = if node.membership().is_member() {
            Standing::Member
        } else {
            Standing::Joining
        };
        (node.id(), standing)
    });
    let down = crashed.iter().map(|id| (*id, Standing::Crashed));
    let mut all: Vec<(Id, Standing)> = down.chain(up).collect();
    all.sort_unstable_by_key(|(id, _)| *id);
    all.into_iter()
        .map(|(id, standing)| NodeView {
            id,
            label: space.show(id),
            turn: space.turn(id),
            standing,
        })
        .collect()
}

/// One node's tables, held against the ideal ring's.
pub(super) fn inspected(
    world: &World,
    id: Id,
    ideal: Option<&IdealRing>,
    used: Option<u8>,
) -> Inspected {
    let Some(node) = world.node(id) else {
        return Inspected::gone(id);
    };
    let fingers = node.fingers().rows().map(|(row, start, contact)| {
        let names = contact.map(Contact::id);
        FingerRow {
            row,
            start,
            node: names,
            used: used == Some(row),
            stale: ideal.is_some_and(|ring| names != Some(ring.successor(start))),
        }
    });
    Inspected {
        id,
        alive: true,
        predecessor: node.membership().predecessor().map(Contact::id),
        successors: node
            .membership()
            .successors()
            .entries()
            .iter()
            .map(Contact::id)
            .collect(),
        fingers: fingers.collect(),
        keys: keys_of(node).collect(),
    }
}

/// What a node is responsible for: everything after this node, up to itself.
pub(super) fn predecessor(world: &World, id: Id) -> Option<Id> {
    world.node(id)?.membership().predecessor().map(Contact::id)
}

/// The keys that any node holds, ascending.
pub(super) fn keys(world: &World) -> Vec<Id> {
    let mut keys: Vec<Id> = world.nodes().flat_map(keys_of).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn keys_of(node: &Node) -> impl Iterator<Item = Id> {
    node.records().iter().map(|(key, _)| key)
}

/// What holds of the ring.
pub(super) fn health(world: &World) -> Vec<Check> {
    let check = |property: Property| Check {
        label: property.title().to_owned(),
        holds: world.health().holds(property),
    };
    Property::ALL.map(check).to_vec()
}

/// What of that is broken. That a key has two owners for a while is no fault: predecessors lag behind every change.
pub(super) fn broken(world: &World) -> Option<String> {
    let broken = world.health().broken.keys();
    let faults = broken.filter(|property| **property != Property::OneOwnerPerKey);
    let titles: Vec<&str> = faults.map(|property| property.title()).collect();
    (!titles.is_empty()).then(|| titles.join(", "))
}

/// What was sent.
pub(super) fn counters(world: &World, lost: u64) -> Counters {
    let sent = world.sent();
    Counters {
        lookup: sent.lookup,
        upkeep: sent.upkeep,
        other: sent.records,
        lost,
    }
}
