//! Files as a peer tells of them.

use chordscope_core::base::content::ContentId;
use chordscope_core::swarm::api::{SourceView, TransferView};
use chordscope_core::swarm::link::Link;
use serde::{Deserialize, Serialize};

use crate::files::Item;

/// What was shared.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Shared {
    pub(crate) link: String,
    pub(crate) content: String,
    pub(crate) bytes: u64,
}

impl Shared {
    pub(crate) fn of(link: &Link) -> Self {
        Self {
            link: link.to_string(),
            content: link.content.to_string(),
            bytes: link.length.unwrap_or_default(),
        }
    }
}

/// A fetch has begun.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Fetching {
    pub(crate) content: String,
    /// Where it will be.
    pub(crate) path: String,
}

/// What a peer shares and fetches.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Transfers {
    pub(crate) transfers: Vec<Transfer>,
}

/// Something that is shared or fetched.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Transfer {
    pub(crate) link: String,
    pub(crate) name: String,
    pub(crate) path: String,
    /// `sharing`, `fetching` or `failed`.
    pub(crate) state: String,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
    /// Its length; `null` while nobody has told.
    pub(crate) bytes: Option<u64>,
    pub(crate) bytes_here: u64,
    pub(crate) segments: u32,
    pub(crate) segments_here: u32,
    /// Bytes a second.
    pub(crate) down: u64,
    pub(crate) up: u64,
    pub(crate) sent_bytes: u64,
    pub(crate) received_bytes: u64,
    pub(crate) wasted_bytes: u64,
    /// What keeps it from being faster.
    pub(crate) limit: String,
    /// Of a folder: its files, and how many are here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) files: Option<usize>,
    #[serde(default)]
    pub(crate) files_here: usize,
    pub(crate) peers: Vec<Source>,
}

/// Somebody who takes part in a transfer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Source {
    pub(crate) id: String,
    pub(crate) segments: u32,
    pub(crate) down: u64,
    pub(crate) up: u64,
    /// Whether it does not send now.
    pub(crate) chokes: bool,
}

impl Transfer {
    pub(crate) fn of(content: ContentId, item: &Item, view: Option<&TransferView>) -> Self {
        let entry = &item.entry;
        let link = Link {
            content,
            name: Some(entry.name.clone()),
            length: entry.length,
            is_collection: entry.is_collection,
        };
        let state = match (&item.problem, entry.complete) {
            (Some(_), _) => "failed",
            (None, true) if !item.is_filling => "sharing",
            (None, _) => "fetching",
        };
        let mut transfer = Self {
            link: link.to_string(),
            name: entry.name.clone(),
            path: entry.path.display().to_string(),
            state: state.to_string(),
            problem: item.problem.clone(),
            bytes: entry.length,
            limit: "nobody found who has it".to_string(),
            ..Self::default()
        };
        if let Some(view) = view {
            transfer.see(view);
        }
        transfer
    }

    fn see(&mut self, view: &TransferView) {
        let source = |source: &SourceView| Source {
            id: format!("{:?}", source.id),
            segments: source.has,
            down: source.down,
            up: source.up,
            chokes: source.chokes,
        };
        self.segments = view.have.count();
        self.segments_here = view.have.len();
        self.bytes_here = match (view.length, view.have.is_full()) {
            (Some(length), true) => length,
            (Some(length), false) => {
                let share = u128::from(length) * u128::from(view.have.len());
                (share / u128::from(view.have.count().max(1))) as u64
            }
            (None, _) => 0,
        };
        self.down = view.down;
        self.up = view.up;
        self.sent_bytes = view.sent;
        self.received_bytes = view.received;
        self.wasted_bytes = view.wasted;
        self.limit = view.limit.to_string();
        self.peers = view.sources.iter().map(source).collect();
    }

    /// A file of this folder.
    pub(crate) fn add(&mut self, part: &Self) {
        if self.files.is_none() {
            // The list itself is not what people mean.
            self.files = Some(0);
            (
                self.bytes,
                self.bytes_here,
                self.segments,
                self.segments_here,
            ) = (Some(0), 0, 0, 0);
        }
        self.files_here += usize::from(part.state == "sharing");
        self.bytes = self.bytes.zip(part.bytes).map(|(all, one)| all + one);
        self.bytes_here += part.bytes_here;
        self.segments += part.segments;
        self.segments_here += part.segments_here;
        self.down += part.down;
        self.up += part.up;
        self.sent_bytes += part.sent_bytes;
        self.received_bytes += part.received_bytes;
        self.wasted_bytes += part.wasted_bytes;
        if part.state == "fetching" {
            self.limit.clone_from(&part.limit);
            self.peers.clone_from(&part.peers);
        }
        self.problem = self.problem.take().or_else(|| part.problem.clone());
    }

    /// All its files were added.
    pub(crate) fn sum_up(&mut self, files: usize) {
        if files == 0 {
            return;
        }
        self.files = Some(files);
        // The list's own state says whether files are still being put where they belong.
        let is_here = self.state == "sharing" && self.files_here == files;
        self.state = match (&self.problem, is_here) {
            (Some(_), _) => "failed",
            (None, true) => "sharing",
            (None, false) => "fetching",
        }
        .to_string();
    }
}
