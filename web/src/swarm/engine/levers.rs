//! The settings of a swarm as the controls have them, and the set-up that follows.

use std::time::Duration;

use chordscope_core::base::time::Instant;
use chordscope_core::swarm::picker::Order;
use chordscope_sim::worlds::swarm::setup::{Begins, MAX_CLIENTS, MAX_RATE, MIN_RATE, SEGMENT};
use chordscope_sim::worlds::swarm::{Client, Conduct, Setup};

use crate::swarm::engine::statement::megabits;

/// The most segments: more have no row that one can point at.
pub const MAX_SEGMENTS: u32 = 128;
/// The slowest and the fastest uplink that a field takes, in bytes a second.
const UP: (u64, u64) = (3 * MEGABIT / 10, 100 * MEGABIT);
/// The greatest seed of randomness that a field takes.
pub const MAX_SEED: u32 = 999_999;

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
    /// Otherwise, as a scenario or a link has them.
    Own,
}

/// The times at which clients come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrival {
    /// All at the beginning.
    #[default]
    AtOnce,
    /// One every two seconds.
    Trickle,
    /// Otherwise, as a scenario or a link has them.
    Own,
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
    /// Otherwise, as a link has it.
    Own,
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
    /// The seed's uplink, in bytes a second.
    pub seed_up: u64,
    /// The clients' uplink, in bytes a second; of unequal ones the middle one, otherwise that of the first client.
    pub client_up: u64,
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
            seed_up: 2 * MEGABIT,
            client_up: 2 * MEGABIT,
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
    /// The least and the greatest value. Uplinks are in bytes a second.
    pub const fn range(self) -> (u64, u64) {
        match self {
            Self::Clients => (1, MAX_CLIENTS as u64),
            Self::Segments => (1, MAX_SEGMENTS as u64),
            Self::SeedUp | Self::ClientUp => UP,
            Self::Seed => (0, MAX_SEED as u64),
        }
    }

    /// Whether it is an uplink, in Mbit/s on the page.
    pub const fn is_rate(self) -> bool {
        matches!(self, Self::SeedUp | Self::ClientUp)
    }

    /// A value as the field shows it.
    pub fn show(self, value: u64) -> String {
        match self.is_rate() {
            true => megabits(value),
            false => value.to_string(),
        }
    }

    /// Reads a value that is typed.
    ///
    /// # Errors
    /// One sentence that says what is wrong with it.
    pub fn read(self, text: &str) -> Result<u64, String> {
        let (least, most) = self.range();
        let value = match self.is_rate() {
            true => hundredths(text.trim()).map(|hundredths| hundredths * MEGABIT / 100),
            false => text.trim().parse().ok(),
        };
        let fits = value.filter(|value| (least..=most).contains(value));
        fits.ok_or_else(|| {
            let (what, number) = match self {
                Self::Clients => ("number of clients", "whole number"),
                Self::Segments => ("number of segments", "whole number"),
                Self::SeedUp | Self::ClientUp => ("uplink in Mbit/s", "number"),
                Self::Seed => ("seed", "whole number"),
            };
            format!(
                "“{}” is no {what} here: type a {number} from {} to {}.",
                text.trim(),
                self.show(least),
                self.show(most)
            )
        })
    }
}

/// Reads a decimal number with at most two places, in hundredths.
fn hundredths(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|letter| letter.is_ascii_digit());
    if whole.is_empty() || part.len() > 2 || !is_number(whole) || !is_number(part) {
        return None;
    }
    let part: u64 = format!("{part:0<2}").parse().ok()?;
    whole
        .parse::<u64>()
        .ok()?
        .checked_mul(100)?
        .checked_add(part)
}

impl Levers {
    /// The value of a setting.
    pub fn dial(&self, dial: Dial) -> u64 {
        match dial {
            Dial::Clients => self.clients.into(),
            Dial::Segments => self.segments.into(),
            Dial::SeedUp => self.seed_up,
            Dial::ClientUp => self.client_up,
            Dial::Seed => self.seed.into(),
        }
    }

    /// These settings, with another value of one, which is cut to its range.
    #[must_use]
    pub fn with(mut self, dial: Dial, value: u64) -> Self {
        let (least, most) = dial.range();
        let value = value.clamp(least, most);
        let small = u32::try_from(value).unwrap_or(u32::MAX);
        match dial {
            Dial::Clients => self.clients = small,
            Dial::Segments => self.segments = small,
            Dial::SeedUp => self.seed_up = value,
            Dial::ClientUp => self.client_up = value,
            Dial::Seed => self.seed = small,
        }
        self
    }

    /// The settings of a set-up that is run with this seed.
    pub fn of(setup: &Setup, seed: u64) -> Self {
        let first = setup.clients.first().copied().unwrap_or_default().rates.up;
        let middle = setup.clients.get(1).map_or(first, |client| client.rates.up);
        let uplinks = setup.clients.iter().map(|client| client.rates.up);
        let arrivals = setup.clients.iter().map(|client| client.arrives);
        let is_unequal = uplinks.clone().eq(unequal(middle)
            .into_iter()
            .cycle()
            .take(setup.clients.len()));
        let (uplinks, client_up) = match uplinks.clone().all(|up| up == first) {
            true => (Uplinks::Equal, first),
            false if is_unequal => (Uplinks::Unequal, middle),
            false => (Uplinks::Own, first),
        };
        let trickle = (0_u32..).map(|place| Instant::ZERO + TRICKLE * place);
        let levers = Self {
            picker: match setup.order {
                Order::RarestFirst => Picker::Rarest,
                Order::Random => Picker::Random,
                Order::From(_) => Picker::InOrder,
            },
            seed_up: setup.seed_rates.up,
            client_up,
            uplinks,
            arrival: match arrivals.clone().all(|at| at == Instant::ZERO) {
                true => Arrival::AtOnce,
                false if arrivals.clone().eq(trickle.take(setup.clients.len())) => Arrival::Trickle,
                false => Arrival::Own,
            },
            last: match setup.clients.last().map(|client| client.conduct) {
                None | Some(Conduct::Honest) => Last::Honest,
                Some(Conduct::FreeRides) => Last::FreeRides,
                Some(Conduct::Corrupts) => Last::Lies,
                Some(_) => Last::Own,
            },
            ..Self::default()
        };
        levers
            .with(Dial::Clients, setup.clients.len() as u64)
            .with(Dial::Segments, setup.segments().into())
            .with(Dial::Seed, seed)
    }

    /// The set-up of the simulator.
    pub fn setup(&self) -> Setup {
        let mut setup = Setup::of(SEGMENT, vec![Client::default()]);
        self.change(&mut setup, None);
        setup
    }

    /// Changes in a set-up what differs from other settings, and nothing else; everything where there are none.
    pub fn change(&self, setup: &mut Setup, from: Option<&Self>) {
        let differs = |part: fn(&Self) -> u64| from.is_none_or(|from| part(from) != part(self));
        if differs(|levers| levers.segments.into()) {
            setup.length = u64::from(self.segments) * SEGMENT;
            self.fit(setup);
        }
        let has_resized = differs(|levers| levers.clients.into());
        if has_resized {
            let last = setup.clients.last().copied().unwrap_or_default();
            let further = Client {
                conduct: Conduct::Honest,
                ..last
            };
            setup.clients.resize(self.clients as usize, further);
        }
        if differs(|levers| levers.picker as u64) {
            setup.order = match self.picker {
                Picker::Rarest => Order::RarestFirst,
                Picker::Random => Order::Random,
                Picker::InOrder => Order::From(0),
            };
        }
        if differs(|levers| levers.seed_up) {
            setup.seed_rates.up = self.seed_up;
        }
        let has_relinked =
            differs(|levers| levers.client_up) || differs(|levers| levers.uplinks as u64);
        if has_relinked || has_resized {
            let up = self.client_up;
            let uplinks = match self.uplinks {
                Uplinks::Equal => vec![up],
                Uplinks::Unequal => unequal(up).to_vec(),
                // All are as much faster or slower as the first.
                Uplinks::Own => setup
                    .clients
                    .iter()
                    .map(|client| self.scaled(client.rates.up, from))
                    .collect(),
            };
            for (client, up) in setup.clients.iter_mut().zip(uplinks.iter().cycle()) {
                client.rates.up = *up;
            }
        }
        if differs(|levers| levers.arrival as u64) || has_resized {
            match self.arrival {
                Arrival::AtOnce => setup
                    .clients
                    .iter_mut()
                    .for_each(|client| client.arrives = Instant::ZERO),
                Arrival::Trickle => *setup = setup.clone().with_arrivals_every(TRICKLE),
                Arrival::Own => {}
            }
        }
        if (differs(|levers| levers.last as u64) || has_resized)
            && let Some(last) = setup.clients.last_mut()
        {
            last.conduct = match self.last {
                Last::Honest => Conduct::Honest,
                Last::FreeRides => Conduct::FreeRides,
                Last::Lies => Conduct::Corrupts,
                Last::Own => last.conduct,
            };
        }
        // They may name who is not there any more.
        setup.actions.clear();
    }

    /// An uplink that changes as that of the first client does.
    fn scaled(&self, up: u64, from: Option<&Self>) -> u64 {
        let before = from.map_or(self.client_up, |from| from.client_up).max(1);
        let scaled = u128::from(up) * u128::from(self.client_up) / u128::from(before);
        u64::try_from(scaled)
            .unwrap_or(MAX_RATE)
            .clamp(MIN_RATE, MAX_RATE)
    }

    /// Makes no part of a set-up name a segment that its file has no more.
    fn fit(&self, setup: &mut Setup) {
        let is_in = |segment: u32| segment < self.segments;
        for client in &mut setup.clients {
            if matches!(client.begins, Begins::AllBut(segment) if !is_in(segment)) {
                client.begins = Begins::Empty;
            }
        }
        if matches!(setup.order, Order::From(segment) if !is_in(segment)) {
            setup.order = Order::From(0);
        }
    }
}

/// Uplinks in turn half as wide as this one, as wide, and twice as wide.
const fn unequal(up: u64) -> [u64; 3] {
    [up / 2, up, 2 * up]
}

#[cfg(test)]
mod tests {
    use super::*;
    use chordscope_sim::worlds::swarm::scenario::Scenario;

    const DIALS: [Dial; 5] = [
        Dial::Clients,
        Dial::Segments,
        Dial::SeedUp,
        Dial::ClientUp,
        Dial::Seed,
    ];

    #[test]
    fn every_setting_at_its_least_and_at_its_greatest_is_a_swarm_whose_settings_are_these() {
        for dial in DIALS {
            let (least, most) = dial.range();
            for value in [least, most] {
                let levers = Levers::default().with(dial, value);
                assert_eq!(levers.dial(dial), value);
                assert_eq!(dial.read(&dial.show(value)), Ok(value));
                for uplinks in [Uplinks::Equal, Uplinks::Unequal] {
                    for arrival in [Arrival::AtOnce, Arrival::Trickle] {
                        for last in [Last::Honest, Last::FreeRides, Last::Lies] {
                            let levers = Levers {
                                uplinks,
                                arrival,
                                last,
                                ..levers
                            };
                            let setup = levers.setup();
                            assert_eq!(setup.check(), Ok(()), "{levers:?}");
                            let again = Levers::of(&setup, u64::from(levers.seed));
                            assert_eq!(again.setup(), setup, "{levers:?}");
                        }
                    }
                }
            }
            let refused = dial.read("1000001").unwrap_err();
            let range = format!("{} to {}", dial.show(least), dial.show(most));
            assert!(refused.contains(&range), "{refused}");
        }
        assert!(Dial::Seed.read("-1").is_err() && Dial::Clients.read("many").is_err());
    }

    #[test]
    fn a_setting_of_a_scenario_changes_that_alone() {
        for scenario in Scenario::all() {
            let levers = Levers::of(&scenario.setup, scenario.seed);
            let mut same = scenario.setup.clone();
            levers.change(&mut same, Some(&levers));
            assert_eq!(same, scenario.setup);
            let picker = match levers.picker {
                Picker::InOrder => Picker::Rarest,
                _ => Picker::InOrder,
            };
            let mut other = scenario.setup.clone();
            Levers { picker, ..levers }.change(&mut other, Some(&levers));
            assert_ne!(other.order, scenario.setup.order);
            other.order = scenario.setup.order;
            assert_eq!(other, scenario.setup);
            for dial in DIALS {
                let (least, most) = dial.range();
                for value in [least, most] {
                    let mut other = scenario.setup.clone();
                    levers.with(dial, value).change(&mut other, Some(&levers));
                    assert_eq!(other.check(), Ok(()), "{} {dial:?} {value}", scenario.name);
                }
            }
        }
    }

    #[test]
    fn an_uplink_is_typed_in_megabits_with_two_places() {
        assert_eq!(Dial::SeedUp.read("2.1"), Ok(262_500));
        assert_eq!(Dial::SeedUp.read(" 0.35 "), Ok(43_750));
        for wrong in ["", ".", "2.", "2.123", "-1", "1e3", "+1", "0.2", "101"] {
            let is_wrong = Dial::SeedUp.read(wrong).is_err();
            assert_eq!(is_wrong, wrong != "2.", "{wrong}");
        }
        assert_eq!(Dial::SeedUp.show(256 << 10), "2.1");
    }
}
