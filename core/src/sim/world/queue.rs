//! What is going to happen, and when.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::Reverse;

use crate::base::time::Instant;

/// Things by the time at which they happen; those of one time in the order in which they were put in.
#[derive(Clone, Debug)]
pub(super) struct Queue<T> {
    /// Small, as sorting moves them about.
    keys: BinaryHeap<Reverse<Key>>,
    /// What the keys stand for.
    things: Vec<Option<T>>,
    vacant: Vec<u32>,
    next: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    at: Instant,
    number: u64,
    /// Where the thing is; there are never as many as 2^32.
    place: u32,
}

impl<T> Queue<T> {
    pub(super) const fn new() -> Self {
        Self {
            keys: BinaryHeap::new(),
            things: Vec::new(),
            vacant: Vec::new(),
            next: 0,
        }
    }

    pub(super) fn push(&mut self, at: Instant, thing: T) {
        let place = self.vacant.pop().unwrap_or_else(|| {
            self.things.push(None);
            (self.things.len() - 1) as u32
        });
        self.things[place as usize] = Some(thing);
        let number = self.next;
        self.next += 1;
        self.keys.push(Reverse(Key { at, number, place }));
    }

    /// When the first thing happens.
    pub(super) fn first(&self) -> Option<Instant> {
        self.keys.peek().map(|key| key.0.at)
    }

    /// The first thing, if it happens by this time.
    pub(super) fn pop_until(&mut self, end: Instant) -> Option<T> {
        self.first().filter(|at| *at <= end)?;
        let Reverse(key) = self.keys.pop()?;
        self.take(key.place)
    }

    /// All of it, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        let mut keys: Vec<Key> = self.keys.iter().map(|key| key.0).collect();
        keys.sort_unstable();
        let things = keys.into_iter();
        things.filter_map(|key| self.things.get(key.place as usize)?.as_ref())
    }

    /// Takes out the one that this holds of. Slow: it looks at all.
    pub(super) fn remove(&mut self, is_it: impl Fn(&T) -> bool) -> Option<T> {
        let mut things = self.things.iter();
        let place = things.position(|thing| thing.as_ref().is_some_and(&is_it))? as u32;
        self.keys.retain(|key| key.0.place != place);
        self.take(place)
    }

    fn take(&mut self, place: u32) -> Option<T> {
        self.vacant.push(place);
        self.things.get_mut(place as usize)?.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn queue(things: &[(u64, char)]) -> Queue<char> {
        let mut queue = Queue::new();
        for (at, thing) in things {
            queue.push(Instant::from_micros(*at), *thing);
        }
        queue
    }

    #[test]
    fn things_of_one_time_happen_in_the_order_in_which_they_were_put_in() {
        let mut queue = queue(&[(5, 'c'), (1, 'a'), (5, 'd'), (9, 'e'), (1, 'b')]);
        let listed: Vec<char> = queue.iter().copied().collect();
        let end = Instant::from_micros(5);
        let popped: Vec<char> = core::iter::from_fn(|| queue.pop_until(end)).collect();
        assert_eq!(popped, ['a', 'b', 'c', 'd']);
        assert_eq!(listed, ['a', 'b', 'c', 'd', 'e']);
        assert_eq!(queue.first(), Some(Instant::from_micros(9)));
    }

    #[test]
    fn what_was_taken_out_happens_no_more_and_leaves_its_place() {
        let mut queue = queue(&[(1, 'a'), (2, 'b'), (3, 'c')]);
        assert_eq!(queue.remove(|thing| *thing == 'b'), Some('b'));
        assert_eq!(queue.remove(|thing| *thing == 'b'), None);
        queue.push(Instant::ZERO, 'd');
        assert_eq!(queue.things.len(), 3);
        assert!(queue.iter().eq(&['d', 'a', 'c']));
    }
}
