//! What is said below the stage.

use crate::engine::snapshot::{Caption, ChangeView, Tone};
use crate::engine::{Engine, change, follow, tables};

impl Engine {
    /// What happened last, and why.
    pub(super) fn caption(&self, change: Option<&ChangeView>) -> Caption {
        let world = self.history.world();
        let trace = self.lookup();
        match (trace, &self.predict, change) {
            (Some(trace), Some(predict), _) => predict.caption(world.space(), trace),
            (_, _, Some(change)) if self.change_is_latest() => change::caption(world, change),
            (Some(trace), _, _) => follow::caption(world, trace),
            (None, _, _) => self.calm(),
        }
    }

    /// How the ring is, and what can be done, while nothing has happened.
    fn calm(&self) -> Caption {
        let world = self.history.world();
        if let Some(broken) = tables::broken(world) {
            return Caption {
                tone: Tone::Failed,
                lead: "The ring is broken.".to_owned(),
                rest: format!("Does not hold: {broken}. Upkeep works on it."),
            };
        }
        if !world.health().broken.is_empty() {
            return Caption {
                tone: Tone::Hop,
                lead: "The ring settles.".to_owned(),
                rest: "Predecessors lag behind a change; upkeep brings them up to date.".to_owned(),
            };
        }
        let ahead = self
            .history
            .actions()
            .iter()
            .any(|timed| timed.at > self.history.now());
        let rest = if ahead && self.playing {
            "The scenario goes on by itself."
        } else if ahead {
            "Press Play, or step forward, to see what the scenario has in store."
        } else {
            "Type a key and press “Look up”, or insert a node."
        };
        Caption {
            tone: Tone::Calm,
            lead: "The ring is stable: every node knows its place.".to_owned(),
            rest: rest.to_owned(),
        }
    }
}
