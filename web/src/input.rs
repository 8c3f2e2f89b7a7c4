//! Reads what the user typed: identifiers, and words that stand for their digest.

use chordscope_core::base::digest;
use chordscope_core::base::id::{Id, IdError, Space};

/// A key as the user gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Where it lies on the ring.
    pub id: Id,
    /// The word whose digest it is, if it was given so.
    pub word: Option<String>,
}

/// Reads a key: an identifier of the space, or any other text, which stands for its digest. What looks like a number but is none of
/// the space is refused; quotes make a word of it.
///
/// # Errors
/// One sentence that says what is wrong and what helps.
pub fn key(space: Space, text: &str) -> Result<Key, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("Type a key first: a number of this ring, or a word.".to_owned());
    }
    let quoted = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    if let Some(word) = quoted {
        return Ok(from_word(space, word));
    }
    match space.parse(text) {
        Ok(id) => Ok(Key { id, word: None }),
        Err(IdError::OutOfRange) => Err(out_of_range(space, text)),
        Err(_) if is_numeric(text) => Err(format!(
            "{text} is no id of this ring: {}. In quotation marks it is a word.",
            range(space)
        )),
        Err(_) => Ok(from_word(space, text)),
    }
}

/// Whether somebody who typed this most likely meant a number.
fn is_numeric(text: &str) -> bool {
    let is_digit = |letter: char| letter.is_ascii_digit();
    let is_part = |letter: char| is_digit(letter) || "+-.,_ eE".contains(letter);
    let unsigned = text.trim_start_matches(['+', '-', ' ', '.']);
    unsigned.starts_with(is_digit) && text.ends_with(is_digit) && text.chars().all(is_part)
}

/// The key of a name, whatever the name looks like; an identifier stands for itself.
pub fn named(space: Space, text: &str) -> Id {
    space
        .parse(text)
        .unwrap_or_else(|_| digest::name_key(space, text))
}

/// Whether a text is a key of the real ring, and so no name.
pub fn is_key(text: &str) -> bool {
    Space::FULL.parse(text).is_ok()
}

/// Reads a node's identifier.
///
/// # Errors
/// One sentence that says what is wrong and what helps.
pub fn node(space: Space, text: &str) -> Result<Id, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(format!("Type a node id first: {}.", range(space)));
    }
    space.parse(text).map_err(|error| match error {
        IdError::OutOfRange => out_of_range(space, text),
        _ => format!("“{text}” is no node id: {}.", range(space)),
    })
}

/// The identifier one further or one back, for the arrow keys of a spin button.
pub fn nudged(space: Space, text: &str, up: bool) -> Option<String> {
    let id = space.parse(text).ok()?;
    let moved = if up {
        space.next(id)
    } else {
        space.distance(Id::from_u64(1), id)
    };
    Some(space.show(moved))
}

fn from_word(space: Space, word: &str) -> Key {
    Key {
        id: digest::name_key(space, word),
        word: Some(word.to_owned()),
    }
}

fn out_of_range(space: Space, text: &str) -> String {
    format!("{text} is not on this ring: {}.", range(space))
}

fn range(space: Space) -> String {
    let last = space.distance(Id::from_u64(1), Id::ZERO);
    if space.bits() <= 53 {
        format!("ids go from 0 to {}", space.show(last))
    } else {
        format!(
            "ids have {} bits, written as {} hexadecimal digits",
            space.bits(),
            space.show(last).len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lesson() -> Space {
        Space::new(5).unwrap()
    }

    #[test]
    fn a_number_of_the_ring_is_an_identifier() {
        let found = key(lesson(), " 26 ").unwrap();
        assert_eq!((found.id, found.word), (Id::from_u64(26), None));
    }

    #[test]
    fn a_word_stands_for_its_digest_and_so_does_a_quoted_number() {
        let word = key(lesson(), "hello").unwrap();
        assert_eq!(word.word.as_deref(), Some("hello"));
        assert!(lesson().contains(word.id));
        assert_eq!(key(lesson(), "\"26\"").unwrap().word.as_deref(), Some("26"));
    }

    #[test]
    fn a_number_beyond_the_ring_is_refused_with_the_range() {
        let error = key(lesson(), "99").unwrap_err();
        assert_eq!(error, "99 is not on this ring: ids go from 0 to 31.");
        assert!(node(lesson(), "x").unwrap_err().contains("0 to 31"));
        assert!(node(lesson(), "").unwrap_err().contains("0 to 31"));
    }

    #[test]
    fn what_looks_like_a_number_is_not_taken_for_a_word() {
        for text in ["-1", "3.5", "+7", "1e3", "1,5", "- 2"] {
            let error = key(lesson(), text).unwrap_err();
            assert!(
                error.contains("0 to 31") && error.contains("quotation"),
                "{error}"
            );
            let quoted = key(lesson(), &format!("\"{text}\"")).unwrap();
            assert_eq!(quoted.word.as_deref(), Some(text));
        }
        for word in ["route 66", "e", "inf", "-", "v1.2", "2-go"] {
            assert_eq!(key(lesson(), word).unwrap().word.as_deref(), Some(word));
        }
    }

    #[test]
    fn the_arrow_keys_go_round_the_ring() {
        assert_eq!(nudged(lesson(), "31", true).as_deref(), Some("0"));
        assert_eq!(nudged(lesson(), "0", false).as_deref(), Some("31"));
        assert_eq!(nudged(lesson(), "word", true), None);
    }
}
