//! The caption below the stage: what the visitor asked or did, and what the ring has made of it so far.

use std::mem;

use chordscope_core::base::id::Id;
use chordscope_core::chord::route::Routing;
use chordscope_sim::worlds::ring::RingWorld;
use chordscope_sim::worlds::ring::trace::{Decision, LookupTrace};

use crate::home::engine::goals::{Goal, Goals};
use crate::home::engine::lesson::KEY;
use crate::home::engine::reading;
use crate::home::engine::run::{About, Deed, Run};
use crate::home::engine::statement::Statement;

/// The mood of a caption: it chooses its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    Calm,
    /// A question to the visitor.
    Ask,
    /// A lookup, or a change, is under way.
    Busy,
    /// Reached.
    Done,
    /// Not so, or not answered.
    Wrong,
}

/// The caption.
#[derive(Clone, Debug, PartialEq)]
pub struct Caption {
    /// Its mood.
    pub tone: Tone,
    /// The event.
    pub lead: Statement,
    /// Why, and what follows.
    pub rest: Vec<Statement>,
}

impl Caption {
    fn new(tone: Tone, lead: Statement, rest: impl IntoIterator<Item = Statement>) -> Self {
        Self {
            tone,
            lead,
            rest: rest.into_iter().collect(),
        }
    }

    /// The sentences, in order.
    pub fn statements(&self) -> impl Iterator<Item = &Statement> {
        [&self.lead].into_iter().chain(&self.rest)
    }

    /// Whether another one says the same of other nodes.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        mem::discriminant(&self.lead) == mem::discriminant(&other.lead)
    }
}

/// The caption of a moment. Where nothing was done yet, it asks for the next of the `goals`.
pub(super) fn of(run: &Run, goals: Option<&Goals>) -> Caption {
    let world = run.world();
    match run.about() {
        About::Ring => {
            let stabilizes = reading::stabilizes(world);
            match goals.and_then(Goals::next) {
                Some(Goal::Choose) => {
                    let asks = Statement::Asks { key: KEY };
                    Caption::new(Tone::Ask, asks, [stabilizes])
                }
                _ => Caption::new(Tone::Calm, stabilizes, []),
            }
        }
        About::Node(node) => chosen(world, node),
        About::Lookup => match run.lookup() {
            Some(trace) => lookup(world, trace),
            None => Caption::new(Tone::Calm, reading::stabilizes(world), []),
        },
        About::Change(deed, before) => change(world, deed, before),
    }
}

fn chosen(world: &RingWorld, node: Id) -> Caption {
    let kept = reading::kept(world, node);
    if reading::keeps(world, node, KEY) {
        let lead = Statement::IsKeeper { node, key: KEY };
        return Caption::new(Tone::Done, lead, [kept]);
    }
    let rest = matches!(kept, Statement::Keeps { .. }).then_some(Statement::NotAmong { key: KEY });
    Caption::new(Tone::Wrong, kept, rest)
}

fn lookup(world: &RingWorld, trace: &LookupTrace) -> Caption {
    let (from, key) = (trace.id.0, trace.key);
    if trace.failed {
        return Caption::new(Tone::Wrong, Statement::Unanswered { from, key }, []);
    }
    if let (Some(owner), Some(finished)) = (trace.owner, trace.finished) {
        let micros = finished.since(trace.started).as_micros();
        let found = Statement::Found {
            key,
            owner,
            hops: trace.path.len().saturating_sub(1),
            micros: u64::try_from(micros).unwrap_or(u64::MAX),
        };
        let way = Statement::Way {
            path: trace.path.clone(),
        };
        let there = |id: Id| {
            world
                .node(id)
                .is_some_and(|node| node.membership().is_member())
        };
        let linear = world.ideal().filter(|_| there(from)).map(|ring| {
            let path = ring.path(from, key, Routing::Linear);
            Statement::ByNeighbours {
                hops: path.len().saturating_sub(1),
            }
        });
        return Caption::new(Tone::Done, found, [Some(way), linear].into_iter().flatten());
    }
    let Some(last) = trace.decisions.last() else {
        return Caption::new(Tone::Busy, Statement::LooksUp { from, key }, []);
    };
    let rule = Statement::Rule {
        key,
        decision: last.clone(),
    };
    if let Some(wait) = trace.wait {
        let waits = Statement::WaitsFor {
            node: wait.node,
            silent: wait.silent,
        };
        return Caption::new(Tone::Busy, waits, [rule]);
    }
    match forwarded(trace, last) {
        Some(lead) => Caption::new(Tone::Busy, lead, [rule]),
        None => Caption::new(Tone::Busy, rule, []),
    }
}

/// The act of a node that hands a lookup on itself, or answers it.
fn forwarded(trace: &LookupTrace, last: &Decision) -> Option<Statement> {
    let node = last.node;
    match last.next() {
        None => Some(Statement::Answers {
            owner: node,
            origin: trace.id.0,
        }),
        Some(to) => (!trace.driven && trace.leads_to == Some(to))
            .then_some(Statement::Forwards { node, to }),
    }
}

/// The consequences of a change so far.
fn change(world: &RingWorld, deed: Deed, before: Option<Id>) -> Caption {
    let (node, lead) = match deed {
        Deed::Insert(node) => (node, Statement::Joins { node }),
        Deed::Crash(node) => (node, Statement::Crashed { node }),
    };
    let is_member = world
        .node(node)
        .is_some_and(|node| node.membership().is_member());
    if matches!(deed, Deed::Insert(_)) && !is_member {
        return Caption::new(Tone::Busy, lead, []);
    }
    let [keeper] = reading::keepers(world, KEY)[..] else {
        let open = match reading::keepers(world, KEY).is_empty() {
            true => Statement::Nobody { key: KEY },
            false => Statement::Several {
                key: KEY,
                nodes: reading::keepers(world, KEY),
            },
        };
        return Caption::new(Tone::Busy, lead_of(deed), [open]);
    };
    let fingers = Statement::Fingers {
        wrong: reading::wrong_fingers(world),
    };
    let kept = reading::kept(world, keeper);
    match before {
        Some(before) if before != keeper => {
            let lead = Statement::KeepsNow {
                node: keeper,
                key: KEY,
            };
            Caption::new(Tone::Done, lead, [kept, fingers])
        }
        _ => Caption::new(Tone::Calm, lead_of(deed), [kept, fingers]),
    }
}

/// The change itself, once a newcomer has joined.
const fn lead_of(deed: Deed) -> Statement {
    match deed {
        Deed::Insert(node) => Statement::Joined { node },
        Deed::Crash(node) => Statement::Crashed { node },
    }
}
