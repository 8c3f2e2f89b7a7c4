//! From the peer to the plain values that the page shows.

mod files;
mod path;
mod peers;

use chordscope_core::base::contact::{Address, Contact};
use chordscope_core::base::id::{Id, Space};
use chordscope_core::base::time::Instant;
use chordscope_core::node::view::Stage;
use chordscope_core::peer::Peer;
use chordscope_core::store::record::{Label, Record};

pub(super) use self::files::files;
pub(super) use self::path::path;
use crate::brief::shorten;
use crate::live::talk::{Connection, FileRow, FingerRow, HeldKey, Shelf, State};

/// The page lists no more records than this.
const MAX_KEYS: usize = 100;

/// How the peer stands, with these files.
pub(super) fn state(
    peer: &Peer,
    connection: &Connection,
    now: Instant,
    shelf: Shelf,
    files: Vec<FileRow>,
) -> State {
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
    State {
        id: node.id(),
        connection,
        shelf,
        memory: memory(),
        predecessor: membership.predecessor().map(Contact::id),
        successors: ids(membership.successors().entries()),
        fingers: fingers(peer),
        peers: peers::peers(peer),
        keys_owned: owned,
        keys_copied: copied,
        keys: keys.into_iter().take(MAX_KEYS).collect(),
        files,
    }
}

/// How much memory the module takes, in bytes. It never gives any back.
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
    // What the tab answers for, then what it keeps for others.
    all.sort_by_key(|held| !held.owned);
    all
}

/// Whether a record says that there is none any more.
pub(super) fn is_tombstone(record: &Record) -> bool {
    record.item().is_some_and(|item| item.value.is_none())
}

/// The name of a record, or what it is.
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

/// Where a node is reached, or through whom.
fn reached_at(contact: &Contact) -> Option<String> {
    let address = contact.addresses().first().map(Address::to_string);
    address.or_else(|| contact.relays().first().map(|relay| through(relay.id())))
}

fn through(relay: Id) -> String {
    format!("through {}", shorten(Space::FULL.show(relay)))
}

/// A sequence number as the page shows it.
pub(super) fn sequence(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
