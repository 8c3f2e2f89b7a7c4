//! Share links, which people pass on: the link to a content.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::base::content::ContentId;

/// All but the unreserved characters of RFC 3986 §2.3.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// The longest name in a link, in bytes.
pub const MAX_LINK_NAME: usize = 255;

/// A share link, which `share` prints and `fetch` takes: `chordscope:<64 hex>?n=<name>&len=<bytes>[&c=1]`.
///
/// Only the content id is binding; name and length are what the link's author says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The content.
    pub content: ContentId,
    /// The name; may hold anything, so check it before it becomes a file's name.
    pub name: Option<String>,
    /// The length, in bytes.
    pub length: Option<u64>,
    /// True if the content is a collection, the list of a folder's files.
    pub is_collection: bool,
}

impl Link {
    /// Reads a link as people paste it: a bare content id is one, too; brackets, quotes and space around it, a full stop or comma
    /// behind it, line breaks in it and capitals do not matter. Fields it does not know are left alone. A name keeps its case; that of
    /// a link that was put into capitals as a whole is not known any more.
    ///
    /// # Errors
    /// [`LinkError`] names the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let text = joined(without_wrapping(text));
        let (content, fields) = text.split_once('?').unwrap_or((&text, ""));
        let content: String = content.split_whitespace().collect();
        let content = content.to_ascii_lowercase();
        let content = content.strip_prefix("chordscope:").unwrap_or(&content);
        let mut link = Self {
            content: ContentId::parse(content).ok_or(LinkError::Content)?,
            name: None,
            length: None,
            is_collection: false,
        };
        for field in fields.split('&').map(str::trim) {
            if field.is_empty() {
                continue;
            }
            let (name, value) = field.split_once('=').ok_or(LinkError::Field)?;
            let value = value.trim();
            let name = name.trim();
            match name.to_ascii_lowercase().as_str() {
                "n" if name == "N" && is_in_capitals(value) => return Err(LinkError::Capitals),
                "n" => link.name = Some(decode(value)?),
                "len" => link.length = Some(value.parse().map_err(|_| LinkError::Length)?),
                "c" => link.is_collection = value == "1",
                _ => {}
            }
        }
        Ok(link)
    }
}

/// The pairs of characters that wrap a link in a text.
const WRAPPINGS: [(char, char); 6] = [
    ('<', '>'),
    ('(', ')'),
    ('"', '"'),
    ('\'', '\''),
    ('`', '`'),
    ('\u{201c}', '\u{201d}'),
];

fn without_wrapping(text: &str) -> &str {
    let mut text = without_stop(text);
    let inner = |text: &str| -> Option<core::ops::Range<usize>> {
        let (first, last) = (text.chars().next()?, text.chars().next_back()?);
        let wraps = WRAPPINGS.contains(&(first, last)) && text.chars().nth(1).is_some();
        wraps.then(|| first.len_utf8()..text.len() - last.len_utf8())
    };
    while let Some(range) = inner(text) {
        text = without_stop(&text[range]);
    }
    text
}

/// The text without space around it and what ends a sentence.
fn without_stop(text: &str) -> &str {
    let is_stop = |c: char| c.is_whitespace() || matches!(c, '.' | ',');
    text.trim_start().trim_end_matches(is_stop)
}

/// Joins a link that is spread over lines: the breaks, and the space around them, are not the link's.
fn joined(text: &str) -> String {
    text.lines().map(str::trim).collect()
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.as_deref().map(escaped);
        let length = self.length.map(|length| format!("len={length}"));
        let collection = self.is_collection.then(|| "c=1".to_string());
        write!(f, "chordscope:{}", self.content)?;
        let fields = [name, length, collection].into_iter().flatten();
        for (mark, field) in core::iter::once('?')
            .chain(core::iter::repeat('&'))
            .zip(fields)
        {
            write!(f, "{mark}{field}")?;
        }
        Ok(())
    }
}

/// The name of a link, escaped; so are full stops at its end, which a reader takes for those of a sentence.
fn escaped(name: &str) -> String {
    let front = name.trim_end_matches('.');
    let stops = "%2E".repeat(name.len() - front.len());
    format!("n={}{stops}", utf8_percent_encode(front, ESCAPED))
}

/// Returns whether an escaped name has letters, all of them capitals. The digits of its escapes do not count, nor do the letters that they
/// stand for: a change to capitals leaves these as they are.
fn is_in_capitals(text: &str) -> bool {
    let escapes = text.split('%').enumerate();
    // Behind each percent sign are two digits.
    let plain = escapes.map(|(at, part)| part.get(if at == 0 { 0 } else { 2 }..).unwrap_or(part));
    let mut letters = plain
        .flat_map(str::chars)
        .filter(|c| c.is_alphabetic())
        .peekable();
    letters.peek().is_some() && letters.all(|c| !c.is_lowercase())
}

fn decode(text: &str) -> Result<String, LinkError> {
    let name = percent_decode_str(text).decode_utf8();
    let name = name.map_err(|_| LinkError::Name)?;
    // A percent sign that begins no escape is left as it is: then the name is longer than escapes alone would make it.
    let is_well_escaped = name.len() + 2 * text.matches('%').count() == text.len();
    match is_well_escaped && !name.is_empty() && name.len() <= MAX_LINK_NAME {
        true => Ok(name.into_owned()),
        false => Err(LinkError::Name),
    }
}

/// The reason why a text is no link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkError {
    /// The link does not begin with a content id.
    Content,
    /// A field has no value.
    Field,
    /// The name is empty, too long or no text.
    Name,
    /// The link was put into capitals, and its name with it.
    Capitals,
    /// The length is no number.
    Length,
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Content => "a link holds a content id: 64 hexadecimal digits",
            Self::Field => "a field of the link has no value",
            Self::Name => "the link's name is empty, longer than 255 bytes or no UTF-8",
            Self::Capitals => {
                "the link was put into capitals, which has changed the name in it: paste it as it was, or its content id alone"
            }
            Self::Length => "the link's length is no number",
        })
    }
}

impl core::error::Error for LinkError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_goes_there_and_back_whatever_the_name() {
        for name in ["a.txt", "ä b&c=d?e#%.bin", "../../etc/passwd", "\u{0}"] {
            let link = Link {
                content: ContentId::of(b"abc"),
                name: Some(name.into()),
                length: Some(u64::MAX),
                is_collection: true,
            };
            assert_eq!(Link::parse(&link.to_string()), Ok(link));
        }
        let dotted = Link {
            content: ContentId::of(b"abc"),
            name: Some("a..".into()),
            length: None,
            is_collection: false,
        };
        assert_eq!(Link::parse(&dotted.to_string()), Ok(dotted));
        let bare = ContentId::of(b"").to_string();
        assert_eq!(
            Link::parse(&bare).unwrap().to_string(),
            format!("chordscope:{bare}")
        );
    }

    #[test]
    fn a_link_is_read_as_people_paste_it() {
        let id = ContentId::of(b"abc").to_string();
        let link = Link::parse(&format!("chordscope:{id}?n=a%20b.txt&len=4&c=1"));
        let (front, back) = id.split_at(30);
        let capitals = id.to_uppercase();
        for pasted in [
            format!("  chordscope:{id}?n=a%20b.txt&len=4&c=1\r\n"),
            format!("<chordscope:{id}?n=a%20b.txt&len=4&c=1>"),
            format!("\"<chordscope:{id}?n=a%20b.txt&len=4&c=1>\" "),
            format!("\u{201c}chordscope:{id}?n=a%20b.txt&len=4&c=1\u{201d}"),
            format!("CHORDSCOPE:{capitals}?N=a%20b.txt&LEN=4&C=1"),
            format!("Chordscope: {id} ? n=a b.txt & len = 4 & c=1"),
            format!("chordscope:{front}\n  {back}?n=a%2\r\n0b.txt&le\nn=4&c=1"),
            format!("chordscope:{front} {back}?n=a%20b.txt&len=4&c=1&"),
            format!("chordscope:{id}?n=a%20b.txt&len=4&c=1."),
            format!("(<chordscope:{id}?n=a%20b.txt&len=4&c=1>,). "),
        ] {
            assert_eq!(Link::parse(&pasted), link, "{pasted}");
        }
        assert_eq!(Link::parse(&format!("<{capitals}>")), Link::parse(&id));
        assert_eq!(Link::parse(&format!("{id},")), Link::parse(&id));
        for empty in ["<", "<>", "\"", "<<>>", "()"] {
            assert_eq!(Link::parse(empty), Err(LinkError::Content), "{empty}");
        }
    }

    #[test]
    fn a_name_keeps_its_case_or_the_link_is_refused() {
        let id = ContentId::of(b"abc");
        let link = |name: &str| Link {
            content: id,
            name: Some(name.into()),
            length: Some(3),
            is_collection: false,
        };
        // A name in capitals is one as good as any other.
        for name in ["README", "Song.mp3", "2024", "\u{c4}"] {
            let printed = link(name).to_string();
            assert_eq!(Link::parse(&printed), Ok(link(name)), "{printed}");
        }
        for name in ["Song.mp3", "README", "m\u{e4}rz", "a%b", "song 2"] {
            let pasted = link(name).to_string().to_uppercase();
            assert_eq!(Link::parse(&pasted), Err(LinkError::Capitals), "{pasted}");
        }
        // Without letters that have capitals nothing has changed.
        for name in ["2024", "\u{e4}"] {
            let pasted = link(name).to_string().to_uppercase();
            assert_eq!(Link::parse(&pasted), Ok(link(name)), "{pasted}");
        }
    }

    #[test]
    fn what_is_no_link_is_refused() {
        let id = ContentId::of(b"").to_string();
        for (text, error) in [
            (String::new(), LinkError::Content),
            ("chordscope:12".into(), LinkError::Content),
            ("ä".repeat(32), LinkError::Content),
            (format!("{id}?n"), LinkError::Field),
            (format!("{id}?n="), LinkError::Name),
            (format!("{id}?n=%f"), LinkError::Name),
            (format!("{id}?n=%zz"), LinkError::Name),
            (format!("{id}?n=%%41"), LinkError::Name),
            (format!("{id}?n=%2"), LinkError::Name),
            (format!("{id}?n=%ff"), LinkError::Name),
            (format!("{id}?n={}", "x".repeat(256)), LinkError::Name),
            (format!("{id}?len=-1"), LinkError::Length),
        ] {
            assert_eq!(Link::parse(&text), Err(error), "{text}");
        }
    }
}
