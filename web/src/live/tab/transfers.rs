//! Files and folders that the tab shares and fetches: from a command of the page to the segments that the core reads and writes.
//!
//! Here is the state, and no waiting: whatever takes a while is a [`Job`], and comes back as an [`Event`].

mod job;
mod place;
mod reading;
mod table;
mod taking_up;
mod view;

use std::collections::VecDeque;

use chordscope_core::base::content::ContentId;
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::time::Instant;
use chordscope_core::peer::Peer;
use chordscope_core::swarm::api::{Event as SwarmEvent, Failure, StartError};
use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::manifest::Manifest;
use chordscope_core::swarm::picker::Order;
use web_sys::{Blob, File};

use self::job::SavedUrl;
pub(super) use self::job::{Job, Jobs};
use self::place::{NoPlace, Place};
use self::reading::ReadFolder;
use self::table::{Active, Counter, Lent, Phase, Reason, Row, Table, Tally};
use super::files::{Heading, KeptFile};
use super::parts::Context;
use crate::live::talk::{FileRow, LocalFolder, Wanted};

/// All that the tab shares and fetches.
#[derive(Debug)]
pub(super) struct Transfers {
    me: Id,
    table: Table,
    wants: VecDeque<Want>,
}

/// A want of the driver.
#[derive(Debug)]
pub(super) enum Want {
    /// Begin this job.
    Begin(Job),
    /// Tell the page that there is no room for one more file, which has this name.
    Refuse(String),
}

/// The end of a job, or a file that one has found.
#[derive(Debug)]
pub(super) enum Event {
    /// A file was read to find its content id.
    FileRead(u32, File, Result<Manifest, Reason>),
    /// The files of a folder were read.
    FolderRead(u32, Result<ReadFolder, Reason>),
    /// There is a place for what is to be fetched.
    PlaceMade(u32, Place, Bearing),
    /// There is none.
    NoPlace(u32, NoPlace),
    /// A whole file has an address at which the browser saves it; none where that failed.
    Saved(u32, ContentId, Option<SavedUrl>),
    /// A segment of a lent file was read.
    SegmentRead(ContentId, u32, Option<Vec<u8>>),
    /// A file from before a reload was found, which is checked next. The job ends if its row is refused.
    Found(u32, Heading, Tally),
    /// Some of a file from before a reload is here.
    Checked(u32, KeptFile, Manifest, Bitfield),
}

/// The content of a fetch, and whether that is the list of a folder's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bearing {
    content: ContentId,
    is_folder: bool,
}

impl Bearing {
    const fn of(heading: &Heading) -> Self {
        Self {
            content: heading.content,
            is_folder: heading.is_folder,
        }
    }
}

impl Transfers {
    /// Those of the peer with this id.
    pub(super) fn new(me: Id) -> Self {
        Self {
            me,
            table: Table::default(),
            wants: VecDeque::new(),
        }
    }

    /// Returns the next want.
    pub(super) fn poll_want(&mut self) -> Option<Want> {
        self.wants.pop_front()
    }

    /// Returns the rows that the page shows.
    pub(super) fn view(&self, peer: &Peer, now: Instant) -> Vec<FileRow> {
        view::rows(&self.table, peer, now)
    }

    // Commands of the page.

    /// Reads a file of this computer to find its content id, and shares it then.
    pub(super) fn share(&mut self, number: u32, file: File) {
        let begun = self.begin_reading(number, file.name(), file.size() as u64);
        if let Some(counter) = begun {
            self.begin(Job::ReadFile(number, file, counter));
        }
    }

    /// Reads every file of a folder to find its content id, and shares them all then.
    pub(super) fn share_folder(&mut self, number: u32, folder: LocalFolder) {
        let LocalFolder { name, files } = folder;
        let length = files.iter().map(|file| file.file.size() as u64).sum();
        let Some(counter) = self.begin_reading(number, name, length) else {
            return;
        };
        // Names that cannot be are told before hours of reading.
        match reading::check_names(&files) {
            Ok(()) => self.begin(Job::ReadFolder(number, files, counter)),
            Err(error) => {
                self.table.fail(number, Reason::List(error));
            }
        }
    }

    fn begin_reading(&mut self, number: u32, name: String, length: u64) -> Option<Counter> {
        let tally = Tally::default();
        let counter = tally.counter();
        let phase = Phase::Reading { length, tally };
        let row = Row {
            name,
            wanted: None,
            phase,
        };
        self.add(number, row).then_some(counter)
    }

    /// Fetches a content, once there is a place for it. One that is here or on its way stays as it is.
    pub(super) fn fetch(&mut self, context: &Context<'_>, number: u32, wanted: Wanted) {
        let Wanted {
            content,
            name,
            is_folder,
        } = wanted;
        let Some(number) = self.table.number_for(content, number) else {
            return;
        };
        let is_here = context.peer.swarm().have(content).is_some();
        let phase = match is_here {
            true => Phase::Failed(Reason::Start(StartError::Already)),
            false => Phase::Opening,
        };
        let row = Row {
            name: name.clone(),
            wanted: Some(content),
            phase,
        };
        if !self.add(number, row) || is_here {
            return;
        }
        let heading = Heading {
            content,
            name,
            layout: None,
            is_whole: false,
            is_folder,
        };
        let me = Space::FULL.show(self.me);
        self.begin(Job::MakePlace(number, me, heading));
    }

    /// Shares or fetches a file no more.
    pub(super) fn remove(&mut self, context: &mut Context<'_>, number: u32) {
        let contents = self.table.remove(number);
        stop(context, contents);
    }

    fn add(&mut self, number: u32, row: Row) -> bool {
        let added = self.table.add(number, row);
        if let Err(row) = added {
            self.wants.push_back(Want::Refuse(row.name));
            return false;
        }
        true
    }

    fn begin(&mut self, job: Job) {
        self.wants.push_back(Want::Begin(job));
    }

    fn give_up(&mut self, context: &mut Context<'_>, number: u32, reason: Reason) {
        let contents = self.table.fail(number, reason);
        stop(context, contents);
    }

    // Segments.

    /// Reads a segment that others want.
    pub(super) fn read_segment(
        &mut self,
        context: &mut Context<'_>,
        content: ContentId,
        index: u32,
    ) {
        if let Some(lent) = self.table.lent(content) {
            return self.begin(Job::ReadSegment(lent, index));
        }
        let found = self.table.active(content);
        let bytes = found.and_then(|(_, active)| active.place.read(active.layout?, index));
        let peer = &mut *context.peer;
        peer.handle_segment_read(context.now, content, index, bytes);
    }

    /// Keeps a segment, which was checked.
    pub(super) fn write_segment(
        &mut self,
        context: &mut Context<'_>,
        content: ContentId,
        index: u32,
        bytes: &[u8],
    ) {
        let found = self.table.active(content);
        let done = found.is_some_and(|(_, active)| {
            let layout = active.layout;
            layout.is_some_and(|layout| active.place.write(layout, index, bytes))
        });
        let peer = &mut *context.peer;
        peer.handle_segment_written(context.now, content, index, done);
    }

    // News of the swarm.

    /// Takes an event of the swarm in.
    pub(super) fn on_swarm_event(&mut self, context: &mut Context<'_>, event: SwarmEvent) {
        match event {
            SwarmEvent::Described(content) => self.described(context, content),
            SwarmEvent::Complete(content) => self.complete(context, content),
            SwarmEvent::Failed(content, failure) => {
                let reason = match failure {
                    // A browser's disk is what it grants the page.
                    Failure::Disk => Reason::Place(NoPlace::NoRoom),
                    failure => Reason::Swarm(failure),
                };
                while let Some(number) = self.table.number_with(content) {
                    self.give_up(context, number, reason.clone());
                }
            }
            // The page's log tells of it.
            SwarmEvent::Banned(..) => {}
        }
    }

    /// The length of what is being fetched is known: makes room for it.
    fn described(&mut self, context: &mut Context<'_>, content: ContentId) {
        let manifest = context.peer.swarm().manifest(content);
        let (Some(manifest), Some((number, active))) = (manifest, self.table.active(content))
        else {
            return;
        };
        active.layout = Some(manifest.layout());
        if let Err(why) = active.place.describe(manifest) {
            self.give_up(context, number, Reason::Place(why));
        }
    }

    /// Every segment is here: makes a file of them that the browser can save.
    fn complete(&mut self, context: &mut Context<'_>, content: ContentId) {
        let found = self.table.active(content);
        let Some((number, active)) = found.filter(|(_, active)| !active.is_whole()) else {
            return;
        };
        active.took = active.begun.map(|begun| context.now.since(begun));
        if active.is_folder {
            active.folder = active.list();
            if active.folder.is_none() {
                return self.give_up(context, number, Reason::NoList);
            }
        }
        match active.place.whole() {
            Some(whole) => self.begin(Job::Save(number, content, whole)),
            None => self.give_up(context, number, Reason::NotSaved),
        }
    }

    // News of jobs.

    /// Takes the end of a job in.
    pub(super) fn on_event(&mut self, context: &mut Context<'_>, event: Event) {
        match event {
            Event::FileRead(number, file, Ok(manifest)) => {
                self.file_was_read(context, number, file, manifest);
            }
            Event::FolderRead(number, Ok(read)) => self.folder_was_read(context, number, read),
            Event::FileRead(number, _, Err(why)) | Event::FolderRead(number, Err(why)) => {
                self.give_up(context, number, why);
            }
            Event::PlaceMade(number, place, bearing) => {
                self.begin_fetch(context, number, place, bearing);
            }
            Event::NoPlace(number, why) => self.give_up(context, number, Reason::Place(why)),
            Event::Saved(number, content, url) => self.saved(context, number, content, url),
            Event::SegmentRead(content, index, bytes) => {
                let peer = &mut *context.peer;
                peer.handle_segment_read(context.now, content, index, bytes);
            }
            Event::Found(number, heading, tally) => self.found(number, heading, tally),
            Event::Checked(number, kept, manifest, have) => {
                self.was_checked(context, number, kept, manifest, have);
            }
        }
    }

    fn file_was_read(
        &mut self,
        context: &mut Context<'_>,
        number: u32,
        file: File,
        manifest: Manifest,
    ) {
        let (content, layout) = (manifest.content(), manifest.layout());
        let Some(row) = self.table.get_mut(number) else {
            return;
        };
        let have = Bitfield::all(layout.count());
        match context.peer.share(context.now, manifest, have) {
            Ok(()) => {
                let place = Place::Lent(Blob::from(file));
                row.phase = Phase::active(Active::new(content, Some(layout), place));
            }
            Err(error) => self.give_up(context, number, Reason::Start(error)),
        }
    }

    /// Shares the files of a folder and then their list, all or none.
    fn folder_was_read(&mut self, context: &mut Context<'_>, number: u32, read: ReadFolder) {
        let ReadFolder { list, files, own } = read;
        let (mut parts, mut begun) = (Vec::<Lent>::new(), Vec::new());
        let own_content = own.0.content();
        for (manifest, blob) in files.into_iter().chain([own]) {
            let (content, layout) = (manifest.content(), manifest.layout());
            match self.share_part(context, manifest, content == own_content) {
                Ok(is_new) => begun.extend(is_new.then_some(content)),
                Err(reason) => {
                    stop(context, begun);
                    return self.give_up(context, number, reason);
                }
            }
            // Files that are alike are one.
            if parts.iter().all(|other| other.content != content) {
                parts.push(Lent {
                    content,
                    layout,
                    blob,
                });
            }
        }
        let (Some(own), Some(row)) = (parts.pop(), self.table.get_mut(number)) else {
            return stop(context, begun);
        };
        row.phase = Phase::active(Active {
            is_folder: true,
            folder: Some(list),
            parts,
            ..Active::new(own.content, Some(own.layout), Place::Lent(own.blob))
        });
    }

    /// Shares a file of a folder, or the list of them. Returns whether it was not shared before.
    fn share_part(
        &self,
        context: &mut Context<'_>,
        manifest: Manifest,
        is_list: bool,
    ) -> Result<bool, Reason> {
        let (now, content) = (context.now, manifest.content());
        if self.table.is_fetching(content) {
            return Err(Reason::PartIsFetched);
        }
        if context.peer.swarm().have(content).is_some() {
            return Ok(false);
        }
        let have = Bitfield::all(manifest.layout().count());
        let shared = match is_list {
            true => context.peer.share(now, manifest, have),
            false => context.peer.share_part(now, manifest, have),
        };
        shared.map_err(Reason::Start)?;
        Ok(true)
    }

    /// Fetches a content for which there is a place.
    fn begin_fetch(
        &mut self,
        context: &mut Context<'_>,
        number: u32,
        place: Place,
        bearing: Bearing,
    ) {
        let (now, Bearing { content, is_folder }) = (context.now, bearing);
        let folder = self.table.folder_of(content);
        let Some(row) = self.table.get_mut(number) else {
            return place.remove();
        };
        match context.peer.fetch(now, content, Order::RarestFirst) {
            Ok(()) => {
                if let Some(folder) = folder {
                    context.peer.look_in(now, content, folder);
                }
                row.phase = Phase::active(Active {
                    begun: Some(now),
                    is_folder,
                    ..Active::new(content, None, place)
                });
            }
            Err(error) => {
                place.remove();
                self.give_up(context, number, Reason::Start(error));
            }
        }
    }

    fn saved(
        &mut self,
        context: &mut Context<'_>,
        number: u32,
        content: ContentId,
        url: Option<SavedUrl>,
    ) {
        let found = self.table.active(content);
        let Some((_, active)) = found.filter(|(found, _)| *found == number) else {
            return;
        };
        active.saved = url;
        if active.saved.is_none() {
            self.give_up(context, number, Reason::NotSaved);
        }
    }

    /// Adds a row for a file from before a reload. Where there is no room, nothing is lost: the next tab finds the file again.
    fn found(&mut self, number: u32, heading: Heading, tally: Tally) {
        let row = Row {
            name: heading.name,
            wanted: Some(heading.content),
            phase: Phase::Checking {
                layout: heading.layout,
                tally,
            },
        };
        self.add(number, row);
    }

    /// Fetches the rest of a file from before a reload, and shares all of it.
    fn was_checked(
        &mut self,
        context: &mut Context<'_>,
        number: u32,
        kept: KeptFile,
        manifest: Manifest,
        have: Bitfield,
    ) {
        let bearing = Bearing::of(kept.heading());
        let (is_whole, layout) = (have.is_full(), manifest.layout());
        // Only the last segment proves the length: without it, a lie told before would make liars of all others.
        if !have.contains(layout.last()) {
            return self.begin_fetch(context, number, Place::Kept(kept), bearing);
        }
        let Some(row) = self.table.get_mut(number) else {
            return Place::Kept(kept).remove();
        };
        match context.peer.share(context.now, manifest, have) {
            Ok(()) => {
                row.phase = Phase::active(Active {
                    is_folder: bearing.is_folder,
                    ..Active::new(bearing.content, Some(layout), Place::Kept(kept))
                });
            }
            // Another file with the same content is here already.
            Err(error) => return self.give_up(context, number, Reason::Start(error)),
        }
        if is_whole {
            self.complete(context, bearing.content);
        }
    }
}

fn stop(context: &mut Context<'_>, contents: impl IntoIterator<Item = ContentId>) {
    for content in contents {
        context.peer.stop_transfer(context.now, content);
    }
}

#[cfg(test)]
mod tests {
    use chordscope_core::swarm::collection::{Collection, File as ListedFile};
    use chordscope_core::swarm::layout::Layout;
    use chordscope_core::swarm::manifest::digest;
    use wasm_bindgen::{JsCast, JsValue};

    use super::super::parts::fixture::Around;
    use super::*;
    use crate::live::talk::{MAX_FILES, Progress};

    const FIRST: u32 = 70;

    fn wanted(bytes: &[u8]) -> Wanted {
        Wanted {
            content: ContentId::of(bytes),
            name: "a.txt".to_owned(),
            is_folder: false,
        }
    }

    fn transfers(around: &Around) -> Transfers {
        Transfers::new(around.peer.node().id())
    }

    /// A fetch for which a job makes a place.
    fn opening(around: &mut Around) -> Transfers {
        let mut transfers = transfers(around);
        transfers.fetch(&around.context(), FIRST, wanted(b"some"));
        let want = transfers.poll_want();
        assert!(matches!(
            want,
            Some(Want::Begin(Job::MakePlace(FIRST, _, _)))
        ));
        transfers
    }

    /// Lets the job end with a place in memory.
    fn place_made(around: &mut Around, transfers: &mut Transfers) {
        let bearing = Bearing {
            content: ContentId::of(b"some"),
            is_folder: false,
        };
        let made = Event::PlaceMade(FIRST, Place::Memory(Vec::new()), bearing);
        transfers.on_event(&mut around.context(), made);
    }

    fn is_here(around: &Around, bytes: &[u8]) -> bool {
        let swarm = around.peer.swarm();
        swarm.have(ContentId::of(bytes)).is_some()
    }

    /// The progress of the only row.
    fn progress(around: &Around, transfers: &Transfers) -> Progress {
        let mut rows = transfers.view(&around.peer, around.now);
        assert_eq!(rows.len(), 1);
        rows.remove(0).progress
    }

    #[test]
    fn a_fetch_begins_once_there_is_a_place_for_it() {
        let mut around = Around::new();
        let mut transfers = opening(&mut around);
        assert!(!is_here(&around, b"some"));
        place_made(&mut around, &mut transfers);
        assert!(is_here(&around, b"some"));
        let row = progress(&around, &transfers);
        assert!(matches!(row, Progress::Fetching(_)));
        // Nothing becomes of another command for the same.
        transfers.fetch(&around.context(), FIRST + 1, wanted(b"some"));
        assert!(transfers.poll_want().is_none());
        transfers.remove(&mut around.context(), FIRST);
        assert!(!is_here(&around, b"some"));
    }

    #[test]
    fn a_fetch_that_the_user_has_ended_does_not_begin_when_its_place_is_made() {
        let mut around = Around::new();
        let mut transfers = opening(&mut around);
        transfers.remove(&mut around.context(), FIRST);
        place_made(&mut around, &mut transfers);
        assert!(!is_here(&around, b"some"));
        assert_eq!(transfers.view(&around.peer, around.now), []);
    }

    #[test]
    fn a_fetch_that_came_to_nothing_goes_on_in_its_row() {
        let mut around = Around::new();
        let mut transfers = opening(&mut around);
        place_made(&mut around, &mut transfers);
        let failed = SwarmEvent::Failed(ContentId::of(b"some"), Failure::Disk);
        transfers.on_swarm_event(&mut around.context(), failed);
        assert!(!is_here(&around, b"some"));
        let Progress::Failed(why) = progress(&around, &transfers) else {
            panic!("it has failed");
        };
        assert_eq!(why, NoPlace::NoRoom.to_string());
        transfers.fetch(&around.context(), FIRST + 1, wanted(b"some"));
        let want = transfers.poll_want();
        assert!(matches!(
            want,
            Some(Want::Begin(Job::MakePlace(FIRST, _, _)))
        ));
        let none = Event::NoPlace(FIRST, NoPlace::NoRoom);
        transfers.on_event(&mut around.context(), none);
        let row = progress(&around, &transfers);
        assert!(matches!(row, Progress::Failed(_)));
    }

    /// Fills the table.
    fn full(around: &mut Around) -> Transfers {
        let mut transfers = transfers(around);
        for number in 0..MAX_FILES as u32 {
            let wanted = wanted(&number.to_be_bytes());
            transfers.fetch(&around.context(), FIRST + number, wanted);
            assert!(matches!(transfers.poll_want(), Some(Want::Begin(_))));
        }
        transfers
    }

    #[test]
    fn the_user_is_told_of_each_file_that_there_is_no_room_for() {
        let mut around = Around::new();
        let mut transfers = full(&mut around);
        transfers.fetch(&around.context(), FIRST + 64, wanted(b"one more"));
        let Some(Want::Refuse(name)) = transfers.poll_want() else {
            panic!("it is refused");
        };
        assert_eq!(name, "a.txt");
    }

    #[test]
    fn a_file_from_before_a_reload_that_there_is_no_room_for_is_not_checked() {
        let found = |transfers: &mut Transfers, around: &mut Around| {
            let heading = Heading {
                content: ContentId::of(b"kept"),
                name: "kept.txt".to_owned(),
                layout: None,
                is_whole: false,
                is_folder: false,
            };
            let tally = Tally::default();
            let counter = tally.counter();
            let found = Event::Found(1, heading, tally);
            transfers.on_event(&mut around.context(), found);
            counter.is_wanted()
        };
        let mut around = Around::new();
        let mut empty = transfers(&around);
        assert!(found(&mut empty, &mut around));
        let row = progress(&around, &empty);
        assert_eq!(row, Progress::Checking { done: 0 });
        let mut full = full(&mut around);
        assert!(!found(&mut full, &mut around));
    }

    fn manifest(bytes: &[u8]) -> Manifest {
        let layout = Layout::of(bytes.len() as u64).unwrap();
        Manifest::of(layout, vec![digest(layout, 0, bytes)]).unwrap()
    }

    /// A folder that was read, with these files.
    fn folder(files: &[&[u8]]) -> (Vec<u8>, ReadFolder) {
        // The tests read none of them.
        let blob = || JsValue::NULL.unchecked_into::<Blob>();
        let listed = |(index, bytes): (usize, &&[u8])| ListedFile {
            path: index.to_string(),
            content: ContentId::of(bytes),
            length: bytes.len() as u64,
        };
        let list = Collection::new(files.iter().enumerate().map(listed).collect()).unwrap();
        let encoded = list.encode();
        let read = ReadFolder {
            own: (manifest(&encoded), blob()),
            files: files
                .iter()
                .map(|bytes| (manifest(bytes), blob()))
                .collect(),
            list,
        };
        (encoded, read)
    }

    /// Adds a row for a folder, whose reading ends so.
    fn folder_read(around: &mut Around, transfers: &mut Transfers, read: ReadFolder) {
        let number = FIRST + 9;
        assert!(
            transfers
                .begin_reading(number, "songs".to_owned(), 9)
                .is_some()
        );
        let ended = Event::FolderRead(number, Ok(read));
        transfers.on_event(&mut around.context(), ended);
    }

    #[test]
    fn the_files_of_a_folder_are_shared_with_their_list_and_end_with_it() {
        let mut around = Around::new();
        let mut transfers = transfers(&around);
        let (list, read) = folder(&[b"one", b"two", b"one"]);
        folder_read(&mut around, &mut transfers, read);
        for bytes in [b"one", b"two", list.as_slice()] {
            assert!(is_here(&around, bytes));
        }
        let Progress::Here(here) = progress(&around, &transfers) else {
            panic!("it is shared");
        };
        assert_eq!(here.folder.map(|(count, _)| count), Some(3));
        assert!(here.link.contains("c=1"), "{}", here.link);
        transfers.remove(&mut around.context(), FIRST + 9);
        for bytes in [b"one", b"two", list.as_slice()] {
            assert!(!is_here(&around, bytes));
        }
    }

    #[test]
    fn of_a_folder_with_a_file_that_is_being_fetched_nothing_is_shared() {
        let mut around = Around::new();
        let mut transfers = opening(&mut around);
        place_made(&mut around, &mut transfers);
        let (list, read) = folder(&[b"one", b"some"]);
        folder_read(&mut around, &mut transfers, read);
        assert!(is_here(&around, b"some"));
        assert!(!is_here(&around, b"one") && !is_here(&around, &list));
        let rows = transfers.view(&around.peer, around.now);
        let why = Progress::Failed(Reason::PartIsFetched.to_string());
        assert_eq!(rows[1].progress, why);
    }
}
