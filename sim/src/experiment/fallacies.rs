//! The measured effect of the eight fallacies: one seed with all eight assumed, and with each of them faced while the other seven are
//! assumed.
//!
//! A row for each run. All eight are compared with one assumed run, which is the first row.

use alloc::vec::Vec;
use core::ops::ControlFlow;

use serde::Serialize;

use crate::experiment::{Hear, News, Progress, collect};
use crate::worlds::fallacies::comparison::{Effect, Table};
use crate::worlds::fallacies::lever::{Fallacy, Levers};
use crate::worlds::fallacies::measure::{Measure, Measured};
use crate::worlds::fallacies::setup::Setup;

/// Events between two reports of progress.
const SLICE: usize = 20_000;
/// The number of peers.
pub const PEERS: u32 = 32;
/// The least number of peers: those that fetch the file, and its seed.
pub const MIN_PEERS: u32 = 9;

/// One run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct FallacyRow {
    /// The number of the fallacy that is faced, from 1 in the order of the list; 0 where all are assumed.
    pub fallacy: u32,
    /// The part of lookups that named the key's owner. As all that follows, `None` where nothing was measured.
    pub lookups_right: Option<f64>,
    /// Hops of these lookups, in the mean.
    pub mean_hops: Option<f64>,
    /// The time that half of them did not exceed, in milliseconds.
    pub p50_ms: Option<f64>,
    /// The time that 99 in a hundred did not exceed, in milliseconds.
    pub p99_ms: Option<f64>,
    /// The part of gets and puts that came to nothing.
    pub values_failed: Option<f64>,
    /// The part of gets that returned something older than was acknowledged before.
    pub stale_reads: Option<f64>,
    /// Seconds until the last honest client had the file; until the end where one lacks it then.
    pub file_seconds: Option<f64>,
    /// Honest clients that had the file at the end.
    pub clients_served: u32,
    /// Bytes that all lines sent, in megabytes (10^6 bytes).
    pub megabytes: Option<f64>,
    /// The price of all bytes, in cents.
    pub cents: Option<f64>,
    /// Lookups that believed a liar, and wrong segments that came.
    pub damage: Option<f64>,
    /// Peers that refused something, by a rule of their administrator or as their release does not know it.
    pub peers_lost: Option<f64>,
    /// The faced value over the assumed one, for the measure that is hit hardest; `None` where no measure gets larger, or only ones that
    /// were zero.
    pub wrong_by: Option<f64>,
}

/// The fallacy of a row; `None` for the row in which all are assumed.
pub fn fallacy(number: u32) -> Option<Fallacy> {
    let at = number.checked_sub(1)?;
    Fallacy::ALL.get(at as usize).copied()
}

/// The rows of all nine runs.
pub fn run(seed: u64, setup: &Setup, progress: Progress<'_>) -> Vec<FallacyRow> {
    collect(progress, |hear| measure(seed, setup, hear))
}

/// The set-up that is measured, with so many peers.
pub fn setup(peers: u32) -> Setup {
    Setup {
        peers: u16::try_from(peers).unwrap_or(u16::MAX),
        ..Setup::usual(Levers::all(false))
    }
}

/// The same, told row by row. A set-up beyond its limits gives no row.
pub fn measure(seed: u64, setup: &Setup, hear: Hear<'_, FallacyRow>) -> ControlFlow<()> {
    let Ok(mut table) = Table::new(setup.clone(), seed, &Fallacy::ALL) else {
        return ControlFlow::Continue(());
    };
    let mut told = 0;
    loop {
        let is_done = table.advance_within(SLICE);
        hear(News::Part(f64::from(table.done()) / 1_000.0))?;
        for row in &table.rows()[told..] {
            let number = row.fallacy as u32 + 1;
            if number == 1 {
                hear(News::Row(of_run(0, &row.assumed, Effect::None)))?;
            }
            hear(News::Row(of_run(number, &row.faced, row.effect)))?;
        }
        told = table.rows().len();
        if is_done {
            return ControlFlow::Continue(());
        }
    }
}

fn of_run(fallacy: u32, run: &Measured, effect: Effect) -> FallacyRow {
    let amount = |measure, unit: f64| run.value(measure).map(|value| value.amount as f64 / unit);
    FallacyRow {
        fallacy,
        lookups_right: amount(Measure::LookupsFailed, 1e3).map(|failed| 1.0 - failed),
        mean_hops: amount(Measure::Hops, 1e3),
        p50_ms: amount(Measure::P50, 1e3),
        p99_ms: amount(Measure::P99, 1e3),
        values_failed: amount(Measure::ValuesFailed, 1e3),
        stale_reads: amount(Measure::StaleReads, 1e3),
        file_seconds: amount(Measure::FileTime, 1e6),
        clients_served: run.file.map_or(0, |file| file.served.into()),
        megabytes: amount(Measure::Bytes, 1e6),
        cents: amount(Measure::Money, 1e9),
        damage: amount(Measure::Damage, 1.0),
        peers_lost: amount(Measure::PeersLost, 1.0),
        wrong_by: match effect {
            Effect::Factor { thousandths, .. } => Some(thousandths as f64 / 1e3),
            Effect::FromNothing { .. } | Effect::None => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worlds::fallacies::comparison::Pair;
    use crate::worlds::fallacies::comparison::Side;
    use core::time::Duration;

    fn small() -> Setup {
        Setup {
            segments: 8,
            clients: 4,
            length: Duration::from_secs(24),
            ..setup(16)
        }
    }

    #[test]
    fn each_fallacys_own_effect_is_seen_beside_the_assumed_run() {
        let mut parts = Vec::new();
        let rows = run(1, &small(), &mut |part| {
            parts.push(part);
            true
        });
        assert!(parts.is_sorted() && parts.last() == Some(&1.0));
        let numbers: Vec<u32> = rows.iter().map(|row| row.fallacy).collect();
        assert_eq!(numbers, (0..=8).collect::<Vec<_>>());
        let of = |fallacy: Fallacy| rows[fallacy as usize + 1];
        let assumed = rows[0];
        assert_eq!(assumed.lookups_right, Some(1.0));
        assert_eq!(
            (assumed.cents, assumed.damage, assumed.peers_lost),
            (Some(0.0), Some(0.0), Some(0.0))
        );
        assert!(of(Fallacy::Reliable).p99_ms > assumed.p99_ms);
        assert!(of(Fallacy::Latency).p50_ms > assumed.p50_ms.map(|ms| 10.0 * ms));
        assert!(of(Fallacy::Bandwidth).file_seconds > assumed.file_seconds.map(|took| 2.0 * took));
        assert!(of(Fallacy::Secure).damage > Some(0.0));
        assert!(of(Fallacy::Administrator).peers_lost > Some(0.0));
        assert!(of(Fallacy::Homogeneous).peers_lost > Some(0.0));
        assert!(of(Fallacy::Cost).cents > Some(0.0));
        let but_money = FallacyRow {
            cents: assumed.cents,
            fallacy: 0,
            ..of(Fallacy::Cost)
        };
        assert_eq!(but_money, assumed, "a price changes nothing but the bill");
    }

    #[test]
    fn rows_are_what_the_world_measures() {
        let rows = run(2, &small(), &mut |_| true);
        for one in [Fallacy::Latency, Fallacy::Topology] {
            let mut pair = Pair::new(&small(), one, 2).unwrap();
            pair.advance_to(pair.end());
            let effect = pair.effect();
            let [assumed, faced] = Side::ALL.map(|side| pair.world(side).measured());
            assert_eq!(rows[0], of_run(0, &assumed, Effect::None));
            let row = rows[one as usize + 1];
            assert_eq!(row, of_run(one as u32 + 1, &faced, effect));
            let lookups = faced.lookups;
            let right = lookups.right as f64 / lookups.all() as f64;
            assert!((row.lookups_right.unwrap() - right).abs() < 2e-3);
            assert_eq!(row.megabytes.unwrap(), faced.sent as f64 / 1e6);
            assert_eq!(row.clients_served, u32::from(faced.file.unwrap().served));
            assert_eq!(fallacy(row.fallacy), Some(one));
        }
        assert_eq!((fallacy(0), fallacy(9)), (None, None));
    }

    #[test]
    fn it_is_cancelled_between_two_slices() {
        let mut calls = 0;
        let rows = run(1, &small(), &mut |_| {
            calls += 1;
            calls < 2
        });
        assert!(calls == 2 && rows.len() < 9, "{}", rows.len());
    }
}
