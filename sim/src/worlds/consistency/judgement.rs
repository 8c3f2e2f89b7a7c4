//! The judgement of a system's history in words, for the page and for the command.

use alloc::format;
use alloc::string::String;

use crate::checks::judge;
use crate::checks::verdict::Verdict;
use crate::worlds::consistency::setup::System;
use crate::worlds::consistency::view::SideView;

/// The judgement of a system's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// One register explains all answers.
    Linearizable {
        /// The operations that returned with an answer.
        answers: u32,
    },
    /// No register explains the answers.
    Contradiction {
        /// The operations that contradict one another.
        count: u32,
        /// True if no fewer do.
        is_smallest: bool,
    },
    /// The search for an order was given up.
    GaveUp,
}

/// The history is longer than what is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limited {
    /// The number of operations that are judged: the first ones.
    pub judged: u32,
    /// The number of all.
    pub called: u32,
}

impl Judgement {
    /// Returns the judgement of a system at a moment.
    pub fn of(view: &SideView) -> Self {
        match &view.judgement {
            judge::Verdict::Linearizable(_) => {
                let is_answer = |verdict| !matches!(verdict, Verdict::InFlight | Verdict::Refused);
                let judged = view.bars.iter().take(view.judged);
                Self::Linearizable {
                    answers: judged.filter(|bar| is_answer(bar.verdict)).count() as u32,
                }
            }
            judge::Verdict::Contradiction { set, .. } => Self::Contradiction {
                count: set.operations.len() as u32,
                is_smallest: set.is_smallest,
            },
            judge::Verdict::GaveUp => Self::GaveUp,
        }
    }

    /// Returns whether the history is linearizable; `None` where that was not found out.
    pub const fn is_linearizable(self) -> Option<bool> {
        match self {
            Self::Linearizable { .. } => Some(true),
            Self::Contradiction { .. } => Some(false),
            Self::GaveUp => None,
        }
    }

    /// The judgement in a sentence.
    pub fn text(self, system: System) -> String {
        let name = system.title();
        match self {
            Self::Linearizable { answers: 0 } => format!("{name}: no answer to judge yet."),
            Self::Linearizable { answers } => {
                let all = match answers {
                    1 => "the one answer".into(),
                    _ => format!("all {answers} answers"),
                };
                format!(
                    "{name} is linearizable: one register, used by one client at a time, explains {all}."
                )
            }
            Self::Contradiction { count, is_smallest } => {
                let fewer = match is_smallest {
                    true => "and no fewer do",
                    false => "and perhaps fewer do",
                };
                let plural = if count == 1 { "" } else { "s" };
                format!(
                    "{name} is not linearizable: {count} operation{plural} contradict one another, {fewer}."
                )
            }
            Self::GaveUp => format!(
                "{name}: too many orders to try. Up to the last return before that, it is linearizable."
            ),
        }
    }
}

impl Limited {
    /// Returns how much is judged, where that is not all.
    pub fn of(view: &SideView) -> Option<Self> {
        let (judged, called) = (view.judged as u32, view.bars.len() as u32);
        (judged < called).then_some(Self { judged, called })
    }

    /// The limit in a sentence.
    pub fn text(self) -> String {
        let Self { judged, called } = self;
        format!("Of {called} operations the first {judged} are judged.")
    }
}
