//! Repair of a range of level `quorum` whose majority is gone for good: what this node's owner orders, and how it ended.

use alloc::vec::Vec;

use crate::base::id::Id;
use crate::base::time::Instant;
use crate::node::Node;
use crate::node::api::{Event, OperationId, REPAIR_DEADLINE, StoreError, TimerKind};
use crate::store::group::Input;
use crate::store::group::fence::Fence;
use crate::store::group::repair::RepairError;

impl Node {
    /// Goes on with the range of a key at level `quorum` without these members of its group, which are gone for good: all that they alone
    /// have acknowledged is lost. Only where this node is a member, and no majority is left without them. Groups of before end
    /// wherever that is heard of. [`Event::RangeRepaired`] follows.
    ///
    /// # Errors
    /// [`StoreError`] when the node is in no ring, or too much is under way.
    pub fn repair_range(
        &mut self,
        now: Instant,
        key: Id,
        lost: Vec<Id>,
    ) -> Result<OperationId, StoreError> {
        let number = self.begin_operation(self.range_repairs.len())?;
        let deadline = now + REPAIR_DEADLINE;
        self.services
            .timers
            .set(deadline, TimerKind::Operation(number));
        self.range_repairs.insert(number, deadline);
        self.step_groups(now, Input::Repair(number, key, lost));
        Ok(OperationId(number))
    }

    pub(super) fn on_range_repaired(&mut self, number: u64, outcome: Result<Fence, RepairError>) {
        if let Some(deadline) = self.range_repairs.remove(&number) {
            self.services
                .timers
                .cancel(deadline, TimerKind::Operation(number));
            self.services
                .event(Event::RangeRepaired(OperationId(number), outcome));
        }
    }

    /// Ends a repair whose deadline is over. Whether the number is that of one.
    pub(super) fn end_range_repair(&mut self, now: Instant, number: u64) -> bool {
        let is_one = self.range_repairs.contains_key(&number);
        if is_one {
            self.step_groups(now, Input::EndRepair(number));
            // It may be decided, and wait for the disk.
            self.on_range_repaired(number, Err(RepairError::Unfinished));
        }
        is_one
    }
}
