//! The caption below the stage: what happened last, and why.

use chordscope_core::base::time::Instant;
use chordscope_core::node::api::Event;
use chordscope_sim::worlds::ring::trace::{Entry, Traffic, What};

use crate::ring::engine::pace::Scene;
use crate::ring::engine::snapshot::{Caption, ChangeView, Tone};
use crate::ring::engine::statement::{Advice, Fate, Statement};
use crate::ring::engine::tables::Health;
use crate::ring::engine::{Engine, follow, tables};

/// Of more members whose successors are gone, a caption does not tell.
const DEAD: usize = 2;
/// After so many microseconds in which nothing but stabilization happened, nothing more is waited for.
const CALM: u64 = 30_000_000;

impl Engine {
    /// What happened last, and why.
    pub(super) fn caption(&self, change: Option<&ChangeView>, health: &Health) -> Caption {
        let world = self.history.world();
        let mut caption = match (self.lookup(), &self.predict) {
            (Some(trace), Some(predict)) if predict.speaks(trace) => {
                return predict.caption(trace);
            }
            (Some(trace), _) if !self.ring_is_latest() => follow::caption(world, trace),
            _ => self.ring_caption(change, health),
        };
        if let Some(entry) = self.happened() {
            caption.rest.push(Statement::Happened(entry.clone()));
        }
        let calm = self.calm_for().filter(|_| !self.is_under_way());
        caption.rest.extend(calm.map(Statement::Unchanged));
        if self.has_ended() {
            caption.rest.push(Statement::Ended);
        }
        caption
    }

    /// What became of the ring by the last deed, and how it is.
    fn ring_caption(&self, change: Option<&ChangeView>, health: &Health) -> Caption {
        let world = self.history.world();
        let deed = self.story.last_deed(world).map(|deed| &deed.what);
        let mut said = Vec::new();
        let mut joins = false;
        match (deed, change) {
            (Some(deed), Some(change)) if deed.changes_members() => {
                let last = || change.titles.last().cloned();
                let title = self.together().or_else(last);
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
        let state = self.state(health);
        let torn = matches!(state, Statement::Violated { .. });
        if torn && self.has_ended() {
            // What became of it is what an end tells.
            said.clear();
        }
        let updated = change.is_none_or(|change| change.right == change.rows.len());
        let tone = match &state {
            Statement::Violated { .. } | Statement::NoMember => Tone::Failed,
            Statement::Lagging => Tone::Hop,
            _ if !updated || self.scene() == Scene::Joining => Tone::Hop,
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
        if let Some(at) = self.planned() {
            said.push(Statement::GoesOn(at.as_micros()));
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

    /// What happened at the moment that the user stepped to, unless the caption tells it anyway.
    fn happened(&self) -> Option<&Entry> {
        let now = self.history.now();
        if self.stepped != Some(now) {
            return None;
        }
        let entries = self.history.entries().iter().rev();
        let mut here = entries.take_while(|entry| entry.at == now);
        here.find(|entry| entry.is_notable() && !is_told(entry))
    }

    /// How the ring is.
    fn state(&self, health: &Health) -> Statement {
        let world = self.history.world();
        let cut = self.story.is_cut(world);
        let paused = world.nodes().any(|node| world.is_paused(node.id()));
        tables::state(world, health, cut || paused)
    }

    /// Several nodes that came or went at once, with what they have come to.
    fn together(&self) -> Option<Statement> {
        let (nodes, fate) = self.story.together(self.history.world())?;
        (nodes.len() > 1).then_some(Statement::Together { nodes, fate })
    }

    /// When the scenario goes on, if it has something ahead.
    fn planned(&self) -> Option<Instant> {
        let all = self.history.actions().iter().map(|timed| timed.at);
        all.filter(|at| *at > self.history.now()).min()
    }

    /// Whether the scenario has something ahead.
    pub(super) fn is_planned(&self) -> bool {
        self.planned().is_some()
    }

    /// Whether the scenario is over: all that was planned is done, and what it set off has come to its end, or time has. That stays so,
    /// whatever stabilization brings later.
    pub(super) fn has_ended(&self) -> bool {
        let (scenario, now) = (self.history.setup(), self.history.now());
        if self.history.actions() != scenario.actions {
            return false;
        }
        if self.ended.get().is_some_and(|at| at <= now) {
            return true;
        }
        if self.is_planned() || self.is_under_way() {
            return false;
        }
        let done = !scenario.actions.is_empty() && self.scene() == Scene::Quiet;
        let ended = done || now >= scenario.until || self.calm_for().is_some();
        if ended {
            self.ended.set(Some(now));
        }
        ended
    }

    /// Whether there is no next step: the scenario is over, or what the user did has come to its end.
    pub(super) fn is_over(&self) -> bool {
        let own = self.history.actions() != self.history.setup().actions;
        let is_done = || !self.is_planned() && self.scene() == Scene::Quiet;
        self.has_ended() || own && is_done()
    }

    /// How long nothing but stabilization has happened, if that is long, in microseconds: whole stretches.
    pub(super) fn calm_for(&self) -> Option<u64> {
        let now = self.history.now();
        if self.is_planned() {
            return None;
        }
        let ended = self.lookup().and_then(|trace| trace.finished);
        let news = self.story.last_news(self.history.world());
        let last = news.map(|news| news.at).max(ended);
        let calm = now.since(last.unwrap_or(Instant::ZERO)).as_micros();
        let stretches = u64::try_from(calm).unwrap_or(u64::MAX) / CALM;
        (stretches > 0).then_some(stretches * CALM)
    }

    /// Whether the ring is what happened to last: a deed since the last lookup began, or a change of the ring since it ended.
    pub(super) fn ring_is_latest(&self) -> bool {
        let world = self.history.world();
        let deed = self.story.last_deed(world);
        let Some(trace) = self.lookup() else {
            return true;
        };
        if let Some(ended) = trace.last_entry {
            let news = self.story.last_news(world).map(|news| news.entry);
            return deed.map(|deed| deed.entry).max(news) > Some(ended);
        }
        let decided = trace.decisions.last().map(|decision| decision.entry);
        let decided = decided.unwrap_or(trace.first_entry);
        // What is lost was sent before it was known to be.
        let waits = |deed: Instant| trace.wait.is_some_and(|wait| deed <= wait.since);
        deed.is_some_and(|deed| deed.entry > decided && !waits(deed.at))
    }
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
