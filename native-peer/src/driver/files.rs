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

/// What became of a segment.
pub(super) enum Done {
    Read(ContentId, u32, Option<Vec<u8>>),
    Written(ContentId, u32, io::Result<()>),
}

/// Where contents lie, and what is under way.
pub(super) struct Disk {
    places: HashMap<ContentId, Arc<Place>>,
    /// Up to which change of each place the core knows that it has changed.
    changes: HashMap<ContentId, u64>,
    /// Segments that came before there was a place for them; the core limits how many.
    early: HashMap<ContentId, Vec<(u32, Vec<Bytes>)>>,
    done: mpsc::UnboundedSender<Done>,
    /// Who hears of transfers.
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
    }

    /// Whether somebody else has written to a file since this was asked last.
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
        let Some(place) = self.places.get(&content).cloned() else {
            self.early.entry(content).or_default().push((index, pieces));
            return;
        };
        let done = self.done.clone();
        spawn_blocking(move || {
            let written = place.write(index, &pieces);
            let _ = done.send(Done::Written(content, index, written));
        });
    }

    pub(super) fn tell(&self, event: Event) {
        // Nobody listens when the peer ends.
        let _ = self.events.send(event);
    }
}
