//! Going back and forth in a run: checkpoints, replay, and branches.
//!
//! A branch is its list of timed actions. Any moment of it can be made again by replaying from the checkpoint before it. An action in
//! the past begins a branch and leaves the former future as it was; undo and redo go between the branches with and without an action.
//! Checkpoints and trace entries are those of the current branch: other branches are their actions alone, and are replayed when they are
//! entered.

mod branch;
mod checkpoints;
pub mod export;

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::mem;

use crate::engine::history::branch::Branch;
use crate::engine::history::checkpoints::Checkpoints;
use crate::engine::malformed::Malformed;
use crate::engine::run::Run;
use crate::engine::trace::Entry;
use crate::engine::{Timed, World};
use chordscope_core::base::time::Instant;

pub use crate::engine::history::branch::{BranchId, BranchView};
pub use crate::engine::history::checkpoints::{MAX_BYTES, MAX_CHECKPOINTS};

/// The number of trace entries that are kept; the oldest go first.
pub const MAX_ENTRIES: usize = 200_000;
/// The number of branches that are kept, the first one included; then the one goes that was visited longest ago.
pub const MAX_BRANCHES: usize = 64;
/// The greatest number of actions of a branch, planned ones included.
pub const MAX_ACTIONS: usize = 12_000;
/// The time that a step looks ahead for something worth stopping at.
const STEP_HORIZON_MILLIS: u64 = 60_000;

/// The result of an action or of its undoing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The branch that is current now.
    pub to: BranchId,
    /// The branch that went because there were [`MAX_BRANCHES`].
    pub dropped: Option<BranchId>,
}

/// The reason why an action is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused<E> {
    /// The world refuses it.
    World(E),
    /// The branch has [`MAX_ACTIONS`].
    TooManyActions,
}

/// A run that can be moved through in time, with its branches.
#[derive(Clone, Debug)]
pub struct History<W: World> {
    setup: Arc<W::Setup>,
    seed: u64,
    /// The present moment, with the actions of the current branch.
    run: Run<W>,
    current: BranchId,
    /// The current branch; its actions are in `run`.
    here: Branch<W::Action>,
    others: BTreeMap<BranchId, Branch<W::Action>>,
    /// The number of the next branch.
    next: u32,
    /// Counts moves between branches.
    visits: u64,
    redo: Vec<Redo>,
    entries: Vec<Entry<W::What>>,
    checkpoints: Checkpoints<W>,
}

/// A branch with its number and its actions, which the current one does not hold itself.
type Known<'a, A> = (BranchId, &'a Branch<A>, &'a [Timed<A>]);

/// An action that was undone.
#[derive(Clone, Copy, Debug)]
struct Redo {
    with: BranchId,
    without: BranchId,
    at: Instant,
}

impl<W: World> History<W> {
    /// A run of a set-up, at time zero.
    ///
    /// # Errors
    /// [`Malformed`] says where the set-up is wrong.
    pub fn new(setup: W::Setup, seed: u64) -> Result<Self, Malformed> {
        let setup = Arc::new(setup);
        let mut history = Self {
            run: Run::begin(&setup, seed)?,
            setup,
            seed,
            current: BranchId(0),
            here: Branch::first(),
            others: BTreeMap::new(),
            next: 1,
            visits: 0,
            redo: Vec::new(),
            entries: Vec::new(),
            checkpoints: Checkpoints::new(),
        };
        history.take_entries();
        history.checkpoints.take(&history.run);
        Ok(history)
    }

    /// Returns the set-up as it began, without what was done since.
    pub fn setup(&self) -> &W::Setup {
        &self.setup
    }

    /// Returns the seed.
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// Returns everything done and planned on the current branch, in order of time.
    pub fn actions(&self) -> &[Timed<W::Action>] {
        &self.run.plan
    }

    /// Returns the world as it is now.
    pub const fn world(&self) -> &W {
        &self.run.world
    }

    /// Returns the present moment.
    pub fn now(&self) -> Instant {
        self.run.world.now()
    }

    /// Returns the time of the next event or planned action.
    pub fn next_at(&self) -> Option<Instant> {
        self.run.next_at()
    }

    /// Returns the farthest time that was reached on the current branch.
    pub const fn end(&self) -> Instant {
        self.here.end
    }

    /// Returns what has happened up to now, oldest first; the last [`MAX_ENTRIES`].
    pub fn entries(&self) -> &[Entry<W::What>] {
        let events = self.run.world.events();
        let known = self.entries.partition_point(|e| e.index < events);
        &self.entries[..known]
    }

    /// Lets time pass until `to`. Does nothing when that is past.
    pub fn advance_to(&mut self, to: Instant) {
        while self.run.step_until(to) {
            self.take_entries();
            self.checkpoints.take_when_due(&self.run);
        }
        self.run.world.rest_until(to);
        self.here.end = self.here.end.max(to);
    }

    /// Lets at most `budget` things happen on the way to `to`; `true` once it is reached.
    pub fn advance_within(&mut self, to: Instant, budget: usize) -> bool {
        for _ in 0..budget {
            if !self.run.step_until(to) {
                break;
            }
            self.take_entries();
            self.checkpoints.take_when_due(&self.run);
        }
        if self.run.next_at().is_some_and(|at| at <= to) {
            self.here.end = self.here.end.max(self.now());
            return false;
        }
        self.advance_to(to);
        true
    }

    /// Goes to any time, back or forth.
    pub fn seek(&mut self, to: Instant) {
        if to < self.now() {
            self.checkpoints.restore(to, &mut self.run);
        }
        self.advance_to(to);
    }

    /// Goes to the next thing worth stopping at; when there is none for a minute, a minute on.
    pub fn step_forward(&mut self) {
        let horizon = Instant::from_millis(self.now().as_millis() + STEP_HORIZON_MILLIS);
        let from = self.now();
        let mut known = self.entries.iter();
        let next_known = known.find(|entry| entry.at > from && W::is_notable(&entry.what));
        if let Some(at) = next_known.map(|entry| entry.at) {
            self.advance_to(at);
            return;
        }
        while let Some(at) = self.run.next_at().filter(|at| *at <= horizon) {
            self.advance_to(at);
            let mut reached = self.entries().iter().rev().take_while(|e| e.at == at);
            if at > from && reached.any(|entry| W::is_notable(&entry.what)) {
                return;
            }
        }
        self.advance_to(horizon);
    }

    /// Goes back to the last thing worth stopping at before now, or to the beginning.
    pub fn step_back(&mut self) {
        let now = self.now();
        let mut known = self.entries().iter().rev();
        let last = known.find(|entry| entry.at < now && W::is_notable(&entry.what));
        self.seek(last.map_or(Instant::ZERO, |entry| entry.at));
    }

    /// Carries out an action now. With something ahead that was reached before, that begins a branch: what lay ahead stays on the branch
    /// that is left, and actions planned beyond it stand on both.
    ///
    /// # Errors
    /// [`Refused`] says why the action cannot be carried out; then nothing has changed.
    pub fn act(&mut self, action: W::Action) -> Result<Moved, Refused<W::Refusal>> {
        let now = self.now();
        // What is left of this very moment happens first, as it does when the action is replayed.
        self.advance_to(now);
        if self.run.plan.len() >= MAX_ACTIONS {
            return Err(Refused::TooManyActions);
        }
        let events = self.run.world.events();
        self.run.world.act(action.clone()).map_err(Refused::World)?;
        self.forget_entries_from(events);
        let (done, end) = (self.run.done, self.here.end);
        let mut plan = self.run.plan.clone();
        let mut beyond = plan.split_off(done);
        beyond.retain(|timed| timed.at > end);
        plan.push(Timed { at: now, action });
        plan.append(&mut beyond);
        let dropped = match now < end {
            true => {
                let mut branch = Branch::leaving(self.current, now, done);
                branch.by_hand.clone_from(&self.here.by_hand);
                branch.by_hand.retain(|at| *at < done);
                let (id, dropped) = self.number();
                self.enter(id, branch, plan);
                dropped
            }
            false => {
                self.run.plan = plan;
                None
            }
        };
        self.here.by_hand.push(done);
        self.run.done += 1;
        self.redo.clear();
        self.take_entries();
        // What the action sets off at this very moment happens before anything else can be done.
        self.advance_to(now);
        let to = self.current;
        Ok(Moved { to, dropped })
    }

    /// Returns the branches, in the order in which they began.
    pub fn branches(&self) -> Vec<BranchView> {
        let all = self.in_order();
        all.map(|(id, branch, actions)| self.view(id, branch, actions))
            .collect()
    }

    /// Every branch with its actions, in the order in which they began.
    fn in_order(&self) -> impl Iterator<Item = Known<'_, W::Action>> {
        let other = |(id, branch): (&BranchId, _)| {
            let branch: &Branch<W::Action> = branch;
            (*id, branch, branch.actions.as_slice())
        };
        let here = (self.current, &self.here, self.run.plan.as_slice());
        let before = self.others.range(..self.current).map(other);
        let after = self.others.range(self.current..).map(other);
        before.chain([here]).chain(after)
    }

    fn view(
        &self,
        id: BranchId,
        branch: &Branch<W::Action>,
        actions: &[Timed<W::Action>],
    ) -> BranchView {
        let first = branch.by_hand.iter().find(|at| **at >= branch.shared);
        let first = first.and_then(|at| actions.get(*at));
        BranchView {
            id,
            parent: branch.parent,
            from: branch.from,
            end: branch.end,
            label: first.map(|timed| self.run.world.describe(&timed.action)),
            is_current: id == self.current,
        }
    }

    /// Returns the current branch.
    pub const fn current(&self) -> BranchId {
        self.current
    }

    /// Goes to a branch, at the present time or at its end, whichever is earlier; `false` when there is none of this number.
    pub fn switch_to(&mut self, branch: BranchId) -> bool {
        if branch == self.current {
            return true;
        }
        let now = self.now();
        let is_there = self.return_to(branch);
        if is_there {
            self.seek(now.min(self.here.end));
        }
        is_there
    }

    /// Returns whether an action was carried out on the current branch that can be undone.
    pub fn can_undo(&self) -> bool {
        !self.here.by_hand.is_empty()
    }

    /// Returns whether the current branch is where the last undone action led from.
    pub fn can_redo(&self) -> bool {
        self.next_redo().is_some()
    }

    fn next_redo(&self) -> Option<Redo> {
        let last = self.redo.last().copied()?;
        let is_there = self.others.contains_key(&last.with);
        (is_there && last.without == self.current).then_some(last)
    }

    /// Goes to the branch without the last action that was carried out on this one, at its time; `None` when there was none.
    pub fn undo(&mut self) -> Option<Moved> {
        let (last, kept) = self.here.by_hand.split_last()?;
        let (last, kept) = (*last, kept.to_vec());
        let with = self.current;
        let at = self.run.plan.get(last)?.at;
        if self.redo.last().is_some_and(|redo| redo.without != with) {
            self.redo.clear();
        }
        let mut dropped = None;
        match self.without(last) {
            Some(known) => {
                self.return_to(known);
            }
            None => {
                let mut plan = self.run.plan.clone();
                plan.remove(last);
                let mut branch = Branch::leaving(with, at, last);
                branch.by_hand = kept;
                let (id, gone) = self.number();
                dropped = gone;
                self.enter(id, branch, plan);
            }
        }
        let to = self.current;
        self.redo.push(Redo {
            with,
            without: to,
            at,
        });
        self.seek(at);
        Some(Moved { to, dropped })
    }

    /// Goes back to the branch with the action that was undone last, at its time; `false` when there is none.
    pub fn redo(&mut self) -> bool {
        let Some(last) = self.next_redo() else {
            return false;
        };
        self.redo.pop();
        self.return_to(last.with);
        self.seek(last.at);
        true
    }

    /// The known branch that is this one without its action of this number.
    fn without(&self, action: usize) -> Option<BranchId> {
        let parent = self.here.parent.filter(|_| self.here.shared == action);
        if let Some(parent) = parent
            && let Some(branch) = self.others.get(&parent)
        {
            // A branch that began without an action of its parent does not go back to it.
            let next = branch.actions.get(action);
            if next.is_none_or(|timed| timed.at > self.here.from) {
                return Some(parent);
            }
        }
        let plan = &self.run.plan;
        let mut others = self.others.iter();
        let known = others.find(|(_, branch)| {
            let rest = branch.actions.strip_prefix(&plan[..action]);
            rest == plan.get(action + 1..)
        });
        known.map(|(id, _)| *id)
    }

    /// A number for another branch, and the branch that makes room for it: never the first one or the current one.
    fn number(&mut self) -> (BranchId, Option<BranchId>) {
        let id = BranchId(self.next);
        self.next += 1;
        let mut dropped = None;
        if self.others.len() + 1 >= MAX_BRANCHES {
            let others = self.others.iter();
            let others = others.filter(|(_, branch)| branch.parent.is_some());
            dropped = others
                .min_by_key(|(_, branch)| branch.visited)
                .map(|(id, _)| *id);
        }
        if let Some(gone) = dropped.and_then(|id| Some((id, self.others.remove(&id)?))) {
            let heirs = self.others.values_mut().chain([&mut self.here]);
            for heir in heirs.filter(|branch| branch.parent == Some(gone.0)) {
                heir.leave_earlier(&gone.1);
            }
        }
        (id, dropped)
    }

    /// Goes to a known branch, to a moment that it shares with the current one.
    fn return_to(&mut self, id: BranchId) -> bool {
        let Some(mut branch) = self.others.remove(&id) else {
            return false;
        };
        let plan = mem::take(&mut branch.actions);
        self.enter(id, branch, plan);
        true
    }

    /// Makes a branch the current one, at the present moment if it has that, or at an earlier one that both have.
    fn enter(&mut self, id: BranchId, branch: Branch<W::Action>, plan: Vec<Timed<W::Action>>) {
        let left = mem::replace(&mut self.run.plan, plan);
        let pairs = left.iter().zip(&self.run.plan);
        let shared = pairs.take_while(|(one, other)| one == other).count();
        let parting = self.run.plan.get(shared).map(|timed| timed.at);
        let mut old = mem::replace(&mut self.here, branch);
        old.actions = left;
        self.others.insert(mem::replace(&mut self.current, id), old);
        self.visits += 1;
        self.here.visited = self.visits;
        self.checkpoints.keep_shared(shared, parting);
        let is_beyond = parting.is_some_and(|at| at < self.now());
        if self.run.done > shared || is_beyond {
            self.checkpoints
                .restore(Instant::from_micros(u64::MAX), &mut self.run);
        }
        self.forget_entries_from(self.run.world.events());
    }

    fn forget_entries_from(&mut self, index: u64) {
        let known = self.entries.partition_point(|entry| entry.index < index);
        self.entries.truncate(known);
    }

    fn take_entries(&mut self) {
        let known = self.entries.last().map(|entry| entry.index);
        let fresh = self.run.world.take_trace().into_iter();
        self.entries
            .extend(fresh.filter(|entry| known.is_none_or(|known| entry.index > known)));
        if self.entries.len() > MAX_ENTRIES {
            self.entries.drain(..MAX_ENTRIES / 4);
        }
    }
}

impl<E: fmt::Display> fmt::Display for Refused<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::World(error) => error.fmt(f),
            Self::TooManyActions => f.write_str("The run has as many actions as it can take."),
        }
    }
}
