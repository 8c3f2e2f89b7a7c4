//! The world of consistency: the same calls to several systems that keep a few names, in lockstep on one clock and one seed.
//!
//! A system is the ring's own replicated store at one of its levels, run by the core's nodes, or a step of the build-up towards it. Each
//! has a network of its own with the same latencies, partitions and crashes. Its clients' operations are a history, on which verdicts and
//! a judge know nothing but calls and returns.

pub mod action;
pub mod judgement;
pub mod network;
pub mod permalink;
pub mod scenario;
pub mod setup;
pub mod shop;
pub mod side;
pub mod text;
pub mod trace;
pub mod view;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::engine::chrome::{Charted, Mark};
use crate::engine::malformed::Malformed;
use crate::engine::trace::{Entry, Trace};
use crate::engine::{Timed, World, history, run};
use crate::worlds::consistency::action::{Action, Refusal};
use crate::worlds::consistency::setup::{Setup, System};
use crate::worlds::consistency::side::Side;
use crate::worlds::consistency::trace::What;
use chordscope_core::base::digest::Digest;
use chordscope_core::base::time::Instant;
use data_encoding::HEXLOWER;

/// A history of a world of consistency.
pub type History = history::History<ConsistencyWorld>;
/// A run of a world of consistency.
pub type Run = run::Run<ConsistencyWorld>;

/// A world of consistency. A clone is a checkpoint.
#[derive(Clone, Debug)]
pub struct ConsistencyWorld {
    setup: Arc<Setup>,
    now: Instant,
    sides: Vec<Side>,
    trace: Trace<What>,
    digest: Digest,
    /// Empty between steps: what has happened, and its bytes for the digest.
    notes: Vec<What>,
    writing: Vec<u8>,
}

impl ConsistencyWorld {
    /// The set-up.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The systems, in the order of the set-up.
    pub fn sides(&self) -> &[Side] {
        &self.sides
    }

    /// The system of this kind.
    pub fn side(&self, system: System) -> Option<&Side> {
        self.sides.iter().find(|side| side.system() == system)
    }

    /// The digest of all that has happened so far, as 64 hexadecimal digits.
    pub fn digest(&self) -> String {
        HEXLOWER.encode(&self.digest.finish())
    }

    /// Writes the notes into digest and trace.
    fn record(&mut self) {
        for what in core::mem::take(&mut self.notes) {
            self.writing.extend(self.now.as_micros().to_le_bytes());
            what.encode(&mut self.writing);
            self.digest.absorb(&self.writing);
            self.writing.clear();
            if what.is_entry() {
                self.trace.record(self.now, None, what);
            }
        }
    }
}

impl World for ConsistencyWorld {
    type Setup = Setup;
    type Action = Action;
    type Refusal = Refusal;
    type What = What;

    fn begin(setup: &Arc<Setup>, seed: u64) -> Result<Self, Malformed> {
        setup.check()?;
        let sides = setup.systems.iter();
        let sides = sides.map(|system| Side::new(setup, *system, seed));
        Ok(Self {
            setup: Arc::clone(setup),
            now: Instant::ZERO,
            sides: sides.collect::<Result<_, _>>()?,
            trace: Trace::default(),
            digest: Digest::new("chordscope v1 consistency trace"),
            notes: Vec::new(),
            writing: Vec::new(),
        })
    }

    fn plan(setup: &Setup) -> &[Timed<Action>] {
        &setup.actions
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn next_at(&self) -> Option<Instant> {
        self.sides.iter().filter_map(Side::next_at).min()
    }

    fn step_until(&mut self, end: Instant) -> bool {
        let Some(at) = self.next_at().filter(|at| *at <= end) else {
            return false;
        };
        self.now = self.now.max(at);
        let mut sides = self.sides.iter_mut();
        if let Some(side) = sides.find(|side| side.next_at() == Some(at)) {
            side.step_until(at, &mut self.notes);
        }
        self.record();
        true
    }

    fn rest_until(&mut self, to: Instant) {
        self.now = self.now.max(to);
        for side in &mut self.sides {
            side.rest_until(to);
        }
    }

    fn act(&mut self, action: Action) -> Result<(), Refusal> {
        action.check(&self.setup)?;
        match &action {
            // Each system has messages of its own: it is enough that one has one on its way.
            Action::LoseMessage => {
                let mut checked = self.sides.iter().map(|side| side.check(&action));
                checked
                    .find(Result::is_ok)
                    .unwrap_or(Err(Refusal::NoMessage))?;
            }
            _ => self.sides.iter().try_for_each(|side| side.check(&action))?,
        }
        self.rest_until(self.now);
        self.notes.push(What::Acted(action.clone()));
        for side in &mut self.sides {
            side.act(&action, &mut self.notes);
        }
        self.record();
        Ok(())
    }

    fn take_trace(&mut self) -> Vec<Entry<What>> {
        self.trace.take()
    }

    fn events(&self) -> u64 {
        self.trace.count()
    }

    fn trace_digest(&self) -> [u8; 32] {
        self.digest.finish()
    }

    fn bytes(&self) -> usize {
        size_of::<Self>() + self.sides.iter().map(Side::bytes).sum::<usize>()
    }

    fn is_notable(_: &What) -> bool {
        true
    }

    fn describe(&self, action: &Action) -> String {
        action.describe(&self.setup)
    }
}

impl Charted for ConsistencyWorld {
    fn chart(&self, entry: &Entry<What>) -> Option<Mark> {
        view::chart(self, entry)
    }
}
