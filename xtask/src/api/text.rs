//! Tokens as one line of source.

use quote::ToTokens;

/// The tokens of a piece of source as one line, the same however the source breaks its lines.
pub(super) fn line(tokens: &impl ToTokens) -> String {
    let printed = tokens.to_token_stream().to_string();
    let mut line = String::new();
    for piece in printed.split_whitespace() {
        if !line.is_empty() && is_apart(&line, piece) {
            line.push(' ');
        }
        line += piece;
    }
    // Commas that end a list.
    line.replace(",)", ")")
        .replace(",]", "]")
        .replace(", }", " }")
        .replace(",>", ">")
}

/// Returns whether a space belongs between a line so far and what follows.
fn is_apart(line: &str, next: &str) -> bool {
    let opens = line.ends_with(['(', '[', '&', '<', '#', '\'']) || line.ends_with("::");
    let closes = next.starts_with([',', ';', ':', ')', ']', '>', '?', '.', '<']);
    let is_name = |last: char| last.is_alphanumeric() || last == '_' || last == '>';
    let calls = next.starts_with('(') && line.ends_with(is_name) && !line.ends_with("->");
    let from_arrow = line.ends_with("->") || line.ends_with(['=', '+']);
    !opens && !calls && (!closes || from_arrow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_reads_as_it_is_written() {
        for text in [
            "pub fn next(&self, id: Id) -> Option<Id>",
            "pub const fn new<'a, T: Clone + 'a>(from: &'a mut [T]) -> (T, &'a [u8; 32])",
            "impl<T> From<T> for Box<dyn Fn(&T) -> T>",
            "V { a: u8, b: core::time::Duration }",
            "pub type A = BTreeMap<Id, Vec<u8>>",
        ] {
            let tokens: proc_macro2::TokenStream = text.parse().unwrap();
            assert_eq!(line(&tokens), text);
        }
    }

    #[test]
    fn line_breaks_and_commas_at_the_end_make_no_difference() {
        let tokens: proc_macro2::TokenStream =
            "pub fn f(\n    a: u8,\n    b: u8,\n)".parse().unwrap();
        assert_eq!(line(&tokens), "pub fn f(a: u8, b: u8)");
    }
}
