//! The measured effect of the eight fallacies: each run twice from one seed, assumed and faced, with the other seven assumed.
//!
//! A row for each fallacy and measure, in the units of tables: parts of all, hops, milliseconds, seconds, megabytes (10^6 bytes), cents.

use alloc::vec::Vec;
use core::ops::ControlFlow;

use serde::Serialize;

use crate::experiment::{Hear, News, Progress, collect};
use crate::worlds::fallacies::comparison::{Effect, Row, Table};
use crate::worlds::fallacies::lever::{Fallacy, Levers};
use crate::worlds::fallacies::measure::{Measure, MeasureUnit, Value};
use crate::worlds::fallacies::setup::Setup;

/// Events between two reports of progress.
const SLICE: usize = 20_000;

/// One measure of one fallacy.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct EffectRow {
    /// The fallacy's name.
    pub fallacy: &'static str,
    /// The value of its lever while it is faced, in the lever's unit.
    pub lever: u32,
    /// The measure's name.
    pub measure: &'static str,
    /// The unit of both values.
    pub unit: &'static str,
    /// The value while the fallacy is assumed; `None` where nothing was measured.
    pub assumed: Option<f64>,
    /// The value while it is faced.
    pub faced: Option<f64>,
    /// True if the faced value is at least that: the run ended before.
    pub at_least: bool,
    /// The faced value over the assumed one, for the measure that is hit hardest.
    pub wrong_by: Option<f64>,
}

/// The table of all eight.
pub fn run(seed: u64, setup: &Setup, progress: Progress<'_>) -> Vec<EffectRow> {
    collect(progress, |hear| measure(seed, setup, hear))
}

/// The set-up that is measured unless another one is asked for.
pub fn usual() -> Setup {
    Setup::usual(Levers::all(false))
}

/// The same, told row by row. A set-up beyond its limits gives no row.
pub fn measure(seed: u64, setup: &Setup, hear: Hear<'_, EffectRow>) -> ControlFlow<()> {
    let Ok(mut table) = Table::new(setup.clone(), seed, &Fallacy::ALL) else {
        return ControlFlow::Continue(());
    };
    let mut told = 0;
    loop {
        let is_done = table.advance_within(SLICE);
        hear(News::Part(f64::from(table.done()) / 1_000.0))?;
        for row in &table.rows()[told..] {
            for effect in rows(row, setup) {
                hear(News::Row(effect))?;
            }
        }
        told = table.rows().len();
        if is_done {
            return ControlFlow::Continue(());
        }
    }
}

/// The unit of a measure in tables, and the amount of a measure's own units in it.
const fn unit(measure: Measure) -> (&'static str, f64) {
    match measure {
        Measure::P50 | Measure::P99 => ("ms", 1e3),
        Measure::FileTime => ("s", 1e6),
        _ => match measure.unit() {
            MeasureUnit::PerMille => ("part of all", 1e3),
            MeasureUnit::MilliHops => ("hops", 1e3),
            MeasureUnit::Microseconds => ("ms", 1e3),
            MeasureUnit::Bytes => ("MB", 1e6),
            MeasureUnit::Nanocents => ("cents", 1e9),
            MeasureUnit::Count => ("in all", 1.0),
        },
    }
}

fn rows(row: &Row, setup: &Setup) -> impl Iterator<Item = EffectRow> {
    Measure::ALL.into_iter().map(move |measure| {
        let (unit, scale) = unit(measure);
        let [assumed, faced] = [&row.assumed, &row.faced].map(|one| one.value(measure));
        let amount = |value: Value| value.amount as f64 / scale;
        EffectRow {
            fallacy: row.fallacy.name(),
            lever: setup.levers.lever(row.fallacy).value,
            measure: measure.name(),
            unit,
            assumed: assumed.map(amount),
            faced: faced.map(amount),
            at_least: faced.is_some_and(|faced| faced.is_least),
            wrong_by: match row.effect {
                Effect::Factor {
                    measure: hardest,
                    thousandths,
                    ..
                } if hardest == measure => Some(thousandths as f64 / 1e3),
                _ => None,
            },
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

    fn small() -> Setup {
        Setup {
            peers: 16,
            segments: 8,
            clients: 4,
            length: Duration::from_secs(20),
            ..usual()
        }
    }

    #[test]
    fn every_measure_of_every_fallacy_is_told_once_and_progress_never_goes_back() {
        let mut parts = Vec::new();
        let rows = run(1, &small(), &mut |part| {
            parts.push(part);
            true
        });
        assert_eq!(rows.len(), Fallacy::ALL.len() * Measure::ALL.len());
        assert!(parts.is_sorted() && parts.last() == Some(&1.0));
        let hardest = |fallacy: Fallacy| {
            let mut own = rows.iter().filter(|row| row.fallacy == fallacy.name());
            let row = own.find(|row| row.wrong_by.is_some());
            row.map(|row| row.measure)
        };
        assert_eq!(hardest(Fallacy::Latency), Some("p50"));
        assert_eq!(hardest(Fallacy::Bandwidth), Some("file_time"));
        assert_eq!(hardest(Fallacy::Cost), None);
        for row in rows.iter().filter(|row| row.wrong_by.is_some()) {
            let factor = row.faced.unwrap() / row.assumed.unwrap();
            assert!((factor - row.wrong_by.unwrap()).abs() < 1e-2, "{row:?}");
        }
    }

    #[test]
    fn it_is_cancelled_between_two_slices() {
        let mut calls = 0;
        let rows = run(1, &small(), &mut |_| {
            calls += 1;
            calls < 2
        });
        let all = Fallacy::ALL.len() * Measure::ALL.len();
        assert!(calls == 2 && rows.len() < all, "{} of {all}", rows.len());
    }
}
