//! Notices: events of a peer, as listeners and the log get them.

use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::Space;
use chordscope_core::node::adopting::{Adoption, AdoptionState};
use chordscope_core::node::api::Event as NodeEvent;
use chordscope_core::peer::api::Event;
use serde::Serialize;

use crate::views::{given_up, held_by, show_lineage, unanswered};

/// An event, with its time and details.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Notice {
    /// The kind of event.
    pub(crate) event: &'static str,
    /// The thing in words.
    pub(crate) text: String,
    /// The nodes it is about.
    pub(crate) ids: Vec<String>,
}

impl Notice {
    /// The notice of an event, if it is worth one.
    pub(crate) fn of(space: Space, event: &Event) -> Option<Self> {
        let id = |contact: &Contact| space.show(contact.id());
        let (event, text, ids) = match event {
            Event::LinkUp { contact, .. } => {
                ("link-up", "linked with".to_string(), vec![id(contact)])
            }
            Event::LinkDown {
                id, reason, said, ..
            } => {
                let ids = id.iter().map(|id| space.show(*id)).collect();
                let text = match said {
                    Some(said) => format!("link closed by the other side, {said}:"),
                    None => format!("link ended, {reason}:"),
                };
                ("link-down", text, ids)
            }
            Event::Relays => ("relays", "relays have changed".to_string(), Vec::new()),
            Event::Node(event) => of_node(space, event)?,
            Event::OwnAddress(address) => {
                let text = format!("ignores {address}, which is its own address");
                ("own-address", text, Vec::new())
            }
            Event::Known(_) | Event::Data { .. } | Event::Room(_) | Event::Swarm(_) => return None,
        };
        let text = format!("{text} {}", ids.join(", "));
        Some(Self {
            event,
            text: text.trim_end_matches([' ', ':']).to_string(),
            ids,
        })
    }
}

/// The end of an adoption in words.
fn ended(adoption: &Adoption) -> String {
    let lineage = show_lineage(adoption.to);
    match &adoption.state {
        AdoptionState::Failed(error) => format!("keeps its lineage: {error}"),
        AdoptionState::Held(awaited) => format!("keeps its lineage: {}", held_by(awaited)),
        AdoptionState::Unanswered => format!("keeps its lineage: {}", unanswered(adoption.to)),
        AdoptionState::Unknown => format!("found no group of lineage {lineage}"),
        AdoptionState::GivenUp(other) => {
            format!("keeps its lineage: {}", given_up(adoption.to, *other))
        }
        AdoptionState::Done | AdoptionState::Running => format!("has adopted lineage {lineage}"),
    }
}

fn of_node(space: Space, event: &NodeEvent) -> Option<(&'static str, String, Vec<String>)> {
    let id = |contact: &Contact| space.show(contact.id());
    let plain = |event, text: &str| Some((event, text.to_string(), Vec::new()));
    match event {
        NodeEvent::Joined => plain("joined", "member of a ring"),
        NodeEvent::JoinFailed => plain("join-failed", "could not join the ring"),
        NodeEvent::Left => plain("left", "left the ring"),
        NodeEvent::Alone => plain("alone", "has lost its neighbours: a ring of one"),
        NodeEvent::Predecessor { new, .. } => Some((
            "predecessor",
            "predecessor:".to_string(),
            new.iter().map(id).collect(),
        )),
        NodeEvent::Successors(list) => Some((
            "successors",
            "successors:".to_string(),
            list.iter().map(id).collect(),
        )),
        NodeEvent::Conflict(key) => Some((
            "conflict",
            "conflict, two authors wrote the same version under".to_string(),
            vec![space.show(*key)],
        )),
        NodeEvent::RecordKept(key) => Some((
            "record-kept",
            "stores a replica under".to_string(),
            vec![space.show(*key)],
        )),
        NodeEvent::RecordDropped(key) => Some((
            "record-dropped",
            "drops its replica under".to_string(),
            vec![space.show(*key)],
        )),
        NodeEvent::LineageConflict(conflict) => Some((
            "lineage-conflict",
            "exports, as the lineage that is adopted has something else there,".to_string(),
            vec![space.show(conflict.key)],
        )),
        NodeEvent::AdoptionEnded(adoption) => Some(("adoption-ended", ended(adoption), Vec::new())),
        NodeEvent::RenewalFailed(key, _, error) => Some((
            "renewal-failed",
            format!("cannot renew now ({error}) the record under"),
            vec![space.show(*key)],
        )),
        NodeEvent::NoAnswer(node) => Some((
            "no-answer",
            "no answer from".to_string(),
            vec![space.show(*node)],
        )),
        NodeEvent::LimitReached(what) => {
            Some(("limit", format!("limit reached: {what}"), Vec::new()))
        }
        _ => None,
    }
}
