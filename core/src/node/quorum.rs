//! Level `quorum` at a node: its groups, the operations that it began, repairs by hand, and the adoption of a lineage.
//!
//! A router: the groups are a machine of the store's ([`Groups`]), [`Operations`] decides puts and gets, [`Adopting`] brings records
//! into another lineage.

mod operations;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::message::{Request, Response};
use crate::node::adopting::{self, AdoptError, Adopting, Adoption, AdoptionState};
use crate::node::api::{Event, OperationId, Output, REPAIR_DEADLINE, StoreError, TimerKind};
use crate::node::context::Context;
use crate::node::lookups::{Goal, Outcome};
use crate::node::putting::Put;
use crate::node::quorum::operations::{Done, Next, Operation, Operations, Task};
use crate::node::requests::Purpose;
use crate::node::services::Services;
use crate::store::group::configuration::Configuration;
use crate::store::group::fence::Fence;
use crate::store::group::message::{Request as Ask, Response as Answer};
use crate::store::group::part::Part;
use crate::store::group::repair::RepairError;
use crate::store::group::{Control, Effect, Entry, Groups, Input, Look, Ticket};
use crate::store::record::Subject;
use crate::store::renewal::Renewal;

/// The time that a node waits before it compares its groups with a ring that has changed: others may be about to.
const LOOK_SOON: Duration = Duration::from_millis(200);

/// The part of a node that is level `quorum`.
#[derive(Clone, Debug)]
pub(super) struct QuorumLevel {
    /// None where the node takes no part: it then asks the groups of others.
    groups: Option<Box<dyn Part>>,
    /// The saves of the groups under way, by the token that the owner answers with.
    saving: BTreeMap<u64, u64>,
    operations: Operations,
    /// Repairs of ranges under way, with their deadlines.
    repairs: BTreeMap<u64, Instant>,
    adopting: Adopting,
}

impl QuorumLevel {
    pub(super) fn new(groups: Option<Box<dyn Part>>) -> Self {
        Self {
            groups,
            saving: BTreeMap::new(),
            operations: Operations::default(),
            repairs: BTreeMap::new(),
            adopting: Adopting::default(),
        }
    }

    /// The groups, where the node takes part.
    pub(super) fn groups(&self) -> Option<&Groups> {
        self.groups.as_deref().map(Part::groups)
    }

    /// Returns whether no group needs this node any more.
    pub(super) fn is_free(&self) -> bool {
        self.groups().is_none_or(Groups::is_free)
    }

    // Groups.

    /// Takes up what was saved of groups in an earlier run.
    pub(super) fn restore(&mut self, now: Instant, control: Control, entries: &[Entry]) {
        if let Some(groups) = &mut self.groups {
            groups.restore(now, control, entries);
        }
    }

    /// A member of this group at once.
    pub(super) fn assign(&mut self, group: Configuration) {
        if let Some(groups) = &mut self.groups {
            groups.assign(group);
        }
    }

    /// A newer contact of this node or another.
    pub(super) fn refresh(&mut self, contact: &Contact) {
        if let Some(groups) = &mut self.groups {
            groups.refresh(contact);
        }
    }

    /// Founds the first group of the ring, unless the node knows that there is one, or was.
    pub(super) fn found(&mut self, cx: &mut Context<'_>) {
        if self.groups.is_some() {
            let lineage = cx.services.rng.next_u64();
            self.step(cx, Input::Found(lineage));
        }
    }

    /// Tells the other members that this node stops for a while.
    pub(super) fn stop(&mut self, cx: &mut Context<'_>) {
        if self.groups.is_some() {
            self.step(cx, Input::Stop);
        }
    }

    /// Compares the groups with the ring.
    pub(super) fn look(&mut self, cx: &mut Context<'_>) {
        if !cx.ring.is_member() || self.groups.is_none() {
            return;
        }
        let successors = cx.ring.membership.successors().entries();
        let before = cx.ring.membership.predecessor();
        // A list that goes round ends with the predecessor, which this node has asked itself. Behind that it names nodes
        // that may be gone without any node on the way having heard of it.
        let round = successors
            .iter()
            .position(|node| Some(node.id()) == before.map(Contact::id));
        let is_whole = round.is_some();
        let successors = round.map_or(successors, |last| &successors[..=last]);
        let ring: Vec<Contact> = successors.iter().chain(before).cloned().collect();
        let last = successors.last().filter(|_| !is_whole);
        let arc = last.map(|last| (cx.ring.begin(cx.services), last.id()));
        let leaving = cx.ring.leaves_for_good();
        let look = Look { ring, arc, leaving };
        self.step(cx, Input::Look(look));
    }

    pub(super) fn on_groups_timer(&mut self, cx: &mut Context<'_>) {
        cx.services
            .schedule(cx.now, TimerKind::Groups, cx.services.config.repair);
        self.look(cx);
    }

    /// Makes groups be looked at soon: the neighbours have changed, or a change of a group has to be tried again.
    pub(super) fn look_soon(&self, services: &mut Services, now: Instant) {
        if services.config.repair.is_some() && self.groups.is_some() {
            let wait = services.rng.duration(LOOK_SOON / 2, LOOK_SOON);
            services.timers.bring_forward(now + wait, TimerKind::Groups);
        }
    }

    /// Takes the disk's answer; returns whether it was asked for something of the groups.
    pub(super) fn on_stored(&mut self, cx: &mut Context<'_>, token: u64, stored: bool) -> bool {
        let saved = self.saving.remove(&token);
        if let Some(saved) = saved {
            self.step(cx, Input::Saved(saved, stored));
        }
        saved.is_some()
    }

    /// Takes one step of the groups, and carries out its effects.
    fn step(&mut self, cx: &mut Context<'_>, input: Input) {
        let effects = match &mut self.groups {
            Some(groups) => groups.step(cx.now, input),
            None => decline(input),
        };
        for effect in effects {
            self.carry_out(cx, effect);
        }
    }

    fn carry_out(&mut self, cx: &mut Context<'_>, effect: Effect) {
        match effect {
            Effect::Ask(token, to, request) => {
                self.ask(cx, to, Purpose::Group(Box::new(token)), request);
            }
            Effect::Answer(Ticket::Peer(to, number), answer) => {
                cx.services.respond(to, number, Response::Group(answer));
            }
            Effect::Answer(Ticket::Operation(number), answer) => {
                let me = cx.services.me.contact.clone();
                self.on_operation_answer(cx, (&me, number), Some(answer));
            }
            Effect::Answer(Ticket::Itself(_), _) => {}
            Effect::Save(number, save) => {
                let token = cx.services.number();
                self.saving.insert(token, number);
                let outputs = &mut cx.services.outbox.outputs;
                outputs.push_back(Output::StoreGroups { token, save });
            }
            Effect::Drop(keys) => {
                let outputs = &mut cx.services.outbox.outputs;
                outputs.push_back(Output::DropEntries(keys));
            }
            Effect::SetAside(keys) => {
                let outputs = &mut cx.services.outbox.outputs;
                outputs.push_back(Output::SetAside(keys));
            }
            Effect::Repaired(number, outcome) => self.on_repaired(cx.services, number, outcome),
            Effect::LookSoon => self.look_soon(cx.services, cx.now),
            Effect::Adopted(_) => self.end_adoption(cx, AdoptionState::Done),
            Effect::Locate(key) => match cx.look_up(key, Goal::Middle) {
                Ok(Some(outcome)) => self.on_lookup(cx, outcome),
                Ok(None) => {}
                Err(_) => self.step(cx, Input::Located(key, Vec::new())),
            },
        }
    }

    // What other nodes ask, and how they answer.

    pub(super) fn on_request(
        &mut self,
        cx: &mut Context<'_>,
        from: Contact,
        number: u64,
        request: Ask,
    ) {
        self.refresh(&from);
        let ticket = Ticket::Peer(from, number);
        self.step(cx, Input::Asked(ticket, request));
    }

    pub(super) fn on_answer(
        &mut self,
        cx: &mut Context<'_>,
        from: &Contact,
        purpose: Purpose,
        answer: Answer,
    ) {
        self.refresh(from);
        match purpose {
            Purpose::Group(token) => self.step(cx, Input::Answered(*token, from.id(), answer)),
            Purpose::Quorum(number) => self.on_operation_answer(cx, (from, number), Some(answer)),
            _ => {}
        }
    }

    /// Handles a request that was not answered.
    pub(super) fn on_failure(&mut self, cx: &mut Context<'_>, to: &Contact, purpose: Purpose) {
        match purpose {
            Purpose::Group(token) => self.step(cx, Input::Failed(*token, to.id())),
            Purpose::Quorum(number) => self.on_operation_answer(cx, (to, number), None),
            _ => {}
        }
    }

    /// Handles a node that does not know the request that it was sent for an operation.
    pub(super) fn on_unsupported(&mut self, cx: &mut Context<'_>, from: &Contact, number: u64) {
        self.decide(cx, number, |operations, cx| {
            operations.on_unsupported(cx, (from, number))
        });
    }

    /// Takes the nodes at a key, found or not, for an operation or for the middle of a group's range.
    pub(super) fn on_lookup(&mut self, cx: &mut Context<'_>, outcome: Outcome) {
        let search = outcome.lookup.search;
        let found = outcome.found.map_or_else(Vec::new, |(owner, neighbours)| {
            let behind = neighbours.successors.iter().cloned();
            core::iter::once(owner).chain(behind).collect()
        });
        match search.goal {
            Goal::Quorum(number) => self.on_candidates(cx, number, found),
            Goal::Middle => self.step(cx, Input::Located(search.key, found)),
            _ => {}
        }
    }

    fn ask(&mut self, cx: &mut Context<'_>, to: Contact, purpose: Purpose, ask: Ask) {
        let request = Request::Group(Box::new(ask));
        if let Some(refused) = cx.services.ask(cx.now, to, purpose, request) {
            self.on_failure(cx, &refused.to, refused.purpose);
        }
    }

    // Puts and gets.

    /// Puts a value, or deletes it.
    ///
    /// # Errors
    /// [`StoreError`] when the node is no member or is busy.
    pub(super) fn put(
        &mut self,
        cx: &mut Context<'_>,
        subject: Subject,
        put: Put,
    ) -> Result<OperationId, StoreError> {
        let operation = Operation::new(cx, subject, Task::Put(put));
        self.begin(cx, operation)
    }

    /// Gets a record.
    ///
    /// # Errors
    /// As [`QuorumLevel::put`].
    pub(super) fn get(
        &mut self,
        cx: &mut Context<'_>,
        subject: Subject,
    ) -> Result<OperationId, StoreError> {
        let operation = Operation::new(cx, subject, Task::Get);
        self.begin(cx, operation)
    }

    /// Lets a record live for its whole lifetime again, if it is still the newest.
    ///
    /// # Errors
    /// As [`QuorumLevel::put`].
    pub(super) fn touch(
        &mut self,
        cx: &mut Context<'_>,
        renewal: Renewal,
    ) -> Result<OperationId, StoreError> {
        let operation = Operation::new(cx, Subject::Key(renewal.key), Task::Touch(renewal));
        self.begin(cx, operation)
    }

    fn begin(
        &mut self,
        cx: &mut Context<'_>,
        operation: Operation,
    ) -> Result<OperationId, StoreError> {
        let number = cx.begin_operation(self.operations.len())?;
        self.decide(cx, number, |operations, cx| {
            operations.begin(cx, number, operation)
        });
        Ok(OperationId(number))
    }

    fn on_candidates(&mut self, cx: &mut Context<'_>, number: u64, found: Vec<Contact>) {
        self.decide(cx, number, |operations, cx| {
            operations.on_candidates(cx, number, found)
        });
    }

    /// Takes the answer of a node that was asked, or its failure (`None`).
    fn on_operation_answer(
        &mut self,
        cx: &mut Context<'_>,
        asked: (&Contact, u64),
        answer: Option<Answer>,
    ) {
        self.decide(cx, asked.1, |operations, cx| {
            operations.on_answer(cx, asked, answer)
        });
    }

    /// The wait or the time of an operation, or of a repair by hand, is over.
    pub(super) fn on_operation_timer(&mut self, cx: &mut Context<'_>, number: u64) {
        if self.repairs.contains_key(&number) {
            self.step(cx, Input::EndRepair(number));
            // It may be decided, and wait for the disk.
            self.on_repaired(cx.services, number, Err(RepairError::Unfinished));
            return;
        }
        self.decide(cx, number, |operations, cx| operations.on_timer(cx, number));
    }

    /// Lets an operation decide its next step, and carries that out.
    fn decide(
        &mut self,
        cx: &mut Context<'_>,
        number: u64,
        decide: impl FnOnce(&mut Operations, &mut Context<'_>) -> Option<Next>,
    ) {
        let mut reading = Context {
            now: cx.now,
            services: &mut *cx.services,
            ring: &mut *cx.ring,
            renewals: &mut *cx.renewals,
            groups: self.groups.as_deref().map(Part::groups),
        };
        match decide(&mut self.operations, &mut reading) {
            Some(Next::LookUp(key)) => match cx.look_up(key, Goal::Quorum(number)) {
                Ok(Some(outcome)) => self.on_lookup(cx, outcome),
                Ok(None) => {}
                Err(_) => self.on_candidates(cx, number, Vec::new()),
            },
            Some(Next::Ask(to, ask)) if to.id() == cx.services.id() => {
                self.step(cx, Input::Asked(Ticket::Operation(number), ask));
            }
            Some(Next::Ask(to, ask)) => self.ask(cx, to, Purpose::Quorum(number), ask),
            Some(Next::End(done)) => self.on_done(cx, OperationId(number), done),
            None => {}
        }
    }

    fn on_done(&mut self, cx: &mut Context<'_>, id: OperationId, done: Done) {
        match done {
            Done::Got(Ok(current)) => {
                let found = current.filter(|copy| copy.is_live());
                if let Some(copy) = &found {
                    cx.services.event(Event::Lifetime(id, copy.left()));
                }
                let record = found.map(|copy| copy.record);
                let record = record.filter(|record| record.value().is_some());
                cx.services.event(Event::GetEnded(id, Ok(record)));
            }
            Done::Got(Err(error)) => cx.services.event(Event::GetEnded(id, Err(error))),
            Done::Put(written, copy, renew) => {
                let renewal = Renewal {
                    key: written.key,
                    version: copy.record.version(),
                    lifetime: copy.left(),
                    quorum: true,
                };
                cx.renewals
                    .note_put(cx.services, cx.ring, cx.now, (renewal, renew));
                cx.services.event(Event::Lifetime(id, copy.left()));
                cx.services.event(Event::PutEnded(id, Ok(written)));
            }
            Done::PutFailed(error) => cx.services.event(Event::PutEnded(id, Err(error))),
            Done::Touched(renewal, outcome) => {
                let renewed = (renewal, outcome);
                cx.renewals
                    .on_renewed(cx.services, cx.ring, cx.now, renewed);
            }
            Done::Superseded(renewal) => {
                cx.renewals.end_of(cx.services, cx.ring, cx.now, &renewal);
            }
            Done::Probed(outcome) => {
                let next = self.adopting.on_probed(outcome);
                self.adopt_on(cx, next);
            }
            Done::Gathered(key, found) => {
                let (services, now) = (&mut *cx.services, cx.now);
                let next = self.adopting.on_gathered(services, now, key, found);
                self.adopt_on(cx, next);
            }
            Done::Brought(key, outcome) => self.on_brought(cx, key, outcome),
        }
    }

    // Repair by hand of a range whose majority is gone for good.

    /// Goes on with the range of a key without these members of its group.
    ///
    /// # Errors
    /// [`StoreError`] when the node is no member or is busy.
    pub(super) fn repair(
        &mut self,
        cx: &mut Context<'_>,
        key: Id,
        lost: Vec<Id>,
    ) -> Result<OperationId, StoreError> {
        let number = cx.begin_operation(self.repairs.len())?;
        let deadline = cx.now + REPAIR_DEADLINE;
        cx.services
            .timers
            .set(deadline, TimerKind::Operation(number));
        self.repairs.insert(number, deadline);
        self.step(cx, Input::Repair(number, key, lost));
        Ok(OperationId(number))
    }

    fn on_repaired(
        &mut self,
        services: &mut Services,
        number: u64,
        outcome: Result<Fence, RepairError>,
    ) {
        if let Some(deadline) = self.repairs.remove(&number) {
            services
                .timers
                .cancel(deadline, TimerKind::Operation(number));
            services.event(Event::RangeRepaired(OperationId(number), outcome));
        }
    }

    // Adopting a lineage.

    /// The adoption under way, or the last one.
    pub(super) fn adoption(&self) -> Option<&Adoption> {
        self.adopting.standing()
    }

    /// Begins to give the node's lineage up for another.
    ///
    /// # Errors
    /// [`AdoptError`] when the node is no member, has the lineage, or is adopting another.
    pub(super) fn adopt(&mut self, cx: &mut Context<'_>, lineage: u64) -> Result<(), AdoptError> {
        let groups = self.groups().ok_or(AdoptError::NoPart)?;
        let own = groups.lineage().map(|own| own.number);
        let is_member = cx.ring.is_member();
        if self.adopting.begin(cx.now, is_member, own, lineage)? {
            // A mistyped lineage must not make a node give its own one up: the ring is asked for it first.
            self.probe(cx, lineage);
        }
        Ok(())
    }

    /// Asks a group whether there is this lineage, and whether it is being given up.
    fn probe(&mut self, cx: &mut Context<'_>, lineage: u64) {
        let me = Subject::Key(cx.services.id());
        let probe = Operation::new(cx, me, Task::Probe).within(lineage);
        if let Err(error) = self.begin(cx, probe) {
            let next = self.adopting.on_probed(Err(error));
            self.adopt_on(cx, next);
        }
    }

    pub(super) fn on_adopt_timer(&mut self, cx: &mut Context<'_>) {
        let Some(groups) = self.groups.as_deref().map(Part::groups) else {
            return;
        };
        let next = self.adopting.on_timer(cx.services, cx.now, groups);
        self.adopt_on(cx, next);
    }

    /// Takes note that the conflict of this number has been exported.
    pub(super) fn on_exported(&mut self, cx: &mut Context<'_>, number: u64) {
        let next = self.adopting.on_exported(number);
        self.adopt_on(cx, next);
    }

    fn on_brought(
        &mut self,
        cx: &mut Context<'_>,
        key: Id,
        outcome: Result<adopting::Brought, StoreError>,
    ) {
        let (services, now) = (&mut *cx.services, cx.now);
        let next = self.adopting.on_brought(services, now, key, outcome);
        self.adopt_on(cx, next);
    }

    fn adopt_on(&mut self, cx: &mut Context<'_>, next: Option<adopting::Next>) {
        match next {
            Some(adopting::Next::Tell(input)) => {
                self.step(cx, input);
                cx.services.timers.bring_forward(cx.now, TimerKind::Adopt);
            }
            Some(adopting::Next::Gather(keys)) => {
                for key in keys {
                    let gather = Operation::new(cx, Subject::Key(key), Task::Gather);
                    if let Err(error) = self.begin(cx, gather) {
                        self.on_brought(cx, key, Err(error));
                    }
                }
            }
            Some(adopting::Next::Probe(lineage)) => self.probe(cx, lineage),
            Some(adopting::Next::Import(import)) => {
                let key = import.copy.record.key(cx.services.space());
                let task = Task::Import(import.origin);
                let operation = Operation::new(cx, Subject::Key(key), task);
                let operation = operation.within(import.lineage);
                let import = operation.writing(import.copy, import.operation);
                if let Err(error) = self.begin(cx, import) {
                    self.on_brought(cx, key, Err(error));
                }
            }
            Some(adopting::Next::End(state)) => self.end_adoption(cx, state),
            None => {}
        }
    }

    /// Ends the adoption under way.
    pub(super) fn end_adoption(&mut self, cx: &mut Context<'_>, state: AdoptionState) {
        let Some(standing) = self.adopting.end(cx.services, state) else {
            return;
        };
        if standing.state != AdoptionState::Done {
            self.step(cx, Input::KeepLineage);
        }
        cx.services.event(Event::AdoptionEnded(Box::new(standing)));
    }
}

/// The effects of an input at a node without groups: it declines.
fn decline(input: Input) -> Vec<Effect> {
    match input {
        Input::Asked(ticket, _) => vec![Effect::Answer(ticket, Answer::Unknown)],
        Input::Repair(number, ..) => vec![Effect::Repaired(number, Err(RepairError::NoGroup))],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_how_soon_groups_are_looked_at() {
        let soon = LOOK_SOON.as_millis();
        crate::page::must_say(&alloc::format!(
            "and within {soon} ms after its neighbours have changed"
        ));
    }
}
