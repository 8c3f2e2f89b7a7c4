//! A file, or a folder, that the core has.

use std::time::Duration;

use chordscope_core::base::content::ContentId;
use chordscope_core::base::time::Instant;
use chordscope_core::swarm::collection::Collection;
use chordscope_core::swarm::layout::Layout;
use web_sys::{Blob, Url};

use crate::live::tab::place::Place;

/// The longest list of a folder's files that a tab reads, in bytes: 4 MiB.
const MAX_LIST: u64 = 4 << 20;

/// A file that the core shares or fetches.
#[derive(Debug)]
pub(in crate::live::tab) struct Active {
    /// What.
    pub(in crate::live::tab) content: ContentId,
    /// How it is cut, once known.
    pub(in crate::live::tab) layout: Option<Layout>,
    /// Where it is.
    pub(in crate::live::tab) place: Place,
    /// Since when it is being fetched; none if some was here before.
    pub(in crate::live::tab) begun: Option<Instant>,
    /// How long that took.
    pub(in crate::live::tab) took: Option<Duration>,
    /// Where the browser finds it, if it was fetched and is whole.
    pub(in crate::live::tab) saved: Option<String>,
    /// It is the list of a folder's files, which is read when it is whole.
    pub(in crate::live::tab) is_folder: bool,
    /// Its files, once that is read.
    pub(in crate::live::tab) folder: Option<Collection>,
    /// They themselves, if it is a folder of the user's.
    pub(in crate::live::tab) parts: Vec<Lent>,
}

/// A file that the user has lent.
#[derive(Clone, Debug)]
pub(in crate::live::tab) struct Lent {
    /// What.
    pub(in crate::live::tab) content: ContentId,
    /// How it is cut.
    pub(in crate::live::tab) layout: Layout,
    /// Where the browser finds it.
    pub(in crate::live::tab) blob: Blob,
}

impl Active {
    pub(super) const fn new(content: ContentId, layout: Option<Layout>, place: Place) -> Self {
        Self {
            content,
            layout,
            place,
            begun: None,
            took: None,
            saved: None,
            is_folder: false,
            folder: None,
            parts: Vec::new(),
        }
    }

    /// How many bytes there are, once known: of a folder whose list was read, those of its files.
    pub(in crate::live::tab) fn length(&self) -> Option<u64> {
        match &self.folder {
            Some(list) => {
                let lengths = list.files().iter().map(|file| file.length);
                Some(lengths.fold(0, u64::saturating_add))
            }
            None => self.layout.map(Layout::length),
        }
    }

    /// What it says if it is the list of a folder's files.
    pub(in crate::live::tab) fn list(&self) -> Option<Collection> {
        let layout = self.layout.filter(|layout| layout.length() <= MAX_LIST)?;
        let parts = (0..layout.count()).map(|index| self.place.read(layout, index));
        let parts: Option<Vec<Vec<u8>>> = parts.collect();
        Collection::decode(&parts?.concat()).ok()
    }

    /// Whether all of it is here, and the browser can be asked for it.
    pub(in crate::live::tab) const fn is_whole(&self) -> bool {
        self.saved.is_some() || matches!(self.place, Place::Lent(_))
    }

    /// A file of this content that the user has lent.
    pub(super) fn lent(&self, content: ContentId) -> Option<Lent> {
        let part = self.parts.iter().find(|part| part.content == content);
        let own = || match (&self.place, self.layout) {
            (Place::Lent(blob), Some(layout)) if self.content == content => Some(Lent {
                content,
                layout,
                blob: blob.clone(),
            }),
            _ => None,
        };
        part.cloned().or_else(own)
    }

    /// Whether it is this content, or has a file of it.
    pub(super) fn has(&self, content: ContentId) -> bool {
        self.content == content || self.parts.iter().any(|part| part.content == content)
    }

    /// Gives back what was taken, and tells what the core has of it.
    pub(super) fn end(self) -> Vec<ContentId> {
        if let Some(saved) = self.saved {
            let _ = Url::revoke_object_url(&saved);
        }
        self.place.remove();
        let parts = self.parts.iter().map(|part| part.content);
        parts.chain([self.content]).collect()
    }
}
