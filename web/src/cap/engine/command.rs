//! The commands of the user to the engine.

use chordscope_sim::checks::history::Value;
use chordscope_sim::worlds::consistency::action::Deed;
use chordscope_sim::worlds::consistency::setup::System;

use crate::cap::engine::predict::Guess;
use crate::player::programme::RunCommand;
use crate::player::{Control, Given};

/// One intent of the user. Nodes are named by their places among the nodes of the set-up, operations by their numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// About the run as a whole: its time, and which run it is.
    Run(RunCommand),
    /// Show these levels of the ring's store.
    Show(Lever),
    /// Choose the client that calls.
    Client(u8),
    /// Choose the name that is called.
    Name(u8),
    /// The chosen client calls its node.
    Call(Deed),
    /// Call once more what an operation called.
    Retry(Value),
    /// Mark a node for the next cut, or not.
    Mark(usize),
    /// Cut the marked nodes off from the others.
    Cut,
    /// Cut these nodes off from the others.
    CutOff(Vec<usize>),
    /// End the cut.
    Heal,
    /// A node crashes, or comes back.
    Crash(usize),
    /// The message that was sent last is lost.
    Lose,
    /// Ask for a prediction at the next call, or do not ask.
    Predict,
    /// Answer the open question: a guess for each system that is shown.
    Answer(Vec<(System, Guess)>),
    /// Select an operation, or none if it is selected already.
    Select(Value),
    /// Select the next operation, or the one before.
    Move(bool),
    /// Select nothing.
    Leave,
    /// The pointer is over something, or over nothing.
    Hover(Option<Over>),
}

/// The levels of the ring's store that are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lever {
    /// Level `one`.
    One,
    /// Level `quorum`.
    Quorum,
    /// Both, side by side.
    #[default]
    Both,
}

impl Lever {
    /// All of them, with their names.
    pub const ALL: [(Self, &'static str); 3] = [
        (Self::One, "one"),
        (Self::Quorum, "quorum"),
        (Self::Both, "both"),
    ];

    /// Whether a system is shown.
    pub const fn shows(self, system: System) -> bool {
        match system {
            System::One => matches!(self, Self::One | Self::Both),
            System::Quorum => matches!(self, Self::Quorum | Self::Both),
            System::OneStore | System::Copies | System::Messages => true,
        }
    }
}

/// A thing on the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    /// The system in whose picture it is.
    pub system: System,
    /// The thing.
    pub thing: Thing,
}

/// A thing in the picture of a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A node, by its place.
    Node(usize),
    /// An operation.
    Bar(Value),
    /// A version that the replica of a node kept: the place of the node, and the time from which it kept it, in microseconds.
    Lane(usize, u64),
    /// A message on its way.
    Message(u64),
}

impl Over {
    /// The mark of the thing in the picture.
    pub fn mark(self) -> String {
        let name = self.system.name();
        match self.thing {
            Thing::Node(place) => format!("{name}.n{place}"),
            Thing::Bar(number) => format!("{name}.b{number}"),
            Thing::Lane(place, from) => format!("{name}.l{place}-{from}"),
            Thing::Message(number) => format!("{name}.m{number}"),
        }
    }

    /// Reads a mark.
    pub fn of_mark(text: &str) -> Option<Self> {
        let (name, thing) = text.split_once('.')?;
        let system = System::ALL.into_iter().find(|one| one.name() == name)?;
        let (kind, number) = thing.split_at_checked(1)?;
        let thing = match kind {
            "n" => Thing::Node(number.parse().ok()?),
            "b" => Thing::Bar(number.parse().ok()?),
            "l" => {
                let (place, from) = number.split_once('-')?;
                Thing::Lane(place.parse().ok()?, from.parse().ok()?)
            }
            "m" => Thing::Message(number.parse().ok()?),
            _ => return None,
        };
        Some(Self { system, thing })
    }
}

impl From<RunCommand> for Command {
    fn from(command: RunCommand) -> Self {
        Self::Run(command)
    }
}

impl From<Given> for Command {
    fn from(given: Given) -> Self {
        Self::Run(given.into())
    }
}

impl From<Control> for Command {
    fn from(control: Control) -> Self {
        Self::Run(control.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        for system in System::ALL {
            for thing in [
                Thing::Node(3),
                Thing::Bar(12),
                Thing::Lane(0, 428_000),
                Thing::Message(700),
            ] {
                let over = Over { system, thing };
                assert_eq!(Over::of_mark(&over.mark()), Some(over));
            }
        }
        for wrong in ["", "one", "one.", "one.x3", "two.n3", "one.bx"] {
            assert_eq!(Over::of_mark(wrong), None, "{wrong}");
        }
    }
}
