//! The progress of a long task, and the time that usually remains of it.
//!
//! A plan is announced once; from then on each [`process::step`](crate::process::step) of that name says which of how many it is. How long
//! the steps took is kept in the tool cache for the next time; before there is a next time, [`USUAL`] says what to expect.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::process::{now, seconds};
use crate::workspace::tool_cache;

/// The seconds that each step takes from nothing on two processors, the lanes of `up` beside one another. To renew them: run
/// `cargo xtask up` with an empty `XDG_CACHE_HOME` and an empty target folder, and take over `chordscope/tools/lengths.json`.
const USUAL: [(&str, u64); 8] = [
    ("installing trunk", 220),
    ("installing binaryen", 2),
    ("building the page", 6),
    ("making the page smaller", 10),
    ("building wasm-bindgen", 35),
    ("compiling the page", 160),
    ("building the peer", 115),
    // With most of it built before.
    (AGAIN, 30),
];
/// The end of the name of a build that has most of its work behind it.
const AGAIN: &str = " again";

/// The task that runs, if it has a plan.
static RUNNING: Mutex<Option<Task>> = Mutex::new(None);

/// The steps of a task: those of a lane one after another, the lanes beside one another.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    steps: Vec<Step>,
}

/// One step of a plan.
#[derive(Debug)]
struct Step {
    name: String,
    /// The key under which the step's length is kept.
    key: String,
    lane: usize,
    usual: Duration,
    /// The time at which the step began, since the task did.
    began: Option<Duration>,
    ended: Option<Duration>,
}

#[derive(Debug)]
struct Task {
    started: Instant,
    plan: Plan,
}

impl Plan {
    /// Adds a step to a lane; `again` if it has most of its work behind it.
    pub(crate) fn add(&mut self, lane: usize, name: &str, again: bool) {
        self.add_as(lane, name, again, &kept());
    }

    fn add_as(&mut self, lane: usize, name: &str, again: bool, kept: &BTreeMap<String, u64>) {
        let key = if again {
            format!("{name}{AGAIN}")
        } else {
            name.to_owned()
        };
        let usual = USUAL.iter().find(|(begin, _)| match again {
            true => *begin == AGAIN,
            false => name.starts_with(begin),
        });
        let usual = kept
            .get(&key)
            .copied()
            .or_else(|| usual.map(|(_, seconds)| *seconds));
        self.steps.push(Step {
            name: name.to_owned(),
            key,
            lane,
            usual: Duration::from_secs(usual.unwrap_or_default()),
            began: None,
            ended: None,
        });
    }

    /// Returns the time that usually remains: that of the lane that takes longest.
    fn remaining(&self, at: Duration) -> Duration {
        let of_step = |step: &Step| match (step.began, step.ended) {
            (_, Some(_)) => Duration::ZERO,
            (Some(began), None) => step.usual.saturating_sub(at.saturating_sub(began)),
            (None, None) => step.usual,
        };
        let mut lanes: BTreeMap<usize, Duration> = BTreeMap::new();
        for step in &self.steps {
            *lanes.entry(step.lane).or_default() += of_step(step);
        }
        lanes.into_values().max().unwrap_or_default()
    }

    fn begin(&mut self, name: &str, at: Duration) -> Option<String> {
        let of = self.steps.len();
        let number = self.steps.iter().position(|step| step.name == name)?;
        // What a lane has passed without a step of its own was not needed.
        let lane = self.steps[number].lane;
        for passed in &mut self.steps[..number] {
            if passed.lane == lane && passed.began.is_none() {
                passed.ended = Some(at);
            }
        }
        self.steps[number].began = Some(at);
        let (usual, rest) = (self.steps[number].usual, self.remaining(at));
        let number = number + 1;
        Some(format!(
            "step {number} of {of}: {name}, usually {}; {} usually remain",
            rounded(usual),
            rounded(rest)
        ))
    }

    fn end(&mut self, name: &str, at: Duration, well: bool) {
        if let Some(step) = self.steps.iter_mut().find(|step| step.name == name) {
            step.ended = Some(at);
            step.began = step.began.filter(|_| well);
        }
    }

    /// Returns the running steps, for how long each has run, and the time that usually remains.
    fn line(&self, at: Duration) -> Option<String> {
        let running = self.steps.iter().filter_map(|step| {
            let began = step.began.filter(|_| step.ended.is_none())?;
            let (so_far, usual) = (seconds(at.saturating_sub(began)), rounded(step.usual));
            Some(format!("{} ({so_far} of usually {usual})", step.name))
        });
        let running: Vec<_> = running.collect();
        let rest = match self.remaining(at) {
            Duration::ZERO => "it takes longer than usual".to_owned(),
            rest => format!("{} usually remain", rounded(rest)),
        };
        (!running.is_empty()).then(|| format!("{}; {rest}", running.join(", and beside it ")))
    }

    /// The lengths of the steps that were done, in seconds.
    fn lengths(&self) -> BTreeMap<String, u64> {
        let done = self.steps.iter().filter_map(|step| {
            let length = step.ended?.saturating_sub(step.began?);
            Some((step.key.clone(), length.as_secs().max(1)))
        });
        done.collect()
    }
}

/// Announces what is going to be done, and counts from now on.
pub(crate) fn announce(plan: Plan) {
    let (count, rest) = (plan.steps.len(), rounded(plan.remaining(Duration::ZERO)));
    let steps = if count == 1 { "step" } else { "steps" };
    eprintln!("==> {count} {steps}, usually {rest} in all");
    for (number, step) in (1..).zip(&plan.steps) {
        let number: usize = number;
        let beside = if step.lane == 0 {
            ""
        } else {
            ", beside the others"
        };
        eprintln!(
            "    {number}. {}, usually {}{beside}",
            step.name,
            rounded(step.usual)
        );
    }
    *running() = Some(Task {
        started: now(),
        plan,
    });
}

/// Returns the announcement of a step that begins now.
pub(crate) fn begin(name: &str) -> String {
    let mut running = running();
    let said = running.as_mut().and_then(|task| {
        let at = task.started.elapsed();
        task.plan.begin(name, at)
    });
    said.unwrap_or_else(|| name.to_owned())
}

/// Notes that a step has ended; the length of one that has failed says nothing.
pub(crate) fn end(name: &str, well: bool) {
    if let Some(task) = running().as_mut() {
        let at = task.started.elapsed();
        task.plan.end(name, at, well);
    }
}

/// Returns the line on what runs now and the time that usually remains; `None` where no plan is or nothing of it runs.
pub(crate) fn line() -> Option<String> {
    let running = running();
    let task = running.as_ref()?;
    task.plan.line(task.started.elapsed())
}

/// Keeps how long the steps took, for the next time.
pub(crate) fn keep() {
    let lengths = running().as_ref().map(|task| task.plan.lengths());
    let (Some(lengths), Some(path)) = (lengths, path()) else {
        return;
    };
    let mut all = kept();
    all.extend(lengths);
    // Without it the next estimate is worse, and that is all.
    let _ = fs::write(path, serde_json::to_string_pretty(&all).unwrap_or_default());
}

fn kept() -> BTreeMap<String, u64> {
    let text = path().and_then(|path| fs::read_to_string(path).ok());
    text.and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}

fn path() -> Option<PathBuf> {
    Some(tool_cache().ok()?.join("lengths.json"))
}

fn running() -> MutexGuard<'static, Option<Task>> {
    // Every change of it is one step.
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A guess, so no tenths: whole seconds, and tens of them from a minute on.
fn rounded(duration: Duration) -> String {
    let whole = duration.as_secs();
    match whole {
        0..60 => format!("{whole} s"),
        _ => {
            let tens = whole.div_ceil(10) * 10;
            format!("{} min {} s", tens / 60, tens % 60)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn plan() -> Plan {
        let mut plan = Plan::default();
        let kept = BTreeMap::from([
            ("installing a".to_owned(), 100),
            ("building the page".to_owned(), 50),
        ]);
        plan.add_as(0, "installing a", false, &kept);
        plan.add_as(0, "building the page", false, &kept);
        plan.add_as(0, "making the page smaller", false, &kept);
        plan.add_as(1, "building the peer", true, &kept);
        plan
    }

    #[test]
    fn what_usually_remains_is_that_of_the_longer_lane() {
        let mut plan = plan();
        assert_eq!(plan.remaining(at(0)), at(160));
        let said = plan.begin("installing a", at(0)).unwrap();
        assert_eq!(
            said,
            "step 1 of 4: installing a, usually 1 min 40 s; 2 min 40 s usually remain"
        );
        plan.begin("building the peer", at(0));
        assert_eq!(plan.remaining(at(40)), at(120));
        assert_eq!(
            plan.line(at(40)).unwrap(),
            "installing a (40.0 s of usually 1 min 40 s), and beside it building the peer (40.0 s of usually 30 s); \
             2 min 0 s usually remain"
        );
        plan.end("installing a", at(90), true);
        assert_eq!(plan.remaining(at(90)), at(60));
        // The page was not built: it was up to date.
        plan.begin("making the page smaller", at(90));
        plan.end("making the page smaller", at(95), true);
        assert_eq!(plan.remaining(at(95)), at(0));
        assert!(
            plan.line(at(95))
                .unwrap()
                .ends_with("it takes longer than usual")
        );
        plan.end("building the peer", at(96), true);
        assert_eq!(plan.line(at(96)), None);
        let lengths = [
            ("building the peer again".to_owned(), 96),
            ("installing a".to_owned(), 90),
            ("making the page smaller".to_owned(), 5),
        ];
        assert_eq!(plan.lengths(), BTreeMap::from(lengths));
    }

    #[test]
    fn a_step_without_a_plan_is_announced_by_its_name() {
        assert_eq!(plan().begin("something else", at(1)), None);
    }
}
