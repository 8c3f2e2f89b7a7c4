//! Which lookup the page follows, and what the user predicts of it.

use chordscope_core::base::id::Id;
use chordscope_sim::worlds::ring::RingWorld;
use chordscope_sim::worlds::ring::trace::{Decision, LookupTrace};

use crate::ring::engine::predict::Predict;

/// The lookup that is followed.
#[derive(Clone, Debug, Default)]
pub(super) struct Following {
    /// The lookup that the user asked for.
    asked: Option<(Id, u64)>,
    predict: Option<Predict>,
}

impl Following {
    /// The lookup of interest: the one that the user asked for, while there is one; otherwise the last.
    pub(super) fn lookup<'a>(&self, world: &'a RingWorld) -> Option<&'a LookupTrace> {
        let known = world.lookups();
        let asked = known
            .iter()
            .rev()
            .find(|trace| Some(trace.id) == self.asked);
        asked.or_else(|| known.last())
    }

    /// Whether it still waits for its answer.
    pub(super) fn is_under_way(&self, world: &RingWorld) -> bool {
        let trace = self.lookup(world);
        trace.is_some_and(|trace| trace.finished.is_none())
    }

    /// Whether the user is asked, or will be asked again, about the lookup under way.
    pub(super) fn is_predicting(&self, world: &RingWorld) -> bool {
        self.predict.is_some() && self.is_under_way(world)
    }

    /// The decision that waits for the user's prediction.
    pub(super) fn question<'a>(&self, world: &'a RingWorld) -> Option<&'a Decision> {
        let trace = self.lookup(world)?;
        self.predict.as_ref()?.open(trace)
    }

    /// The prediction, if it has something to say of this lookup.
    pub(super) fn speaks(&self, trace: &LookupTrace) -> Option<&Predict> {
        self.predict
            .as_ref()
            .filter(|predict| predict.speaks(trace))
    }

    /// The node that the user would answer with, while a prediction asks.
    pub(super) fn choice(&self) -> Option<Id> {
        self.predict.as_ref().and_then(|predict| predict.choice)
    }

    /// Follows the last lookup that began, and asks for its hops if they are to be predicted.
    pub(super) fn follow_last(&mut self, world: &RingWorld, predict: bool) {
        self.asked = world.lookups().last().map(|trace| trace.id);
        self.predict = predict.then(Predict::default);
    }

    /// Follows whatever comes last.
    pub(super) const fn forget(&mut self) {
        self.asked = None;
    }

    /// Ends a prediction.
    pub(super) const fn stop_predicting(&mut self) {
        self.predict = None;
    }

    /// Answers an open question with a node; whether there was one.
    pub(super) fn answer(&mut self, world: &RingWorld, node: Id) -> bool {
        let trace = self.lookup(world);
        match (&mut self.predict, trace) {
            (Some(predict), Some(trace)) => predict.answer(trace, node),
            _ => false,
        }
    }

    /// Moves the choice to a node without answering; whether the user is asked at all.
    pub(super) fn choose(&mut self, world: &RingWorld, node: Id) -> bool {
        let is_predicting = self.is_predicting(world);
        if let Some(predict) = self.predict.as_mut().filter(|_| is_predicting) {
            predict.choice = Some(node);
        }
        is_predicting
    }
}
