//! A node's view of the ring: its neighbours, its routing table, and the lookups that use them.

use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::chord::membership::Membership;
use crate::chord::route::{Mode, Routing};
use crate::node::api::LookupError;
use crate::node::config::Config;
use crate::node::departure::Departure;
use crate::node::gone::Gone;
use crate::node::lookups::{Goal, Lookups, Outcome, Pointers, Search};
use crate::node::routes::Routes;
use crate::node::services::Services;

/// Membership, routes and lookups: what every other part of a node works on.
#[derive(Clone, Debug)]
// In this order in memory.
#[repr(C)]
pub(super) struct Ring {
    pub(super) membership: Membership,
    pub(super) routes: Routes,
    pub(super) lookups: Lookups,
    /// The state of the departure, while the node hands over what it keeps.
    pub(super) departing: Option<Departure>,
    /// The nodes that have gone lately.
    pub(super) gone: Gone,
}

impl Ring {
    pub(super) fn new(config: &Config, me: Id) -> Self {
        Self {
            membership: Membership::new(me, config.successors).under(config.membership),
            routes: Routes::new(config, me),
            lookups: Lookups::new(),
            departing: None,
            gone: Gone::default(),
        }
    }

    pub(super) const fn is_member(&self) -> bool {
        self.membership.is_member()
    }

    /// Returns whether the node is a member, and does not leave.
    pub(super) const fn stays(&self) -> bool {
        self.is_member() && self.departing.is_none()
    }

    /// Returns whether the node leaves, and does not come back.
    pub(super) fn leaves_for_good(&self) -> bool {
        self.departing.is_some_and(Departure::is_for_good)
    }

    /// Returns whether the node knows no successor.
    pub(super) fn is_alone(&self) -> bool {
        self.membership.successors().head().is_none()
    }

    /// Returns the beginning of the node's own range: its predecessor, or itself while it knows none.
    pub(super) fn begin(&self, services: &Services) -> Id {
        let before = self.membership.predecessor();
        before.map_or_else(|| services.id(), Contact::id)
    }

    /// The successors, the predecessor, the fingers and the nodes behind them, in this order. A node may come more than once.
    pub(super) fn contacts(&self) -> impl Iterator<Item = &Contact> {
        let successors = self.membership.successors().entries().iter();
        successors
            .chain(self.membership.predecessor())
            .chain(self.routes.fingers.nodes())
            .chain(self.routes.candidates.nodes())
    }

    // Lookups.

    /// Looks a key up for a purpose of this node's own.
    ///
    /// # Errors
    /// [`LookupError::NotMember`] outside a ring, [`LookupError::Busy`] when too many lookups are under way.
    pub(super) fn look_up(
        &mut self,
        services: &mut Services,
        now: Instant,
        key: Id,
        goal: Goal,
    ) -> Result<Option<Outcome>, LookupError> {
        let search = Search {
            key,
            routing: Routing::Finger,
            mode: services.config.mode,
            goal,
        };
        let (lookups, pointers) = self.split();
        let (_, outcome) = lookups.start(services, pointers, now, search)?;
        Ok(outcome)
    }

    /// Looks a key up from another node on, which need not be in this node's ring, and avoids those.
    ///
    /// # Errors
    /// [`LookupError::Busy`] when too many lookups are under way.
    pub(super) fn look_up_at(
        &mut self,
        services: &mut Services,
        now: Instant,
        (key, goal): (Id, Goal),
        via: &Contact,
        avoid: Vec<Id>,
    ) -> Result<(), LookupError> {
        let search = Search {
            key,
            routing: Routing::Finger,
            mode: Mode::Iterative,
            goal,
        };
        self.lookups.start_at(services, now, search, via, avoid)
    }

    /// The lookups, and the pointers that they are decided by.
    pub(super) const fn split(&mut self) -> (&mut Lookups, Pointers<'_>) {
        let pointers = Pointers {
            membership: &self.membership,
            routes: &self.routes,
        };
        (&mut self.lookups, pointers)
    }
}
