//! Swarms as the engine runs them: actions and a trace.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::engine::chrome::{Charted, Mark};
use crate::engine::malformed::Malformed;
use crate::engine::trace::{Entry, Trace};
use crate::engine::{Timed, World};
use crate::worlds::swarm::conduct::Conduct;
use crate::worlds::swarm::member::{Member, Part};
use crate::worlds::swarm::setup::{Client, MAX_CLIENTS, Setup};
use crate::worlds::swarm::{Coming, SwarmWorld, member, number};
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_core::swarm::api::{Event, Pick};
use chordscope_core::swarm::layout::BLOCK;
use chordscope_core::swarm::message::{Place, Said};

/// The most members that a run may ever have, those that have gone included.
pub const MAX_MEMBERS: u64 = 256;
/// The memory that a member takes beside the file, roughly.
const MEMBER_BYTES: usize = 16 << 10;
/// The memory that a message on its way takes, roughly.
const COMING_BYTES: usize = 256;

/// An action on a swarm. Members are numbered from 0, the first seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A new client with the usual link and without any segment comes.
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
    /// No member that is here has this number.
    NoMember(u64),
    /// There are [`MAX_CLIENTS`] clients, or the run has had [`MAX_MEMBERS`] members.
    TooMany,
}

/// An event in a swarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A user acted.
    Acted(Action),
    /// A member has come.
    Arrived(Id),
    /// A member has gone.
    Left(Id),
    /// A member asks another one for a segment.
    Asked(Id, Pick),
    /// A member reports something.
    Member(Id, Event),
}

impl SwarmWorld {
    /// Notes what a member reports.
    pub(super) fn tell(&mut self, id: Id, event: Event) {
        if let Event::Banned(who, _, fault) = &event
            && let Some(member) = self.members.get_mut(&id)
        {
            member.banned.push((number(*who), *fault));
        }
        if let Some(trace) = &mut self.trace {
            trace.record(self.now, None, What::Member(id, event));
        } else {
            self.events.push((self.now, id, event));
        }
    }

    pub(super) fn tell_arrival(&mut self, id: Id) {
        self.note(What::Arrived(id));
    }

    pub(super) fn tell_departure(&mut self, id: Id) {
        self.note(What::Left(id));
    }

    /// Notes which segment a member asks for.
    pub(super) fn tell_pick(&mut self, id: Id, pick: Pick) {
        if let Some(member) = self.members.get_mut(&id) {
            member.last_pick = Some((self.now, pick));
        }
        self.note(What::Asked(id, pick));
    }

    fn note(&mut self, what: What) {
        if let Some(trace) = &mut self.trace {
            trace.record(self.now, None, what);
        }
    }

    /// Takes something that happens into the digest: when, what, between whom, and of which part of the file.
    pub(super) fn absorb(&mut self, coming: &Coming) {
        let (kind, one, other, detail) = match coming {
            Coming::Message(from, to, message) => {
                let (kind, detail) = said(&message.said);
                (kind, *from, *to, detail)
            }
            Coming::Block(number) => {
                let Some(flight) = self.flights.get(number) else {
                    return;
                };
                let (kind, at) = match flight.block.place {
                    Place::Content(at) => (1, at),
                    Place::Digests(at) => (2, at.into()),
                };
                (kind, flight.from, flight.to, at)
            }
            Coming::Sent(id) => (3, *id, *id, 0),
            Coming::Found(id) => (4, *id, *id, 0),
            Coming::Gone(id) => (5, *id, *id, 0),
            Coming::Arrives(id) => (6, *id, *id, 0),
        };
        let mut bytes = [0; 57];
        bytes[0] = kind;
        bytes[1..9].copy_from_slice(&self.now.as_micros().to_le_bytes());
        bytes[9..29].copy_from_slice(&one.to_bytes());
        bytes[29..49].copy_from_slice(&other.to_bytes());
        bytes[49..].copy_from_slice(&detail.to_le_bytes());
        self.digest.absorb(&bytes);
    }
}

/// Returns the number of a kind of message in the digest, and its segment or its answer.
fn said(said: &Said) -> (u8, u64) {
    match said {
        Said::Hello(_) => (16, 0),
        Said::Absent => (17, 0),
        Said::Have(index) => (18, (*index).into()),
        Said::Interested(is) => (19, (*is).into()),
        Said::Choked(is) => (20, (*is).into()),
        Said::Request(index) => (21, (*index).into()),
        Said::Cancel(index) => (22, (*index).into()),
        Said::Reject(index, instead) => {
            let instead = instead.map_or(0, |other| u64::from(other) + 1);
            (23, u64::from(*index) | (instead << 32))
        }
        Said::Digests(at) => (24, (*at).into()),
    }
}

impl World for SwarmWorld {
    type Setup = Setup;
    type Action = Action;
    type Refusal = Refusal;
    type What = What;

    fn begin(setup: &Arc<Setup>, seed: u64) -> Result<Self, Malformed> {
        let checked = setup.check();
        checked.map_err(|error| Malformed::new(error.place(), &error))?;
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
            && !self
                .members
                .get(&member(*number))
                .is_some_and(Member::is_here)
        {
            return Err(Refusal::NoMember(*number));
        }
        let clients = self.members.values();
        let clients = clients.filter(|member| member.part == Part::Client && member.left.is_none());
        let is_full = clients.count() >= MAX_CLIENTS || self.births >= MAX_MEMBERS;
        if action == Action::Join && is_full {
            return Err(Refusal::TooMany);
        }
        self.note(What::Acted(action.clone()));
        match action {
            Action::Join => {
                let id = self.add(Part::Client, Client::default());
                self.arrive(id);
            }
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
        let waiting = self.members.values().map(|member| member.line.waiting());
        let blocks = self.flights.len() + waiting.sum::<usize>();
        size_of::<Self>()
            + self.members.len() * MEMBER_BYTES
            + self.queue.len() * COMING_BYTES
            + blocks * BLOCK as usize
    }

    fn is_notable(_: &What) -> bool {
        true
    }

    fn describe(&self, action: &Action) -> String {
        let name = |number: &u64| self.title(member(*number));
        match action {
            Action::Join => "a client joins".into(),
            Action::Leave(member) => format!("{} leaves", name(member)),
            Action::Corrupt(member) => format!("{} corrupts what it sends", name(member)),
            Action::Mend(member) => format!("{} behaves again", name(member)),
        }
    }
}

impl Charted for SwarmWorld {
    fn chart(&self, entry: &Entry<What>) -> Option<Mark> {
        let (id, name, category) = match &entry.what {
            What::Acted(action) => {
                return Some(Mark {
                    row: "actions".into(),
                    name: self.describe(action),
                    category: "action",
                    since: None,
                });
            }
            What::Arrived(id) => (id, "arrives".into(), "member"),
            What::Left(id) => (id, "leaves".into(), "member"),
            What::Asked(id, pick) => (
                id,
                format!(
                    "asks {} for segment {}",
                    self.title(pick.source),
                    pick.segment
                ),
                "request",
            ),
            What::Member(id, event) => {
                let name = match event {
                    Event::Described(_) => "knows the digests".into(),
                    Event::Complete(_) => "has the whole file".into(),
                    Event::Failed(_, failure) => format!("fails: {failure}"),
                    Event::Banned(who, _, fault) => {
                        format!("bans {}, which {fault}", self.title(*who))
                    }
                };
                (id, name, "transfer")
            }
        };
        Some(Mark {
            row: self.title(*id),
            name,
            category,
            since: None,
        })
    }
}

impl SwarmWorld {
    /// The name of a member in words: the seed, client 3, proxy 9.
    pub fn title(&self, id: Id) -> String {
        let number = number(id);
        match self.members.get(&id).map(|member| member.part) {
            Some(Part::Seed) => "the seed".into(),
            Some(Part::Proxy) => format!("proxy {number}"),
            Some(Part::Client) | None => format!("client {number}"),
        }
    }

    fn behave(&mut self, number: u64, conduct: Conduct) {
        if let Some(member) = self.members.get_mut(&member(number)) {
            member.setup.conduct = conduct;
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMember(0) => f.write_str("The seed is not here."),
            Self::NoMember(member) => write!(f, "There is no client {member} here."),
            Self::TooMany => f.write_str("The simulation has as many clients as it can take."),
        }
    }
}

impl core::error::Error for Refusal {}
