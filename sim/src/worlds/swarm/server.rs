//! Models of what the product does not ship: a server or proxy that sends the whole file to each who asks, and its client.
//!
//! One server is one of them; a content delivery network is several that had the file before anybody asked, as a real one copies ahead of
//! demand to proxies near its users. A client asks one server once for all that it lacks, as by one request of HTTP, and gets the
//! segments in order. Servers take their clients in turn, a segment each, so that all get an equal share of the uplink. They have no
//! slots, no choking and no timeouts. The clients check each segment's digest, as those of a swarm do.

use alloc::collections::VecDeque;

use chordscope_core::base::id::Id;
use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::manifest::Manifest;

/// A server, or a proxy: it has the whole file.
#[derive(Clone, Debug, Default)]
pub(super) struct Server {
    /// The clients that are served, the next one first, each with the segments that it lacks.
    clients: VecDeque<(Id, VecDeque<u32>)>,
}

impl Server {
    /// A client asks for segments, to be sent in this order. What it asked for before is forgotten.
    pub(super) fn handle_get(&mut self, client: Id, segments: impl IntoIterator<Item = u32>) {
        self.handle_gone(client);
        let segments: VecDeque<u32> = segments.into_iter().collect();
        if !segments.is_empty() {
            self.clients.push_back((client, segments));
        }
    }

    /// A client is gone.
    pub(super) fn handle_gone(&mut self, client: Id) {
        self.clients.retain(|(other, _)| *other != client);
    }

    /// Returns the segment to send next, and to whom.
    pub(super) fn next(&mut self) -> Option<(Id, u32)> {
        let (client, mut segments) = self.clients.pop_front()?;
        let segment = segments.pop_front()?;
        if !segments.is_empty() {
            self.clients.push_back((client, segments));
        }
        Some((client, segment))
    }

    /// Returns the number of clients that are being served.
    pub(super) fn clients(&self) -> usize {
        self.clients.len()
    }
}

/// A client of a server.
#[derive(Clone, Debug)]
pub(super) struct Fetcher {
    /// The server that it asked.
    pub(super) server: Option<Id>,
    have: Bitfield,
}

impl Fetcher {
    /// A client that has these segments.
    pub(super) const fn new(have: Bitfield) -> Self {
        Self { server: None, have }
    }

    /// The segments that it has.
    pub(super) const fn have(&self) -> &Bitfield {
        &self.have
    }

    /// Returns the segments that it lacks, in order.
    pub(super) fn lacks(&self) -> impl Iterator<Item = u32> {
        (0..self.have.count()).filter(|index| !self.have.contains(*index))
    }

    /// Takes a segment in, if it is right and new; returns whether it was.
    pub(super) fn handle_segment(&mut self, manifest: &Manifest, index: u32, bytes: &[u8]) -> bool {
        manifest.holds(index, bytes) && self.have.insert(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::content::Content;
    use alloc::vec::Vec;

    #[test]
    fn clients_are_served_in_turn_a_segment_each() {
        let mut server = Server::default();
        let [one, two, three] = [1, 2, 3].map(Id::from_u64);
        server.handle_get(one, 0..3);
        server.handle_get(two, 1..2);
        server.handle_get(three, 0..2);
        server.handle_gone(three);
        assert_eq!(server.clients(), 2);
        let sent: Vec<_> = core::iter::from_fn(|| server.next()).collect();
        assert_eq!(sent, [(one, 0), (two, 1), (one, 1), (one, 2)]);
        server.handle_get(one, []);
        assert_eq!((server.clients(), server.next()), (0, None));
    }

    #[test]
    fn who_asks_again_gets_only_what_it_asked_for_last() {
        let mut server = Server::default();
        let one = Id::from_u64(1);
        server.handle_get(one, 0..9);
        server.handle_get(one, 7..9);
        let sent: Vec<_> = core::iter::from_fn(|| server.next()).collect();
        assert_eq!(sent, [(one, 7), (one, 8)]);
    }

    #[test]
    fn a_client_takes_only_right_segments_and_each_once() {
        let content = Content::of(3, 200_000).unwrap();
        let manifest = content.manifest();
        let right = content.segment(manifest.layout(), 1).unwrap();
        let mut fetcher = Fetcher::new(Bitfield::none(content.count()));
        assert!(!fetcher.handle_segment(manifest, 0, right));
        assert!(fetcher.handle_segment(manifest, 1, right));
        assert!(!fetcher.handle_segment(manifest, 1, right));
        assert!(fetcher.lacks().eq([0, 2, 3]));
    }
}
