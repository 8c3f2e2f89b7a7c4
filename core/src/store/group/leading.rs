//! A node as the primary of groups: it orders reads and writes, each write a compare-and-set.
//!
//! The order is the one in which they reach the primary's own table. Everything is answered only after a majority has
//! confirmed that the epoch still stood, and then the order of the epoch is the order of the key.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::base::id::Id;
use crate::base::time::Instant;
use crate::store::group::configuration::{Configuration, GroupId, Member, Origin, Stamp};
use crate::store::group::message::{
    Acknowledged, Bring, Request, Response, Touch, Unstored, Write,
};
use crate::store::group::shared::Shared;
use crate::store::group::table::Row;
use crate::store::group::{Entry, Held, MAX_ROUNDS, OperationTag, Ticket, Token};
use crate::store::life;
use crate::store::message::StoredRecord;
use crate::store::record::{MAX_SEQUENCE_JUMP, Record, RecordError};

/// The acknowledgement of a write that waits for its round.
const NOBODY_YET: Acknowledged = Acknowledged {
    by: 0,
    members: None,
};

/// The groups that this node is the primary of, and the reads and writes under way. It is forgotten at a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Leading {
    terms: BTreeMap<GroupId, Term>,
    rounds: BTreeMap<u64, Round>,
}

/// The state of a primary in its epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Term {
    /// The last write of the epoch.
    index: u64,
    /// The places that are known to be stored at a majority.
    settled: BTreeMap<Id, Stamp>,
    /// The members that have missed something.
    missed: BTreeSet<Id>,
}

/// A request to all members on behalf of one read or write.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Round {
    group: GroupId,
    /// The requester that waits, and its answer once a majority has confirmed. The round stays until all have answered, so that
    /// it shows which members have missed something.
    waiting: Option<(Ticket, Response)>,
    key: Id,
    /// The place of what the members are to keep, if anything.
    stamp: Option<Stamp>,
    /// The members that have confirmed.
    done: BTreeSet<Id>,
    /// The members that have not answered.
    open: BTreeSet<Id>,
    /// The members that could not store it, and why.
    refused: BTreeMap<Id, RecordError>,
}

impl Round {
    /// The answer where no majority has confirmed.
    fn unconfirmed(&self, shared: &Shared) -> Response {
        let group = shared.roster.group(self.group);
        let members = group.map_or(&[][..], |group| group.members.as_slice());
        let left = |node: Id| !self.done.contains(&node) && !self.refused.contains_key(&node);
        if self.refused.is_empty() {
            return unavailable(members, left);
        }
        let contacts = |wanted: &dyn Fn(Id) -> bool| {
            let wanted = members.iter().filter(|member| wanted(member.id()));
            wanted.map(|member| member.contact.clone()).collect()
        };
        let refused = members.iter().filter_map(|member| {
            let error = self.refused.get(&member.id())?;
            Some((member.contact.clone(), *error))
        });
        let out = |node: Id| self.refused.contains_key(&node) || shared.presence.is_away(node);
        let able = members.iter().filter(|member| !out(member.id())).count();
        Response::Unstored(Box::new(Unstored {
            refused: refused.collect(),
            awaited: contacts(&left),
            is_final: group.is_none_or(|group| able < group.majority()),
        }))
    }
}

impl Leading {
    /// Begins to order what is asked of a group.
    pub(super) fn begin(&mut self, id: GroupId) {
        self.terms.insert(id, Term::default());
    }

    /// Begins, now that the new group is safe, unless that is over already.
    pub(super) fn begin_saved(&mut self, shared: &mut Shared, id: GroupId) {
        let stands = |held: &Held| held.promised == id.epoch && held.decided.is_none();
        if shared.roster.get(id).is_some_and(stands) {
            self.begin(id);
            // Nodes of the ring may lie inside of it.
            shared.look_soon();
        }
    }

    /// Ends an epoch.
    pub(super) fn end(&mut self, id: GroupId) {
        self.terms.remove(&id);
    }

    /// Forgets keys that nothing is under any more.
    pub(super) fn forget(&mut self, keys: &[Id]) {
        for term in self.terms.values_mut() {
            for key in keys {
                term.settled.remove(key);
            }
        }
    }

    /// The members that have missed something, where this node is the primary.
    pub(super) fn missed(&self, id: GroupId) -> Option<&BTreeSet<Id>> {
        self.terms.get(&id).map(|term| &term.missed)
    }

    /// Takes note that a member has missed something.
    #[cfg(test)]
    pub(super) fn misses(&mut self, id: GroupId, node: Id) {
        if let Some(term) = self.terms.get_mut(&id) {
            term.missed.insert(node);
        }
    }

    pub(super) fn read(
        &mut self,
        shared: &mut Shared,
        ticket: Ticket,
        key: Id,
        lineage: Option<u64>,
    ) {
        match self.serves(shared, key, lineage) {
            Ok(group) => {
                let row = shared.table.kept(shared.now(), key);
                let copy = row.map(|row| Box::new(row.copy(shared.now())));
                self.confirm(shared, group, (ticket, Response::Value(copy)), key, false);
            }
            Err(refusal) => shared.answer(ticket, refusal),
        }
    }

    /// Reads, for another lineage, the entry of a key with its place in the history of that.
    pub(super) fn gather(&mut self, shared: &mut Shared, ticket: Ticket, key: Id, lineage: u64) {
        match self.serves(shared, key, Some(lineage)) {
            Ok(group) => {
                let entry = shared.table.entry(shared.now(), key);
                self.confirm(shared, group, (ticket, Response::Entry(entry)), key, false);
            }
            Err(refusal) => shared.answer(ticket, refusal),
        }
    }

    /// Keeps what another lineage had, unless this node is about to give up its own for one.
    ///
    /// (ours) Members of that lineage bring one key again and again, and what one of them sent may arrive long after. The order of the key's
    /// history there decides: what is here from there gives way to what is later. A deletion is therefore kept, as what it deletes may come
    /// after it. What was written here is never replaced.
    pub(super) fn bring(
        &mut self,
        shared: &mut Shared,
        ticket: Ticket,
        bring: Bring,
        adopts: Option<u64>,
    ) {
        let record = bring.entry.as_ref().map(|entry| &entry.copy.record);
        if record.is_some_and(|record| record.item().is_none()) {
            return shared.answer(ticket, Response::Refused(RecordError::Level));
        }
        let key = record.map_or(bring.key, |record| shared.table.key(record));
        let group = match self.serves(shared, key, Some(bring.lineage)) {
            Ok(group) => group,
            Err(refusal) => return shared.answer(ticket, refusal),
        };
        if let Some(other) = adopts {
            return shared.answer(ticket, Response::GivenUp(other));
        }
        let Some(entry) = bring.entry else {
            return self.confirm(shared, group, (ticket, Response::Done), key, false);
        };
        let Entry {
            stamp,
            operation,
            mut copy,
            ..
        } = *entry;
        let origin = Origin {
            lineage: bring.from,
            stamp,
        };
        let now = shared.now();
        let row = shared.table.kept(now, key);
        if let Some(reply) = row.and_then(|row| bars(row, now, &copy, origin)) {
            return self.confirm(shared, group, (ticket, reply), key, false);
        }
        let sequence = row.map_or(0, |row| row.record.sequence());
        if copy.record.sequence().saturating_sub(sequence) > MAX_SEQUENCE_JUMP {
            return shared.answer(ticket, Response::Refused(RecordError::SequenceJump));
        }
        // It may have been renewed here.
        let same = row.filter(|row| row.record.version() == copy.record.version());
        let remaining = same.map(|row| row.life.remaining(now, &row.record));
        copy.remaining = remaining.map_or(copy.remaining, |here| here.max(copy.remaining));
        self.order(shared, group, ticket, (operation, Some(origin)), copy);
    }

    /// Writes, unless this node is about to give up its lineage.
    pub(super) fn write(
        &mut self,
        shared: &mut Shared,
        ticket: Ticket,
        write: Write,
        adopts: bool,
    ) {
        let Write {
            copy,
            expected,
            operation,
            lineage,
        } = write;
        if copy.record.item().is_none() {
            return shared.answer(ticket, Response::Refused(RecordError::Level));
        }
        let key = shared.table.key(&copy.record);
        let group = match self.orders(shared, key, lineage, adopts) {
            Ok(group) => group,
            Err(refusal) => return shared.answer(ticket, refusal),
        };
        let row = shared.table.kept(shared.now(), key);
        let version = row.map(|row| row.record.version());
        let sequence = row.map_or(0, |row| row.record.sequence());
        // An attempt that was made before and did take effect. Another operation may have written the very same record.
        let same = |row: &Row| row.operation == operation || !shared.rules().operation;
        if version == Some(copy.record.version()) && row.is_some_and(same) {
            return self.confirm(
                shared,
                group,
                (ticket, Response::Written(NOBODY_YET)),
                key,
                false,
            );
        }
        if version != expected {
            let copy = row.map(|row| Box::new(row.copy(shared.now())));
            return self.confirm(
                shared,
                group,
                (ticket, Response::Mismatch(copy)),
                key,
                false,
            );
        }
        let ahead = copy.record.sequence().checked_sub(sequence);
        if !ahead.is_some_and(|ahead| (1..=MAX_SEQUENCE_JUMP).contains(&ahead)) {
            return shared.answer(ticket, Response::Refused(RecordError::SequenceJump));
        }
        self.order(shared, group, ticket, (operation, None), copy);
    }

    /// Lets a record live on: the same version of the same operation, at a later place. To reads and writes it is no change.
    pub(super) fn touch(
        &mut self,
        shared: &mut Shared,
        ticket: Ticket,
        touch: Touch,
        adopts: bool,
    ) {
        let key = touch.key;
        let group = match self.orders(shared, key, touch.lineage, adopts) {
            Ok(group) => group,
            Err(refusal) => return shared.answer(ticket, refusal),
        };
        let row = shared.table.kept(shared.now(), key);
        let is_newest =
            |row: &&Row| row.record.version() == touch.version || !shared.rules().touch_newest;
        let lives = |row: &&Row| row.life.is_live(shared.now());
        let Some(row) = row.filter(lives).filter(is_newest) else {
            return self.confirm(shared, group, (ticket, Response::Superseded), key, false);
        };
        let written = (row.operation, row.origin);
        let mut copy = row.copy(shared.now());
        let longer = copy.record.at_most_whole(life::remaining(touch.remaining));
        if longer <= copy.remaining {
            return self.confirm(
                shared,
                group,
                (ticket, Response::Written(NOBODY_YET)),
                key,
                false,
            );
        }
        copy.remaining = longer;
        self.order(shared, group, ticket, written, copy);
    }

    /// Gives a record the next place in the epoch, and has the members store it.
    fn order(
        &mut self,
        shared: &mut Shared,
        group: GroupId,
        ticket: Ticket,
        (operation, origin): (OperationTag, Option<Origin>),
        copy: StoredRecord,
    ) {
        let Some(term) = self.terms.get_mut(&group) else {
            return;
        };
        term.index += 1;
        let stamp = Stamp {
            epoch: group.epoch,
            index: term.index,
        };
        let key = shared.table.key(&copy.record);
        let entry = Entry {
            stamp,
            operation,
            copy,
            origin,
        };
        match shared.table.insert(shared.now(), &entry) {
            Ok(()) => self.confirm(
                shared,
                group,
                (ticket, Response::Written(NOBODY_YET)),
                key,
                true,
            ),
            Err(refusal) => shared.answer(ticket, Response::Refused(refusal)),
        }
    }

    /// The group that this node orders writes of a key in, or what to answer instead.
    fn orders(
        &self,
        shared: &Shared,
        key: Id,
        lineage: Option<u64>,
        adopts: bool,
    ) -> Result<GroupId, Response> {
        let group = self.serves(shared, key, lineage)?;
        match adopts {
            true => Err(Response::Unavailable(Vec::new())),
            false => Ok(group),
        }
    }

    /// The group that this node serves a key in, or what to answer instead.
    fn serves(&self, shared: &Shared, key: Id, lineage: Option<u64>) -> Result<GroupId, Response> {
        let own = |number| lineage.is_none_or(|wanted| wanted == number);
        let covering = shared.roster.held();
        let covering = covering.filter(|held| held.group.covers(key) && own(held.group.lineage));
        let Some(held) = covering.max_by_key(|held| held.group.epoch) else {
            return Err(Response::Unknown);
        };
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
        let is_away = |member| shared.presence.is_away(member);
        if let Some(primary) = primary.filter(|primary| primary.id() != shared.id()) {
            return Err(match is_away(primary.id()) {
                true => unavailable(members, is_away),
                false => Response::Elsewhere(primary.contact),
            });
        }
        let open = held.promised == id.epoch && held.decided.is_none();
        if open && self.terms.contains_key(&id) && self.rounds.len() < MAX_ROUNDS {
            Ok(id)
        } else {
            Err(unavailable(members, is_away))
        }
    }

    /// Answers once a majority has confirmed the epoch and has stored what the answer tells of.
    fn confirm(
        &mut self,
        shared: &mut Shared,
        id: GroupId,
        (ticket, reply): (Ticket, Response),
        key: Id,
        written: bool,
    ) {
        let voters = |group: &Configuration| group.voters().cloned().collect::<Vec<_>>();
        let Some(members) = shared.roster.group(id).map(voters) else {
            return shared.answer(ticket, Response::Unavailable(Vec::new()));
        };
        let entry = shared.table.entry(shared.now(), key);
        let term = self.terms.get(&id);
        let settled = term.and_then(|term| term.settled.get(&key).copied());
        let entry = entry
            .filter(|entry| settled != Some(entry.stamp))
            .filter(|_| written || shared.rules().write_back);
        let number = shared.outbox.number();
        let round = Round {
            group: id,
            waiting: Some((ticket, reply)),
            key,
            stamp: entry.as_ref().map(|entry| entry.stamp),
            done: BTreeSet::new(),
            open: members.iter().map(Member::id).collect(),
            refused: BTreeMap::new(),
        };
        self.rounds.insert(number, round);
        for member in &members {
            let keep = Request::Keep(id, entry.clone());
            shared.ask(Token::Round(number), &member.contact, keep);
        }
    }

    /// Takes a member's answer in a round, or its failure.
    pub(super) fn on_kept(
        &mut self,
        shared: &mut Shared,
        number: u64,
        from: Id,
        response: Option<&Response>,
    ) {
        let Some(round) = self.rounds.get_mut(&number) else {
            return;
        };
        if !round.open.remove(&from) {
            return;
        }
        match response {
            Some(Response::Done) => drop(round.done.insert(from)),
            Some(Response::Refused(error)) => drop(round.refused.insert(from, *error)),
            _ => {}
        }
        let group = shared.roster.group(round.group);
        let majority = group.map_or(usize::MAX, Configuration::majority);
        let members = group.and_then(|group| u8::try_from(group.members.len()).ok());
        let confirmed = round.done.len() >= majority;
        let by = u8::try_from(round.done.len()).unwrap_or(u8::MAX);
        // A member that is away is not waited for where a disk refuses: what is known decides.
        let is_open = |node: &&Id| round.refused.is_empty() || !shared.presence.is_away(**node);
        let open = round.open.iter().filter(is_open).count();
        let hopeless = round.done.len() + open < majority;
        let waiting = match confirmed || hopeless {
            true => round.waiting.take(),
            false => None,
        };
        let waiting = waiting.map(|(ticket, reply)| match (confirmed, reply) {
            (false, _) => (ticket, round.unconfirmed(shared)),
            (true, Response::Written(_)) => {
                (ticket, Response::Written(Acknowledged { by, members }))
            }
            (true, reply) => (ticket, reply),
        });
        let (group, settled, ended) = (
            round.group,
            round.stamp.map(|stamp| (round.key, stamp)),
            round.open.is_empty(),
        );
        if let Some(term) = self.terms.get_mut(&group) {
            if let Some((key, stamp)) = settled.filter(|_| confirmed) {
                let known = term.settled.entry(key).or_default();
                *known = stamp.max(*known);
            }
            if response != Some(&Response::Done) && term.missed.insert(from) {
                shared.look_soon();
            }
        }
        if ended {
            self.rounds.remove(&number);
        }
        if let Some((ticket, reply)) = waiting {
            shared.answer(ticket, reply);
        }
    }
}

fn unavailable(members: &[Member], awaited: impl Fn(Id) -> bool) -> Response {
    let awaited = members.iter().filter(|member| awaited(member.id()));
    Response::Unavailable(awaited.map(|member| member.contact.clone()).collect())
}

/// The answer to an entry of another lineage that cannot be kept, since this row is here.
fn bars(row: &Row, now: Instant, copy: &StoredRecord, origin: Origin) -> Option<Response> {
    let there = row.origin.filter(|there| there.lineage == origin.lineage);
    if let Some(there) = there {
        return (there.stamp >= origin.stamp).then_some(Response::Superseded);
    }
    let here = row.copy(now);
    if row.record.version() == copy.record.version() && copy.is_live() && !here.is_live() {
        return None;
    }
    Some(match is_no_conflict(&here, copy) {
        true => Response::Superseded,
        false => Response::Mismatch(Some(Box::new(here))),
    })
}

/// Returns whether nothing is lost where this record stays in the place of one that is brought.
///
/// The same value of another author counts as the same record: it has a history and a life of its own, but no value is gone. So do two deletions, and a
/// record that has run out leaves nothing to be kept.
pub(crate) fn is_no_conflict(here: &StoredRecord, brought: &StoredRecord) -> bool {
    let [here, there] = [here, brought].map(|copy| copy.visible().and_then(Record::value));
    !brought.is_live() || here == there
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::group::Effect;
    use crate::store::group::shared::Act;
    use crate::store::group::testing::{self, asked, contact, from, group, id, record, shared};

    /// The primary 1 of a group of three.
    fn primary() -> (Shared, Leading, GroupId) {
        let group = group((0, 0), 1, &[1, 2, 3]);
        let mut leading = Leading::default();
        leading.begin(group.id());
        (
            shared(1, core::slice::from_ref(&group)),
            leading,
            group.id(),
        )
    }

    fn write(name: &str, operation: u8) -> Write {
        let record = record(name, 1);
        let remaining = 60;
        Write {
            copy: StoredRecord { record, remaining },
            expected: None,
            operation: OperationTag([operation; 16]),
            lineage: Some(testing::LINEAGE),
        }
    }

    /// The acknowledgement by so many of the three.
    fn written(by: u8) -> Response {
        let members = Some(3);
        Response::Written(Acknowledged { by, members })
    }

    fn answer(ticket: Ticket, response: Response) -> Act {
        Act::Effect(Effect::Answer(ticket, response))
    }

    /// The round that all members are asked in, and whether they are to keep something.
    fn round(shared: &mut Shared) -> (u64, bool) {
        let acts = shared.outbox.take_acts();
        let asked = asked(shared, acts);
        let nodes: Vec<Id> = asked.iter().map(|(node, ..)| *node).collect();
        assert_eq!(nodes, [1, 2, 3].map(id));
        match &asked[0] {
            (_, Token::Round(number), Request::Keep(_, entry)) => (*number, entry.is_some()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_write_is_acknowledged_once_a_majority_has_stored_it_and_who_missed_it_is_known() {
        let (mut shared, mut leading, group) = primary();
        leading.write(&mut shared, from(9), write("a", 1), false);
        let (number, keeps) = round(&mut shared);
        assert!(keeps);
        leading.on_kept(&mut shared, number, id(1), Some(&Response::Done));
        leading.on_kept(&mut shared, number, id(1), Some(&Response::Done));
        assert_eq!(shared.outbox.take_acts(), [], "one member, twice");
        leading.on_kept(&mut shared, number, id(2), Some(&Response::Done));
        let written = answer(from(9), written(2));
        assert_eq!(shared.outbox.take_acts(), [written]);
        assert!(leading.missed(group).unwrap().is_empty());
        leading.on_kept(&mut shared, number, id(3), None);
        assert_eq!(shared.outbox.take_acts(), [Act::Effect(Effect::LookSoon)]);
        assert_eq!(leading.missed(group), Some(&BTreeSet::from([id(3)])));
        assert!(leading.rounds.is_empty());
    }

    #[test]
    fn without_a_majority_those_who_did_not_confirm_are_awaited() {
        let (mut shared, mut leading, _) = primary();
        leading.write(&mut shared, from(9), write("a", 1), false);
        let (number, _) = round(&mut shared);
        leading.on_kept(&mut shared, number, id(1), Some(&Response::Done));
        leading.on_kept(&mut shared, number, id(2), None);
        shared.outbox.take_acts();
        leading.on_kept(&mut shared, number, id(3), None);
        let awaited = [2, 3].map(contact).to_vec();
        let acts = shared.outbox.take_acts();
        assert!(acts.contains(&answer(from(9), Response::Unavailable(awaited))));
    }

    #[test]
    fn a_refusal_says_whose_it_is_and_who_is_away_is_not_waited_for_then() {
        let storage = RecordError::Storage;
        let unstored = |refused: &[u64], awaited: &[u64], is_final| {
            let refused = refused.iter().map(|node| (contact(*node), storage));
            answer(
                from(9),
                Response::Unstored(Box::new(Unstored {
                    refused: refused.collect(),
                    awaited: awaited.iter().copied().map(contact).collect(),
                    is_final,
                })),
            )
        };
        let refusal = Response::Refused(storage);
        let answers = |(mut shared, mut leading): (Shared, Leading), answers: &[(u64, _)]| {
            leading.write(&mut shared, from(9), write("a", 1), false);
            let (number, _) = round(&mut shared);
            for (node, response) in answers {
                leading.on_kept(&mut shared, number, id(*node), Option::as_ref(response));
            }
            let acts = shared.outbox.take_acts().into_iter();
            let answered = |act: &Act| matches!(act, Act::Effect(Effect::Answer(..)));
            acts.filter(answered).collect::<Vec<_>>()
        };
        let begun = || {
            let (shared, leading, _) = primary();
            (shared, leading)
        };
        let done = Some(Response::Done);
        let refused = Some(refusal);
        // Two disks of three decide it before the third member answers.
        let two = answers(begun(), &[(2, refused.clone()), (3, refused.clone())]);
        assert_eq!(two, [unstored(&[2, 3], &[1], true)]);
        let open = [(1, done.clone()), (2, refused.clone())];
        assert_eq!(answers(begun(), &open), []);
        let silent = [&open[..], &[(3, None)]].concat();
        assert_eq!(answers(begun(), &silent), [unstored(&[2], &[3], false)]);
        let (mut shared, leading) = begun();
        let look = crate::store::group::Look::default();
        let (now, patience) = (shared.now(), shared.own.settings.patience);
        let members = BTreeSet::from([id(3)]);
        shared.presence.look(now, &members, &look, patience, None);
        assert_eq!(
            answers((shared, leading), &open),
            [unstored(&[2], &[3], true)]
        );
        // A majority has it in spite of that.
        let most = [(1, refused), (2, done.clone()), (3, done)];
        let written = answer(from(9), written(2));
        assert_eq!(answers(begun(), &most), [written]);
    }

    #[test]
    fn a_read_stores_what_it_answers_at_a_majority_unless_that_has_it() {
        let (mut shared, mut leading, _) = primary();
        let key = shared.table.key(&record("a", 1));
        leading.write(&mut shared, from(9), write("a", 1), false);
        shared.outbox.take_acts();
        for keeps in [true, false] {
            leading.read(&mut shared, from(8), key, None);
            let (number, with_entry) = round(&mut shared);
            assert_eq!(with_entry, keeps);
            for node in [1, 2, 3] {
                leading.on_kept(&mut shared, number, id(node), Some(&Response::Done));
            }
            let acts = shared.outbox.take_acts();
            let [Act::Effect(Effect::Answer(_, Response::Value(Some(copy))))] = acts.as_slice()
            else {
                panic!("{acts:?}");
            };
            assert_eq!(copy.record, record("a", 1));
        }
        leading.forget(&[key]);
        leading.read(&mut shared, from(8), key, None);
        assert!(round(&mut shared).1, "it may be a new one");
    }

    #[test]
    fn of_two_equal_writes_only_the_retry_of_the_same_operation_takes_effect() {
        let (mut shared, mut leading, _) = primary();
        leading.write(&mut shared, from(9), write("a", 1), false);
        shared.outbox.take_acts();
        for (operation, is_same) in [(1, true), (2, false)] {
            leading.write(&mut shared, from(9), write("a", operation), false);
            let (number, _) = round(&mut shared);
            for node in [1, 2] {
                leading.on_kept(&mut shared, number, id(node), Some(&Response::Done));
            }
            let acts = shared.outbox.take_acts();
            let written = acts.contains(&answer(from(9), written(2)));
            assert_eq!(written, is_same, "{acts:?}");
        }
    }

    /// The fate of an entry of another lineage at a primary, once a majority has confirmed it.
    fn brought(leading: &mut Leading, shared: &mut Shared, entry: Option<Entry>) -> Response {
        let key = shared.table.key(&record("a", 1));
        let bring = Bring {
            key,
            from: FROM,
            lineage: testing::LINEAGE,
            entry: entry.map(Box::new),
        };
        leading.bring(shared, from(9), bring, None);
        let (number, _) = round(shared);
        for node in [1, 2, 3] {
            leading.on_kept(shared, number, id(node), Some(&Response::Done));
        }
        let acts = shared.outbox.take_acts();
        let [Act::Effect(Effect::Answer(_, response))] = acts.as_slice() else {
            panic!("{acts:?}");
        };
        response.clone()
    }

    const FROM: u64 = testing::LINEAGE + 7;

    /// An entry of the other lineage; without a value, its deletion.
    fn theirs(index: u64, value: Option<u8>) -> Entry {
        let mut entry = testing::entry("a", testing::epoch(0, 1), index);
        let signer = crate::base::identity::Signer::stand_in(id(9));
        let name = crate::store::record::Name::new("a").unwrap();
        let value = value.map(|value| alloc::vec![value]);
        let life = core::time::Duration::from_secs(60);
        entry.copy.record = Record::sign(&signer, name, value, index, life).unwrap();
        entry
    }

    #[test]
    fn of_what_is_brought_from_one_lineage_the_later_stays_in_whatever_order_it_comes() {
        let (mut shared, mut leading, _) = primary();
        let key = shared.table.key(&record("a", 1));
        let mut bring = |shared: &mut Shared, entry| brought(&mut leading, shared, Some(entry));
        assert_eq!(bring(&mut shared, theirs(4, Some(4))), written(2));
        for (index, is_kept) in [(4, false), (3, false), (5, true)] {
            let answer = bring(&mut shared, theirs(index, Some(5)));
            let kept = if is_kept {
                written(2)
            } else {
                Response::Superseded
            };
            assert_eq!(answer, kept, "{index}");
        }
        // A deletion stays as such, so that what it deletes can come after it.
        assert_eq!(bring(&mut shared, theirs(7, None)), written(2));
        assert_eq!(bring(&mut shared, theirs(6, Some(6))), Response::Superseded);
        let row = shared.table.get(key).unwrap();
        assert!(row.record.value().is_none());
        assert_eq!(row.origin.map(|origin| origin.stamp.index), Some(7));
        assert_eq!(brought(&mut leading, &mut shared, None), Response::Done);
    }

    #[test]
    fn a_deletion_is_kept_where_nothing_is_since_what_it_deletes_may_be_on_its_way() {
        let (mut shared, mut leading, _) = primary();
        let mut bring = |entry| brought(&mut leading, &mut shared, Some(entry));
        assert_eq!(bring(theirs(7, None)), written(2));
        assert_eq!(bring(theirs(6, Some(6))), Response::Superseded);
    }

    #[test]
    fn what_was_written_here_is_never_replaced_by_what_is_brought() {
        let (mut shared, mut leading, _) = primary();
        let key = shared.table.key(&record("a", 1));
        let first = brought(&mut leading, &mut shared, Some(theirs(1, Some(1))));
        assert_eq!(first, written(2));
        // A longer life is no other value: the origin stays.
        shared.own.now += core::time::Duration::from_secs(30);
        let version = shared.table.get(key).unwrap().record.version();
        let touch = Touch {
            key,
            version,
            remaining: 60,
            lineage: None,
        };
        leading.touch(&mut shared, from(9), touch, false);
        shared.outbox.take_acts();
        assert!(shared.table.get(key).unwrap().origin.is_some());
        let mut ours = write("a", 1);
        ours.copy.record = record("a", 2);
        ours.expected = Some(version);
        leading.write(&mut shared, from(9), ours, false);
        shared.outbox.take_acts();
        let row = shared.table.get(key).unwrap();
        assert_eq!((row.origin, row.record.sequence()), (None, 2));
        let here = row.record.value().unwrap()[0];
        let same = brought(&mut leading, &mut shared, Some(theirs(3, Some(here))));
        assert_eq!(same, Response::Superseded, "no value is lost");
        for other in [Some(here + 1), None] {
            let answer = brought(&mut leading, &mut shared, Some(theirs(4, other)));
            assert!(matches!(answer, Response::Mismatch(Some(_))), "{answer:?}");
        }
        let mut over = theirs(5, Some(here + 1));
        over.copy.remaining = -1;
        let answer = brought(&mut leading, &mut shared, Some(over));
        assert_eq!(answer, Response::Superseded, "it has run out");
    }

    #[test]
    fn who_is_not_the_primary_names_it_and_who_gives_its_lineage_up_orders_nothing() {
        let parent = group((0, 0), 1, &[2, 1]);
        let mut other = shared(1, core::slice::from_ref(&parent));
        let mut leading = Leading::default();
        leading.read(&mut other, from(9), id(5), None);
        let elsewhere = answer(from(9), Response::Elsewhere(contact(2)));
        assert_eq!(other.outbox.take_acts(), [elsewhere]);
        leading.read(&mut other, from(9), id(5), Some(testing::LINEAGE + 1));
        assert_eq!(
            other.outbox.take_acts(),
            [answer(from(9), Response::Unknown)]
        );
        let (mut shared, mut leading, group) = primary();
        leading.write(&mut shared, from(9), write("a", 1), true);
        let unavailable = [answer(from(9), Response::Unavailable(Vec::new()))];
        assert_eq!(shared.outbox.take_acts(), unavailable);
        let bring = Bring {
            key: id(5),
            from: FROM,
            lineage: testing::LINEAGE,
            entry: None,
        };
        leading.bring(&mut shared, from(9), bring, Some(FROM));
        let given_up = [answer(from(9), Response::GivenUp(FROM))];
        assert_eq!(shared.outbox.take_acts(), given_up);
        // After a restart it does not lead before it has changed the group.
        leading.end(group);
        leading.read(&mut shared, from(9), id(5), None);
        assert_eq!(shared.outbox.take_acts(), unavailable);
    }

    #[test]
    fn a_primary_leads_once_its_group_is_safe_unless_that_is_over() {
        let (mut shared, mut leading, group) = primary();
        leading.end(group);
        leading.begin_saved(&mut shared, group);
        assert!(leading.missed(group).is_some());
        assert_eq!(shared.outbox.take_acts(), [Act::Effect(Effect::LookSoon)]);
        leading.end(group);
        shared.roster.promise(group, testing::epoch(0, 2));
        leading.begin_saved(&mut shared, group);
        assert!(leading.missed(group).is_none(), "it is sealed");
    }
}
