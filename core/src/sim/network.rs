//! The simulated network: how long a message takes, and whether it arrives.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::rng::Rng;

/// How long a message takes, in milliseconds. Messages may overtake one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Latency {
    /// Always the same.
    Fixed(u32),
    /// Anything between two bounds, each equally likely.
    Uniform(u32, u32),
    /// Mostly short and seldom long, with this mean. ToN 2003 §V-A.
    Exponential(u32),
}

/// No draw is longer than so many means.
const LONGEST: u64 = 45;

impl Latency {
    /// The latency of one message.
    pub fn draw(self, rng: &mut Rng) -> Duration {
        let millis = |value: u32| Duration::from_millis(u64::from(value));
        match self {
            Self::Fixed(value) => millis(value),
            Self::Uniform(low, high) => rng.duration(millis(low), millis(high.max(low))),
            Self::Exponential(mean) => rng.exponential(millis(mean)),
        }
    }

    /// The longest possible.
    pub fn max(self) -> Duration {
        Duration::from_millis(match self {
            Self::Fixed(value) | Self::Uniform(_, value) => u64::from(value),
            Self::Exponential(mean) => LONGEST * u64::from(mean),
        })
    }
}

impl Default for Latency {
    fn default() -> Self {
        Self::Uniform(40, 80)
    }
}
