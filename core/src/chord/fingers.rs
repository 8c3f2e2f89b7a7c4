//! The finger table: shortcuts that halve the remaining distance. Only successors matter for correctness; fingers are
//! hints that make lookups fast.

use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::{Id, Space};

/// Row `i` (from 1) points at the first node at or after `me + 2^(i-1)`. Chord (ToN 2003) §IV-D, Table I.
///
/// Of 160 rows some log2(N) are different, so that neighbouring rows with the same node are kept as one run.
#[derive(Clone, Debug)]
pub struct FingerTable {
    space: Space,
    me: Id,
    /// The runs of rows with one node, from row 1 up, without gaps; the last one ends with the last row.
    runs: Vec<Run>,
}

/// Rows with the same node: from behind the run before to `last`.
#[derive(Clone, Debug)]
struct Run {
    last: u8,
    node: Option<Contact>,
}

/// A row that got another node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The row, from 1.
    pub row: u8,
    /// The start of the row.
    pub start: Id,
    /// The node it pointed at.
    pub old: Option<Contact>,
    /// The node it points at.
    pub new: Option<Contact>,
}

impl FingerTable {
    /// The table of node `me`, all rows unknown.
    pub fn new(space: Space, me: Id) -> Self {
        let unknown = Run {
            last: space.bits(),
            node: None,
        };
        // Room for the runs of a ring of 10,000.
        let mut runs = Vec::with_capacity(18);
        runs.push(unknown);
        Self { space, me, runs }
    }

    /// Returns the start of row `row` (from 1).
    pub const fn start(&self, row: u8) -> Id {
        self.space.finger_start(self.me, row)
    }

    /// The node in row `row` (from 1), if known.
    pub fn get(&self, row: u8) -> Option<&Contact> {
        self.run(row)?.node.as_ref()
    }

    fn run(&self, row: u8) -> Option<&Run> {
        self.runs.iter().find(|run| row > 0 && run.last >= row)
    }

    /// All rows from 1 up: number, start, node.
    pub fn rows(&self) -> impl Iterator<Item = (u8, Id, Option<&Contact>)> {
        (1..=self.space.bits()).map(|row| (row, self.start(row), self.get(row)))
    }

    /// The different nodes in the table, nearest first.
    pub fn nodes(&self) -> impl Iterator<Item = &Contact> {
        self.runs.iter().filter_map(|run| run.node.as_ref())
    }

    /// Takes in that `node` is the first at or after row `row`'s start. It then also is for every further row that
    /// starts at or before it. Gives the rows that changed.
    pub fn learn(&mut self, row: u8, node: &Contact) -> Vec<Change> {
        let last = self.reach(row, node.id());
        if let Some(run) = self.runs.iter_mut().find(|run| run.last >= row) {
            let known = run.node.as_mut().filter(|known| known.id() == node.id());
            if let Some(known) = known.filter(|_| run.last >= last) {
                if node.supersedes(known) {
                    *known = node.clone();
                }
                return Vec::new();
            }
        }
        self.set(|first| (row..=last).contains(&first).then(|| Some(node.clone())))
    }

    /// The last row of which `node` is the first at or after the start, when it is that of row `row`.
    fn reach(&self, row: u8, node: Id) -> u8 {
        // Row i starts 2^(i-1) behind this node.
        let reach = self.space.distance(self.me, node).bit_length();
        // A node before the row's start is reached only by going round.
        if reach < row {
            self.space.bits()
        } else {
            reach
        }
    }

    /// The last row that `learn` would fill from `row` on, so that a refresh can go on behind it.
    pub fn covered_until(&self, row: u8) -> u8 {
        self.get(row).map_or(row, |node| self.reach(row, node.id()))
    }

    /// Takes a node out of every row; gives the rows that changed.
    pub fn forget(&mut self, node: Id) -> Vec<Change> {
        if self.nodes().all(|known| known.id() != node) {
            return Vec::new();
        }
        let rows: Vec<u8> = self
            .rows()
            .filter(|(.., known)| known.is_some_and(|known| known.id() == node))
            .map(|(row, ..)| row)
            .collect();
        self.set(|row| rows.contains(&row).then_some(None))
    }

    /// Puts a newer contact of a known node in its place.
    pub fn refresh(&mut self, contact: &Contact) {
        for known in self.runs.iter_mut().filter_map(|run| run.node.as_mut()) {
            if contact.supersedes(known) {
                *known = contact.clone();
            }
        }
    }

    /// The finger closest to `key` within `(me, key)` that is not to be avoided. Chord (ToN 2003) Fig. 5,
    /// `closest_preceding_node`: a finger that lies on the key itself does not precede it.
    pub fn closest(&self, key: Id, avoid: &[Id]) -> Option<(u8, &Contact)> {
        // All rows are looked at: in a table that is out of date, a row that starts behind the key may name a node before it.
        self.runs.iter().rev().find_map(|run| {
            let contact = run.node.as_ref()?;
            let usable = contact.id() != self.me
                && contact.id().is_between(self.me, key)
                && !avoid.contains(&contact.id());
            usable.then_some((run.last, contact))
        })
    }

    /// Gives rows another node, `None` leaving a row as it is. Gives the rows that changed.
    fn set(&mut self, new: impl Fn(u8) -> Option<Option<Contact>>) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut runs: Vec<Run> = Vec::with_capacity(self.runs.len() + 2);
        let mut old = self.runs.iter();
        let mut run = old.next();
        for row in 1..=self.space.bits() {
            if run.is_some_and(|run| run.last < row) {
                run = old.next();
            }
            let before = run.and_then(|run| run.node.as_ref());
            let set = new(row);
            let after = set.as_ref().map_or(before, Option::as_ref);
            if before.map(Contact::id) != after.map(Contact::id) {
                changes.push(Change {
                    row,
                    start: self.start(row),
                    old: before.cloned(),
                    new: after.cloned(),
                });
            }
            match runs.last_mut() {
                Some(last) if last.node.as_ref().map(Contact::id) == after.map(Contact::id) => {
                    last.last = row;
                }
                _ => runs.push(Run {
                    last: row,
                    node: after.cloned(),
                }),
            }
        }
        // The list stays where it is in memory.
        self.runs.clear();
        self.runs.append(&mut runs);
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::identity::Signer;
    use crate::base::rng::Rng;
    use crate::chord::ideal::IdealRing;
    use crate::chord::membership::tests::contact;
    use alloc::collections::BTreeSet;

    fn table() -> FingerTable {
        let mut table = FingerTable::new(Space::new(5).unwrap(), Id::from_u64(21));
        let _ = table.learn(1, &contact(28));
        let _ = table.learn(4, &contact(1));
        let _ = table.learn(5, &contact(9));
        table
    }

    #[test]
    fn one_answer_fills_every_row_it_covers() {
        let rows: Vec<_> = table()
            .rows()
            .map(|(_, _, node)| node.unwrap().id().to_u64().unwrap())
            .collect();
        assert_eq!(rows, [28, 28, 28, 1, 9], "node 21 of the lesson");
        assert_eq!(table().covered_until(1), 3);
        assert_eq!(table().covered_until(4), 4);
    }

    #[test]
    fn the_closest_finger_lies_before_the_key() {
        let table = table();
        let closest = |key, avoid: &[u64]| {
            let avoid: Vec<_> = avoid.iter().copied().map(Id::from_u64).collect();
            let found = table.closest(Id::from_u64(key), &avoid);
            found.map(|(row, contact)| (row, contact.id().to_u64().unwrap()))
        };
        assert_eq!(closest(8, &[]), Some((4, 1)));
        assert_eq!(closest(9, &[]), Some((4, 1)), "9 lies on the key");
        assert_eq!(closest(10, &[]), Some((5, 9)));
        assert_eq!(closest(10, &[9]), Some((4, 1)));
        assert_eq!(closest(27, &[]), None);
    }

    #[test]
    fn the_closest_finger_is_the_last_usable_one_whatever_the_ring_is_like() {
        let mut rng = Rng::from_seed(1, 0);
        for _ in 0..200 {
            let space = Space::new(rng.below(6) as u8 + 3).unwrap();
            let any = |rng: &mut Rng| Id::from_u64(rng.below(1 << space.bits()));
            let ids: BTreeSet<Id> = (0..=rng.below(12)).map(|_| any(&mut rng)).collect();
            let ring = IdealRing::new(space, ids.into_iter().collect()).unwrap();
            let me = ring.ids()[0];
            let mut table = FingerTable::new(space, me);
            for _ in 0..rng.below(12) {
                let row = rng.below(space.bits().into()) as u8 + 1;
                let node = ring.successor(table.start(row));
                let signer = Signer::stand_in(node);
                let _ = table.learn(row, &Contact::stand_in(space, &signer, 1));
            }
            for key in 0..1 << space.bits() {
                let (key, avoid) = (Id::from_u64(key), [any(&mut rng)]);
                let usable = |node: &&Contact| {
                    let id = node.id();
                    id != me && id.is_between(me, key) && !avoid.contains(&id)
                };
                let expected = table.nodes().filter(usable).last().map(Contact::id);
                let closest = table.closest(key, &avoid);
                assert_eq!(closest.map(|(_, node)| node.id()), expected);
            }
        }
    }

    #[test]
    fn forgetting_a_node_says_which_rows_it_was_in() {
        let mut table = table();
        let rows: Vec<_> = table
            .forget(Id::from_u64(28))
            .iter()
            .map(|change| change.row)
            .collect();
        assert_eq!(rows, [1, 2, 3]);
        assert!(table.get(1).is_none() && table.get(0).is_none());
    }

    #[test]
    fn rows_with_the_same_node_are_one_run_and_read_as_rows() {
        let space = Space::FULL;
        let mut table = FingerTable::new(space, Id::ZERO);
        let at = |row| space.finger_start(Id::ZERO, row);
        let contact = |id| Contact::stand_in(space, &Signer::stand_in(id), 1);
        assert_eq!(table.learn(1, &contact(at(100))).len(), 100);
        assert_eq!(table.learn(101, &contact(at(160))).len(), 60);
        assert_eq!(table.runs.len(), 2);
        assert!(table.learn(1, &contact(at(100))).is_empty());
        assert_eq!(table.learn(1, &contact(at(50))).len(), 50);
        assert_eq!(table.forget(at(100)).len(), 50);
        let node = |row| table.get(row).map(Contact::id);
        assert_eq!(
            [1, 50, 51, 100].map(node),
            [Some(at(50)), Some(at(50)), None, None]
        );
        assert_eq!([101, 160].map(node), [Some(at(160)), Some(at(160))]);
        assert_eq!(table.rows().count(), 160);
        assert_eq!(table.nodes().count(), 2);
    }

    #[test]
    fn a_node_on_a_start_covers_that_row_only() {
        let mut table = FingerTable::new(Space::new(5).unwrap(), Id::from_u64(21));
        assert_eq!(table.learn(1, &contact(22)).len(), 1);
        assert_eq!(table.covered_until(1), 1);
    }
}
