//! The fingers that changes of membership affect, by the exact rule, and which of them name the right node by now.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::worlds::ring::action::Action;
use crate::worlds::ring::{RingWorld, Watch};
use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::ideal::{FingerChange, IdealRing};
use chordscope_core::node::Node;

/// The most changes of membership that are taken together.
const MAX_TOGETHER: usize = 16;

/// A forecast: one change of membership, and the fingers of others that it ought to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// The time at which the change began.
    pub at: Instant,
    /// The deed that it is.
    pub deed: Action,
    /// The node that comes or goes.
    pub node: Id,
    /// True if the node is removed, false if it is inserted.
    pub goes: bool,
    /// The member before it at that moment.
    pub after: Option<Id>,
    /// The fingers that change, if no other node comes or goes meanwhile.
    pub changes: Vec<FingerChange>,
    /// The members at that moment, without a node that comes and with one that goes.
    members: Vec<Id>,
}

/// A finger of another node that the changes of membership under way affect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AffectedFinger {
    /// The node whose table it is.
    pub node: Id,
    /// The number of the row, from 1.
    pub row: u8,
    /// The start of the row.
    pub start: Id,
    /// The right node before the first of the changes.
    pub old: Id,
    /// The right node now.
    pub new: Id,
    /// True if the finger names the right node now.
    pub is_right: bool,
}

impl RingWorld {
    /// The last change of membership, and before it those that were under way when the next one began, oldest first.
    pub fn forecasts(&self) -> &[Arc<Forecast>] {
        &self.forecasts
    }

    /// The fingers of others that these changes affect, by node, then row.
    pub fn affected(&self) -> Vec<AffectedFinger> {
        let (Some(ring), Some(first)) = (self.settled(), self.forecasts.first()) else {
            return Vec::new();
        };
        let Ok(before) = IdealRing::new(self.space(), first.members.clone()) else {
            return Vec::new();
        };
        let mut affected: Vec<AffectedFinger> = Vec::new();
        for forecast in &self.forecasts {
            let after = affected_after(&ring, forecast);
            for change in &forecast.changes {
                let is_there = change.node != forecast.node && self.node(change.node).is_some();
                // What starts before a node that is nearer by now is affected by that one.
                if !is_there || !change.start.is_within(after, forecast.node) {
                    continue;
                }
                let new = ring.successor(change.start);
                let names = self
                    .node(change.node)
                    .and_then(|node| node.fingers().get(change.row));
                affected.push(AffectedFinger {
                    node: change.node,
                    row: change.row,
                    start: change.start,
                    old: before.successor(change.start),
                    new,
                    is_right: names.map(Contact::id) == Some(new),
                });
            }
        }
        affected.sort_unstable();
        affected.dedup_by_key(|finger| (finger.node, finger.row));
        affected
    }

    /// Returns the arcs in which the rows start that each of these changes affects.
    pub fn affected_arcs(&self) -> Vec<(Id, Id)> {
        let Some(ring) = self.settled() else {
            return Vec::new();
        };
        let arc = |forecast: &Arc<Forecast>| (affected_after(&ring, forecast), forecast.node);
        self.forecasts.iter().map(arc).collect()
    }

    /// The ring of the nodes that are up and are not about to go.
    fn settled(&self) -> Option<IdealRing> {
        let mut ring = self.ideal()?;
        for forecast in self.forecasts.iter().filter(|forecast| forecast.goes) {
            if ring.contains(forecast.node) {
                ring.remove(forecast.node).ok()?;
            }
        }
        Some(ring)
    }

    /// Notes the fingers that a deed ought to change, before it is done.
    pub(super) fn foresee(&mut self, action: &Action) {
        if self.watch == Watch::Nothing {
            return;
        }
        let (node, goes) = match action {
            Action::Insert(id) => (*id, false),
            Action::Remove(id) | Action::Crash(id) => (*id, true),
            // A node that starts again in its place affects no fingers.
            Action::Restart(_) => return self.forecasts.clear(),
            _ => return,
        };
        let members = self.nodes().filter(|node| node.membership().is_member());
        let members: Vec<Id> = members.map(Node::id).collect();
        let mut forecast = Forecast {
            at: self.now,
            deed: action.clone(),
            node,
            goes,
            after: None,
            changes: Vec::new(),
            members: members.clone(),
        };
        if let Ok(mut ring) = IdealRing::new(self.space(), members) {
            forecast.after = Some(ring.predecessor(node));
            let changes = match goes {
                false => ring.insert(node),
                true => ring.remove(node),
            };
            // A node that was no member affects no fingers.
            forecast.changes = changes.unwrap_or_default();
        }
        if !self.continues(node) {
            self.forecasts.clear();
        }
        self.forecasts.push(Arc::new(forecast));
    }

    /// Returns whether a change of this node begins while the changes before it are under way.
    fn continues(&self, node: Id) -> bool {
        let Some(last) = self.forecasts.last() else {
            return false;
        };
        let again = self.forecasts.iter().any(|known| known.node == node);
        if again || self.forecasts.len() >= MAX_TOGETHER {
            return false;
        }
        let is_open = |known: &Arc<Forecast>| match self.node(known.node) {
            Some(node) => known.goes || !node.membership().is_member(),
            None => false,
        };
        last.at == self.now
            || self.forecasts.iter().any(is_open)
            || self.affected().iter().any(|finger| !finger.is_right)
    }
}

/// Returns the key behind which the rows start that a change affects: the nearer of the member before the node then and the node
/// before it now.
fn affected_after(ring: &IdealRing, forecast: &Forecast) -> Id {
    let now = ring.predecessor(forecast.node);
    let then = forecast
        .after
        .filter(|then| then.is_between(now, forecast.node));
    then.unwrap_or(now)
}
