//! A directory machine: it keeps who has what, and answers.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use crate::models::directory::{Body, MAX_CONTENTS, MAX_PEERS, Message};
use chordscope_core::base::content::ContentId;
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;

/// The greatest number of entries that a machine keeps.
pub const MAX_ENTRIES: usize = 1 << 20;

/// A directory machine. It needs no timer: what has expired is not named, and goes at the next registration of its content.
#[derive(Clone, Debug)]
pub struct Server {
    lifetime: Duration,
    /// The peers by content, and when each expires.
    contents: BTreeMap<ContentId, BTreeMap<Id, Instant>>,
    count: usize,
}

impl Server {
    /// A machine that knows nothing. A registration lives for `lifetime`.
    pub const fn new(lifetime: Duration) -> Self {
        Self {
            lifetime,
            contents: BTreeMap::new(),
            count: 0,
        }
    }

    /// Handles a message; returns the answer.
    pub fn handle_message(&mut self, now: Instant, from: Id, message: Message) -> Option<Message> {
        let body = match message.body {
            Body::Register(contents) => {
                let mut refused = contents.len().saturating_sub(MAX_CONTENTS) as u32;
                for content in contents.iter().take(MAX_CONTENTS) {
                    refused += u32::from(!self.register(now, from, *content));
                }
                Body::Registered { refused }
            }
            Body::Unregister(contents) => {
                for content in contents.iter().take(MAX_CONTENTS) {
                    self.unregister(from, *content);
                }
                Body::Registered { refused: 0 }
            }
            Body::Query(content) => Body::Peers(self.peers(now, content)),
            Body::Registered { .. } | Body::Peers(_) => return None,
        };
        let number = message.number;
        Some(Message { number, body })
    }

    fn register(&mut self, now: Instant, peer: Id, content: ContentId) -> bool {
        let until = now + self.lifetime;
        if let Some(peers) = self.contents.get_mut(&content) {
            let before = peers.len();
            peers.retain(|_, until| *until > now);
            self.count -= before - peers.len();
            if let Some(known) = peers.get_mut(&peer) {
                *known = until;
                return true;
            }
        }
        if self.count >= MAX_ENTRIES {
            return false;
        }
        let peers = self.contents.entry(content).or_default();
        peers.insert(peer, until);
        self.count += 1;
        true
    }

    fn unregister(&mut self, peer: Id, content: ContentId) {
        let Some(peers) = self.contents.get_mut(&content) else {
            return;
        };
        self.count -= usize::from(peers.remove(&peer).is_some());
        if peers.is_empty() {
            self.contents.remove(&content);
        }
    }

    /// The peers that are registered with a content: the first [`MAX_PEERS`].
    pub fn peers(&self, now: Instant, content: ContentId) -> Vec<Id> {
        let peers = self.contents.get(&content).into_iter().flatten();
        let living = peers.filter(|(_, until)| **until > now);
        living.map(|(peer, _)| *peer).take(MAX_PEERS).collect()
    }

    /// Returns the number of entries, each of a peer and a content.
    pub fn entries(&self, now: Instant) -> usize {
        let all = self.contents.values().flat_map(BTreeMap::values);
        all.filter(|until| **until > now).count()
    }

    /// Returns whether a content is listed.
    pub fn lists(&self, now: Instant, content: ContentId) -> bool {
        !self.peers(now, content).is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Instant {
        Instant::from_millis(secs * 1_000)
    }

    fn content(number: u8) -> ContentId {
        ContentId::of(&[number])
    }

    fn tell(server: &mut Server, now: u64, from: u64, body: Body) -> Body {
        let message = Message { number: 7, body };
        let answer = server.handle_message(at(now), Id::from_u64(from), message);
        let answer = answer.unwrap();
        assert_eq!(answer.number, 7);
        answer.body
    }

    #[test]
    fn a_query_names_whoever_registered_until_that_expires() {
        let mut server = Server::new(Duration::from_secs(60));
        let both = Body::Register([1, 2].map(content).to_vec());
        tell(&mut server, 0, 5, both);
        tell(&mut server, 30, 6, Body::Register([content(1)].to_vec()));
        let query = || Body::Query(content(1));
        let peers =
            |numbers: &[u64]| Body::Peers(numbers.iter().copied().map(Id::from_u64).collect());
        assert_eq!(tell(&mut server, 59, 9, query()), peers(&[5, 6]));
        assert_eq!(server.entries(at(59)), 3);
        assert_eq!(tell(&mut server, 60, 9, query()), peers(&[6]));
        assert_eq!(server.entries(at(60)), 1);
        tell(&mut server, 61, 6, Body::Unregister([content(1)].to_vec()));
        assert_eq!(tell(&mut server, 61, 9, query()), peers(&[]));
    }

    #[test]
    fn to_register_again_is_one_entry_that_lives_longer() {
        let mut server = Server::new(Duration::from_secs(60));
        for secs in [0, 20, 40] {
            tell(&mut server, secs, 5, Body::Register([content(1)].to_vec()));
        }
        assert_eq!((server.entries(at(99)), server.count), (1, 1));
        assert_eq!(server.entries(at(100)), 0);
    }
}
