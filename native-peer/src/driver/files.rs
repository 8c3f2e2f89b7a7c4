//! Segments between the core and the disk.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use chordscope_core::base::content::ContentId;
use chordscope_core::swarm::api::Event;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::files::Place;

/// The outcome of work on a segment.
pub(super) enum Done {
    Read(ContentId, u32, Option<Vec<u8>>),
    Written(ContentId, u32, io::Result<()>),
    /// No segment of a content is being written any more.
    Rested(ContentId),
}

/// A segment that is to be written, in pieces.
type Segment = (u32, Vec<Bytes>);

/// The places of contents, and the work under way on them.
pub(super) struct Disk {
    places: HashMap<ContentId, Arc<Place>>,
    /// The change of each place up to which the core knows that it has changed.
    changes: HashMap<ContentId, u64>,
    /// Segments that came before there was a place for them; the core limits how many.
    early: HashMap<ContentId, Vec<Segment>>,
    /// The segments that wait while others of the same content are being written: several writers of one file only get into each
    /// other's way in the system, and each would hold a thread meanwhile. The core limits how many.
    waiting: HashMap<ContentId, Vec<Segment>>,
    done: mpsc::UnboundedSender<Done>,
    /// The listener for events of transfers.
    events: mpsc::UnboundedSender<Event>,
}

impl Disk {
    pub(super) fn new(
        events: mpsc::UnboundedSender<Event>,
    ) -> (Self, mpsc::UnboundedReceiver<Done>) {
        let (done, outcomes) = mpsc::unbounded_channel();
        let disk = Self {
            places: HashMap::new(),
            changes: HashMap::new(),
            early: HashMap::new(),
            waiting: HashMap::new(),
            done,
            events,
        };
        (disk, outcomes)
    }

    pub(super) fn place(&mut self, content: ContentId, place: Arc<Place>) {
        self.changes.insert(content, place.changes());
        self.places.insert(content, place);
        for (index, pieces) in self.early.remove(&content).unwrap_or_default() {
            self.write(content, index, pieces);
        }
    }

    pub(super) fn forget(&mut self, content: ContentId) {
        self.places.remove(&content);
        self.changes.remove(&content);
        self.early.remove(&content);
        if let Some(waiting) = self.waiting.get_mut(&content) {
            waiting.clear();
        }
    }

    /// Returns whether another program has written to a file since this was asked last.
    pub(super) fn has_changed(&mut self, content: ContentId) -> bool {
        let changes = self.places.get(&content).map(|place| place.changes());
        changes.is_some_and(|now| self.changes.insert(content, now) != Some(now))
    }

    pub(super) fn read(&self, content: ContentId, index: u32) {
        let (place, done) = (self.places.get(&content).cloned(), self.done.clone());
        spawn_blocking(move || {
            let bytes = place.and_then(|place| place.read(index).ok());
            let _ = done.send(Done::Read(content, index, bytes));
        });
    }

    pub(super) fn write(&mut self, content: ContentId, index: u32, pieces: Vec<Bytes>) {
        if !self.places.contains_key(&content) {
            self.early.entry(content).or_default().push((index, pieces));
        } else if let Some(waiting) = self.waiting.get_mut(&content) {
            waiting.push((index, pieces));
        } else {
            self.waiting.insert(content, vec![(index, pieces)]);
            self.go_on(content);
        }
    }

    /// Writes what waits.
    pub(super) fn go_on(&mut self, content: ContentId) {
        let segments = self.waiting.remove(&content).unwrap_or_default();
        let Some(place) = self.places.get(&content).cloned() else {
            return;
        };
        if segments.is_empty() {
            return;
        }
        self.waiting.insert(content, Vec::new());
        let done = self.done.clone();
        spawn_blocking(move || {
            for (index, pieces) in segments {
                let written = place.write(index, &pieces);
                let _ = done.send(Done::Written(content, index, written));
            }
            let _ = done.send(Done::Rested(content));
        });
    }

    pub(super) fn tell(&self, event: Event) {
        // Nobody listens when the peer ends.
        let _ = self.events.send(event);
    }
}
