//! What a node does as the primary of a group: it orders reads and writes.
//!
//! The order is the one in which they reach the primary's own table. Everything is answered only after a majority has
//! confirmed that the epoch still stood, and then the order of the epoch is the order of the key.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::base::id::Id;
use crate::store::group::configuration::{Configuration, GroupId, Member, Stamp};
use crate::store::group::message::{Request, Response, Touch, Write};
use crate::store::group::table::Row;
use crate::store::group::{Effect, Entry, Groups, MAX_ROUNDS, OperationTag, Ticket, Token};
use crate::store::life;
use crate::store::message::StoredRecord;
use crate::store::record::{MAX_SEQUENCE_JUMP, RecordError};

/// What a primary knows in its epoch, and forgets when it restarts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Leading {
    /// The last write of the epoch.
    index: u64,
    /// What is known to be stored at a majority.
    settled: BTreeMap<Id, Stamp>,
    /// The members that have missed something.
    pub(super) missed: BTreeSet<Id>,
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
    /// Why this node itself could not store it.
    refused: Option<RecordError>,
}

impl Groups {
    pub(super) fn read(&mut self, ticket: Ticket, key: Id, lineage: Option<u64>) {
        match self.serves(key, lineage) {
            Ok(group) => {
                let row = self.table.kept(self.now, key);
                let copy = row.map(|row| Box::new(row.copy(self.now)));
                self.confirm(group, ticket, key, Response::Value(copy), false);
            }
            Err(refusal) => self.answer(ticket, refusal),
        }
    }

    pub(super) fn write(&mut self, ticket: Ticket, write: Write) {
        let Write {
            copy,
            expected,
            operation,
            lineage,
        } = write;
        if copy.record.item().is_none() {
            return self.answer(ticket, Response::Refused(RecordError::Level));
        }
        let key = self.table.key(&copy.record);
        let group = match self.orders(key, lineage) {
            Ok(group) => group,
            Err(refusal) => return self.answer(ticket, refusal),
        };
        let row = self.table.kept(self.now, key);
        let version = row.map(|row| row.record.version());
        let sequence = row.map_or(0, |row| row.record.sequence());
        // An attempt that was made before and did take effect. Another operation may have written the very same record.
        let same = |row: &Row| row.operation == operation || !self.settings.rules.operation;
        if version == Some(copy.record.version()) && row.is_some_and(same) {
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
        self.order(group, ticket, operation, copy);
    }

    /// Lets a record live on: the same version of the same operation, at a later place. Whoever reads or replaces it sees no difference.
    pub(super) fn touch(&mut self, ticket: Ticket, touch: Touch) {
        let key = touch.key;
        let group = match self.orders(key, touch.lineage) {
            Ok(group) => group,
            Err(refusal) => return self.answer(ticket, refusal),
        };
        let row = self.table.kept(self.now, key);
        let is_newest =
            |row: &&Row| row.record.version() == touch.version || !self.settings.rules.touch_newest;
        let lives = |row: &&Row| row.life.is_live(self.now);
        let Some(row) = row.filter(lives).filter(is_newest) else {
            return self.confirm(group, ticket, key, Response::Superseded, false);
        };
        let operation = row.operation;
        let mut copy = row.copy(self.now);
        let longer = copy.record.at_most_whole(life::remaining(touch.remaining));
        if longer <= copy.remaining {
            return self.confirm(group, ticket, key, Response::Written(0), false);
        }
        copy.remaining = longer;
        self.order(group, ticket, operation, copy);
    }

    /// Gives a record the next place in the epoch, and has the members store it.
    fn order(
        &mut self,
        group: GroupId,
        ticket: Ticket,
        operation: OperationTag,
        copy: StoredRecord,
    ) {
        let Some(leading) = self.leading.get_mut(&group) else {
            return;
        };
        leading.index += 1;
        let stamp = Stamp {
            epoch: group.epoch,
            index: leading.index,
        };
        let key = self.table.key(&copy.record);
        let entry = Entry {
            stamp,
            operation,
            copy,
        };
        match self.table.insert(self.now, &entry) {
            Ok(()) => self.confirm(group, ticket, key, Response::Written(0), true),
            Err(refusal) => self.answer(ticket, Response::Refused(refusal)),
        }
    }

    /// The group that this node orders writes of a key in, or what to answer instead.
    fn orders(&self, key: Id, lineage: Option<u64>) -> Result<GroupId, Response> {
        let group = self.serves(key, lineage)?;
        match self.adopts() {
            Some(_) => Err(Response::Unavailable(Vec::new())),
            None => Ok(group),
        }
    }

    /// The group that this node serves a key in, or what to answer instead.
    fn serves(&self, key: Id, lineage: Option<u64>) -> Result<GroupId, Response> {
        let own = |number| lineage.is_none_or(|wanted| wanted == number);
        let covering = self.held.values();
        let covering = covering.filter(|held| held.group.covers(key) && own(held.group.lineage));
        let Some(held) = covering.max_by_key(|held| held.group.epoch) else {
            return Err(Response::Unknown);
        };
        let me = self.me.id();
        let id = held.group.id();
        let members = &held.group.members;
        let primary = match &held.decided {
            None => members.first().cloned(),
            Some(next) => {
                let mut groups = next.groups(&held.group);
                let group = groups.find(|group| group.covers(key));
                group.and_then(|group| group.members.into_iter().next())
            }
        };
        if let Some(primary) = primary.filter(|primary| primary.id() != me) {
            return Err(match self.presence.is_away(primary.id()) {
                true => self.unavailable(members, |member| self.presence.is_away(member)),
                false => Response::Elsewhere(primary.contact),
            });
        }
        let open = held.promised == id.epoch && held.decided.is_none();
        if open && self.leading.contains_key(&id) && self.rounds.len() < MAX_ROUNDS {
            Ok(id)
        } else {
            Err(self.unavailable(members, |member| self.presence.is_away(member)))
        }
    }

    fn unavailable(&self, members: &[Member], awaited: impl Fn(Id) -> bool) -> Response {
        let awaited = members.iter().filter(|member| awaited(member.id()));
        Response::Unavailable(awaited.map(|member| member.contact.clone()).collect())
    }

    /// Answers once a majority has confirmed the epoch and has stored what the answer tells of.
    fn confirm(&mut self, id: GroupId, ticket: Ticket, key: Id, reply: Response, written: bool) {
        let voters = |group: &Configuration| group.voters().cloned().collect::<Vec<_>>();
        let Some(members) = self.held.get(&id).map(|held| voters(&held.group)) else {
            return self.answer(ticket, Response::Unavailable(Vec::new()));
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
            open: members.iter().map(Member::id).collect(),
            refused: None,
        };
        self.rounds.insert(number, round);
        for member in &members {
            let keep = Request::Keep(id, entry.clone());
            self.ask(Token::Round(number), &member.contact, keep);
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
        match response {
            Some(Response::Done) => drop(round.done.insert(from)),
            Some(Response::Refused(error)) if from == self.me.id() => round.refused = Some(*error),
            _ => {}
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
            if response != Some(&Response::Done) && leading.missed.insert(from) {
                self.effects.push(Effect::LookSoon);
            }
        }
        let (done, refused) = (round.done.clone(), round.refused);
        if ended {
            self.rounds.remove(&number);
        }
        if let Some((ticket, reply)) = waiting {
            let members = self
                .held
                .get(&group)
                .map(|held| held.group.members.as_slice());
            let reply = match (reply, refused) {
                // Waiting for others would not help: this node has what it could not store, and orders what comes after it.
                (_, Some(error)) if !confirmed => Response::Refused(error),
                _ if !confirmed => self.unavailable(members.unwrap_or_default(), |member| {
                    !done.contains(&member)
                }),
                (Response::Written(_), _) => Response::Written(copies),
                (reply, _) => reply,
            };
            self.answer(ticket, reply);
        }
    }
}
