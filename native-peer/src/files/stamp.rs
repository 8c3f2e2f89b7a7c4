//! Stamps, which show whether a file is still the one that was looked at.

use std::fmt;
use std::fs::Metadata;
use std::io;
use std::str::FromStr;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

/// The time at which a file was written to last, and its length. Two equal stamps of one file mean that it was not
/// written to in between, as far as the file system's clock can tell. Where it cannot, the receiver of a segment checks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct Stamp {
    /// Nanoseconds since 1970; times before count as that.
    modified: u128,
    length: u64,
}

impl Stamp {
    pub(crate) fn of(meta: &Metadata) -> io::Result<Self> {
        let since = meta.modified()?.duration_since(UNIX_EPOCH);
        Ok(Self {
            modified: since.map_or(0, |since| since.as_nanos()),
            length: meta.len(),
        })
    }
}

/// As it stands in a request.
impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.modified, self.length)
    }
}

impl FromStr for Stamp {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (modified, length) = text.split_once('-')?;
            Some(Self {
                modified: modified.parse().ok()?,
                length: length.parse().ok()?,
            })
        };
        parse().ok_or("a stamp is two numbers with a hyphen between them")
    }
}

impl From<Stamp> for String {
    fn from(stamp: Stamp) -> Self {
        stamp.to_string()
    }
}

impl TryFrom<String> for Stamp {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_read_as_it_was_written() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let stamp = Stamp::of(&file.as_file().metadata().unwrap()).unwrap();
        assert_eq!(stamp.to_string().parse(), Ok(stamp));
        for wrong in ["", "-", "1", "1-", "1-2-3", "-1-2"] {
            assert!(wrong.parse::<Stamp>().is_err(), "{wrong}");
        }
    }
}
