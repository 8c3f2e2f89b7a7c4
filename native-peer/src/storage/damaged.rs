//! Damaged stores: whatever happened to the file, the peer starts as itself, and what it has is right or not there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use chordscope_core::base::rng::Rng;
use chordscope_core::store::group::Control;
use chordscope_core::store::record::Record;
use tempfile::TempDir;

use super::store::FILE;
use super::tables::{ENTRIES, OWN, RECORDS};
use super::tests::{control, entry, tamper, version};
use super::*;

const RECORDS_KEPT: u64 = 60;
const ENTRIES_KEPT: usize = 12;
const FILES: [&str; 3] = [FILE, "key", "peer.commits"];

/// A folder as a peer left it, and what is in it.
struct Left {
    folder: TempDir,
    began: Kept,
    newest: BTreeMap<Id, Record>,
    /// Versions that were replaced.
    older: Vec<Record>,
}

/// A folder in memory where there is one: hundreds of starts wait for a disk hundreds of times.
fn scratch() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

fn name(number: u64) -> String {
    format!("name {number}")
}

/// A value of its own for each version: what is read can be told from what was there before.
fn value(number: u64, sequence: u64) -> Vec<u8> {
    let size = usize::try_from(400 + number * 7 % 900).unwrap();
    format!("{number} {sequence} ")
        .into_bytes()
        .repeat(size / 4)
}

/// Fills a store, then copies its folder: as a crash leaves it, and closed.
async fn left() -> [Left; 2] {
    let origin = scratch();
    let (sender, mut stored) = mpsc::unbounded_channel();
    let (_, storage) = open(origin.path(), sender).unwrap();
    let (mut newest, mut older) = (BTreeMap::new(), Vec::new());
    let mut token = 0;
    for entry_of in 0..ENTRIES_KEPT {
        token += 1;
        let save = Save::Entry(Box::new(entry(&format!("entry {entry_of}"))));
        assert!(storage.save_groups(token, &save));
        assert_eq!(stored.recv().await, Some(StorageEvent::Stored(token)));
    }
    for sequence in [1, 2] {
        for number in 0..RECORDS_KEPT {
            if sequence == 2 && number % 3 > 0 {
                continue;
            }
            token += 1;
            let (key, copy) = version(&name(number), sequence, &value(number, sequence));
            assert!(storage.keep(token, key, &copy));
            assert_eq!(stored.recv().await, Some(StorageEvent::Stored(token)));
            older.extend(newest.insert(key, copy.record));
        }
    }
    let dropped = version(&name(1), 1, b"").0;
    storage.drop_record(dropped);
    older.extend(newest.remove(&dropped));
    storage.know(&["ws://a:1/ws".into()]);
    token += 1;
    assert!(storage.save_groups(token, &Save::Control(Box::new(control()))));
    assert_eq!(stored.recv().await, Some(StorageEvent::Stored(token)));
    let (crashed, closed) = (scratch(), scratch());
    copy_folder(origin.path(), crashed.path());
    storage.close().await;
    copy_folder(origin.path(), closed.path());
    let mut all = Vec::new();
    for folder in [crashed, closed] {
        // What a start finds, in a copy: a start writes.
        let trial = scratch();
        copy_folder(folder.path(), trial.path());
        let (began, storage) = open(trial.path(), mpsc::unbounded_channel().0).unwrap();
        storage.close().await;
        assert_eq!(began.began, Began::Again);
        let (newest, older) = (newest.clone(), older.clone());
        let left = Left {
            folder,
            began,
            newest,
            older,
        };
        left.check(&left.began);
        assert_eq!(left.began.records.len(), left.newest.len());
        all.push(left);
    }
    all.try_into().unwrap_or_else(|_| panic!("two"))
}

fn copy_folder(from: &Path, to: &Path) {
    for file in FILES {
        fs::copy(from.join(file), to.join(file)).unwrap();
    }
}

impl Left {
    /// Checks that what a start found is right or not there, and that nothing is missing in the same incarnation.
    fn check(&self, found: &Kept) {
        assert_eq!(found.secret, self.began.secret);
        let is_older = matches!(&found.began, Began::Anew(why) if why.contains("older"));
        for copy in &found.records {
            let key = copy.record.key(Space::FULL);
            let right = self.newest.get(&key) == Some(&copy.record);
            // A whole but older copy of the store has what was there then.
            let was_right = is_older && self.older.contains(&copy.record);
            assert!(right || was_right, "{found:?}");
        }
        match found.began {
            Began::Again => {
                assert_eq!(found.incarnation, self.began.incarnation);
                assert_eq!(found.records.len(), self.newest.len());
                assert_eq!(found.entries.len(), ENTRIES_KEPT);
                assert_eq!(found.control, control());
                let known = self.began.known == found.known;
                assert!(known, "{:?}", found.known);
            }
            Began::Anew(_) => {
                assert_ne!(found.incarnation, self.began.incarnation);
                assert!(found.entries.is_empty(), "they may be amnesiac");
                let heir = Control {
                    incarnation: found.incarnation,
                    lineage: control().lineage,
                    round: control().round,
                    ..Control::default()
                };
                let nothing = Control::default();
                assert!([heir, nothing].contains(&found.control), "{found:?}");
            }
            Began::First | Began::Numbered => panic!("{found:?}"),
        }
    }

    /// Starts with a file that something happened to. Gives what the start found.
    async fn start(&self, harm: impl FnOnce(&mut Vec<u8>), what: &str) -> Kept {
        let trial = scratch();
        copy_folder(self.folder.path(), trial.path());
        let path = trial.path().join(FILE);
        let mut bytes = fs::read(&path).unwrap();
        harm(&mut bytes);
        fs::write(&path, &bytes).unwrap();
        let (stored, _) = mpsc::unbounded_channel();
        let (found, storage) =
            open(trial.path(), stored.clone()).unwrap_or_else(|error| panic!("{what}: {error}"));
        self.check(&found);
        storage.close().await;
        let aside: Vec<PathBuf> = set_aside(trial.path());
        match (&found.began, bytes.is_empty()) {
            (Began::Anew(_), false) => {
                assert_eq!(
                    fs::read(&aside[0]).unwrap(),
                    bytes,
                    "{what}: as it was found"
                );
            }
            _ => assert!(aside.is_empty(), "{what}"),
        }
        // The new store is one.
        let (again, storage) = open(trial.path(), stored).unwrap();
        storage.close().await;
        assert_eq!(again.began, Began::Again, "{what}");
        assert_eq!(again.incarnation, found.incarnation, "{what}");
        assert_eq!(again.control, found.control, "{what}");
        assert_eq!(again.records.len(), found.records.len(), "{what}");
        assert!(again.version > found.version, "{what}");
        found
    }
}

fn set_aside(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.to_string_lossy().contains(".damaged-"))
        .collect()
}

#[tokio::test]
async fn bytes_that_changed_anywhere_are_noticed_or_do_no_harm() {
    let mut rng = Rng::from_seed(16, 5);
    for (left, state) in left().await.iter().zip(["crashed", "closed"]) {
        let length = fs::metadata(left.folder.path().join(FILE)).unwrap().len();
        let (mut noticed, mut pages_damaged, mut salvaged, mut heirs) = (0, 0, 0, 0);
        // Somewhere in each page, and often in the first: it has what no checksum covers.
        let pages = (0..length / 4_096).flat_map(|page| [page * 4_096; 2]);
        let mut places: Vec<u64> = pages.map(|page| page + rng.below(4_033)).collect();
        places.extend((0..320).step_by(4));
        for place in places {
            let at = usize::try_from(place).unwrap();
            let mask = u8::try_from(1 + rng.below(255)).unwrap();
            let count = [64, 1][usize::from(place < 320 && rng.below(2) == 0)];
            let harm = |bytes: &mut Vec<u8>| {
                let end = (at + count).min(bytes.len());
                bytes[at..end].iter_mut().for_each(|byte| *byte ^= mask);
            };
            let what = format!("{state}: {count} bytes at {at} changed by {mask:#x}");
            let found = left.start(harm, &what).await;
            if matches!(found.began, Began::Anew(_)) {
                noticed += 1;
                if place >= 4_096 {
                    pages_damaged += 1;
                    salvaged += found.records.len();
                    heirs += usize::from(found.control.lineage.is_some());
                }
            }
        }
        // Pages that are not in use may change.
        assert!(
            noticed > 40 && pages_damaged > 20,
            "{state}: {noticed}, {pages_damaged}"
        );
        let of = pages_damaged * left.newest.len();
        assert!(salvaged * 2 > of, "{state}: {salvaged} of {of} records");
        assert!(
            heirs * 2 > pages_damaged,
            "{state}: {heirs} of {pages_damaged} know their lineage"
        );
    }
}

#[tokio::test]
async fn a_file_that_ends_early_is_empty_or_was_never_a_store_begins_anew() {
    let mut rng = Rng::from_seed(16, 6);
    for (left, state) in left().await.iter().zip(["crashed", "closed"]) {
        let whole = fs::metadata(left.folder.path().join(FILE)).unwrap().len();
        let mut lengths = vec![0, 1, 9, 10, 320, 4_096, 8_192, whole - 4_096, whole - 1];
        lengths.extend((0..20).map(|_| rng.below(whole)));
        for length in lengths {
            let cut = |bytes: &mut Vec<u8>| bytes.truncate(usize::try_from(length).unwrap());
            let found = left.start(cut, &format!("{state}: cut at {length}")).await;
            // The end may hold nothing.
            let anew = matches!(found.began, Began::Anew(_));
            assert!(anew || length * 4 > whole * 3, "{length} of {whole}");
        }
        for size in [1, 100, 5_000, 300_000] {
            let noise = |bytes: &mut Vec<u8>| {
                *bytes = vec![0; size];
                Rng::from_seed(16, size as u64).fill(bytes);
            };
            let found = left.start(noise, &format!("{state}: noise, {size}")).await;
            assert!(matches!(found.began, Began::Anew(_)), "{size}");
            let zeros = |bytes: &mut Vec<u8>| *bytes = vec![0; size];
            let found = left.start(zeros, &format!("{state}: zeros, {size}")).await;
            assert!(matches!(found.began, Began::Anew(_)), "{size}");
        }
        let longer = |bytes: &mut Vec<u8>| bytes.extend([7; 5_000]);
        left.start(longer, &format!("{state}: longer")).await;
        // A page of another place, with a checksum that is right for itself.
        let moved = |bytes: &mut Vec<u8>| bytes.copy_within(16_384..20_480, 24_576);
        left.start(moved, &format!("{state}: a page moved")).await;
    }
}

#[tokio::test]
async fn a_store_that_is_gone_or_of_another_time_is_another_incarnation() {
    let [crashed, left] = left().await;
    let trial = scratch();
    let (stored, _) = mpsc::unbounded_channel();
    copy_folder(left.folder.path(), trial.path());
    fs::remove_file(trial.path().join(FILE)).unwrap();
    let (found, storage) = open(trial.path(), stored.clone()).unwrap();
    left.check(&found);
    assert_eq!(found.began, Began::Anew("the file is not there".into()));
    storage.close().await;
    // The old store, put back: of another incarnation, but its records are records.
    fs::copy(left.folder.path().join(FILE), trial.path().join(FILE)).unwrap();
    let (found, storage) = open(trial.path(), stored.clone()).unwrap();
    left.check(&found);
    let another = "it belongs to another incarnation";
    assert_eq!(found.began, Began::Anew(another.into()));
    assert_eq!(found.control.lineage, control().lineage);
    assert_eq!(found.records.len(), left.newest.len());
    storage.close().await;

    // Of the same incarnation, but older than what was counted.
    copy_folder(left.folder.path(), trial.path());
    let (_, storage) = open(trial.path(), stored.clone()).unwrap();
    storage.close().await;
    fs::copy(crashed.folder.path().join(FILE), trial.path().join(FILE)).unwrap();
    let (found, storage) = open(trial.path(), stored.clone()).unwrap();
    left.check(&found);
    let older = "it is older than it should be (transactions missing: 1)";
    assert_eq!(found.began, Began::Anew(older.into()));
    storage.close().await;

    fs::write(trial.path().join("peer.commits"), "nonsense").unwrap();
    let (found, storage) = open(trial.path(), stored.clone()).unwrap();
    assert!(matches!(found.began, Began::Anew(why) if why.contains("peer.commits")));
    storage.close().await;

    // An older store without its count is as much as an older store.
    fs::copy(crashed.folder.path().join(FILE), trial.path().join(FILE)).unwrap();
    fs::copy(crashed.folder.path().join("key"), trial.path().join("key")).unwrap();
    fs::remove_file(trial.path().join("peer.commits")).unwrap();
    let (found, storage) = open(trial.path(), stored.clone()).unwrap();
    assert!(matches!(found.began, Began::Anew(why) if why.contains("missing")));
    storage.close().await;

    for file in [FILE, "key"] {
        fs::remove_file(trial.path().join(file)).unwrap();
    }
    let error = open(trial.path(), stored).unwrap_err().to_string();
    assert!(error.contains("the file `key`"), "{error}");
}

#[tokio::test]
async fn a_row_that_changed_before_it_was_written_is_left_out_or_spoils_the_promises() {
    let [_, left] = left().await;
    let (stored, _) = mpsc::unbounded_channel();
    let trial = scratch();
    copy_folder(left.folder.path(), trial.path());
    let key = *left.newest.keys().next().unwrap();
    tamper(trial.path(), |writing| {
        let mut records = writing.open_table(RECORDS).unwrap();
        let bytes = &[1_u8; 99][..];
        records.insert(key.to_bytes(), (u64::MAX, bytes)).unwrap();
    });
    let (found, storage) = open(trial.path(), stored.clone()).unwrap();
    assert_eq!(found.incarnation, left.began.incarnation);
    assert_eq!(found.records.len(), left.newest.len() - 1);
    assert_eq!(storage.health().damaged_records, 1);
    storage.close().await;
    let (found, storage) = open(trial.path(), stored.clone()).unwrap();
    assert_eq!(storage.health().damaged_records, 0, "it was dropped");
    assert_eq!(found.entries.len(), ENTRIES_KEPT);
    storage.close().await;

    type Spoil = fn(&redb::WriteTransaction);
    let spoils: [(&str, Spoil); 2] = [
        ("an entry", |writing| {
            let mut entries = writing.open_table(ENTRIES).unwrap();
            entries
                .insert([7; 20], (u64::MAX, &[1_u8; 99][..]))
                .unwrap();
        }),
        ("a promise", |writing| {
            let mut own = writing.open_table(OWN).unwrap();
            own.insert("groups", &[1_u8; 99][..]).unwrap();
        }),
    ];
    for (what, spoil) in spoils {
        copy_folder(left.folder.path(), trial.path());
        tamper(trial.path(), spoil);
        let (found, storage) = open(trial.path(), stored.clone()).unwrap();
        left.check(&found);
        assert!(matches!(found.began, Began::Anew(_)), "{what}");
        assert_eq!(found.records.len(), left.newest.len(), "{what}");
        let knows = found.control.lineage.is_some();
        assert_eq!(knows, what == "an entry", "{what}");
        storage.close().await;
    }
    assert_eq!(set_aside(trial.path()).len(), 2);
}

#[tokio::test]
async fn a_folder_has_only_so_many_damaged_stores() {
    let home = scratch();
    let (stored, _) = mpsc::unbounded_channel();
    for number in 0..=8 {
        let (_, storage) = open(home.path(), stored.clone()).unwrap();
        assert_eq!(storage.health().set_aside, number);
        storage.close().await;
        fs::write(home.path().join(FILE), "nonsense").unwrap();
    }
    let refused = open(home.path(), stored).unwrap_err().to_string();
    assert!(refused.contains("set aside before"), "{refused}");
    assert_eq!(refused.lines().count(), 1);
}
