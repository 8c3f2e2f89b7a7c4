//! How many files and connections the system lets this process have open.

use std::io;

use crate::output;

/// With fewer than this a peer may run out: connections up to their limit, open files, and some for itself.
const ENOUGH: u64 = 2_048;

/// How many there may be; `None` where nobody counts them.
pub(crate) fn allowed() -> Option<u64> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit};
        getrlimit(Resource::Nofile).current
    }
    #[cfg(not(unix))]
    None
}

/// Raises the limit as far as the system lets its user, and says so when it stays low.
pub(crate) fn raise() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let before = getrlimit(Resource::Nofile);
        let raised = Rlimit {
            current: before.maximum,
            maximum: before.maximum,
        };
        // Some systems allow less than they name.
        let _ = setrlimit(Resource::Nofile, raised);
    }
    if let Some(allowed) = allowed().filter(|allowed| *allowed < ENOUGH) {
        output::note(format_args!(
            "chordscope: warning: the system lets this process have only {allowed} files and connections open; `ulimit -Hn` shows the limit"
        ));
    }
}

/// Whether no more may be opened.
pub(crate) fn has_run_out(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        let errno = error.raw_os_error().map(Errno::from_raw_os_error);
        matches!(errno, Some(Errno::MFILE | Errno::NFILE))
    }
    #[cfg(not(unix))]
    {
        let _ = error;
        false
    }
}

/// Says which limit was reached, if one was.
pub(crate) fn explain(error: io::Error) -> io::Error {
    match (has_run_out(&error), allowed()) {
        (true, Some(allowed)) => io::Error::other(format!(
            "{error}: the system lets this process have {allowed} files and connections open"
        )),
        _ => error,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_limit_that_was_reached_is_named() {
        let reached = explain(rustix::io::Errno::MFILE.into()).to_string();
        let limit = allowed().unwrap();
        assert!(
            reached.contains(&format!("have {limit} files")),
            "{reached}"
        );
        let other = explain(io::ErrorKind::NotFound.into());
        assert_eq!(other.kind(), io::ErrorKind::NotFound);
    }
}
