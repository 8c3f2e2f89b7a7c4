//! Anti-entropy: keeping replicas where they belong, by offers to successors, hand-over to newcomers and to the owners of strays.
//!
//! An owner offers its records to the nodes that should hold replicas. A holder whose replicas no owner offers any more looks
//! up the owner, and drops its replicas once the owner has them: copy, acknowledge, delete. All of it goes page by page
//! ([`Walks`]) and within a window ([`Windows`](crate::node::backpressure::Windows)).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::message::Request;
use crate::node::api::TimerKind;
use crate::node::backpressure::Class;
use crate::node::context::Context;
use crate::node::lookups::Goal;
use crate::node::requests::Purpose;
use crate::node::services::Services;
use crate::node::storing::{Storing, Waiting};
use crate::node::walks::{Aim, Range, Step, Walks};
use crate::store::message::{Request as Ask, Response as Answer, StoredRecord};
use crate::store::record::Version;

/// The delay between a change of the neighbours and the comparison of replicas with them.
const REPAIR_SOON: Duration = Duration::from_millis(300);
/// The number of unclaimed records at a time whose owner is looked up. Each stands for all in the owner's range.
const UNCLAIMED_AT_A_TIME: usize = 16;
/// The number of repair intervals without an offer after which a replica counts as unclaimed.
const UNCLAIMED_AFTER: u32 = 3;
/// The time for which a node offers a newcomer, after it took a part of its range over, what is still put here.
const NEWCOMER: Duration = Duration::from_secs(10);

/// The comparisons of records with other nodes that are under way.
#[derive(Clone, Debug, Default)]
pub(super) struct AntiEntropy {
    pub(super) walks: Walks,
    /// The time until which records that are put here are offered to the predecessor, which is new.
    newcomer_until: Instant,
    /// The node that has to take all records over before this one leaves.
    heir: Option<Id>,
    heir_failed: bool,
}

impl AntiEntropy {
    /// Compares replicas soon, as the neighbours changed.
    pub(super) fn repair_soon(services: &mut Services, now: Instant) {
        if services.config.repair.is_some() {
            services.timers.clear(TimerKind::Repair);
            services.timers.set(now + REPAIR_SOON, TimerKind::Repair);
        }
    }

    pub(super) fn on_repair_timer(&mut self, cx: &mut Context<'_>, storing: &mut Storing) {
        let (now, me) = (cx.now, cx.services.id());
        cx.services
            .schedule(now, TimerKind::Repair, cx.services.config.repair);
        for key in storing.replica.expired(now) {
            storing.drop(cx.services, key);
        }
        // Without a predecessor the range of this node's keys is unknown.
        let Some(before) = cx.ring.membership.predecessor().map(Contact::id) else {
            return;
        };
        if cx.ring.is_alone() {
            return;
        }
        let successors = cx.ring.membership.successors().entries();
        let group = cx.services.group(&cx.services.me.contact, successors);
        for successor in group.iter().skip(1) {
            self.walk(cx, storing, successor, (before, me), Aim::Compare);
        }
        let since = unclaimed_since(cx.services, now);
        let unclaimed = storing.replica.unclaimed(before, me, since);
        let apart = unclaimed.len().div_ceil(UNCLAIMED_AT_A_TIME).max(1);
        for key in unclaimed.into_iter().step_by(apart) {
            let outcome = cx.look_up(key, Goal::Unclaimed(key));
            if let Ok(Some(outcome)) = outcome
                && let Some((owner, neighbours)) = outcome.found
            {
                let group = cx.services.group(&owner, &neighbours.successors);
                let before = neighbours.predecessor.as_ref().map(Contact::id);
                self.on_owner_of_unclaimed(cx, storing, key, (&group, before));
            }
        }
    }

    /// Takes the owner of a record that no node vouched for, first in its replica group. Its predecessor is where its range
    /// begins.
    pub(super) fn on_owner_of_unclaimed(
        &mut self,
        cx: &mut Context<'_>,
        storing: &mut Storing,
        key: Id,
        (group, predecessor): (&[Contact], Option<Id>),
    ) {
        let me = cx.services.id();
        let Some(owner) = group.first() else {
            return;
        };
        let upto = owner.id();
        // A range that others are known to lie in is none: then it is about this one key.
        let is_range = |after: &Id| {
            let strange = |id: Id| id.is_between(*after, upto);
            let others = cx.ring.contacts().map(Contact::id);
            key.is_within(*after, upto) && !strange(me) && !others.into_iter().any(strange)
        };
        let (after, upto) = match predecessor.filter(is_range) {
            Some(after) => (after, upto),
            None => (cx.services.space().previous(key), key),
        };
        let aim = match group.iter().any(|member| member.id() == me) {
            true => {
                storing.replica.vouch(cx.now, after, upto);
                Aim::Compare
            }
            false => Aim::HandOver(unclaimed_since(cx.services, cx.now)),
        };
        if owner.id() != me {
            self.walk(cx, storing, owner, (after, upto), aim);
        }
    }

    /// Hands over to a newcomer, the new predecessor, the records up to its position. Returns whether it takes any over: a predecessor that
    /// is farther away does not, as this node is responsible for more, not less.
    pub(super) fn hand_over_to_predecessor(
        &mut self,
        cx: &mut Context<'_>,
        storing: &Storing,
        old: Option<&Contact>,
        new: &Contact,
    ) -> bool {
        let me = cx.services.id();
        let after = old.map_or(me, Contact::id);
        let is_newcomer = new.id().is_between(after, me);
        if is_newcomer {
            self.newcomer_until = cx.now + NEWCOMER;
            self.walk(cx, storing, new, (after, new.id()), Aim::Compare);
        }
        is_newcomer
    }

    /// Offers a newcomer a record that has been put here, perhaps by a node that does not know of it before this node yet; and so
    /// do those before it that are new themselves, until the owner has it.
    pub(super) fn offer_to_newcomer(
        &mut self,
        cx: &mut Context<'_>,
        storing: &Storing,
        key: Id,
        from: Option<Id>,
    ) {
        if cx.now >= self.newcomer_until {
            return;
        }
        let me = cx.services.id();
        let before = cx.ring.membership.predecessor().cloned();
        let lacks = |before: &Contact| !key.is_within(before.id(), me) && Some(before.id()) != from;
        if let Some(before) = before.filter(lacks) {
            let after = cx.services.space().previous(key);
            self.walk(cx, storing, &before, (after, key), Aim::Compare);
        }
    }

    /// Offers all records to a node before this one leaves. Where the departure depends on it, a record that it does not take ends
    /// that ([`AntiEntropy::heir_has_failed`]).
    pub(super) fn hand_over_all(
        &mut self,
        cx: &mut Context<'_>,
        storing: &Storing,
        to: &Contact,
        depends: bool,
    ) {
        let me = cx.services.id();
        self.heir = depends.then(|| to.id());
        self.walk(cx, storing, to, (me, me), Aim::Compare);
    }

    /// Returns whether the node that had to take all records over has failed to, since this was asked last.
    pub(super) const fn heir_has_failed(&mut self) -> bool {
        core::mem::replace(&mut self.heir_failed, false)
    }

    /// Ends all comparisons.
    pub(super) fn clear(&mut self) {
        self.walks.clear();
        self.heir = None;
        self.heir_failed = false;
    }

    /// Compares the records of a range with another node's.
    fn walk(
        &mut self,
        cx: &mut Context<'_>,
        storing: &Storing,
        to: &Contact,
        (after, upto): (Id, Id),
        aim: Aim,
    ) {
        self.walks.add(to, Range { after, upto, aim });
        self.walk_on(cx, storing, to.id());
    }

    /// Takes the next step of the walk with a node, as far as there is room.
    pub(super) fn walk_on(&mut self, cx: &mut Context<'_>, storing: &Storing, node: Id) {
        let now = cx.now;
        loop {
            let has_room = cx.services.has_room(node, Class::Upkeep);
            let Some((walk, to, step)) = self.walks.next(now, node, has_room) else {
                break;
            };
            match step {
                Step::Offer(range, last) => {
                    let page = page(cx, storing, range, last);
                    let keys: Vec<Id> = page.iter().map(|(key, _)| *key).collect();
                    self.walks.offered(node, &keys);
                    if !page.is_empty() {
                        self.ask(cx, to, (Purpose::Offer(walk), Ask::Offer(page)), walk);
                    }
                }
                Step::Copy(key) => {
                    if let Some(copy) = storing.replica.copy(now, key) {
                        self.walks.begun(now, node, copy.record.size());
                        let ask = Ask::Write(Box::new(copy));
                        self.ask(cx, to, (Purpose::Copy { walk, key }, ask), walk);
                    }
                }
                // Only what this node holds an older version of: an answer must not make it collect strangers' records.
                Step::Fetch(key) => {
                    if storing.replica.get(key).is_some() {
                        self.walks.begun(now, node, 0);
                        self.ask(cx, to, (Purpose::Fetch(walk), Ask::Read(key)), walk);
                    }
                }
            }
        }
        if let Some(due) = self.walks.due(now) {
            cx.services.timers.clear(TimerKind::Walks);
            cx.services.timers.set(due, TimerKind::Walks);
        }
    }

    fn ask(
        &mut self,
        cx: &mut Context<'_>,
        to: Contact,
        (purpose, ask): (Purpose, Ask),
        walk: u64,
    ) {
        let refused = cx.services.ask(cx.now, to, purpose, Request::Store(ask));
        if let Some(refused) = refused {
            self.on_failure(refused.to.id(), walk);
        }
    }

    /// Walks go on whose pace lets them.
    pub(super) fn on_walks_timer(&mut self, cx: &mut Context<'_>, storing: &Storing) {
        for node in self.walks.nodes() {
            self.walk_on(cx, storing, node);
        }
    }

    /// Takes the answer to a step of a walk. Gives a newer version that it has, which is to be kept.
    pub(super) fn on_answer(
        &mut self,
        cx: &mut Context<'_>,
        storing: &mut Storing,
        from: Id,
        (step, answer): (Purpose, Answer),
    ) -> Option<(StoredRecord, Waiting)> {
        match (step, answer) {
            (Purpose::Offer(walk), Answer::Wanted { lacking, newer }) => {
                let aim = self.walks.aim(from, walk);
                let there = self.walks.wanted(from, walk, &lacking, &newer);
                if let Some(Aim::HandOver(_)) = aim {
                    for key in there {
                        drop_handed_over(cx, storing, key);
                    }
                }
            }
            (Purpose::Copy { walk, key }, Answer::Written) => {
                if let Some(Aim::HandOver(_)) = self.walks.aim(from, walk) {
                    drop_handed_over(cx, storing, key);
                }
                self.walks.done(from, walk);
            }
            (Purpose::Copy { walk, .. }, Answer::Refused(_)) if self.heir == Some(from) => {
                self.on_failure(from, walk);
                return None;
            }
            (Purpose::Copy { walk, .. }, Answer::Refused(_))
            | (Purpose::Fetch(walk), Answer::Value(None)) => self.walks.done(from, walk),
            (Purpose::Fetch(walk), Answer::Value(Some(copy))) => {
                let bytes = copy.record.size();
                self.walks.fetched(cx.now, from, walk, bytes);
                let waiting = Waiting::Walk {
                    node: from,
                    walk,
                    bytes,
                };
                return Some((*copy, waiting));
            }
            (Purpose::Offer(walk) | Purpose::Copy { walk, .. } | Purpose::Fetch(walk), _) => {
                self.on_failure(from, walk);
                return None;
            }
            _ => return None,
        }
        self.walk_on(cx, storing, from);
        None
    }

    /// Ends a walk of which a step was not answered, or with something else: the next round of repair tries again.
    pub(super) fn on_failure(&mut self, node: Id, walk: u64) {
        self.walks.fail(node, walk);
        self.heir_failed |= self.heir == Some(node);
    }
}

/// Returns the time since which no node has vouched for a replica that counts as unclaimed.
fn unclaimed_since(services: &Services, now: Instant) -> Instant {
    let patience = services.config.repair.unwrap_or_default() * UNCLAIMED_AFTER;
    let patience = u64::try_from(patience.as_micros()).unwrap_or(u64::MAX);
    Instant::from_micros(now.as_micros().saturating_sub(patience))
}

/// The next page of a range to be offered.
fn page(cx: &Context<'_>, storing: &Storing, range: Range, last: Option<Id>) -> Vec<(Id, Version)> {
    let Range { after, upto, aim } = range;
    match aim {
        Aim::Compare => storing.replica.offer(after, upto, last),
        Aim::HandOver(since) => {
            let own = (cx.ring.begin(cx.services), cx.services.id());
            storing
                .replica
                .offer_unclaimed((after, upto), last, own, since)
        }
    }
}

/// Drops a record that the owner has. It goes, unless this node has become responsible for it meanwhile.
fn drop_handed_over(cx: &mut Context<'_>, storing: &mut Storing, key: Id) {
    let is_own = key.is_within(cx.ring.begin(cx.services), cx.services.id());
    if cx.ring.departing.is_none() && !is_own {
        storing.drop(cx.services, key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::must_say;
    use alloc::format;

    #[test]
    fn the_page_says_when_records_are_offered() {
        let every = crate::node::config::Config::default().repair.unwrap();
        must_say(&format!(
            "and {} ms after its neighbours changed",
            REPAIR_SOON.as_millis()
        ));
        must_say(&format!(
            "has offered a record for {} seconds",
            (every * UNCLAIMED_AFTER).as_secs()
        ));
        must_say(&format!(
            "whose predecessor is new offers it, for {} seconds,",
            NEWCOMER.as_secs()
        ));
    }
}
