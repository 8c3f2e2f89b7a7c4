//! Failures of a command: one line for a person, one exit code for a script.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::ExitCode;

/// The reason why a command ended without doing what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    line: String,
    code: u8,
}

impl Failure {
    /// An argument is wrong: exit code 2.
    pub fn usage(argument: &str, reason: impl fmt::Display) -> Self {
        Self::new(2, &format!("{argument}: {reason}"))
    }

    /// The command could not be carried out: exit code 1.
    pub fn failed(reason: impl fmt::Display) -> Self {
        Self::new(1, &reason.to_string())
    }

    /// The command line itself is wrong: exit code 2.
    pub(crate) fn command_line(reason: &str) -> Self {
        Self::new(2, reason)
    }

    fn new(code: u8, text: &str) -> Self {
        // Whatever a name, a path or a peer put into it: it stays one line.
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let line: String = line.chars().filter(|c| !c.is_control()).collect();
        Self {
            line: without_error_numbers(&line),
            code,
        }
    }

    /// The code to exit with.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

/// A failed attempt to connect, in a few words.
pub(crate) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    match error.kind() {
        ErrorKind::ConnectionRefused => "nobody listens there".to_string(),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            "there is no way to that network".to_string()
        }
        _ if text.contains("lookup address") => "no address is known for that name".to_string(),
        _ => without_error_numbers(&text),
    }
}

/// Returns whether an error says that there is no room on the disk, or not for this user or process.
pub(crate) fn is_full(error: &io::Error) -> bool {
    use ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

/// An error of writing to this path, with the path, and what helps.
pub(crate) fn unwritten(path: &Path, error: &io::Error) -> io::Error {
    let path = path.display();
    let sentence = match is_full(error) {
        true => format!("no room on the disk for {path} ({error}): make room, and try again"),
        false => format!("cannot write to {path} ({error})"),
    };
    io::Error::new(error.kind(), sentence)
}

/// A file that a start needs and the system refuses, by the kind of refusal, with what helps.
pub(crate) fn refused(path: &Path, error: &io::Error) -> String {
    let path = path.display();
    match error.kind() {
        _ if is_full(error) => format!(
            "no room on the disk for {path} ({error}): make room on the file system of that folder, and start the peer again"
        ),
        ErrorKind::ReadOnlyFilesystem => format!(
            "cannot write to {path} ({error}): mount its file system for writing, or choose another folder with --data"
        ),
        ErrorKind::PermissionDenied => format!(
            "this user may not read or write {path} ({error}): start the peer as the user to whom the folder belongs, or give the folder and its files to this one"
        ),
        ErrorKind::WouldBlock | ErrorKind::ResourceBusy => format!(
            "{path} is locked by another process: stop that, or choose another folder with --data"
        ),
        ErrorKind::InvalidData | ErrorKind::UnexpectedEof => format!(
            "{path} is damaged ({error}): have a look at the disk and the memory, and start the peer again"
        ),
        _ => format!("{path}: {error}"),
    }
}

/// The text without the system's numbers of errors: the words beside them say the same.
fn without_error_numbers(text: &str) -> String {
    let mut parts = text.split(" (os error ");
    let mut plain = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        plain.push_str(rest.strip_prefix(')').unwrap_or(rest));
    }
    plain
}

/// The library's messages about a wrong number, and the ones that help a user.
const NUMBERS: [(&str, &str); 6] = [
    ("invalid digit found in string", "give a whole number"),
    (
        "cannot parse integer from empty string",
        "give a whole number",
    ),
    (
        "number too large to fit in target type",
        "this number is too large",
    ),
    (
        "number too small to fit in target type",
        "this number is too small",
    ),
    (" is not in ", " is not one of "),
    ("..=", " to "),
];

/// The text with what a library says of a wrong number in words that a user can do something with.
pub(crate) fn of_numbers(text: &str) -> String {
    said_otherwise(text, &NUMBERS)
}

/// The text with each of these words in the place of others.
pub(crate) fn said_otherwise(text: &str, table: &[(&str, &str)]) -> String {
    let table = table.iter();
    table.fold(text.to_string(), |text, (words, ours)| {
        text.replace(words, ours)
    })
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_that_the_system_refuses_is_told_what_helps_by_the_kind_of_refusal() {
        let said = |kind: ErrorKind| refused(Path::new("/a/b"), &kind.into());
        for (kind, helps) in [
            (
                ErrorKind::StorageFull,
                "no room on the disk for /a/b (no storage space): make room on the file system of that folder",
            ),
            (
                ErrorKind::QuotaExceeded,
                "no room on the disk for /a/b (quota exceeded): make room",
            ),
            (
                ErrorKind::FileTooLarge,
                "no room on the disk for /a/b (file too large): make room",
            ),
            (
                ErrorKind::ReadOnlyFilesystem,
                "mount its file system for writing",
            ),
            (
                ErrorKind::PermissionDenied,
                "start the peer as the user to whom the folder belongs",
            ),
            (
                ErrorKind::WouldBlock,
                "/a/b is locked by another process: stop that",
            ),
            (
                ErrorKind::InvalidData,
                "/a/b is damaged (invalid data): have a look at the disk",
            ),
        ] {
            assert!(said(kind).contains(helps), "{kind}: {}", said(kind));
        }
        assert_eq!(said(ErrorKind::NotFound), "/a/b: entity not found");
    }

    #[test]
    fn a_failure_has_the_words_of_the_system_and_not_its_numbers() {
        let error = io::Error::from_raw_os_error(17);
        let failure = Failure::usage("--data", format!("a: {error}, twice: {error}"));
        let said = failure.to_string();
        assert!(
            said.starts_with("--data: a: ") && !said.contains("os error"),
            "{said}"
        );
        assert!(!said.contains(['(', ')']), "{said}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told_of_with_the_path_and_what_helps() {
        let said = |error| unwritten(Path::new("/a/b"), &io::Error::from_raw_os_error(error));
        let full = Failure::failed(said(28)).to_string();
        assert_eq!(
            full,
            "no room on the disk for /a/b (No space left on device): make room, and try again"
        );
        let other = Failure::failed(said(13)).to_string();
        assert_eq!(other, "cannot write to /a/b (Permission denied)");
    }

    #[test]
    fn a_failure_is_one_line() {
        let failure = Failure::failed("first\nsecond\r\n\tthird \u{1b}[31m");
        assert_eq!(failure.to_string(), "first second third [31m");
    }
}
