//! One change of a log as bytes: length, digest, and what changed.

use chordscope_core::base::digest::Digest;
use chordscope_core::base::id::Id;

/// A record as it is kept: its own bytes mean nothing here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::live::tab) struct Kept {
    /// Its key.
    pub(in crate::live::tab) key: Id,
    /// The second of the wall clock at which it expires.
    pub(in crate::live::tab) expires: u64,
    /// The record.
    pub(in crate::live::tab) bytes: Vec<u8>,
}

/// The length of a file's header.
pub(super) const HEAD: usize = 24;
/// The last letter counts the formats of records. A file of another one is begun anew.
const MAGIC: &[u8; 8] = b"chordlo2";
/// Length and digest come before what changed.
const FRONT: usize = 12;
/// A record with its name, key and signature stays well below this.
const MAX_BODY: usize = 80 * 1024;

/// Something that changed. `Keep` holds a record, or a reference to one while it is written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change<R> {
    Keep(R),
    Drop(Id),
}

impl Change<&Kept> {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        match self {
            Self::Keep(record) => {
                body.push(1);
                body.extend(record.key.to_bytes());
                body.extend(record.expires.to_le_bytes());
                body.extend(&record.bytes);
            }
            Self::Drop(key) => {
                body.push(0);
                body.extend(key.to_bytes());
            }
        }
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        let mut bytes = Vec::with_capacity(FRONT + body.len());
        bytes.extend(length.to_le_bytes());
        bytes.extend(check(&body));
        bytes.extend(body);
        bytes
    }
}

impl Change<Kept> {
    /// Reads the first change of some bytes, and how long it is; none where they end or make no sense.
    pub(super) fn decode(bytes: &[u8]) -> Option<(Self, usize)> {
        let (length, rest) = bytes.split_first_chunk()?;
        let (digest, rest) = rest.split_first_chunk::<8>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let body = rest.get(..length).filter(|body| body.len() <= MAX_BODY)?;
        if check(body) != *digest {
            return None;
        }
        let (kind, rest) = body.split_first()?;
        let (key, rest) = rest.split_first_chunk()?;
        let key = Id::from_bytes(*key);
        let change = match kind {
            0 => Self::Drop(key),
            1 => {
                let (expires, bytes) = rest.split_first_chunk()?;
                let expires = u64::from_le_bytes(*expires);
                let bytes = bytes.to_vec();
                Self::Keep(Kept {
                    key,
                    expires,
                    bytes,
                })
            }
            _ => return None,
        };
        Some((change, FRONT + length))
    }
}

/// The first bytes of a file.
pub(super) fn header(generation: u64) -> Vec<u8> {
    let generation = generation.to_le_bytes();
    let parts: [&[u8]; 3] = [MAGIC, &generation, &check(&generation)];
    parts.concat()
}

/// The generation of a file, if it is one of ours.
pub(super) fn read_header(bytes: &[u8]) -> Option<u64> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (generation, rest) = rest.split_first_chunk::<8>()?;
    rest.starts_with(&check(generation))
        .then_some(u64::from_le_bytes(*generation))
}

fn check(bytes: &[u8]) -> [u8; 8] {
    let digest = Digest::new("chordscope tab log").part(bytes).finish();
    let mut check = [0; 8];
    check.copy_from_slice(&digest[..8]);
    check
}
