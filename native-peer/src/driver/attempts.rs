//! Attempts to reach other peers: why an address that the user has named has led into no ring, and why there is no link to a peer.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chordscope_core::base::contact::{Address, Contact};
use chordscope_core::base::id::Id;
use chordscope_core::link::reason::{CloseReason, Goodbye};
use chordscope_core::peer::api::{Event, LinkId};

use crate::links::DialError;

/// The most peers and the most addresses of which a reason is kept.
const MOST: usize = 256;

/// The reason of each named address why it did not lead into a ring when it was tried last.
pub(crate) type Troubles = Arc<Mutex<BTreeMap<Address, String>>>;

/// The attempts to reach peers, above all by the addresses that the user has named.
#[derive(Debug)]
pub(super) struct Attempts {
    named: Vec<Address>,
    /// Those of the named addresses that are this peer's own.
    own: BTreeSet<Address>,
    open: HashMap<LinkId, Address>,
    troubles: Troubles,
    unlinked: Unlinked,
}

impl Attempts {
    pub(super) fn new(named: Vec<Address>) -> Self {
        Self {
            named,
            own: BTreeSet::new(),
            open: HashMap::new(),
            troubles: Troubles::default(),
            unlinked: Unlinked::default(),
        }
    }

    /// Returns a view of the reasons why named addresses led into no ring.
    pub(super) fn troubles(&self) -> Troubles {
        Arc::clone(&self.troubles)
    }

    /// Returns a view of the reasons why there are no links.
    pub(super) fn unlinked(&self) -> Unlinked {
        self.unlinked.clone()
    }

    /// Returns whether the user has named this address.
    pub(super) fn is_named(&self, address: &Address) -> bool {
        self.named.contains(address)
    }

    /// Takes note that a named address is this peer's own; returns a line for the user.
    pub(super) fn own(&mut self, address: Address) -> String {
        let url = address.url().to_string();
        self.own.insert(address);
        match self.named.iter().all(|named| self.own.contains(named)) {
            true => format!(
                "chordscope: error: --join names only this peer itself ({url}): it joins nobody, and begins a ring of its own \
                 unless it knows one; give the address of another peer"
            ),
            false => {
                format!(
                    "chordscope: warning: {url} of --join is this peer's own address, and is ignored"
                )
            }
        }
    }

    /// Takes note that a connection to an address is open as this link.
    pub(super) fn opened(&mut self, link: LinkId, address: &Address) {
        if self.is_named(address) {
            self.open.insert(link, address.clone());
        }
    }

    /// Takes note that an address cannot be connected to.
    pub(super) fn failed(&self, address: &Address, reason: &DialError) {
        self.unlinked.failed(address, reason);
        if self.is_named(address) {
            self.note(address, reason.to_string());
        }
    }

    /// Takes in what became of links.
    pub(super) fn hear(&mut self, event: &Event) {
        self.unlinked.hear(event);
        match event {
            Event::LinkUp {
                link, via: None, ..
            } => {
                if let Some(address) = self.open.get(link) {
                    self.note(
                        address,
                        "it answers, and has told of no ring yet".to_string(),
                    );
                }
            }
            Event::LinkDown {
                link, reason, said, ..
            } => {
                let Some(address) = self.open.remove(link) else {
                    return;
                };
                self.note(&address, end(*reason, said.as_ref()));
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

/// The end of a link, in words.
fn end(reason: CloseReason, said: Option<&Goodbye>) -> String {
    match (reason, said) {
        (CloseReason::WrongRing, _) => "it belongs to another ring (--ring-name)".to_string(),
        (CloseReason::Itself, _) => "that is this peer itself".to_string(),
        (_, Some(said)) => format!("it closed the connection, {said}"),
        (reason, None) => reason.to_string(),
    }
}

/// The last reason of each peer and address why there is no link. It is read beside the driver.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unlinked(Arc<Mutex<Reasons>>);

#[derive(Debug, Default)]
struct Reasons {
    /// The ends of links.
    ends: BTreeMap<Id, String>,
    /// Failures to connect.
    failures: BTreeMap<Address, String>,
}

impl Unlinked {
    /// Takes in what became of links.
    fn hear(&self, event: &Event) {
        match event {
            Event::LinkUp { contact, .. } => {
                let mut reasons = self.lock();
                reasons.ends.remove(&contact.id());
                for address in contact.addresses() {
                    reasons.failures.remove(address);
                }
            }
            Event::LinkDown {
                id: Some(id),
                reason,
                said,
                ..
            } => insert(&mut self.lock().ends, *id, end(*reason, said.as_ref())),
            _ => {}
        }
    }

    /// Takes note that an address cannot be connected to.
    fn failed(&self, address: &Address, reason: &DialError) {
        insert(
            &mut self.lock().failures,
            address.clone(),
            reason.to_string(),
        );
    }

    /// Returns the reason why there is no link to a peer: the last failure to connect, or how the last link ended.
    pub(crate) fn reason(&self, contact: &Contact) -> String {
        let reasons = self.lock();
        let mut addresses = contact.addresses().iter();
        if let Some(failure) = addresses.find_map(|address| reasons.failures.get(address)) {
            return format!("cannot connect: {failure}");
        }
        match reasons.ends.get(&contact.id()) {
            Some(end) => format!("the last link ended: {end}"),
            None => "none has been needed".to_string(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Reasons> {
        // Every change of it is one step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds a reason; of too many, some other one goes.
fn insert<K: Ord>(reasons: &mut BTreeMap<K, String>, key: K, reason: String) {
    if reasons.len() >= MOST && !reasons.contains_key(&key) {
        reasons.pop_first();
    }
    reasons.insert(key, reason);
}

#[cfg(test)]
mod tests {
    use std::io;

    use chordscope_core::base::id::Space;
    use chordscope_core::base::identity::Signer;

    use super::*;

    fn contact(secret: u8) -> Contact {
        let signer = Signer::ed25519([secret; 32]);
        let address = Address::parse_url(&format!("ws://127.0.0.1:{}", 7000 + u16::from(secret)));
        Contact::sign(Space::FULL, &signer, 0, 1, vec![address.unwrap()]).unwrap()
    }

    fn up(contact: &Contact) -> Event {
        Event::LinkUp {
            link: LinkId(1),
            contact: contact.clone(),
            via: None,
        }
    }

    fn down(contact: &Contact, reason: CloseReason) -> Event {
        Event::LinkDown {
            link: LinkId(1),
            id: Some(contact.id()),
            reason,
            said: None,
        }
    }

    #[test]
    fn a_peer_without_a_link_has_the_reason_of_the_last_attempt() {
        let (one, unlinked) = (contact(1), Unlinked::default());
        assert_eq!(unlinked.reason(&one), "none has been needed");
        unlinked.hear(&up(&one));
        unlinked.hear(&down(&one, CloseReason::Idle));
        let idle = format!("the last link ended: {}", CloseReason::Idle);
        assert_eq!(unlinked.reason(&one), idle);
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        unlinked.failed(&one.addresses()[0], &refused.into());
        let nobody = "cannot connect: nobody listens there";
        assert_eq!(unlinked.reason(&one), nobody);
        unlinked.hear(&up(&one));
        assert_eq!(unlinked.reason(&one), "none has been needed");
    }

    #[test]
    fn strangers_fill_no_memory() {
        let mut reasons = BTreeMap::new();
        for key in 0..2 * MOST {
            insert(&mut reasons, key, String::new());
        }
        assert_eq!(reasons.len(), MOST);
    }

    #[test]
    fn who_names_only_itself_is_told_so_otherwise_than_who_names_others_too() {
        let [one, two, other] = [1, 2, 3].map(|secret| contact(secret).addresses()[0].clone());
        let mut attempts = Attempts::new(vec![one.clone(), two.clone()]);
        let first = attempts.own(one.clone());
        assert!(first.starts_with("chordscope: warning: "), "{first}");
        assert!(first.contains(one.url()), "{first}");
        let second = attempts.own(two);
        assert!(second.starts_with("chordscope: error: "), "{second}");
        let mut attempts = Attempts::new(vec![one.clone(), other]);
        for _ in 0..2 {
            let said = attempts.own(one.clone());
            assert!(said.starts_with("chordscope: warning: "), "{said}");
        }
    }

    #[test]
    fn a_peer_that_answers_is_not_said_to_have_a_ring() {
        let one = contact(1);
        let address = one.addresses()[0].clone();
        let mut attempts = Attempts::new(vec![address.clone()]);
        let troubles = attempts.troubles();
        attempts.opened(LinkId(1), &address);
        attempts.hear(&up(&one));
        let told = troubles.lock().unwrap()[&address].clone();
        assert_eq!(told, "it answers, and has told of no ring yet");
        attempts.hear(&down(&one, CloseReason::WrongRing));
        let told = troubles.lock().unwrap()[&address].clone();
        assert_eq!(told, "it belongs to another ring (--ring-name)");
    }
}
