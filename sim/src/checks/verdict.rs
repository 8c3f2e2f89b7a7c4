//! The verdict on one answer, from the history of its name alone: fresh, stale, refused, conflicting, or in flight.
//!
//! A version is *confirmed* once the client that wrote it was told so. Two writers that did not know of one another may both be told of
//! the same sequence number; which of the two versions stays is *decided* when their copies meet. The store tells that by an event, whose
//! time and winner are the only thing that is used here and did not come back to a client from a call.

use crate::checks::history::{Answer, Asked, Operation, Value, Version};
use chordscope_core::base::time::Instant;

/// The decision between versions with one sequence number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The time at which copies of two versions met for the first time.
    pub at: Instant,
    /// The version that stays.
    pub winner: Version,
}

/// The verdict on an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Still under way.
    InFlight,
    /// Nothing newer had been confirmed before its call, and no other version disputes what it returned or wrote.
    Fresh,
    /// Returned an older version than this operation's, which was confirmed before its call.
    Stale {
        /// The operation whose version is newer.
        newer: Value,
    },
    /// There was no answer. A refused write may have taken effect.
    Refused,
    /// Two confirmed versions share the sequence number that it returned or wrote: the other is this operation's. Of a read, nobody had
    /// decided between them when it was called.
    Conflicting {
        /// The operation that wrote the other version.
        with: Value,
    },
}

impl Verdict {
    /// The verdict in a word or two.
    pub const fn word(self) -> &'static str {
        match self {
            Self::InFlight => "in flight",
            Self::Fresh => "fresh",
            Self::Stale { .. } => "stale",
            Self::Refused => "refused",
            Self::Conflicting { .. } => "conflicting",
        }
    }
}

/// Returns the verdict on the operation of this number.
pub fn verdict(history: &[Operation], decisions: &[Decision], number: Value) -> Option<Verdict> {
    let operation = history.get(number as usize)?;
    let Some((_, answer)) = operation.returned else {
        return Some(Verdict::InFlight);
    };
    Some(match answer {
        Answer::Refused => Verdict::Refused,
        Answer::Done(sequence) => {
            let own = Version {
                sequence,
                by: number,
            };
            match rival(history, own, None) {
                Some(with) => Verdict::Conflicting { with },
                None => Verdict::Fresh,
            }
        }
        Answer::Got(version) => of_read(history, decisions, operation, version),
        // The refusal of a delete says that nothing is there, of a swap that something else is.
        Answer::Mismatch if operation.asked == Asked::Delete => {
            of_read(history, decisions, operation, None)
        }
        Answer::Mismatch => Verdict::Fresh,
    })
}

fn of_read(
    history: &[Operation],
    decisions: &[Decision],
    read: &Operation,
    version: Option<Version>,
) -> Verdict {
    let newest = newest(history, decisions, read.called);
    let Some(version) = version else {
        return match newest {
            // A delete that was called by then, and is not confirmed yet, explains it.
            Some((newer, _)) if !may_be_deleted(history, read) => {
                Verdict::Stale { newer: newer.by }
            }
            _ => Verdict::Fresh,
        };
    };
    let decided = decision(decisions, version.sequence, read.called);
    if let Some((newer, _)) = newest
        && newer.sequence > version.sequence
    {
        return Verdict::Stale { newer: newer.by };
    }
    match decided {
        Some(winner) if winner != version => Verdict::Stale { newer: winner.by },
        Some(_) => Verdict::Fresh,
        None => match rival(history, version, Some(read.called)) {
            Some(with) => Verdict::Conflicting { with },
            None => Verdict::Fresh,
        },
    }
}

/// Returns the winner among the versions of a sequence number, if it was decided by then.
fn decision(decisions: &[Decision], sequence: u64, by: Instant) -> Option<Version> {
    let made = decisions.iter().filter(|decision| decision.at <= by);
    let mut about = made.filter(|decision| decision.winner.sequence == sequence);
    about.next_back().map(|decision| decision.winner)
}

/// The confirmed versions and whether each deletes, with the times at which they were confirmed.
fn confirmed(history: &[Operation]) -> impl Iterator<Item = (Version, bool, Instant)> {
    (0..).zip(history).filter_map(|(by, operation)| {
        let (at, Answer::Done(sequence)) = operation.returned? else {
            return None;
        };
        let deletes = operation.asked == Asked::Delete;
        Some((Version { sequence, by }, deletes, at))
    })
}

/// Returns the newest version that was confirmed before this time, and whether it deletes.
fn newest(
    history: &[Operation],
    decisions: &[Decision],
    before: Instant,
) -> Option<(Version, bool)> {
    let known = confirmed(history).filter(|(_, _, at)| *at < before);
    let newest = known.max_by_key(|(version, _, _)| {
        let winner = decision(decisions, version.sequence, before);
        (version.sequence, winner == Some(*version), version.by)
    });
    newest.map(|(version, deletes, _)| (version, deletes))
}

/// Returns whether nothing being there is explained: the newest version deletes, or a delete is under way that nothing newer follows.
fn may_be_deleted(history: &[Operation], read: &Operation) -> bool {
    let returned = read.returned.map_or(read.called, |(at, _)| at);
    let newest = newest(history, &[], read.called);
    newest.is_none_or(|(_, deletes)| deletes)
        || history.iter().any(|other| {
            let is_open = match other.returned {
                Some((at, Answer::Done(_))) => at >= read.called,
                Some((_, answer)) => answer == Answer::Refused,
                None => true,
            };
            other.asked == Asked::Delete && other.called <= returned && is_open
        })
}

/// Returns the operation that wrote another confirmed version with this one's sequence number; with a time, only if all of the versions
/// with it but this one were confirmed before. A version that was read counts as soon as its reader has it.
fn rival(history: &[Operation], version: Version, before: Option<Instant>) -> Option<Value> {
    let mut others = confirmed(history).filter(|(other, _, at)| {
        other.sequence == version.sequence
            && other.by != version.by
            && before.is_none_or(|before| *at < before)
    });
    others.next().map(|(other, _, _)| other.by)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn operation(asked: Asked, called: u64, returned: u64, answer: Answer) -> Operation {
        Operation {
            asked,
            called: Instant::from_millis(called),
            returned: Some((Instant::from_millis(returned), answer)),
        }
    }

    const fn got(sequence: u64, by: Value) -> Answer {
        Answer::Got(Some(Version { sequence, by }))
    }

    fn verdicts(history: &[Operation], decisions: &[Decision]) -> Vec<Verdict> {
        let numbers = 0..history.len() as Value;
        numbers
            .filter_map(|number| verdict(history, decisions, number))
            .collect()
    }

    /// The run of the last copy of a book, in which both customers are told that they have it.
    #[test]
    fn two_orders_for_the_last_copy_conflict_until_it_is_decided() {
        let get = Asked::Get;
        let history = [
            operation(Asked::Put, 200, 410, Answer::Done(1)),
            operation(get, 900, 1_110, got(1, 0)),
            operation(Asked::Put, 4_200, 4_400, Answer::Done(2)),
            operation(get, 4_900, 6_050, got(1, 0)),
            operation(get, 5_500, 5_650, got(2, 2)),
            operation(Asked::Put, 6_300, 6_510, Answer::Done(2)),
            operation(get, 7_000, 7_120, got(2, 5)),
            operation(get, 7_500, 7_660, got(2, 2)),
            operation(get, 10_200, 10_450, got(2, 2)),
            operation(get, 10_300, 10_450, got(2, 5)),
            operation(get, 10_500, 11_700, Answer::Refused),
        ];
        let decisions = [Decision {
            at: Instant::from_millis(9_670),
            winner: Version { sequence: 2, by: 2 },
        }];
        let conflicting = |with| Verdict::Conflicting { with };
        let expected = [
            Verdict::Fresh,
            Verdict::Fresh,
            conflicting(5),
            Verdict::Stale { newer: 2 },
            Verdict::Fresh,
            conflicting(2),
            conflicting(2),
            conflicting(5),
            Verdict::Fresh,
            Verdict::Stale { newer: 2 },
            Verdict::Refused,
        ];
        assert_eq!(verdicts(&history, &decisions), expected);
        let mut open = history;
        open[10].returned = None;
        assert_eq!(verdicts(&open, &decisions)[10], Verdict::InFlight);
    }

    #[test]
    fn nothing_is_fresh_only_where_nothing_may_be_there() {
        let nothing = Answer::Got(None);
        let history = [
            operation(Asked::Get, 0, 1, nothing),
            operation(Asked::Put, 10, 20, Answer::Done(1)),
            operation(Asked::Get, 15, 25, nothing),
            operation(Asked::Get, 30, 40, nothing),
            operation(Asked::Delete, 50, 60, Answer::Done(2)),
            operation(Asked::Get, 55, 56, nothing),
            operation(Asked::Get, 70, 80, nothing),
            operation(Asked::Get, 70, 80, got(1, 1)),
            operation(Asked::Delete, 90, 95, Answer::Mismatch),
        ];
        let stale = |newer| Verdict::Stale { newer };
        let expected = [
            Verdict::Fresh,
            Verdict::Fresh,
            Verdict::Fresh,
            stale(1),
            Verdict::Fresh,
            Verdict::Fresh,
            Verdict::Fresh,
            stale(4),
            Verdict::Fresh,
        ];
        assert_eq!(verdicts(&history, &[]), expected);
    }
}
