//! Clients of the small world: each reads and replaces values of a few named and signed records, one operation after another.

use std::time::Duration;

use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::identity::Signer;
use chordscope_core::store::group::message::{Request, Response};
use chordscope_core::store::message::Copy;
use chordscope_core::store::record::{Label, Record, Version};

use crate::checker::{Act, Operation, Value};
use crate::world::{BITS, World};

/// How many operations a client begins, besides the last reads.
const MAX_BEGUN: usize = 38;
/// How long a client tries.
const DEADLINE: u64 = 700;

/// What a client does and has seen.
#[derive(Debug, Default)]
pub(crate) struct Client {
    number: u32,
    /// The node that it speaks through: on whose side of a broken network it is.
    pub(crate) home: Id,
    pub(crate) names: Vec<Label>,
    /// Its operations by name.
    pub(crate) history: Vec<(usize, Operation)>,
    /// What it last saw of each name.
    seen: Vec<(Value, Option<Version>, u64)>,
    written: u32,
    /// Of a hundred operations, how many are writes.
    writes: u64,
    questions: u64,
    current: Option<Task>,
    pub(crate) unavailable: usize,
    /// Reads only, until each name was read.
    pub(crate) last_reads: Option<usize>,
}

#[derive(Debug, Clone)]
struct Task {
    name: usize,
    start: u64,
    /// `None` for a read.
    write: Option<(Value, Option<Version>, Copy)>,
    /// Whether a write may have reached a primary.
    unsure: bool,
    candidates: Vec<Id>,
    waits_for: u64,
}

type Question = (Id, u64, Request);

fn value_of(copy: Option<&Copy>) -> Value {
    let value = copy.and_then(|copy| copy.record.value());
    value.map_or(0, |v| Value::from_le_bytes(v[..4].try_into().unwrap()))
}

/// Who signs: a named record everybody for itself, a signed one all for the same author.
fn signer(label: &Label, client: u32) -> Signer {
    let number = match label {
        Label::Name(_) => client,
        Label::Salt(_) => u32::MAX,
    };
    Signer::stand_in(Id::from_u64(u64::from(number)))
}

pub(crate) fn key_of(label: &Label) -> Id {
    label.key(Space::new(BITS).unwrap(), signer(label, 0).public_key())
}

impl Client {
    pub(crate) fn new(number: u32, home: Id, names: &[Label], writes: u64) -> Self {
        Self {
            number,
            home,
            writes,
            names: names.to_vec(),
            seen: vec![(0, None, 0); names.len()],
            ..Self::default()
        }
    }

    pub(crate) fn waits_for(&self, question: u64) -> bool {
        let task = self.current.as_ref();
        task.is_some_and(|task| task.waits_for == question)
    }

    pub(crate) fn begin(&mut self, world: &mut World) -> Option<Question> {
        let done = match self.last_reads {
            Some(read) => read >= self.names.len(),
            None => self.history.len() >= MAX_BEGUN,
        };
        if done {
            return None;
        }
        let name = match self.last_reads {
            Some(name) => name,
            None => usize::try_from(world.rng.below(self.names.len() as u64)).unwrap(),
        };
        let writes = self.last_reads.is_none() && world.rng.chance(self.writes, 100);
        let write = writes.then(|| {
            self.written += 1;
            let new = self.number * 1_000 + self.written;
            let (value, version, sequence) = self.seen[name];
            let record = Record::sign(
                &signer(&self.names[name], self.number),
                self.names[name].clone(),
                Some(new.to_le_bytes().to_vec()),
                sequence + 1,
                Duration::from_secs(3_600),
            );
            let remaining = 3_600;
            let record = record.unwrap();
            (value, version, Copy { record, remaining })
        });
        self.current = Some(Task {
            name,
            start: world.now,
            write,
            unsure: false,
            candidates: Vec::new(),
            waits_for: 0,
        });
        self.ask(world)
    }

    fn ask(&mut self, world: &mut World) -> Option<Question> {
        let task = self.current.as_mut()?;
        let key = key_of(&self.names[task.name]);
        if task.candidates.is_empty() {
            task.candidates = world.owners(self.home, key);
            // A lookup may end at the wrong node.
            if world.rng.chance(1, 3) {
                task.candidates.reverse();
            }
        }
        if task.candidates.is_empty() {
            self.end(world, None);
            return None;
        }
        let to = task.candidates.remove(0);
        self.questions += 1;
        task.waits_for = self.questions;
        let request = match &task.write {
            None => Request::Read(key),
            Some((_, expected, copy)) => Request::Write(Box::new(copy.clone()), *expected),
        };
        Some((to, self.questions, request))
    }

    pub(crate) fn hear(
        &mut self,
        world: &mut World,
        response: Option<Response>,
    ) -> Option<Question> {
        let task = self.current.as_mut()?;
        match response {
            Some(Response::Value(copy)) => {
                let value = value_of(copy.as_deref());
                let name = task.name;
                self.see(name, copy.as_deref());
                self.end(world, Some(Act::Read(value)));
            }
            Some(Response::Written(_)) => {
                let (expected, _, copy) = task.write.clone()?;
                let new = value_of(Some(&copy));
                let name = task.name;
                self.see(name, Some(&copy));
                self.end(world, Some(Act::Swapped { expected, new }));
            }
            Some(Response::Mismatch(copy)) => {
                let (expected, _, _) = task.write.clone()?;
                let found = value_of(copy.as_deref());
                let (name, unsure) = (task.name, task.unsure);
                self.see(name, copy.as_deref());
                // An earlier attempt may have taken effect and been replaced since.
                let act = Act::Mismatch { expected, found };
                self.end(world, (!unsure).then_some(act));
            }
            other => {
                match other {
                    Some(Response::Elsewhere(contact)) => {
                        task.candidates.insert(0, contact.id());
                        task.candidates.truncate(6);
                    }
                    Some(Response::Unknown) => {}
                    _ => task.unsure = true,
                }
                if world.now - task.start < DEADLINE {
                    return self.ask(world);
                }
                self.end(world, None);
            }
        }
        None
    }

    fn see(&mut self, name: usize, copy: Option<&Copy>) {
        let version = copy.map(|copy| copy.record.version());
        let sequence = copy.map_or(0, |copy| copy.record.sequence());
        self.seen[name] = (value_of(copy), version, sequence);
    }

    fn end(&mut self, world: &mut World, act: Option<Act>) {
        let Some(task) = self.current.take() else {
            return;
        };
        let (act, end) = match (act, &task.write) {
            (Some(act), _) => (act, world.now),
            (None, Some((expected, _, copy))) => {
                self.unavailable += 1;
                let (expected, new) = (*expected, value_of(Some(copy)));
                (Act::Unsure { expected, new }, u64::MAX)
            }
            (None, None) => {
                self.unavailable += 1;
                return;
            }
        };
        if act_is_sure(act) {
            world.answered += 1;
        }
        if let (Act::Read(_), Some(done)) = (act, self.last_reads.as_mut()) {
            *done += 1;
        }
        let start = task.start;
        self.history
            .push((task.name, Operation { act, start, end }));
    }

    /// What is still under way when everything ends.
    pub(crate) fn finish(&mut self, world: &mut World) {
        self.end(world, None);
    }
}

const fn act_is_sure(act: Act) -> bool {
    !matches!(act, Act::Unsure { .. })
}
