//! The limit of small frames that one link may make this peer take in.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The number of small frames that one link may bring within a [`WINDOW`]: 10,000 a second.
const FRAMES: u32 = 1_000;
/// The time over which they are counted.
const WINDOW: Duration = Duration::from_millis(100);
/// Frames from this length on are not counted: reading them is most of what they cost, and sockets are read by turns.
const SMALL: usize = 16 * 1024;

/// Counts the small frames of one link, and lets its reader wait when there are too many. While the reader waits, so
/// does the sender: nothing is dropped.
#[derive(Debug)]
pub(super) struct Pace {
    left: u32,
    /// The clock is read once a window, not once a frame: a window begins when the last one is used up.
    window_ends: Instant,
    waits: Arc<AtomicU64>,
}

impl Pace {
    /// `waits` counts how often a link had to wait.
    pub(super) fn new(waits: Arc<AtomicU64>) -> Self {
        Self {
            left: FRAMES,
            window_ends: Instant::now() + WINDOW,
            waits,
        }
    }

    /// Waits until one more frame of this length may be taken in.
    pub(super) async fn admit(&mut self, length: usize) {
        if length >= SMALL {
            return;
        }
        if self.left == 0 {
            if self.window_ends > Instant::now() {
                self.waits.fetch_add(1, Ordering::Relaxed);
                sleep_until(self.window_ends).await;
            }
            self.left = FRAMES;
            self.window_ends = Instant::now() + WINDOW;
        }
        self.left -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn take(pace: &mut Pace, frames: u32, length: usize) -> Duration {
        let start = Instant::now();
        for _ in 0..frames {
            pace.admit(length).await;
        }
        start.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_small_frames_gets_its_frames_a_second_and_each_wait_is_counted() {
        let waits = Arc::new(AtomicU64::new(0));
        let mut pace = Pace::new(Arc::clone(&waits));
        let took = take(&mut pace, 10 * FRAMES + 1, SMALL - 1).await;
        assert!(took >= 10 * WINDOW, "{took:?}");
        assert!(took < 11 * WINDOW, "{took:?}");
        assert_eq!(waits.load(Ordering::Relaxed), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_link_with_fewer_or_longer_frames_never_waits() {
        let waits = Arc::new(AtomicU64::new(0));
        let mut pace = Pace::new(Arc::clone(&waits));
        for _ in 0..30 {
            assert_eq!(take(&mut pace, FRAMES / 2, 100).await, Duration::ZERO);
            assert_eq!(take(&mut pace, FRAMES, SMALL).await, Duration::ZERO);
            tokio::time::advance(WINDOW / 2).await;
        }
        assert_eq!(waits.load(Ordering::Relaxed), 0);
    }
}
