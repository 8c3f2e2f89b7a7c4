//! Questions: their beginning at each kind, their way, and their outcome.

use alloc::vec::Vec;

use crate::worlds::directory::DirectoryWorld;
use crate::worlds::directory::measure::{Hop, LAST, LookupTrace, Outcome, Subject, Volume};
use crate::worlds::directory::setup::{Kind, machine};
use crate::worlds::directory::trace::What;
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::route::Routing;

impl DirectoryWorld {
    /// Lets a random peer ask for a random title, unless it asks for that already.
    pub(super) fn ask_at_random(&mut self) {
        let titles = u64::from(self.setup.titles);
        if self.peers.is_empty() || titles == 0 {
            return;
        }
        // Both are drawn whatever comes of it, so that the next questions are the same.
        let place = self.questions.next_u64();
        let title = u32::try_from(self.questions.below(titles)).unwrap_or(0);
        let place = usize::try_from(place % self.peers.len() as u64).unwrap_or(0);
        if let Some(peer) = self.peers.keys().nth(place).copied()
            && self.is_free(peer, self.titles[title as usize].key).is_ok()
        {
            self.ask_all(peer, title);
        }
    }

    /// Asks for a title at all kinds of directory.
    pub(super) fn ask_all(&mut self, peer: Id, title: u32) {
        for kind in Kind::ALL {
            self.begin_lookup(kind, peer, Subject::Title(title));
        }
        self.drain(peer, None);
    }

    /// Looks a key up in ring and Kademlia.
    pub(super) fn find(&mut self, peer: Id, key: Id) {
        for kind in [Kind::Chord, Kind::Kademlia] {
            self.begin_lookup(kind, peer, Subject::Key(key));
        }
        self.drain(peer, None);
    }

    fn begin_lookup(&mut self, kind: Kind, id: Id, subject: Subject) {
        self.lookups += 1;
        let number = self.lookups;
        let now = self.now;
        let origin = Hop { node: id, at: now };
        let trace = LookupTrace {
            number,
            kind,
            peer: id,
            subject,
            began: now,
            ended: None,
            outcome: None,
            route: alloc::vec![origin],
            named: Vec::new(),
            by: None,
            volume: Volume::default(),
        };
        self.open.insert(number, trace);
        self.record(None, What::Began(number, kind, id, subject));
        let mode = self.setup.mode;
        let key = self.key(subject);
        let title = match subject {
            Subject::Title(title) => self.titles.get(title as usize).cloned(),
            Subject::Key(_) => None,
        };
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        let own = match (kind, title) {
            (Kind::Central, Some(title)) => {
                let query = peer.central.query(now, title.content, &[machine(0)]);
                query.map(|query| query.0)
            }
            (Kind::Trackers, Some(title)) => {
                let all: Vec<Id> = title.trackers.iter().map(|at| machine(at + 1)).collect();
                let query = peer.trackers.query(now, title.content, &all);
                query.map(|query| query.0)
            }
            (Kind::Chord, Some(title)) => {
                let begun = peer.chord.providers(now, title.content);
                begun.ok().map(|operation| operation.0)
            }
            (Kind::Chord, None) => {
                let begun = peer.chord.lookup(now, key, Routing::Finger, mode);
                begun.ok().map(|lookup| lookup.0)
            }
            (Kind::Kademlia, Some(_)) => peer.kademlia.providers(now, key).map(|one| one.0),
            (Kind::Kademlia, None) => peer.kademlia.find(now, key).map(|one| one.0),
            (Kind::Central | Kind::Trackers, None) => None,
        };
        match own {
            Some(own) => drop(self.numbers.insert((kind, id, own), number)),
            // It cannot ask now: no member, or too busy.
            None => self.end(number, Outcome::NoAnswer),
        }
    }

    /// The lookup that has this number at its peer.
    pub(super) fn numbered(&self, kind: Kind, peer: Id, own: u64) -> Option<u64> {
        self.numbers.get(&(kind, peer, own)).copied()
    }

    /// The lookup of the ring that a peer has under way for a key.
    pub(super) fn open_chord(&self, peer: Id, key: Id) -> Option<u64> {
        let mut open = self.open.values();
        let found = open.find(|lookup| {
            lookup.kind == Kind::Chord && lookup.peer == peer && self.key(lookup.subject) == key
        });
        found.map(|lookup| lookup.number)
    }

    /// Returns whether a key is that of a title.
    pub(super) fn is_title(&self, key: Id) -> bool {
        self.titles.iter().any(|title| title.key == key)
    }

    /// Takes note that a lookup reached a node now.
    pub(super) fn reach(&mut self, lookup: u64, node: Id) {
        self.reach_at(lookup, node, self.now);
    }

    pub(super) fn reach_at(&mut self, lookup: u64, node: Id, at: Instant) {
        if let Some(lookup) = self.open.get_mut(&lookup)
            && lookup.route.iter().all(|hop| hop.node != node)
        {
            lookup.route.push(Hop { node, at });
        }
    }

    /// Ends a lookup of a title by the peers that were named.
    pub(super) fn conclude(&mut self, number: u64, named: Vec<Id>, by: Option<Id>) {
        let Some(lookup) = self.open.get_mut(&number) else {
            return;
        };
        let holders = match lookup.subject {
            Subject::Title(title) => &self.titles[title as usize].holders,
            Subject::Key(_) => return,
        };
        let is_there = |id: &Id| holders.contains(id) && self.peers.contains_key(id);
        let outcome = match (by, named.is_empty()) {
            (None, _) => Outcome::NoAnswer,
            (Some(_), true) => Outcome::Nothing,
            _ if named.iter().any(is_there) => Outcome::Found,
            _ => Outcome::Stale,
        };
        // Whoever answers that there is nobody has told nothing.
        lookup.by = by.filter(|_| !named.is_empty());
        lookup.named = named;
        self.end(number, outcome);
    }

    pub(super) fn end(&mut self, number: u64, outcome: Outcome) {
        let Some(mut lookup) = self.open.remove(&number) else {
            return;
        };
        self.numbers.retain(|_, other| *other != number);
        lookup.ended = Some(self.now);
        lookup.outcome = Some(outcome);
        self.record(None, What::Ended(number, lookup.kind, outcome));
        match lookup.subject {
            Subject::Title(_) => self.counts[lookup.kind.index()].end(lookup),
            Subject::Key(_) => {
                if self.finds.len() >= LAST {
                    self.finds.pop_front();
                }
                self.finds.push_back(lookup);
            }
        }
    }

    /// Forgets the lookups of a peer that is gone: nobody waits for their answers.
    pub(super) fn abandon(&mut self, peer: Id) {
        self.open.retain(|_, lookup| lookup.peer != peer);
        self.numbers.retain(|(_, other, _), _| *other != peer);
    }
}
