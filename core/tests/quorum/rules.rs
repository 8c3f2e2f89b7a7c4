//! Each rule of the level, and the shortest story that goes wrong without it.
//!
//! Machines stand side by side; what they ask arrives at once, unless the story has it lost.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::identity::{Scheme, Signer};
use chordscope_core::base::time::Instant;
use chordscope_core::store::group::configuration::{Configuration, Epoch};
use chordscope_core::store::group::message::{Request, Response};
use chordscope_core::store::group::{
    Control, Effect, Entry, Groups, Input, Rules, Save, Settings, Ticket, Token,
};
use chordscope_core::store::message::Copy;
use chordscope_core::store::record::{Name, Record};

use crate::checker::{Act, Operation, Value};
use crate::linearizable::is_linearizable;
use crate::world::{BITS, contact};

/// The members of the first group, its primary first, and one who may follow.
const A: u64 = 10;
const B: u64 = 20;
const C: u64 = 30;
const D: u64 = 40;
/// Under which number a client asks.
const CLIENT: u64 = u64::MAX;

struct Story {
    rules: Rules,
    machines: BTreeMap<u64, Groups>,
    disks: BTreeMap<u64, (Control, BTreeMap<Id, Entry>)>,
    /// What gets lost: from whom, to whom, what.
    loses: fn(u64, u64, &Request) -> bool,
    /// Whether disks take what they are given.
    saves: bool,
    inputs: VecDeque<(u64, Input)>,
    /// Questions under way by their number: who asked, and what for.
    asked: Vec<(u64, Token)>,
    answer: Option<Response>,
    history: Vec<Operation>,
    now: u64,
}

fn number(id: Id) -> u64 {
    id.to_u64().unwrap()
}

fn name() -> Name {
    Name::new("name").unwrap()
}

fn copy(value: Value) -> Copy {
    let signer = Signer::stand_in(Id::default());
    let bytes = Some(value.to_le_bytes().to_vec());
    let life = Duration::from_secs(60);
    let record = Record::sign(&signer, name(), bytes, u64::from(value), life).unwrap();
    let remaining = 60;
    Copy { record, remaining }
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
            inputs: VecDeque::new(),
            asked: Vec::new(),
            answer: None,
            history: Vec::new(),
            now: 0,
        };
        let proposer = Id::from_u64(A);
        let group = Configuration {
            ring: 1,
            after: proposer,
            upto: proposer,
            epoch: Epoch { round: 1, proposer },
            members: [A, B, C].map(contact).to_vec(),
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
            scheme: Scheme::StandIn,
            copies: 3,
            records: 8,
            record_bytes: 1 << 16,
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
            for effect in machine.step(Instant::ZERO, input) {
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
            Effect::Save(token, save) if self.saves => {
                let disk = self.disks.entry(node).or_default();
                match save {
                    Save::Control(control) => disk.0 = *control,
                    Save::Entry(entry) => drop(disk.1.insert(Id::default(), *entry)),
                }
                self.inputs.push_back((node, Input::Saved(token, true)));
            }
            _ => {}
        }
    }

    fn crash(&mut self, node: u64) {
        self.machines.remove(&node);
    }

    fn restart(&mut self, node: u64) {
        let mut machine = self.machine(node);
        let (control, entries) = self.disks[&node].clone();
        let entries: Vec<Entry> = entries.into_values().collect();
        machine.restore(Instant::ZERO, control, &entries);
        self.machines.insert(node, machine);
    }

    /// A node sees these others, and does what it finds right, several times.
    fn look(&mut self, node: u64, others: &[u64]) {
        for _ in 0..6 {
            let ring: Vec<Contact> = others.iter().copied().map(contact).collect();
            self.give(node, Input::Look(ring, false));
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
        let answer = self.ask(node, Request::Write(Box::new(copy(new)), None));
        let done = matches!(answer, Some(Response::Written(_)));
        let expected = 0;
        self.note(match done {
            true => Act::Swapped { expected, new },
            false => Act::Unsure { expected, new },
        });
        done
    }

    /// What is there, if the node can tell.
    fn read(&mut self, node: u64) -> Option<Value> {
        let key = name().key(Space::new(BITS).unwrap());
        let Some(Response::Value(copy)) = self.ask(node, Request::Read(key)) else {
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

/// One of two who stored a write is gone; the other is not the one who takes over.
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
    story.look(A, &[B, C]);
    assert!(story.read(A).is_some(), "A is primary again");
    story
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
