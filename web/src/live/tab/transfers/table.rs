//! The table of all that the tab shares and fetches, a row for each file or folder.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::{Rc, Weak};
use std::time::Duration;

use chordscope_core::base::content::ContentId;
use chordscope_core::base::time::Instant;
use chordscope_core::swarm::api::{Failure, StartError};
use chordscope_core::swarm::collection::{Collection, CollectionError};
use chordscope_core::swarm::layout::Layout;
use web_sys::Blob;

use super::job::SavedUrl;
use super::place::{NoPlace, Place};
use super::reading::Unread;
use crate::live::talk::MAX_FILES;

/// The longest list of a folder's files that a tab reads, in bytes: 4 MiB.
const MAX_LIST: u64 = 4 << 20;

/// The rows, each under the number of the command that it began with.
#[derive(Debug, Default)]
pub(super) struct Table(BTreeMap<u32, Row>);

/// A file or a folder.
#[derive(Debug)]
pub(super) struct Row {
    /// Its name.
    pub(super) name: String,
    /// The content that a fetch of it is to bring, whatever became of that.
    pub(super) wanted: Option<ContentId>,
    /// Its phase.
    pub(super) phase: Phase,
}

/// The phase of a row.
#[derive(Debug)]
pub(super) enum Phase {
    /// A job reads it, to find its content id.
    Reading {
        /// Its length in bytes.
        length: u64,
        /// The bytes that were read.
        tally: Tally,
    },
    /// A job checks what is here of it, from before a reload.
    Checking {
        /// The layout, if the file was described before.
        layout: Option<Layout>,
        /// The segments that were checked.
        tally: Tally,
    },
    /// A job makes a place for it.
    Opening,
    /// The core has it.
    Active(Box<Active>),
    /// Nothing came of it, for this reason.
    Failed(Reason),
}

/// The amount of work that a job has done for a row. The job ends when this is dropped.
#[derive(Debug, Default)]
pub(in crate::live::tab) struct Tally(Rc<Cell<u64>>);

/// The job's side of a [`Tally`].
#[derive(Debug)]
pub(in crate::live::tab) struct Counter(Weak<Cell<u64>>);

impl Tally {
    /// Returns the amount so far.
    pub(super) fn amount(&self) -> u64 {
        self.0.get()
    }

    /// Returns the side of the job.
    pub(super) fn counter(&self) -> Counter {
        Counter(Rc::downgrade(&self.0))
    }
}

impl Counter {
    /// Counts more work as done. Returns whether the job is to go on.
    pub(super) fn add(&self, amount: u64) -> bool {
        let tally = self.0.upgrade();
        tally.is_some_and(|done| {
            done.set(done.get() + amount);
            true
        })
    }

    /// Whether the job is to go on.
    pub(super) fn is_wanted(&self) -> bool {
        self.add(0)
    }
}

/// The reason why nothing came of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::live::tab) enum Reason {
    /// The core does not take it.
    Start(StartError),
    /// The swarm has given it up.
    Swarm(Failure),
    /// There is no place for it.
    Place(NoPlace),
    /// The file cannot be read.
    Unread(Unread),
    /// A file of the folder, of this path, cannot be read.
    UnreadPart(String, Unread),
    /// The paths of the folder's files cannot be in a list.
    List(CollectionError),
    /// The list of the folder's files is longer than a file may be.
    LongList,
    /// A file of the folder is being fetched.
    PartIsFetched,
    /// The bytes fetched are no list of files, or one longer than [`MAX_LIST`].
    NoList,
    /// The browser does not keep or give out the whole file.
    NotSaved,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => error.fmt(f),
            Self::Swarm(failure) => failure.fmt(f),
            Self::Place(why) => why.fmt(f),
            Self::Unread(why) => why.fmt(f),
            Self::UnreadPart(path, why) => write!(f, "{path}: {why}"),
            Self::List(error) => error.fmt(f),
            Self::LongList => f.write_str("the list of its files is too long"),
            Self::PartIsFetched => {
                f.write_str("a file of it is being fetched: share it when that is done")
            }
            Self::NoList => f.write_str("this is no list of files, or one too long for a tab"),
            Self::NotSaved => f.write_str("the browser could not keep it"),
        }
    }
}

/// A file or folder that the core shares or fetches.
#[derive(Debug)]
pub(super) struct Active {
    /// The content.
    pub(super) content: ContentId,
    /// The layout, once known.
    pub(super) layout: Option<Layout>,
    /// The place of the bytes.
    pub(super) place: Place,
    /// The moment at which fetching began; none if some was here before.
    pub(super) begun: Option<Instant>,
    /// The time that fetching took.
    pub(super) took: Option<Duration>,
    /// The address at which the browser finds it, if it was fetched and is whole.
    pub(super) saved: Option<SavedUrl>,
    /// Whether this is the list of a folder's files, which is read when it is whole.
    pub(super) is_folder: bool,
    /// The list, once read.
    pub(super) folder: Option<Collection>,
    /// The files of the list, if the user has lent them.
    pub(super) parts: Vec<Lent>,
}

/// A file that the user has lent.
#[derive(Clone, Debug)]
pub(in crate::live::tab) struct Lent {
    /// The content.
    pub(super) content: ContentId,
    /// The layout.
    pub(super) layout: Layout,
    /// The bytes, as the browser gives them out.
    pub(super) blob: Blob,
}

impl Table {
    /// Adds a row, or begins it anew.
    ///
    /// # Errors
    /// Gives the row back when there are [`MAX_FILES`] others.
    pub(super) fn add(&mut self, number: u32, row: Row) -> Result<(), Row> {
        if self.0.len() < MAX_FILES || self.0.contains_key(&number) {
            self.0.insert(number, row);
            return Ok(());
        }
        Err(row)
    }

    /// The number under which a fetch of this content goes on: that of the one which came to nothing, if there is one, or a new one.
    /// None where the content is here or on its way.
    pub(super) fn number_for(&self, content: ContentId, new: u32) -> Option<u32> {
        let mut known = self
            .rows()
            .filter(|(_, row)| row.content() == Some(content));
        match known.next() {
            Some((number, row)) => matches!(row.phase, Phase::Failed(_)).then_some(number),
            None => Some(new),
        }
    }

    /// The rows with their numbers, oldest first.
    pub(super) fn rows(&self) -> impl Iterator<Item = (u32, &Row)> {
        self.0.iter().map(|(number, row)| (*number, row))
    }

    /// The row of this number.
    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Row> {
        self.0.get_mut(&number)
    }

    /// The number of the row with this content, and its state in the core.
    pub(super) fn active(&mut self, content: ContentId) -> Option<(u32, &mut Active)> {
        let mut all = self.0.iter_mut();
        all.find_map(|(number, row)| match &mut row.phase {
            Phase::Active(active) if active.content == content => Some((*number, &mut **active)),
            _ => None,
        })
    }

    /// A file of this content that the user has lent, be it of a folder.
    pub(super) fn lent(&self, content: ContentId) -> Option<Lent> {
        self.actives().find_map(|active| active.lent(content))
    }

    /// Whether a content is here, but not yet whole.
    pub(super) fn is_fetching(&self, content: ContentId) -> bool {
        let mut actives = self.actives();
        actives.any(|active| active.content == content && !active.is_whole())
    }

    /// A folder that lists a file of this content.
    pub(super) fn folder_of(&self, content: ContentId) -> Option<ContentId> {
        let lists = |active: &&Active| {
            let mut files = active.folder.iter().flat_map(|folder| folder.files());
            files.any(|file| file.content == content)
        };
        self.actives().find(lists).map(|active| active.content)
    }

    fn actives(&self) -> impl Iterator<Item = &Active> {
        self.0.values().filter_map(|row| match &row.phase {
            Phase::Active(active) => Some(&**active),
            _ => None,
        })
    }

    /// The number of a row with this content, or of a folder that has it.
    pub(super) fn number_with(&self, content: ContentId) -> Option<u32> {
        let has = |row: &Row| matches!(&row.phase, Phase::Active(active) if active.has(content));
        let mut rows = self.rows();
        rows.find(|(_, row)| has(row)).map(|(number, _)| number)
    }

    /// Notes that nothing comes of a row. Returns the contents that the core has for it and for no other.
    pub(super) fn fail(&mut self, number: u32, reason: Reason) -> Vec<ContentId> {
        let Some(row) = self.0.get_mut(&number) else {
            return Vec::new();
        };
        let before = std::mem::replace(&mut row.phase, Phase::Failed(reason));
        self.end(before)
    }

    /// Forgets a row. Returns the contents that the core has for it and for no other.
    pub(super) fn remove(&mut self, number: u32) -> Vec<ContentId> {
        match self.0.remove(&number) {
            Some(row) => self.end(row.phase),
            None => Vec::new(),
        }
    }

    fn end(&self, phase: Phase) -> Vec<ContentId> {
        let Phase::Active(active) = phase else {
            return Vec::new();
        };
        let mut contents = active.end();
        contents.retain(|content| self.number_with(*content).is_none());
        contents
    }
}

impl Row {
    /// The content, once known.
    pub(super) fn content(&self) -> Option<ContentId> {
        match &self.phase {
            Phase::Active(active) => Some(active.content),
            _ => self.wanted,
        }
    }
}

impl Phase {
    /// The core has this.
    pub(super) fn active(active: Active) -> Self {
        Self::Active(Box::new(active))
    }
}

impl Active {
    pub(super) const fn new(content: ContentId, layout: Option<Layout>, place: Place) -> Self {
        Self {
            content,
            layout,
            place,
            begun: None,
            took: None,
            saved: None,
            is_folder: false,
            folder: None,
            parts: Vec::new(),
        }
    }

    /// The number of bytes, once known: of a folder whose list was read, those of its files.
    pub(super) fn length(&self) -> Option<u64> {
        match &self.folder {
            Some(list) => {
                let lengths = list.files().iter().map(|file| file.length);
                Some(lengths.fold(0, u64::saturating_add))
            }
            None => self.layout.map(Layout::length),
        }
    }

    /// Reads the bytes as the list of a folder's files.
    pub(super) fn list(&self) -> Option<Collection> {
        let layout = self.layout.filter(|layout| layout.length() <= MAX_LIST)?;
        let parts = (0..layout.count()).map(|index| self.place.read(layout, index));
        let parts: Option<Vec<Vec<u8>>> = parts.collect();
        Collection::decode(&parts?.concat()).ok()
    }

    /// Whether all of it is here, and the browser can be asked for it.
    pub(super) const fn is_whole(&self) -> bool {
        self.saved.is_some() || matches!(self.place, Place::Lent(_))
    }

    /// A file of this content that the user has lent.
    fn lent(&self, content: ContentId) -> Option<Lent> {
        let part = self.parts.iter().find(|part| part.content == content);
        let own = || match (&self.place, self.layout) {
            (Place::Lent(blob), Some(layout)) if self.content == content => Some(Lent {
                content,
                layout,
                blob: blob.clone(),
            }),
            _ => None,
        };
        part.cloned().or_else(own)
    }

    /// Whether it is this content, or has a file of it.
    fn has(&self, content: ContentId) -> bool {
        self.content == content || self.parts.iter().any(|part| part.content == content)
    }

    /// Gives the room back. Returns the contents that the core has for it.
    fn end(self) -> Vec<ContentId> {
        self.place.remove();
        let parts = self.parts.iter().map(|part| part.content);
        parts.chain([self.content]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetched(content: ContentId, phase: Phase) -> Row {
        Row {
            name: "a.txt".to_owned(),
            wanted: Some(content),
            phase,
        }
    }

    const CHANGED: Reason = Reason::Swarm(Failure::Changed);

    #[test]
    fn a_content_that_is_fetched_twice_has_one_row() {
        let (content, other) = (ContentId::of(b"one"), ContentId::of(b"two"));
        let mut table = Table::default();
        assert_eq!(table.number_for(content, 70), Some(70));
        table.add(70, fetched(content, Phase::Opening)).unwrap();
        assert_eq!(table.number_for(content, 71), None);
        assert_eq!(table.number_for(other, 71), Some(71));
        table.fail(70, CHANGED);
        assert_eq!(table.number_for(content, 71), Some(70));
    }

    #[test]
    fn a_fetch_that_is_begun_anew_takes_no_more_room() {
        let mut table = Table::default();
        let row = |at: u32| fetched(ContentId::of(&at.to_be_bytes()), Phase::Opening);
        for number in 0..MAX_FILES as u32 {
            table.add(number, row(number)).unwrap();
        }
        let refused = table.add(MAX_FILES as u32, row(MAX_FILES as u32));
        assert!(refused.is_err());
        table.fail(3, CHANGED);
        table.add(3, row(3)).unwrap();
        assert_eq!(table.rows().count(), MAX_FILES);
    }

    #[test]
    fn a_job_goes_on_until_its_row_is_in_another_phase_or_gone() {
        let mut table = Table::default();
        let tally = Tally::default();
        let counter = tally.counter();
        let phase = Phase::Reading { length: 9, tally };
        table.add(1, fetched(ContentId::of(b"one"), phase)).unwrap();
        assert!(counter.add(4) && counter.add(2));
        let Some(Phase::Reading { tally, .. }) = table.get_mut(1).map(|row| &row.phase) else {
            panic!("it is being read");
        };
        assert_eq!(tally.amount(), 6);
        table.fail(1, CHANGED);
        assert!(!counter.is_wanted());
    }
}
