//! Going back and forth in a run: checkpoints, replay, and forks.
//!
//! A run is its scenario, its seed and the list of what was done. Any moment can be made again by replaying from the
//! checkpoint before it; a deed in the past drops what came after.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::worlds::ring::RingWorld;
use crate::worlds::ring::action::{Action, ActionError, Timed};
use crate::worlds::ring::scenario::{Scenario, ScenarioError};
use crate::worlds::ring::trace::{Entry, Traffic, What};
use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::time::Instant;
use chordscope_core::node::api::Event;

/// How many trace entries are kept; the oldest go first.
pub const MAX_ENTRIES: usize = 200_000;
/// How many entries lie between two checkpoints at first.
const CHECKPOINT_EVERY: u64 = 400;
/// How many checkpoints are kept; then every other one goes and the distance doubles.
const MAX_CHECKPOINTS: usize = 96;
/// How far a step looks ahead for something worth stopping at.
const STEP_HORIZON_MILLIS: u64 = 60_000;

/// A run that can be moved through in time.
#[derive(Clone, Debug)]
pub struct History {
    base: Arc<Scenario>,
    actions: Vec<Timed>,
    world: RingWorld,
    end: Instant,
    entries: Vec<Entry>,
    checkpoints: BTreeMap<(Instant, u64), RingWorld>,
    distance: u64,
}

/// A place on the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When.
    pub at: Instant,
    /// How it is drawn.
    pub kind: MarkKind,
    /// What happened, in words.
    pub label: String,
}

/// How a mark is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MarkKind {
    /// A change of a node's state.
    Change,
    /// A message of a lookup or operation arrived.
    Hop,
    /// Somebody acted.
    Deed,
    /// A property broke.
    Violation,
}

/// A finger that changed since the last deed that changed the members, old beside new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChangedFinger {
    /// Whose table.
    pub node: Id,
    /// Which row, from 1.
    pub row: u8,
    /// Where the row starts.
    pub start: Id,
    /// What it pointed at.
    pub old: Option<Id>,
    /// What it points at.
    pub new: Option<Id>,
}

impl History {
    /// A run of a scenario, at time zero.
    ///
    /// # Errors
    /// [`ScenarioError`] when the scenario's nodes make no ring.
    pub fn new(scenario: Scenario, seed: u64) -> Result<Self, ScenarioError> {
        let base = Arc::new(scenario);
        let world = RingWorld::new(Arc::clone(&base), seed)?;
        let mut history = Self {
            actions: base.actions.clone(),
            base,
            end: Instant::ZERO,
            entries: Vec::new(),
            checkpoints: BTreeMap::new(),
            distance: CHECKPOINT_EVERY,
            world,
        };
        history.take_entries();
        history.checkpoint();
        Ok(history)
    }

    /// The scenario as it began, without what was done since.
    pub fn scenario(&self) -> &Scenario {
        &self.base
    }

    /// Everything done and planned, in order of time.
    pub fn actions(&self) -> &[Timed] {
        &self.actions
    }

    /// The world as it is now.
    pub const fn world(&self) -> &RingWorld {
        &self.world
    }

    /// Now.
    pub const fn now(&self) -> Instant {
        self.world.now()
    }

    /// The farthest time that was reached.
    pub const fn end(&self) -> Instant {
        self.end
    }

    /// The address space.
    pub fn space(&self) -> Space {
        self.world.space()
    }

    /// What has happened up to now, oldest first; the last [`MAX_ENTRIES`].
    pub fn entries(&self) -> &[Entry] {
        let known = self
            .entries
            .partition_point(|e| e.index < self.world.events());
        &self.entries[..known]
    }

    /// Lets time pass until `to`. Does nothing when that is past.
    pub fn advance_to(&mut self, to: Instant) {
        while self.world.next_at().is_some_and(|at| at <= to) {
            self.world.step();
            self.take_entries();
            self.checkpoint_when_due();
        }
        self.world.run_until(to);
        self.end = self.end.max(to);
    }

    /// Lets at most `budget` things happen on the way to `to`; `true` once it is reached.
    pub fn advance_within(&mut self, to: Instant, budget: usize) -> bool {
        for _ in 0..budget {
            if self.world.next_at().is_none_or(|at| at > to) {
                break;
            }
            self.world.step();
            self.take_entries();
            self.checkpoint_when_due();
        }
        if self.world.next_at().is_some_and(|at| at <= to) {
            self.end = self.end.max(self.world.now());
            return false;
        }
        self.advance_to(to);
        true
    }

    /// Goes to any time, back or forth.
    pub fn seek(&mut self, to: Instant) {
        if to < self.now() {
            // A checkpoint at exactly that time may lie in the midst of what happens then; replay covers the rest.
            let before = self.checkpoints.range(..=(to, u64::MAX)).next_back();
            let first = self.checkpoints.first_key_value();
            if let Some((_, world)) = before.or(first) {
                self.world = world.clone();
                let ahead = self.actions.get(self.world.done()..).unwrap_or_default();
                self.world.set_plan(ahead.iter().cloned());
            }
        }
        self.advance_to(to);
    }

    /// Goes to the next thing worth stopping at; when there is none for a minute, a minute on.
    pub fn step_forward(&mut self) {
        let horizon = Instant::from_millis(self.now().as_millis() + STEP_HORIZON_MILLIS);
        let from = self.now();
        let next_known = self
            .entries
            .iter()
            .find(|entry| entry.at > from && entry.is_notable());
        if let Some(at) = next_known.map(|entry| entry.at) {
            self.advance_to(at);
            return;
        }
        while let Some(at) = self.world.next_at().filter(|at| *at <= horizon) {
            self.advance_to(at);
            let reached = self.entries().iter().rev().take_while(|e| e.at == at);
            if at > from && reached.into_iter().any(Entry::is_notable) {
                return;
            }
        }
        self.advance_to(horizon);
    }

    /// Goes back to the last thing worth stopping at before now, or to the beginning.
    pub fn step_back(&mut self) {
        let now = self.now();
        let last = self
            .entries()
            .iter()
            .rev()
            .find(|entry| entry.at < now && entry.is_notable());
        self.seek(last.map_or(Instant::ZERO, |entry| entry.at));
    }

    /// Does something now. What lay ahead of now and was reached before is dropped; plans beyond that stand.
    ///
    /// # Errors
    /// [`ActionError`] says why it cannot be done; then nothing has changed.
    pub fn act(&mut self, action: Action) -> Result<(), ActionError> {
        let now = self.now();
        let done = self.world.done();
        self.world.act(action.clone())?;
        let end = self.end;
        let beyond = self.actions.split_off(done);
        self.actions.push(Timed { at: now, action });
        self.actions
            .extend(beyond.into_iter().filter(|timed| timed.at > end));
        self.world
            .set_plan(self.actions[done + 1..].iter().cloned());
        self.end = now;
        let last = self.world.events();
        self.checkpoints.retain(|(_, index), _| *index < last);
        let fresh = self.world.take_trace();
        let first = fresh.first().map_or(last, |entry| entry.index);
        self.entries.retain(|entry| entry.index < first);
        self.entries.extend(fresh);
        // What the deed sets off at this very moment happens before anything else can be done.
        self.advance_to(now);
        Ok(())
    }

    /// What the timeline shows of the run up to its end.
    pub fn marks(&self) -> impl Iterator<Item = Mark> {
        let space = self.space();
        self.entries.iter().filter_map(move |entry| {
            let kind = match &entry.what {
                What::Acted(_) => MarkKind::Deed,
                What::Broken(property, _)
                    if *property != chordscope_core::chord::invariant::Property::OneOwnerPerKey =>
                {
                    MarkKind::Violation
                }
                What::Delivered(parcel) if parcel.traffic != Traffic::Upkeep => MarkKind::Hop,
                _ => MarkKind::Change,
            };
            entry.is_notable().then(|| Mark {
                at: entry.at,
                kind,
                label: entry.describe(space),
            })
        })
    }

    /// The fingers that differ from what they were before the last deed that changed the members, by node, then row.
    /// The tables of nodes that came with it are not among them: all their rows are new.
    pub fn changed_fingers(&self) -> Vec<ChangedFinger> {
        let entries = self.entries();
        let deed = entries.iter().rposition(
            |entry| matches!(&entry.what, What::Acted(action) if action.changes_members()),
        );
        let Some(deed) = deed else {
            return Vec::new();
        };
        let newcomer = match &entries[deed].what {
            What::Acted(Action::Insert(node)) => Some(*node),
            _ => None,
        };
        let id = |contact: &Option<Contact>| contact.as_ref().map(Contact::id);
        let mut changed: BTreeMap<(Id, u8), ChangedFinger> = BTreeMap::new();
        for entry in &entries[deed..] {
            let What::Node(node, Event::Finger(change)) = &entry.what else {
                continue;
            };
            if Some(*node) == newcomer {
                continue;
            }
            changed
                .entry((*node, change.row))
                .and_modify(|known| known.new = id(&change.new))
                .or_insert_with(|| ChangedFinger {
                    node: *node,
                    row: change.row,
                    start: change.start,
                    old: id(&change.old),
                    new: id(&change.new),
                });
        }
        changed
            .into_values()
            .filter(|change| change.old != change.new)
            .collect()
    }

    fn take_entries(&mut self) {
        let known = self.entries.last().map(|entry| entry.index);
        let fresh = self.world.take_trace().into_iter();
        self.entries
            .extend(fresh.filter(|entry| known.is_none_or(|known| entry.index > known)));
        if self.entries.len() > MAX_ENTRIES {
            self.entries.drain(..MAX_ENTRIES / 4);
        }
    }

    fn checkpoint_when_due(&mut self) {
        let last = self.checkpoints.keys().next_back().map_or(0, |key| key.1);
        if self.world.events() >= last + self.distance {
            self.checkpoint();
        }
    }

    fn checkpoint(&mut self) {
        let key = (self.world.now(), self.world.events());
        self.checkpoints.insert(key, self.world.clone());
        if self.checkpoints.len() > MAX_CHECKPOINTS {
            let mut keep = false;
            self.checkpoints.retain(|_, _| {
                keep = !keep;
                keep
            });
            self.distance *= 2;
        }
    }
}

#[cfg(test)]
mod tests;
