//! What a node does as a member of a group, and as one who may become a member.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::store::group::configuration::{
    Configuration, Epoch, GroupId, Member, Next, Stamp, votes,
};
use crate::store::group::fence::Fence;
use crate::store::group::machine::After;
use crate::store::group::message::{MAX_PAGE, Request, Response};
use crate::store::group::repair::RepairError;
use crate::store::group::{Effect, Entry, Groups, Held, MAX_GROUPS, Staged, Ticket, Token};
use crate::store::record::RecordError;

impl Groups {
    pub(super) fn asked(&mut self, ticket: Ticket, request: Request) {
        if let Ticket::Peer(contact, _) = &ticket {
            self.presence.heard(contact.id());
        }
        match &request {
            Request::Keep(group, _)
            | Request::Prepare(group, _)
            | Request::Propose(group, ..)
            | Request::Check(group) => self.warn(&ticket, *group),
            Request::Stage(staged) => self.warn(&ticket, staged.0.id()),
            _ => {}
        }
        match request {
            Request::Read(key, lineage) => self.read(ticket, key, lineage),
            Request::Write(write) => self.write(ticket, *write),
            Request::Touch(touch) => self.touch(ticket, *touch),
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
                if self.expects(&ticket, group, epoch, key) {
                    self.take_in(&entry, After::Answer(ticket, Response::Done));
                } else {
                    self.answer(ticket, Response::Unknown);
                }
            }
            Request::Withdraw(group, epoch) => self.withdraw(ticket, (group, epoch)),
            Request::Decided(group, next) => self.decided(ticket, group, &next),
            Request::Check(group) => {
                let answer = match self.know(&ticket, group) {
                    Ok(held) => match held.decided.clone() {
                        Some(next) => Response::Followed(Box::new(next)),
                        None => Response::Done,
                    },
                    Err(unknown) => unknown,
                };
                self.answer(ticket, answer);
            }
            Request::Meet(who) => {
                // Who leaves for the same lineage is not gone yet: its answers tell.
                if who.lineage.is_none() || who.lineage != self.adopts() {
                    self.presence.met(self.now, self.asker(&ticket), who);
                }
                let met = Response::Met(self.introduction_to(who));
                let answer = if self.leaving { Response::Unknown } else { met };
                self.answer(ticket, answer);
            }
            Request::Stopping => {
                self.presence.stops(self.asker(&ticket));
                self.effects.push(Effect::LookSoon);
                self.answer(ticket, Response::Done);
            }
            Request::Fence(fences) => self.hear_fences(ticket, fences),
            Request::Survey(lineage, after, upto) => self.surveyed(ticket, lineage, after, upto),
        }
    }

    /// Tells the other members that this node stops for a while.
    pub(super) fn stop(&mut self) {
        let me = self.me.id();
        let members = self
            .held
            .values()
            .flat_map(|held| held.group.members.clone());
        let others: BTreeMap<Id, Contact> = members.map(|m| (m.id(), m.contact)).collect();
        for (_, other) in others.into_iter().filter(|(id, _)| *id != me) {
            // Nobody waits for the answer.
            self.ask(Token::Round(0), &other, Request::Stopping);
        }
    }

    /// Who asks.
    pub(super) fn asker(&self, ticket: &Ticket) -> Id {
        match ticket {
            Ticket::Peer(contact, _) => contact.id(),
            Ticket::Operation(_) | Ticket::Itself(_) => self.me.id(),
        }
    }

    /// Whether this incarnation of a node was in the group, so that it can know what became of it.
    pub(super) fn was_in(&self, id: GroupId, node: Id, incarnation: u64) -> bool {
        let held = self.held.get(&id).map(|held| &held.group);
        let mut parents = self.staged.values().map(|staged| &staged.parent);
        let group = held.or_else(|| parents.find(|parent| parent.id() == id));
        let member = group.and_then(|group| group.member(node));
        let same = |member: &Member| member.votes && member.incarnation == incarnation;
        member.is_some_and(same)
    }

    /// Whether a node is a neighbour on the ring, or shares a group with this one. Others have no say in what this node keeps.
    pub(super) fn is_acquainted_with(&self, node: Id) -> bool {
        let mut parents = self.staged.values().map(|staged| &staged.parent);
        let mut groups = self.held.values().map(|held| &held.group);
        let shares = groups.any(|group| group.has(node)) || parents.any(|group| group.has(node));
        shares || node == self.me.id() || self.presence.is_neighbour(node)
    }

    /// Whether this node is in another group of the range, which a stranger's word would end.
    fn is_held_against(&self, parent: &Configuration) -> bool {
        let own = |held: &Held| held.group.lineage == parent.lineage && held.decided.is_none();
        let other = |held: &Held| held.group.id() != parent.id() && held.group.overlaps(parent);
        self.held.values().any(|held| own(held) && other(held))
    }

    fn is_member(&self, ticket: &Ticket, group: GroupId) -> bool {
        let held = self.held.get(&group);
        held.is_some_and(|held| held.group.has(self.asker(ticket)))
    }

    /// The group of this name. If it is staged here it was decided, since members only speak of groups that were. What anybody else says
    /// proves nothing.
    pub(super) fn know(&mut self, ticket: &Ticket, id: GroupId) -> Result<&mut Held, Response> {
        if !self.held.contains_key(&id) {
            let asker = self.asker(ticket);
            let mut staged = self.staged.values();
            let staged = staged.find(|staged| {
                let may_know = |group: &Configuration| group.has(asker) || staged.parent.has(asker);
                let mine = |group: &Configuration| group.id() == id && group.has(self.me.id());
                let mut groups = staged.next.groups(&staged.parent);
                groups.any(|group| mine(&group) && may_know(&group))
            });
            if let Some(staged) = staged.cloned() {
                self.follow(staged.parent.id(), &staged.next);
            }
        }
        // Whoever has skipped too many groups to remember which, says nothing of any.
        let was_in = !self.skipped.contains(&id) && self.skipped.len() < MAX_GROUPS;
        let over = self.is_below_floor(id.epoch) && was_in;
        let incarnation = self.settings.incarnation;
        self.held.get_mut(&id).ok_or(if over {
            Response::Gone(incarnation)
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
        let refusal = match self.know(&ticket, id) {
            Err(unknown) => Some(unknown),
            Ok(held) if held.promised != id.epoch || held.decided.is_some() => {
                Some(Response::Closed(held.promised))
            }
            Ok(held) => {
                let primary = held.group.primary().map(Member::id);
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
        let is_surveying = self.is_surveying();
        if is_surveying {
            self.effects.push(Effect::LookSoon);
        }
        let answer = match self.know(&ticket, id) {
            Err(unknown) => unknown,
            Ok(Held {
                decided: Some(next),
                ..
            }) => Response::Followed(Box::new(next.clone())),
            Ok(held) if !held.group.has(from) => Response::Unknown,
            // The group may lie behind a fence. The asker tries again.
            Ok(held) if is_surveying => Response::Closed(held.promised),
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
        let answer = match self.know(&ticket, id) {
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
        let asker = self.asker(&ticket);
        let claims = self.is_held_against(&parent) && !self.is_acquainted_with(asker);
        let strange = !next.fits(&parent) || !parent.has(asker) || claims;
        let later = match strange || self.staged.contains_key(&name) {
            true => None,
            false => self.make_way(&parent, &next),
        };
        let mut mine = next.groups(&parent).filter(|group| group.has(me));
        let barred = mine.any(|group| self.is_barred(&group));
        let mut places = next
            .groups(&parent)
            .filter_map(|group| group.member(me).cloned());
        let place = places.next();
        let is_in = place.as_ref().is_some_and(|place| place.votes);
        let check = self.settings.rules.incarnation;
        let lost = place.is_some_and(|place| place.incarnation != self.settings.incarnation);
        let mut followers = next.groups(&parent).map(|group| group.id());
        let known = self.staged.contains_key(&name)
            || followers.any(|follower| self.held.contains_key(&follower));
        let over = self.held.get(&parent.id());
        let over = over.and_then(|held| held.decided.clone());
        let answer = if !is_in || strange || barred {
            Response::Unknown
        } else if let Some(later) = later {
            Response::Closed(later)
        } else if lost && check {
            Response::Met(self.introduction())
        } else if known {
            self.save_control(vec![After::Answer(ticket, Response::Done)]);
            return;
        } else if let Some(followed) = over {
            Response::Followed(Box::new(followed))
        } else if self.is_below_floor(next.epoch) {
            Response::Closed(self.floor)
        } else if self.held.len() + self.staged.len() >= MAX_GROUPS {
            Response::Refused(RecordError::Full)
        } else if !self.moves_to(&parent) {
            Response::Met(self.introduction())
        } else {
            self.staged.insert(name, Staged { parent, next });
            self.save_control(vec![After::Answer(ticket, Response::Done)]);
            return;
        };
        self.answer(ticket, answer);
    }

    /// Whether a key belongs to what the asker has staged here, or had.
    fn expects(&self, ticket: &Ticket, parent: GroupId, epoch: Epoch, key: Id) -> bool {
        let (me, asker) = (self.me.id(), self.asker(ticket));
        let covers = |group: &Configuration| group.has(me) && group.covers(key);
        let opened = |held: &&Held| held.group.epoch == epoch && held.decided.is_none();
        let mut opened = self.held.values().filter(opened);
        let staged = self.staged.get(&(parent, epoch));
        staged
            .filter(|staged| staged.parent.has(asker))
            .is_some_and(|staged| staged.next.groups(&staged.parent).any(|g| covers(&g)))
            || opened.any(|held| covers(&held.group) && held.group.has(asker))
    }

    fn judge(&mut self, ticket: Ticket, parent: GroupId, epoch: Epoch, entries: &[(Id, Stamp)]) {
        let lacks = |(key, stamp): &&(Id, Stamp)| {
            let row = self.table.get(*key);
            !row.is_some_and(|row| row.stamp >= *stamp && row.saved)
        };
        let lacking = entries.iter().filter(lacks).map(|(key, _)| *key);
        let answer = match entries.first() {
            Some((key, _)) if !self.expects(&ticket, parent, epoch, *key) => Response::Unknown,
            _ => Response::Lacking(lacking.collect()),
        };
        self.answer(ticket, answer);
    }

    /// Takes back what was staged.
    fn withdraw(&mut self, ticket: Ticket, name: (GroupId, Epoch)) {
        let asker = self.asker(&ticket);
        let staged = self.staged.get(&name);
        if staged.is_some_and(|staged| staged.parent.has(asker)) {
            self.staged.remove(&name);
            self.dirty = true;
            self.tidy();
        }
        self.answer(ticket, Response::Done);
    }

    // After a group.

    fn decided(&mut self, ticket: Ticket, parent: GroupId, next: &Next) {
        let asker = self.asker(&ticket);
        let held = self.held.get(&parent).map(|held| &held.group);
        let mut staged = self.staged.values().map(|staged| &staged.parent);
        let group = held.or_else(|| staged.find(|group| group.id() == parent));
        if group.is_some_and(|group| !group.has(asker) || !next.fits(group)) {
            return self.answer(ticket, Response::Unknown);
        }
        self.follow(parent, next);
        let me = self.me.id();
        let is_in = votes(&next.members(), me);
        let open = self
            .held
            .values()
            .any(|held| held.group.epoch == next.epoch);
        if is_in && !open && !self.is_below_floor(next.epoch) {
            self.answer(ticket, Response::Unknown);
        } else {
            self.save_control(vec![After::Answer(ticket, Response::Done)]);
        }
    }

    /// It is decided what follows a group: that begins here, and the group is over.
    pub(super) fn follow(&mut self, parent: GroupId, next: &Next) {
        let me = self.me.id();
        let staged = self.staged.remove(&(parent, next.epoch));
        let held = self.held.get(&parent).map(|held| &held.group);
        let before = held.or_else(|| staged.as_ref().map(|staged| &staged.parent));
        let fence = before.and_then(|before| Fence::of(before, next));
        // What was staged besides has lost.
        self.staged.retain(|(other, _), _| *other != parent);
        if let Some(held) = self.held.get_mut(&parent)
            && held.decided.is_none()
        {
            held.decided = Some(next.clone());
            self.end_watch(parent);
        }
        let mut after = Vec::new();
        // Who is in what follows has it staged until it is decided. Without that it is over here, or was never here.
        for group in staged.iter().flat_map(|staged| next.groups(&staged.parent)) {
            if self.is_barred(&group) {
                self.skip(group.id());
            } else if votes(&group.members, me) {
                if group.primary().map(Member::id) == Some(me) {
                    after.push(After::Lead(group.id()));
                }
                self.hold(group);
            }
        }
        let repair = self.repaired(parent, fence.as_ref());
        if let Some(fence) = fence {
            after.extend(repair.map(|number| After::Repaired(number, fence.clone())));
            self.raise(fence);
        }
        if !after.is_empty() {
            self.save_control(after);
        }
        self.tidy();
    }

    /// The group is gone: what is staged here to follow it was decided and is over as well, or was not decided.
    pub(super) fn skip_what_follows(&mut self, parent: GroupId) {
        let me = self.me.id();
        let staged = self.staged.iter();
        let staged = staged.filter(|((group, _), _)| *group == parent);
        let groups = staged.flat_map(|(_, staged)| staged.next.groups(&staged.parent));
        let mine = groups.filter(|group| group.has(me));
        let room = MAX_GROUPS - self.skipped.len().min(MAX_GROUPS);
        let skipped: Vec<GroupId> = mine.map(|group| group.id()).take(room).collect();
        self.skipped.extend(skipped);
        self.staged.retain(|(group, _), _| *group != parent);
    }

    /// Whether a group of this epoch may have been here and be forgotten.
    pub(super) fn is_below_floor(&self, epoch: Epoch) -> bool {
        epoch.attempt() <= self.floor.attempt()
    }

    pub(super) fn raise_floor(&mut self, epoch: Epoch) {
        if !self.is_below_floor(epoch) {
            self.floor = epoch;
        }
    }

    /// Nothing is tried with a group any more.
    pub(super) fn end_watch(&mut self, id: GroupId) {
        self.changes.remove(&id);
        self.leading.remove(&id);
        self.watching.remove(&id);
        self.dirty = true;
    }

    /// The group is over, and nobody needs to hear of it any more.
    pub(super) fn forget(&mut self, id: GroupId) {
        if self.held.remove(&id).is_some() {
            self.raise_floor(id.epoch);
            self.end_watch(id);
            self.end_repair(id, Err(RepairError::Moved));
            self.skip_what_follows(id);
            self.tidy();
        }
    }
}
