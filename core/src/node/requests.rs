//! Requests that wait for a response: numbers, retransmission timeouts, retries, round-trip times.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::rtt::Rtt;
use crate::base::time::Instant;
use crate::chord::membership::Query;
use crate::chord::message::Forward;
use crate::message::{Message, Request, Response};
use crate::node::api::TimerKind;
use crate::node::backpressure::{Class, Load, Waiting, Windows};
use crate::node::config::Config;
use crate::node::numbered::Numbered;
use crate::node::round_trips::RoundTrips;
use crate::node::timers::Timers;
use crate::store::group::Token;
use crate::store::message as store;

/// The shortest wait for a record to be stored.
const WRITE_TIMEOUT: Duration = Duration::from_secs(2);

/// The shortest retransmission timeout of a `Check`: a member that is silent for so long, and is no neighbour any more, counts as out.
const CHECK_TIMEOUT: Duration = Duration::from_millis(500);

/// The purpose of a request.
#[derive(Clone, Debug)]
pub(super) enum Purpose {
    /// A query of the membership machine.
    Membership(Query),
    /// A hop of an iterative lookup of this number.
    Hop(u64),
    /// A hand-over of a recursive lookup.
    Forward(Forwarding),
    /// A read of the operation of this number.
    Read(u64),
    /// A write of the operation of this number.
    Write(u64),
    /// An offer of records, by the walk of this number.
    Offer(u64),
    /// A replica of the record under this key, by the walk of this number.
    Copy { walk: u64, key: Id },
    /// A read to get a newer version, by the walk of this number.
    Fetch(u64),
    /// A newer version for a node that was found to hold an older one.
    Spread,
    /// A test whether a finger, or a node behind it, is there, and of its round-trip time.
    Candidate(Id),
    /// To see whether a node is a member.
    Probe,
    /// A request of the group machine.
    Group(Box<Token>),
    /// A request of the operation of this number at level `quorum`.
    Quorum(u64),
}

/// A recursive lookup that was handed on, kept until the receiver has it.
#[derive(Clone, Debug)]
pub(super) struct Forwarding {
    /// As it was sent.
    pub(super) forward: Arc<Forward>,
    /// True if this node was thought to be the owner.
    pub(super) arrived: bool,
    /// The nodes that it was handed to in vain.
    pub(super) avoid: Box<[Id]>,
}

/// A request that waits for its response. It is small, as most never need to be sent again.
#[derive(Clone, Debug)]
struct Open {
    to: Contact,
    purpose: Purpose,
    kind: Kind,
    /// The room that it takes.
    load: Option<Load>,
    sent: Instant,
    deadline: Instant,
    /// The request to repeat, and the number of repetitions.
    retries: Option<Box<Retries>>,
    retried: bool,
}

#[derive(Clone, Debug)]
struct Retries {
    request: Request,
    left: u8,
}

/// The kind of work that an answer takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The answer comes from memory.
    Quick,
    /// A record is written to disk, or many are looked at, before the answer goes out.
    Write,
    /// The same, at a member of a group.
    Group,
    /// A member says what became of a group. It knows that, but may be storing something that comes before the answer.
    Check,
    /// The primary of a group asks others in turn.
    Operation,
}

impl Kind {
    fn of(request: &Request) -> Self {
        match request {
            Request::Store(store::Request::Write(_) | store::Request::Offer(_)) => Self::Write,
            Request::Group(request) if request.is_operation() => Self::Operation,
            Request::Group(request) if request.is_quick() => Self::Quick,
            Request::Group(request) if request.is_check() => Self::Check,
            Request::Group(_) => Self::Group,
            Request::Chord(_) | Request::Store(_) => Self::Quick,
        }
    }

    /// The shortest wait for an answer.
    const fn patience(self) -> Duration {
        match self {
            Self::Quick => Duration::ZERO,
            Self::Check => CHECK_TIMEOUT,
            Self::Write | Self::Group => WRITE_TIMEOUT,
            Self::Operation => WRITE_TIMEOUT.saturating_mul(2),
        }
    }
}

/// The outcome of an overdue request.
pub(super) enum Expired {
    Resend(Contact, Message),
    Failed(Ended),
    Gone,
}

/// A request that is over.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) to: Contact,
    pub(super) purpose: Purpose,
    pub(super) load: Option<Load>,
}

impl From<Open> for Ended {
    fn from(open: Open) -> Self {
        Self {
            to: open.to,
            purpose: open.purpose,
            load: open.load,
        }
    }
}

/// The room that a request takes, and how much longer than usual its answer may take.
type Room = Option<(Load, Duration)>;

/// The fate of a request that is to be sent.
#[derive(Debug)]
pub(super) enum Asked {
    Send(Message),
    /// The node's window has no room yet.
    Waits,
    /// Too many are open.
    Refused(Purpose),
}

/// The open requests of one node, and those that wait for room.
#[derive(Clone, Debug)]
pub(super) struct Requests {
    limit: usize,
    min_rto: Duration,
    /// The number of retransmissions of a request without an answer.
    retries: u8,
    next: u64,
    open: Numbered<Open>,
    round_trips: RoundTrips,
    windows: Windows,
}

impl Requests {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            limit: config.limits.requests,
            min_rto: config.min_rto,
            retries: config.retries,
            next: 0,
            open: Numbered::new(4),
            round_trips: RoundTrips::new(config.limits.neighbours),
            windows: Windows::default(),
        }
    }

    /// Opens a request, once there is room for what it moves.
    pub(super) fn ask(
        &mut self,
        now: Instant,
        to: &Contact,
        purpose: Purpose,
        request: Request,
        timers: &mut Timers,
    ) -> Asked {
        let Some(load) = self.windows.load(&purpose, &request) else {
            return self.open(now, to, (purpose, request), None, timers);
        };
        match self.windows.take(to.id(), load) {
            Some(longer) => {
                let room = Some((load, longer));
                self.open(now, to, (purpose, request), room, timers)
            }
            None => {
                self.windows.wait(Waiting {
                    to: to.clone(),
                    purpose,
                    request,
                    load,
                });
                Asked::Waits
            }
        }
    }

    /// The next request that waits for room at a node, once there is some.
    pub(super) fn next_waiting(
        &mut self,
        now: Instant,
        to: Id,
        class: Class,
        timers: &mut Timers,
    ) -> Option<(Contact, Asked)> {
        let (next, longer) = self.windows.next(to, class)?;
        let room = Some((next.load, longer));
        let asked = self.open(now, &next.to, (next.purpose, next.request), room, timers);
        Some((next.to, asked))
    }

    /// Gives the room of a request that is over back.
    pub(super) fn end(&mut self, to: Id, load: Load) {
        self.windows.end(to, load);
    }

    /// Returns whether a further request would be sent now.
    pub(super) fn has_room(&self, to: Id, class: Class) -> bool {
        self.windows.has_room(to, class)
    }

    /// Gives up all that waits for room at a node, which does not answer.
    pub(super) fn give_up(&mut self, to: Id) -> Vec<Ended> {
        let waiting = self.windows.give_up(to).into_iter();
        let ended = waiting.map(|Waiting { to, purpose, .. }| Ended {
            to,
            purpose,
            load: None,
        });
        ended.collect()
    }

    fn open(
        &mut self,
        now: Instant,
        to: &Contact,
        (purpose, request): (Purpose, Request),
        room: Room,
        timers: &mut Timers,
    ) -> Asked {
        // Membership asks a handful at most, and a full table must not look like dead neighbours.
        let exempt = matches!(purpose, Purpose::Membership(_));
        if self.open.len() >= self.limit && !exempt {
            if let Some((load, _)) = room {
                self.windows.end(to.id(), load);
            }
            return Asked::Refused(purpose);
        }
        self.next += 1;
        let kind = Kind::of(&request);
        let longer = room.map_or(Duration::ZERO, |(_, longer)| longer);
        let deadline = now + self.patience(to.id(), kind) + longer;
        timers.set(deadline, TimerKind::Request(self.next));
        // The operation itself tries again: it has to know that an earlier attempt may have taken effect.
        let again = (self.retries > 0 && kind != Kind::Operation).then(|| {
            let request = request.clone();
            Box::new(Retries {
                request,
                left: self.retries,
            })
        });
        let open = Open {
            to: to.clone(),
            purpose,
            kind,
            load: room.map(|(load, _)| load),
            sent: now,
            deadline,
            retries: again,
            retried: false,
        };
        self.open.insert(self.next, open);
        Asked::Send(Message::Request(self.next, request))
    }

    /// Closes the request that this node sent `from` under `number`.
    pub(super) fn answered(
        &mut self,
        now: Instant,
        from: &Contact,
        number: u64,
        response: &Response,
        timers: &mut Timers,
    ) -> Option<Ended> {
        if self.open.get(number)?.to.id() != from.id() {
            return None;
        }
        let open = self.open.remove(number)?;
        timers.cancel(open.deadline, TimerKind::Request(number));
        // Karn: an answer after a retry may belong to either sending. And a write's time is the disk's, a large value's the line's.
        let is_small = open.load.is_none_or(Load::is_small);
        if !open.retried && open.kind == Kind::Quick && is_small {
            self.round_trips.record(from.id(), now - open.sent);
        }
        self.windows.learn(response);
        Some(open.into())
    }

    pub(super) fn expired(&mut self, now: Instant, number: u64, timers: &mut Timers) -> Expired {
        let Some(mut open) = self.open.remove(number) else {
            return Expired::Gone;
        };
        let Some(retries) = open.retries.as_mut().filter(|retries| retries.left > 0) else {
            return Expired::Failed(open.into());
        };
        retries.left -= 1;
        let message = Message::Request(number, retries.request.clone());
        open.retried = true;
        open.deadline = now + self.patience(open.to.id(), open.kind);
        timers.set(open.deadline, TimerKind::Request(number));
        let resend = Expired::Resend(open.to.clone(), message);
        self.open.insert(number, open);
        resend
    }

    /// Closes every request to a node that cannot be reached.
    pub(super) fn unreachable(&mut self, node: Id, timers: &mut Timers) -> Vec<Ended> {
        let lost: Vec<u64> = self
            .open
            .iter()
            .filter(|(_, open)| open.to.id() == node)
            .map(|(number, _)| number)
            .collect();
        lost.into_iter()
            .filter_map(|number| {
                let open = self.open.remove(number)?;
                timers.cancel(open.deadline, TimerKind::Request(number));
                Some(open.into())
            })
            .collect()
    }

    /// Returns whether a request is open that this holds of.
    pub(super) fn any(&self, wanted: impl Fn(&Purpose) -> bool) -> bool {
        self.open.iter().any(|(_, open)| wanted(&open.purpose))
    }

    /// Returns the deadline of the request of this number.
    pub(super) fn due(&self, number: u64) -> Option<Instant> {
        self.open.get(number).map(|open| open.deadline)
    }

    /// The round-trip estimate of a neighbour.
    pub(super) fn rtt(&self, node: Id) -> Rtt {
        self.round_trips.of(node)
    }

    /// Returns the retransmission timeout of a request of this kind.
    fn patience(&self, to: Id, kind: Kind) -> Duration {
        let round_trip = self.rtt(to).timeout().max(self.min_rto);
        round_trip.max(kind.patience())
    }

    pub(super) const fn outstanding(&self) -> usize {
        self.open.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chord::membership::tests::contact;
    use crate::store::group::message::Request as Ask;

    #[test]
    fn an_operation_at_level_quorum_is_not_sent_again_unnoticed() {
        let key = Id::from_u64(7);
        for (request, resent) in [
            (Request::Store(store::Request::Read(key)), true),
            (Request::Group(Box::new(Ask::Read(key, None))), false),
        ] {
            let config = Config {
                retries: 1,
                ..Config::default()
            };
            let mut requests = Requests::new(&config);
            let mut timers = Timers::new();
            let to = contact(9);
            let purpose = Purpose::Quorum(1);
            let asked = requests.ask(Instant::ZERO, &to, purpose, request, &mut timers);
            assert!(matches!(asked, Asked::Send(_)));
            let outcome = requests.expired(Instant::from_millis(9_000), 1, &mut timers);
            assert_eq!(matches!(outcome, Expired::Resend(..)), resent);
            assert_eq!(matches!(outcome, Expired::Failed(..)), !resent);
        }
    }

    #[test]
    fn the_page_says_how_long_an_answer_may_take_that_waits_for_a_disk() {
        let [write, operation] =
            [Kind::Write, Kind::Operation].map(|kind| kind.patience().as_secs());
        assert_eq!(Kind::Group.patience(), Kind::Write.patience());
        crate::page::must_say(&alloc::format!(
            "`Write`, `Offer` or `Group` at least {write} seconds, to a group's `Read` or `Write` {operation}, to `Check` half a second."
        ));
        assert_eq!(Kind::Check.patience(), Duration::from_millis(500));
    }
}
