//! Storage of a peer on disk: its secret key, its records, what it promised to its groups, and the peers that it knew.
//!
//! One thread writes, many changes to a transaction; a record counts as stored once its transaction is on disk. At the start
//! everything is read and checked first, without a change to the file: what is damaged is set aside and begun anew.

mod aside;
mod count;
mod fault;
mod health;
mod identity;
mod opening;
mod reading;
mod salvage;
mod seal;
mod shadow;
mod store;
mod tables;
mod writing;

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use chordscope_core::base::id::{Id, Space};
use chordscope_core::node::api::{self as node, StorageEvent};
use chordscope_core::store::group::Save;
use chordscope_core::store::message::StoredRecord;
use chordscope_core::store::renewal::Renewal;
use chordscope_core::wire::codec::{encode_control, encode_copy, encode_entry, encode_renewal};
use tokio::sync::mpsc;

use crate::burst::Burst;
use crate::clock::wall_seconds;
use crate::failure::Failure;
pub(crate) use crate::storage::health::Health;
pub(crate) use crate::storage::identity::show as show_incarnation;
use crate::storage::opening::Opened;
pub(crate) use crate::storage::opening::{Began, Kept};
use crate::storage::store::{Disk, Level, Medium};
use crate::storage::writing::{Change, Writer};

/// The number of changes that may wait for the disk.
const MAX_WAITING: usize = 1_024;
/// The number of bytes of the database's pages that are kept in memory: the node holds every record itself.
const CACHE: usize = 4 << 20;

/// Records that stay on the disk although they were dropped.
static LAGGING: Burst = Burst::new();
/// Renewals that may be forgotten.
static FORGETTING: Burst = Burst::new();

/// A way to the thread that writes.
#[derive(Debug)]
pub(crate) struct Storage {
    folder: PathBuf,
    changes: mpsc::Sender<Change>,
    health: Arc<Health>,
    thread: JoinHandle<()>,
}

/// Opens or begins the store in a folder. `stored` is told what became of each record.
pub(crate) fn open(
    folder: &Path,
    stored: mpsc::UnboundedSender<StorageEvent>,
) -> Result<(Kept, Storage), Failure> {
    open_on(Disk, folder, stored)
}

fn open_on(
    medium: impl Medium,
    folder: &Path,
    stored: mpsc::UnboundedSender<StorageEvent>,
) -> Result<(Kept, Storage), Failure> {
    let Opened {
        kept,
        store,
        set_aside,
        damaged_records,
    } = opening::open(folder, medium)?;
    let began = kept.began.clone();
    let health = Health::new(kept.incarnation, began, set_aside, damaged_records);
    let health = Arc::new(health);
    let (changes, waiting) = mpsc::channel(MAX_WAITING);
    let writer = Writer {
        store,
        waiting,
        stored,
        health: Arc::clone(&health),
    };
    let thread = std::thread::Builder::new()
        .name("storage".into())
        .spawn(move || writer.run())
        .map_err(|error| Failure::failed(format!("cannot begin to write: {error}")))?;
    let storage = Storage {
        folder: folder.to_path_buf(),
        changes,
        health,
        thread,
    };
    Ok((kept, storage))
}

/// Returns the time at which a record expires, or has expired, in seconds since 1970.
fn expiry(copy: &StoredRecord) -> u64 {
    wall_seconds().saturating_add_signed(i64::from(copy.remaining))
}

impl Storage {
    /// Returns the folder of the store.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the health of the store.
    pub(crate) fn health(&self) -> Arc<Health> {
        Arc::clone(&self.health)
    }

    /// Keeps a record; a [`StorageEvent`] follows. `false` when the disk refuses, or too much waits for it already.
    pub(crate) fn keep(&self, token: u64, key: Id, copy: &StoredRecord) -> bool {
        let Ok(bytes) = encode_copy(copy) else {
            return false;
        };
        self.send(Change::Keep {
            level: Level::One,
            token,
            key: key.to_bytes(),
            expires: expiry(copy),
            bytes,
        })
    }

    /// Drops a record. Should the disk lag behind, the record stays; it expires, or is handed over again.
    pub(crate) fn drop_record(&self, key: Id) {
        let change = Change::Drop(Level::One, key.to_bytes());
        if self.changes.try_send(change).is_err() {
            LAGGING.warn(format!(
                "the record under {} stays on disk: too much waits to be written",
                Space::FULL.show(key)
            ));
        }
    }

    /// Saves something of level `quorum`; a [`StorageEvent`] follows. `false` when the disk refuses, or too much waits for it already.
    pub(crate) fn save_groups(&self, token: u64, save: &Save) -> bool {
        let change = match save {
            Save::Control(control) => {
                encode_control(control).map(|bytes| Change::Groups { token, bytes })
            }
            Save::Entry(entry) => encode_entry(entry).map(|bytes| Change::Keep {
                level: Level::Quorum,
                token,
                key: entry.copy.record.key(Space::FULL).to_bytes(),
                expires: expiry(&entry.copy),
                bytes,
            }),
        };
        change.is_ok_and(|change| self.send(change))
    }

    /// Drops entries of level `quorum`. Those that stay, should the disk lag behind, go with the next start.
    pub(crate) fn drop_entries(&self, keys: &[Id]) {
        for key in keys {
            let change = Change::Drop(Level::Quorum, key.to_bytes());
            let _ = self.changes.try_send(change);
        }
    }

    /// Keeps entries of level `quorum` apart in a file, and drops them. Should the disk lag behind, the next start does it.
    pub(crate) fn set_aside(&self, keys: &[Id]) {
        let keys = keys.iter().map(|key| key.to_bytes()).collect();
        let _ = self.changes.try_send(Change::SetAside(keys));
    }

    /// Remembers a record that is renewed.
    pub(crate) fn renew(&self, renewal: &Renewal) {
        let key = renewal.key.to_bytes();
        if let Ok(bytes) = encode_renewal(renewal) {
            let level = node::Level::of(renewal);
            self.change_renewal(level.into(), key, Some(bytes));
        }
    }

    /// Forgets a record that is renewed no more.
    pub(crate) fn renew_no_more(&self, key: Id, level: node::Level) {
        self.change_renewal(level.into(), key.to_bytes(), None);
    }

    fn change_renewal(&self, level: Level, key: [u8; 20], bytes: Option<Vec<u8>>) {
        let change = Change::Renewal(level, key, bytes);
        if self.changes.try_send(change).is_err() {
            FORGETTING.warn(
                "a renewal may be forgotten at the next start: too much waits to be written".into(),
            );
        }
    }

    /// Remembers peers, a line each, best first.
    pub(crate) fn know(&self, peers: &[String]) {
        let _ = self.changes.try_send(Change::Known(peers.join("\n")));
    }

    fn send(&self, change: Change) -> bool {
        if self.health.refusing().is_some() {
            self.health.count_refused();
            return false;
        }
        self.changes.try_send(change).is_ok()
    }

    /// Ends once all is written.
    pub(crate) async fn close(self) {
        LAGGING.flush();
        FORGETTING.flush();
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
mod damaged;
#[cfg(test)]
mod refused;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use chordscope_core::base::contact::Contact;
    use chordscope_core::base::identity::Signer;
    use chordscope_core::store::group::configuration::{
        Configuration, Epoch, Member, Origin, Stamp,
    };
    use chordscope_core::store::group::fence::Fence;
    use chordscope_core::store::group::{Control, Entry, Held, Lineage, OperationTag};
    use chordscope_core::store::record::{Name, Record};

    use super::*;
    use crate::storage::tables::{ENTRIES, FORMAT, GROUPS, OWN, RECORDS, SECRET, VERSION};

    pub(super) fn copy(name: &str) -> (Id, StoredRecord) {
        version(name, 1, b"value")
    }

    /// A record under a name, in one of its versions.
    pub(super) fn version(name: &str, sequence: u64, value: &[u8]) -> (Id, StoredRecord) {
        let signer = Signer::ed25519([1; 32]);
        let name = Name::new(name).unwrap();
        let key = name.key(Space::FULL);
        let life = Duration::from_secs(3_600);
        let value = Some(value.to_vec());
        let record = Record::sign(&signer, name, value, sequence, life).unwrap();
        let remaining = 3_600;
        (key, StoredRecord { record, remaining })
    }

    pub(super) fn entry(name: &str) -> Entry {
        Entry {
            operation: OperationTag::default(),
            stamp: Stamp::default(),
            copy: copy(name).1,
            origin: None,
        }
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
        let [kept, touched, ended] =
            [("a", false), ("a", true), ("b", true)].map(|(name, quorum)| {
                let (key, copy) = copy(name);
                Renewal {
                    key,
                    version: copy.record.version(),
                    lifetime: 60,
                    quorum,
                }
            });
        for renewal in [&kept, &touched, &ended] {
            storage.renew(renewal);
        }
        storage.renew_no_more(ended.key, node::Level::Quorum);
        storage.renew_no_more(ended.key, node::Level::One);
        storage.know(&["ws://a:1/ws".into(), "ws://b:1/ws".into()]);
        storage.close().await;

        let (sender, _stored) = mpsc::unbounded_channel();
        let (second, storage) = open(folder.path(), sender).unwrap();
        assert_eq!(second.secret, first.secret);
        assert_eq!(second.incarnation, first.incarnation);
        assert_eq!((first.began, second.began), (Began::First, Began::Again));
        assert!(second.version > first.version);
        assert_eq!(second.records.len(), 1);
        assert_eq!(second.records[0].record, copy("a").1.record);
        assert_eq!(second.renewals, [kept, touched]);
        assert_eq!(second.known, ["ws://a:1/ws", "ws://b:1/ws"]);
        let busy = open(folder.path(), mpsc::unbounded_channel().0).unwrap_err();
        assert!(
            busy.to_string().contains("in use by another peer"),
            "{busy}"
        );
        storage.close().await;
    }

    #[tokio::test]
    async fn a_peer_finds_again_which_records_were_over() {
        let folder = tempfile::tempdir().unwrap();
        let (sender, mut stored) = mpsc::unbounded_channel();
        let (_, storage) = open(folder.path(), sender).unwrap();
        let mut kept = Vec::new();
        // Of one that has replaced nothing, and one whose time is over, nothing stays.
        for (token, sequence, remaining) in [(1, 2, -90), (2, 2, -86_400), (3, 1, -90)] {
            let (key, whole) = version(&format!("name {token}"), sequence, b"value");
            let copy = StoredRecord { remaining, ..whole };
            assert!(storage.keep(token, key, &copy));
            let stamp = Stamp::default();
            let operation = OperationTag::default();
            let entry = Box::new(Entry {
                stamp,
                operation,
                copy: copy.clone(),
                origin: None,
            });
            assert!(storage.save_groups(10 + token, &Save::Entry(entry)));
            kept.push(copy);
        }
        for _ in 0..6 {
            let event = stored.recv().await;
            assert!(matches!(event, Some(StorageEvent::Stored(_))), "{event:?}");
        }
        storage.close().await;
        let (again, storage) = open(folder.path(), mpsc::unbounded_channel().0).unwrap();
        let entries = again.entries.iter().map(|entry| &entry.copy);
        for found in [again.records.iter().collect::<Vec<_>>(), entries.collect()] {
            let [found] = found[..] else {
                panic!("{found:?}")
            };
            assert_eq!(found.record, kept[0].record);
            assert!((-150..=-90).contains(&found.remaining), "{found:?}");
        }
        storage.close().await;
    }

    pub(super) fn control() -> Control {
        let signer = Signer::ed25519([1; 32]);
        let me = Contact::sign(Space::FULL, &signer, 0, 1, Vec::new()).unwrap();
        let epoch = |round| Epoch {
            generation: 0,
            round,
            proposer: me.id(),
        };
        let group = Configuration {
            lineage: 7,
            after: me.id(),
            upto: me.id(),
            epoch: epoch(3),
            members: vec![Member {
                contact: me.clone(),
                incarnation: 5,
                votes: true,
            }],
        };
        let held = Held {
            group,
            promised: epoch(5),
            accepted: None,
            decided: None,
        };
        Control {
            incarnation: 5,
            lineage: Some(Lineage {
                number: 7,
                written: true,
            }),
            skipped: Vec::new(),
            floor: epoch(2),
            round: 5,
            held: vec![held],
            staged: Vec::new(),
            fences: vec![Fence {
                lineage: 7,
                after: me.id(),
                upto: Id::from_u64(1),
                generation: 1,
                lost: vec![(Id::from_u64(2), 3)],
            }],
        }
    }

    #[tokio::test]
    async fn a_peer_finds_again_what_it_promised() {
        let folder = tempfile::tempdir().unwrap();
        let (sender, mut stored) = mpsc::unbounded_channel();
        let (first, storage) = open(folder.path(), sender).unwrap();
        assert_eq!(first.control, Control::default());
        let brought = Entry {
            origin: Some(Origin {
                lineage: 7,
                stamp: Stamp::default(),
            }),
            ..entry("d")
        };
        let saves = [
            Save::Control(Box::new(control())),
            Save::Entry(Box::new(entry("a"))),
            Save::Entry(Box::new(entry("b"))),
            Save::Entry(Box::new(brought.clone())),
        ];
        for (token, save) in (1..).zip(&saves) {
            assert!(storage.save_groups(token, save));
            assert_eq!(stored.recv().await, Some(StorageEvent::Stored(token)));
        }
        storage.set_aside(&[copy("b").0, copy("c").0]);
        storage.close().await;
        let aside = folder.path().join("quorum-set-aside-1.jsonl");
        let aside = std::fs::read_to_string(aside).unwrap();
        assert!(
            aside.contains(r#""name":"b""#) && aside.lines().count() == 1,
            "{aside}"
        );

        let (sender, _stored) = mpsc::unbounded_channel();
        let (second, storage) = open(folder.path(), sender).unwrap();
        assert_eq!(second.control, control());
        let entries = second.entries.iter();
        let entries = entries.map(|entry| (&entry.copy.record, entry.origin));
        let entries: BTreeMap<_, _> = entries.map(|it| (it.0.key(Space::FULL), it)).collect();
        let [a, d] = [entry("a"), brought];
        let wanted = [&a, &d].map(|entry| (&entry.copy.record, entry.origin));
        let wanted = wanted.map(|it| (it.0.key(Space::FULL), it));
        assert_eq!(entries, BTreeMap::from(wanted));
        assert!(second.records.is_empty(), "each level keeps its own");
        storage.close().await;
    }

    /// Writes to a store by hand.
    pub(super) fn tamper(folder: &Path, change: impl FnOnce(&redb::WriteTransaction)) {
        let database = redb::Database::create(folder.join("peer.redb")).unwrap();
        let writing = database.begin_write().unwrap();
        change(&writing);
        writing.commit().unwrap();
    }

    #[tokio::test]
    async fn a_folder_of_another_format_is_refused_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (stored, _) = mpsc::unbounded_channel();
        let (first, storage) = open(folder.path(), stored.clone()).unwrap();
        storage.close().await;
        let rewrite = |format: &[u8]| {
            tamper(folder.path(), |writing| {
                let mut own = writing.open_table(OWN).unwrap();
                own.insert(FORMAT, format).unwrap();
            });
        };
        for other in [1, 4, 255] {
            rewrite(&[other]);
            let before = std::fs::read(folder.path().join("peer.redb")).unwrap();
            let refused = open(folder.path(), stored.clone()).unwrap_err();
            assert!(refused.to_string().contains("another version"), "{refused}");
            let after = std::fs::read(folder.path().join("peer.redb")).unwrap();
            assert_eq!(before, after);
        }
        rewrite(&[tables::THIS_FORMAT]);
        let (again, _storage) = open(folder.path(), stored).unwrap();
        assert_eq!(again.incarnation, first.incarnation);
    }

    /// A folder as it was before incarnations, with its key in the store.
    fn unsealed(folder: &Path, promises: bool) {
        let expires = wall_seconds() + 600;
        tamper(folder, |writing| {
            let mut own = writing.open_table(OWN).unwrap();
            own.insert(FORMAT, &[2][..]).unwrap();
            own.insert(SECRET, &[9; 32][..]).unwrap();
            own.insert(VERSION, &7_u64.to_le_bytes()[..]).unwrap();
            own.insert("known", &b"ws://a:1/ws"[..]).unwrap();
            if promises {
                own.insert(GROUPS, &b"in other words"[..]).unwrap();
            }
            writing.open_table(ENTRIES).unwrap();
            let (key, kept) = copy("a");
            let bytes = encode_copy(&kept).unwrap();
            let mut records = writing.open_table(RECORDS).unwrap();
            let row = (expires, bytes.as_slice());
            records.insert(key.to_bytes(), row).unwrap();
        });
    }

    #[tokio::test]
    async fn a_folder_from_before_incarnations_keeps_its_identity_and_records() {
        let anew = |began: &Began| matches!(began, Began::Anew(_));
        for promises in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            unsealed(folder.path(), promises);
            let mut numbers = Vec::new();
            for first in [true, false] {
                let (kept, storage) = open(folder.path(), mpsc::unbounded_channel().0).unwrap();
                assert_eq!(kept.secret, [9; 32]);
                // Promises that cannot be read are promises forgotten.
                match (first, promises) {
                    (true, true) => assert!(anew(&kept.began)),
                    (true, false) => assert_eq!(kept.began, Began::Numbered),
                    (false, _) => assert_eq!(kept.began, Began::Again),
                }
                assert_eq!(kept.records[0].record, copy("a").1.record);
                assert_eq!(kept.known, ["ws://a:1/ws"]);
                assert_eq!(storage.health().set_aside, usize::from(promises));
                numbers.push(kept.incarnation);
                storage.close().await;
            }
            assert_eq!(numbers[0], numbers[1]);
            let text = std::fs::read_to_string(folder.path().join("key")).unwrap();
            assert!(text.contains(&"09".repeat(32)), "{text}");
        }
    }

    #[tokio::test]
    async fn numbering_a_store_goes_on_where_it_was_broken_off() {
        let folder = tempfile::tempdir().unwrap();
        unsealed(folder.path(), false);
        let identity = identity::Identity {
            secret: [9; 32],
            incarnation: 77,
        };
        identity.write(folder.path()).unwrap();
        let (kept, storage) = open(folder.path(), mpsc::unbounded_channel().0).unwrap();
        assert_eq!((kept.incarnation, kept.began), (77, Began::Numbered));
        assert_eq!(kept.records.len(), 1);
        storage.close().await;
    }

    #[tokio::test]
    async fn a_key_that_is_lost_or_damaged_is_not_replaced_by_another() {
        let folder = tempfile::tempdir().unwrap();
        let (stored, _) = mpsc::unbounded_channel();
        let (_, storage) = open(folder.path(), stored.clone()).unwrap();
        storage.close().await;
        let key = folder.path().join("key");
        let whole = std::fs::read(&key).unwrap();
        std::fs::write(&key, &whole[..40]).unwrap();
        let refused = open(folder.path(), stored.clone()).unwrap_err();
        assert!(refused.to_string().contains("key is damaged"), "{refused}");
        std::fs::remove_file(&key).unwrap();
        let refused = open(folder.path(), stored.clone()).unwrap_err();
        assert!(refused.to_string().contains("is missing"), "{refused}");
        std::fs::write(&key, &whole).unwrap();
        let (again, _storage) = open(folder.path(), stored).unwrap();
        assert_eq!(again.began, Began::Again);
    }
}
