//! From a snapshot to the still layer of the stage.

use chordscope_core::base::id::Id;

use crate::ring::engine::snapshot::{
    FingerRow, Inspected, LookupView, NodeView, Snapshot, Standing,
};
use crate::scene::hit::{Targets, Under};
use crate::scene::successors;
use crate::scene::{Arc, Finger, Key, Node, Scene, Word, WordInk};

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
        pointers: successors::pointers(shot.space, &successors_of(shot)),
        positions: (shot.space.bits() <= TICKED_BITS).then(|| 1 << shot.space.bits()),
        words,
        labelled,
        nodes,
    }
}

/// The members, each with its successor.
fn successors_of(shot: &Snapshot) -> Vec<(Id, Option<Id>)> {
    let members = shot.nodes.iter().filter(|node| node.is_member());
    members.map(|node| (node.id, node.successor)).collect()
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
        chosen: shot.choice == Some(id),
        hovered: over_node(shot) == Some(id),
        dead: !node.is_up(),
        joining: node.standing == Standing::Joining,
        leaving: node.standing == Standing::Leaving,
    }
}

/// Whether every node's label is short enough to stand inside it.
pub fn labelled(shot: &Snapshot) -> bool {
    shot.nodes.iter().all(|node| node.label.len() <= INSIDE)
}

/// The node that the pointer is over, or whose part of the band it is over.
fn over_node(shot: &Snapshot) -> Option<Id> {
    match shot.hovered? {
        Under::Node(id) | Under::Arc(id) => Some(id),
        Under::Key(_) => None,
    }
}

/// The keys on the stage: those that hold a value, the one sought, the one typed.
fn key_ids(shot: &Snapshot) -> Vec<Id> {
    let sought = staged(shot).map(|lookup| lookup.key);
    let typed = shot.typed.as_ref().map(|typed| typed.id);
    let stored = shot.keys.iter().map(|key| key.id);
    let mut ids: Vec<Id> = stored.chain(sought).chain(typed).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn keys(shot: &Snapshot) -> Vec<Key> {
    let sought = staged(shot).map(|lookup| lookup.key);
    let typed = shot.typed.as_ref().map(|typed| typed.id);
    let key = |id| Key {
        turn: shot.space.turn(id),
        sought: sought == Some(id),
        typed: typed == Some(id) && sought != Some(id),
        hovered: shot.hovered == Some(Under::Key(id)),
    };
    key_ids(shot).into_iter().map(key).collect()
}

/// The targets of pointers on the stage.
pub fn targets(shot: &Snapshot) -> Targets {
    let turn = |id| shot.space.turn(id);
    Targets {
        nodes: shot.nodes.iter().map(|node| node.turn).collect(),
        keys: key_ids(shot).into_iter().map(turn).collect(),
        arcs: owners(shot).map(|(_, arc)| arc).collect(),
    }
}

/// The name of a target that was hit.
pub fn named(shot: &Snapshot, hit: Under) -> Option<Under<Id>> {
    hit.named(
        |at| shot.nodes.get(at).map(|node| node.id),
        |at| key_ids(shot).get(at).copied(),
        |at| owners(shot).nth(at).map(|(id, _)| id),
    )
}

/// The members with the part of the band that each takes itself to be responsible for.
fn owners(shot: &Snapshot) -> impl Iterator<Item = (Id, (f64, f64))> {
    let members = shot.nodes.iter().filter(|node| node.is_member());
    members.filter_map(|node| Some((node.id, (shot.space.turn(node.predecessor?), node.turn))))
}

fn arcs(shot: &Snapshot) -> Vec<Arc> {
    let arc = |after, upto, sought| Arc {
        after: shot.space.turn(after),
        upto: shot.space.turn(upto),
        sought,
    };
    let mut arcs = Vec::new();
    let over = over_node(shot).and_then(|id| shot.node(id));
    if let Some((after, over)) = over.and_then(|node| Some((node.predecessor?, node.id))) {
        arcs.push(arc(after, over, false));
    } else if let Some(seen) = shot
        .inspected
        .as_ref()
        .filter(|seen| shot.chosen && seen.is_there())
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

/// The fingers of the inspected node, one for each node that they name: stale where none of the rows that name it does so rightly.
fn fingers(shot: &Snapshot) -> Vec<Finger> {
    let mut fingers: Vec<Finger> = Vec::new();
    let mut last = None;
    for (seen, row, to) in named_fingers(shot) {
        if last == Some(to) {
            if let Some(finger) = fingers.last_mut() {
                finger.stale &= row.stale;
            }
            continue;
        }
        last = Some(to);
        fingers.push(Finger {
            from: shot.space.turn(seen.id),
            to: shot.space.turn(to),
            stale: row.stale,
            nobody: shot.node(to).is_none(),
        });
    }
    fingers
}

/// The rows of the inspected node that name another one.
fn named_fingers(shot: &Snapshot) -> impl Iterator<Item = (&Inspected, &FingerRow, Id)> {
    let seen = shot.inspected.iter().filter(|seen| seen.is_there());
    let rows = seen.flat_map(|seen| seen.fingers.iter().map(move |row| (seen, row)));
    let named = rows.filter_map(|(seen, row)| Some((seen, row, row.node?)));
    named.filter(|(seen, _, to)| *to != seen.id)
}

fn words(shot: &Snapshot, nodes: &[Node]) -> Vec<Word> {
    let mut words = Vec::new();
    if let Some(lookup) = staged(shot) {
        words.push(Word {
            turn: shot.space.turn(lookup.key),
            text: format!("key {}{}", shot.short(lookup.key), called(shot, lookup.key)),
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
    let sought = staged(shot).map(|lookup| lookup.key);
    if let Some(typed) = shot.typed.as_ref().filter(|typed| sought != Some(typed.id)) {
        words.push(Word {
            turn: shot.space.turn(typed.id),
            text: format!("key {}{}", shot.short(typed.id), called(shot, typed.id)),
            ink: WordInk::Origin,
        });
    }
    let of_interest = |node: &Node| {
        node.origin || node.visited || node.owner || node.inspected || node.chosen || node.hovered
    };
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
    // Where a finger or a successor pointer ends at nobody, the id says whose place it is.
    for id in absent(shot) {
        words.push(Word {
            turn: shot.space.turn(id),
            text: format!("{} is gone", shot.short(id)),
            ink: WordInk::Node,
        });
    }
    let typed = shot.typed.as_ref().map(|typed| typed.id);
    let is_named = |id| sought == Some(id) || typed == Some(id);
    let few = shot.keys.len() <= CROWD;
    for key in shot.keys.iter().filter(|key| few && !is_named(key.id)) {
        words.push(Word {
            turn: shot.space.turn(key.id),
            text: key.names.join(", "),
            ink: WordInk::Key,
        });
    }
    words
}

/// The nodes that fingers and successor pointers on the stage name, and that are not on it.
fn absent(shot: &Snapshot) -> Vec<Id> {
    let members = shot.nodes.iter().filter(|node| node.is_member());
    let successors = members.filter_map(|node| node.successor);
    let fingers = named_fingers(shot).map(|(_, _, to)| to);
    let mut absent: Vec<Id> = fingers.chain(successors).collect();
    absent.retain(|id| shot.node(*id).is_none());
    absent.sort_unstable();
    absent.dedup();
    absent
}

/// The names of what is stored under a key, or the word that is typed for it.
fn called(shot: &Snapshot, id: Id) -> String {
    let stored = shot.stored(id).map(|key| key.names.join(", "));
    let typed = shot.typed.as_ref().filter(|typed| typed.id == id);
    let word = stored.or_else(|| typed.and_then(|typed| typed.word.clone()));
    word.map_or_else(String::new, |word| format!(" “{word}”"))
}
