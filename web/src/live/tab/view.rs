//! The peer as the page shows it: plain values of the moment.

use chordscope_core::base::contact::{Address, Contact};
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::time::Instant;
use chordscope_core::node::api::{Report as LookupReport, Visit};
use chordscope_core::node::view::Stage;
use chordscope_core::peer::Peer;
use chordscope_core::peer::api::LinkView;
use chordscope_core::store::record::{Label, Record};

use crate::brief::shorten;
use crate::live::talk::{
    Connection, FileRow, FingerRow, HeldKey, Hop, Path, PeerRow, Shelf, TabState, micros,
};

/// The most records that the page lists.
const MAX_KEYS: usize = 100;

/// The state of the peer, with these files.
pub(super) fn state(
    peer: &Peer,
    connection: &Connection,
    now: Instant,
    shelf: Shelf,
    files: Vec<FileRow>,
) -> TabState {
    let node = peer.node();
    let membership = node.membership();
    let connection = match connection {
        // How far the ring has come changes without an event.
        Connection::Joined { .. } => joined(peer),
        other => other.clone(),
    };
    let keys = held(peer, now);
    let count = |owned| {
        let counted = keys.iter().filter(|key| !key.deleted && key.owned == owned);
        counted.count() as u32
    };
    let (owned, copied) = (count(true), count(false));
    TabState {
        id: node.id(),
        connection,
        shelf,
        memory: memory(),
        predecessor: membership.predecessor().map(Contact::id),
        successors: ids(membership.successors().entries()),
        fingers: fingers(peer),
        peers: peers(peer),
        keys_owned: owned,
        keys_copied: copied,
        keys: keys.into_iter().take(MAX_KEYS).collect(),
        files,
    }
}

/// The memory that the module takes, in bytes. It never gives any back.
fn memory() -> u64 {
    #[cfg(target_arch = "wasm32")]
    let pages = core::arch::wasm32::memory_size::<0>();
    #[cfg(not(target_arch = "wasm32"))]
    let pages = 0;
    pages as u64 * 65_536
}

/// The connection of a member.
pub(super) fn joined(peer: &Peer) -> Connection {
    Connection::Joined {
        safe: peer.node().stage() == Stage::Safe,
        relays: relays(peer),
    }
}

/// The peers through which others reach this tab.
fn relays(peer: &Peer) -> Vec<Id> {
    let relays = peer.relays().into_iter().filter(|relay| relay.leased);
    relays.map(|relay| relay.contact.id()).collect()
}

fn ids(contacts: &[Contact]) -> Vec<Id> {
    contacts.iter().map(Contact::id).collect()
}

fn fingers(peer: &Peer) -> Vec<FingerRow> {
    let me = peer.node().id();
    let mut rows: Vec<FingerRow> = Vec::new();
    for (row, _, contact) in peer.node().fingers().rows() {
        let Some(node) = contact.map(Contact::id).filter(|node| *node != me) else {
            continue;
        };
        match rows.last_mut() {
            Some(last) if last.node == node && last.last + 1 == row => last.last = row,
            _ => rows.push(FingerRow {
                first: row,
                last: row,
                node,
            }),
        }
    }
    rows
}

fn held(peer: &Peer, now: Instant) -> Vec<HeldKey> {
    let node = peer.node();
    let is_member = node.membership().is_member();
    let after = node.membership().predecessor().map(Contact::id);
    let records = node.records().live(now).map(|(key, held)| HeldKey {
        key,
        name: called(&held.record).to_owned(),
        deleted: is_tombstone(&held.record),
        owned: is_member && after.is_none_or(|after| key.is_within(after, node.id())),
    });
    let mut all: Vec<HeldKey> = records.collect();
    // Those of which the tab is the owner come first.
    all.sort_by_key(|held| !held.owned);
    all
}

/// Whether a record says that there is none any more.
pub(super) fn is_tombstone(record: &Record) -> bool {
    record.item().is_some_and(|item| item.value.is_none())
}

/// The name of a record, or its kind.
fn called(record: &Record) -> &str {
    match record {
        Record::Immutable(_) => "a value by its key",
        Record::Providers(_) => "who has a content",
        Record::Item(item) => match &item.label {
            Label::Name(name) => name.as_str(),
            Label::Salt(_) => "a record of its author's",
        },
    }
}

/// The address of a node, or the relay through which it is reached.
fn reached_at(contact: &Contact) -> Option<String> {
    let address = contact.addresses().first().map(Address::to_string);
    address.or_else(|| contact.relays().first().map(|relay| through(relay.id())))
}

fn through(relay: Id) -> String {
    format!("through {}", shorten(Space::FULL.show(relay)))
}

/// All nodes that the peer has in its tables or a link with, in order of importance.
fn peers(peer: &Peer) -> Vec<PeerRow> {
    let node = peer.node();
    let mut known: Vec<PeerRow> = Vec::new();
    let mut note = |contact: &Contact, role: Option<String>| {
        let at = known.iter().position(|row| row.id == contact.id());
        let at = at.unwrap_or_else(|| {
            known.push(peer_row(peer, contact));
            known.len() - 1
        });
        known[at].roles.extend(role);
    };
    for relay in peer.relays().iter().filter(|relay| relay.leased) {
        note(&relay.contact, Some("relay".to_owned()));
    }
    if let Some(contact) = node.membership().predecessor() {
        note(contact, Some("predecessor".to_owned()));
    }
    for (index, contact) in (1_u8..).zip(node.membership().successors().entries()) {
        note(contact, Some(format!("successor {index}")));
    }
    for FingerRow {
        first,
        last,
        node: id,
    } in fingers(peer)
    {
        let role = match first == last {
            true => format!("finger {first}"),
            false => format!("fingers {first}–{last}"),
        };
        if let Some(contact) = node
            .fingers()
            .get(first)
            .filter(|contact| contact.id() == id)
        {
            note(contact, Some(role));
        }
    }
    for contact in peer.links().filter_map(|link| link.contact) {
        note(&contact, None);
    }
    known
}

fn peer_row(peer: &Peer, contact: &Contact) -> PeerRow {
    let id = contact.id();
    let is_its = |other: &Contact| other.id() == id;
    let links = peer.links();
    let links: Vec<LinkView> = links
        .filter(|link| link.contact.as_ref().is_some_and(is_its))
        .collect();
    let direct = links.iter().any(|link| link.via.is_none());
    let relay = links.iter().find_map(|link| link.via);
    let address = match relay.filter(|_| !direct) {
        Some(relay) => Some(through(relay)),
        None => reached_at(contact),
    };
    let sum = |bytes: fn(&LinkView) -> u64| links.iter().map(bytes).sum::<u64>();
    PeerRow {
        id,
        roles: Vec::new(),
        address,
        linked: !links.is_empty(),
        rtt: peer.node().rtt(id).smoothed().map(micros),
        sent: sum(|link| link.sent),
        received: sum(|link| link.received),
    }
}

/// A lookup's path.
pub(super) fn path(peer: &Peer, report: &LookupReport) -> Path {
    let me = peer.node().contact();
    let address = |visit: &Visit| {
        let group = report.group.iter().chain([&report.owner, me]);
        let contact = visit
            .contact
            .iter()
            .chain(group)
            .find(|contact| contact.id() == visit.id);
        contact.and_then(reached_at)
    };
    let hop = |visit: &Visit| Hop {
        id: visit.id,
        address: address(visit).filter(|_| visit.id != me.id()),
        rtt: visit.rtt.map(micros),
    };
    Path {
        key: report.key,
        hops: report.path.iter().map(hop).collect(),
        took: micros(report.took),
    }
}

#[cfg(test)]
mod tests {
    use chordscope_core::base::identity::Signer;
    use chordscope_core::base::time::Instant;
    use chordscope_core::link::reason::CloseReason;
    use chordscope_core::node::api::{Level, StorageEvent};
    use chordscope_core::peer::api::{Event, LinkId, Output};
    use chordscope_core::peer::{Config, Reach};
    use chordscope_core::store::record::Name;

    use super::*;
    use crate::live::stage;
    use crate::live::tab::notice;
    use crate::scene::hit::Under;

    /// A tab in a ring of one, with a record.
    fn tab() -> Peer {
        let config = Config {
            reach: Reach::Relayed,
            ..Config::default()
        };
        let signer = Signer::ed25519([1; 32]);
        let mut peer = Peer::new(config, signer, Vec::new(), 1, [2; 32]).unwrap();
        peer.create(Instant::ZERO);
        let name = Name::new("greeting").unwrap();
        peer.put(Instant::ZERO, name, b"hello".to_vec(), Level::One)
            .unwrap();
        store(&mut peer);
        peer
    }

    /// Lets it keep what it has to; gives what the log says of it.
    fn store(peer: &mut Peer) -> Vec<String> {
        let mut said = Vec::new();
        while let Some(output) = peer.poll_output() {
            if let Output::StoreRecord { token, .. } = output {
                peer.handle_storage(Instant::ZERO, StorageEvent::Stored(token));
            } else if let Output::Event(event) = &output {
                said.extend(notice::text(peer.node(), event, false));
            }
        }
        said
    }

    #[test]
    fn a_tab_without_a_ring_answers_for_nothing_that_it_keeps() {
        let mut peer = tab();
        let counts = |peer: &Peer| {
            let state = state(
                peer,
                &joined(peer),
                Instant::ZERO,
                Shelf::Memory,
                Vec::new(),
            );
            (state.keys_owned, state.keys_copied)
        };
        assert_eq!(counts(&peer), (1, 0));
        peer.leave(Instant::ZERO);
        store(&mut peer);
        assert!(!peer.node().membership().is_member());
        assert_eq!(counts(&peer), (0, 1));
    }

    #[test]
    fn what_is_deleted_is_named_so_and_not_counted_as_a_record() {
        let mut peer = tab();
        let name = Name::new("greeting").unwrap();
        peer.delete(Instant::ZERO, name, Level::One).unwrap();
        let said = store(&mut peer);
        let stored: Vec<&String> = said.iter().filter(|text| text.contains("stores")).collect();
        assert_eq!(stored.len(), 1, "{said:?}");
        assert!(stored[0].ends_with("is deleted"), "{said:?}");
        let state = state(
            &peer,
            &joined(&peer),
            Instant::ZERO,
            Shelf::Memory,
            Vec::new(),
        );
        assert_eq!((state.keys_owned, state.keys_copied), (0, 0));
        assert!(state.keys[0].deleted && state.keys[0].name == "greeting");
        assert!(stage::scene(&state, None, None).keys.is_empty());
        let (_, says) = stage::hint(&state, None, Some(Under::Key(state.keys[0].key)));
        assert!(!says.contains("responsible"), "{says}");
    }

    #[test]
    fn a_circuit_that_ends_because_the_tab_leaves_is_not_said_to_have_lost_its_relay() {
        let ended = Event::LinkDown {
            link: LinkId(1),
            id: None,
            reason: CloseReason::RelayGone,
            said: None,
        };
        let peer = tab();
        let says = |leaves| notice::text(peer.node(), &ended, leaves).unwrap();
        assert!(says(false).ends_with("the relay is gone"));
        assert!(says(true).ends_with("this node leaves the ring"));
    }

    #[test]
    fn a_ring_of_one_is_forming_answers_for_every_key_and_knows_nobody() {
        let peer = tab();
        let connection = joined(&peer);
        let state = state(&peer, &connection, Instant::ZERO, Shelf::Memory, Vec::new());
        let expected = Connection::Joined {
            safe: false,
            relays: Vec::new(),
        };
        assert_eq!(state.connection, expected);
        assert_eq!((state.keys_owned, state.keys_copied), (1, 0));
        assert_eq!(state.keys[0].name, "greeting");
        assert!(state.peers.is_empty() && state.fingers.is_empty());
    }

    #[test]
    fn only_a_member_is_shown_as_one() {
        let refused = Connection::Connecting("ws://a/ws".to_owned());
        let state = state(&tab(), &refused, Instant::ZERO, Shelf::Files, Vec::new());
        assert_eq!(state.connection, refused);
    }
}
