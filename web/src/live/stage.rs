//! From the tab's state to the still layer of the stage: the ring as this one member knows it.

mod members;
mod ranges;

use chordscope_core::base::id::{Id, Space};

pub use self::members::{Members, coverage, members};
use self::ranges::{KeyRange, ranges};
use crate::live::talk::{Hop, Path, TabState};
use crate::live::words::short;
use crate::scene::hit::{Targets, Under};
use crate::scene::{Arc, Finger, Key, Look, Node, Pointer, Scene, Word, WordInk};

/// Beyond this many nodes only those of interest have a word beside them.
const CROWD: usize = 40;

/// The path of a lookup, as far as its replay has come.
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
pub fn scene(state: &TabState, path: Option<Trail<'_>>, hovered: Option<Under<Id>>) -> Scene {
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
        Some(Under::Arc(upto)) => range(state, path, upto).and_then(|range| range.owner()),
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
pub fn known(state: &TabState, path: Option<Trail<'_>>) -> Vec<Id> {
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
fn key_ids(state: &TabState, path: Option<Trail<'_>>) -> Vec<Id> {
    let held = state.keys.iter().filter(|held| !held.deleted);
    let held = held.map(|held| held.key);
    let mut ids: Vec<Id> = held.chain(path.map(|path| path.key)).collect();
    ids.sort();
    ids.dedup();
    ids
}

/// All that can be pointed at on the stage.
pub fn targets(state: &TabState, path: Option<Trail<'_>>) -> Targets {
    let turns = |ids: Vec<Id>| ids.into_iter().map(|id| Space::FULL.turn(id)).collect();
    Targets {
        nodes: turns(known(state, path)),
        keys: turns(key_ids(state, path)),
        arcs: band(state, path).iter().map(KeyRange::turns).collect(),
    }
}

/// The name of the target that the stage was hit at. A part of the band has the name of the node that it reaches up to.
pub fn named(state: &TabState, path: Option<Trail<'_>>, hit: Under) -> Option<Under<Id>> {
    hit.named(
        |at| known(state, path).get(at).copied(),
        |at| key_ids(state, path).get(at).copied(),
        |at| band(state, path).get(at).map(|range| range.upto),
    )
}

fn band(state: &TabState, path: Option<Trail<'_>>) -> Vec<KeyRange> {
    ranges(state, &known(state, path))
}

/// The range that reaches up to a node.
fn range(state: &TabState, path: Option<Trail<'_>>, upto: Id) -> Option<KeyRange> {
    let ranges = band(state, path);
    ranges.into_iter().find(|range| range.upto == upto)
}

/// The name of what is under the pointer, or of this tab, and what it is.
pub fn hint(
    state: &TabState,
    path: Option<Trail<'_>>,
    over: Option<Under<Id>>,
) -> (String, String) {
    let own = || range(state, path, state.id).filter(|range| range.owner().is_some());
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
            range(state, path, upto).map_or_else(Default::default, |range| range.hint())
        }
        _ => own().map_or_else(Default::default, |range| range.hint()),
    }
}

fn node(state: &TabState, path: Option<Trail<'_>>, hovered: Option<Id>, id: Id) -> Node {
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

fn arcs(state: &TabState) -> Vec<Arc> {
    let arc = |after| Arc {
        after: Space::FULL.turn(after),
        upto: Space::FULL.turn(state.id),
        sought: false,
    };
    state.predecessor.map(arc).into_iter().collect()
}

fn fingers(state: &TabState) -> Vec<Finger> {
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
fn pointers(state: &TabState) -> Vec<Pointer> {
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

fn words(state: &TabState, path: Option<Trail<'_>>, hovered: Option<Id>, ids: &[Id]) -> Vec<Word> {
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

fn label(state: &TabState, id: Id) -> String {
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
pub fn summary(state: &TabState, path: Option<Trail<'_>>) -> String {
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
pub(in crate::live) mod tests {
    use super::*;
    use crate::components::legend::REAL;
    use crate::live::replay;
    use crate::live::talk::{Connection, FingerRow, Hop, PeerRow, Shelf};
    use crate::scene::mark::Mark;

    pub(super) fn id(value: u64) -> Id {
        Space::FULL.finger_start(Id::from_u64(value), 160)
    }

    pub(in crate::live) fn state() -> TabState {
        let peer = |value| PeerRow {
            id: id(value),
            roles: Vec::new(),
            address: None,
            linked: true,
            rtt: None,
            sent: 0,
            received: 0,
        };
        TabState {
            id: id(5),
            connection: Connection::Outside,
            shelf: Shelf::Memory,
            memory: 0,
            predecessor: Some(id(2)),
            successors: vec![id(9), id(2)],
            fingers: [(1, 4), (6, 7)]
                .map(|(first, last)| FingerRow {
                    first,
                    last,
                    node: id(9),
                })
                .to_vec(),
            peers: vec![peer(9), peer(2)],
            keys_owned: 0,
            keys_copied: 0,
            keys: Vec::new(),
            files: Vec::new(),
        }
    }

    fn path() -> Path {
        let hop = |value| Hop {
            id: id(value),
            address: None,
            rtt: None,
        };
        Path {
            key: id(7),
            hops: vec![hop(5), hop(8), hop(9)],
            took: 0,
        }
    }

    #[test]
    fn the_stage_shows_all_that_the_tab_knows_in_ring_order() {
        let path = path();
        let scene = scene(&state(), Some(Trail::of(&path, 3)), None);
        let marks: Vec<_> = scene
            .nodes
            .iter()
            .map(|node| (node.origin, node.visited, node.owner))
            .collect();
        let expected = [
            (false, false, false),
            (true, true, false),
            (false, true, false),
            (false, true, true),
        ];
        assert_eq!(marks, expected);
        assert_eq!(
            scene.fingers.len(),
            1,
            "a node is one finger, however many rows have it"
        );
        assert_eq!(scene.arcs.len(), 1);
        assert!(scene.keys.iter().any(|key| key.sought));
    }

    #[test]
    fn every_node_of_a_small_ring_has_one_word() {
        let scene = scene(&state(), None, None);
        assert_eq!(scene.words.len(), 3);
        assert!(
            scene
                .words
                .iter()
                .any(|word| word.text.ends_with("· successor"))
        );
        let path = path();
        let trail = Trail::of(&path, 3);
        assert!(summary(&state(), Some(trail)).contains("2 other nodes"));
    }

    #[test]
    fn while_a_lookup_is_replayed_the_stage_shows_no_hop_ahead_of_it() {
        let path = path();
        for reached in 1..=3 {
            let scene = scene(&state(), Some(Trail::of(&path, reached)), None);
            let visited = scene.nodes.iter().filter(|node| node.visited).count();
            assert_eq!(visited, reached);
            let owners = scene.nodes.iter().filter(|node| node.owner).count();
            assert_eq!(owners, usize::from(reached == 3));
        }
    }

    #[test]
    fn what_is_pointed_at_is_named_with_what_it_is() {
        let (state, path) = (state(), path());
        let trail = Some(Trail::of(&path, 3));
        let targets = targets(&state, trail);
        for (index, id) in known(&state, trail).into_iter().enumerate() {
            assert_eq!(targets.nodes[index], Space::FULL.turn(id));
            assert_eq!(
                named(&state, trail, Under::Node(index)),
                Some(Under::Node(id))
            );
        }
        assert_eq!(named(&state, trail, Under::Node(9)), None);
    }

    #[test]
    fn each_part_of_the_band_names_the_node_that_is_responsible_or_says_that_it_is_not_known() {
        let mut state = state();
        state.successors = vec![id(9)];
        let path = path();
        let of = |at, trail| {
            let over = named(&state, trail, Under::Arc(at));
            let lit = scene(&state, trail, over).nodes.into_iter();
            let lit: Vec<f64> = lit
                .filter(|node| node.hovered)
                .map(|node| node.turn)
                .collect();
            let (name, says) = hint(&state, trail, over);
            (format!("{name}{says}"), lit)
        };
        let [two, five, eight, nine] = [2, 5, 8, 9].map(|value| short(id(value)));
        let own = format!("This tab is responsible for ({two}, {five}]");
        assert_eq!(of(0, None), (own, vec![Space::FULL.turn(id(5))]));
        let listed =
            format!("Node {nine} is responsible for ({five}, {nine}], by the successor list");
        assert_eq!(of(1, None), (listed, vec![Space::FULL.turn(id(9))]));
        let unknown = |after: &str, upto: &str| {
            format!("Not known: the nodes responsible for ({after}, {upto}]")
        };
        assert_eq!(of(2, None), (unknown(&nine, &two), Vec::new()));
        // A lookup has come by a node that the list does not show.
        let trail = Some(Trail::of(&path, 3));
        assert_eq!(of(1, trail), (unknown(&five, &eight), Vec::new()));
        assert_eq!(targets(&state, trail).arcs.len(), 4);
    }

    #[test]
    fn the_legend_explains_every_kind_of_thing_on_the_stage() {
        let path = path();
        let explained: Vec<Mark> = REAL.iter().copied().flatten().copied().collect();
        for reached in 0..=3 {
            let over = [None, Some(Under::Node(id(9))), Some(Under::Key(id(7)))];
            for hovered in over {
                let scene = scene(&state(), Some(Trail::of(&path, reached)), hovered);
                for mark in scene.marks() {
                    assert!(explained.contains(&mark), "{mark:?}");
                }
            }
        }
        for step in 0..600 {
            let motion = replay::motion(&path, f64::from(step) * 10.0, false);
            for mark in motion.marks() {
                assert!(explained.contains(&mark), "{mark:?}");
            }
        }
    }
}
