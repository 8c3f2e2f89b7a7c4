//! Linked peers that are in no ring, and which of them begins one.

use alloc::collections::BTreeMap;
use core::time::Duration;

use crate::base::id::Id;
use crate::base::time::Instant;

/// The time for which peers that are in no ring stay linked before the lowest of them begins one. In case it does not, as a peer of another
/// release may not, the next ones do, each as much later.
pub(super) const COMPANY_TIMEOUT: Duration = Duration::from_secs(10);
/// The most of them that are remembered.
const MOST: usize = 64;

/// Linked peers that are in no ring.
#[derive(Clone, Debug, Default)]
pub(super) struct Company {
    /// The time at which each said so last.
    peers: BTreeMap<Id, Instant>,
    /// The time since which there are any, and the round of asking in which that was.
    since: Option<(Instant, u32)>,
}

impl Company {
    pub(super) fn is_empty(&self) -> bool {
        self.peers.is_empty()
    }

    /// Adds a linked peer that says that it is in no ring.
    pub(super) fn add(&mut self, now: Instant, id: Id, round: u32) {
        if self.peers.len() < MOST || self.peers.contains_key(&id) {
            self.peers.insert(id, now);
        }
        self.since.get_or_insert((now, round));
    }

    /// Removes a peer that is in a ring, or linked no more.
    pub(super) fn remove(&mut self, id: Id) {
        self.peers.remove(&id);
        if self.peers.is_empty() {
            self.since = None;
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Returns whether no peer in it has a lower id.
    pub(super) fn is_lowest(&self, me: Id) -> bool {
        self.peers.keys().all(|id| me < *id)
    }

    /// Returns whether it is this peer's turn to begin, in this round: all were asked since there is company.
    pub(super) fn begins(&self, now: Instant, me: Id, round: u32) -> bool {
        let lower = self.peers.range(..me).count();
        let turns = u32::try_from(lower).unwrap_or(u32::MAX).saturating_add(1);
        self.since.is_some_and(|(since, first)| {
            round > first && now >= since + COMPANY_TIMEOUT.saturating_mul(turns)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Instant {
        Instant::from_millis(secs * 1_000)
    }

    #[test]
    fn the_lowest_begins_first_and_the_next_ones_in_turn() {
        let [low, mid, high] = [1, 2, 3].map(Id::from_u64);
        let company = |others: [Id; 2]| {
            let mut company = Company::default();
            for id in others {
                company.add(at(5), id, 4);
            }
            company
        };
        for (me, others, first) in [
            (low, [mid, high], 15),
            (mid, [low, high], 25),
            (high, [low, mid], 35),
        ] {
            let company = company(others);
            assert_eq!(company.is_lowest(me), me == low);
            assert!(!company.begins(at(first - 1), me, 5));
            assert!(company.begins(at(first), me, 5));
            assert!(!company.begins(at(first), me, 4), "nobody was asked since");
        }
    }

    #[test]
    fn without_company_nobody_begins_and_new_company_waits_anew() {
        let mut company = Company::default();
        let [me, other] = [1, 2].map(Id::from_u64);
        assert!(!company.begins(at(99), me, 9));
        company.add(at(1), other, 0);
        company.remove(other);
        company.add(at(50), other, 7);
        assert!(!company.begins(at(55), me, 9));
        assert!(company.begins(at(60), me, 9));
    }

    #[test]
    fn the_page_says_how_long_company_waits() {
        let seconds = COMPANY_TIMEOUT.as_secs();
        crate::page::must_say(&alloc::format!(
            "When there has been company for {seconds} seconds"
        ));
        crate::page::must_say(&alloc::format!(
            "the next higher one does after {seconds} seconds more"
        ));
    }
}
