//! Adopting a lineage: what this node keeps of its own one at level `quorum` is brought into the other, or exported, before it is given up.
//!
//! Each record that is missing there is written there, as it is, with an ordinary compare-and-set of nothing. A record in whose place
//! something else is there is a conflict: the owner of the node exports it, and says so. Nothing is dropped before that.
//! Beginning again after a failure or a restart does no harm: what is there already counts as brought.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::base::id::Id;
use crate::base::time::Instant;
use crate::node::Node;
use crate::node::api::{Event, StoreError, TimerKind};
use crate::store::group::configuration::Stamp;
use crate::store::group::part::Part;
use crate::store::group::{Entry, Input, OperationTag};
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
    /// Whether it goes on, and what came of it.
    pub state: AdoptionState,
    /// The number of records written in the other lineage.
    pub imported: u64,
    /// How many were there already.
    pub present: u64,
    /// The number of conflicts.
    pub conflicts: u64,
}

/// Whether an adoption goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdoptionState {
    /// It goes on.
    Running,
    /// The node has the other lineage.
    Done,
    /// No group of that lineage was found; the node has its own still.
    Unknown,
    /// It ended; the node has its own lineage still, with all that it kept.
    Failed(StoreError),
}

/// Why an adoption does not begin.
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
    /// Where it lies.
    pub key: Id,
    /// The record.
    pub record: Record,
    /// Its place in the history of its key.
    pub stamp: Stamp,
}

/// An adoption under way, and the last one.
#[derive(Clone, Debug)]
pub(super) struct Adopting {
    standing: Adoption,
    /// Records on their way.
    open: BTreeMap<Id, Entry>,
    /// Conflicts that are being exported, by their numbers.
    exporting: BTreeMap<u64, (Id, Stamp)>,
    /// Up to which key the records have been looked through.
    last: Option<Id>,
    /// When it last got on.
    progress: Instant,
    /// When all was brought.
    brought: Option<Instant>,
}

impl Node {
    /// Begins to bring what this node keeps at level `quorum` into another lineage of the ring, and to give its own one up. Each
    /// conflict is told by [`Event::LineageConflict`] and waits for [`Node::conflict_exported`]; [`Event::AdoptionEnded`] follows.
    ///
    /// # Errors
    /// [`AdoptError`] when the node is no member, has the lineage, or is adopting another.
    pub fn adopt(&mut self, now: Instant, lineage: u64) -> Result<(), AdoptError> {
        let groups = self.groups().ok_or(AdoptError::NoPart)?;
        let own = groups.lineage().map(|own| own.number);
        let running = self
            .adoption()
            .filter(|one| one.state == AdoptionState::Running);
        match running.map(|one| one.to) {
            Some(to) if to == lineage => return Ok(()),
            Some(_) => return Err(AdoptError::Busy),
            None => {}
        }
        if !self.membership.is_member() {
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
        self.adopting = Some(Box::new(Adopting {
            standing,
            open: BTreeMap::new(),
            exporting: BTreeMap::new(),
            last: None,
            progress: now,
            brought: None,
        }));
        // Nobody gives anything up for a mistyped number.
        if let Err(error) = self.quorum_probe(now, lineage) {
            self.on_probed(now, Err(error));
        }
        Ok(())
    }

    /// The adoption under way, or the last one of this run.
    pub fn adoption(&self) -> Option<&Adoption> {
        self.adopting.as_ref().map(|adopting| &adopting.standing)
    }

    /// The conflict of this number has been exported, and outlives a failure of the machine.
    pub fn conflict_exported(&mut self, now: Instant, number: u64) {
        let Some(adopting) = &mut self.adopting else {
            return;
        };
        if let Some((key, stamp)) = adopting.exporting.remove(&number) {
            self.step_groups(now, Input::Settled(key, stamp));
            self.services.timers.bring_forward(now, TimerKind::Adopt);
        }
    }

    /// Conflicts cannot be exported: the node keeps its lineage.
    pub fn abandon_adoption(&mut self, now: Instant, error: StoreError) {
        self.end_adoption(now, AdoptionState::Failed(error));
    }

    pub(super) fn on_adopt_timer(&mut self, now: Instant) {
        let Some(adopting) = &mut self.adopting else {
            return;
        };
        if adopting.standing.state != AdoptionState::Running {
            return;
        }
        let late = |since: Instant| now.since(since) >= LEAVING_TIMEOUT;
        if adopting.brought.is_some_and(late) {
            let groups = self.groups();
            let awaited = groups.map_or_else(Vec::new, |groups| groups.awaited());
            let missing = StoreError::NoMajority(awaited);
            return self.end_adoption(now, AdoptionState::Failed(missing));
        }
        self.services.schedule(now, TimerKind::Adopt, Some(PAUSE));
        self.bring_on(now);
    }

    /// Whether there are groups of the lineage.
    pub(super) fn on_probed(&mut self, now: Instant, outcome: Result<(), StoreError>) {
        let running = self
            .adoption()
            .filter(|one| one.state == AdoptionState::Running);
        let Some(to) = running.map(|one| one.to) else {
            return;
        };
        match outcome {
            // Without a majority at present they are groups still.
            Ok(()) | Err(StoreError::NoMajority(_)) => {
                self.step_groups(now, Input::Adopt(to));
                self.services.timers.bring_forward(now, TimerKind::Adopt);
            }
            Err(StoreError::NoGroup | StoreError::Unavailable) => {
                self.end_adoption(now, AdoptionState::Unknown);
            }
            Err(error) => self.end_adoption(now, AdoptionState::Failed(error)),
        }
    }

    /// Begins to bring the next records.
    fn bring_on(&mut self, now: Instant) {
        let Some(adopting) = &mut self.adopting else {
            return;
        };
        let room = AT_A_TIME.saturating_sub(adopting.open.len());
        if room == 0 {
            return;
        }
        let Some(groups) = self.groups.as_deref().map(Part::groups) else {
            return;
        };
        let entries = groups.unsettled(adopting.last, room);
        adopting.last = match entries.len() == room {
            true => entries
                .last()
                .map(|entry| entry.copy.record.key(self.services.config.space)),
            false => None,
        };
        let exporting: Vec<Id> = adopting.exporting.values().map(|(key, _)| *key).collect();
        let waits = !adopting.open.is_empty() || !exporting.is_empty() || !entries.is_empty();
        adopting.brought = match waits {
            true => None,
            false => adopting.brought.or(Some(now)),
        };
        let mut begun = Vec::new();
        for entry in entries {
            let key = entry.copy.record.key(self.services.config.space);
            if !exporting.contains(&key) && !adopting.open.contains_key(&key) {
                adopting.open.insert(key, entry);
                begun.push(key);
            }
        }
        for key in begun {
            if let Err(error) = self.quorum_gather(now, key) {
                self.on_brought(now, key, Err(error));
            }
        }
    }

    /// What the own lineage has under a key is known.
    pub(super) fn on_gathered(
        &mut self,
        now: Instant,
        key: Id,
        outcome: Result<Option<Box<StoredRecord>>, StoreError>,
    ) {
        let Some(adopting) = &mut self.adopting else {
            return;
        };
        let (to, Some(entry)) = (adopting.standing.to, adopting.open.get(&key)) else {
            return;
        };
        match outcome {
            Ok(Some(copy)) if copy.visible().is_some() => {
                // The same operation goes on in the other lineage, should its author try it again.
                let same = copy.record.version() == entry.copy.record.version();
                let tag = same.then_some(entry.operation);
                let mut drawn = OperationTag::default();
                self.services.rng.fill(&mut drawn.0);
                if let Err(error) = self.quorum_import(now, copy, tag.unwrap_or(drawn), to) {
                    self.on_brought(now, key, Err(error));
                }
            }
            // It was deleted, or has run out.
            Ok(_) => self.on_brought(now, key, Ok(Brought::Nothing)),
            Err(error) => self.on_brought(now, key, Err(error)),
        }
    }

    /// A record is in the other lineage, or cannot be.
    pub(super) fn on_brought(
        &mut self,
        now: Instant,
        key: Id,
        outcome: Result<Brought, StoreError>,
    ) {
        let Some(adopting) = &mut self.adopting else {
            return;
        };
        let Some(entry) = adopting.open.remove(&key) else {
            return;
        };
        let standing = &mut adopting.standing;
        match outcome {
            Ok(Brought::Conflict(record)) => {
                standing.conflicts += 1;
                let (number, stamp) = (standing.conflicts, entry.stamp);
                adopting.exporting.insert(number, (key, stamp));
                let conflict = Conflicting {
                    number,
                    key,
                    record: *record,
                    stamp,
                };
                self.services
                    .event(Event::LineageConflict(Box::new(conflict)));
                return;
            }
            Ok(Brought::Imported) => standing.imported += 1,
            Ok(Brought::Present) => standing.present += 1,
            Ok(Brought::Nothing) => {}
            Err(error) => {
                if now.since(adopting.progress) >= TIMEOUT {
                    self.end_adoption(now, AdoptionState::Failed(error));
                }
                return;
            }
        }
        adopting.progress = now;
        self.step_groups(now, Input::Settled(key, entry.stamp));
        self.services.timers.bring_forward(now, TimerKind::Adopt);
    }

    /// The node has taken the other lineage.
    pub(super) fn on_adopted(&mut self, now: Instant) {
        self.end_adoption(now, AdoptionState::Done);
    }

    fn end_adoption(&mut self, now: Instant, state: AdoptionState) {
        let Some(adopting) = &mut self.adopting else {
            return;
        };
        if adopting.standing.state != AdoptionState::Running {
            return;
        }
        adopting.standing.state = state;
        adopting.open.clear();
        adopting.exporting.clear();
        let standing = adopting.standing.clone();
        self.services.timers.clear(TimerKind::Adopt);
        if standing.state != AdoptionState::Done {
            self.step_groups(now, Input::KeepLineage);
        }
        self.services
            .event(Event::AdoptionEnded(Box::new(standing)));
    }
}

/// The outcome for a record that was to be brought into the other lineage.
#[derive(Clone, Debug)]
pub(super) enum Brought {
    /// It was written.
    Imported,
    /// It was there.
    Present,
    /// Something else is there.
    Conflict(Box<Record>),
    /// There is nothing to bring.
    Nothing,
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
