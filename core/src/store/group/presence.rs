//! Presence: which members of this node's groups are away, and for how long they keep their places.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::store::group::configuration::Member;
use crate::store::group::message::Introduction;
use crate::store::group::{Look, Patience};

/// The failure detector of groups: the absence of members, as this node sees it. It only decides when a change is tried, and with which nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Presence {
    /// The neighbours on the ring, as they were looked at last.
    neighbours: BTreeSet<Id>,
    away: BTreeMap<Id, Instant>,
    /// Members that are no neighbours and were heard of, and when.
    distant: BTreeMap<Id, Instant>,
    /// Members that are no neighbours and were asked whether they are there, and when.
    asked: BTreeMap<Id, Instant>,
    /// Nodes that did not answer the last request, have said that they stop, or are missing where all nodes of the ring are known.
    silent: BTreeSet<Id>,
    /// Nodes that said that they stop.
    stopped: BTreeSet<Id>,
    /// Nodes that lost their store, by their incarnation of now.
    renewed: BTreeMap<Id, u64>,
    /// The introductions of nodes that have a lineage, and when they last made them.
    introductions: BTreeMap<Id, (u64, bool, Instant)>,
    /// The nodes to which this node has introduced itself.
    introduced: BTreeSet<Id>,
    /// Nodes that stay in another lineage, and since when that is known.
    declined: BTreeMap<Id, Instant>,
    /// Those of them that leave for good, or take no part in groups at all.
    going: BTreeSet<Id>,
    /// Nodes that could not store what they were given.
    refusals: BTreeMap<Id, Refusals>,
}

/// The times at which a node could not store what it was given, without a longer pause between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Refusals {
    first: Instant,
    last: Instant,
}

impl Presence {
    /// Takes note that a node has asked or answered something.
    pub(super) fn heard(&mut self, now: Instant, node: Id) {
        if self.away.remove(&node).is_some() {
            self.distant.insert(node, now);
        }
        self.silent.remove(&node);
    }

    /// Takes note that a node has been asked, and has not answered.
    pub(super) fn missed(&mut self, now: Instant, node: Id) {
        self.distant.remove(&node);
        let fell_silent = self.silent.insert(node);
        // One that is no neighbour is unseen while it lives, too: it keeps its place from now on for as long as a lost neighbour does.
        if fell_silent
            && self.asked.contains_key(&node)
            && let Some(since) = self.away.get_mut(&node)
        {
            *since = now;
        }
    }

    /// Takes note that a node has said that it stops and will be back.
    pub(super) fn stops(&mut self, now: Instant, node: Id) {
        self.stopped.insert(node);
        self.missed(now, node);
    }

    /// Takes a node's introduction.
    pub(super) fn met(&mut self, now: Instant, node: Id, who: Introduction) {
        self.renewed.insert(node, who.incarnation);
        match who.lineage {
            Some(lineage) => {
                let introduction = (lineage, who.settled, now);
                self.introductions.insert(node, introduction);
            }
            None => drop(self.introductions.remove(&node)),
        }
    }

    /// The lineages of neighbours and members, as far as they have said them.
    pub(super) fn lineages(&self) -> impl Iterator<Item = u64> {
        self.introductions.values().map(|(lineage, ..)| *lineage)
    }

    /// Returns whether a node stays in another lineage than this: it has left the groups of this one, if it was in any.
    pub(super) fn has_left(&self, node: Id, lineage: u64) -> bool {
        let introduction = self.introductions.get(&node);
        introduction.is_some_and(|(other, settled, _)| *settled && *other != lineage)
    }

    /// Forgets the nodes that know this node's introduction: it has changed.
    pub(super) fn forget_introductions(&mut self) {
        self.introduced.clear();
        self.declined.clear();
        self.going.clear();
    }

    /// The nodes of the ring that do not know this one's incarnation yet, and are told now.
    pub(super) fn not_introduced(&mut self, ring: &[Contact]) -> Vec<Contact> {
        self.introduced
            .retain(|node| ring.iter().any(|other| other.id() == *node));
        let members = ring.iter().filter(|node| node.relays().is_empty());
        let new = members.filter(|node| self.introduced.insert(node.id()));
        new.cloned().collect()
    }

    /// Takes note that a node did not hear the introduction.
    pub(super) fn has_missed_introduction(&mut self, node: Id) {
        self.introduced.remove(&node);
    }

    /// A node stays in another lineage.
    pub(super) fn declines(&mut self, now: Instant, node: Id) {
        self.declined.insert(node, now);
    }

    /// A node did not introduce itself when it was asked to: it leaves for good, or takes no part in groups.
    pub(super) fn goes(&mut self, now: Instant, node: Id) {
        self.declines(now, node);
        self.going.insert(node);
    }

    /// Returns whether a node keeps no place in a group that is changed now, since it leaves for good.
    pub(super) fn is_going(&self, node: Id) -> bool {
        self.going.contains(&node)
    }

    /// Takes note that a node has introduced itself by itself, in this lineage or none: it is worth asking again.
    pub(super) fn is_back(&mut self, node: Id) {
        self.declined.remove(&node);
        self.going.remove(&node);
    }

    /// Returns whether a node is not worth asking, since it stays in another lineage.
    pub(super) fn has_declined(&self, node: Id) -> bool {
        self.declined.contains_key(&node)
    }

    /// Takes note that a node could not store what it was given: its disk refuses, or it has no room.
    pub(super) fn refused(&mut self, now: Instant, node: Id) {
        let refusals = self.refusals.entry(node);
        refusals
            .and_modify(|refusals| refusals.last = now)
            .or_insert(Refusals {
                first: now,
                last: now,
            });
    }

    /// Returns whether a node could not store what it was given a moment ago. After that it is worth another try.
    pub(super) fn refuses(&self, now: Instant, node: Id, patience: Patience) -> bool {
        let refusals = self.refusals.get(&node);
        refusals.is_some_and(|refusals| now.since(refusals.last) < patience.silent)
    }

    /// Returns whether a member's store is known to be gone.
    pub(super) fn has_lapsed(&self, member: &Member) -> bool {
        let now = self.renewed.get(&member.id());
        now.is_some_and(|incarnation| *incarnation != member.incarnation)
    }

    /// Compares the members with the nodes of the ring that live.
    pub(super) fn look(
        &mut self,
        now: Instant,
        members: &BTreeSet<Id>,
        look: &Look,
        patience: Patience,
        own: Option<u64>,
    ) {
        // A node may take part later: one that adopts a lineage, or has lost its own.
        self.declined
            .retain(|_, since| now.since(*since) < patience.declined);
        self.going.retain(|node| self.declined.contains_key(node));
        // Between two tries lie the patience and a look.
        self.refusals
            .retain(|_, refusals| now.since(refusals.last) < 2 * patience.silent);
        let ring = &look.ring;
        self.neighbours = ring.iter().map(Contact::id).collect();
        let lives = |node: &Id| ring.iter().any(|other| other.id() == *node);
        self.introductions
            .retain(|node, _| lives(node) || members.contains(node));
        let differs = |(lineage, _, since): &(u64, bool, Instant)| {
            Some(*lineage) != own && now.since(*since) >= patience.silent
        };
        let others = self.introductions.iter().filter(|(_, one)| differs(one));
        for (node, _) in others {
            self.introduced.remove(node);
        }
        // Who stops is in the ring for another moment: only who was away is back.
        let back = |node: &Id| lives(node) && self.away.contains_key(node);
        self.stopped
            .retain(|node| members.contains(node) && !back(node));
        self.away
            .retain(|node, _| members.contains(node) && !lives(node));
        self.renewed.retain(|node, _| members.contains(node));
        for node in members.iter().filter(|node| !lives(node)) {
            self.away.entry(*node).or_insert(now);
            if look.knows_around(*node) {
                self.silent.insert(*node);
            }
        }
        self.silent
            .retain(|node| members.contains(node) && !lives(node));
        self.distant.retain(|node, since| {
            members.contains(node) && !lives(node) && now.since(*since) < patience.silent
        });
        self.asked.retain(|node, since| {
            members.contains(node) && !lives(node) && now.since(*since) < patience.silent
        });
    }

    /// Takes note that a member that is no neighbour is asked now whether it is there, if it is to be: where nothing was heard of it within
    /// the patience with silent ones, once in that time; one that is silent, once at each look.
    pub(super) fn is_to_be_asked(&mut self, now: Instant, node: Id) -> bool {
        let last = self.asked.get(&node);
        let due = match self.silent.contains(&node) {
            true => last != Some(&now),
            false => last.is_none() && !self.distant.contains_key(&node),
        };
        if due {
            self.asked.insert(node, now);
        }
        due
    }

    /// Returns whether a node may be a member of groups of a lineage, as far as it has not declined lately. (ours) One that is reached
    /// through a relay may not: a tab shares its relay's fate, and its user closes it at any time.
    pub(super) fn may_take_part(&self, node: &Contact, lineage: Option<u64>) -> bool {
        let left = lineage.is_some_and(|lineage| self.has_left(node.id(), lineage));
        node.relays().is_empty() && !left
    }

    /// The neighbours that can be members of groups of a lineage, and this node.
    pub(super) fn candidates(
        &self,
        me: &Contact,
        look: &Look,
        lineage: Option<u64>,
    ) -> Vec<Contact> {
        let mut there: Vec<Contact> = Vec::new();
        for node in look.ring.iter().chain(Some(me)) {
            let stays = self.may_take_part(node, lineage) && !self.has_declined(node.id());
            let goes = look.leaving && node.id() == me.id();
            let known = there.iter().any(|other| other.id() == node.id());
            if stays && !goes && !known {
                there.push(node.clone());
            }
        }
        there
    }

    /// Returns whether a node was a neighbour on the ring when they were looked at last.
    pub(super) fn is_neighbour(&self, node: Id) -> bool {
        self.neighbours.contains(&node)
    }

    /// Returns whether a member that is no neighbour was heard of within the patience with silent ones, and takes part.
    pub(super) fn is_distant(&self, node: Id) -> bool {
        self.distant.contains_key(&node) && !self.has_declined(node)
    }

    /// Returns whether a member is not among the neighbours, and nothing was heard of it since they were last looked at. In a larger ring
    /// that says little of one that is no neighbour.
    pub(super) fn is_unseen(&self, node: Id) -> bool {
        self.away.contains_key(&node)
    }

    /// Returns whether a member is away, as far as there is evidence of it.
    pub(super) fn is_away(&self, node: Id) -> bool {
        self.is_unseen(node) && self.silent.contains(&node)
    }

    /// Returns since when a member is away, as far as there is evidence that it is.
    pub(super) fn away_since(&self, node: Id) -> Option<Instant> {
        let since = self.away.get(&node).copied();
        since.filter(|_| self.is_away(node))
    }

    /// Returns whether a member has said that it stops, and is away.
    pub(super) fn has_stopped(&self, node: Id) -> bool {
        self.stopped.contains(&node) && self.is_away(node)
    }

    /// Returns whether a member has been away, or could not store anything, for so long that another node takes its place.
    pub(super) fn is_given_up(&self, now: Instant, node: Id, patience: Patience) -> bool {
        let refusals = self.refusals.get(&node);
        let refuses = refusals.is_some_and(|it| now.since(it.first) >= patience.silent);
        if refuses && self.refuses(now, node, patience) {
            return true;
        }
        let patience = match self.stopped.contains(&node) {
            true => patience.stopped,
            false => patience.silent,
        };
        let away = self.away.get(&node);
        away.is_some_and(|since| now.since(*since) >= patience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Space;
    use crate::base::identity::Signer;
    use alloc::vec;
    use core::time::Duration;

    fn id(number: u64) -> Id {
        Id::from_u64(number)
    }

    fn contact(number: u64) -> Contact {
        let space = Space::new(8).unwrap();
        Contact::stand_in(space, &Signer::stand_in(id(number)), 1)
    }

    #[test]
    fn who_stops_keeps_its_place_longer_than_who_falls_silent_and_who_is_heard_keeps_it() {
        let patience = Patience::default();
        let mut presence = Presence::default();
        let members = BTreeSet::from([id(1), id(2), id(3)]);
        presence.stops(Instant::ZERO, id(2));
        let look = Look {
            ring: vec![contact(3)],
            ..Look::default()
        };
        presence.look(Instant::ZERO, &members, &look, patience, None);
        let later = Instant::ZERO + patience.silent;
        let given_up = |presence: &Presence, now| {
            [1, 2, 3].map(|node| presence.is_given_up(now, id(node), patience))
        };
        assert_eq!(given_up(&presence, later), [true, false, false]);
        assert_eq!(
            [1, 2, 3].map(|node| presence.is_away(id(node))),
            [true, true, false]
        );
        let end = Instant::ZERO + patience.stopped;
        assert_eq!(given_up(&presence, end), [true, true, false]);
        presence.heard(end, id(1));
        presence.look(end, &members, &look, patience, None);
        assert_eq!(given_up(&presence, end), [false, true, false]);
    }

    #[test]
    fn who_cannot_store_is_tried_again_after_a_while_and_loses_its_place_if_it_cannot_still() {
        let patience = Patience::default();
        let at = |secs: u64| Instant::ZERO + Duration::from_secs(secs);
        let mut presence = Presence::default();
        let look = |presence: &mut Presence, secs| {
            presence.look(at(secs), &BTreeSet::new(), &Look::default(), patience, None);
            let refuses = presence.refuses(at(secs), id(1), patience);
            (refuses, presence.is_given_up(at(secs), id(1), patience))
        };
        assert_eq!(patience.silent, Duration::from_secs(30));
        assert_eq!(look(&mut presence, 0), (false, false));
        presence.refused(at(0), id(1));
        assert_eq!(look(&mut presence, 29), (true, false));
        assert_eq!(look(&mut presence, 31), (false, false), "it is tried again");
        presence.refused(at(32), id(1));
        assert_eq!(look(&mut presence, 33), (true, true));
        assert_eq!(look(&mut presence, 92), (false, false));
        presence.refused(at(93), id(1));
        assert_eq!(look(&mut presence, 94), (true, false), "it is another time");
    }

    #[test]
    fn who_is_no_neighbour_is_away_only_once_it_did_not_answer_or_has_said_that_it_stops() {
        let patience = Patience::default();
        let mut presence = Presence::default();
        // This node is 20, between 10 and 40.
        let members = BTreeSet::from([id(10), id(30), id(50), id(60)]);
        let look = Look {
            ring: vec![contact(40), contact(10)],
            arc: Some((id(10), id(40))),
            ..Look::default()
        };
        let away = |presence: &Presence| [10, 30, 50, 60].map(|node| presence.is_away(id(node)));
        presence.look(Instant::ZERO, &members, &look, patience, None);
        assert_eq!(away(&presence), [false, true, false, false]);
        presence.missed(Instant::ZERO, id(50));
        presence.stops(Instant::ZERO, id(60));
        presence.missed(Instant::ZERO, id(10));
        presence.look(Instant::ZERO, &members, &look, patience, None);
        assert_eq!(away(&presence), [false, true, true, true]);
        presence.heard(Instant::ZERO, id(50));
        presence.heard(Instant::ZERO, id(60));
        presence.look(Instant::ZERO, &members, &look, patience, None);
        assert_eq!(away(&presence), [false, true, false, false]);
        let distant =
            |presence: &Presence| [10, 30, 50, 60].map(|node| presence.is_distant(id(node)));
        assert_eq!(distant(&presence), [false, false, true, true]);
        presence.stops(Instant::ZERO, id(60));
        assert_eq!(distant(&presence), [false, false, true, false]);
        let whole = Look { arc: None, ..look };
        presence.look(Instant::ZERO, &members, &whole, patience, None);
        assert_eq!(away(&presence), [false, true, true, true]);
        let later = Instant::ZERO + patience.silent;
        presence.look(later, &members, &whole, patience, None);
        assert_eq!(distant(&presence), [false; 4], "it is asked again");
    }

    #[test]
    fn who_is_no_neighbour_is_asked_once_in_a_while_and_at_each_look_while_it_is_silent() {
        let patience = Patience::default();
        let at = |secs: u64| Instant::ZERO + Duration::from_secs(secs);
        let members = BTreeSet::from([id(50)]);
        let mut presence = Presence::default();
        let around = Look {
            ring: vec![contact(40), contact(10)],
            arc: Some((id(10), id(40))),
            ..Look::default()
        };
        let look = |presence: &mut Presence, secs| {
            presence.look(at(secs), &members, &around, patience, None);
            // For one group, and for another one.
            [(); 2].map(|()| presence.is_to_be_asked(at(secs), id(50)))
        };
        assert_eq!(look(&mut presence, 0), [true, false]);
        assert_eq!(look(&mut presence, 5), [false; 2], "it may answer");
        presence.heard(at(6), id(50));
        assert_eq!(look(&mut presence, 35), [false; 2]);
        assert_eq!(look(&mut presence, 36), [true, false]);
        presence.missed(at(40), id(50));
        for secs in [40, 45, 69] {
            assert_eq!(look(&mut presence, secs), [true, false]);
            assert!(!presence.is_given_up(at(secs), id(50), patience));
            presence.missed(at(secs + 1), id(50));
        }
        assert_eq!(presence.away_since(id(50)), Some(at(40)));
        assert_eq!(look(&mut presence, 70), [true, false]);
        assert!(presence.is_given_up(at(70), id(50), patience));
    }
}
