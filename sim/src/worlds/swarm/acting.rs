//! Swarms as the engine runs them: actions and a trace.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

#[cfg(feature = "scenario-files")]
use core::time::Duration;

#[cfg(feature = "scenario-files")]
use crate::engine::history::export::Portable;
#[cfg(feature = "scenario-files")]
use crate::engine::json::Json;
#[cfg(feature = "scenario-files")]
use chordscope_core::swarm::picker::Order;
use serde::{Deserialize, Serialize};

use crate::engine::malformed::Malformed;
use crate::engine::trace::{Entry, Trace};
use crate::engine::{Timed, World};
use crate::worlds::swarm::{Coming, Conduct, Setup, SwarmWorld, member};
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_core::swarm::api::Event;

/// The most members of a swarm that has a history.
pub const MAX_MEMBERS: usize = 1_000;
/// The longest file of a swarm that has a history, in bytes.
pub const MAX_LENGTH: u64 = 64 << 20;
/// The longest that a message takes, in microseconds.
#[cfg(feature = "scenario-files")]
const MAX_LATENCY: u64 = 3_600_000_000;
/// The slowest uplink, in bytes a second.
#[cfg(feature = "scenario-files")]
const MIN_UP: u64 = 1_000;
/// The memory that a member takes beside the file, roughly.
const MEMBER_BYTES: usize = 16 << 10;
/// The memory that a message on its way takes, roughly: a block shares its bytes with the file's segment.
const COMING_BYTES: usize = 256;

/// An action on a swarm. Members are numbered from 0, the first seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Action {
    /// A new member without any segment comes to fetch the file.
    Join,
    /// A member is gone from one moment to the next.
    Leave(u64),
    /// A member changes a byte of everything that it sends from now on.
    Corrupt(u64),
    /// A member behaves as it should from now on.
    Mend(u64),
}

/// The reason why an action on a swarm is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No member has this number.
    NoMember(u64),
    /// The swarm has [`MAX_MEMBERS`] members.
    TooMany,
}

/// An event in a swarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A user acted.
    Acted(Action),
    /// A member reports something.
    Member(Id, Event),
}

impl SwarmWorld {
    /// Notes what a member reports.
    pub(super) fn tell(&mut self, id: Id, event: Event) {
        if let Some(trace) = &mut self.trace {
            trace.record(self.now, None, What::Member(id, event));
        } else {
            self.events.push((self.now, id, event));
        }
    }

    /// Takes something that happens into the digest: when, what, and between whom.
    pub(super) fn absorb(&mut self, coming: &Coming) {
        let (kind, one, other) = match coming {
            Coming::Message(from, to, _) => (0, from, to),
            Coming::Block(from, to, _) => (1, from, to),
            Coming::Left(from, to, _) => (2, from, to),
            Coming::Found(id) => (3, id, id),
            Coming::Gone(id) => (4, id, id),
        };
        let mut bytes = [0; 49];
        bytes[0] = kind;
        bytes[1..9].copy_from_slice(&self.now.as_micros().to_le_bytes());
        bytes[9..29].copy_from_slice(&one.to_bytes());
        bytes[29..].copy_from_slice(&other.to_bytes());
        self.digest.absorb(&bytes);
    }
}

impl World for SwarmWorld {
    type Setup = Setup;
    type Action = Action;
    type Refusal = Refusal;
    type What = What;

    fn begin(setup: &Arc<Setup>, seed: u64) -> Result<Self, Malformed> {
        if setup.length > MAX_LENGTH {
            let reason = format!("must be at most {MAX_LENGTH}");
            return Err(Malformed::new("length", &reason));
        }
        if setup.members.len() >= MAX_MEMBERS {
            let reason = format!("must be fewer than {MAX_MEMBERS}");
            return Err(Malformed::new("members", &reason));
        }
        let world = Self::seeded(Arc::clone(setup), seed, Some(Trace::default()));
        world.ok_or_else(|| Malformed::new("length", &"makes no file"))
    }

    fn plan(setup: &Setup) -> &[Timed<Action>] {
        &setup.actions
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn next_at(&self) -> Option<Instant> {
        let timer = self.first_timer().map(|(at, _)| at);
        self.queue.first().into_iter().chain(timer).min()
    }

    fn step_until(&mut self, end: Instant) -> bool {
        self.step_until(end)
    }

    fn rest_until(&mut self, to: Instant) {
        self.now = self.now.max(to);
    }

    fn act(&mut self, action: Action) -> Result<(), Refusal> {
        if let Action::Leave(number) | Action::Corrupt(number) | Action::Mend(number) = &action
            && !self.members.contains_key(&member(*number))
        {
            return Err(Refusal::NoMember(*number));
        }
        if action == Action::Join && self.members.len() >= MAX_MEMBERS {
            return Err(Refusal::TooMany);
        }
        if let Some(trace) = &mut self.trace {
            trace.record(self.now, None, What::Acted(action.clone()));
        }
        match action {
            Action::Join => self.add(Conduct::Honest, None),
            Action::Leave(number) => self.happen(Coming::Gone(member(number))),
            Action::Corrupt(number) => self.behave(number, Conduct::Corrupts),
            Action::Mend(number) => self.behave(number, Conduct::Honest),
        }
        Ok(())
    }

    fn take_trace(&mut self) -> Vec<Entry<What>> {
        self.trace.as_mut().map_or_else(Vec::new, Trace::take)
    }

    fn events(&self) -> u64 {
        self.trace.as_ref().map_or(0, Trace::count)
    }

    fn trace_digest(&self) -> [u8; 32] {
        self.digest.finish()
    }

    fn bytes(&self) -> usize {
        size_of::<Self>() + self.members.len() * MEMBER_BYTES + self.queue.len() * COMING_BYTES
    }

    fn is_notable(_: &What) -> bool {
        true
    }

    fn describe(&self, action: &Action) -> String {
        match action {
            Action::Join => "a client joins".into(),
            Action::Leave(member) => format!("client {member} leaves"),
            Action::Corrupt(member) => format!("client {member} corrupts what it sends"),
            Action::Mend(member) => format!("client {member} behaves again"),
        }
    }
}

impl SwarmWorld {
    fn behave(&mut self, number: u64, conduct: Conduct) {
        if let Some(member) = self.members.get_mut(&member(number)) {
            member.conduct = conduct;
        }
    }
}

#[cfg(feature = "scenario-files")]
impl Portable for SwarmWorld {
    const WORLD: &'static str = "swarm";

    fn write_setup(setup: &Setup) -> Json {
        let text = SetupText {
            length: setup.length,
            up: setup.up,
            latency_us: u64::try_from(setup.latency.as_micros()).unwrap_or(u64::MAX),
            order: match setup.order {
                Order::RarestFirst => OrderText::RarestFirst,
                Order::From(segment) => OrderText::From(segment),
                Order::Random => OrderText::Random,
            },
            members: setup.members.iter().map(ConductText::of).collect(),
            is_server: setup.is_server,
        };
        Json::of(&text)
    }

    fn read_setup(value: Json) -> Result<Setup, Malformed> {
        let text = value
            .into_any()
            .map_err(|reason| Malformed::new("setup", &reason))?;
        let text: SetupText = text;
        if text.latency_us > MAX_LATENCY {
            return Err(Malformed::new(
                "setup.latency_us",
                &"must be at most an hour",
            ));
        }
        if text.up < MIN_UP {
            let reason = format!("must be at least {MIN_UP} bytes a second");
            return Err(Malformed::new("setup.up", &reason));
        }
        Ok(Setup {
            // The seed of a run is its own.
            seed: 0,
            length: text.length,
            up: text.up,
            latency: Duration::from_micros(text.latency_us),
            order: match text.order {
                OrderText::RarestFirst => Order::RarestFirst,
                OrderText::From(segment) => Order::From(segment),
                OrderText::Random => Order::Random,
            },
            members: text.members.into_iter().map(ConductText::read).collect(),
            is_server: text.is_server,
            actions: Vec::new(),
        })
    }

    fn set_plan(setup: &mut Setup, plan: Vec<Timed<Action>>) {
        setup.actions = plan;
    }

    fn write_action(_: &Setup, action: &Action) -> Json {
        Json::of(action)
    }

    fn read_action(_: &Setup, value: Json) -> Result<Action, String> {
        value.into_any()
    }
}

/// A set-up as JSON has it.
#[cfg(feature = "scenario-files")]
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SetupText {
    length: u64,
    up: u64,
    latency_us: u64,
    order: OrderText,
    members: Vec<ConductText>,
    is_server: bool,
}

#[cfg(feature = "scenario-files")]
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OrderText {
    RarestFirst,
    From(u32),
    Random,
}

#[cfg(feature = "scenario-files")]
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ConductText {
    Honest,
    Corrupts,
    Stalls,
    Boasts,
    Stretches,
    /// Gone from this time on, in microseconds.
    Leaves(u64),
}

#[cfg(feature = "scenario-files")]
impl ConductText {
    const fn of(conduct: &Conduct) -> Self {
        match conduct {
            Conduct::Honest => Self::Honest,
            Conduct::Corrupts => Self::Corrupts,
            Conduct::Stalls => Self::Stalls,
            Conduct::Boasts => Self::Boasts,
            Conduct::Stretches => Self::Stretches,
            Conduct::Leaves(at) => Self::Leaves(at.as_micros()),
        }
    }

    const fn read(self) -> Conduct {
        match self {
            Self::Honest => Conduct::Honest,
            Self::Corrupts => Conduct::Corrupts,
            Self::Stalls => Conduct::Stalls,
            Self::Boasts => Conduct::Boasts,
            Self::Stretches => Conduct::Stretches,
            Self::Leaves(at) => Conduct::Leaves(Instant::from_micros(at)),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMember(member) => write!(f, "There is no client {member}."),
            Self::TooMany => f.write_str("The simulation has as many clients as it can take."),
        }
    }
}

impl core::error::Error for Refusal {}
