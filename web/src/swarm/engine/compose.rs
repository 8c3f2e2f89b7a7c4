//! From a moment to the picture of the stage, and from a spot on it to the name of what is there.

use chordscope_sim::worlds::swarm::view::{LimitedBy, MemberView, Moment, Presence};
use chordscope_sim::worlds::swarm::{Part, view};

use crate::scene::grid::hit::Spot;
use crate::scene::grid::{Brake, Cell, Column, Flow, Grid, Row, Shape};
use crate::swarm::engine::command::Over;
use crate::swarm::engine::moment;
use crate::swarm::engine::statement::{megabits, word};

/// The picture of a moment.
pub(super) fn grid(moment: &Moment, selected: Option<u64>, hovered: Option<Over>) -> Grid {
    let rarest = moment::rarest(moment);
    let many = moment.copies.len();
    let place = |member: u64| moment.members.iter().position(|one| one.number == member);
    let row = |(segment, copies): (u32, &view::Copies)| Row {
        copies: copies.clients.into(),
        arriving: copies.arriving.into(),
        // Where most are alike none stands out.
        rarest: 2 * rarest.len() < many && rarest.contains(&segment),
    };
    let over = match hovered {
        Some(Over::Member(member) | Over::Cell(member, _)) => place(member),
        _ => None,
    };
    let row_over = match hovered {
        Some(Over::Cell(_, segment) | Over::Segment(segment) | Over::Flow(_, _, segment)) => {
            Some(segment as usize)
        }
        _ => None,
    };
    Grid {
        columns: moment
            .members
            .iter()
            .map(|member| column(moment, member))
            .collect(),
        rows: (0..).zip(&moment.copies).map(row).collect(),
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
    let flow = |flow: &view::Flow| Flow {
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

fn column(moment: &Moment, member: &MemberView) -> Column {
    let cell = |(segment, cell): (u32, &view::Cell)| match cell {
        view::Cell::Has => Cell::Has,
        view::Cell::Arriving(share) => Cell::Arriving(f64::from(*share) / 1_000.0),
        view::Cell::Lacks if moment::refused(member, segment).is_some() => Cell::Refused,
        view::Cell::Lacks => Cell::Lacks,
    };
    let name = match member.number {
        0 => ("seed".to_owned(), "S".to_owned()),
        number => (number.to_string(), number.to_string()),
    };
    let is_full = moment::is_full(member);
    Column {
        name,
        shape: match member {
            MemberView {
                presence: Presence::Gone(_),
                ..
            } => Shape::Gone,
            MemberView {
                presence: Presence::Awaited(_),
                ..
            } => Shape::Awaited,
            _ if moment::is_banned(moment, member.number) => Shape::Liar,
            _ if moment::free_rides(member) => Shape::Idle,
            _ if is_full => Shape::Full,
            _ => Shape::Fetching,
        },
        has: if is_full {
            "all".to_owned()
        } else {
            member.has.to_string()
        },
        brake: if member.part == Part::Client {
            brake(member.limit)
        } else {
            Brake::Blank
        },
        word: member.limit.map_or("", word).to_owned(),
        uplink: megabits(member.rates.up),
        cells: (0..).zip(&member.cells).map(cell).collect(),
    }
}

const fn brake(limit: Option<LimitedBy>) -> Brake {
    match limit {
        None => Brake::Blank,
        Some(LimitedBy::Complete) => Brake::Complete,
        Some(LimitedBy::NoSource) => Brake::NoSource,
        Some(LimitedBy::Choked) => Brake::Choked,
        Some(LimitedBy::Rare) => Brake::Rare,
        Some(LimitedBy::Senders) => Brake::Senders,
        Some(LimitedBy::Downlink) => Brake::Downlink,
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
