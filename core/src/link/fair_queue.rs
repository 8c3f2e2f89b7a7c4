//! Fair queueing of large messages, data and circuits on a link: frames of each wait in a lane of their own, and the lanes take turns.
//!
//! Deficit round robin (Shreedhar and Varghese, SIGCOMM 1995): over time each lane that has something to send gets
//! the same share of bytes, however large its frames are.

use alloc::collections::{BTreeMap, VecDeque};

use crate::link::session::{Plain, TRAILER};
use crate::wire::frame::MAX_FRAME;

/// The most bytes that are handed to the owner before it says that they have left: control messages may have to wait for them.
pub const MAX_UNWRITTEN: usize = 256 * 1024;
/// The most bytes of control messages that are handed to it on top of that; further ones wait in their lane.
const MAX_URGENT: usize = 256 * 1024;
/// The bytes that a lane may send in its turn: the longest frame fits.
const QUANTUM: usize = MAX_FRAME + TRAILER;

/// The frames that wait one behind another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// The link's own messages that are large, or too many.
    Messages,
    /// The link's own data.
    Data,
    /// The frames of the circuit of this number.
    Circuit(u32),
}

/// The frames that wait to be sent over one link.
#[derive(Clone, Debug, Default)]
pub struct FairQueue {
    lanes: BTreeMap<Lane, Waiting>,
    turns: VecDeque<Lane>,
    bytes: usize,
    unwritten: usize,
}

#[derive(Clone, Debug, Default)]
struct Waiting {
    frames: VecDeque<Plain>,
    bytes: usize,
    deficit: usize,
}

impl FairQueue {
    /// The number of bytes that wait in all lanes.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The number of bytes that wait in one lane.
    pub fn waiting(&self, lane: Lane) -> usize {
        self.lanes.get(&lane).map_or(0, |lane| lane.bytes)
    }

    /// The number of bytes that wait in the lanes of circuits.
    pub fn on_circuits(&self) -> usize {
        self.bytes - self.waiting(Lane::Messages) - self.waiting(Lane::Data)
    }

    /// The circuit for which most bytes wait, and how many.
    pub fn longest(&self) -> Option<(u32, usize)> {
        let circuits = self.lanes.iter().filter_map(|(lane, state)| match lane {
            Lane::Circuit(circuit) => Some((*circuit, state.bytes)),
            Lane::Messages | Lane::Data => None,
        });
        circuits.max_by_key(|(circuit, bytes)| (*bytes, *circuit))
    }

    /// Returns whether a control message of so many bytes may go ahead of all that waits.
    pub const fn takes_urgent(&self, bytes: usize) -> bool {
        self.unwritten + bytes <= MAX_UNWRITTEN + MAX_URGENT
    }

    /// Puts a frame at the end of its lane.
    pub fn push(&mut self, lane: Lane, frame: impl Into<Plain>) {
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
    pub fn pop(&mut self) -> Option<(Lane, Plain)> {
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

    /// Drops a lane with the frames that wait in it.
    pub fn drop_lane(&mut self, lane: Lane) {
        self.turns.retain(|other| *other != lane);
        if let Some(state) = self.lanes.remove(&lane) {
            self.bytes -= state.bytes;
        }
    }

    /// Bytes were handed to the owner: of this queue, or control messages that do not wait.
    pub const fn sent(&mut self, bytes: usize) {
        self.unwritten = self.unwritten.saturating_add(bytes);
    }

    /// Takes note that bytes have left, as the owner says.
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
            queue.push(Lane::Messages, vec![0; 60_000]);
        }
        for _ in 0..40_000 {
            queue.push(Lane::Circuit(2), vec![0; 1_500]);
        }
        let mut shares = BTreeMap::new();
        while shares.values().sum::<usize>() < 20_000_000 {
            let (lane, frame) = queue.pop().unwrap();
            *shares.entry(lane).or_default() += frame.len();
        }
        let difference = shares[&Lane::Messages].abs_diff(shares[&Lane::Circuit(2)]);
        assert!(difference <= 2 * QUANTUM, "{shares:?}");
    }

    #[test]
    fn each_lane_keeps_its_order_and_nothing_is_lost() {
        let mut queue = FairQueue::default();
        for number in 0..100_u8 {
            for (lane, bytes) in [
                (Lane::Circuit(7), 70),
                (Lane::Data, 30),
                (Lane::Messages, 50),
            ] {
                queue.push(lane, vec![number; bytes]);
            }
        }
        let mut next: BTreeMap<Lane, u8> = BTreeMap::new();
        while let Some((lane, frame)) = queue.pop() {
            let next = next.entry(lane).or_default();
            assert_eq!(frame.into_frame()[0], *next);
            *next += 1;
        }
        assert!(next.into_values().eq([100; 3]));
        assert_eq!(queue.bytes(), 0);
    }

    #[test]
    fn what_has_not_left_holds_back_the_rest() {
        let mut queue = FairQueue::default();
        queue.push(Lane::Circuit(1), vec![0; 10]);
        queue.sent(MAX_UNWRITTEN);
        assert_eq!(queue.pop(), None);
        assert!(queue.takes_urgent(MAX_URGENT), "control messages go ahead");
        assert!(!queue.takes_urgent(MAX_URGENT + 1), "but not without end");
        queue.written(1);
        assert!(queue.pop().is_some());
        queue.push(Lane::Circuit(1), vec![0; 10]);
        queue.push(Lane::Circuit(2), vec![0; 30]);
        queue.push(Lane::Data, vec![0; 50]);
        queue.push(Lane::Messages, vec![0; 70]);
        assert_eq!(queue.longest(), Some((2, 30)));
        assert_eq!(queue.on_circuits(), 40);
        queue.drop_lane(Lane::Data);
        queue.drop_lane(Lane::Messages);
        queue.drop_lane(Lane::Circuit(2));
        queue.drop_lane(Lane::Circuit(2));
        assert_eq!(queue.bytes(), 10);
    }
}
