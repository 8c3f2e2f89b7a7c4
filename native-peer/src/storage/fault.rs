//! Faults of a store's file, and looking into one that may be damaged.

use std::cell::Cell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// The reason why a store cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Another process has it.
    Busy,
    /// The disk does not give it, for an error of this kind and in these words; it may be whole.
    Disk(io::ErrorKind, String),
    /// Another version of chordscope wrote it, in this format.
    Format(u8),
    /// The content is not what was written.
    Damaged(String),
}

impl Fault {
    /// The fault of a disk that does not give a file.
    pub(super) fn of_disk(error: &io::Error) -> Self {
        Self::Disk(error.kind(), error.to_string())
    }
}

impl<E: Into<redb::Error>> From<E> for Fault {
    fn from(error: E) -> Self {
        match error.into() {
            redb::Error::DatabaseAlreadyOpen => Self::Busy,
            redb::Error::Io(error) => match error.kind() {
                // So the database calls a file that is none of its own, and one that ends too early.
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                    Self::Damaged(error.to_string())
                }
                _ => Self::of_disk(&error),
            },
            error => Self::Damaged(error.to_string()),
        }
    }
}

thread_local! {
    /// True while a panic of this thread is caught and answered here, and is not logged.
    static LOOKING: Cell<bool> = const { Cell::new(false) };
}

/// Looks into a file that may be damaged.
///
/// The database checks each page's checksum before it reads the page, but not everything in a file has one, and it may panic on
/// what it does not expect, as its documentation says. A panic while looking is a sort of damage. Nothing outlives it: the database
/// is dropped, and it has written to memory alone.
pub(super) fn looking<T>(look: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !LOOKING.get() {
                others(panic);
            }
        }));
    });
    let before = LOOKING.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(look));
    LOOKING.set(before);
    outcome.unwrap_or_else(|_| {
        Err(Fault::Damaged(
            "the database cannot make sense of it".into(),
        ))
    })
}
