//! In a relay's place, in programs whose peers relay nothing: no leases, no circuits.

use alloc::vec::Vec;

use super::{Found, Limits};
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::link::reason::CloseReason;
use crate::link::{Leg, LinkId};

/// What a relay offers, and nothing behind it.
#[derive(Clone, Debug)]
pub(crate) struct Relay(Limits);

#[expect(clippy::needless_pass_by_ref_mut, reason = "as a real one has them")]
impl Relay {
    pub(crate) const fn new(limits: Limits) -> Self {
        Self(limits)
    }
    pub(crate) const fn limits(&self) -> &Limits {
        &self.0
    }
    pub(crate) const fn leases(&self) -> usize {
        0
    }
    pub(crate) const fn circuits(&self) -> usize {
        0
    }
    pub(crate) const fn is_leased(&self, _: Id) -> bool {
        false
    }
    pub(crate) const fn lease(&mut self, _: Id, _: LinkId) -> Result<(), CloseReason> {
        Err(CloseReason::Unreachable)
    }
    pub(crate) const fn release(&mut self, _: Id) {}
    pub(crate) const fn serves(&self, _: Id, _: Id, _: bool) -> bool {
        false
    }
    pub(crate) const fn has_room(&self, _: LinkId) -> bool {
        false
    }
    pub(crate) const fn connect(&mut self, _: Leg, _: Leg) {}
    pub(crate) const fn wait(&mut self, _: Instant, _: Leg, _: Id, _: Id) {}
    pub(crate) const fn found(&mut self, _: Id) -> Vec<Found> {
        Vec::new()
    }
    pub(crate) const fn give_up(&mut self, _: Id) -> Vec<Leg> {
        Vec::new()
    }
    pub(crate) const fn pass(
        &mut self,
        _: Leg,
        _: &mut Vec<u8>,
    ) -> Result<Option<Leg>, CloseReason> {
        Err(CloseReason::Unreachable)
    }
    pub(crate) const fn grant(&mut self, _: Leg, _: u32) -> Result<Option<Leg>, CloseReason> {
        Ok(None)
    }
    pub(crate) const fn has(&self, _: Leg) -> bool {
        false
    }
    pub(crate) const fn close(&mut self, _: Leg) -> Option<Leg> {
        None
    }
    pub(crate) const fn link_lost(&mut self, _: Instant, _: LinkId) -> Vec<Leg> {
        Vec::new()
    }
    pub(crate) const fn poll_timeout(&self) -> Option<Instant> {
        None
    }
    pub(crate) const fn handle_timeout(&mut self, _: Instant) -> Vec<Leg> {
        Vec::new()
    }
}
