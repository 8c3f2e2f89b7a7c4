//! The machine of one node: its state, and what it is asked and told.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::store::group::adopting::Adopting;
use crate::store::group::change::Change;
use crate::store::group::configuration::{Configuration, Epoch, GroupId, Member, Stamp};
use crate::store::group::fence::{Fence, Fences, Survey};
use crate::store::group::leading::{Leading, Round};
use crate::store::group::message::{Introduction, Request, Response};
use crate::store::group::presence::Presence;
use crate::store::group::repair::{Repair, RepairError};
use crate::store::group::table::Table;
use crate::store::group::upkeep::Watch;
use crate::store::group::{
    Control, Effect, Entry, Held, Input, Lineage, Save, Settings, Staged, Ticket, Token,
};
use crate::store::message::StoredRecord;
use crate::store::record::RecordError;

/// What happens once something is saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum After {
    Answer(Ticket, Response),
    /// The row of this key and stamp is safe.
    Row(Id, Stamp),
    /// This node is the primary of a new group.
    Lead(GroupId),
    /// A change may begin.
    Begin(GroupId, u64),
    /// A change has got an entry.
    Fetched(GroupId, u64),
    /// The repair of this number is done.
    Repaired(u64, Fence),
    /// This node has given its lineage up for this one.
    Adopted(u64),
}

/// One node's part in level `quorum`.
#[derive(Clone, PartialEq, Eq)]
pub struct Groups {
    pub(super) me: Contact,
    pub(super) settings: Settings,
    pub(super) now: Instant,
    pub(super) floor: Epoch,
    pub(super) round: u64,
    pub(super) lineage: Option<Lineage>,
    pub(super) adopting: Option<Adopting>,
    pub(super) presence: Presence,
    pub(super) held: BTreeMap<GroupId, Held>,
    pub(super) staged: BTreeMap<(GroupId, Epoch), Staged>,
    pub(super) skipped: BTreeSet<GroupId>,
    pub(super) table: Table,
    pub(super) leading: BTreeMap<GroupId, Leading>,
    pub(super) rounds: BTreeMap<u64, Round>,
    pub(super) changes: BTreeMap<GroupId, Change>,
    pub(super) watching: BTreeMap<GroupId, Watch>,
    pub(super) fences: Fences,
    /// Since a restart, until it is done.
    pub(super) survey: Option<Survey>,
    pub(super) repairs: BTreeMap<GroupId, Repair>,
    pub(super) saving: BTreeMap<u64, Vec<After>>,
    pub(super) next: u64,
    /// Whether this node wants to be in no group any more.
    pub(super) leaving: bool,
    /// Whether no neighbour can be a member of a group.
    pub(super) is_last: bool,
    /// Whether the control state has changed since it was saved.
    pub(super) dirty: bool,
    pub(super) inbox: VecDeque<(Token, Response)>,
    pub(super) effects: Vec<Effect>,
}

impl fmt::Debug for Groups {
    /// Shows whose it is and how many groups there are. Everything else would be linked by whoever holds the part behind its pointer,
    /// shown or not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Groups");
        shown
            .field("me", &self.me.id())
            .field("held", &self.held.len());
        shown.finish_non_exhaustive()
    }
}

impl Groups {
    /// A node without groups.
    pub fn new(me: Contact, settings: Settings) -> Self {
        let Settings {
            space,
            scheme,
            records,
            record_bytes,
            ..
        } = settings;
        Self {
            me,
            settings,
            now: Instant::ZERO,
            floor: Epoch::default(),
            round: 0,
            lineage: None,
            adopting: None,
            presence: Presence::default(),
            held: BTreeMap::new(),
            staged: BTreeMap::new(),
            skipped: BTreeSet::new(),
            table: Table::new(space, scheme, records, record_bytes),
            leading: BTreeMap::new(),
            rounds: BTreeMap::new(),
            changes: BTreeMap::new(),
            watching: BTreeMap::new(),
            fences: Fences::default(),
            survey: None,
            repairs: BTreeMap::new(),
            saving: BTreeMap::new(),
            next: 0,
            leaving: false,
            is_last: false,
            dirty: false,
            inbox: VecDeque::new(),
            effects: Vec::new(),
        }
    }

    /// Takes up what was saved in an earlier run, unless that was another incarnation of the store. Where this node was primary it changes the group before it serves, since
    /// it does not remember what it had under way.
    pub fn restore(&mut self, now: Instant, control: Control, entries: &[Entry]) {
        self.now = now;
        self.round = control.round;
        self.lineage = control.lineage;
        self.fences = Fences::restored(control.fences);
        // What another store has kept may be less than what was promised: this node is taken in anew by the others.
        let same = control.incarnation == self.settings.incarnation;
        if !same && self.settings.rules.incarnation {
            self.dirty = true;
            return;
        }
        self.floor = control.floor;
        self.skipped = control.skipped.into_iter().collect();
        let held = control.held.into_iter();
        self.held = held.map(|held| (held.group.id(), held)).collect();
        let asks = self.settings.rules.fence && !self.held.is_empty();
        self.survey = asks.then(Survey::default);
        let staged = control.staged.into_iter();
        self.staged = staged
            .map(|staged| ((staged.parent.id(), staged.next.epoch), staged))
            .collect();
        // An entry may have been saved just before the note of it would have been.
        if let Some(lineage) = self.lineage.as_mut() {
            lineage.written |= !entries.is_empty();
        }
        for entry in entries {
            let key = self.table.key(&entry.copy.record);
            // What does not fit any more was refused before, or the limits have changed.
            let _ = self.table.insert(now, entry);
            self.table.saved(key, entry.stamp);
        }
        // What was to be set aside or dropped may have stayed.
        for fence in self.fences.list().to_vec() {
            self.set_aside_behind(&fence);
        }
        self.tidy();
    }

    /// What was handed out to be saved, as of now: all that [`Groups::restore`] takes up again.
    pub fn saved(&self, now: Instant) -> (Control, Vec<Entry>) {
        let entries = self
            .table
            .keys()
            .filter_map(|key| self.table.entry(now, key));
        (self.control(), entries.map(|entry| *entry).collect())
    }

    /// Makes this node a member of a group from the start: for worlds that start stable.
    pub fn assign(&mut self, group: Configuration) {
        let id = group.id();
        self.enter_lineage(group.lineage);
        if group.primary().map(Member::id) == Some(self.me.id()) {
            self.leading.insert(id, Leading::default());
        }
        self.hold(group);
    }

    /// A newer contact of this node or another, after its addresses changed.
    pub fn refresh(&mut self, contact: &Contact) {
        if contact.id() == self.me.id() {
            self.me = contact.clone();
        }
        let groups = self.held.values_mut().map(|held| &mut held.group);
        for member in groups.flat_map(|group| &mut group.members) {
            if contact.supersedes(&member.contact) {
                member.contact = contact.clone();
            }
        }
    }

    /// The groups that this node is in.
    pub fn held(&self) -> impl Iterator<Item = &Held> {
        self.held.values()
    }

    /// What the groups of this node's ring descend from, once it knows.
    pub const fn lineage(&self) -> Option<Lineage> {
        self.lineage
    }

    /// Whether this node is or was in a group for a key, so that it knows whom to ask.
    pub fn covers(&self, key: Id) -> bool {
        self.held.values().any(|held| held.group.covers(key))
    }

    /// The members of this node's groups that are away.
    pub fn awaited(&self) -> Vec<Contact> {
        let mut awaited: Vec<Contact> = Vec::new();
        let open = self.held.values().filter(|held| held.decided.is_none());
        for member in open.flat_map(|held| &held.group.members) {
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

    /// The number of places in this node's groups without a vote: who was away, or has lost its store, is given the state first.
    pub fn without_vote(&self) -> usize {
        let open = self.held.values().filter(|held| held.decided.is_none());
        let members = open.flat_map(|held| &held.group.members);
        let lacks = |member: &&Member| !member.votes || self.presence.has_lapsed(member);
        members.filter(lacks).count()
    }

    /// The record that this node keeps under a key for a group, or its tombstone; others may keep a newer one.
    pub fn copy(&self, now: Instant, key: Id) -> Option<StoredRecord> {
        self.table.kept(now, key).map(|row| row.copy(now))
    }

    /// The keys that this node keeps for its groups.
    pub fn keys(&self) -> impl Iterator<Item = Id> {
        self.table.keys()
    }

    /// How much memory the records take that this node keeps for its groups.
    pub const fn record_bytes(&self) -> usize {
        self.table.bytes()
    }

    /// Whether no group needs this node any more.
    pub fn is_free(&self) -> bool {
        self.held.is_empty() && self.staged.is_empty()
    }

    /// Whether this node wants to leave its groups, and none of its neighbours could take its places.
    pub const fn has_no_followers(&self) -> bool {
        self.leaving && self.is_last
    }

    /// One transition.
    pub fn step(&mut self, now: Instant, input: Input) -> Vec<Effect> {
        self.now = now;
        match input {
            Input::Found(ring) => self.found(ring),
            Input::Asked(ticket, request) => self.asked(ticket, request),
            Input::Answered(token, from, response) => self.answered(token, from, Some(response)),
            Input::Failed(token, from) => self.answered(token, from, None),
            Input::Saved(token, saved) => self.on_saved(token, saved),
            Input::Look(look) => self.look(&look),
            Input::Located(key, nodes) => self.on_located(key, &nodes),
            Input::Stop => self.stop(),
            Input::Repair(number, key, lost) => self.begin_repair(number, key, &lost),
            Input::EndRepair(number) => self.give_up_repair(number),
            Input::Adopt(lineage) => self.adopt(lineage),
            Input::Settled(key, stamp) => self.settle(key, stamp),
            Input::KeepLineage => self.keep_lineage(),
        }
        while let Some((token, response)) = self.inbox.pop_front() {
            self.answered(token, self.me.id(), Some(response));
        }
        if self.dirty {
            self.save_control(Vec::new());
        }
        core::mem::take(&mut self.effects)
    }

    fn found(&mut self, lineage: u64) {
        let has_one = self.lineage.is_some() && self.settings.rules.lineage;
        if has_one || !self.is_free() {
            return;
        }
        self.enter_lineage(lineage);
        self.round = self.round.max(self.floor.round) + 1;
        let me = self.me.id();
        let epoch = Epoch {
            generation: 0,
            round: self.round,
            proposer: me,
        };
        let group = Configuration {
            lineage,
            after: me,
            upto: me,
            epoch,
            members: vec![Member {
                contact: self.me.clone(),
                incarnation: self.settings.incarnation,
                votes: true,
            }],
        };
        let lead = After::Lead(group.id());
        self.hold(group);
        self.save_control(vec![lead]);
    }

    /// The groups of this node's ring descend from this founding.
    pub(super) fn enter_lineage(&mut self, number: u64) {
        if self.lineage.is_none_or(|lineage| lineage.number != number) {
            let written = false;
            self.lineage = Some(Lineage { number, written });
            self.dirty = true;
        }
    }

    /// Whether this node would not give its lineage up: something was written, others are in its groups, or count on it for one that
    /// may have been decided.
    fn is_settled(&self) -> bool {
        let shared = |held: &Held| held.group.members.len() > 1;
        let written = self.lineage.is_some_and(|lineage| lineage.written);
        written || !self.staged.is_empty() || self.held.values().any(shared)
    }

    /// Whether this node can be in what follows this group, having given up a lineage of its own if need be. Of two that are
    /// both alone the lesser number stays, so that they do not give up both.
    pub(super) fn moves_to(&mut self, parent: &Configuration) -> bool {
        let other = |lineage: &Lineage| lineage.number != parent.lineage;
        let Some(own) = self.lineage.filter(other) else {
            self.enter_lineage(parent.lineage);
            return true;
        };
        let stays = parent.members.len() == 1 && own.number < parent.lineage;
        if self.is_settled() || (stays && !self.held.is_empty()) {
            return false;
        }
        let own: Vec<GroupId> = self.held.keys().copied().collect();
        for id in own {
            self.forget(id);
        }
        self.enter_lineage(parent.lineage);
        true
    }

    /// This node as it introduces itself. While it leaves its groups to adopt another lineage, it has that already.
    pub(super) fn introduction(&self) -> Introduction {
        let leaves_for = self.adopts().filter(|_| self.gives_up());
        Introduction {
            incarnation: self.settings.incarnation,
            lineage: leaves_for.or_else(|| self.lineage.map(|lineage| lineage.number)),
            settled: leaves_for.is_some() || self.is_settled(),
        }
    }

    /// This node as it answers who has introduced itself so. One that leaves its groups as well may hand them on to this node.
    pub(super) fn introduction_to(&self, other: Introduction) -> Introduction {
        match other.lineage.is_some() && other.lineage == self.adopts() {
            true => Introduction {
                lineage: self.lineage.map(|lineage| lineage.number),
                ..self.introduction()
            },
            false => self.introduction(),
        }
    }

    /// A write of the lineage is stored here: it is never given up from now on.
    pub(super) fn note_write(&mut self) {
        if let Some(lineage) = self.lineage.as_mut().filter(|lineage| !lineage.written) {
            lineage.written = true;
            self.dirty = true;
        }
    }

    fn answered(&mut self, token: Token, from: Id, response: Option<Response>) {
        match response {
            Some(_) => self.presence.heard(from),
            None => self.presence.missed(from),
        }
        match token {
            Token::Round(number) => self.on_kept(number, from, response.as_ref()),
            Token::Change(group, step) => self.on_change_answer(group, step, from, response),
            Token::Tell(group) => self.on_told(group, from, response.as_ref()),
            Token::Over(group, upto) => self.on_over(group, from, upto, response.as_ref()),
            Token::Check(group) => self.on_checked(group, from, response),
            Token::Meet => self.on_met(from, response),
            Token::Fences(changes) => self.on_fences_told(changes, from, response.as_ref()),
            Token::Survey => self.on_surveyed(from, response),
        }
    }

    pub(super) fn hold(&mut self, group: Configuration) {
        let held = Held {
            promised: group.epoch,
            group,
            accepted: None,
            decided: None,
        };
        self.held.insert(held.group.id(), held);
        self.dirty = true;
    }

    // Asking, answering, saving.

    pub(super) fn ask(&mut self, token: Token, to: &Contact, request: Request) {
        if to.id() == self.me.id() {
            self.asked(Ticket::Itself(token), request);
        } else {
            self.effects.push(Effect::Ask(token, to.clone(), request));
        }
    }

    pub(super) fn answer(&mut self, ticket: Ticket, response: Response) {
        match ticket {
            Ticket::Itself(token) => self.inbox.push_back((token, response)),
            ticket => self.effects.push(Effect::Answer(ticket, response)),
        }
    }

    fn control(&self) -> Control {
        Control {
            incarnation: self.settings.incarnation,
            floor: self.floor,
            round: self.round,
            lineage: self.lineage,
            held: self.held.values().cloned().collect(),
            staged: self.staged.values().cloned().collect(),
            skipped: self.skipped.iter().copied().collect(),
            fences: self.fences.list().to_vec(),
        }
    }

    pub(super) fn save_control(&mut self, after: Vec<After>) {
        self.dirty = false;
        self.save(Save::Control(Box::new(self.control())), after);
    }

    fn save(&mut self, what: Save, after: Vec<After>) {
        self.next += 1;
        self.effects.push(Effect::Save(self.next, what));
        if self.settings.rules.save_first {
            self.saving.insert(self.next, after);
        } else {
            for after in after {
                self.go_on(after);
            }
        }
    }

    /// Keeps an entry, and goes on once it is safe.
    pub(super) fn take_in(&mut self, entry: &Entry, after: After) {
        let key = self.table.key(&entry.copy.record);
        if let Err(refusal) = self.table.insert(self.now, entry) {
            self.give_up(after, refusal);
            return;
        }
        // The row may be a newer one: then that is what has to be safe.
        match self.table.get(key) {
            Some(row) if !row.saved => {
                let stamp = row.stamp;
                let entry = row.entry(self.now);
                self.note_write();
                self.save(
                    Save::Entry(Box::new(entry)),
                    vec![After::Row(key, stamp), after],
                );
            }
            _ => self.go_on(after),
        }
    }

    fn on_saved(&mut self, token: u64, saved: bool) {
        for after in self.saving.remove(&token).unwrap_or_default() {
            if saved {
                self.go_on(after);
            } else {
                self.give_up(after, RecordError::Storage);
            }
        }
    }

    fn go_on(&mut self, after: After) {
        match after {
            After::Answer(ticket, response) => self.answer(ticket, response),
            After::Row(key, stamp) => self.table.saved(key, stamp),
            After::Lead(group) => {
                let stands = |held: &Held| held.promised == group.epoch && held.decided.is_none();
                if self.held.get(&group).is_some_and(stands) {
                    self.leading.insert(group, Leading::default());
                    // Nodes of the ring may lie inside of it.
                    self.effects.push(Effect::LookSoon);
                }
            }
            After::Begin(group, step) | After::Fetched(group, step) => {
                self.on_change_answer(group, step, self.me.id(), Some(Response::Done));
            }
            After::Repaired(number, fence) => {
                self.effects.push(Effect::Repaired(number, Ok(fence)));
            }
            After::Adopted(lineage) => self.effects.push(Effect::Adopted(lineage)),
        }
    }

    fn give_up(&mut self, after: After, refusal: RecordError) {
        match after {
            After::Answer(ticket, _) => self.answer(ticket, Response::Refused(refusal)),
            After::Row(..) | After::Lead(_) => {}
            After::Repaired(number, _) => {
                let error = Err(RepairError::Storage);
                self.effects.push(Effect::Repaired(number, error));
            }
            // The disk has the old one still, and after a restart all is brought once more.
            After::Adopted(lineage) => self.effects.push(Effect::Adopted(lineage)),
            After::Begin(group, step) | After::Fetched(group, step) => {
                self.on_change_answer(group, step, self.me.id(), None);
            }
        }
    }

    /// Drops the entries that no group needs any more, and those that are forgotten.
    pub(super) fn tidy(&mut self) {
        let me = self.me.id();
        let held = self.held.values().filter(|held| held.decided.is_none());
        let mut needed: Vec<(Id, Id)> = held
            .map(|held| (held.group.after, held.group.upto))
            .collect();
        for staged in self.staged.values() {
            let groups = staged.next.groups(&staged.parent);
            let mine = groups.filter(|group| group.has(me));
            needed.extend(mine.map(|group| (group.after, group.upto)));
        }
        let now = self.now;
        let gone = self.table.retain(|key, row| {
            let within = |(after, upto): &(Id, Id)| key.is_within(*after, *upto);
            !row.life.is_forgotten(now) && needed.iter().any(within)
        });
        if !gone.is_empty() {
            for leading in self.leading.values_mut() {
                leading.drop(&gone);
            }
            self.effects.push(Effect::Drop(gone));
        }
    }
}
