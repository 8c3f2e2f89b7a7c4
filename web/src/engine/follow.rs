//! The lookup of interest: its view, its caption, its part of the moving layer.

use chordscope_core::base::id::{Id, Space};
use chordscope_core::chord::route::{Mode, Routing, Step};
use chordscope_core::sim::trace::{Decision, LookupTrace, Traffic};
use chordscope_core::sim::world::World;

use crate::engine::snapshot::{Caption, LookupView, Tone};
use crate::engine::story::RECEIPT;
use crate::scene::{Dot, Motion};

/// The lookup of interest: the one that the user asked for, while there is one; otherwise the last.
pub(super) fn current(world: &World, asked: Option<(Id, u64)>) -> Option<&LookupTrace> {
    let known = world.lookups();
    let asked = known.iter().rev().find(|trace| Some(trace.id) == asked);
    asked.or_else(|| known.last())
}

/// The responsible node, as soon as the question has reached it.
fn owner(trace: &LookupTrace) -> Option<Id> {
    let here = |decision: &Decision| decision.step == Step::Here;
    let reached = trace.decisions.last().filter(|last| here(last));
    trace.owner.or_else(|| reached.map(|last| last.node))
}

/// The lookup, as the panels show it.
pub(super) fn view(world: &World, trace: &LookupTrace, linear_hops: usize) -> LookupView {
    let until = trace.finished.unwrap_or_else(|| world.now());
    LookupView {
        from: trace.id.0,
        key: trace.key,
        path: trace.path.clone(),
        owner: owner(trace),
        finished: trace.finished.is_some(),
        failed: trace.failed.then(|| {
            "No answer came. Look it up again once upkeep has repaired the ring.".to_owned()
        }),
        started: trace.started.as_micros(),
        took: until.as_micros().saturating_sub(trace.started.as_micros()),
        linear_hops,
        linear: trace.routing == Routing::Linear,
    }
}

/// What the lookup did last, and by which rule.
pub(super) fn caption(world: &World, trace: &LookupTrace) -> Caption {
    let space = world.space();
    let show = |id| space.show(id);
    let (from, key) = (show(trace.id.0), show(trace.key));
    let said = |tone, lead, rest| Caption { tone, lead, rest };
    if trace.failed {
        let rest = "Nodes on the way did not answer, or the one that asked has stopped. Upkeep will mend the ring; then ask again."
            .to_owned();
        return said(Tone::Failed, format!("The lookup of {key} failed."), rest);
    }
    let Some(last) = trace.decisions.last() else {
        let rest = "It decides by its own tables where to ask.".to_owned();
        return said(
            Tone::Hop,
            format!("Node {from} wants to know who is responsible for {key}."),
            rest,
        );
    };
    let rule = last.explain(space, trace.key);
    if trace.finished.is_some() {
        let hops = trace.path.len().saturating_sub(1);
        let owner = owner(trace).map_or_else(String::new, show);
        let unit = if hops == 1 { "hop" } else { "hops" };
        let lead = format!("Found in {hops} {unit}: node {owner} is responsible for {key}.");
        return said(Tone::Done, lead, why_owner(space, trace, &rule));
    }
    let at = show(last.node);
    match last.next() {
        None => said(
            Tone::Done,
            format!("Node {at} is responsible."),
            format!(
                "{} It answers node {from} directly.",
                why_owner(space, trace, &rule)
            ),
        ),
        Some(next) => {
            let next = show(next);
            let verb = match (trace.mode, last.node == trace.id.0) {
                (_, true) => format!("Node {at} asks {next}."),
                (Mode::Recursive, false) => format!("Node {at} passes the question on to {next}."),
                (Mode::Iterative, false) => {
                    format!("Node {at} names {next}, and node {from} asks there.")
                }
            };
            said(Tone::Hop, verb, rule)
        }
    }
}

/// Why the owner is the owner, by its own decision.
fn why_owner(space: Space, trace: &LookupTrace, rule: &str) -> String {
    let own = trace
        .decisions
        .iter()
        .rev()
        .find(|decision| decision.step == Step::Here);
    let part = own.and_then(|own| Some((own.predecessor?, own.node)));
    part.map_or_else(
        || rule.to_owned(),
        |(after, upto)| {
            let (key, after, upto) = (space.show(trace.key), space.show(after), space.show(upto));
            format!("{key} is in ({after}, {upto}], its part of the ring.")
        },
    )
}

/// The row of a node's table that the lookup took there.
pub(super) fn row_used(trace: Option<&LookupTrace>, node: Id) -> Option<u8> {
    let decision = trace?
        .decisions
        .iter()
        .rev()
        .find(|decision| decision.node == node)?;
    match &decision.step {
        Step::Finger { row, .. } => Some(*row),
        // The successor is the first row's node.
        Step::Owner(_) => Some(1),
        _ => None,
    }
}

/// The moving layer: hops of the lookup, if it is shown, and messages under way. A prediction hides the answer.
pub(super) fn motion(world: &World, trace: Option<&LookupTrace>, hide: bool) -> Motion {
    let (space, now) = (world.space(), world.now());
    let path = trace.map_or(&[][..], |trace| trace.path.as_slice());
    let hops = path
        .windows(2)
        .map(|pair| (space.turn(pair[0]), space.turn(pair[1])))
        .collect();
    let id = trace.map(|trace| trace.id);
    let dots = world.in_flight().map(|parcel| Dot {
        from: space.turn(parcel.from),
        to: space.turn(parcel.to),
        share: parcel.progress(now),
        // A receipt belongs to the lookup, but moves it no further.
        lookup: parcel.lookup.is_some() && parcel.lookup == id && parcel.label != RECEIPT,
        answer: parcel.answer || parcel.label == "found",
        upkeep: parcel.traffic == Traffic::Upkeep || parcel.label == RECEIPT,
    });
    Motion {
        hops,
        dots: dots.filter(|dot| !(hide && dot.lookup)).collect(),
    }
}
