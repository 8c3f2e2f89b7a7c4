//! The routing table of a node: its fingers, and the nodes behind them that they may stand for (proximity neighbour selection).

use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::chord::candidates::Candidates;
use crate::chord::fingers::{Change, FingerTable};
use crate::chord::membership::Membership;
use crate::chord::message::Request as Ask;
use crate::chord::route::{Step, Turn, route};
use crate::message::Request;
use crate::node::api::Event;
use crate::node::config::Config;
use crate::node::requests::Purpose;
use crate::node::services::Services;

/// Fingers and candidates.
#[derive(Clone, Debug)]
pub(super) struct Routes {
    pub(super) fingers: FingerTable,
    pub(super) candidates: Candidates,
    /// True while each decision is told.
    traced: bool,
}

impl Routes {
    pub(super) fn new(config: &Config, me: Id) -> Self {
        Self {
            fingers: FingerTable::new(config.space, me),
            candidates: Candidates::new(config.successors_per_finger),
            traced: false,
        }
    }

    /// Tells each decision from now on.
    pub(super) const fn trace(&mut self) {
        self.traced = true;
    }

    /// Applies the routing rule at this node.
    pub(super) fn decide(
        &self,
        services: &mut Services,
        membership: &Membership,
        lookup: (Id, u64),
        turn: Turn<'_>,
    ) -> Step {
        let lists = services.config.list_routing;
        let step = match route(membership, &self.fingers, turn, lists) {
            Step::Finger { row, contact } if self.candidates.are_wanted() => {
                self.choose(services, row, contact, turn)
            }
            step => step,
        };
        if self.traced {
            services.event(Event::Routed {
                lookup,
                key: turn.key,
                step: step.clone(),
                predecessor: membership.predecessor().map(Contact::id),
            });
        }
        step
    }

    /// The next hop by way of this row: its node, or a candidate behind it.
    ///
    /// (ours) Real peers' fingers choose among four nodes by round trip, once these have answered: lookups take less time, with no more
    /// upkeep than without the choice.
    fn choose(&self, services: &Services, row: u8, finger: Contact, turn: Turn<'_>) -> Step {
        let round_trip = |node| services.requests.rtt(node).smoothed();
        let chosen = self
            .candidates
            .nearest(&finger, turn.key, turn.avoid, round_trip);
        match chosen.id() == finger.id() {
            true => Step::Finger {
                row,
                contact: finger,
            },
            false => Step::Near {
                row,
                contact: chosen.clone(),
            },
        }
    }

    /// Takes note that a node is the one of a row.
    pub(super) fn learn(&mut self, services: &mut Services, row: u8, node: &Contact) {
        tell(services, self.fingers.learn(row, node));
    }

    /// Takes a node that is gone out of the table.
    pub(super) fn forget(&mut self, services: &mut Services, node: Id) {
        self.candidates.forget(node);
        tell(services, self.fingers.forget(node));
    }

    /// A newer contact of a node.
    pub(super) fn refresh(&mut self, contact: &Contact) {
        self.fingers.refresh(contact);
        self.candidates.refresh(contact);
    }

    /// Probes the nodes behind a finger, which has named its successors. Those that are new are pinged: a node that answers is present, and
    /// its round trip is known.
    pub(super) fn look_behind(
        &mut self,
        services: &mut Services,
        now: Instant,
        finger: &Contact,
        successors: &[Contact],
    ) {
        let me = services.id();
        if !self.candidates.are_wanted() || finger.id() == me {
            return;
        }
        self.candidates.keep_to(&self.fingers);
        let strangers = self.candidates.learn(me, finger.id(), successors);
        let unmeasured = services.requests.rtt(finger.id()).smoothed().is_none();
        for node in unmeasured.then_some(finger).into_iter().chain(&strangers) {
            let purpose = Purpose::Candidate(finger.id());
            let ping = Request::Chord(Ask::Ping);
            // Who could not be asked is asked the next time.
            let _ = services.ask(now, node.clone(), purpose, ping);
        }
    }
}

fn tell(services: &mut Services, changes: Vec<Change>) {
    for change in changes {
        services.event(Event::Finger(change));
    }
}
