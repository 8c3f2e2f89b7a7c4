//! Predict, then check: time stops at each decision until the user has said who comes next.

use chordscope_core::base::id::{Id, Space};
use chordscope_core::sim::trace::{Decision, LookupTrace};

use crate::engine::snapshot::{Caption, Tone};

/// A prediction under way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Predict {
    /// How many decisions the user has been asked about.
    answered: usize,
    /// How many of them were right.
    right: usize,
    /// The last answer: what was said, and what the node decided.
    last: Option<(Id, Id)>,
}

impl Predict {
    /// The decision that waits for the user.
    pub(super) fn open<'a>(&self, trace: &'a LookupTrace) -> Option<&'a Decision> {
        let decision = trace.decisions.get(self.answered)?;
        decision.next().map(|_| decision)
    }

    /// Takes an answer; whether it was asked for.
    pub(super) fn answer(&mut self, trace: &LookupTrace, said: Id) -> bool {
        let Some(next) = self.open(trace).and_then(Decision::next) else {
            return false;
        };
        self.answered += 1;
        self.right += usize::from(said == next);
        self.last = Some((said, next));
        true
    }

    /// The last answer's verdict with the rule, and the next question.
    pub(super) fn caption(&self, space: Space, trace: &LookupTrace) -> Caption {
        let key = space.show(trace.key);
        let question = self.open(trace).map(|decision| {
            let at = space.show(decision.node);
            format!("Node {at} has the question for {key}. Who is next? Click that node, or choose it in the list.")
        });
        let Some((said, next)) = self.last else {
            let lead = question.unwrap_or_else(|| "The question is on its way.".to_owned());
            let rest = "Read the node’s finger table first.".to_owned();
            return Caption {
                tone: Tone::Ask,
                lead,
                rest,
            };
        };
        let decided = trace.decisions.get(self.answered.saturating_sub(1));
        let rule = decided.map_or_else(String::new, |made| made.explain(space, trace.key));
        let (tone, verdict) = if said == next {
            (Tone::Right, format!("Right, {}.", space.show(next)))
        } else {
            (
                Tone::Wrong,
                format!("Not {}: it is {}.", space.show(said), space.show(next)),
            )
        };
        let score = format!("{} of {} right.", self.right, self.answered);
        let rest = match question {
            Some(question) => format!("{rule} {question}"),
            None => format!("{rule} {score}"),
        };
        Caption {
            tone,
            lead: verdict,
            rest,
        }
    }
}
