//! A moment of a swarm, for a page: who has what, who sends what to whom, who chokes whom, and what limits each member.
//!
//! Everything is read from the machines and from the blocks on the network. Members are numbered as in the world, shares are in thousandths.

use alloc::vec::Vec;

use crate::worlds::swarm::conduct::Conduct;
use crate::worlds::swarm::line::{Flight, micros};
use crate::worlds::swarm::member::{Machine, Member, Part};
use crate::worlds::swarm::setup::{Rates, Stay, WHOLE};
use crate::worlds::swarm::{SwarmWorld, number};
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_core::swarm::api::{Fault, Limit, Pick, SourceView, Why};
use chordscope_core::swarm::message::Place;

/// A moment of a swarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The virtual time.
    pub now: Instant,
    /// All members by number, those included that are awaited and those that have gone.
    pub members: Vec<MemberView>,
    /// The segments that are being sent or arrive now, in the order in which their senders began.
    pub flows: Vec<Flow>,
    /// The copies of each segment.
    pub copies: Vec<Copies>,
    /// The share that the clients have of all that they want.
    pub served: u16,
    /// Copies of the file that the first seed has sent, in thousandths of one, what it is sending included.
    pub seed_copies: u32,
    /// Whether every client that wants the file has it, or has gone.
    pub is_complete: bool,
}

/// A member at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberView {
    /// The number; 0 is the first seed.
    pub number: u64,
    /// The part that it plays.
    pub part: Part,
    /// Its conduct.
    pub conduct: Conduct,
    /// Its link.
    pub rates: Rates,
    /// The end of its stay.
    pub stay: Stay,
    /// Whether it is here.
    pub presence: Presence,
    /// Each segment of the file.
    pub cells: Vec<Cell>,
    /// The number of segments that it has.
    pub has: u32,
    /// The time at which it had everything.
    pub finished: Option<Instant>,
    /// The limit of its speed; `None` for a server, and for a member that is not here.
    pub limit: Option<LimitedBy>,
    /// The other members that it knows, by number.
    pub peers: Vec<Peering>,
    /// The last segment that it asked for, and why.
    pub pick: Option<LastPick>,
    /// Copies of the file that it has sent, in thousandths of one, what it is sending included.
    pub sent: u32,
    /// The members that it has banned, and why, in order.
    pub banned: Vec<(u64, Fault)>,
}

/// Whether a member is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Not yet: the member comes at this time.
    Awaited(Instant),
    /// Here since this time.
    Here(Instant),
    /// Gone since this time.
    Gone(Instant),
}

/// A segment at a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Here: checked and written.
    Has,
    /// This share of it has arrived.
    Arriving(u16),
    /// Missing.
    Lacks,
}

/// A segment on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// The sender.
    pub from: u64,
    /// The receiver.
    pub to: u64,
    /// The segment.
    pub segment: u32,
    /// The share of it that has arrived.
    pub share: u16,
    /// The time at which its first byte arrives.
    pub begins: Instant,
    /// The time at which its last byte arrives.
    pub ends: Instant,
}

/// The copies of a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copies {
    /// Clients that are here and have it.
    pub clients: u16,
    /// Clients at which it is arriving.
    pub arriving: u16,
    /// The seed and proxies, as far as they are here.
    pub servers: u16,
}

impl Copies {
    /// Returns whether nobody who is here has it, and it is not on its way to anybody: unless somebody brings it, nobody gets it.
    pub const fn is_gone(self) -> bool {
        self.clients == 0 && self.arriving == 0 && self.servers == 0
    }
}

/// The limit of a member's speed: core's [`Limit`], and where that is the network, which end of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitedBy {
    /// Nothing: it has everything.
    Complete,
    /// No source: the member knows nobody who has anything.
    NoSource,
    /// All who have what it lacks choke it.
    Choked,
    /// None of those whom it knows has what it lacks.
    Rare,
    /// Those who send to it: the latency, and their uplinks.
    Senders,
    /// Its own downlink: what comes waits there.
    Downlink,
}

/// Another member, as a member of a swarm sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peering {
    /// The other member.
    pub with: u64,
    /// Whether the other member chokes this one.
    pub chokes: bool,
    /// Whether this member chokes the other one.
    pub is_choked: bool,
    /// The segments that the other one is known to have.
    pub has: u32,
    /// The segments that the other one was asked for and that have not come.
    pub asked: u32,
    /// Bytes a second that come from the other one.
    pub down: u64,
    /// Bytes a second that go to the other one.
    pub up: u64,
}

/// A segment that a member asked for, and the reason why it was this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastPick {
    /// The time.
    pub at: Instant,
    /// The segment.
    pub segment: u32,
    /// The member that it asked.
    pub source: u64,
    /// The copies of it that the member knew of.
    pub copies: u16,
    /// The number of segments that would have served as well, this one included: with more than one, it was drawn.
    pub among: u32,
    /// The reason.
    pub why: Why,
}

impl LastPick {
    /// A request as a page shows it.
    pub fn of(at: Instant, pick: Pick) -> Self {
        Self {
            at,
            segment: pick.segment,
            source: number(pick.source),
            copies: pick.copies,
            among: pick.among,
            why: pick.why,
        }
    }

    /// Returns whether it was drawn among several that would have served as well.
    pub const fn is_drawn(self) -> bool {
        self.among > 1
    }
}

impl SwarmWorld {
    /// Returns the present moment.
    pub fn moment(&self) -> Moment {
        let members = self.members.iter();
        let members: Vec<MemberView> = members
            .map(|(id, member)| self.member_view(*id, member))
            .collect();
        let mut copies = alloc::vec![Copies::default(); self.content.count() as usize];
        let here = members
            .iter()
            .filter(|member| matches!(member.presence, Presence::Here(_)));
        for member in here {
            for (cell, copies) in member.cells.iter().zip(&mut copies) {
                match (cell, member.part) {
                    (Cell::Has, Part::Client) => copies.clients += 1,
                    (Cell::Has, Part::Seed | Part::Proxy) => copies.servers += 1,
                    (Cell::Arriving(_), _) => copies.arriving += 1,
                    (Cell::Lacks, _) => {}
                }
            }
        }
        Moment {
            now: self.now,
            flows: self.flows(),
            copies,
            served: self.served(),
            seed_copies: members.first().map_or(0, |seed| seed.sent),
            is_complete: self.is_complete(),
            members,
        }
    }

    /// The segments that are being sent or arrive now.
    pub fn flows(&self) -> Vec<Flow> {
        let flights = self.flights.values().filter(|flight| flight.is_content());
        let flow = |flight: &Flight| Flow {
            from: number(flight.from),
            to: number(flight.to),
            segment: self.segment_of(flight),
            share: self.arrived(flight),
            begins: flight.begins,
            ends: flight.arrives,
        };
        flights.map(flow).collect()
    }

    fn segment_of(&self, flight: &Flight) -> u32 {
        match flight.block.place {
            Place::Content(at) => self.content.manifest().layout().segment_at(at),
            Place::Digests(_) => 0,
        }
    }

    /// The share of a segment that has arrived with this block of it; blocks arrive in order.
    fn arrived(&self, flight: &Flight) -> u16 {
        let Place::Content(at) = flight.block.place else {
            return 0;
        };
        let range = self
            .content
            .manifest()
            .layout()
            .range(self.segment_of(flight));
        let before = at.saturating_sub(range.start);
        let length = (range.end - range.start).max(1);
        let share = (before + flight.bytes(self.now)) * u64::from(WHOLE) / length;
        u16::try_from(share).unwrap_or(WHOLE).min(WHOLE)
    }

    fn member_view(&self, id: Id, member: &Member) -> MemberView {
        let count = self.content.count();
        let have = member.have(self.content.id(), count);
        let mut cells: Vec<Cell> = (0..count)
            .map(|index| match have.contains(index) {
                true => Cell::Has,
                false => Cell::Lacks,
            })
            .collect();
        let coming = self.flights.values();
        for flight in coming.filter(|flight| flight.to == id && flight.is_content()) {
            let share = self.arrived(flight);
            if let Some(cell) = cells.get_mut(self.segment_of(flight) as usize) {
                *cell = match *cell {
                    Cell::Has => Cell::Has,
                    Cell::Arriving(other) => Cell::Arriving(other.max(share)),
                    Cell::Lacks => Cell::Arriving(share),
                };
            }
        }
        let presence = match (member.arrived, member.left) {
            (_, Some(at)) => Presence::Gone(at),
            (Some(at), None) => Presence::Here(at),
            (None, None) => Presence::Awaited(member.setup.arrives),
        };
        let peers = self.view(id).map(|view| view.sources).unwrap_or_default();
        MemberView {
            number: number(id),
            part: member.part,
            conduct: member.conduct(),
            rates: member.setup.rates,
            stay: member.setup.stay,
            presence,
            has: have.len(),
            cells,
            finished: member.complete,
            limit: self.limit(id, member),
            peers: peers.iter().map(Peering::of).collect(),
            pick: member.last_pick.map(|(at, pick)| LastPick::of(at, pick)),
            sent: self.copies_sent(id, member),
            banned: member.banned.clone(),
        }
    }

    fn limit(&self, id: Id, member: &Member) -> Option<LimitedBy> {
        let network = || match self.is_downlink_full(id) {
            true => LimitedBy::Downlink,
            false => LimitedBy::Senders,
        };
        match &member.machine {
            Machine::Swarm(_) => Some(match self.view(id)?.limit {
                Limit::Complete => LimitedBy::Complete,
                Limit::NoSource => LimitedBy::NoSource,
                Limit::Choked => LimitedBy::Choked,
                Limit::Rare => LimitedBy::Rare,
                // Nothing is throttled or waits for a disk here.
                Limit::Network | Limit::Throttle | Limit::Disk => network(),
            }),
            Machine::Fetcher(fetcher) => Some(match fetcher.server {
                _ if fetcher.have().is_full() => LimitedBy::Complete,
                None => LimitedBy::NoSource,
                Some(_) => network(),
            }),
            Machine::Awaited | Machine::Server(_) | Machine::Gone(_) => None,
        }
    }

    /// Returns whether anything that comes to a member arrives later than its senders let it.
    fn is_downlink_full(&self, id: Id) -> bool {
        let latency = self.setup.latency;
        let mut coming = self.flights.values().filter(|flight| flight.to == id);
        coming.any(|flight| flight.arrives > flight.leaves + latency)
    }

    /// Returns the copies of the file that a member has sent, in thousandths of one, what it is sending included.
    pub fn copies_of(&self, id: Id) -> u32 {
        let member = self.members.get(&id);
        member.map_or(0, |member| self.copies_sent(id, member))
    }

    /// Copies of the file that a member has sent, in thousandths of one: what has left, and what has left of the block that it is sending.
    fn copies_sent(&self, id: Id, member: &Member) -> u32 {
        let sending = self
            .flights
            .values()
            .filter(|flight| flight.from == id && flight.leaves > self.now && flight.is_content());
        let part = sending.map(|flight| {
            let takes = flight.leaves + self.setup.latency;
            let takes = micros(takes.since(flight.begins)).max(1);
            let gone = takes.saturating_sub(micros(flight.leaves.since(self.now)));
            flight.block.bytes().len() as u64 * gone / takes
        });
        let sent = member.gave + part.sum::<u64>();
        let copies = sent.saturating_mul(WHOLE.into()) / self.setup.length.max(1);
        u32::try_from(copies).unwrap_or(u32::MAX)
    }
}

impl Peering {
    fn of(source: &SourceView) -> Self {
        Self {
            with: number(source.id),
            chokes: source.chokes,
            is_choked: source.is_choked,
            has: source.has,
            asked: source.asked,
            down: source.down,
            up: source.up,
        }
    }
}
