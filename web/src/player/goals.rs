//! The goals of a scenario, and when its run came to each.

use chordscope_core::base::time::Instant;

/// Goals with the times at which the run was seen to have come to them, on this branch.
#[derive(Clone, Debug)]
pub struct Goals<G>(Vec<(G, Option<Instant>)>);

impl<G> Default for Goals<G> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<G: Copy> Goals<G> {
    /// Those of a scenario.
    pub fn of(goals: &[G]) -> Self {
        Self(goals.iter().map(|goal| (*goal, None)).collect())
    }

    /// Takes up to which of them the run has come by now; whether one is new.
    pub fn look(&mut self, now: Instant, is_met: impl Fn(G) -> bool) -> bool {
        let mut is_new = false;
        for (goal, met) in &mut self.0 {
            if met.is_none_or(|met| met > now) && is_met(*goal) {
                *met = Some(now);
                is_new = true;
            }
        }
        is_new
    }

    /// Forgets which were met from a moment on.
    pub fn forget_from(&mut self, at: Instant) {
        for (_, met) in &mut self.0 {
            *met = met.filter(|met| *met < at);
        }
    }

    /// The goals, and when the run had come to each, if it had by now.
    pub fn by(&self, now: Instant) -> impl Iterator<Item = (G, Option<Instant>)> {
        let met = move |met: &Option<Instant>| met.filter(|met| *met <= now);
        self.0.iter().map(move |(goal, at)| (*goal, met(at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_met_from_the_first_moment_at_which_it_was_seen_to_be_on_this_branch() {
        let at = Instant::from_millis;
        let mut goals = Goals::of(&['a', 'b']);
        assert!(!goals.look(at(1), |_| false));
        assert!(goals.look(at(5), |goal| goal == 'a'));
        assert!(!goals.look(at(7), |goal| goal == 'a'));
        let met = |goals: &Goals<char>, now| goals.by(now).map(|(_, met)| met).collect::<Vec<_>>();
        assert_eq!(met(&goals, at(7)), [Some(at(5)), None]);
        assert_eq!(met(&goals, at(4)), [None, None]);
        // Steps back lead nearer to it.
        assert!(goals.look(at(3), |goal| goal == 'a'));
        assert_eq!(met(&goals, at(4)), [Some(at(3)), None]);
        goals.forget_from(at(3));
        assert_eq!(met(&goals, at(7)), [None, None]);
    }
}
