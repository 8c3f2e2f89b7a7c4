//! Intents of buttons and keys: with what is typed they become commands, or one sentence about what is wrong.

mod typed;

use chordscope_core::base::id::Id;

use self::typed::{new_node, old_node, question};
use crate::player::Control;
use crate::ring::engine::command::Command;
use crate::ring::engine::snapshot::Snapshot;
use crate::ring::state::{FieldError, UiState};

/// Something a button or a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Look the typed key up.
    LookUp,
    /// Look it up and ask the user for each hop; once more ends that.
    Predict,
    /// Let the typed node join.
    Insert,
    /// Let it leave.
    Remove,
    /// Let it crash.
    Crash,
    /// A control of the player.
    Time(Control),
    /// Choose the next node clockwise.
    NextNode,
    /// Choose the one before.
    PreviousNode,
    /// Answer a prediction with the chosen node.
    Answer,
    /// Copy a link to this moment.
    Share,
    /// Go to the key field.
    FocusKey,
    /// Go to the node field.
    FocusNode,
}

/// The intent of a single key, given whether the user predicts hops.
pub fn of_key(key: &str, predicting: bool) -> Option<Intent> {
    Some(match key {
        "ArrowRight" | "ArrowDown" if predicting => Intent::NextNode,
        "ArrowLeft" | "ArrowUp" if predicting => Intent::PreviousNode,
        "Enter" if predicting => Intent::Answer,
        "]" => Intent::NextNode,
        "[" => Intent::PreviousNode,
        "/" => Intent::FocusKey,
        "n" => Intent::FocusNode,
        "l" => Intent::LookUp,
        "p" => Intent::Predict,
        "i" => Intent::Insert,
        "r" => Intent::Remove,
        "k" => Intent::Crash,
        "s" => Intent::Share,
        key => return Control::of_key(key).map(Intent::Time),
    })
}

/// The command of an intent: none if it is no business of the engine's.
///
/// # Errors
/// The field that holds something wrong, with the reason.
pub fn command(
    intent: Intent,
    ui: &UiState,
    shot: &Snapshot,
) -> Result<Option<Command>, FieldError> {
    Ok(Some(match intent {
        Intent::LookUp => {
            let (from, key) = question(ui, shot)?;
            Command::Look {
                from,
                key,
                way: ui.way,
            }
        }
        Intent::Predict if shot.predicting => Command::StopPredicting,
        Intent::Predict => {
            let (from, key) = question(ui, shot)?;
            Command::Predict {
                from,
                key,
                way: ui.way,
            }
        }
        Intent::Insert => Command::Insert(new_node(ui, shot)?),
        Intent::Remove => Command::Remove(old_node(ui, shot)?),
        Intent::Crash => Command::Crash(old_node(ui, shot)?),
        Intent::Time(control) => Command::Time(control),
        Intent::NextNode => return Ok(neighbour(shot, 1).map(Command::Move)),
        Intent::PreviousNode => {
            return Ok(neighbour(shot, shot.nodes.len().saturating_sub(1)).map(Command::Move));
        }
        Intent::Answer => {
            let choice = shot.choice.filter(|_| shot.predicting);
            return Ok(choice.map(Command::Choose));
        }
        Intent::Share | Intent::FocusKey | Intent::FocusNode => return Ok(None),
    }))
}

/// The node that asks: the chosen one while it lives, otherwise the first that does.
pub fn asking(ui: &UiState, shot: &Snapshot) -> Option<Id> {
    let member = |label: &str| {
        shot.nodes
            .iter()
            .find(|node| node.is_member() && node.label == label)
    };
    member(&ui.from)
        .or_else(|| shot.nodes.iter().find(|node| node.is_member()))
        .map(|node| node.id)
}

/// The node that the user has chosen, as the field "Node id" has it; none while choosing answers a prediction.
pub fn chosen(shot: &Snapshot) -> Option<String> {
    let chosen = shot.choice.filter(|_| !shot.predicting);
    chosen.map(|id| shot.show(id))
}

fn neighbour(shot: &Snapshot, steps: usize) -> Option<Id> {
    let count = shot.nodes.len();
    if count == 0 {
        return None;
    }
    let inspected = shot.inspected.as_ref().map(|seen| seen.id);
    let seen = shot.choice.or(inspected).and_then(|id| shot.position(id));
    let index = seen.map_or(0, |at| (at + steps) % count);
    Some(shot.nodes[index].id)
}
