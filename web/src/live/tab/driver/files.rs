//! What the core wants of files that are shared or fetched, and what it says of them.

use chordscope_core::base::content::ContentId;
use chordscope_core::swarm::api::{Event, Failure};

use super::Driver;
use crate::live::tab::place::NO_ROOM;

impl Driver {
    /// Shares or fetches a file no more.
    pub(super) fn drop_file(&mut self, number: u32) {
        if let Some(content) = self.shares.remove(number) {
            self.peer.stop_transfer(self.clock.now(), content);
        }
    }

    /// What the core wants of a segment.
    pub(super) fn read_segment(&mut self, content: ContentId, index: u32) -> Option<Vec<u8>> {
        let (_, active) = self.shares.active(content)?;
        active.place.read(active.layout?, index)
    }

    /// Keeps a segment, and says whether that is done.
    pub(super) fn write_segment(&mut self, content: ContentId, index: u32, bytes: &[u8]) -> bool {
        let Some((_, active)) = self.shares.active(content) else {
            return false;
        };
        let layout = active.layout;
        layout.is_some_and(|layout| active.place.write(layout, index, bytes))
    }

    pub(super) fn on_swarm_event(&mut self, event: Event) {
        match event {
            Event::Described(content) => self.described(content),
            Event::Complete(content) => self.complete(content),
            Event::Failed(content, failure) => {
                if let Some((number, _)) = self.shares.active(content) {
                    let why = match failure {
                        // A browser's disk is what it grants the page.
                        Failure::Disk => NO_ROOM.to_owned(),
                        failure => failure.to_string(),
                    };
                    self.shares.fail(number, why);
                }
            }
            // The log of the page tells of it.
            Event::Banned(..) => {}
        }
    }
}
