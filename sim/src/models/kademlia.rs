//! Kademlia (Maymounkov, Mazières, *Kademlia: a peer-to-peer information system based on the XOR metric*, IPTPS 2002).
//!
//! A node keeps, for each bit i, up to k nodes at a distance from 2^i to 2^(i+1): its k-buckets (§2.2). A lookup asks, alpha at a time, the
//! closest nodes that it has heard of for closer ones, until the k closest have answered (§2.3). A key's value is stored at the k
//! nodes closest to the key. The values here are providers: nodes that say that they have a content.
//!
//! Taken from §4.1: a node that left [`Config::stale_after`] questions in a row unanswered is not named any more, and gives way to the next
//! node of its bucket; it stays while there is none. Left out: caching along the path of a lookup (§2.3), the holders' own
//! republishing (§2.5; the provider republishes, and a record without its provider would be of no use), and more than one bit a step (§4.2).

pub mod buckets;
pub mod lookup;
pub mod message;
pub mod node;

use core::time::Duration;

use chordscope_core::base::id::{Id, Space};

/// The choices of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The address space.
    pub space: Space,
    /// The nodes of a bucket, and the nodes that keep a value. §2.1: 20, chosen so that k nodes hardly ever fail within an hour.
    pub k: usize,
    /// The questions of a lookup that are open at a time. §2.3: 3.
    pub alpha: usize,
    /// The time after which a question counts as unanswered.
    pub timeout: Duration,
    /// The number of questions in a row whose lack of an answer makes a node stale. §4.1: 5.
    pub stale_after: u8,
    /// The time without a lookup after which a bucket is refreshed; `None` never. §2.3: an hour.
    pub refresh: Option<Duration>,
    /// The period in which a provider stores its entries again. §2.5: an hour for holders, a day for the publisher.
    pub republish: Duration,
    /// The lifetime of a stored entry. §2.5: a day.
    pub lifetime: Duration,
    /// The time after which a lookup ends with what it has.
    pub deadline: Duration,
    /// The limits of the node's memory.
    pub limits: Limits,
}

/// The limits of a node's memory. What exceeds one is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Lookups under way.
    pub lookups: usize,
    /// Keys under which entries are kept.
    pub keys: usize,
    /// Entries under one key.
    pub providers: usize,
    /// Contents that the node provides.
    pub provided: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            lookups: 1_024,
            keys: 65_536,
            // As many as the ring keeps of one content.
            providers: 64,
            provided: 5_120,
        }
    }
}

impl Config {
    /// The choices of the paper, in this space.
    pub fn published(space: Space) -> Self {
        let hour = Duration::from_secs(60 * 60);
        Self {
            space,
            k: 20,
            alpha: 3,
            timeout: Duration::from_secs(1),
            stale_after: 5,
            refresh: Some(hour),
            republish: hour,
            lifetime: 24 * hour,
            deadline: Duration::from_secs(30),
            limits: Limits::default(),
        }
    }
}

/// The distance of two ids: their bitwise exclusive or. §2.1.
pub fn distance(one: Id, other: Id) -> Id {
    let (mut bytes, other) = (one.to_bytes(), other.to_bytes());
    for (byte, other) in bytes.iter_mut().zip(other) {
        *byte ^= other;
    }
    Id::from_bytes(bytes)
}

/// The bucket of a node: the number of the highest bit in which it differs from another one; `None` for itself.
pub fn bucket_of(me: Id, node: Id) -> Option<u8> {
    distance(me, node).bit_length().checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chordscope_core::base::rng::Rng;

    #[test]
    fn distances_are_symmetric_unidirectional_and_obey_the_triangle() {
        let mut rng = Rng::from_seed(1, 0);
        let mut draw = || Id::from_u64(rng.below(1 << 16));
        let number = |id: Id| id.to_u64().unwrap();
        for _ in 0..2_000 {
            let (x, y, z) = (draw(), draw(), draw());
            assert_eq!(number(distance(x, y)), number(x) ^ number(y));
            assert_eq!(distance(x, y), distance(y, x));
            assert!(number(distance(x, z)) <= number(distance(x, y)) + number(distance(y, z)));
            // For a point and a distance there is exactly one other point.
            assert_eq!(distance(x, distance(x, y)), y);
        }
    }

    #[test]
    fn a_bucket_is_a_power_of_two_of_distance() {
        let id = Id::from_u64;
        assert_eq!(bucket_of(id(5), id(5)), None);
        assert_eq!(bucket_of(id(5), id(4)), Some(0));
        assert_eq!(bucket_of(id(5), id(7)), Some(1));
        assert_eq!(bucket_of(id(5), id(6)), Some(1));
        assert_eq!(bucket_of(id(0), Id::from_bytes([0xff; 20])), Some(159));
    }
}
