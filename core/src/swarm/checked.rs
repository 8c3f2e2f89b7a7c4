//! Segments that were verified lately, and the chaining values of their blocks.
//!
//! Values come from when this node hashed the segment or received it. If the disk has changed unnoticed, what is sent has a wrong tag
//! and the link ends; with each source that is lost after it was sent something all values are forgotten, and the next read of a segment
//! finds what it is.

use alloc::collections::BTreeMap;

use crate::swarm::manifest::BlockValues;

/// Segments that were checked in this run, with the values of their blocks: what is sent of them is not hashed again.
///
/// Values of all transfers together have a limit; a segment beyond it is checked each time it is read.
#[derive(Clone, Debug, Default)]
pub(super) struct Checked(BTreeMap<u32, BlockValues>);

impl Checked {
    pub(super) fn get(&self, index: u32) -> Option<&BlockValues> {
        self.0.get(&index)
    }

    /// Adds a segment that is what it ought to be. `room` is how many values may still be remembered.
    pub(super) fn insert(&mut self, index: u32, values: BlockValues, room: &mut usize) {
        if let Some(left) = room.checked_sub(values.len())
            && !self.0.contains_key(&index)
        {
            *room = left;
            self.0.insert(index, values);
        }
    }

    /// All is to be checked again.
    pub(super) fn clear(&mut self, room: &mut usize) {
        *room += self.0.values().map(|values| values.len()).sum::<usize>();
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_beyond_the_limit_are_not_remembered_and_room_comes_back() {
        let (mut checked, mut room) = (Checked::default(), 3);
        let values = |count| BlockValues::from(alloc::vec![[7; 32]; count]);
        checked.insert(5, values(2), &mut room);
        checked.insert(5, values(1), &mut room);
        checked.insert(6, values(2), &mut room);
        assert_eq!(room, 1);
        assert_eq!(checked.get(5), Some(&values(2)));
        assert_eq!(checked.get(6), None);
        checked.clear(&mut room);
        assert_eq!((checked.get(5), room), (None, 3));
    }
}
