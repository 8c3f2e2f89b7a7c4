//! The set-up of a world of consistency: systems, nodes, clients, names, the network, and how long clients wait.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use crate::engine::Timed;
use crate::engine::malformed::Malformed;
use crate::engine::network::Latency;
use crate::engine::run::MAX_MILLIS;
use crate::models::copies::{self, Rule};
use crate::worlds::consistency::action::Action;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::node::api::Level;
use chordscope_core::node::config::Config;
use chordscope_core::store::group::part::Quorum;
use chordscope_core::store::record::Name;

/// The most systems side by side.
pub const MAX_SYSTEMS: usize = 3;
/// The most nodes.
pub const MAX_NODES: usize = 64;
/// The most clients.
pub const MAX_CLIENTS: usize = 8;
/// The most names.
pub const MAX_NAMES: usize = 4;
/// The most actions of a set-up.
pub const MAX_ACTIONS: usize = 1_000;
/// The most bytes of a client's name and of a value.
pub const MAX_TEXT: usize = 64;
/// The shortest interval of upkeep, in milliseconds.
const SHORTEST_UPKEEP: u32 = 100;
/// A node looks itself up once in so many stabilizations, to find back to those that it lost.
const REUNION: u32 = 8;

/// A system that keeps the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum System {
    /// One store, at which clients take turns.
    OneStore,
    /// A copy at each node, which tells no other one.
    Copies,
    /// A copy at each node, which tells the others of each write.
    Messages,
    /// The ring's records at level `one`.
    One,
    /// The ring's records at level `quorum`.
    Quorum,
}

impl System {
    /// All of them, in the order of the build-up.
    pub const ALL: [Self; 5] = [
        Self::OneStore,
        Self::Copies,
        Self::Messages,
        Self::One,
        Self::Quorum,
    ];

    /// The name in links and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OneStore => "store",
            Self::Copies => "copies",
            Self::Messages => "messages",
            Self::One => "one",
            Self::Quorum => "quorum",
        }
    }

    /// The name within a sentence.
    pub const fn word(self) -> &'static str {
        match self {
            Self::OneStore => "the store",
            Self::Copies => "a copy each",
            Self::Messages => "a message for each write",
            Self::One => "level one",
            Self::Quorum => "level quorum",
        }
    }

    /// The name at the beginning of a sentence.
    pub fn title(self) -> String {
        let mut letters = self.word().chars();
        letters.next().map_or_else(String::new, |first| {
            first.to_uppercase().chain(letters).collect()
        })
    }

    /// The level of the ring's records; `None` where it is no ring.
    pub const fn level(self) -> Option<Level> {
        match self {
            Self::One => Some(Level::One),
            Self::Quorum => Some(Level::Quorum),
            Self::OneStore | Self::Copies | Self::Messages => None,
        }
    }
}

/// A client: its name, and the node that it calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The name, for the page.
    pub name: String,
    /// The node.
    pub node: Id,
}

/// A world of consistency to be simulated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The systems, side by side on one seed: one to [`MAX_SYSTEMS`].
    pub systems: Vec<System>,
    /// The address space.
    pub space: Space,
    /// The nodes, ascending.
    pub nodes: Vec<Id>,
    /// The clients. Actions name them by their places.
    pub clients: Vec<Client>,
    /// The names. Actions name them by their places.
    pub names: Vec<Name>,
    /// The number of nodes that keep each record of a ring.
    pub copies: u8,
    /// The latency of messages.
    pub latency: Latency,
    /// The messages of a thousand that are lost.
    pub loss_per_mille: u16,
    /// The pauses between two stabilizations, two refreshes of a finger, two comparisons of records, in milliseconds.
    pub upkeep_ms: [u32; 3],
    /// The time after which an operation is given up, in milliseconds: the nodes' `lookup_deadline`.
    pub give_up_ms: u32,
    /// The time that a store or copy of the build-up takes for one operation, in milliseconds.
    pub hold_ms: u32,
    /// True if a shop refunds those whose order another one has replaced.
    pub shop: bool,
    /// The actions, in order of time.
    pub actions: Vec<Timed<Action>>,
}

impl Setup {
    /// The lesson's ring of nine with three replicas, three clients, one name, and level `one` beside level `quorum`; as in the mock-up
    /// of a book's last copy, clients wait for 1.2 s and messages take 20 to 40 ms.
    pub fn lesson() -> Self {
        let ids = [1, 4, 9, 11, 14, 18, 20, 21, 28];
        let client = |(name, node): (&str, u64)| Client {
            name: name.to_string(),
            node: Id::from_u64(node),
        };
        Self {
            systems: vec![System::One, System::Quorum],
            space: Space::new(5).unwrap_or(Space::FULL),
            nodes: ids.into_iter().map(Id::from_u64).collect(),
            clients: [("Anna", 20), ("Ben", 9), ("Cleo", 14)]
                .map(client)
                .to_vec(),
            names: Name::new(BOOK).into_iter().collect(),
            copies: 3,
            latency: Latency::Uniform(20, 40),
            loss_per_mille: 0,
            upkeep_ms: [250, 400, 800],
            give_up_ms: 1_200,
            hold_ms: 300,
            shop: false,
            actions: Vec::new(),
        }
    }

    /// Two clients with a node each, and one between them for a store: a step of the build-up.
    pub fn step(system: System) -> Self {
        let client = |(name, node): (&str, u64)| Client {
            name: name.to_string(),
            node: Id::from_u64(node),
        };
        let nodes: &[u64] = match system {
            System::OneStore => &[1, 9, 20],
            _ => &[9, 20],
        };
        Self {
            systems: vec![system],
            nodes: nodes.iter().copied().map(Id::from_u64).collect(),
            clients: [("Anna", 20), ("Ben", 9)].map(client).to_vec(),
            latency: Latency::Fixed(150),
            ..Self::lesson()
        }
    }

    /// The choices of every node of a ring.
    pub(super) fn config(&self) -> Config {
        let [stabilize, fingers, repair] = self
            .upkeep_ms
            .map(|millis| Duration::from_millis(millis.into()));
        Config {
            space: self.space,
            successors: self.copies.max(2),
            // The lesson's rules, as on the ring page.
            list_routing: false,
            tell_predecessor: false,
            successors_per_finger: 1,
            copies: self.copies,
            stabilize: Some(stabilize),
            fingers: Some(fingers),
            ring_merge: Some(stabilize * REUNION),
            repair: Some(repair),
            lookup_deadline: self.give_up(),
            retries: u8::from(
                self.loss_per_mille > 0 || matches!(self.latency, Latency::Exponential(_)),
            ),
            quorum: Some(Quorum::GROUPS),
            ..Config::default()
        }
    }

    /// The choices of a machine of the build-up.
    pub(super) fn model(&self, rule: Rule) -> copies::Config {
        copies::Config {
            rule,
            hold: Duration::from_millis(self.hold_ms.into()),
            patience: self.give_up(),
            again: Duration::from_millis(self.upkeep_ms[2].into()),
        }
    }

    /// The time after which an operation is given up.
    pub fn give_up(&self) -> Duration {
        Duration::from_millis(self.give_up_ms.into())
    }

    /// Refuses what no run could bear.
    ///
    /// # Errors
    /// [`Malformed`] names the part that is wrong.
    pub fn check(&self) -> Result<(), Malformed> {
        let wrong = |place: &str, reason: &str| Err(Malformed::new(place, &reason));
        let systems: BTreeSet<System> = self.systems.iter().copied().collect();
        if systems.is_empty() || self.systems.len() > MAX_SYSTEMS {
            return wrong("systems", "must be one to three");
        }
        if systems.len() < self.systems.len() {
            return wrong("systems", "must be different");
        }
        let nodes: BTreeSet<Id> = self.nodes.iter().copied().collect();
        if !(2..=MAX_NODES).contains(&self.nodes.len())
            || nodes.len() < self.nodes.len()
            || !self.nodes.is_sorted()
            || !nodes.iter().all(|id| self.space.contains(*id))
        {
            return wrong(
                "nodes",
                "must be 2 to 64 different ones of the space, ascending",
            );
        }
        if !(1..=MAX_CLIENTS).contains(&self.clients.len()) {
            return wrong("clients", "must be one to eight");
        }
        for client in &self.clients {
            if !nodes.contains(&client.node) {
                return wrong("clients", "must be at nodes of the ring");
            }
            if client.name.is_empty() || client.name.len() > MAX_TEXT {
                return wrong("clients", "must have names of at most 64 bytes");
            }
        }
        let keys: BTreeSet<Id> = self.names.iter().map(|name| name.key(self.space)).collect();
        if !(1..=MAX_NAMES).contains(&self.names.len()) || keys.len() < self.names.len() {
            return wrong("names", "must be one to four, with different keys");
        }
        let latency = self.latency.max().as_millis() as u64;
        for (place, value, low, high) in [
            ("copies", self.copies.into(), 1, 9),
            ("latency", latency, 0, 60_000),
            ("loss", self.loss_per_mille.into(), 0, 1_000),
            (
                "upkeep",
                self.upkeep_ms.into_iter().min().unwrap_or_default().into(),
                SHORTEST_UPKEEP.into(),
                u32::MAX.into(),
            ),
            ("giveup", self.give_up_ms.into(), 100, 60_000),
            ("hold", self.hold_ms.into(), 0, 60_000),
            ("actions", self.actions.len() as u64, 0, MAX_ACTIONS as u64),
        ] {
            let _: u64 = value;
            if !(low..=high).contains(&value) {
                let reason = alloc::format!("must be from {low} to {high}");
                return Err(Malformed::new(place, &reason));
            }
        }
        for (place, timed) in self.actions.iter().enumerate() {
            let place = alloc::format!("do[{place}]");
            if timed.at.as_millis() > MAX_MILLIS {
                return Err(Malformed::new(&place, &"must be within a day"));
            }
            timed
                .action
                .check(self)
                .map_err(|error| Malformed::new(&place, &error))?;
        }
        Ok(())
    }
}

/// The name of the lesson's last copy of a book: its key in the lesson's ring is 25, which node 28 keeps.
pub const BOOK: &str = "book 19";
