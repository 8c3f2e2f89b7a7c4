//! From a ring at a moment to the still layer of a stage, large or small.

use chordscope_core::base::id::Id;
use chordscope_core::node::Node as Machine;
use chordscope_sim::worlds::ring::RingWorld;
use chordscope_sim::worlds::ring::trace::LookupTrace;

use crate::home::engine::reading;
use crate::home::engine::snapshot::NodeView;
use crate::scene::{Arc, Key, Node, Scene, Word, WordInk, successors};

/// The things that a stage shows beside the ring itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Looks<'a> {
    /// The key that is asked for.
    pub(super) key: Option<Id>,
    /// The lookup.
    pub(super) lookup: Option<&'a LookupTrace>,
    /// The nodes that are marked as owners of the key, beside the lookup's.
    pub(super) owners: &'a [Id],
    /// The node that the visitor looks at.
    pub(super) chosen: Option<Id>,
    /// The node under the pointer.
    pub(super) hovered: Option<Id>,
    /// The nodes that crashed.
    pub(super) crashed: &'a [Id],
    /// Whether there is room for words.
    pub(super) labelled: bool,
}

/// The still layer.
pub(super) fn scene(world: &RingWorld, looks: &Looks<'_>) -> Scene {
    let space = world.space();
    let nodes = NodeView::all(world, looks.crashed);
    let members = world
        .nodes()
        .map(Machine::membership)
        .filter(|own| own.is_member());
    let members = members.map(|own| (own.me(), own.successors().head().map(|head| head.id())));
    let members: Vec<(Id, Option<Id>)> = members.collect();
    let owner = looks.lookup.and_then(|trace| trace.owner);
    Scene {
        nodes: nodes
            .iter()
            .map(|node| dressed(world, looks, *node))
            .collect(),
        keys: looks
            .key
            .map(|key| Key {
                turn: space.turn(key),
                sought: true,
                typed: false,
                hovered: false,
            })
            .into_iter()
            .collect(),
        arcs: [(looks.chosen, false), (owner, true)]
            .into_iter()
            .filter_map(|(node, sought)| arc(world, node?, sought))
            .collect(),
        fingers: Vec::new(),
        pointers: successors::pointers(space, &members),
        positions: looks.labelled.then(|| 1 << space.bits()),
        labelled: looks.labelled,
        words: match looks.labelled {
            true => words(world, looks),
            false => Vec::new(),
        },
    }
}

fn dressed(world: &RingWorld, looks: &Looks<'_>, node: NodeView) -> Node {
    let id = node.id;
    let asks = |is: fn(&LookupTrace, Id) -> bool| looks.lookup.is_some_and(|trace| is(trace, id));
    let is_member = world
        .node(id)
        .is_some_and(|own| own.membership().is_member());
    Node {
        turn: node.turn,
        label: match looks.labelled {
            true => world.space().show(id),
            false => String::new(),
        },
        origin: asks(|trace, id| trace.id.0 == id),
        visited: asks(|trace, id| trace.path.contains(&id)),
        owner: looks.owners.contains(&id) || asks(|trace, id| trace.owner == Some(id)),
        inspected: false,
        chosen: looks.chosen == Some(id),
        hovered: looks.hovered == Some(id),
        dead: !node.is_up,
        joining: node.is_up && !is_member,
        leaving: false,
    }
}

/// The part of the band that a node keeps, by its own pointers.
fn arc(world: &RingWorld, node: Id, sought: bool) -> Option<Arc> {
    let space = world.space();
    let after = reading::after(world, node)?;
    Some(Arc {
        after: space.turn(after),
        upto: space.turn(node),
        sought,
    })
}

fn words(world: &RingWorld, looks: &Looks<'_>) -> Vec<Word> {
    let space = world.space();
    let key = looks.key.map(|key| Word {
        turn: space.turn(key),
        text: format!("key {}", space.show(key)),
        ink: WordInk::Key,
    });
    let path = looks.lookup.map_or(&[][..], |trace| &trace.path);
    let hops = path.iter().enumerate().skip(1).map(|(hop, id)| Word {
        turn: space.turn(*id),
        text: format!("hop {hop}"),
        ink: WordInk::Hop,
    });
    key.into_iter().chain(hops).collect()
}
