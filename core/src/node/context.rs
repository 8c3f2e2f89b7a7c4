//! The contexts that the parts above the ring are given with each call.

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
    /// The node's groups, for reading only.
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::base::identity::Signer;
    use crate::base::rng::Rng;
    use crate::chord::membership::Input;
    use crate::chord::membership::tests::contact;
    use crate::node::config::Config;

    /// The context of a part of the only node of a ring; the node is at position 1.
    pub(in crate::node) struct Alone {
        pub(in crate::node) services: Services,
        pub(in crate::node) ring: Ring,
        pub(in crate::node) renewals: Renewals,
    }

    impl Alone {
        pub(in crate::node) fn new() -> Self {
            let (me, config) = (contact(1), Config::default());
            let mut ring = Ring::new(&config, me.id());
            ring.membership.step(Input::Create);
            let signer = Signer::stand_in(me.id());
            Self {
                ring,
                services: Services::new(config.into(), signer, me, Rng::from_seed(1, 0)),
                renewals: Renewals::default(),
            }
        }

        pub(in crate::node) fn at(&mut self, now: Instant) -> Context<'_> {
            Context {
                now,
                services: &mut self.services,
                ring: &mut self.ring,
                renewals: &mut self.renewals,
                groups: None,
            }
        }

        /// The events so far.
        pub(in crate::node) fn events(&mut self) -> alloc::vec::Vec<Event> {
            let outputs = self.services.outbox.outputs.drain(..);
            let events = outputs.filter_map(|output| match output {
                crate::node::api::Output::Event(event) => Some(*event),
                _ => None,
            });
            events.collect()
        }
    }
}
