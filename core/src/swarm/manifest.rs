//! The digests of a file's segments: a level of the Merkle tree whose root is the content id. They prove themselves against the root, and each
//! segment against themselves.

use alloc::sync::Arc;
use alloc::vec::Vec;

use blake3::Hasher;
use blake3::hazmat::{
    ChainingValue, HasherExt, Mode, left_subtree_len, merge_subtrees_non_root, merge_subtrees_root,
};

use crate::base::content::ContentId;
use crate::swarm::layout::{BLOCK, Layout};

/// The bytes of one digest.
pub const DIGEST: usize = 32;

/// The values of a segment's blocks, in order, in the tree whose root is the content's id.
pub type BlockValues = Arc<[ChainingValue]>;

/// A layout and the BLAKE3 subtree value of each segment.
///
/// A file of one segment has no such values: the content id is the segment's digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    content: ContentId,
    layout: Layout,
    digests: Vec<ChainingValue>,
}

impl Manifest {
    /// The manifest of a file's segment digests, in order; `None` for an empty list, or one that does not fit the layout.
    pub fn of(layout: Layout, digests: Vec<ChainingValue>) -> Option<Self> {
        if digests.len() != layout.count() as usize {
            return None;
        }
        let content = match digests.as_slice() {
            [only] => ContentId(*only),
            _ => ContentId(root(layout, &digests)),
        };
        Some(Self {
            content,
            layout,
            digests: if layout.count() == 1 {
                Vec::new()
            } else {
                digests
            },
        })
    }

    /// The manifest of a file whose blocks have these values, in order; `None` for a list that does not fit the layout.
    ///
    /// A file of one block has its digest in the place of a value.
    pub fn of_blocks(layout: Layout, values: &[ChainingValue]) -> Option<Self> {
        if values.len() as u64 != layout.length().div_ceil(BLOCK.into()).max(1) {
            return None;
        }
        let segments = (0..).zip(layout.parts(values));
        let digests =
            segments.map(|(index, values)| subtree(layout.len(index) as u64, BLOCK.into(), values));
        Self::of(layout, digests.collect())
    }

    /// Checks a list of digests that a source sent. It says nothing about the length of the last segment; that is proved by its
    /// content.
    pub fn check(content: ContentId, layout: Layout, bytes: &[u8]) -> Option<Self> {
        if bytes.len() != Self::encoded_len(layout) {
            return None;
        }
        if layout.count() == 1 {
            return Self::of(layout, alloc::vec![content.0]);
        }
        let (digests, _) = bytes.as_chunks::<DIGEST>();
        Self::of(layout, digests.to_vec()).filter(|manifest| manifest.content == content)
    }

    /// Returns the number of bytes of a layout's list of digests.
    pub const fn encoded_len(layout: Layout) -> usize {
        match layout.count() {
            1 => 0,
            count => count as usize * DIGEST,
        }
    }

    /// The list of digests as bytes.
    pub fn encode(&self) -> &[u8] {
        self.digests.as_flattened()
    }

    /// The file's id.
    pub const fn content(&self) -> ContentId {
        self.content
    }

    /// Returns the layout of the file.
    pub const fn layout(&self) -> Layout {
        self.layout
    }

    /// Returns whether these bytes are the segment of this number.
    pub fn holds(&self, index: u32, bytes: &[u8]) -> bool {
        bytes.len() == self.layout.len(index) && self.is(index, digest(self.layout, index, bytes))
    }

    /// The values of the blocks of these bytes, if they are the segment of this number.
    pub fn values_of(&self, index: u32, bytes: &[u8]) -> Option<BlockValues> {
        let values: BlockValues = block_values(self.layout, index, bytes).collect();
        let fits = bytes.len() == self.layout.len(index);
        (fits && self.is_made_of(index, bytes, &values)).then_some(values)
    }

    /// Returns whether blocks of these values are the segment of this number. `first` is the first of them: of a file of one block the digest
    /// is no value in a tree.
    pub(super) fn is_made_of(&self, index: u32, first: &[u8], values: &[ChainingValue]) -> bool {
        let digest = match self.layout.count() {
            1 => digest(self.layout, index, first),
            _ => subtree(self.layout.len(index) as u64, BLOCK.into(), values),
        };
        self.is(index, digest)
    }

    /// Returns whether the segment of this number has this digest.
    fn is(&self, index: u32, digest: ChainingValue) -> bool {
        digest == *self.digests.get(index as usize).unwrap_or(&self.content.0)
    }
}

/// The digest of a segment: the value of its subtree, or of the whole file where that is one segment.
pub fn digest(layout: Layout, index: u32, bytes: &[u8]) -> ChainingValue {
    let mut hasher = SegmentHasher::new(layout, index);
    hasher.update(bytes);
    hasher.finish()
}

/// The values of a segment's blocks, as [`Manifest::of_blocks`] wants them: of a file of one block its digest.
pub fn hash_blocks(layout: Layout, index: u32, bytes: &[u8]) -> BlockValues {
    match layout.count() {
        1 => BlockValues::from([digest(layout, index, bytes)]),
        _ => block_values(layout, index, bytes).collect(),
    }
}

fn block_values(layout: Layout, index: u32, bytes: &[u8]) -> impl Iterator<Item = ChainingValue> {
    let starts = (layout.range(index).start..).step_by(BLOCK as usize);
    let blocks = starts.zip(bytes.chunks(BLOCK as usize));
    blocks.filter_map(|(at, block)| block_value(at, block))
}

/// Computes a segment's digest while its bytes come, and are still in the processor's cache.
#[derive(Clone, Debug)]
pub(super) struct SegmentHasher {
    hasher: Hasher,
    is_whole_file: bool,
}

impl SegmentHasher {
    pub(super) fn new(layout: Layout, index: u32) -> Self {
        let mut hasher = Hasher::new();
        hasher.set_input_offset(layout.range(index).start);
        Self {
            hasher,
            is_whole_file: layout.count() == 1,
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    pub(super) fn finish(&self) -> ChainingValue {
        match self.is_whole_file {
            true => *self.hasher.finalize().as_bytes(),
            false => self.hasher.finalize_non_root(),
        }
    }
}

/// The value of a block, from this byte of a content on, in the tree whose root is the content's id; `None` for bytes that are no block.
pub(crate) fn block_value(at: u64, bytes: &[u8]) -> Option<ChainingValue> {
    let is_block = at.is_multiple_of(BLOCK.into()) && (1..=BLOCK as usize).contains(&bytes.len());
    is_block.then(|| {
        let mut hasher = Hasher::new();
        hasher.set_input_offset(at).update(bytes);
        hasher.finalize_non_root()
    })
}

fn root(layout: Layout, digests: &[ChainingValue]) -> [u8; 32] {
    let (left, right) = halves(layout.length(), layout.segment_size().into(), digests);
    *merge_subtrees_root(&left, &right, Mode::Hash).as_bytes()
}

/// The values of the two subtrees below a tree of this length, of which the values of at least two pieces are known.
fn halves(length: u64, piece: u64, digests: &[ChainingValue]) -> (ChainingValue, ChainingValue) {
    let left = left_subtree_len(length);
    let cut = usize::try_from(left / piece).unwrap_or(usize::MAX);
    let (first, second) = digests.split_at(cut.min(digests.len()));
    (
        subtree(left, piece, first),
        subtree(length - left, piece, second),
    )
}

fn subtree(length: u64, piece: u64, digests: &[ChainingValue]) -> ChainingValue {
    match digests {
        [only] => *only,
        [] => [0; 32],
        _ => {
            let (left, right) = halves(length, piece, digests);
            merge_subtrees_non_root(&left, &right, Mode::Hash)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    fn bytes(length: usize) -> Vec<u8> {
        let mut bytes = alloc::vec![0; length];
        Rng::from_seed(length as u64, 0).fill(&mut bytes);
        bytes
    }

    fn manifest(bytes: &[u8]) -> Manifest {
        let layout = Layout::of(bytes.len() as u64).unwrap();
        let digests =
            (0..layout.count()).map(|index| digest(layout, index, part(layout, index, bytes)));
        Manifest::of(layout, digests.collect()).unwrap()
    }

    fn part(layout: Layout, index: u32, bytes: &[u8]) -> &[u8] {
        let range = layout.range(index);
        &bytes[range.start as usize..range.end as usize]
    }

    #[test]
    fn the_id_of_a_file_is_its_blake3_digest_whatever_its_length() {
        for length in [
            0,
            1,
            1024,
            65_535,
            65_536,
            65_537,
            200_000,
            1 << 20,
            (1 << 20) + 1,
        ] {
            let bytes = bytes(length);
            let manifest = manifest(&bytes);
            assert_eq!(manifest.content(), ContentId::of(&bytes), "{length} bytes");
            let layout = manifest.layout();
            let values = (0..layout.count())
                .flat_map(|index| hash_blocks(layout, index, part(layout, index, &bytes)).to_vec());
            let values: Vec<_> = values.collect();
            assert_eq!(Manifest::of_blocks(layout, &values), Some(manifest.clone()));
            assert_eq!(Manifest::of_blocks(layout, &values[1..]), None);
            let again = Manifest::check(manifest.content(), layout, manifest.encode());
            assert_eq!(again, Some(manifest.clone()));
            for index in 0..layout.count() {
                assert!(manifest.holds(index, part(layout, index, &bytes)));
            }
        }
    }

    #[test]
    fn a_changed_byte_is_noticed_in_its_segment_and_in_the_list() {
        let file = bytes(200_000);
        let manifest = manifest(&file);
        let layout = manifest.layout();
        let mut segment = part(layout, 1, &file).to_vec();
        segment[77] ^= 1;
        assert!(!manifest.holds(1, &segment));
        assert!(
            !manifest.holds(2, part(layout, 1, &file)),
            "a segment has one place"
        );
        assert!(!manifest.holds(99, part(layout, 1, &file)));
        let mut list = manifest.encode().to_vec();
        list[40] ^= 1;
        assert_eq!(Manifest::check(manifest.content(), layout, &list), None);
        assert_eq!(
            Manifest::check(manifest.content(), layout, &list[32..]),
            None
        );
    }

    #[test]
    fn the_values_of_its_blocks_come_to_the_digest_of_a_segment() {
        let layout = Layout::of((1 << 30) - 77_777).unwrap();
        for index in [0, 5, layout.last()] {
            let segment = bytes(layout.len(index));
            let start = layout.range(index).start;
            let blocks = (start..).step_by(BLOCK as usize);
            let blocks = blocks.zip(segment.chunks(BLOCK as usize));
            let values = blocks.map(|(at, block)| block_value(at, block).unwrap());
            let values: Vec<_> = values.collect();
            let whole = subtree(segment.len() as u64, BLOCK.into(), &values);
            assert_eq!(whole, digest(layout, index, &segment), "segment {index}");
        }
    }

    #[test]
    fn only_blocks_have_a_value() {
        let block = bytes(BLOCK as usize + 1);
        assert!(block_value(u64::from(BLOCK) << 40, &block[1..]).is_some());
        assert_eq!(block_value(0, &block), None, "too long");
        assert_eq!(block_value(0, &[]), None, "nothing");
        assert_eq!(block_value(1024, &block[1..]), None, "elsewhere");
    }

    #[test]
    fn a_wrong_length_is_proved_by_the_last_segment() {
        let file = bytes(200_000);
        let manifest = manifest(&file);
        let shorter = Layout::of(199_999).unwrap();
        // As many segments, so that the list says nothing against it.
        let lie = Manifest::check(manifest.content(), shorter, manifest.encode()).unwrap();
        let last = part(shorter, 3, &file[..199_999]);
        assert!(!lie.holds(3, last));
    }
}
