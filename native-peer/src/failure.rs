//! How a command fails: one line for a person, one exit code for a script.

use std::fmt;
use std::process::ExitCode;

/// Why a command ended without doing what it was asked.
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
        let line = line.chars().filter(|c| !c.is_control()).collect();
        Self { line, code }
    }

    /// The code to exit with.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
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
    fn a_failure_is_one_line() {
        let failure = Failure::failed("first\nsecond\r\n\tthird \u{1b}[31m");
        assert_eq!(failure.to_string(), "first second third [31m");
    }
}
