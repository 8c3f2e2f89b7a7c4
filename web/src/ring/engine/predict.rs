//! Predict, then check: time stops at each decision until the user has said who comes next.

use chordscope_core::base::id::Id;
use chordscope_sim::worlds::ring::trace::{Decision, LookupTrace};

use crate::ring::engine::snapshot::{Caption, Tone};
use crate::ring::engine::statement::{Advice, Statement};

/// A prediction under way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Predict {
    /// The number of decisions that the user has been asked about.
    answered: usize,
    /// The number of right answers.
    right: usize,
    /// The last answer: what was said, and what the node decided.
    last: Option<(Id, Id)>,
    /// The node that the user would answer with.
    pub(super) choice: Option<Id>,
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
        self.choice = None;
        true
    }

    /// Whether it has something to say: a question, or a verdict.
    pub(super) fn speaks(&self, trace: &LookupTrace) -> bool {
        self.last.is_some() || self.open(trace).is_some()
    }

    /// The last answer's verdict with the rule, and the next question.
    pub(super) fn caption(&self, trace: &LookupTrace) -> Caption {
        let key = trace.key;
        let question = self.open(trace).map(|decision| Statement::Question {
            node: decision.node,
            key,
        });
        let choose = Statement::Advice(Advice::ChooseNext);
        let Some((said, next)) = self.last else {
            let on_its_way = Statement::LooksUp {
                from: trace.id.0,
                key,
            };
            return Caption {
                tone: Tone::Ask,
                lead: question.unwrap_or(on_its_way),
                rest: vec![choose, Statement::Advice(Advice::ReadTheTable)],
            };
        };
        let decided = trace.decisions.get(self.answered.saturating_sub(1));
        let rule = decided.map(|decision| Statement::Rule {
            key,
            decision: decision.clone(),
        });
        let score = Statement::Score {
            right: self.right,
            answered: self.answered,
        };
        let then = match question {
            Some(question) => vec![question, choose],
            None => vec![score],
        };
        Caption {
            tone: if said == next {
                Tone::Right
            } else {
                Tone::Wrong
            },
            lead: Statement::Verdict { said, next },
            rest: rule.into_iter().chain(then).collect(),
        }
    }
}
