//! Taking up the private files that were fetched before a reload, or by a tab that was closed.

use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::manifest::Manifest;
use gloo::timers::future::TimeoutFuture;

use super::place::Place;
use super::table::{Counter, Tally};
use super::{Bearing, Event};
use crate::live::tab::files::{KeptFile, LeftBehind};
use crate::live::talk::MAX_FILES;

/// The number of segments that are checked until the worker looks at what else has happened.
const AT_ONCE: u32 = 8;

/// A tab that is being closed holds its files until the browser has come to that: the number of times that the others look, and
/// the milliseconds in between. That is half a minute.
const LOOKS: u32 = 60;
const PAUSE: u32 = 500;

/// Takes up the files that no other tab holds, as far as there is room for them.
pub(super) async fn take_up(tell: impl Fn(Event)) {
    let Some(mut left) = LeftBehind::find().await else {
        return;
    };
    // The page's own numbers are higher.
    let mut numbers = 0..MAX_FILES as u32;
    for _ in 0..LOOKS {
        let free = left.free(numbers.len()).await;
        for (kept, number) in free.into_iter().zip(numbers.by_ref()) {
            let tally = Tally::default();
            let counter = tally.counter();
            tell(Event::Found(number, kept.heading().clone(), tally));
            if !counter.is_wanted() {
                // There is no room for it. Its file stays for the next tab.
                return;
            }
            if let Some(event) = check(number, kept, &counter).await {
                tell(event);
            }
        }
        if left.is_empty() || numbers.is_empty() {
            return;
        }
        TimeoutFuture::new(PAUSE).await;
    }
}

/// Finds which segments of a file are here. Removes one that the user does not want any more.
async fn check(number: u32, kept: KeptFile, counter: &Counter) -> Option<Event> {
    let Some(manifest) = kept.manifest() else {
        // No peer had told its length yet.
        let bearing = Bearing::of(kept.heading());
        return Some(Event::PlaceMade(number, Place::Kept(kept), bearing));
    };
    // What is whole is checked a segment at a time, when others ask for it.
    if kept.heading().is_whole {
        let have = Bitfield::all(manifest.layout().count());
        return Some(Event::Checked(number, kept, manifest, have));
    }
    match segments(&kept, &manifest, counter).await {
        Some(have) => Some(Event::Checked(number, kept, manifest, have)),
        None => {
            kept.remove().await;
            None
        }
    }
}

/// Checks the segments of a file; none once the user does not want it any more.
async fn segments(kept: &KeptFile, manifest: &Manifest, counter: &Counter) -> Option<Bitfield> {
    let layout = manifest.layout();
    let mut have = Bitfield::none(layout.count());
    for index in 0..layout.count() {
        if index % AT_ONCE == 0 {
            TimeoutFuture::new(0).await;
        }
        if !counter.is_wanted() {
            return None;
        }
        let bytes = kept.read(layout, index);
        if bytes.is_some_and(|bytes| manifest.holds(index, &bytes)) {
            have.insert(index);
        }
        counter.add(1);
    }
    Some(have)
}
