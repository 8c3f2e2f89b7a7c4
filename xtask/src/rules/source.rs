//! Rust source as a flat list of tokens with their lines, without comments.

use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Word(String),
    Sign(char),
    Literal(String),
    Open(Delimiter),
    Close(Delimiter),
}

/// A token and the line it stands in, counted from 1.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) line: usize,
}

impl Placed {
    pub(super) fn is_sign(&self, sign: char) -> bool {
        self.token == Token::Sign(sign)
    }

    pub(super) fn word(&self) -> Option<&str> {
        match &self.token {
            Token::Word(word) => Some(word),
            _ => None,
        }
    }
}

/// The tokens of a source file; doc comments become attributes with a text, as the compiler has them.
pub(super) fn tokens(source: &str) -> Vec<Placed> {
    let stream: TokenStream = source.parse().unwrap();
    let mut flat = Vec::new();
    flatten(stream, &mut flat);
    flat
}

fn flatten(stream: TokenStream, flat: &mut Vec<Placed>) {
    for tree in stream {
        let line = tree.span().start().line;
        let token = match tree {
            TokenTree::Ident(word) => Token::Word(word.to_string()),
            TokenTree::Punct(sign) => Token::Sign(sign.as_char()),
            TokenTree::Literal(literal) => Token::Literal(literal.to_string()),
            TokenTree::Group(group) => {
                let delimiter = group.delimiter();
                let token = Token::Open(delimiter);
                flat.push(Placed { token, line });
                flatten(group.stream(), flat);
                let line = group.span_close().start().line;
                let token = Token::Close(delimiter);
                flat.push(Placed { token, line });
                continue;
            }
        };
        flat.push(Placed { token, line });
    }
}

/// The module that a file of a crate's `src` is: `node/repair.rs` is `node::repair`, `lib.rs` the root.
pub(super) fn module_of(path: &Path) -> Vec<String> {
    let parts = path.with_extension("");
    let parts = parts.components();
    let module: Vec<String> = parts
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    match module.as_slice() {
        [root] if root == "lib" => Vec::new(),
        _ => module,
    }
}
