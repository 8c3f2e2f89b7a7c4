//! Views of transfers: the files that a peer shares and fetches.

use chordscope_core::base::content::ContentId;
use chordscope_core::swarm::api::{Limit, SourceView, TransferView};
use chordscope_core::swarm::link::Link;
use serde::{Deserialize, Serialize};

use crate::files::{Item, TransferEnd, is_kept};

/// The content that was shared.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Shared {
    pub(crate) link: String,
    pub(crate) content: String,
    pub(crate) bytes: u64,
    /// True if this request began the sharing; the content was not shared already.
    pub(crate) begun: bool,
}

impl Shared {
    pub(crate) fn of(link: &Link, begun: bool) -> Self {
        Self {
            link: link.to_string(),
            content: link.content.to_string(),
            bytes: link.length.unwrap_or_default(),
            begun,
        }
    }
}

/// A fetch has begun.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Fetching {
    pub(crate) content: String,
    /// The path at which it will be.
    pub(crate) path: String,
    /// True if this request began the fetch; it was not under way already.
    pub(crate) begun: bool,
}

/// The answer to the order to end a transfer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Stopped {
    /// The name that it had.
    pub(crate) name: String,
    /// True if the content was still being fetched.
    pub(crate) fetching: bool,
    /// True if all of the content was here.
    pub(crate) complete: bool,
    /// The number of its files that are whole, and stay where they are.
    pub(crate) kept: usize,
}

/// The contents that a peer shares and fetches.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Transfers {
    pub(crate) transfers: Vec<Transfer>,
}

/// A content that is shared or fetched.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Transfer {
    pub(crate) link: String,
    pub(crate) name: String,
    pub(crate) path: String,
    /// True if the path lies in the peer's own folder: that of a folder's list of files, or of a copy that the peer keeps.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) inner: bool,
    /// `sharing`, `fetching` or `failed`.
    pub(crate) state: String,
    /// The reason why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
    /// The content's length in bytes; `null` while it is not known.
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
    /// The limit of its speed.
    pub(crate) limit: String,
    /// The number of files of a folder; the next field counts those that are here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) files: Option<usize>,
    #[serde(default)]
    pub(crate) files_here: usize,
    pub(crate) peers: Vec<Source>,
}

/// Another member of the swarm.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Source {
    pub(crate) id: String,
    pub(crate) segments: u32,
    pub(crate) down: u64,
    pub(crate) up: u64,
    /// True if the member chokes this peer: it does not send now.
    pub(crate) chokes: bool,
}

const FETCHING: &str = "fetching";

/// Returns the state of a content: `sharing`, `fetching` or `failed`.
const fn state(item: &Item) -> &'static str {
    match (&item.problem, item.entry.complete) {
        (Some(_), _) => "failed",
        (None, true) if !item.is_filling => "sharing",
        (None, _) => FETCHING,
    }
}

/// Returns the number of bytes of a content that are here, by its share of the segments.
fn bytes_here(view: &TransferView) -> u64 {
    match (view.length, view.have.is_full()) {
        (Some(length), true) => length,
        (Some(length), false) => {
            let share = u128::from(length) * u128::from(view.have.len());
            (share / u128::from(view.have.count().max(1))) as u64
        }
        (None, _) => 0,
    }
}

fn sources(view: &TransferView) -> Vec<Source> {
    let source = |source: &SourceView| Source {
        id: format!("{:?}", source.id),
        segments: source.has,
        down: source.down,
        up: source.up,
        chokes: source.chokes,
    };
    view.sources.iter().map(source).collect()
}

/// The message about a content that the core does not know.
const UNKNOWN: &str = "nobody found who has it";
/// The message about a folder of which no file is waited for.
const FILLING: &str = "its files are being put where they belong";

impl Stopped {
    pub(crate) fn of(item: &Item, ended: TransferEnd) -> Self {
        Self {
            name: item.entry.name.clone(),
            fetching: state(item) == FETCHING,
            complete: ended.complete,
            kept: ended.kept,
        }
    }
}

impl Transfer {
    /// Returns the name that its user knows: its path, or the name alone where the path is the peer's own business.
    pub(crate) fn shown(&self) -> &str {
        match self.inner {
            true => &self.name,
            false => &self.path,
        }
    }

    pub(crate) fn of(content: ContentId, item: &Item, view: Option<&TransferView>) -> Self {
        let entry = &item.entry;
        let link = Link {
            content,
            name: Some(entry.name.clone()),
            length: entry.length,
            is_collection: entry.is_collection,
        };
        let mut transfer = Self {
            link: link.to_string(),
            name: entry.name.clone(),
            path: entry.path.display().to_string(),
            inner: entry.is_collection || is_kept(content, &entry.path),
            state: state(item).to_string(),
            problem: item.problem.clone(),
            bytes: entry.length,
            limit: UNKNOWN.to_string(),
            ..Self::default()
        };
        if let Some(view) = view {
            transfer.count(view);
            transfer.limit = view.limit.to_string();
            transfer.peers = sources(view);
        }
        transfer
    }

    fn count(&mut self, view: &TransferView) {
        self.segments += view.have.count();
        self.segments_here += view.have.len();
        self.bytes_here += bytes_here(view);
        self.down += view.down;
        self.up += view.up;
        self.sent_bytes += view.sent;
        self.received_bytes += view.received;
        self.wasted_bytes += view.wasted;
    }

    /// A file of this folder.
    pub(crate) fn add(&mut self, part: &Item, view: Option<&TransferView>) {
        if self.files.is_none() {
            // The list itself is not what people mean.
            self.files = Some(0);
            (
                self.bytes,
                self.bytes_here,
                self.segments,
                self.segments_here,
            ) = (Some(0), 0, 0, 0);
            self.limit = FILLING.to_string();
        }
        let state = state(part);
        self.files_here += usize::from(state == "sharing");
        let lengths = self.bytes.zip(part.entry.length);
        self.bytes = lengths.map(|(all, one)| all + one);
        if let Some(view) = view {
            self.count(view);
        }
        if state == "fetching" {
            self.limit = view.map_or_else(|| UNKNOWN.into(), |view| view.limit.to_string());
            self.peers = view.map(sources).unwrap_or_default();
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
        if is_here {
            self.limit = Limit::Complete.to_string();
        }
        self.state = match (&self.problem, is_here) {
            (Some(_), _) => "failed",
            (None, true) => "sharing",
            (None, false) => "fetching",
        }
        .to_string();
    }
}
