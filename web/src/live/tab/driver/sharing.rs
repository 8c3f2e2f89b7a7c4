//! Sharing a file of the user's: it is read once, to find its content id, and again whenever somebody wants some of it.

use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::layout::Layout;
use chordscope_core::swarm::manifest::{Manifest, digest};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, File};

use super::Driver;
use crate::live::tab::place::{Place, segment};
use crate::live::tab::shares::Stage;

impl Driver {
    /// Reads a file to find its content id, a segment at a time, and shares it then.
    pub(super) fn share(&mut self, number: u32, file: File) {
        let layout = Layout::of(file.size() as u64);
        let stage = match layout {
            Some(layout) => Stage::Reading { layout, done: 0 },
            None => Stage::Failed("it is longer than 256 GiB".to_owned()),
        };
        let added = self.shares.add(number, file.name(), stage);
        let Some(layout) = layout.filter(|_| added) else {
            return;
        };
        let me = self.me.clone();
        spawn_local(async move {
            let mut digests = Vec::new();
            for index in 0..layout.count() {
                // The next one is read only if the user has not changed their mind.
                let goes_on = me
                    .upgrade()
                    .is_some_and(|driver| driver.borrow_mut().note_reading(number, index));
                if !goes_on {
                    return;
                }
                match segment(&file, layout, index).await {
                    Ok(bytes) => digests.push(digest(layout, index, &bytes)),
                    Err(_) => break,
                }
            }
            let manifest = Manifest::of(layout, digests);
            Self::happen(&me, |driver| driver.was_read(number, &file, manifest));
        });
    }

    fn note_reading(&mut self, number: u32, segments: u32) -> bool {
        self.tell_state_soon();
        let share = self.shares.get_mut(number);
        match share.map(|share| &mut share.stage) {
            Some(Stage::Reading { done, .. }) => {
                *done = segments;
                true
            }
            _ => false,
        }
    }

    fn was_read(&mut self, number: u32, file: &File, manifest: Option<Manifest>) {
        let Some(manifest) = manifest else {
            return self
                .shares
                .fail(number, "the browser could not read it to its end");
        };
        let layout = manifest.layout();
        let place = Place::Lent(Blob::from(file.clone()));
        let (content, have) = (manifest.content(), Bitfield::all(layout.count()));
        let active = Stage::active(content, Some(layout), place);
        let Some(share) = self.shares.get_mut(number) else {
            return;
        };
        match self.peer.share(self.clock.now(), manifest, have) {
            Ok(()) => {
                share.stage = active;
                // A file that changes cannot be read any more.
                self.peer.vouch(content);
            }
            Err(error) => self.shares.fail(number, error.to_string()),
        }
    }
}
