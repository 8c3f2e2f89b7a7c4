//! Sharing a folder: each of its files by itself, and the list of them, which is what the link leads to.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use chordscope_core::base::content::ContentId;
use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::collection::{Collection, File as Entry};
use chordscope_core::swarm::layout::Layout;
use chordscope_core::swarm::manifest::{Manifest, digest};
use js_sys::{Array, Uint8Array};
use wasm_bindgen_futures::spawn_local;
use web_sys::Blob;

use super::{Driver, note};
use crate::live::tab::place::Place;
use crate::live::tab::reading::{self, Unread};
use crate::live::tab::shares::{Lent, Stage};
use crate::live::tab::spent::Spent;
use crate::live::talk::{Folder, Part};

/// A folder that was read.
struct Read {
    list: Collection,
    files: Vec<(Manifest, Blob)>,
}

impl Driver {
    /// Reads every file of a folder to find its content id, and shares them all then.
    pub(in crate::live::tab::driver) fn share_folder(&mut self, number: u32, folder: Folder) {
        let Folder { name, files } = folder;
        let length = files.iter().map(|part| part.file.size() as u64).sum();
        if !self.begin_reading(number, name, length) {
            return;
        }
        // Names that cannot be are told before hours of reading.
        let nothing = ContentId::of(&[]);
        let entries = files.iter().map(|part| entry(part, nothing));
        if let Err(error) = Collection::new(entries.collect()) {
            return self.give_up(number, error.to_string());
        }
        let (me, spent) = (self.me.clone(), Rc::clone(&self.spent));
        spawn_local(async move {
            let read = read(&me, &spent, number, files).await;
            Self::happen(&me, |driver| match read {
                Ok(read) => driver.folder_was_read(number, read),
                Err((path, unread)) => driver.part_was_not_read(number, &path, unread),
            });
        });
    }

    fn part_was_not_read(&mut self, number: u32, path: &str, unread: Unread) {
        if let Some(why) = unread.words() {
            self.give_up(number, format!("{path}: {why}"));
        }
    }

    /// Shares the files of a folder and then their list, all or none.
    fn folder_was_read(&mut self, number: u32, Read { list, files }: Read) {
        let Some((manifest, blob)) = as_file(&list) else {
            return self.give_up(number, "the list of its files is too long");
        };
        let (mut parts, mut begun) = (Vec::new(), Vec::new());
        let own = manifest.content();
        for (manifest, blob) in files.into_iter().chain([(manifest, blob)]) {
            let (content, layout) = (manifest.content(), manifest.layout());
            match self.share_some(manifest, content == own) {
                Ok(is_new) => begun.extend(is_new.then_some(content)),
                Err(why) => {
                    self.stop(begun);
                    return self.give_up(number, why);
                }
            }
            let part = Lent {
                content,
                layout,
                blob,
            };
            // Files that are alike are one.
            if parts.iter().all(|other: &Lent| other.content != content) {
                parts.push(part);
            }
        }
        let (Some(own), Some(share)) = (parts.pop(), self.shares.get_mut(number)) else {
            return self.stop(begun);
        };
        share.stage = Stage::active(own.content, Some(own.layout), Place::Lent(own.blob));
        if let Stage::Active(active) = &mut share.stage {
            active.is_folder = true;
            active.folder = Some(list);
            active.parts = parts;
        }
    }

    /// Shares a file of a folder, or the list of them; whether it was not shared before.
    fn share_some(&mut self, manifest: Manifest, is_list: bool) -> Result<bool, String> {
        let content = manifest.content();
        if self.shares.is_fetching(content) {
            return Err("a file of it is being fetched: share it when that is done".to_owned());
        }
        if self.peer.swarm().have(content).is_some() {
            return Ok(false);
        }
        let have = Bitfield::all(manifest.layout().count());
        let now = self.clock.now();
        let shared = match is_list {
            true => self.peer.share(now, manifest, have),
            false => self.peer.share_part(now, manifest, have),
        };
        shared.map_err(|error| error.to_string())?;
        Ok(true)
    }
}

/// Reads one file after the other.
async fn read(
    me: &Weak<RefCell<Driver>>,
    spent: &Spent,
    number: u32,
    parts: Vec<Part>,
) -> Result<Read, (String, Unread)> {
    let (mut entries, mut files) = (Vec::new(), Vec::new());
    for part in parts {
        let note = |bytes| note(me, number, bytes);
        let manifest = reading::manifest(&part.file, spent, note).await;
        let manifest = manifest.map_err(|unread| (part.path.clone(), unread))?;
        entries.push(entry(&part, manifest.content()));
        files.push((manifest, Blob::from(part.file)));
    }
    // Its names were checked before.
    let list = Collection::new(entries).map_err(|_| (String::new(), Unread::Unreadable))?;
    Ok(Read { list, files })
}

fn entry(part: &Part, content: ContentId) -> Entry {
    Entry {
        path: part.path.clone(),
        content,
        length: part.file.size() as u64,
    }
}

/// The list of a folder's files, as a file.
fn as_file(list: &Collection) -> Option<(Manifest, Blob)> {
    let bytes = list.encode();
    let layout = Layout::of(bytes.len() as u64)?;
    let segments = (0..).zip(bytes.chunks(layout.segment_size() as usize));
    let digests = segments.map(|(index, segment)| digest(layout, index, segment));
    let manifest = Manifest::of(layout, digests.collect())?;
    let bytes = Array::of1(&Uint8Array::from(bytes.as_slice()));
    Some((manifest, Blob::new_with_u8_array_sequence(&bytes).ok()?))
}
