//! The network of a swarm: each member's uplink and downlink, and the blocks that are on their way.
//!
//! An uplink sends one block after another, each at its whole rate, to whomever. A downlink takes in what comes in the order in which it
//! begins to come; a block passes through it while it is still being sent, so that a downlink as fast as the uplinks adds no time.
//! Messages are small and wait for nothing but the latency.

use alloc::collections::VecDeque;
use core::time::Duration;

use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_core::swarm::message::{Block, Place};

/// A block from the moment at which its sender begins to send it until it has arrived.
#[derive(Clone, Debug)]
pub(super) struct Flight {
    /// The sender.
    pub(super) from: Id,
    /// The receiver.
    pub(super) to: Id,
    /// The block.
    pub(super) block: Block,
    /// The time at which its last byte has left the sender.
    pub(super) leaves: Instant,
    /// The time at which its first byte arrives.
    pub(super) begins: Instant,
    /// The time at which its last byte has arrived.
    pub(super) arrives: Instant,
}

impl Flight {
    /// Returns the share of its bytes that have arrived, in thousandths.
    pub(super) fn share(&self, now: Instant) -> u16 {
        let span = micros(self.arrives.since(self.begins)).max(1);
        let part = micros(now.since(self.begins)).min(span) * 1_000 / span;
        u16::try_from(part).unwrap_or(1_000)
    }

    /// Returns the number of its bytes that have arrived.
    pub(super) fn bytes(&self, now: Instant) -> u64 {
        self.block.bytes().len() as u64 * u64::from(self.share(now)) / 1_000
    }

    /// Returns whether it is of the file itself, and not of the list of digests.
    pub(super) const fn is_content(&self) -> bool {
        is_content(&self.block)
    }
}

const fn is_content(block: &Block) -> bool {
    matches!(block.place, Place::Content(_))
}

/// A member's link to the network.
#[derive(Clone, Debug)]
pub(super) struct Line {
    up: u64,
    down: Option<u64>,
    /// The blocks that wait for the uplink, in order, each with its receiver.
    queue: VecDeque<(Id, Block)>,
    /// The block that is being sent: its receiver, its length, whether it is of the file itself.
    sending: Option<(Id, usize, bool)>,
    /// The time at which the downlink has taken in all that has begun to come.
    free_at: Instant,
}

impl Line {
    /// A link of these rates, in bytes a second.
    pub(super) const fn new(up: u64, down: Option<u64>) -> Self {
        Self {
            up,
            down,
            queue: VecDeque::new(),
            sending: None,
            free_at: Instant::ZERO,
        }
    }

    /// Takes a block to send after all others.
    pub(super) fn push(&mut self, to: Id, block: Block) {
        self.queue.push_back((to, block));
    }

    /// Begins to send the next block, if none is being sent; returns the block and the time that it takes.
    pub(super) fn begin(&mut self) -> Option<(Id, Block, Duration)> {
        if self.sending.is_some() {
            return None;
        }
        let (to, block) = self.queue.pop_front()?;
        let length = block.bytes().len();
        self.sending = Some((to, length, is_content(&block)));
        Some((to, block, time(length as u64, self.up)))
    }

    /// Takes note that the block that was being sent has left; returns its receiver, its length, and whether it is of the file itself.
    pub(super) const fn end(&mut self) -> Option<(Id, usize, bool)> {
        self.sending.take()
    }

    /// Returns whether no block is being sent or waits.
    pub(super) fn is_idle(&self) -> bool {
        self.sending.is_none() && self.queue.is_empty()
    }

    /// Drops what waits to be sent to a member that is gone.
    pub(super) fn forget(&mut self, to: Id) {
        self.queue.retain(|(other, _)| *other != to);
    }

    /// Takes in a block whose first byte comes at `begins` and the last one at `ends` at the earliest; returns when it is in.
    pub(super) fn take_in(&mut self, begins: Instant, ends: Instant, length: usize) -> Instant {
        let Some(down) = self.down else {
            return ends;
        };
        self.free_at = self.free_at.max(begins) + time(length as u64, down);
        self.free_at.max(ends)
    }
}

/// The time that so many bytes take at this rate, in bytes a second, rounded up.
pub(super) fn time(bytes: u64, rate: u64) -> Duration {
    Duration::from_micros(bytes.saturating_mul(1_000_000).div_ceil(rate.max(1)))
}

/// A stretch of time in microseconds.
pub(super) fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::sync::Arc;
    use alloc::vec;
    use chordscope_core::base::content::ContentId;

    fn block(length: usize) -> Block {
        Block {
            content: ContentId([0; 32]),
            place: Place::Content(0),
            whole: Arc::new(vec![0; length]),
            range: 0..length,
            value: None,
        }
    }

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    #[test]
    fn an_uplink_sends_one_block_after_another() {
        let mut line = Line::new(1_000, None);
        let [one, two] = [1, 2].map(Id::from_u64);
        line.push(one, block(500));
        line.push(two, block(100));
        let (to, _, takes) = line.begin().unwrap();
        assert_eq!((to, takes), (one, Duration::from_millis(500)));
        assert!(line.begin().is_none() && !line.is_idle());
        assert_eq!(line.end(), Some((one, 500, true)));
        let (to, _, takes) = line.begin().unwrap();
        assert_eq!((to, takes), (two, Duration::from_millis(100)));
        line.end();
        assert!(line.begin().is_none() && line.is_idle());
        line.push(one, block(1));
        line.forget(one);
        assert!(line.is_idle());
    }

    #[test]
    fn a_downlink_as_fast_as_the_uplink_adds_no_time_and_a_slower_one_is_a_queue() {
        let mut fast = Line::new(1, Some(1_000));
        assert_eq!(fast.take_in(at(0), at(1_000), 1_000), at(1_000));
        assert_eq!(fast.take_in(at(1_000), at(2_000), 1_000), at(2_000));
        let mut slow = Line::new(1, Some(500));
        assert_eq!(slow.take_in(at(0), at(1_000), 1_000), at(2_000));
        assert_eq!(slow.take_in(at(0), at(1_000), 1_000), at(4_000));
        assert_eq!(slow.take_in(at(9_000), at(10_000), 1_000), at(11_000));
        let mut wide = Line::new(1, None);
        assert_eq!(wide.take_in(at(0), at(1_000), 1 << 30), at(1_000));
    }

    #[test]
    fn two_senders_fill_a_downlink_of_twice_their_rate() {
        let mut line = Line::new(1, Some(2_000));
        for _ in 0..2 {
            assert_eq!(line.take_in(at(0), at(1_000), 1_000), at(1_000));
        }
        assert_eq!(line.take_in(at(0), at(1_000), 1_000), at(1_500));
    }

    #[test]
    fn the_share_of_a_block_grows_from_none_to_all() {
        let flight = Flight {
            from: Id::from_u64(1),
            to: Id::from_u64(2),
            block: block(2_000),
            leaves: at(1_000),
            begins: at(20),
            arrives: at(1_020),
        };
        let shares = [0, 20, 520, 1_020, 5_000].map(|millis| flight.share(at(millis)));
        assert_eq!(shares, [0, 0, 500, 1_000, 1_000]);
        assert_eq!(flight.bytes(at(520)), 1_000);
    }
}
