//! The finger table: shortcuts that halve the remaining distance. Only successors matter for correctness; fingers are
//! hints that make lookups fast.

use alloc::vec;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::{Id, Space};

/// Row `i` (from 1) points at the first node at or after `me + 2^(i-1)`. Chord (ToN 2003) §IV-D, Table I.
#[derive(Clone, Debug)]
pub struct FingerTable {
    space: Space,
    me: Id,
    rows: Vec<Option<Contact>>,
}

/// A row that got another node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The row, from 1.
    pub row: u8,
    /// Where the row starts.
    pub start: Id,
    /// The node it pointed at.
    pub old: Option<Contact>,
    /// The node it points at.
    pub new: Option<Contact>,
}

impl FingerTable {
    /// The table of node `me`, all rows unknown.
    pub fn new(space: Space, me: Id) -> Self {
        Self {
            space,
            me,
            rows: vec![None; usize::from(space.bits())],
        }
    }

    /// Where row `row` (from 1) starts.
    pub const fn start(&self, row: u8) -> Id {
        self.space.finger_start(self.me, row)
    }

    /// The node in row `row` (from 1), if known.
    pub fn get(&self, row: u8) -> Option<&Contact> {
        self.rows.get(usize::from(row).checked_sub(1)?)?.as_ref()
    }

    /// All rows from 1 up: number, start, node.
    pub fn rows(&self) -> impl Iterator<Item = (u8, Id, Option<&Contact>)> {
        (1..=self.space.bits()).map(|row| (row, self.start(row), self.get(row)))
    }

    /// Takes in that `node` is the first at or after row `row`'s start. It then also is for every further row that
    /// starts at or before it. Gives the rows that changed.
    pub fn learn(&mut self, row: u8, node: &Contact) -> Vec<Change> {
        let mut changes = Vec::new();
        self.set(row, Some(node.clone()), &mut changes);
        for next in row.max(1) + 1..=self.space.bits() {
            if !self.covers(row, node, next) {
                break;
            }
            self.set(next, Some(node.clone()), &mut changes);
        }
        changes
    }

    /// Whether the node of row `row` is the first at or after the start of row `next`, too.
    fn covers(&self, row: u8, node: &Contact, next: u8) -> bool {
        let start = self.start(row);
        // A node on the start itself covers that row only; for it (start, node] would be the whole circle.
        start != node.id() && self.start(next).is_within(start, node.id())
    }

    /// The last row that `learn` would fill from `row` on, so that a refresh can go on behind it.
    pub fn covered_until(&self, row: u8) -> u8 {
        let Some(node) = self.get(row) else {
            return row;
        };
        (row + 1..=self.space.bits())
            .take_while(|next| self.covers(row, node, *next))
            .last()
            .unwrap_or(row)
    }

    /// Takes a node out of every row; gives the rows that changed.
    pub fn forget(&mut self, node: Id) -> Vec<Change> {
        let mut changes = Vec::new();
        for row in 1..=self.space.bits() {
            if self.get(row).is_some_and(|contact| contact.id() == node) {
                self.set(row, None, &mut changes);
            }
        }
        changes
    }

    /// Puts a newer contact of a known node in its place.
    pub fn refresh(&mut self, contact: &Contact) {
        for known in self.rows.iter_mut().flatten() {
            if contact.supersedes(known) {
                *known = contact.clone();
            }
        }
    }

    /// The finger closest to `key` within `(me, key]` that is not to be avoided. Chord (ToN 2003) §IV-D,
    /// `closest_preceding_node`; (ours) a finger that sits on the key itself counts, as it is the owner.
    pub fn closest(&self, key: Id, avoid: &[Id]) -> Option<(u8, &Contact)> {
        (1..=self.space.bits()).rev().find_map(|row| {
            let contact = self.get(row)?;
            let usable = contact.id() != self.me
                && contact.id().is_within(self.me, key)
                && !avoid.contains(&contact.id());
            usable.then_some((row, contact))
        })
    }

    fn set(&mut self, row: u8, new: Option<Contact>, changes: &mut Vec<Change>) {
        let start = self.start(row);
        let slot = usize::from(row).checked_sub(1);
        let Some(slot) = slot.and_then(|slot| self.rows.get_mut(slot)) else {
            return;
        };
        let id = |contact: &Option<Contact>| contact.as_ref().map(Contact::id);
        if id(slot) == id(&new) {
            *slot = new;
            return;
        }
        let old = core::mem::replace(slot, new.clone());
        changes.push(Change {
            row,
            start,
            old,
            new,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chord::membership::tests::contact;

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
    fn the_closest_finger_lies_at_or_before_the_key() {
        let table = table();
        let closest = |key, avoid: &[u64]| {
            let avoid: Vec<_> = avoid.iter().copied().map(Id::from_u64).collect();
            let found = table.closest(Id::from_u64(key), &avoid);
            found.map(|(row, contact)| (row, contact.id().to_u64().unwrap()))
        };
        assert_eq!(closest(8, &[]), Some((4, 1)));
        assert_eq!(closest(9, &[]), Some((5, 9)));
        assert_eq!(closest(9, &[9]), Some((4, 1)));
        assert_eq!(closest(27, &[]), None);
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
    fn a_node_on_a_start_covers_that_row_only() {
        let mut table = FingerTable::new(Space::new(5).unwrap(), Id::from_u64(21));
        assert_eq!(table.learn(1, &contact(22)).len(), 1);
        assert_eq!(table.covered_until(1), 1);
    }
}
