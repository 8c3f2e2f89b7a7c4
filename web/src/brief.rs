//! Long identifiers, shortened for people: tooltips have them in full.

/// The first digits of a long identifier.
pub fn shorten(text: String) -> String {
    if text.len() <= 8 {
        return text;
    }
    format!("{}…", &text[..6])
}

/// A text with its long identifiers shortened.
pub fn brief(text: &str) -> String {
    let mut brief = String::with_capacity(text.len());
    for part in text.split_inclusive(|letter: char| !letter.is_ascii_hexdigit()) {
        let digits = part.trim_end_matches(|letter: char| !letter.is_ascii_hexdigit());
        if digits.len() > 12 {
            brief.push_str(&digits[..6]);
            brief.push('…');
        } else {
            brief.push_str(digits);
        }
        brief.push_str(&part[digits.len()..]);
    }
    brief
}

#[cfg(test)]
mod tests {
    use super::brief;

    #[test]
    fn long_identifiers_are_shortened_in_a_text_and_words_are_not() {
        let long = "ea8f163db38682925e4491c5e58d4bb3506ef8c1";
        let text = format!("Node {long} faced (26, {long}] → 4: decade.");
        assert_eq!(
            brief(&text),
            "Node ea8f16… faced (26, ea8f16…] → 4: decade."
        );
    }
}
