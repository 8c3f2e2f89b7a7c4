//! One end of a circuit: the frames that wait for credit, and the credit that is owed.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::base::time::Instant;
use crate::link::credit::{Allowance, Window};
use crate::link::reason::CloseReason;
use crate::link::session::TRAILER;
use crate::wire::frame::MAX_FRAME;

/// The most that may wait for credit, in bytes.
const MAX_WAITING: usize = 1024 * 1024;

/// One end of a circuit: outgoing frames that wait for credit, and the window for incoming ones.
#[derive(Clone, Debug, Default)]
pub struct Circuit {
    allowance: Allowance,
    window: Window,
    waiting: VecDeque<Vec<u8>>,
    bytes: usize,
}

impl Circuit {
    /// Queues a frame behind those that wait for credit.
    ///
    /// # Errors
    /// [`CloseReason::QueueFull`] when too much waits: the other end takes nothing.
    pub fn push(&mut self, frame: Vec<u8>) -> Result<(), CloseReason> {
        if self.bytes + frame.len() > MAX_WAITING {
            return Err(CloseReason::QueueFull);
        }
        self.bytes += frame.len();
        self.waiting.push_back(frame);
        Ok(())
    }

    /// Returns whether a control message of so many bytes may wait for credit ahead of data.
    pub const fn takes_urgent(&self, bytes: usize) -> bool {
        self.bytes + bytes <= MAX_WAITING / 2
    }

    /// The next frame that there is credit for.
    pub fn pop(&mut self) -> Option<Vec<u8>> {
        let length = self.waiting.front()?.len();
        if !self.allowance.spend(length) {
            return None;
        }
        self.bytes -= length;
        self.waiting.pop_front()
    }

    /// Returns whether there is credit for data: nothing waits, and a control message would still find some.
    pub fn has_room_for_data(&self) -> bool {
        self.waiting.is_empty() && self.allowance.left() >= 2 * (MAX_FRAME + TRAILER)
    }

    /// Takes credit from the other end.
    ///
    /// # Errors
    /// [`CloseReason::Credit`] when it gives more than there is.
    pub fn grant(&mut self, bytes: u32) -> Result<(), CloseReason> {
        self.allowance.grant(bytes)
    }

    /// Counts a received frame of so many bytes.
    ///
    /// # Errors
    /// [`CloseReason::Credit`] when there was no credit for it.
    pub fn receive(&mut self, bytes: usize) -> Result<(), CloseReason> {
        self.window.receive(bytes)
    }

    /// Counts a frame that was used; returns the credit to send, in bytes, if any is due.
    pub fn consume(&mut self, now: Instant, bytes: usize) -> Option<u32> {
        self.window.consume(now, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn frames_wait_for_credit_in_order_and_not_without_end() {
        let mut circuit = Circuit::default();
        let mut pushed = 0_u8;
        while circuit.push(vec![pushed; 60_000]).is_ok() {
            pushed += 1;
        }
        assert_eq!(usize::from(pushed), MAX_WAITING / 60_000);
        let mut popped = 0;
        while let Some(frame) = circuit.pop() {
            assert_eq!(frame[0], popped);
            popped += 1;
        }
        assert_eq!(popped, 4, "of a first window of 256 KiB");
        assert!(!circuit.has_room_for_data());
        assert_eq!(circuit.grant(1_000_000), Ok(()));
        while circuit.pop().is_some() {
            popped += 1;
        }
        assert_eq!(popped, pushed);
    }
}
