//! The settings of a swarm as the controls have them, and the set-up that follows.

use std::time::Duration;

use chordscope_core::swarm::picker::Order;
use chordscope_sim::worlds::swarm::setup::{MAX_CLIENTS, SEGMENT};
use chordscope_sim::worlds::swarm::{Client, Conduct, Rates, Setup};

/// The most segments: more have no row that one can point at.
pub const MAX_SEGMENTS: u32 = 128;
/// The highest uplink, in megabits a second.
pub const MAX_UP: u32 = 100;
/// The greatest seed of randomness that a field takes.
pub const MAX_SEED: u32 = 999_999;

/// The latency from any member to any other.
const LATENCY: Duration = Duration::from_millis(20);
/// The time between two arrivals where clients trickle in.
const TRICKLE: Duration = Duration::from_secs(2);
/// Bytes a second of a megabit a second.
const MEGABIT: u64 = 125_000;

/// The order in which clients fetch segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Picker {
    /// Rarest first.
    #[default]
    Rarest,
    /// Any.
    Random,
    /// From the beginning of the file to its end.
    InOrder,
}

/// The uplinks of the clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Uplinks {
    /// All alike.
    #[default]
    Equal,
    /// In turn half as wide, as wide, and twice as wide.
    Unequal,
}

/// The times at which clients come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrival {
    /// All at the beginning.
    #[default]
    AtOnce,
    /// One every two seconds.
    Trickle,
}

/// The conduct of the last client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Last {
    /// As it should.
    #[default]
    Honest,
    /// Takes and never gives.
    FreeRides,
    /// Changes a byte of everything that it sends.
    Lies,
}

/// The settings of a swarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Levers {
    /// The number of clients.
    pub clients: u32,
    /// The number of segments.
    pub segments: u32,
    /// The order in which they are fetched.
    pub picker: Picker,
    /// The seed's uplink, in megabits a second.
    pub seed_up: u32,
    /// The clients' uplink, in megabits a second.
    pub client_up: u32,
    /// Whether these are alike.
    pub uplinks: Uplinks,
    /// The times at which clients come.
    pub arrival: Arrival,
    /// The conduct of the last one.
    pub last: Last,
    /// The seed of randomness.
    pub seed: u32,
}

impl Default for Levers {
    fn default() -> Self {
        Self {
            clients: 8,
            segments: 20,
            picker: Picker::default(),
            seed_up: 2,
            client_up: 2,
            uplinks: Uplinks::default(),
            arrival: Arrival::default(),
            last: Last::default(),
            seed: 1,
        }
    }
}

/// A setting that is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dial {
    /// The number of clients.
    Clients,
    /// The number of segments.
    Segments,
    /// The seed's uplink.
    SeedUp,
    /// The clients' uplink.
    ClientUp,
    /// The seed of randomness.
    Seed,
}

impl Dial {
    /// The least and the greatest value.
    pub const fn range(self) -> (u32, u32) {
        match self {
            Self::Clients => (1, MAX_CLIENTS as u32),
            Self::Segments => (1, MAX_SEGMENTS),
            Self::SeedUp | Self::ClientUp => (1, MAX_UP),
            Self::Seed => (0, MAX_SEED),
        }
    }

    /// Reads a value that is typed.
    ///
    /// # Errors
    /// One sentence that says what is wrong with it.
    pub fn read(self, text: &str) -> Result<u32, String> {
        let (least, most) = self.range();
        let value = text.trim().parse().ok();
        let fits = value.filter(|value| (least..=most).contains(value));
        fits.ok_or_else(|| {
            let what = match self {
                Self::Clients => "number of clients",
                Self::Segments => "number of segments",
                Self::SeedUp | Self::ClientUp => "uplink in Mbit/s",
                Self::Seed => "seed",
            };
            format!(
                "“{}” is no {what} here: type a whole number from {least} to {most}.",
                text.trim()
            )
        })
    }
}

impl Levers {
    /// The value of a setting.
    pub const fn dial(&self, dial: Dial) -> u32 {
        match dial {
            Dial::Clients => self.clients,
            Dial::Segments => self.segments,
            Dial::SeedUp => self.seed_up,
            Dial::ClientUp => self.client_up,
            Dial::Seed => self.seed,
        }
    }

    /// These settings, with another value of one.
    #[must_use]
    pub const fn with(mut self, dial: Dial, value: u32) -> Self {
        match dial {
            Dial::Clients => self.clients = value,
            Dial::Segments => self.segments = value,
            Dial::SeedUp => self.seed_up = value,
            Dial::ClientUp => self.client_up = value,
            Dial::Seed => self.seed = value,
        }
        self
    }

    /// These settings with the numbers and the picker of a set-up, as far as the controls have such.
    #[must_use]
    pub fn like(mut self, setup: &Setup, seed: u64) -> Self {
        let within = |dial: Dial, value: u64| {
            let (least, most) = dial.range();
            u32::try_from(value).unwrap_or(most).clamp(least, most)
        };
        self.clients = within(Dial::Clients, setup.clients.len() as u64);
        self.segments = within(Dial::Segments, setup.segments().into());
        self.seed = within(Dial::Seed, seed);
        self.picker = match setup.order {
            Order::RarestFirst => Picker::Rarest,
            Order::Random => Picker::Random,
            Order::From(_) => Picker::InOrder,
        };
        self
    }

    /// The set-up of the simulator.
    pub fn setup(&self) -> Setup {
        let up = u64::from(self.client_up) * MEGABIT;
        let mut clients = vec![Client::default(); self.clients as usize];
        if let Some(last) = clients.last_mut() {
            last.conduct = match self.last {
                Last::Honest => Conduct::Honest,
                Last::FreeRides => Conduct::FreeRides,
                Last::Lies => Conduct::Corrupts,
            };
        }
        let mut setup = Setup::of(u64::from(self.segments) * SEGMENT, clients);
        setup.seed = u64::from(self.seed);
        setup.latency = LATENCY;
        setup.seed_rates = Rates::up(u64::from(self.seed_up) * MEGABIT);
        setup.order = match self.picker {
            Picker::Rarest => Order::RarestFirst,
            Picker::Random => Order::Random,
            Picker::InOrder => Order::From(0),
        };
        let setup = match self.uplinks {
            Uplinks::Equal => setup.with_rates(Rates::up(up)),
            Uplinks::Unequal => setup.with_uplinks(&[up / 2, up, 2 * up]),
        };
        match self.arrival {
            Arrival::AtOnce => setup,
            Arrival::Trickle => setup.with_arrivals_every(TRICKLE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_at_its_least_and_at_its_greatest_is_a_swarm() {
        let dials = [
            Dial::Clients,
            Dial::Segments,
            Dial::SeedUp,
            Dial::ClientUp,
            Dial::Seed,
        ];
        for dial in dials {
            let (least, most) = dial.range();
            for value in [least, most] {
                let levers = Levers::default().with(dial, value);
                assert_eq!(levers.dial(dial), value);
                for uplinks in [Uplinks::Equal, Uplinks::Unequal] {
                    let setup = Levers { uplinks, ..levers }.setup();
                    assert_eq!(setup.check(), Ok(()), "{levers:?}");
                    assert_eq!(setup.segments(), levers.segments);
                }
            }
            assert_eq!(dial.read(&most.to_string()), Ok(most));
            let refused = dial.read(&(u64::from(most) + 1).to_string()).unwrap_err();
            assert!(refused.contains(&format!("{least} to {most}")), "{refused}");
        }
        assert!(Dial::Seed.read("-1").is_err() && Dial::Clients.read("many").is_err());
    }
}
