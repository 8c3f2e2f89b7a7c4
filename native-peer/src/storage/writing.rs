//! The thread that writes changes to the store, many to a transaction.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chordscope_core::node::api::StorageEvent;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::aside;
use super::health::Health;
use super::store::{Level, Medium, Store, Tables};
use super::tables::{GROUPS, KNOWN};
use crate::failure::is_full;

/// The number of changes that go into one transaction.
const MAX_BATCH: usize = 256;
/// The time for which the disk must have done well before the pauses are short again, and the next failure is worth a line in the
/// log.
const WELL: Duration = Duration::from_secs(60);
/// The room on the disk, in bytes, below which it is not worth a try, which reads the whole store.
const LEAST_ROOM: u64 = 1 << 20;

/// A change: data that is to be on disk, or not any more.
#[derive(Debug)]
pub(super) enum Change {
    Keep {
        level: Level,
        token: u64,
        key: [u8; 20],
        expires: u64,
        bytes: Vec<u8>,
    },
    Drop(Level, [u8; 20]),
    /// Entries of level `quorum` that go to a file.
    SetAside(Vec<[u8; 20]>),
    Known(String),
    /// A record that is renewed, or no more.
    Renewal(Level, [u8; 20], Option<Vec<u8>>),
    Groups {
        token: u64,
        bytes: Vec<u8>,
    },
}

impl Change {
    /// Returns the number under which the outcome is awaited.
    const fn token(&self) -> Option<u64> {
        match self {
            Self::Keep { token, .. } | Self::Groups { token, .. } => Some(*token),
            Self::Drop(..) | Self::SetAside(_) | Self::Known(_) | Self::Renewal(..) => None,
        }
    }

    fn carry_out(&self, tables: &mut Tables<'_>, folder: &Path) -> Result<(), redb::Error> {
        match self {
            Self::Keep {
                level,
                key,
                expires,
                bytes,
                ..
            } => tables.keep(*level, key, *expires, bytes),
            Self::Drop(level, key) => tables.drop(*level, key),
            Self::SetAside(keys) => set_aside(tables, folder, keys),
            Self::Known(text) => tables.name(KNOWN, text.as_bytes()),
            Self::Renewal(level, key, renewal) => tables.renew(*level, key, renewal.as_deref()),
            Self::Groups { bytes, .. } => tables.name(GROUPS, bytes),
        }
    }
}

/// The writer, which carries changes out and tells their outcomes.
pub(super) struct Writer<M> {
    pub(super) store: Store<M>,
    pub(super) waiting: mpsc::Receiver<Change>,
    /// The receiver of the outcome of each change that has a token.
    pub(super) stored: mpsc::UnboundedSender<StorageEvent>,
    pub(super) health: Arc<Health>,
}

/// The state of the disk's recent failures.
struct Trouble {
    /// The time for which the disk is left alone next.
    pause: Duration,
    well_since: Option<Instant>,
    /// True from the log line that the disk refuses records until the line that it takes them again.
    said: bool,
}

impl<M: Medium> Writer<M> {
    /// Carries changes out, many to a transaction, until all senders are gone.
    pub(super) fn run(mut self) {
        let mut trouble = Trouble {
            pause: *self.store.pauses().start(),
            well_since: None,
            said: false,
        };
        let mut batch = Vec::with_capacity(MAX_BATCH);
        while self.waiting.blocking_recv_many(&mut batch, MAX_BATCH) > 0 {
            let outcome = self.write(&batch);
            let done = outcome.is_ok();
            if let Err(error) = outcome {
                // First: whoever hears that a change has failed may look why.
                self.fail(&error, &mut trouble);
            } else if std::mem::take(&mut trouble.said) {
                let path = self.store.path().display();
                tracing::warn!("{path}: records are written again");
            }
            for change in batch.drain(..) {
                self.answer(&change, done);
            }
            if !done && !self.wait_for_room(&mut trouble) {
                return;
            }
        }
    }

    fn write(&mut self, batch: &[Change]) -> Result<(), redb::Error> {
        let store = &mut self.store;
        let folder = store
            .path()
            .parent()
            .unwrap_or_else(|| Path::new("."))
            .to_path_buf();
        // A panic of the database must not end the thread: writes would wait for ever.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            store.transact(|tables| {
                let mut changes = batch.iter();
                changes.try_for_each(|change| change.carry_out(tables, &folder))
            })
        }));
        outcome.unwrap_or_else(|_| Err(redb::Error::Corrupted("the database cannot go on".into())))
    }

    fn answer(&self, change: &Change, done: bool) {
        let Some(token) = change.token() else { return };
        if !done {
            self.health.count_refused();
        }
        // Nobody listens any more once the peer has ended.
        let _ = self.stored.send(match done {
            true => StorageEvent::Stored(token),
            false => StorageEvent::Failed(token),
        });
    }

    /// Notes that the disk refuses, and says it once.
    fn fail(&self, error: &redb::Error, trouble: &mut Trouble) {
        let reason = sentence(self.store.path(), error);
        let again = trouble
            .well_since
            .is_some_and(|since| since.elapsed() < WELL);
        if !again {
            trouble.pause = *self.store.pauses().start();
            tracing::error!("{reason}");
            trouble.said = true;
        }
        self.health.refuse(reason);
    }

    /// Refuses changes until the database can be opened and written again. Returns `false` once all senders are gone.
    fn wait_for_room(&mut self, trouble: &mut Trouble) -> bool {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        let Ok(runtime) = runtime else { return false };
        loop {
            if !runtime.block_on(self.refuse_for(trouble.pause)) {
                return false;
            }
            trouble.pause = (trouble.pause * 2).min(*self.store.pauses().end());
            if self.store.room().is_some_and(|room| room < LEAST_ROOM) {
                continue;
            }
            let store = &mut self.store;
            match catch_unwind(AssertUnwindSafe(|| store.reopen())) {
                Ok(Ok(())) => break,
                Ok(Err(error)) => tracing::debug!(%error, "the disk still refuses"),
                Err(_) => tracing::debug!("the database cannot be opened again"),
            }
        }
        trouble.well_since = Some(Instant::now());
        self.health.recover();
        true
    }

    /// Refuses the changes that come during a pause. Returns `false` once all senders are gone.
    async fn refuse_for(&mut self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        while let Ok(change) = timeout_at(until, self.waiting.recv()).await {
            match change {
                Some(change) => self.answer(&change, false),
                None => return false,
            }
        }
        true
    }
}

/// Moves entries from the store to a file.
fn set_aside(tables: &mut Tables<'_>, folder: &Path, keys: &[[u8; 20]]) -> Result<(), redb::Error> {
    let entries = tables.take_entries(keys)?;
    if !entries.is_empty() {
        let path = aside::write(folder, &entries).map_err(redb::Error::Io)?;
        let (count, path) = (entries.len(), path.display());
        tracing::warn!(
            "a range of level quorum was repaired without this peer: what it had of it is set aside in {path}, and not served; records: {count}"
        );
    }
    Ok(())
}

/// Returns what is wrong, and what helps, in one sentence.
fn sentence(path: &Path, error: &redb::Error) -> String {
    let path = path.display();
    match error {
        redb::Error::Io(error) if is_full(error) => {
            format!(
                "no room on the disk for {path} ({error}): records are refused until there is room; then writing goes on by itself"
            )
        }
        redb::Error::Corrupted(reason) => format!(
            "{path} is damaged ({reason}): records are refused; start the peer again, and it begins a new store and gets replicas from other peers"
        ),
        error => format!(
            "cannot write to {path} ({error}): records are refused until the disk takes them again"
        ),
    }
}
