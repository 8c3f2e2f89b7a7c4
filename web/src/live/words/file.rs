//! Words for the progress of a file.

use super::{Spoken, Tone, sentence, size, spoken};
use crate::live::talk::{FileRow, Here, Progress, Transfer};

/// The progress of a file. The lead changes with the kind of progress alone.
pub fn file(row: &FileRow, joined: bool) -> Spoken {
    let waits = "It waits for a ring: join one first.";
    match &row.progress {
        Progress::Reading { .. } => spoken(Tone::Busy, "reading, to find its content id…", ""),
        Progress::Checking { .. } => spoken(Tone::Busy, "checking what is here of it…", ""),
        Progress::Fetching(_) if !joined => spoken(Tone::Busy, "fetching…", waits),
        Progress::Fetching(transfer) => spoken(Tone::Busy, "fetching…", fetching(transfer)),
        Progress::Here(here) if here.saved.is_some() => {
            let lead = folder(here);
            let lead = lead.unwrap_or_else(|| "fetched, and every segment checked".to_owned());
            // Of a folder, the list alone was fetched: it says nothing of how fast files come.
            let took = here.took.filter(|_| here.folder.is_none());
            let took = told(row.length, took);
            spoken(Tone::Good, lead, format!("{took}{}", sending(here)))
        }
        Progress::Here(_) if !joined => spoken(Tone::Calm, "ready to be fetched", waits),
        Progress::Here(here) => {
            let what = folder(here).map_or_else(String::new, |folder| format!("{folder}, "));
            let lead = format!("{what}shared while this tab is open");
            spoken(Tone::Good, lead, sending(here))
        }
        Progress::Failed(why) => spoken(Tone::Bad, sentence(why), ""),
    }
}

/// The number of each kind of them, without those of which there is none.
pub fn count(rows: &[FileRow]) -> String {
    let counted = |is: fn(&Progress) -> bool| rows.iter().filter(|row| is(&row.progress)).count();
    let kinds = [
        (
            counted(|progress| matches!(progress, Progress::Here(here) if here.folder.is_none())),
            "file",
            "files",
        ),
        (
            counted(|progress| matches!(progress, Progress::Here(here) if here.folder.is_some())),
            "folder",
            "folders",
        ),
        (counted(is_under_way), "under way", "under way"),
        (
            counted(|progress| matches!(progress, Progress::Failed(_))),
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

const fn is_under_way(progress: &Progress) -> bool {
    matches!(
        progress,
        Progress::Reading { .. } | Progress::Checking { .. } | Progress::Fetching(_)
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

/// The time that it took, where that says something.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn row(length: u64, here: Here) -> FileRow {
        FileRow {
            number: 1,
            name: "a".to_owned(),
            content: None,
            length: Some(length),
            progress: Progress::Here(Box::new(here)),
        }
    }

    #[test]
    fn what_was_fetched_tells_how_fast_it_came() {
        let here = Here {
            saved: Some("blob:…".to_owned()),
            took: Some(12_345),
            ..Here::default()
        };
        let spoken = file(&row(1_234_500_000, here), true);
        assert_eq!(spoken.lead, "fetched, and every segment checked");
        let took = "It took 12 s, at 100 MB/s. ";
        let sent = "Nobody has fetched any of it from this tab since it was opened.";
        assert_eq!(spoken.rest, format!("{took}{sent}"));
    }

    #[test]
    fn files_folders_and_what_is_under_way_are_counted_apart() {
        let here = |folder| {
            let here = Here {
                folder,
                ..Here::default()
            };
            row(1, here)
        };
        let staged = |progress| FileRow {
            progress,
            ..row(1, Here::default())
        };
        assert_eq!(count(&[]), "");
        let folder = here(Some((2, Vec::new())));
        assert_eq!(count(std::slice::from_ref(&folder)), "1 folder");
        let rows = [
            folder,
            here(None),
            here(None),
            staged(Progress::Reading { done: 0 }),
            staged(Progress::Failed("no".to_owned())),
        ];
        assert_eq!(count(&rows), "2 files, 1 folder, 1 under way, 1 failed");
    }

    #[test]
    fn a_folder_that_is_shared_tells_how_many_files_it_has() {
        let said = |count| {
            let here = Here {
                folder: Some((count, Vec::new())),
                ..Here::default()
            };
            file(&row(6, here), true).lead
        };
        assert_eq!(said(1), "a folder of 1 file, shared while this tab is open");
        assert_eq!(
            said(2),
            "a folder of 2 files, shared while this tab is open"
        );
    }
}
