//! Putting a snapshot together.

use std::rc::Rc;

use chordscope_core::base::id::Id;
use chordscope_core::chord::ideal::IdealRing;
use chordscope_core::chord::route::{Mode, Routing};
use chordscope_sim::worlds::ring::action::Action;
use chordscope_sim::worlds::ring::trace::LookupTrace;

use crate::ring::engine::command::Way;
use crate::ring::engine::pace::Scene;
use crate::ring::engine::snapshot::{ChangeView, Question, ScenarioView, Snapshot};
use crate::ring::engine::statement::Statement;
use crate::ring::engine::tables::Health;
use crate::ring::engine::{Engine, change, follow, measure, story, tables};
use crate::scene::hit::Under;

impl Engine {
    /// The engine at this moment.
    pub fn snapshot(&self) -> Snapshot {
        let world = self.history.world();
        let now = world.now();
        let ideal = world.ideal();
        let trace = self.lookup();
        let change = self.change();
        let seen = self.seen(change.as_ref());
        let question = self.question();
        // What tells the answer is shown once it is given.
        let secret = question.map(|decision| decision.at);
        let health = Health::of(world);
        Snapshot {
            space: world.space(),
            scenarios: Rc::clone(&self.scenarios),
            scenario: self.scenario_view(),
            now: now.as_micros(),
            reached: self.history.end().as_micros(),
            end: self.history.end().as_micros().max(SHORTEST),
            playing: self.playing,
            can_continue: question.is_none() && !self.is_over(),
            speed: self.speed,
            nodes: Rc::new(tables::nodes(world, &self.story.crashed(world))),
            keys: Rc::new(tables::keys(world)),
            typed: self.typed.clone(),
            inspected: seen.map(|id| {
                let is_asked = question.is_some_and(|decision| decision.node == id);
                let taken = tables::taken(trace, id).filter(|_| !is_asked);
                tables::inspected(world, id, ideal.as_ref(), taken, self.story.fate(id, world))
            }),
            chosen: self.chosen.is_some(),
            choice: match &self.predict {
                Some(predict) if self.is_predicting() => predict.choice,
                _ => self.chosen,
            },
            hovered: self.hovered,
            claim: match self.hovered {
                Some(Under::Node(id) | Under::Arc(id)) => tables::claim(world, id),
                Some(Under::Key(_)) => None,
                None => self.chosen.and_then(|id| tables::claim(world, id)),
            },
            lookup: trace.map(|trace| {
                let ring = self.measures(trace, ideal.as_ref());
                follow::view(world, trace, self.lookup_shown(), ring)
            }),
            lookup_shown: self.lookup_shown(),
            caption: self.caption(change.as_ref(), &health),
            predicting: self.is_predicting(),
            change,
            events: story::lines(&self.history, self.upkeep_shown, secret),
            upkeep_shown: self.upkeep_shown,
            marks: self.story.marks(secret),
            violations: health.violations(),
            picture: health.picture(trace),
            health: health.checks(),
            counters: tables::counters(world, self.story.lost(world)),
            digest: world.digest(),
            branches: self.branch_rows(),
            can_undo: self.history.can_undo(),
            can_redo: self.history.can_redo(),
            notice: self.notice.clone(),
            refused: self.refused.clone(),
        }
    }

    /// What is going on, as far as the automatic speed cares.
    pub(super) fn scene(&self) -> Scene {
        let world = self.history.world();
        if self.is_under_way() {
            let waits = self.lookup().is_some_and(|trace| trace.wait.is_some());
            return if waits { Scene::Waiting } else { Scene::Lookup };
        }
        if world.nodes().any(|node| !node.membership().is_member()) {
            return Scene::Joining;
        }
        let unrepaired = self
            .change()
            .is_some_and(|change| change.right < change.rows.len());
        if unrepaired || !world.health().broken.is_empty() {
            return Scene::Repairing;
        }
        Scene::Quiet
    }

    /// What lookups take in this ring: told while it is stable and as it was when the lookup began.
    fn measures(&self, trace: &LookupTrace, ideal: Option<&IdealRing>) -> Vec<Statement> {
        let world = self.history.world();
        let state = tables::state(world, &Health::of(world), false);
        let is_stable = matches!(state, Statement::Stable { .. });
        let is_whole = world.nodes().all(|node| node.membership().is_member());
        let is_same = self.story.has_same_nodes_since(trace.first_entry, world);
        let is_told = is_stable && is_whole && is_same && self.lookup_shown();
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
        let told = [Some(linear), self.mean(ring), Some(formula)];
        told.into_iter().flatten().collect()
    }

    /// The mean of this ring's lookups, computed once as long as its nodes stay.
    fn mean(&self, ring: &IdealRing) -> Option<Statement> {
        let mut known = self.mean.borrow_mut();
        if known.0 != ring.ids() {
            *known = (ring.ids().to_vec(), measure::mean(ring));
        }
        known.1.clone()
    }

    pub(super) fn change(&self) -> Option<ChangeView> {
        let world = self.history.world();
        let deed = self.story.last_change(world)?;
        change::view(world, &self.story, &deed.what)
    }

    fn scenario_view(&self) -> ScenarioView {
        let scenario = self.history.setup();
        let show = |id: &Id| scenario.space.show(*id);
        ScenarioView {
            name: scenario.name.clone(),
            title: scenario.title.clone(),
            watch: scenario.watch.clone(),
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

    /// Whether the last change of members or network is more recent than the last lookup.
    fn change_is_latest(&self) -> bool {
        let change = self.story.last_turn(self.history.world());
        change.map(|change| change.entry) > self.lookup().map(|trace| trace.first_entry)
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
