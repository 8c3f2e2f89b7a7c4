//! One end of a circuit: the frames that wait for credit, and the credit that is owed. And the numbers of the circuits on a link.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::base::time::Instant;
use crate::link::credit::{Allowance, Window};
use crate::link::reason::CloseReason;
use crate::link::session::{Plain, Role, TRAILER};
use crate::wire::frame::MAX_FRAME;

/// The most that may wait for credit, in bytes.
const MAX_WAITING: usize = 1024 * 1024;

/// One end of a circuit: outgoing frames and data that wait for credit, and the window for incoming ones.
#[derive(Clone, Debug, Default)]
pub struct Circuit {
    allowance: Allowance,
    window: Window,
    waiting: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Frames that are sealed once all of `waiting` has left.
    data: VecDeque<Plain>,
    data_bytes: usize,
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

    /// Queues data behind all else.
    pub fn push_data(&mut self, frame: Plain) {
        self.data_bytes += frame.len();
        self.data.push_back(frame);
    }

    /// The next data that there is credit for, to be sealed: nothing else waits, and a control message would still find some.
    pub fn pop_data(&mut self) -> Option<Plain> {
        let has_room =
            self.waiting.is_empty() && self.allowance.left() >= 2 * (MAX_FRAME + TRAILER);
        let data = self.data.pop_front_if(|_| has_room)?;
        self.data_bytes -= data.len();
        Some(data)
    }

    /// The number of bytes of data that wait.
    pub const fn data_waiting(&self) -> usize {
        self.data_bytes
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

/// The numbers of the circuits on a link: odd where its initiator opens them, else even, and each greater than those before.
#[derive(Clone, Debug)]
pub struct Numbers {
    role: Role,
    next: u32,
    last_of_theirs: u32,
}

impl Numbers {
    /// The numbers of a new link, as this side of it sees them.
    pub const fn new(role: Role) -> Self {
        Self {
            role,
            next: match role {
                Role::Initiator => 1,
                Role::Responder => 2,
            },
            last_of_theirs: 0,
        }
    }

    /// A number for a circuit that this side opens; `None` when all are used up.
    pub fn draw(&mut self) -> Option<u32> {
        let number = self.next;
        self.next = number.checked_add(2)?;
        Some(number)
    }

    /// Returns whether the other side may open a circuit of this number.
    pub fn takes(&mut self, number: u32) -> bool {
        let is_theirs = (number % 2 == 1) == (self.role == Role::Responder);
        let is_new = number > self.last_of_theirs;
        if is_theirs && is_new {
            self.last_of_theirs = number;
        }
        is_theirs && is_new
    }

    /// Returns whether a circuit of this number has ever been.
    pub const fn knows(&self, number: u32) -> bool {
        let is_mine = (number % 2 == 1) == matches!(self.role, Role::Initiator);
        match is_mine {
            true => number < self.next,
            false => number <= self.last_of_theirs,
        }
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
        circuit.push_data(vec![7].into());
        assert_eq!(circuit.pop_data(), None);
        assert_eq!(circuit.grant(1_000_000), Ok(()));
        while circuit.pop().is_some() {
            popped += 1;
        }
        assert_eq!(popped, pushed);
        assert_eq!(circuit.data_waiting(), 1);
        assert_eq!(circuit.pop_data(), Some(vec![7].into()));
        assert_eq!((circuit.pop_data(), circuit.data_waiting()), (None, 0));
    }

    #[test]
    fn each_side_numbers_its_circuits_by_itself() {
        for role in [Role::Initiator, Role::Responder] {
            let (mut mine, mut theirs) = (Numbers::new(role), Numbers::new(role.other()));
            for _ in 0..3 {
                let number = mine.draw().unwrap();
                assert!(!theirs.knows(number));
                assert!(theirs.takes(number));
                assert!(theirs.knows(number) && mine.knows(number));
                assert!(!theirs.takes(number), "used already");
                assert!(!mine.takes(number + 2), "its own");
            }
        }
    }
}
