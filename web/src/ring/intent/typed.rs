//! Typed text as ids of this ring, or one sentence about what is wrong with it.

use chordscope_core::base::id::Id;

use super::asking;
use crate::input;
use crate::ring::engine::snapshot::Snapshot;
use crate::ring::state::{Field, FieldError, UiState};

/// The node that asks, and the key.
pub(super) fn question(ui: &UiState, shot: &Snapshot) -> Result<(Id, Id), FieldError> {
    let wrong = |text| FieldError {
        field: Field::Key,
        text,
    };
    let key = input::key(shot.space, &ui.key).map_err(wrong)?;
    let from = asking(ui, shot).ok_or_else(|| {
        wrong("No node is left to ask: insert one, or choose a scenario.".to_owned())
    })?;
    Ok((from, key.id))
}

/// A node that is not on the ring.
pub(super) fn new_node(ui: &UiState, shot: &Snapshot) -> Result<Id, FieldError> {
    let id = typed_node(ui, shot)?;
    match shot.position(id).map(|index| &shot.nodes[index]) {
        Some(node) if node.is_up() => Err(wrong_node(format!(
            "Node {} is on the ring already: choose another id.",
            node.label
        ))),
        _ => Ok(id),
    }
}

/// A node that is.
pub(super) fn old_node(ui: &UiState, shot: &Snapshot) -> Result<Id, FieldError> {
    let id = typed_node(ui, shot)?;
    match shot.position(id).map(|index| &shot.nodes[index]) {
        Some(node) if node.is_up() => Ok(id),
        Some(node) => Err(wrong_node(format!("Node {} is gone already.", node.label))),
        None => Err(wrong_node(format!(
            "Node {} is not on the ring: choose one that is.",
            shot.show(id)
        ))),
    }
}

fn typed_node(ui: &UiState, shot: &Snapshot) -> Result<Id, FieldError> {
    input::node(shot.space, &ui.node).map_err(wrong_node)
}

const fn wrong_node(text: String) -> FieldError {
    FieldError {
        field: Field::Node,
        text,
    }
}
