//! The file of the records that could not be brought into a lineage that the peer adopts: a JSON object a line.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use chordscope_core::base::digest::Digest;
use chordscope_core::base::id::Space;
use chordscope_core::node::adopting::Conflicting;
use chordscope_core::store::group::configuration::Stamp;
use chordscope_core::store::record::Label;
use serde::Serialize;
use tokio::sync::mpsc;

/// The outcome of an export: its number, and the reason where it failed.
pub(super) type Exported = (u64, Result<(), String>);

/// A way to the file in a position's folder.
#[derive(Debug)]
pub(super) struct Exports {
    folder: PathBuf,
    /// The files written so far: one export writes at a time.
    files: Arc<Mutex<BTreeMap<PathBuf, Written>>>,
    done: mpsc::UnboundedSender<Exported>,
}

/// The lines of a file, by their digests: an order that is given again finds the same conflicts. As many as the lineage had.
type Written = BTreeSet<[u8; 32]>;

/// A record as a line of the file.
#[derive(Debug, Serialize)]
struct Line {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The salt of a signed record; it need not be text.
    #[serde(skip_serializing_if = "Option::is_none")]
    salt_base64: Option<String>,
    author: Option<String>,
    /// None where it was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    value_base64: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    deleted: bool,
    sequence: u64,
    stamp: Place,
}

/// A place in the history of a key.
#[derive(Debug, Serialize)]
struct Place {
    generation: u32,
    round: u64,
    proposer: String,
    index: u64,
}

/// The file for what is left of a lineage in a position's folder.
pub(crate) fn path(folder: &Path, lineage: u64) -> PathBuf {
    folder.join(format!("quorum-{lineage:016x}.jsonl"))
}

impl Exports {
    /// Into a folder; `done` hears of each export.
    pub(super) fn new(folder: PathBuf) -> (Self, mpsc::UnboundedReceiver<Exported>) {
        let (done, exported) = mpsc::unbounded_channel();
        let exports = Self {
            folder,
            files: Arc::new(Mutex::new(BTreeMap::new())),
            done,
        };
        (exports, exported)
    }

    /// Adds a record to the file of its lineage, unless it is there.
    pub(super) fn export(&self, lineage: u64, conflict: &Conflicting) {
        let path = path(&self.folder, lineage);
        let (number, line) = (conflict.number, Line::of(conflict));
        let (files, done) = (Arc::clone(&self.files), self.done.clone());
        tokio::task::spawn_blocking(move || {
            let mut files = files.lock().unwrap_or_else(PoisonError::into_inner);
            let written = files.entry(path.clone()).or_default();
            let written = append(&path, &line, written);
            let written = written.map_err(|error| format!("{}: {error}", path.display()));
            // Nobody listens any more once the peer has ended.
            let _ = done.send((number, written));
        });
    }
}

/// Adds a line that is not there, which outlives a failure of the machine.
fn append(path: &Path, line: &Line, written: &mut Written) -> io::Result<()> {
    if written.is_empty() {
        *written = read(path)?;
    }
    let mut text = serde_json::to_vec(line)?;
    let digest = digest(&text);
    if written.contains(&digest) {
        return Ok(());
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let is_new = !path.exists();
    let mut file = options.open(path)?;
    text.push(b'\n');
    file.write_all(&text)?;
    file.sync_all()?;
    // A name is on the disk once its folder is. Other systems open no folders as files.
    #[cfg(unix)]
    if let Some(folder) = path.parent().filter(|_| is_new) {
        File::open(folder)?.sync_all()?;
    }
    written.insert(digest);
    Ok(())
}

/// Reads which lines are there, and ends one that a failure of the machine has torn.
fn read(path: &Path) -> io::Result<Written> {
    let mut file = match File::open(path) {
        Ok(file) => BufReader::new(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Written::new()),
        Err(error) => return Err(error),
    };
    let (mut lines, mut line) = (Written::new(), Vec::new());
    while file.read_until(b'\n', &mut line)? > 0 {
        match line.pop_if(|last| *last == b'\n') {
            Some(_) => drop(lines.insert(digest(&line))),
            None => OpenOptions::new()
                .append(true)
                .open(path)?
                .write_all(b"\n")?,
        }
        line.clear();
    }
    Ok(lines)
}

fn digest(line: &[u8]) -> [u8; 32] {
    Digest::new("chordscope v1 exported conflict")
        .part(line)
        .finish()
}

impl Line {
    fn of(conflict: &Conflicting) -> Self {
        let record = &conflict.record;
        let label = record.item().map(|item| &item.label);
        let (name, salt) = match label {
            Some(Label::Name(name)) => (Some(name.as_str().to_string()), None),
            Some(Label::Salt(salt)) => (None, Some(salt.as_bytes())),
            None => (None, None),
        };
        let author = record.item().map(|item| item.author.0);
        let Stamp { epoch, index } = conflict.stamp;
        Self {
            key: Space::FULL.show(conflict.key),
            name,
            salt_base64: salt.map(|salt| data_encoding::BASE64.encode(salt)),
            author: author.map(|author| data_encoding::HEXLOWER.encode(&author)),
            value_base64: record
                .value()
                .map(|value| data_encoding::BASE64.encode(value)),
            deleted: record.value().is_none(),
            sequence: record.sequence(),
            stamp: Place {
                generation: epoch.generation,
                round: epoch.round,
                proposer: Space::FULL.show(epoch.proposer),
                index,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chordscope_core::base::identity::Signer;
    use chordscope_core::store::record::{Name, Record};

    use super::*;

    fn conflict(number: u64) -> Conflicting {
        let signer = Signer::ed25519([1; 32]);
        let name = Name::new("a name").unwrap();
        let key = name.key(Space::FULL);
        let life = Duration::from_secs(60);
        let record = Record::sign(&signer, name, Some(vec![0, 255]), 3, life).unwrap();
        Conflicting {
            number,
            key,
            record,
            stamp: Stamp::default(),
        }
    }

    #[tokio::test]
    async fn each_conflict_is_a_line_that_is_there_when_it_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let (exports, mut exported) = Exports::new(folder.path().to_path_buf());
        for number in [1, 2] {
            let mut conflict = conflict(number);
            conflict.stamp.index = number;
            exports.export(7, &conflict);
            assert_eq!(exported.recv().await, Some((number, Ok(()))));
            let text = std::fs::read_to_string(path(folder.path(), 7)).unwrap();
            assert_eq!(text.lines().count() as u64, number);
            let line: serde_json::Value =
                serde_json::from_str(text.lines().last().unwrap()).unwrap();
            assert_eq!(line["name"], "a name");
            assert_eq!(line["value_base64"], "AP8=");
            assert_eq!(line["sequence"], 3);
            assert_eq!(line["stamp"]["index"], number);
            assert!(line["deleted"].is_null());
        }
    }

    #[tokio::test]
    async fn a_conflict_that_is_there_is_not_added_again_and_a_torn_line_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path(), 7);
        std::fs::write(&path, "{\"key\"").unwrap();
        let mut deleted = conflict(2);
        let signer = Signer::ed25519([1; 32]);
        let name = Name::new("a name").unwrap();
        deleted.record = Record::sign(&signer, name, None, 4, Duration::from_secs(60)).unwrap();
        for _ in 0..2 {
            let (exports, mut exported) = Exports::new(folder.path().to_path_buf());
            for conflict in [&conflict(1), &deleted, &conflict(3)] {
                exports.export(7, conflict);
                assert_eq!(exported.recv().await, Some((conflict.number, Ok(()))));
            }
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((lines.len(), lines[0]), (3, "{\"key\""));
        let line: serde_json::Value = serde_json::from_str(lines[2]).unwrap();
        assert_eq!(line["deleted"], true);
        assert!(line["value_base64"].is_null(), "{line}");
    }

    #[tokio::test]
    async fn a_folder_that_takes_nothing_is_told_with_its_reason() {
        let folder = tempfile::tempdir().unwrap();
        let (exports, mut exported) = Exports::new(folder.path().join("missing"));
        exports.export(7, &conflict(1));
        let (number, outcome) = exported.recv().await.unwrap();
        assert_eq!(number, 1);
        assert!(
            outcome
                .unwrap_err()
                .contains("quorum-0000000000000007.jsonl")
        );
    }
}
