//! The meaning of the controls: from an intent and the typed text to a command, or to one sentence about what is wrong.

use chordscope_core::base::contact::{Address, ContactError};
use chordscope_core::base::id::Space;
use chordscope_core::store::record::{MAX_VALUE, Name};
use chordscope_core::swarm::collection::{File as ListedFile, is_safe_part};
use chordscope_core::swarm::link::{Link, LinkError};
use web_sys::File;

use crate::input;
use crate::live::desk::{Desk, Field, Question};
use crate::live::talk::{
    Command, Connection, FileRow, LocalFolder, MAX_FILES, MAX_SHARED, Progress, Wanted,
};
use crate::live::words::size;

/// A wish of the user, as a control expresses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Join the ring at the typed address; once more leaves it.
    JoinOrLeave,
    /// Put the typed value under the typed name.
    Put,
    /// Get the typed name.
    Get,
    /// Delete the typed name.
    Delete,
    /// Look the typed name up.
    LookUp,
    /// Share a file of this computer.
    Share(File),
    /// Share a folder of this computer.
    ShareFolder(LocalFolder),
    /// Say that the browser cannot read the folder of this name.
    Unreadable(String),
    /// Fetch the content of the typed link.
    Fetch,
    /// Fetch a file of a folder.
    FetchPart(ListedFile),
    /// Share or fetch the file with this number no more.
    Drop(u32),
}

/// A command, and the question that it answers, if it does.
type Meaning = (Command, Option<Question>);
/// The field that holds something wrong, and the reason in one sentence.
type Wrong = (Field, String);

/// The id of a field's element.
pub const fn field_id(field: Field) -> &'static str {
    match field {
        Field::Address => "live-address",
        Field::Name => "live-name",
        Field::Value => "live-value",
        Field::File => "live-file",
        Field::Link => "live-link",
    }
}

/// The command of an intent.
///
/// # Errors
/// The field whose text does not do, and the reason.
pub fn command(desk: &Desk, intent: Intent) -> Result<Meaning, Wrong> {
    let name = || match desk.name.trim() {
        "" => Err((Field::Name, "Type a name first.".to_owned())),
        name => match Name::new(name) {
            Ok(_) => Ok(name.to_owned()),
            Err(error) => Err((Field::Name, format!("This name cannot be used: {error}."))),
        },
    };
    let label = || match name()? {
        key if input::is_key(&key) => {
            let key = "40 hexadecimal digits are a key, and no name.";
            Err((Field::Name, key.to_owned()))
        }
        name => Ok(name),
    };
    let (command, question) = match intent {
        Intent::Share(file) => {
            shareable(&file.name())?;
            return of_room(desk, Field::File, Command::Share(file));
        }
        Intent::ShareFolder(shared) => return of_room(desk, Field::File, folder(shared)?),
        Intent::Unreadable(name) => return Err((Field::File, unreadable(&name))),
        Intent::Fetch => return once(desk, fetch(&desk.link)?),
        Intent::FetchPart(file) => return once(desk, part(&file)),
        Intent::Drop(file) => return Ok((Command::Drop(file), None)),
        Intent::JoinOrLeave if desk.may_leave() => (Command::Leave, Question::Join),
        Intent::JoinOrLeave => {
            let address = desk.address.trim();
            let read = Address::parse_url(&with_scheme(address));
            let wrong = |_: ContactError| (Field::Address, no_address(address));
            (
                Command::Join(read.map_err(wrong)?.to_string()),
                Question::Join,
            )
        }
        Intent::Put if desk.value.len() > MAX_VALUE => {
            let size = size(desk.value.len() as u64);
            return Err((
                Field::Value,
                format!("This is {size}: a value has at most 64 KiB."),
            ));
        }
        Intent::Put => (
            Command::Put(label()?, desk.value.clone()),
            Question::Put(label()?),
        ),
        Intent::Get => (Command::Get(name()?), Question::Get(name()?)),
        Intent::Delete => (Command::Delete(label()?), Question::Delete(label()?)),
        Intent::LookUp => {
            let name = name()?;
            let key = input::named(Space::FULL, &name);
            (Command::LookUp(key), Question::LookUp(name))
        }
    };
    Ok((command, Some(question)))
}

/// The sentence about a text that is no address of a peer.
fn no_address(typed: &str) -> String {
    let looks = "http://127.0.0.1:7340, wss://ring.example or 127.0.0.1:7340";
    match typed {
        "" => format!("Type the address of a peer first, such as {looks}."),
        _ => format!("“{typed}” is no address of a peer. One looks like {looks}."),
    }
}

/// A host and port alone, such as `127.0.0.1:7340`, is the one of a peer without a certificate.
fn with_scheme(address: &str) -> String {
    let port = address.trim_end_matches('/').rsplit_once(':');
    let is_bare = port.is_some_and(|(host, port)| {
        let is_port = !port.is_empty() && port.chars().all(|letter| letter.is_ascii_digit());
        !host.is_empty() && !host.contains('/') && is_port
    });
    match is_bare {
        true => format!("http://{address}"),
        false => address.to_owned(),
    }
}

impl Desk {
    /// Whether there is a ring to leave, or an attempt to end.
    pub fn may_leave(&self) -> bool {
        let connection = self.state.as_ref().map(|state| &state.connection);
        !matches!(
            connection,
            None | Some(Connection::Outside | Connection::Refused(_))
        )
    }
}

/// The content that a typed link asks for.
fn fetch(text: &str) -> Result<Wanted, Wrong> {
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

/// The sentence about a text that is no link.
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
fn part(file: &ListedFile) -> Wanted {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    Wanted {
        content: file.content,
        name: name.to_owned(),
        is_folder: false,
    }
}

/// The command that fetches a content, unless it is here or on its way. Where it came to nothing before, it begins anew.
fn once(desk: &Desk, wanted: Wanted) -> Result<Meaning, Wrong> {
    let mut files = desk.state.iter().flat_map(|state| &state.files);
    let known = files.find(|row| row.content == Some(wanted.content));
    let there = |row: &FileRow, how: &str| {
        let text = format!("“{}” is {how} already: see the list below.", row.name);
        Err((Field::Link, text))
    };
    match known {
        None => of_room(desk, Field::Link, Command::Fetch(wanted)),
        Some(row) => match &row.progress {
            Progress::Failed(_) => Ok((Command::Fetch(wanted), None)),
            Progress::Here(_) => there(row, "here"),
            Progress::Fetching(_) | Progress::Checking { .. } | Progress::Reading { .. } => {
                there(row, "on its way")
            }
        },
    }
}

/// Checks that others can keep something under its name.
fn shareable(name: &str) -> Result<(), Wrong> {
    match is_safe_part(name) {
        true => Ok(()),
        false => Err((
            Field::File,
            format!("“{name}” is no name for a file on every system. Rename it first."),
        )),
    }
}

/// A folder, unless it has too many files or a name that others cannot use.
fn folder(folder: LocalFolder) -> Result<Command, Wrong> {
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

/// The sentence about a folder that cannot be read.
fn unreadable(name: &str) -> String {
    format!("The browser could not read all of “{name}”.")
}

/// One file more, if that is not one too many.
fn of_room(desk: &Desk, field: Field, command: Command) -> Result<Meaning, Wrong> {
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
    use std::rc::Rc;

    use chordscope_core::base::content::ContentId;
    use wasm_bindgen::{JsCast, JsValue};

    use super::*;
    use crate::live::stage::tests::state;
    use crate::live::talk::LocalFile;

    fn desk(address: &str, name: &str) -> Desk {
        Desk {
            address: address.to_owned(),
            name: name.to_owned(),
            ..Desk::default()
        }
    }

    #[test]
    fn an_address_is_checked_before_anything_is_dialed() {
        let said = |address| command(&desk(address, ""), Intent::JoinOrLeave);
        let (joined, _) = said(" http://127.0.0.1:7340/ ").unwrap();
        assert_eq!(joined, Command::Join("ws://127.0.0.1:7340/ws".to_owned()));
        let (joined, _) = said("127.0.0.1:7340").unwrap();
        assert_eq!(joined, Command::Join("ws://127.0.0.1:7340/ws".to_owned()));
        let (joined, _) = said("https://ring.example:7340").unwrap();
        assert_eq!(
            joined,
            Command::Join("wss://ring.example:7340/ws".to_owned())
        );
        for (address, part) in [
            ("", "Type the address of a peer first, such as http://"),
            ("nonsense", "“nonsense” is no address of a peer."),
            ("ftp://ring.example", "“ftp://ring.example” is no address"),
        ] {
            let (field, text) = said(address).unwrap_err();
            assert_eq!(field, Field::Address);
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn a_key_is_got_and_looked_up_but_no_value_is_put_under_it_or_deleted() {
        let key = "0123456789abcdef0123456789abcdef01234567";
        for intent in [Intent::Put, Intent::Delete] {
            let said = command(&desk("", key), intent).unwrap_err();
            let text = "40 hexadecimal digits are a key, and no name.";
            assert_eq!(said, (Field::Name, text.to_owned()));
        }
        let (asked, _) = command(&desk("", key), Intent::Get).unwrap();
        assert_eq!(asked, Command::Get(key.to_owned()));
        assert!(command(&desk("", &key[1..]), Intent::Delete).is_ok());
    }

    #[test]
    fn values_need_a_name_and_lookups_take_ids_too() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        let (asked, _) = command(&desk("", id), Intent::LookUp).unwrap();
        assert_eq!(asked, Command::LookUp(Space::FULL.parse(id).unwrap()));
        for intent in [Intent::Put, Intent::Get, Intent::Delete, Intent::LookUp] {
            let (field, _) = command(&desk("", " "), intent).unwrap_err();
            assert_eq!(field, Field::Name);
        }
    }

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
        let again = |progress| {
            let mut state = state();
            state.files = vec![FileRow {
                number: 70,
                name: "a.txt".to_owned(),
                content: Some(content),
                length: None,
                progress,
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
        assert_eq!(again(Progress::Here(Box::default())), said("here"));
        assert_eq!(
            again(Progress::Fetching(Box::default())),
            said("on its way")
        );
        assert_eq!(again(Progress::Checking { done: 0 }), said("on its way"));
        let anew = Command::Fetch(wanted(content, "b.txt", false));
        assert_eq!(again(Progress::Failed(String::new())), Ok((anew, None)));
        let other = wanted(ContentId::of(b"other"), "a.txt", false);
        let asked = once(&Desk::default(), other.clone());
        assert_eq!(asked, Ok((Command::Fetch(other), None)));
    }

    #[test]
    fn a_folder_has_no_more_files_than_a_tab_shares() {
        let part = |number| LocalFile {
            path: format!("{number}"),
            // The test looks at none of them.
            file: JsValue::NULL.unchecked_into(),
        };
        let of = |count| {
            folder(LocalFolder {
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
        let folder = LocalFolder {
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
