//! Renewals: the state that a node keeps for each record that it renews.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::id::Id;
use crate::store::record::Version;

/// The shortest pause before a renewal that failed is tried again.
const AGAIN: Duration = Duration::from_secs(15);

/// A record that the node that put it renews.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewal {
    /// The key of the record.
    pub key: Id,
    /// The version that was put.
    pub version: Version,
    /// The lifetime after each renewal, in seconds.
    pub lifetime: u32,
    /// True if the record was put at level `quorum`, false at level `one`.
    pub quorum: bool,
}

impl Renewal {
    /// Returns the time after which to renew: half of the lifetime, with a jitter of up to an eighth of it either way, so that of
    /// many records put at once some are renewed earlier, others later.
    pub fn half_life(&self) -> Duration {
        let jitter = u32::from(self.key.to_bytes()[19]);
        self.life() * (96 + jitter / 4) / 256
    }

    /// Returns the pause after a failure: several attempts fit into the rest of the lifetime.
    pub fn pause(&self) -> Duration {
        (self.life() / 32).max(AGAIN)
    }

    fn life(&self) -> Duration {
        Duration::from_secs(u64::from(self.lifetime))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::identity::PublicKey;

    #[test]
    fn records_are_renewed_about_half_way_and_not_all_at_once() {
        let half = |last| {
            let mut key = [0; 20];
            key[19] = last;
            let renewal = Renewal {
                key: Id::from_bytes(key),
                version: Version {
                    sequence: 1,
                    author: PublicKey([0; 32]),
                    digest: [0; 8],
                },
                lifetime: 86_400,
                quorum: false,
            };
            assert_eq!(renewal.pause().as_secs(), 2_700);
            renewal.half_life().as_secs()
        };
        assert_eq!((half(0), half(128), half(252)), (32_400, 43_200, 53_662));
    }
}
