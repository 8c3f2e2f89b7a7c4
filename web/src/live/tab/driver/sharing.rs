//! Sharing what the user lends: it is read once, to find its content id, and again whenever somebody wants some of it.

mod folder;

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::manifest::Manifest;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, File};

use super::Driver;
use crate::live::tab::place::Place;
use crate::live::tab::reading::{self, Unread};
use crate::live::tab::shares::{Share, Stage};

impl Driver {
    /// Reads a file to find its content id, and shares it then.
    pub(super) fn share(&mut self, number: u32, file: File) {
        if !self.begin_reading(number, file.name(), file.size() as u64) {
            return;
        }
        let (me, spent) = (self.me.clone(), Rc::clone(&self.spent));
        spawn_local(async move {
            let note = |bytes| note(&me, number, bytes);
            let manifest = reading::manifest(&file, &spent, note).await;
            Self::happen(&me, |driver| match manifest {
                Ok(manifest) => driver.was_read(number, &file, manifest),
                Err(unread) => driver.was_not_read(number, unread),
            });
        });
    }

    fn begin_reading(&mut self, number: u32, name: String, length: u64) -> bool {
        let share = Share {
            name,
            wanted: None,
            stage: Stage::Reading { length, done: 0 },
        };
        self.shares.add(number, share)
    }

    fn was_not_read(&mut self, number: u32, unread: Unread) {
        if let Some(why) = unread.words() {
            self.give_up(number, why);
        }
    }

    fn was_read(&mut self, number: u32, file: &File, manifest: Manifest) {
        let (content, layout) = (manifest.content(), manifest.layout());
        let Some(share) = self.shares.get_mut(number) else {
            return;
        };
        let have = Bitfield::all(layout.count());
        match self.peer.share(self.clock.now(), manifest, have) {
            Ok(()) => {
                let place = Place::Lent(Blob::from(file.clone()));
                share.stage = Stage::active(content, Some(layout), place);
            }
            Err(error) => self.give_up(number, error.to_string()),
        }
    }
}

/// So many bytes more were read; whether the user still wants them to be.
fn note(me: &Weak<RefCell<Driver>>, number: u32, bytes: u64) -> bool {
    let Some(driver) = me.upgrade() else {
        return false;
    };
    let mut driver = driver.borrow_mut();
    driver.tell_state_soon();
    match driver.shares.get_mut(number).map(|share| &mut share.stage) {
        Some(Stage::Reading { done, .. }) => {
            *done += bytes;
            true
        }
        _ => false,
    }
}
