//! How far a file is.

use super::{Spoken, Tone, sentence, size, spoken};
use crate::live::talk::{FileRow, Stage, Transfer};

/// How far a file is. The lead changes with the stage alone.
pub fn file(row: &FileRow, joined: bool) -> Spoken {
    let waits = "It waits for a ring: join one first.";
    match &row.stage {
        Stage::Reading { .. } => spoken(Tone::Busy, "reading, to find its content id…", ""),
        Stage::Fetching(_) if !joined => spoken(Tone::Busy, "fetching…", waits),
        Stage::Fetching(transfer) => spoken(Tone::Busy, "fetching…", fetching(transfer)),
        Stage::Here {
            saved: Some(_),
            sent,
            up,
            ..
        } => spoken(
            Tone::Good,
            "fetched, and every segment checked",
            sending(*sent, *up),
        ),
        Stage::Here { .. } if !joined => spoken(Tone::Calm, "ready to be fetched", waits),
        Stage::Here { sent, up, .. } => spoken(
            Tone::Good,
            "shared while this tab is open",
            sending(*sent, *up),
        ),
        Stage::Failed(why) => spoken(Tone::Bad, sentence(why), ""),
    }
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

fn sending(sent: u64, up: u64) -> String {
    match (sent, up) {
        (0, _) => "Nobody has fetched any of it from this tab yet.".to_owned(),
        (sent, 0) => format!("{} sent to others.", size(sent)),
        (sent, up) => format!("{} sent to others, {} now.", size(sent), rate(up)),
    }
}

/// Bytes a second.
pub fn rate(bytes: u64) -> String {
    format!("{}/s", size(bytes))
}
