//! Hashing whole files, on all processors.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::manifest::{DIGEST, Manifest, hash_blocks};

use crate::files::place::Place;

/// The most threads; beyond, memory is what limits.
const MAX_THREADS: usize = 8;

/// The result of hashing a file.
#[derive(Debug)]
pub(crate) struct Hashed {
    pub(crate) manifest: Manifest,
    /// The chaining values of its blocks, as [`Manifest::of_blocks`] takes them.
    pub(crate) values: Vec<[u8; DIGEST]>,
}

/// Hashes a file; `hashed` hears of bytes that are done, from any thread.
pub(crate) fn hash(place: &Place, hashed: impl Fn(u64) + Sync) -> io::Result<Hashed> {
    let (layout, stamp) = (place.layout(), place.stamp());
    let values = for_each_segment(place, |index, bytes| {
        hashed(bytes.len() as u64);
        hash_blocks(layout, index, bytes)
    })?;
    place.check_end()?;
    place.confirm(stamp);
    let values = values.concat();
    // There is a value for each block.
    let manifest = Manifest::of_blocks(layout, &values);
    let manifest = manifest.ok_or_else(|| io::Error::other("cannot be hashed"))?;
    Ok(Hashed { manifest, values })
}

/// Returns the segments of a file that are what they ought to be.
pub(crate) fn check(
    place: &Place,
    manifest: &Manifest,
    hashed: impl Fn(u64) + Sync,
) -> io::Result<Bitfield> {
    let mut have = Bitfield::none(manifest.layout().count());
    if place.layout() != manifest.layout() {
        return Ok(have);
    }
    let stamp = place.stamp();
    let good = for_each_segment(place, |index, bytes| {
        hashed(bytes.len() as u64);
        manifest.holds(index, bytes)
    })?;
    for (index, good) in (0..).zip(good) {
        if good {
            have.insert(index);
        }
    }
    place.confirm(stamp.filter(|_| have.is_full()));
    Ok(have)
}

fn for_each_segment<T: Send>(
    place: &Place,
    act: impl Fn(u32, &[u8]) -> T + Sync,
) -> io::Result<Vec<T>> {
    let (count, next) = (place.layout().count(), AtomicU32::new(0));
    let threads = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(MAX_THREADS)
        .min(count as usize);
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return Ok(done);
            }
            done.push((index, act(index, &place.read(index)?)));
        }
    };
    let parts = thread::scope(|scope| {
        // This thread works, too: a small file needs no other.
        let workers: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut parts = vec![work()];
        let joined = workers.into_iter().map(|worker| worker.join());
        parts.extend(
            joined.map(|part| part.unwrap_or_else(|_| Err(io::Error::other("hashing stopped")))),
        );
        parts.into_iter().collect::<io::Result<Vec<_>>>()
    });
    let mut all: Vec<(u32, T)> = parts?.into_iter().flatten().collect();
    all.sort_by_key(|(index, _)| *index);
    Ok(all.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use chordscope_core::base::content::ContentId;

    use super::*;

    #[test]
    fn a_file_is_named_by_its_blake3_digest_and_a_change_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut bytes: Vec<u8> = (0..300_000_u32)
            .map(|number| ((number * 7) >> 3) as u8)
            .collect();
        std::fs::write(&path, &bytes).unwrap();
        let manifest = hash(&Place::open(&path).unwrap(), |_| {}).unwrap().manifest;
        assert_eq!(manifest.content(), ContentId::of(&bytes));
        bytes[70_000] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let have = check(&Place::open(&path).unwrap(), &manifest, |_| {}).unwrap();
        assert_eq!(have.iter().collect::<Vec<_>>(), [0, 2, 3, 4]);
    }
}
