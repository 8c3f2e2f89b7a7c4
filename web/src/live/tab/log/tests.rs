use super::*;

/// A file in memory that can be told to fail.
#[derive(Clone, Debug, Default)]
struct Memory {
    bytes: Vec<u8>,
    full: bool,
}

impl Slab for Memory {
    fn read(&self, most: usize) -> Option<Vec<u8>> {
        (self.bytes.len() <= most).then(|| self.bytes.clone())
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

fn record(key: u64, bytes: &[u8]) -> Kept {
    Kept {
        key: Id::from_u64(key),
        expires: 100,
        bytes: bytes.to_vec(),
    }
}

fn opened(files: [Memory; 2]) -> (Log<Memory>, Vec<Kept>) {
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
fn a_rewriting_that_fails_leaves_the_old_file_in_force() {
    let (mut log, _) = opened(Default::default());
    log.files[1].full = true;
    for _ in 0..100 {
        assert!(log.keep(&record(1, &[7; 20_000])));
    }
    assert_eq!(log.generation, 1);
    assert_eq!(opened(log.files).1, [record(1, &[7; 20_000])]);
}
