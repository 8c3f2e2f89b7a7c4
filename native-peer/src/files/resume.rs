//! Resuming the shares of the last run, and its fetches from their drafts.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chordscope_core::base::content::ContentId;
use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::manifest::Manifest;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::digest::check;
use super::register::Entry;
use super::table::Item;
use super::{Files, Place, Refused, Stamp};

/// The longest time that the check of a file that is there may take.
const CHECK_TIMEOUT: Duration = Duration::from_secs(600);

/// Takes up what the last run left.
pub(super) async fn take_up(files: Arc<Files>) {
    let register = files.register.clone();
    let entries = spawn_blocking(move || register.entries()).await;
    for (content, entry) in entries.unwrap_or_default() {
        if files.table.item(content).is_some() {
            // A user has begun it since the start: that is newer.
            continue;
        }
        let taken = timeout(CHECK_TIMEOUT, take_up_one(&files, content, &entry)).await;
        let late = || Err(Refused::SlowCheck);
        if let Err(refused) = taken.unwrap_or_else(|_| late()) {
            files.table.insert(content, Item::new(entry, None));
            files.table.fail(content, refused.to_string());
        }
    }
    files.folders.take_up();
}

async fn take_up_one(files: &Files, content: ContentId, entry: &Entry) -> Result<(), Refused> {
    let length = entry.length;
    let manifest = length.and_then(|length| files.register.manifest(content, length));
    let Some(manifest) = manifest else {
        let begun = files.transfers.fetch(content, entry.clone(), None);
        return begun.await.map(drop);
    };
    let known = manifest.clone();
    let path = match entry.complete {
        true => entry.path.clone(),
        false => entry.draft(content),
    };
    let (at, is_complete, is_on_disk) = (path.clone(), entry.complete, entry.on_disk);
    let before = entry.stamp;
    let layout = manifest.layout();
    let opened = spawn_blocking(move || match is_complete {
        true => reopen(&at, &known, before, is_on_disk),
        false => {
            // A folder is made once there is something to put in it, and may have gone since.
            at.parent().map(fs::create_dir_all).transpose()?;
            let place = Place::fill(&at, layout.length())?;
            let have = check(&place, &known, |_| {})?;
            Ok((place, have))
        }
    });
    let opened = opened.await?;
    let (place, have) = match opened {
        Ok(opened) => opened,
        Err(_)
            if is_complete
                && files
                    .presence
                    .fall_back(content, entry.clone())
                    .await
                    .is_some() =>
        {
            return Ok(());
        }
        Err(error) => return Err(Refused::At { path, error }),
    };
    // Only the last segment proves the length. It comes first: without it nothing is here, and a lie told before would make
    // liars of all others.
    if !have.contains(layout.last()) {
        let begun = files.transfers.fetch(content, entry.clone(), None);
        return begun.await.map(drop);
    }
    let is_whole = have.is_full();
    let entry = Entry {
        stamp: place.stamp().filter(|_| is_complete),
        ..entry.clone()
    };
    files
        .transfers
        .begin(entry, manifest, have, place, &[])
        .await?;
    match files.table.item(content).and_then(|item| item.place) {
        Some(place) if is_complete && !is_on_disk => {
            tokio::spawn(Arc::clone(&files.fetching).settle(content, place));
        }
        _ if is_whole => files.fetching.complete(content).await,
        _ => {}
    }
    Ok(())
}

/// A file that was complete when the peer ended. Where it is as it was, each segment is checked when it is read; all of it now
/// where another program may have written to it, or it may not have come as far as the disk.
fn reopen(
    path: &Path,
    known: &Manifest,
    before: Option<Stamp>,
    is_on_disk: bool,
) -> io::Result<(Place, Bitfield)> {
    let place = Place::open(path)?;
    let is_as_it_was = before.is_some() && before == place.stamp();
    let is_good = place.layout() == known.layout()
        && (is_on_disk && is_as_it_was || check(&place, known, |_| {})?.is_full());
    match (is_good, is_on_disk) {
        (true, _) => Ok((place, Bitfield::all(known.layout().count()))),
        (false, true) => Err(io::Error::other("it has changed since it was shared")),
        (false, false) => Err(io::Error::other(
            "the machine stopped before all of it was on disk: remove it, and fetch it again",
        )),
    }
}
