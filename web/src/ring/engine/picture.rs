//! Putting a snapshot together.

use std::rc::Rc;

use chordscope_core::base::id::Id;
use chordscope_core::chord::ideal::IdealRing;
use chordscope_core::chord::route::{Mode, Routing};
use chordscope_core::node::Node;
use chordscope_sim::worlds::ring::action::Action;
use chordscope_sim::worlds::ring::scenario::Scenario;
use chordscope_sim::worlds::ring::trace::LookupTrace;

use crate::player::Played;
use crate::ring::engine::command::Way;
use crate::ring::engine::run::Run;
use crate::ring::engine::snapshot::{ChangeView, Question, ScenarioView, Snapshot};
use crate::ring::engine::statement::Statement;
use crate::ring::engine::tables::Health;
use crate::ring::engine::{Engine, caption, follow, measure, story, tables};
use crate::scene::hit::Under;

/// The engine at this moment.
pub(super) fn of(engine: &Engine) -> Snapshot {
    let (run, focus) = (engine.player.run(), &engine.focus);
    let (world, told) = (run.world(), run.story());
    let ideal = world.ideal();
    let trace = run.lookup();
    let change = run.change();
    let seen = focus
        .chosen
        .or_else(|| where_it_happens(run, change.as_ref()));
    let question = run.following().question(world);
    // What tells the answer is shown once it is given.
    let secret = question.map(|decision| decision.at);
    let health = Health::of(world);
    let is_predicting = run.is_predicting();
    let lookup = trace.map(|trace| {
        let ring = measures(run, trace, ideal.as_ref(), &engine.mean);
        follow::view(world, trace, run.lookup_shown(), ring)
    });
    let followed = lookup.as_ref();
    let followed = followed.map(|lookup| (lookup.started, lookup.started + lookup.took));
    Snapshot {
        space: world.space(),
        scenarios: Rc::clone(&engine.scenarios),
        scenario: scenario_view(run.history().setup(), run.is_own()),
        time: Rc::new(engine.player.view(told.ticks(secret), followed)),
        nodes: Rc::new(tables::nodes(world, &told.crashed(world))),
        keys: Rc::new(tables::keys(world)),
        typed: focus.typed.clone(),
        inspected: seen.map(|id| {
            let is_asked = question.is_some_and(|decision| decision.node == id);
            let taken = tables::taken(trace, id).filter(|_| !is_asked);
            tables::inspected(world, id, ideal.as_ref(), taken, told.fate(id, world))
        }),
        chosen: focus.chosen.is_some(),
        choice: if is_predicting {
            run.following().choice()
        } else {
            focus.chosen
        },
        hovered: focus.hovered,
        claim: match focus.hovered {
            Some(Under::Node(id) | Under::Arc(id)) => tables::claim(world, id),
            Some(Under::Key(_)) => None,
            None => focus.chosen.and_then(|id| tables::claim(world, id)),
        },
        lookup,
        lookup_shown: run.lookup_shown(),
        caption: caption::of(run, change.as_ref(), &health),
        predicting: is_predicting,
        change,
        events: story::lines(run.history(), focus.upkeep_shown, secret),
        upkeep_shown: focus.upkeep_shown,
        violations: health.violations(),
        picture: health.picture(trace),
        health: health.checks(),
        counters: tables::counters(world, told.lost(world)),
        digest: world.digest(),
        refused: engine.refused.clone(),
    }
}

/// The cost of lookups in this ring: told while it is stable and as it was when the lookup began.
fn measures(
    run: &Run,
    trace: &LookupTrace,
    ideal: Option<&IdealRing>,
    mean: &measure::Mean,
) -> Vec<Statement> {
    let world = run.world();
    let state = tables::state(world, &Health::of(world), false);
    let is_stable = matches!(state, Statement::Stable { .. });
    let is_whole = world.nodes().all(|node| node.membership().is_member());
    let is_same = run.story().has_same_nodes_since(trace.first_entry, world);
    let is_told = is_stable && is_whole && is_same && run.lookup_shown();
    let Some(ring) = ideal.filter(|_| is_told) else {
        return Vec::new();
    };
    if trace.routing == Routing::Linear {
        return Vec::new();
    }
    let linear = ring.path(trace.id.0, trace.key, Routing::Linear);
    let linear = Statement::Linear {
        hops: linear.len() - 1,
    };
    let formula = measure::formula(ring.ids().len());
    let told = [Some(linear), mean.of(ring), Some(formula)];
    told.into_iter().flatten().collect()
}

fn scenario_view(scenario: &Scenario, is_own: bool) -> ScenarioView {
    let show = |id: &Id| scenario.space.show(*id);
    ScenarioView {
        name: scenario.name.clone(),
        title: scenario.title.clone(),
        // It is about what the scenario does, and the user has done something else.
        watch: match is_own {
            true => String::new(),
            false => scenario.watch.clone(),
        },
        asks: scenario
            .actions
            .iter()
            .find_map(|timed| match &timed.action {
                Action::Lookup {
                    from,
                    key,
                    routing,
                    mode,
                } => Some(Question {
                    key: show(key),
                    from: show(from),
                    way: Way {
                        linear: *routing == Routing::Linear,
                        iterative: *mode == Mode::Iterative,
                    },
                }),
                _ => None,
            }),
    }
}

/// The node that things happen at.
fn where_it_happens(run: &Run, change: Option<&ChangeView>) -> Option<Id> {
    let latest = if run.change_is_latest() {
        change.map(|change| change.node)
    } else {
        run.lookup().and_then(|trace| trace.path.last().copied())
    };
    latest.or_else(|| run.world().nodes().next().map(Node::id))
}
