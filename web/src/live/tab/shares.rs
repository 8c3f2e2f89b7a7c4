//! The files that the tab shares and fetches.

mod active;

use std::collections::BTreeMap;

use chordscope_core::base::content::ContentId;
use chordscope_core::swarm::layout::Layout;

pub(super) use self::active::{Active, Lent};
use super::place::Place;
use crate::live::talk::MAX_FILES;

/// The files, each under the number of the command that it began with.
#[derive(Debug, Default)]
pub(super) struct Shares(BTreeMap<u32, Share>);

/// A file.
#[derive(Debug)]
pub(super) struct Share {
    /// What it is called.
    pub(super) name: String,
    /// The content that a fetch of it is to bring, whatever became of that.
    pub(super) wanted: Option<ContentId>,
    /// How far it is.
    pub(super) stage: Stage,
}

/// How far a file is.
#[derive(Debug)]
pub(super) enum Stage {
    /// It is being read, to find its content id.
    Reading {
        /// How many bytes there are.
        length: u64,
        /// How many were read.
        done: u64,
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

impl Shares {
    /// Adds a file, or begins it anew; `false` when there are too many.
    pub(super) fn add(&mut self, number: u32, share: Share) -> bool {
        let has_room = self.0.len() < MAX_FILES || self.0.contains_key(&number);
        if has_room {
            self.0.insert(number, share);
        }
        has_room
    }

    /// The number under which a fetch of this content goes on: that of the one which came to nothing, if there is one, or a new one.
    /// None where the content is here or on its way.
    pub(super) fn number_for(&self, content: ContentId, new: u32) -> Option<u32> {
        let mut known = self
            .iter()
            .filter(|(_, share)| share.content() == Some(content));
        match known.next() {
            Some((number, share)) => matches!(share.stage, Stage::Failed(_)).then_some(number),
            None => Some(new),
        }
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

    /// A file of this content that the user has lent, be it of a folder.
    pub(super) fn lent(&self, content: ContentId) -> Option<Lent> {
        self.actives().find_map(|active| active.lent(content))
    }

    /// Whether a content is here, but not yet whole.
    pub(super) fn is_fetching(&self, content: ContentId) -> bool {
        let mut actives = self.actives();
        actives.any(|active| active.content == content && !active.is_whole())
    }

    /// A folder that lists a file of this content.
    pub(super) fn folder_of(&self, content: ContentId) -> Option<ContentId> {
        let lists = |active: &&Active| {
            let mut files = active.folder.iter().flat_map(|folder| folder.files());
            files.any(|file| file.content == content)
        };
        self.actives().find(lists).map(|active| active.content)
    }

    fn actives(&self) -> impl Iterator<Item = &Active> {
        self.0.values().filter_map(|share| match &share.stage {
            Stage::Active(active) => Some(&**active),
            _ => None,
        })
    }

    /// The number of a file with this content, or of a folder that has one.
    pub(super) fn number_with(&self, content: ContentId) -> Option<u32> {
        let has =
            |share: &Share| matches!(&share.stage, Stage::Active(active) if active.has(content));
        self.iter()
            .find(|(_, share)| has(share))
            .map(|(number, _)| number)
    }

    /// A file came to nothing, for this reason. Gives what the core has of it and of no other.
    pub(super) fn fail(&mut self, number: u32, why: impl Into<String>) -> Vec<ContentId> {
        let Some(share) = self.0.get_mut(&number) else {
            return Vec::new();
        };
        let before = std::mem::replace(&mut share.stage, Stage::Failed(why.into()));
        self.end(before)
    }

    /// Forgets a file. Gives what the core has of it and of no other.
    pub(super) fn remove(&mut self, number: u32) -> Vec<ContentId> {
        match self.0.remove(&number) {
            Some(share) => self.end(share.stage),
            None => Vec::new(),
        }
    }

    fn end(&self, stage: Stage) -> Vec<ContentId> {
        let Stage::Active(active) = stage else {
            return Vec::new();
        };
        let mut contents = active.end();
        contents.retain(|content| self.number_with(*content).is_none());
        contents
    }
}

impl Share {
    /// What is in it, once known.
    pub(super) fn content(&self) -> Option<ContentId> {
        match &self.stage {
            Stage::Active(active) => Some(active.content),
            _ => self.wanted,
        }
    }
}

impl Stage {
    /// The core has it.
    pub(super) fn active(content: ContentId, layout: Option<Layout>, place: Place) -> Self {
        Self::Active(Box::new(Active::new(content, layout, place)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetched(content: ContentId, stage: Stage) -> Share {
        Share {
            name: "a.txt".to_owned(),
            wanted: Some(content),
            stage,
        }
    }

    #[test]
    fn a_content_that_is_fetched_twice_has_one_row() {
        let (content, other) = (ContentId::of(b"one"), ContentId::of(b"two"));
        let mut shares = Shares::default();
        assert_eq!(shares.number_for(content, 70), Some(70));
        assert!(shares.add(70, fetched(content, Stage::Opening)));
        assert_eq!(shares.number_for(content, 71), None);
        assert_eq!(shares.number_for(other, 71), Some(71));
        shares.fail(70, "nobody has it");
        assert_eq!(shares.number_for(content, 71), Some(70));
    }

    #[test]
    fn a_fetch_that_is_begun_anew_takes_no_more_room() {
        let mut shares = Shares::default();
        let share = |at: u32| fetched(ContentId::of(&at.to_be_bytes()), Stage::Opening);
        for number in 0..MAX_FILES as u32 {
            assert!(shares.add(number, share(number)));
        }
        assert!(!shares.add(MAX_FILES as u32, share(MAX_FILES as u32)));
        shares.fail(3, "nobody has it");
        assert!(shares.add(3, share(3)));
        assert_eq!(shares.iter().count(), MAX_FILES);
    }
}
