//! The hash tree of a file in BitTorrent version 2 (BEP 52).

use sha2::{Digest, Sha256};

/// The number of bytes that a leaf of the tree is the hash of.
pub(super) const BLOCK: usize = 16 * 1024;

pub(super) type Hash = [u8; 32];

/// The tree, computed while the file is read.
#[derive(Debug)]
pub(super) struct Tree {
    /// The number of leaves of a piece.
    leaves: usize,
    /// The subtree of each piece, or all of the tree where there is one.
    layer: Vec<Hash>,
}

impl Tree {
    /// Makes the tree of a file of this length, which comes in pieces of that length.
    pub(super) fn new(length: u64, piece: usize) -> Self {
        let blocks = length.div_ceil(BLOCK as u64).next_power_of_two();
        let most = piece / BLOCK;
        Self {
            // A file of less than a piece has a tree of its own height.
            leaves: usize::try_from(blocks).map_or(most, |blocks| blocks.min(most)),
            layer: Vec::new(),
        }
    }

    /// The next piece; only the last may be shorter than the others.
    pub(super) fn add(&mut self, piece: &[u8]) {
        let mut leaves: Vec<Hash> = piece
            .chunks(BLOCK)
            .map(|block| Sha256::digest(block).into())
            .collect();
        leaves.resize(self.leaves.max(leaves.len()), [0; 32]);
        self.layer.push(root(leaves, [0; 32]));
    }

    /// The subtrees of the pieces.
    pub(super) fn layer(&self) -> &[Hash] {
        &self.layer
    }

    /// The root; an empty file has none.
    pub(super) fn root(&self) -> Option<Hash> {
        // Beyond the file's end every leaf is zero.
        let empty = root(vec![[0; 32]; self.leaves], [0; 32]);
        (!self.layer.is_empty()).then(|| root(self.layer.clone(), empty))
    }
}

/// The root over a layer which is filled up to a power of two.
fn root(mut layer: Vec<Hash>, filling: Hash) -> Hash {
    layer.resize(layer.len().next_power_of_two(), filling);
    while let [_, _, ..] = layer.as_slice() {
        let (pairs, _) = layer.as_chunks::<2>();
        layer = pairs
            .iter()
            .map(|pair| Sha256::digest(pair.as_flattened()).into())
            .collect();
    }
    layer.first().copied().unwrap_or(filling)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha(bytes: &[u8]) -> Hash {
        Sha256::digest(bytes).into()
    }

    #[test]
    fn a_block_is_its_own_tree_and_two_are_hashed_together() {
        let mut one = Tree::new(5, BLOCK);
        one.add(b"hello");
        assert_eq!(one.root(), Some(sha(b"hello")));
        let mut two = Tree::new(BLOCK as u64 + 1, BLOCK);
        two.add(&[1; BLOCK]);
        two.add(&[2]);
        assert_eq!(
            two.root(),
            Some(sha(&[sha(&[1; BLOCK]), sha(&[2])].concat()))
        );
        assert_eq!(Tree::new(0, BLOCK).root(), None);
    }

    #[test]
    fn missing_leaves_are_zero_at_every_height() {
        // Three pieces of two blocks, the last of them half empty: a tree of eight leaves.
        let mut tree = Tree::new(5 * BLOCK as u64, 2 * BLOCK);
        tree.add(&[1; 2 * BLOCK]);
        tree.add(&[2; 2 * BLOCK]);
        tree.add(&[3; BLOCK]);
        let pair = |a: Hash, b: Hash| sha(&[a, b].concat());
        let leaf = |byte| sha(&[byte; BLOCK]);
        let pieces = [
            pair(leaf(1), leaf(1)),
            pair(leaf(2), leaf(2)),
            pair(leaf(3), [0; 32]),
        ];
        let empty = pair([0; 32], [0; 32]);
        assert_eq!(tree.layer(), pieces);
        let wanted = pair(pair(pieces[0], pieces[1]), pair(pieces[2], empty));
        assert_eq!(tree.root(), Some(wanted));
    }
}
