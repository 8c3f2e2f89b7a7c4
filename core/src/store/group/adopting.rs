//! Giving a lineage up for another one that the ring has, which only a person decides.
//!
//! From the moment it is asked for, this node orders no more writes. Each record that it keeps is taken care of by its owner: written in
//! the other lineage, or exported. Then the node leaves its groups: to the other members of its lineage where there are any, and
//! they have what this node may have missed. A group that it is alone in ends, once every record of it has been taken care of as it
//! is now.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::store::group::configuration::{GroupId, Member, Stamp};
use crate::store::group::machine::After;
use crate::store::group::table::Row;
use crate::store::group::upkeep::Wanted;
use crate::store::group::{Effect, Entry, Groups, Held, Lineage};

/// A lineage that is being given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Adopting {
    /// The one that this node takes then.
    lineage: u64,
    /// The records that have been taken care of, at these stamps.
    settled: BTreeMap<Id, Stamp>,
}

impl Groups {
    /// Records that are still to be taken care of before this node gives its lineage up, in the order of their keys, from behind
    /// `last` on. A record that was deleted leaves nothing to be kept.
    pub fn unsettled(&self, last: Option<Id>, limit: usize) -> Vec<Entry> {
        let Some(adopting) = &self.adopting else {
            return Vec::new();
        };
        let rows = self.table.behind(last);
        let open = rows.filter(|(key, row)| self.is_unsettled(adopting, *key, row));
        open.take(limit)
            .map(|(_, row)| row.entry(self.now))
            .collect()
    }

    fn is_unsettled(&self, adopting: &Adopting, key: Id, row: &Row) -> bool {
        let lives = row.life.is_live(self.now) && row.record.value().is_some();
        lives && adopting.settled.get(&key) != Some(&row.stamp)
    }

    /// The lineage that this node is about to take.
    pub fn adopts(&self) -> Option<u64> {
        self.adopting.as_ref().map(|adopting| adopting.lineage)
    }

    /// The lineages that neighbours of this node have, besides its own.
    pub fn other_lineages(&self) -> BTreeSet<u64> {
        let own = self.lineage.map(|lineage| lineage.number);
        let others = self.presence.lineages();
        others.filter(|number| Some(*number) != own).collect()
    }

    pub(super) fn adopt(&mut self, lineage: u64) {
        if self.adopts() == Some(lineage) {
            return;
        }
        let settled = BTreeMap::new();
        self.adopting = Some(Adopting { lineage, settled });
    }

    pub(super) fn settle(&mut self, key: Id, stamp: Stamp) {
        if let Some(adopting) = &mut self.adopting {
            adopting.settled.insert(key, stamp);
            self.effects.push(Effect::LookSoon);
        }
    }

    pub(super) fn keep_lineage(&mut self) {
        self.adopting = None;
        self.presence.forget_introductions();
        self.effects.push(Effect::LookSoon);
    }

    /// Whether all that this node keeps has been taken care of, so that it can leave its groups.
    pub(super) fn gives_up(&self) -> bool {
        let Some(adopting) = &self.adopting else {
            return false;
        };
        let mut rows = self.table.behind(None);
        !rows.any(|(key, row)| self.is_unsettled(adopting, key, row))
    }

    /// Leaves a group to its other members, whoever of them is there.
    pub(super) fn hand_on(&mut self, id: GroupId) {
        let Some(held) = self.held.get(&id) else {
            return;
        };
        let me = self.me.id();
        let lineage = held.group.lineage;
        let others = held.group.members.iter().filter(|member| {
            // Who has given the lineage up before.
            member.id() != me && !self.presence.has_left(member.id(), lineage)
        });
        let mut others: Vec<Contact> = others.map(|member| member.contact.clone()).collect();
        let absent = |node: &Contact| self.presence.has_declined(node.id());
        // Who is away cannot be the primary.
        others.sort_by_key(absent);
        let away: BTreeSet<Id> = others
            .iter()
            .filter(|n| absent(n))
            .map(Contact::id)
            .collect();
        let alone = others.is_empty();
        if (alone && held.accepted.is_none()) || (!alone && away.len() * 2 >= others.len()) {
            return;
        }
        // What was accepted here may have been decided, and is completed first.
        let members = if alone { vec![self.me.clone()] } else { others };
        self.start_change(
            id,
            Wanted {
                members,
                split: None,
                absent: away,
                lost: BTreeSet::new(),
                around: Vec::new(),
            },
        );
    }

    /// Takes the other lineage once this node is alone in all the groups that it still has.
    pub(super) fn take_other_lineage(&mut self) {
        let me = self.me.id();
        let alone = |held: &Held| {
            let mut members = held.group.members.iter().map(Member::id);
            let free = held.decided.is_none() && held.accepted.is_none();
            free && members.all(|member| member == me)
        };
        let ended = self.held.values().all(alone) && self.changes.is_empty();
        if !ended || !self.staged.is_empty() {
            return;
        }
        let Some(Adopting { lineage, .. }) = self.adopting.take() else {
            return;
        };
        let own: Vec<GroupId> = self.held.keys().copied().collect();
        for id in own {
            self.forget(id);
        }
        self.lineage = Some(Lineage {
            number: lineage,
            // It was chosen, and is not given up for whichever comes next.
            written: true,
        });
        // Repairs of the one say nothing of the other.
        self.floor.generation = 0;
        self.presence.forget_introductions();
        self.save_control(vec![After::Adopted(lineage)]);
    }
}
