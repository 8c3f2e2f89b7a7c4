//! The number of nodes of the ring, as far as one node can tell. Each position of a peer is a node.

use chordscope_core::base::id::{Id, Space};

use super::known;
use crate::live::talk::TabState;

/// So many deviations below the middle the number of nodes lies in one ring of ten thousand. Nothing is said of more nodes
/// than the tab knows that is less sure.
const SURE: f64 = 3.7;
/// The bounds that are told, in deviations: the number lies outside of them in fewer than one ring of a hundred.
const TOLD: f64 = 2.6;

/// The number of nodes of the ring, as far as the tab can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Members {
    /// The tab knows them all.
    All,
    /// More than the tab knows: from about so many to about so many, by how close the nearest ones are.
    Between(u64, u64),
}

/// Returns the number of nodes of the ring: none where the tab may know them all, or not.
pub fn members(state: &TabState) -> Option<Members> {
    let before = state.predecessor?;
    let last = state.successors.last()?;
    let known = known(state, None);
    // Where the list of successors comes round to the predecessor, nobody is missing.
    if let Some(end) = state.successors.iter().position(|id| *id == before) {
        let mut all: Vec<Id> = state.successors[..=end].to_vec();
        all.push(state.id);
        all.sort();
        // A node beside these has just come or gone, and the list may not show it yet.
        return (all == known).then_some(Members::All);
    }
    let turn = |id| Space::FULL.turn(id);
    let span = (turn(*last) - turn(before)).rem_euclid(1.0).max(1e-12);
    let gaps = (state.successors.len() + 1) as f64;
    let is_more = |count: f64| count > known.len() as f64;
    let low = rounded(bound(gaps, -TOLD) / span, f64::floor);
    let high = rounded(bound(gaps, TOLD) / span, f64::ceil);
    let surely = is_more(bound(gaps, -SURE) / span) && is_more(low);
    surely.then_some(Members::Between(low as u64, high as u64))
}

/// Where so many gaps are next to each other, the number of nodes on the circle times the part of it that they take is about
/// gamma-distributed. Returns its quantile, so many standard deviations of the normal distribution from the middle, by the
/// approximation of Wilson and Hilferty.
fn bound(gaps: f64, deviations: f64) -> f64 {
    let ninth = 1.0 / (9.0 * gaps);
    let root = (1.0 - ninth + deviations * ninth.sqrt()).max(0.0);
    gaps * root * root * root
}

/// A number with one digit, which is all that it is worth.
fn rounded(number: f64, round: fn(f64) -> f64) -> f64 {
    let mut unit = 1.0;
    while number >= unit * 10.0 {
        unit *= 10.0;
    }
    round(number / unit) * unit
}

/// Returns the sentence that says how much of the ring the stage shows.
pub fn coverage(state: &TabState) -> String {
    let known = known(state, None).len();
    match members(state) {
        Some(Members::All) => {
            format!("Shown: all {known} nodes of the ring; a peer can have several.")
        }
        Some(Members::Between(low, high)) => format!(
            "Shown: {known} of about {low} to {high} nodes of the ring, those that this tab knows; a peer can have several."
        ),
        None if known == 1 => "Shown: this tab. It knows no other node.".to_owned(),
        None => {
            format!(
                "Shown: {known} of … nodes of the ring, those that this tab knows; it cannot tell how many there are."
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use chordscope_core::base::rng::Rng;
    use chordscope_core::chord::ideal::IdealRing;

    use super::super::tests::{id, state};
    use super::*;
    use crate::live::talk::PeerRow;

    /// The view that a member with so many successors has of this ring, when it knows all others or the nodes of its tables alone.
    fn seen(ring: &IdealRing, successors: usize, all: bool) -> TabState {
        let me = ring.ids()[0];
        let list = ring.successors(me, successors);
        let before = ring.ids()[ring.ids().len() - 1];
        let fingers = ring.fingers(me).into_iter().map(|(_, node)| node);
        let mut others: Vec<Id> = match all {
            true => ring.ids().to_vec(),
            false => list
                .iter()
                .copied()
                .chain(fingers)
                .chain([before])
                .collect(),
        };
        others.retain(|id| *id != me);
        others.sort();
        others.dedup();
        let peer = |id| PeerRow {
            id,
            ..state().peers[0].clone()
        };
        TabState {
            id: me,
            predecessor: Some(before),
            successors: list,
            peers: others.into_iter().map(peer).collect(),
            ..state()
        }
    }

    fn random(size: usize, rng: &mut Rng) -> IdealRing {
        let id = |rng: &mut Rng| {
            let mut bytes = [0; 20];
            bytes[..8].copy_from_slice(&rng.next_u64().to_be_bytes());
            Id::from_bytes(bytes)
        };
        let ids = (0..size).map(|_| id(rng)).collect();
        IdealRing::new(Space::FULL, ids).unwrap()
    }

    #[test]
    fn a_list_that_comes_round_to_the_predecessor_leaves_nobody_out() {
        assert_eq!(members(&state()), Some(Members::All));
        assert_eq!(
            coverage(&state()),
            "Shown: all 3 nodes of the ring; a peer can have several."
        );
    }

    #[test]
    fn a_node_beside_the_ring_that_the_list_closes_is_not_counted_as_one_of_all() {
        let mut state = state();
        let newcomer = PeerRow {
            id: id(7),
            ..state.peers[0].clone()
        };
        state.peers.push(newcomer);
        assert_eq!(members(&state), None);
        let text = coverage(&state);
        assert!(
            text.contains("4 of … nodes") && text.ends_with("cannot tell how many there are."),
            "{text}"
        );
    }

    #[test]
    fn who_knows_nobody_says_so() {
        let alone = TabState {
            predecessor: None,
            successors: Vec::new(),
            peers: Vec::new(),
            ..state()
        };
        assert_eq!(members(&alone), None);
        assert_eq!(coverage(&alone), "Shown: this tab. It knows no other node.");
    }

    #[test]
    fn what_is_said_of_rings_of_any_size_is_so() {
        let mut rng = Rng::from_seed(1, 2);
        let (mut told, mut outside, mut of) = (0, 0, 0);
        for size in (2..60).chain((60..1_000).step_by(90)) {
            for turn in 0..60 {
                let ring = random(size, &mut rng);
                for successors in [1, 2, 4, 8, 16] {
                    let state = seen(&ring, successors, turn % 2 == 0);
                    let known = known(&state, None).len();
                    of += 1;
                    match members(&state) {
                        Some(Members::All) => assert!(known == size && successors >= size - 1),
                        Some(Members::Between(low, high)) => {
                            told += 1;
                            assert!(
                                known < size && low > known as u64,
                                "{known} of {size}: {}",
                                coverage(&state)
                            );
                            outside += usize::from(!(low..=high).contains(&(size as u64)));
                        }
                        None => assert!(successors < size - 1, "{known} of {size}"),
                    }
                }
            }
        }
        assert!(told > of / 20, "told {told} of {of}");
        assert!(outside * 100 < told, "{outside} of {told}");
    }

    #[test]
    fn a_tab_that_knows_a_few_of_many_says_of_about_how_many() {
        let mut rng = Rng::from_seed(3, 4);
        let ring = random(2_000, &mut rng);
        let text = coverage(&seen(&ring, 8, false));
        assert!(
            text.contains(" of about ") && text.contains(" to "),
            "{text}"
        );
    }
}
