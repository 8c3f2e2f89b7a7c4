//! The router of one node's part in level `quorum`: inputs in, effects out. It joins the parts, and has no rule of its own.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::store::group::adopting::Adopting;
use crate::store::group::change::Changes;
use crate::store::group::configuration::{Configuration, GroupId, Member as Place, Next};
use crate::store::group::fence::{Fence, Fences};
use crate::store::group::leading::Leading;
use crate::store::group::member::Member;
use crate::store::group::message::{Request, Response};
use crate::store::group::repair::{RepairError, Repairs};
use crate::store::group::shared::{Act, After, Shared};
use crate::store::group::telling::Telling;
use crate::store::group::upkeep::{self, Upkeep};
use crate::store::group::{
    Control, Effect, Entry, Held, Input, Lineage, Look, Save, Settings, Ticket, Token,
};
use crate::store::message::StoredRecord;
use crate::store::record::RecordError;

/// The state of one node as a member of groups of level `quorum`.
#[derive(Clone, PartialEq, Eq)]
pub struct Groups {
    shared: Shared,
    fences: Fences,
    adopting: Adopting,
    leading: Leading,
    changes: Changes,
    repairs: Repairs,
    upkeep: Upkeep,
    telling: Telling,
}

impl fmt::Debug for Groups {
    /// Shows whose it is and how many groups there are. The rest would be linked into every program that holds the part
    /// behind its pointer, shown or not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Groups");
        shown
            .field("me", &self.shared.id())
            .field("held", &self.held().count());
        shown.finish_non_exhaustive()
    }
}

impl Groups {
    /// A node without groups.
    pub fn new(me: Contact, settings: Settings) -> Self {
        Self {
            shared: Shared::new(me, settings),
            fences: Fences::default(),
            adopting: Adopting::default(),
            leading: Leading::default(),
            changes: Changes::default(),
            repairs: Repairs::default(),
            upkeep: Upkeep::default(),
            telling: Telling::default(),
        }
    }

    /// Takes up what was saved in an earlier run, unless that was another incarnation of the store. Where this node was primary it changes the group before it serves, since
    /// it does not remember what it had under way.
    pub fn restore(&mut self, now: Instant, mut control: Control, entries: &[Entry]) {
        let fences = core::mem::take(&mut control.fences);
        self.fences = Fences::restored(fences);
        if self.shared.restore(now, control, entries) {
            if self.shared.rules().fence && self.shared.roster.has_groups() {
                self.fences.begin_survey();
            }
            self.fences.set_aside(&mut self.shared);
            self.shared.tidy();
            self.carry_out();
        }
    }

    /// Returns all that was handed out to be saved, as of now: all that [`Groups::restore`] takes up again.
    pub fn saved(&self, now: Instant) -> (Control, Vec<Entry>) {
        let control = self.shared.roster.control(self.fences.list());
        (control, self.shared.table.entries(now))
    }

    /// Makes this node a member of a group from the start: for worlds that start stable.
    pub fn assign(&mut self, group: Configuration) {
        self.shared.roster.enter_lineage(group.lineage);
        if group.primary().map(Place::id) == Some(self.shared.id()) {
            self.leading.begin(group.id());
        }
        self.shared.roster.hold(group);
    }

    /// A newer contact of this node or another, after its addresses changed.
    pub fn refresh(&mut self, contact: &Contact) {
        if contact.id() == self.shared.id() {
            self.shared.own.contact = contact.clone();
        }
        self.shared.roster.refresh(contact);
    }

    /// The groups that this node is in.
    pub fn held(&self) -> impl Iterator<Item = &Held> {
        self.shared.roster.held()
    }

    /// The founding that the groups of this node's ring descend from, once it knows.
    pub const fn lineage(&self) -> Option<Lineage> {
        self.shared.roster.lineage()
    }

    /// The lineages that neighbours of this node have, besides its own.
    pub fn other_lineages(&self) -> BTreeSet<u64> {
        self.shared.other_lineages()
    }

    /// The lineage that this node is about to take.
    pub fn adopts(&self) -> Option<u64> {
        self.adopting.lineage()
    }

    /// Records that are still to be taken care of before this node gives its lineage up, in the order of their keys, from behind
    /// `last` on. A record that was deleted leaves nothing to be kept.
    pub fn unsettled(&self, last: Option<Id>, limit: usize) -> Vec<Entry> {
        self.adopting.unsettled(&self.shared, last, limit)
    }

    /// Returns whether nothing keeps this node in its lineage but the question whether the other one still stands.
    pub fn is_about_to_let_go(&self) -> bool {
        self.adopting
            .is_about_to_let_go(&self.shared, !self.changes.is_empty())
    }

    /// The ranges that were repaired by hand, as far as this node knows.
    pub fn fences(&self) -> &[Fence] {
        self.fences.list()
    }

    /// Returns whether this node is or was in a group for a key, so that it knows nodes to ask.
    pub fn covers(&self, key: Id) -> bool {
        self.held().any(|held| held.group.covers(key))
    }

    /// The members of this node's groups that are away.
    pub fn awaited(&self) -> Vec<Contact> {
        self.shared.awaited()
    }

    /// Returns since when a member of this node's groups is away, as this node sees it; `None` of one that is not, or is not known.
    pub fn away_since(&self, node: Id) -> Option<Instant> {
        self.shared.presence.away_since(node)
    }

    /// The number of places in this node's groups without a vote: a member that was away, or has lost its store, is given the state first.
    pub fn without_vote(&self) -> usize {
        self.shared.without_vote()
    }

    /// The record that this node keeps under a key for a group, or its tombstone; others may keep a newer one.
    pub fn copy(&self, now: Instant, key: Id) -> Option<StoredRecord> {
        self.shared.table.kept(now, key).map(|row| row.copy(now))
    }

    /// The keys that this node keeps for its groups.
    pub fn keys(&self) -> impl Iterator<Item = Id> {
        self.shared.table.keys()
    }

    /// The bytes of the records that this node keeps for its groups.
    pub const fn record_bytes(&self) -> usize {
        self.shared.table.bytes()
    }

    /// Returns whether no group needs this node any more.
    pub fn is_free(&self) -> bool {
        self.shared.roster.is_free()
    }

    /// Returns whether this node wants to leave its groups, and none of its neighbours could take its places.
    pub const fn has_no_followers(&self) -> bool {
        self.upkeep.has_no_followers()
    }

    /// Takes one transition, and returns its effects.
    pub fn step(&mut self, now: Instant, input: Input) -> Vec<Effect> {
        self.shared.own.now = now;
        self.take(input);
        self.carry_out();
        while let Some((token, response)) = self.shared.outbox.take_answer() {
            self.answered(token, self.shared.id(), Some(response));
            self.carry_out();
        }
        if self.shared.roster.is_dirty() {
            self.shared.save_control(Vec::new());
            self.carry_out();
        }
        self.shared.outbox.take_effects()
    }

    fn take(&mut self, input: Input) {
        let shared = &mut self.shared;
        match input {
            Input::Found(lineage) => self.member().found(lineage),
            Input::Asked(ticket, request) => self.asked(ticket, request),
            Input::Answered(token, from, response) => self.answered(token, from, Some(response)),
            Input::Failed(token, from) => self.answered(token, from, None),
            Input::Saved(number, true) => shared.outbox.saved(number, Ok(())),
            Input::Saved(number, false) => shared.outbox.saved(number, Err(RecordError::Storage)),
            Input::Look(look) => self.look(&look),
            Input::Located(key, nodes) => self.upkeep.on_located(shared, key, &nodes),
            Input::Stop => self.member().stop(),
            Input::Repair(number, key, lost) => {
                self.repairs.begin(shared, &self.fences, number, key, &lost);
            }
            Input::EndRepair(number) => self.repairs.give_up(shared, number),
            Input::Adopt(lineage) => self.adopting.begin(lineage),
            Input::Settled(key, settled) => self.adopting.settle(shared, key, settled),
            Input::LetGo => self.adopting.let_go(shared),
            Input::KeepLineage => self.adopting.cancel(shared),
        }
    }

    const fn member(&mut self) -> Member<'_> {
        Member {
            shared: &mut self.shared,
            fences: &mut self.fences,
            adopting: &self.adopting,
        }
    }

    fn asked(&mut self, ticket: Ticket, request: Request) {
        let asker = self.shared.asker(&ticket);
        if matches!(ticket, Ticket::Peer(..)) {
            let now = self.shared.now();
            self.shared.presence.heard(now, asker);
        }
        self.fences.on_asked(&mut self.shared, &ticket, &request);
        if let Some((parent, next)) = self.shared.roster.learned(asker, &request) {
            self.follow(parent, &next);
            self.carry_out();
        }
        let other = self.adopting.lineage();
        let adopts = other.is_some();
        let shared = &mut self.shared;
        match request {
            Request::Read(key, lineage) => self.leading.read(shared, ticket, key, lineage),
            Request::Write(write) => self.leading.write(shared, ticket, *write, adopts),
            Request::Touch(touch) => self.leading.touch(shared, ticket, *touch, adopts),
            Request::Gather(key, lineage) => self.leading.gather(shared, ticket, key, lineage),
            Request::Bring(bring) => self.leading.bring(shared, ticket, *bring, other),
            Request::Keep(group, entry) => self.member().keep(ticket, group, entry),
            Request::Prepare(group, ballot) => self.member().prepare(ticket, group, ballot),
            Request::List(group, last) => self.member().list(ticket, group, last),
            Request::Fetch(group, key) => self.member().fetch(ticket, group, key),
            Request::Propose(group, ballot, next) => {
                self.member().accept(ticket, group, ballot, *next);
            }
            Request::Stage(staged) => self.member().stage(ticket, staged.0, staged.1),
            Request::Offer(group, epoch, entries) => {
                self.member().judge(ticket, (group, epoch), &entries);
            }
            Request::Give(group, epoch, entry) => {
                self.member().take(ticket, (group, epoch), &entry);
            }
            Request::Withdraw(group, epoch) => self.member().withdraw(ticket, (group, epoch)),
            Request::Decided(group, next) => {
                if !self.member().believes(&ticket, group, &next) {
                    return self.shared.answer(ticket, Response::Unknown);
                }
                self.follow(group, &next);
                self.carry_out();
                self.member().acknowledge(ticket, &next);
            }
            Request::Check(group) => {
                if !self.changes.contains(group) {
                    self.upkeep.on_check(shared, group, asker);
                }
                self.member().check(ticket, group);
            }
            Request::Meet(who) => {
                let leaving = self.upkeep.is_leaving();
                self.member().meet(ticket, who, leaving);
            }
            Request::Stopping => self.member().on_stopping(ticket),
            Request::Fence(fences) => self.fences.hear(shared, ticket, &fences),
            Request::Survey(lineage, after, upto) => {
                self.fences.surveyed(shared, ticket, lineage, (after, upto));
            }
        }
    }

    fn answered(&mut self, token: Token, from: Id, response: Option<Response>) {
        let shared = &mut self.shared;
        match &response {
            Some(_) => shared.presence.heard(shared.own.now, from),
            None => shared.presence.missed(shared.own.now, from),
        }
        if response.as_ref().is_some_and(Response::is_without_room) && from != shared.id() {
            shared.presence.refused(shared.own.now, from);
        }
        let brief = response.as_ref();
        match token {
            Token::Round(number) => self.leading.on_kept(shared, number, from, brief),
            Token::Change(group, step) => self.changed(group, step, from, response),
            Token::Tell(group) => self.telling.on_told(shared, group, from, brief),
            Token::Over(group, upto) => self.telling.on_over(shared, (group, upto), from, brief),
            Token::Check(group) => self.upkeep.on_checked(shared, group, from, response),
            Token::Meet => upkeep::on_met(shared, from, response),
            Token::Fences(changes) => self.fences.on_told(changes, from, brief),
            Token::Survey => self.fences.on_surveyed(shared, from, response),
        }
    }

    fn changed(&mut self, group: GroupId, step: u64, from: Id, response: Option<Response>) {
        let (shared, fences) = (&mut self.shared, &mut self.fences);
        self.changes
            .on_answer(shared, fences, (group, step), from, response);
    }

    fn look(&mut self, look: &Look) {
        self.upkeep.look(&mut self.shared, look);
        self.fences.spread(&mut self.shared, &look.ring);
        self.fences.survey_ring(&mut self.shared, &look.ring);
        self.carry_out();
        for id in self.shared.roster.ids() {
            self.look_at(id, look);
            self.carry_out();
        }
        upkeep::check_parents(&mut self.shared);
        self.adopting
            .finish(&mut self.shared, !self.changes.is_empty());
        self.shared.tidy();
    }

    fn look_at(&mut self, id: GroupId, look: &Look) {
        let shared = &mut self.shared;
        let Some(held) = shared.roster.get(id) else {
            return;
        };
        if held.decided.is_some() {
            return self.telling.tell(shared, id);
        }
        if self.fences.is_surveying() || self.changes.contains(id) {
            return;
        }
        let wanted = self.repairs.wanted(shared, id, look);
        let parts = (&self.leading, &self.adopting);
        if let Some(wanted) = wanted.or_else(|| self.upkeep.consider(shared, parts, id, look)) {
            self.changes.start(shared, id, wanted);
        }
    }

    /// Carries out what the parts have ordered, in its order.
    fn carry_out(&mut self) {
        for act in self.shared.outbox.take_acts() {
            self.perform(act);
            self.carry_out();
        }
    }

    fn perform(&mut self, act: Act) {
        let shared = &mut self.shared;
        match act {
            Act::Effect(effect) => {
                if let Effect::Drop(keys) | Effect::SetAside(keys) = &effect {
                    self.leading.forget(keys);
                }
                shared.outbox.emit(effect);
            }
            Act::Itself(token, request) => self.asked(Ticket::Itself(token), request),
            Act::Introduce(token, nodes) => {
                let me = self.adopting.introduction(shared);
                for node in nodes {
                    shared.ask(token, &node, Request::Meet(me));
                }
            }
            Act::SaveControl(after) => {
                shared.roster.note_saving();
                let control = shared.roster.control(self.fences.list());
                shared.save(Save::Control(Box::new(control)), after);
            }
            Act::GoOn(after, outcome) => self.go_on(after, outcome),
            Act::Follow(group, next) => self.follow(group, &next),
            Act::Tell(group) => self.telling.tell(shared, group),
            Act::Ended(group) => {
                self.end(group);
                self.repairs
                    .end(&mut self.shared, group, RepairError::Moved);
            }
            Act::EndAttempt(group) => self.changes.end_attempt(shared, group),
            Act::AttemptEnded(group) => self.upkeep.on_attempt_ended(group),
            Act::TryAgainSoon(group) => self.upkeep.try_again_soon(shared, group),
            Act::EndRepair(group, error) => self.repairs.end(shared, group, error),
        }
    }

    /// Goes on after something was saved, or could not be.
    fn go_on(&mut self, after: After, outcome: Result<(), RecordError>) {
        let shared = &mut self.shared;
        match (after, outcome) {
            (After::Answer(ticket, response), Ok(())) => shared.answer(ticket, response),
            (After::Answer(ticket, _), Err(refusal)) => {
                shared.answer(ticket, Response::Refused(refusal));
            }
            (After::Row(key, stamp), Ok(())) => shared.table.saved(key, stamp),
            (After::Lead(group), Ok(())) => self.leading.begin_saved(shared, group),
            // Others lead until the disk takes something again, and what is not saved is given to this node once more.
            (After::Row(..) | After::Lead(_), Err(_)) => {}
            (After::Begin(group, step) | After::Fetched(group, step), outcome) => {
                let response = outcome.ok().map(|()| Response::Done);
                self.changed(group, step, self.shared.id(), response);
            }
            (After::Repaired(number, fence), outcome) => {
                let outcome = outcome.map(|()| fence).map_err(|_| RepairError::Storage);
                shared.outbox.effect(Effect::Repaired(number, outcome));
            }
            // Where that failed, the disk has the old one still, and after a restart all is brought once more.
            (After::Adopted(lineage), _) => shared.outbox.effect(Effect::Adopted(lineage)),
        }
    }

    /// Follows a decision: what follows the group begins here, and the group is over.
    fn follow(&mut self, parent: GroupId, next: &Next) {
        let rules = self.shared.rules();
        let is_barred = |group: &Configuration| self.fences.bars(rules, group);
        let followed = self.shared.roster.follow(parent, next, is_barred);
        if followed.ends {
            self.end(parent);
        }
        let shared = &mut self.shared;
        let mut after: Vec<After> = followed.leads.into_iter().map(After::Lead).collect();
        let fence = followed.fence;
        let repair = self.repairs.on_decided(shared, parent, fence.as_ref());
        if let Some(fence) = fence {
            after.extend(repair.map(|number| After::Repaired(number, fence.clone())));
            self.fences.raise(shared, fence);
        }
        if !after.is_empty() {
            shared.save_control(after);
        }
        shared.tidy();
    }

    /// Ends all that is tried with a group.
    fn end(&mut self, id: GroupId) {
        self.changes.end(&mut self.shared, id);
        self.leading.end(id);
        self.upkeep.end(id);
        self.telling.end(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::group::message::{Acknowledged, Write};
    use crate::store::group::testing::{self, contact, record};
    use crate::store::group::{OperationTag, Rules};
    use alloc::vec;

    fn alone(rules: Rules) -> Groups {
        let settings = testing::shared(1, &[]).own.settings;
        Groups::new(contact(1), Settings { rules, ..settings })
    }

    fn write() -> Input {
        let write = Write {
            copy: StoredRecord {
                record: record("a", 1),
                remaining: 60,
            },
            expected: None,
            operation: OperationTag::default(),
            lineage: None,
        };
        Input::Asked(Ticket::Operation(5), Request::Write(Box::new(write)))
    }

    /// Each save of a step, told from others by what it saves.
    fn saves(effects: &[Effect]) -> Vec<(u64, bool)> {
        let saves = effects.iter().filter_map(|effect| match effect {
            Effect::Save(number, what) => Some((*number, matches!(what, Save::Entry(_)))),
            _ => None,
        });
        saves.collect()
    }

    #[test]
    fn a_node_alone_founds_a_group_and_stores_what_it_writes_before_it_says_so() {
        let mut groups = alone(Rules::ALL);
        let founded = groups.step(Instant::ZERO, Input::Found(7));
        assert_eq!((founded.len(), saves(&founded)), (1, vec![(1, false)]));
        let early = groups.step(Instant::ZERO, write());
        assert!(matches!(
            early[..],
            [Effect::Answer(_, Response::Unavailable(_))]
        ));
        let led = groups.step(Instant::ZERO, Input::Saved(1, true));
        assert_eq!(led, [Effect::LookSoon]);
        // The entry first, then the note of it.
        let written = groups.step(Instant::ZERO, write());
        let saves = saves(&written);
        assert_eq!(
            saves.iter().map(|(_, is)| *is).collect::<Vec<_>>(),
            [true, false]
        );
        assert_eq!(written.len(), 2, "nothing is acknowledged");
        let done = groups.step(Instant::ZERO, Input::Saved(saves[0].0, true));
        let answer = Effect::Answer(
            Ticket::Operation(5),
            Response::Written(Acknowledged {
                by: 1,
                members: Some(1),
            }),
        );
        assert_eq!(done, [answer]);
        // What was saved is taken up again, by the same store alone.
        let (control, entries) = groups.saved(Instant::ZERO);
        let mut again = alone(Rules::ALL);
        again.restore(Instant::ZERO, control.clone(), &entries);
        assert_eq!(
            again.saved(Instant::ZERO),
            (control.clone(), entries.clone())
        );
        assert!(again.fences.is_surveying());
        let mut other = alone(Rules::ALL);
        other.restore(
            Instant::ZERO,
            Control {
                incarnation: 9,
                ..control
            },
            &entries,
        );
        assert!(other.is_free() && other.keys().next().is_none());
        assert_eq!(other.lineage(), again.lineage());
    }

    #[test]
    fn without_the_rule_an_answer_does_not_wait_for_the_disk() {
        let rules = Rules {
            save_first: false,
            ..Rules::ALL
        };
        let mut groups = alone(rules);
        let founded = groups.step(Instant::ZERO, Input::Found(7));
        assert_eq!(founded.last(), Some(&Effect::LookSoon));
        let written = groups.step(Instant::ZERO, write());
        let answer = Effect::Answer(
            Ticket::Operation(5),
            Response::Written(Acknowledged {
                by: 1,
                members: Some(1),
            }),
        );
        assert!(written.contains(&answer), "{written:?}");
    }

    #[test]
    fn a_failed_save_is_no_acknowledgement() {
        let mut groups = alone(Rules::ALL);
        groups.step(Instant::ZERO, Input::Found(7));
        groups.step(Instant::ZERO, Input::Saved(1, true));
        let written = groups.step(Instant::ZERO, write());
        let (number, _) = saves(&written)[0];
        let failed = groups.step(Instant::ZERO, Input::Saved(number, false));
        let refused = |effect: &Effect| match effect {
            Effect::Answer(Ticket::Operation(5), Response::Unstored(it)) => Some(it.clone()),
            _ => None,
        };
        let refused = failed.iter().find_map(refused).unwrap();
        assert_eq!(refused.refused, [(contact(1), RecordError::Storage)]);
        assert!(refused.is_final && refused.awaited.is_empty());
    }
}
