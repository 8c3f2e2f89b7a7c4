//! How far a file is.

use super::{Spoken, Tone, sentence, size, spoken};
use crate::live::talk::{FileRow, Here, Stage, Transfer};

/// How far a file is. The lead changes with the stage alone.
pub fn file(row: &FileRow, joined: bool) -> Spoken {
    let waits = "It waits for a ring: join one first.";
    match &row.stage {
        Stage::Reading { .. } => spoken(Tone::Busy, "reading, to find its content id…", ""),
        Stage::Checking { .. } => spoken(Tone::Busy, "checking what is here of it…", ""),
        Stage::Fetching(_) if !joined => spoken(Tone::Busy, "fetching…", waits),
        Stage::Fetching(transfer) => spoken(Tone::Busy, "fetching…", fetching(transfer)),
        Stage::Here(here) if here.saved.is_some() => {
            let lead = folder(here);
            let lead = lead.unwrap_or_else(|| "fetched, and every segment checked".to_owned());
            // Of a folder, the list alone was fetched: it says nothing of how fast files come.
            let took = here.took.filter(|_| here.folder.is_none());
            let took = told(row.length, took);
            spoken(Tone::Good, lead, format!("{took}{}", sending(here)))
        }
        Stage::Here(_) if !joined => spoken(Tone::Calm, "ready to be fetched", waits),
        Stage::Here(here) => {
            let what = folder(here).map_or_else(String::new, |folder| format!("{folder}, "));
            let lead = format!("{what}shared while this tab is open");
            spoken(Tone::Good, lead, sending(here))
        }
        Stage::Failed(why) => spoken(Tone::Bad, sentence(why), ""),
    }
}

/// How many there are of each kind; nothing of what there is none.
pub fn count(rows: &[FileRow]) -> String {
    let counted = |is: fn(&Stage) -> bool| rows.iter().filter(|row| is(&row.stage)).count();
    let kinds = [
        (
            counted(|stage| matches!(stage, Stage::Here(here) if here.folder.is_none())),
            "file",
            "files",
        ),
        (
            counted(|stage| matches!(stage, Stage::Here(here) if here.folder.is_some())),
            "folder",
            "folders",
        ),
        (counted(is_under_way), "under way", "under way"),
        (
            counted(|stage| matches!(stage, Stage::Failed(_))),
            "failed",
            "failed",
        ),
    ];
    let words = kinds.iter().filter_map(|(count, one, more)| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {more}")),
    });
    words.collect::<Vec<_>>().join(", ")
}

const fn is_under_way(stage: &Stage) -> bool {
    matches!(
        stage,
        Stage::Reading { .. } | Stage::Checking { .. } | Stage::Fetching(_)
    )
}

/// That it is a folder, if it is.
fn folder(here: &Here) -> Option<String> {
    let (count, _) = here.folder.as_ref()?;
    Some(match count {
        1 => "a folder of 1 file".to_owned(),
        count => format!("a folder of {count} files"),
    })
}

fn fetching(transfer: &Transfer) -> String {
    let peers = match transfer.sources.len() {
        1 => "1 peer".to_owned(),
        count => format!("{count} peers"),
    };
    match transfer.segments {
        Some(segments) => format!(
            "{} of {segments} segments, {} from {peers}. What limits it: {}.",
            transfer.have,
            rate(transfer.down),
            transfer.limit
        ),
        None => sentence(&transfer.limit),
    }
}

/// How long it took, where that says something.
fn told(length: Option<u64>, took: Option<u64>) -> String {
    match (length, took) {
        (Some(length), Some(took)) if took >= 1_000 => {
            let second = rate(length.saturating_mul(1_000) / took);
            format!("It took {}, at {second}. ", seconds(took))
        }
        _ => String::new(),
    }
}

fn sending(here: &Here) -> String {
    match (here.sent, here.up) {
        (0, _) => "Nobody has fetched any of it from this tab since it was opened.".to_owned(),
        (sent, 0) => format!("{} sent to others.", size(sent)),
        (sent, up) => format!("{} sent to others, {} now.", size(sent), rate(up)),
    }
}

/// A time of a second or more.
fn seconds(millis: u64) -> String {
    match millis {
        0..10_000 => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
        _ => format!("{} s", millis / 1_000),
    }
}

/// Bytes a second.
pub fn rate(bytes: u64) -> String {
    format!("{}/s", size(bytes))
}
