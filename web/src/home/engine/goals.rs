//! The three goals of the home page. The simulation ticks them: by what its nodes say, not by what was clicked.

use chordscope_core::base::id::Id;
use chordscope_sim::worlds::ring::RingWorld;
use chordscope_sim::worlds::ring::trace::LookupTrace;

use crate::home::engine::lesson::KEY;
use crate::home::engine::reading;
use crate::home::engine::statement::Statement;

/// A goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Choose the node that keeps the key.
    Choose,
    /// Look the key up.
    LookUp,
    /// Give the key another keeper: insert a node, or crash one.
    Change,
}

impl Goal {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Choose, Self::LookUp, Self::Change];
}

/// The state of a goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Reached.
    Done,
    /// The next one, or one that is being worked at.
    Now,
    /// Neither.
    Open,
}

/// A goal as the page shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct GoalView {
    /// The goal.
    pub goal: Goal,
    /// Its state.
    pub state: State,
    /// The fact by which it was reached, or its progress.
    pub note: Option<Statement>,
}

/// The goals so far: of each that is reached, what was so at that moment.
#[derive(Clone, Debug, Default)]
pub struct Goals {
    chosen: Option<Statement>,
    found: Option<Statement>,
    changed: Option<Statement>,
}

impl Goals {
    /// The visitor has chosen a node that keeps the key.
    pub(super) fn chose(&mut self, node: Id) {
        self.chosen
            .get_or_insert(Statement::Chose { node, key: KEY });
    }

    /// Looks at the ring, which began with `first` as the keeper of the key; whether another goal is reached now.
    pub(super) fn look(&mut self, world: &RingWorld, first: Option<Id>) -> bool {
        let before = self.reached();
        if self.found.is_none() {
            let keeper = reading::keeper(world, KEY);
            let right = world.lookups().iter().filter(|trace| trace.owner == keeper);
            self.found = right.filter_map(found).next();
        }
        let keeper = reading::keeper(world, KEY);
        if let (None, Some(from), Some(to)) = (&self.changed, first, keeper)
            && from != to
        {
            self.changed = Some(Statement::Moved { key: KEY, from, to });
        }
        self.reached() > before
    }

    /// The number of goals that are reached.
    pub fn reached(&self) -> usize {
        [&self.chosen, &self.found, &self.changed]
            .into_iter()
            .flatten()
            .count()
    }

    /// The next goal.
    pub fn next(&self) -> Option<Goal> {
        let done = [&self.chosen, &self.found, &self.changed].map(Option::is_some);
        let mut open = Goal::ALL.into_iter().zip(done).filter(|(_, done)| !done);
        open.next().map(|(goal, _)| goal)
    }

    /// The goals as the page shows them.
    pub(super) fn view(&self, world: &RingWorld, lookup: Option<&LookupTrace>) -> Vec<GoalView> {
        let next = self.next();
        let view = |goal| {
            let done = match goal {
                Goal::Choose => &self.chosen,
                Goal::LookUp => &self.found,
                Goal::Change => &self.changed,
            };
            let state = match done {
                Some(_) => State::Done,
                None if next == Some(goal) => State::Now,
                None => State::Open,
            };
            GoalView {
                goal,
                state,
                note: done.clone().or_else(|| under_way(goal, world, lookup)),
            }
        };
        Goal::ALL.into_iter().map(view).collect()
    }
}

/// The answer of a lookup of the key.
fn found(trace: &LookupTrace) -> Option<Statement> {
    let owner = trace.owner.filter(|_| trace.key == KEY && !trace.failed)?;
    let took = trace.finished?.since(trace.started).as_micros();
    Some(Statement::Found {
        key: KEY,
        owner,
        hops: trace.path.len().saturating_sub(1),
        micros: u64::try_from(took).unwrap_or(u64::MAX),
    })
}

/// The progress of a goal that is not reached.
fn under_way(goal: Goal, world: &RingWorld, lookup: Option<&LookupTrace>) -> Option<Statement> {
    match goal {
        Goal::LookUp => {
            let trace = lookup.filter(|trace| trace.finished.is_none() && trace.path.len() > 1)?;
            Some(Statement::Way {
                path: trace.path.clone(),
            })
        }
        Goal::Change if reading::keepers(world, KEY).is_empty() => {
            Some(Statement::Nobody { key: KEY })
        }
        Goal::Change | Goal::Choose => None,
    }
}
