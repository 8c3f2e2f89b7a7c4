//! What a node does as a member of a group, and as one who may become a member.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::store::group::configuration::{Configuration, Epoch, GroupId, Next, Stamp};
use crate::store::group::machine::After;
use crate::store::group::message::{MAX_PAGE, Request, Response};
use crate::store::group::{Effect, Entry, Groups, Held, MAX_GROUPS, Staged, Ticket};
use crate::store::record::RecordError;

impl Groups {
    pub(super) fn asked(&mut self, ticket: Ticket, request: Request) {
        match request {
            Request::Read(key) => self.read(ticket, key),
            Request::Write(copy, expected) => self.write(ticket, *copy, expected),
            Request::Keep(group, entry) => self.keep(ticket, group, entry),
            Request::Prepare(group, ballot) => self.prepare(ticket, group, ballot),
            Request::List(group, last) => self.list(ticket, group, last),
            Request::Fetch(group, key) => {
                let entry = self.table.entry(self.now, key);
                let entry = entry.filter(|_| self.is_member(&ticket, group));
                self.answer(ticket, Response::Entry(entry));
            }
            Request::Propose(group, ballot, next) => self.accept(ticket, group, ballot, *next),
            Request::Stage(staged) => self.stage(ticket, staged.0, staged.1),
            Request::Offer(group, epoch, entries) => self.judge(ticket, group, epoch, &entries),
            Request::Give(group, epoch, entry) => {
                let key = self.table.key(&entry.copy.record);
                if self.expects(group, epoch, key) {
                    self.take_in(&entry, After::Answer(ticket, Response::Done));
                } else {
                    self.answer(ticket, Response::Unknown);
                }
            }
            Request::Withdraw(group, epoch) => {
                if self.staged.remove(&(group, epoch)).is_some() {
                    self.dirty = true;
                    self.tidy();
                }
                self.answer(ticket, Response::Done);
            }
            Request::Decided(group, next) => self.decided(ticket, group, &next),
            Request::Check(group) => {
                let answer = match self.know(group) {
                    Ok(held) => match held.decided.clone() {
                        Some(next) => Response::Followed(Box::new(next)),
                        None => Response::Done,
                    },
                    Err(unknown) => unknown,
                };
                self.answer(ticket, answer);
            }
        }
    }

    /// Who asks.
    pub(super) fn asker(&self, ticket: &Ticket) -> Id {
        match ticket {
            Ticket::Peer(contact, _) => contact.id(),
            Ticket::Operation(_) | Ticket::Itself(_) => self.me.id(),
        }
    }

    fn is_member(&self, ticket: &Ticket, group: GroupId) -> bool {
        let held = self.held.get(&group);
        held.is_some_and(|held| held.group.has(self.asker(ticket)))
    }

    /// The group of this name. If it is staged here it was decided, since members only speak of groups that were.
    pub(super) fn know(&mut self, id: GroupId) -> Result<&mut Held, Response> {
        if !self.held.contains_key(&id) {
            let mut staged = self.staged.values();
            let staged = staged.find(|staged| {
                let mut groups = staged.next.groups(&staged.parent);
                groups.any(|group| group.id() == id && group.has(self.me.id()))
            });
            if let Some(staged) = staged.cloned() {
                self.follow(staged.parent.id(), &staged.next);
            }
        }
        let floor = self.floor;
        self.held.get_mut(&id).ok_or(if id.epoch <= floor {
            Response::Gone
        } else {
            Response::Unknown
        })
    }

    /// The epoch check: a member keeps nothing for a group that is sealed or over.
    fn keep(&mut self, ticket: Ticket, id: GroupId, entry: Option<Box<Entry>>) {
        let from = self.asker(&ticket);
        let check = self.settings.rules.epoch_check;
        let key = entry
            .as_ref()
            .map(|entry| self.table.key(&entry.copy.record));
        let refusal = match self.know(id) {
            Err(unknown) => Some(unknown),
            Ok(held) if held.promised != id.epoch || held.decided.is_some() => {
                Some(Response::Closed(held.promised))
            }
            Ok(held) => {
                let primary = held.group.primary().map(Contact::id);
                let strange = key.is_some_and(|key| !held.group.covers(key));
                (strange || primary != Some(from)).then_some(Response::Unknown)
            }
        };
        match (refusal.filter(|_| check), entry) {
            (Some(refusal), _) => self.answer(ticket, refusal),
            (None, Some(entry)) => {
                self.take_in(&entry, After::Answer(ticket, Response::Done));
            }
            (None, None) => self.answer(ticket, Response::Done),
        }
    }

    fn prepare(&mut self, ticket: Ticket, id: GroupId, ballot: Epoch) {
        let from = self.asker(&ticket);
        let answer = match self.know(id) {
            Err(unknown) => unknown,
            Ok(Held {
                decided: Some(next),
                ..
            }) => Response::Followed(Box::new(next.clone())),
            Ok(held) if !held.group.has(from) => Response::Unknown,
            Ok(held) if ballot <= held.promised => Response::Closed(held.promised),
            Ok(held) => {
                held.promised = ballot;
                let promise = Response::Promise(held.accepted.clone().map(Box::new));
                self.save_control(vec![After::Answer(ticket, promise)]);
                return;
            }
        };
        self.answer(ticket, answer);
    }

    fn accept(&mut self, ticket: Ticket, id: GroupId, ballot: Epoch, next: Next) {
        let from = self.asker(&ticket);
        let answer = match self.know(id) {
            Err(unknown) => unknown,
            Ok(Held {
                decided: Some(next),
                ..
            }) => Response::Followed(Box::new(next.clone())),
            Ok(held) if !held.group.has(from) || !next.fits(&held.group) => Response::Unknown,
            Ok(held) if ballot < held.promised => Response::Closed(held.promised),
            Ok(held) => {
                held.promised = ballot;
                held.accepted = Some((ballot, next));
                self.save_control(vec![After::Answer(ticket, Response::Done)]);
                return;
            }
        };
        self.answer(ticket, answer);
    }

    /// Keys of a sealed group. Nothing more is kept in its epoch, so that pages fit together.
    fn list(&mut self, ticket: Ticket, id: GroupId, last: Option<Id>) {
        let member = self.is_member(&ticket, id);
        let answer = match self.held.get(&id) {
            Some(held) if member && held.promised > id.epoch => {
                let (after, upto) = (held.group.after, held.group.upto);
                Response::Page(self.table.page(after, upto, last, MAX_PAGE))
            }
            _ => Response::Unknown,
        };
        self.answer(ticket, answer);
    }

    // Before a group: what a node does that may become a member.

    fn stage(&mut self, ticket: Ticket, parent: Configuration, next: Next) {
        let me = self.me.id();
        let name = (parent.id(), next.epoch);
        let is_in = next.groups(&parent).any(|group| group.has(me));
        let mut followers = next.groups(&parent).map(|group| group.id());
        let known = self.staged.contains_key(&name)
            || followers.any(|follower| self.held.contains_key(&follower));
        let over = self.held.get(&parent.id());
        let over = over.and_then(|held| held.decided.clone());
        let answer = if !is_in || !next.fits(&parent) || !parent.has(self.asker(&ticket)) {
            Response::Unknown
        } else if known {
            self.save_control(vec![After::Answer(ticket, Response::Done)]);
            return;
        } else if let Some(followed) = over {
            Response::Followed(Box::new(followed))
        } else if next.epoch <= self.floor {
            Response::Closed(self.floor)
        } else if self.held.len() + self.staged.len() >= MAX_GROUPS || !self.moves_to(parent.ring) {
            Response::Refused(RecordError::Full)
        } else {
            self.staged.insert(name, Staged { parent, next });
            self.save_control(vec![After::Answer(ticket, Response::Done)]);
            return;
        };
        self.answer(ticket, answer);
    }

    /// Whether this node can be in groups of this ring. One that was alone in a ring of its own gives that up.
    fn moves_to(&mut self, ring: u64) -> bool {
        let others = self.held.values().filter(|held| held.group.ring != ring);
        let others: Vec<(GroupId, bool)> = others
            .map(|held| (held.group.id(), held.group.members.len() == 1))
            .collect();
        if others.is_empty() {
            return true;
        }
        if !others.iter().all(|(_, alone)| *alone) {
            return false;
        }
        let rows = self.table.keys().collect::<Vec<_>>().into_iter();
        let records = rows.filter_map(|key| Some(self.table.live(self.now, key)?.copy(self.now)));
        let records: Vec<_> = records.collect();
        self.effects.push(Effect::Release(records));
        for (id, _) in others {
            self.forget(id);
        }
        true
    }

    /// Whether a key belongs to what is staged here, or was.
    fn expects(&self, parent: GroupId, epoch: Epoch, key: Id) -> bool {
        let me = self.me.id();
        let covers = |group: &Configuration| group.has(me) && group.covers(key);
        let opened = |held: &&Held| held.group.epoch == epoch && held.decided.is_none();
        let mut opened = self.held.values().filter(opened);
        self.staged
            .get(&(parent, epoch))
            .is_some_and(|staged| staged.next.groups(&staged.parent).any(|g| covers(&g)))
            || opened.any(|held| covers(&held.group))
    }

    fn judge(&mut self, ticket: Ticket, parent: GroupId, epoch: Epoch, entries: &[(Id, Stamp)]) {
        let lacks = |(key, stamp): &&(Id, Stamp)| {
            let row = self.table.get(*key);
            !row.is_some_and(|row| row.stamp >= *stamp && row.saved)
        };
        let lacking = entries.iter().filter(lacks).map(|(key, _)| *key);
        let answer = match entries.first() {
            Some((key, _)) if !self.expects(parent, epoch, *key) => Response::Unknown,
            _ => Response::Lacking(lacking.collect()),
        };
        self.answer(ticket, answer);
    }

    // After a group.

    fn decided(&mut self, ticket: Ticket, parent: GroupId, next: &Next) {
        self.follow(parent, next);
        let me = self.me.id();
        let is_in = next.members().iter().any(|member| member.id() == me);
        let open = self
            .held
            .values()
            .any(|held| held.group.epoch == next.epoch);
        if is_in && !open && next.epoch > self.floor {
            self.answer(ticket, Response::Unknown);
        } else {
            self.save_control(vec![After::Answer(ticket, Response::Done)]);
        }
    }

    /// It is decided what follows a group: that begins here, and the group is over.
    pub(super) fn follow(&mut self, parent: GroupId, next: &Next) {
        let me = self.me.id();
        let staged = self.staged.remove(&(parent, next.epoch));
        // What was staged besides has lost.
        self.staged.retain(|(other, _), _| *other != parent);
        if let Some(held) = self.held.get_mut(&parent)
            && held.decided.is_none()
        {
            held.decided = Some(next.clone());
            self.changes.remove(&parent);
            self.leading.remove(&parent);
            self.watching.remove(&parent);
            self.dirty = true;
        }
        let mut leads = Vec::new();
        // Who is in what follows has it staged until it is decided. Without that it is over here, or was never here.
        for group in staged.iter().flat_map(|staged| next.groups(&staged.parent)) {
            if group.has(me) {
                if group.primary().map(Contact::id) == Some(me) {
                    leads.push(After::Lead(group.id()));
                }
                self.hold(group);
            }
        }
        if !leads.is_empty() {
            self.save_control(leads);
        }
        self.tidy();
    }

    /// The group is over, and nobody needs to hear of it any more.
    pub(super) fn forget(&mut self, id: GroupId) {
        if self.held.remove(&id).is_some() {
            self.floor = self.floor.max(id.epoch);
            self.changes.remove(&id);
            self.leading.remove(&id);
            self.watching.remove(&id);
            // What would have followed it was decided and is known, or was not and has lost.
            self.staged.retain(|(parent, _), _| *parent != id);
            self.dirty = true;
            self.tidy();
        }
    }
}
