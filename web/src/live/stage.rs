//! From the tab's state to the still layer of the stage: the ring as this one member knows it.

use chordscope_core::base::id::{Id, Space};

use crate::live::talk::{Path, State};
use crate::live::words::short;
use crate::scene::{Arc, Key, Node, Scene, Word, WordInk};

/// Beyond this many nodes only those of interest have a word beside them.
const CROWD: usize = 40;

/// The still layer. Until the tab has joined there is nothing but its own place.
pub fn scene(state: &State, path: Option<&Path>, hovered: Option<Id>) -> Scene {
    let ids = known(state, path);
    let turn = |id: Id| Space::FULL.turn(id);
    let keys = state.keys.iter().map(|held| held.key);
    let sought = path.map(|path| path.key);
    let key = |id| Key {
        turn: turn(id),
        sought: sought == Some(id),
    };
    Scene {
        nodes: ids
            .iter()
            .map(|id| node(state, path, hovered, *id))
            .collect(),
        keys: keys
            .filter(|key| sought != Some(*key))
            .chain(sought)
            .map(key)
            .collect(),
        arcs: arcs(state),
        fingers: fingers(state),
        positions: None,
        labelled: false,
        words: words(state, path, hovered, &ids),
    }
}

/// Every node to be drawn, by ascending id.
pub fn known(state: &State, path: Option<&Path>) -> Vec<Id> {
    let peers = state.peers.iter().map(|peer| peer.id);
    let visited = path
        .into_iter()
        .flat_map(|path| &path.hops)
        .map(|hop| hop.id);
    let mut ids: Vec<Id> = peers.chain(visited).chain([state.id]).collect();
    ids.sort();
    ids.dedup();
    ids
}

fn node(state: &State, path: Option<&Path>, hovered: Option<Id>, id: Id) -> Node {
    let hops = path.map_or(&[][..], |path| &path.hops);
    Node {
        turn: Space::FULL.turn(id),
        // This tab: where every question of its user starts.
        origin: id == state.id,
        visited: hops.iter().any(|hop| hop.id == id),
        owner: hops.last().is_some_and(|hop| hop.id == id),
        inspected: id == state.id,
        hovered: hovered == Some(id),
        ..Node::default()
    }
}

fn arcs(state: &State) -> Vec<Arc> {
    let arc = |after| Arc {
        after: Space::FULL.turn(after),
        upto: Space::FULL.turn(state.id),
        sought: false,
    };
    state.predecessor.map(arc).into_iter().collect()
}

fn fingers(state: &State) -> Vec<(f64, f64)> {
    let from = Space::FULL.turn(state.id);
    let mut targets: Vec<Id> = state.fingers.iter().map(|row| row.node).collect();
    targets.sort();
    targets.dedup();
    targets
        .into_iter()
        .map(|node| (from, Space::FULL.turn(node)))
        .collect()
}

fn words(state: &State, path: Option<&Path>, hovered: Option<Id>, ids: &[Id]) -> Vec<Word> {
    let word = |id, text, ink| Word {
        turn: Space::FULL.turn(id),
        text,
        ink,
    };
    let mut words = vec![word(state.id, "this tab".to_owned(), WordInk::Origin)];
    let mut named = vec![state.id];
    if let Some(path) = path {
        words.push(word(
            path.key,
            format!("key {}", short(path.key)),
            WordInk::Key,
        ));
        for (hop, visit) in path.hops.iter().enumerate().skip(1) {
            words.push(word(
                visit.id,
                format!("{} · hop {hop}", short(visit.id)),
                WordInk::Hop,
            ));
            named.push(visit.id);
        }
    }
    let near = state
        .successors
        .iter()
        .take(1)
        .chain(&state.predecessor)
        .chain(&hovered);
    let rest = ids.iter().filter(|_| ids.len() <= CROWD);
    for id in near.chain(rest) {
        if !named.contains(id) {
            named.push(*id);
            words.push(word(*id, label(state, *id), WordInk::Node));
        }
    }
    words
}

fn label(state: &State, id: Id) -> String {
    let is_successor = state.successors.first() == Some(&id);
    let is_predecessor = state.predecessor == Some(id);
    let role = match (is_predecessor, is_successor) {
        (true, true) => " · both neighbours",
        (true, false) => " · predecessor",
        (false, true) => " · successor",
        (false, false) => "",
    };
    format!("{}{role}", short(id))
}

/// The picture in words.
pub fn summary(state: &State, path: Option<&Path>) -> String {
    let others = known(state, None).len() - 1;
    let unit = if others == 1 { "node" } else { "nodes" };
    let ring = format!(
        "This tab, {}, and the {others} other {unit} it knows on the ring",
        short(state.id)
    );
    match path {
        Some(path) => format!(
            "{ring}; the last lookup, of key {}, visited {}",
            short(path.key),
            path.hops
                .iter()
                .map(|hop| short(hop.id))
                .collect::<Vec<_>>()
                .join(", ")
        ),
        None => ring,
    }
}

#[cfg(test)]
mod tests;
