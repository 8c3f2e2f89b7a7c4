//! The heading before the bytes of a fetched file, by which a tab goes on with it after a reload.

use chordscope_core::base::content::ContentId;
use chordscope_core::swarm::layout::Layout;
use chordscope_core::swarm::manifest::Manifest;

/// The bytes of a heading; the file's own follow, and behind them the digests of its segments.
pub(super) const HEADING: u64 = 1_024;
/// The first bytes of a heading, with the version of its format.
const MAGIC: &[u8; 16] = b"chordscope tab 1";
/// The longest name, in bytes: what fits behind the rest.
const MAX_NAME: usize = HEADING as usize - 16 - 32 - 8 - 1;

/// The description of a fetched file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::live::tab) struct Heading {
    /// The content.
    pub(in crate::live::tab) content: ContentId,
    /// Its name.
    pub(in crate::live::tab) name: String,
    /// The layout, once known.
    pub(in crate::live::tab) layout: Option<Layout>,
    /// Whether all of it was checked and written.
    pub(in crate::live::tab) is_whole: bool,
    /// Whether this is the list of a folder's files.
    pub(in crate::live::tab) is_folder: bool,
}

/// The state of a file that a tab has left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// A file with a heading.
    Begun(Heading),
    /// Its tab ended before there was more in it than a part of a heading.
    Empty,
    /// A file that cannot be read now.
    Unread,
    /// A file with bytes behind something that is no heading of this version: it stays as it is.
    Foreign,
}

impl State {
    /// The state of a file of this size, if that could be told, from its first bytes.
    pub(super) fn of(size: Option<usize>, read: impl FnOnce() -> Option<Vec<u8>>) -> Self {
        let Some(size) = size else {
            return Self::Unread;
        };
        let heading = HEADING as usize;
        if size < heading {
            return Self::Empty;
        }
        let Some(bytes) = read() else {
            return Self::Unread;
        };
        match Heading::decode(&bytes) {
            Some(read) => Self::Begun(read),
            None if size == heading => Self::Empty,
            None => Self::Foreign,
        }
    }
}

impl Heading {
    /// The heading as bytes: magic, content, length plus one (0 while it is unknown), flags, name, zeros.
    pub(super) fn encode(&self) -> Vec<u8> {
        let length = self.layout.map_or(0, |layout| layout.length() + 1);
        let flags = u8::from(self.is_whole) | u8::from(self.is_folder) << 1;
        let mut bytes = [
            &MAGIC[..],
            &self.content.0,
            &length.to_le_bytes(),
            &[flags],
            cut(&self.name).as_bytes(),
        ]
        .concat();
        bytes.resize(HEADING as usize, 0);
        bytes
    }

    /// Reads a heading; none if it is something else.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let (content, rest) = rest.split_first_chunk::<32>()?;
        let (length, rest) = rest.split_first_chunk::<8>()?;
        let (flags, name) = rest.split_first()?;
        let end = name.iter().position(|byte| *byte == 0)?;
        let layout = match u64::from_le_bytes(*length).checked_sub(1) {
            None => None,
            Some(length) => Some(Layout::of(length)?),
        };
        Some(Self {
            content: ContentId(*content),
            name: String::from_utf8(name[..end].to_vec()).ok()?,
            layout,
            is_whole: flags & 1 != 0,
            is_folder: flags & 2 != 0,
        })
    }
}

/// The offset of the digests of a file's segments.
pub(super) const fn digests_at(layout: Layout) -> u64 {
    HEADING + layout.length()
}

/// The length of a file with all that goes with it.
pub(super) const fn room(layout: Layout) -> u64 {
    digests_at(layout) + Manifest::encoded_len(layout) as u64
}

/// The part of a name that there is room for, with a byte behind it that is zero.
fn cut(name: &str) -> &str {
    let mut end = name.len().min(MAX_NAME - 1);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heading(name: &str, length: Option<u64>) -> Heading {
        Heading {
            content: ContentId::of(b"some"),
            name: name.to_owned(),
            layout: length.and_then(Layout::of),
            is_whole: true,
            is_folder: false,
        }
    }

    #[test]
    fn a_heading_is_read_back_and_nothing_else_is() {
        for length in [None, Some(0), Some(77), Some(1 << 38)] {
            let heading = heading("données.bin", length);
            let bytes = heading.encode();
            assert_eq!(bytes.len() as u64, HEADING);
            assert_eq!(Heading::decode(&bytes), Some(heading));
            assert_eq!(Heading::decode(&bytes[1..]), None);
            assert_eq!(Heading::decode(&bytes[..50]), None);
        }
        assert_eq!(Heading::decode(&[]), None);
        let mut long = heading("a", Some(1)).encode();
        long[48..56].copy_from_slice(&u64::MAX.to_le_bytes());
        assert_eq!(Heading::decode(&long), None, "longer than any file");
    }

    #[test]
    fn a_file_is_empty_only_if_nothing_in_it_can_be_lost() {
        let heading = heading("a", Some(77));
        let bytes = || Some(heading.encode());
        let zeros = || Some(vec![0; HEADING as usize]);
        let (own, more) = (HEADING as usize, HEADING as usize + 77);
        assert_eq!(State::of(Some(more), bytes), State::Begun(heading.clone()));
        assert_eq!(State::of(Some(more), || None), State::Unread);
        assert_eq!(State::of(None, bytes), State::Unread);
        assert_eq!(State::of(Some(own - 1), || None), State::Empty);
        assert_eq!(State::of(Some(own), zeros), State::Empty);
        assert_eq!(State::of(Some(more), zeros), State::Foreign);
    }

    #[test]
    fn a_name_that_is_too_long_is_cut_between_letters() {
        let read = Heading::decode(&heading(&"ä".repeat(1_000), None).encode()).unwrap();
        assert_eq!(read.name, "ä".repeat((MAX_NAME - 1) / 2));
    }

    #[test]
    fn digests_stand_behind_the_file() {
        let layout = Layout::of(200_000).unwrap();
        assert_eq!(digests_at(layout), HEADING + 200_000);
        assert_eq!(room(layout), HEADING + 200_000 + 4 * 32);
        assert_eq!(room(Layout::of(5).unwrap()), HEADING + 5);
    }
}
