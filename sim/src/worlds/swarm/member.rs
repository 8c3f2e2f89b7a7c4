//! A member of a simulated swarm: its machine, its link, and what became of it.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::worlds::swarm::conduct::Conduct;
use crate::worlds::swarm::line::Line;
use crate::worlds::swarm::server::{Fetcher, Server};
use crate::worlds::swarm::setup::{Client, Stay};
use chordscope_core::base::content::ContentId;
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_core::swarm::Swarm;
use chordscope_core::swarm::api::{Fault, Pick};
use chordscope_core::swarm::bitfield::Bitfield;

/// A member of the swarm.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) part: Part,
    pub(super) setup: Client,
    pub(super) machine: Machine,
    pub(super) line: Line,
    /// Bytes of blocks that wait for the uplink, by receiver.
    pub(super) waiting: BTreeMap<Id, usize>,
    /// Bytes of blocks that have left.
    pub(super) sent: u64,
    /// Bytes of the file itself among these.
    pub(super) gave: u64,
    /// The value of `gave` at the time at which the member was complete.
    pub(super) gave_before: u64,
    pub(super) last_pick: Option<(Instant, Pick)>,
    /// The members that it has banned, by number.
    pub(super) banned: Vec<(u64, Fault)>,
    pub(super) arrived: Option<Instant>,
    pub(super) complete: Option<Instant>,
    pub(super) left: Option<Instant>,
}

/// The part that a member plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The first seed, which is the server where there is one.
    Seed,
    /// A client, which wants the file.
    Client,
    /// A proxy of a content delivery network.
    Proxy,
}

/// The state machine of a member.
#[derive(Clone, Debug)]
pub(super) enum Machine {
    /// Not here yet.
    Awaited,
    /// A member of a swarm, as it ships.
    Swarm(Box<Swarm>),
    /// A server or proxy.
    Server(Server),
    /// A client of servers.
    Fetcher(Fetcher),
    /// None any more: the member has gone, and had these segments.
    Gone(Bitfield),
}

impl Member {
    pub(super) const fn new(part: Part, setup: Client) -> Self {
        Self {
            part,
            machine: Machine::Awaited,
            line: Line::new(setup.rates.up, setup.rates.down),
            setup,
            waiting: BTreeMap::new(),
            sent: 0,
            gave: 0,
            gave_before: 0,
            last_pick: None,
            banned: Vec::new(),
            arrived: None,
            complete: None,
            left: None,
        }
    }

    /// Returns whether it has come and not gone.
    pub(super) const fn is_here(&self) -> bool {
        self.arrived.is_some() && self.left.is_none()
    }

    /// The machine, where it is that of a swarm.
    pub(super) fn swarm(&self) -> Option<&Swarm> {
        match &self.machine {
            Machine::Swarm(swarm) => Some(swarm),
            _ => None,
        }
    }

    pub(super) fn swarm_mut(&mut self) -> Option<&mut Swarm> {
        match &mut self.machine {
            Machine::Swarm(swarm) => Some(swarm),
            _ => None,
        }
    }

    pub(super) const fn server_mut(&mut self) -> Option<&mut Server> {
        match &mut self.machine {
            Machine::Server(server) => Some(server),
            _ => None,
        }
    }

    pub(super) const fn fetcher_mut(&mut self) -> Option<&mut Fetcher> {
        match &mut self.machine {
            Machine::Fetcher(fetcher) => Some(fetcher),
            _ => None,
        }
    }

    /// The segments that it has, or had when it left; an empty set where it does not know yet how many there are.
    pub(super) fn have(&self, content: ContentId, count: u32) -> Bitfield {
        match &self.machine {
            Machine::Awaited => Bitfield::none(count),
            Machine::Swarm(swarm) => swarm.have(content).cloned().unwrap_or_default(),
            Machine::Server(_) => Bitfield::all(count),
            Machine::Fetcher(fetcher) => fetcher.have().clone(),
            Machine::Gone(have) => have.clone(),
        }
    }

    /// Returns the number of these segments.
    pub(super) fn count(&self, content: ContentId, count: u32) -> u32 {
        match &self.machine {
            Machine::Awaited => 0,
            Machine::Swarm(swarm) => swarm.have(content).map_or(0, Bitfield::len),
            Machine::Server(_) => count,
            Machine::Fetcher(fetcher) => fetcher.have().len(),
            Machine::Gone(have) => have.len(),
        }
    }

    /// Returns whether the swarm has still to serve it: it wants the file, has not got it, and has not gone.
    pub(super) const fn is_waiting(&self) -> bool {
        let wants = matches!(self.part, Part::Client) && self.setup.conduct.wants_the_file();
        wants && self.complete.is_none() && self.left.is_none()
    }

    /// Returns whether its stay is over by what it has and has sent; times and what others have are not looked at.
    pub(super) fn has_done(&self, length: u64, segment: u64, share: u16) -> bool {
        match self.setup.stay {
            Stay::Always | Stay::Until(_) | Stay::UntilServed(_) => false,
            Stay::UntilHas(wanted) => share >= wanted,
            Stay::UntilGave(segments) => {
                let since = self.gave.saturating_sub(self.gave_before);
                self.complete.is_some() && since >= u64::from(segments) * segment
            }
            Stay::UntilSent(thousandths) => {
                self.gave.saturating_mul(1_000) >= length.saturating_mul(thousandths.into())
            }
        }
    }

    /// Its conduct now.
    pub(super) const fn conduct(&self) -> Conduct {
        self.setup.conduct
    }
}
