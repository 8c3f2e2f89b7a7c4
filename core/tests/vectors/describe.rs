//! Messages in words: an enum is the name of its variant, or an object of the name and the content; bytes are hexadecimal.

use chordscope_core::base::contact::{Address, Card, Contact, RelayCard};
use chordscope_core::base::id::Id;
use chordscope_core::chord::message::{Neighbours, Notice, Request as Ask, Response as Answer};
use chordscope_core::chord::route::{Routing, Step};
use chordscope_core::link::relay_message::RelayMessage;
use chordscope_core::message::{Message, Request, Response};
use chordscope_core::store::message as store;
use chordscope_core::store::record::{Label, Provider, Record, Version};
use serde_json::{Value, json};

use crate::file::hex;
use crate::files;
use crate::groups;

pub(crate) fn message(message: &Message) -> Value {
    match message {
        Message::Request(number, Request::Chord(ask)) => {
            json!({ "Request": [number, chord_request(ask)] })
        }
        Message::Request(number, Request::Store(ask)) => {
            json!({ "Request": [number, store_request(ask)] })
        }
        Message::Request(number, Request::Group(ask)) => {
            json!({ "Request": [number, { "Group": groups::request(ask) }] })
        }
        Message::Response(number, Response::Chord(answer)) => {
            json!({ "Response": [number, chord_response(answer)] })
        }
        Message::Response(number, Response::Store(answer)) => {
            json!({ "Response": [number, store_response(answer)] })
        }
        Message::Response(number, Response::Group(answer)) => {
            json!({ "Response": [number, { "Group": groups::response(answer) }] })
        }
        Message::Response(number, Response::Unsupported) => {
            json!({ "Response": [number, "Unsupported"] })
        }
        Message::Notice(said) => json!({ "Notice": notice(said) }),
        Message::Swarm(message) => files::describe(message),
    }
}

pub(crate) fn relay_message(message: &RelayMessage) -> Value {
    match message {
        RelayMessage::Lease => json!("Lease"),
        RelayMessage::Leased { grace, circuits } => {
            json!({ "Leased": { "grace": grace, "circuits": circuits } })
        }
        RelayMessage::Refused(reason) => json!({ "Refused": reason }),
        RelayMessage::Release => json!("Release"),
        RelayMessage::Open {
            circuit,
            target,
            relay,
        } => json!({ "Open": {
            "circuit": circuit,
            "target": id(*target),
            "relay": relay.map(id),
        }}),
        RelayMessage::Close { circuit, reason } => {
            json!({ "Close": { "circuit": circuit, "reason": reason } })
        }
        RelayMessage::Credit { circuit, bytes } => {
            json!({ "Credit": { "circuit": circuit, "bytes": bytes } })
        }
    }
}

fn chord_request(request: &Ask) -> Value {
    match request {
        Ask::Neighbours => json!("Neighbours"),
        Ask::Ping => json!("Ping"),
        Ask::Step(question) => json!({ "Step": {
            "lookup": question.lookup,
            "key": id(question.key),
            "routing": routing(question.routing),
            "arrived": question.arrived,
            "avoid": ids(&question.avoid),
        }}),
        Ask::Forward(forward) => json!({ "Forward": {
            "lookup": forward.lookup,
            "origin": contact(&forward.origin),
            "key": id(forward.key),
            "routing": routing(forward.routing),
            "arrived": forward.arrived,
            "path": ids(&forward.path),
        }}),
    }
}

fn store_request(request: &store::Request) -> Value {
    match request {
        store::Request::Read(key) => json!({ "Read": id(*key) }),
        store::Request::Write(kept) => json!({ "Write": copy(kept) }),
        store::Request::Offer(entries) => {
            let entry = |(key, held): &(Id, Version)| json!([id(*key), version(held)]);
            json!({ "Offer": entries.iter().map(entry).collect::<Vec<_>>() })
        }
    }
}

fn chord_response(response: &Answer) -> Value {
    match response {
        Answer::Neighbours(around) => json!({ "Neighbours": neighbours(around) }),
        Answer::Pong => json!("Pong"),
        Answer::Step(hop) => json!({ "Step": [step(&hop.step), neighbours(&hop.neighbours)] }),
        Answer::Forwarded => json!("Forwarded"),
        Answer::NotMember => json!("NotMember"),
    }
}

fn store_response(response: &store::Response) -> Value {
    match response {
        store::Response::Value(held) => json!({ "Value": held.as_deref().map(copy) }),
        store::Response::Written => json!("Written"),
        store::Response::Refused(why) => json!({ "Refused": format!("{why:?}") }),
        store::Response::Wanted { lacking, newer } => {
            json!({ "Wanted": { "lacking": ids(lacking), "newer": ids(newer) } })
        }
    }
}

fn notice(notice: &Notice) -> Value {
    match notice {
        Notice::Notify => json!("Notify"),
        Notice::Found(found) => json!({ "Found": {
            "lookup": found.lookup,
            "path": ids(&found.path),
            "neighbours": neighbours(&found.neighbours),
        }}),
        Notice::Leaving(around) => json!({ "Leaving": neighbours(around) }),
    }
}

fn step(step: &Step) -> Value {
    match step {
        Step::Here => json!("Here"),
        Step::Owner(next) => json!({ "Owner": contact(next) }),
        // On the wire a node behind a finger stands for it.
        Step::Finger { row, contact: next } | Step::Near { row, contact: next } => {
            json!({ "Finger": { "row": row, "card": contact(next) } })
        }
        Step::Along(next) => json!({ "Along": contact(next) }),
        Step::Back(next) => json!({ "Back": contact(next) }),
    }
}

fn neighbours(neighbours: &Neighbours) -> Value {
    json!({
        "predecessor": neighbours.predecessor.as_ref().map(contact),
        "successors": neighbours.successors.iter().map(contact).collect::<Vec<_>>(),
    })
}

pub(crate) fn contact(contact: &Contact) -> Value {
    card(contact.card())
}

fn card(card: &Card) -> Value {
    json!({
        "key": hex(&card.key.0),
        "index": card.index,
        "version": card.version,
        "addresses": sockets(&card.addresses),
        "relays": relays(card),
        "signature": hex(&card.signature.to_bytes()),
    })
}

pub(crate) fn relays(card: &Card) -> Value {
    let relay = |relay: &RelayCard| {
        json!({
            "key": hex(&relay.key.0),
            "index": relay.index,
            "version": relay.version,
            "addresses": sockets(&relay.addresses),
            "signature": hex(&relay.signature.to_bytes()),
        })
    };
    card.relays.iter().map(relay).collect()
}

fn sockets(addresses: &[Address]) -> Value {
    let socket = |one: &Address| json!({ "Socket": one.url() });
    addresses.iter().map(socket).collect()
}

pub(crate) fn copy(copy: &store::StoredRecord) -> Value {
    json!({ "record": record(&copy.record), "remaining": copy.remaining })
}

pub(crate) fn record(record: &Record) -> Value {
    match record {
        Record::Immutable(value) => json!({ "Immutable": hex(value) }),
        Record::Item(item) => json!({ "Item": {
            "label": match &item.label {
                Label::Name(name) => json!({ "Name": name.as_str() }),
                Label::Salt(salt) => json!({ "Salt": hex(salt.as_bytes()) }),
            },
            "value": item.value.as_deref().map(hex),
            "sequence": item.sequence,
            "author": hex(&item.author.0),
            "lifetime": item.lifetime,
            "signature": hex(&item.signature.to_bytes()),
        }}),
        Record::Providers(set) => json!({ "Providers": {
            "content": hex(&set.content.0),
            "entries": set.entries.iter().map(provider).collect::<Vec<_>>(),
        }}),
    }
}

fn provider(provider: &Provider) -> Value {
    json!({
        "card": card(&provider.card),
        "sequence": provider.sequence,
        "withdrawn": provider.withdrawn,
        "lifetime": provider.lifetime,
        "behind": provider.behind,
        "signature": hex(&provider.signature.to_bytes()),
    })
}

pub(crate) fn version(version: &Version) -> Value {
    json!({
        "sequence": version.sequence,
        "author": hex(&version.author.0),
        "digest": hex(&version.digest),
    })
}

const fn routing(routing: Routing) -> &'static str {
    match routing {
        Routing::Finger => "Finger",
        Routing::Linear => "Linear",
    }
}

pub(crate) fn id(id: Id) -> String {
    hex(&id.to_bytes())
}

pub(crate) fn ids(list: &[Id]) -> Vec<String> {
    list.iter().copied().map(id).collect()
}
