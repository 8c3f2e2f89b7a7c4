//! In the place of level `quorum`, in programs that do without it.

use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::time::Instant;
use crate::node::Node;
use crate::node::api::{OperationId, StoreError};
use crate::store::group::message::Response as Answer;
use crate::store::record::Name;

/// There is none.
#[derive(Clone, Debug)]
pub(super) enum QuorumOperation {}

#[allow(
    clippy::unused_self,
    clippy::needless_pass_by_ref_mut,
    reason = "as with the level"
)]
impl Node {
    /// Level `quorum` is left out of this program.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] always.
    pub fn compare_and_set(
        &mut self,
        _: Instant,
        _: Name,
        _: u64,
        _: Option<Vec<u8>>,
    ) -> Result<OperationId, StoreError> {
        Err(StoreError::Unavailable)
    }

    pub(super) fn quorum_put(
        &mut self,
        _: Instant,
        _: Name,
        _: Option<Vec<u8>>,
    ) -> Result<OperationId, StoreError> {
        Err(StoreError::Unavailable)
    }

    pub(super) fn quorum_get(&mut self, _: Instant, _: Name) -> Result<OperationId, StoreError> {
        Err(StoreError::Unavailable)
    }

    pub(super) fn on_candidates(&mut self, _: Instant, _: u64, _: Vec<Contact>) {}

    pub(super) fn on_operation_timer(&mut self, _: Instant, _: u64) {}

    pub(super) fn on_quorum_answer(&mut self, _: Instant, _: &Contact, _: u64, _: Option<Answer>) {}
}
