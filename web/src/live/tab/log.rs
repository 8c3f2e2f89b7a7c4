//! Records in a file to which changes are appended, and in a second one into which it is rewritten once it is mostly
//! history. Whatever is read is hostile until its digest fits.

use std::collections::BTreeMap;

use chordscope_core::base::digest::Digest;
use chordscope_core::base::id::Id;

/// A file with a way to flush it.
pub(super) trait Slab {
    /// The number of bytes in it, unless that cannot be told.
    fn size(&self) -> Option<usize>;
    /// So many bytes from there on, unless they cannot be read.
    fn read(&self, at: usize, length: usize) -> Option<Vec<u8>>;
    /// Writes all of these bytes there; whether that worked.
    fn write(&mut self, at: usize, bytes: &[u8]) -> bool;
    /// Cuts it to this length; whether that worked.
    fn cut(&mut self, length: usize) -> bool;
    /// Waits until what was written is safe; whether that worked.
    fn flush(&mut self) -> bool;
}

/// A file larger than this is no file of ours.
const MAX_FILE: usize = 512 << 20;
/// The number of bytes that are read at once: more than any change has.
const PIECE: usize = 1 << 20;
/// A file smaller than this is not worth rewriting.
const SMALL: usize = 1 << 20;

/// The length of a file's header.
const HEAD: usize = 24;
/// The last letter counts the formats of records. A file of another one is begun anew.
const MAGIC: &[u8; 8] = b"chordlo2";
/// Length and digest come before what changed.
const FRONT: usize = 12;
/// A record with its name, key and signature stays well below this.
const MAX_BODY: usize = 80 * 1024;

/// A record in the log, which does not read the record's own bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeptRecord {
    /// Its key.
    pub(super) key: Id,
    /// The second of the wall clock at which it expires.
    pub(super) expires: u64,
    /// The record.
    pub(super) bytes: Vec<u8>,
}

/// The records of one tab in two files, of which one counts.
#[derive(Debug)]
pub(super) struct Log<S> {
    files: [S; 2],
    current: usize,
    generation: u64,
    end: usize,
    /// The place of each key's entry: offset and length.
    held: BTreeMap<Id, (usize, usize)>,
    live: usize,
}

impl<S: Slab> Log<S> {
    /// Opens or begins a log. Gives what it holds that is still alive in this second of the wall clock. `None` where the files cannot
    /// be read or written: they stay as they are.
    pub(super) fn open(files: [S; 2], now: u64) -> Option<(Self, Vec<KeptRecord>)> {
        let generations = [generation(&files[0])?, generation(&files[1])?];
        let current = usize::from(generations[1] > generations[0]);
        let mut log = Self {
            files,
            current,
            generation: generations[current].unwrap_or_default(),
            end: HEAD,
            held: BTreeMap::new(),
            live: 0,
        };
        let mut kept = BTreeMap::new();
        if generations[current].is_some() {
            log.replay(&mut kept)?;
            // What has expired is history: otherwise each rewriting would take it along, and nobody would ever drop it.
            for (key, _) in kept.extract_if(.., |_, record| record.expires <= now) {
                log.note(key, None);
            }
        } else if !log.begin(1) {
            return None;
        }
        Some((log, kept.into_values().collect()))
    }

    /// Keeps a record in place of an older one of its key; whether it is safe now.
    pub(super) fn keep(&mut self, record: &KeptRecord) -> bool {
        let bytes = Change::Keep(record).encode();
        let kept = self.append(&bytes) && self.files[self.current].flush();
        if kept {
            self.note(record.key, Some((self.end - bytes.len(), bytes.len())));
            self.tidy();
        }
        kept
    }

    /// Drops a record. Should that not reach the file, the record comes back until it expires, which does no harm.
    pub(super) fn drop_record(&mut self, key: Id) {
        if self.held.contains_key(&key) && self.append(&Change::Drop(key).encode()) {
            self.note(key, None);
            self.tidy();
        }
    }

    fn begin(&mut self, generation: u64) -> bool {
        let file = &mut self.files[self.current];
        self.generation = generation;
        file.cut(0) && file.write(0, &header(generation)) && file.flush()
    }

    /// Reads the changes up to the first that is none; `None` where they cannot be read.
    fn replay(&mut self, kept: &mut BTreeMap<Id, KeptRecord>) -> Option<()> {
        loop {
            let file = &self.files[self.current];
            let left = file.size()?.saturating_sub(self.end);
            let piece = file.read(self.end, left.min(PIECE))?;
            let mut rest = piece.as_slice();
            while let Some((change, length)) = Change::decode(rest) {
                let place = Some((self.end, length));
                match change {
                    Change::Keep(record) => {
                        self.note(record.key, place);
                        kept.insert(record.key, record);
                    }
                    Change::Drop(key) => {
                        self.note(key, None);
                        kept.remove(&key);
                    }
                }
                self.end += length;
                rest = &rest[length..];
            }
            // The change that a piece ends in is whole in the next one.
            if rest.len() == piece.len() {
                return Some(());
            }
        }
    }

    fn append(&mut self, bytes: &[u8]) -> bool {
        // What a failed write leaves behind is written over by the next one.
        let written = self.files[self.current].write(self.end, bytes);
        if written {
            self.end += bytes.len();
        }
        written
    }

    fn note(&mut self, key: Id, place: Option<(usize, usize)>) {
        let old = match place {
            Some(place) => self.held.insert(key, place),
            None => self.held.remove(&key),
        };
        self.live += place.map_or(0, |(_, length)| length);
        self.live -= old.map_or(0, |(_, length)| length);
    }

    /// Rewrites the log into the other file when it is mostly history. The header comes last: until it is there, the
    /// old file counts.
    fn tidy(&mut self) {
        if self.end < SMALL || self.end < 4 * self.live {
            return;
        }
        let [first, second] = &mut self.files;
        let (file, other) = match self.current {
            0 => (first, second),
            _ => (second, first),
        };
        let mut end = HEAD;
        let mut held = BTreeMap::new();
        let mut good = other.cut(0);
        for (key, (at, length)) in &self.held {
            // One at a time: the file may be large.
            let entry = good.then(|| file.read(*at, *length)).flatten();
            good = entry.is_some_and(|entry| other.write(end, &entry));
            held.insert(*key, (end, *length));
            end += length;
        }
        let generation = self.generation + 1;
        if good && other.flush() && other.write(0, &header(generation)) && other.flush() {
            let old = &mut self.files[self.current];
            // Only room is lost when this fails.
            let _ = old.cut(0);
            self.current = 1 - self.current;
            (self.generation, self.end, self.held) = (generation, end, held);
        }
    }
}

/// A change. `Keep` holds a record, or a reference to one while it is written.
#[derive(Debug, PartialEq, Eq)]
enum Change<R> {
    Keep(R),
    Drop(Id),
}

impl Change<&KeptRecord> {
    fn encode(&self) -> Vec<u8> {
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

impl Change<KeptRecord> {
    /// Reads the first change of some bytes, and its length; none where they end or make no sense.
    fn decode(bytes: &[u8]) -> Option<(Self, usize)> {
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
                Self::Keep(KeptRecord {
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
fn header(generation: u64) -> Vec<u8> {
    let generation = generation.to_le_bytes();
    let parts: [&[u8]; 3] = [MAGIC, &generation, &check(&generation)];
    parts.concat()
}

/// The generation of a file, if it is one of ours; `None` where it cannot be read.
fn generation(file: &impl Slab) -> Option<Option<u64>> {
    let size = file.size()?;
    if !(HEAD..=MAX_FILE).contains(&size) {
        return Some(None);
    }
    Some(read_header(&file.read(0, HEAD)?))
}

/// The generation in a header, if it is one of ours.
fn read_header(bytes: &[u8]) -> Option<u64> {
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A file in memory that can be told to fail.
    #[derive(Clone, Debug, Default)]
    struct Memory {
        bytes: Vec<u8>,
        full: bool,
        /// The number of reads that succeed still, where not all do.
        readable: Option<Cell<usize>>,
        /// The most that was read at once.
        most: Cell<usize>,
    }

    impl Slab for Memory {
        fn size(&self) -> Option<usize> {
            Some(self.bytes.len())
        }

        fn read(&self, at: usize, length: usize) -> Option<Vec<u8>> {
            self.most.set(self.most.get().max(length));
            if let Some(readable) = &self.readable {
                readable.set(readable.get().checked_sub(1)?);
            }
            self.bytes.get(at..at + length).map(<[u8]>::to_vec)
        }

        fn write(&mut self, at: usize, bytes: &[u8]) -> bool {
            if self.full {
                return false;
            }
            let end = at + bytes.len();
            self.bytes.resize(self.bytes.len().max(end), 0);
            self.bytes[at..end].copy_from_slice(bytes);
            true
        }

        fn cut(&mut self, length: usize) -> bool {
            self.bytes.truncate(length);
            true
        }

        fn flush(&mut self) -> bool {
            true
        }
    }

    fn record(key: u64, bytes: &[u8]) -> KeptRecord {
        KeptRecord {
            key: Id::from_u64(key),
            expires: 100,
            bytes: bytes.to_vec(),
        }
    }

    fn opened(files: [Memory; 2]) -> (Log<Memory>, Vec<KeptRecord>) {
        Log::open(files, 99).unwrap()
    }

    #[test]
    fn a_log_gives_back_the_last_of_each_key_until_it_expires() {
        let (mut log, kept) = opened(Default::default());
        assert!(kept.is_empty());
        for (key, bytes) in [(1, b"old"), (2, b"two"), (3, b"out"), (1, b"new")] {
            assert!(log.keep(&record(key, bytes)));
        }
        log.drop_record(Id::from_u64(3));
        let (_, kept) = opened(log.files.clone());
        assert_eq!(kept, [record(1, b"new"), record(2, b"two")]);
        let (_, later) = Log::open(log.files, 100).unwrap();
        assert!(later.is_empty());
    }

    #[test]
    fn a_torn_or_forged_end_costs_only_what_it_touches() {
        let (mut log, _) = opened(Default::default());
        assert!(log.keep(&record(1, b"whole")));
        let whole = log.end;
        assert!(log.keep(&record(2, b"torn")));
        for end in whole..log.end {
            let mut files = log.files.clone();
            files[0].bytes.truncate(end);
            let (mut again, kept) = opened(files);
            assert_eq!(kept, [record(1, b"whole")], "cut at {end}");
            assert!(again.keep(&record(3, b"next")));
            assert_eq!(opened(again.files).1.len(), 2);
        }
        for at in 0..log.end {
            let mut files = log.files.clone();
            files[0].bytes[at] ^= 0x55;
            assert!(opened(files).1.len() < 2, "changed at {at}");
        }
    }

    #[test]
    fn what_cannot_be_written_is_not_kept() {
        let (mut log, _) = opened(Default::default());
        log.files[0].full = true;
        assert!(!log.keep(&record(1, b"lost")));
        log.files[0].full = false;
        assert!(log.keep(&record(2, b"kept")));
        assert_eq!(opened(log.files).1, [record(2, b"kept")]);
    }

    #[test]
    fn a_log_that_is_mostly_history_is_rewritten() {
        let (mut log, _) = opened(Default::default());
        for round in 0..200_u64 {
            assert!(log.keep(&record(round % 4, &[7; 20_000])));
        }
        let used: usize = log.files.iter().map(|file| file.bytes.len()).sum();
        assert!(used < 2 * SMALL, "{used}");
        assert!(log.generation > 1);
        assert_eq!(opened(log.files).1.len(), 4);
    }

    #[test]
    fn a_large_log_is_read_and_rewritten_piece_by_piece() {
        let (mut log, _) = opened(Default::default());
        for key in 0..200 {
            assert!(log.keep(&record(key, &[7; 20_000])));
        }
        let (mut log, kept) = opened(log.files);
        assert_eq!(kept.len(), 200);
        let generation = log.generation;
        for _ in 0..700 {
            assert!(log.keep(&record(0, &[8; 20_000])));
        }
        assert!(log.generation > generation);
        let most = log.files.iter().map(|file| file.most.get()).max();
        assert!(most <= Some(PIECE), "{most:?}");
        let (_, kept) = opened(log.files);
        let first = record(0, &[8; 20_000]);
        assert_eq!((kept.len(), kept.first()), (200, Some(&first)));
    }

    #[test]
    fn files_that_cannot_be_read_now_are_left_as_they_are() {
        let (mut log, _) = opened(Default::default());
        for key in 0..100 {
            assert!(log.keep(&record(key, &[7; 20_000])));
        }
        for reads in 0..3 {
            let mut files = log.files.clone();
            files[0].readable = Some(Cell::new(reads));
            assert!(Log::open(files, 99).is_none(), "after {reads}");
        }
        assert_eq!(opened(log.files).1.len(), 100);
    }

    #[test]
    fn records_that_expired_while_the_tab_was_closed_are_not_rewritten() {
        let (mut log, _) = opened(Default::default());
        for key in 0..60 {
            assert!(log.keep(&record(key, &[7; 20_000])));
        }
        let (mut later, kept) = Log::open(log.files, 100).unwrap();
        assert!(kept.is_empty());
        assert!(later.keep(&KeptRecord {
            expires: 200,
            ..record(99, b"new")
        }));
        let used: usize = later.files.iter().map(|file| file.bytes.len()).sum();
        assert!(used < 100, "{used}");
    }

    #[test]
    fn a_rewriting_that_fails_leaves_the_old_file_in_force() {
        let (mut log, _) = opened(Default::default());
        log.files[1].full = true;
        for _ in 0..100 {
            assert!(log.keep(&record(1, &[7; 20_000])));
        }
        assert_eq!(log.generation, 1);
        assert_eq!(opened(log.files).1, [record(1, &[7; 20_000])]);
    }
}
