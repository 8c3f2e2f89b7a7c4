//! The shop's client: it takes orders on either side of a partition, and refunds those that another order has replaced.
//!
//! It knows what it has confirmed itself: the customer, and the sequence number that the store gave. That two orders were confirmed for
//! the same copy it learns only from the event `conflict` of the node at which the two records meet. Then it reads the name there, as any
//! client does, and refunds each confirmed order with the sequence number of what it reads that is another one.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use crate::checks::history::{Answer, Value, Version};
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;

/// The pause before the shop asks again where it got no answer.
const AGAIN: Duration = Duration::from_millis(500);
/// The number of times that it asks after an event.
const MAX_TRIES: u8 = 20;

/// A refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refund {
    /// The time.
    pub at: Instant,
    /// The name that was ordered.
    pub name: u8,
    /// The operation of the order that is refunded.
    pub order: Value,
    /// The operation of the order that stands.
    pub stands: Value,
    /// The node whose event told of the conflict.
    pub told_by: Id,
}

/// The shop.
#[derive(Clone, Debug, Default)]
pub(super) struct Shop {
    /// The orders that were confirmed, by name and sequence number.
    ledger: BTreeMap<(u8, u64), BTreeSet<Value>>,
    /// The reads that it wants, by the time at which it asks, and how often it has asked.
    wanted: BTreeMap<(Instant, Id, u8), u8>,
    /// The reads under way, by node and number there.
    asked: BTreeMap<(Id, u64), (u8, u8)>,
    refunds: Vec<Refund>,
}

impl Shop {
    /// The refunds so far, oldest first.
    pub(super) fn refunds(&self) -> &[Refund] {
        &self.refunds
    }

    /// Takes in that an order was confirmed.
    pub(super) fn on_order(&mut self, name: u8, sequence: u64, order: Value) {
        self.ledger
            .entry((name, sequence))
            .or_default()
            .insert(order);
    }

    /// Takes in the event of a node.
    pub(super) fn on_conflict(&mut self, now: Instant, node: Id, name: u8) {
        let is_known = self
            .asked
            .iter()
            .any(|((at, _), (other, _))| *at == node && *other == name);
        if !is_known {
            self.wanted.insert((now, node, name), 0);
        }
    }

    /// Returns the time at which it wants to read.
    pub(super) fn next_at(&self) -> Option<Instant> {
        self.wanted.keys().next().map(|(at, _, _)| *at)
    }

    /// Takes the next read that is due: the node that it asks, the name, and how often it has asked.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<(Id, u8, u8)> {
        let entry = self
            .wanted
            .first_entry()
            .filter(|entry| entry.key().0 <= now)?;
        let ((_, node, name), tries) = entry.remove_entry();
        Some((node, name, tries))
    }

    /// Takes in that a read is under way, or failed at once.
    pub(super) fn on_asked(
        &mut self,
        now: Instant,
        (node, name, tries): (Id, u8, u8),
        number: Option<u64>,
    ) {
        match number {
            Some(number) => {
                self.asked.insert((node, number), (name, tries));
            }
            None => self.ask_again(now, node, name, tries),
        }
    }

    /// Takes in the end of an operation, if it is one of the shop's. Returns the refunds that follow from it.
    pub(super) fn on_ended(
        &mut self,
        now: Instant,
        (node, number): (Id, u64),
        answer: Answer,
    ) -> Option<Vec<Refund>> {
        let (name, tries) = self.asked.remove(&(node, number))?;
        let Answer::Got(Some(Version { sequence, by })) = answer else {
            self.ask_again(now, node, name, tries);
            return Some(Vec::new());
        };
        let mut refunds = Vec::new();
        let orders = self.ledger.get(&(name, sequence));
        for order in orders.into_iter().flatten().filter(|order| **order != by) {
            let mut known = self.refunds.iter();
            if !known.any(|refund| refund.name == name && refund.order == *order) {
                refunds.push(Refund {
                    at: now,
                    name,
                    order: *order,
                    stands: by,
                    told_by: node,
                });
            }
        }
        self.refunds.extend(refunds.iter().copied());
        Some(refunds)
    }

    fn ask_again(&mut self, now: Instant, node: Id, name: u8, tries: u8) {
        if tries < MAX_TRIES {
            self.wanted.insert((now + AGAIN, node, name), tries + 1);
        }
    }
}
