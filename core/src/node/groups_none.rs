//! In the place of level `quorum`, in programs that do without it: the node is in no group.

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::node::Node;
use crate::node::requests::Purpose;
use crate::store::group::configuration::Configuration;
use crate::store::group::message::{Request as Ask, Response as Answer};
use crate::store::group::{Control, Entry, Input, Token};

#[allow(
    clippy::unused_self,
    clippy::needless_pass_by_ref_mut,
    reason = "as with the level"
)]
impl Node {
    /// Nothing: level `quorum` is left out of this program.
    pub fn restore_groups(&mut self, _: Instant, _: Control, _: &[Entry]) {}

    /// Nothing: level `quorum` is left out of this program.
    pub fn assign(&mut self, _: Configuration) {}

    pub(super) fn step_groups(&mut self, _: Instant, _: Input) {}

    pub(super) fn on_group_request(&mut self, _: Instant, _: Contact, _: u64, ask: Ask) {
        match ask {}
    }

    pub(super) fn on_group_answer(&mut self, _: Instant, _: &Contact, _: Purpose, answer: Answer) {
        match answer {}
    }

    pub(super) fn on_group_failure(&mut self, _: Instant, _: Id, _: Token) {}

    pub(super) fn look_at_groups(&mut self, _: Instant) {}

    pub(super) fn on_groups_timer(&mut self, _: Instant) {}

    pub(super) fn look_soon(&mut self, _: Instant) {}
}
