//! A moment of a swarm as the page reads it: the simulator tells who has what, here is what follows from it.

use chordscope_core::base::time::Instant;
use chordscope_core::swarm::api::Fault;
use chordscope_sim::worlds::swarm::view::{Cell, MemberView, Moment, Presence};
use chordscope_sim::worlds::swarm::{Conduct, Part, SwarmWorld, member};

/// A member by its number.
pub fn find(moment: &Moment, number: u64) -> Option<&MemberView> {
    moment.members.iter().find(|member| member.number == number)
}

/// The clients: those that are awaited and those that are gone, too.
pub fn clients(moment: &Moment) -> impl Iterator<Item = &MemberView> {
    moment
        .members
        .iter()
        .filter(|member| member.part == Part::Client)
}

/// The clients that are here.
pub fn present(moment: &Moment) -> impl Iterator<Item = &MemberView> {
    clients(moment).filter(|client| is_here(client))
}

/// Whether a member is here.
pub const fn is_here(member: &MemberView) -> bool {
    matches!(member.presence, Presence::Here(_))
}

/// The number of segments of the file.
pub const fn segments(moment: &Moment) -> u32 {
    moment.copies.len() as u32
}

/// Whether a member has a segment.
pub fn has(member: &MemberView, segment: u32) -> bool {
    member.cells.get(segment as usize) == Some(&Cell::Has)
}

/// Whether a member has everything.
pub fn is_full(member: &MemberView) -> bool {
    member.has as usize == member.cells.len()
}

/// The thousandths of a segment that have arrived at a member, if it is arriving.
pub fn arriving(member: &MemberView, segment: u32) -> Option<u16> {
    match member.cells.get(segment as usize) {
        Some(Cell::Arriving(share)) => Some(*share),
        _ => None,
    }
}

/// The number of segments that are arriving at a member.
pub fn arrivals(member: &MemberView) -> u32 {
    let cells = member.cells.iter();
    cells
        .filter(|cell| matches!(cell, Cell::Arriving(_)))
        .count() as u32
}

/// The segments that a client here lacks and that fewest clients have; none once nobody lacks anything.
pub fn rarest(moment: &Moment) -> Vec<u32> {
    let lacked = |segment: &u32| present(moment).any(|client| !has(client, *segment));
    let lacked: Vec<u32> = (0..segments(moment)).filter(lacked).collect();
    let copies = |segment: &u32| {
        moment
            .copies
            .get(*segment as usize)
            .map(|copies| copies.clients)
    };
    let least = lacked.iter().filter_map(copies).min();
    lacked
        .into_iter()
        .filter(|segment| copies(segment) == least)
        .collect()
}

/// A segment that a client here lacks and that nobody here has, the first of them, once no more clients are awaited.
pub fn lost(moment: &Moment) -> Option<u32> {
    let is_gone = |segment: &u32| {
        moment
            .copies
            .get(*segment as usize)
            .is_some_and(|copies| copies.is_gone())
    };
    let gone = (0..segments(moment)).find(is_gone)?;
    let mut all = clients(moment);
    let is_final = all.all(|client| !matches!(client.presence, Presence::Awaited(_)));
    (is_final && present(moment).next().is_some()).then_some(gone)
}

/// The members that have a slot for this one: they send what it asks for.
pub fn slots(member: &MemberView) -> impl Iterator<Item = u64> {
    let open = member.peers.iter().filter(|peer| !peer.chokes);
    open.map(|peer| peer.with)
}

/// The members that choke this one.
pub fn choked_by(member: &MemberView) -> impl Iterator<Item = u64> {
    let closed = member.peers.iter().filter(|peer| peer.chokes);
    closed.map(|peer| peer.with)
}

/// The members that this one has a slot for.
pub fn gives_to(member: &MemberView) -> impl Iterator<Item = u64> {
    let open = member.peers.iter().filter(|peer| !peer.is_choked);
    open.map(|peer| peer.with)
}

/// Bytes a second that come to a member.
pub fn down(member: &MemberView) -> u64 {
    member.peers.iter().map(|peer| peer.down).sum()
}

/// Whether a member gives nothing by its own will.
pub fn free_rides(member: &MemberView) -> bool {
    member.conduct == Conduct::FreeRides
}

/// The member whose wrong segment this member has refused, while it lacks that segment still.
pub fn refused(member: &MemberView, segment: u32) -> Option<u64> {
    let mut banned = member.banned.iter();
    let from = banned
        .find(|(_, fault)| *fault == Fault::Segment(segment))?
        .0;
    let lacks = member.cells.get(segment as usize) == Some(&Cell::Lacks);
    (lacks && is_here(member)).then_some(from)
}

/// Whether another member has banned this one.
pub fn is_banned(moment: &Moment, number: u64) -> bool {
    let mut banned = moment.members.iter().flat_map(|member| &member.banned);
    banned.any(|(liar, _)| *liar == number)
}

/// The time at which a member came.
pub const fn came(member: &MemberView) -> Option<Instant> {
    match member.presence {
        Presence::Here(at) => Some(at),
        Presence::Awaited(_) | Presence::Gone(_) => None,
    }
}

/// The segments that a member has asked for and that have not come.
pub fn asked(world: &SwarmWorld, number: u64) -> Vec<u32> {
    world
        .view(member(number))
        .map_or_else(Vec::new, |view| view.asked)
}
