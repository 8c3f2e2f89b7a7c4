//! Credit, the backpressure of a circuit, which bounds the bytes on their way over it: a tab cannot push back on a WebSocket, so
//! its other end must not send more than it has asked for.

use core::time::Duration;

use crate::base::time::Instant;
use crate::link::reason::CloseReason;

/// The credit of each end at first, in bytes of frames.
pub const FIRST_WINDOW: u32 = 256 * 1024;
/// The credit of each end once a circuit has shown that it is fast, in bytes of frames.
pub const FULL_WINDOW: u32 = 1024 * 1024;
/// A receiver that takes a quarter of its window within this time is fast. A slow one keeps a small window, behind
/// which messages do not wait long.
const FAST: Duration = Duration::from_millis(25);

/// The credit that a sender has left. A relay keeps one, too, and holds the sender to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance(u32);

impl Default for Allowance {
    fn default() -> Self {
        Self(FIRST_WINDOW)
    }
}

impl Allowance {
    /// The credit that is left, in bytes of frames.
    pub const fn left(self) -> usize {
        self.0 as usize
    }

    /// Uses up bytes; `false`, and nothing is used, when that many are not left.
    pub fn spend(&mut self, bytes: usize) -> bool {
        let left = u32::try_from(bytes).map_or(None, |bytes| self.0.checked_sub(bytes));
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }

    /// Takes more credit from the receiver.
    ///
    /// # Errors
    /// [`CloseReason::Credit`] when that is more than a receiver has ever to give.
    pub fn grant(&mut self, bytes: u32) -> Result<(), CloseReason> {
        let sum = self.0.checked_add(bytes);
        let sum = sum.filter(|sum| *sum <= FULL_WINDOW);
        self.0 = sum.ok_or(CloseReason::Credit)?;
        Ok(())
    }
}

/// The receiver's side: the credit that the sender has, and the credit to return to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    size: u32,
    open: u32,
    owed: u32,
    /// The time at which credit was given last.
    given: Instant,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            size: FIRST_WINDOW,
            open: FIRST_WINDOW,
            owed: 0,
            given: Instant::ZERO,
        }
    }
}

impl Window {
    /// Counts bytes that were received.
    ///
    /// # Errors
    /// [`CloseReason::Credit`] when the sender had no credit for them.
    pub fn receive(&mut self, bytes: usize) -> Result<(), CloseReason> {
        let left = u32::try_from(bytes).map_or(None, |bytes| self.open.checked_sub(bytes));
        self.open = left.ok_or(CloseReason::Credit)?;
        Ok(())
    }

    /// Bytes that have come are used; gives the credit to send, if it is worth a message.
    pub fn consume(&mut self, now: Instant, bytes: usize) -> Option<u32> {
        self.owed = self
            .owed
            .saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        if self.owed < self.size / 4 {
            return None;
        }
        if now < self.given + FAST && self.size < FULL_WINDOW {
            self.owed = self.owed.saturating_add(self.size);
            self.size *= 2;
        }
        self.given = now;
        let grant = self.owed.min(FULL_WINDOW - self.open);
        self.owed = 0;
        self.open += grant;
        Some(grant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sender_and_receiver_agree_whatever_the_sizes() {
        let (mut allowance, mut window) = (Allowance::default(), Window::default());
        let (mut sent, mut now) = (0_usize, Instant::ZERO);
        for round in 0..10_000_usize {
            let bytes = 1 + round * 7_919 % 69_000;
            if allowance.spend(bytes) {
                sent += bytes;
                assert_eq!(window.receive(bytes), Ok(()));
                now += Duration::from_millis(round as u64 % 20);
                if let Some(credit) = window.consume(now, bytes) {
                    assert_eq!(allowance.grant(credit), Ok(()));
                }
            } else {
                panic!("a sender whose data is taken never stops");
            }
        }
        assert!(sent > 100 * FULL_WINDOW as usize);
    }

    #[test]
    fn nobody_exceeds_the_credit_unnoticed() {
        let mut allowance = Allowance::default();
        assert!(allowance.spend(FIRST_WINDOW as usize));
        assert!(!allowance.spend(1));
        assert!(!allowance.spend(usize::MAX));
        assert_eq!(allowance.grant(FULL_WINDOW), Ok(()));
        assert_eq!(allowance.grant(1), Err(CloseReason::Credit));
        assert_eq!(allowance.grant(u32::MAX), Err(CloseReason::Credit));
        let mut window = Window::default();
        assert_eq!(window.receive(FIRST_WINDOW as usize), Ok(()));
        assert_eq!(window.receive(1), Err(CloseReason::Credit));
    }
}
