//! Links as typed, and how many files a tab has.

use chordscope_core::swarm::collection::{File, is_safe_part};
use chordscope_core::swarm::link::{Link, LinkError};

use crate::live::desk::{Desk, Field, Question};
use crate::live::talk::{Command, FileRow, Folder, MAX_FILES, MAX_SHARED, Stage, Wanted};

/// What a link asks for, or why it does not do.
pub(super) fn fetch(text: &str) -> Result<Wanted, (Field, String)> {
    let wrong = |text: String| (Field::Link, text);
    let link = Link::parse(text).map_err(|error| wrong(no_link(text, error)))?;
    let name = match link.name {
        Some(name) if !is_safe_part(&name) => return Err(wrong(
            "The name in this link is none for a file on every system. The part before “?” will do."
                .to_owned(),
        )),
        Some(name) => name,
        None => link.content.to_string().chars().take(16).collect(),
    };
    Ok(Wanted {
        content: link.content,
        name,
        is_folder: link.is_collection,
    })
}

/// What to say of a text that is no link.
fn no_link(typed: &str, error: LinkError) -> String {
    match error {
        LinkError::Content if typed.trim().is_empty() => {
            "Paste a link first: “chordscope:” and 64 hexadecimal digits.".to_owned()
        }
        LinkError::Content => {
            "This is no whole link: one begins with “chordscope:” and 64 hexadecimal digits."
                .to_owned()
        }
        error => {
            format!(
                "Something is wrong behind the “?” of this link: {error}. Copy the link once more."
            )
        }
    }
}

/// A file of a folder: its list was checked when it was read.
pub(super) fn part(file: &File) -> Wanted {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    Wanted {
        content: file.content,
        name: name.to_owned(),
        is_folder: false,
    }
}

/// The command that fetches a content, unless it is here or on its way. Where it came to nothing before, it begins anew.
pub(super) fn once(
    desk: &Desk,
    wanted: Wanted,
) -> Result<(Command, Option<Question>), (Field, String)> {
    let mut files = desk.state.iter().flat_map(|state| &state.files);
    let known = files.find(|row| row.content == Some(wanted.content));
    let there = |row: &FileRow, how: &str| {
        let text = format!("“{}” is {how} already: see the list below.", row.name);
        Err((Field::Link, text))
    };
    match known {
        None => of_room(desk, Field::Link, Command::Fetch(wanted)),
        Some(row) => match &row.stage {
            Stage::Failed(_) => Ok((Command::Fetch(wanted), None)),
            Stage::Here(_) => there(row, "here"),
            Stage::Fetching(_) | Stage::Checking { .. } | Stage::Reading { .. } => {
                there(row, "on its way")
            }
        },
    }
}

/// Checks that others can keep something under its name.
pub(super) fn shareable(name: &str) -> Result<(), (Field, String)> {
    match is_safe_part(name) {
        true => Ok(()),
        false => Err((
            Field::File,
            format!("“{name}” is no name for a file on every system. Rename it first."),
        )),
    }
}

/// A folder, unless it has too many files or a name that others cannot use.
pub(super) fn folder(folder: Folder) -> Result<Command, (Field, String)> {
    shareable(&folder.name)?;
    match folder.files.len() {
        0..=MAX_SHARED => Ok(Command::ShareFolder(folder)),
        _ => Err((
            Field::File,
            format!(
                "A tab shares {MAX_SHARED} files of folders at most. “chordscope share” takes larger ones."
            ),
        )),
    }
}

/// What to say of a folder that cannot be read.
pub(super) fn unreadable(name: &str) -> String {
    format!("The browser could not read all of “{name}”.")
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
    use wasm_bindgen::{JsCast, JsValue};

    use std::rc::Rc;

    use super::*;
    use crate::live::stage::tests::state;
    use crate::live::talk::Part;

    fn wanted(content: ContentId, name: &str, is_folder: bool) -> Wanted {
        Wanted {
            content,
            name: name.to_owned(),
            is_folder,
        }
    }

    #[test]
    fn a_link_that_is_fetched_again_goes_on_in_its_row_or_is_told_to_be_there() {
        let content = ContentId::of(b"some");
        let again = |stage| {
            let mut state = state();
            state.files = vec![FileRow {
                number: 70,
                name: "a.txt".to_owned(),
                content: Some(content),
                length: None,
                stage,
            }];
            let desk = Desk {
                state: Some(Rc::new(state)),
                ..Desk::default()
            };
            once(&desk, wanted(content, "b.txt", false))
        };
        let said = |how| {
            let text = format!("“a.txt” is {how} already: see the list below.");
            Err((Field::Link, text))
        };
        assert_eq!(again(Stage::Here(Box::default())), said("here"));
        assert_eq!(again(Stage::Fetching(Box::default())), said("on its way"));
        assert_eq!(again(Stage::Checking { done: 0 }), said("on its way"));
        let anew = Command::Fetch(wanted(content, "b.txt", false));
        assert_eq!(again(Stage::Failed(String::new())), Ok((anew, None)));
        let other = wanted(ContentId::of(b"other"), "a.txt", false);
        let asked = once(&Desk::default(), other.clone());
        assert_eq!(asked, Ok((Command::Fetch(other), None)));
    }

    #[test]
    fn a_folder_has_no_more_files_than_a_tab_shares() {
        let part = |number| Part {
            path: format!("{number}"),
            // Nobody looks at it.
            file: JsValue::NULL.unchecked_into(),
        };
        let of = |count| {
            folder(Folder {
                name: "songs".to_owned(),
                files: (0..count).map(part).collect(),
            })
        };
        assert!(of(MAX_SHARED).is_ok());
        let (field, text) = of(MAX_SHARED + 1).unwrap_err();
        assert_eq!(field, Field::File);
        assert!(text.contains("960 files"), "{text}");
    }

    #[test]
    fn a_name_that_others_cannot_use_is_not_shared() {
        assert_eq!(shareable("songs 1.zip"), Ok(()));
        for name in ["b:c", "aux.c", "what?.txt"] {
            let (field, text) = shareable(name).unwrap_err();
            assert_eq!(field, Field::File);
            assert!(text.contains(name), "{text}");
        }
        let folder = Folder {
            name: "a:b".to_owned(),
            files: Vec::new(),
        };
        assert!(super::folder(folder).is_err());
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
            (String::new(), "Paste a link first"),
            ("chordscope:0123".to_owned(), "64 hexadecimal digits"),
            (format!("{content}?n=a&len=x"), "behind the “?”"),
            (format!("{content}?n=..%2Fup"), "before “?”"),
        ] {
            let (field, text) = fetch(&link).unwrap_err();
            assert_eq!(field, Field::Link);
            assert!(text.contains(part), "{text}");
        }
    }
}
