//! Links as typed, and how many files a tab has.

use chordscope_core::swarm::collection::{File, is_safe_part};
use chordscope_core::swarm::link::Link;

use crate::live::desk::{Desk, Field, Question};
use crate::live::talk::{Command, MAX_FILES, Wanted};

/// What a link asks for, or why it does not do.
pub(super) fn fetch(text: &str) -> Result<Command, (Field, String)> {
    let wrong = |text: String| (Field::Link, text);
    let link = Link::parse(text).map_err(|error| wrong(format!("That does not do: {error}.")))?;
    let name = match link.name {
        Some(name) if !is_safe_part(&name) => return Err(wrong(
            "The name in this link is none for a file on every system. The part before “?” will do."
                .to_owned(),
        )),
        Some(name) => name,
        None => link.content.to_string().chars().take(16).collect(),
    };
    Ok(Command::Fetch(Wanted {
        content: link.content,
        name,
        is_folder: link.is_collection,
    }))
}

/// A file of a folder: its list was checked when it was read.
pub(super) fn part(file: &File) -> Command {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    Command::Fetch(Wanted {
        content: file.content,
        name: name.to_owned(),
        is_folder: false,
    })
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

    fn wanted(content: ContentId, name: &str, is_folder: bool) -> Command {
        Command::Fetch(Wanted {
            content,
            name: name.to_owned(),
            is_folder,
        })
    }

    #[test]
    fn a_link_is_checked_before_anything_is_fetched() {
        let content = ContentId::of(b"some");
        let asked = fetch(&format!("chordscope:{content}?n=a.txt&len=4")).unwrap();
        assert_eq!(asked, wanted(content, "a.txt", false));
        let asked = fetch(&format!(" {content} ")).unwrap();
        let short = content.to_string()[..16].to_owned();
        assert_eq!(asked, wanted(content, &short, false));
        let asked = fetch(&format!("{content}?n=folder&c=1")).unwrap();
        assert_eq!(asked, wanted(content, "folder", true));
        for (link, part) in [
            (String::new(), "64 hexadecimal digits"),
            (format!("{content}?n=..%2Fup"), "before “?”"),
        ] {
            let (field, text) = fetch(&link).unwrap_err();
            assert_eq!(field, Field::Link);
            assert!(text.contains(part), "{text}");
        }
    }
}
