//! Assumed beside faced: the same set-up and seed twice, with one assumption true and false and the others as they are switched.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Reverse;

use crate::engine::malformed::Malformed;
use crate::worlds::fallacies::facts::Facts;
use crate::worlds::fallacies::lever::{Fallacy, Levers};
use crate::worlds::fallacies::measure::{Measure, Measured, Value};
use crate::worlds::fallacies::setup::Setup;
use crate::worlds::fallacies::{FallaciesWorld, Run};
use chordscope_core::base::time::Instant;

/// The least factor that counts as an effect, in thousandths: two runs of a seed differ a little wherever a message takes another time.
pub const LEAST_FACTOR: u64 = 1_050;

/// Two runs in lockstep: one clock, one seed, one difference.
#[derive(Clone, Debug)]
pub struct Pair {
    fallacy: Fallacy,
    now: Instant,
    end: Instant,
    /// Assumed, then faced.
    runs: [Run; 2],
}

/// One of the two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The assumption is true.
    Assumed,
    /// The assumption is false.
    Faced,
}

impl Side {
    /// Both, in the order of tables.
    pub const ALL: [Self; 2] = [Self::Assumed, Self::Faced];
}

/// The effect of believing a fallacy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// No measure gets worse by [`LEAST_FACTOR`].
    None,
    /// The measure that is hit hardest is so many times as large, in thousandths.
    Factor {
        /// The measure.
        measure: Measure,
        /// The factor in thousandths.
        thousandths: u64,
        /// True if it is at least that: the faced run ended before.
        is_least: bool,
    },
    /// The measure that gets worse was 0, so that there is no factor: the first such measure, and its faced value.
    FromNothing {
        /// The measure.
        measure: Measure,
        /// The faced value.
        faced: Value,
    },
}

/// A row of the table of all eight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The fallacy.
    pub fallacy: Fallacy,
    /// The measures of the run in which it is assumed.
    pub assumed: Arc<Measured>,
    /// The measures of the run in which it is faced.
    pub faced: Arc<Measured>,
    /// The means of the ring against it in the faced run, and their limits.
    pub facts: Facts,
    /// The effect of believing it.
    pub effect: Effect,
}

impl Effect {
    /// Returns the effect that two measured runs show.
    pub fn between(assumed: &Measured, faced: &Measured) -> Self {
        let both = |measure| {
            let values = (assumed.value(measure)?, faced.value(measure)?);
            Some((measure, values))
        };
        let pairs: Vec<_> = Measure::ALL.into_iter().filter_map(both).collect();
        let factors = pairs.iter().filter_map(|(measure, (before, after))| {
            let factor = after.amount.saturating_mul(1_000);
            let factor = factor.checked_div(before.amount)?;
            Some((factor, *measure, after.is_least))
        });
        // Of equal ones the first in the order of measures.
        let largest = factors.max_by_key(|(factor, measure, _)| (*factor, Reverse(*measure)));
        let largest = largest.filter(|(factor, ..)| *factor >= LEAST_FACTOR);
        if let Some((thousandths, measure, is_least)) = largest {
            return Self::Factor {
                measure,
                thousandths,
                is_least,
            };
        }
        let mut from_nothing = pairs.iter();
        let first =
            from_nothing.find(|(_, (before, after))| before.amount == 0 && after.amount > 0);
        match first {
            Some((measure, (_, faced))) => Self::FromNothing {
                measure: *measure,
                faced: *faced,
            },
            None => Self::None,
        }
    }
}

impl Pair {
    /// The two runs of a set-up at time zero. The lever of `fallacy` is switched, the others stay as they are.
    ///
    /// # Errors
    /// [`Malformed`] says where the set-up is wrong.
    pub fn new(setup: &Setup, fallacy: Fallacy, seed: u64) -> Result<Self, Malformed> {
        let run = |is_faced| {
            let levers = setup.levers.switched(fallacy, is_faced);
            Run::begin(&Arc::new(setup.under(levers)), seed)
        };
        Ok(Self {
            fallacy,
            now: Instant::ZERO,
            end: Instant::ZERO + setup.length,
            runs: [run(false)?, run(true)?],
        })
    }

    /// The fallacy whose lever differs.
    pub const fn fallacy(&self) -> Fallacy {
        self.fallacy
    }

    /// Returns the virtual time of both.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// Returns the time at which both end.
    pub const fn end(&self) -> Instant {
        self.end
    }

    /// Returns the world of a side.
    pub const fn world(&self, side: Side) -> &FallaciesWorld {
        let [assumed, faced] = &self.runs;
        match side {
            Side::Assumed => assumed.world(),
            Side::Faced => faced.world(),
        }
    }

    /// Lets at most `budget` things happen on the way to `to`, which is at most the end; `true` once both are there. Meanwhile they may be
    /// at different times, and [`Pair::now`] is the earlier one. To go back, begin anew.
    pub fn advance_within(&mut self, to: Instant, mut budget: usize) -> bool {
        let to = to.min(self.end);
        for run in &mut self.runs {
            while run.next_at().is_some_and(|at| at <= to) {
                if budget == 0 {
                    let times = self.runs.iter().map(|run| run.world().now());
                    self.now = times.min().unwrap_or(to).max(self.now);
                    return false;
                }
                budget -= 1;
                run.step_until(to);
            }
            run.run_until(to);
        }
        self.now = self.now.max(to);
        true
    }

    /// Lets time pass in both until `to`.
    pub fn advance_to(&mut self, to: Instant) {
        self.advance_within(to, usize::MAX);
    }

    /// Returns the effect so far.
    pub fn effect(&self) -> Effect {
        let [assumed, faced] = Side::ALL.map(|side| self.world(side).measured());
        Effect::between(&assumed, &faced)
    }

    /// Returns the row of the table, as of now.
    pub fn row(&self) -> Row {
        let [assumed, faced] = Side::ALL.map(|side| Arc::new(self.world(side).measured()));
        Row {
            fallacy: self.fallacy,
            facts: self.world(Side::Faced).facts(self.fallacy),
            effect: Effect::between(&assumed, &faced),
            assumed,
            faced,
        }
    }
}

/// All eight pairs of a set-up, one run after the other, in slices. Runs that are the same for several rows are run once.
#[derive(Clone, Debug)]
pub struct Table {
    setup: Setup,
    seed: u64,
    /// The fallacies that are to be compared.
    wanted: Vec<Fallacy>,
    /// Set-ups that have been run to their end, by the values of their levers, with what they measured.
    done: Vec<([u32; 8], Ended)>,
    running: Option<Box<Run>>,
    rows: Vec<Row>,
}

/// A run that has ended.
#[derive(Clone, Debug)]
struct Ended {
    measured: Arc<Measured>,
    /// The facts of all fallacies.
    facts: Vec<Facts>,
}

impl Table {
    /// The table of a set-up, with a row for each of these fallacies, in order. The lever of each row is switched, the others stay as they
    /// are.
    ///
    /// # Errors
    /// [`Malformed`] says where the set-up is wrong.
    pub fn new(setup: Setup, seed: u64, wanted: &[Fallacy]) -> Result<Self, Malformed> {
        setup.check()?;
        let wanted = Fallacy::ALL.into_iter().filter(|one| wanted.contains(one));
        Ok(Self {
            setup,
            seed,
            wanted: wanted.collect(),
            done: Vec::new(),
            running: None,
            rows: Vec::new(),
        })
    }

    /// Returns the rows that are there.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Returns the part of the work that is done, in thousandths. It never gets smaller.
    pub fn done(&self) -> u16 {
        let all = self.needed().len().max(1);
        let length = self.setup.length.as_millis().max(1);
        let now = self.running.as_ref().map_or(0, |run| {
            u128::from(run.world().now().as_millis()).min(length) * 1_000 / length
        });
        let done = (self.done.len() as u128 * 1_000 + now) / all as u128;
        u16::try_from(done.min(1_000)).unwrap_or(1_000)
    }

    /// Lets at most `budget` things happen; `true` once all rows are there. To cancel it, drop it.
    pub fn advance_within(&mut self, mut budget: usize) -> bool {
        let end = Instant::ZERO + self.setup.length;
        while let Some(key) = self.next_needed() {
            let levers = self.levers_of(key);
            let mut run = match self.running.take() {
                Some(run) => run,
                None => {
                    let setup = Arc::new(self.setup.under(levers));
                    match Run::begin(&setup, self.seed) {
                        Ok(run) => Box::new(run),
                        // The set-up was checked, and switching a lever breaks no limit.
                        Err(_) => return true,
                    }
                }
            };
            while run.next_at().is_some_and(|at| at <= end) {
                if budget == 0 {
                    self.running = Some(run);
                    return false;
                }
                budget -= 1;
                run.step_until(end);
            }
            run.run_until(end);
            let world = run.world();
            let ended = Ended {
                measured: Arc::new(world.measured()),
                facts: Fallacy::ALL.iter().map(|of| world.facts(*of)).collect(),
            };
            self.done.push((key, ended));
            self.add_rows();
        }
        true
    }

    /// The values of the levers of a side of a row: a run is known by them.
    fn key(&self, fallacy: Fallacy, side: Side) -> [u32; 8] {
        let levers = self.setup.levers.switched(fallacy, side == Side::Faced);
        Fallacy::ALL.map(|of| levers.value(of))
    }

    /// The runs that the rows need, each once, in the order in which they are run.
    fn needed(&self) -> Vec<[u32; 8]> {
        let mut needed = Vec::new();
        for fallacy in &self.wanted {
            for key in Side::ALL.map(|side| self.key(*fallacy, side)) {
                if !needed.contains(&key) {
                    needed.push(key);
                }
            }
        }
        needed
    }

    fn next_needed(&self) -> Option<[u32; 8]> {
        let is_done = |key: &[u32; 8]| self.done.iter().any(|(done, _)| done == key);
        self.needed().into_iter().find(|key| !is_done(key))
    }

    /// The levers of a run.
    fn levers_of(&self, key: [u32; 8]) -> Levers {
        let sides = self
            .wanted
            .iter()
            .flat_map(|of| Side::ALL.map(|side| (*of, side)));
        let mut sides = sides.filter(|(of, side)| self.key(*of, *side) == key);
        let found = sides.next();
        found.map_or(self.setup.levers, |(of, side)| {
            self.setup.levers.switched(of, side == Side::Faced)
        })
    }

    fn add_rows(&mut self) {
        let find = |key: [u32; 8]| {
            let mut done = self.done.iter();
            done.find(|(done, _)| *done == key).map(|(_, ended)| ended)
        };
        let begun = self.rows.len();
        let mut fresh = Vec::new();
        for fallacy in &self.wanted[begun..] {
            let [assumed, faced] = Side::ALL.map(|side| find(self.key(*fallacy, side)));
            let (Some(assumed), Some(faced)) = (assumed, faced) else {
                break;
            };
            fresh.push(Row {
                fallacy: *fallacy,
                assumed: Arc::clone(&assumed.measured),
                faced: Arc::clone(&faced.measured),
                facts: faced.facts[*fallacy as usize].clone(),
                effect: Effect::between(&assumed.measured, &faced.measured),
            });
        }
        self.rows.extend(fresh);
    }
}
