//! Messages about texts that are no id, key, author, lineage or link: what was given, and what one looks like.

use chordscope_core::base::id::{DECIMAL_BITS, IdError, Space};
use chordscope_core::swarm::link::LinkError;

/// The number of characters of a text that are shown.
const SHOWN: usize = 48;

/// The number of hexadecimal digits of a record's key, and of a position.
const DIGITS: usize = 40;

/// The reason why a key is refused as a name: what asks for it by name would ask for the key.
pub(crate) const KEY_AS_NAME: &str = "40 hexadecimal digits are a key, and no name";

/// Returns whether a text is a key or an id, and no name.
pub(crate) fn is_key(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns the reason why a text is no author, in one line.
pub(crate) fn no_author(text: &str) -> String {
    format!(
        "\"{}\" is no author, which is a public key: 64 hexadecimal digits",
        shown(text)
    )
}

/// Returns the reason why a text is no lineage, in one line.
pub(crate) fn no_lineage(text: &str) -> String {
    format!(
        "\"{}\" is no lineage, which is as `chordscope status` shows it: 16 hexadecimal digits",
        shown(text)
    )
}

/// Returns the reason why a text is no link, in one line.
pub(crate) fn no_link(text: &str, error: LinkError) -> String {
    format!("\"{}\" is no link: {error}", shown(text))
}

/// Returns the beginning of a text, which may be of any length.
fn shown(text: &str) -> String {
    text.trim().chars().take(SHOWN).collect()
}

/// Returns the reason why a text is no id of this space, in one line.
pub(crate) fn no_id(space: Space, text: &str, error: IdError) -> String {
    let text = shown(text);
    let bits = space.bits();
    match error {
        IdError::OutOfRange => {
            format!("{text} is outside a ring of {bits} bits: ids are below 2^{bits}")
        }
        IdError::Malformed => format!("\"{text}\" is no id: {}", looks(space)),
        error => error.to_string(),
    }
}

/// Returns the format of an id of this space, in words.
fn looks(space: Space) -> String {
    let bits = space.bits();
    match bits > DECIMAL_BITS {
        true => format!(
            "an id of {bits} bits has {} hexadecimal digits; shorter, it is a whole decimal number, or 0x and hexadecimal digits",
            bits.div_ceil(4)
        ),
        false => format!(
            "an id of {bits} bits is a whole decimal number from 0 to {}, or 0x and hexadecimal digits",
            (1_u64 << bits) - 1
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_id_is_told_what_one_looks_like() {
        let why = |bits, text: &str| {
            let space = Space::new(bits).unwrap();
            no_id(space, text, space.parse(text).unwrap_err())
        };
        assert_eq!(
            why(5, "1f"),
            "\"1f\" is no id: an id of 5 bits is a whole decimal number from 0 to 31, or 0x and hexadecimal digits"
        );
        for (text, bits) in [("-1", 1), ("3.5", DECIMAL_BITS), ("-1", 160)] {
            let said = why(bits, text);
            let begins = format!("\"{text}\" is no id: an id of {bits} bits");
            assert!(said.starts_with(&begins), "{said}");
            assert!(said.contains("a whole decimal number"), "{said}");
        }
        assert_eq!(
            why(5, "0x20"),
            "0x20 is outside a ring of 5 bits: ids are below 2^5"
        );
        let full = why(160, "1f");
        assert!(full.contains("has 40 hexadecimal digits"), "{full}");
        // What it says is so.
        let ids = [(5, "31"), (5, "0x1f"), (160, "31"), (160, "0x1f")];
        for (bits, id) in ids {
            assert!(Space::new(bits).unwrap().parse(id).is_ok(), "{id}");
        }
        assert!(Space::FULL.parse(&"1f".repeat(20)).is_ok());
    }

    #[test]
    fn a_key_is_40_hexadecimal_digits_and_a_name_all_else() {
        assert!(is_key(&"1F".repeat(20)));
        let prefixed = format!("0x{}", "1f".repeat(19));
        for name in ["", "1f", "-1", "3.5", &"1f".repeat(32), &prefixed] {
            assert!(!is_key(name), "{name}");
        }
    }

    #[test]
    fn what_was_given_is_shown_and_not_without_end() {
        let long = "x".repeat(1_000);
        for (said, what) in [
            (no_author(&long), "64 hexadecimal digits"),
            (no_lineage(&long), "16 hexadecimal digits"),
            (no_link(&long, LinkError::Content), "64 hexadecimal digits"),
        ] {
            assert!(said.starts_with(&format!("\"{}\" is no ", "x".repeat(SHOWN))));
            assert!(said.contains(what), "{said}");
        }
    }
}
