//! From a moment to the picture of the stage, and from a spot on it to the name of what is there.

use chordscope_core::swarm::api::Limit;

use crate::scene::grid::hit::Spot;
use crate::scene::grid::{Brake, Cell, Column, Flow, Grid, Row, Shape};
use crate::swarm::engine::command::Over;
use crate::swarm::engine::moment::{self, Member, Moment};
use crate::swarm::engine::statement::{megabits, word};

/// The picture of a moment.
pub(super) fn grid(moment: &Moment, selected: Option<u64>, hovered: Option<Over>) -> Grid {
    let rarest = moment.rarest();
    let place = |member: u64| moment.members.iter().position(|one| one.number == member);
    let row = |segment: u32| Row {
        copies: moment.copies(segment),
        arriving: moment.arriving(segment),
        // Where all are alike none stands out.
        rarest: rarest.len() < moment.segments as usize / 2 && rarest.contains(&segment),
    };
    let over = match hovered {
        Some(Over::Member(member) | Over::Cell(member, _)) => place(member),
        _ => None,
    };
    let row_over = match hovered {
        Some(Over::Cell(_, segment) | Over::Segment(segment) | Over::Flow(_, _, segment)) => Some(segment as usize),
        _ => None,
    };
    Grid {
        columns: moment.members.iter().map(|member| column(moment, member)).collect(),
        rows: (0..moment.segments).map(row).collect(),
        flows: drawn(moment, selected, hovered),
        selected: selected.and_then(place),
        hovered: over,
        row: row_over,
    }
}

/// The arcs of a moment, to find out which of them is pointed at.
pub fn flows(moment: &Moment) -> Vec<Flow> {
    drawn(moment, None, None)
}

fn drawn(moment: &Moment, selected: Option<u64>, hovered: Option<Over>) -> Vec<Flow> {
    let place = |member: u64| moment.members.iter().position(|one| one.number == member);
    let flow = |flow: &moment::Flow| Flow {
        // Both ends of a segment on its way are, or were, members.
        from: place(flow.from).unwrap_or_default(),
        to: place(flow.to).unwrap_or_default(),
        row: flow.segment as usize,
        share: f64::from(flow.share) / 1_000.0,
        strong: selected.is_none_or(|one| one == flow.from || one == flow.to),
        hovered: hovered == Some(Over::Flow(flow.from, flow.to, flow.segment)),
    };
    moment.flows.iter().map(flow).collect()
}

fn column(moment: &Moment, member: &Member) -> Column {
    let cell = |segment: u32| match member.arriving.get(&segment) {
        _ if member.have.contains(segment) => Cell::Has,
        Some(share) => Cell::Arriving(f64::from(*share) / 1_000.0),
        None => Cell::Lacks,
    };
    let name = match member.number {
        0 => ("seed".to_owned(), "S".to_owned()),
        number => (number.to_string(), number.to_string()),
    };
    let is_full = member.have.is_full() && member.have.count() > 0;
    Column {
        name,
        shape: match member {
            Member { here: false, .. } => Shape::Gone,
            Member { banned: true, .. } => Shape::Liar,
            Member { free_rides: true, .. } => Shape::Idle,
            _ if is_full => Shape::Full,
            _ => Shape::Fetching,
        },
        has: if is_full { "all".to_owned() } else { member.have.len().to_string() },
        brake: if member.number == 0 { Brake::Blank } else { brake(member.limit) },
        word: member.limit.map_or("", word).to_owned(),
        uplink: megabits(member.up),
        cells: (0..moment.segments).map(cell).collect(),
    }
}

const fn brake(limit: Option<Limit>) -> Brake {
    match limit {
        None => Brake::Blank,
        Some(Limit::Complete) => Brake::Complete,
        Some(Limit::NoSource) => Brake::NoSource,
        Some(Limit::Choked) => Brake::Choked,
        Some(Limit::Rare) => Brake::Rare,
        Some(Limit::Throttle | Limit::Disk | Limit::Network) => Brake::Senders,
    }
}

/// The name of what is at a spot of a picture.
pub fn named(moment: &Moment, spot: Spot) -> Option<Over> {
    let member = |column: usize| moment.members.get(column).map(|member| member.number);
    Some(match spot {
        Spot::Column(column) => Over::Member(member(column)?),
        Spot::Cell(column, row) => Over::Cell(member(column)?, u32::try_from(row).ok()?),
        Spot::Row(row) => Over::Segment(u32::try_from(row).ok()?),
        Spot::Flow(index) => {
            let flow = moment.flows.get(index)?;
            Over::Flow(flow.from, flow.to, flow.segment)
        }
    })
}
