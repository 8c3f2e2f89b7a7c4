//! Rings of peers as the engine runs them: a set-up, actions, a trace.

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
use serde::{Deserialize, Serialize};

use crate::engine::malformed::Malformed;
use crate::engine::trace::{Entry, Trace};
use crate::engine::{Timed, World};
use crate::worlds::peers::{Conditions, Peers};
use chordscope_core::base::time::Instant;
use chordscope_core::node::api::{Event as NodeEvent, Level, StoreError};
use chordscope_core::peer::api::Event;
use chordscope_core::peer::{Peer, Reach};
use chordscope_core::store::record::{Name, RecordError};

/// The most peers of a set-up.
pub const MAX_PEERS: usize = 256;
/// The longest a frame takes, in microseconds.
#[cfg(feature = "scenario-files")]
const MAX_LATENCY: u64 = 3_600_000_000;
/// The memory that a peer takes with its links and its disk, roughly.
const PEER_BYTES: usize = 64 << 10;

/// A ring of peers that all start at time zero: the first begins the ring, the others join by it.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Peers that can be dialed, at least one.
    pub direct: usize,
    /// Tabs, which are reached over relays.
    pub tabs: usize,
    /// The conditions of links.
    pub conditions: Conditions,
    /// The actions, in order of time.
    pub actions: Vec<Timed<Action>>,
}

/// An action on a ring of peers. Members are numbered from 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Action {
    /// A new peer, or with `relayed` a new tab, joins by the first member that runs.
    Add {
        /// True if the peer is a tab, reached over relays.
        relayed: bool,
    },
    /// A member ends without a word; its disk stays.
    Kill(usize),
    /// A member that was killed starts again, and joins by the first other one that runs.
    Start(usize),
    /// A member leaves properly.
    Leave(usize),
    /// Every connection of a member breaks.
    Unplug(usize),
    /// A partition: these members and the others cannot reach one another; with none, all members can.
    Split(Vec<usize>),
    /// A member puts a value under a name, at level `one`.
    Put {
        /// The member.
        member: usize,
        /// The name.
        name: String,
        /// The value, as text.
        value: String,
    },
    /// A member gets the value of a name, at level `one`.
    Get {
        /// The member.
        member: usize,
        /// The name.
        name: String,
    },
}

/// The reason why an action on a ring of peers is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No member has this number.
    NoMember(usize),
    /// The member does not run.
    Down(usize),
    /// The member runs already.
    Up(usize),
    /// No other member runs.
    Last,
    /// The ring has [`MAX_PEERS`] members.
    TooMany,
    /// The name or value is refused.
    Record(RecordError),
    /// The peer refuses the operation.
    Store(StoreError),
}

/// An event in a ring of peers.
#[derive(Clone, Debug)]
pub enum What {
    /// A user acted.
    Acted(Action),
    /// A member reports something.
    Member(usize, Event),
}

impl Peers {
    /// Notes what a member reports.
    pub(super) fn tell(&mut self, member: usize, event: Event) {
        if let Some(trace) = &mut self.trace {
            trace.record(self.now, None, What::Member(member, event));
        } else {
            self.events.push((member, event));
        }
    }

    fn check(&self, action: &Action) -> Result<(), Refusal> {
        let exists = |member: &usize| match self.members.get(*member) {
            Some(_) => Ok(self.peer(*member).is_some()),
            None => Err(Refusal::NoMember(*member)),
        };
        let runs = |member: &usize| match exists(member)? {
            true => Ok(()),
            false => Err(Refusal::Down(*member)),
        };
        match action {
            Action::Add { .. } if self.members.len() >= MAX_PEERS => Err(Refusal::TooMany),
            Action::Add { .. } if self.running().next().is_none() => Err(Refusal::Last),
            Action::Add { .. } => Ok(()),
            Action::Start(member) if exists(member)? => Err(Refusal::Up(*member)),
            Action::Start(_) if self.running().next().is_none() => Err(Refusal::Last),
            Action::Start(_) => Ok(()),
            Action::Kill(member) | Action::Leave(member) => {
                runs(member)?;
                match self.running().nth(1) {
                    Some(_) => Ok(()),
                    None => Err(Refusal::Last),
                }
            }
            Action::Unplug(member) => runs(member),
            Action::Split(members) => members
                .iter()
                .try_for_each(|member| exists(member).map(drop)),
            Action::Put { member, name, .. } | Action::Get { member, name } => {
                runs(member)?;
                Name::new(name.as_str()).map_err(Refusal::Record).map(drop)
            }
        }
    }

    /// Makes a member that is in no ring join by the first other one that runs.
    fn join_any(&mut self, member: usize) {
        let other = self.running().find(|(index, _)| *index != member);
        if let Some((via, _)) = other {
            self.join(member, via);
        }
    }

    fn carry_out_action(&mut self, action: Action) -> Result<(), Refusal> {
        match action {
            Action::Add { relayed } => {
                let member = self.add(match relayed {
                    true => Reach::Relayed,
                    false => Reach::Direct,
                });
                self.join_any(member);
            }
            Action::Kill(member) => self.kill(member),
            Action::Start(member) => {
                self.start(member);
                self.join_any(member);
            }
            Action::Leave(member) => self.leave(member),
            Action::Unplug(member) => self.unplug(member),
            Action::Split(members) => self.split(&members),
            Action::Put {
                member,
                name,
                value,
            } => {
                let name = Name::new(name.as_str()).map_err(Refusal::Record)?;
                let put =
                    |peer: &mut Peer, now| peer.put(now, name, value.into_bytes(), Level::One);
                let begun = self.with(member, put).ok_or(Refusal::Down(member))?;
                begun.map_err(Refusal::Store)?;
            }
            Action::Get { member, name } => {
                let name = Name::new(name.as_str()).map_err(Refusal::Record)?;
                let get = |peer: &mut Peer, now| peer.get(now, name, Level::One);
                let begun = self.with(member, get).ok_or(Refusal::Down(member))?;
                begun.map_err(Refusal::Store)?;
            }
        }
        Ok(())
    }
}

impl World for Peers {
    type Setup = Setup;
    type Action = Action;
    type Refusal = Refusal;
    type What = What;

    fn begin(setup: &Arc<Setup>, seed: u64) -> Result<Self, Malformed> {
        let count = setup.direct.saturating_add(setup.tabs);
        if setup.direct == 0 || count > MAX_PEERS {
            let reason = format!("must be from 1 to {MAX_PEERS}, tabs included");
            return Err(Malformed::new("direct", &reason));
        }
        let mut peers = Self::new(seed, setup.conditions);
        peers.trace = Some(Trace::default());
        for member in 0..count {
            peers.add(match member < setup.direct {
                true => Reach::Direct,
                false => Reach::Relayed,
            });
        }
        peers.create(0);
        for member in 1..count {
            peers.join(member, 0);
        }
        Ok(peers)
    }

    fn plan(setup: &Setup) -> &[Timed<Action>] {
        &setup.actions
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn next_at(&self) -> Option<Instant> {
        let timer = self.first_timer().map(|(at, _)| at);
        self.coming.first().into_iter().chain(timer).min()
    }

    fn step_until(&mut self, end: Instant) -> bool {
        self.step_until(end)
    }

    fn rest_until(&mut self, to: Instant) {
        self.now = self.now.max(to);
    }

    fn act(&mut self, action: Action) -> Result<(), Refusal> {
        self.check(&action)?;
        self.carry_out_action(action.clone())?;
        if let Some(trace) = &mut self.trace {
            trace.record(self.now, None, What::Acted(action));
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
        self.digest()
    }

    fn bytes(&self) -> usize {
        let queued = self.ends.values().map(|end| end.queued).sum::<usize>();
        let segments = self
            .members
            .iter()
            .flat_map(|member| member.segments.values());
        let segments = segments.map(Vec::len).sum::<usize>();
        size_of::<Self>() + self.members.len() * PEER_BYTES + queued + segments
    }

    fn is_notable(what: &What) -> bool {
        let What::Member(_, event) = what else {
            return true;
        };
        match event {
            Event::Node(event) => matches!(
                event,
                NodeEvent::Joined
                    | NodeEvent::JoinFailed
                    | NodeEvent::Left
                    | NodeEvent::Alone
                    | NodeEvent::Predecessor { .. }
                    | NodeEvent::Successors(_)
                    | NodeEvent::LookupEnded(..)
                    | NodeEvent::PutEnded(..)
                    | NodeEvent::GetEnded(..)
            ),
            Event::LinkUp { .. } | Event::LinkDown { .. } | Event::Swarm(_) => true,
            _ => false,
        }
    }

    fn describe(&self, action: &Action) -> String {
        match action {
            Action::Add { relayed: false } => "a peer joins".into(),
            Action::Add { relayed: true } => "a tab joins".into(),
            Action::Kill(member) => format!("peer {member} is killed"),
            Action::Start(member) => format!("peer {member} starts"),
            Action::Leave(member) => format!("peer {member} leaves"),
            Action::Unplug(member) => format!("the links of peer {member} break"),
            Action::Split(members) if members.is_empty() => "the partition heals".into(),
            Action::Split(members) => format!("peers {members:?} are cut off from the others"),
            Action::Put { member, name, .. } => format!("peer {member} puts “{name}”"),
            Action::Get { member, name } => format!("peer {member} gets “{name}”"),
        }
    }
}

#[cfg(feature = "scenario-files")]
impl Portable for Peers {
    const WORLD: &'static str = "peers";

    fn write_setup(setup: &Setup) -> Json {
        let (least, most) = setup.conditions.latency;
        let micros = |latency: Duration| u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        let text = SetupText {
            direct: setup.direct,
            tabs: setup.tabs,
            latency_us: (micros(least), micros(most)),
            breaks_per_million: setup.conditions.breaks,
        };
        Json::of(&text)
    }

    fn read_setup(value: Json) -> Result<Setup, Malformed> {
        let text = value
            .into_any()
            .map_err(|reason| Malformed::new("setup", &reason))?;
        let SetupText {
            direct,
            tabs,
            latency_us: (least, most),
            breaks_per_million: breaks,
        } = text;
        if least > most || most > MAX_LATENCY {
            let reason = "must be the least and the most, at most an hour";
            return Err(Malformed::new("setup.latency_us", &reason));
        }
        let latency = (Duration::from_micros(least), Duration::from_micros(most));
        Ok(Setup {
            direct,
            tabs,
            conditions: Conditions { latency, breaks },
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
    direct: usize,
    tabs: usize,
    latency_us: (u64, u64),
    breaks_per_million: u32,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMember(member) => write!(f, "There is no peer {member}."),
            Self::Down(member) => write!(f, "Peer {member} does not run."),
            Self::Up(member) => write!(f, "Peer {member} runs already."),
            Self::Last => f.write_str("No other peer runs."),
            Self::TooMany => f.write_str("The simulation has as many peers as it can take."),
            Self::Record(error) => write!(f, "{error}."),
            Self::Store(error) => write!(f, "{error}."),
        }
    }
}

impl core::error::Error for Refusal {}
