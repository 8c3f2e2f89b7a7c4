//! Leases and circuits, where peers relay.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::{Found, LEASE_GRACE, Limits, REACH_TIMEOUT};
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::link::credit::Allowance;
use crate::link::reason::CloseReason;
use crate::link::{Leg, LinkId};
use crate::wire::frame::MAX_HANDSHAKE_FRAME;

/// The leases that a relay has granted, and the legs of its circuits.
#[derive(Clone, Debug)]
pub struct Relay {
    limits: Limits,
    leases: BTreeMap<Id, Lease>,
    legs: BTreeMap<Leg, State>,
}

#[derive(Clone, Debug)]
struct Lease {
    link: Option<LinkId>,
    lapses: Option<Instant>,
}

#[derive(Clone, Debug)]
struct State {
    onward: Onward,
    /// The credit that the end behind this leg has left.
    allowance: Allowance,
}

#[derive(Clone, Debug)]
enum Onward {
    /// To this leg.
    Leg(Leg),
    /// No way is known yet.
    Waiting {
        next: Id,
        target: Id,
        deadline: Instant,
        hello: Option<Vec<u8>>,
    },
}

impl Relay {
    /// A relay without leases and circuits.
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            leases: BTreeMap::new(),
            legs: BTreeMap::new(),
        }
    }

    /// Returns the limits.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The number of leases, also of nodes whose link is lost for less than [`LEASE_GRACE`].
    pub fn leases(&self) -> usize {
        self.leases.len()
    }

    /// The number of circuits, also of those that wait for their second leg.
    pub fn circuits(&self) -> usize {
        // A circuit that has found its way has two legs here.
        let waiting = |state: &&State| matches!(state.onward, Onward::Waiting { .. });
        let waiting = self.legs.values().filter(waiting).count();
        waiting + (self.legs.len() - waiting) / 2
    }

    /// Returns whether a node has a lease, be its link open or not.
    pub fn is_leased(&self, node: Id) -> bool {
        self.leases.contains_key(&node)
    }

    /// Grants a lease to the node at the other end of a link.
    ///
    /// # Errors
    /// [`CloseReason::TooManyLeases`].
    pub fn lease(&mut self, node: Id, link: LinkId) -> Result<(), CloseReason> {
        if !self.is_leased(node) && self.leases.len() >= self.limits.leases {
            return Err(CloseReason::TooManyLeases);
        }
        let lease = Lease {
            link: Some(link),
            lapses: None,
        };
        self.leases.insert(node, lease);
        Ok(())
    }

    /// Releases the lease of a node.
    pub fn release(&mut self, node: Id) {
        self.leases.remove(&node);
    }

    /// Returns whether this relay serves a circuit of this opener to this target: any node's to its own tabs, and its own tabs' to any
    /// node.
    pub fn serves(&self, opener: Id, target: Id, over_another_relay: bool) -> bool {
        self.is_leased(opener) || (self.is_leased(target) && !over_another_relay)
    }

    /// Returns whether one more circuit fits, opened by the other end of this link.
    pub fn has_room(&self, link: LinkId) -> bool {
        let legs = self.legs.keys().filter(|leg| leg.link == link);
        legs.count() < usize::from(self.limits.circuits_per_link)
            && self.circuits() < self.limits.circuits
    }

    /// Joins two legs to a circuit.
    pub fn connect(&mut self, near: Leg, far: Leg) {
        for (from, to) in [(near, far), (far, near)] {
            let allowance = self.legs.get(&from).map(|state| state.allowance);
            let state = State {
                onward: Onward::Leg(to),
                allowance: allowance.unwrap_or_default(),
            };
            self.legs.insert(from, state);
        }
    }

    /// Lets a circuit wait until there is a link to `next`.
    pub fn wait(&mut self, now: Instant, near: Leg, next: Id, target: Id) {
        let onward = Onward::Waiting {
            next,
            target,
            deadline: now + REACH_TIMEOUT,
            hello: None,
        };
        let allowance = Allowance::default();
        self.legs.insert(near, State { onward, allowance });
    }

    /// Takes note of a new link to this node, and returns the circuits that waited for it. Connect them.
    pub fn found(&mut self, node: Id) -> Vec<Found> {
        let mut found = Vec::new();
        for (near, state) in &mut self.legs {
            if let Onward::Waiting {
                next,
                target,
                hello,
                ..
            } = &mut state.onward
                && *next == node
            {
                let (near, target) = (*near, *target);
                let hello = hello.take();
                found.push(Found {
                    near,
                    target,
                    hello,
                });
            }
        }
        found
    }

    /// Gives up on this node, and returns the legs of the circuits that waited for it, forgotten already.
    pub fn give_up(&mut self, node: Id) -> Vec<Leg> {
        let hopeless =
            |state: &State| matches!(&state.onward, Onward::Waiting { next, .. } if *next == node);
        self.forget(hopeless)
    }

    /// Passes a frame that has come over a leg, and returns the leg that it goes on over. `None` if it waits here: then `frame`
    /// was taken.
    ///
    /// # Errors
    /// [`CloseReason::Credit`] when its sender had no credit for it, [`CloseReason::CircuitUnanswered`] when it talks on before the
    /// other end can have answered, [`CloseReason::Unreachable`] when there is no such leg.
    pub fn pass(&mut self, leg: Leg, frame: &mut Vec<u8>) -> Result<Option<Leg>, CloseReason> {
        let state = self.legs.get_mut(&leg).ok_or(CloseReason::Unreachable)?;
        if !state.allowance.spend(frame.len()) {
            return Err(CloseReason::Credit);
        }
        match &mut state.onward {
            Onward::Leg(far) => Ok(Some(*far)),
            Onward::Waiting { hello, .. } => {
                if hello.is_some() || frame.len() > MAX_HANDSHAKE_FRAME {
                    return Err(CloseReason::CircuitUnanswered);
                }
                *hello = Some(core::mem::take(frame));
                Ok(None)
            }
        }
    }

    /// Takes the credit that the end behind a leg gives its sender; returns the sender's leg, to pass that on.
    ///
    /// # Errors
    /// [`CloseReason::Credit`] when it gives more than it has.
    pub fn grant(&mut self, leg: Leg, bytes: u32) -> Result<Option<Leg>, CloseReason> {
        let Some(far) = self.onward(leg) else {
            return Ok(None);
        };
        if let Some(state) = self.legs.get_mut(&far) {
            state.allowance.grant(bytes)?;
        }
        Ok(Some(far))
    }

    /// Returns whether a leg belongs to a circuit here.
    pub fn has(&self, leg: Leg) -> bool {
        self.legs.contains_key(&leg)
    }

    /// Ends a circuit; returns its other leg, if it has one.
    pub fn close(&mut self, leg: Leg) -> Option<Leg> {
        let far = self.onward(leg);
        self.legs.remove(&leg);
        if let Some(far) = far {
            self.legs.remove(&far);
        }
        far
    }

    /// Ends the circuits of a link that is gone; returns their other legs. The lease of the node at its other end begins to lapse.
    pub fn link_lost(&mut self, now: Instant, link: LinkId) -> Vec<Leg> {
        for lease in self.leases.values_mut() {
            if lease.link == Some(link) {
                lease.link = None;
                lease.lapses = Some(now + LEASE_GRACE);
            }
        }
        let lost: Vec<Leg> = self.legs.keys().copied().collect();
        let lost = lost.into_iter().filter(|leg| leg.link == link);
        lost.filter_map(|leg| self.close(leg)).collect()
    }

    /// The time at which [`Relay::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let lapses = self.leases.values().filter_map(|lease| lease.lapses);
        let waits = self.legs.values().filter_map(|state| match &state.onward {
            Onward::Waiting { deadline, .. } => Some(*deadline),
            Onward::Leg(_) => None,
        });
        lapses.chain(waits).min()
    }

    /// Ends leases and forgets circuits whose time is over: the legs of those.
    pub fn handle_timeout(&mut self, now: Instant) -> Vec<Leg> {
        self.leases
            .retain(|_, lease| lease.lapses.is_none_or(|lapses| lapses > now));
        let overdue = |state: &State| matches!(&state.onward, Onward::Waiting { deadline, .. } if *deadline <= now);
        self.forget(overdue)
    }

    fn onward(&self, leg: Leg) -> Option<Leg> {
        match &self.legs.get(&leg)?.onward {
            Onward::Leg(far) => Some(*far),
            Onward::Waiting { .. } => None,
        }
    }

    fn forget(&mut self, gone: impl Fn(&State) -> bool) -> Vec<Leg> {
        let legs = self.legs.iter().filter(|(_, state)| gone(state));
        let legs: Vec<Leg> = legs.map(|(leg, _)| *leg).collect();
        for leg in &legs {
            self.legs.remove(leg);
        }
        legs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::credit::FIRST_WINDOW;
    use alloc::vec;

    const TAB: Id = Id::from_u64(1);
    const PEER: Id = Id::from_u64(2);
    const OTHER: Id = Id::from_u64(3);

    const fn leg(link: u64, circuit: u32) -> Leg {
        Leg {
            link: LinkId(link),
            circuit,
        }
    }

    fn relay() -> Relay {
        let mut relay = Relay::new(Limits::default());
        relay.lease(TAB, LinkId(1)).unwrap();
        relay
    }

    #[test]
    fn a_relay_serves_its_tabs_and_nobody_else() {
        let relay = relay();
        assert!(relay.serves(PEER, TAB, false), "anybody to its tab");
        assert!(relay.serves(TAB, PEER, true), "its tab to anybody");
        assert!(!relay.serves(PEER, OTHER, false), "no open proxy");
        assert!(!relay.serves(PEER, TAB, true), "no detours for strangers");
    }

    #[test]
    fn frames_go_on_within_the_credit_of_their_receiver() {
        let mut relay = relay();
        let (near, far) = (leg(2, 1), leg(1, 2));
        relay.connect(near, far);
        let mut half = vec![0; FIRST_WINDOW as usize / 2];
        assert_eq!(relay.pass(near, &mut half), Ok(Some(far)));
        assert_eq!(relay.pass(near, &mut half), Ok(Some(far)));
        assert_eq!(relay.pass(near, &mut vec![0]), Err(CloseReason::Credit));
        assert_eq!(relay.pass(far, &mut vec![0]), Ok(Some(near)), "other way");
        assert_eq!(relay.grant(far, 1), Ok(Some(near)));
        assert_eq!(relay.pass(near, &mut vec![0]), Ok(Some(far)));
        assert_eq!(relay.grant(far, u32::MAX), Err(CloseReason::Credit));
        assert_eq!(relay.close(far), Some(near));
        assert_eq!(relay.circuits(), 0);
    }

    #[test]
    fn what_comes_before_there_is_a_way_waits_for_it() {
        let mut relay = relay();
        let near = leg(1, 1);
        relay.wait(Instant::ZERO, near, PEER, PEER);
        assert_eq!(relay.pass(near, &mut vec![7]), Ok(None));
        let more = relay.pass(near, &mut vec![8]);
        assert_eq!(
            more,
            Err(CloseReason::CircuitUnanswered),
            "nobody has answered yet"
        );
        assert_eq!(relay.circuits(), 1);
        let found = relay.found(PEER);
        assert_eq!(found[0].hello, Some(vec![7]));
        relay.connect(near, leg(5, 1));
        assert_eq!(relay.pass(near, &mut vec![8]), Ok(Some(leg(5, 1))));
        assert!(relay.found(PEER).is_empty());

        relay.wait(Instant::ZERO, leg(1, 3), OTHER, OTHER);
        assert_eq!(relay.give_up(OTHER), [leg(1, 3)]);
        relay.wait(Instant::ZERO, leg(1, 5), OTHER, OTHER);
        let due = relay.poll_timeout().unwrap();
        assert_eq!(relay.handle_timeout(due), [leg(1, 5)]);
    }

    #[test]
    fn a_lease_outlives_its_link_for_half_a_minute() {
        let mut relay = relay();
        relay.connect(leg(1, 2), leg(2, 1));
        assert_eq!(relay.link_lost(Instant::ZERO, LinkId(1)), [leg(2, 1)]);
        assert!(relay.is_leased(TAB));
        let lapses = relay.poll_timeout().unwrap();
        assert_eq!(lapses, Instant::ZERO + LEASE_GRACE);
        relay.lease(TAB, LinkId(9)).unwrap();
        assert_eq!(relay.poll_timeout(), None, "it is back");
        let _ = relay.link_lost(Instant::ZERO, LinkId(9));
        let _ = relay.handle_timeout(lapses);
        assert!(!relay.is_leased(TAB));
    }

    #[test]
    fn leases_and_circuits_are_limited() {
        let mut relay = Relay::new(Limits {
            leases: 1,
            circuits: 3,
            circuits_per_link: 2,
            bytes: 0,
        });
        relay.lease(TAB, LinkId(1)).unwrap();
        relay.lease(TAB, LinkId(2)).unwrap();
        let refused = relay.lease(OTHER, LinkId(3));
        assert_eq!(refused, Err(CloseReason::TooManyLeases));
        for circuit in [2, 4] {
            assert!(relay.has_room(LinkId(5)));
            relay.connect(leg(5, circuit), leg(2, circuit));
        }
        assert!(!relay.has_room(LinkId(5)), "on one link");
        assert!(relay.has_room(LinkId(6)));
        relay.wait(Instant::ZERO, leg(6, 2), PEER, PEER);
        assert!(!relay.has_room(LinkId(7)), "in all");
    }
}
