//! The caption below the stage: the last call and what each system says of it, or the last deed, conflict or refund.

use chordscope_core::base::time::Instant;
use chordscope_sim::checks::history::Value;
use chordscope_sim::engine::trace::Entry;
use chordscope_sim::worlds::consistency::action::Action;
use chordscope_sim::worlds::consistency::setup::System;
use chordscope_sim::worlds::consistency::side::Side;
use chordscope_sim::worlds::consistency::trace::What;
use chordscope_sim::worlds::consistency::{ConsistencyWorld, History};

use crate::cap::engine::command::Lever;
use crate::cap::engine::describe;
use crate::cap::engine::statement::{Judged, Statement};
use crate::player::caption::{self, Tone};

/// The number of entries of the trace, back from now, among which the one is looked for that the caption tells of.
const LOOK_BACK: usize = 4_096;

/// The caption.
pub type Caption = caption::Caption<Statement>;

/// A step of the run: the entry of the trace that the caption tells of, and how many systems have answered the call that it is.
pub(super) type Step = (u64, usize);

/// Whether an entry is one that the caption tells of, with these levels shown.
fn is_told(entry: &Entry<What>, lever: Lever) -> bool {
    match &entry.what {
        What::Acted(_) => true,
        What::Conflict { system, .. } | What::Refunded { system, .. } => lever.shows(*system),
        _ => false,
    }
}

/// Whether an entry may change what the caption says.
pub(super) const fn is_news(what: &What) -> bool {
    matches!(
        what,
        What::Acted(_) | What::Returned { .. } | What::Conflict { .. } | What::Refunded { .. }
    )
}

/// The entry that the caption tells of, by its place among those of the history.
fn last(history: &History, lever: Lever) -> Option<usize> {
    let entries = history.entries();
    let recent = entries.iter().enumerate().rev().take(LOOK_BACK);
    let mut told = recent.filter(|(_, entry)| is_told(entry, lever));
    told.next().map(|(place, _)| place)
}

/// The operation that began with a call: its name and number.
fn called(history: &History, place: usize) -> Option<(u8, Value)> {
    let rest = history.entries().get(place + 1..)?;
    rest.iter().find_map(|entry| match &entry.what {
        What::Called { name, number, .. } => Some((*name, *number)),
        _ => None,
    })
}

fn shown(world: &ConsistencyWorld, lever: Lever) -> impl Iterator<Item = &Side> {
    let sides = world.sides().iter();
    sides.filter(move |side| lever.shows(side.system()))
}

fn has_returned(side: &Side, name: u8, number: Value) -> bool {
    let register = side.names().get(usize::from(name));
    let operation = register.and_then(|register| register.history.get(number as usize));
    operation.is_some_and(|operation| operation.returned.is_some())
}

/// The step that the run has come to.
pub(super) fn step(history: &History, lever: Lever) -> Option<Step> {
    let place = last(history, lever)?;
    let entry = history.entries().get(place)?;
    let world = history.world();
    let answered = match &entry.what {
        What::Acted(Action::Call { .. }) => called(history, place).map_or(0, |(name, number)| {
            let sides = shown(world, lever);
            sides
                .filter(|side| has_returned(side, name, number))
                .count()
        }),
        _ => 0,
    };
    Some((entry.index, answered))
}

/// The end of the last cut, if the network is whole since.
pub(super) fn healed(history: &History) -> Option<u64> {
    describe::cuts(history)
        .last()
        .and_then(|(_, healed)| *healed)
}

/// The caption of a moment, with these levels shown and this name chosen.
pub(super) fn of(history: &History, lever: Lever, name: u8) -> Caption {
    let world = history.world();
    let told = last(history, lever);
    let entry = told.and_then(|place| history.entries().get(place).map(|entry| (place, entry)));
    let Some((place, entry)) = entry else {
        return begins(world, name);
    };
    match &entry.what {
        What::Acted(Action::Call { .. }) => call(history, lever, place, entry),
        What::Acted(action) => deed(history, lever, name, action, entry.at),
        What::Conflict { system, node, name } => {
            let side = world.side(*system);
            let said =
                side.and_then(|side| describe::conflict(world, side, *node, *name, entry.at));
            Caption {
                tone: Tone::Wrong,
                lead: said.unwrap_or_else(|| begins(world, *name).lead),
                rest: agreements(history, lever, *name),
            }
        }
        What::Refunded { system, refund } => {
            let side = world.side(*system);
            let said = side.and_then(|side| describe::refund(world, side, refund));
            Caption {
                tone: Tone::Wrong,
                lead: said.unwrap_or_else(|| begins(world, name).lead),
                rest: agreements(history, lever, refund.name),
            }
        }
        _ => begins(world, name),
    }
}

fn begins(world: &ConsistencyWorld, name: u8) -> Caption {
    let setup = world.setup();
    let system = world.sides().first().map(Side::system);
    let is_ring = system.is_some_and(|system| system.level().is_some());
    let key = setup.names.get(usize::from(name));
    let key = key.map(|name| setup.space.show(name.key(setup.space)));
    let view = world.moment(name).into_iter().next();
    let group = view.into_iter().flat_map(|view| view.replicas);
    let group = group.filter(|replica| replica.is_of_group);
    Caption {
        tone: Tone::Calm,
        lead: Statement::Begins {
            nodes: setup.nodes.len() as u32,
            clients: setup.clients.len() as u32,
            name: describe::name_text(world, name),
            key: key.filter(|_| is_ring),
            keepers: group
                .map(|replica| setup.space.show(replica.node))
                .collect(),
        },
        rest: Vec::new(),
    }
}

fn call(history: &History, lever: Lever, place: usize, entry: &Entry<What>) -> Caption {
    let world = history.world();
    let Some((name, number)) = called(history, place) else {
        return begins(world, 0);
    };
    let lead = describe::call(world, name, number);
    let sides = shown(world, lever);
    let mut rest: Vec<Statement> = sides
        .filter_map(|side| describe::said(world, side, name, number))
        .collect();
    let verdict = |one: &Statement| match one {
        Statement::Ended { verdict, .. } => Some(verdict.clone()),
        _ => None,
    };
    let verdicts: Vec<Option<Judged>> = rest.iter().map(verdict).collect();
    let is_wrong = |one: &Option<Judged>| {
        matches!(one, Some(Judged::Stale { .. } | Judged::Conflicting { .. }))
    };
    let refuses = |one: &Option<Judged>| matches!(one, Some(Judged::Refused { .. }));
    let tone = match () {
        () if verdicts.iter().any(is_wrong) => Tone::Wrong,
        () if verdicts.iter().any(Option::is_none) => Tone::Asks,
        () if verdicts.iter().any(refuses) => Tone::Asks,
        () => Tone::Done,
    };
    // Why it is refused: as long as nothing has changed in the network since.
    let is_as_before = !history.entries()[place + 1..].iter().any(|later| {
        matches!(&later.what, What::Acted(action) if !matches!(action, Action::Call { .. }))
    });
    if verdicts.iter().any(refuses) && is_as_before {
        rest.extend(describe::reach(world, name));
    }
    // At the very moment of the call nobody has waited yet.
    rest.retain(|one| !matches!(one, Statement::Waits { since: 0, .. }));
    Caption {
        tone,
        lead: lead.unwrap_or_else(|| Statement::Lost {
            at: entry.at.as_micros(),
        }),
        rest,
    }
}

fn deed(history: &History, lever: Lever, name: u8, action: &Action, at: Instant) -> Caption {
    let world = history.world();
    let heals = match action {
        Action::Heal => true,
        Action::Cut(nodes) => nodes.is_empty(),
        _ => false,
    };
    let lead = describe::deed(world, action, at);
    Caption {
        tone: match action {
            _ if heals => Tone::Calm,
            Action::Restart(_) | Action::Call { .. } => Tone::Calm,
            _ => Tone::Asks,
        },
        lead: lead.unwrap_or_else(|| begins(world, name).lead),
        rest: match heals {
            true => agreements(history, lever, name),
            false => describe::reach(world, name).into_iter().collect(),
        },
    }
}

/// Whether the replicas agree, by system, since the last cut healed.
pub(super) fn agreements(history: &History, lever: Lever, name: u8) -> Vec<Statement> {
    let world = history.world();
    let Some(healed) = healed(history) else {
        return Vec::new();
    };
    shown(world, lever)
        .filter_map(|side| describe::agreement(world, side, name, healed))
        .collect()
}

/// Whether nothing is to come.
pub(super) fn is_over(history: &History, until: Instant) -> bool {
    history.next_at().is_none() || history.now() >= until
}

/// The systems that are shown.
pub(super) fn systems(world: &ConsistencyWorld, lever: Lever) -> Vec<System> {
    shown(world, lever).map(Side::system).collect()
}
