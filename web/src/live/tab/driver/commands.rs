//! What the page asks for.

use chordscope_core::base::contact::Address;
use chordscope_core::base::id::Space;
use chordscope_core::chord::route::{Mode, Routing};
use chordscope_core::link::reason::CloseReason;
use chordscope_core::node::api::{JoinError, Level, OperationId, StoreError};
use chordscope_core::peer::Plan;
use chordscope_core::store::record::{Name, Subject};

use super::Driver;
use crate::live::talk::{Answer, Command, Connection};

impl Driver {
    pub(super) fn command(&mut self, number: u32, command: Command) {
        let now = self.clock.now();
        match command {
            // The peer runs already.
            Command::Start(_) => {}
            Command::Join(address) => self.join(number, &address),
            Command::Leave => self.leave(),
            Command::Put(name, value) => self.operate(number, name, |driver, name| {
                driver.peer.put(now, name, value.into_bytes(), Level::One)
            }),
            Command::Get(name) => {
                self.operate(number, name, |driver, name| {
                    driver.peer.get(now, subject(name), Level::One)
                });
            }
            Command::Delete(name) => {
                self.operate(number, name, |driver, name| {
                    driver.peer.delete(now, name, Level::One)
                });
            }
            Command::LookUp(key) => {
                // Asking hop by hop, the tab measures each of them itself.
                let begun = self.peer.lookup(now, key, Routing::Finger, Mode::Iterative);
                match begun {
                    Ok(id) => {
                        self.lookups.insert(id, number);
                    }
                    Err(error) => self.fail(number, error.to_string()),
                }
            }
            Command::Share(file) => self.share(number, file),
            Command::ShareFolder(folder) => self.share_folder(number, folder),
            Command::Fetch(wanted) => self.fetch(number, wanted),
            Command::Drop(file) => self.drop_file(file),
        }
    }

    pub(super) fn fail(&self, number: u32, why: String) {
        self.port.answer(number, Answer::Failed(why));
    }

    fn operate(
        &mut self,
        number: u32,
        name: String,
        begin: impl FnOnce(&mut Self, Name) -> Result<OperationId, StoreError>,
    ) {
        let begun = match Name::new(name) {
            Ok(name) => begin(self, name),
            Err(error) => Err(error.into()),
        };
        self.begun(number, begun);
    }

    /// An operation was begun that answers the question of this number, or could not be.
    pub(super) fn begun(&mut self, number: u32, begun: Result<OperationId, StoreError>) {
        match begun {
            Ok(id) => {
                self.operations.insert(id, number);
            }
            Err(error) => self.fail(number, error.to_string()),
        }
    }

    fn join(&mut self, number: u32, address: &str) {
        let address = match Address::parse_url(address) {
            Ok(address) => address,
            Err(error) => return self.fail(number, error.to_string()),
        };
        if self.peer.node().membership().is_member() {
            return self.fail(number, JoinError::Already.to_string());
        }
        self.last_end = None;
        self.connection = Connection::Connecting(address.to_string());
        self.named = Some(address.clone());
        self.named_at = self.clock.now();
        let plan = Plan::Join(vec![address]);
        self.peer.start(self.clock.now(), plan, Vec::new());
    }

    fn leave(&mut self) {
        self.connection = match self.peer.node().membership().is_member() {
            true => Connection::Leaving,
            false => Connection::Outside,
        };
        self.peer.leave(self.clock.now());
    }

    /// Ends every link, also those that are not open yet.
    pub(super) fn hang_up(&mut self) {
        let now = self.clock.now();
        for (id, link) in std::mem::take(&mut self.links) {
            if link.open {
                self.peer.handle_broken(now, id, CloseReason::Leaving);
            } else {
                self.peer.handle_dial_failed(now, &link.address);
            }
            link.close(CloseReason::Leaving);
        }
    }
}

/// What a get asks for: what looks like a key is one.
fn subject(name: Name) -> Subject {
    match Space::FULL.parse(name.as_str()) {
        Ok(key) => Subject::Key(key),
        Err(_) => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_get_takes_a_key_for_a_key_and_a_name_for_a_name() {
        let asked = |text: &str| subject(Name::new(text).unwrap());
        let key = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(asked(key), Subject::Key(Space::FULL.parse(key).unwrap()));
        assert!(matches!(asked(&key[1..]), Subject::Name(_)));
    }
}
