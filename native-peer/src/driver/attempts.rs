//! Attempts to dial the addresses that the user has named: what keeps the peer from its place is said to the user.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use chordscope_core::base::contact::Address;
use chordscope_core::link::reason::CloseReason;
use chordscope_core::peer::api::{Event, LinkId};

/// The reason of each named address why it did not lead into a ring when it was tried last.
pub(crate) type Troubles = Arc<Mutex<BTreeMap<Address, String>>>;

/// The attempts to join by the addresses that the user has named.
#[derive(Debug)]
pub(super) struct Attempts {
    named: Vec<Address>,
    open: HashMap<LinkId, Address>,
    troubles: Troubles,
}

impl Attempts {
    pub(super) fn new(named: Vec<Address>) -> (Self, Troubles) {
        let troubles = Troubles::default();
        let attempts = Self {
            named,
            open: HashMap::new(),
            troubles: Arc::clone(&troubles),
        };
        (attempts, troubles)
    }

    /// Whether the user has named this address.
    pub(super) fn is_named(&self, address: &Address) -> bool {
        self.named.contains(address)
    }

    /// Takes note that a connection to an address is open as this link.
    pub(super) fn opened(&mut self, link: LinkId, address: &Address) {
        if self.is_named(address) {
            self.open.insert(link, address.clone());
        }
    }

    /// Takes note that an address cannot be connected to.
    pub(super) fn failed(&self, address: &Address, reason: &str) {
        if self.is_named(address) {
            self.note(address, reason.to_string());
        }
    }

    /// Takes in what became of links.
    pub(super) fn hear(&mut self, event: &Event) {
        match event {
            Event::LinkUp {
                link, via: None, ..
            } => {
                if let Some(address) = self.open.get(link) {
                    self.note(
                        address,
                        "it answers, and its ring has no place yet".to_string(),
                    );
                }
            }
            Event::LinkDown {
                link, reason, said, ..
            } => {
                let Some(address) = self.open.remove(link) else {
                    return;
                };
                let trouble = match (reason, said) {
                    (CloseReason::WrongRing, _) => {
                        "it belongs to another ring (--ring-name)".to_string()
                    }
                    (CloseReason::Itself, _) => "that is this peer itself".to_string(),
                    (_, Some(said)) => format!("it closed the connection, {said}"),
                    (reason, None) => reason.to_string(),
                };
                self.note(&address, trouble);
            }
            _ => {}
        }
    }

    fn note(&self, address: &Address, trouble: String) {
        // Every change of it is one step.
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        troubles.insert(address.clone(), trouble);
    }
}
