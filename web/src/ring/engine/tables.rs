//! The nodes of the ring and the tables of one of them, as the panels show them.

use std::collections::BTreeMap;

use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::ideal::IdealRing;
use chordscope_core::chord::invariant::{self, Property};
use chordscope_core::chord::membership::Membership;
use chordscope_core::chord::route::Step;
use chordscope_core::node::Node;
use chordscope_core::store::record::{Label, Record};
use chordscope_sim::worlds::ring::RingWorld;
use chordscope_sim::worlds::ring::trace::LookupTrace;

use crate::ring::engine::snapshot::{
    Counters, FingerRow, Gone, Inspected, KeyView, NodeView, Standing, is_responsible,
};
use crate::ring::engine::statement::Statement;

/// Every node that is up, and those that crashed.
pub(super) fn nodes(world: &RingWorld, crashed: &[Id]) -> Vec<NodeView> {
    let space = world.space();
    let up = world.nodes().map(|node| {
        let standing = match (node.membership().is_member(), node.leaving()) {
            (true, None) => Standing::Member,
            (_, Some(_)) => Standing::Leaving,
            (false, None) => Standing::Joining,
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

/// The entry of a node's tables that a lookup took when the node decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// A row of the finger table, and the node that it named.
    Row(u8, Id),
    /// A row of the finger table, for a node behind the one that it named.
    Behind(u8),
    /// A successor.
    Successor(Id),
}

/// The entry of a node's tables that the lookup took there last.
pub(super) fn taken(trace: Option<&LookupTrace>, node: Id) -> Option<Taken> {
    let mut made = trace?.decisions.iter().rev();
    let decision = made.find(|decision| decision.node == node)?;
    match &decision.step {
        Step::Finger { row, contact } => Some(Taken::Row(*row, contact.id())),
        Step::Near { row, .. } => Some(Taken::Behind(*row)),
        Step::Owner(contact) => Some(Taken::Successor(contact.id())),
        Step::Here | Step::Along(_) | Step::Back(_) => None,
    }
}

/// One node's tables, held against the ideal ring's; where it is not there, what became of it.
pub(super) fn inspected(
    world: &RingWorld,
    id: Id,
    ideal: Option<&IdealRing>,
    taken: Option<Taken>,
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
            used: match taken {
                Some(Taken::Row(used, _) | Taken::Behind(used)) => used == row,
                // The successor is the first row's node.
                Some(Taken::Successor(next)) => row == 1 && names == Some(next),
                None => false,
            },
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
        since: taken.and_then(|taken| since(node, taken)),
        keys: keys_of(node, world.now()).collect(),
    }
}

/// The change of what a lookup took from a node's tables, if that is another by now.
fn since(node: &Node, taken: Taken) -> Option<Statement> {
    let names = |row| node.fingers().get(row).map(Contact::id);
    let mut list = node.membership().successors().entries().iter();
    let id = node.id();
    match taken {
        Taken::Row(row, took) if names(row) != Some(took) => Some(Statement::RowSince {
            node: id,
            row,
            took,
        }),
        Taken::Successor(took) if list.all(|next| next.id() != took) => {
            Some(Statement::SuccessorSince { node: id, took })
        }
        _ => None,
    }
}

fn predecessor(node: &Node) -> Option<Id> {
    node.membership().predecessor().map(Contact::id)
}

/// Whether a node knows no other on the ring.
fn is_alone(node: &Node) -> bool {
    node.membership().successors().entries().is_empty()
}

fn successor(node: &Node) -> Option<Id> {
    let membership = node.membership();
    let first = membership.successors().entries().first().map(Contact::id);
    // A member without successors is a ring of its own.
    first.or_else(|| membership.is_member().then_some(node.id()))
}

/// The keys that any node holds, ascending.
pub(super) fn keys(world: &RingWorld) -> Vec<KeyView> {
    let mut keys: BTreeMap<Id, KeyView> = BTreeMap::new();
    for node in world.nodes() {
        for (id, held) in node.records().live(world.now()) {
            let empty = || KeyView {
                id,
                names: Vec::new(),
                owners: Vec::new(),
                replicas: Vec::new(),
            };
            let key = keys.entry(id).or_insert_with(empty);
            if is_responsible(node.id(), predecessor(node), is_alone(node), id) {
                key.owners.push(node.id());
            } else {
                key.replicas.push(node.id());
            }
            let name = name(&held.record).filter(|name| !key.names.contains(name));
            key.names.extend(name);
        }
    }
    keys.into_values().collect()
}

/// The name of a record.
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
fn members(world: &RingWorld) -> Vec<&Membership> {
    let all = world.nodes().map(Node::membership);
    all.filter(|member| member.is_member()).collect()
}

/// The health of the ring at a moment: one finding for the caption and for the panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Health {
    /// The number of members.
    members: usize,
    /// The rings that there are: how many nodes each has.
    rings: Vec<usize>,
    /// The invariants that are violated, and at how many nodes.
    broken: Vec<(Property, usize)>,
}

impl Health {
    /// The health of a ring now.
    pub(super) fn of(world: &RingWorld) -> Self {
        let members = members(world);
        let found = &world.health().broken;
        let broken = |property: &Property| Some((*property, found.get(property)?.len()));
        Self {
            members: members.len(),
            rings: invariant::rings(members).iter().map(Vec::len).collect(),
            broken: Property::ALL.iter().filter_map(broken).collect(),
        }
    }

    /// The findings, invariant by invariant; none where no node is.
    pub(super) fn checks(&self) -> Vec<Statement> {
        if self.members == 0 {
            return Vec::new();
        }
        let check = |property: Property| {
            let found = self.broken.iter().find(|(broken, _)| *broken == property);
            match found {
                None => Statement::Holds(property),
                Some((_, nodes)) => Statement::Fails {
                    property,
                    rings: self.rings.clone(),
                    nodes: *nodes,
                    of: self.members,
                },
            }
        };
        Property::ALL.map(check).to_vec()
    }

    /// The number of violated invariants, or that no node is there for which they could be.
    pub(super) const fn violations(&self) -> Statement {
        if self.members == 0 {
            return Statement::NoMember;
        }
        Statement::Violations {
            broken: self.broken.len(),
            of: Property::ALL.len(),
        }
    }

    /// The invariants that are violated, if the ring is torn. That a key has two owners for a while is no fault: predecessors lag behind
    /// every change.
    fn faults(&self) -> Option<Vec<Property>> {
        let all: Vec<Property> = self.broken.iter().map(|(property, _)| *property).collect();
        let is_torn = all
            .iter()
            .any(|property| *property != Property::OneOwnerPerKey);
        is_torn.then_some(all)
    }

    /// The picture in words.
    pub(super) fn picture(&self, trace: Option<&LookupTrace>) -> Vec<Statement> {
        let picture = Statement::Picture {
            members: self.members,
            rings: self.rings.len(),
        };
        let last = trace.map(|trace| Statement::LastLookup {
            from: trace.id.0,
            key: trace.key,
            hops: trace.path.len().saturating_sub(1),
        });
        std::iter::once(picture).chain(last).collect()
    }
}

/// The first member at or after a key.
pub(super) fn responsible(world: &RingWorld, key: Id) -> Option<Id> {
    let ids = members(world).into_iter().map(Membership::me).collect();
    let ring = IdealRing::new(world.space(), ids).ok()?;
    Some(ring.successor(key))
}

/// The state of the ring, in one statement. `troubled` tells whether the network is cut or a node paused.
pub(super) fn state(world: &RingWorld, health: &Health, troubled: bool) -> Statement {
    if let Some(broken) = health.faults() {
        let scenario = world.scenario();
        return Statement::Violated {
            broken,
            rings: health.rings.len(),
            stabilizing: scenario.upkeep.as_ref().map(|_| scenario.protocol),
        };
    }
    let members = members(world);
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
pub(super) fn dead_successors(world: &RingWorld) -> impl Iterator<Item = Statement> {
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

/// The range of keys that a node takes itself to be responsible for.
pub(super) fn claim(world: &RingWorld, node: Id) -> Option<Statement> {
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

/// The numbers of messages sent.
pub(super) fn counters(world: &RingWorld, lost: u64) -> Counters {
    let sent = world.sent();
    Counters {
        lookup: sent.lookup,
        upkeep: sent.upkeep,
        other: sent.records,
        lost,
    }
}
