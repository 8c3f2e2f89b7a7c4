//! Facts about a ring at a moment, read from its nodes: who keeps a key by its own pointers, who asks, who may come.

use chordscope_core::base::id::{Id, Space};
use chordscope_core::chord::membership::Membership;
use chordscope_core::node::Node;
use chordscope_sim::worlds::ring::RingWorld;
use chordscope_sim::worlds::ring::trace::LookupTrace;

use crate::home::engine::lesson::{FROM, KEY};
use crate::home::engine::statement::Statement;

/// The members, ascending.
pub(super) fn members(world: &RingWorld) -> impl Iterator<Item = &Membership> {
    let all = world.nodes().map(Node::membership);
    all.filter(|membership| membership.is_member())
}

/// The predecessor of a member, from which on it keeps keys.
pub(super) fn after(world: &RingWorld, node: Id) -> Option<Id> {
    let membership = world.node(node)?.membership();
    let predecessor = membership.predecessor()?;
    membership.is_member().then_some(predecessor.id())
}

/// Whether a member takes itself to be responsible for a key.
pub(super) fn keeps(world: &RingWorld, node: Id, key: Id) -> bool {
    after(world, node).is_some_and(|after| key.is_within(after, node))
}

/// All members that take themselves to be responsible for a key.
pub(super) fn keepers(world: &RingWorld, key: Id) -> Vec<Id> {
    let all = members(world).map(Membership::me);
    all.filter(|node| keeps(world, *node, key)).collect()
}

/// The member that keeps a key, if exactly one does.
pub(super) fn keeper(world: &RingWorld, key: Id) -> Option<Id> {
    match keepers(world, key)[..] {
        [keeper] => Some(keeper),
        _ => None,
    }
}

/// The node that asks for the key: the one that is chosen unless it keeps the key, otherwise the lesson's, otherwise the first member.
pub(super) fn asker(world: &RingWorld, chosen: Option<Id>) -> Option<Id> {
    let is_member = |node: &Id| {
        world
            .node(*node)
            .is_some_and(|node| node.membership().is_member())
    };
    let chosen = chosen.filter(|node| !keeps(world, *node, KEY));
    let wanted = chosen.into_iter().chain([FROM]);
    let first = members(world).map(Membership::me);
    wanted.chain(first).find(is_member)
}

/// The node that may come: at the first free place after the key or at it, so that the key goes to it where that is possible.
pub(super) fn newcomer(world: &RingWorld) -> Option<Id> {
    let space = world.space();
    let places = std::iter::successors(Some(space.next(KEY)), |place| Some(space.next(*place)));
    let upto_keeper = places.take_while(|place| *place != KEY).chain([KEY]);
    let mut free = upto_keeper.filter(|place| world.node(*place).is_none());
    free.next()
}

/// The first and the last key that a node keeps, where it keeps fewer than all.
pub(super) fn range(space: Space, after: Id, node: Id) -> Option<(Id, Id)> {
    (after != node).then(|| (space.next(after), node))
}

/// The keys that a node keeps, as a statement.
pub(super) fn kept(world: &RingWorld, node: Id) -> Statement {
    let Some(own) = world.node(node) else {
        return Statement::Gone { node };
    };
    match after(world, node) {
        None if own.membership().is_member() => Statement::KeepsNothing { node },
        None => Statement::NotJoined { node },
        Some(after) => match range(world.space(), after, node) {
            Some((first, last)) => Statement::Keeps { node, first, last },
            None => Statement::KeepsAll { node },
        },
    }
}

/// The number of rows of finger tables that name another node than they should.
pub(super) fn wrong_fingers(world: &RingWorld) -> usize {
    let Some(ideal) = world.ideal() else {
        return 0;
    };
    let wrong = |node: &Node| {
        let rows = node.fingers().rows();
        let right = |start| ideal.successor(start);
        rows.filter(|(_, start, named)| named.is_none_or(|named| named.id() != right(*start)))
            .count()
    };
    let all = world.nodes().filter(|node| node.membership().is_member());
    all.map(wrong).sum()
}

/// The upkeep of the ring, as a statement.
pub(super) fn stabilizes(world: &RingWorld) -> Statement {
    let upkeep = world.scenario().upkeep;
    Statement::Stabilizes {
        nodes: members(world).count(),
        millis: upkeep.map_or(0, |upkeep| upkeep.stabilize_ms.into()),
    }
}

/// The stage in sentences.
pub(super) fn picture(world: &RingWorld, lookup: Option<&LookupTrace>) -> Vec<Statement> {
    let ids: Vec<Id> = members(world).map(Membership::me).collect();
    let beside = match (
        ids.iter()
            .rev()
            .find(|id| **id < KEY)
            .or_else(|| ids.last()),
        ids.iter().find(|id| **id >= KEY).or_else(|| ids.first()),
    ) {
        (Some(before), Some(after)) => Some(Statement::KeyLies {
            key: KEY,
            before: *before,
            after: *after,
        }),
        _ => None,
    };
    let way = lookup.map(|trace| Statement::Way {
        path: trace.path.clone(),
    });
    let members = Statement::Members { ids };
    [Some(members), beside, way].into_iter().flatten().collect()
}
