//! Alarms: the times at which nodes want to be called, one a node, the earliest first.

use alloc::vec::Vec;

use crate::worlds::ring::population::Slot;
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;

/// Children of a place in the heap. With four of them a heap of 10,000 is seven deep, and children share a cache line.
const CHILDREN: usize = 4;
/// The place of a node that wants nothing.
const NOWHERE: u32 = u32::MAX;

/// A heap of times, ordered by time and then by id. Each node knows its place in it: most calls move one time a little.
#[derive(Clone, Debug, Default)]
pub(super) struct Alarms {
    heap: Vec<Alarm>,
    /// The place of each node's alarm, by slot. Moving one alarm moves others, so that this is kept small.
    places: Vec<u32>,
    /// The ids by slot, for alarms of one time.
    ids: Vec<Id>,
}

#[derive(Clone, Copy, Debug)]
struct Alarm {
    at: Instant,
    slot: Slot,
}

impl Alarms {
    /// Gives a slot to the node of this id, which wants nothing yet.
    pub(super) fn assign(&mut self, slot: Slot, id: Id) {
        self.set(slot, None);
        if slot.index() >= self.ids.len() {
            self.ids.resize(slot.index() + 1, id);
            self.places.resize(slot.index() + 1, NOWHERE);
        }
        self.ids[slot.index()] = id;
    }

    /// Sets the time at which the node in a slot wants to be called, in place of what it wanted before.
    pub(super) fn set(&mut self, slot: Slot, at: Option<Instant>) {
        let Some(place) = self.places.get(slot.index()).copied() else {
            return;
        };
        let place = place as usize;
        match (self.heap.get_mut(place), at) {
            (None, None) => {}
            (None, Some(at)) => {
                self.heap.push(Alarm { at, slot });
                self.rise(self.heap.len() - 1);
            }
            (Some(alarm), Some(at)) => {
                let before = core::mem::replace(&mut alarm.at, at);
                match at.cmp(&before) {
                    core::cmp::Ordering::Less => self.rise(place),
                    core::cmp::Ordering::Equal => {}
                    core::cmp::Ordering::Greater => self.sink(place),
                }
            }
            (Some(_), None) => {
                self.places[slot.index()] = NOWHERE;
                self.heap.swap_remove(place);
                if place < self.heap.len() {
                    self.rise(place);
                    self.sink(self.places[self.heap[place].slot.index()] as usize);
                }
            }
        }
    }

    /// The earliest time.
    pub(super) fn first(&self) -> Option<(Instant, Slot)> {
        self.heap.first().map(|alarm| (alarm.at, alarm.slot))
    }

    fn is_before(&self, one: Alarm, other: Alarm) -> bool {
        let id = |alarm: Alarm| self.ids[alarm.slot.index()];
        one.at < other.at || (one.at == other.at && id(one) < id(other))
    }

    /// Moves the alarm of a place up to where it belongs.
    fn rise(&mut self, mut place: usize) {
        let alarm = self.heap[place];
        while place > 0 {
            let parent = (place - 1) / CHILDREN;
            if !self.is_before(alarm, self.heap[parent]) {
                break;
            }
            self.put(place, self.heap[parent]);
            place = parent;
        }
        self.put(place, alarm);
    }

    /// Moves the alarm of a place down to where it belongs.
    fn sink(&mut self, mut place: usize) {
        let alarm = self.heap[place];
        loop {
            let first = place * CHILDREN + 1;
            let children = first..(first + CHILDREN).min(self.heap.len());
            let earlier = |one, other| match self.is_before(self.heap[other], self.heap[one]) {
                true => other,
                false => one,
            };
            match children.reduce(earlier) {
                Some(child) if self.is_before(self.heap[child], alarm) => {
                    self.put(place, self.heap[child]);
                    place = child;
                }
                _ => break,
            }
        }
        self.put(place, alarm);
    }

    fn put(&mut self, place: usize, alarm: Alarm) {
        self.heap[place] = alarm;
        // There are never more alarms than slots.
        self.places[alarm.slot.index()] = place as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use chordscope_core::base::rng::Rng;

    #[test]
    fn alarms_go_off_by_time_and_then_by_id_as_in_an_ordered_set() {
        let mut rng = Rng::from_seed(1, 0);
        let mut alarms = Alarms::default();
        let mut expected = BTreeSet::new();
        let mut wanted = [None; 50];
        for slot in 0..50 {
            // Ids fall as slots rise, so that an order by slots would show.
            alarms.assign(Slot::new(slot), Id::from_u64(100 - slot as u64));
        }
        for _ in 0..20_000 {
            let slot = rng.below(50) as usize;
            let id = 100 - slot as u64;
            let at = Some(Instant::from_micros(rng.below(40))).filter(|_| rng.chance(4, 5));
            if let Some(old) = core::mem::replace(&mut wanted[slot], at) {
                expected.remove(&(old, id));
            }
            expected.extend(at.map(|at| (at, id)));
            alarms.set(Slot::new(slot), at);
            let first = alarms.first();
            let first = first.map(|(at, slot)| (at, 100 - slot.index() as u64));
            assert_eq!(first, expected.first().copied());
        }
    }

    #[test]
    fn a_slot_given_to_another_node_wants_nothing() {
        let mut alarms = Alarms::default();
        let slot = Slot::new(0);
        alarms.assign(slot, Id::from_u64(1));
        alarms.set(slot, Some(Instant::ZERO));
        alarms.assign(slot, Id::from_u64(2));
        assert_eq!(alarms.first(), None);
    }
}
