//! Opening a folder's store: which incarnation this is, what it still knows, and what becomes of a damaged file.
//!
//! Of a damaged store no promise is used: it is set aside as it was found, and the peer goes on in another incarnation.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chordscope_core::base::id::Space;
use chordscope_core::node::api as node;
use chordscope_core::store::group::{Control, Entry};
use chordscope_core::store::message::StoredRecord;
use chordscope_core::store::renewal::Renewal;
use chordscope_core::wire::codec::{encode_control, encode_copy, encode_entry, encode_renewal};
use chordscope_core::wire::release_0_1;

use super::count::{self, Count, Refused};
use super::fault::Fault;
use super::identity::Identity;
use super::reading::{Contents, Groups, Inherited, read};
use super::salvage::salvage;
use super::store::{FILE, Level, Medium, Store, Tables};
use super::tables::{FORMAT, GROUPS, INCARNATION, KNOWN, SECRET, THIS_FORMAT, VERSION};
use crate::clock::wall_seconds;
use crate::failure::{Failure, is_full, refused};

/// The greatest number of damaged stores in a folder: a disk or memory that does that so often is to be looked at first.
const MAX_SET_ASIDE: usize = 8;

/// The state that was on disk when the peer started.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The secret key, from which the id follows.
    pub(crate) secret: [u8; 32],
    /// The incarnation of the peer's store: another one once the store was lost or damaged, and with it, maybe, what it promised.
    pub(crate) incarnation: u64,
    /// The kind of start: whether the incarnation is new, and why.
    pub(crate) began: Began,
    /// Greater than at every earlier start that the store knows of.
    pub(crate) version: u64,
    /// Records that have not expired.
    pub(crate) records: Vec<StoredRecord>,
    /// Peers of the last run, a line each.
    pub(crate) known: Vec<String>,
    /// The control record of the peer's groups: only their lineage and its last ballot in a new incarnation.
    pub(crate) control: Control,
    /// The entries of its groups that have not expired: none in a new incarnation.
    pub(crate) entries: Vec<Entry>,
    /// The records that it renews.
    pub(crate) renewals: Vec<Renewal>,
}

/// The kind of start: whether an incarnation is new, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Began {
    /// A new peer.
    First,
    /// The same as before.
    Again,
    /// The first with a number: everything is as it was before numbers.
    Numbered,
    /// A new one, as what the peer promised is lost or may be: for this reason.
    Anew(String),
}

impl Began {
    /// Returns its name as one word for programs.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Again => "again",
            Self::Numbered => "numbered",
            Self::Anew(_) => "anew",
        }
    }
}

/// A store that was opened.
#[derive(Debug)]
pub(super) struct Opened<M> {
    pub(super) kept: Kept,
    pub(super) store: Store<M>,
    pub(super) set_aside: usize,
    pub(super) damaged_records: usize,
}

/// The state of a folder, which decides what is to be done.
enum Found {
    /// The folder has no store.
    Nothing,
    /// The store of this identity.
    Whole(Identity, Box<Contents>),
    /// A store of this identity, without seals.
    Unsealed(Identity, Box<Contents>),
    /// Another incarnation begins, for this reason, with these records.
    Broken(Identity, Broken),
}

#[derive(Default)]
struct Broken {
    reason: String,
    /// True if there is a file to be set aside.
    file: bool,
    records: Vec<(u64, StoredRecord)>,
    renewals: Vec<Renewal>,
    known: Vec<String>,
    version: u64,
    inherited: Inherited,
}

/// Opens or begins the store in a folder.
pub(super) fn open<M: Medium>(folder: &Path, medium: M) -> Result<Opened<M>, Failure> {
    let count = Count::take(folder).map_err(|refused| match refused {
        Refused::Busy => busy(folder),
        Refused::Disk(error) => uncounted(folder, &error),
    })?;
    let now = wall_seconds();
    let opening = Opening {
        folder,
        medium,
        now,
    };
    match find(folder, &count, now)? {
        Found::Nothing => opening.first(count),
        Found::Whole(identity, contents) => opening.again(count, identity, *contents),
        Found::Unsealed(identity, contents) => opening.number(count, identity, *contents),
        Found::Broken(identity, broken) => opening.anew(count, identity, broken),
    }
}

fn find(folder: &Path, count: &Count, now: u64) -> Result<Found, Failure> {
    let path = folder.join(FILE);
    let identity = Identity::read(folder)?;
    let counted = count.read().map_err(|error| uncounted(folder, &error))?;
    let length = match fs::metadata(&path) {
        Ok(file) => Some(file.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(refuses(folder, &error)),
    };
    match (identity, length) {
        (None, None | Some(0)) => {
            let begun = count.is_begun();
            match begun.map_err(|error| uncounted(folder, &error))? {
                false => Ok(Found::Nothing),
                true => Err(keyless(
                    folder,
                    "is not there, nor is the file `key` beside it",
                )),
            }
        }
        (Some(identity), None) => Ok(Found::Broken(identity, empty("the file is not there"))),
        (Some(identity), Some(0)) => Ok(Found::Broken(identity, empty("the file is empty"))),
        (_, Some(_)) => look(folder, identity, counted, now),
    }
}

/// Looks into a file with something in it.
fn look(
    folder: &Path,
    identity: Option<Identity>,
    counted: Option<u64>,
    now: u64,
) -> Result<Found, Failure> {
    let path = folder.join(FILE);
    match (identity, read(&path, now)) {
        (_, Err(Fault::Busy)) => Err(busy(folder)),
        (_, Err(Fault::Disk(kind, reason))) => Err(refuses(folder, &io::Error::new(kind, reason))),
        (_, Err(Fault::Format(_))) => Err(cannot(
            folder,
            "another version of chordscope wrote it: use that one, or choose another folder with --data",
        )),
        (None, Ok(None)) => Ok(Found::Nothing),
        (None, Ok(Some(contents))) => match contents.secret {
            Some(secret) => {
                // What its groups take it for.
                let incarnation = release_0_1::INCARNATION;
                let identity = Identity {
                    secret,
                    incarnation,
                };
                Ok(judge(identity, counted, contents))
            }
            None => Err(keyless(folder, "the file `key` beside it is missing")),
        },
        (None, Err(Fault::Damaged(reason))) => Err(cannot(
            folder,
            &format!(
                "it is damaged ({reason}), and no file `key` says whose it is: put the folder back from a copy, or begin as another peer with a new folder (--data)"
            ),
        )),
        (Some(identity), Err(Fault::Damaged(reason))) => {
            let saved = salvage(&path, counted.unwrap_or(u64::MAX), now);
            let broken = Broken {
                reason,
                file: true,
                records: saved.records,
                renewals: Vec::new(),
                known: saved.known,
                version: saved.version,
                inherited: saved.inherited,
            };
            Ok(Found::Broken(identity, broken))
        }
        (Some(identity), Ok(None)) => Ok(Found::Broken(
            identity,
            Broken {
                file: true,
                ..empty("nothing is in it")
            },
        )),
        (Some(identity), Ok(Some(contents))) => Ok(judge(identity, counted, contents)),
    }
}

/// Decides what to make of a store that can be read.
fn judge(identity: Identity, counted: Option<u64>, contents: Contents) -> Found {
    let numbers = (contents.incarnation, contents.secret);
    let reason = match (&contents.groups, numbers, counted) {
        (_, (_, Some(secret)), _) if secret != identity.secret => {
            "it belongs to another key".to_string()
        }
        (Ok(_), (_, Some(_)), _) => return Found::Unsealed(identity, Box::new(contents)),
        (_, (incarnation, None), _) if incarnation != identity.incarnation => {
            "it belongs to another incarnation".to_string()
        }
        (Err(reason), ..) => reason.clone(),
        (.., None) => {
            "the count of its transactions in peer.commits is damaged or missing".to_string()
        }
        (_, _, Some(counted)) if contents.commits < counted => {
            let missing = counted - contents.commits;
            format!("it is older than it should be (transactions missing: {missing})")
        }
        _ => return Found::Whole(identity, Box::new(contents)),
    };
    let another_key = contents
        .secret
        .is_some_and(|secret| secret != identity.secret);
    let inherited = match another_key {
        true => Inherited::default(),
        false => contents.inherited,
    };
    let broken = Broken {
        reason,
        file: true,
        records: contents.records,
        renewals: contents.renewals,
        known: contents.known,
        version: contents.version,
        inherited,
    };
    Found::Broken(identity, broken)
}

/// A store of which there is nothing left.
fn empty(reason: &str) -> Broken {
    Broken {
        reason: reason.into(),
        ..Broken::default()
    }
}

struct Opening<'a, M> {
    folder: &'a Path,
    medium: M,
    now: u64,
}

impl<M: Medium> Opening<'_, M> {
    fn first(self, count: Count) -> Result<Opened<M>, Failure> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(Failure::failed)?;
        self.begin(count, secret, Began::First, Broken::default())
    }

    fn again(
        self,
        count: Count,
        identity: Identity,
        mut contents: Contents,
    ) -> Result<Opened<M>, Failure> {
        contents.version = self.now.max(contents.version + 1);
        let fail = |error| unwritten_whole(self.folder, error);
        let mut store = self.store(count, contents.commits).map_err(fail)?;
        let outcome = store.transact(|tables| {
            tables.name(VERSION, &contents.version.to_le_bytes())?;
            drop_stale(tables, &contents)
        });
        outcome.map_err(fail)?;
        if contents.damaged > 0 {
            tracing::error!(
                "{}: {} records are damaged and were left out; their replicas come back from other peers. Check the machine's memory and disk",
                self.folder.display(),
                contents.damaged
            );
        }
        self.opened(store, identity, Began::Again, contents)
    }

    /// Gives a store of the unsealed format a number, and its rows their seals. The key goes to a file of its own first.
    fn number(
        self,
        count: Count,
        identity: Identity,
        mut contents: Contents,
    ) -> Result<Opened<M>, Failure> {
        identity.write(self.folder)?;
        contents.version = self.now.max(contents.version + 1);
        count
            .begin()
            .map_err(|error| uncounted(self.folder, &error))?;
        let fail = |error| unwritten(self.folder, error);
        let mut store = self.store(count, 0).map_err(fail)?;
        let outcome = store.transact(|tables| {
            tables.forget(SECRET)?;
            heading(tables, identity.incarnation, &contents)?;
            drop_stale(tables, &contents)?;
            let groups = contents.groups.as_ref().ok();
            let control = groups.map_or_else(Control::default, |groups| groups.control.clone());
            let control = encode_control(&control).map_err(unencodable)?;
            tables.name(GROUPS, &control)?;
            for (expires, entry) in groups.iter().flat_map(|groups| &groups.entries) {
                let key = entry.copy.record.key(Space::FULL).to_bytes();
                let bytes = encode_entry(entry).map_err(unencodable)?;
                tables.keep(Level::Quorum, &key, *expires, &bytes)?;
            }
            keep_all(tables, &contents.records)
        });
        outcome.map_err(fail)?;
        self.opened(store, identity, Began::Numbered, contents)
    }

    fn anew(self, count: Count, identity: Identity, broken: Broken) -> Result<Opened<M>, Failure> {
        let path = self.folder.join(FILE);
        let aside = match broken.file {
            true => Some(set_aside(self.folder)?),
            false => None,
        };
        let name = aside.as_deref().and_then(Path::file_name);
        let what = match name {
            Some(name) => format!(
                "it was set aside as {} (delete that once the ring is well)",
                name.display()
            ),
            None => "nothing of it is left".to_string(),
        };
        let records = broken.records.len();
        // One line, whatever the database put into its reason.
        let line = Failure::failed(format!(
            "{} cannot be used: {}; {what}, and a new store begins with {records} of its records: the others come back from replicas at other peers, and what this peer promised to its groups of level quorum is forgotten. If it happens again, have a look at the disk and the memory",
            path.display(),
            broken.reason
        ));
        tracing::error!("{line}");
        let began = Began::Anew(broken.reason.clone());
        self.begin(count, identity.secret, began, broken)
    }

    /// Begins a store. Number and count are new before it is: if the machine fails between, another number follows.
    fn begin(
        self,
        count: Count,
        secret: [u8; 32],
        began: Began,
        broken: Broken,
    ) -> Result<Opened<M>, Failure> {
        let identity = Identity {
            secret,
            incarnation: random()?,
        };
        let contents = Contents {
            secret: None,
            incarnation: identity.incarnation,
            version: self.now.max(broken.version + 1),
            commits: 0,
            known: broken.known,
            records: broken.records,
            renewals: broken.renewals,
            groups: Ok(Groups {
                control: broken.inherited.control(identity.incarnation),
                ..Groups::default()
            }),
            inherited: broken.inherited,
            stale: Vec::new(),
            damaged: 0,
        };
        let inherits = contents.inherited != Inherited::default();
        identity.write(self.folder)?;
        count
            .begin()
            .map_err(|error| uncounted(self.folder, &error))?;
        let fail = |error| unwritten(self.folder, error);
        let mut store = self.store(count, 0).map_err(fail)?;
        let outcome = store.transact(|tables| {
            heading(tables, identity.incarnation, &contents)?;
            if let Some(groups) = contents.groups.as_ref().ok().filter(|_| inherits) {
                let control = encode_control(&groups.control).map_err(unencodable)?;
                tables.name(GROUPS, &control)?;
            }
            for renewal in &contents.renewals {
                let bytes = encode_renewal(renewal).map_err(unencodable)?;
                let key = renewal.key.to_bytes();
                let level = node::Level::of(renewal).into();
                tables.renew(level, &key, Some(&bytes))?;
            }
            keep_all(tables, &contents.records)
        });
        outcome.map_err(fail)?;
        self.opened(store, identity, began, contents)
    }

    fn store(&self, count: Count, commits: u64) -> Result<Store<M>, redb::Error> {
        Store::open(self.folder, self.medium.clone(), count, commits)
    }

    fn opened(
        &self,
        store: Store<M>,
        identity: Identity,
        began: Began,
        contents: Contents,
    ) -> Result<Opened<M>, Failure> {
        let set_aside = list_set_aside(self.folder)
            .map_err(|error| refuses(self.folder, &error))?
            .len();
        let groups = contents.groups.unwrap_or_default();
        let records = contents.records.into_iter();
        let entries = groups.entries.into_iter();
        let kept = Kept {
            secret: identity.secret,
            incarnation: identity.incarnation,
            began,
            version: contents.version,
            records: records.map(|(_, copy)| copy).collect(),
            known: contents.known,
            control: groups.control,
            entries: entries.map(|(_, entry)| entry).collect(),
            renewals: contents.renewals,
        };
        Ok(Opened {
            kept,
            store,
            set_aside,
            damaged_records: contents.damaged,
        })
    }
}

fn heading(
    tables: &mut Tables<'_>,
    incarnation: u64,
    contents: &Contents,
) -> Result<(), redb::Error> {
    tables.name_bare(FORMAT, &[THIS_FORMAT])?;
    tables.name(INCARNATION, &incarnation.to_le_bytes())?;
    tables.name(VERSION, &contents.version.to_le_bytes())?;
    tables.name(KNOWN, contents.known.join("\n").as_bytes())
}

/// Drops what has expired or is damaged.
fn drop_stale(tables: &mut Tables<'_>, contents: &Contents) -> Result<(), redb::Error> {
    for key in &contents.stale {
        tables.drop(Level::One, key)?;
    }
    for key in contents.groups.iter().flat_map(|groups| &groups.stale) {
        tables.drop(Level::Quorum, key)?;
    }
    Ok(())
}

fn keep_all(tables: &mut Tables<'_>, records: &[(u64, StoredRecord)]) -> Result<(), redb::Error> {
    for (expires, copy) in records {
        let key = copy.record.key(Space::FULL).to_bytes();
        let bytes = encode_copy(copy).map_err(unencodable)?;
        tables.keep(Level::One, &key, *expires, &bytes)?;
    }
    Ok(())
}

fn unencodable(error: impl std::fmt::Display) -> redb::Error {
    redb::Error::Corrupted(error.to_string())
}

fn random() -> Result<u64, Failure> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(Failure::failed)?;
    Ok(u64::from_le_bytes(bytes))
}

/// Gives a damaged store's file another name.
fn set_aside(folder: &Path) -> Result<PathBuf, Failure> {
    let fail = |error: io::Error| refuses(folder, &error);
    let others = list_set_aside(folder).map_err(fail)?;
    if others.len() >= MAX_SET_ASIDE {
        let reason = format!(
            "it is damaged, and so were the {MAX_SET_ASIDE} stores that were set aside before ({FILE}.damaged-…): have a look at the disk and the memory, then delete those"
        );
        return Err(cannot(folder, &reason));
    }
    let number = others.into_iter().max().unwrap_or(0) + 1;
    let aside = folder.join(format!("{FILE}.damaged-{number}"));
    fs::rename(folder.join(FILE), &aside).map_err(fail)?;
    Ok(aside)
}

/// The numbers of the damaged stores in a folder.
fn list_set_aside(folder: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_prefix(FILE)?.strip_prefix(".damaged-"));
        numbers.extend(number.and_then(|number| number.parse::<u64>().ok()));
    }
    Ok(numbers)
}

fn busy(folder: &Path) -> Failure {
    Failure::failed(format!(
        "the data folder {} is in use by another peer: stop it, or choose another folder with --data",
        folder.display()
    ))
}

/// Makes the failure for a folder of which nothing says whose it is.
fn keyless(folder: &Path, what: &str) -> Failure {
    cannot(
        folder,
        &format!(
            "{what}: put it back from a copy, or begin as another peer with a new folder (--data)"
        ),
    )
}

/// Makes the failure for a store that the system refuses.
fn refuses(folder: &Path, error: &io::Error) -> Failure {
    Failure::failed(refused(&folder.join(FILE), error))
}

/// Makes the failure for the count of a store's transactions, which the system refuses.
fn uncounted(folder: &Path, error: &io::Error) -> Failure {
    Failure::failed(refused(&folder.join(count::FILE), error))
}

/// Makes the failure for a store that could be read, and cannot be opened for writing or written to.
fn unwritten(folder: &Path, error: redb::Error) -> Failure {
    let error = match error {
        redb::Error::Io(error) => error,
        redb::Error::DatabaseAlreadyOpen => return busy(folder),
        redb::Error::Corrupted(words) => io::Error::new(io::ErrorKind::InvalidData, words),
        error => io::Error::other(error.to_string()),
    };
    refuses(folder, &error)
}

/// As [`unwritten`], for a store of which all could be read: what a disk does not take does not damage it.
fn unwritten_whole(folder: &Path, error: redb::Error) -> Failure {
    use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    let is_whole = match &error {
        redb::Error::Io(error) => {
            is_full(error) || [PermissionDenied, ReadOnlyFilesystem].contains(&error.kind())
        }
        _ => false,
    };
    let failure = unwritten(folder, error);
    match is_whole {
        true => Failure::failed(format!("{failure}; nothing that it keeps is lost")),
        false => failure,
    }
}

fn cannot(folder: &Path, reason: &str) -> Failure {
    Failure::failed(format!("{}: {reason}", folder.join(FILE).display()))
}
