//! The nodes of the ring and the tables of one of them, as the panels show them.

use std::collections::BTreeMap;

use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::ideal::IdealRing;
use chordscope_core::chord::invariant::{self, Property};
use chordscope_core::chord::membership::Membership;
use chordscope_core::node::Node;
use chordscope_core::store::record::{Label, Record};
use chordscope_sim::trace::LookupTrace;
use chordscope_sim::world::World;

use crate::engine::snapshot::{Counters, FingerRow, Gone, Inspected, KeyView, NodeView, Standing};
use crate::engine::statement::Statement;

/// Every node that is up, and those that crashed.
pub(super) fn nodes(world: &World, crashed: &[Id]) -> Vec<NodeView> {
    let space = world.space();
    let up = world.nodes().map(|node| {
        let standing = if node.membership().is_member() {
            Standing::Member
        } else {
            Standing::Joining
        };
        (node.id(), standing, Some(node))
    });
    let down = crashed.iter().map(|id| (*id, Standing::Crashed, None));
    let mut all: Vec<(Id, Standing, Option<&Node>)> = down.chain(up).collect();
    all.sort_unstable_by_key(|(id, ..)| *id);
    all.into_iter()
        .map(|(id, standing, node)| NodeView {
            id,
            label: space.show(id),
            turn: space.turn(id),
            standing,
            predecessor: node.and_then(predecessor),
            successor: node.and_then(successor),
        })
        .collect()
}

/// One node's tables, held against the ideal ring's; where it is not there, what became of it.
pub(super) fn inspected(
    world: &World,
    id: Id,
    ideal: Option<&IdealRing>,
    used: Option<u8>,
    gone: Gone,
) -> Inspected {
    let Some(node) = world.node(id) else {
        return Inspected::gone(id, gone);
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
        gone: None,
        predecessor: predecessor(node),
        successors: node
            .membership()
            .successors()
            .entries()
            .iter()
            .map(Contact::id)
            .collect(),
        fingers: fingers.collect(),
        keys: keys_of(node, world.now()).collect(),
    }
}

fn predecessor(node: &Node) -> Option<Id> {
    node.membership().predecessor().map(Contact::id)
}

fn successor(node: &Node) -> Option<Id> {
    let membership = node.membership();
    let first = membership.successors().entries().first().map(Contact::id);
    // A member without successors is a ring of its own.
    first.or_else(|| membership.is_member().then_some(node.id()))
}

/// The keys that any node holds, ascending.
pub(super) fn keys(world: &World) -> Vec<KeyView> {
    let mut keys: BTreeMap<Id, KeyView> = BTreeMap::new();
    for node in world.nodes() {
        for (id, held) in node.records().live(world.now()) {
            let empty = || KeyView {
                id,
                names: Vec::new(),
                at: Vec::new(),
            };
            let key = keys.entry(id).or_insert_with(empty);
            key.at.push(node.id());
            let name = name(&held.record).filter(|name| !key.names.contains(name));
            key.names.extend(name);
        }
    }
    keys.into_values().collect()
}

/// What a record is called.
fn name(record: &Record) -> Option<String> {
    let Record::Item(item) = record else {
        return None;
    };
    match &item.label {
        Label::Name(name) => Some(name.as_str().to_owned()),
        Label::Salt(_) => None,
    }
}

fn keys_of(node: &Node, now: Instant) -> impl Iterator<Item = Id> {
    node.records().live(now).map(|(key, _)| key)
}

/// The members, ascending.
fn members(world: &World) -> Vec<&Membership> {
    let all = world.nodes().map(Node::membership);
    all.filter(|member| member.is_member()).collect()
}

/// The rings that there are.
pub(super) fn rings(world: &World) -> Vec<Vec<Id>> {
    invariant::rings(members(world))
}

/// The first member at or after a key.
pub(super) fn responsible(world: &World, key: Id) -> Option<Id> {
    let ids = members(world).into_iter().map(Membership::me).collect();
    let ring = IdealRing::new(world.space(), ids).ok()?;
    Some(ring.successor(key))
}

/// What holds of the ring, invariant by invariant.
pub(super) fn health(world: &World) -> Vec<Statement> {
    let rings: Vec<usize> = rings(world).iter().map(Vec::len).collect();
    let of = members(world).len();
    let check = |property: Property| {
        let offenders = world.health().broken.get(&property);
        match offenders.map(Vec::len) {
            // Where nobody is, nothing is out of order, but there is no ring.
            None if of > 0 || property != Property::OneOrderedRing => Statement::Holds(property),
            nodes => Statement::Fails {
                property,
                rings: rings.clone(),
                nodes: nodes.unwrap_or(0),
                of,
            },
        }
    };
    Property::ALL.map(check).to_vec()
}

/// How many invariants are violated.
pub(super) fn violations(health: &[Statement]) -> Statement {
    let fails = |check: &&Statement| matches!(check, Statement::Fails { .. });
    Statement::Violations {
        broken: health.iter().filter(fails).count(),
        of: health.len(),
    }
}

/// The picture in words.
pub(super) fn picture(world: &World, trace: Option<&LookupTrace>) -> Vec<Statement> {
    let picture = Statement::Picture {
        members: members(world).len(),
        rings: rings(world).len(),
    };
    let last = trace.map(|trace| Statement::LastLookup {
        from: trace.id.0,
        key: trace.key,
        hops: trace.path.len().saturating_sub(1),
    });
    std::iter::once(picture).chain(last).collect()
}

/// How the ring is, in one statement. `troubled` tells whether the network is cut or a node paused.
pub(super) fn state(world: &World, troubled: bool) -> Statement {
    let members = members(world);
    // That a key has two owners for a while is no fault: predecessors lag behind every change.
    let faults = world.health().broken.keys().copied();
    let broken: Vec<Property> = faults
        .filter(|property| *property != Property::OneOwnerPerKey)
        .collect();
    if !broken.is_empty() {
        let scenario = world.scenario();
        return Statement::Violated {
            broken,
            rings: rings(world).len(),
            stabilizing: scenario.upkeep.as_ref().map(|_| scenario.protocol),
        };
    }
    let of = members.len();
    let ids: Vec<Id> = members.iter().map(|member| member.me()).collect();
    let is_right = |at: &usize| {
        let (before, after) = (ids[(at + of - 1) % of], ids[(at + 1) % of]);
        let named = |contact: Option<&Contact>| contact.map(Contact::id);
        named(members[*at].predecessor()) == Some(before)
            && named(members[*at].successors().head()) == Some(after)
    };
    match (of, ids.first()) {
        (0, _) | (_, None) => Statement::NoMember,
        (1, Some(only)) => Statement::Alone(*only),
        _ => match (0..of).filter(|at| !is_right(at)).count() {
            0 => Statement::Stable {
                members: of,
                troubled,
            },
            _ => Statement::Lagging,
        },
    }
}

/// The members whose successors are gone, all of them: they are what tears a ring.
pub(super) fn dead_successors(world: &World) -> impl Iterator<Item = Statement> {
    members(world).into_iter().filter_map(|member| {
        let list = member.successors().entries();
        let is_gone = |contact: &Contact| world.node(contact.id()).is_none();
        let gone = member.successors().head().map(Contact::id)?;
        list.iter()
            .all(is_gone)
            .then_some(Statement::DeadSuccessor {
                node: member.me(),
                gone,
            })
    })
}

/// What a node takes itself to be responsible for.
pub(super) fn claim(world: &World, node: Id) -> Option<Statement> {
    let after = predecessor(world.node(node)?)?;
    let others: Vec<Id> = members(world).into_iter().map(Membership::me).collect();
    let at = others.binary_search(&node).ok()?;
    let before = others[(at + others.len() - 1) % others.len()];
    Some(Statement::Claims {
        after,
        node,
        right: before == after,
    })
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
