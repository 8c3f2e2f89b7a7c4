//! How long each neighbour takes to answer.

use alloc::vec::Vec;
use core::time::Duration;

use crate::base::id::Id;
use crate::base::rtt::Rtt;

/// Round-trip estimates by neighbour, within a limit on their number.
#[derive(Clone, Debug)]
pub(super) struct RoundTrips {
    limit: usize,
    /// In ascending order of the ids.
    known: Vec<(Id, Rtt)>,
}

impl RoundTrips {
    pub(super) const fn new(limit: usize) -> Self {
        Self {
            limit,
            known: Vec::new(),
        }
    }

    fn find(&self, node: Id) -> Result<usize, usize> {
        self.known.binary_search_by_key(&node, |(id, _)| *id)
    }

    /// The estimate of a neighbour; the empty one of a stranger.
    pub(super) fn of(&self, node: Id) -> Rtt {
        let at = self.find(node).ok();
        let known = at.and_then(|at| self.known.get(at));
        known.map_or_else(Rtt::default, |(_, rtt)| *rtt)
    }

    /// Takes in one measured round trip. At the limit the neighbour with the smallest id makes room for a new one.
    pub(super) fn record(&mut self, node: Id, sample: Duration) {
        if self.find(node).is_err() {
            if self.known.len() >= self.limit && !self.known.is_empty() {
                self.known.remove(0);
            }
            let at = self.known.partition_point(|(id, _)| *id < node);
            self.known.insert(at, (node, Rtt::default()));
        }
        if let Ok(at) = self.find(node) {
            self.known[at].1.record(sample);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_the_limit_the_smallest_id_makes_room() {
        let mut trips = RoundTrips::new(2);
        for node in [5, 3, 5, 9] {
            trips.record(Id::from_u64(node), Duration::from_millis(10));
        }
        let known = [3, 5, 9].map(|node| trips.of(Id::from_u64(node)).smoothed().is_some());
        assert_eq!(known, [false, true, true]);
    }
}
