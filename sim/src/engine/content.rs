//! The file of a simulated transfer, which its first seed begins with.

use alloc::vec::Vec;

use chordscope_core::base::content::ContentId;
use chordscope_core::base::rng::Rng;
use chordscope_core::swarm::layout::Layout;
use chordscope_core::swarm::manifest::{Manifest, digest};

/// A file of random bytes with its manifest.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    bytes: Vec<u8>,
    manifest: Manifest,
}

impl Content {
    /// The file of this seed and length; `None` when it is too long.
    pub(crate) fn of(seed: u64, length: u64) -> Option<Self> {
        let mut bytes = alloc::vec![0; usize::try_from(length).ok()?];
        Rng::from_seed(seed, 0).fill(&mut bytes);
        let layout = Layout::of(length)?;
        let digests = (0..layout.count())
            .filter_map(|index| Some(digest(layout, index, part(&bytes, layout, index)?)));
        let manifest = Manifest::of(layout, digests.collect())?;
        Some(Self { bytes, manifest })
    }

    /// Its id.
    pub(crate) const fn id(&self) -> ContentId {
        self.manifest.content()
    }

    /// Its length, and the digests of its segments.
    pub(crate) const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The number of its segments.
    pub(crate) const fn count(&self) -> u32 {
        self.manifest.layout().count()
    }

    /// Returns the bytes of a segment, by its own layout or by that of a member who was told another length.
    pub(crate) fn segment(&self, layout: Layout, index: u32) -> Option<&[u8]> {
        part(&self.bytes, layout, index)
    }
}

fn part(bytes: &[u8], layout: Layout, index: u32) -> Option<&[u8]> {
    let range = layout.range(index);
    bytes.get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
}
