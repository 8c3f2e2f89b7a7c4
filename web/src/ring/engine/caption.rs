//! The caption below the stage: what happened last, and why.

use chordscope_core::base::time::Instant;
use chordscope_core::node::api::Event;
use chordscope_sim::worlds::ring::trace::{Entry, Traffic, What};

use crate::player::Played;
use crate::ring::engine::pace::Scene;
use crate::ring::engine::run::Run;
use crate::ring::engine::snapshot::{Caption, ChangeView, Tone};
use crate::ring::engine::statement::{Advice, Fate, Statement};
use crate::ring::engine::tables::Health;
use crate::ring::engine::{follow, tables};

/// Of more members whose successors are gone, a caption does not tell.
const DEAD: usize = 2;

/// The caption: the last event and its reason.
pub(super) fn of(run: &Run, change: Option<&ChangeView>, health: &Health) -> Caption {
    let trace = run.lookup();
    if let Some(trace) = trace
        && let Some(predict) = run.following().speaks(trace)
    {
        return predict.caption(trace);
    }
    let mut caption = match trace.filter(|_| !ring_is_latest(run)) {
        Some(trace) => follow::caption(run.world(), trace),
        None => of_ring(run, change, health),
    };
    if let Some(entry) = happened(run) {
        caption.rest.push(Statement::Happened(entry.clone()));
    }
    let calm = run.calm_for().filter(|_| !run.is_under_way());
    caption.rest.extend(calm.map(Statement::Unchanged));
    if run.has_ended() {
        caption.rest.push(Statement::Ended);
    }
    caption
}

/// The effect of the last deed on the ring, and the state of the ring.
fn of_ring(run: &Run, change: Option<&ChangeView>, health: &Health) -> Caption {
    let world = run.world();
    let deed = run.story().last_deed(world).map(|deed| &deed.what);
    let mut said = Vec::new();
    let mut joins = false;
    match (deed, change) {
        (Some(deed), Some(change)) if deed.changes_members() => {
            let last = || change.titles.last().cloned();
            let title = together(run).or_else(last);
            let title = title.unwrap_or_else(|| Statement::Done(deed.clone()));
            joins = matches!(
                title,
                Statement::Joins(_)
                    | Statement::Together {
                        fate: Fate::Join,
                        ..
                    }
            );
            said.push(title);
            if joins {
                said.push(Statement::Placing(world.scenario().protocol));
            } else {
                said.extend(change.affected.clone());
            }
        }
        (Some(deed), _) => said.push(Statement::Done(deed.clone())),
        (None, _) => {}
    }
    let state = state(run, health);
    let torn = matches!(state, Statement::Violated { .. });
    if torn && run.has_ended() {
        // What became of it is what an end tells.
        said.clear();
    }
    let updated = change.is_none_or(|change| change.right == change.rows.len());
    let tone = match &state {
        Statement::Violated { .. } | Statement::NoMember => Tone::Failed,
        Statement::Lagging => Tone::Hop,
        _ if !updated || run.scene() == Scene::Joining => Tone::Hop,
        _ if deed.is_some() => Tone::Done,
        _ => Tone::Calm,
    };
    let lags = state == Statement::Lagging;
    // Who joins is no member yet, and the ring is as it was.
    if !joins || !matches!(state, Statement::Stable { .. }) {
        said.push(state);
    }
    if torn {
        said.extend(tables::dead_successors(world).take(DEAD));
    }
    let rounds = world.scenario().upkeep.as_ref().filter(|_| lags);
    said.extend(rounds.map(|every| Statement::Rounds(u64::from(every.stabilize_ms) * 1_000)));
    if let Some(at) = run.planned() {
        let micros = at.as_micros();
        said.push(match run.plans_at(at) {
            true => Statement::GoesOn(micros),
            false => Statement::ActionAhead(micros),
        });
    } else if deed.is_none() {
        said.push(Statement::Advice(Advice::LookUpOrChange));
    }
    let lead = said.remove(0);
    Caption {
        tone,
        lead,
        rest: said,
    }
}

/// The event of the moment that the user stepped to, unless the caption tells it anyway.
fn happened(run: &Run) -> Option<&Entry> {
    if !run.is_stepped_to() {
        return None;
    }
    let now = run.history().now();
    let entries = run.history().entries().iter().rev();
    let mut here = entries.take_while(|entry| entry.at == now);
    here.find(|entry| entry.is_notable() && !is_told(entry))
}

/// The state of the ring.
fn state(run: &Run, health: &Health) -> Statement {
    let world = run.world();
    let cut = run.story().is_cut(world);
    let paused = world.nodes().any(|node| world.is_paused(node.id()));
    tables::state(world, health, cut || paused)
}

/// Several nodes that came or went at once, with what they have come to.
fn together(run: &Run) -> Option<Statement> {
    let (nodes, fate) = run.story().together(run.world())?;
    (nodes.len() > 1).then_some(Statement::Together { nodes, fate })
}

/// Whether the ring is what happened to last: a deed since the last lookup began, or a change of the ring since it ended.
fn ring_is_latest(run: &Run) -> bool {
    let world = run.world();
    let deed = run.story().last_deed(world);
    let Some(trace) = run.lookup() else {
        return true;
    };
    if let Some(ended) = trace.last_entry {
        let news = run.story().last_news(world).map(|news| news.entry);
        return deed.map(|deed| deed.entry).max(news) > Some(ended);
    }
    let decided = trace.decisions.last().map(|decision| decision.entry);
    let decided = decided.unwrap_or(trace.first_entry);
    // What is lost was sent before it was known to be.
    let waits = |deed: Instant| trace.wait.is_some_and(|wait| deed <= wait.since);
    deed.is_some_and(|deed| deed.entry > decided && !waits(deed.at))
}

/// Whether a caption tells this: deeds, and what lookups do.
const fn is_told(entry: &Entry) -> bool {
    match &entry.what {
        What::Acted(_) => true,
        What::Delivered(parcel) | What::Lost(parcel) => matches!(parcel.traffic, Traffic::Lookup),
        What::Node(_, event) => matches!(event, Event::LookupEnded(..)),
        _ => false,
    }
}
