//! Adoption: giving a lineage up for another one of the ring, by an operator's order only.
//!
//! From the moment it is asked for, this node orders no more writes. Each record that it keeps is taken care of by its owner: written in
//! the other lineage, or exported. Then the node leaves its groups: to the other members of its lineage where there are any, and
//! they have what this node may have missed. A group that it is alone in ends, once every record of it has been taken care of as it
//! is now, and the other lineage has been found to stand: two that are given up for one another at the same time would both be lost. Deletions and
//! records that have run out are taken care of like others, since what they replaced may be in the other lineage already.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::store::group::change::Wanted;
use crate::store::group::configuration::Member;
use crate::store::group::message::Introduction;
use crate::store::group::shared::{After, Shared};
use crate::store::group::table::Row;
use crate::store::group::{Entry, Held, Settled};

/// A lineage that is being given up, if one is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Adopting {
    order: Option<Order>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Order {
    /// The lineage that this node takes then.
    lineage: u64,
    /// The records that have been taken care of.
    settled: BTreeMap<Id, Settled>,
    /// True if the other lineage was found to stand after this one was alone.
    lets_go: bool,
}

impl Order {
    fn is_unsettled(&self, shared: &Shared, key: Id, row: &Row) -> bool {
        let is_settled = |settled: &Settled| {
            // An entry that no majority had may still come to be the group's, once this node is all of it.
            let has_all = || settled.brought >= row.stamp || !is_alone_with(shared, key);
            settled.own == row.stamp && has_all()
        };
        let settled = self.settled.get(&key);
        !row.life.is_forgotten(shared.now()) && !settled.is_some_and(is_settled)
    }
}

/// Returns whether this node is all of its group of a key.
fn is_alone_with(shared: &Shared, key: Id) -> bool {
    let open = shared.roster.open();
    let mut covering = open.filter(|held| held.group.covers(key)).peekable();
    covering.peek().is_some() && covering.all(|held| held.group.members.len() == 1)
}

impl Adopting {
    /// Records that are still to be taken care of before this node gives its lineage up, in the order of their keys, from behind
    /// `last` on, tombstones included.
    pub(super) fn unsettled(&self, shared: &Shared, last: Option<Id>, limit: usize) -> Vec<Entry> {
        let Some(order) = &self.order else {
            return Vec::new();
        };
        let now = shared.now();
        let rows = shared.table.behind(last);
        let open = rows.filter(|(key, row)| order.is_unsettled(shared, *key, row));
        open.take(limit).map(|(_, row)| row.entry(now)).collect()
    }

    /// The lineage that this node is about to take.
    pub(super) fn lineage(&self) -> Option<u64> {
        self.order.as_ref().map(|order| order.lineage)
    }

    pub(super) fn begin(&mut self, lineage: u64) {
        if self.lineage() == Some(lineage) {
            return;
        }
        self.order = Some(Order {
            lineage,
            settled: BTreeMap::new(),
            lets_go: false,
        });
    }

    /// Takes note that a record has been taken care of, as it was at this place.
    pub(super) fn settle(&mut self, shared: &mut Shared, key: Id, settled: Settled) {
        if let Some(order) = &mut self.order {
            order.settled.insert(key, settled);
            shared.look_soon();
        }
    }

    /// Takes note that the other lineage stands.
    pub(super) fn let_go(&mut self, shared: &mut Shared) {
        if let Some(order) = &mut self.order {
            order.lets_go = true;
            shared.look_soon();
        }
    }

    /// Cancels the adoption: the lineage is kept.
    pub(super) fn cancel(&mut self, shared: &mut Shared) {
        self.order = None;
        shared.presence.forget_introductions();
        shared.look_soon();
    }

    /// Returns whether all that this node keeps has been taken care of, so that it can leave its groups.
    pub(super) fn gives_up(&self, shared: &Shared) -> bool {
        let Some(order) = &self.order else {
            return false;
        };
        let mut rows = shared.table.behind(None);
        !rows.any(|(key, row)| order.is_unsettled(shared, key, row))
    }

    /// Returns this node's introduction. While it leaves its groups to adopt another lineage, it has that already.
    pub(super) fn introduction(&self, shared: &Shared) -> Introduction {
        let leaves_for = self.lineage().filter(|_| self.gives_up(shared));
        Introduction {
            incarnation: shared.own.settings.incarnation,
            lineage: leaves_for.or_else(|| shared.roster.lineage_number()),
            settled: leaves_for.is_some() || shared.roster.is_settled(),
        }
    }

    /// Returns this node's introduction as the answer to another one's. One that leaves its groups as well may hand them on to this node.
    pub(super) fn introduction_to(&self, shared: &Shared, other: Introduction) -> Introduction {
        match other.lineage.is_some() && other.lineage == self.lineage() {
            true => Introduction {
                lineage: shared.roster.lineage_number(),
                ..self.introduction(shared)
            },
            false => self.introduction(shared),
        }
    }

    /// The change that leaves a group to those of its other members that are present. (ours) Where they are no majority of all others, those
    /// that have been away for as long as a silent member keeps its place are left out, however they went: what the group acknowledged is with
    /// those that are there, and a member that is gone for good would keep this node in its lineage for good.
    pub(super) fn hand_on(shared: &Shared, held: &Held) -> Option<Wanted> {
        let me = shared.id();
        let lineage = held.group.lineage;
        let others = held.group.members.iter().filter(|member| {
            // Who has given the lineage up before.
            member.id() != me && !shared.presence.has_left(member.id(), lineage)
        });
        let others = others.map(|member| member.contact.clone());
        let is_away = |node: &Contact| shared.presence.has_declined(node.id());
        // Who is away cannot be the primary.
        let (mut away, mut others): (Vec<Contact>, Vec<Contact>) = others.partition(is_away);
        let alone = others.is_empty() && away.is_empty();
        if away.len() >= others.len() {
            let patience = shared.own.settings.patience.silent;
            let since = |node: &Contact| shared.presence.away_since(node.id());
            let is_given_up = |since| shared.now().since(since) >= patience;
            away.retain(|node| !since(node).is_some_and(is_given_up));
        }
        if (alone && held.accepted.is_none()) || (!alone && away.len() >= others.len()) {
            return None;
        }
        others.extend(away.iter().cloned());
        let away: BTreeSet<Id> = away.iter().map(Contact::id).collect();
        // What was accepted here may have been decided, and is completed first.
        let members = match alone {
            true => vec![shared.own.contact.clone()],
            false => others,
        };
        Some(Wanted {
            members,
            split: None,
            absent: away,
            lost: BTreeSet::new(),
            around: Vec::new(),
        })
    }

    /// Returns whether all is taken care of, and this node is alone in all the groups that it still has and changes none.
    pub(super) fn is_about_to_let_go(&self, shared: &Shared, is_changing: bool) -> bool {
        let me = shared.id();
        let alone = |held: &Held| {
            let mut members = held.group.members.iter().map(Member::id);
            let free = held.decided.is_none() && held.accepted.is_none();
            free && members.all(|member| member == me)
        };
        let ended = shared.roster.held().all(alone) && !is_changing;
        // What an attempt of an earlier run staged to follow such a group was not decided, since this node has not accepted it.
        ended && shared.roster.foreign_parents().is_empty() && self.gives_up(shared)
    }

    /// Takes the other lineage once nothing keeps this node in its own.
    pub(super) fn finish(&mut self, shared: &mut Shared, is_changing: bool) {
        let lets_go = self.order.as_ref().is_some_and(|order| order.lets_go);
        if !lets_go || !self.is_about_to_let_go(shared, is_changing) {
            return;
        }
        let Some(Order { lineage, .. }) = self.order.take() else {
            return;
        };
        for id in shared.roster.ids() {
            shared.forget(id);
        }
        shared.roster.adopt_lineage(lineage);
        shared.presence.forget_introductions();
        shared.save_control(vec![After::Adopted(lineage)]);
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::base::time::Instant;
    use crate::store::group::configuration::Stamp;
    use crate::store::group::shared::Act;
    use crate::store::group::testing::{self, contact, entry, group, id};
    use crate::store::group::{Effect, Look};

    const OTHER: u64 = testing::LINEAGE + 1;

    /// Node 1 of a group with these members and one record; the key and stamp of that.
    fn node(members: &[u64]) -> (Shared, Id, Stamp) {
        let group = group((0, 0), 1, members);
        let mut shared = testing::shared(1, core::slice::from_ref(&group));
        let entry = entry("a", group.epoch, 1);
        shared.table.insert(shared.now(), &entry).unwrap();
        let key = shared.table.key(&entry.copy.record);
        (shared, key, entry.stamp)
    }

    const fn at(stamp: Stamp) -> Settled {
        let (own, brought) = (stamp, stamp);
        Settled { own, brought }
    }

    #[test]
    fn the_lineage_is_taken_once_every_record_is_settled_and_no_change_is_under_way() {
        let (mut shared, key, stamp) = node(&[1]);
        let mut adopting = Adopting::default();
        adopting.finish(&mut shared, false);
        assert!(adopting.unsettled(&shared, None, 9).is_empty() && shared.roster.has_groups());
        adopting.begin(OTHER);
        assert_eq!(adopting.unsettled(&shared, None, 9).len(), 1);
        assert!(adopting.unsettled(&shared, Some(key), 9).is_empty());
        let own = adopting.introduction(&shared);
        assert_eq!((own.lineage, own.settled), (Some(testing::LINEAGE), false));
        adopting.settle(&mut shared, key, at(Stamp::default()));
        assert!(!adopting.gives_up(&shared), "it has changed since");
        let of_nobody_else = Settled {
            brought: Stamp::default(),
            ..at(stamp)
        };
        adopting.settle(&mut shared, key, of_nobody_else);
        assert!(!adopting.gives_up(&shared), "it is the group's now");
        adopting.settle(&mut shared, key, at(stamp));
        assert!(adopting.gives_up(&shared));
        let own = adopting.introduction(&shared);
        assert_eq!((own.lineage, own.settled), (Some(OTHER), true));
        let to_another = adopting.introduction_to(&shared, own);
        assert_eq!(
            to_another.lineage,
            Some(testing::LINEAGE),
            "who leaves as well"
        );
        shared.outbox.take_acts();
        adopting.finish(&mut shared, false);
        assert_eq!(shared.outbox.take_acts(), [], "the other one may be gone");
        assert!(adopting.is_about_to_let_go(&shared, false));
        adopting.let_go(&mut shared);
        assert_eq!(shared.outbox.take_acts(), [Act::Effect(Effect::LookSoon)]);
        adopting.finish(&mut shared, true);
        assert_eq!(shared.outbox.take_acts(), []);
        adopting.finish(&mut shared, false);
        let acts = shared.outbox.take_acts();
        let group = group((0, 0), 1, &[]).id();
        assert_eq!(acts.first(), Some(&Act::Ended(group)));
        let saved = Act::SaveControl(vec![After::Adopted(OTHER)]);
        assert_eq!(acts.last(), Some(&saved));
        assert_eq!(adopting.lineage(), None);
        let lineage = shared.roster.lineage();
        assert!(lineage.is_some_and(|own| own.number == OTHER && own.written));
    }

    #[test]
    fn a_group_with_others_is_left_to_them_and_not_ended() {
        let (mut shared, key, stamp) = node(&[1, 2, 3]);
        let mut adopting = Adopting::default();
        adopting.begin(OTHER);
        let of_others = Settled {
            brought: Stamp::default(),
            ..at(stamp)
        };
        adopting.settle(&mut shared, key, of_others);
        adopting.let_go(&mut shared);
        adopting.finish(&mut shared, false);
        assert_eq!(adopting.lineage(), Some(OTHER), "it is not alone");
        let wanted = |shared: &Shared| {
            let held = shared.roster.held().next()?;
            Adopting::hand_on(shared, held)
        };
        shared.presence.declines(shared.own.now, id(2));
        assert_eq!(wanted(&shared), None, "too few are there");
        shared.presence.forget_introductions();
        let members = wanted(&shared).map(|wanted| wanted.members);
        assert_eq!(members, Some([2, 3].map(contact).to_vec()));
        // A node that has left for another lineage is not handed anything.
        let left = Introduction {
            incarnation: 2,
            lineage: Some(OTHER),
            settled: true,
        };
        shared.presence.met(shared.own.now, id(2), left);
        let members = wanted(&shared).map(|wanted| wanted.members);
        assert_eq!(members, Some(vec![contact(3)]));
    }

    #[test]
    fn a_group_is_left_without_a_member_that_is_gone_for_good_and_not_before() {
        let (mut shared, ..) = node(&[1, 2, 3]);
        let (members, patience) = ([2, 3].map(id).into(), shared.own.settings.patience);
        // Member 3 says that it stops, and goes; member 2 stays.
        shared.presence.stops(shared.now(), id(3));
        let look = Look {
            ring: vec![contact(2)],
            ..Look::default()
        };
        let mut left_to = |after: Duration| {
            shared.own.now = Instant::ZERO + after;
            let now = shared.now();
            shared.presence.look(now, &members, &look, patience, None);
            shared.presence.declines(now, id(3));
            let held = shared.roster.held().next()?;
            Adopting::hand_on(&shared, held).map(|wanted| (wanted.members, wanted.absent))
        };
        assert_eq!(left_to(Duration::ZERO), None);
        assert_eq!(left_to(patience.silent - Duration::from_millis(1)), None);
        let silent = patience.silent.as_secs();
        crate::page::must_say(&alloc::format!(
            "members of which nothing was heard for {silent} seconds are left out"
        ));
        let alone = (vec![contact(2)], BTreeSet::new());
        assert_eq!(left_to(patience.silent), Some(alone));
        // Where both are gone nothing can be decided.
        let nobody = Look::default();
        for now in [shared.now(), shared.now() + patience.silent] {
            shared.own.now = now;
            shared.presence.look(now, &members, &nobody, patience, None);
            shared.presence.declines(now, id(2));
            shared.presence.declines(now, id(3));
        }
        let held = shared.roster.held().next().unwrap();
        assert_eq!(Adopting::hand_on(&shared, held), None);
    }

    #[test]
    fn what_an_attempt_of_an_earlier_run_staged_here_keeps_nothing_and_what_others_staged_does() {
        let (mut shared, key, stamp) = node(&[1]);
        let mut adopting = Adopting::default();
        adopting.begin(OTHER);
        adopting.settle(&mut shared, key, at(stamp));
        // Without this node's acceptance it was not decided.
        let own = group((0, 0), 1, &[1]);
        shared
            .roster
            .stage(own, testing::next(testing::epoch(0, 2), &[1, 2]));
        assert!(adopting.is_about_to_let_go(&shared, false));
        let others = group((0, 100), 1, &[2]);
        shared
            .roster
            .stage(others, testing::next(testing::epoch(0, 2), &[1, 2]));
        assert!(!adopting.is_about_to_let_go(&shared, false));
    }

    #[test]
    fn what_is_kept_after_all_is_nothing_to_be_settled() {
        let (mut shared, ..) = node(&[1]);
        let mut adopting = Adopting::default();
        adopting.begin(OTHER);
        adopting.cancel(&mut shared);
        assert_eq!(adopting.lineage(), None);
        assert!(adopting.unsettled(&shared, None, 9).is_empty());
        assert_eq!(shared.outbox.take_acts(), [Act::Effect(Effect::LookSoon)]);
    }
}
