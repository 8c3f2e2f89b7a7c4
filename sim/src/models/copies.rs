//! The steps towards a replicated store: machines that keep values in one place and take turns, keep a copy each, or tell one another of
//! what they write.
//!
//! With one store the second client waits for the first. With a copy each nobody waits, and they disagree. A message for each write makes
//! the copies agree again, and where it is lost the other machine goes on with what it has: it is sent again until it is acknowledged.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::time::Duration;

use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;

/// The most operations that wait at a machine; those on top are refused.
const MAX_WAITING: usize = 64;

/// The place where values are kept, and what machines tell one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The machine with the lowest id keeps everything, and carries out one operation after another.
    OneStore,
    /// Each machine keeps a copy of its own.
    Copies,
    /// The same, and a machine tells all others of what it writes, before it answers if they acknowledge in time.
    Messages,
}

/// The choices of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The rule.
    pub rule: Rule,
    /// The time that a store takes for one operation; the next one waits.
    pub hold: Duration,
    /// The time after which an operation is refused that waits for the store, and a write is answered without acknowledgements.
    pub patience: Duration,
    /// The time after which a message that was not acknowledged is sent again.
    pub again: Duration,
}

/// A version of a name, by order: the greater one stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held {
    /// The sequence number, from 1.
    pub sequence: u64,
    /// The machine that wrote it.
    pub author: Id,
    /// The value; `None` for a deleted one.
    pub value: Option<u32>,
    /// The number of the operation that wrote it.
    pub by: u32,
}

/// The request of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The present content.
    Get,
    /// A write by the operation of this number: a value, or a deletion. `expected` is the sequence number that must be there, 0 for
    /// nothing.
    Write {
        /// The number of the operation.
        by: u32,
        /// True for a deletion.
        deletes: bool,
        /// The condition.
        expected: Option<u64>,
    },
}

/// The outcome of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The present content; `None` for nothing.
    Got(Option<Held>),
    /// Written, with this sequence number.
    Written(u64),
    /// Not written, since something else is there, or there is nothing to delete.
    Mismatch,
    /// No answer in time.
    Refused,
}

/// A message between two machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// An operation for the store, with its number at the sender.
    Ask(u64, u8, Ask),
    /// Its outcome.
    Answer(u64, Outcome),
    /// A version of a name.
    Tell(u8, Held),
    /// That version was taken in.
    Told(u8, Held),
}

/// An output of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// A message to another machine.
    Send(Id, Message),
    /// An operation that was called here has ended.
    Ended(u64, Outcome),
    /// A version of this name came from a writer that did not know of the one here: both have one sequence number.
    Conflict(u8),
}

/// A machine.
#[derive(Clone, Debug)]
pub struct Machine {
    me: Id,
    all: Vec<Id>,
    config: Config,
    names: BTreeMap<u8, Held>,
    /// Operations that wait for the store of this machine, the first one under way.
    waiting: VecDeque<Task>,
    /// The time at which the first one is done.
    done_at: Option<Instant>,
    /// The operations that were called here and have not ended.
    open: BTreeMap<u64, Open>,
    /// The writes that others have not acknowledged: the newest of each name, and when it is sent again.
    untold: BTreeMap<(Id, u8), (Held, Instant)>,
    /// The newest version of each name that others have acknowledged.
    told: BTreeMap<(Id, u8), Held>,
    outputs: VecDeque<Output>,
}

/// An operation under way: when it is given up, and of a write that was carried out the version that others must acknowledge.
type Open = (Instant, Option<(u8, Held)>);

#[derive(Clone, Copy, Debug)]
struct Task {
    from: Id,
    number: u64,
    name: u8,
    ask: Ask,
}

impl Machine {
    /// A machine that keeps nothing yet, among all of these.
    pub fn new(me: Id, all: Vec<Id>, config: Config) -> Self {
        Self {
            me,
            all,
            config,
            names: BTreeMap::new(),
            waiting: VecDeque::new(),
            done_at: None,
            open: BTreeMap::new(),
            untold: BTreeMap::new(),
            told: BTreeMap::new(),
            outputs: VecDeque::new(),
        }
    }

    /// Returns the version of a name that is kept here.
    pub fn held(&self, name: u8) -> Option<Held> {
        self.names.get(&name).copied()
    }

    /// Returns whether operations that were called at other machines are carried out here.
    pub fn is_store(&self) -> bool {
        self.config.rule != Rule::OneStore || self.store() == self.me
    }

    fn store(&self) -> Id {
        match self.config.rule {
            Rule::OneStore => self.all.iter().min().copied().unwrap_or(self.me),
            Rule::Copies | Rule::Messages => self.me,
        }
    }

    /// Begins an operation, under a number that no other one of this machine has. [`Output::Ended`] follows.
    pub fn call(&mut self, now: Instant, number: u64, name: u8, ask: Ask) {
        let until = now + self.config.patience;
        self.open.insert(number, (until, None));
        let store = self.store();
        if store == self.me {
            self.enqueue(now, self.me, number, (name, ask));
        } else {
            self.send(store, Message::Ask(number, name, ask));
        }
    }

    /// Handles a message of another machine.
    pub fn handle_message(&mut self, now: Instant, from: Id, message: Message) {
        match message {
            Message::Ask(number, name, ask) => self.enqueue(now, from, number, (name, ask)),
            Message::Answer(number, outcome) => self.end(number, outcome),
            Message::Tell(name, held) => {
                self.take_in(name, held);
                self.send(from, Message::Told(name, held));
            }
            Message::Told(name, held) => {
                let known = self.untold.get(&(from, name));
                if known.is_some_and(|(untold, _)| *untold <= held) {
                    self.untold.remove(&(from, name));
                }
                let told = self.told.entry((from, name)).or_insert(held);
                *told = held.max(*told);
                self.end_told(name);
            }
        }
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.done_at.is_some_and(|at| at <= now) {
            self.done_at = None;
            if let Some(task) = self.waiting.pop_front() {
                self.carry_out(now, task);
            }
            self.begin_next(now);
        }
        let is_due = |(number, (until, written)): (&u64, &Open)| {
            (*until <= now).then_some((*number, *written))
        };
        let due: Vec<_> = self.open.iter().filter_map(is_due).collect();
        for (number, written) in due {
            let outcome = written.map_or(Outcome::Refused, |(_, held)| {
                Outcome::Written(held.sequence)
            });
            self.end(number, outcome);
        }
        let again = now + self.config.again;
        let mut send = Vec::new();
        for ((to, name), (held, at)) in &mut self.untold {
            if *at <= now {
                *at = again;
                send.push((*to, Message::Tell(*name, *held)));
            }
        }
        for (to, message) in send {
            self.send(to, message);
        }
    }

    /// Forgets what a machine forgets that is gone from one moment to the next: all but what it keeps, and what it owes others.
    pub fn stop(&mut self) {
        self.waiting.clear();
        self.done_at = None;
        self.open.clear();
        self.outputs.clear();
    }

    /// Takes the next output.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Returns the time at which it wants to be called again.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let open = self.open.values().map(|(until, _)| *until);
        let again = self.untold.values().map(|(_, at)| *at);
        open.chain(again).chain(self.done_at).min()
    }

    fn send(&mut self, to: Id, message: Message) {
        self.outputs.push_back(Output::Send(to, message));
    }

    fn end(&mut self, number: u64, outcome: Outcome) {
        if self.open.remove(&number).is_some() {
            self.outputs.push_back(Output::Ended(number, outcome));
        }
    }

    fn enqueue(&mut self, now: Instant, from: Id, number: u64, (name, ask): (u8, Ask)) {
        if self.waiting.len() >= MAX_WAITING {
            return self.answer(from, number, Outcome::Refused);
        }
        self.waiting.push_back(Task {
            from,
            number,
            name,
            ask,
        });
        self.begin_next(now);
    }

    fn begin_next(&mut self, now: Instant) {
        if self.done_at.is_none() && !self.waiting.is_empty() {
            self.done_at = Some(now + self.config.hold);
        }
    }

    fn answer(&mut self, to: Id, number: u64, outcome: Outcome) {
        match to == self.me {
            true => self.end(number, outcome),
            false => self.send(to, Message::Answer(number, outcome)),
        }
    }

    fn carry_out(&mut self, now: Instant, task: Task) {
        let known = self.held(task.name);
        let there = known.filter(|held| held.value.is_some());
        let Ask::Write {
            by,
            deletes,
            expected,
        } = task.ask
        else {
            return self.answer(task.from, task.number, Outcome::Got(there));
        };
        let found = there.map_or(0, |held| held.sequence);
        if expected.is_some_and(|expected| expected != found) || deletes && found == 0 {
            return self.answer(task.from, task.number, Outcome::Mismatch);
        }
        let held = Held {
            sequence: known.map_or(0, |held| held.sequence) + 1,
            author: self.me,
            value: (!deletes).then_some(by),
            by,
        };
        self.names.insert(task.name, held);
        let others = self.all.iter().copied().filter(|other| *other != self.me);
        let others: Vec<Id> = others.collect();
        if self.config.rule != Rule::Messages || others.is_empty() {
            return self.answer(task.from, task.number, Outcome::Written(held.sequence));
        }
        if let Some((_, written)) = self.open.get_mut(&task.number) {
            *written = Some((task.name, held));
        }
        for other in others {
            let again = now + self.config.again;
            self.untold.insert((other, task.name), (held, again));
            self.send(other, Message::Tell(task.name, held));
        }
    }

    /// Ends the writes of a name that all others know of.
    fn end_told(&mut self, name: u8) {
        let others = || self.all.iter().filter(|other| **other != self.me);
        let is_told = |(number, (_, written)): (&u64, &Open)| {
            let (_, held) = written.filter(|(other, _)| *other == name)?;
            let mut told = others().map(|other| self.told.get(&(*other, name)));
            let all = told.all(|told| told.is_some_and(|told| *told >= held));
            all.then_some((*number, held.sequence))
        };
        let told: Vec<_> = self.open.iter().filter_map(is_told).collect();
        for (number, sequence) in told {
            self.end(number, Outcome::Written(sequence));
        }
    }

    fn take_in(&mut self, name: u8, held: Held) {
        let known = self.held(name);
        if known.is_some_and(|known| known.sequence == held.sequence && known != held) {
            self.outputs.push_back(Output::Conflict(name));
        }
        if known.is_none_or(|known| known < held) {
            self.names.insert(name, held);
        }
    }
}
