//! The answers that clients were given, and the peers that can be asked: shared by the clients and the one that makes the trouble.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use chordscope_sim::checks::linearizable::Operation;
use chordscope_sim::checks::register::{Act, Asked, Outcome};

/// The number of operations that a name gets before the next of its kind takes its place: checking takes longer with each.
const EACH: usize = 90;
/// A lock is taken once.
const EACH_LOCK: usize = 6;
/// The pause of a client whose peer cannot do anything now.
const REST: Duration = Duration::from_millis(25);

/// The names that clients use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name {
    /// A counter that all clients read and add one to: equal values come from many.
    Counter(u32),
    /// A lock: a client that finds nothing there writes the same as all others.
    Lock(u32),
    /// Small values, each different.
    Text(u32),
    /// Values of 60,000 bytes.
    Big(u32),
}

impl Name {
    /// The kinds, and how often each is drawn.
    pub(super) const DRAWN: [fn(u32) -> Self; 10] = [
        Self::Counter,
        Self::Counter,
        Self::Counter,
        Self::Counter,
        Self::Lock,
        Self::Lock,
        Self::Text,
        Self::Text,
        Self::Text,
        Self::Big,
    ];

    /// The value as it is put: a number, and much more in a big one.
    pub(super) fn value(self, number: u32) -> String {
        let text = format!("{number} ");
        match self {
            Self::Big(_) => text.repeat(60_000 / text.len()),
            _ => text,
        }
    }

    /// The number of a value as it was got; `None` when it is another one than anybody put.
    pub(super) fn number(self, value: &[u8]) -> Option<u32> {
        let text = std::str::from_utf8(value).ok()?;
        let number = text.split(' ').next()?.parse().ok()?;
        (self.value(number) == text).then_some(number)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Counter(n) => write!(f, "counter-{n}"),
            Self::Lock(n) => write!(f, "lock-{n}"),
            Self::Text(n) => write!(f, "text-{n}"),
            Self::Big(n) => write!(f, "big-{n}"),
        }
    }
}

/// The access to a peer over HTTP.
#[derive(Clone, Debug)]
pub(super) struct Access {
    pub(super) port: u16,
    pub(super) token: String,
    /// Counts the peer's starts.
    pub(super) life: u32,
    /// True if the peer may have founded a ring that it gives up again when it meets another.
    pub(super) is_fickle: bool,
}

/// The outcome that a client was given in a lineage; in any of them, if it is not known in which.
#[derive(Clone, Debug)]
struct Heard {
    lineage: Option<String>,
    name: Name,
    operation: Operation<Act>,
}

#[derive(Debug, Default)]
struct State {
    access: Vec<Option<Access>>,
    heard: Vec<Heard>,
    /// The number of operations that have ended, one way or another.
    ended: usize,
    /// The number of operations that each name has had.
    had: BTreeMap<Name, usize>,
    nonsense: Option<String>,
    over: bool,
}

#[derive(Debug)]
pub(super) struct Told {
    start: Instant,
    state: Mutex<State>,
    changed: Condvar,
}

impl Told {
    pub(super) fn new(peers: usize) -> Self {
        let access = vec![None; peers];
        Self {
            start: Instant::now(),
            state: Mutex::new(State {
                access,
                ..State::default()
            }),
            changed: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Microseconds since the beginning.
    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap()
    }

    // Peers.

    /// From now on a peer is asked this way, or not at all.
    pub(super) fn set(&self, slot: usize, access: Option<Access>) {
        self.state().access[slot] = access;
        self.changed.notify_all();
    }

    pub(super) fn access(&self, slot: usize) -> Option<Access> {
        self.state().access[slot].clone()
    }

    /// The first of these peers that can be asked; waits until one can, or until all is over.
    pub(super) fn first_up(&self, slots: &[usize]) -> Option<usize> {
        let mut state = self.state();
        loop {
            let up = |slot: &&usize| state.access[**slot].is_some();
            match slots.iter().find(up) {
                _ if state.over => return None,
                Some(slot) => return Some(*slot),
                None => state = self.changed.wait(state).unwrap(),
            }
        }
    }

    /// Ends the history: no client begins anything more.
    pub(super) fn end(&self) {
        self.state().over = true;
        self.changed.notify_all();
    }

    // Operations.

    /// The name of a kind that is in use.
    pub(super) fn current(&self, kind: fn(u32) -> Name) -> Name {
        let most = match kind(0) {
            Name::Lock(_) => EACH_LOCK,
            _ => EACH,
        };
        let state = self.state();
        let had = |name: &Name| state.had.get(name).copied().unwrap_or_default();
        let mut names = (0..).map(kind);
        names.find(|name| had(name) < most).unwrap()
    }

    /// Rests for a moment, as who asks again and again does.
    pub(super) fn rest(&self) {
        let over = |state: &mut State| !state.over;
        drop(self.changed.wait_timeout_while(self.state(), REST, over));
    }

    /// An operation has ended, and said nothing.
    pub(super) fn ended(&self) {
        self.state().ended += 1;
        self.changed.notify_all();
    }

    pub(super) fn hear(&self, lineage: Option<String>, name: Name, operation: Operation<Act>) {
        let heard = Heard {
            lineage,
            name,
            operation,
        };
        let mut state = self.state();
        state.heard.push(heard);
        *state.had.entry(name).or_default() += 1;
        state.ended += 1;
        self.changed.notify_all();
    }

    /// A peer said what no peer says.
    pub(super) fn hear_nonsense(&self, what: String) {
        self.state().nonsense.get_or_insert(what);
    }

    /// Waits until this many more operations have ended, or for some time where none can end.
    pub(super) fn wait_for(&self, operations: usize, at_most: Duration) {
        let state = self.state();
        let goal = state.ended + operations;
        let waits = |state: &mut State| state.ended < goal;
        drop(self.changed.wait_timeout_while(state, at_most, waits));
    }

    // What it came to.

    pub(super) fn nonsense(&self) -> Option<String> {
        self.state().nonsense.clone()
    }

    /// All lineages and names of which anything was told.
    pub(super) fn registers(&self) -> BTreeSet<(String, Name)> {
        let state = self.state();
        let heard = state.heard.iter();
        heard
            .filter_map(|heard| Some((heard.lineage.clone()?, heard.name)))
            .collect()
    }

    /// Returns whether a write was acknowledged in a lineage.
    pub(super) fn has_acknowledged(&self, lineage: &str) -> bool {
        let written = |heard: &Heard| matches!(heard.operation.act, Act(_, Outcome::Written(_)));
        let state = self.state();
        let mut own = state
            .heard
            .iter()
            .filter(|heard| heard.lineage.as_deref() == Some(lineage));
        own.any(written)
    }

    pub(super) fn histories(&self) -> BTreeMap<(String, Name), Vec<Operation<Act>>> {
        let registers = self.registers();
        let mut histories = BTreeMap::new();
        for register in registers {
            let (lineage, name) = &register;
            let state = self.state();
            let mine = state.heard.iter().filter(|heard| {
                let own = heard.lineage.as_ref().is_none_or(|other| other == lineage);
                heard.name == *name && own
            });
            let mine = mine.map(|heard| heard.operation).collect();
            drop(state);
            histories.insert(register, mine);
        }
        histories
    }
}

/// A write of which nobody knows what became.
pub(super) fn unsure(asked: Asked, start: u64) -> Operation<Act> {
    Operation {
        act: Act(asked, Outcome::Unsure),
        start,
        end: u64::MAX,
    }
}
