//! The greatest number of files and connections that the system lets this process have open.

use std::io;

use crate::failure::Failure;
use crate::output;

/// The number of descriptors that a ring in one process takes besides what its peers do: pages, commands, and files that are read.
const SPARE: u64 = 128;
/// The number of descriptors that a position takes for its store.
const STORE: u64 = 2;
/// The links that a position of a large ring has while the ring forms, as a mean.
const LINKS: u64 = 96;
/// The number of descriptors below which a peer may run out: connections up to their limit, open files, and some for itself.
const ENOUGH: u64 = 2_048;

/// Returns the limit of open descriptors; `None` where there is none.
pub(crate) fn allowed() -> Option<u64> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit};
        getrlimit(Resource::Nofile).current
    }
    #[cfg(not(unix))]
    None
}

/// Raises the limit as far as the system lets its user.
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
}

/// Says so when there may be so few that a peer may run out.
pub(crate) fn warn_of_few() {
    if let Some(allowed) = allowed().filter(|allowed| *allowed < ENOUGH) {
        output::note(format_args!(
            "chordscope: warning: the system lets this process have only {allowed} files and connections open; `ulimit -Hn` shows the limit"
        ));
    }
}

/// A ring in one process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ring {
    /// The number of peers.
    pub(crate) peers: u16,
    /// The number of positions that each takes.
    pub(crate) positions: u8,
    /// True if the peers are linked by sockets; both ends of each are in this process.
    pub(crate) sockets: bool,
}

impl Ring {
    fn needs(self) -> u64 {
        let (peers, positions) = (u64::from(self.peers), u64::from(self.positions));
        let links = match self.sockets {
            // One each way to each other position.
            true => LINKS.min(2 * (peers * positions).saturating_sub(1)),
            false => 0,
        };
        let port = 1;
        SPARE + peers * (port + positions * (STORE + links))
    }

    /// Refuses a ring for which descriptors would run out while it forms.
    pub(crate) fn check(self) -> Result<(), Failure> {
        match allowed() {
            Some(allowed) if allowed < self.needs() => Err(self.refuse(allowed)),
            _ => Ok(()),
        }
    }

    fn refuse(self, allowed: u64) -> Failure {
        let fits = |peers: &u16| {
            Self {
                peers: *peers,
                ..self
            }
            .needs()
                <= allowed
        };
        let most = (1..self.peers).rev().find(fits);
        let begin = match most {
            Some(most) => format!("begin at most {most} peers, or "),
            None => String::new(),
        };
        let leave = match self.sockets {
            true => "leave --sockets away, or ",
            false => "",
        };
        let (peers, needs) = (self.peers, self.needs());
        Failure::failed(format!(
            "a ring of {peers} peers needs up to {needs} files and connections, and the system lets this process have {allowed}: \
             {begin}{leave}raise the limit (`ulimit -n`)"
        ))
    }
}

/// Returns whether no more may be opened.
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
    fn a_ring_that_does_not_fit_is_told_how_many_peers_do() {
        let ring = Ring {
            peers: 256,
            positions: 1,
            sockets: true,
        };
        let refused = ring.refuse(20_000).to_string();
        assert!(refused.contains("needs up to 25472 files"), "{refused}");
        assert!(
            refused.contains("at most 200 peers, or leave --sockets away, or raise"),
            "{refused}"
        );
        let inside = Ring {
            sockets: false,
            ..ring
        };
        assert!(inside.needs() < 1_024, "what most systems allow at least");
        let few = inside.refuse(100).to_string();
        assert!(
            few.ends_with("have 100: raise the limit (`ulimit -n`)"),
            "{few}"
        );
    }

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
