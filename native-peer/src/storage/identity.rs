//! The file `key`: the peer's secret key, and the number of the store's incarnation, which the store repeats.
//!
//! A peer's promises to its groups are in its store. When the store is lost, the peer is the same node, but it does not know any
//! more what it promised: it is a new incarnation, and says so to the others. That shows because the two numbers differ, or one is
//! missing.

use std::fs;
use std::io;
use std::path::Path;

use chordscope_core::base::digest::Digest;
use data_encoding::HEXLOWER;

use crate::data;
use crate::failure::{Failure, refused};

const FILE: &str = "key";
const HEAD: &str = "chordscope key 1";
const PURPOSE: &str = "chordscope 2026 key file";

/// The secret key of the peer, and the incarnation of its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) secret: [u8; 32],
    pub(super) incarnation: u64,
}

impl Identity {
    /// The identity of a folder, if it has one already.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, Failure> {
        let path = folder.join(FILE);
        let fail = |reason: String| Failure::failed(format!("{}: {reason}", path.display()));
        let text = match fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::failed(refused(&path, &error))),
        };
        if let Some(identity) = Self::parse(&text) {
            return Ok(Some(identity));
        }
        let later = text.starts_with("chordscope key ") && !text.starts_with(HEAD);
        Err(fail(match later {
            true => "a later version of chordscope wrote it: use that one, or choose another folder with --data".into(),
            false => "the peer's secret key is damaged: put the file back from a copy, or begin as another peer with a new folder (--data)".into(),
        }))
    }

    /// Replaces the identity of a folder in one step.
    pub(super) fn write(&self, folder: &Path) -> Result<(), Failure> {
        let path = folder.join(FILE);
        data::write_private_durably(&path, &self.text())
            .map_err(|error| Failure::failed(refused(&path, &error)))
    }

    fn text(&self) -> String {
        let body = format!(
            "{HEAD}\nsecret {}\nincarnation {}\n",
            HEXLOWER.encode(&self.secret),
            show(self.incarnation)
        );
        let check = check(&body);
        format!("{body}check {check}")
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let head = lines.next()?;
        let secret = lines.next()?.strip_prefix("secret ")?;
        let incarnation = lines.next()?.strip_prefix("incarnation ")?;
        let identity = Self {
            secret: HEXLOWER.decode(secret.as_bytes()).ok()?.try_into().ok()?,
            incarnation: u64::from_str_radix(incarnation, 16).ok()?,
        };
        (head == HEAD && identity.text() == text.trim_end()).then_some(identity)
    }
}

/// An incarnation's number as people and programs see it.
pub(crate) fn show(incarnation: u64) -> String {
    format!("{incarnation:016x}")
}

fn check(body: &str) -> String {
    let digest = Digest::new(PURPOSE).part(body.as_bytes()).finish();
    HEXLOWER.encode(&digest[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_read_as_it_was_written_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Identity::read(folder.path()), Ok(None));
        let identity = Identity {
            secret: [7; 32],
            incarnation: 0x1234,
        };
        identity.write(folder.path()).unwrap();
        assert_eq!(Identity::read(folder.path()), Ok(Some(identity)));
        let path = folder.path().join(FILE);
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() - 1 {
            let mut flipped = whole.clone();
            flipped[at] ^= 0x11;
            fs::write(&path, flipped).unwrap();
            assert!(Identity::read(folder.path()).is_err(), "byte {at}");
        }
        for length in 0..whole.len() - 1 {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(Identity::read(folder.path()).is_err(), "{length} bytes");
        }
        fs::write(&path, "chordscope key 2\n").unwrap();
        let later = Identity::read(folder.path()).unwrap_err();
        assert!(later.to_string().contains("a later version"), "{later}");
    }
}
