//! Random runs of a page whose every sentence is held against an oracle: the walk through time, and the count of what was said and found.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::ops::Range;

use chordscope_core::base::rng::Rng;
use chordscope_web::player::{Control, Driven};

/// What has been seen.
#[derive(Default)]
pub(crate) struct Seen {
    /// By kind: how many statements, and how many planted falsehoods were found.
    pub(crate) kinds: BTreeMap<&'static str, (u64, u64)>,
    /// The faults: of each sort the first that was found.
    pub(crate) wrong: BTreeMap<String, String>,
}

impl Seen {
    /// Takes in a fault.
    pub(crate) fn wrong(&mut self, sort: &str, why: String) {
        self.wrong.entry(sort.to_owned()).or_insert(why);
    }

    /// Holds a statement, which has these words, against the oracle, and each of these falsehoods of it as long as fewer than `planted` of its kind
    /// were said.
    pub(crate) fn hold<S: Debug>(
        &mut self,
        (place, kind, planted): (&str, &'static str, u64),
        (statement, text): (&S, &str),
        lies: impl FnOnce(&S) -> Vec<S>,
        judge: impl Fn(&S) -> Result<(), String>,
    ) {
        if let Err(why) = judge(statement) {
            self.wrong(kind, format!("{place}: “{text}” {statement:?}: {why}"));
        }
        let known = self.kinds.entry(kind).or_default();
        known.0 += 1;
        if known.0 <= planted {
            known.1 += lies(statement)
                .iter()
                .filter(|lie| judge(lie).is_err())
                .count() as u64;
        }
    }

    /// Fails if anything was wrong; and, where the seeds are the test's own, if fewer kinds than these were said, or no falsehood was found of a kind
    /// that is not `other`.
    pub(crate) fn conclude(&self, least: usize) {
        let wrong: Vec<&String> = self.wrong.values().collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        for (kind, (said, found)) in &self.kinds {
            println!("{kind}: {said} said, {found} falsehoods found");
        }
        if named_seeds().is_some() {
            return;
        }
        let kinds: Vec<&str> = self.kinds.keys().copied().collect();
        assert!(kinds.len() >= least, "too few kinds: {kinds:?}");
        for (kind, (_, found)) in &self.kinds {
            assert!(
                *found > 0 || *kind == "other",
                "no falsehood of {kind} was found"
            );
        }
    }
}

fn named_seeds() -> Option<Range<u64>> {
    let text = std::env::var("SEEDS").ok()?;
    let (from, to) = text.split_once("..")?;
    Some(from.parse().ok()?..to.parse().ok()?)
}

/// The seeds of so many runs, unless `SEEDS=a..b` names others.
pub(crate) fn seeds(runs: u64) -> Range<u64> {
    named_seeds().unwrap_or(0..runs)
}

/// The name of a moment, with what leads there again.
pub(crate) fn place<D: Driven>(engine: &D, seed: u64, run: &str) -> String {
    let now = engine.history().now().as_micros();
    format!("SEEDS={seed}..{}, {run}, {now} µs", seed + 1)
}

/// A random move in time: a step, back to an earlier moment, or mostly on by less than `stride` microseconds from the farthest so far.
pub(crate) fn wander<D: Driven<Command: From<Control>>>(
    engine: &mut D,
    rng: &mut Rng,
    farthest: &mut u64,
    stride: u64,
) {
    engine.apply(match rng.below(9) {
        0 => Control::StepForward,
        1 => Control::StepBack,
        2 => Control::Seek(rng.below(*farthest + 1)),
        _ => {
            *farthest += rng.below(stride);
            Control::Seek(*farthest)
        }
    });
}

/// On by less than `stride` microseconds, into what has just been begun.
pub(crate) fn into_it<D: Driven<Command: From<Control>>>(
    engine: &mut D,
    rng: &mut Rng,
    stride: u64,
) {
    let soon = engine.history().now().as_micros() + rng.below(stride);
    engine.apply(Control::Seek(soon));
}
