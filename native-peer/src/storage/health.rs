//! Health of a store: for `status`, `/healthz` and `/metrics`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::opening::Began;

/// The health of a store.
#[derive(Debug)]
pub(crate) struct Health {
    /// The number of the store's incarnation.
    pub(crate) incarnation: u64,
    /// The way in which this start began.
    pub(crate) began: Began,
    /// The number of damaged stores in the folder.
    pub(crate) set_aside: usize,
    /// The number of records that were left out at the start because they were damaged.
    pub(crate) damaged_records: usize,
    refusing: Mutex<Option<String>>,
    refused: AtomicU64,
    failures: AtomicU64,
}

impl Health {
    pub(super) fn new(
        incarnation: u64,
        began: Began,
        set_aside: usize,
        damaged_records: usize,
    ) -> Self {
        Self {
            incarnation,
            began,
            set_aside,
            damaged_records,
            refusing: Mutex::default(),
            refused: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        }
    }

    /// Returns the reason why nothing can be written now, in one sentence; `None` while all is well.
    pub(crate) fn refusing(&self) -> Option<String> {
        self.lock().clone()
    }

    /// Returns the number of writes that were refused since the start.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Returns the number of times that the disk has begun to refuse writes since the start.
    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    pub(super) fn refuse(&self, reason: String) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        *self.lock() = Some(reason);
    }

    pub(super) fn recover(&self) {
        *self.lock() = None;
    }

    pub(super) fn count_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.refusing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
