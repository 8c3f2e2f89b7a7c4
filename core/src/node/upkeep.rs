//! The periodic work of a member: stabilization, and the refresh of its fingers.

use crate::base::contact::Contact;
use crate::base::time::Instant;
use crate::node::api::TimerKind;
use crate::node::lookups::{Goal, Outcome};
use crate::node::ring::Ring;
use crate::node::services::Services;

/// The factor by which a node stabilizes faster while its neighbourhood is changing.
const BRISK: u32 = 8;

/// The state of a member's periodic work.
#[derive(Clone, Debug, Default)]
pub(super) struct Upkeep {
    /// The row that is refreshed next.
    next_row: u8,
    /// True while the table is filled for the first time, row after row without waiting.
    filling: bool,
    /// The number of rounds of stabilization that still come fast, after the neighbours changed.
    brisk_rounds: u8,
}

impl Upkeep {
    /// Starts the periodic work of a new member.
    pub(super) fn start(
        &mut self,
        services: &mut Services,
        ring: &mut Ring,
        now: Instant,
        fill_fingers: bool,
    ) {
        self.schedule_stabilization(services, now);
        services.schedule(now, TimerKind::Repair, services.config.repair);
        services.schedule(now, TimerKind::RingMerge, services.config.ring_merge);
        if services.config.quorum.is_some() {
            services.schedule(now, TimerKind::Groups, services.config.repair);
        }
        self.next_row = 1;
        self.filling = fill_fingers;
        if fill_fingers {
            self.refresh_finger(services, ring, now);
        } else {
            services.schedule(now, TimerKind::Fingers, services.config.fingers);
        }
    }

    /// Sets the time of the next round of stabilization.
    pub(super) fn schedule_stabilization(&mut self, services: &mut Services, now: Instant) {
        let every = services.config.stabilize;
        let brisk = self.brisk_rounds > 0;
        self.brisk_rounds = self.brisk_rounds.saturating_sub(1);
        let wait = every.map(|every| if brisk { every / BRISK } else { every });
        services.schedule(now, TimerKind::Stabilize, wait);
    }

    /// The neighbours changed: a list is right again after as many rounds as it has entries, so these come fast.
    /// (ours) After MIT's implementation, whose timers speed up while the ring is unstable.
    pub(super) fn stabilize_briskly(&mut self, services: &mut Services, now: Instant) {
        if self.brisk_rounds == 0 {
            let soon = services.config.stabilize.map(|every| every / BRISK);
            services.schedule(now, TimerKind::Stabilize, soon);
        }
        self.brisk_rounds = services.config.successors;
    }

    pub(super) fn on_fingers_timer(
        &mut self,
        services: &mut Services,
        ring: &mut Ring,
        now: Instant,
    ) {
        services.schedule(now, TimerKind::Fingers, services.config.fingers);
        self.refresh_finger(services, ring, now);
    }

    /// Looks up the start of the next row. Rows that the successor covers need no lookup. Chord (ToN 2003) §IV-E,
    /// fix_fingers; (ours) rows covered by one node are refreshed by one lookup.
    fn refresh_finger(&mut self, services: &mut Services, ring: &mut Ring, now: Instant) {
        // A successor that was silent once is out of the table and still in the list: its rows are never looked up.
        if let Some(head) = ring.membership.successors().head().cloned() {
            ring.routes.learn(services, 1, &head);
        }
        let successor_covers = ring.routes.fingers.covered_until(1);
        if self.next_row <= successor_covers {
            self.next_row = successor_covers + 1;
        }
        let row = self.next_row;
        if row > services.space().bits() || ring.is_alone() {
            self.end_refresh(services, now);
            return;
        }
        let start = ring.routes.fingers.start(row);
        match ring.look_up(services, now, start, Goal::Finger(row)) {
            Ok(Some(outcome)) => self.on_lookup(services, ring, now, (row, outcome)),
            Ok(None) => {}
            Err(_) => self.end_refresh(services, now),
        }
    }

    /// Ends a round: the next one begins with the next timer.
    fn end_refresh(&mut self, services: &mut Services, now: Instant) {
        self.next_row = 1;
        if core::mem::take(&mut self.filling) {
            services.schedule(now, TimerKind::Fingers, services.config.fingers);
        }
    }

    /// Takes the node of a row, found or not.
    pub(super) fn on_lookup(
        &mut self,
        services: &mut Services,
        ring: &mut Ring,
        now: Instant,
        (row, outcome): (u8, Outcome),
    ) {
        let covered = match outcome.found {
            Some((owner, neighbours)) => {
                learn_finger(services, ring, now, (row, &owner, &neighbours.successors))
            }
            None => row,
        };
        self.next_row = covered.saturating_add(1);
        if self.next_row > services.space().bits() {
            self.end_refresh(services, now);
        } else if self.filling {
            self.refresh_finger(services, ring, now);
        }
    }
}

/// Enters the node of a row, and looks at its successors. Gives the last row that it covers.
fn learn_finger(
    services: &mut Services,
    ring: &mut Ring,
    now: Instant,
    (row, node, successors): (u8, &Contact, &[Contact]),
) -> u8 {
    ring.routes.learn(services, row, node);
    ring.routes.look_behind(services, now, node, successors);
    ring.routes.fingers.covered_until(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_how_briskly_a_node_stabilizes() {
        assert_eq!(BRISK, 8);
        crate::page::must_say(
            "as many rounds as the list is long come after an eighth of the time each",
        );
    }
}
