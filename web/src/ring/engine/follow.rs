//! The lookup of interest: its view, its caption, its part of the moving layer.

use chordscope_core::base::id::Id;
use chordscope_core::chord::route::{Mode, Step};
use chordscope_sim::worlds::ring::RingWorld;
use chordscope_sim::worlds::ring::trace::{Decision, LookupTrace};

use crate::ring::engine::snapshot::{Caption, LookupView, Tone};
use crate::ring::engine::statement::{Stage, Statement};
use crate::ring::engine::tables;

/// The responsible node, as soon as the question has reached it.
fn owner(trace: &LookupTrace) -> Option<Id> {
    let here = |decision: &Decision| decision.step == Step::Here;
    let reached = trace.decisions.last().filter(|last| here(last));
    trace.owner.or_else(|| reached.map(|last| last.node))
}

/// The lookup, as the panels show it. `shown` tells whether the ring has not changed since it began.
pub(super) fn view(
    world: &RingWorld,
    trace: &LookupTrace,
    shown: bool,
    ring: Vec<Statement>,
) -> LookupView {
    let until = trace.finished.unwrap_or_else(|| world.now());
    let took = until.as_micros().saturating_sub(trace.started.as_micros());
    let owner = owner(trace);
    let stage = match (trace.finished, owner) {
        (Some(_), _) if trace.failed => Stage::Failed,
        (Some(_), _) if shown => Stage::Answered,
        (Some(_), _) => Stage::AnsweredEarlier,
        (None, Some(_)) => Stage::Answering,
        (None, None) => Stage::UnderWay,
    };
    LookupView {
        from: trace.id.0,
        key: trace.key,
        path: trace.path.clone(),
        owner,
        finished: trace.finished.is_some(),
        failed: trace.failed.then(|| failure(trace)),
        started: trace.started.as_micros(),
        took,
        progress: Statement::Progress {
            key: trace.key,
            stage,
        },
        measured: Statement::Measured {
            hops: hops(trace),
            micros: took,
            ended: trace.finished.is_some(),
        },
        ring,
    }
}

const fn hops(trace: &LookupTrace) -> usize {
    trace.path.len().saturating_sub(1)
}

/// Why a lookup failed.
fn failure(trace: &LookupTrace) -> Statement {
    let (from, key) = (trace.id.0, trace.key);
    if trace.stopped {
        return Statement::OriginStopped { from, key };
    }
    let ended = trace.finished.unwrap_or(trace.started);
    let micros = ended.as_micros().saturating_sub(trace.started.as_micros());
    Statement::NoAnswer { from, key, micros }
}

/// The last action of the lookup, and the rule of its decision.
pub(super) fn caption(world: &RingWorld, trace: &LookupTrace) -> Caption {
    let said = |tone, lead, rest| Caption { tone, lead, rest };
    let (from, key) = (trace.id.0, trace.key);
    if trace.failed {
        return said(Tone::Failed, failure(trace), Vec::new());
    }
    let Some(last) = trace.decisions.last() else {
        return said(Tone::Hop, Statement::LooksUp { from, key }, Vec::new());
    };
    if let Some(owner) = trace.owner.filter(|_| trace.finished.is_some()) {
        let (lead, tone) = match tables::responsible(world, key) {
            Some(right) if right != owner => {
                let hops = hops(trace);
                let lead = Statement::Misplaced {
                    hops,
                    owner,
                    key,
                    right,
                };
                (lead, Tone::Failed)
            }
            _ => {
                let hops = hops(trace);
                (Statement::Found { hops, owner, key }, Tone::Done)
            }
        };
        return said(tone, lead, why_owner(trace, owner));
    }
    if let Some(wait) = trace.wait {
        let waits = Statement::Waits {
            node: wait.node,
            silent: wait.silent,
            micros: wait
                .until
                .as_micros()
                .saturating_sub(wait.since.as_micros()),
        };
        return said(Tone::Hop, waits, vec![rule(trace, last)]);
    }
    let node = last.node;
    let misled = trace.leads_to.zip(last.next());
    let misled = misled.filter(|(to, decided)| to != decided);
    let lead = match (last.next(), misled) {
        (Some(to), _) if trace.asks_again => Statement::AsksAgain { origin: from, to },
        (_, Some((to, decided))) => Statement::Misroutes { node, to, decided },
        (None, _) => Statement::Answers {
            owner: node,
            origin: from,
        },
        // Nobody has it from this node.
        (Some(_), _) if !trace.driven && trace.leads_to.is_none() => {
            return said(Tone::Hop, rule(trace, last), Vec::new());
        }
        (Some(to), _) if !trace.driven => Statement::Forwards { node, to },
        (Some(to), _) if node == from => Statement::Asks { origin: from, to },
        (Some(to), _) => Statement::Refers {
            node,
            origin: from,
            to,
        },
    };
    let late = trace.driven && trace.mode == Mode::Recursive;
    let late = late.then_some(Statement::AsksItself { origin: from });
    let rest = std::iter::once(rule(trace, last)).chain(late);
    said(Tone::Hop, lead, rest.collect())
}

fn rule(trace: &LookupTrace, decision: &Decision) -> Statement {
    let (node, key) = (decision.node, trace.key);
    let beyond = |before: Id| !key.is_within(before, node);
    if decision.step == Step::Here && decision.predecessor.is_some_and(beyond) {
        return Statement::Owns { node, key };
    }
    Statement::Rule {
        key: trace.key,
        decision: decision.clone(),
    }
}

/// Why the owner is the owner, by its own decision or by that of the node before it.
fn why_owner(trace: &LookupTrace, owner: Id) -> Vec<Statement> {
    let made = trace.decisions.iter().rev();
    let own = made
        .clone()
        .find(|decision| decision.node == owner && decision.step == Step::Here);
    let named = || made.clone().find(|decision| decision.next() == Some(owner));
    let decision = own.or_else(named);
    decision
        .map(|decision| rule(trace, decision))
        .into_iter()
        .collect()
}
