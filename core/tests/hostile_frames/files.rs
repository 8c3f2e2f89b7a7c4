//! The files that the peer shares and fetches, and hostile messages and blocks of them.

use std::sync::{Arc, OnceLock};

use chordscope_core::base::rng::Rng;
use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::layout::Layout;
use chordscope_core::swarm::manifest::{Manifest, digest};
use chordscope_core::swarm::message::{Block, Message, Place, Said, Standing};
use chordscope_core::swarm::picker::Order;
use chordscope_core::wire::block::encode_block;
use chordscope_core::wire::frame::HEADER;

use crate::attack::Attack;

/// A file of three segments, and its manifest.
pub(crate) type File = (Vec<u8>, Manifest);

/// The files: one is shared, one is fetched.
pub(crate) fn files() -> &'static [File; 2] {
    static FILES: OnceLock<[File; 2]> = OnceLock::new();
    FILES.get_or_init(|| {
        [140_000, 150_000].map(|length| {
            let mut file = vec![0; length];
            Rng::from_seed(length as u64, 0).fill(&mut file);
            let layout = Layout::of(length as u64).unwrap();
            let digests = (0..layout.count()).map(|at| digest(layout, at, part(&file, at)));
            let manifest = Manifest::of(layout, digests.collect()).unwrap();
            (file, manifest)
        })
    })
}

/// A segment; nothing beyond the last.
pub(crate) fn part(file: &[u8], index: u32) -> &[u8] {
    file.chunks(64 * 1024)
        .nth(index as usize)
        .unwrap_or_default()
}

impl Attack {
    /// The peer shares one file and fetches the other, beside all else.
    pub(crate) fn begin_files(&mut self) {
        let [(_, shared), (_, wanted)] = files();
        let all = Bitfield::all(shared.layout().count());
        self.peer.share(self.now, shared.clone(), all).unwrap();
        let order = Order::RarestFirst;
        self.peer.fetch(self.now, wanted.content(), order).unwrap();
        self.settle();
    }

    pub(crate) fn any_about(&mut self) -> Message {
        let (_, manifest) = &files()[self.below(2)];
        let index = u32::try_from(self.below(4)).unwrap();
        let length = manifest.layout().length() + self.rng.below(8) / 6;
        let said = match self.rng.below(12) {
            0 => Said::Hello(Standing::Nothing),
            1 | 2 => Said::Hello(Standing::Whole(length)),
            3 => Said::Hello(Standing::Part(length, self.noise(2))),
            4 => Said::Absent,
            5 => Said::Have(index),
            6 => Said::Interested(self.chance(2)),
            7 => Said::Choked(self.chance(4)),
            8 | 9 => Said::Request(index),
            10 => Said::Cancel(index),
            _ => match self.chance(2) {
                true => Said::Reject(index, Some(3 - index)),
                false => Said::Digests(index * 32),
            },
        };
        let content = manifest.content();
        Message { content, said }
    }

    /// A block of what is fetched, mostly right.
    pub(crate) fn any_block(&mut self) -> Vec<u8> {
        let (file, manifest) = &files()[1];
        let index = u32::try_from(self.below(4)).unwrap();
        let (place, mut bytes) = match self.chance(3) {
            true => (Place::Digests(0), manifest.encode().to_vec()),
            false => {
                let at = u64::from(index) * 64 * 1024;
                (Place::Content(at), part(file, index).to_vec())
            }
        };
        if self.chance(4) {
            self.flip(&mut bytes);
        }
        bytes.truncate(64 * 1024);
        let frame = encode_block(&Block {
            content: manifest.content(),
            place,
            range: 0..bytes.len(),
            whole: Arc::new(bytes),
            value: None,
        });
        // The caller puts it into a frame of its own.
        frame[HEADER..].to_vec()
    }
}
