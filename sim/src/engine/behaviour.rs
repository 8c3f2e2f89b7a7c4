//! The behaviour number: releases in which the same actions come to other runs differ in it.

use alloc::format;
use alloc::string::String;

/// Raised whenever the same scenario, seed and actions come to another run than before. Links with recorded
/// actions that carry no number are of behaviour 1, release 0.1.
pub const BEHAVIOUR: u32 = 5;
/// The behaviour of recorded actions without a number.
pub const FIRST: u32 = 1;

/// Returns the caveat for a run that was recorded with this behaviour; `None` when it is this release's.
pub fn caveat(recorded: u32) -> Option<String> {
    (recorded != BEHAVIOUR).then(|| {
        format!(
            "Recorded with behaviour {recorded}, may run differently: this release has {BEHAVIOUR}."
        )
    })
}
