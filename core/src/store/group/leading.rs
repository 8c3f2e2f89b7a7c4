//! What a node does as the primary of a group: it orders reads and writes.
//!
//! The order is the one in which they reach the primary's own table. Everything is answered only after a majority has
//! confirmed that the epoch still stood, and then the order of the epoch is the order of the key.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::store::group::configuration::{GroupId, Stamp};
use crate::store::group::message::{Request, Response};
use crate::store::group::{Effect, Entry, Groups, MAX_ROUNDS, Ticket, Token};
use crate::store::message::Copy;
use crate::store::record::{MAX_SEQUENCE_JUMP, RecordError, Version};

/// What a primary knows in its epoch, and forgets when it restarts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Leading {
    /// The last write of the epoch.
    index: u64,
    /// What is known to be stored at a majority.
    settled: BTreeMap<Id, Stamp>,
    /// Whether a member has missed something.
    pub(super) doubt: bool,
}

impl Leading {
    /// Nothing is under these keys any more.
    pub(super) fn drop(&mut self, keys: &[Id]) {
        for key in keys {
            self.settled.remove(key);
        }
    }
}

/// A question to all members on behalf of one read or write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Round {
    group: GroupId,
    /// Who waits, and for which answer once a majority has confirmed. The round stays until all have answered, so that
    /// it shows who has missed something.
    waiting: Option<(Ticket, Response)>,
    key: Id,
    /// What the members are to keep, if anything.
    stamp: Option<Stamp>,
    /// Who has confirmed.
    done: BTreeSet<Id>,
    /// Who has not answered.
    open: BTreeSet<Id>,
}

impl Groups {
    pub(super) fn read(&mut self, ticket: Ticket, key: Id) {
        match self.serves(key) {
            Ok(group) => {
                let row = self.table.live(self.now, key);
                let copy = row.map(|row| Box::new(row.copy(self.now)));
                self.confirm(group, ticket, key, Response::Value(copy), false);
            }
            Err(refusal) => self.answer(ticket, refusal),
        }
    }

    pub(super) fn write(&mut self, ticket: Ticket, copy: Copy, expected: Option<Version>) {
        if copy.record.item().is_none() {
            return self.answer(ticket, Response::Refused(RecordError::Level));
        }
        let key = self.table.key(&copy.record);
        let group = match self.serves(key) {
            Ok(group) => group,
            Err(refusal) => return self.answer(ticket, refusal),
        };
        let row = self.table.live(self.now, key);
        let version = row.map(|row| row.record.version());
        let sequence = row.map_or(0, |row| row.record.sequence());
        // An attempt that was made before and did take effect.
        if version == Some(copy.record.version()) {
            return self.confirm(group, ticket, key, Response::Written(0), false);
        }
        if version != expected {
            let copy = row.map(|row| Box::new(row.copy(self.now)));
            return self.confirm(group, ticket, key, Response::Mismatch(copy), false);
        }
        let ahead = copy.record.sequence().checked_sub(sequence);
        if !ahead.is_some_and(|ahead| (1..=MAX_SEQUENCE_JUMP).contains(&ahead)) {
            return self.answer(ticket, Response::Refused(RecordError::SequenceJump));
        }
        let Some(leading) = self.leading.get_mut(&group) else {
            return;
        };
        leading.index += 1;
        let stamp = Stamp {
            epoch: group.epoch,
            index: leading.index,
        };
        match self.table.insert(self.now, &Entry { stamp, copy }) {
            Ok(()) => self.confirm(group, ticket, key, Response::Written(0), true),
            Err(refusal) => self.answer(ticket, Response::Refused(refusal)),
        }
    }

    /// The group that this node serves a key in, or what to answer instead.
    fn serves(&self, key: Id) -> Result<GroupId, Response> {
        let covering = self.held.values().filter(|held| held.group.covers(key));
        let Some(held) = covering.max_by_key(|held| held.group.epoch) else {
            return Err(Response::Unknown);
        };
        let me = self.me.id();
        let id = held.group.id();
        let primary = match &held.decided {
            None => held.group.primary().cloned(),
            Some(next) => {
                let mut groups = next.groups(&held.group);
                let group = groups.find(|group| group.covers(key));
                group.and_then(|group| group.members.into_iter().next())
            }
        };
        if let Some(primary) = primary.filter(|primary| primary.id() != me) {
            return Err(Response::Elsewhere(primary));
        }
        let open = held.promised == id.epoch && held.decided.is_none();
        if open && self.leading.contains_key(&id) && self.rounds.len() < MAX_ROUNDS {
            Ok(id)
        } else {
            Err(Response::Unavailable)
        }
    }

    /// Answers once a majority has confirmed the epoch and has stored what the answer tells of.
    fn confirm(&mut self, id: GroupId, ticket: Ticket, key: Id, reply: Response, written: bool) {
        let Some(members) = self.held.get(&id).map(|held| held.group.members.clone()) else {
            return self.answer(ticket, Response::Unavailable);
        };
        let entry = self.table.entry(self.now, key);
        let leading = self.leading.get(&id);
        let settled = leading.and_then(|leading| leading.settled.get(&key).copied());
        let entry = entry
            .filter(|entry| settled != Some(entry.stamp))
            .filter(|_| written || self.settings.rules.write_back);
        self.next += 1;
        let number = self.next;
        let round = Round {
            group: id,
            waiting: Some((ticket, reply)),
            key,
            stamp: entry.as_ref().map(|entry| entry.stamp),
            done: BTreeSet::new(),
            open: members.iter().map(Contact::id).collect(),
        };
        self.rounds.insert(number, round);
        for member in &members {
            let keep = Request::Keep(id, entry.clone());
            self.ask(Token::Round(number), member, keep);
        }
    }

    /// A member has answered in a round, or failed to.
    pub(super) fn on_kept(&mut self, number: u64, from: Id, response: Option<&Response>) {
        let Some(round) = self.rounds.get_mut(&number) else {
            return;
        };
        if !round.open.remove(&from) {
            return;
        }
        if response == Some(&Response::Done) {
            round.done.insert(from);
        }
        let majority = match self.held.get(&round.group) {
            Some(held) => held.group.majority(),
            None => usize::MAX,
        };
        let confirmed = round.done.len() >= majority;
        let copies = u8::try_from(round.done.len()).unwrap_or(u8::MAX);
        let hopeless = round.done.len() + round.open.len() < majority;
        let waiting = match confirmed || hopeless {
            true => round.waiting.take(),
            false => None,
        };
        let (group, settled, ended) = (
            round.group,
            round.stamp.map(|stamp| (round.key, stamp)),
            round.open.is_empty(),
        );
        if let Some(leading) = self.leading.get_mut(&group) {
            if let Some((key, stamp)) = settled.filter(|_| confirmed) {
                let known = leading.settled.entry(key).or_default();
                *known = stamp.max(*known);
            }
            let missed = response != Some(&Response::Done);
            if missed && !core::mem::replace(&mut leading.doubt, true) {
                self.effects.push(Effect::LookSoon);
            }
        }
        if ended {
            self.rounds.remove(&number);
        }
        if let Some((ticket, reply)) = waiting {
            let reply = match reply {
                _ if !confirmed => Response::Unavailable,
                Response::Written(_) => Response::Written(copies),
                reply => reply,
            };
            self.answer(ticket, reply);
        }
    }
}
