//! Putting a snapshot together.

use std::rc::Rc;

use chordscope_core::base::id::Id;
use chordscope_core::chord::route::Routing;
use chordscope_core::sim::action::Action;

use crate::engine::pace::Scene;
use crate::engine::snapshot::{ChangeView, ScenarioView, Snapshot};
use crate::engine::{Engine, change, follow, story, tables};

impl Engine {
    /// The engine at this moment.
    pub fn snapshot(&self) -> Snapshot {
        let world = self.history.world();
        let now = world.now();
        let ideal = world.ideal();
        let trace = self.lookup();
        let linear = trace.zip(ideal.as_ref()).map_or(0, |(trace, ring)| {
            ring.path(trace.id.0, trace.key, Routing::Linear).len() - 1
        });
        let change = self.change();
        let seen = self.seen(change.as_ref());
        let question = self.question();
        // What tells the answer is shown once it is given.
        let secret = question.map(|decision| decision.at);
        Snapshot {
            space: world.space(),
            scenarios: Rc::clone(&self.scenarios),
            scenario: self.scenario_view(),
            now: now.as_micros(),
            end: self.history.end().as_micros().max(SHORTEST),
            playing: self.playing,
            speed: self.speed,
            nodes: Rc::new(tables::nodes(world, &self.story.crashed(now))),
            keys: Rc::new(tables::keys(world)),
            inspected: seen.map(|id| {
                let is_asked = question.is_some_and(|decision| decision.node == id);
                let used = follow::row_used(trace, id).filter(|_| !is_asked);
                tables::inspected(world, id, ideal.as_ref(), used)
            }),
            chosen: self.chosen.is_some(),
            hovered: self.hovered.map(|id| (id, tables::predecessor(world, id))),
            lookup: trace.map(|trace| follow::view(world, trace, linear)),
            lookup_shown: self.lookup_shown(),
            caption: self.caption(change.as_ref()).brief(),
            predicting: self.predict.is_some(),
            change,
            events: story::lines(&self.history, self.upkeep_shown, secret),
            upkeep_shown: self.upkeep_shown,
            marks: self.story.marks(secret),
            health: tables::health(world),
            counters: tables::counters(world, self.story.lost(now)),
            digest: world.digest(),
            refused: self.refused.clone(),
        }
    }

    /// What is going on, as far as the automatic speed cares.
    pub(super) fn scene(&self) -> Scene {
        let world = self.history.world();
        if self.is_under_way() {
            return Scene::Lookup;
        }
        if world.nodes().any(|node| !node.membership().is_member()) {
            return Scene::Joining;
        }
        let unrepaired = self
            .change()
            .is_some_and(|change| change.repaired < change.rows.len());
        if unrepaired || !world.health().broken.is_empty() {
            return Scene::Repairing;
        }
        Scene::Quiet
    }

    fn change(&self) -> Option<ChangeView> {
        let world = self.history.world();
        let (_, deed) = self.story.last_change(world.now())?;
        change::view(world, deed)
    }

    fn scenario_view(&self) -> ScenarioView {
        let scenario = self.history.scenario();
        let show = |id: &Id| scenario.space.show(*id);
        ScenarioView {
            name: scenario.name.clone(),
            title: scenario.title.clone(),
            watch: scenario.watch.clone(),
            asks: scenario
                .actions
                .iter()
                .find_map(|timed| match &timed.action {
                    Action::Lookup { from, key, .. } => Some((show(key), show(from))),
                    _ => None,
                }),
        }
    }

    /// Whether the last change of membership is more recent than the last lookup.
    pub(super) fn change_is_latest(&self) -> bool {
        let world = self.history.world();
        let change = self.story.last_change(world.now()).map(|(at, _)| at);
        change > self.lookup().map(|trace| trace.started)
    }

    /// Whether the stage shows the last lookup: a change of the ring sets it aside.
    pub(super) fn lookup_shown(&self) -> bool {
        self.is_under_way() || !self.change_is_latest()
    }

    /// The node whose tables are shown: the chosen one, or the one that things happen at.
    fn seen(&self, change: Option<&ChangeView>) -> Option<Id> {
        let world = self.history.world();
        let latest = if self.change_is_latest() {
            change.map(|change| change.node)
        } else {
            self.lookup().and_then(|trace| trace.path.last().copied())
        };
        self.chosen
            .or(latest)
            .or_else(|| world.nodes().next().map(chordscope_core::node::Node::id))
    }
}

/// The timeline is never shorter than this, in microseconds: a first step should not look like a journey's end.
const SHORTEST: u64 = 700_000;
