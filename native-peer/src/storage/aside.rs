//! Entries of level `quorum` that are set aside, in a file for the user to look at: their range was repaired without this peer.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chordscope_core::base::id::Space;
use chordscope_core::store::group::Entry;
use chordscope_core::store::record::Label;
use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};

/// The name of such a file, before its number.
const NAME: &str = "quorum-set-aside-";
/// The greatest number of these files in a folder; what comes then goes to the end of the last one.
const MAX_FILES: u32 = 64;

/// Writes entries to a file in a folder, one JSON object a line, and gives its path once they are on the disk.
pub(super) fn write(folder: &Path, entries: &[Entry]) -> io::Result<PathBuf> {
    let mut text = Vec::new();
    for entry in entries {
        writeln!(text, "{}", describe(entry))?;
    }
    let path = |number: u32| folder.join(format!("{NAME}{number}.jsonl"));
    let mut number = 1;
    while number < MAX_FILES && path(number).exists() {
        number += 1;
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path(number))?;
    file.write_all(&text)?;
    file.sync_all()?;
    Ok(path(number))
}

/// An entry in JSON: the record as `get` shows it, and its place in the history of its key.
fn describe(entry: &Entry) -> Value {
    let record = &entry.copy.record;
    let value = record.value();
    let text = value.and_then(|value| std::str::from_utf8(value).ok());
    let mut line = json!({
        "key": Space::FULL.show(record.key(Space::FULL)),
        "sequence": record.sequence(),
        "value": text,
        "expires_in_s": entry.copy.remaining,
        "generation": entry.stamp.epoch.generation,
        "round": entry.stamp.epoch.round,
        "index": entry.stamp.index,
    });
    match record.item().map(|item| &item.label) {
        Some(Label::Name(name)) => line["name"] = json!(name.as_str()),
        Some(Label::Salt(salt)) => line["salt_hex"] = json!(HEXLOWER.encode(salt.as_bytes())),
        None => {}
    }
    if let Some(author) = record.item().map(|item| &item.author) {
        line["author"] = json!(HEXLOWER.encode(&author.0));
    }
    if let (Some(value), None) = (value, text) {
        line["value_base64"] = json!(BASE64.encode(value));
    }
    line["deleted"] = json!(value.is_none());
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::tests::entry;

    #[test]
    fn each_time_there_is_a_file_of_its_own_until_there_are_many() {
        let folder = tempfile::tempdir().unwrap();
        let entries = [entry("a"), entry("b")];
        let mut paths = Vec::new();
        for _ in 0..MAX_FILES + 2 {
            paths.push(write(folder.path(), &entries).unwrap());
        }
        let lines = |path: &Path| {
            let text = std::fs::read_to_string(path).unwrap();
            let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
            lines.collect::<Vec<Value>>()
        };
        let first = lines(&paths[0]);
        assert_eq!(first.len(), 2);
        assert_eq!(
            (&first[0]["name"], &first[0]["value"]),
            (&json!("a"), &json!("value"))
        );
        assert_eq!(lines(&paths[MAX_FILES as usize - 1]).len(), 6);
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            MAX_FILES as usize
        );
    }
}
