//! What the core wants of files that are shared or fetched, and what it says of them.

use std::rc::Rc;

use chordscope_core::base::content::ContentId;
use chordscope_core::swarm::api::{Event, Failure};
use wasm_bindgen_futures::spawn_local;

use super::Driver;
use crate::live::tab::place::NO_ROOM;
use crate::live::tab::reading;

impl Driver {
    /// Shares or fetches a file no more.
    pub(super) fn drop_file(&mut self, number: u32) {
        let contents = self.shares.remove(number);
        self.stop(contents);
    }

    /// A file came to nothing, for this reason.
    pub(super) fn give_up(&mut self, number: u32, why: impl Into<String>) {
        let contents = self.shares.fail(number, why);
        self.stop(contents);
    }

    pub(super) fn stop(&mut self, contents: impl IntoIterator<Item = ContentId>) {
        let now = self.clock.now();
        for content in contents {
            self.peer.stop_transfer(now, content);
        }
    }

    /// Reads a segment that others want. What the user has lent is read while other things go on.
    pub(super) fn read_segment(&mut self, content: ContentId, index: u32) {
        let now = self.clock.now();
        let Some(lent) = self.shares.lent(content) else {
            let bytes = self.read_private(content, index);
            return self.peer.handle_segment_read(now, content, index, bytes);
        };
        let (me, spent) = (self.me.clone(), Rc::clone(&self.spent));
        spawn_local(async move {
            let range = lent.layout.range(index);
            let bytes = reading::piece(&lent.blob, range, &spent).await;
            Self::happen(&me, |driver| {
                let now = driver.clock.now();
                driver.peer.handle_segment_read(now, content, index, bytes);
            });
        });
    }

    fn read_private(&mut self, content: ContentId, index: u32) -> Option<Vec<u8>> {
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
                let why = match failure {
                    // A browser's disk is what it grants the page.
                    Failure::Disk => NO_ROOM.to_owned(),
                    failure => failure.to_string(),
                };
                while let Some(number) = self.shares.number_with(content) {
                    self.give_up(number, why.clone());
                }
            }
            // The log of the page tells of it.
            Event::Banned(..) => {}
        }
    }
}
