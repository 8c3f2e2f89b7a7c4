//! Taking up the private files that were fetched before a reload, or by a tab that was closed.

use std::collections::BTreeMap;

use chordscope_core::base::content::ContentId;
use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::manifest::Manifest;
use gloo::timers::future::TimeoutFuture;

use super::place::Place;
use super::table::{Counter, Tally};
use super::{Bearing, Event};
use crate::live::tab::files::{Heading, KeptFile, LeftBehind};
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
    let mut taken = Taken::default();
    for _ in 0..LOOKS {
        let mut free = left.free(numbers.len()).await;
        free.sort_by_key(|kept| !kept.heading().is_whole);
        for kept in free {
            match taken.take(kept.heading()) {
                Copy::First => {}
                Copy::Spare => {
                    kept.remove().await;
                    continue;
                }
                Copy::Rest => continue,
            }
            let Some(number) = numbers.next() else {
                return;
            };
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

/// The contents that were taken up, and whether their files are whole.
#[derive(Debug, Default)]
struct Taken(BTreeMap<ContentId, bool>);

/// A file among those of its content: two tabs may have fetched the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Copy {
    /// The first one, which gets a row.
    First,
    /// One that nobody needs, as another one is whole.
    Spare,
    /// One that may have what the first one lacks: it is left for the next tab.
    Rest,
}

impl Taken {
    fn take(&mut self, heading: &Heading) -> Copy {
        match self.0.get(&heading.content) {
            Some(true) => Copy::Spare,
            Some(false) => Copy::Rest,
            None => {
                self.0.insert(heading.content, heading.is_whole);
                Copy::First
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn heading(content: &[u8], is_whole: bool) -> Heading {
        Heading {
            content: ContentId::of(content),
            name: "a.txt".to_owned(),
            layout: None,
            is_whole,
            is_folder: false,
        }
    }

    #[test]
    fn of_two_files_with_one_content_only_one_gets_a_row_and_no_bytes_are_lost() {
        let mut taken = Taken::default();
        assert_eq!(taken.take(&heading(b"one", true)), Copy::First);
        assert_eq!(taken.take(&heading(b"one", false)), Copy::Spare);
        assert_eq!(taken.take(&heading(b"one", true)), Copy::Spare);
        assert_eq!(taken.take(&heading(b"two", false)), Copy::First);
        assert_eq!(taken.take(&heading(b"two", false)), Copy::Rest);
        // Another tab held it until now.
        assert_eq!(taken.take(&heading(b"two", true)), Copy::Rest);
    }
}
