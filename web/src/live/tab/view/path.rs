//! Where a lookup went, as the page shows it.

use chordscope_core::node::api::{Report, Visit};
use chordscope_core::peer::Peer;

use super::reached_at;
use crate::live::talk::{Hop, Path, micros};

/// A lookup's path.
pub(in crate::live::tab) fn path(peer: &Peer, report: &Report) -> Path {
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
