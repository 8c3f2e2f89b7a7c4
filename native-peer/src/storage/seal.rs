//! The checksum that each stored row carries. It tells a row that changed in memory before it was written, which the database's
//! own checksums of pages cannot, and it lets rows be read from a damaged file one by one.

use chordscope_core::base::digest::Digest;

/// The number of bytes of a digest that a row carries.
const SEAL: usize = 8;
const PURPOSE: &str = "chordscope 2026 row of a peer's store";

/// The bytes of a row with their checksum, which covers table, key and expiry, too.
pub(super) fn seal(table: &str, key: &[u8], expires: u64, bytes: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(bytes.len() + SEAL);
    sealed.extend_from_slice(bytes);
    sealed.extend_from_slice(&checksum(table, key, expires, bytes));
    sealed
}

/// The bytes of a row, if they are those that were sealed.
pub(super) fn unseal<'a>(
    table: &str,
    key: &[u8],
    expires: u64,
    sealed: &'a [u8],
) -> Option<&'a [u8]> {
    let (bytes, seal) = sealed.split_last_chunk::<SEAL>()?;
    (checksum(table, key, expires, bytes) == *seal).then_some(bytes)
}

fn checksum(table: &str, key: &[u8], expires: u64, bytes: &[u8]) -> [u8; SEAL] {
    let digest = Digest::new(PURPOSE)
        .part(table.as_bytes())
        .part(key)
        .part(&expires.to_le_bytes())
        .part(bytes)
        .finish();
    let mut seal = [0; SEAL];
    seal.copy_from_slice(&digest[..SEAL]);
    seal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_as_it_was_sealed_or_not_at_all() {
        let sealed = seal("records", b"key", 7, b"bytes");
        let read = |table, key, expires, sealed: &[u8]| {
            unseal(table, key, expires, sealed).map(<[u8]>::to_vec)
        };
        assert_eq!(
            read("records", b"key", 7, &sealed).as_deref(),
            Some(&b"bytes"[..])
        );
        assert_eq!(read("entries", b"key", 7, &sealed), None);
        assert_eq!(read("records", b"kez", 7, &sealed), None);
        assert_eq!(read("records", b"key", 8, &sealed), None);
        assert_eq!(read("records", b"key", 7, &sealed[1..]), None);
        assert_eq!(read("records", b"key", 7, &[]), None);
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(read("records", b"key", 7, &flipped), None, "bit {bit}");
        }
    }
}
