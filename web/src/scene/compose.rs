//! From a snapshot to the still layer of the stage.

use std::collections::BTreeSet;

use chordscope_core::base::id::Id;

use crate::engine::snapshot::{LookupView, NodeView, Snapshot};
use crate::scene::{Arc, Key, Node, Scene, Word, WordInk};

/// Beyond this many nodes only those of interest have a word beside them.
const CROWD: usize = 48;
/// The largest space whose positions can be told apart.
const TICKED_BITS: u8 = 6;

/// The still layer of the stage for a snapshot.
pub fn compose(shot: &Snapshot) -> Scene {
    let nodes: Vec<Node> = shot.nodes.iter().map(|node| dressed(shot, node)).collect();
    let words = words(shot, &nodes);
    Scene {
        keys: keys(shot),
        arcs: arcs(shot),
        fingers: fingers(shot),
        positions: (shot.space.bits() <= TICKED_BITS).then(|| 1 << shot.space.bits()),
        words,
        nodes,
    }
}

fn dressed(shot: &Snapshot, node: &NodeView) -> Node {
    let id = node.id;
    let lookup = shot.lookup.as_ref();
    let asks = |is: fn(&LookupView, Id) -> bool| lookup.is_some_and(|lookup| is(lookup, id));
    Node {
        turn: node.turn,
        label: if node.label.len() <= 3 {
            node.label.clone()
        } else {
            String::new()
        },
        origin: asks(|lookup, id| lookup.from == id),
        visited: asks(|lookup, id| lookup.path.contains(&id)),
        owner: asks(|lookup, id| lookup.owner == Some(id)),
        inspected: shot.inspected.as_ref().is_some_and(|seen| seen.id == id),
        hovered: shot.hovered.is_some_and(|(over, _)| over == id),
        dead: !node.is_up(),
        joining: node.is_up() && !node.is_member(),
    }
}

fn keys(shot: &Snapshot) -> Vec<Key> {
    let sought = shot.lookup.as_ref().map(|lookup| lookup.key);
    let all: BTreeSet<Id> = shot.keys.iter().copied().chain(sought).collect();
    let key = |id| Key {
        turn: shot.space.turn(id),
        sought: sought == Some(id),
    };
    all.into_iter().map(key).collect()
}

fn arcs(shot: &Snapshot) -> Vec<Arc> {
    let arc = |after, upto, sought| Arc {
        after: shot.space.turn(after),
        upto: shot.space.turn(upto),
        sought,
    };
    let mut arcs = Vec::new();
    if let Some((over, Some(after))) = shot.hovered {
        arcs.push(arc(after, over, false));
    } else if let Some(seen) = shot
        .inspected
        .as_ref()
        .filter(|seen| shot.chosen && seen.alive)
        && let Some(after) = seen.predecessor
    {
        arcs.push(arc(after, seen.id, false));
    }
    if let Some(owner) = shot.lookup.as_ref().and_then(|lookup| lookup.owner)
        && let Some(after) = live_before(shot, owner)
    {
        arcs.push(arc(after, owner, true));
    }
    arcs
}

fn live_before(shot: &Snapshot, id: Id) -> Option<Id> {
    let at = shot.position(id)?;
    let (before, after) = shot.nodes.split_at(at);
    let mut back = before.iter().rev().chain(after.iter().rev());
    back.find(|node| node.is_member()).map(|node| node.id)
}

fn fingers(shot: &Snapshot) -> Vec<(f64, f64)> {
    let Some(seen) = shot.inspected.as_ref().filter(|seen| seen.alive) else {
        return Vec::new();
    };
    let targets: BTreeSet<Id> = seen.fingers.iter().filter_map(|row| row.node).collect();
    let from = shot.space.turn(seen.id);
    targets
        .into_iter()
        .filter(|node| *node != seen.id)
        .map(|node| (from, shot.space.turn(node)))
        .collect()
}

fn words(shot: &Snapshot, nodes: &[Node]) -> Vec<Word> {
    let mut words = Vec::new();
    if let Some(lookup) = &shot.lookup {
        words.push(Word {
            turn: shot.space.turn(lookup.key),
            text: format!("key {}", shot.short(lookup.key)),
            ink: WordInk::Key,
        });
        for (hop, id) in lookup.path.iter().enumerate().skip(1) {
            words.push(Word {
                turn: shot.space.turn(*id),
                text: format!("hop {hop}"),
                ink: WordInk::Hop,
            });
        }
    }
    let of_interest =
        |node: &Node| node.origin || node.visited || node.owner || node.inspected || node.hovered;
    for interest in [true, false] {
        for (node, seen) in nodes.iter().zip(shot.nodes.iter()) {
            let shown = of_interest(node) == interest && (interest || nodes.len() <= CROWD);
            if node.label.is_empty() && shown {
                words.push(Word {
                    turn: node.turn,
                    text: shot.short(seen.id),
                    ink: WordInk::Node,
                });
            }
        }
    }
    words
}
