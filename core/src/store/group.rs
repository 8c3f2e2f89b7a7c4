//! Level `quorum`: groups of members that keep ranges of the ring, one epoch after another. Linearizable per key.
//!
//! A pure machine for one node: input in, effects out. It has no timers, no randomness and no request numbers of others.
//! The idea is Scatter's (SOSP 2011), the change of a group is one single-decree Paxos (Lamport 1998) as in Etna (2005):
//!
//! - The ring's first node begins with one group for the whole ring. Every other group *follows* one: groups are
//!   never made from nothing, so that two halves of a broken network cannot both have a group for a key.
//! - In a group the first member, the primary, orders reads and writes. A write is done when a majority has stored it. A
//!   read is answered after a majority has confirmed the epoch, and after what it answers is stored at a majority.
//! - A change of the group is one Paxos instance among its members. The proposer first stages what is to follow at everybody
//!   who will be in it. A promise seals the group at that member: it keeps nothing more in this epoch. From a majority of
//!   sealed members the proposer collects the newest entry of every key, gives it to those who will follow, and only
//!   then proposes. So whatever is decided is already stored with all of its members, and can begin at once.
//! - The ballot of a change is the epoch of what it proposes. A member thus needs one number, the newest ballot that
//!   it promised: it takes part in an epoch as long as that number is the epoch itself.
//! - A member forgets a group when all members of what followed know that it was decided, or that is over as well. It
//!   remembers the greatest epoch it forgot (the floor), and never enters a group of an epoch below.
//!
//! Nothing depends on time, and nothing on who is thought dead: that only decides when a change is tried.
//! The life of a record is no operation: around its end it may be seen, be gone, and be seen again by members' clocks.

mod change;
pub mod configuration;
mod leading;
mod member;
pub mod message;
mod table;
mod upkeep;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::{Id, Space};
use crate::base::identity::Scheme;
use crate::base::time::Instant;
use crate::store::group::change::Change;
use crate::store::group::configuration::{Configuration, Epoch, GroupId, Next, Stamp};
use crate::store::group::leading::{Leading, Round};
use crate::store::group::message::{Request, Response};
pub use crate::store::group::table::Entry;
use crate::store::group::table::Table;
use crate::store::message::Copy;
use crate::store::record::RecordError;

/// How many groups a node takes part in, or is asked to. Staging of more is refused.
pub const MAX_GROUPS: usize = 256;
/// With how many groups a node splits no range any more.
pub const MAX_SPLIT: usize = 64;
/// How many reads and writes a primary has under way.
pub const MAX_ROUNDS: usize = 1_024;

/// What a machine is told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The address space.
    pub space: Space,
    /// How records are signed.
    pub scheme: Scheme,
    /// How many members a group should have.
    pub copies: u8,
    /// The most records.
    pub records: usize,
    /// The most bytes of records.
    pub record_bytes: usize,
    /// All of them, but in tests.
    pub rules: Rules,
}

/// What makes the level linearizable. Tests switch a rule off to see that it is missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Those who follow are given the state of the group.
    pub hand_over: bool,
    /// A read stores what it answers at a majority first.
    pub write_back: bool,
    /// Members keep nothing for an epoch that does not stand.
    pub epoch_check: bool,
    /// Nothing is answered before what it says is stored.
    pub save_first: bool,
}

impl Rules {
    /// As it should be.
    pub const ALL: Self = Self {
        hand_over: true,
        write_back: true,
        epoch_check: true,
        save_first: true,
    };
}

/// All that a node remembers of groups besides the records. It is stored as one, since its parts belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Control {
    /// No group of this epoch or an older one is ever entered.
    pub floor: Epoch,
    /// The last round that this node used for a ballot.
    pub round: u64,
    /// The groups.
    pub held: Vec<Held>,
    /// What may come to follow a group.
    pub staged: Vec<Staged>,
}

/// A group at one of its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The group.
    pub group: Configuration,
    /// The newest ballot heard; the group is sealed here when it is not the epoch.
    pub promised: Epoch,
    /// What was accepted to follow, and by which ballot.
    pub accepted: Option<(Epoch, Next)>,
    /// What follows.
    pub decided: Option<Next>,
}

/// What may come to follow a group, at a member of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staged {
    /// The group that it would follow.
    pub parent: Configuration,
    /// What would follow.
    pub next: Next,
}

/// Who waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ticket {
    /// A peer, under its number.
    Peer(Contact, u64),
    /// An operation of this node's owner.
    Operation(u64),
    /// The machine itself, which is a member like others.
    Itself(Token),
}

/// What the machine asked something for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Token {
    /// A read or write under way.
    Round(u64),
    /// A step of a change, by its number.
    Change(GroupId, u64),
    /// To tell what was decided.
    Tell(GroupId),
    /// Whether the part of what followed, up to this key, is over, too.
    Over(GroupId, Id),
    /// What became of the group; whether this member lives.
    Check(GroupId),
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Begin a ring that has this number; nothing happens if the node knows groups already.
    Found(u64),
    /// Somebody asks.
    Asked(Ticket, Request),
    /// This node answered a question.
    Answered(Token, Id, Response),
    /// A question to this node got no answer. It may have arrived.
    Failed(Token, Id),
    /// What was to be saved is, or could not be.
    Saved(u64, bool),
    /// From time to time: these other nodes live, the predecessor and the successors; whether this one wants to leave.
    Look(Vec<Contact>, bool),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Ask, and report the answer.
    Ask(Token, Contact, Request),
    /// Answer.
    Answer(Ticket, Response),
    /// Save this, in order, and report.
    Save(u64, Save),
    /// Drop the saved entries under these keys.
    Drop(Vec<Id>),
    /// These records belong to no group any more, but are not to be lost.
    Release(Vec<Copy>),
    /// Give [`Input::Look`] soon.
    LookSoon,
}

/// Something to be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Save {
    /// In the place of the last one.
    Control(Box<Control>),
    /// In the place of an older one of its key.
    Entry(Box<Entry>),
}

/// What happens once something is saved.
#[derive(Clone, Debug, PartialEq, Eq)]
enum After {
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
    me: Contact,
    settings: Settings,
    now: Instant,
    floor: Epoch,
    round: u64,
    held: BTreeMap<GroupId, Held>,
    staged: BTreeMap<(GroupId, Epoch), Staged>,
    table: Table,
    leading: BTreeMap<GroupId, Leading>,
    rounds: BTreeMap<u64, Round>,
    changes: BTreeMap<GroupId, Change>,
    watching: BTreeMap<GroupId, upkeep::Watch>,
    saving: BTreeMap<u64, Vec<After>>,
    next: u64,
    /// Whether the control state has changed since it was saved.
    dirty: bool,
    inbox: VecDeque<(Token, Response)>,
    effects: Vec<Effect>,
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

    fn hold(&mut self, group: Configuration) {
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

    fn ask(&mut self, token: Token, to: &Contact, request: Request) {
        if to.id() == self.me.id() {
            self.asked(Ticket::Itself(token), request);
        } else {
            self.effects.push(Effect::Ask(token, to.clone(), request));
        }
    }

    fn answer(&mut self, ticket: Ticket, response: Response) {
        match ticket {
            Ticket::Itself(token) => self.inbox.push_back((token, response)),
            ticket => self.effects.push(Effect::Answer(ticket, response)),
        }
    }

    fn save_control(&mut self, after: Vec<After>) {
        self.dirty = false;
        let control = Control {
            floor: self.floor,
            round: self.round,
            held: self.held.values().cloned().collect(),
            staged: self.staged.values().cloned().collect(),
        };
        self.save(Save::Control(Box::new(control)), after);
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
    fn take_in(&mut self, entry: &Entry, after: After) {
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
    fn tidy(&mut self) {
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
            self.effects.push(Effect::Drop(gone));
        }
    }
}
