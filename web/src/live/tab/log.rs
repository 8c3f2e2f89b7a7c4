//! Records in a file to which changes are appended, and in a second one into which it is rewritten once it is mostly
//! history. Whatever is read is hostile until its digest fits.

mod entry;

use std::collections::BTreeMap;

use chordscope_core::base::id::Id;

pub(super) use self::entry::Kept;
use self::entry::{Change, HEAD, header, read_header};

/// A file with a way to flush it.
pub(super) trait Slab {
    /// Everything in it, unless that cannot be read or is more than `most` bytes.
    fn read(&self, most: usize) -> Option<Vec<u8>>;
    /// Writes all of these bytes there; whether that worked.
    fn write(&mut self, at: usize, bytes: &[u8]) -> bool;
    /// Cuts it to this length; whether that worked.
    fn cut(&mut self, length: usize) -> bool;
    /// Waits until what was written is safe; whether that worked.
    fn flush(&mut self) -> bool;
}

/// A file larger than this is no file of ours.
const MAX_FILE: usize = 512 << 20;
/// A file smaller than this is not worth rewriting.
const SMALL: usize = 1 << 20;

/// The records of one tab in two files, of which one counts.
#[derive(Debug)]
pub(super) struct Log<S> {
    files: [S; 2],
    current: usize,
    generation: u64,
    end: usize,
    /// Where the entry of each key is: offset and length.
    held: BTreeMap<Id, (usize, usize)>,
    live: usize,
}

impl<S: Slab> Log<S> {
    /// Opens or begins a log. Gives what it holds that is still alive in this second of the wall clock.
    pub(super) fn open(files: [S; 2], now: u64) -> Option<(Self, Vec<Kept>)> {
        let contents = files
            .each_ref()
            .map(|file| file.read(MAX_FILE).unwrap_or_default());
        let generations = contents.each_ref().map(|bytes| read_header(bytes));
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
            log.replay(&contents[current], &mut kept);
            kept.retain(|_, record: &mut Kept| record.expires > now);
        } else if !log.begin(1) {
            return None;
        }
        Some((log, kept.into_values().collect()))
    }

    /// Keeps a record in place of an older one of its key; whether it is safe now.
    pub(super) fn keep(&mut self, record: &Kept) -> bool {
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

    fn replay(&mut self, bytes: &[u8], kept: &mut BTreeMap<Id, Kept>) {
        while let Some((change, length)) = Change::decode(bytes.get(self.end..).unwrap_or(&[])) {
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
        let Some(bytes) = self.files[self.current].read(MAX_FILE) else {
            return;
        };
        let other = &mut self.files[1 - self.current];
        let mut end = HEAD;
        let mut held = BTreeMap::new();
        let mut good = other.cut(0);
        for (key, (at, length)) in &self.held {
            let entry = bytes.get(*at..at + length);
            good = good && entry.is_some_and(|entry| other.write(end, entry));
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

#[cfg(test)]
mod tests;
