//! All that the panels need of one moment.

use std::rc::Rc;

use chordscope_sim::worlds::swarm::scenario::Scenario;
use chordscope_sim::worlds::swarm::view::Moment;

use crate::player::TimeView;
use crate::swarm::engine::caption::Caption;
use crate::swarm::engine::command::Over;
use crate::swarm::engine::levers::Levers;
use crate::swarm::engine::statement::Statement;

/// The page at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The swarm.
    pub moment: Moment,
    /// Time.
    pub time: Rc<TimeView>,
    /// The caption.
    pub caption: Caption,
    /// The settings that this run began with; of a scenario, as far as settings can say it.
    pub levers: Levers,
    /// The scenarios that can be shown.
    pub scenarios: Rc<Vec<Scenario>>,
    /// The one that is shown, by its place among them.
    pub scenario: Option<usize>,
    /// The client that is selected.
    pub selected: Option<Selected>,
    /// The thing under the pointer.
    pub hovered: Option<Over>,
    /// The hint about that.
    pub hint: Vec<Statement>,
    /// The stage in sentences.
    pub picture: Vec<Statement>,
    /// The log, oldest first.
    pub events: Vec<EventRow>,
    /// The reason why the last command was refused.
    pub refused: Option<String>,
}

/// The client that is selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// Its number.
    pub number: u64,
    /// The segments that it has.
    pub has: Statement,
    /// The limit of its speed, if there can be any.
    pub limit: Option<Statement>,
    /// The members that have a slot for it.
    pub slots: Vec<u64>,
    /// The members that choke it.
    pub choked_by: Vec<u64>,
    /// The members that it has a slot for.
    pub gives_to: Vec<u64>,
    /// The segments that it lacks, rarest first.
    pub lacks: Vec<Lack>,
}

/// A segment that a client lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// The segment.
    pub segment: u32,
    /// The clients that have it.
    pub copies: u32,
    /// The members that it knows, that have it, and that do not choke it.
    pub open: Vec<u64>,
    /// The members that it knows and that have it, but choke it.
    pub closed: Vec<u64>,
    /// Whether it was asked for.
    pub asked: bool,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// Its number in the trace.
    pub index: u64,
    /// The time, in microseconds.
    pub at: u64,
    /// The event.
    pub what: Statement,
}
