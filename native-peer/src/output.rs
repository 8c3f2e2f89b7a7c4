//! Writing results to standard output, and notes to standard error.

use std::fmt;
use std::io::{self, BufWriter, Write};

use serde::Serialize;

use crate::failure::Failure;

/// Writes text and a line end.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    with_stdout(|out| writeln!(out, "{}", text.trim_end_matches('\n')))
}

/// Writes bytes as they are.
pub(crate) fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    with_stdout(|out| out.write_all(bytes))
}

/// Writes one JSON object and a line end.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    with_stdout(|out| {
        serde_json::to_writer(&mut *out, value).map_err(io::Error::from)?;
        out.write_all(b"\n")
    })
}

/// Returns a number of things in words: "1 member", "2 members".
pub(crate) fn count<N: fmt::Display + PartialEq + From<u8>>(number: N, one: &str) -> String {
    let end = if number == N::from(1) { "" } else { "s" };
    format!("{number} {one}{end}")
}

/// Writes a line to standard error. Where that cannot be written it is not read, and nothing fails for it.
pub(crate) fn note(text: impl fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

fn with_stdout(
    write: impl FnOnce(&mut BufWriter<io::StdoutLock<'_>>) -> io::Result<()>,
) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        // `chordscope … | head` has read all that it wants.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| Failure::failed(format!("standard output: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        assert_eq!(count(0_usize, "member"), "0 members");
        assert_eq!(count(1_usize, "member"), "1 member");
        assert_eq!(count(2_u8, "replica"), "2 replicas");
    }
}
