//! How circuits share a link: frames of each wait in a lane of their own, and the lanes take turns.
//!
//! Deficit round robin (Shreedhar and Varghese, SIGCOMM 1995): over time each lane that has something to send gets
//! the same share of bytes, however large its frames are.

use alloc::collections::{BTreeMap, VecDeque};

use crate::link::session::{Plain, TRAILER};
use crate::wire::frame::MAX_FRAME;

/// How many bytes may be handed to the owner before it says that they have left: what control messages may have to wait for.
pub const MAX_UNWRITTEN: usize = 256 * 1024;
/// What a lane may send in its turn: the longest frame fits.
const QUANTUM: usize = MAX_FRAME + TRAILER;

/// The frames that wait to be sent over one link, by lane: the number of the circuit, or 0 for the link's own data.
#[derive(Clone, Debug, Default)]
pub struct FairQueue {
    lanes: BTreeMap<u32, Lane>,
    turns: VecDeque<u32>,
    bytes: usize,
    unwritten: usize,
}

#[derive(Clone, Debug, Default)]
struct Lane {
    frames: VecDeque<Plain>,
    bytes: usize,
    deficit: usize,
}

impl FairQueue {
    /// Bytes that wait.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes that wait in one lane.
    pub fn waiting(&self, lane: u32) -> usize {
        self.lanes.get(&lane).map_or(0, |lane| lane.bytes)
    }

    /// Bytes that wait in the lanes of circuits.
    pub fn on_circuits(&self) -> usize {
        self.bytes - self.waiting(0)
    }

    /// The circuit for which most bytes wait, and how many.
    pub fn longest(&self) -> Option<(u32, usize)> {
        let lanes = self.lanes.range(1..);
        let lanes = lanes.map(|(lane, state)| (*lane, state.bytes));
        lanes.max_by_key(|(lane, bytes)| (*bytes, *lane))
    }

    /// Puts a frame at the end of its lane.
    pub fn push(&mut self, lane: u32, frame: impl Into<Plain>) {
        let frame = frame.into();
        let state = self.lanes.entry(lane).or_default();
        if state.frames.is_empty() {
            self.turns.push_back(lane);
        }
        state.bytes += frame.len();
        self.bytes += frame.len();
        state.frames.push_back(frame);
    }

    /// The next frame and its lane, unless too much is on its way to the socket already.
    pub fn pop(&mut self) -> Option<(u32, Plain)> {
        if self.unwritten >= MAX_UNWRITTEN {
            return None;
        }
        loop {
            let lane = *self.turns.front()?;
            let state = self.lanes.get_mut(&lane)?;
            let length = state.frames.front().map_or(0, Plain::len);
            if state.deficit < length {
                state.deficit += QUANTUM;
                self.turns.rotate_left(1);
                continue;
            }
            let frame = state.frames.pop_front()?;
            state.deficit -= length;
            state.bytes -= length;
            self.bytes -= length;
            if state.frames.is_empty() {
                self.lanes.remove(&lane);
                self.turns.pop_front();
            }
            return Some((lane, frame));
        }
    }

    /// Throws away what waits in a lane.
    pub fn drop_lane(&mut self, lane: u32) {
        self.turns.retain(|other| *other != lane);
        if let Some(state) = self.lanes.remove(&lane) {
            self.bytes -= state.bytes;
        }
    }

    /// Bytes were handed to the owner: of this queue, or control messages that do not wait.
    pub const fn sent(&mut self, bytes: usize) {
        self.unwritten = self.unwritten.saturating_add(bytes);
    }

    /// The owner says that bytes have left.
    pub const fn written(&mut self, bytes: usize) {
        self.unwritten = self.unwritten.saturating_sub(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn lanes_get_equal_shares_of_bytes_whatever_their_frames() {
        let mut queue = FairQueue::default();
        for _ in 0..1_000 {
            queue.push(1, vec![0; 60_000]);
        }
        for _ in 0..40_000 {
            queue.push(2, vec![0; 1_500]);
        }
        let mut shares = [0_usize; 3];
        while shares.iter().sum::<usize>() < 20_000_000 {
            let (lane, frame) = queue.pop().unwrap();
            shares[lane as usize] += frame.len();
        }
        let difference = shares[1].abs_diff(shares[2]);
        assert!(difference <= 2 * QUANTUM, "{shares:?}");
    }

    #[test]
    fn each_lane_keeps_its_order_and_nothing_is_lost() {
        let mut queue = FairQueue::default();
        for number in 0..100_u8 {
            for lane in [7, 3, 5] {
                queue.push(lane, vec![number; 10 * lane as usize]);
            }
        }
        let mut next = [0_u8; 8];
        while let Some((lane, frame)) = queue.pop() {
            assert_eq!(frame.into_frame()[0], next[lane as usize]);
            next[lane as usize] += 1;
        }
        assert_eq!(next, [0, 0, 0, 100, 0, 100, 0, 100]);
        assert_eq!(queue.bytes(), 0);
    }

    #[test]
    fn what_has_not_left_holds_back_the_rest() {
        let mut queue = FairQueue::default();
        queue.push(1, vec![0; 10]);
        queue.sent(MAX_UNWRITTEN);
        assert_eq!(queue.pop(), None);
        queue.written(1);
        assert!(queue.pop().is_some());
        queue.push(1, vec![0; 10]);
        queue.push(2, vec![0; 30]);
        queue.push(0, vec![0; 50]);
        assert_eq!(queue.longest(), Some((2, 30)));
        assert_eq!(queue.on_circuits(), 40);
        queue.drop_lane(0);
        queue.drop_lane(2);
        queue.drop_lane(2);
        assert_eq!(queue.bytes(), 10);
    }
}
