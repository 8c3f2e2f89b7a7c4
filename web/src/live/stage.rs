//! From the tab's state to the still layer of the stage: the ring as this one member knows it.

mod members;
mod parts;

use chordscope_core::base::id::{Id, Space};

pub use self::members::{Members, coverage, members};
use self::parts::{Part, parts};
use crate::live::talk::{Hop, Path, State};
use crate::live::words::short;
use crate::scene::hit::{Targets, Under};
use crate::scene::{Arc, Finger, Key, Look, Node, Pointer, Scene, Word, WordInk};

/// Beyond this many nodes only those of interest have a word beside them.
const CROWD: usize = 40;

/// A lookup's path, as far as its replay has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trail<'a> {
    /// The key.
    pub key: Id,
    /// The nodes visited so far, origin first.
    pub hops: &'a [Hop],
    /// Whether these are all.
    pub is_whole: bool,
}

impl<'a> Trail<'a> {
    /// The first so many nodes of a path.
    pub fn of(path: &'a Path, reached: usize) -> Self {
        let reached = reached.min(path.hops.len());
        Self {
            key: path.key,
            hops: &path.hops[..reached],
            is_whole: reached == path.hops.len(),
        }
    }
}

/// The still layer. Until the tab has joined there is nothing but its own place.
pub fn scene(state: &State, path: Option<Trail<'_>>, hovered: Option<Under<Id>>) -> Scene {
    let ids = known(state, path);
    let sought = path.map(|path| path.key);
    let key = |id| Key {
        turn: Space::FULL.turn(id),
        sought: sought == Some(id),
        typed: false,
        hovered: hovered == Some(Under::Key(id)),
    };
    let over = match hovered {
        Some(Under::Node(id)) => Some(id),
        Some(Under::Arc(upto)) => part(state, path, upto).and_then(|part| part.owner()),
        Some(Under::Key(_)) | None => None,
    };
    Scene {
        nodes: ids.iter().map(|id| node(state, path, over, *id)).collect(),
        keys: key_ids(state, path).into_iter().map(key).collect(),
        arcs: arcs(state),
        fingers: fingers(state),
        pointers: pointers(state),
        positions: None,
        labelled: false,
        words: words(state, path, over, &ids),
    }
}

/// Every node to be drawn, by ascending id.
pub fn known(state: &State, path: Option<Trail<'_>>) -> Vec<Id> {
    let peers = state.peers.iter().map(|peer| peer.id);
    let visited = path
        .into_iter()
        .flat_map(|path| path.hops)
        .map(|hop| hop.id);
    let mut ids: Vec<Id> = peers.chain(visited).chain([state.id]).collect();
    ids.sort();
    ids.dedup();
    ids
}

/// The keys on the stage: those of the tab's records, and the one looked up last.
fn key_ids(state: &State, path: Option<Trail<'_>>) -> Vec<Id> {
    let held = state.keys.iter().filter(|held| !held.deleted);
    let held = held.map(|held| held.key);
    let mut ids: Vec<Id> = held.chain(path.map(|path| path.key)).collect();
    ids.sort();
    ids.dedup();
    ids
}

/// What can be pointed at on the stage.
pub fn targets(state: &State, path: Option<Trail<'_>>) -> Targets {
    let turns = |ids: Vec<Id>| ids.into_iter().map(|id| Space::FULL.turn(id)).collect();
    Targets {
        nodes: turns(known(state, path)),
        keys: turns(key_ids(state, path)),
        arcs: band(state, path).iter().map(Part::turns).collect(),
    }
}

/// What the target is that the stage was hit at. A part of the band has the name of the node that it reaches up to.
pub fn named(state: &State, path: Option<Trail<'_>>, hit: Under) -> Option<Under<Id>> {
    hit.named(
        |at| known(state, path).get(at).copied(),
        |at| key_ids(state, path).get(at).copied(),
        |at| band(state, path).get(at).map(|part| part.upto),
    )
}

fn band(state: &State, path: Option<Trail<'_>>) -> Vec<Part> {
    parts(state, &known(state, path))
}

/// The part of the band that reaches up to a node.
fn part(state: &State, path: Option<Trail<'_>>, upto: Id) -> Option<Part> {
    let parts = band(state, path);
    parts.into_iter().find(|part| part.upto == upto)
}

/// What is under the pointer, or this tab: its name, and what it is.
pub fn hint(state: &State, path: Option<Trail<'_>>, over: Option<Under<Id>>) -> (String, String) {
    let own = || part(state, path, state.id).filter(|part| part.owner().is_some());
    match over {
        Some(Under::Node(id)) if id != state.id => {
            let peer = state.peers.iter().find(|peer| peer.id == id);
            let roles = peer.map(|peer| peer.roles.join(", ")).unwrap_or_default();
            let roles = match roles.as_str() {
                "" => roles,
                _ => format!(": {roles}"),
            };
            (format!("Node {}", short(id)), roles)
        }
        Some(Under::Key(id)) => {
            let mut kept = state.keys.iter().filter(|held| !held.deleted);
            let held = kept.find(|held| held.key == id);
            let says = held.map_or_else(
                || ": looked up last".to_owned(),
                |held| match held.owned {
                    true => format!(" “{}”: this tab is responsible for it", held.name),
                    false => format!(" “{}”: a replica that this tab keeps", held.name),
                },
            );
            (format!("Key {}", short(id)), says)
        }
        Some(Under::Arc(upto)) => {
            part(state, path, upto).map_or_else(Default::default, |part| part.hint())
        }
        _ => own().map_or_else(Default::default, |part| part.hint()),
    }
}

fn node(state: &State, path: Option<Trail<'_>>, hovered: Option<Id>, id: Id) -> Node {
    let hops = path.map_or(&[][..], |path| path.hops);
    let owner = hops
        .last()
        .filter(|_| path.is_some_and(|path| path.is_whole));
    Node {
        turn: Space::FULL.turn(id),
        // This tab: where every question of its user starts.
        origin: id == state.id,
        visited: hops.iter().any(|hop| hop.id == id),
        owner: owner.is_some_and(|hop| hop.id == id),
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

fn fingers(state: &State) -> Vec<Finger> {
    let from = Space::FULL.turn(state.id);
    let mut targets: Vec<Id> = state.fingers.iter().map(|row| row.node).collect();
    targets.sort();
    targets.dedup();
    let finger = |node| Finger {
        from,
        to: Space::FULL.turn(node),
        stale: false,
        nobody: false,
    };
    targets.into_iter().map(finger).collect()
}

/// The two pointers that the tab knows: its own, and the one of its predecessor.
fn pointers(state: &State) -> Vec<Pointer> {
    let pointer = |from, to| Pointer {
        from: Space::FULL.turn(from),
        to: Space::FULL.turn(to),
        lane: 0,
        look: Look::Right,
    };
    let own = state
        .successors
        .first()
        .map(|next| pointer(state.id, *next));
    let to_it = state.predecessor.map(|before| pointer(before, state.id));
    own.into_iter().chain(to_it).collect()
}

fn words(state: &State, path: Option<Trail<'_>>, hovered: Option<Id>, ids: &[Id]) -> Vec<Word> {
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
pub fn summary(state: &State, path: Option<Trail<'_>>) -> String {
    let others = known(state, None).len() - 1;
    let unit = if others == 1 { "node" } else { "nodes" };
    let of = match members(state) {
        Some(Members::Between(low, high)) => format!(" of about {low} to {high}"),
        Some(Members::All) | None => String::new(),
    };
    let ring = format!(
        "This tab, {}, and the {others} other {unit} it knows on the ring{of}",
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
pub(in crate::live) mod tests;
