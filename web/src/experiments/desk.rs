//! The state of the page of experiments: its controls, and the last run with its rows.

use std::rc::Rc;

use chordscope_sim::experiment::plan::{Experiment, Plan};
use chordscope_sim::experiment::table::Row;
use yew::Reducible;

use crate::experiments::link::Asked;
use crate::experiments::talk::Report;
use crate::experiments::words;

/// A control that can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Which experiment.
    Experiment,
    /// The number of nodes.
    Nodes,
    /// The seed.
    Seed,
}

/// The state of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// The worker is being loaded.
    Starting,
    /// The part that is done, from 0 to 1.
    Running(f64),
    /// All rows are there.
    Done,
    /// The user has ended it when this part was done.
    Cancelled(f64),
    /// The worker has ended by itself.
    Failed,
}

/// A run, and what it has come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The experiment.
    pub plan: Plan,
    /// The rows so far.
    pub rows: Vec<Row>,
    /// The state of its run.
    pub state: State,
    /// When it began, on the page's clock in milliseconds.
    pub begun: f64,
    /// When it was heard of last.
    pub heard: f64,
}

impl Run {
    /// Whether it goes on.
    pub const fn goes_on(&self) -> bool {
        matches!(self.state, State::Starting | State::Running(_))
    }

    /// The part that is done, from 0 to 1; `None` before anything is.
    pub const fn part(&self) -> Option<f64> {
        match self.state {
            State::Starting | State::Failed => None,
            State::Running(part) | State::Cancelled(part) => Some(part),
            State::Done => Some(1.0),
        }
    }
}

/// The controls and the last run.
#[derive(Clone, Debug, PartialEq)]
pub struct Desk {
    /// The chosen experiment.
    pub experiment: Experiment,
    /// Whether another number of nodes than the usual one is asked for.
    pub own_size: bool,
    /// That number, as typed.
    pub nodes: String,
    /// The seed, as typed.
    pub seed: String,
    /// Whether nodes go without a word.
    pub crash: bool,
    /// The parameter that is wrong, and the reason.
    pub error: Option<(Field, String)>,
    /// The last run.
    pub run: Option<Run>,
}

/// A change of the state.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Everything as an address asks for it.
    Asked(Asked),
    /// Another experiment.
    Choose(Experiment),
    /// The usual number of nodes, or one's own.
    OwnSize(bool),
    /// A field's text.
    Typed(Field, String),
    /// Whether nodes go without a word.
    Crash(bool),
    /// The parameter that is wrong, and the reason.
    Wrong(Field, String),
    /// A run begins, at this time.
    Begin(Plan, f64),
    /// The worker told something, at this time.
    Heard(Report, f64),
    /// The worker has ended by itself.
    Stopped,
    /// The user has ended the run.
    Cancel,
}

impl Desk {
    /// The desk of an address.
    pub fn of(asked: Asked) -> Self {
        let usual = Plan::of(Experiment::PathLength);
        let mut desk = Self {
            experiment: usual.experiment,
            own_size: false,
            nodes: words::example(usual.experiment).to_string(),
            seed: usual.seed.to_string(),
            crash: false,
            error: None,
            run: None,
        };
        desk.take(asked);
        desk
    }

    fn take(&mut self, asked: Asked) {
        self.error = None;
        if let Some(name) = asked.experiment {
            match Experiment::named(&name) {
                Some(experiment) => self.choose(experiment),
                None => self.error = Some((Field::Experiment, words::no_experiment(&name))),
            }
        }
        if let Some(seed) = asked.seed {
            self.seed = seed;
        }
        self.own_size = asked.nodes.is_some();
        if let Some(nodes) = asked.nodes {
            self.nodes = nodes;
        }
        self.crash = asked.crash;
        if self.error.is_none() {
            self.error = self.plan().err();
        }
    }

    fn choose(&mut self, experiment: Experiment) {
        if self.experiment != experiment {
            self.experiment = experiment;
            // Another experiment may not take as many.
            self.own_size = false;
            self.nodes = words::example(experiment).to_string();
        }
    }

    /// The plan that the controls stand for.
    ///
    /// # Errors
    ///
    /// The control that is wrong, with a sentence for the user.
    pub fn plan(&self) -> Result<Plan, (Field, String)> {
        let nodes = match self.own_size {
            true => {
                let number = words::number(&self.nodes);
                let fits = number.and_then(|number| u32::try_from(number).ok());
                let fits = fits.filter(|nodes| self.experiment.nodes().contains(nodes));
                let wrong = || (Field::Nodes, words::no_nodes(self.experiment, &self.nodes));
                Some(fits.ok_or_else(wrong)?)
            }
            false => None,
        };
        let wrong = || (Field::Seed, words::no_seed(&self.seed));
        Ok(Plan {
            experiment: self.experiment,
            seed: words::number(&self.seed).ok_or_else(wrong)?,
            nodes,
            crash: self.crash && self.experiment == Experiment::Churn,
        })
    }

    /// The plan whose figures are shown: that of a run that goes on, otherwise that of the controls; while these are wrong, the last one.
    pub fn shown(&self) -> Plan {
        let last = self.run.as_ref();
        match (last, self.plan()) {
            (Some(run), _) if run.goes_on() => run.plan,
            (_, Ok(plan)) => plan,
            (Some(run), Err(_)) => run.plan,
            (None, Err(_)) => Plan::of(self.experiment),
        }
    }

    /// The run of the plan that is shown, if there was one.
    pub fn shown_run(&self) -> Option<&Run> {
        let shown = self.shown();
        self.run.as_ref().filter(|run| run.plan == shown)
    }

    /// Whether a run goes on.
    pub fn is_running(&self) -> bool {
        self.run.as_ref().is_some_and(Run::goes_on)
    }

    fn hear(&mut self, report: Report, now: f64) {
        let Some(run) = self.run.as_mut().filter(|run| run.goes_on()) else {
            return;
        };
        run.heard = now;
        match report {
            Report::Ready => run.state = State::Running(0.0),
            Report::Part(part) => run.state = State::Running(part),
            Report::Row(row) => run.rows.push(row),
            Report::Done => run.state = State::Done,
            Report::NoPlan => run.state = State::Failed,
        }
    }
}

impl Reducible for Desk {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut desk = Rc::unwrap_or_clone(self);
        match action {
            Action::Asked(asked) => desk.take(asked),
            Action::Choose(experiment) => {
                desk.error = None;
                desk.choose(experiment);
            }
            Action::OwnSize(own) => {
                desk.error = None;
                desk.own_size = own;
            }
            Action::Typed(field, text) => {
                desk.error = None;
                match field {
                    Field::Nodes => desk.nodes = text,
                    Field::Seed => desk.seed = text,
                    Field::Experiment => {}
                }
            }
            Action::Crash(crash) => desk.crash = crash,
            Action::Wrong(field, text) => desk.error = Some((field, text)),
            Action::Begin(plan, now) => {
                desk.error = None;
                desk.run = Some(Run {
                    plan,
                    rows: Vec::new(),
                    state: State::Starting,
                    begun: now,
                    heard: now,
                });
            }
            Action::Heard(report, now) => desk.hear(report, now),
            Action::Stopped => desk.hear(Report::NoPlan, 0.0),
            Action::Cancel => {
                if let Some(run) = desk.run.as_mut().filter(|run| run.goes_on()) {
                    run.state = State::Cancelled(run.part().unwrap_or(0.0));
                }
            }
        }
        Rc::new(desk)
    }
}

#[cfg(test)]
mod tests {
    use chordscope_sim::experiment::path_length;

    use super::*;
    use crate::experiments::link;

    fn desk(query: &str) -> Desk {
        Desk::of(link::read(query))
    }

    fn after(desk: Desk, actions: impl IntoIterator<Item = Action>) -> Desk {
        let start = Rc::new(desk);
        let end = actions
            .into_iter()
            .fold(start, |desk, action| desk.reduce(action));
        Rc::unwrap_or_clone(end)
    }

    #[test]
    fn an_address_fills_the_controls_in() {
        let desk = desk("e=churn&seed=9&nodes=50&crash&run");
        let plan = desk.plan().unwrap();
        assert_eq!(
            link::write(&plan, true),
            "e=churn&seed=9&nodes=50&crash&run"
        );
        assert_eq!(desk.error, None);
    }

    #[test]
    fn what_is_wrong_in_an_address_or_a_field_is_said_where_it_is() {
        let wrong = |query| desk(query).error.unwrap();
        let (field, text) = wrong("e=lord");
        assert_eq!(field, Field::Experiment);
        assert!(text.contains("“lord”"), "{text}");
        let (field, text) = wrong("e=swarm&nodes=257");
        assert_eq!(field, Field::Nodes);
        assert!(text.contains("“257”") && text.contains("256"), "{text}");
        let (field, text) = wrong("seed=1.5");
        assert_eq!(field, Field::Seed);
        assert!(text.contains("“1.5”"), "{text}");
        let typed = after(
            desk(""),
            [
                Action::OwnSize(true),
                Action::Typed(Field::Nodes, "none".to_owned()),
            ],
        );
        assert_eq!(typed.plan().unwrap_err().0, Field::Nodes);
        let choose = after(typed, [Action::Choose(Experiment::Swarm)]);
        assert!(choose.plan().is_ok(), "another experiment begins afresh");
    }

    #[test]
    fn figures_are_shown_for_as_long_as_the_controls_ask_for_them() {
        let plan = Plan::of(Experiment::PathLength);
        let row = Row::from(path_length::PAPER[0]);
        let begun = after(
            desk(""),
            [
                Action::Begin(plan, 5.0),
                Action::Heard(Report::Ready, 6.0),
                Action::Heard(Report::Row(row), 7.0),
                Action::Heard(Report::Part(0.5), 8.0),
            ],
        );
        // While it runs, it is shown, whatever the controls say.
        let other = after(begun.clone(), [Action::Choose(Experiment::Load)]);
        assert_eq!(other.shown(), plan);
        assert_eq!(other.shown_run().and_then(Run::part), Some(0.5));
        let done = after(begun, [Action::Heard(Report::Done, 9.0)]);
        assert_eq!(done.shown_run().unwrap().rows.len(), 1);
        let other = after(done, [Action::Typed(Field::Seed, "2".to_owned())]);
        assert!(other.shown_run().is_none());
        let again = after(other, [Action::Typed(Field::Seed, "1".to_owned())]);
        assert!(again.shown_run().is_some());
    }

    #[test]
    fn a_run_that_has_ended_hears_nothing_more() {
        let plan = Plan::of(Experiment::Load);
        let begun = [
            Action::Begin(plan, 0.0),
            Action::Heard(Report::Part(0.25), 1.0),
        ];
        let cancelled = after(desk("e=load"), begun.into_iter().chain([Action::Cancel]));
        let late = after(
            cancelled,
            [Action::Heard(Report::Done, 2.0), Action::Stopped],
        );
        assert_eq!(late.run.unwrap().state, State::Cancelled(0.25));
    }
}
