//! A moment in statements: the selected client, what is under the pointer, the log, the ticks of the timeline.

use chordscope_core::base::time::Instant;
use chordscope_core::swarm::api::Event;
use chordscope_sim::engine::trace::Entry;
use chordscope_sim::worlds::swarm::acting::{Action, What};
use chordscope_sim::worlds::swarm::view::{MemberView, Moment, Presence};
use chordscope_sim::worlds::swarm::{Part, SwarmWorld, number};

use crate::player::{Tick, TickKind};
use crate::swarm::engine::command::Over;
use crate::swarm::engine::moment::{self, find, is_here};
use crate::swarm::engine::snapshot::{EventRow, Lack, Selected};
use crate::swarm::engine::statement::Statement;

/// The number of lines of the log.
const LINES: usize = 120;

/// The card of a client.
pub(super) fn selected(world: &SwarmWorld, moment: &Moment, client: u64) -> Option<Selected> {
    let member = find(moment, client)?;
    Some(Selected {
        number: client,
        has: has(moment, member),
        limit: limit(member),
        slots: moment::slots(member).collect(),
        choked_by: moment::choked_by(member).collect(),
        gives_to: moment::gives_to(member).collect(),
        lacks: lacks(world, moment, member),
    })
}

pub(super) fn has(moment: &Moment, member: &MemberView) -> Statement {
    Statement::Has {
        member: member.number,
        has: member.has,
        of: moment::segments(moment),
        arriving: moment::arrivals(member),
    }
}

/// The limit of a client, or the reason why there is none; nothing limits a seed, which fetches nothing.
pub(super) fn limit(member: &MemberView) -> Option<Statement> {
    Some(match (member.presence, member.limit) {
        (Presence::Awaited(_), _) => Statement::Awaited {
            member: member.number,
        },
        (Presence::Gone(_), _) => Statement::Gone {
            member: member.number,
        },
        (Presence::Here(_), Some(limit)) if member.part == Part::Client => Statement::LimitedBy {
            limit,
            down: moment::down(member),
        },
        (Presence::Here(_), _) => return None,
    })
}

/// The segments that a client lacks, rarest first.
fn lacks(world: &SwarmWorld, moment: &Moment, member: &MemberView) -> Vec<Lack> {
    if !is_here(member) {
        return Vec::new();
    }
    let asked = moment::asked(world, member.number);
    let lacked = (0..moment::segments(moment)).filter(|segment| !moment::has(member, *segment));
    let holds = |source: u64, segment: u32| {
        let source = find(moment, source).filter(|source| is_here(source));
        source.is_some_and(|source| moment::has(source, segment))
    };
    let copies = |segment: u32| {
        moment
            .copies
            .get(segment as usize)
            .map_or(0, |copies| copies.clients)
    };
    let lack = |segment: u32| Lack {
        segment,
        copies: copies(segment).into(),
        open: moment::slots(member)
            .filter(|source| holds(*source, segment))
            .collect(),
        closed: moment::choked_by(member)
            .filter(|source| holds(*source, segment))
            .collect(),
        asked: asked.contains(&segment),
    };
    let mut lacks: Vec<Lack> = lacked.map(lack).collect();
    lacks.sort_by_key(|lack| (lack.copies, lack.segment));
    lacks
}

/// The hint about the thing under the pointer.
pub(super) fn hint(world: &SwarmWorld, moment: &Moment, over: Option<Over>) -> Vec<Statement> {
    match over {
        None => Vec::new(),
        Some(Over::Member(member)) => of_member(moment, member),
        Some(Over::Cell(member, segment)) => vec![of_cell(world, moment, member, segment)],
        Some(Over::Segment(segment)) => vec![copies(moment, segment)],
        Some(Over::Flow(from, to, segment)) => {
            let flows = moment.flows.iter();
            let mut here =
                flows.filter(|flow| (flow.from, flow.to, flow.segment) == (from, to, segment));
            let flow = here.next().map(|flow| Statement::Flows {
                from,
                to,
                segment,
                percent: flow.share / 10,
            });
            flow.into_iter().collect()
        }
    }
}

fn of_member(moment: &Moment, member: u64) -> Vec<Statement> {
    let Some(member) = find(moment, member) else {
        return Vec::new();
    };
    [Some(has(moment, member)), limit(member)]
        .into_iter()
        .flatten()
        .collect()
}

fn of_cell(world: &SwarmWorld, moment: &Moment, member: u64, segment: u32) -> Statement {
    let Some(seen) = find(moment, member) else {
        return Statement::Gone { member };
    };
    if moment::has(seen, segment) {
        return Statement::CellHas { member, segment };
    }
    if let Some(from) = moment::refused(seen, segment) {
        return Statement::CellRefused {
            member,
            segment,
            from,
        };
    }
    let flows = moment.flows.iter();
    let mut coming = flows.filter(|flow| flow.to == member && flow.segment == segment);
    match moment::arriving(seen, segment) {
        Some(share) => Statement::CellArrives {
            member,
            segment,
            from: coming.next().map(|flow| flow.from),
            percent: share / 10,
        },
        None => Statement::CellLacks {
            member,
            segment,
            asked: moment::asked(world, member).contains(&segment),
        },
    }
}

fn copies(moment: &Moment, segment: u32) -> Statement {
    let copies = moment
        .copies
        .get(segment as usize)
        .copied()
        .unwrap_or_default();
    Statement::Copies {
        segment,
        copies: copies.clients.into(),
        of: moment::present(moment).count() as u32,
        arriving: copies.arriving.into(),
    }
}

/// The stage in sentences: each member with what it has and what limits it.
pub(super) fn picture(moment: &Moment) -> Vec<Statement> {
    let members = moment.members.iter();
    members
        .flat_map(|member| of_member(moment, member.number))
        .collect()
}

/// The last lines of the log.
pub(super) fn events(moment: &Moment, entries: &[Entry<What>]) -> Vec<EventRow> {
    let recent = entries.iter().rev();
    EventRow::last(recent, LINES, |entry| line(moment, entry))
}

fn line(moment: &Moment, entry: &Entry<What>) -> Option<Statement> {
    Some(match &entry.what {
        What::Asked(id, pick) => Statement::Asks {
            client: number(*id),
            source: number(pick.source),
            segment: pick.segment,
        },
        What::Member(id, Event::Described(_)) => Statement::Described {
            client: number(*id),
        },
        What::Member(id, Event::Complete(_)) => Statement::HasAll {
            client: number(*id),
        },
        What::Member(id, Event::Banned(liar, _, fault)) => Statement::Banned {
            by: number(*id),
            liar: number(*liar),
            fault: *fault,
        },
        What::Member(..) => return None,
        // Who is there from the beginning has not come.
        What::Arrived(_) if entry.at == Instant::ZERO => return None,
        What::Arrived(id) => Statement::Joined {
            member: number(*id),
        },
        What::Left(id) => Statement::Left {
            member: number(*id),
            had: find(moment, number(*id)).map_or(0, |member| member.has),
        },
        What::Acted(Action::Corrupt(member)) => Statement::Corrupts { member: *member },
        What::Acted(Action::Mend(member)) => Statement::Mends { member: *member },
        // Their arrivals and departures are told.
        What::Acted(Action::Join | Action::Leave(_)) => return None,
    })
}

/// The tick of an entry on the timeline.
pub(super) fn tick(entry: &Entry<What>) -> Option<Tick> {
    let (kind, statement) = match &entry.what {
        What::Member(id, Event::Complete(_)) => (
            TickKind::Hop,
            Statement::HasAll {
                client: number(*id),
            },
        ),
        What::Member(id, Event::Banned(liar, _, fault)) => (
            TickKind::Fault,
            Statement::Banned {
                by: number(*id),
                liar: number(*liar),
                fault: *fault,
            },
        ),
        What::Asked(id, pick) => (
            TickKind::Other,
            Statement::Asks {
                client: number(*id),
                source: number(pick.source),
                segment: pick.segment,
            },
        ),
        What::Left(id) => (
            TickKind::Deed,
            Statement::HasLeft {
                member: number(*id),
            },
        ),
        What::Arrived(id) if entry.at.as_micros() > 0 => (
            TickKind::Deed,
            Statement::Joined {
                member: number(*id),
            },
        ),
        What::Acted(_) | What::Member(..) | What::Arrived(_) => return None,
    };
    Some(Tick {
        at: entry.at.as_micros(),
        kind,
        label: statement.text(),
    })
}
