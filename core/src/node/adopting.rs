//! Adopting a lineage: what this node keeps of its own one at level `quorum` is brought into the other, or exported, before it is given up.
//!
//! Each record goes there as its group has it, with its place in the history of its key, and takes the place of nothing or of what an
//! earlier adoption brought of that history. A record in whose place something else is there is a conflict: the owner of the node exports
//! it, and says so. Nothing is dropped before that. So it does no harm to begin again after a failure or a restart, nor that those that are
//! left go on in the old lineage meanwhile: the last one of them brings what came after, deletions as well.
//!
//! Two lineages may be ordered to be given up for one another. A node that is about to give one up takes no records, so that neither
//! order would come to an end: the lineage of the lesser number stays. Before a node lets its lineage go it asks whether the other one
//! is being given up: it has said itself that it gives its own up before it asks, and so of two that ask each other one at least hears of it.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::base::contact::Contact;
use crate::base::id::Id;
use crate::base::time::Instant;
use crate::node::api::{Event, StoreError, TimerKind};
use crate::node::services::Services;
use crate::store::group::configuration::{Origin, Stamp};
use crate::store::group::{Entry, Groups, Input, OperationTag, Settled};
use crate::store::message::StoredRecord;
use crate::store::record::Record;

/// Records on their way at a time, at most.
const AT_A_TIME: usize = 16;
/// The pause before the remaining records are looked through again.
const PAUSE: Duration = Duration::from_millis(250);
/// The time without a record brought after which an adoption fails.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The time limit for leaving the groups once all records are brought.
const LEAVING_TIMEOUT: Duration = Duration::from_secs(120);

/// The state of an adoption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// The lineage that is given up.
    pub from: Option<u64>,
    /// The lineage that is taken.
    pub to: u64,
    /// The state of the adoption, with its outcome once it has ended.
    pub state: AdoptionState,
    /// The number of records written in the other lineage.
    pub imported: u64,
    /// The number of records that were there already.
    pub present: u64,
    /// The number of conflicts.
    pub conflicts: u64,
}

/// The state of an adoption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdoptionState {
    /// The adoption goes on.
    Running,
    /// The node has the other lineage.
    Done,
    /// No group of that lineage was found; the node has its own still.
    Unknown,
    /// The other lineage is itself being given up for this one; the node has its own still.
    GivenUp(u64),
    /// The groups of the own lineage could not be read, or not be left, in time: these members of them are awaited. The node has its own
    /// lineage still, with all that it kept.
    Held(Vec<Contact>),
    /// No group of the other lineage said in time that it stands; the node has its own still, with all that it kept.
    Unanswered,
    /// The adoption failed; the node has its own lineage still, with all that it kept.
    Failed(StoreError),
}

/// The reason why an adoption does not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AdoptError {
    /// The node is no member of a ring.
    NotMember,
    /// The node takes no part in level quorum.
    NoPart,
    /// The lineage is the node's own.
    Own,
    /// Another one is being adopted.
    Busy,
}

/// A record of the lineage that is given up, in whose place the other lineage has something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflicting {
    /// Counts the conflicts of an adoption, from 1.
    pub number: u64,
    /// The key of the record.
    pub key: Id,
    /// The record, or its deletion.
    pub record: Record,
    /// The record's place in the history of its key.
    pub stamp: Stamp,
}

/// The adoption under way, or the last one of this run.
#[derive(Clone, Debug, Default)]
pub(super) struct Adopting(Option<Box<Progress>>);

#[derive(Clone, Debug)]
struct Progress {
    standing: Adoption,
    /// Records on their way.
    open: BTreeMap<Id, Open>,
    /// Conflicts that are being exported, by their numbers.
    exporting: BTreeMap<u64, (Id, Settled)>,
    /// The key up to which the records have been looked through.
    last: Option<Id>,
    /// The time of its last progress.
    progress: Instant,
    /// The time at which all was brought.
    brought: Option<Instant>,
    /// True once the other lineage was found, and the groups were told.
    begun: bool,
    /// True while, or once, all is brought and the other lineage is asked whether it still stands.
    asks: bool,
}

/// A record on its way.
#[derive(Clone, Debug)]
struct Open {
    /// This node's own entry.
    own: Entry,
    /// The place of what its group has.
    brought: Stamp,
}

impl Open {
    const fn settled(&self) -> Settled {
        Settled {
            own: self.own.stamp,
            brought: self.brought,
        }
    }
}

impl Progress {
    /// Returns whether the node waits until the other lineage is no longer given up for this one: of two the lesser number stays.
    fn waits_for(&self, other: u64) -> bool {
        let own = self.standing.from;
        own == Some(other) && own > Some(self.standing.to)
    }
}

/// The next step of an adoption.
#[derive(Debug)]
pub(super) enum Next {
    /// To tell the groups.
    Tell(Input),
    /// To ask whether this lineage stands.
    Probe(u64),
    /// To ask for what the own lineage has under each of these keys.
    Gather(Vec<Id>),
    /// To write this record, as the operation of this tag, in this lineage.
    Import(Box<Import>),
    /// To end it.
    End(AdoptionState),
}

/// A record for the other lineage.
#[derive(Clone, Debug)]
pub(super) struct Import {
    pub(super) copy: Box<StoredRecord>,
    pub(super) operation: OperationTag,
    /// Its place in the own lineage, where the group says it.
    pub(super) origin: Option<Origin>,
    pub(super) lineage: u64,
}

/// The content of the own lineage under a key.
#[derive(Clone, Debug)]
pub(super) enum Gathered {
    Entry(Option<Box<Entry>>),
    /// As the primary of an older release says it.
    Record(Option<Box<StoredRecord>>),
}

impl Adopting {
    /// The adoption under way, or the last one.
    pub(super) fn standing(&self) -> Option<&Adoption> {
        self.0.as_ref().map(|adopting| &adopting.standing)
    }

    /// The lineage that is being adopted.
    fn target(&self) -> Option<u64> {
        let running = self.standing();
        let running = running.filter(|one| one.state == AdoptionState::Running);
        running.map(|one| one.to)
    }

    /// Begins to adopt a lineage. Returns whether it did: `false` where this lineage is being adopted already. The ring is searched for its
    /// groups afterwards.
    ///
    /// # Errors
    /// [`AdoptError`] when the node is no member, has the lineage, or is adopting another.
    pub(super) fn begin(
        &mut self,
        now: Instant,
        is_member: bool,
        own: Option<u64>,
        lineage: u64,
    ) -> Result<bool, AdoptError> {
        match self.target() {
            Some(to) if to == lineage => return Ok(false),
            Some(_) => return Err(AdoptError::Busy),
            None => {}
        }
        if !is_member {
            return Err(AdoptError::NotMember);
        }
        if own == Some(lineage) {
            return Err(AdoptError::Own);
        }
        let standing = Adoption {
            from: own,
            to: lineage,
            state: AdoptionState::Running,
            imported: 0,
            present: 0,
            conflicts: 0,
        };
        self.0 = Some(Box::new(Progress {
            standing,
            open: BTreeMap::new(),
            exporting: BTreeMap::new(),
            last: None,
            progress: now,
            brought: None,
            begun: false,
            asks: false,
        }));
        Ok(true)
    }

    /// Takes note that the conflict of this number has been exported, and outlives a failure of the machine.
    pub(super) fn on_exported(&mut self, number: u64) -> Option<Next> {
        let (key, settled) = self.0.as_mut()?.exporting.remove(&number)?;
        Some(Next::Tell(Input::Settled(key, settled)))
    }

    /// Takes the answer to whether there are groups of the lineage: where it is being given up, for which other one.
    pub(super) fn on_probed(&mut self, outcome: Result<Option<u64>, StoreError>) -> Option<Next> {
        let to = self.target()?;
        let adopting = self.0.as_mut()?;
        if core::mem::replace(&mut adopting.begun, true) {
            adopting.asks = outcome == Ok(None);
            return match outcome {
                Ok(None) => Some(Next::Tell(Input::LetGo)),
                Ok(Some(other)) if adopting.waits_for(other) => None,
                Ok(Some(other)) => Some(Next::End(AdoptionState::GivenUp(other))),
                Err(StoreError::NoGroup) => Some(Next::End(AdoptionState::Unknown)),
                // It is asked again, until the time for leaving is over.
                Err(_) => None,
            };
        }
        Some(match outcome {
            // Without a majority at present they are groups still.
            Ok(None) | Err(StoreError::NoMajority(_) | StoreError::Unstored { .. }) => {
                Next::Tell(Input::Adopt(to))
            }
            Ok(Some(other)) => Next::End(AdoptionState::GivenUp(other)),
            Err(StoreError::NoGroup | StoreError::Unavailable) => Next::End(AdoptionState::Unknown),
            Err(error) => Next::End(AdoptionState::Failed(error)),
        })
    }

    /// Begins to bring the next records; after the last one, asks whether the other lineage still stands.
    pub(super) fn on_timer(
        &mut self,
        services: &mut Services,
        now: Instant,
        groups: &Groups,
    ) -> Option<Next> {
        self.target()?;
        let adopting = self.0.as_mut()?;
        let late = |since: Instant| now.since(since) >= LEAVING_TIMEOUT;
        if adopting.brought.is_some_and(late) {
            return Some(Next::End(match groups.is_about_to_let_go() {
                true => AdoptionState::Unanswered,
                false => AdoptionState::Held(groups.awaited()),
            }));
        }
        services.schedule(now, TimerKind::Adopt, Some(PAUSE));
        let room = AT_A_TIME.saturating_sub(adopting.open.len());
        if room == 0 {
            return None;
        }
        let space = services.space();
        let entries = groups.unsettled(adopting.last, room);
        adopting.last = match entries.len() == room {
            true => entries.last().map(|entry| entry.copy.record.key(space)),
            false => None,
        };
        let exporting: Vec<Id> = adopting.exporting.values().map(|(key, _)| *key).collect();
        let waits = !adopting.open.is_empty() || !exporting.is_empty() || !entries.is_empty();
        adopting.brought = match waits {
            true => None,
            false => adopting.brought.or(Some(now)),
        };
        if adopting.brought.is_some() && !adopting.asks && groups.is_about_to_let_go() {
            adopting.asks = true;
            return Some(Next::Probe(adopting.standing.to));
        }
        let mut begun = Vec::new();
        for entry in entries {
            let key = entry.copy.record.key(space);
            if !exporting.contains(&key) && !adopting.open.contains_key(&key) {
                let brought = Stamp::default();
                let own = entry;
                adopting.open.insert(key, Open { own, brought });
                begun.push(key);
            }
        }
        Some(Next::Gather(begun))
    }

    /// Takes the record that the own lineage has under a key.
    pub(super) fn on_gathered(
        &mut self,
        services: &mut Services,
        now: Instant,
        key: Id,
        found: Gathered,
    ) -> Option<Next> {
        let adopting = self.0.as_mut()?;
        let Adoption { from, to, .. } = adopting.standing;
        let open = adopting.open.get_mut(&key)?;
        // The same operation goes on in the other lineage, should its author try it again.
        let import = match found {
            Gathered::Entry(Some(entry)) => {
                open.brought = entry.stamp;
                if entry.origin.is_some_and(|origin| origin.lineage == to) {
                    // It is from there, and what it became there since is there.
                    return self.on_brought(services, now, key, Ok(Brought::Present));
                }
                let stamp = entry.stamp;
                Some(Import {
                    copy: Box::new(entry.copy),
                    operation: entry.operation,
                    origin: from.map(|lineage| Origin { lineage, stamp }),
                    lineage: to,
                })
            }
            Gathered::Record(Some(copy)) if copy.visible().is_some() => {
                open.brought = open.own.stamp;
                let same = copy.record.version() == open.own.copy.record.version();
                let mut drawn = OperationTag::default();
                services.rng.fill(&mut drawn.0);
                Some(Import {
                    copy,
                    operation: if same { open.own.operation } else { drawn },
                    origin: None,
                    lineage: to,
                })
            }
            Gathered::Entry(None) => None,
            // It was deleted, or has run out.
            Gathered::Record(_) => {
                open.brought = open.own.stamp;
                None
            }
        };
        match import {
            Some(import) => Some(Next::Import(Box::new(import))),
            None => self.on_brought(services, now, key, Ok(Brought::Nothing)),
        }
    }

    /// Takes note that a record is in the other lineage, or cannot be.
    pub(super) fn on_brought(
        &mut self,
        services: &mut Services,
        now: Instant,
        key: Id,
        outcome: Result<Brought, StoreError>,
    ) -> Option<Next> {
        let adopting = self.0.as_mut()?;
        let open = adopting.open.remove(&key)?;
        let outcome = match outcome {
            Ok(Brought::GivenUp(other)) if adopting.waits_for(other) => {
                Err(StoreError::NoMajority(Vec::new()))
            }
            outcome => outcome,
        };
        let standing = &mut adopting.standing;
        match outcome {
            Ok(Brought::GivenUp(other)) => {
                return Some(Next::End(AdoptionState::GivenUp(other)));
            }
            Ok(Brought::Conflict(record)) => {
                standing.conflicts += 1;
                let (number, stamp) = (standing.conflicts, open.brought);
                adopting.exporting.insert(number, (key, open.settled()));
                let conflict = Conflicting {
                    number,
                    key,
                    record: *record,
                    stamp,
                };
                services.event(Event::LineageConflict(Box::new(conflict)));
                return None;
            }
            Ok(Brought::Imported) => standing.imported += 1,
            Ok(Brought::Present) => standing.present += 1,
            Ok(Brought::Nothing) => {}
            Err(error) => {
                let is_gathered = open.brought != Stamp::default();
                let state = match error {
                    StoreError::NoMajority(awaited) if !is_gathered => AdoptionState::Held(awaited),
                    error => AdoptionState::Failed(error),
                };
                let late = now.since(adopting.progress) >= TIMEOUT;
                return late.then_some(Next::End(state));
            }
        }
        adopting.progress = now;
        Some(Next::Tell(Input::Settled(key, open.settled())))
    }

    /// Ends the adoption in this state, unless it was over before.
    pub(super) fn end(
        &mut self,
        services: &mut Services,
        state: AdoptionState,
    ) -> Option<Adoption> {
        self.target()?;
        let adopting = self.0.as_mut()?;
        adopting.standing.state = state;
        adopting.open.clear();
        adopting.exporting.clear();
        services.timers.clear(TimerKind::Adopt);
        Some(adopting.standing.clone())
    }
}

/// The outcome for a record that was to be brought into the other lineage.
#[derive(Clone, Debug)]
pub(super) enum Brought {
    /// The record was written.
    Imported,
    /// The record was there.
    Present,
    /// Another record is there.
    Conflict(Box<Record>),
    /// There is no value to be brought; a deletion was.
    Nothing,
    /// The other lineage is being given up for this one.
    GivenUp(u64),
}

impl fmt::Display for AdoptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotMember => "the node is in no ring yet",
            Self::NoPart => "the node takes no part in level quorum",
            Self::Own => "the lineage is the peer's own already",
            Self::Busy => "another lineage is being adopted",
        })
    }
}

impl core::error::Error for AdoptError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::context::tests::Alone;

    #[test]
    fn one_lineage_is_adopted_at_a_time_and_only_another_than_the_own() {
        let now = Instant::ZERO;
        let mut adopting = Adopting::default();
        let outside = adopting.begin(now, false, Some(1), 2);
        assert_eq!(outside, Err(AdoptError::NotMember));
        assert_eq!(adopting.begin(now, true, Some(1), 1), Err(AdoptError::Own));
        assert_eq!(adopting.begin(now, true, Some(1), 2), Ok(true));
        assert_eq!(
            adopting.begin(now, true, Some(1), 2),
            Ok(false),
            "it goes on"
        );
        assert_eq!(adopting.begin(now, true, Some(1), 3), Err(AdoptError::Busy));
    }

    #[test]
    fn a_lineage_without_groups_is_not_adopted() {
        let mut alone = Alone::new();
        let mut adopting = Adopting::default();
        assert_eq!(adopting.begin(Instant::ZERO, true, Some(1), 2), Ok(true));
        let next = adopting.on_probed(Err(StoreError::NoGroup));
        let Some(Next::End(state)) = next else {
            panic!("{next:?}");
        };
        assert_eq!(state, AdoptionState::Unknown);
        let ended = adopting.end(&mut alone.services, state).unwrap();
        assert_eq!(ended.state, AdoptionState::Unknown);
        let again = adopting.end(&mut alone.services, AdoptionState::Done);
        assert_eq!(again, None, "it was over before");
    }

    /// An adoption of lineage 2 by a node of this one, whose groups were told.
    fn begun(own: u64) -> Adopting {
        let mut adopting = Adopting::default();
        assert_eq!(adopting.begin(Instant::ZERO, true, Some(own), 2), Ok(true));
        let away = adopting.on_probed(Err(StoreError::NoMajority(Vec::new())));
        assert!(matches!(away, Some(Next::Tell(Input::Adopt(2)))));
        adopting
    }

    #[test]
    fn of_two_lineages_that_are_given_up_for_one_another_the_lesser_number_stays() {
        let state = |next: Option<Next>| match next {
            Some(Next::End(state)) => Some(state),
            None => None,
            next => panic!("{next:?}"),
        };
        let mutual = |own| state(begun(own).on_probed(Ok(Some(own))));
        assert_eq!(mutual(1), Some(AdoptionState::GivenUp(1)));
        assert_eq!(mutual(3), None, "the other order ends");
        // A third one is not waited for, nor one that was given up before this order.
        let third = state(begun(3).on_probed(Ok(Some(1))));
        assert_eq!(third, Some(AdoptionState::GivenUp(1)));
        let mut late = Adopting::default();
        assert_eq!(late.begin(Instant::ZERO, true, Some(3), 2), Ok(true));
        let late = state(late.on_probed(Ok(Some(3))));
        assert_eq!(late, Some(AdoptionState::GivenUp(3)));
    }

    #[test]
    fn a_lineage_is_let_go_once_the_other_one_stands() {
        let mut adopting = begun(1);
        let again = adopting.on_probed(Err(StoreError::NoMajority(Vec::new())));
        assert!(again.is_none(), "{again:?}");
        let gone = begun(1).on_probed(Err(StoreError::NoGroup));
        assert!(matches!(gone, Some(Next::End(AdoptionState::Unknown))));
        let stands = adopting.on_probed(Ok(None));
        assert!(matches!(stands, Some(Next::Tell(Input::LetGo))));
    }
}
