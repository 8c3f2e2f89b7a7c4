//! What the controls mean: from an intent and what is typed to a command, or to one sentence about what is wrong.

mod files;

use chordscope_core::base::contact::{Address, ContactError};
use chordscope_core::base::id::Space;
use chordscope_core::store::record::{MAX_VALUE, Name};
use chordscope_core::swarm::collection::File as Part;
use web_sys::File;

use self::files::{fetch, folder, of_room, once, part, shareable, unreadable};
use crate::input;
use crate::live::desk::{Desk, Field, Question};
use crate::live::talk::{Command, Connection, Folder};
use crate::live::words::size;

/// Something that a control asks for.
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
    ShareFolder(Folder),
    /// Say that the browser cannot read the folder of this name.
    Unreadable(String),
    /// Fetch what the typed link means.
    Fetch,
    /// Fetch a file of a folder.
    FetchPart(Part),
    /// Share or fetch the file with this number no more.
    Drop(u32),
}

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

/// The command of an intent and the question that it answers, if it does; or what is wrong with what is typed.
pub fn command(
    desk: &Desk,
    intent: Intent,
) -> Result<(Command, Option<Question>), (Field, String)> {
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

/// What to say where the address of a peer should be.
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
