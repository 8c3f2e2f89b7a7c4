//! Departures: a node that leaves, or stops for a while, hands its records and its places in groups over first.
//!
//! All records are offered to the first successor. One that leaves only once others have taken everything over ([`Departure::TakenOver`])
//! tries the successors one after the other, and stays the member that it was when all of them have failed.

use alloc::vec::Vec;
use core::time::Duration;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::chord::membership::Input;
use crate::node::Node;
use crate::node::api::{Event, TimerKind};
use crate::node::requests::Purpose;
use crate::node::view::Stay;
use crate::store::group::Groups;

/// The longest time that a departure waits for the next of its records to be taken over.
pub(super) const LEAVE_TIMEOUT: Duration = Duration::from_secs(3);
/// The longest time that a node that stops hands its records over.
const LONGEST_STOP: Duration = Duration::from_secs(6);
/// The longest time that a node that leaves for good waits for others to take its records, and its places in groups.
const LONGEST_LEAVE: Duration = Duration::from_secs(60);

/// The way in which a node leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Departure {
    /// Others take its records and its places in groups, as far as there is time.
    ForGood,
    /// As for good, once others have taken all of it; otherwise the node stays.
    TakenOver,
    /// The node stops for a while, and keeps its places in groups.
    ForAWhile,
}

impl Departure {
    /// Returns whether the node does not come back.
    pub(super) const fn is_for_good(self) -> bool {
        !matches!(self, Self::ForAWhile)
    }
}

/// The progress of a departure under way, and the outcome of the last one.
#[derive(Clone, Debug, Default)]
pub(super) struct Handover {
    /// The time at which it ends in any case.
    at_last: Instant,
    /// The number of steps of walks that were answered at the last look.
    taken_over: u64,
    /// Successors that the records were offered to, the latest last; those before it did not take them over.
    heirs: Vec<Id>,
    /// The reason why the last departure came to nothing.
    stayed: Option<Stay>,
}

/// The work that holds a departure up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    /// The number of steps of walks that were answered so far.
    pub(super) progress: u64,
    /// True while walks over the records are under way.
    pub(super) walks: bool,
    /// The need of the groups for the node.
    pub(super) groups: Need,
    /// True if the groups have no other nodes to go on with.
    pub(super) is_lone: bool,
}

/// The need of the groups for a node that leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// None needs it.
    Nothing,
    /// One that is over: not all concerned are known to know what became of it.
    Word,
    /// One that is not over, in which it has a place.
    Place,
}

/// The decision on a departure whose timer is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The departure goes on.
    Wait,
    /// Another successor is offered the records.
    NextHeir,
    /// The departure comes to nothing.
    Stay(Stay),
    /// The departure is over.
    Leave,
}

impl Handover {
    /// Begins a departure.
    pub(super) fn begin(&mut self) {
        self.stayed = None;
        self.heirs.clear();
    }

    /// Begins the departure: it lasts this long at most, and so many steps of walks were answered before it.
    pub(super) fn limit(&mut self, now: Instant, departure: Departure, progress: u64) {
        let longest = match departure.is_for_good() {
            true => LONGEST_LEAVE,
            false => LONGEST_STOP,
        };
        self.at_last = now + longest;
        self.taken_over = progress;
    }

    /// Ends a departure that comes to nothing.
    pub(super) const fn stay(&mut self, why: Stay) {
        self.stayed = Some(why);
    }

    /// Returns the reason why the last departure came to nothing.
    pub(super) const fn stayed(&self) -> Option<Stay> {
        self.stayed
    }

    /// The first successor of another peer that has not failed to take the records, or why the node stays that finds none.
    pub(super) fn next_heir(
        &mut self,
        me: &Contact,
        successors: &[Contact],
    ) -> Result<Contact, Stay> {
        // The other positions of this peer leave with it.
        let other = |node: &&Contact| !node.is_same_peer(me);
        let failed = |node: &&Contact| self.heirs.contains(&node.id());
        let mut successors = successors.iter();
        match successors.find(|node| other(node) && !failed(node)) {
            Some(heir) => {
                self.heirs.push(heir.id());
                Ok(heir.clone())
            }
            None if self.heirs.is_empty() => Err(Stay::Alone),
            None => Err(Stay::Refused),
        }
    }

    /// Decides, when its timer is due, on a departure, which goes on for as long as its records are being taken over.
    pub(super) fn on_timer(&mut self, now: Instant, departure: Departure, open: Open) -> Turn {
        let moved = core::mem::replace(&mut self.taken_over, open.progress) != open.progress;
        let in_groups = departure.is_for_good() && open.groups != Need::Nothing;
        let in_time = now + LEAVE_TIMEOUT <= self.at_last;
        if departure == Departure::TakenOver {
            if open.walks && !moved {
                Turn::NextHeir
            } else if open.is_lone && (in_groups || !in_time) {
                Turn::Stay(Stay::Refused)
            } else if !in_time {
                Turn::Stay(match (open.groups, open.walks) {
                    (Need::Place, _) => Stay::Unfinished,
                    (Need::Word, false) => Stay::Untold,
                    (Need::Word, true) | (Need::Nothing, _) => Stay::Slow,
                })
            } else {
                Turn::Wait
            }
        } else if (open.walks && moved || in_groups) && in_time {
            Turn::Wait
        } else {
            Turn::Leave
        }
    }
}

impl Node {
    pub(super) fn begin_leaving(&mut self, now: Instant, departure: Departure) {
        if self.ring.departing.is_some() {
            return;
        }
        self.ring.departing = Some(departure);
        self.handover.begin();
        self.records.end_walks();
        self.look_for_heir(now, departure);
        if self.ring.departing.is_none() {
            return;
        }
        let (records, mut cx) = self.records_at(now);
        records.withdraw_all(&mut cx);
        self.renewals.wait(&mut self.services, &self.ring, now);
        let (_, progress) = self.records.walks();
        self.handover.limit(now, departure, progress);
        self.services
            .timers
            .set(now + LEAVE_TIMEOUT, TimerKind::Leave);
        let (quorum, mut cx) = self.quorum_at(now);
        match departure.is_for_good() {
            true => quorum.look(&mut cx),
            false => quorum.stop(&mut cx),
        }
        self.go_on_leaving(now);
    }

    /// Offers all records to the first successor that has not failed to take them.
    fn look_for_heir(&mut self, now: Instant, departure: Departure) {
        let depends = departure == Departure::TakenOver;
        let successors = self.ring.membership.successors().entries();
        let me = &self.services.me.contact;
        match self.handover.next_heir(me, successors) {
            Ok(heir) => {
                let (records, mut cx) = self.records_at(now);
                records.hand_over_all(&mut cx, &heir, depends);
            }
            Err(why) if depends => self.stay(now, why),
            Err(_) => {}
        }
    }

    /// Ends a departure that comes to nothing: the node is the member that it was.
    fn stay(&mut self, now: Instant, why: Stay) {
        self.ring.departing = None;
        self.handover.stay(why);
        self.records.end_walks();
        self.services.timers.clear(TimerKind::Leave);
        self.announce_and_renew(now);
        self.repair_soon(now);
    }

    /// Leaves when everything is handed over, and tries the next successor when one has failed to take it.
    pub(super) fn go_on_leaving(&mut self, now: Instant) {
        if let Some(departure) = self.ring.departing
            && self.records.heir_has_failed()
        {
            self.look_for_heir(now, departure);
        }
        let Some(departure) = self.ring.departing else {
            return;
        };
        let alone = self.ring.is_alone();
        if alone && departure == Departure::TakenOver {
            return self.stay(now, Stay::Alone);
        }
        let spreading = |purpose: &Purpose| matches!(purpose, Purpose::Spread);
        let (walks, _) = self.records.walks();
        let handed_over = !walks && !self.services.requests.any(spreading);
        let free = alone || !departure.is_for_good() || self.quorum.is_free();
        if free && handed_over && !self.records.is_announcing() {
            self.finish_leaving(now);
        }
    }

    pub(super) fn on_leave_timer(&mut self, now: Instant) {
        let Some(departure) = self.ring.departing else {
            return;
        };
        let (walks, progress) = self.records.walks();
        let groups = self.quorum.groups();
        let open = Open {
            progress,
            walks,
            groups: match self.leaving() {
                Some(open) if open.groups > 0 => Need::Place,
                _ if self.quorum.is_free() => Need::Nothing,
                _ => Need::Word,
            },
            is_lone: groups.is_some_and(Groups::has_no_followers),
        };
        match self.handover.on_timer(now, departure, open) {
            Turn::Wait => {}
            Turn::NextHeir => {
                self.records.end_walks();
                self.look_for_heir(now, departure);
            }
            Turn::Stay(why) => self.stay(now, why),
            Turn::Leave => self.finish_leaving(now),
        }
        if self.ring.departing.is_some() {
            let next = now + LEAVE_TIMEOUT;
            self.services.timers.set(next, TimerKind::Leave);
        }
    }

    fn finish_leaving(&mut self, now: Instant) {
        self.ring.departing = None;
        self.records.end_walks();
        self.step(now, Input::Leave);
        for kind in [
            TimerKind::Stabilize,
            TimerKind::Fingers,
            TimerKind::Repair,
            TimerKind::Walks,
            TimerKind::Leave,
            TimerKind::Groups,
            TimerKind::Announce,
            TimerKind::Renew,
            TimerKind::Adopt,
            TimerKind::Handoff,
        ] {
            self.services.timers.clear(kind);
        }
        self.services.event(Event::Left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chord::membership::tests::contact;
    use crate::page::must_say;
    use alloc::format;

    const OPEN: Open = Open {
        progress: 7,
        walks: true,
        groups: Need::Nothing,
        is_lone: false,
    };

    fn begun(departure: Departure) -> Handover {
        let mut handover = Handover::default();
        handover.begin();
        handover.limit(Instant::ZERO, departure, 7);
        handover
    }

    #[test]
    fn a_stop_ends_when_nothing_more_is_taken_over_or_its_time_is_up() {
        let at = Instant::from_millis;
        let mut handover = begun(Departure::ForAWhile);
        let moved = Open {
            progress: 8,
            ..OPEN
        };
        let turn = handover.on_timer(at(3_000), Departure::ForAWhile, moved);
        assert_eq!(turn, Turn::Wait);
        let turn = handover.on_timer(at(3_000), Departure::ForAWhile, moved);
        assert_eq!(turn, Turn::Leave, "nothing was taken over since");
        let more = Open {
            progress: 9,
            ..OPEN
        };
        let turn = handover.on_timer(at(3_001), Departure::ForAWhile, more);
        assert_eq!(turn, Turn::Leave, "six seconds would be over");
    }

    #[test]
    fn a_departure_for_good_waits_for_its_groups_for_a_minute() {
        let at = |secs: u64| Instant::from_millis(secs * 1_000);
        let groups = Open {
            walks: false,
            groups: Need::Place,
            ..OPEN
        };
        let mut handover = begun(Departure::ForGood);
        let turn = handover.on_timer(at(57), Departure::ForGood, groups);
        assert_eq!(turn, Turn::Wait);
        let turn = handover.on_timer(at(58), Departure::ForGood, groups);
        assert_eq!(turn, Turn::Leave);
    }

    #[test]
    fn a_node_that_nobody_takes_over_from_stays_and_says_why() {
        let at = |secs: u64| Instant::from_millis(secs * 1_000);
        let way = Departure::TakenOver;
        let mut handover = begun(way);
        assert_eq!(handover.on_timer(at(3), way, OPEN), Turn::NextHeir);
        let idle = Open {
            walks: false,
            ..OPEN
        };
        assert_eq!(handover.on_timer(at(3), way, idle), Turn::Wait);
        let untold = Open {
            groups: Need::Word,
            ..idle
        };
        let unfinished = Open {
            groups: Need::Place,
            ..idle
        };
        for (open, why) in [
            (idle, Stay::Slow),
            (untold, Stay::Untold),
            (unfinished, Stay::Unfinished),
        ] {
            let late = handover.on_timer(at(58), way, open);
            assert_eq!(late, Turn::Stay(why));
        }
        let lone = Open {
            groups: Need::Place,
            is_lone: true,
            ..idle
        };
        let turn = handover.on_timer(at(3), way, lone);
        assert_eq!(turn, Turn::Stay(Stay::Refused));
    }

    #[test]
    fn successors_are_offered_the_records_one_after_the_other() {
        let (me, successors) = (contact(1), [contact(2), contact(3)]);
        let mut handover = begun(Departure::TakenOver);
        assert_eq!(handover.next_heir(&me, &[]), Err(Stay::Alone));
        for heir in &successors {
            assert_eq!(handover.next_heir(&me, &successors).as_ref(), Ok(heir));
        }
        assert_eq!(handover.next_heir(&me, &successors), Err(Stay::Refused));
    }

    #[test]
    fn the_page_says_how_long_a_departure_waits() {
        must_say(&format!(
            "it waits {} seconds for each next record",
            LEAVE_TIMEOUT.as_secs()
        ));
        assert_eq!(LONGEST_LEAVE, Duration::from_secs(60));
        must_say(&format!(
            "for each next record, a minute at most; one that stops for a while, {} seconds.",
            LONGEST_STOP.as_secs()
        ));
    }
}
