//! The directory of ids: the slot that the node of an id is in.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::worlds::ring::population::Slot;
use chordscope_core::base::id::Id;

/// Ids and slots, to be read in order and to be looked up with one look into memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Directory {
    ordered: BTreeMap<Id, Slot>,
    /// A hash table with open addresses. Its order is never seen; it is a power of two long, or empty.
    table: Vec<Option<Entry>>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// The part of an id's hash that tells nearly all ids apart.
    tag: u32,
    slot: Slot,
}

impl Directory {
    pub(super) fn len(&self) -> usize {
        self.ordered.len()
    }

    /// In ascending order of the ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Id, Slot)> {
        self.ordered.iter().map(|(id, slot)| (*id, *slot))
    }

    /// The slot of an id. Whether a slot is the right one is asked only of likely ones.
    pub(super) fn find(&self, id: Id, is_it: impl Fn(Slot) -> bool) -> Option<Slot> {
        let (start, tag) = self.home(id)?;
        let chain = (0..self.table.len()).map(|step| self.table[self.wrap(start + step)]);
        let mut likely = chain
            .map_while(|entry| entry)
            .filter(|entry| entry.tag == tag);
        likely
            .find(|entry| is_it(entry.slot))
            .map(|entry| entry.slot)
    }

    /// Adds an id that is not there.
    pub(super) fn insert(&mut self, id: Id, slot: Slot) {
        self.ordered.insert(id, slot);
        // At most two of three places are taken, so that chains are short and end.
        if self.ordered.len() * 3 > self.table.len() * 2 {
            self.rebuild();
        } else {
            self.enter(id, slot);
        }
    }

    /// Takes an id out. Nodes go seldom: the table is made anew, since a gap would break chains.
    pub(super) fn remove(&mut self, id: Id) -> Option<Slot> {
        let slot = self.ordered.remove(&id)?;
        self.rebuild();
        Some(slot)
    }

    fn rebuild(&mut self) {
        let length = (self.ordered.len() * 3 / 2 + 1).next_power_of_two();
        self.table.clear();
        self.table.resize(length, None);
        let ordered = core::mem::take(&mut self.ordered);
        for (id, slot) in &ordered {
            self.enter(*id, *slot);
        }
        self.ordered = ordered;
    }

    fn enter(&mut self, id: Id, slot: Slot) {
        let Some((mut at, tag)) = self.home(id) else {
            return;
        };
        while self.table[at].is_some() {
            at = self.wrap(at + 1);
        }
        self.table[at] = Some(Entry { tag, slot });
    }

    /// Returns the place at which the chain of an id begins, and its tag.
    fn home(&self, id: Id) -> Option<(usize, u32)> {
        let hash = id.mixed();
        let last = self.table.len().checked_sub(1)?;
        Some(((hash >> 32) as usize & last, hash as u32))
    }

    const fn wrap(&self, at: usize) -> usize {
        at & (self.table.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chordscope_core::base::rng::Rng;

    #[test]
    fn ids_are_found_whatever_they_are_like_and_whatever_came_and_went() {
        let mut rng = Rng::from_seed(1, 0);
        let mut expected: BTreeMap<Id, Slot> = BTreeMap::new();
        let mut directory = Directory::default();
        let low = |number: u64| Id::from_u64(number);
        let high = |number: u64| {
            let mut bytes = [0; 20];
            bytes[..8].copy_from_slice(&number.to_be_bytes());
            Id::from_bytes(bytes)
        };
        for round in 0..3_000 {
            let number = rng.below(200);
            let id = if rng.chance(1, 2) {
                low(number)
            } else {
                high(number)
            };
            if expected.remove(&id).is_some() {
                assert!(directory.remove(id).is_some());
            } else {
                expected.insert(id, Slot::new(round));
                directory.insert(id, Slot::new(round));
            }
            for id in (0..200).flat_map(|number| [low(number), high(number)]) {
                let wanted = expected.get(&id).copied();
                let found = directory.find(id, |slot| Some(slot) == wanted);
                assert_eq!(found, wanted);
            }
        }
        assert!(directory.iter().eq(expected.into_iter()));
    }
}
