//! Files of simulated peers.

use alloc::vec::Vec;

use crate::worlds::peers::Peers;
use chordscope_core::base::content::ContentId;
use chordscope_core::peer::Peer;
use chordscope_core::swarm::api::StartError;
use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::layout::Layout;
use chordscope_core::swarm::manifest::{Manifest, hash_blocks};
use chordscope_core::swarm::picker::Order;

/// The reason why a member does not share a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShareError {
    /// The file is longer than one may be.
    TooLong,
    /// The peer does not take it.
    Refused(StartError),
}

impl From<StartError> for ShareError {
    fn from(error: StartError) -> Self {
        Self::Refused(error)
    }
}

impl Peers {
    /// A member shares a file; gives its id.
    ///
    /// # Errors
    /// As [`Peer::share`], and where the file is too long.
    pub fn share(&mut self, member: usize, file: &[u8]) -> Result<ContentId, ShareError> {
        let layout = Layout::of(file.len() as u64).ok_or(ShareError::TooLong)?;
        let size = usize::try_from(layout.segment_size()).unwrap_or(usize::MAX);
        // An empty file has one segment, which is empty.
        let mut parts: Vec<&[u8]> = file.chunks(size).collect();
        parts.resize(parts.len().max(1), &[]);
        let segments = (0..).zip(&parts);
        let values = segments.flat_map(|(index, part)| hash_blocks(layout, index, part).to_vec());
        let values: Vec<_> = values.collect();
        let manifest = Manifest::of_blocks(layout, &values).ok_or(ShareError::TooLong)?;
        let content = manifest.content();
        if let Some(state) = self.members.get_mut(member) {
            for (index, part) in (0..).zip(parts) {
                state.segments.insert((content, index), part.to_vec());
            }
        }
        let have = Bitfield::all(layout.count());
        self.ask(member, |peer, now| {
            peer.share(now, manifest, have)?;
            peer.vouch(content, &values);
            Ok(())
        })?;
        Ok(content)
    }

    /// Spoils a segment on the disk of a member, unnoticed.
    pub fn spoil(&mut self, member: usize, content: ContentId, index: u32) {
        let state = self.members.get_mut(member);
        let segment = state.and_then(|state| state.segments.get_mut(&(content, index)));
        if let Some(byte) = segment.and_then(|bytes| bytes.first_mut()) {
            *byte ^= 1;
        }
    }

    /// A member fetches a file.
    ///
    /// # Errors
    /// As [`Peer::fetch`].
    pub fn fetch(&mut self, member: usize, content: ContentId) -> Result<(), StartError> {
        self.ask(member, |peer, now| {
            peer.fetch(now, content, Order::RarestFirst)
        })
    }

    /// Resumes a fetch of a member that was killed, with the segments that it has on its disk.
    ///
    /// # Errors
    /// As [`Peer::share`].
    pub fn resume(&mut self, member: usize, manifest: Manifest) -> Result<(), StartError> {
        let mut have = Bitfield::none(manifest.layout().count());
        if let Some(state) = self.members.get(member) {
            let own = state
                .segments
                .keys()
                .filter(|(content, _)| *content == manifest.content());
            for (_, index) in own {
                have.insert(*index);
            }
        }
        self.ask(member, |peer, now| peer.share(now, manifest, have))
    }

    /// Returns the bytes of a file that a member has, as far as it is there from the beginning.
    pub fn file(&self, member: usize, content: ContentId) -> Vec<u8> {
        let segments = self.members.get(member).map(|state| &state.segments);
        let parts = (0..).map_while(|index| segments?.get(&(content, index)));
        parts.flatten().copied().collect()
    }

    /// Returns whether a member has a file whole.
    pub fn has_whole(&self, member: usize, content: ContentId) -> bool {
        let have = self
            .peer(member)
            .and_then(|peer| peer.swarm().have(content));
        let is_known = self
            .peer(member)
            .is_some_and(|peer| peer.swarm().manifest(content).is_some());
        is_known && have.is_some_and(Bitfield::is_full)
    }

    fn ask(
        &mut self,
        member: usize,
        act: impl FnOnce(&mut Peer, chordscope_core::base::time::Instant) -> Result<(), StartError>,
    ) -> Result<(), StartError> {
        let mut outcome = Ok(());
        self.with(member, |peer, now| outcome = act(peer, now));
        outcome
    }
}
