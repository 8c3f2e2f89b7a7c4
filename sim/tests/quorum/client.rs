//! Clients of the small world: each reads, touches and replaces values of a few named and signed records, one operation after
//! another.

use std::collections::BTreeMap;
use std::time::Duration;

use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::identity::Signer;
use chordscope_core::store::group::OperationTag;
use chordscope_core::store::group::message::{Request, Response, Touch, Write};
use chordscope_core::store::message::StoredRecord;
use chordscope_core::store::record::{Label, Record, Version};

use crate::checker::{Act, Operation, Value};
use crate::world::{BITS, World};

/// The number of operations that a client begins, besides the last reads.
const MAX_BEGUN: usize = 38;
/// The lifetime of records, in seconds: longer than any history.
const LIFETIME: u32 = 3_600;
/// Values from here on are the same whoever writes them in the place of the same record.
const EQUAL: Value = 1_000_000;
/// The size of a big value, in bytes.
const BIG: usize = 60_000;
/// The time for which a client tries an operation, in virtual milliseconds.
const DEADLINE: u64 = 700;

/// A client: its operation under way, and its history.
#[derive(Debug, Default)]
pub(crate) struct Client {
    number: u32,
    /// The node that it speaks through: on whose side of a broken network it is.
    pub(crate) home: Id,
    pub(crate) names: Vec<Label>,
    /// The lineage that the client asks in: that of the node that it speaks through; any where there is but one.
    pub(crate) lineage: Option<u64>,
    /// The client's operations by lineage and name.
    pub(crate) history: Vec<(Register, Operation)>,
    /// The last value, version and time that the client saw of each register.
    seen: BTreeMap<Register, (Value, Option<Version>, u64)>,
    written: u32,
    /// The number of writes among a hundred operations.
    writes: u64,
    questions: u64,
    current: Option<Task>,
    pub(crate) unavailable: usize,
    /// Reads only, until each name was read.
    pub(crate) last_reads: Option<usize>,
}

/// One of the registers of a history: a name, by its number, in a lineage.
pub(crate) type Register = (Option<u64>, usize);

#[derive(Debug, Clone)]
struct Task {
    register: Register,
    start: u64,
    /// `None` for a read or touch.
    write: Option<(Value, Option<Version>, StoredRecord)>,
    /// The value that a touch renews: a touch that is done has seen it there.
    touch: Option<(Value, Version)>,
    tag: OperationTag,
    /// True if a write may have reached a primary.
    unsure: bool,
    candidates: Vec<Id>,
    waits_for: u64,
}

type Question = (Id, u64, Request);

fn value_of(copy: Option<&StoredRecord>) -> Value {
    let value = copy.and_then(|copy| copy.record.value());
    value.map_or(0, |v| Value::from_le_bytes(v[..4].try_into().unwrap()))
}

/// Returns the signer of a record: each client signs its named records, all sign for the same author of a signed one.
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
        if world.apart > 0 {
            self.lineage = world.lineage(self.home).or(self.lineage);
            // A node without a lineage takes that of its ring.
            self.lineage?;
        }
        let register = (self.lineage, name);
        let writes = self.last_reads.is_none() && world.rng.chance(self.writes, 100);
        let write = writes.then(|| {
            self.written += 1;
            let (value, version, sequence) = self.seen.get(&register).copied().unwrap_or_default();
            // Several clients of one peer may write what is the same record in the place of the same one.
            let (author, new) = match world.rng.chance(1, 3) {
                true => (0, EQUAL + u32::try_from(sequence).unwrap()),
                false => (self.number, self.number * 1_000 + self.written),
            };
            let mut bytes = new.to_le_bytes().to_vec();
            if world.has_big_values && new % 4 == 0 {
                bytes.resize(BIG, 0);
            }
            let record = Record::sign(
                &signer(&self.names[name], author),
                self.names[name].clone(),
                Some(bytes),
                sequence + 1,
                Duration::from_secs(LIFETIME.into()),
            );
            let record = record.unwrap();
            (value, version, StoredRecord::whole(record))
        });
        let touches = self.last_reads.is_none() && !writes && world.rng.chance(1, 3);
        let (value, version, _) = self.seen.get(&register).copied().unwrap_or_default();
        let touch = version.filter(|_| touches).map(|version| (value, version));
        let mut tag = OperationTag::default();
        world.rng.fill(&mut tag.0);
        self.current = Some(Task {
            register,
            start: world.now,
            write,
            touch,
            tag,
            unsure: false,
            candidates: Vec::new(),
            waits_for: 0,
        });
        self.ask(world)
    }

    fn ask(&mut self, world: &mut World) -> Option<Question> {
        let task = self.current.as_mut()?;
        let (lineage, name) = task.register;
        let key = key_of(&self.names[name]);
        if task.candidates.is_empty() {
            task.candidates = world.owners(self.home, key);
            // A lookup may end at the wrong node.
            if world.rng.chance(1, 3) {
                task.candidates.reverse();
            }
            // A member knows whom to ask.
            if world.covers(self.home, key) {
                task.candidates.insert(0, self.home);
            }
        }
        if task.candidates.is_empty() {
            self.end(world, None);
            return None;
        }
        let to = task.candidates.remove(0);
        self.questions += 1;
        task.waits_for = self.questions;
        let request = match (&task.write, task.touch) {
            (None, Some((_, version))) => Request::Touch(Box::new(Touch {
                key,
                version,
                remaining: LIFETIME,
                lineage,
            })),
            (None, None) => Request::Read(key, lineage),
            (Some((_, expected, copy)), _) => Request::Write(Box::new(Write {
                copy: copy.clone(),
                expected: *expected,
                operation: task.tag,
                lineage,
            })),
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
                let register = task.register;
                self.see(register, copy.as_deref());
                self.end(world, Some(Act::Read(value)));
            }
            Some(Response::Written(_)) if task.touch.is_some() => {
                let (value, _) = task.touch?;
                self.end(world, Some(Act::Read(value)));
            }
            Some(Response::Superseded) => {
                let (value, _) = task.touch?;
                self.end(world, Some(Act::Differs(value)));
            }
            Some(Response::Written(_)) => {
                let (expected, _, copy) = task.write.clone()?;
                let new = value_of(Some(&copy));
                let register = task.register;
                self.see(register, Some(&copy));
                self.end(world, Some(Act::Swapped { expected, new }));
            }
            Some(Response::Mismatch(copy)) => {
                let (expected, _, _) = task.write.clone()?;
                let found = value_of(copy.as_deref());
                let (register, unsure) = (task.register, task.unsure);
                self.see(register, copy.as_deref());
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

    fn see(&mut self, register: Register, copy: Option<&StoredRecord>) {
        let version = copy.map(|copy| copy.record.version());
        let sequence = copy.map_or(0, |copy| copy.record.sequence());
        let seen = (value_of(copy), version, sequence);
        self.seen.insert(register, seen);
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
        if let (Act::Read(_), None, Some(done)) = (act, task.touch, self.last_reads.as_mut()) {
            *done += 1;
        }
        let start = task.start;
        self.history
            .push((task.register, Operation { act, start, end }));
    }

    /// Notes the operation that is still under way when everything ends.
    pub(crate) fn finish(&mut self, world: &mut World) {
        self.end(world, None);
    }
}

const fn act_is_sure(act: Act) -> bool {
    !matches!(act, Act::Unsure { .. })
}
