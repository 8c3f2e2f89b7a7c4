//! `sim run`: a scenario in the simulator, from its beginning to its end, or a run that was exported, to the moment that it shows.

mod judged;
mod worlds;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chordscope_core::base::id::Space;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::invariant::Property;
use chordscope_sim::engine::behaviour;
use chordscope_sim::engine::chrome;
use chordscope_sim::engine::history::export::{self, Imported, MAX_EXPORT};
use chordscope_sim::engine::json::Json;
use chordscope_sim::engine::time_text::time_text;
use chordscope_sim::worlds::ring;
use chordscope_sim::worlds::ring::builtin;
use chordscope_sim::worlds::ring::permalink::Permalink;
use chordscope_sim::worlds::ring::scenario::{MAX_JSON, Scenario};
use chordscope_sim::worlds::ring::trace::{Entry, What};
use chordscope_sim::worlds::ring::{History, RingWorld};
use clap::Args;
use serde::Serialize;

use crate::failure::{Failure, unwritten};
use crate::output::{self, count};
use crate::regular_file::{self, is_standard_output};
use crate::sim::nodes::JsonId;
use crate::sim::run::judged::Judged;
use crate::sim::run::worlds::{Runnable, WORLDS};

/// The largest file, in bytes: of a scenario, or of an exported run.
const MAX_FILE: u64 = if MAX_JSON > MAX_EXPORT {
    MAX_JSON
} else {
    MAX_EXPORT
} as u64;
/// The name of the argument in messages.
const ARGUMENT: &str = "SCENARIO";

/// `sim run`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A file of a scenario or of an exported run, - for standard input, a permalink of the page, or the name of a built-in scenario
    #[arg(value_name = ARGUMENT)]
    scenario: String,
    /// Run with this seed instead of the scenario's own
    #[arg(long, allow_negative_numbers = true)]
    seed: Option<u64>,
    /// Write what happened as a chart of time, which Perfetto and Chrome's chrome://tracing open; - is standard output
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Write the run with its branches as JSON, which this command opens again; - is standard output
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Answer {
    digest: String,
    events: u64,
    violations: Vec<Violation>,
    /// For the world of consistency: the verdicts and the judgement of each name in each system.
    #[serde(skip_serializing_if = "Option::is_none")]
    judged: Option<Vec<Judged>>,
}

/// A property that must always hold was found broken.
#[derive(Debug, Serialize)]
struct Violation {
    at_ms: f64,
    property: &'static str,
    node: JsonId,
    /// Its line, in the words of the page's event log.
    #[serde(skip)]
    line: String,
}

/// A run that has come to its end.
#[derive(Debug)]
struct Run {
    answer: Answer,
    unclear: Vec<Unclear>,
    /// All of it as a chart of time, where that is wanted.
    trace: Option<String>,
}

/// A time in which some keys had two owners or none: predecessors lag behind every join and departure.
#[derive(Debug)]
struct Unclear {
    from: Instant,
    /// `None` where it lasts to the end.
    to: Option<Instant>,
}

/// The run that the command asks for.
#[derive(Debug)]
struct Plan {
    scenario: Scenario,
    seed: u64,
    until: Instant,
    /// The history of an exported run, with its branches; then `scenario` has the actions of the branch that is shown.
    exported: Option<History>,
}

impl Options {
    pub(crate) fn run(&self, json: bool) -> Result<(), Failure> {
        let mut plan = match find(&self.scenario)? {
            Found::Ring(plan) => *plan,
            Found::Other(plan) => return self.run_other(plan, json),
        };
        self.check_seed(plan.exported.is_some())?;
        plan.seed = self.seed.unwrap_or(plan.seed);
        let title = self.title(&plan.scenario).to_string();
        let until = plan.until;
        self.check_outputs(json)?;
        if let Some(path) = &self.export {
            write(path, &plan.export()?)?;
        }
        let Run {
            answer,
            unclear,
            trace,
        } = execute(plan, self.trace.is_some())?;
        if let Some((path, trace)) = self.trace.as_ref().zip(trace) {
            write(path, &trace)?;
        }
        if json {
            return output::json(&answer);
        }
        let mut text = format!(
            "{title}: {} in {} of virtual time\ndigest {}\n",
            count(answer.events, "event"),
            time_text(until.as_micros()),
            answer.digest
        );
        match answer.violations.as_slice() {
            [] => text.push_str("no invariant of the ring was violated\n"),
            broken => {
                for violation in broken {
                    text.push_str(&violation.line);
                }
            }
        }
        text.push_str(&describe_unclear(&unclear));
        self.tell(&text)
    }
}

impl Options {
    fn run_other(&self, mut plan: Box<dyn Runnable>, json: bool) -> Result<(), Failure> {
        self.check_seed(plan.is_exported())?;
        if let Some(seed) = self.seed {
            plan.reseed(seed);
        }
        self.check_outputs(json)?;
        if let Some(path) = &self.export {
            write(path, &plan.export()?)?;
        }
        let (title, until) = (plan.title().to_string(), plan.until());
        let (answer, trace) = plan.execute(self.trace.is_some())?;
        if let Some((path, trace)) = self.trace.as_ref().zip(trace) {
            write(path, &trace)?;
        }
        if json {
            return output::json(&answer);
        }
        self.tell(&format!(
            "{title}: {} in {} of virtual time\ndigest {}\n{}",
            count(answer.events, "event"),
            time_text(until.as_micros()),
            answer.digest,
            judged::text(answer.judged.as_deref().unwrap_or_default())
        ))
    }

    /// Prints the result; on standard error where a file is printed already.
    fn tell(&self, text: &str) -> Result<(), Failure> {
        if self.outputs().any(|(_, path)| is_standard_output(path)) {
            output::note(text.trim_end());
            return Ok(());
        }
        output::line(text)
    }

    fn check_seed(&self, is_exported: bool) -> Result<(), Failure> {
        if self.seed.is_some() && is_exported {
            let reason = "an exported run has the seed that it was recorded with";
            return Err(Failure::usage("--seed", reason));
        }
        Ok(())
    }

    /// The flags that name files, each with its file.
    fn outputs(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        let trace = self.trace.as_deref().map(|path| ("--trace", path));
        let export = self.export.as_deref().map(|path| ("--export", path));
        trace.into_iter().chain(export)
    }

    /// Checks before a long run that results can be written where they are to go, one at most to standard output.
    fn check_outputs(&self, json: bool) -> Result<(), Failure> {
        let mut is_taken = json;
        for (flag, path) in self.outputs() {
            if !is_standard_output(path) {
                let checked = regular_file::check_output(path);
                checked.map_err(|error| Failure::failed(unwritten(path, &error)))?;
            } else if std::mem::replace(&mut is_taken, true) {
                let reason = "- is standard output, where something else is printed already: give a file, ./- for one of this name";
                return Err(Failure::usage(flag, reason));
            }
        }
        Ok(())
    }

    /// Returns the title of a scenario: a file need not have one.
    fn title<'a>(&'a self, scenario: &'a Scenario) -> &'a str {
        match (scenario.title.as_str(), self.scenario.as_str()) {
            ("", "-") => "the scenario",
            ("", file) => file,
            (title, _) => title,
        }
    }
}

/// Returns a line on the times in which some keys had two owners or none; nothing where they never had.
fn describe_unclear(unclear: &[Unclear]) -> String {
    let (Some(first), Some(last)) = (unclear.first(), unclear.last()) else {
        return String::new();
    };
    let from = time_text(first.from.as_micros());
    let to = last.to.map(|to| time_text(to.as_micros()));
    let to = to.unwrap_or_else(|| "the end".to_string());
    let times = match unclear.len() {
        1 => format!("from {from} to {to}"),
        many => format!("{many} times between {from} and {to}"),
    };
    format!("some keys had two owners or none {times}\n")
}

/// The run that is asked for, of whichever world.
enum Found {
    Ring(Box<Plan>),
    Other(Box<dyn Runnable>),
}

impl From<Plan> for Found {
    fn from(plan: Plan) -> Self {
        Self::Ring(Box::new(plan))
    }
}

fn find(text: &str) -> Result<Found, Failure> {
    let wrong = |reason: String| Failure::usage(ARGUMENT, reason);
    let path = Path::new(text);
    if text == "-" || path.is_file() || path.exists() && builtin::named(text).is_none() {
        let content = read(text)?;
        let content = Json::read(&content).map_err(|error| wrong(format!("{text}: {error}")))?;
        let no_run = |error| wrong(format!("{text} is no exported run: {error}"));
        let world = exported_world(&content);
        let other = WORLDS.iter().find(|other| Some(other.world) == world);
        if let Some(other) = other {
            return (other.continued)(content).map(Found::Other).map_err(no_run);
        }
        return match world {
            Some(_) => {
                let imported = export::from_json(content, usize::MAX).map_err(no_run)?;
                Ok(Plan::continued(imported).into())
            }
            None => {
                let scenario = Scenario::from_tree(content);
                let scenario =
                    scenario.map_err(|error| wrong(format!("{text} is no scenario: {error}")))?;
                Ok(Plan::of(scenario).into())
            }
        };
    }
    if let Some(scenario) = builtin::named(text) {
        return Ok(Plan::of(scenario).into());
    }
    for other in &WORLDS {
        if let Some(plan) = (other.named)(text)? {
            return Ok(Found::Other(plan));
        }
    }
    if text.contains('=') {
        let link = Permalink::parse(text).map_err(|error| wrong(error.to_string()))?;
        caveat(link.caveat());
        let plan = Plan {
            // Without a moment it is the whole scenario that the link names.
            until: link.at.unwrap_or(link.scenario.until),
            seed: link.seed,
            scenario: link.scenario,
            exported: None,
        };
        return Ok(plan.into());
    }
    let rings = builtin::all().into_iter().map(|known| known.name);
    let others = WORLDS.iter().flat_map(|other| (other.names)());
    let names: Vec<_> = rings.chain(others.map(str::to_string)).collect();
    let names = names.join(", ");
    Err(wrong(format!(
        "\"{text}\" is neither a file nor a permalink nor one of {names}"
    )))
}

impl Plan {
    fn of(scenario: Scenario) -> Self {
        Self {
            seed: scenario.seed,
            until: scenario.until,
            scenario,
            exported: None,
        }
    }

    /// The branch of an exported run that is shown, to the moment that is shown.
    fn continued(imported: Imported<RingWorld>) -> Self {
        let Imported { history, behaviour } = imported;
        caveat(behaviour::caveat(behaviour));
        Self {
            seed: history.seed(),
            until: history.now(),
            scenario: Scenario {
                actions: history.actions().to_vec(),
                ..history.setup().clone()
            },
            exported: Some(history),
        }
    }

    /// The run as the page exports it, at its end.
    fn export(&self) -> Result<String, Failure> {
        if let Some(history) = &self.exported {
            return Ok(export::write(history));
        }
        let history = History::new(self.scenario.clone(), self.seed);
        let mut history = history.map_err(|error| Failure::usage(ARGUMENT, error))?;
        history.advance_to(self.until);
        Ok(export::write(&history))
    }
}

/// Says that a run may be another one than was recorded.
fn caveat(caveat: Option<String>) {
    if let Some(caveat) = caveat {
        output::note(format_args!("chordscope: {caveat}"));
    }
}

/// Returns the world of a file that says of itself that it is an exported run.
fn exported_world(content: &Json) -> Option<&str> {
    let Json::Object(fields) = content else {
        return None;
    };
    let field = |name: &str| {
        let field = fields.iter().find(|(field, _)| field == name);
        field.map(|(_, value)| value)
    };
    let is_exported = field("format") == Some(&Json::from(export::FORMAT));
    is_exported.then(|| match field("world") {
        Some(Json::Text(world)) => world.as_str(),
        _ => "",
    })
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if is_standard_output(path) {
        return output::line(text);
    }
    regular_file::replace(path, text.as_bytes())
        .map_err(|error| Failure::failed(unwritten(path, &error)))
}

fn read(path: &str) -> Result<Vec<u8>, Failure> {
    let wrong = |reason: String| Failure::usage(ARGUMENT, format!("{path}: {reason}"));
    let mut content = Vec::new();
    let source: Box<dyn Read> = match path {
        "-" => Box::new(std::io::stdin()),
        path => {
            let file = regular_file::open(Path::new(path), File::options().read(true));
            Box::new(file.map_err(|error| wrong(error.to_string()))?)
        }
    };
    let read = source.take(MAX_FILE + 1).read_to_end(&mut content);
    let read = read.map_err(|error| wrong(error.to_string()))?;
    if read as u64 > MAX_FILE {
        return Err(wrong("longer than 16 MiB".to_string()));
    }
    Ok(content)
}

fn execute(plan: Plan, charted: bool) -> Result<Run, Failure> {
    let mut run = ring::Run::begin(&Arc::new(plan.scenario), plan.seed)
        .map_err(|error| Failure::usage(ARGUMENT, error))?;
    let space = run.world().space();
    let (mut violations, mut unclear) = (Vec::new(), Vec::new());
    let mut all = Vec::new();
    let mut note = |entries: Vec<Entry>| {
        entries.iter().for_each(|entry| follow(&mut unclear, entry));
        violations.extend(entries.iter().filter_map(|entry| violation(space, entry)));
        if charted {
            all.extend(entries);
        }
    };
    note(run.take_trace());
    while run.step_until(plan.until) {
        note(run.take_trace());
    }
    let answer = Answer {
        digest: run.world().digest(),
        events: run.world().events(),
        violations,
        judged: None,
    };
    let trace = charted.then(|| chrome::write(run.world(), &all));
    Ok(Run {
        answer,
        unclear,
        trace,
    })
}

/// Takes in whether each key has one owner.
fn follow(unclear: &mut Vec<Unclear>, entry: &Entry) {
    match entry.what {
        What::Broken(Property::OneOwnerPerKey, _) => unclear.push(Unclear {
            from: entry.at,
            to: None,
        }),
        What::Mended(Property::OneOwnerPerKey) => {
            if let Some(last) = unclear.last_mut() {
                last.to = Some(entry.at);
            }
        }
        _ => {}
    }
}

/// The violation that an entry tells of. Predecessors lag behind every join and departure: that is repair at work, and none.
fn violation(space: Space, entry: &Entry) -> Option<Violation> {
    let What::Broken(property, node) = entry.what else {
        return None;
    };
    if property == Property::OneOwnerPerKey {
        return None;
    }
    let at = entry.at.as_micros();
    Some(Violation {
        at_ms: at as f64 / 1e3,
        property: property.title(),
        node: JsonId::new(space, node),
        line: format!("at {}: {}\n", time_text(at), entry.describe(space)),
    })
}

#[cfg(test)]
mod tests {
    use chordscope_core::base::id::Id;
    use chordscope_sim::worlds::ring::action::Action;

    use super::*;

    fn ring(text: &str) -> Plan {
        match find(text).unwrap() {
            Found::Ring(plan) => *plan,
            Found::Other(plan) => panic!("{plan:?}"),
        }
    }

    #[test]
    fn a_run_has_the_digest_that_the_page_shows() {
        for scenario in builtin::all() {
            let (seed, until) = (scenario.seed, scenario.until);
            let mut history = History::new(scenario.clone(), seed).unwrap();
            history.advance_to(until);
            let answer = execute(Plan::of(scenario), false).unwrap().answer;
            assert_eq!(answer.digest, history.world().digest());
            assert_eq!(answer.events, history.world().events());
            assert_eq!(answer.violations.len() as u64, history.world().violations());
        }
    }

    #[test]
    fn a_violation_is_told_in_the_words_of_the_page() {
        let scenario = builtin::named("classic-cut-off").unwrap();
        let mut history = History::new(scenario.clone(), scenario.seed).unwrap();
        history.advance_to(scenario.until);
        let violations = execute(Plan::of(scenario), false)
            .unwrap()
            .answer
            .violations;
        assert!(!violations.is_empty());
        for violation in violations {
            let told = |entry: &Entry| {
                let at = time_text(entry.at.as_micros());
                format!("at {at}: {}\n", entry.describe(history.world().space()))
            };
            assert!(violation.line.contains(": violated at node "));
            assert!(
                history
                    .entries()
                    .iter()
                    .any(|entry| told(entry) == violation.line)
            );
        }
    }

    #[test]
    fn a_link_runs_to_its_moment() {
        let link = "https://example.org/#/ring?s=lesson-26&seed=3&do=1500000:insert,7&t=2750000";
        let shown = Permalink::parse(link).unwrap().open().unwrap();
        let answer = execute(ring(link), false).unwrap().answer;
        assert_eq!(answer.digest, shown.world().digest());
    }

    #[test]
    fn a_link_without_a_moment_runs_the_whole_scenario() {
        for scenario in builtin::all() {
            let link = format!("http://127.0.0.1:7340/#/ring?s={}", scenario.name);
            let whole = execute(ring(&scenario.name), false).unwrap().answer;
            let linked = execute(ring(&link), false).unwrap().answer;
            assert_eq!(linked.digest, whole.digest, "{link}");
            assert!(linked.events > 0, "{link}");
        }
    }

    #[test]
    fn an_exported_run_has_the_digest_of_the_moment_and_branch_that_it_shows() {
        let mut history = History::new(builtin::named("crash-18").unwrap(), 5).unwrap();
        history.advance_to(Instant::from_millis(6_000));
        history.seek(Instant::from_millis(2_000));
        history.act(Action::Insert(Id::from_u64(7))).unwrap();
        history.advance_to(Instant::from_millis(3_000));
        let text = export::write(&history);
        let read = Json::read(text.as_bytes()).unwrap();
        assert_eq!(exported_world(&read), Some("ring"));
        assert_eq!(exported_world(&Json::read(b"{}").unwrap()), None);
        let plan = Plan::continued(export::from_json(read, usize::MAX).unwrap());
        assert_eq!(plan.export().unwrap(), text);
        let run = execute(plan, true).unwrap();
        assert_eq!(run.answer.digest, history.world().digest());
        let trace: serde_json::Value = serde_json::from_str(&run.trace.unwrap()).unwrap();
        let names = trace["traceEvents"].as_array().unwrap().iter();
        let mut names = names.map(|event| event["name"].as_str().unwrap());
        assert!(names.any(|name| name == "node 7 joins"));
    }

    #[test]
    fn the_times_without_one_owner_for_each_key_are_told() {
        let unclear = |times: &[(u64, Option<u64>)]| -> Vec<Unclear> {
            let times = times.iter().map(|(from, to)| Unclear {
                from: Instant::from_millis(*from),
                to: to.map(Instant::from_millis),
            });
            times.collect()
        };
        let said = |times| describe_unclear(&unclear(times));
        assert_eq!(said(&[]), "");
        assert_eq!(
            said(&[(1_500, Some(2_250))]),
            "some keys had two owners or none from 1.5 s to 2.25 s\n"
        );
        assert_eq!(
            said(&[(0, Some(10)), (20, None)]),
            "some keys had two owners or none 2 times between 0 ms and the end\n"
        );
    }

    #[test]
    fn a_run_tells_when_keys_had_no_single_owner_as_the_page_does() {
        let scenario = builtin::named("insert-7").unwrap();
        let Run {
            answer, unclear, ..
        } = execute(Plan::of(scenario.clone()), false).unwrap();
        assert!(answer.violations.is_empty());
        let mut history = History::new(scenario.clone(), scenario.seed).unwrap();
        history.advance_to(scenario.until);
        let entries = history.entries().iter();
        let broken = entries
            .filter(|entry| matches!(entry.what, What::Broken(Property::OneOwnerPerKey, _)))
            .map(|entry| entry.at);
        let broken: Vec<Instant> = broken.collect();
        let told: Vec<Instant> = unclear.iter().map(|time| time.from).collect();
        assert!(!told.is_empty());
        assert_eq!(told, broken);
    }
}
