//! The trace of a world: entries, each with its cause, until they are taken.

use alloc::vec::Vec;
use core::mem;

use chordscope_core::base::time::Instant;

/// The number of entries that wait to be taken; the oldest go first.
pub const MAX_FRESH: usize = 65_536;

/// One entry of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<T> {
    /// Counts the entries from 0.
    pub index: u64,
    /// The time.
    pub at: Instant,
    /// The message whose arrival caused it, if one did.
    pub cause: Option<u64>,
    /// The content of the entry.
    pub what: T,
}

/// The entries of a world since they were taken last, the newest [`MAX_FRESH`] at most.
#[derive(Clone, Debug)]
pub struct Trace<T> {
    /// The number of entries so far.
    count: u64,
    fresh: Vec<Entry<T>>,
}

impl<T> Default for Trace<T> {
    fn default() -> Self {
        Self {
            count: 0,
            fresh: Vec::new(),
        }
    }
}

impl<T> Trace<T> {
    /// Adds an entry, and returns it.
    pub fn record(&mut self, at: Instant, cause: Option<u64>, what: T) -> &Entry<T> {
        if self.fresh.len() >= MAX_FRESH {
            self.fresh.drain(..MAX_FRESH / 2);
        }
        let index = self.count;
        self.count += 1;
        let entry = Entry {
            index,
            at,
            cause,
            what,
        };
        self.fresh.push_mut(entry)
    }

    /// Returns the number of entries so far, which is the index of the next one.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The entries that wait to be taken, oldest first.
    pub fn fresh(&self) -> &[Entry<T>] {
        &self.fresh
    }

    /// Takes the entries since the last call.
    pub fn take(&mut self) -> Vec<Entry<T>> {
        mem::take(&mut self.fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_that_nobody_takes_give_way_to_newer_ones() {
        let mut trace = Trace::default();
        let all = MAX_FRESH as u64 + 3;
        for number in 0..all {
            let entry = trace.record(Instant::ZERO, None, number);
            assert_eq!(entry.index, number);
        }
        assert_eq!(trace.count(), all);
        let taken = trace.take();
        assert!(taken.len() <= MAX_FRESH && trace.fresh().is_empty());
        assert!(
            taken
                .iter()
                .rev()
                .zip((0..all).rev())
                .all(|(entry, number)| entry.what == number)
        );
        assert_eq!(trace.record(Instant::ZERO, None, all).index, all);
    }
}
