//! Backpressure: windows for the bytes of values that are on their way between this node and each other one.
//!
//! A request that carries a value, or asks for one, is sent while the window of its receiver has room, and waits for the answer to
//! an earlier one otherwise. So no node is sent more than it takes in and stores, and no link carries more than small messages can
//! afford to wait behind.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::message::{Request, Response};
use crate::node::requests::Purpose;
use crate::store::message::Bulk as Moves;
use crate::store::record::MAX_VALUE;

/// The window of puts and gets, in bytes.
const OPERATIONS: u64 = 1024 * 1024;
/// The window of repair, hand-over and group transfers: smaller, as puts, gets and lookups are to feel little of them.
const UPKEEP: u64 = 256 * 1024;
/// The least number of bytes that a record in upkeep counts for: each is a write at its receiver's disk, however small.
const LEAST: usize = 4 * 1024;
/// The size, in bytes, up to which a value takes no time worth mentioning.
const SMALL: u32 = 4 * 1024;

/// The class of a request, which selects the window that it takes room in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// A put or get that a user waits for.
    Operation,
    /// Repair, hand-over, transfers between groups.
    Upkeep,
}

/// The room that a request takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Load {
    class: Class,
    bytes: u32,
}

/// A request that waits for room.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) to: Contact,
    pub(super) purpose: Purpose,
    pub(super) request: Request,
    pub(super) load: Load,
}

/// The windows of one node, by receiver.
#[derive(Clone, Debug)]
pub(super) struct Windows {
    windows: BTreeMap<(Id, Class), Window>,
    /// The size of recent values, in bytes.
    seen: usize,
}

#[derive(Clone, Debug, Default)]
struct Window {
    /// Bytes on their way.
    open: u64,
    waiting: VecDeque<Waiting>,
}

impl Class {
    const fn window(self) -> u64 {
        match self {
            Self::Operation => OPERATIONS,
            Self::Upkeep => UPKEEP,
        }
    }

    /// Returns the rate below which a link counts as silent, in bytes a second: a user waits for operations.
    const fn slowest(self) -> u64 {
        match self {
            Self::Operation => 256 * 1024,
            Self::Upkeep => 64 * 1024,
        }
    }
}

impl Default for Windows {
    /// Until a value has come, the largest that there may be is expected.
    fn default() -> Self {
        Self {
            windows: BTreeMap::new(),
            seen: MAX_VALUE,
        }
    }
}

impl Load {
    /// Returns the window that the request takes room in.
    pub(super) const fn class(self) -> Class {
        self.class
    }

    /// Returns whether what it moves is small.
    pub(super) const fn is_small(self) -> bool {
        self.bytes <= SMALL
    }
}

impl Window {
    /// Returns whether one more may be sent: the last one may go beyond the limit, so that each has its turn however large it is.
    const fn has_room(&self, class: Class) -> bool {
        self.open < class.window()
    }

    fn is_idle(&self) -> bool {
        self.open == 0 && self.waiting.is_empty()
    }

    /// Takes room; gives how much longer than usual the answer may take: so long takes all that is open, on a slow link.
    fn take(&mut self, load: Load) -> Duration {
        self.open += u64::from(load.bytes);
        Duration::from_millis(self.open * 1_000 / load.class.slowest())
    }
}

impl Windows {
    /// The room that a request takes; `None` for one that moves no value.
    pub(super) fn load(&self, purpose: &Purpose, request: &Request) -> Option<Load> {
        let (moves, transfers) = match request {
            Request::Chord(_) => return None,
            Request::Store(request) => (request.bulk()?, false),
            Request::Group(request) => (request.bulk()?, request.is_transfer()),
        };
        let bytes = match moves {
            Moves::Sent(bytes) => bytes,
            Moves::Asked => self.seen,
        };
        let upkeep = matches!(
            purpose,
            Purpose::Copy { .. } | Purpose::Fetch(_) | Purpose::Spread
        );
        let (class, bytes) = match upkeep || transfers {
            true => (Class::Upkeep, bytes.max(LEAST)),
            false => (Class::Operation, bytes),
        };
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        Some(Load { class, bytes })
    }

    /// Learns from an answer: the next value may well be of that size. Large ones are remembered longer than small ones.
    pub(super) fn learn(&mut self, response: &Response) {
        let brings = match response {
            Response::Chord(_) | Response::Unsupported => None,
            Response::Store(response) => response.brings(),
            Response::Group(response) => response.brings(),
        };
        if let Some(bytes) = brings {
            self.seen = bytes.max(self.seen / 2);
        }
    }

    /// Returns whether a further request would be sent now.
    pub(super) fn has_room(&self, to: Id, class: Class) -> bool {
        let window = self.windows.get(&(to, class));
        window.is_none_or(|window| window.waiting.is_empty() && window.has_room(class))
    }

    /// Takes room for a request, and says how much longer than usual its answer may take; `None` when it has to wait.
    pub(super) fn take(&mut self, to: Id, load: Load) -> Option<Duration> {
        let window = self.windows.entry((to, load.class)).or_default();
        let has_room = window.waiting.is_empty() && window.has_room(load.class);
        has_room.then(|| window.take(load))
    }

    /// Lets a request wait for room.
    pub(super) fn wait(&mut self, waiting: Waiting) {
        let name = (waiting.to.id(), waiting.load.class);
        let window = self.windows.entry(name).or_default();
        window.waiting.push_back(waiting);
    }

    /// Gives the room of a request back.
    pub(super) fn end(&mut self, to: Id, load: Load) {
        if let Some(window) = self.windows.get_mut(&(to, load.class)) {
            window.open = window.open.saturating_sub(load.bytes.into());
            if window.is_idle() {
                self.windows.remove(&(to, load.class));
            }
        }
    }

    /// The next request that waits for room at a node, once there is some: takes it.
    pub(super) fn next(&mut self, to: Id, class: Class) -> Option<(Waiting, Duration)> {
        let window = self.windows.get_mut(&(to, class))?;
        if !window.has_room(class) {
            return None;
        }
        let next = window.waiting.pop_front()?;
        let longer = window.take(next.load);
        Some((next, longer))
    }

    /// Drops and returns all requests that wait for a node, which does not answer.
    pub(super) fn give_up(&mut self, to: Id) -> Vec<Waiting> {
        let mut all = Vec::new();
        for class in [Class::Operation, Class::Upkeep] {
            if let Some(window) = self.windows.get_mut(&(to, class)) {
                all.extend(window.waiting.drain(..));
                if window.is_idle() {
                    self.windows.remove(&(to, class));
                }
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use alloc::boxed::Box;
    use alloc::vec;

    use super::*;
    use crate::chord::membership::tests::contact;
    use crate::store::message::{Request as Ask, Response as Answer, StoredRecord};
    use crate::store::record::Record;

    fn copy(length: usize) -> Box<StoredRecord> {
        Box::new(StoredRecord {
            record: Record::immutable(vec![7; length]).unwrap(),
            remaining: 60,
        })
    }

    fn write(length: usize) -> Request {
        Request::Store(Ask::Write(copy(length)))
    }

    fn load(bulk: &Windows, purpose: &Purpose, request: &Request) -> Load {
        bulk.load(purpose, request).unwrap()
    }

    #[test]
    fn a_window_takes_what_it_has_room_for_and_the_rest_in_order() {
        let (mut bulk, to) = (Windows::default(), contact(9));
        let mut sent = 0;
        for number in 0..20 {
            let purpose = Purpose::Copy {
                walk: 1,
                key: Id::from_u64(number),
            };
            let load = load(&bulk, &purpose, &write(60_000));
            match bulk.take(to.id(), load) {
                Some(_) => sent += 1,
                None => bulk.wait(Waiting {
                    to: to.clone(),
                    purpose,
                    request: write(60_000),
                    load,
                }),
            }
        }
        assert_eq!(sent, 5, "the last one begins within 256 KiB");
        let put = load(&bulk, &Purpose::Write(1), &write(60_000));
        assert!(
            bulk.take(to.id(), put).is_some(),
            "a put has its own window"
        );
        let upkeep = load(&bulk, &Purpose::Spread, &write(60_000));
        for next in 5..20 {
            assert!(bulk.next(to.id(), Class::Upkeep).is_none());
            bulk.end(to.id(), upkeep);
            let (waiting, _) = bulk.next(to.id(), Class::Upkeep).unwrap();
            let Purpose::Copy { key, .. } = waiting.purpose else {
                panic!("{waiting:?}");
            };
            assert_eq!(key, Id::from_u64(next));
        }
        bulk.wait(Waiting {
            to: to.clone(),
            purpose: Purpose::Spread,
            request: write(1),
            load: upkeep,
        });
        assert_eq!(bulk.give_up(to.id()).len(), 1);
        assert!(!bulk.has_room(to.id(), Class::Upkeep));
        for _ in 0..5 {
            bulk.end(to.id(), upkeep);
        }
        assert!(bulk.has_room(to.id(), Class::Upkeep));
        bulk.end(to.id(), put);
        assert!(bulk.windows.is_empty(), "idle windows take no memory");
    }

    #[test]
    fn reads_take_the_room_of_the_values_that_came_lately() {
        let mut bulk = Windows::default();
        let read = Request::Store(Ask::Read(Id::from_u64(1)));
        let bytes = |bulk: &Windows| load(bulk, &Purpose::Read(1), &read).bytes as usize;
        assert_eq!(bytes(&bulk), MAX_VALUE, "before the first one");
        for _ in 0..20 {
            bulk.learn(&Response::Store(Answer::Value(Some(copy(10)))));
        }
        assert!(bytes(&bulk) < 1_000);
        bulk.learn(&Response::Store(Answer::Value(Some(copy(60_000)))));
        assert!(bytes(&bulk) >= 60_000);
        let fetch = load(&Windows::default(), &Purpose::Fetch(1), &read);
        assert_eq!(fetch.class(), Class::Upkeep);
        let offer = Request::Store(Ask::Offer(Vec::new()));
        assert_eq!(bulk.load(&Purpose::Offer(1), &offer), None);
    }

    #[test]
    fn small_records_in_upkeep_are_bounded_in_number() {
        let (mut bulk, to) = (Windows::default(), contact(9).id());
        let load = load(&bulk, &Purpose::Spread, &write(1));
        let sent = (0..1_000).filter(|_| bulk.take(to, load).is_some());
        assert_eq!(sent.count() as u64, UPKEEP / LEAST as u64);
    }

    #[test]
    fn the_page_says_how_much_may_be_on_its_way() {
        crate::page::must_say(&alloc::format!(
            "while fewer than {} MiB are on their way, and for repair, hand-over and transfers between groups while fewer than {} \
             KiB are, where each counts for at least {} KiB",
            OPERATIONS >> 20,
            UPKEEP >> 10,
            LEAST >> 10
        ));
    }
}
