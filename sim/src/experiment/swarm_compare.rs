//! The time to serve everyone against the number of clients: from one server, from a content delivery network and by a swarm, each beside its
//! bound (Kurose and Ross; Mundinger, Weber and Weiss).
//!
//! All uplinks are alike; no downlink limits anything.

use core::ops::ControlFlow;

use serde::Serialize;

use crate::experiment::{Hear, News};
use crate::worlds::swarm::Setup;
use crate::worlds::swarm::comparison::{Comparison, Standing};
use chordscope_core::base::time::Instant;
use core::time::Duration;

/// The numbers of clients.
pub const SIZES: [u32; 7] = [1, 2, 4, 8, 16, 32, 64];
/// The number of segments of the file: 4 MiB.
pub const SEGMENTS: u32 = 64;
/// The proxies of the network, each with the uplink of the server.
pub const PROXIES: u8 = 2;
/// The virtual time between two reports of progress.
const SLICE: Duration = Duration::from_secs(5);
/// The virtual time at which a run is given up.
const END: Instant = Instant::from_millis(24 * 3_600_000);

/// One number of clients. Times are in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CompareRow {
    /// Clients, all of which come at once.
    pub clients: u32,
    /// The time until the last one has the file from one server.
    pub server_seconds: f64,
    /// The least time that one server can take.
    pub server_bound: f64,
    /// The time from a content delivery network.
    pub cdn_seconds: f64,
    /// The least time that such a network can take.
    pub cdn_bound: f64,
    /// The time by a swarm.
    pub swarm_seconds: f64,
    /// The least time that a swarm can take.
    pub swarm_bound: f64,
    /// The number of times that the first seed sent the file, in the swarm.
    pub seed_copies: f64,
}

/// Sends a file to these numbers of clients in the three ways, told row by row. A number beyond the limits of set-ups, or a run that does
/// not end in a day, gives no row.
pub fn measure(seed: u64, sizes: &[u32], hear: Hear<'_, CompareRow>) -> ControlFlow<()> {
    let all: f64 = sizes.iter().map(|clients| f64::from(*clients)).sum();
    let mut done = 0.0;
    for clients in sizes {
        let share = f64::from(*clients) / all;
        let setup = Setup::new(usize::try_from(*clients).unwrap_or(usize::MAX), SEGMENTS);
        let comparison = setup.and_then(|setup| Comparison::new(&setup, seed, PROXIES));
        let Ok(mut comparison) = comparison else {
            continue;
        };
        while !comparison.is_complete() && comparison.now() < END {
            comparison.advance_to(comparison.now() + SLICE);
            let served = comparison.standings().map(|way| u32::from(way.served));
            let part = f64::from(served.iter().sum::<u32>()) / 3_000.0;
            hear(News::Part((done + part * share).min(1.0)))?;
        }
        done += share;
        if let Some(row) = row(*clients, comparison.standings()) {
            hear(News::Row(row))?;
        }
    }
    hear(News::Part(1.0))
}

fn row(clients: u32, [server, cdn, swarm]: [Standing; 3]) -> Option<CompareRow> {
    let seconds = |micros: u64| micros as f64 / 1e6;
    let took = |way: Standing| Some(seconds(way.finished?.as_micros()));
    let bound = |way: Standing| way.bound.map(seconds);
    Some(CompareRow {
        clients,
        server_seconds: took(server)?,
        server_bound: bound(server)?,
        cdn_seconds: took(cdn)?,
        cdn_bound: bound(cdn)?,
        swarm_seconds: took(swarm)?,
        swarm_bound: bound(swarm)?,
        seed_copies: f64::from(swarm.seed_copies) / 1_000.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn a_server_grows_with_its_clients_and_a_swarm_hardly_does() {
        let mut rows = Vec::new();
        let _ = measure(1, &[1, 8, 32], &mut |news| {
            if let News::Row(row) = news {
                rows.push(row);
            }
            ControlFlow::Continue(())
        });
        let [one, eight, many] = rows[..] else {
            panic!("{rows:?}");
        };
        for row in [one, eight, many] {
            assert!(row.server_seconds >= row.server_bound, "{row:?}");
            assert!(row.server_seconds < 1.01 * row.server_bound, "{row:?}");
            assert!(row.cdn_seconds >= row.cdn_bound, "{row:?}");
            assert!(row.swarm_seconds >= row.swarm_bound, "{row:?}");
            assert!(row.swarm_seconds < 1.5 * row.swarm_bound, "{row:?}");
        }
        assert!(many.server_seconds > 31.0 * one.server_seconds);
        assert!(many.swarm_seconds < 1.6 * one.swarm_seconds);
        assert!(many.swarm_seconds < many.cdn_seconds);
        assert!(many.cdn_seconds < many.server_seconds);
    }
}
