//! What a peer keeps on disk: its secret key, its records, and whom it knew.
//!
//! One thread writes, many changes to a transaction; a record counts as stored once its transaction is on disk.

mod kept;
mod tables;
mod writing;

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::thread::JoinHandle;

use chordscope_core::base::id::{Id, Space};
use chordscope_core::node::api::StorageEvent;
use chordscope_core::store::group::Save;
use chordscope_core::store::message::Copy;
use chordscope_core::wire::codec::{encode_control, encode_copy, encode_entry};
use redb::backends::FileBackend;
use redb::{Database, DatabaseError};
use tokio::sync::mpsc;

use crate::clock::wall_seconds;
use crate::failure::Failure;
pub(crate) use crate::storage::kept::Kept;
use crate::storage::writing::{Change, Table};

/// How many changes may wait for the disk.
const MAX_WAITING: usize = 1_024;
/// Of the database's pages, how many bytes are kept in memory: the node holds every record itself.
const CACHE: usize = 4 << 20;

/// A way to the thread that writes.
#[derive(Debug)]
pub(crate) struct Storage {
    changes: mpsc::Sender<Change>,
    thread: JoinHandle<()>,
}

/// Opens or begins the store in a folder. `stored` is told what became of each record.
pub(crate) fn open(
    folder: &Path,
    stored: mpsc::UnboundedSender<StorageEvent>,
) -> Result<(Kept, Storage), Failure> {
    let path = folder.join("peer.redb");
    let fail = |reason: String| Failure::failed(format!("{}: {reason}", path.display()));
    let file = private_file(&path).map_err(|error| fail(error.to_string()))?;
    let database = FileBackend::new(file).and_then(|backend| {
        Database::builder()
            .set_cache_size(CACHE)
            .create_with_backend(backend)
    });
    let database = database.map_err(|error| match error {
        DatabaseError::DatabaseAlreadyOpen => Failure::failed(format!(
            "the data folder {} is in use by another peer: stop it, or choose another folder with --data",
            folder.display()
        )),
        error => fail(error.to_string()),
    })?;
    let kept = kept::read(&database).map_err(|error| fail(error.to_string()))?;
    let (changes, waiting) = mpsc::channel(MAX_WAITING);
    let thread = std::thread::Builder::new()
        .name("storage".into())
        .spawn(move || writing::write_all(&database, waiting, &stored))
        .map_err(|error| fail(error.to_string()))?;
    Ok((kept, Storage { changes, thread }))
}

impl Storage {
    /// Keeps a record; a [`StorageEvent`] follows. `false` when too much waits for the disk already.
    pub(crate) fn keep(&self, token: u64, key: Id, copy: &Copy) -> bool {
        let Ok(bytes) = encode_copy(copy) else {
            return false;
        };
        let change = Change::Keep {
            table: Table::Records,
            token,
            key: key.to_bytes(),
            expires: wall_seconds() + u64::from(copy.remaining),
            bytes,
        };
        self.changes.try_send(change).is_ok()
    }

    /// Drops a record. Should the disk lag behind, the record stays; it expires, or is handed over again.
    pub(crate) fn drop_record(&self, key: Id) {
        let change = Change::Drop(Table::Records, key.to_bytes());
        if self.changes.try_send(change).is_err() {
            tracing::warn!(?key, "a record stays on disk: too much waits to be written");
        }
    }

    /// Saves something of level `quorum`; a [`StorageEvent`] follows. `false` when too much waits for the disk already.
    pub(crate) fn save_groups(&self, token: u64, save: &Save) -> bool {
        let change = match save {
            Save::Control(control) => {
                encode_control(control).map(|bytes| Change::Groups { token, bytes })
            }
            Save::Entry(entry) => encode_entry(entry).map(|bytes| Change::Keep {
                table: Table::Entries,
                token,
                key: entry.copy.record.key(Space::FULL).to_bytes(),
                expires: wall_seconds() + u64::from(entry.copy.remaining),
                bytes,
            }),
        };
        change.is_ok_and(|change| self.changes.try_send(change).is_ok())
    }

    /// Drops entries of level `quorum`. Those that stay, should the disk lag behind, go with the next start.
    pub(crate) fn drop_entries(&self, keys: &[Id]) {
        for key in keys {
            let change = Change::Drop(Table::Entries, key.to_bytes());
            let _ = self.changes.try_send(change);
        }
    }

    /// Remembers peers, a line each, best first.
    pub(crate) fn know(&self, peers: &[String]) {
        let _ = self.changes.try_send(Change::Known(peers.join("\n")));
    }

    /// Ends once all is written.
    pub(crate) async fn close(self) {
        drop(self.changes);
        let thread = self.thread;
        let _ = tokio::task::spawn_blocking(move || thread.join()).await;
    }
}

fn private_file(path: &Path) -> io::Result<std::fs::File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chordscope_core::base::contact::Contact;
    use chordscope_core::base::identity::Signer;
    use chordscope_core::store::group::configuration::{Configuration, Epoch, Stamp};
    use chordscope_core::store::group::{Control, Entry, Held};
    use chordscope_core::store::record::{Name, Record};

    use super::*;
    use crate::storage::tables::{FORMAT, OWN, THIS_FORMAT};

    fn copy(name: &str) -> (Id, Copy) {
        let signer = Signer::ed25519([1; 32]);
        let name = Name::new(name).unwrap();
        let key = name.key(Space::FULL);
        let value = Some(b"value".to_vec());
        let record = Record::sign(&signer, name, value, 1, Duration::from_secs(60)).unwrap();
        let remaining = 60;
        (key, Copy { record, remaining })
    }

    #[tokio::test]
    async fn a_peer_finds_again_what_it_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (sender, mut stored) = mpsc::unbounded_channel();
        let (first, storage) = open(folder.path(), sender).unwrap();
        assert!(first.records.is_empty());
        for (token, name) in [(1, "a"), (2, "b")] {
            let (key, copy) = copy(name);
            assert!(storage.keep(token, key, &copy));
            assert_eq!(stored.recv().await, Some(StorageEvent::Stored(token)));
        }
        storage.drop_record(copy("b").0);
        storage.know(&["ws://a:1/ws".into(), "ws://b:1/ws".into()]);
        storage.close().await;

        let (sender, _stored) = mpsc::unbounded_channel();
        let (second, storage) = open(folder.path(), sender).unwrap();
        assert_eq!(second.secret, first.secret);
        assert!(second.version > first.version);
        assert_eq!(second.records.len(), 1);
        assert_eq!(second.records[0].record, copy("a").1.record);
        assert_eq!(second.known, ["ws://a:1/ws", "ws://b:1/ws"]);
        let busy = open(folder.path(), mpsc::unbounded_channel().0).unwrap_err();
        assert!(
            busy.to_string().contains("in use by another peer"),
            "{busy}"
        );
        storage.close().await;
    }

    fn control() -> Control {
        let signer = Signer::ed25519([1; 32]);
        let me = Contact::sign(Space::FULL, &signer, 0, 1, Vec::new()).unwrap();
        let epoch = |round| Epoch {
            round,
            proposer: me.id(),
        };
        let group = Configuration {
            ring: 7,
            after: me.id(),
            upto: me.id(),
            epoch: epoch(3),
            members: vec![me.clone()],
        };
        let held = Held {
            group,
            promised: epoch(5),
            accepted: None,
            decided: None,
        };
        Control {
            floor: epoch(2),
            round: 5,
            held: vec![held],
            staged: Vec::new(),
        }
    }

    #[tokio::test]
    async fn a_peer_finds_again_what_it_promised() {
        let folder = tempfile::tempdir().unwrap();
        let (sender, mut stored) = mpsc::unbounded_channel();
        let (first, storage) = open(folder.path(), sender).unwrap();
        assert_eq!(first.control, Control::default());
        let entry = |name| Entry {
            stamp: Stamp::default(),
            copy: copy(name).1,
        };
        let saves = [
            Save::Control(Box::new(control())),
            Save::Entry(Box::new(entry("a"))),
            Save::Entry(Box::new(entry("b"))),
        ];
        for (token, save) in (1..).zip(&saves) {
            assert!(storage.save_groups(token, save));
            assert_eq!(stored.recv().await, Some(StorageEvent::Stored(token)));
        }
        storage.drop_entries(&[copy("b").0]);
        storage.close().await;

        let (sender, _stored) = mpsc::unbounded_channel();
        let (second, storage) = open(folder.path(), sender).unwrap();
        assert_eq!(second.control, control());
        let records = second.entries.iter().map(|entry| &entry.copy.record);
        assert_eq!(records.collect::<Vec<_>>(), [&copy("a").1.record]);
        assert!(second.records.is_empty(), "each level keeps its own");
        storage.close().await;
    }

    #[tokio::test]
    async fn a_folder_of_another_format_is_refused_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (stored, _) = mpsc::unbounded_channel();
        let (_, storage) = open(folder.path(), stored.clone()).unwrap();
        storage.close().await;
        let rewrite = |format: &[u8]| {
            let database = Database::create(folder.path().join("peer.redb")).unwrap();
            let writing = database.begin_write().unwrap();
            let mut own = writing.open_table(OWN).unwrap();
            own.insert(FORMAT, format).unwrap();
            drop(own);
            writing.commit().unwrap();
        };
        rewrite(&[1]);
        for _ in 0..2 {
            let refused = open(folder.path(), stored.clone()).unwrap_err();
            assert!(refused.to_string().contains("another version"), "{refused}");
        }
        rewrite(THIS_FORMAT);
        assert!(open(folder.path(), stored).is_ok());
    }
}
