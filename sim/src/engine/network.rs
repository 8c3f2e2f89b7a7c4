//! The simulated network: how long a message takes, and whether it arrives.

use core::time::Duration;

use chordscope_core::base::digest::Digest;
use chordscope_core::base::id::Id;
use chordscope_core::base::rng::Rng;

/// The latency of a message, in milliseconds. Messages may overtake one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Latency {
    /// Always the same.
    Fixed(u32),
    /// Uniform between two bounds.
    Uniform(u32, u32),
    /// Mostly short and seldom long, with this mean. ToN 2003 §V-A.
    Exponential(u32),
    /// The nodes lie anywhere in a cube, and a message takes as long as its way: this long for an edge. ToN 2003 §VI-C.
    Cube(u32),
}

/// Positions along an edge of the cube.
const EDGE: u64 = 1 << 20;

/// No draw is longer than so many means.
const LONGEST: u64 = 45;

impl Latency {
    /// The latency of one message.
    pub fn draw(self, from: Id, to: Id, rng: &mut Rng) -> Duration {
        let millis = |value: u32| Duration::from_millis(u64::from(value));
        match self {
            Self::Fixed(value) => millis(value),
            Self::Uniform(low, high) => rng.duration(millis(low), millis(high.max(low))),
            Self::Exponential(mean) => rng.exponential(millis(mean)),
            Self::Cube(edge) => {
                let way = distance(place(from), place(to));
                Duration::from_micros(way * u64::from(edge) * 1_000 / EDGE)
            }
        }
    }

    /// The longest possible.
    pub fn max(self) -> Duration {
        Duration::from_millis(match self {
            Self::Fixed(value) | Self::Uniform(_, value) => u64::from(value),
            Self::Exponential(mean) => LONGEST * u64::from(mean),
            // From corner to corner it is the root of three.
            Self::Cube(edge) => 2 * u64::from(edge),
        })
    }
}

impl Default for Latency {
    fn default() -> Self {
        Self::Uniform(40, 80)
    }
}

/// The longest that a message waits for a line; it is dropped instead.
pub const MAX_WAIT: Duration = Duration::from_secs(10);

/// The reordering of messages: some take longer, so that others overtake them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reorder {
    /// The number of affected messages in a thousand.
    pub per_mille: u16,
    /// The longest that they may take on top, in milliseconds.
    pub extra_ms: u32,
}

impl Reorder {
    /// Draws the extra time of one message.
    pub fn draw(self, rng: &mut Rng) -> Duration {
        match rng.chance(self.per_mille.into(), 1_000) {
            true => rng.duration(
                Duration::ZERO,
                Duration::from_millis(u64::from(self.extra_ms)),
            ),
            false => Duration::ZERO,
        }
    }
}

/// The bandwidth of a node's line, in bytes a second. What comes while it is busy waits, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bandwidth {
    /// The bandwidth from the node, in bytes a second.
    pub up: u32,
    /// The bandwidth to the node, in bytes a second.
    pub down: u32,
}

impl Bandwidth {
    /// Returns the time that a message of so many bytes takes to leave.
    pub fn upload(self, bytes: u64) -> Duration {
        Self::time(bytes, self.up)
    }

    /// Returns the time that it takes to come in.
    pub fn download(self, bytes: u64) -> Duration {
        Self::time(bytes, self.down)
    }

    fn time(bytes: u64, rate: u32) -> Duration {
        Duration::from_micros(bytes.saturating_mul(1_000_000) / u64::from(rate.max(1)))
    }
}

/// Returns the place of a node, which follows from its id, so that it lies there in every run.
fn place(node: Id) -> [u64; 3] {
    let mut digest = Digest::new("chordscope v1 place in the cube");
    digest.absorb(&node.to_bytes());
    let bytes = digest.finish();
    core::array::from_fn(|axis| {
        let mut part = [0; 8];
        part.copy_from_slice(&bytes[axis * 8..][..8]);
        u64::from_le_bytes(part) % EDGE
    })
}

fn distance(from: [u64; 3], to: [u64; 3]) -> u64 {
    let square = |axis: usize| from[axis].abs_diff(to[axis]).pow(2);
    (square(0) + square(1) + square(2)).isqrt()
}
