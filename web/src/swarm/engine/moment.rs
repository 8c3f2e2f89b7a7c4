//! A swarm at one moment, as plain values: all that the stage, the sentences and the tables are made from.

use std::collections::BTreeMap;

use chordscope_core::base::id::Id;
use chordscope_core::swarm::api::Limit;
use chordscope_core::swarm::bitfield::Bitfield;

/// A swarm at one moment. Members are numbered as in the simulator: 0 is the first seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// Virtual time, in microseconds.
    pub now: u64,
    /// The number of segments of the file.
    pub segments: u32,
    /// The file's length, in bytes.
    pub length: u64,
    /// Everybody who is or was here, the first seed first.
    pub members: Vec<Member>,
    /// The segments that are being sent now.
    pub flows: Vec<Flow>,
}

/// A member of the swarm.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Its number.
    pub number: u64,
    /// Whether it is here.
    pub here: bool,
    /// Whether it takes and gives nothing.
    pub free_rides: bool,
    /// Whether another member has banned it.
    pub banned: bool,
    /// The segments that it has.
    pub have: Bitfield,
    /// The segments that have begun to arrive, each with the thousandths that are here.
    pub arriving: BTreeMap<u32, u16>,
    /// The segments that it has asked for.
    pub asked: Vec<u32>,
    /// The limit of its speed; `None` for one that is not here.
    pub limit: Option<Limit>,
    /// The members that it knows.
    pub sources: Vec<Source>,
    /// Its uplink, in bytes a second.
    pub up: u64,
    /// Bytes of blocks that it has sent.
    pub sent: u64,
    /// Bytes a second that come in.
    pub down: u64,
    /// The time at which it came, in microseconds.
    pub arrived: Option<u64>,
    /// The time at which it had everything, in microseconds.
    pub completed: Option<u64>,
}

/// Another member, as one knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its number.
    pub number: u64,
    /// Whether it chokes this one: it does not send now.
    pub chokes: bool,
    /// Whether this one chokes it.
    pub is_choked: bool,
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
    /// The thousandths of it that have arrived.
    pub share: u16,
}

/// The number of a member.
pub fn number(id: Id) -> u64 {
    id.to_u64().map_or(0, |id| id.saturating_sub(1))
}

impl Moment {
    /// A member by its number.
    pub fn member(&self, number: u64) -> Option<&Member> {
        self.members.iter().find(|member| member.number == number)
    }

    /// Everybody but the first seed.
    pub fn clients(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.number != 0)
    }

    /// The first seed.
    pub fn seed(&self) -> Option<&Member> {
        self.member(0)
    }

    /// Returns the number of clients that are here and have a segment.
    pub fn copies(&self, segment: u32) -> u32 {
        let holders = self.clients().filter(|client| client.here && client.have.contains(segment));
        holders.count() as u32
    }

    /// Returns the number of clients at which a segment is arriving.
    pub fn arriving(&self, segment: u32) -> u32 {
        let getting = self.clients().filter(|client| client.arriving.contains_key(&segment));
        getting.count() as u32
    }

    /// Returns the segments that a client here lacks and that fewest clients have; none once nobody lacks anything.
    pub fn rarest(&self) -> Vec<u32> {
        let lacked = |segment: &u32| {
            let mut here = self.clients().filter(|client| client.here);
            here.any(|client| !client.have.contains(*segment))
        };
        let lacked: Vec<u32> = (0..self.segments).filter(lacked).collect();
        let least = lacked.iter().map(|segment| self.copies(*segment)).min();
        let is_least = |segment: &u32| Some(self.copies(*segment)) == least;
        lacked.into_iter().filter(is_least).collect()
    }

    /// Returns a segment that a client here lacks and that nobody here has, the first of them: then that client cannot end.
    pub fn lost(&self) -> Option<u32> {
        let here = || self.members.iter().filter(|member| member.here);
        let is_lost = |segment: &u32| {
            let is_lacked = here().any(|member| !member.have.contains(*segment));
            let is_held = here().any(|member| member.have.contains(*segment) || member.arriving.contains_key(segment));
            is_lacked && !is_held
        };
        (0..self.segments).find(is_lost)
    }

    /// Returns the copies of the file that the first seed has sent, in hundredths.
    pub fn copies_sent(&self) -> u64 {
        let sent = self.seed().map_or(0, |seed| seed.sent);
        (sent * 100 + self.length / 2) / self.length.max(1)
    }

    /// Returns the share of all that the clients want that they have, in percent, rounded down.
    pub fn served(&self) -> u64 {
        let has: u64 = self.clients().map(|client| u64::from(client.have.len())).sum();
        let wants = self.clients().count() as u64 * u64::from(self.segments);
        has * 100 / wants.max(1)
    }

    /// Returns whether every client that is here has the whole file, and somebody is.
    pub fn is_complete(&self) -> bool {
        let mut here = self.clients().filter(|client| client.here).peekable();
        here.peek().is_some() && here.all(|client| client.have.is_full())
    }
}

impl Member {
    /// Returns the members that have a slot for this one: they send what it asks for.
    pub fn slots(&self) -> impl Iterator<Item = u64> {
        let open = self.sources.iter().filter(|source| !source.chokes);
        open.map(|source| source.number)
    }

    /// Returns the members that choke this one.
    pub fn choked_by(&self) -> impl Iterator<Item = u64> {
        let closed = self.sources.iter().filter(|source| source.chokes);
        closed.map(|source| source.number)
    }

    /// Returns the members that this one has a slot for.
    pub fn gives_to(&self) -> impl Iterator<Item = u64> {
        let open = self.sources.iter().filter(|source| !source.is_choked);
        open.map(|source| source.number)
    }
}
