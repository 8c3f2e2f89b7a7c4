//! All that the panels need of one moment.

use std::rc::Rc;

use chordscope_sim::worlds::swarm::comparison::Contender;
use chordscope_sim::worlds::swarm::scenario::Scenario;
use chordscope_sim::worlds::swarm::view::Moment;

use crate::player::{self, Address, Pictured, Refused, TimeView};
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
    /// One server, a content delivery network and a swarm, in lockstep with the run.
    pub ways: Option<WaysView>,
    /// The goals of the scenario, while its own settings are played.
    pub goals: Vec<GoalRow>,
    /// The digest of all that happened so far, in hexadecimal: the same run has the same digest everywhere.
    pub digest: String,
    /// Why the last command was refused, or what to know of the link that was followed.
    pub refused: Option<Refused>,
    /// The query of a link to the run, which the user began last.
    pub address: Option<Address>,
}

/// The three ways to serve everyone, without what the user did in the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaysView {
    /// The moment that they have come to, in microseconds: that of the run, or one before it.
    pub at: u64,
    /// One server, the network, the swarm.
    pub ways: [WayView; 3],
    /// The time to serve everyone, by the number of clients.
    pub rows: Vec<RunRow>,
}

/// A way to serve everyone, at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WayView {
    /// The way.
    pub way: Contender,
    /// The share that the clients have of all that they want, in thousandths.
    pub served: u16,
    /// Copies that the first seed has sent since the start, in hundredths.
    pub hundredths: u64,
    /// Copies that proxies had before the start.
    pub ahead: u8,
    /// The time at which the last client had the file, in microseconds.
    pub finished: Option<u64>,
    /// The share of the file that each client has, in thousandths.
    pub clients: Vec<u64>,
}

/// The time to serve so many clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow {
    /// Their number.
    pub clients: u64,
    /// Whether the run that is shown has so many.
    pub is_this: bool,
    /// The time by each way, in microseconds; `None` where it has not ended.
    pub took: [Option<u64>; 3],
    /// Whether these runs are over.
    pub is_over: bool,
    /// The least time that one server takes, by theory.
    pub server: Option<u64>,
    /// The least time that a swarm takes, by theory.
    pub swarm: Option<u64>,
}

/// A goal of the scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoalRow {
    /// The goal.
    pub goal: Statement,
    /// The time at which the run had come to it, in microseconds.
    pub met: Option<u64>,
}

impl Pictured for Snapshot {
    fn time(&self) -> &TimeView {
        &self.time
    }

    fn refused(&self) -> Option<&Refused> {
        self.refused.as_ref()
    }

    fn address(&self) -> Option<&Address> {
        self.address.as_ref()
    }
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
pub type EventRow = player::EventRow<Statement>;

impl WaysView {
    /// The three in a sentence.
    pub fn statement(&self) -> Statement {
        Statement::Ways {
            at: self.at,
            percent: self.ways.each_ref().map(|way| u64::from(way.served) / 10),
        }
    }
}
