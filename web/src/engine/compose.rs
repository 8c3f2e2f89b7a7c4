//! From a snapshot to the still layer of the stage.

use chordscope_core::base::id::Id;

use crate::engine::snapshot::{LookupView, NodeView, Snapshot};
use crate::scene::{Arc, Key, Node, Scene, Word, WordInk};

/// Beyond this many nodes only those of interest have a word beside them.
const CROWD: usize = 48;
/// The longest label that has room inside a node.
const INSIDE: usize = 3;
/// The largest space whose positions can be told apart.
const TICKED_BITS: u8 = 6;

/// The still layer of the stage for a snapshot.
pub fn compose(shot: &Snapshot) -> Scene {
    let labelled = labelled(shot);
    let nodes = shot.nodes.iter().map(|node| dressed(shot, node, labelled));
    let nodes: Vec<Node> = nodes.collect();
    let words = words(shot, &nodes);
    Scene {
        keys: keys(shot),
        arcs: arcs(shot),
        fingers: fingers(shot),
        positions: (shot.space.bits() <= TICKED_BITS).then(|| 1 << shot.space.bits()),
        words,
        labelled,
        nodes,
    }
}

/// The lookup, while the stage shows it.
fn staged(shot: &Snapshot) -> Option<&LookupView> {
    shot.lookup.as_ref().filter(|_| shot.lookup_shown)
}

fn dressed(shot: &Snapshot, node: &NodeView, labelled: bool) -> Node {
    let id = node.id;
    let lookup = staged(shot);
    let asks = |is: fn(&LookupView, Id) -> bool| lookup.is_some_and(|lookup| is(lookup, id));
    Node {
        turn: node.turn,
        label: if labelled {
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

/// Whether every node's label is short enough to stand inside it.
pub fn labelled(shot: &Snapshot) -> bool {
    shot.nodes.iter().all(|node| node.label.len() <= INSIDE)
}

fn keys(shot: &Snapshot) -> Vec<Key> {
    let sought = staged(shot).map(|lookup| lookup.key);
    let new = sought.filter(|key| !shot.keys.contains(key));
    let all = shot.keys.iter().copied().chain(new);
    let key = |id| Key {
        turn: shot.space.turn(id),
        sought: sought == Some(id),
    };
    all.map(key).collect()
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
    if let Some(owner) = staged(shot).and_then(|lookup| lookup.owner)
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
    let mut targets: Vec<Id> = seen.fingers.iter().filter_map(|row| row.node).collect();
    targets.dedup();
    let from = shot.space.turn(seen.id);
    targets
        .into_iter()
        .filter(|node| *node != seen.id)
        .map(|node| (from, shot.space.turn(node)))
        .collect()
}

fn words(shot: &Snapshot, nodes: &[Node]) -> Vec<Word> {
    let mut words = Vec::new();
    if let Some(lookup) = staged(shot) {
        words.push(Word {
            turn: shot.space.turn(lookup.key),
            text: format!("key {}", shot.short(lookup.key)),
            ink: WordInk::Key,
        });
        for (hop, id) in lookup.path.iter().enumerate().skip(1) {
            // A node without a label inside is named here too.
            let unnamed = shot
                .position(*id)
                .is_some_and(|at| nodes[at].label.is_empty());
            let name = if unnamed {
                format!("{} · ", shot.short(*id))
            } else {
                String::new()
            };
            words.push(Word {
                turn: shot.space.turn(*id),
                text: format!("{name}hop {hop}"),
                ink: WordInk::Hop,
            });
        }
    }
    let of_interest =
        |node: &Node| node.origin || node.visited || node.owner || node.inspected || node.hovered;
    let is_hop = |node: &Node| (node.visited || node.owner) && !node.origin;
    for interest in [true, false] {
        for (node, seen) in nodes.iter().zip(shot.nodes.iter()) {
            let shown = of_interest(node) == interest && (interest || nodes.len() <= CROWD);
            let named = node.label.is_empty() && !is_hop(node);
            if named && shown {
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
