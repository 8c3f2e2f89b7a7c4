//! What the parts above the ring are given with each call.

use crate::base::id::Id;
use crate::base::time::Instant;
use crate::node::api::{Event, Limit, LookupError, StoreError};
use crate::node::lookups::{Goal, Outcome};
use crate::node::renewal::Renewals;
use crate::node::ring::Ring;
use crate::node::services::Services;
use crate::store::group::Groups;

/// The surroundings of the records and of level `quorum`. Neither keeps anything of it.
pub(super) struct Context<'a> {
    pub(super) now: Instant,
    pub(super) services: &'a mut Services,
    pub(super) ring: &'a mut Ring,
    pub(super) renewals: &'a mut Renewals,
    /// The node's groups, to those who only read them.
    pub(super) groups: Option<&'a Groups>,
}

impl Context<'_> {
    /// Looks a key up; the lookup may be over at once.
    ///
    /// # Errors
    /// [`LookupError`] outside a ring, and when too many lookups are under way.
    pub(super) fn look_up(&mut self, key: Id, goal: Goal) -> Result<Option<Outcome>, LookupError> {
        self.ring.look_up(self.services, self.now, key, goal)
    }

    /// The number of a new operation, when there are so many of its kind under way.
    ///
    /// # Errors
    /// [`StoreError::NotMember`] outside a ring, [`StoreError::Busy`] at the limit.
    pub(super) fn begin_operation(&mut self, under_way: usize) -> Result<u64, StoreError> {
        if !self.ring.is_member() {
            return Err(StoreError::NotMember);
        }
        if under_way >= self.services.config.limits.operations {
            self.services.event(Event::LimitReached(Limit::Operations));
            return Err(StoreError::Busy);
        }
        Ok(self.services.number())
    }
}
