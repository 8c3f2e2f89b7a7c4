//! The memory of recursive lookups that this node has taken over lately.

use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

use crate::base::id::Id;
use crate::base::time::Instant;

/// The number of lookups that each half remembers.
const MOST: usize = 1_024;

/// Lookups that a node has taken over, so that it takes none over twice.
///
/// (ours) A node that hands a lookup on and hears nothing for a while hands it to another node, too, and both may have got it.
/// Where answers are often late, every hop would double it. And one that comes by again goes in a circle, and would go on for ever.
/// So a node takes part in a lookup once, and sees to it then that it gets on; where it gets lost all the same, its origin asks
/// hop by hop. The origin itself is no part of this: a lookup may come back to it once. A node that guesses the numbers of another's
/// lookups can have them passed over here, and so make them slower, no more.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// Tags of lookups since the halves changed places.
    fresh: Vec<u32>,
    /// The lookups of the half before, forgotten as a whole.
    stale: Vec<u32>,
    since: Instant,
}

impl Seen {
    /// None yet, with room for as many as a node of a big ring sees.
    pub(super) fn new() -> Self {
        Self {
            fresh: Vec::with_capacity(32),
            stale: Vec::with_capacity(32),
            since: Instant::ZERO,
        }
    }

    /// Remembers a lookup by its origin and the origin's number. Returns whether it has not come by for so long. When very many come
    /// by, they are forgotten earlier.
    pub(super) fn is_new(&mut self, now: Instant, lookup: (Id, u64), long: Duration) -> bool {
        if self.fresh.len() >= MOST || now.since(self.since) >= long {
            mem::swap(&mut self.fresh, &mut self.stale);
            self.fresh.clear();
            self.since = now;
        }
        let (origin, number) = lookup;
        // Two lookups with one tag are less likely than a lost message, after which the origin asks again.
        let tag = ((origin.mixed() >> 32) ^ number) as u32;
        let is_new = !self.fresh.contains(&tag) && !self.stale.contains(&tag);
        if is_new {
            self.fresh.push(tag);
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(10);

    fn at(secs: u64) -> Instant {
        Instant::from_millis(secs * 1_000)
    }

    #[test]
    fn a_lookup_is_new_once_and_again_when_its_time_is_long_over() {
        let mut seen = Seen::new();
        let lookup = (Id::from_u64(7), 1);
        let other = (Id::from_u64(7), 2);
        assert!(seen.is_new(at(3), lookup, LONG));
        assert!(seen.is_new(at(3), other, LONG));
        for later in [3, 9, 13, 22] {
            assert!(!seen.is_new(at(later), lookup, LONG), "after {later} s");
        }
        assert!(seen.is_new(at(33), lookup, LONG));
    }

    #[test]
    fn what_is_remembered_has_a_limit() {
        let mut seen = Seen::new();
        for number in 0..5_000 {
            assert!(seen.is_new(at(1), (Id::ZERO, number), LONG));
            assert!(!seen.is_new(at(1), (Id::ZERO, number), LONG));
        }
        assert!(seen.fresh.len() + seen.stale.len() <= 2 * MOST);
        assert!(seen.is_new(at(1), (Id::ZERO, 0), LONG));
    }
}
