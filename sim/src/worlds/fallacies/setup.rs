//! The set-up of a world of fallacies: the peers, their work, the levers, the prices, and the limits on all of it.

use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use crate::engine::Timed;
use crate::engine::malformed::Malformed;
use crate::worlds::fallacies::action::Action;
use crate::worlds::fallacies::lever::Levers;
use crate::worlds::fallacies::price::MAX_PRICE;
use chordscope_core::swarm::layout::BLOCK;

/// The least number of peers: as many as keep a record, and one more.
pub const MIN_PEERS: u16 = 4;
/// The most peers.
pub const MAX_PEERS: u16 = 64;
/// The most names.
pub const MAX_NAMES: u16 = 200;
/// The most segments of the file: 4 MiB.
pub const MAX_SEGMENTS: u32 = 64;
/// Bytes of a segment of such a file. It follows from the length: core's smallest segment.
pub const SEGMENT: u64 = BLOCK as u64;
/// The longest run.
pub const MAX_LENGTH: Duration = Duration::from_secs(600);
/// The end of a run in which nothing new is asked for, so that what was asked for ends: a lookup's deadline, and a little more.
pub const QUIET: Duration = Duration::from_secs(12);
/// The shortest pause between two operations of a kind.
pub const MIN_PAUSE: Duration = Duration::from_millis(10);
/// The time at which clients begin to fetch the file: by then the ring knows its first seed.
pub const FETCH_AT: Duration = Duration::from_secs(2);
/// Of so many names one is kept at level `quorum`, the others at level `one`.
pub const QUORUM_EVERY: u16 = 4;

/// A ring of peers with values and a file, and the assumptions under which it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The number of peers, which are numbered from 0 by ascending ids. All are up at the beginning.
    pub peers: u16,
    /// The number of names, each with a value from the beginning.
    pub names: u16,
    /// The number of segments of the file; without one there is no file.
    pub segments: u32,
    /// The number of peers that fetch the file.
    pub clients: u16,
    /// The length of a run. In its last [`QUIET`] nothing new is asked for.
    pub length: Duration,
    /// The pause between two lookups of any peers; `None` for no lookups.
    pub lookup_every: Option<Duration>,
    /// The pause between two gets.
    pub get_every: Option<Duration>,
    /// The pause between two puts.
    pub put_every: Option<Duration>,
    /// The assumptions.
    pub levers: Levers,
    /// The price of what is received, in cents for a gigabyte, while transport is not free. That of what is sent is a lever.
    pub received_price: u32,
    /// The actions, in order of time.
    pub actions: Vec<Timed<Action>>,
}

impl Setup {
    /// The usual ring: 32 peers, 40 names, and a file of 2 MiB that eight of them fetch. Ten lookups, four gets and two puts a second; a
    /// minute long.
    pub const fn usual(levers: Levers) -> Self {
        Self {
            peers: 32,
            names: 40,
            segments: 32,
            clients: 8,
            length: Duration::from_secs(60),
            lookup_every: Some(Duration::from_millis(100)),
            get_every: Some(Duration::from_millis(250)),
            put_every: Some(Duration::from_millis(500)),
            levers,
            received_price: 0,
            actions: Vec::new(),
        }
    }

    /// The same under other assumptions.
    #[must_use]
    pub fn under(&self, levers: Levers) -> Self {
        Self {
            levers,
            ..self.clone()
        }
    }

    /// Checks all limits.
    ///
    /// # Errors
    /// [`Malformed`] says which one is broken.
    pub fn check(&self) -> Result<(), Malformed> {
        let wrong = |place: &str, reason: &str| Err(Malformed::new(place, &reason));
        if !(MIN_PEERS..=MAX_PEERS).contains(&self.peers) {
            return wrong("members", &format!("must be {MIN_PEERS} to {MAX_PEERS}"));
        }
        if self.names > MAX_NAMES {
            return wrong("names", &format!("must be at most {MAX_NAMES}"));
        }
        if self.segments > MAX_SEGMENTS {
            return wrong("segments", &format!("must be at most {MAX_SEGMENTS}"));
        }
        if self.clients >= self.peers {
            return wrong("fetch", "must be fewer than the peers");
        }
        if !(QUIET..=MAX_LENGTH).contains(&self.length) {
            let (least, most) = (QUIET.as_secs(), MAX_LENGTH.as_secs());
            return wrong("length", &format!("must be {least} to {most} seconds"));
        }
        let pauses = [self.lookup_every, self.get_every, self.put_every];
        if pauses.into_iter().flatten().any(|pause| pause < MIN_PAUSE) {
            let least = MIN_PAUSE.as_millis();
            return wrong("pauses", &format!("must be at least {least} ms"));
        }
        if let Some(fallacy) = self.levers.out_of_range() {
            let range = fallacy.range();
            let reason = format!("must be {} to {}", range.start(), range.end());
            return wrong(fallacy.name(), &reason);
        }
        if self.received_price > MAX_PRICE {
            return wrong("received", &format!("must be at most {MAX_PRICE}"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worlds::fallacies::lever::Fallacy;

    #[test]
    fn each_limit_is_checked_by_itself() {
        let good = Setup::usual(Levers::all(true));
        assert_eq!(good.check(), Ok(()));
        type Case<'a> = (&'a dyn Fn(&mut Setup), &'a str);
        let cases: [Case<'_>; 9] = [
            (&|setup| setup.peers = MIN_PEERS - 1, "members"),
            (&|setup| setup.peers = MAX_PEERS + 1, "members"),
            (&|setup| setup.names = MAX_NAMES + 1, "names"),
            (&|setup| setup.segments = MAX_SEGMENTS + 1, "segments"),
            (&|setup| setup.clients = setup.peers, "fetch"),
            (&|setup| setup.length = Duration::from_secs(1), "length"),
            (
                &|setup| setup.get_every = Some(Duration::from_millis(9)),
                "pauses",
            ),
            (
                &|setup| setup.levers = setup.levers.moved(Fallacy::Latency, 0),
                "latency",
            ),
            (&|setup| setup.received_price = MAX_PRICE + 1, "received"),
        ];
        for (spoil, place) in cases {
            let mut setup = good.clone();
            spoil(&mut setup);
            assert_eq!(setup.check().unwrap_err().place, place);
        }
    }
}
