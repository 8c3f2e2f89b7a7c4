//! Hashing in a browser, the crate alone and by segments, as a fetched file is checked: `cargo xtask bench core --wasm` calls what is
//! exported here. No page has it.

#![expect(unsafe_code, reason = "an exported name might be taken; these are not")]

use std::cell::RefCell;

use chordscope_core::swarm::layout::Layout;
use chordscope_core::swarm::manifest::{Manifest, digest};

/// The number of bytes that are hashed in one call.
const LENGTH: usize = 64 << 20;

thread_local! {
    static FILE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Makes the file that is hashed; says how many MiB it has.
#[unsafe(no_mangle)]
pub extern "C" fn fill() -> usize {
    let mut bytes = vec![0; LENGTH];
    blake3::Hasher::new().finalize_xof().fill(&mut bytes);
    FILE.set(bytes);
    LENGTH >> 20
}

/// Hashes it with the crate's own hasher; says the first bytes of the digest.
#[unsafe(no_mangle)]
pub extern "C" fn alone() -> u32 {
    FILE.with_borrow(|file| first(blake3::Hasher::new().update(file).finalize().as_bytes()))
}

/// Hashes it as a file is checked that is being fetched, each segment by itself; says the first bytes of the digest that follows from
/// those of the segments.
#[unsafe(no_mangle)]
pub extern "C" fn by_segments() -> u32 {
    FILE.with_borrow(|file| {
        let Some(layout) = Layout::of(file.len() as u64) else {
            return 0;
        };
        let segments = (0..).zip(file.chunks(layout.segment_size() as usize));
        let digests = segments.map(|(index, segment)| digest(layout, index, segment));
        let manifest = Manifest::of(layout, digests.collect());
        manifest.map_or(0, |manifest| first(&manifest.content().0))
    })
}

fn first(digest: &[u8; 32]) -> u32 {
    let [a, b, c, d, ..] = *digest;
    u32::from_le_bytes([a, b, c, d])
}
