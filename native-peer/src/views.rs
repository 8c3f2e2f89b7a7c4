//! Views of a peer: its answers over HTTP, which the command line prints with `--json`.

mod quorum;
mod sought;
mod transfers;

use chordscope_core::base::contact::{Address, Contact};
use chordscope_core::base::id::Id;
use chordscope_core::link::session::Role;
use chordscope_core::node::api::{Report, Written};
use chordscope_core::node::view::Stage;
use chordscope_core::peer::Peer;
use serde::{Deserialize, Serialize};

use crate::driver::Unlinked;
use crate::storage::{self, Began, Health};

pub(crate) use quorum::{
    Adoption, Awaited, Quorum, Range, Repaired, UNKNOWN_LINEAGE, Waiting, given_up, held_by,
    parse_lineage, show_lineage, unanswered,
};
pub(crate) use sought::{Outside, Sought};
pub(crate) use transfers::{Fetching, Shared, Stopped, Transfer, Transfers};

/// The state of a peer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Status {
    /// The peer's position.
    pub(crate) id: String,
    /// The stage of its ring: Outside, Joining, Forming or Safe.
    pub(crate) ring: String,
    /// The peers that it looks for, while it is in no ring.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) waits_for: Vec<Sought>,
    /// Nodes that it knows of, itself included.
    pub(crate) members_known: usize,
    pub(crate) predecessor: Option<String>,
    pub(crate) successors: Vec<String>,
    /// Records it keeps, at both levels.
    pub(crate) records: usize,
    /// The address at which others reach it.
    pub(crate) address: Option<String>,
    /// Open links.
    pub(crate) links: usize,
    /// The version of the program.
    pub(crate) version: String,
    /// The state of its store on the disk.
    #[serde(default)]
    pub(crate) store: Option<Store>,
    /// All positions of the peer, this one first, when there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) virtual_nodes: Vec<VirtualNode>,
    /// The peer's part in level quorum.
    pub(crate) quorum: Quorum,
    /// The work that is still to be done before it leaves for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) leaving: Option<Departure>,
    /// The reason why it is here still, where it was to leave for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stayed: Option<String>,
}

/// The part of a departure for good that is still to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Departure {
    /// True while records are being handed over.
    pub(crate) records: bool,
    /// The number of replica groups of level quorum that still need it.
    pub(crate) groups: usize,
}

impl Departure {
    /// In words.
    pub(crate) fn describe(&self) -> String {
        let records = self
            .records
            .then(|| "its records are not all handed over".to_string());
        let groups = match self.groups {
            0 => None,
            1 => Some("1 group of level quorum still needs it".to_string()),
            groups => Some(format!("{groups} groups of level quorum still need it")),
        };
        let waits: Vec<String> = records.into_iter().chain(groups).collect();
        match waits.is_empty() {
            true => "everything is taken over".to_string(),
            false => waits.join("; "),
        }
    }
}

/// The answer to the order to leave the ring.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Leaving {
    pub(crate) leaving: bool,
}

/// One of a peer's positions on the ring.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct VirtualNode {
    pub(crate) id: String,
    /// As [`Status::ring`].
    pub(crate) ring: String,
    /// As [`Status::records`].
    pub(crate) records: usize,
    /// As [`Status::links`].
    pub(crate) links: usize,
    /// As [`Status::store`].
    #[serde(default)]
    pub(crate) store: Option<Store>,
}

/// A position's store on the disk.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Store {
    /// The number of its incarnation, as 16 hexadecimal digits: another one once it was lost or damaged.
    pub(crate) incarnation: String,
    /// The kind of this start: `first` of a new peer, `again` as before, `numbered` for the first time, `anew` in a new
    /// incarnation.
    pub(crate) began: String,
    /// The reason why the incarnation is new.
    pub(crate) why: Option<String>,
    /// The reason why nothing can be written now.
    pub(crate) refusing: Option<String>,
    /// The number of damaged stores in the data folder.
    pub(crate) set_aside: usize,
    /// The number of damaged records that were left out at the start.
    pub(crate) damaged_records: usize,
}

/// The outcome of a put or delete.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Put {
    pub(crate) key: String,
    pub(crate) copies: u8,
    /// At level `quorum`, the number of members of the record's group, where its primary says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) members: Option<u8>,
    /// 0 for an immutable value.
    pub(crate) sequence: u64,
    /// The author of a signed record, which others need to get it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) author: Option<String>,
    /// The seconds for which it is held from now on, unless it is renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_in_s: Option<u32>,
    /// True if the peer renews the record while it runs.
    #[serde(default)]
    pub(crate) renewed: bool,
    /// True if all peers that may have an earlier version are away: an older record may stay once they are back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) may_be_lost: bool,
}

/// A lookup.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) key: String,
    pub(crate) owner: String,
    pub(crate) path: Vec<Hop>,
    pub(crate) hops: usize,
    pub(crate) ms: f64,
}

/// A node on a lookup's path.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Hop {
    pub(crate) id: String,
    pub(crate) address: Option<String>,
    /// The address of its relay, for a node that cannot be dialed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) via: Option<String>,
    pub(crate) rtt_ms: Option<f64>,
}

/// The nodes that a peer knows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Peers {
    pub(crate) peers: Vec<Neighbour>,
}

/// A node that a peer knows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Neighbour {
    pub(crate) id: String,
    pub(crate) address: Option<String>,
    /// The address of its relay, for a node that cannot be dialed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) via: Option<String>,
    /// The roles that it has for the peer: predecessor, successor 1, finger 159 …
    pub(crate) roles: Vec<String>,
    /// The side that opened the link: this peer (out), the other (in), both; none when there is no link.
    pub(crate) link: String,
    /// The reason why there is no link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unlinked: Option<String>,
    pub(crate) rtt_ms: Option<f64>,
    pub(crate) sent_bytes: u64,
    pub(crate) received_bytes: u64,
}

/// The reason why a request failed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Refusal {
    pub(crate) error: String,
}

fn url(contact: &Contact) -> Option<String> {
    let first = contact.addresses().first();
    first.map(Address::url).map(str::to_string)
}

/// The address of a node's relay, if it has no address of its own.
fn via(contact: &Contact) -> Option<String> {
    let relay = contact.relays().first();
    relay
        .and_then(url)
        .filter(|_| contact.addresses().is_empty())
}

fn millis(duration: std::time::Duration) -> f64 {
    // Whole microseconds: more digits would be noise.
    duration.as_micros() as f64 / 1e3
}

/// Every contact that the peer has in its tables or at the end of a link, with what it is to the peer.
fn known(peer: &Peer) -> Vec<(Contact, Vec<String>)> {
    let node = peer.node();
    let mut known: Vec<(Contact, Vec<String>)> = Vec::new();
    let mut note = |contact: &Contact, role: Option<String>| {
        let entry = known
            .iter_mut()
            .find(|(other, _)| other.id() == contact.id());
        match entry {
            Some((_, roles)) => roles.extend(role),
            None => known.push((contact.clone(), role.into_iter().collect())),
        }
    };
    if let Some(contact) = node.membership().predecessor() {
        note(contact, Some("predecessor".to_string()));
    }
    for (index, contact) in (1..).zip(node.membership().successors().entries()) {
        let index: u8 = index;
        note(contact, Some(format!("successor {index}")));
    }
    for (row, _, contact) in node.fingers().rows() {
        if let Some(contact) = contact.filter(|contact| contact.id() != node.id()) {
            note(contact, Some(format!("finger {row}")));
        }
    }
    for link in peer.links() {
        if let Some(contact) = &link.contact {
            note(contact, None);
        }
    }
    known
}

impl Status {
    pub(crate) fn of(peer: &Peer) -> Self {
        let node = peer.node();
        let show = |contact: &Contact| node.space().show(contact.id());
        let successors = node.membership().successors().entries();
        let in_groups = node.groups().map_or(0, |groups| groups.keys().count());
        Self {
            id: node.space().show(node.id()),
            ring: node.stage().name().to_string(),
            waits_for: Sought::all(peer),
            members_known: known(peer).len() + 1,
            predecessor: node.membership().predecessor().map(show),
            successors: successors.iter().map(show).collect(),
            records: node.records().len() + in_groups,
            address: url(node.contact()),
            links: peer.links().filter(|link| link.contact.is_some()).count(),
            version: env!("CARGO_PKG_VERSION").to_string(),
            store: None,
            virtual_nodes: Vec::new(),
            quorum: Quorum::of(peer),
            leaving: node.leaving().map(|leaving| Departure {
                records: leaving.records,
                groups: leaving.groups,
            }),
            stayed: node.stayed().map(|why| why.to_string()),
        }
    }

    /// Returns what it waits for while it is in no ring; `None` in one.
    pub(crate) fn outside(&self) -> Option<Outside> {
        let is_joining = self.ring == Stage::Joining.name();
        (is_joining || self.ring == Stage::Outside.name()).then(|| Outside {
            is_joining,
            sought: self.waits_for.clone(),
            linked: self.links,
        })
    }

    /// Adds how the departure of another position of the same peer stands.
    pub(crate) fn add_departure(&mut self, other: Self) {
        self.leaving = match (self.leaving, other.leaving) {
            (Some(one), Some(two)) => Some(Departure {
                records: one.records || two.records,
                groups: one.groups + two.groups,
            }),
            (one, two) => one.or(two),
        };
        self.stayed = self.stayed.take().or(other.stayed);
    }
}

impl VirtualNode {
    pub(crate) fn of(peer: &Peer) -> Self {
        let Status {
            id,
            ring,
            records,
            links,
            ..
        } = Status::of(peer);
        Self {
            id,
            ring,
            records,
            links,
            store: None,
        }
    }
}

impl Store {
    pub(crate) fn of(health: &Health) -> Self {
        Self {
            incarnation: storage::show_incarnation(health.incarnation),
            began: health.began.name().to_string(),
            why: match &health.began {
                Began::Anew(reason) => Some(reason.clone()),
                Began::First | Began::Again | Began::Numbered => None,
            },
            refusing: health.refusing(),
            set_aside: health.set_aside,
            damaged_records: health.damaged_records,
        }
    }
}

impl Peers {
    pub(crate) fn of(peer: &Peer, unlinked: &Unlinked) -> Self {
        let neighbour = |(contact, roles): (Contact, Vec<String>)| {
            let mut neighbour = Neighbour::of(peer, &contact, roles);
            if neighbour.link == "none" {
                neighbour.unlinked = Some(unlinked.reason(&contact));
            }
            neighbour
        };
        Self {
            peers: known(peer).into_iter().map(neighbour).collect(),
        }
    }

    /// Adds what another position of the peer knows. Of a node that several know, what stands first stays.
    pub(crate) fn add(&mut self, other: Self) {
        for peer in other.peers {
            if self.peers.iter().all(|known| known.id != peer.id) {
                self.peers.push(peer);
            }
        }
    }
}

impl Neighbour {
    fn of(peer: &Peer, contact: &Contact, roles: Vec<String>) -> Self {
        let id = contact.id();
        let (mut out, mut into, mut sent, mut received) = (false, false, 0, 0);
        for link in peer.links() {
            if link.contact.as_ref().is_some_and(|other| other.id() == id) {
                out |= link.role == Role::Initiator;
                into |= link.role == Role::Responder;
                sent += link.sent;
                received += link.received;
            }
        }
        let link = match (out, into) {
            (true, true) => "both",
            (true, false) => "out",
            (false, true) => "in",
            (false, false) => "none",
        };
        Self {
            id: peer.node().space().show(id),
            address: url(contact),
            via: via(contact),
            roles: fold_fingers(roles),
            link: link.to_string(),
            unlinked: None,
            rtt_ms: peer.node().rtt(id).smoothed().map(millis),
            sent_bytes: sent,
            received_bytes: received,
        }
    }
}

/// Names the rows of a finger table as a range where one node fills most of them, as in a small ring.
fn fold_fingers(roles: Vec<String>) -> Vec<String> {
    let row = |role: &String| role.strip_prefix("finger ")?.parse::<u8>().ok();
    let rows: Vec<u8> = roles.iter().filter_map(row).collect();
    let mut folded: Vec<String> = roles
        .into_iter()
        .filter(|role| !role.starts_with("finger "))
        .collect();
    match (rows.first(), rows.last()) {
        (Some(first), Some(last)) if first != last => {
            folded.push(format!("fingers {first}-{last}"))
        }
        (Some(only), _) => folded.push(format!("finger {only}")),
        _ => {}
    }
    folded
}

impl Put {
    pub(crate) fn of(peer: &Peer, written: &Written, signed: bool) -> Self {
        let author = peer.node().contact().card().key;
        Self {
            key: peer.node().space().show(written.key),
            copies: written.copies,
            members: written.members,
            sequence: written.sequence,
            author: signed.then(|| data_encoding::HEXLOWER.encode(&author.0)),
            expires_in_s: None,
            renewed: false,
            may_be_lost: written.may_be_lost,
        }
    }
}

impl Lookup {
    pub(crate) fn of(peer: &Peer, report: &Report) -> Self {
        let show = |id: Id| peer.node().space().show(id);
        let known = known(peer);
        let me = peer.node().contact();
        let contact = |id: Id| {
            let table = known.iter().map(|(contact, _)| contact);
            let mut all = table.chain(&report.group).chain([&report.owner, me]);
            all.find(|contact| contact.id() == id)
        };
        let hop = |visit: &chordscope_core::node::api::Visit| {
            let contact = visit.contact.as_ref().or_else(|| contact(visit.id));
            Hop {
                id: show(visit.id),
                address: contact.and_then(url),
                via: contact.and_then(via),
                rtt_ms: match visit.rtt {
                    None if visit.id == me.id() => Some(0.0),
                    rtt => rtt.map(millis),
                },
            }
        };
        Self {
            key: show(report.key),
            owner: show(report.owner.id()),
            path: report.path.iter().map(hop).collect(),
            hops: report.hops(),
            ms: millis(report.took),
        }
    }
}
