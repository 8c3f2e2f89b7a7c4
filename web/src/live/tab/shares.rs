//! The files that the tab shares and fetches.

use std::collections::BTreeMap;
use std::time::Duration;

use chordscope_core::base::content::ContentId;
use chordscope_core::base::time::Instant;
use chordscope_core::swarm::collection::Collection;
use chordscope_core::swarm::layout::Layout;
use web_sys::Url;

use super::place::Place;
use crate::live::talk::MAX_FILES;

/// The longest list of a folder's files that a tab reads, in bytes: 4 MiB.
const MAX_LIST: u64 = 4 << 20;

/// The files, each under the number of the command that it began with.
#[derive(Debug, Default)]
pub(super) struct Shares(BTreeMap<u32, Share>);

/// A file.
#[derive(Debug)]
pub(super) struct Share {
    /// What it is called.
    pub(super) name: String,
    /// How far it is.
    pub(super) stage: Stage,
}

/// How far a file is.
#[derive(Debug)]
pub(super) enum Stage {
    /// It is being read, to find its content id.
    Reading {
        /// How it is cut.
        layout: Layout,
        /// How many segments were read.
        done: u32,
    },
    /// What is here of it, from before a reload, is being checked.
    Checking {
        /// How it is cut.
        layout: Layout,
        /// How many segments were checked.
        done: u32,
    },
    /// There is no place for it yet.
    Opening,
    /// The core has it.
    Active(Box<Active>),
    /// It did not come about, and why.
    Failed(String),
}

/// A file that the core shares or fetches.
#[derive(Debug)]
pub(super) struct Active {
    /// What.
    pub(super) content: ContentId,
    /// How it is cut, once known.
    pub(super) layout: Option<Layout>,
    /// Where it is.
    pub(super) place: Place,
    /// Since when it is being fetched; none if some was here before.
    pub(super) begun: Option<Instant>,
    /// How long that took.
    pub(super) took: Option<Duration>,
    /// Where the browser finds it, if it was fetched and is whole.
    pub(super) saved: Option<String>,
    /// It is the list of a folder's files, which is read when it is whole.
    pub(super) is_folder: bool,
    /// Its files, once that is read.
    pub(super) folder: Option<Collection>,
}

impl Shares {
    /// Adds a file; `false` when there are too many.
    pub(super) fn add(&mut self, number: u32, name: String, stage: Stage) -> bool {
        let has_room = self.0.len() < MAX_FILES;
        if has_room {
            self.0.insert(number, Share { name, stage });
        }
        has_room
    }

    /// The files, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Share)> {
        self.0.iter().map(|(number, share)| (*number, share))
    }

    /// The file of this number.
    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Share> {
        self.0.get_mut(&number)
    }

    /// The number of the file with this content, and what the core has of it.
    pub(super) fn active(&mut self, content: ContentId) -> Option<(u32, &mut Active)> {
        let mut all = self.0.iter_mut();
        all.find_map(|(number, share)| match &mut share.stage {
            Stage::Active(active) if active.content == content => Some((*number, &mut **active)),
            _ => None,
        })
    }

    /// The core has no more to do with a file, for this reason.
    pub(super) fn fail(&mut self, number: u32, why: impl Into<String>) {
        if let Some(share) = self.0.get_mut(&number) {
            let before = std::mem::replace(&mut share.stage, Stage::Failed(why.into()));
            before.end();
        }
    }

    /// Forgets a file, and gives what the core has of it.
    pub(super) fn remove(&mut self, number: u32) -> Option<ContentId> {
        self.0.remove(&number)?.stage.end()
    }
}

impl Active {
    /// What it says if it is the list of a folder's files.
    pub(super) fn list(&self) -> Option<Collection> {
        let layout = self.layout.filter(|layout| layout.length() <= MAX_LIST)?;
        let parts = (0..layout.count()).map(|index| self.place.read(layout, index));
        let parts: Option<Vec<Vec<u8>>> = parts.collect();
        Collection::decode(&parts?.concat()).ok()
    }

    /// Whether all of it is here, and the browser can be asked for it.
    pub(super) const fn is_whole(&self) -> bool {
        self.saved.is_some() || matches!(self.place, Place::Lent(_))
    }
}

impl Stage {
    /// The core has it.
    pub(super) fn active(content: ContentId, layout: Option<Layout>, place: Place) -> Self {
        Self::Active(Box::new(Active {
            content,
            layout,
            place,
            begun: None,
            took: None,
            saved: None,
            is_folder: false,
            folder: None,
        }))
    }

    /// Gives back what was taken, and tells what the core has of it.
    fn end(self) -> Option<ContentId> {
        let Self::Active(active) = self else {
            return None;
        };
        if let Some(saved) = active.saved {
            let _ = Url::revoke_object_url(&saved);
        }
        active.place.remove();
        Some(active.content)
    }
}
