//! The layout of a file: blocks and segments.

use core::ops::Range;

/// The number of bytes that travel in one frame, and the smallest segment: 64 KiB.
pub const BLOCK: u32 = 64 * 1024;
/// The largest segment: 1 MiB.
pub const MAX_SEGMENT: u32 = 1024 * 1024;
/// The most segments of a file: files end at 256 GiB.
pub const MAX_SEGMENTS: u32 = 1 << 18;
/// The least number of segments of a file, where that is possible: enough to share out, few enough to talk about.
const WANTED: u64 = 1024;

/// The division of a file into segments: it follows from the length alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    length: u64,
    segment: u32,
}

impl Layout {
    /// The layout of a file of this many bytes; `None` beyond 256 GiB.
    pub fn of(length: u64) -> Option<Self> {
        let wanted = (length / WANTED).max(1).next_power_of_two();
        let segment = wanted.clamp(u64::from(BLOCK), u64::from(MAX_SEGMENT));
        let layout = Self {
            length,
            segment: u32::try_from(segment).ok()?,
        };
        let count = length.div_ceil(segment);
        (count <= u64::from(MAX_SEGMENTS)).then_some(layout)
    }

    /// The file's length in bytes.
    pub const fn length(self) -> u64 {
        self.length
    }

    /// The size of every segment but the last, in bytes: a power of two.
    pub const fn segment_size(self) -> u32 {
        self.segment
    }

    /// Returns the number of segments. An empty file has one, which is empty.
    pub const fn count(self) -> u32 {
        let count = self.length.div_ceil(self.segment as u64) as u32;
        if count == 0 { 1 } else { count }
    }

    /// The last segment: only its content proves the length.
    pub const fn last(self) -> u32 {
        self.count() - 1
    }

    /// Returns the bytes of the file that a segment covers.
    pub fn range(self, index: u32) -> Range<u64> {
        let start = (u64::from(index) * u64::from(self.segment)).min(self.length);
        start..(start + u64::from(self.segment)).min(self.length)
    }

    /// Returns the length of a segment, in bytes.
    pub fn len(self, index: u32) -> usize {
        let range = self.range(index);
        usize::try_from(range.end - range.start).unwrap_or(0)
    }

    /// Returns the values that belong to the blocks of a file, by segments.
    pub fn parts<T>(self, blocks: &[T]) -> impl Iterator<Item = &[T]> {
        blocks.chunks((self.segment / BLOCK) as usize)
    }

    /// The segment in which a byte of the file lies.
    pub const fn segment_at(self, offset: u64) -> u32 {
        let index = offset / self.segment as u64;
        let last = self.last();
        if index < last as u64 {
            index as u32
        } else {
            last
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_cover_the_file_without_gap() {
        for length in [
            0,
            1,
            65_536,
            65_537,
            1 << 26,
            (1 << 26) + 1,
            1 << 30,
            (1 << 30) + 77,
        ] {
            let layout = Layout::of(length).unwrap();
            assert!(layout.segment_size().is_power_of_two());
            let mut end = 0;
            for index in 0..layout.count() {
                let range = layout.range(index);
                assert_eq!(range.start, end);
                assert_eq!(layout.segment_at(range.start), index);
                end = range.end;
            }
            assert_eq!(end, length);
        }
    }

    #[test]
    fn a_gibibyte_has_a_thousand_segments_and_nothing_has_too_many() {
        assert_eq!(Layout::of(1 << 30).unwrap().count(), 1024);
        assert_eq!(Layout::of(1 << 38).unwrap().count(), MAX_SEGMENTS);
        assert_eq!(Layout::of((1 << 38) + 1), None);
        assert_eq!(Layout::of(u64::MAX), None);
    }
}
