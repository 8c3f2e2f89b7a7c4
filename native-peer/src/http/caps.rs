//! The places of connections: so many in all, and so many from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The greatest number of connections, and the present one.
#[derive(Debug)]
pub(crate) struct Caps {
    total: usize,
    per_address: usize,
    open: Mutex<HashMap<IpAddr, usize>>,
    refused: AtomicU64,
}

/// A connection's place; given back when the connection, or the link that it became, ends.
#[derive(Clone, Debug)]
pub(crate) struct Permit(#[allow(dead_code, reason = "held for its drop alone")] Arc<Place>);

#[derive(Debug)]
struct Place {
    caps: Arc<Caps>,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.caps.table();
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

impl Caps {
    pub(crate) fn new(total: usize, per_address: usize) -> Arc<Self> {
        Arc::new(Self {
            total,
            per_address,
            open: Mutex::default(),
            refused: AtomicU64::new(0),
        })
    }

    /// Returns the number of open connections.
    pub(crate) fn open(&self) -> usize {
        self.table().values().sum()
    }

    /// Returns the number of refused connections.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Permit> {
        let mut open = self.table();
        let all: usize = open.values().sum();
        let mine = open.entry(address).or_default();
        if all >= self.total || *mine >= self.per_address {
            if *mine == 0 {
                open.remove(&address);
            }
            self.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        *mine += 1;
        let caps = Arc::clone(self);
        Some(Permit(Arc::new(Place { caps, address })))
    }

    fn table(&self) -> std::sync::MutexGuard<'_, HashMap<IpAddr, usize>> {
        // Counting cannot panic half-way.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_limited_and_given_back() {
        let caps = Caps::new(3, 2);
        let [a, b] = ["127.0.0.1", "::1"].map(|text| text.parse().unwrap());
        let first = caps.admit(a).unwrap();
        let second = caps.admit(a);
        assert!(second.is_some() && caps.admit(a).is_none(), "per address");
        let third = caps.admit(b);
        assert!(third.is_some() && caps.admit(b).is_none(), "in all");
        assert_eq!((caps.open(), caps.refused()), (3, 2));
        let clone = first.clone();
        drop(first);
        assert_eq!(caps.open(), 3, "a link still holds it");
        drop(clone);
        assert!(caps.admit(b).is_some());
    }
}
