//! The worlds of `sim run` beside the ring: a run of each is found by a scenario's name, a link or an exported file, and carried out in
//! one way.

use std::fmt::Debug;
use std::sync::Arc;

use chordscope_core::base::time::Instant;
use chordscope_sim::engine::World;
use chordscope_sim::engine::behaviour;
use chordscope_sim::engine::chrome::{self, Charted};
use chordscope_sim::engine::history::History;
use chordscope_sim::engine::history::export::{self, Imported, Portable};
use chordscope_sim::engine::json::Json;
use chordscope_sim::engine::linked::{Known, Linked, Permalink};
use chordscope_sim::engine::malformed::Malformed;
use chordscope_sim::engine::run::Run;
use chordscope_sim::worlds::consistency::ConsistencyWorld;
use chordscope_sim::worlds::directory::DirectoryWorld;
use chordscope_sim::worlds::fallacies::FallaciesWorld;
use chordscope_sim::worlds::swarm::SwarmWorld;
use data_encoding::HEXLOWER;

use super::judged::{self, Judged};
use super::{ARGUMENT, Answer, caveat};
use crate::failure::Failure;

/// The worlds, in the order in which their scenarios are listed.
pub(super) const WORLDS: [Finder; 4] = [
    Finder::of::<SwarmWorld>(),
    Finder::of::<DirectoryWorld>(),
    Finder::of::<ConsistencyWorld>(),
    Finder::of::<FallaciesWorld>(),
];

/// A run that is asked for.
#[derive(Clone, Debug)]
pub(super) struct Plan<W: World> {
    pub(super) title: &'static str,
    pub(super) seed: u64,
    pub(super) until: Instant,
    pub(super) setup: W::Setup,
    /// The history of an exported run.
    exported: Option<History<W>>,
}

/// A run that is asked for, of whichever world.
pub(super) trait Runnable: Debug {
    /// The title.
    fn title(&self) -> &str;

    /// The time to which it runs.
    fn until(&self) -> Instant;

    /// Whether it is an exported run, which has the seed that it was recorded with.
    fn is_exported(&self) -> bool;

    /// Gives it another seed.
    fn reseed(&mut self, seed: u64);

    /// The run as the page exports it, at its end.
    fn export(&self) -> Result<String, Failure>;

    /// Runs it; with a chart of time where that is wanted.
    fn execute(self: Box<Self>, charted: bool) -> Result<(Answer, Option<String>), Failure>;
}

/// A world whose runs end in more than a digest, or not.
pub(super) trait Judging: Portable + Charted {
    /// The verdicts and judgements of a run as of now, where the world has clients whose answers can be judged.
    fn judge(_world: &Self) -> Option<Vec<Judged>> {
        None
    }
}

impl Judging for SwarmWorld {}
impl Judging for DirectoryWorld {}
impl Judging for FallaciesWorld {}
impl Judging for ConsistencyWorld {
    fn judge(world: &Self) -> Option<Vec<Judged>> {
        Some(judged::judge(world))
    }
}

/// A run that was found.
type Found = Box<dyn Runnable>;

/// The ways to find a run of one world.
pub(super) struct Finder {
    /// The name of the world in files.
    pub(super) world: &'static str,
    /// The names of its scenarios.
    pub(super) names: fn() -> Vec<&'static str>,
    /// The run of a scenario's name or of a link; `None` where the text is neither of this world.
    pub(super) named: fn(&str) -> Result<Option<Found>, Failure>,
    /// The branch of an exported run that is shown, to the moment that is shown.
    pub(super) continued: fn(Json) -> Result<Found, Malformed>,
}

impl Finder {
    const fn of<W: Linked + Judging + 'static>() -> Self {
        Self {
            world: W::NAME,
            names: || {
                W::scenarios()
                    .iter()
                    .map(|one| W::known(one).name)
                    .collect()
            },
            named: |text| Ok(named::<W>(text)?.map(|plan| Box::new(plan) as Found)),
            continued: |content| {
                Ok(Box::new(continued::<W>(export::from_json(
                    content,
                    usize::MAX,
                )?)))
            },
        }
    }
}

fn named<W: Linked>(text: &str) -> Result<Option<Plan<W>>, Failure> {
    if let Some(scenario) = W::named(text) {
        return Ok(Some(Plan::known(W::known(&scenario))));
    }
    if !Permalink::<W>::is_one(text) {
        return Ok(None);
    }
    let link = Permalink::<W>::parse(text);
    let link = link.map_err(|error| Failure::usage(ARGUMENT, error))?;
    caveat(link.caveat());
    let (title, until) = (link.title(), link.until());
    Ok(Some(Plan::of(title, link.setup, link.seed, until)))
}

fn continued<W: Linked>(imported: Imported<W>) -> Plan<W> {
    caveat(behaviour::caveat(imported.behaviour));
    let history = imported.history;
    let mut setup = history.setup().clone();
    let scenario = W::scenario_of(&setup);
    let title = scenario.map_or(W::TITLE, |scenario| W::known(&scenario).title);
    W::plan_for(&mut setup, history.actions().to_vec());
    let mut plan = Plan::of(title, setup, history.seed(), history.now());
    plan.exported = Some(history);
    plan
}

impl<W: World> Plan<W> {
    /// A run of a set-up to a time.
    pub(super) const fn of(
        title: &'static str,
        setup: W::Setup,
        seed: u64,
        until: Instant,
    ) -> Self {
        Self {
            title,
            seed,
            until,
            setup,
            exported: None,
        }
    }

    /// A run of a scenario to its end.
    fn known(known: Known<'_, W::Setup>) -> Self {
        Self::of(known.title, known.setup.clone(), known.seed, known.until)
    }
}

impl<W: Judging> Runnable for Plan<W> {
    fn title(&self) -> &str {
        self.title
    }

    fn until(&self) -> Instant {
        self.until
    }

    fn is_exported(&self) -> bool {
        self.exported.is_some()
    }

    fn reseed(&mut self, seed: u64) {
        self.seed = seed;
    }

    fn export(&self) -> Result<String, Failure> {
        if let Some(history) = &self.exported {
            return Ok(export::write(history));
        }
        let history = History::<W>::new(self.setup.clone(), self.seed);
        let mut history = history.map_err(|error| Failure::usage(ARGUMENT, error))?;
        history.advance_to(self.until);
        Ok(export::write(&history))
    }

    fn execute(self: Box<Self>, charted: bool) -> Result<(Answer, Option<String>), Failure> {
        let mut run = Run::<W>::begin(&Arc::new(self.setup), self.seed)
            .map_err(|error| Failure::usage(ARGUMENT, error))?;
        let mut all = Vec::new();
        loop {
            let entries = run.take_trace();
            if charted {
                all.extend(entries);
            }
            if !run.step_until(self.until) {
                break;
            }
        }
        let answer = Answer {
            digest: HEXLOWER.encode(&run.world().trace_digest()),
            events: run.world().events(),
            violations: Vec::new(),
            judged: W::judge(run.world()),
        };
        let trace = charted.then(|| chrome::write(run.world(), &all));
        Ok((answer, trace))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Checks what holds of every world: a scenario and a link run to the digest of the page's history, an exported run goes on to the
    /// moment that it shows and has its title and chart, and what is of another world is left to that.
    fn holds<W: Linked + Judging>(link: &str, shown: &History<W>, track: &str) {
        let digest = |world: &W| HEXLOWER.encode(&world.trace_digest());
        let run = |plan: Plan<W>| Box::new(plan).execute(true).unwrap();
        let (answer, trace) = run(named::<W>(link).unwrap().unwrap());
        assert_eq!(answer.digest, digest(shown.world()), "{link}");
        assert_eq!(answer.events, shown.world().events());
        let trace: Value = serde_json::from_str(&trace.unwrap()).unwrap();
        let mut events = trace["traceEvents"].as_array().unwrap().iter();
        assert!(
            events.any(|event| event["args"]["name"] == track),
            "{track}"
        );
        for scenario in W::scenarios() {
            let known = W::known(&scenario);
            let (name, plan) = (known.name, Plan::<W>::known(known));
            let mut history = History::<W>::new(plan.setup.clone(), plan.seed).unwrap();
            let moment = Instant::from_micros(plan.until.as_micros() / 2);
            history.advance_to(moment);
            let text = export::write(&history);
            let again = continued::<W>(export::read(&text).unwrap());
            assert!(again.is_exported() && !plan.is_exported());
            assert_eq!((again.until, again.seed), (moment, plan.seed));
            assert_eq!(again.export().unwrap(), text, "{name}");
            let again_title = again.title;
            let (answer, _) = run(again);
            assert_eq!(answer.digest, digest(history.world()), "{name}");
            assert_eq!(named::<W>(name).unwrap().unwrap().title, plan.title);
            assert_eq!(again_title, plan.title);
        }
        for text in ["lesson-26", "s=sixteen", "#/ring?s=lesson-26", "nothing"] {
            assert!(named::<W>(text).unwrap().is_none(), "{text}");
        }
        let (page, _) = link.split_once("s=").unwrap();
        assert!(named::<W>(&format!("{page}s=nothing")).is_err());
    }

    #[test]
    fn a_set_up_that_is_written_out_is_found_by_its_world_alone() {
        let links = [
            "v=5&len=200000&slots=2&clients=2x20000,-&t=5",
            "v=5&peers=5,900&k=4&t=5",
            "v=5&systems=one&clients=Anna@1;Ben@9&names=book&t=5",
            "v=5&members=32&names=40&reliable=5!&latency=60&t=5",
        ];
        for (place, link) in links.iter().enumerate() {
            let page = ["swarm", "directory", "cap", "fallacies"][place];
            for text in [
                link.to_string(),
                format!("http://127.0.0.1:7340/#/{page}?{link}"),
            ] {
                let found = WORLDS.map(|world| (world.named)(&text).unwrap().is_some());
                let expected = std::array::from_fn(|other| other == place);
                assert_eq!(found, expected, "{text}");
            }
        }
    }

    #[test]
    fn each_world_runs_by_name_link_and_file() {
        use chordscope_sim::worlds::{consistency, directory, fallacies, swarm};
        let link =
            "https://example.org/#/swarm?v=5&s=eight-clients&seed=3&do=1500000:leave,2&t=2750000";
        let shown = swarm::permalink::Permalink::parse(link).unwrap();
        holds(link, &shown.open().unwrap(), "client 8");
        let link = "https://example.org/#/directory?v=5&s=tracker-goes&seed=3&do=1500000:out,directory&t=2750000";
        let shown = directory::permalink::Permalink::parse(link).unwrap();
        holds(link, &shown.open().unwrap(), "peer 24");
        let link = "https://example.org/#/cap?v=5&s=last-copy&seed=3&t=9750000";
        let shown = consistency::permalink::Permalink::parse(link).unwrap();
        holds(link, &shown.open().unwrap(), "quorum Anna");
        let link =
            "https://example.org/#/fallacies?v=5&s=liars&seed=3&do=1500000:crash,2&t=2750000";
        let shown = fallacies::permalink::Permalink::parse(link).unwrap();
        holds(link, &shown.open().unwrap(), "peer 4");
    }
}
