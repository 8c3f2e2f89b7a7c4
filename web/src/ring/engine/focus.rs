//! The user's focus: the node whose tables are shown, the target under the pointer, the key that is typed.

use chordscope_core::base::id::Id;

use crate::input::Key;
use crate::scene::hit::Under;

/// The user's focus.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Focus {
    /// The node whose tables are shown; otherwise they follow what happens.
    pub(super) chosen: Option<Id>,
    /// The target under the pointer.
    pub(super) hovered: Option<Under<Id>>,
    /// The typed key, if the text is one.
    pub(super) typed: Option<Key>,
    /// Whether the event log tells of stabilization too.
    pub(super) upkeep_shown: bool,
}

impl Focus {
    /// Shows a node's tables; no longer, if they are shown.
    pub(super) fn toggle(&mut self, node: Id) {
        self.chosen = (self.chosen != Some(node)).then_some(node);
    }

    /// Looks at nothing of the ring.
    pub(super) const fn leave(&mut self) {
        self.chosen = None;
        self.hovered = None;
    }
}
