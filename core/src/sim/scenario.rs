//! A scenario: nodes, parameters and timed actions, as data (JSON).

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::id::{Id, Space};
use crate::base::time::Instant;
use crate::chord::ideal::IdealRing;
use crate::chord::route::{Mode, Routing};
use crate::node::config::Config;
use crate::sim::action::{Action, Timed};
use crate::sim::network::Latency;
use crate::store::record::Name;

/// The most nodes of a scenario.
pub const MAX_NODES: usize = 10_000;
/// The most actions of a scenario.
pub const MAX_ACTIONS: usize = 10_000;
/// The most records of a scenario.
pub const MAX_RECORDS: usize = 10_000;
/// The longest a scenario may run: a day of virtual time, in milliseconds.
pub const MAX_MILLIS: u64 = 24 * 60 * 60 * 1_000;

/// A checked scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// A short name, for links.
    pub name: String,
    /// What it is called on the page.
    pub title: String,
    /// One line that says what to watch for.
    pub watch: String,
    /// The address space.
    pub space: Space,
    /// The nodes at the start, ascending.
    pub nodes: Vec<Id>,
    /// Names of the records that are there at the start.
    pub records: Vec<Name>,
    /// Length of the successor lists.
    pub successors: u8,
    /// How many nodes keep each record.
    pub copies: u8,
    /// How long messages take.
    pub latency: Latency,
    /// How many messages of a thousand are lost.
    pub loss_per_mille: u16,
    /// How often a node checks its successor, refreshes a finger, compares records; `None` for no upkeep at all.
    pub upkeep: Option<Upkeep>,
    /// The seed that it is meant to be run with.
    pub seed: u64,
    /// How long it runs.
    pub until: Instant,
    /// What happens, in order of time.
    pub actions: Vec<Timed>,
}

/// Intervals of the ring's upkeep, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upkeep {
    /// Between two stabilizations.
    pub stabilize_ms: u32,
    /// Between two finger refreshes.
    pub fingers_ms: u32,
    /// Between two comparisons of records.
    pub repair_ms: u32,
}

impl Default for Upkeep {
    fn default() -> Self {
        Self {
            stabilize_ms: 2_000,
            fingers_ms: 3_000,
            repair_ms: 8_000,
        }
    }
}

impl Scenario {
    /// Reads and checks a scenario.
    ///
    /// # Errors
    /// [`ScenarioError`] says where and why.
    pub fn from_json(text: &str) -> Result<Self, ScenarioError> {
        let file: File =
            serde_json::from_str(text).map_err(|error| ScenarioError::new("", &error))?;
        file.check()
    }

    /// Writes a scenario.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(&File::of(self)).unwrap_or_default()
    }

    /// A plain ring without a story.
    ///
    /// # Errors
    /// [`ScenarioError`] when the nodes make no ring or are too many.
    pub fn plain(space: Space, nodes: Vec<Id>) -> Result<Self, ScenarioError> {
        if nodes.len() > MAX_NODES {
            return Err(ScenarioError::new("nodes", &"at most 10,000 nodes"));
        }
        let ring = IdealRing::new(space, nodes).map_err(|e| ScenarioError::new("nodes", &e))?;
        Ok(Self {
            name: "custom".to_string(),
            title: "Your own ring".to_string(),
            watch: String::new(),
            space,
            nodes: ring.ids().to_vec(),
            records: Vec::new(),
            successors: 2,
            copies: 2,
            latency: Latency::default(),
            loss_per_mille: 0,
            upkeep: Some(Upkeep::default()),
            seed: 1,
            until: Instant::from_millis(20_000),
            actions: Vec::new(),
        })
    }

    /// The choices of every node of the scenario.
    pub fn config(&self) -> Config {
        let every = |pick: fn(&Upkeep) -> u32| {
            let millis = self.upkeep.as_ref().map(pick)?;
            Some(Duration::from_millis(u64::from(millis.max(1))))
        };
        Config {
            space: self.space,
            successors: self.successors,
            copies: self.copies,
            stabilize: every(|upkeep| upkeep.stabilize_ms),
            fingers: every(|upkeep| upkeep.fingers_ms),
            repair: every(|upkeep| upkeep.repair_ms),
            retries: u8::from(self.loss_per_mille > 0),
            ..Config::default()
        }
    }
}

/// An id as JSON has it: a number, or text.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum IdText {
    Number(u64),
    Text(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default = "unnamed")]
    name: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    watch: String,
    bits: u8,
    nodes: Vec<IdText>,
    #[serde(default)]
    records: Vec<String>,
    #[serde(default = "two")]
    successors: u8,
    #[serde(default = "two")]
    copies: u8,
    #[serde(default)]
    latency: Latency,
    #[serde(default)]
    loss_per_mille: u16,
    #[serde(default)]
    upkeep: Option<Upkeep>,
    #[serde(default = "one")]
    seed: u64,
    #[serde(default = "twenty_seconds")]
    until_ms: u64,
    #[serde(default)]
    actions: Vec<TimedText>,
}

fn unnamed() -> String {
    "custom".to_string()
}

const fn one() -> u64 {
    1
}

const fn two() -> u8 {
    2
}

const fn twenty_seconds() -> u64 {
    20_000
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TimedText {
    at_ms: u64,
    #[serde(rename = "do")]
    action: ActionText,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum ActionText {
    Lookup {
        from: IdText,
        key: IdText,
        #[serde(default)]
        routing: Routing,
        #[serde(default)]
        mode: Mode,
    },
    Insert(IdText),
    Remove(IdText),
    Crash(IdText),
    Put {
        from: IdText,
        name: String,
        value: String,
    },
    Get {
        from: IdText,
        name: String,
    },
    Delay {
        message: u64,
        ms: u32,
    },
    Lose(u64),
}

impl File {
    fn check(self) -> Result<Scenario, ScenarioError> {
        let space = Space::new(self.bits).map_err(|e| ScenarioError::new("bits", &e))?;
        let nodes = self
            .nodes
            .iter()
            .enumerate()
            .map(|(at, id)| id.read(space, &format!("nodes[{at}]")))
            .collect::<Result<Vec<_>, _>>()?;
        let plain = Scenario::plain(space, nodes)?;
        let within = |place: &str, value: u64, low: u64, high: u64| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(ScenarioError::new(
                    place,
                    &format!("must be from {low} to {high}"),
                ))
            }
        };
        within("successors", self.successors.into(), 1, 32)?;
        within("copies", self.copies.into(), 1, 32)?;
        within("loss_per_mille", self.loss_per_mille.into(), 0, 1_000)?;
        within("until_ms", self.until_ms, 0, MAX_MILLIS)?;
        within("actions", self.actions.len() as u64, 0, MAX_ACTIONS as u64)?;
        within("records", self.records.len() as u64, 0, MAX_RECORDS as u64)?;
        within(
            "latency",
            self.latency.max().as_millis() as u64,
            0,
            3_600_000,
        )?;
        let records = self
            .records
            .iter()
            .enumerate()
            .map(|(at, name)| {
                Name::new(name.as_str())
                    .map_err(|error| ScenarioError::new(&format!("records[{at}]"), &error))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut actions = Vec::with_capacity(self.actions.len());
        for (at, timed) in self.actions.into_iter().enumerate() {
            let place = format!("actions[{at}]");
            within(&format!("{place}.at_ms"), timed.at_ms, 0, MAX_MILLIS)?;
            actions.push(Timed {
                at: Instant::from_millis(timed.at_ms),
                action: timed.action.read(space, &place)?,
            });
        }
        actions.sort_by_key(|timed| timed.at);
        Ok(Scenario {
            name: self.name,
            title: self.title,
            watch: self.watch,
            records,
            successors: self.successors,
            copies: self.copies,
            latency: self.latency,
            loss_per_mille: self.loss_per_mille,
            upkeep: self.upkeep,
            seed: self.seed,
            until: Instant::from_millis(self.until_ms),
            actions,
            ..plain
        })
    }

    fn of(scenario: &Scenario) -> Self {
        let id = |id: &Id| IdText::of(scenario.space, *id);
        Self {
            name: scenario.name.clone(),
            title: scenario.title.clone(),
            watch: scenario.watch.clone(),
            bits: scenario.space.bits(),
            nodes: scenario.nodes.iter().map(id).collect(),
            records: scenario
                .records
                .iter()
                .map(|name| name.as_str().to_string())
                .collect(),
            successors: scenario.successors,
            copies: scenario.copies,
            latency: scenario.latency,
            loss_per_mille: scenario.loss_per_mille,
            upkeep: scenario.upkeep,
            seed: scenario.seed,
            until_ms: scenario.until.as_millis(),
            actions: scenario
                .actions
                .iter()
                .map(|timed| TimedText {
                    at_ms: timed.at.as_millis(),
                    action: ActionText::of(scenario.space, &timed.action),
                })
                .collect(),
        }
    }
}

impl IdText {
    fn read(&self, space: Space, place: &str) -> Result<Id, ScenarioError> {
        let text = match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        };
        space
            .parse(&text)
            .map_err(|error| ScenarioError::new(place, &error))
    }

    fn of(space: Space, id: Id) -> Self {
        match id.to_u64() {
            Some(number) if space.bits() <= crate::base::id::DECIMAL_BITS => Self::Number(number),
            _ => Self::Text(space.show(id)),
        }
    }
}

impl ActionText {
    fn read(self, space: Space, place: &str) -> Result<Action, ScenarioError> {
        let id = |id: &IdText| id.read(space, place);
        Ok(match self {
            Self::Lookup {
                from,
                key,
                routing,
                mode,
            } => Action::Lookup {
                from: id(&from)?,
                key: id(&key)?,
                routing,
                mode,
            },
            Self::Insert(node) => Action::Insert(id(&node)?),
            Self::Remove(node) => Action::Remove(id(&node)?),
            Self::Crash(node) => Action::Crash(id(&node)?),
            Self::Put { from, name, value } => Action::Put {
                from: id(&from)?,
                name,
                value,
            },
            Self::Get { from, name } => Action::Get {
                from: id(&from)?,
                name,
            },
            Self::Delay { message, ms } => Action::Delay {
                message,
                millis: ms,
            },
            Self::Lose(message) => Action::Lose(message),
        })
    }

    fn of(space: Space, action: &Action) -> Self {
        let id = |id: &Id| IdText::of(space, *id);
        match action {
            Action::Lookup {
                from,
                key,
                routing,
                mode,
            } => Self::Lookup {
                from: id(from),
                key: id(key),
                routing: *routing,
                mode: *mode,
            },
            Action::Insert(node) => Self::Insert(id(node)),
            Action::Remove(node) => Self::Remove(id(node)),
            Action::Crash(node) => Self::Crash(id(node)),
            Action::Put { from, name, value } => Self::Put {
                from: id(from),
                name: name.clone(),
                value: value.clone(),
            },
            Action::Get { from, name } => Self::Get {
                from: id(from),
                name: name.clone(),
            },
            Action::Delay { message, millis } => Self::Delay {
                message: *message,
                ms: *millis,
            },
            Action::Lose(message) => Self::Lose(*message),
        }
    }
}

/// Where a scenario is wrong, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioError {
    /// The field.
    pub place: String,
    /// What is wrong with it.
    pub reason: String,
}

impl ScenarioError {
    pub(super) fn new(place: &str, reason: &dyn fmt::Display) -> Self {
        Self {
            place: place.to_string(),
            reason: reason.to_string(),
        }
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.as_str() {
            "" => f.write_str(&self.reason),
            place => write!(f, "{place}: {}", self.reason),
        }
    }
}

impl core::error::Error for ScenarioError {}
