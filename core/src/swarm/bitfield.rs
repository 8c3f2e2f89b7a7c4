//! Sets of segments.

use alloc::vec::Vec;

/// A set of segments of a file. A number beyond its end is never in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bitfield {
    bytes: Vec<u8>,
    count: u32,
    set: u32,
}

impl Bitfield {
    /// None of `count` segments.
    pub fn none(count: u32) -> Self {
        Self {
            bytes: alloc::vec![0; count.div_ceil(8) as usize],
            count,
            set: 0,
        }
    }

    /// All of `count` segments.
    pub fn all(count: u32) -> Self {
        let mut all = Self::none(count);
        for index in 0..count {
            all.insert(index);
        }
        all
    }

    /// Reads a set of `count` segments, lowest number in the highest bit; `None` when it has another length, or bits that
    /// stand for nothing.
    pub fn decode(count: u32, bytes: &[u8]) -> Option<Self> {
        let spare = count.div_ceil(8) * 8 - count;
        let last = bytes.last().copied().unwrap_or_default();
        if bytes.len() != count.div_ceil(8) as usize || last.trailing_zeros() < spare {
            return None;
        }
        Some(Self {
            bytes: bytes.to_vec(),
            count,
            set: bytes.iter().map(|byte| byte.count_ones()).sum(),
        })
    }

    /// As bytes, lowest number in the highest bit.
    pub fn encode(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns whether the segment is in the set.
    pub fn contains(&self, index: u32) -> bool {
        let byte = self.bytes.get(index as usize / 8).copied();
        byte.unwrap_or_default() & bit(index) != 0
    }

    /// Adds a segment; `false` when it was there, or there is no such segment.
    pub fn insert(&mut self, index: u32) -> bool {
        let is_new = index < self.count && !self.contains(index);
        if is_new && let Some(byte) = self.bytes.get_mut(index as usize / 8) {
            *byte |= bit(index);
            self.set += 1;
        }
        is_new
    }

    /// Takes a segment out; `false` when it was not there.
    pub fn remove(&mut self, index: u32) -> bool {
        let was = self.contains(index);
        if was && let Some(byte) = self.bytes.get_mut(index as usize / 8) {
            *byte &= !bit(index);
            self.set -= 1;
        }
        was
    }

    /// Returns the number of segments of the file.
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// Returns the number of segments in the set.
    pub const fn len(&self) -> u32 {
        self.set
    }

    /// Returns whether the set is empty.
    pub const fn is_empty(&self) -> bool {
        self.set == 0
    }

    /// Returns whether every segment is in the set.
    pub const fn is_full(&self) -> bool {
        self.set == self.count
    }

    /// Returns whether a segment is in this set that is not in the other.
    pub fn goes_beyond(&self, other: &Self) -> bool {
        let theirs = other.bytes.iter().copied().chain(core::iter::repeat(0));
        self.bytes
            .iter()
            .zip(theirs)
            .any(|(mine, theirs)| mine & !theirs != 0)
    }

    /// The segments in the set, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        (0..self.count).filter(|index| self.contains(*index))
    }
}

const fn bit(index: u32) -> u8 {
    0x80 >> (index % 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_goes_there_and_back() {
        let mut set = Bitfield::none(11);
        assert!(set.insert(0) && set.insert(10) && !set.insert(10) && !set.insert(11));
        assert_eq!(set.encode(), [0x80, 0x20]);
        assert_eq!(Bitfield::decode(11, set.encode()), Some(set.clone()));
        assert!(set.remove(10) && !set.remove(10));
        assert_eq!(set.iter().collect::<Vec<_>>(), [0]);
        assert!(Bitfield::all(11).is_full());
    }

    #[test]
    fn bits_that_stand_for_nothing_are_refused() {
        assert_eq!(Bitfield::decode(11, &[0xff, 0xff]), None);
        assert_eq!(Bitfield::decode(11, &[0xff]), None);
        assert_eq!(Bitfield::decode(8, &[0xff]).map(|set| set.len()), Some(8));
        assert!(Bitfield::decode(0, &[]).is_some_and(|set| set.is_full()));
    }
}
