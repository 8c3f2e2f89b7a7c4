//! Each rule of the corrected protocol, broken on purpose between the machine and the world.

use chordscope_core::chord::membership::Query;
use chordscope_core::chord::message::Neighbours;

use crate::machines::{MachineNumber, Machines, WordNumber};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// No rule of the correction is kept: the protocol of 2001.
    AsFirstPublished,
    /// A newcomer gets the successor, not the whole list.
    JoinCopiesTheHeadOnly,
    /// A better successor is adopted whether it answers or not.
    CandidatesAreNotAsked,
    /// Stabilization does not bring the successor's list along.
    ListsAreNotFilled,
    /// No node is notified after a stabilization.
    NobodyIsNotified,
    /// A predecessor counts as alive without being asked.
    PredecessorsLiveForEver,
    /// A node that lives is taken for dead now and then.
    TheLivingAreTakenForDead,
    /// The ring starts with r members, one fewer than the proof needs.
    TooFewToStart,
    /// Members fail though only r principals are left.
    TooManyFail,
}

impl Fault {
    pub(crate) const ALL: [Self; 8] = [
        Self::JoinCopiesTheHeadOnly,
        Self::CandidatesAreNotAsked,
        Self::ListsAreNotFilled,
        Self::NobodyIsNotified,
        Self::PredecessorsLiveForEver,
        Self::TheLivingAreTakenForDead,
        Self::TooFewToStart,
        Self::TooManyFail,
    ];

    /// Returns whether the number of principals is part of what must hold.
    pub(crate) const fn needs_principals(self) -> bool {
        !matches!(
            self,
            Self::AsFirstPublished | Self::TooFewToStart | Self::TooManyFail
        )
    }

    /// Returns a node's answer to a query; `None` when it is down, or no member that could answer.
    pub(crate) fn answer(
        self,
        machines: &mut Machines,
        query: Query,
        asker: MachineNumber,
        asked: MachineNumber,
    ) -> Option<WordNumber> {
        if !machines.get(asked).is_member() {
            return match (self, query) {
                (Self::CandidatesAreNotAsked, Query::FromPredecessor) => Some(machines.said(asker)),
                (Self::PredecessorsLiveForEver, Query::Liveness) => {
                    Some(machines.say(Neighbours::default()))
                }
                _ => None,
            };
        }
        let said = machines.said(asked);
        Some(match (self, query) {
            (_, Query::Liveness) => machines.say(Neighbours::default()),
            (Self::JoinCopiesTheHeadOnly, Query::Join) => {
                let mut word = machines.word(said).clone();
                word.successors = word.successors.iter().take(1).cloned().collect();
                machines.say(word)
            }
            (Self::ListsAreNotFilled, Query::FromSuccessor | Query::FromPredecessor) => {
                let mut word = machines.word(said).clone();
                word.successors = [].into();
                machines.say(word)
            }
            _ => said,
        })
    }
}
