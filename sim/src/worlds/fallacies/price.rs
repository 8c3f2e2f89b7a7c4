//! The price of transport: a list of two prices, and the bill that follows from the network's byte counters.
//!
//! Cloud hosts charge for what is sent, mobile carriers for what is received, too. Chord knows of neither.

/// The highest price, in cents for a gigabyte.
pub const MAX_PRICE: u32 = 1_000;

/// The prices of a run, in cents for a gigabyte (10^9 bytes).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    /// The price of what a peer sends.
    pub sent: u32,
    /// The price of what a peer receives.
    pub received: u32,
}

/// The bytes of a peer over its line, and what they cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bill {
    /// The peer's number.
    pub peer: u16,
    /// Bytes sent.
    pub sent: u64,
    /// Bytes received.
    pub received: u64,
    /// The sum, in nanocents (10^-9 cents): a byte at a cent for a gigabyte.
    pub nanocents: u64,
}

impl Prices {
    /// Returns the cost of so many bytes, in nanocents.
    pub const fn cost(self, sent: u64, received: u64) -> u64 {
        let sent = sent.saturating_mul(self.sent as u64);
        sent.saturating_add(received.saturating_mul(self.received as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gigabyte_costs_its_price() {
        let prices = Prices {
            sent: 8,
            received: 3,
        };
        const CENT: u64 = 1_000_000_000;
        assert_eq!(prices.cost(1_000_000_000, 0), 8 * CENT);
        assert_eq!(prices.cost(0, 2_000_000_000), 6 * CENT);
        assert_eq!(Prices::default().cost(u64::MAX, u64::MAX), 0);
    }
}
