//! The key ranges between the nodes that the tab knows, and the node responsible for each, as far as one member can tell.

use chordscope_core::base::id::{Id, Space};

use crate::live::talk::TabState;
use crate::live::words::short;

/// A range of keys, from one known node to the next: a part of the band on the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyRange {
    /// The node that it begins after.
    pub(super) after: Id,
    /// The node that it reaches up to.
    pub(super) upto: Id,
    /// The reason to take this node for the one that is responsible.
    pub(super) told: Told,
}

/// The reason to take the node at the end of a range for the one that is responsible for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// The node is the tab, which has this predecessor.
    Own,
    /// The two nodes are neighbours in the tab's successor list.
    Listed,
    /// None: there may be nodes between the two that the tab does not know.
    Unknown,
}

/// All ranges around the circle: the tab's own first, then the others from there on. None where the tab knows no other node.
pub(super) fn ranges(state: &TabState, known: &[Id]) -> Vec<KeyRange> {
    let (me, before) = (state.id, state.predecessor);
    let own = before.map(|after| KeyRange {
        after,
        upto: me,
        told: Told::Own,
    });
    // A newcomer that the tab does not take for its predecessor yet does not cut the tab's own range.
    let is_outside = |id: &&Id| before.is_none_or(|before| !id.is_between(before, me));
    let others = known.iter().filter(is_outside).filter(|id| **id != me);
    let mut stops: Vec<Id> = others.copied().collect();
    let from_here = stops.partition_point(|id| *id < me);
    stops.rotate_left(from_here);
    stops.insert(0, me);
    let end = before.or_else(|| (stops.len() > 1).then_some(me));
    stops.extend(end.filter(|end| stops.last() != Some(end)));
    let list: Vec<Id> = std::iter::once(me)
        .chain(state.successors.iter().copied())
        .collect();
    let range = |pair: &[Id]| KeyRange {
        after: pair[0],
        upto: pair[1],
        told: match list.windows(2).any(|listed| listed == pair) {
            true => Told::Listed,
            false => Told::Unknown,
        },
    };
    own.into_iter().chain(stops.windows(2).map(range)).collect()
}

impl KeyRange {
    /// Its ends, as turns of the circle.
    pub(super) fn turns(&self) -> (f64, f64) {
        (Space::FULL.turn(self.after), Space::FULL.turn(self.upto))
    }

    /// The node that is responsible for this range, if the tab knows.
    pub(super) fn owner(&self) -> Option<Id> {
        (self.told != Told::Unknown).then_some(self.upto)
    }

    /// A name for the range's node, and what is so of it.
    pub(super) fn hint(&self) -> (String, String) {
        let (after, upto) = (short(self.after), short(self.upto));
        match self.told {
            Told::Own => (
                "This tab".to_owned(),
                format!(" is responsible for ({after}, {upto}]"),
            ),
            Told::Listed => (
                format!("Node {upto}"),
                format!(" is responsible for ({after}, {upto}], by the successor list"),
            ),
            Told::Unknown => (
                "Not known".to_owned(),
                format!(": the nodes responsible for ({after}, {upto}]"),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{id, state};
    use super::*;

    /// The ranges by their ends, with the reason.
    fn found(state: &TabState, known: &[u64]) -> Vec<(Id, Id, Told)> {
        let known: Vec<Id> = known.iter().copied().map(id).collect();
        let ranges = ranges(state, &known);
        ranges
            .iter()
            .map(|range| (range.after, range.upto, range.told))
            .collect()
    }

    #[test]
    fn the_ranges_cover_the_circle_once_and_name_only_whom_the_tab_knows() {
        let mut state = state();
        state.successors = vec![id(9), id(12)];
        let all = found(&state, &[2, 5, 9, 12, 14]);
        assert_eq!(
            all,
            [
                (id(2), id(5), Told::Own),
                (id(5), id(9), Told::Listed),
                (id(9), id(12), Told::Listed),
                (id(12), id(14), Told::Unknown),
                (id(14), id(2), Told::Unknown),
            ]
        );
    }

    #[test]
    fn a_node_that_the_list_does_not_show_yet_makes_its_range_unknown() {
        let mut state = state();
        state.successors = vec![id(9), id(12)];
        let all = found(&state, &[2, 3, 5, 7, 9, 12]);
        // 3 lies before the tab, whose predecessor is 2 as yet.
        assert_eq!(all[0], (id(2), id(5), Told::Own));
        assert_eq!(all[1], (id(5), id(7), Told::Unknown));
        assert_eq!(all[2], (id(7), id(9), Told::Unknown));
        assert_eq!(all[3], (id(9), id(12), Told::Listed));
        assert_eq!(all.len(), 5);
    }

    #[test]
    fn without_a_predecessor_the_tab_answers_for_nothing_that_it_could_name() {
        let mut state = state();
        state.predecessor = None;
        let all = found(&state, &[5, 9]);
        assert_eq!(
            all,
            [(id(5), id(9), Told::Listed), (id(9), id(5), Told::Unknown)]
        );
        assert_eq!(found(&state, &[5]), []);
    }
}
