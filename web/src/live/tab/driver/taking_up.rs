//! Going on with what was fetched before a reload, or by a tab that was closed.

use std::cell::RefCell;
use std::rc::Weak;

use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::layout::Layout;
use chordscope_core::swarm::manifest::Manifest;
use gloo::timers::future::TimeoutFuture;
use wasm_bindgen_futures::spawn_local;

use super::Driver;
use crate::live::tab::files::{Kept, LeftBehind};
use crate::live::tab::place::Place;
use crate::live::tab::shares::{Share, Stage};
use crate::live::talk::MAX_FILES;

/// How many segments are checked until the worker looks at what else has happened.
const AT_ONCE: u32 = 8;

/// A tab that is being closed holds its files until the browser has come to that: how often the others look, and after how many
/// milliseconds again. That is half a minute.
const LOOKS: u32 = 60;
const PAUSE: u32 = 500;

impl Driver {
    /// Takes up the private files that are there.
    pub(super) fn take_up(&self) {
        let me = self.me.clone();
        spawn_local(async move {
            let Some(mut left) = LeftBehind::find().await else {
                return;
            };
            // The page's own numbers are higher.
            let mut numbers = 0..MAX_FILES as u32;
            for _ in 0..LOOKS {
                let free = left.free(numbers.len()).await;
                for (kept, number) in free.into_iter().zip(numbers.by_ref()) {
                    take_up_one(&me, number, kept).await;
                }
                if left.is_empty() || numbers.is_empty() {
                    return;
                }
                TimeoutFuture::new(PAUSE).await;
            }
        });
    }

    fn note_checking(&mut self, number: u32, layout: Layout, done: u32) -> bool {
        self.tell_state_soon();
        let share = self.shares.get_mut(number);
        let Some(share) = share.filter(|share| matches!(share.stage, Stage::Checking { .. }))
        else {
            return false;
        };
        share.stage = Stage::Checking { layout, done };
        true
    }

    /// What is here was checked: the rest of it is fetched, and all of it shared.
    fn was_checked(&mut self, number: u32, kept: Kept, manifest: Manifest, have: Bitfield) {
        let (now, is_whole) = (self.clock.now(), have.is_full());
        let (content, layout) = (manifest.content(), manifest.layout());
        // Only the last segment proves the length: without it, a lie told before would make liars of all others.
        if !have.contains(layout.last()) {
            let is_folder = kept.heading().is_folder;
            return self.begin_fetch(number, content, is_folder, Place::Kept(kept));
        }
        let Some(share) = self.shares.get_mut(number) else {
            return Place::Kept(kept).remove();
        };
        match self.peer.share(now, manifest, have) {
            Ok(()) => {
                let is_folder = kept.heading().is_folder;
                share.stage = Stage::active(content, Some(layout), Place::Kept(kept));
                if let Stage::Active(active) = &mut share.stage {
                    active.is_folder = is_folder;
                }
            }
            // Another file with the same content is here already.
            Err(error) => {
                self.shares.fail(number, error.to_string());
                return;
            }
        }
        if is_whole {
            self.complete(content);
        }
    }
}

async fn take_up_one(me: &Weak<RefCell<Driver>>, number: u32, kept: Kept) {
    let heading = kept.heading().clone();
    let manifest = kept.manifest();
    let stage = match &manifest {
        Some(manifest) => Stage::Checking {
            layout: manifest.layout(),
            done: 0,
        },
        None => Stage::Opening,
    };
    Driver::happen(me, |driver| {
        let share = Share {
            name: heading.name,
            wanted: Some(heading.content),
            stage,
        };
        driver.shares.add(number, share);
    });
    let Some(manifest) = manifest else {
        // Nobody had told its length yet.
        return Driver::happen(me, |driver| {
            driver.begin_fetch(
                number,
                heading.content,
                heading.is_folder,
                Place::Kept(kept),
            );
        });
    };
    let layout = manifest.layout();
    // What is whole is checked a segment at a time, when somebody asks for it.
    let mut have = match heading.is_whole {
        true => Bitfield::all(layout.count()),
        false => Bitfield::none(layout.count()),
    };
    for index in (0..layout.count()).filter(|_| !heading.is_whole) {
        if index % AT_ONCE == 0 {
            TimeoutFuture::new(0).await;
            let goes_on = me
                .upgrade()
                .is_some_and(|driver| driver.borrow_mut().note_checking(number, layout, index));
            if !goes_on {
                return kept.remove().await;
            }
        }
        let bytes = kept.read(layout, index);
        if bytes.is_some_and(|bytes| manifest.holds(index, &bytes)) {
            have.insert(index);
        }
    }
    Driver::happen(me, |driver| {
        driver.was_checked(number, kept, manifest, have)
    });
}
