//! The network of a world of fallacies: lines of limited speed, latency, lost packets, and counters of every byte.
//!
//! Messages of the ring and about records are datagrams: one of whose packets is lost does not arrive, and its sender has to notice. Those of
//! the transfer, and the segments, go over a stream as TCP's: what is lost is sent again after a retransmission timeout, which doubles,
//! and nothing overtakes anything (RFC 6298, without fast retransmission and congestion windows). The shipped peer sends everything over
//! streams; datagrams show what loss does to the ring's own timeouts.
//!
//! A line sends and takes in one thing after another at its whole rate, packet by packet: a small message waits for one packet of a segment at
//! most, as in fair queueing (RFC 8290), and the segment takes so much longer. A downlink takes in what comes in the order in which it was sent.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::time::Duration;

use crate::engine::network::{Bandwidth, MAX_WAIT};
use crate::worlds::fallacies::terms::Terms;
use crate::worlds::fallacies::trace::{Carriage, Carries, Parcel};
use chordscope_core::base::rng::Rng;
use chordscope_core::base::time::Instant;

/// Bytes of a packet.
pub const PACKET: u64 = 1_400;
/// The least time after which a stream sends again what was not acknowledged.
pub const MIN_RETRANSMISSION: Duration = Duration::from_millis(200);
/// A stream sends at most so many times; then what is left arrives.
const MAX_ROUNDS: u32 = 8;
/// The most messages that wait for a line; further ones are dropped.
const MAX_WAITING: usize = 4_096;
/// Streams of the seed.
const LOSSES: u64 = 2;
const LATENCIES: u64 = 3;

/// The counts of a network since the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NetworkCounts {
    /// Messages of the ring, with their bytes.
    pub ring: Volume,
    /// Messages about records.
    pub records: Volume,
    /// Messages and segments of the transfer. What was sent again counts as bytes.
    pub file: Volume,
    /// Datagrams that were lost.
    pub lost: u64,
    /// Packets that a stream sent again.
    pub resent: u64,
    /// Messages that a line had no room for, or that waited for longer than 10 s.
    pub dropped: u64,
    /// Messages that left while a segment that had come before them was being sent.
    pub overtook: u64,
    /// The most bytes that ever waited for one line.
    pub longest_queue: u64,
    /// The time that messages of ring and records have waited for their senders' lines, together.
    pub waited: Duration,
}

/// Messages, and their bytes on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// The number of messages.
    pub messages: u64,
    /// Their bytes: frames of a link. TCP, UDP and IP come on top.
    pub bytes: u64,
}

/// Something on its way, with what it carries.
#[derive(Clone, Debug)]
pub(super) struct Load<B> {
    pub(super) parcel: Parcel,
    pub(super) body: B,
}

/// A sending that has come to its end, or that takes longer since small messages came between.
#[derive(Clone, Debug)]
pub(super) struct Left<B> {
    /// The parcels that have left.
    pub(super) load: Option<Load<B>>,
    /// True if it does not arrive.
    pub(super) is_lost: bool,
    /// The time at which the lane has sent the next thing, or this one.
    pub(super) next: Option<Instant>,
}

/// A lane of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// Messages.
    Small,
    /// Segments.
    Bulk,
}

impl Lane {
    pub(super) const fn of(parcel: &Parcel) -> Self {
        match parcel.carries {
            Carries::Segment => Self::Bulk,
            Carries::Ring | Carries::Records | Carries::Transfer => Self::Small,
        }
    }
}

#[derive(Clone, Debug)]
struct Line<B> {
    rates: Bandwidth,
    delay: Duration,
    /// The parcels that wait, by lane.
    waiting: [VecDeque<Load<B>>; 2],
    /// Bytes that wait.
    queued: u64,
    /// The parcels that are being sent, by lane, and the time that it takes.
    sending: [Option<(Load<B>, Duration)>; 2],
    /// The time that the segment that is being sent takes longer.
    between: Duration,
    /// Bytes that a stream sends again, ahead of the next segment.
    again: u64,
    /// The time at which the downlink has taken in all segments that are on their way.
    free_at: Instant,
    sent: u64,
    received: u64,
}

/// The lines and what lies between them.
#[derive(Clone, Debug)]
pub(super) struct Network<B> {
    lines: Vec<Line<B>>,
    loss_percent: u64,
    latency: (Duration, Duration),
    /// The time at which the last thing of a stream arrives, by sender and receiver.
    streams: BTreeMap<(u16, u16), Instant>,
    losses: Rng,
    latencies: Rng,
    counts: NetworkCounts,
}

impl<B> Network<B> {
    pub(super) fn of(terms: &Terms, seed: u64) -> Self {
        let peers = 0..u16::try_from(terms.ids.len()).unwrap_or(u16::MAX);
        let line = |peer| Line {
            rates: terms.line_of(peer),
            delay: terms.delay_of(peer),
            waiting: [VecDeque::new(), VecDeque::new()],
            queued: 0,
            sending: [None, None],
            between: Duration::ZERO,
            again: 0,
            free_at: Instant::ZERO,
            sent: 0,
            received: 0,
        };
        Self {
            lines: peers.map(line).collect(),
            loss_percent: terms.loss_percent.into(),
            latency: terms.latency,
            streams: BTreeMap::new(),
            losses: Rng::from_seed(seed, LOSSES),
            latencies: Rng::from_seed(seed, LATENCIES),
            counts: NetworkCounts::default(),
        }
    }

    /// Returns the counts so far.
    pub(super) const fn counts(&self) -> &NetworkCounts {
        &self.counts
    }

    /// Returns the bytes that a peer has sent and received.
    pub(super) fn bytes_of(&self, peer: u16) -> (u64, u64) {
        let line = self.lines.get(usize::from(peer));
        line.map_or((0, 0), |line| (line.sent, line.received))
    }

    /// Returns the bytes that wait for a peer's line.
    pub(super) fn waiting(&self, peer: u16) -> u64 {
        let line = self.lines.get(usize::from(peer));
        line.map_or(0, |line| line.queued)
    }

    /// Takes something to send. Gives the time at which it has left, where its lane was idle.
    pub(super) fn send(&mut self, now: Instant, load: Load<B>) -> Option<Instant> {
        let from = load.parcel.from;
        let line = self.lines.get_mut(usize::from(from))?;
        let lane = Lane::of(&load.parcel);
        if line.waiting[lane as usize].len() >= MAX_WAITING {
            self.counts.dropped += 1;
            return None;
        }
        let volume = match load.parcel.carries.carriage() {
            Carriage::Ring => &mut self.counts.ring,
            Carriage::Records => &mut self.counts.records,
            Carriage::File => &mut self.counts.file,
        };
        volume.messages += 1;
        volume.bytes += load.parcel.bytes;
        line.queued += load.parcel.bytes;
        self.counts.longest_queue = self.counts.longest_queue.max(line.queued);
        line.waiting[lane as usize].push_back(load);
        self.begin(now, from, lane)
    }

    /// Begins to send the next thing, if none is being sent; gives the time at which it has left.
    fn begin(&mut self, now: Instant, from: u16, lane: Lane) -> Option<Instant> {
        let line = self.lines.get_mut(usize::from(from))?;
        if line.sending[lane as usize].is_some() {
            return None;
        }
        let load = loop {
            let load = line.waiting[lane as usize].pop_front()?;
            line.queued -= load.parcel.bytes;
            let waited = now.since(load.parcel.sent);
            // A datagram that is as old as that is answered by nobody any more.
            if !load.parcel.carries.is_stream() && waited > MAX_WAIT {
                self.counts.dropped += 1;
                continue;
            }
            break load;
        };
        let is_second = lane == Lane::Small && line.sending[Lane::Bulk as usize].is_some();
        let again = match lane {
            Lane::Small => 0,
            Lane::Bulk => core::mem::take(&mut line.again),
        };
        let bytes = load.parcel.bytes + again;
        let mut takes = line.rates.upload(bytes);
        if is_second {
            line.between += takes;
            takes += line.rates.upload(PACKET);
            self.counts.overtook += 1;
        }
        if load.parcel.carries.carriage() != Carriage::File {
            self.counts.waited += now.since(load.parcel.sent);
        }
        line.sent += bytes;
        line.sending[lane as usize] = Some((load, takes));
        Some(now + takes)
    }

    /// The lane of a line has sent something: gives it with its time of arrival, and begins to send the next one.
    pub(super) fn leave(&mut self, now: Instant, from: u16, lane: Lane) -> Option<Left<B>> {
        let line = self.lines.get_mut(usize::from(from))?;
        if lane == Lane::Bulk && line.between > Duration::ZERO {
            return Some(Left {
                load: None,
                is_lost: false,
                next: Some(now + core::mem::take(&mut line.between)),
            });
        }
        let delay = line.delay;
        let (mut load, takes) = line.sending[lane as usize].take()?;
        let parcel = &mut load.parcel;
        let to = usize::from(parcel.to);
        let between = delay + self.lines.get(to).map_or(Duration::ZERO, |line| line.delay);
        let latency = between + self.latencies.duration(self.latency.0, self.latency.1);
        let packets = parcel.bytes.div_ceil(PACKET);
        let is_stream = parcel.carries.is_stream();
        let (rounds, resent) = self.lose(packets, if is_stream { MAX_ROUNDS } else { 1 });
        let is_lost = !is_stream && rounds > 0;
        let mut late = Duration::ZERO;
        if is_stream && rounds > 0 {
            let round_trip = 2 * (between + (self.latency.0 + self.latency.1) / 2);
            let timeout = MIN_RETRANSMISSION.max(round_trip);
            // Each timeout is twice as long as the one before.
            late = timeout * ((1 << rounds) - 1);
            let again = (resent * PACKET).min(resent * parcel.bytes);
            self.counts.resent += resent;
            self.counts.file.bytes += again;
            if let Some(line) = self.lines.get_mut(usize::from(from)) {
                line.again += again;
            }
        }
        let ends = now + latency + late;
        let begins = Instant::from_micros(ends.as_micros() - micros(takes).min(ends.as_micros()));
        parcel.left = Some(now);
        parcel.arrives = ends;
        if is_lost {
            self.counts.lost += 1;
        } else if let Some(line) = self.lines.get_mut(to) {
            parcel.arrives = line.take_in(lane, parcel.bytes, begins, ends);
        }
        if is_stream {
            let last = self.streams.entry((from, load.parcel.to)).or_default();
            load.parcel.arrives = load.parcel.arrives.max(*last);
            *last = load.parcel.arrives;
        }
        let next = self.begin(now, from, lane);
        Some(Left {
            load: Some(load),
            is_lost,
            next,
        })
    }

    /// Draws which of so many packets are lost; those that are are sent again and drawn again, up to `most` times. Gives the number of
    /// times, and the number of packets that were lost in all.
    fn lose(&mut self, packets: u64, most: u32) -> (u32, u64) {
        if self.loss_percent == 0 {
            return (0, 0);
        }
        let (mut rounds, mut all, mut left) = (0, 0, packets);
        while rounds < most {
            let losses = (0..left).filter(|_| self.losses.chance(self.loss_percent, 100));
            left = losses.count() as u64;
            if left == 0 {
                break;
            }
            rounds += 1;
            all += left;
        }
        (rounds, all)
    }

    /// Drops what waits for the line of a peer that is gone, and what others have for it.
    pub(super) fn forget(&mut self, peer: u16) {
        for (at, line) in self.lines.iter_mut().enumerate() {
            let is_own = at == usize::from(peer);
            let stays = |load: &Load<B>| !is_own && load.parcel.to != peer;
            line.queued = 0;
            for lane in &mut line.waiting {
                lane.retain(stays);
                line.queued += lane.iter().map(|load| load.parcel.bytes).sum::<u64>();
            }
            if is_own {
                line.again = 0;
            }
        }
    }

    /// The parcels that wait for lines or are being sent.
    pub(super) fn queued(&self) -> impl Iterator<Item = Parcel> {
        self.lines.iter().flat_map(|line| {
            let sending = line.sending.iter().flatten();
            let waiting = line.waiting.iter().flatten();
            let sending = sending.map(|(load, _)| load.parcel);
            sending.chain(waiting.map(|load| load.parcel))
        })
    }

    /// The number of things that wait.
    pub(super) fn len(&self) -> usize {
        let lanes = self.lines.iter().flat_map(|line| &line.waiting);
        lanes.map(VecDeque::len).sum()
    }
}

impl<B> Line<B> {
    /// Takes in something whose first byte comes at `begins` and the last one at `ends` at the earliest; gives the time at which it is in.
    fn take_in(&mut self, lane: Lane, bytes: u64, begins: Instant, ends: Instant) -> Instant {
        self.received += bytes;
        let takes = self.rates.download(bytes);
        let is_busy = self.free_at > begins;
        match lane {
            Lane::Bulk => {
                self.free_at = self.free_at.max(begins) + takes;
                self.free_at.max(ends)
            }
            Lane::Small if is_busy => {
                self.free_at += takes;
                ends + takes + self.rates.download(PACKET)
            }
            Lane::Small => ends.max(begins + takes),
        }
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worlds::fallacies::lever::{Fallacy, Levers};
    use crate::worlds::fallacies::setup::Setup;

    fn network(levers: Levers) -> Network<()> {
        let terms = Terms::of(&Setup::usual(levers), 1);
        Network::of(&terms, 1)
    }

    fn load(number: u64, carries: Carries, bytes: u64, sent: Instant) -> Load<()> {
        Load {
            parcel: Parcel {
                number,
                from: 0,
                to: 1,
                carries,
                lookup: None,
                bytes,
                sent,
                left: None,
                arrives: sent,
            },
            body: (),
        }
    }

    const SMALL: Carries = Carries::Ring;

    #[test]
    fn a_message_takes_its_bytes_over_the_rate_and_the_latency() {
        let levers = Levers::all(false).moved(Fallacy::Bandwidth, 100);
        let mut network = network(levers.moved(Fallacy::Latency, 30));
        // 1,000 bytes at 100,000 a second are 10 ms.
        let left = network.send(Instant::ZERO, load(1, SMALL, 1_000, Instant::ZERO));
        assert_eq!(left, Some(Instant::from_millis(10)));
        let gone = network.leave(left.unwrap(), 0, Lane::Small).unwrap();
        assert!(!gone.is_lost && gone.next.is_none());
        let arrives = gone.load.unwrap().parcel.arrives;
        assert!(arrives >= Instant::from_millis(30) && arrives <= Instant::from_millis(50));
        assert_eq!(network.bytes_of(0), (1_000, 0));
        assert_eq!(network.bytes_of(1), (0, 1_000));
    }

    #[test]
    fn small_messages_overtake_segments_that_wait_and_queues_are_measured() {
        let mut network = network(Levers::all(false).moved(Fallacy::Bandwidth, 100));
        let zero = Instant::ZERO;
        let first = network.send(zero, load(1, Carries::Segment, 50_000, zero));
        assert_eq!(
            network.send(zero, load(2, Carries::Segment, 50_000, zero)),
            None
        );
        // A packet of 1,400 bytes, then the message's own 100.
        let small = network.send(zero, load(3, SMALL, 100, zero));
        assert_eq!(small, Some(Instant::from_millis(15)));
        assert_eq!(network.counts().longest_queue, 50_100);
        let gone = network.leave(small.unwrap(), 0, Lane::Small).unwrap();
        assert_eq!(gone.load.unwrap().parcel.number, 3);
        // The segment of half a second takes 1 ms longer.
        assert_eq!(first, Some(Instant::from_millis(500)));
        let later = network.leave(first.unwrap(), 0, Lane::Bulk).unwrap();
        assert!(later.load.is_none() && later.next == Some(Instant::from_millis(501)));
        let gone = network.leave(later.next.unwrap(), 0, Lane::Bulk).unwrap();
        assert_eq!(gone.load.unwrap().parcel.number, 1);
        assert_eq!(gone.next, Some(Instant::from_millis(1_001)));
        assert_eq!(network.counts().overtook, 1);
        network.forget(0);
        assert_eq!((network.waiting(0), network.len()), (0, 0));
    }

    #[test]
    fn datagrams_are_lost_as_often_as_said_and_streams_arrive_late_and_in_order() {
        let mut network = network(Levers::all(false).moved(Fallacy::Reliable, 10));
        let (mut lost, mut last, mut now) = (0_u64, Instant::ZERO, Instant::ZERO);
        for number in 0..4_000 {
            let is_small = number % 2 == 0;
            let carries = if is_small { SMALL } else { Carries::Transfer };
            now = network.send(now, load(number, carries, 100, now)).unwrap();
            let gone = network.leave(now, 0, Lane::Small).unwrap();
            assert!(is_small || !gone.is_lost);
            lost += u64::from(gone.is_lost);
            if !is_small {
                let arrives = gone.load.unwrap().parcel.arrives;
                assert!(arrives >= last);
                last = arrives;
            }
        }
        assert!((160..240).contains(&lost), "{lost} of 2,000");
        assert_eq!(network.counts().lost, lost);
        assert!((180..270).contains(&network.counts().resent));
    }
}
