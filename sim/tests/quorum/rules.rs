//! Each rule of the level, and the shortest story that goes wrong without it.
//!
//! Machines stand side by side; what they ask arrives at once, unless the story has it lost.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::identity::{Scheme, Signer};
use chordscope_core::base::time::Instant;
use chordscope_core::store::group::configuration::{Configuration, Epoch, Member, Next, Stamp};
use chordscope_core::store::group::fence::Fence;
use chordscope_core::store::group::message::{Request, Response, Touch, Write};
use chordscope_core::store::group::repair::RepairError;
use chordscope_core::store::group::{
    Control, Effect, Entry, Groups, Input, Look, OperationTag, Patience, Rules, Save, Settings,
    Staged, Ticket, Token,
};
use chordscope_core::store::message::StoredRecord;
use chordscope_core::store::record::{Name, Record};

use crate::checker::{Act, Operation, Value};
use crate::world::{BITS, contact};
use chordscope_sim::checks::linearizable::is_linearizable;

/// The members of the first group, its primary first, and one who may follow.
const A: u64 = 10;
const B: u64 = 20;
const C: u64 = 30;
const D: u64 = 40;
/// The number under which a client asks.
const CLIENT: u64 = u64::MAX;

struct Story {
    rules: Rules,
    machines: BTreeMap<u64, Groups>,
    disks: BTreeMap<u64, (Control, BTreeMap<Id, Entry>)>,
    /// The messages that get lost: from whom, to whom, and the request.
    loses: fn(u64, u64, &Request) -> bool,
    /// True if disks take what they are given.
    saves: bool,
    /// The saves that nodes refuse, as their disks are full.
    refuses: fn(u64, &Save) -> bool,
    inputs: VecDeque<(u64, Input)>,
    /// Questions under way by their number: who asked, and what for.
    asked: Vec<(u64, Token)>,
    answer: Option<Response>,
    repaired: Option<Result<Fence, RepairError>>,
    history: Vec<Operation>,
    /// Of nodes that lost their store.
    incarnations: BTreeMap<u64, u64>,
    /// Counts operations.
    operations: u8,
    now: u64,
    /// The time of the machines' clocks.
    clock: Instant,
}

fn number(id: Id) -> u64 {
    id.to_u64().unwrap()
}

fn member(node: u64) -> Member {
    Member {
        contact: contact(node),
        incarnation: 0,
        votes: true,
    }
}

fn name() -> Name {
    Name::new("name").unwrap()
}

fn copy(value: Value) -> StoredRecord {
    let signer = Signer::stand_in(Id::default());
    let bytes = Some(value.to_le_bytes().to_vec());
    let life = Duration::from_secs(60);
    let record = Record::sign(&signer, name(), bytes, u64::from(value), life).unwrap();
    let remaining = 60;
    StoredRecord { record, remaining }
}

impl Story {
    /// A, B and C are the group for the whole ring; D is nobody yet.
    fn new(rules: Rules) -> Self {
        let mut story = Self {
            rules,
            machines: BTreeMap::new(),
            disks: BTreeMap::new(),
            loses: |_, _, _| false,
            saves: true,
            refuses: |_, _| false,
            inputs: VecDeque::new(),
            asked: Vec::new(),
            answer: None,
            repaired: None,
            history: Vec::new(),
            incarnations: BTreeMap::new(),
            operations: 0,
            now: 0,
            clock: Instant::ZERO,
        };
        let proposer = Id::from_u64(A);
        let group = Configuration {
            lineage: 1,
            after: proposer,
            upto: proposer,
            epoch: Epoch {
                generation: 0,
                round: 1,
                proposer,
            },
            members: [A, B, C].map(member).to_vec(),
        };
        for node in [A, B, C, D] {
            let mut machine = story.machine(node);
            if node != D {
                machine.assign(group.clone());
            }
            story.machines.insert(node, machine);
            // A step, so that what was assigned is saved.
            story.give(node, Input::Saved(0, true));
        }
        story
    }

    fn machine(&self, node: u64) -> Groups {
        let settings = Settings {
            space: Space::new(BITS).unwrap(),
            scheme: Scheme::STAND_IN,
            copies: 3,
            records: 8,
            record_bytes: 1 << 16,
            incarnation: self.incarnations.get(&node).copied().unwrap_or_default(),
            patience: Patience::default(),
            rules: self.rules,
        };
        Groups::new(contact(node), settings)
    }

    fn give(&mut self, node: u64, input: Input) {
        self.inputs.push_back((node, input));
        while let Some((node, input)) = self.inputs.pop_front() {
            let Some(machine) = self.machines.get_mut(&node) else {
                continue;
            };
            for effect in machine.step(self.clock, input) {
                self.carry_out(node, effect);
            }
        }
    }

    fn carry_out(&mut self, node: u64, effect: Effect) {
        match effect {
            Effect::Ask(token, to, request) => {
                let far = number(to.id());
                let input = if (self.loses)(node, far, &request) {
                    (node, Input::Failed(token, to.id()))
                } else if self.machines.contains_key(&far) {
                    self.asked.push((node, token));
                    let ticket = Ticket::Peer(contact(node), self.asked.len() as u64 - 1);
                    (far, Input::Asked(ticket, request))
                } else {
                    (node, Input::Failed(token, to.id()))
                };
                self.inputs.push_back(input);
            }
            Effect::Answer(Ticket::Peer(_, CLIENT), response) => self.answer = Some(response),
            Effect::Answer(Ticket::Peer(_, asked), response) => {
                let (asker, token) = self.asked[asked as usize];
                let input = Input::Answered(token, Id::from_u64(node), response);
                self.inputs.push_back((asker, input));
            }
            Effect::Save(token, save) if (self.refuses)(node, &save) => {
                self.inputs.push_back((node, Input::Saved(token, false)));
            }
            Effect::Save(token, save) if self.saves => {
                let disk = self.disks.entry(node).or_default();
                match save {
                    Save::Control(control) => disk.0 = *control,
                    Save::Entry(entry) => drop(disk.1.insert(Id::default(), *entry)),
                }
                self.inputs.push_back((node, Input::Saved(token, true)));
            }
            Effect::Repaired(_, outcome) => self.repaired = Some(outcome),
            Effect::Locate(key) => {
                let nobody = Input::Located(key, Vec::new());
                self.inputs.push_back((node, nobody));
            }
            _ => {}
        }
    }

    fn crash(&mut self, node: u64) {
        self.machines.remove(&node);
    }

    /// The records of a node that is down are lost.
    fn damage(&mut self, node: u64) {
        *self.incarnations.entry(node).or_default() += 1;
        self.disks.entry(node).or_default().1.clear();
    }

    fn restart(&mut self, node: u64) {
        let mut machine = self.machine(node);
        let (control, entries) = self.disks[&node].clone();
        let entries: Vec<Entry> = entries.into_values().collect();
        machine.restore(self.clock, control, &entries);
        self.machines.insert(node, machine);
    }

    /// A node sees these others, and does what it finds right, several times.
    fn look(&mut self, node: u64, others: &[u64]) {
        for _ in 0..6 {
            let ring: Vec<Contact> = others.iter().copied().map(contact).collect();
            let look = Look {
                ring,
                ..Look::default()
            };
            self.give(node, Input::Look(look));
        }
    }

    fn ask(&mut self, node: u64, request: Request) -> Option<Response> {
        self.answer = None;
        let ticket = Ticket::Peer(contact(1), CLIENT);
        self.give(node, Input::Asked(ticket, request));
        self.answer.take()
    }

    fn note(&mut self, act: Act) {
        let (start, end) = (self.now, self.now + 1);
        self.now += 2;
        let end = match act {
            Act::Unsure { .. } => u64::MAX,
            _ => end,
        };
        self.history.push(Operation { act, start, end });
    }

    /// Writes `new` where nothing is; whether that is known to be done.
    fn write(&mut self, node: u64, new: Value) -> bool {
        self.replace(node, 0, new)
    }

    /// Writes `new` in the place of `expected`, 0 for nothing; whether that is known to be done.
    fn replace(&mut self, node: u64, expected: Value, new: Value) -> bool {
        self.operations += 1;
        let before = (expected != 0).then(|| copy(expected).record.version());
        let write = Write {
            copy: copy(new),
            expected: before,
            operation: OperationTag([self.operations; 16]),
            lineage: None,
        };
        let answer = self.ask(node, Request::Write(Box::new(write)));
        let done = matches!(answer, Some(Response::Written(_)));
        self.note(match done {
            true => Act::Swapped { expected, new },
            false => Act::Unsure { expected, new },
        });
        done
    }

    fn repair(&mut self, node: u64, lost: &[u64]) -> Result<Fence, RepairError> {
        self.repaired = None;
        let key = name().key(Space::new(BITS).unwrap());
        let lost = lost.iter().copied().map(Id::from_u64).collect();
        self.give(node, Input::Repair(1, key, lost));
        self.look(node, &[D]);
        self.repaired.take().expect("a repair ends")
    }

    /// Lets `value` live on for its whole life; who hears that it does has seen it there.
    fn touch(&mut self, node: u64, value: Value) {
        let copy = copy(value);
        let touch = Touch {
            key: name().key(Space::new(BITS).unwrap()),
            version: copy.record.version(),
            remaining: copy.left(),
            lineage: None,
        };
        match self.ask(node, Request::Touch(Box::new(touch))) {
            Some(Response::Written(_)) => self.note(Act::Read(value)),
            Some(Response::Superseded) => self.note(Act::Differs(value)),
            _ => {}
        }
    }

    /// Returns the value at a node, if it can tell.
    fn read(&mut self, node: u64) -> Option<Value> {
        let key = name().key(Space::new(BITS).unwrap());
        let Some(Response::Value(copy)) = self.ask(node, Request::Read(key, None)) else {
            return None;
        };
        let value = copy.and_then(|copy| copy.record.into_value());
        let value = value.map_or(0, |v| Value::from_le_bytes(v.try_into().unwrap()));
        self.note(Act::Read(value));
        Some(value)
    }

    fn is_sound(&self) -> bool {
        is_linearizable(&self.history)
    }
}

/// One of two nodes that stored a write is gone; the other is not the one that takes over.
fn a_majority_without_the_proposer_has_it(rules: Rules) -> Story {
    let mut story = Story::new(rules);
    story.loses = |_, to, what| to == B && matches!(what, Request::Keep(..));
    assert!(story.write(A, 1));
    story.crash(A);
    story.loses = |_, _, _| false;
    story.look(B, &[C, D]);
    assert!(story.read(B).is_some(), "B is primary now");
    story
}

/// Only the primary has a write when somebody reads it there; then the primary is gone.
fn a_read_of_what_nobody_else_has(rules: Rules) -> Story {
    let mut story = Story::new(rules);
    story.loses = |from, _, what| from == A && matches!(what, Request::Keep(_, Some(_)));
    assert!(!story.write(A, 1));
    // With the rule it has no answer, since nobody else stores the value.
    let _ = story.read(A);
    story.crash(A);
    story.look(B, &[C, D]);
    assert!(story.read(B).is_some(), "B is primary now");
    story
}

/// The primary has not heard that the group has changed, and C still answers it.
fn a_primary_of_yesterday(rules: Rules) -> Story {
    let mut story = Story::new(rules);
    story.loses = |from, to, what| {
        let apart = (from == A && to == B) || (from == B && to == A);
        apart || to == A && matches!(what, Request::Decided(..) | Request::Stage(_))
    };
    story.look(B, &[C, D]);
    assert!(story.write(B, 1));
    // With the rule, C tells it that the epoch is over.
    let _ = story.read(A);
    story
}

/// Power fails before the disks have taken what was written.
fn all_lights_go_out(rules: Rules) -> Story {
    let mut story = Story::new(rules);
    story.saves = false;
    let _ = story.write(A, 1);
    for node in [A, B, C] {
        story.crash(node);
        story.restart(node);
    }
    story.saves = true;
    // Each asks the others for fences first.
    for (node, others) in [(B, [A, C]), (C, [A, B]), (A, [B, C])] {
        story.look(node, &others);
    }
    assert!(story.read(A).is_some(), "A is primary again");
    story
}

/// B and the primary have a write; then B's store is damaged and the primary is gone.
fn a_voter_that_forgot(rules: Rules) -> Story {
    let mut story = Story::new(rules);
    story.loses = |_, to, what| to == C && matches!(what, Request::Keep(..));
    assert!(story.write(A, 1));
    story.loses = |_, _, _| false;
    story.crash(A);
    story.crash(B);
    story.damage(B);
    story.restart(B);
    for _ in 0..3 {
        story.look(B, &[C, D]);
        story.look(C, &[B, D]);
    }
    let _ = story.read(B);
    let _ = story.read(C);
    story
}

/// A node that was in the ring, but in no group, is the first to come back.
fn another_founding(rules: Rules) -> Story {
    let mut story = Story::new(rules);
    assert!(story.write(A, 1));
    story.look(D, &[A, B, C]);
    for node in [A, B, C] {
        story.crash(node);
    }
    story.give(D, Input::Found(2));
    let _ = story.read(D);
    story
}

/// Two clients of one peer write the same.
fn two_equal_writes(rules: Rules) -> Story {
    let mut story = Story::new(rules);
    assert!(story.write(A, 1));
    let _ = story.write(A, 1);
    story
}

/// B and C are gone for good and A goes on without them; then they come back, and A cannot be reached by them.
fn a_majority_that_was_given_up(rules: Rules) -> Story {
    let mut story = Story::new(rules);
    assert!(story.write(A, 1));
    story.crash(B);
    story.crash(C);
    story.look(A, &[D]);
    assert_eq!(
        story.repair(A, &[B, C]).map(|fence| fence.generation),
        Ok(1)
    );
    assert!(story.replace(A, 1, 2), "A goes on");
    story.loses = |from, to, _| from.min(to) == A && [B, C].contains(&from.max(to));
    for node in [B, C] {
        story.restart(node);
    }
    // They are D's neighbours again, which hears them.
    story.look(D, &[A, B, C]);
    for _ in 0..3 {
        story.look(B, &[C, D]);
        story.look(C, &[B, D]);
    }
    let _ = story.read(B);
    let _ = story.read(C);
    let _ = story.replace(B, 1, 3);
    assert_eq!(story.read(A), Some(2));
    story
}

/// An author does not know that its value was replaced.
fn a_touch_of_what_was_replaced(rules: Rules) -> Story {
    let mut story = Story::new(rules);
    assert!(story.write(A, 1));
    assert!(story.replace(A, 1, 2));
    story.touch(A, 1);
    story
}

/// The primary restarts while the disk of the one that would follow it is full.
#[test]
fn a_full_disk_keeps_no_majority_from_going_on() {
    let mut story = Story::new(Rules::ALL);
    assert!(story.write(A, 1));
    story.refuses = |node, _| node == B;
    story.crash(A);
    story.look(C, &[B]);
    story.restart(A);
    story.look(A, &[B, C]);
    assert!(story.replace(A, 1, 2), "A and C are a majority");
    story.crash(C);
    story.restart(C);
    story.look(C, &[A, B]);
    assert!(story.replace(A, 2, 3));
    // B has a vote again once it takes what it is given.
    story.refuses = |_, _| false;
    story.look(B, &[A, C]);
    story.clock += Patience::default().silent;
    story.look(A, &[B, C]);
    story.crash(C);
    assert!(story.replace(A, 3, 4), "A and B are a majority");
    assert_eq!(story.read(A), Some(4));
    assert!(story.is_sound());
}

/// A node that is to lead cannot store that it does.
#[test]
fn who_cannot_store_that_it_leads_is_passed_by_until_its_disk_takes_that() {
    let mut story = Story::new(Rules::ALL);
    assert!(story.write(A, 1));
    story.refuses = |node, save| {
        let leads = |control: &Control| control.held.iter().any(|held| held.group.epoch.round > 1);
        node == A && matches!(save, Save::Control(control) if leads(control))
    };
    // D takes a part of the range.
    story.look(A, &[B, C, D]);
    assert_eq!(story.read(A), None, "it was decided, but A does not lead");
    story.look(B, &[A, C, D]);
    assert!(story.replace(B, 1, 2), "B and C are a majority");
    story.refuses = |_, _| false;
    story.look(A, &[B, C, D]);
    story.clock += Patience::default().silent;
    story.look(B, &[A, C, D]);
    story.crash(C);
    assert!(story.replace(A, 2, 3), "A leads again, and B follows");
    assert!(story.is_sound());
}

#[test]
fn without_a_fence_the_old_majority_serves_when_it_returns() {
    let fence = false;
    assert!(a_majority_that_was_given_up(Rules::ALL).is_sound());
    let broken = Rules {
        fence,
        ..Rules::ALL
    };
    assert!(!a_majority_that_was_given_up(broken).is_sound());
}

#[test]
fn without_the_version_in_a_touch_an_author_keeps_what_others_wrote() {
    let touch_newest = false;
    assert!(a_touch_of_what_was_replaced(Rules::ALL).is_sound());
    let broken = Rules {
        touch_newest,
        ..Rules::ALL
    };
    assert!(!a_touch_of_what_was_replaced(broken).is_sound());
}

#[test]
fn a_touch_outlives_its_primary_and_a_retry_of_the_put_still_knows_itself() {
    let mut story = Story::new(Rules::ALL);
    assert!(story.write(A, 1));
    story.clock = Instant::from_millis(40_000);
    // Of the other two one hears of it.
    story.loses = |_, to, what| to == C && matches!(what, Request::Keep(..));
    story.touch(A, 1);
    story.loses = |_, _, _| false;
    story.crash(A);
    story.clock = Instant::from_millis(80_000);
    story.look(C, &[B, D]);
    story.look(B, &[C, D]);
    assert_eq!(story.read(B), Some(1), "it had 60 seconds, and 20 more");
    // The same operation once more.
    story.operations = 0;
    assert!(story.write(B, 1));
    story.clock = Instant::from_millis(100_001);
    assert_eq!(
        story.ask(
            B,
            Request::Read(name().key(Space::new(BITS).unwrap()), None)
        ),
        Some(Response::Value(None))
    );
}

/// A node keeps one record for a key, and cannot be of two minds about it.
#[test]
fn who_has_taken_a_place_in_one_lineage_takes_none_in_another() {
    let mut story = Story::new(Rules::ALL);
    let mut stage = |lineage: u64, round: u64| {
        let proposer = Id::from_u64(A);
        let epoch = |round| Epoch {
            generation: 0,
            round,
            proposer,
        };
        let parent = Configuration {
            lineage,
            after: proposer,
            upto: proposer,
            epoch: epoch(round),
            members: [A, B, C].map(member).to_vec(),
        };
        let next = Next {
            epoch: epoch(round + 1),
            members: [A, B, D].map(member).to_vec(),
            split: None,
        };
        let request = Request::Stage(Box::new((parent, next)));
        story.answer = None;
        let ticket = Ticket::Peer(contact(A), CLIENT);
        story.give(D, Input::Asked(ticket, request));
        story.answer.take()
    };
    assert_eq!(stage(1, 1), Some(Response::Done));
    let refused = stage(2, 5);
    let stays =
        matches!(refused, Some(Response::Met(who)) if who.settled && who.lineage == Some(1));
    assert!(stays, "{refused:?}");
    assert_eq!(stage(1, 9), Some(Response::Done));
}

#[test]
fn without_incarnations_a_voter_that_forgot_a_write_helps_to_lose_it() {
    let incarnation = false;
    assert!(a_voter_that_forgot(Rules::ALL).is_sound());
    let broken = Rules {
        incarnation,
        ..Rules::ALL
    };
    assert!(!a_voter_that_forgot(broken).is_sound());
}

#[test]
fn without_lineages_a_ring_that_begins_again_has_forgotten() {
    let lineage = false;
    assert!(another_founding(Rules::ALL).is_sound());
    let broken = Rules {
        lineage,
        ..Rules::ALL
    };
    assert!(!another_founding(broken).is_sound());
}

#[test]
fn without_operation_tags_two_equal_writes_both_win() {
    let operation = false;
    assert!(two_equal_writes(Rules::ALL).is_sound());
    let broken = Rules {
        operation,
        ..Rules::ALL
    };
    assert!(!two_equal_writes(broken).is_sound());
}

#[test]
fn without_hand_over_a_write_is_lost_with_its_first_holder() {
    let hand_over = false;
    assert!(a_majority_without_the_proposer_has_it(Rules::ALL).is_sound());
    let broken = Rules {
        hand_over,
        ..Rules::ALL
    };
    assert!(!a_majority_without_the_proposer_has_it(broken).is_sound());
}

#[test]
fn without_write_back_a_value_is_seen_and_gone() {
    let write_back = false;
    assert!(a_read_of_what_nobody_else_has(Rules::ALL).is_sound());
    let broken = Rules {
        write_back,
        ..Rules::ALL
    };
    assert!(!a_read_of_what_nobody_else_has(broken).is_sound());
}

#[test]
fn without_the_epoch_check_an_old_primary_answers_something_stale() {
    let epoch_check = false;
    assert!(a_primary_of_yesterday(Rules::ALL).is_sound());
    let broken = Rules {
        epoch_check,
        ..Rules::ALL
    };
    assert!(!a_primary_of_yesterday(broken).is_sound());
}

#[test]
fn without_saving_first_an_acknowledged_write_is_lost_with_the_power() {
    let save_first = false;
    assert!(all_lights_go_out(Rules::ALL).is_sound());
    let broken = Rules {
        save_first,
        ..Rules::ALL
    };
    assert!(!all_lights_go_out(broken).is_sound());
}

/// The requests that would end the group of A, B and C, or replace its records, if a stranger's word counted.
fn claims_of_a_stranger(story: &Story) -> Vec<Request> {
    let stranger = member(1);
    let group = story.disks[&A].0.held[0].group.clone();
    let epoch = Epoch {
        generation: 0,
        round: 99,
        proposer: stranger.id(),
    };
    let next = |members: Vec<Member>| Next {
        epoch,
        members,
        split: None,
    };
    let fence = Fence {
        lineage: group.lineage,
        after: group.after,
        upto: group.upto,
        generation: 9,
        lost: Vec::new(),
    };
    let entry = |epoch| Entry {
        stamp: Stamp { epoch, index: 99 },
        operation: OperationTag([9; 16]),
        copy: copy(9),
        origin: None,
    };
    // The stranger says that it was in what followed the group.
    let invented = |generation| {
        let at = |round| Epoch {
            generation,
            round,
            ..epoch
        };
        let mut parent = group.clone();
        parent.epoch = at(98);
        parent.members.push(stranger.clone());
        let next = Next {
            epoch: at(99),
            ..next(parent.members.clone())
        };
        Request::Stage(Box::new((parent, next)))
    };
    vec![
        Request::Decided(group.id(), Box::new(next(vec![stranger.clone()]))),
        Request::Decided(group.id(), Box::new(next(Vec::new()))),
        Request::Stage(Box::new((
            group.clone(),
            next(vec![member(A), stranger.clone()]),
        ))),
        invented(0),
        invented(9),
        Request::Fence(vec![fence]),
        Request::Give(group.id(), group.epoch, Box::new(entry(group.epoch))),
        Request::Keep(group.id(), Some(Box::new(entry(group.epoch)))),
        Request::Prepare(group.id(), epoch),
        Request::Propose(group.id(), epoch, Box::new(next(vec![member(A)]))),
    ]
}

#[test]
fn what_a_stranger_claims_ends_no_group_and_changes_no_value() {
    let mut story = Story::new(Rules::ALL);
    assert!(story.write(A, 1));
    for claim in claims_of_a_stranger(&story) {
        for node in [A, B, C] {
            let answer = story.ask(node, claim.clone());
            assert_eq!(answer, Some(Response::Unknown), "{claim:?} to {node}");
        }
        assert_eq!(story.read(A), Some(1), "{claim:?}");
    }
    assert!(story.replace(A, 1, 2), "the group goes on");
}

#[test]
fn what_is_staged_is_neither_begun_nor_withdrawn_at_a_stranger_s_word() {
    let mut story = Story::new(Rules::ALL);
    assert!(story.write(A, 1));
    story.crash(A);
    // B proposes what follows, and gets no further than to stage it.
    story.loses = |_, _, what| matches!(what, Request::Prepare(..) | Request::Withdraw(..));
    story.look(B, &[C, D]);
    let staged = story.disks[&D].0.staged.clone();
    let groups = |staged: &Staged| staged.next.groups(&staged.parent).collect::<Vec<_>>();
    let follower = groups(&staged[0])[0].id();
    for claim in [
        Request::Check(follower),
        Request::Keep(follower, None),
        Request::Prepare(follower, staged[0].next.epoch),
        Request::Withdraw(staged[0].parent.id(), staged[0].next.epoch),
    ] {
        story.ask(D, claim.clone());
        let control = &story.disks[&D].0;
        assert_eq!(
            (&control.staged, control.held.len()),
            (&staged, 0),
            "{claim:?}"
        );
    }
    story.loses = |_, _, _| false;
    for _ in 0..3 {
        story.look(B, &[C, D]);
        story.look(C, &[B, D]);
    }
    assert_eq!(story.read(B), Some(1));
}
