//! In the machine's place, in programs whose nodes are in no group: whoever asks is told so.

use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::store::group::{Control, Entry, Held, Settings};
use crate::store::message::Copy;

/// What the machine offers, and nothing behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups;

#[allow(
    clippy::unused_self,
    clippy::needless_pass_by_ref_mut,
    reason = "as the machine has them"
)]
impl Groups {
    pub(crate) fn new(_: Contact, _: Settings) -> Self {
        Self
    }

    pub(crate) const fn refresh(&mut self, _: &Contact) {}

    /// Nothing.
    pub fn saved(&self, _: Instant) -> (Control, Vec<Entry>) {
        (Control::default(), Vec::new())
    }

    /// The groups that this node is in: none.
    pub fn held(&self) -> impl Iterator<Item = &Held> {
        core::iter::empty()
    }

    /// Nothing.
    pub const fn copy(&self, _: Instant, _: Id) -> Option<Copy> {
        None
    }

    /// Whether no group needs this node any more.
    pub const fn is_free(&self) -> bool {
        true
    }
}
