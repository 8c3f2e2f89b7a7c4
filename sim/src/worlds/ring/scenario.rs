//! A scenario: nodes, parameters and timed actions, as data (JSON).

#[cfg(feature = "scenario-files")]
pub(super) mod file;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use crate::classic::Protocol;
#[cfg(feature = "scenario-files")]
use crate::engine::json::Json;
use crate::engine::malformed::Malformed;
use crate::engine::network::{Bandwidth, Latency, Reorder};
use crate::engine::run::MAX_MILLIS;
use crate::worlds::ring::action::Timed;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::time::Instant;
use chordscope_core::chord::ideal::IdealRing;
use chordscope_core::message::Message;
use chordscope_core::node::config::Config;
use chordscope_core::store::group::part::Quorum;
use chordscope_core::store::record::Name;

/// The most nodes of a scenario.
pub const MAX_NODES: usize = 10_000;
/// The most actions of a scenario.
pub const MAX_ACTIONS: usize = 10_000;
/// The most records of a scenario.
pub const MAX_RECORDS: usize = 10_000;
/// The most bytes of a scenario's JSON.
pub const MAX_JSON: usize = 16 << 20;
/// The most bytes of each text of a scenario: as many as a link carries.
const MAX_TEXT: usize = 8_000;
/// A simulated node looks itself up once in so many stabilizations; at their pace it then heals as a real one does.
const REUNION: u32 = 8;
/// The shortest interval of a ring's upkeep, in milliseconds: with shorter ones hardly anything else happens.
const SHORTEST_UPKEEP: u64 = 100;
/// The slowest line of a node, in bytes a second.
const SLOWEST: u64 = 1_000;
/// A checked scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// A short name, for links.
    pub name: String,
    /// The title on the page.
    pub title: String,
    /// A line that says what to watch for.
    pub watch: String,
    /// The address space.
    pub space: Space,
    /// The nodes at the start, ascending.
    pub nodes: Vec<Id>,
    /// Names of the records that are there at the start.
    pub records: Vec<Name>,
    /// The membership rules of its nodes.
    pub protocol: Protocol,
    /// The length of the successor lists, 1 to 32.
    pub successors: u8,
    /// The number of nodes that a finger chooses from, 1 to 32: itself and those behind it (proximity neighbour selection).
    pub successors_per_finger: u8,
    /// The number of nodes that keep each record, 1 to 32.
    pub copies: u8,
    /// The latency of messages.
    pub latency: Latency,
    /// The number of messages of a thousand that are lost.
    pub loss_per_mille: u16,
    /// The reordering: some messages take longer, so that others overtake them.
    pub reorder: Option<Reorder>,
    /// The bandwidth of each node's line; `None` for without limit.
    pub bandwidth: Option<Bandwidth>,
    /// The periods in which a node checks its successor, refreshes a finger, compares records; `None` for no upkeep at all.
    pub upkeep: Option<Upkeep>,
    /// True if the nodes keep groups for level `quorum`, which puts and gets then use.
    pub quorum: bool,
    /// The seed that it is meant to be run with.
    pub seed: u64,
    /// The time at which it ends.
    pub until: Instant,
    /// The actions, in order of time.
    pub actions: Vec<Timed>,
}

/// Intervals of the ring's upkeep, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upkeep {
    /// The pause between two stabilizations.
    pub stabilize_ms: u32,
    /// The pause between two refreshes of a finger (fix fingers).
    pub fingers_ms: u32,
    /// The pause between two comparisons of records (anti-entropy).
    pub repair_ms: u32,
}

impl Upkeep {
    pub(super) const fn millis(self) -> [u32; 3] {
        [self.stabilize_ms, self.fingers_ms, self.repair_ms]
    }
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
    /// Reads and checks a scenario's JSON.
    ///
    /// # Errors
    /// [`Malformed`] says where and why.
    #[cfg(feature = "scenario-files")]
    pub fn from_json(text: &str) -> Result<Self, Malformed> {
        if text.len() > MAX_JSON {
            return Err(Malformed::new("", &"a scenario has at most 16 MiB"));
        }
        Self::from_tree(Json::parse(text)?)
    }

    /// Reads and checks a scenario that is read as JSON already.
    ///
    /// # Errors
    /// [`Malformed`] says where and why.
    #[cfg(feature = "scenario-files")]
    pub fn from_tree(value: Json) -> Result<Self, Malformed> {
        file::read(value, "")
    }

    /// Writes a scenario as JSON.
    #[cfg(feature = "scenario-files")]
    pub fn to_json(&self) -> String {
        file::write(self).lines()
    }

    /// A plain ring without a story.
    ///
    /// # Errors
    /// [`Malformed`] when the nodes make no ring or are too many.
    pub fn plain(space: Space, nodes: Vec<Id>) -> Result<Self, Malformed> {
        if nodes.len() > MAX_NODES {
            return Err(Malformed::new("nodes", &"at most 10,000 nodes"));
        }
        let ring = IdealRing::new(space, nodes).map_err(|e| Malformed::new("nodes", &e))?;
        Ok(Self {
            name: "custom".to_string(),
            title: "Your own ring".to_string(),
            watch: String::new(),
            space,
            nodes: ring.ids().to_vec(),
            records: Vec::new(),
            protocol: Protocol::Corrected,
            successors: 2,
            successors_per_finger: 1,
            copies: 2,
            latency: Latency::default(),
            loss_per_mille: 0,
            reorder: None,
            bandwidth: None,
            upkeep: Some(Upkeep::default()),
            quorum: false,
            seed: 1,
            until: Instant::from_millis(20_000),
            actions: Vec::new(),
        })
    }

    /// Refuses what no run could bear.
    ///
    /// # Errors
    /// [`Malformed`] names the first field that is out of range.
    pub(super) fn check(self) -> Result<Self, Malformed> {
        let latency = u64::try_from(self.latency.max().as_millis()).unwrap_or(u64::MAX);
        let reorder = self.reorder.map_or((0, 0), |reorder| {
            (reorder.per_mille.into(), reorder.extra_ms.into())
        });
        let upkeep = self.upkeep.map(Upkeep::millis);
        let upkeep = upkeep.into_iter().flatten().min();
        let upkeep = upkeep.map_or(SHORTEST_UPKEEP, u64::from);
        // A line that is slower than this carries not even the ring's own messages.
        let slowest = self
            .bandwidth
            .map_or(SLOWEST, |line| line.up.min(line.down).into());
        for (place, value, low, high) in [
            ("successors", self.successors.into(), 1, 32),
            (
                "successors_per_finger",
                self.successors_per_finger.into(),
                1,
                32,
            ),
            ("copies", self.copies.into(), 1, 32),
            ("loss_per_mille", self.loss_per_mille.into(), 0, 1_000),
            ("latency", latency, 0, 3_600_000),
            ("reorder.per_mille", reorder.0, 0, 1_000),
            ("reorder.extra_ms", reorder.1, 0, 3_600_000),
            ("bandwidth", slowest, SLOWEST, u32::MAX.into()),
            ("upkeep", upkeep, SHORTEST_UPKEEP, u32::MAX.into()),
            ("until_ms", self.until.as_millis(), 0, MAX_MILLIS),
            ("records", self.records.len() as u64, 0, MAX_RECORDS as u64),
            ("actions", self.actions.len() as u64, 0, MAX_ACTIONS as u64),
        ] {
            let _: u64 = value;
            if !(low..=high).contains(&value) {
                let reason = format!("must be from {low} to {high}");
                return Err(Malformed::new(place, &reason));
            }
        }
        for (place, text) in [
            ("name", &self.name),
            ("title", &self.title),
            ("watch", &self.watch),
        ] {
            if text.len() > MAX_TEXT {
                let reason = format!("must be at most {MAX_TEXT} bytes");
                return Err(Malformed::new(place, &reason));
            }
        }
        if self.bandwidth.is_some() && !cfg!(feature = "bandwidth") {
            let reason = "this program is built without lines of limited speed";
            return Err(Malformed::new("bandwidth", &reason));
        }
        Ok(self)
    }

    /// Returns whether an answer may take many times the usual, so that its absence says little.
    const fn has_stragglers(&self) -> bool {
        self.reorder.is_some() || matches!(self.latency, Latency::Exponential(_))
    }

    /// The bytes of a message on the wire, where they matter.
    pub(super) fn weight(&self, message: &Message) -> u64 {
        #[cfg(feature = "bandwidth")]
        if self.bandwidth.is_some() {
            return crate::engine::weight::frame_bytes(message);
        }
        let _ = message;
        0
    }

    /// The choices of every node of the scenario.
    pub fn config(&self) -> Config {
        let every = |pick: fn(&Upkeep) -> u32| {
            let millis = self.upkeep.as_ref().map(pick)?;
            Some(Duration::from_millis(u64::from(millis.max(1))))
        };
        Config {
            space: self.space,
            membership: self.protocol.rules(),
            successors: self.successors,
            // The lesson's rules.
            list_routing: false,
            tell_predecessor: false,
            successors_per_finger: self.successors_per_finger,
            copies: self.copies,
            stabilize: every(|upkeep| upkeep.stabilize_ms),
            fingers: every(|upkeep| upkeep.fingers_ms),
            ring_merge: every(|upkeep| upkeep.stabilize_ms.saturating_mul(REUNION)),
            repair: every(|upkeep| upkeep.repair_ms),
            retries: u8::from(self.loss_per_mille > 0 || self.has_stragglers()),
            quorum: self.quorum.then_some(Quorum::GROUPS),
            ..Config::default()
        }
    }
}
