//! Links as typed, and how many files a tab has.

use chordscope_core::swarm::collection::is_safe_part;
use chordscope_core::swarm::link::Link;

use crate::live::desk::{Desk, Field, Question};
use crate::live::talk::{Command, MAX_FILES};

/// What a link asks for, or why it does not do.
pub(super) fn fetch(text: &str) -> Result<Command, (Field, String)> {
    let wrong = |text: String| (Field::Link, text);
    let link = Link::parse(text).map_err(|error| wrong(format!("That does not do: {error}.")))?;
    if link.is_collection {
        return Err(wrong(
            "This is the link of a folder. A tab fetches single files; for folders there is `chordscope fetch`."
                .to_owned(),
        ));
    }
    match link.name {
        Some(name) if !is_safe_part(&name) => Err(wrong(
            "The name in this link is none for a file on every system. The part before “?” will do."
                .to_owned(),
        )),
        Some(name) => Ok(Command::Fetch(link.content, name)),
        None => {
            let id: String = link.content.to_string().chars().take(16).collect();
            Ok(Command::Fetch(link.content, id))
        }
    }
}

/// One file more, if that is not one too many.
pub(super) fn of_room(
    desk: &Desk,
    field: Field,
    command: Command,
) -> Result<(Command, Option<Question>), (Field, String)> {
    let files = desk.state.as_ref().map_or(0, |state| state.files.len());
    match files < MAX_FILES {
        true => Ok((command, None)),
        false => Err((
            field,
            format!("A tab has {MAX_FILES} files at most. Remove one first."),
        )),
    }
}

#[cfg(test)]
mod tests {
    use chordscope_core::base::content::ContentId;

    use super::*;

    #[test]
    fn a_link_is_checked_before_anything_is_fetched() {
        let content = ContentId::of(b"some");
        let asked = fetch(&format!("chordscope:{content}?n=a.txt&len=4")).unwrap();
        assert_eq!(asked, Command::Fetch(content, "a.txt".to_owned()));
        let asked = fetch(&format!(" {content} ")).unwrap();
        let short = content.to_string()[..16].to_owned();
        assert_eq!(asked, Command::Fetch(content, short));
        for (link, part) in [
            (String::new(), "64 hexadecimal digits"),
            (format!("{content}?n=..%2Fup"), "before “?”"),
            (format!("{content}?n=folder&c=1"), "folder"),
        ] {
            let (field, text) = fetch(&link).unwrap_err();
            assert_eq!(field, Field::Link);
            assert!(text.contains(part), "{text}");
        }
    }
}
