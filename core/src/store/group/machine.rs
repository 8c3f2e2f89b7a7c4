//! The machine of one node: its state, and what it is asked and told.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::store::group::change::Change;
use crate::store::group::configuration::{Configuration, Epoch, GroupId, Stamp};
use crate::store::group::leading::{Leading, Round};
use crate::store::group::message::{Request, Response};
use crate::store::group::table::Table;
use crate::store::group::upkeep::Watch;
use crate::store::group::{
    Control, Effect, Entry, Held, Input, Save, Settings, Staged, Ticket, Token,
};
use crate::store::message::Copy;
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
}

/// One node's part in level `quorum`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    pub(super) me: Contact,
    pub(super) settings: Settings,
    pub(super) now: Instant,
    pub(super) floor: Epoch,
    pub(super) round: u64,
    pub(super) held: BTreeMap<GroupId, Held>,
    pub(super) staged: BTreeMap<(GroupId, Epoch), Staged>,
    pub(super) table: Table,
    pub(super) leading: BTreeMap<GroupId, Leading>,
    pub(super) rounds: BTreeMap<u64, Round>,
    pub(super) changes: BTreeMap<GroupId, Change>,
    pub(super) watching: BTreeMap<GroupId, Watch>,
    pub(super) saving: BTreeMap<u64, Vec<After>>,
    pub(super) next: u64,
    /// Whether the control state has changed since it was saved.
    pub(super) dirty: bool,
    pub(super) inbox: VecDeque<(Token, Response)>,
    pub(super) effects: Vec<Effect>,
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
            held: BTreeMap::new(),
            staged: BTreeMap::new(),
            table: Table::new(space, scheme, records, record_bytes),
            leading: BTreeMap::new(),
            rounds: BTreeMap::new(),
            changes: BTreeMap::new(),
            watching: BTreeMap::new(),
            saving: BTreeMap::new(),
            next: 0,
            dirty: false,
            inbox: VecDeque::new(),
            effects: Vec::new(),
        }
    }

    /// Takes up what was saved in an earlier run. Where this node was primary it changes the group before it serves, since
    /// it does not remember what it had under way.
    pub fn restore(&mut self, now: Instant, control: Control, entries: &[Entry]) {
        self.now = now;
        self.floor = control.floor;
        self.round = control.round;
        let held = control.held.into_iter();
        self.held = held.map(|held| (held.group.id(), held)).collect();
        let staged = control.staged.into_iter();
        self.staged = staged
            .map(|staged| ((staged.parent.id(), staged.next.epoch), staged))
            .collect();
        for entry in entries {
            let key = self.table.key(&entry.copy.record);
            // What does not fit any more was refused before, or the limits have changed.
            let _ = self.table.insert(now, entry);
            self.table.saved(key, entry.stamp);
        }
        // What was to be dropped may have stayed.
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
        if group.primary().map(Contact::id) == Some(self.me.id()) {
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
            if contact.supersedes(member) {
                *member = contact.clone();
            }
        }
    }

    /// The groups that this node is in.
    pub fn held(&self) -> impl Iterator<Item = &Held> {
        self.held.values()
    }

    /// The record that this node keeps under a key for a group; others may keep a newer one.
    pub fn copy(&self, now: Instant, key: Id) -> Option<Copy> {
        self.table.live(now, key).map(|row| row.copy(now))
    }

    /// The keys that this node keeps for its groups.
    pub fn keys(&self) -> impl Iterator<Item = Id> {
        self.table.keys()
    }

    /// Whether no group needs this node any more.
    pub fn is_free(&self) -> bool {
        self.held.is_empty() && self.staged.is_empty()
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
            Input::Look(ring, leaving) => self.look(&ring, leaving),
        }
        while let Some((token, response)) = self.inbox.pop_front() {
            self.answered(token, self.me.id(), Some(response));
        }
        if self.dirty {
            self.save_control(Vec::new());
        }
        core::mem::take(&mut self.effects)
    }

    fn found(&mut self, ring: u64) {
        if !self.is_free() {
            return;
        }
        self.round = self.round.max(self.floor.round) + 1;
        let me = self.me.id();
        let epoch = Epoch {
            round: self.round,
            proposer: me,
        };
        let group = Configuration {
            ring,
            after: me,
            upto: me,
            epoch,
            members: vec![self.me.clone()],
        };
        let lead = After::Lead(group.id());
        self.hold(group);
        self.save_control(vec![lead]);
    }

    fn answered(&mut self, token: Token, from: Id, response: Option<Response>) {
        match token {
            Token::Round(number) => self.on_kept(number, from, response.as_ref()),
            Token::Change(group, step) => self.on_change_answer(group, step, from, response),
            Token::Tell(group) => self.on_told(group, from, response.as_ref()),
            Token::Over(group, upto) => self.on_over(group, upto, response.as_ref()),
            Token::Check(group) => self.on_checked(group, from, response),
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
            floor: self.floor,
            round: self.round,
            held: self.held.values().cloned().collect(),
            staged: self.staged.values().cloned().collect(),
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
                let copy = row.copy(self.now);
                let stamp = row.stamp;
                let entry = Entry { stamp, copy };
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
                }
            }
            After::Begin(group, step) | After::Fetched(group, step) => {
                self.on_change_answer(group, step, self.me.id(), Some(Response::Done));
            }
        }
    }

    fn give_up(&mut self, after: After, refusal: RecordError) {
        match after {
            After::Answer(ticket, _) => self.answer(ticket, Response::Refused(refusal)),
            After::Row(..) | After::Lead(_) => {}
            After::Begin(group, step) | After::Fetched(group, step) => {
                self.on_change_answer(group, step, self.me.id(), None);
            }
        }
    }

    /// Drops the entries that no group needs any more, and those whose life is over.
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
            row.expires > now && needed.iter().any(within)
        });
        if !gone.is_empty() {
            for leading in self.leading.values_mut() {
                leading.drop(&gone);
            }
            self.effects.push(Effect::Drop(gone));
        }
    }
}
