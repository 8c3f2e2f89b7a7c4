//! Disks that refuse: a clear reason, no acknowledgement of what is not on the disk, and writing that goes on by itself.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::{Bound, RangeInclusive};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chordscope_core::store::record::Record;
use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};

use super::tests::{copy, version};
use super::*;

/// A disk that takes so many more writes, then none.
#[derive(Clone, Debug)]
struct Filling(Arc<AtomicI64>);

#[derive(Debug)]
struct FillingFile {
    file: FileBackend,
    left: Arc<AtomicI64>,
}

impl Medium for Filling {
    type Backend = FillingFile;

    fn attach(&self, file: File) -> Result<FillingFile, DatabaseError> {
        let (file, left) = (FileBackend::new(file)?, Arc::clone(&self.0));
        Ok(FillingFile { file, left })
    }

    fn pauses(&self) -> RangeInclusive<Duration> {
        Duration::from_millis(1)..=Duration::from_millis(20)
    }
}

impl FillingFile {
    fn take(&self) -> io::Result<()> {
        match self.left.fetch_sub(1, Ordering::SeqCst) {
            1.. => Ok(()),
            _ => Err(io::ErrorKind::StorageFull.into()),
        }
    }
}

impl StorageBackend for FillingFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.take()?;
        self.file.set_len(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.take()?;
        self.file.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}

const ENDLESS: i64 = i64::MAX;

/// Waits until the disk takes records again.
async fn recovered(storage: &Storage) {
    let well = async {
        while storage.health.refusing().is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), well)
        .await
        .expect("it goes on");
}

#[tokio::test]
async fn a_full_disk_refuses_says_why_once_and_goes_on_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let left = Arc::new(AtomicI64::new(ENDLESS));
    let (sender, mut stored) = mpsc::unbounded_channel();
    let (first, storage) = open_on(Filling(Arc::clone(&left)), folder.path(), sender).unwrap();
    let keep = |token: u64| {
        let (key, copy) = copy(&format!("name {token}"));
        storage.keep(token, key, &copy)
    };
    assert!(keep(1));
    assert_eq!(stored.recv().await, Some(StorageEvent::Stored(1)));

    left.store(0, Ordering::SeqCst);
    assert!(keep(2));
    assert_eq!(stored.recv().await, Some(StorageEvent::Failed(2)));
    let reason = storage.health.refusing().expect("a reason");
    assert!(reason.contains("no room on the disk"), "{reason}");
    assert!(reason.contains("peer.redb"), "{reason}");
    assert_eq!(reason.lines().count(), 1);
    for token in 3..1_000 {
        assert!(!keep(token), "at once, not after a queue");
    }
    assert_eq!(storage.health.failures(), 1);
    assert_eq!(storage.health.refused(), 998);

    left.store(ENDLESS, Ordering::SeqCst);
    recovered(&storage).await;
    assert!(keep(1_000));
    assert_eq!(stored.recv().await, Some(StorageEvent::Stored(1_000)));
    assert_eq!(storage.health.failures(), 1);
    storage.close().await;
    let (again, storage) = open(folder.path(), mpsc::unbounded_channel().0).unwrap();
    assert_eq!(
        (again.began, again.incarnation),
        (Began::Again, first.incarnation)
    );
    assert_eq!(again.records.len(), 2);
    storage.close().await;
}

#[tokio::test]
async fn wherever_in_a_transaction_the_disk_is_full_nothing_acknowledged_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let left = Arc::new(AtomicI64::new(ENDLESS));
    let (sender, mut stored) = mpsc::unbounded_channel();
    let (first, storage) = open_on(Filling(Arc::clone(&left)), folder.path(), sender).unwrap();
    // What may be there: what was acknowledged last, and what was refused since.
    let mut possible: BTreeMap<Id, Vec<Option<Record>>> = BTreeMap::new();
    let mut token = 0;
    let mut failed = 0;
    for room in 0..24 {
        left.store(room, Ordering::SeqCst);
        for number in 0..8 {
            token += 1;
            let name = format!("name {}", (token + number) % 40);
            let (key, copy) = version(&name, token, &vec![7; 3_000]);
            if !storage.keep(token, key, &copy) {
                failed += 1;
                break;
            }
            let known = possible.entry(key).or_insert_with(|| vec![None]);
            if stored.recv().await == Some(StorageEvent::Stored(token)) {
                known.clear();
            }
            known.push(Some(copy.record));
            if known.len() > 1 {
                failed += 1;
                break;
            }
        }
        left.store(ENDLESS, Ordering::SeqCst);
        recovered(&storage).await;
    }
    assert!(failed > 10, "{failed}");
    storage.close().await;
    let (again, storage) = open(folder.path(), mpsc::unbounded_channel().0).unwrap();
    assert_eq!(
        (again.began, again.incarnation),
        (Began::Again, first.incarnation)
    );
    for (key, possible) in possible {
        let found = again.records.iter().map(|copy| &copy.record);
        let mut found = found.filter(|record| record.key(Space::FULL) == key);
        assert!(possible.contains(&found.next().cloned()), "{possible:?}");
    }
    storage.close().await;
}

#[tokio::test]
async fn a_start_on_a_full_disk_after_a_kill_says_what_helps_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (sender, mut stored) = mpsc::unbounded_channel();
    let (first, storage) = open(folder.path(), sender).unwrap();
    let (key, kept) = copy("name");
    assert!(storage.keep(1, key, &kept));
    assert_eq!(stored.recv().await, Some(StorageEvent::Stored(1)));
    // As a kill leaves it: the database was not closed.
    let killed = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_owned();
        std::fs::copy(&path, killed.path().join(name)).unwrap();
    }
    storage.close().await;
    let mut refusals = 0;
    let (again, storage) = loop {
        let disk = Filling(Arc::new(AtomicI64::new(refusals)));
        let failure = match open_on(disk, killed.path(), mpsc::unbounded_channel().0) {
            Ok(opened) => break opened,
            Err(failure) => failure.to_string(),
        };
        refusals += 1;
        let begin = format!(
            "no room on the disk for {} (",
            killed.path().join("peer.redb").display()
        );
        assert!(failure.starts_with(&begin), "{failure}");
        assert!(
            failure.ends_with(
                "): make room on the file system of that folder, and start the peer again; nothing that it keeps is lost"
            ),
            "{failure}"
        );
    };
    assert!(refusals > 2, "{refusals}");
    assert_eq!(
        (again.began, again.incarnation),
        (Began::Again, first.incarnation)
    );
    assert_eq!(again.records.len(), 1);
    storage.close().await;
}
