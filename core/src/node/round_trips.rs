//! Round-trip times of neighbours.

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::id::Id;
use crate::base::rtt::Rtt;

/// The initial number of places: enough for the neighbours that most nodes have.
const USUAL: usize = 32;

/// Round-trip estimates by neighbour, within a limit on their number. A hash table with open addresses, so that a neighbour
/// is found with one look into memory; its order is never seen.
///
/// 64 bits tell neighbours apart here. To spoil another node's estimate an attacker has to try 2^64 keys for one whose id
/// has the same, and gains a timeout that is too short or too long.
#[derive(Clone, Debug)]
pub(super) struct RoundTrips {
    limit: usize,
    known: usize,
    /// A power of two long. A place whose estimate is empty is free, and there always is one.
    table: Vec<(u64, Rtt)>,
}

impl RoundTrips {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            known: 0,
            table: empty(USUAL),
        }
    }

    /// Returns the place of a neighbour, or the free place that it would get.
    fn find(&self, tag: u64) -> Option<usize> {
        let last = self.table.len().checked_sub(1)?;
        let start = (tag >> 32) as usize & last;
        let mut chain = (start..=start + last).map(|place| place & last);
        chain.find(|place| {
            let (known, rtt) = self.table[*place];
            known == tag || rtt.smoothed().is_none()
        })
    }

    /// The estimate of a neighbour; the empty one of a stranger.
    pub(super) fn of(&self, node: Id) -> Rtt {
        let known = self
            .find(node.mixed())
            .and_then(|place| self.table.get(place));
        known.map_or_else(Rtt::default, |(_, rtt)| *rtt)
    }

    /// Takes in one measured round trip. At the limit the neighbour with the smallest tag makes room for a new one.
    pub(super) fn record(&mut self, node: Id, sample: Duration) {
        if self.of(node).smoothed().is_none() {
            self.make_room();
            self.known += 1;
        }
        if let Some(place) = self.find(node.mixed()) {
            self.table[place].0 = node.mixed();
            self.table[place].1.record(sample);
        }
    }

    /// Makes sure that there is a place for another neighbour, and a free one besides.
    fn make_room(&mut self) {
        let known = self
            .table
            .iter()
            .filter(|(_, rtt)| rtt.smoothed().is_some());
        if self.known >= self.limit
            && let Some(smallest) = known.map(|(tag, _)| *tag).min()
        {
            self.known -= 1;
            self.rebuild(self.table.len(), Some(smallest));
        } else if (self.known + 1) * 4 > self.table.len() * 3 {
            self.rebuild(self.table.len() * 2, None);
        }
    }

    /// Makes the table anew without one of the neighbours, as a gap would break chains.
    fn rebuild(&mut self, length: usize, without: Option<u64>) {
        for (tag, rtt) in core::mem::replace(&mut self.table, empty(length)) {
            if rtt.smoothed().is_some()
                && Some(tag) != without
                && let Some(place) = self.find(tag)
            {
                self.table[place] = (tag, rtt);
            }
        }
    }
}

fn empty(length: usize) -> Vec<(u64, Rtt)> {
    vec![(0, Rtt::default()); length]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_stay_apart_however_many_there_are() {
        let mut trips = RoundTrips::new(1_000);
        let millis = Duration::from_millis;
        for node in 0..300 {
            trips.record(Id::from_u64(node), millis(node + 1));
        }
        for node in 0..300 {
            let smoothed = trips.of(Id::from_u64(node)).smoothed();
            assert_eq!(smoothed, Some(millis(node + 1)));
        }
        assert_eq!(trips.of(Id::from_u64(300)), Rtt::default());
    }

    #[test]
    fn at_the_limit_one_makes_room() {
        let mut trips = RoundTrips::new(2);
        for node in [5, 3, 5, 9] {
            trips.record(Id::from_u64(node), Duration::from_millis(10));
        }
        let known = [3, 5, 9].map(|node| trips.of(Id::from_u64(node)).smoothed().is_some());
        assert_eq!(known.iter().filter(|known| **known).count(), 2);
        assert!(known[2], "the newest is there");
    }
}
