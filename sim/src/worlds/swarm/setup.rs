//! The set-up of a simulated swarm: the file, the members with their links and their conduct, and the limits on all of it.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::engine::Timed;
use crate::engine::run::MAX_MILLIS;
use crate::worlds::swarm::acting::Action;
use crate::worlds::swarm::conduct::Conduct;
use chordscope_core::base::time::Instant;
use chordscope_core::swarm::choker;
use chordscope_core::swarm::layout::BLOCK;
use chordscope_core::swarm::picker::Order;

/// The most clients of a set-up.
pub const MAX_CLIENTS: usize = 64;
/// The most segments of a file.
pub const MAX_SEGMENTS: u32 = 256;
/// Bytes of a segment of such a file. It follows from the length: core's smallest segment.
pub const SEGMENT: u64 = BLOCK as u64;
/// The most proxies of a content delivery network.
pub const MAX_PROXIES: u8 = 8;
/// The most slots of a member.
pub const MAX_SLOTS: u8 = 16;
/// The slowest link, in bytes a second: a segment takes four seconds. Slower ones come under the protocol's timeouts.
pub const MIN_RATE: u64 = 16 << 10;
/// The fastest link, in bytes a second.
pub const MAX_RATE: u64 = 1 << 30;
/// The longest that a message takes.
pub const MAX_LATENCY: Duration = Duration::from_secs(10);
/// The share of everything, in thousandths.
pub const WHOLE: u16 = 1_000;

/// Bytes a second of an uplink unless it is set.
const USUAL_UP: u64 = 256 << 10;
/// The latency from any member to any other unless it is set.
const USUAL_LATENCY: Duration = Duration::from_millis(20);

/// The length of a member's stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stay {
    /// To the end.
    #[default]
    Always,
    /// Until this time.
    Until(Instant),
    /// Until the member has this share of the file, in thousandths.
    UntilHas(u16),
    /// Until it has the whole file and has sent so many segments since: with 0 it goes at once.
    UntilGave(u16),
    /// Until it has sent the file so many times, in thousandths of a copy: [`WHOLE`] is one copy.
    UntilSent(u32),
    /// Until the clients together have this share of all that they want, in thousandths.
    UntilServed(u16),
}

/// The bandwidth of a member's link, in bytes a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Bytes a second that go out: one block after another.
    pub up: u64,
    /// Bytes a second that come in; `None` where the downlink never limits anything.
    pub down: Option<u64>,
}

impl Rates {
    /// A link whose downlink never limits anything.
    pub const fn up(up: u64) -> Self {
        Self { up, down: None }
    }
}

impl Default for Rates {
    fn default() -> Self {
        Self::up(USUAL_UP)
    }
}

/// The segments that a client has when it comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Begins {
    /// None, and it knows only the file's id.
    #[default]
    Empty,
    /// All but this one.
    AllBut(u32),
}

/// A member that fetches the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// Its link.
    pub rates: Rates,
    /// The time at which it comes.
    pub arrives: Instant,
    /// The segments that it brings.
    pub begins: Begins,
    /// Its conduct.
    pub conduct: Conduct,
    /// The time at which it goes.
    pub stay: Stay,
}

impl Client {
    /// An honest client of this conduct, with the usual link, from the beginning to the end.
    pub fn of(conduct: Conduct) -> Self {
        Self {
            conduct,
            ..Self::default()
        }
    }
}

/// The way in which the file comes to all clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// Clients take of one another and of the first seed: core's [`Swarm`](chordscope_core::swarm::Swarm).
    #[default]
    Swarm,
    /// One server: clients take of the first seed alone. A model, in `server.rs`.
    Server,
    /// A content delivery network: proxies beside the first seed have the whole file before anybody asks, and each client takes of one
    /// of them. A model, in `server.rs`.
    Cdn {
        /// The number of proxies, 1 to [`MAX_PROXIES`].
        proxies: u8,
        /// The link of each.
        rates: Rates,
    },
}

/// A swarm to be simulated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The seed of all randomness, for a world without a history.
    pub seed: u64,
    /// The file's length in bytes; up to 64 MiB, each [`SEGMENT`] of it is a segment.
    pub length: u64,
    /// The latency from any member to any other.
    pub latency: Duration,
    /// The order in which segments are fetched. Clients of servers fetch in order.
    pub order: Order,
    /// The members that each member sends to at a time, the optimistic slot included: 5 is what the product ships.
    pub slots: u8,
    /// The way in which the file comes to the clients.
    pub way: Way,
    /// The link of the first seed.
    pub seed_rates: Rates,
    /// The stay of the first seed.
    pub seed_stay: Stay,
    /// The clients, numbered from 1.
    pub clients: Vec<Client>,
    /// The actions, in order of time.
    pub actions: Vec<Timed<Action>>,
}

/// The reason why a set-up is refused: the limit that it breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetupError {
    /// The file has none or more than [`MAX_SEGMENTS`] segments.
    Segments,
    /// There are none or more than [`MAX_CLIENTS`] clients.
    Clients,
    /// There are none or more than [`MAX_SLOTS`] slots.
    Slots,
    /// There are none or more than [`MAX_PROXIES`] proxies.
    Proxies,
    /// A rate is not from [`MIN_RATE`] to [`MAX_RATE`].
    Rate,
    /// The latency is longer than [`MAX_LATENCY`].
    Latency,
    /// A time is later than a run may last: a day.
    Time,
    /// A share is 0, or more than [`WHOLE`].
    Share,
    /// The number of a segment that is not in the file.
    NoSegment,
}

impl Setup {
    /// A swarm with the usual links, all of whose clients come at once and stay: rarest first, five slots.
    ///
    /// # Errors
    /// [`SetupError::Clients`], [`SetupError::Segments`].
    pub fn new(clients: usize, segments: u32) -> Result<Self, SetupError> {
        let clients = alloc::vec![Client::default(); clients.min(MAX_CLIENTS + 1)];
        Self::of(u64::from(segments) * SEGMENT, clients).checked()
    }

    /// The same with a file of any length and these clients, not checked against the limits.
    pub const fn of(length: u64, clients: Vec<Client>) -> Self {
        Self {
            seed: 1,
            length,
            latency: USUAL_LATENCY,
            order: Order::RarestFirst,
            slots: choker::SLOTS as u8,
            way: Way::Swarm,
            seed_rates: Rates::up(USUAL_UP),
            seed_stay: Stay::Always,
            clients,
            actions: Vec::new(),
        }
    }

    /// Gives all clients this link.
    #[must_use]
    pub fn with_rates(mut self, rates: Rates) -> Self {
        for client in &mut self.clients {
            client.rates = rates;
        }
        self
    }

    /// Gives the clients uplinks in turn, in bytes a second: the first one to the first client, and so on, from the beginning again where
    /// there are fewer.
    #[must_use]
    pub fn with_uplinks(mut self, uplinks: &[u64]) -> Self {
        for (client, up) in self.clients.iter_mut().zip(uplinks.iter().cycle()) {
            client.rates.up = *up;
        }
        self
    }

    /// Lets the clients come one by one: the first at time zero, each further one so much later.
    #[must_use]
    pub fn with_arrivals_every(mut self, pause: Duration) -> Self {
        let mut at = Instant::ZERO;
        for client in &mut self.clients {
            client.arrives = at;
            at += pause;
        }
        self
    }

    /// Returns the number of segments.
    pub const fn segments(&self) -> u32 {
        let count = self.length.div_ceil(SEGMENT);
        if count == 0 { 1 } else { count as u32 }
    }

    /// Returns the set-up if it is within all limits.
    ///
    /// # Errors
    /// The limit that it breaks.
    pub fn checked(self) -> Result<Self, SetupError> {
        self.check()?;
        Ok(self)
    }

    /// Checks all limits.
    ///
    /// # Errors
    /// The limit that is broken.
    pub fn check(&self) -> Result<(), SetupError> {
        let good = |is: bool, error| if is { Ok(()) } else { Err(error) };
        let is_length = (1..=u64::from(MAX_SEGMENTS) * SEGMENT).contains(&self.length);
        good(is_length, SetupError::Segments)?;
        let is_count = (1..=MAX_CLIENTS).contains(&self.clients.len());
        good(is_count, SetupError::Clients)?;
        good((1..=MAX_SLOTS).contains(&self.slots), SetupError::Slots)?;
        good(self.latency <= MAX_LATENCY, SetupError::Latency)?;
        if let Order::From(segment) = self.order {
            good(segment < self.segments(), SetupError::NoSegment)?;
        }
        if let Way::Cdn { proxies, rates } = self.way {
            good((1..=MAX_PROXIES).contains(&proxies), SetupError::Proxies)?;
            rates.check()?;
        }
        self.seed_rates.check()?;
        self.seed_stay.check()?;
        for client in &self.clients {
            client.rates.check()?;
            client.stay.check()?;
            good(client.arrives <= LAST, SetupError::Time)?;
            if let Begins::AllBut(segment) = client.begins {
                good(segment < self.segments(), SetupError::NoSegment)?;
            }
        }
        let times = self.actions.iter().map(|timed| timed.at);
        good(times.max().is_none_or(|at| at <= LAST), SetupError::Time)
    }
}

/// The latest time of anything that is planned.
const LAST: Instant = Instant::from_millis(MAX_MILLIS);

impl Rates {
    fn check(self) -> Result<(), SetupError> {
        let is_good = |rate: u64| (MIN_RATE..=MAX_RATE).contains(&rate);
        match is_good(self.up) && self.down.is_none_or(is_good) {
            true => Ok(()),
            false => Err(SetupError::Rate),
        }
    }
}

impl Stay {
    fn check(self) -> Result<(), SetupError> {
        match self {
            Self::Until(at) if at > LAST => Err(SetupError::Time),
            Self::UntilHas(share) | Self::UntilServed(share) if !(1..=WHOLE).contains(&share) => {
                Err(SetupError::Share)
            }
            Self::UntilSent(0) => Err(SetupError::Share),
            _ => Ok(()),
        }
    }
}

impl SetupError {
    /// The part of the set-up that is wrong.
    pub const fn place(self) -> &'static str {
        match self {
            Self::Segments => "segments",
            Self::Clients => "clients",
            Self::Slots => "slots",
            Self::Proxies => "proxies",
            Self::Rate => "rates",
            Self::Latency => "latency",
            Self::Time => "time",
            Self::Share => "share",
            Self::NoSegment => "segment",
        }
    }
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Segments => write!(f, "a file has 1 to {MAX_SEGMENTS} segments"),
            Self::Clients => write!(f, "there are 1 to {MAX_CLIENTS} clients"),
            Self::Slots => write!(f, "there are 1 to {MAX_SLOTS} slots"),
            Self::Proxies => write!(f, "there are 1 to {MAX_PROXIES} proxies"),
            Self::Rate => write!(
                f,
                "a link has {MIN_RATE} to {MAX_RATE} bytes a second each way"
            ),
            Self::Latency => write!(f, "a message takes at most {} s", MAX_LATENCY.as_secs()),
            Self::Time => f.write_str("a run lasts at most a day"),
            Self::Share => write!(f, "a share is 1 to {WHOLE} thousandths"),
            Self::NoSegment => f.write_str("the file has no such segment"),
        }
    }
}

impl core::error::Error for SetupError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_checked_by_itself() {
        let good = Setup::new(MAX_CLIENTS, MAX_SEGMENTS).unwrap();
        assert_eq!(good.segments(), MAX_SEGMENTS);
        assert_eq!(Setup::new(0, 1), Err(SetupError::Clients));
        assert_eq!(Setup::new(usize::MAX, 1), Err(SetupError::Clients));
        assert_eq!(Setup::new(1, 0), Err(SetupError::Segments));
        assert_eq!(Setup::new(1, MAX_SEGMENTS + 1), Err(SetupError::Segments));
        let late = Instant::from_millis(MAX_MILLIS + 1);
        type Case<'a> = (&'a dyn Fn(&mut Setup), SetupError);
        let cases: [Case<'_>; 14] = [
            (&|setup| setup.slots = 0, SetupError::Slots),
            (&|setup| setup.slots = MAX_SLOTS + 1, SetupError::Slots),
            (
                &|setup| setup.latency = MAX_LATENCY + Duration::from_micros(1),
                SetupError::Latency,
            ),
            (
                &|setup| setup.order = Order::From(MAX_SEGMENTS),
                SetupError::NoSegment,
            ),
            (&|setup| setup.seed_rates.up = 0, SetupError::Rate),
            (
                &|setup| setup.clients[3].rates.down = Some(MIN_RATE - 1),
                SetupError::Rate,
            ),
            (
                &|setup| setup.seed_stay = Stay::UntilSent(0),
                SetupError::Share,
            ),
            (
                &|setup| setup.seed_stay = Stay::UntilServed(WHOLE + 1),
                SetupError::Share,
            ),
            (
                &|setup| setup.clients[0].stay = Stay::UntilHas(0),
                SetupError::Share,
            ),
            (
                &|setup| setup.clients[0].stay = Stay::Until(late),
                SetupError::Time,
            ),
            (&|setup| setup.clients[9].arrives = late, SetupError::Time),
            (
                &|setup| setup.clients[9].begins = Begins::AllBut(MAX_SEGMENTS),
                SetupError::NoSegment,
            ),
            (
                &|setup| {
                    setup.way = Way::Cdn {
                        proxies: 0,
                        rates: Rates::default(),
                    };
                },
                SetupError::Proxies,
            ),
            (
                &|setup| {
                    setup.actions.push(Timed {
                        at: late,
                        action: Action::Join,
                    });
                },
                SetupError::Time,
            ),
        ];
        for (spoil, error) in cases {
            let mut setup = good.clone();
            spoil(&mut setup);
            assert_eq!(setup.check(), Err(error));
        }
    }

    #[test]
    fn links_and_arrivals_are_dealt_out_in_turn() {
        let setup = Setup::new(5, 8)
            .unwrap()
            .with_uplinks(&[100_000, 200_000])
            .with_arrivals_every(Duration::from_secs(2));
        let ups = setup.clients.iter().map(|client| client.rates.up);
        assert!(ups.eq([100_000, 200_000, 100_000, 200_000, 100_000]));
        assert_eq!(setup.clients[4].arrives, Instant::from_millis(8_000));
    }
}
