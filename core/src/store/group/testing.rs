//! Material for the tests of the parts: nodes, groups and records of a small ring, and what a part has ordered.

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use crate::base::contact::Contact;
use crate::base::id::{Id, Space};
use crate::base::identity::{Scheme, Signer};
use crate::store::group::configuration::{Configuration, Epoch, Member, Next, Stamp};
use crate::store::group::message::Request;
use crate::store::group::shared::{Act, Shared};
use crate::store::group::{Effect, Entry, OperationTag, Patience, Rules, Settings, Ticket, Token};
use crate::store::message::StoredRecord;
use crate::store::record::{Name, Record};

pub(super) const LINEAGE: u64 = 7;

pub(super) fn id(number: u64) -> Id {
    Id::from_u64(number)
}

pub(super) fn contact(number: u64) -> Contact {
    let space = Space::new(8).unwrap();
    Contact::stand_in(space, &Signer::stand_in(id(number)), 1)
}

/// A member with a vote, whose store has the node's own number.
pub(super) fn member(number: u64) -> Member {
    Member {
        contact: contact(number),
        incarnation: number,
        votes: true,
    }
}

/// The epoch of an attempt of node 1.
pub(super) fn epoch(generation: u32, round: u64) -> Epoch {
    Epoch {
        generation,
        round,
        proposer: id(1),
    }
}

/// The group of a range in an epoch without repairs.
pub(super) fn group((after, upto): (u64, u64), round: u64, members: &[u64]) -> Configuration {
    Configuration {
        lineage: LINEAGE,
        after: id(after),
        upto: id(upto),
        epoch: epoch(0, round),
        members: members.iter().copied().map(member).collect(),
    }
}

/// A successor of a group, without a split.
pub(super) fn next(epoch: Epoch, members: &[u64]) -> Next {
    Next {
        epoch,
        members: members.iter().copied().map(member).collect(),
        split: None,
    }
}

/// The context of a node that is in these groups.
pub(super) fn shared(me: u64, groups: &[Configuration]) -> Shared {
    let settings = Settings {
        space: Space::new(8).unwrap(),
        scheme: Scheme::STAND_IN,
        copies: 3,
        records: 100,
        record_bytes: 1 << 20,
        incarnation: me,
        patience: Patience::default(),
        rules: Rules::ALL,
    };
    let mut shared = Shared::new(contact(me), settings);
    shared.roster.enter_lineage(LINEAGE);
    for group in groups {
        shared.roster.hold(group.clone());
    }
    shared.roster.note_saving();
    shared
}

pub(super) fn record(name: &str, sequence: u64) -> Record {
    let signer = Signer::stand_in(id(1));
    let life = Duration::from_secs(60);
    Record::sign(
        &signer,
        Name::new(name).unwrap(),
        Some(vec![1]),
        sequence,
        life,
    )
    .unwrap()
}

pub(super) fn entry(name: &str, epoch: Epoch, index: u64) -> Entry {
    Entry {
        stamp: Stamp { epoch, index },
        operation: OperationTag::default(),
        copy: StoredRecord {
            record: record(name, index),
            remaining: 60,
        },
        origin: None,
    }
}

/// A request of a node.
pub(super) fn from(number: u64) -> Ticket {
    Ticket::Peer(contact(number), 1)
}

/// The requests among acts, by node; those of the node to itself among the others.
pub(super) fn asked(shared: &Shared, acts: Vec<Act>) -> Vec<(Id, Token, Request)> {
    let me = shared.id();
    let asked = acts.into_iter().filter_map(|act| match act {
        Act::Effect(Effect::Ask(token, to, request)) => Some((to.id(), token, request)),
        Act::Itself(token, request) => Some((me, token, request)),
        _ => None,
    });
    asked.collect()
}
