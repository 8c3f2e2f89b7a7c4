//! Messages about texts that are no id: what an id looks like.

use chordscope_core::base::id::{DECIMAL_BITS, IdError, Space};

/// The number of characters of a text that are shown.
const SHOWN: usize = 48;

/// Returns the reason why a text is no id of this space, in one line.
pub(crate) fn no_id(space: Space, text: &str, error: IdError) -> String {
    let text: String = text.trim().chars().take(SHOWN).collect();
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
            "an id of {bits} bits has {} hexadecimal digits; shorter, it is a decimal number, or 0x and hexadecimal digits",
            bits.div_ceil(4)
        ),
        false => format!("an id of {bits} bits is a decimal number, or 0x and hexadecimal digits"),
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
            "\"1f\" is no id: an id of 5 bits is a decimal number, or 0x and hexadecimal digits"
        );
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
}
