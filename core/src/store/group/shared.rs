//! The context of every part of level `quorum`: this node, its groups, their records, the presence of nodes, and the effects to carry out.
//!
//! The orders of a part to another one, or to the node itself as a member, are [`Act`]s: the router carries acts out in their
//! order, each with all that comes of it before the next, so that effects have the order of a plain call.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::gather::gather;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::store::group::configuration::{Configuration, GroupId, Member, Next, Stamp};
use crate::store::group::fence::Fence;
use crate::store::group::message::{Request, Response};
use crate::store::group::presence::Presence;
use crate::store::group::repair::RepairError;
use crate::store::group::roster::Roster;
use crate::store::group::table::Table;
use crate::store::group::{
    Control, Effect, Entry, Lineage, Look, Rules, Save, Settings, Ticket, Token,
};
use crate::store::record::RecordError;

/// A continuation: happens once something is saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum After {
    Answer(Ticket, Response),
    /// The row of this key and stamp is safe.
    Row(Id, Stamp),
    /// The node is the primary of a new group.
    Lead(GroupId),
    /// A change may begin.
    Begin(GroupId, u64),
    /// A change has got an entry.
    Fetched(GroupId, u64),
    /// The repair of this number is done.
    Repaired(u64, Fence),
    /// The node has given its lineage up for this one.
    Adopted(u64),
}

/// An order of a part: to the outside, or to another part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Effect(Effect),
    /// Asks this node itself: it is a member like others.
    Itself(Token, Request),
    /// Introduces this node to these.
    Introduce(Token, Vec<Contact>),
    /// Saves the control record as it is then.
    SaveControl(Vec<After>),
    /// Goes on after a save, which may have failed.
    GoOn(After, Result<(), RecordError>),
    /// Follows the decision of what follows a group.
    Follow(GroupId, Box<Next>),
    /// Tells those concerned what was decided.
    Tell(GroupId),
    /// Ends all that is tried with a group: this node is no member any more.
    Ended(GroupId),
    /// Ends an attempt to change a group, if there is one.
    EndAttempt(GroupId),
    /// An attempt to change a group has failed, and the ring may have changed.
    AttemptEnded(GroupId),
    /// An attempt to change a group got no answer from a node that was thought to be there.
    TryAgainSoon(GroupId),
    /// Ends a repair that was ordered and cannot be done.
    EndRepair(GroupId, RepairError),
}

/// The node's contact and settings, and the time of this step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Own {
    pub(super) contact: Contact,
    pub(super) settings: Settings,
    pub(super) now: Instant,
}

/// The acts that are to be carried out, and the continuations that wait for the disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outbox {
    last_number: u64,
    acts: Vec<Act>,
    saving: BTreeMap<u64, Vec<After>>,
    /// True if the disk refused what it was given last.
    disk_refuses: bool,
    /// The answers of this node to itself.
    inbox: VecDeque<(Token, Response)>,
    effects: Vec<Effect>,
}

impl Outbox {
    /// A new number for a round, a step of a change or something to be saved.
    pub(super) const fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    pub(super) fn act(&mut self, act: Act) {
        self.acts.push(act);
    }

    pub(super) fn effect(&mut self, effect: Effect) {
        self.act(Act::Effect(effect));
    }

    pub(super) fn answer(&mut self, ticket: Ticket, response: Response) {
        match ticket {
            Ticket::Itself(token) => self.inbox.push_back((token, response)),
            ticket => self.effect(Effect::Answer(ticket, response)),
        }
    }

    /// Saves something, and goes on after that; with `save_first` unset at once.
    pub(super) fn save(&mut self, what: Save, after: Vec<After>, save_first: bool) {
        let number = self.number();
        self.effect(Effect::Save(number, what));
        if save_first {
            self.saving.insert(number, after);
        } else {
            self.acts
                .extend(after.into_iter().map(|after| Act::GoOn(after, Ok(()))));
        }
    }

    /// Goes on after the disk has taken something, or could not.
    pub(super) fn saved(&mut self, number: u64, outcome: Result<(), RecordError>) {
        let after = self.saving.remove(&number).unwrap_or_default();
        self.acts
            .extend(after.into_iter().map(|after| Act::GoOn(after, outcome)));
        let refused = core::mem::replace(&mut self.disk_refuses, outcome.is_err());
        if refused && outcome.is_ok() {
            // There may be groups to lead.
            self.effect(Effect::LookSoon);
        }
    }

    /// Returns whether the disk refused what it was given last: nothing can be promised before it takes something again.
    pub(super) const fn disk_refuses(&self) -> bool {
        self.disk_refuses
    }

    /// The acts that are to be carried out now.
    pub(super) fn take_acts(&mut self) -> Vec<Act> {
        core::mem::take(&mut self.acts)
    }

    /// Adds an effect whose turn in the order has come.
    pub(super) fn emit(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    pub(super) fn take_answer(&mut self) -> Option<(Token, Response)> {
        self.inbox.pop_front()
    }

    pub(super) fn take_effects(&mut self) -> Vec<Effect> {
        core::mem::take(&mut self.effects)
    }
}

/// The context of every part. A part gets it with each call, and keeps nothing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shared {
    pub(super) own: Own,
    pub(super) roster: Roster,
    pub(super) table: Table,
    pub(super) presence: Presence,
    pub(super) outbox: Outbox,
}

impl Shared {
    /// Makes the state of a node without groups.
    pub(super) fn new(contact: Contact, settings: Settings) -> Self {
        let Settings {
            space,
            scheme,
            records,
            record_bytes,
            incarnation,
            ..
        } = settings;
        Self {
            roster: Roster::new(contact.id(), incarnation),
            table: Table::new(space, scheme, records, record_bytes),
            presence: Presence::default(),
            outbox: Outbox::default(),
            own: Own {
                contact,
                settings,
                now: Instant::ZERO,
            },
        }
    }

    /// Restores the data that was saved in an earlier run. Returns whether the same incarnation of the store saved it.
    pub(super) fn restore(&mut self, now: Instant, control: Control, entries: &[Entry]) -> bool {
        self.own.now = now;
        // What another store has kept may be less than what was promised: this node is taken in anew by the others.
        let same = control.incarnation == self.own.settings.incarnation;
        let keeps_groups = same || !self.rules().incarnation;
        self.roster.restore(control, keeps_groups);
        if !keeps_groups {
            return false;
        }
        // An entry may have been saved just before the note of it would have been.
        self.roster.recall_writes(!entries.is_empty());
        for entry in entries {
            let key = self.table.key(&entry.copy.record);
            // What does not fit any more was refused before, or the limits have changed.
            let _ = self.table.insert(now, entry);
            self.table.saved(key, entry.stamp);
        }
        true
    }

    pub(super) const fn id(&self) -> Id {
        self.own.contact.id()
    }

    pub(super) const fn now(&self) -> Instant {
        self.own.now
    }

    pub(super) const fn rules(&self) -> Rules {
        self.own.settings.rules
    }

    /// The node that asks.
    pub(super) const fn asker(&self, ticket: &Ticket) -> Id {
        match ticket {
            Ticket::Peer(contact, _) => contact.id(),
            Ticket::Operation(_) | Ticket::Itself(_) => self.id(),
        }
    }

    /// Returns whether a node is a neighbour on the ring, or shares a group with this one. Others have no say in what this node keeps.
    pub(super) fn is_acquainted_with(&self, node: Id) -> bool {
        self.roster.shares_group_with(node) || node == self.id() || self.presence.is_neighbour(node)
    }

    /// Returns whether a node could not store what it was given a moment ago.
    pub(super) fn refuses(&self, node: Id) -> bool {
        let patience = self.own.settings.patience;
        self.presence.refuses(self.own.now, node, patience)
    }

    /// The neighbours that can be members and store what they are given, and this node.
    pub(super) fn candidates(&self, look: &Look) -> Vec<Contact> {
        let mut candidates =
            self.presence
                .candidates(&self.own.contact, look, self.roster.lineage_number());
        candidates.retain(|node| !self.refuses(node.id()));
        candidates
    }

    /// The members of this node's groups that are away.
    pub(super) fn awaited(&self) -> Vec<Contact> {
        let mut awaited: Vec<Contact> = Vec::new();
        for member in self.roster.open().flat_map(|held| &held.group.members) {
            let node = member.id();
            let known = awaited.iter().any(|other| other.id() == node);
            // Who was away when the group was decided is in it without a vote.
            let is_out = !member.votes && self.presence.is_unseen(node);
            if (is_out || self.presence.is_away(node)) && !known {
                awaited.push(member.contact.clone());
            }
        }
        awaited
    }

    /// The number of places in this node's groups without a vote.
    pub(super) fn without_vote(&self) -> usize {
        let members = self.roster.open().flat_map(|held| &held.group.members);
        let lacks = |member: &&Member| !member.votes || self.presence.has_lapsed(member);
        members.filter(lacks).count()
    }

    /// The lineages that neighbours of this node have, besides its own.
    pub(super) fn other_lineages(&self) -> BTreeSet<u64> {
        let own = self.roster.lineage_number();
        let others = self.presence.lineages();
        gather(others.filter(|number| Some(*number) != own))
    }

    // Asking, answering, saving.

    pub(super) fn ask(&mut self, token: Token, to: &Contact, request: Request) {
        self.outbox.act(match to.id() == self.id() {
            true => Act::Itself(token, request),
            false => Act::Effect(Effect::Ask(token, to.clone(), request)),
        });
    }

    pub(super) fn answer(&mut self, ticket: Ticket, response: Response) {
        self.outbox.answer(ticket, response);
    }

    /// Answers once the control record is safe.
    pub(super) fn answer_once_saved(&mut self, ticket: Ticket, response: Response) {
        self.save_control(vec![After::Answer(ticket, response)]);
    }

    pub(super) fn look_soon(&mut self) {
        self.outbox.effect(Effect::LookSoon);
    }

    /// Saves the control record, and goes on after that.
    pub(super) fn save_control(&mut self, after: Vec<After>) {
        self.outbox.act(Act::SaveControl(after));
    }

    /// Saves data, and goes on once it is safe.
    pub(super) fn save(&mut self, what: Save, after: Vec<After>) {
        let save_first = self.rules().save_first;
        self.outbox.save(what, after, save_first);
    }

    /// Keeps an entry, and goes on once it is safe.
    pub(super) fn take_in(&mut self, entry: &Entry, after: After) {
        let key = self.table.key(&entry.copy.record);
        if let Err(refusal) = self.table.insert(self.own.now, entry) {
            self.outbox.act(Act::GoOn(after, Err(refusal)));
            return;
        }
        // The row may be a newer one: then that is what has to be safe.
        match self.table.get(key) {
            Some(row) if !row.saved => {
                let stamp = row.stamp;
                let entry = Box::new(row.entry(self.own.now));
                self.roster.note_write();
                self.save(Save::Entry(entry), vec![After::Row(key, stamp), after]);
            }
            _ => self.outbox.act(Act::GoOn(after, Ok(()))),
        }
    }

    // What a node gives up.

    /// Forgets a group that is over and that no node needs to hear of any more.
    pub(super) fn forget(&mut self, id: GroupId) {
        if self.roster.forget(id) {
            self.outbox.act(Act::Ended(id));
            self.tidy();
        }
    }

    /// Drops the entries that no group needs any more, and those that are forgotten.
    pub(super) fn tidy(&mut self) {
        let needed = self.roster.ranges();
        let now = self.own.now;
        let gone = self.table.retain(|key, row| {
            let within = |(after, upto): &(Id, Id)| key.is_within(*after, *upto);
            !row.life.is_forgotten(now) && needed.iter().any(within)
        });
        if !gone.is_empty() {
            self.outbox.effect(Effect::Drop(gone));
        }
    }

    /// Returns whether this node can be in what follows this group, having given up a lineage of its own if need be. Of two that are
    /// both alone the lesser number stays, so that they do not give up both.
    pub(super) fn moves_to(&mut self, parent: &Configuration) -> bool {
        let other = |lineage: &Lineage| lineage.number != parent.lineage;
        let Some(own) = self.roster.lineage().filter(other) else {
            self.roster.enter_lineage(parent.lineage);
            return true;
        };
        let stays = parent.members.len() == 1 && own.number < parent.lineage;
        if self.roster.is_settled() || (stays && self.roster.has_groups()) {
            return false;
        }
        for id in self.roster.ids() {
            self.forget(id);
        }
        self.roster.enter_lineage(parent.lineage);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::group::testing::{self, entry, epoch, from, group, id};

    fn answered() -> After {
        After::Answer(from(2), Response::Done)
    }

    /// The number of what is being saved.
    fn saving(shared: &mut Shared) -> u64 {
        match shared.outbox.take_acts().as_slice() {
            [Act::Effect(Effect::Save(number, Save::Entry(_)))] => *number,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_entry_is_safe_before_it_is_answered_and_one_that_is_safe_is_answered_at_once() {
        let mut shared = testing::shared(1, &[]);
        let newest = entry("a", epoch(0, 1), 2);
        let key = shared.table.key(&newest.copy.record);
        shared.take_in(&newest, answered());
        let number = saving(&mut shared);
        assert!(shared.roster.is_dirty(), "a write of the lineage is noted");
        // An older one waits for the newer one that is here.
        shared.take_in(&entry("a", epoch(0, 1), 1), answered());
        assert!(saving(&mut shared) > number);
        shared.outbox.saved(number, Ok(()));
        let row = After::Row(key, newest.stamp);
        let on = [row, answered()].map(|after| Act::GoOn(after, Ok(())));
        assert_eq!(shared.outbox.take_acts(), on);
        shared.outbox.saved(number, Ok(()));
        assert_eq!(shared.outbox.take_acts(), [], "once");
        shared.table.saved(key, newest.stamp);
        shared.take_in(&newest, answered());
        assert_eq!(shared.outbox.take_acts(), [Act::GoOn(answered(), Ok(()))]);
    }

    #[test]
    fn an_entry_that_is_not_sound_or_not_saved_is_refused() {
        let mut shared = testing::shared(1, &[]);
        let mut entry = entry("a", epoch(0, 1), 1);
        shared.take_in(&entry, answered());
        let number = saving(&mut shared);
        let failed = Err(RecordError::Storage);
        shared.outbox.saved(number, failed);
        let last = Act::GoOn(answered(), failed);
        assert_eq!(shared.outbox.take_acts().last(), Some(&last));
        entry.stamp.index = 2;
        entry.copy.record = crate::store::record::Record::immutable(vec![1]).unwrap();
        shared.take_in(&entry, answered());
        let refused = Act::GoOn(answered(), Err(RecordError::Level));
        assert_eq!(shared.outbox.take_acts(), [refused]);
    }

    #[test]
    fn of_two_lineages_that_are_both_alone_the_lesser_number_stays() {
        for (other, moves) in [(testing::LINEAGE + 1, false), (testing::LINEAGE - 1, true)] {
            let own = group((0, 0), 1, &[1]);
            let mut shared = testing::shared(1, core::slice::from_ref(&own));
            let mut parent = group((0, 0), 1, &[2]);
            parent.lineage = other;
            assert_eq!(shared.moves_to(&parent), moves);
            assert_eq!(shared.roster.holds(own.id()), !moves);
            let lineage = if moves { other } else { testing::LINEAGE };
            assert_eq!(shared.roster.lineage_number(), Some(lineage));
            let ended = [Act::Ended(own.id())];
            let ended = if moves { &ended[..] } else { &[] };
            assert_eq!(shared.outbox.take_acts(), ended);
        }
        // One that several are in does not give way, and one that is written does not move.
        let mut shared = testing::shared(1, &[group((0, 0), 1, &[1])]);
        let mut parent = group((0, 0), 1, &[2, 3]);
        parent.lineage += 1;
        assert!(shared.clone().moves_to(&parent));
        shared.roster.note_write();
        assert!(!shared.moves_to(&parent));
    }

    #[test]
    fn records_that_no_group_needs_are_dropped() {
        let half = group((0, 100), 1, &[1]);
        let mut shared = testing::shared(1, core::slice::from_ref(&half));
        let entries = ["a", "b", "c", "d", "e", "f"].map(|name| entry(name, half.epoch, 1));
        for entry in &entries {
            shared.table.insert(shared.now(), entry).unwrap();
        }
        let keys: Vec<Id> = shared.table.keys().collect();
        let outside: Vec<Id> = keys.into_iter().filter(|key| !half.covers(*key)).collect();
        assert!(!outside.is_empty());
        shared.tidy();
        assert_eq!(
            shared.outbox.take_acts(),
            [Act::Effect(Effect::Drop(outside))]
        );
        shared.tidy();
        assert_eq!(shared.outbox.take_acts(), []);
    }

    #[test]
    fn a_member_that_is_away_or_has_lost_its_store_is_awaited_and_has_no_vote() {
        let mut all = group((0, 0), 1, &[1, 2, 3]);
        all.members[2].votes = false;
        let mut shared = testing::shared(1, &[all]);
        assert_eq!((shared.awaited(), shared.without_vote()), (vec![], 1));
        let members = [2, 3].map(id).into_iter().collect();
        let look = Look {
            arc: Some((id(9), id(1))),
            ..Default::default()
        };
        let (now, patience) = (shared.now(), shared.own.settings.patience);
        shared.presence.look(now, &members, &look, patience, None);
        assert_eq!(shared.awaited(), [testing::contact(3)]);
        let renewed = crate::store::group::message::Introduction {
            incarnation: 9,
            lineage: Some(testing::LINEAGE + 1),
            settled: true,
        };
        shared.presence.met(now, id(2), renewed);
        assert_eq!(shared.without_vote(), 2);
        let others: Vec<u64> = shared.other_lineages().into_iter().collect();
        assert_eq!(others, [testing::LINEAGE + 1]);
    }
}
