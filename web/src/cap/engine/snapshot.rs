//! All that the panels need of one moment.

use std::rc::Rc;

use chordscope_sim::checks::history::{Value, Version};
use chordscope_sim::checks::judge;
use chordscope_sim::worlds::consistency::scenario::Scenario;
use chordscope_sim::worlds::consistency::setup::System;
use chordscope_sim::worlds::consistency::view::SideView;

use crate::cap::engine::caption::Caption;
use crate::cap::engine::command::{Lever, Over};
use crate::cap::engine::predict::Guess;
use crate::cap::engine::statement::{Asks, Came, Judged, Statement};
use crate::player::{self, Address, Pictured, Refused, TimeView};

/// The page at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Time.
    pub time: Rc<TimeView>,
    /// The caption.
    pub caption: Caption,
    /// The scenarios that can be shown.
    pub scenarios: Rc<Vec<Scenario>>,
    /// The one that is shown, by its place among them.
    pub scenario: Option<usize>,
    /// Its goals, and whether the run came to each.
    pub goals: Vec<(Statement, bool)>,
    /// The clients: the name, and the node that each calls.
    pub clients: Vec<(String, String)>,
    /// The client that calls.
    pub client: u8,
    /// The names that can be called.
    pub names: Vec<String>,
    /// The name that is called and shown.
    pub name: u8,
    /// The nodes, in ascending order of their ids.
    pub nodes: Vec<NodeView>,
    /// In a ring: the key of the name, and its place on the circle, in turns.
    pub key: Option<(String, f64)>,
    /// The levels that are shown.
    pub lever: Lever,
    /// Whether both levels of the ring's store run.
    pub is_both: bool,
    /// The systems that are shown.
    pub sides: Vec<SideShot>,
    /// The cuts so far: when each began, and when it healed.
    pub cuts: Vec<(u64, Option<u64>)>,
    /// The stretch of time that the histories show, in microseconds.
    pub window: (u64, u64),
    /// The operation that is selected.
    pub selected: Option<Value>,
    /// Whether the operation that is selected can be called again.
    pub can_retry: bool,
    /// The thing under the pointer.
    pub hovered: Option<Over>,
    /// The hint about that.
    pub hint: Vec<Statement>,
    /// The outcome of the operation that is selected, in each system that is shown.
    pub said: Vec<Statement>,
    /// The repair after the last cut: agreement, conflicts, refunds.
    pub repair: Vec<Statement>,
    /// The words of BASE, each with a fact of the run.
    pub base: Vec<(&'static str, Statement)>,
    /// The words of ACID, each with a fact of the run.
    pub acid: Vec<(&'static str, Statement)>,
    /// Whether the user wants to be asked.
    pub is_asking: bool,
    /// The call that waits for a guess.
    pub question: Option<Question>,
    /// The last guesses beside what came.
    pub predicted: Vec<Statement>,
    /// The log, oldest first.
    pub events: Vec<EventRow>,
    /// The digest of all that happened so far, in hexadecimal: the same run has the same digest everywhere.
    pub digest: String,
    /// Why the last command was refused, or what to know of the link that was followed.
    pub refused: Option<Refused>,
    /// The query of a link to the run, which the user began last.
    pub address: Option<Address>,
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

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeView {
    /// Its id as text.
    pub id: String,
    /// Its place on the circle, in turns.
    pub turn: f64,
    /// Whether it is up.
    pub is_up: bool,
    /// Whether it is cut off from the others.
    pub is_cut: bool,
    /// Whether it is marked for the next cut.
    pub is_marked: bool,
    /// The clients that call it.
    pub clients: Vec<String>,
}

/// A system that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideShot {
    /// The moment.
    pub view: SideView,
    /// The operations, as they are told.
    pub operations: Vec<OperationView>,
    /// The replicas of the group over time.
    pub lanes: Vec<Lane>,
    /// Messages about records on their way.
    pub flights: Vec<Flight>,
    /// The judgement in words.
    pub judgement: Vec<Statement>,
    /// Calls that returned before any cut or after it, and those that were called or returned during one.
    pub calm: Share,
    /// Those.
    pub cut: Share,
}

/// Whether one register explains the answers of a system. Without an answer there is nothing to explain, and nothing is praised for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Nothing was called.
    NoCall,
    /// Nothing was answered.
    NoAnswer,
    /// An order of the calls explains all answers.
    Found,
    /// No order does.
    Missing,
    /// The search was given up.
    NotKnown,
}

impl Order {
    /// Whether the answers are linearizable, in a word or two for a table.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoCall => "no calls yet",
            Self::NoAnswer => "no answer yet",
            Self::Found => "yes",
            Self::Missing => "no",
            Self::NotKnown => "not known",
        }
    }
}

impl SideShot {
    /// Whether one register explains the answers so far.
    pub const fn order(&self) -> Order {
        let tally = &self.view.tally;
        match &self.view.judgement {
            judge::Verdict::Linearizable(_) if tally.called == 0 => Order::NoCall,
            judge::Verdict::Linearizable(_) if tally.answered == 0 => Order::NoAnswer,
            judge::Verdict::Linearizable(_) => Order::Found,
            judge::Verdict::Contradiction { .. } => Order::Missing,
            judge::Verdict::GaveUp => Order::NotKnown,
        }
    }
}

/// Calls of a sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Those that have returned.
    pub returned: u32,
    /// Those with an answer.
    pub answered: u32,
    /// Those whose answer is fresh.
    pub fresh: u32,
}

/// An operation, as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationView {
    /// Its number.
    pub number: Value,
    /// Its client.
    pub client: u8,
    /// The client's name.
    pub name: String,
    /// The request.
    pub deed: Asks,
    /// The outcome; `None` while it is in flight.
    pub came: Option<Came>,
    /// The verdict; `None` while it is in flight.
    pub verdict: Option<Judged>,
    /// The time of the call, in microseconds.
    pub called: u64,
    /// The time of the return.
    pub returned: Option<u64>,
}

/// The replica of a node over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// The place of the node.
    pub node: usize,
    /// From when on it keeps which version, with its value; oldest first.
    pub steps: Vec<Kept>,
}

/// A version with its value, kept from a moment on; `None` for nothing.
pub type Kept = (u64, Option<(Version, String)>);

/// A message on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flight {
    /// Its number.
    pub number: u64,
    /// The place of the sender.
    pub from: usize,
    /// The place of the receiver.
    pub to: usize,
    /// The thousandths of its way that are behind it.
    pub share: u16,
    /// Whether the cut lies between the two.
    pub is_cut: bool,
}

/// A call that waits for a guess.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The number of the operation.
    pub number: Value,
    /// The call.
    pub call: Statement,
    /// The systems whose answers are guessed.
    pub systems: Vec<System>,
    /// The guesses among which the user chooses.
    pub choices: Vec<Guess>,
}

/// A line of the log.
pub type EventRow = player::EventRow<Statement>;
