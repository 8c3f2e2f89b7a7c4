//! In the place of level `quorum`, in programs that do without it.

use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::time::Instant;
use crate::node::Node;
use crate::node::api::{OperationId, StoreError};
use crate::node::putting::Put;
use crate::store::group::message::Response as Answer;
use crate::store::record::Subject;

/// There is none.
#[derive(Clone, Debug)]
pub(super) enum QuorumOperation {}

#[allow(
    clippy::unused_self,
    clippy::needless_pass_by_ref_mut,
    reason = "as with the level"
)]
impl Node {
    pub(super) fn quorum_put(
        &mut self,
        _: Instant,
        _: Subject,
        _: Put,
    ) -> Result<OperationId, StoreError> {
        Err(StoreError::Unavailable)
    }

    pub(super) fn quorum_get(&mut self, _: Instant, _: Subject) -> Result<OperationId, StoreError> {
        Err(StoreError::Unavailable)
    }

    pub(super) fn on_candidates(&mut self, _: Instant, _: u64, _: Vec<Contact>) {}

    pub(super) fn on_operation_timer(&mut self, _: Instant, _: u64) {}

    pub(super) fn on_quorum_answer(&mut self, _: Instant, _: &Contact, _: u64, _: Option<Answer>) {}
}
