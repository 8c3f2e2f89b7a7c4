//! Sharing a file that is on the disk.

use std::path::Path;
use std::sync::Arc;

use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::collection::is_safe_part;
use chordscope_core::swarm::link::Link;
use chordscope_core::swarm::manifest::{DIGEST, Manifest};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use super::presence::Presence;
use super::register::{Entry, Register};
use super::table::Table;
use super::transfers::Transfers;
use super::{Kind, Place, Refused, Stamp};

/// The beginning of shares, one at a time.
#[derive(Debug)]
pub(super) struct Sharing {
    table: Arc<Table>,
    register: Register,
    transfers: Arc<Transfers>,
    presence: Arc<Presence>,
    /// The lock under which one file at a time begins to be shared.
    turn: Mutex<()>,
}

impl Sharing {
    pub(super) fn new(
        table: Arc<Table>,
        register: Register,
        transfers: Arc<Transfers>,
        presence: Arc<Presence>,
    ) -> Self {
        Self {
            table,
            register,
            transfers,
            presence,
            turn: Mutex::default(),
        }
    }

    /// Shares a file of which the values of the blocks, or the digests of the segments, were computed already; gives its link, and whether
    /// this began it. Segments are checked when they are read first, unless the values are known and the file is still as it was when it
    /// was hashed.
    pub(super) async fn share(
        &self,
        path: &Path,
        name: &str,
        values: &[[u8; DIGEST]],
        hashed: Option<Stamp>,
        kind: Kind,
    ) -> Result<(Link, bool), Refused> {
        if !path.is_absolute() {
            return Err(Refused::RelativePath);
        }
        if !is_safe_part(name) {
            return Err(Refused::Name(name.to_string(), "file"));
        }
        let whole = path.to_path_buf();
        let opened = spawn_blocking(move || Place::open(&whole)).await?;
        let mut place = opened.map_err(|error| Refused::At {
            path: path.to_path_buf(),
            error,
        })?;
        let layout = place.layout();
        let manifest =
            Manifest::of_blocks(layout, values).or_else(|| Manifest::of(layout, values.to_vec()));
        let Some(manifest) = manifest else {
            return Err(Refused::Changed);
        };
        let content = manifest.content();
        let link = Link {
            content,
            name: Some(name.to_string()),
            length: Some(layout.length()),
            is_collection: kind == Kind::Folder,
        };
        // Of two files that are alike the second is a copy of the first.
        let _sharing = self.turn.lock().await;
        let known = self.table.item(content);
        let is_fetched = known.is_some_and(|item| item.problem.is_none() && !item.entry.complete);
        if self.presence.present(content).await.is_some() {
            if kind != Kind::Given {
                self.presence.note_copy(content, path)?;
            }
            if !matches!(kind, Kind::Part(_)) {
                self.transfers.keep_by_itself(content).await?;
            }
            return Ok((link, false));
        }
        place.confirm(hashed);
        let is_checked = hashed.is_some() && hashed == place.stamp();
        if kind == Kind::Given {
            let kept = self.register.take_over(content, path)?;
            place = spawn_blocking(move || Place::open(&kept)).await??;
        }
        let entry = Entry {
            name: name.to_string(),
            path: place.path(),
            length: Some(layout.length()),
            complete: true,
            on_disk: true,
            stamp: place.stamp().filter(|_| is_checked),
            is_collection: kind == Kind::Folder,
            is_part: matches!(kind, Kind::Part(_)),
            copies: Vec::new(),
        };
        let have = Bitfield::all(layout.count());
        let values = if is_checked { values } else { &[] };
        let begun = self.transfers.begin(entry, manifest, have, place, values);
        begun.await?;
        Ok((link, !is_fetched))
    }
}
