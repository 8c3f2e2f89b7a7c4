//! BLAKE3 digests, each use under a name of its own so that no digest means two things.

use crate::base::id::{Id, Space};

/// A running or finished BLAKE3 digest over length-prefixed parts.
#[derive(Clone, Debug)]
pub struct Digest(blake3::Hasher);

impl Digest {
    /// Starts a digest for one purpose; the purpose separates it from every other digest.
    pub fn new(purpose: &str) -> Self {
        Self(blake3::Hasher::new_derive_key(purpose))
    }

    /// Adds one part: its length, then its bytes, so that parts cannot run into one another.
    #[must_use]
    pub fn part(mut self, bytes: &[u8]) -> Self {
        self.absorb(bytes);
        self
    }

    /// Adds one part in place.
    pub fn absorb(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    /// The 32 bytes of the digest so far.
    pub fn finish(&self) -> [u8; 32] {
        *self.0.finalize().as_bytes()
    }
}

/// The first 20 bytes of a 32-byte digest.
pub fn first20(digest: [u8; 32]) -> [u8; 20] {
    let mut bytes = [0; 20];
    bytes.copy_from_slice(&digest[..20]);
    bytes
}

/// The ring position of a name: the first 20 bytes of the BLAKE3 digest of its UTF-8 bytes, cut to the space.
///
/// The digest is the one that `b3sum` prints, so anyone can check it.
pub fn name_key(space: Space, name: &str) -> Id {
    space.truncate(first20(*blake3::hash(name.as_bytes()).as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_one_another() {
        let digest = |parts: [&[u8]; 2]| Digest::new("test").part(parts[0]).part(parts[1]).finish();
        assert_ne!(digest([b"ab", b"c"]), digest([b"a", b"bc"]));
        assert_ne!(
            Digest::new("one").part(b"a").finish(),
            Digest::new("two").part(b"a").finish()
        );
    }

    #[test]
    fn a_name_has_the_position_that_b3sum_prints() {
        // printf hello | b3sum
        assert_eq!(
            Space::FULL.show(name_key(Space::FULL, "hello")),
            "ea8f163db38682925e4491c5e58d4bb3506ef8c1"
        );
    }
}
