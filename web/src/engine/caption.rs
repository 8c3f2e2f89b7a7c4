//! The caption below the stage: what happened last, and why.

use chordscope_core::base::time::Instant;
use chordscope_core::node::api::Event;
use chordscope_sim::trace::{Entry, Traffic, What};

use crate::engine::pace::Scene;
use crate::engine::snapshot::{Caption, ChangeView, Tone};
use crate::engine::statement::{Advice, Statement};
use crate::engine::{Engine, follow, tables};

/// After so many microseconds in which nothing but stabilization happened, nothing more is waited for.
const CALM: u64 = 30_000_000;

impl Engine {
    /// What happened last, and why.
    pub(super) fn caption(&self, change: Option<&ChangeView>) -> Caption {
        let world = self.history.world();
        let mut caption = match (self.lookup(), &self.predict) {
            (Some(trace), Some(predict)) if predict.speaks(trace) => {
                return predict.caption(trace);
            }
            (Some(trace), _) if !self.ring_is_latest() => follow::caption(world, trace),
            _ => self.ring_caption(change),
        };
        if let Some(entry) = self.happened() {
            caption.rest.push(Statement::Happened(entry.clone()));
        }
        if self.has_ended() {
            caption.rest.push(Statement::Ended);
        } else if let Some(calm) = self.calm_for().filter(|_| !self.is_under_way()) {
            caption.rest.push(Statement::Unchanged(calm));
        }
        caption
    }

    /// What became of the ring by the last deed, and how it is.
    fn ring_caption(&self, change: Option<&ChangeView>) -> Caption {
        let world = self.history.world();
        let deed = self.story.last_deed(world.now()).map(|(_, deed)| deed);
        let mut said = Vec::new();
        match (deed, change) {
            (Some(deed), Some(change)) if deed.changes_members() => {
                said.push(change.title.clone());
                if matches!(change.title, Statement::Joins(_)) {
                    said.push(Statement::Placing(world.scenario().protocol));
                }
                said.extend(change.affected.clone());
            }
            (Some(deed), _) => said.push(Statement::Done(deed.clone())),
            (None, _) => {}
        }
        let state = self.state();
        let updated = change.is_none_or(|change| change.updated == change.rows.len());
        let tone = match &state {
            Statement::Violated { .. } | Statement::NoMember => Tone::Failed,
            Statement::Lagging { .. } => Tone::Hop,
            _ if !updated || self.scene() == Scene::Joining => Tone::Hop,
            _ if deed.is_some() => Tone::Done,
            _ => Tone::Calm,
        };
        said.push(state);
        if self.is_planned() {
            said.push(Statement::GoesOn);
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
    fn state(&self) -> Statement {
        let world = self.history.world();
        let cut = self.story.is_cut(world.now());
        let paused = world.nodes().any(|node| world.is_paused(node.id()));
        tables::state(world, cut || paused)
    }

    /// Whether the scenario has something ahead.
    pub(super) fn is_planned(&self) -> bool {
        let ahead = |at: Instant| at > self.history.now();
        self.history.actions().iter().any(|timed| ahead(timed.at))
    }

    /// Whether the scenario is over: all that was planned is done, and what it set off has come to its end, or time has.
    pub(super) fn has_ended(&self) -> bool {
        let scenario = self.history.scenario();
        if self.history.actions() != scenario.actions || self.is_planned() || self.is_under_way() {
            return false;
        }
        let done = !scenario.actions.is_empty() && self.scene() == Scene::Quiet;
        done || self.history.now() >= scenario.until || self.calm_for().is_some()
    }

    /// How long nothing but stabilization has happened, if that is long, in microseconds: whole stretches.
    pub(super) fn calm_for(&self) -> Option<u64> {
        let now = self.history.now();
        if self.is_planned() {
            return None;
        }
        let ended = self.lookup().and_then(|trace| trace.finished);
        let last = self.story.last_news(now).max(ended);
        let calm = now.since(last.unwrap_or(Instant::ZERO)).as_micros();
        let stretches = u64::try_from(calm).unwrap_or(u64::MAX) / CALM;
        (stretches > 0).then_some(stretches * CALM)
    }

    /// Whether the ring is what happened to last: a deed since the last lookup began, or a change of the ring since it ended.
    pub(super) fn ring_is_latest(&self) -> bool {
        let now = self.history.now();
        let deed = self.story.last_deed(now).map(|(at, _)| at);
        let Some(trace) = self.lookup() else {
            return true;
        };
        let decided = trace.decisions.last().map(|decision| decision.at);
        let waits = trace.wait.map(|wait| wait.since);
        let begun = decided
            .max(waits)
            .unwrap_or(trace.started)
            .max(trace.started);
        match trace.finished {
            None => deed > Some(begun),
            Some(ended) => deed > Some(ended) || self.story.last_news(now) > Some(ended),
        }
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
