//! The run of a world that is no ring, as the command asks for it: of a scenario, of a permalink, or of an exported run.

use std::sync::Arc;

use chordscope_core::base::time::Instant;
use chordscope_sim::engine::World;
use chordscope_sim::engine::chrome::{self, Charted};
use chordscope_sim::engine::history::History;
use chordscope_sim::engine::history::export::{self, Imported, Portable};
use chordscope_sim::engine::run::Run;
use data_encoding::HEXLOWER;

use super::{ARGUMENT, Answer, caveat};
use crate::failure::Failure;

/// The run of a world that the command asks for.
#[derive(Debug)]
pub(super) struct Plan<W: World> {
    pub(super) title: String,
    pub(super) seed: u64,
    pub(super) until: Instant,
    pub(super) setup: W::Setup,
    /// The history of an exported run.
    pub(super) exported: Option<History<W>>,
}

impl<W: Portable + Charted> Plan<W> {
    /// The run of a set-up that was not exported.
    pub(super) fn new(title: &str, seed: u64, until: Instant, setup: W::Setup) -> Self {
        Self {
            title: title.to_string(),
            seed,
            until,
            setup,
            exported: None,
        }
    }

    /// The branch of an exported run that is shown, to the moment that is shown.
    pub(super) fn continued(title: &str, imported: Imported<W>) -> Self
    where
        W::Setup: Clone,
    {
        let Imported { history, behaviour } = imported;
        caveat(chordscope_sim::engine::behaviour::caveat(behaviour));
        let mut setup = history.setup().clone();
        W::set_plan(&mut setup, history.actions().to_vec());
        Self {
            title: title.to_string(),
            seed: history.seed(),
            until: history.now(),
            setup,
            exported: Some(history),
        }
    }

    /// Whether it is an exported run, which has the seed that it was recorded with.
    pub(super) const fn is_exported(&self) -> bool {
        self.exported.is_some()
    }

    /// The run as the page exports it, at its end.
    pub(super) fn export(&self) -> Result<String, Failure>
    where
        W::Setup: Clone,
    {
        if let Some(history) = &self.exported {
            return Ok(export::write(history));
        }
        let history = History::<W>::new(self.setup.clone(), self.seed);
        let mut history = history.map_err(|error| Failure::usage(ARGUMENT, error))?;
        history.advance_to(self.until);
        Ok(export::write(&history))
    }

    /// Runs it; with a chart of time where that is wanted.
    pub(super) fn execute(self, charted: bool) -> Result<(Answer, Option<String>), Failure> {
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
        };
        let trace = charted.then(|| chrome::write(run.world(), &all));
        Ok((answer, trace))
    }
}
