//! The event queue: future events in order of virtual time.

use alloc::collections::{BTreeMap, BinaryHeap};
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::mem;

use chordscope_core::base::time::Instant;

/// Things by the time at which they happen; those of one time in the order in which they were put in.
///
/// Events wait in a list for each millisecond, in the order in which they came. Only the earliest of these is put in order, when its time has come:
/// a hundred keys are sorted faster than as many are found a place among ten thousand.
#[derive(Clone, Debug)]
pub(crate) struct Queue<T> {
    /// The earliest millisecond that anything is in, and its keys.
    front: (u64, BinaryHeap<Reverse<Key>>),
    /// The keys of the milliseconds behind it.
    behind: BTreeMap<u64, Vec<Reverse<Key>>>,
    /// An empty list with room, for the next millisecond.
    spare: Vec<Reverse<Key>>,
    /// The things that the keys stand for.
    things: Vec<Option<T>>,
    vacant: Vec<u32>,
    next: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    at: Instant,
    number: u64,
    /// The place of the thing; there are never as many as 2^32.
    place: u32,
}

impl Key {
    const fn millisecond(self) -> u64 {
        self.at.as_micros() / 1_000
    }
}

impl<T> Queue<T> {
    pub(crate) const fn new() -> Self {
        Self {
            front: (0, BinaryHeap::new()),
            behind: BTreeMap::new(),
            spare: Vec::new(),
            things: Vec::new(),
            vacant: Vec::new(),
            next: 0,
        }
    }

    pub(crate) fn push(&mut self, at: Instant, thing: T) {
        let place = self.vacant.pop().unwrap_or_else(|| {
            self.things.push(None);
            (self.things.len() - 1) as u32
        });
        self.things[place as usize] = Some(thing);
        let number = self.next;
        self.next += 1;
        self.file(Key { at, number, place });
    }

    /// Puts a key where it belongs.
    fn file(&mut self, key: Key) {
        let millisecond = key.millisecond();
        let (front, keys) = &mut self.front;
        if !keys.is_empty() && millisecond < *front {
            let later = mem::replace(keys, mem::take(&mut self.spare).into());
            self.behind.insert(*front, later.into_vec());
        }
        if keys.is_empty() {
            *front = millisecond;
        }
        if millisecond == *front {
            keys.push(Reverse(key));
        } else {
            let list = self.behind.entry(millisecond);
            list.or_insert_with(|| mem::take(&mut self.spare))
                .push(Reverse(key));
        }
    }

    /// Returns the number of things that wait.
    pub(crate) fn len(&self) -> usize {
        self.things.len() - self.vacant.len()
    }

    /// Returns the time of the first event.
    pub(crate) fn first(&self) -> Option<Instant> {
        self.front.1.peek().map(|key| key.0.at)
    }

    /// The first thing, if it happens by this time.
    pub(crate) fn pop_until(&mut self, end: Instant) -> Option<T> {
        self.first().filter(|at| *at <= end)?;
        let Reverse(key) = self.front.1.pop()?;
        self.advance();
        self.take(key.place)
    }

    /// Goes on to the next millisecond when nothing is left of this one.
    fn advance(&mut self) {
        if self.front.1.is_empty()
            && let Some((millisecond, keys)) = self.behind.pop_first()
        {
            let (_, over) = mem::replace(&mut self.front, (millisecond, keys.into()));
            self.spare = over.into_vec();
        }
    }

    fn keys(&self) -> impl Iterator<Item = Key> {
        let keys = self.front.1.iter().chain(self.behind.values().flatten());
        keys.map(|key| key.0)
    }

    /// All of it, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        let mut keys: Vec<Key> = self.keys().collect();
        keys.sort_unstable();
        let things = keys.into_iter();
        things.filter_map(|key| self.things.get(key.place as usize)?.as_ref())
    }

    /// Takes out the one that this holds of. Slow: it looks at all.
    pub(crate) fn remove(&mut self, is_it: impl Fn(&T) -> bool) -> Option<T> {
        let mut things = self.things.iter();
        let place = things.position(|thing| thing.as_ref().is_some_and(&is_it))? as u32;
        self.front.1.retain(|key| key.0.place != place);
        for keys in self.behind.values_mut() {
            keys.retain(|key| key.0.place != place);
        }
        self.behind.retain(|_, keys| !keys.is_empty());
        self.advance();
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
    use alloc::collections::BTreeSet;
    use chordscope_core::base::rng::Rng;

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
    fn the_order_holds_across_milliseconds_whatever_comes_in_between() {
        let mut rng = Rng::from_seed(1, 0);
        let mut queue = Queue::new();
        let mut expected = BTreeSet::new();
        for number in 0..3_000_u64 {
            let at = Instant::from_micros(rng.below(20_000));
            queue.push(at, (at, number));
            expected.insert((at, number));
            for _ in 0..rng.below(3) {
                let first = expected.pop_first();
                assert_eq!(queue.first(), first.map(|(at, _)| at));
                assert_eq!(queue.pop_until(Instant::from_micros(u64::MAX)), first);
            }
            if rng.chance(1, 10) {
                let gone = expected.iter().next_back().copied();
                assert_eq!(queue.remove(|thing| Some(*thing) == gone), gone);
                expected.pop_last();
            }
        }
        assert!(queue.iter().eq(expected.iter()));
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
