//! Events of the peer in words, for the page's log.

use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::Id;
use chordscope_core::link::reason::CloseReason;
use chordscope_core::node::Node;
use chordscope_core::node::api::Event as NodeEvent;
use chordscope_core::peer::api::Event;
use chordscope_core::swarm::api::Event as SwarmEvent;

use super::view::is_tombstone;

/// An event in words, if it is worth any. `leaves` tells whether the tab has left the ring, or is about to.
pub(super) fn text(node: &Node, event: &Event, leaves: bool) -> Option<String> {
    let space = node.space();
    let id = |contact: &Contact| space.show(contact.id());
    Some(match event {
        Event::LinkUp { contact, via, .. } => match via {
            Some(relay) => format!("linked with {} through {}", id(contact), space.show(*relay)),
            None => format!("linked with {}", id(contact)),
        },
        Event::LinkDown {
            id, reason, said, ..
        } => {
            let why = match said {
                Some(said) => format!("the other side closed it, {said}"),
                // A circuit ends with the link to its relay: here the tab has ended that.
                None if leaves && *reason == CloseReason::RelayGone => {
                    CloseReason::Leaving.to_string()
                }
                None => reason.to_string(),
            };
            match id {
                Some(id) => format!("the link with {} ended: {why}", space.show(*id)),
                None => format!("a link ended before its handshake did: {why}"),
            }
        }
        Event::Relays => "the relays of this tab have changed".to_owned(),
        Event::Node(event) => return of_node(node, event),
        Event::Swarm(SwarmEvent::Banned(node, _, fault)) => {
            format!(
                "{} {fault}: it is asked nothing any more",
                space.show(*node)
            )
        }
        // The card of files tells of the rest.
        Event::Known(_)
        | Event::OwnAddress(_)
        | Event::Data { .. }
        | Event::Room(_)
        | Event::Swarm(_) => return None,
    })
}

fn of_node(node: &Node, event: &NodeEvent) -> Option<String> {
    let space = node.space();
    let id = |contact: &Contact| space.show(contact.id());
    Some(match event {
        NodeEvent::Joined => "this tab is a member of the ring".to_owned(),
        NodeEvent::JoinFailed => "this tab found no place in a ring".to_owned(),
        NodeEvent::Left => "this tab has left the ring".to_owned(),
        NodeEvent::Alone => "this tab has lost every neighbour".to_owned(),
        NodeEvent::Predecessor { new, .. } => match new {
            Some(new) => format!("predecessor is now {}", id(new)),
            None => "predecessor unknown".to_owned(),
        },
        NodeEvent::Successors(list) if list.is_empty() => return None,
        NodeEvent::Successors(list) => {
            let list: Vec<String> = list.iter().map(id).collect();
            format!("successors are now {}", list.join(", "))
        }
        NodeEvent::RecordKept(key) if is_deleted(node, *key) => {
            format!("stores that what was under {} is deleted", space.show(*key))
        }
        NodeEvent::RecordKept(key) => format!("stores a record under {}", space.show(*key)),
        NodeEvent::RecordDropped(key) => format!("drops the record under {}", space.show(*key)),
        NodeEvent::NoAnswer(node) => format!("no answer from {}", space.show(*node)),
        NodeEvent::LimitReached(what) => format!("limit reached: {what}"),
        _ => return None,
    })
}

fn is_deleted(node: &Node, key: Id) -> bool {
    let held = node.records().get(key);
    held.is_some_and(|held| is_tombstone(&held.record))
}
