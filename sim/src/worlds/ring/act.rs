//! Carrying out the actions of a user on a ring.

use alloc::vec::Vec;

use crate::worlds::ring::action::{Action, ActionError};
use crate::worlds::ring::scenario::MAX_NODES;
use crate::worlds::ring::trace::{LookupTrace, What};
use crate::worlds::ring::{Coming, JOIN_AGAIN, MAX_LOOKUPS, RingWorld};
use chordscope_core::base::id::Id;
use chordscope_core::chord::route::{Mode, Routing};
use chordscope_core::node::Node;
use chordscope_core::node::api::{Level, StoreError};
use chordscope_core::store::record::Name;

impl RingWorld {
    /// Carries out an action now.
    ///
    /// # Errors
    /// [`ActionError`] says why it cannot be done; then nothing has changed.
    pub fn act(&mut self, action: Action) -> Result<(), ActionError> {
        self.check(&action)?;
        self.foresee(&action);
        self.record(None, || What::Acted(action.clone()));
        match action {
            Action::Lookup {
                from,
                key,
                routing,
                mode,
            } => self.look_up(from, key, routing, mode),
            Action::Insert(id) => {
                let node = self.create_node(id);
                self.population.insert(node);
                self.join_again(id);
            }
            Action::Remove(id) => {
                let now = self.now;
                if let Some(node) = self.population.get_mut(id) {
                    node.leave(now);
                }
                self.drain_node(id, None);
            }
            Action::Crash(id) => self.take_down(id),
            Action::Put { .. }
            | Action::Get { .. }
            | Action::Delete { .. }
            | Action::Swap { .. } => self.operate(action)?,
            Action::Delay { message, millis } => {
                let millis = core::time::Duration::from_millis(u64::from(millis));
                self.redirect(message, |at| Some(at + millis));
            }
            Action::Lose(message) => self.redirect(message, |_| None),
            Action::Split(nodes) => self.cut_off = nodes.into_iter().collect(),
            Action::Heal => self.cut_off.clear(),
            action => self.break_or_mend(action),
        }
        self.judge_health();
        Ok(())
    }

    fn check(&self, action: &Action) -> Result<(), ActionError> {
        let up = |id: &Id| match self.node(*id) {
            Some(_) if self.is_paused(*id) => Err(ActionError::Paused(*id)),
            Some(node) if node.membership().is_member() => Ok(()),
            Some(_) => Err(ActionError::NotReady(*id)),
            None => Err(ActionError::UnknownNode(*id)),
        };
        let in_space = |id: &Id| match self.space().contains(*id) {
            true => Ok(()),
            false => Err(ActionError::OutOfRange(*id)),
        };
        match action {
            Action::Lookup { from, key, .. } => in_space(key).and_then(|()| up(from)),
            Action::Insert(id) => {
                in_space(id)?;
                if self.node(*id).is_some() {
                    return Err(ActionError::Duplicate(*id));
                }
                if self.population.len() >= MAX_NODES {
                    return Err(ActionError::TooManyNodes);
                }
                Ok(())
            }
            Action::Remove(id) | Action::Crash(id) => {
                self.node(*id).ok_or(ActionError::UnknownNode(*id))?;
                if self.population.len() == 1 {
                    return Err(ActionError::LastNode);
                }
                if matches!(action, Action::Remove(_)) && self.is_paused(*id) {
                    return Err(ActionError::Paused(*id));
                }
                Ok(())
            }
            Action::Put { from, name, .. }
            | Action::Get { from, name }
            | Action::Delete { from, name }
            | Action::Swap { from, name, .. } => {
                Name::new(name.as_str()).map_err(ActionError::Record)?;
                up(from)
            }
            Action::Delay { message, .. } | Action::Lose(message) => {
                let known = self.in_flight().any(|parcel| parcel.number == *message);
                known.then_some(()).ok_or(ActionError::UnknownMessage)
            }
            Action::Split(nodes) => nodes.iter().try_for_each(|id| match self.node(*id) {
                Some(_) => Ok(()),
                None => Err(ActionError::UnknownNode(*id)),
            }),
            Action::Heal => Ok(()),
            Action::Pause(id)
            | Action::Resume(id)
            | Action::Slow { node: id, .. }
            | Action::Corrupt(id)
            | Action::Misroute(id)
            | Action::Mend(id)
            | Action::Restart(id) => match self.node(*id) {
                Some(_) => Ok(()),
                None => Err(ActionError::UnknownNode(*id)),
            },
        }
    }

    fn look_up(&mut self, from: Id, key: Id, routing: Routing, mode: Mode) {
        let now = self.now;
        // The trace is there before the lookup takes its first step, so that the step finds it.
        let Some(number) = self.node(from).map(Node::next_number) else {
            return;
        };
        if self.lookups.len() >= MAX_LOOKUPS {
            self.lookups.remove(0);
        }
        self.lookups.push(LookupTrace {
            id: (from, number),
            key,
            routing,
            mode,
            started: now,
            first_entry: self.last_index(),
            finished: None,
            last_entry: None,
            path: alloc::vec![from],
            owner: None,
            failed: false,
            stopped: false,
            timeouts: 0,
            decisions: Vec::new(),
            wait: None,
            driven: mode == Mode::Iterative,
            asks_again: false,
            leads_to: None,
            carrier: None,
            aside: None,
            asked: None,
        });
        if let Some(node) = self.population.get_mut(from) {
            let begun = node.lookup(now, key, routing, mode);
            if begun.is_err() {
                self.lookups.pop();
            }
        }
        self.drain_node(from, None);
    }

    /// Lets a node put, get, delete or swap.
    fn operate(&mut self, action: Action) -> Result<(), ActionError> {
        let now = self.now;
        let level = match self.scenario.quorum {
            true => Level::Quorum,
            false => Level::One,
        };
        let (Action::Put { from, name, .. }
        | Action::Get { from, name }
        | Action::Delete { from, name }
        | Action::Swap { from, name, .. }) = &action
        else {
            return Ok(());
        };
        let from = *from;
        let name = Name::new(name.as_str()).map_err(ActionError::Record)?;
        let Some(node) = self.population.get_mut(from) else {
            return Err(ActionError::UnknownNode(from));
        };
        let begun = match action {
            Action::Put { value, .. } => node.put(now, name, value.into_bytes(), level),
            Action::Delete { .. } => node.delete(now, name, level),
            Action::Swap {
                expected, value, ..
            } => node.compare_and_set(now, name, expected, Some(value.into_bytes()), level),
            _ => node.get(now, name, level),
        };
        self.drain_node(from, None);
        match begun {
            Ok(_) => Ok(()),
            Err(StoreError::Record(error)) => Err(ActionError::Record(error)),
            Err(_) => Err(ActionError::NotReady(from)),
        }
    }

    /// Joins a newcomer, or a node that has lost all its neighbours, via the first member: of those that it can reach, if there are any.
    pub(super) fn join_again(&mut self, id: Id) {
        let now = self.now;
        if self.is_paused(id) {
            return self.push(now + JOIN_AGAIN, Coming::JoinAgain(id));
        }
        let is_beyond = |node: &Id| self.cut_off.contains(node) != self.cut_off.contains(&id);
        let knows = |node: &&Node| node.id() != id && node.membership().is_member();
        let close = |node: &&Node| knows(node) && !is_beyond(&node.id());
        let via = self.nodes().find(close);
        let via = via.or_else(|| self.nodes().find(knows));
        let via = via.map(|node| node.contact().clone());
        let Some(node) = self.population.get_mut(id) else {
            return;
        };
        let membership = node.membership();
        let is_alone = membership.successors().head().is_none();
        match (via, membership.is_member()) {
            (Some(via), true) if is_alone => {
                node.look_round(now, &via);
                self.push(now + JOIN_AGAIN, Coming::JoinAgain(id));
            }
            // That it is looking already is fine.
            (Some(via), false) => drop(node.join(now, via)),
            (None, false) => node.create(now),
            (_, true) => {}
        }
        self.drain_node(id, None);
    }

    /// Takes a node down, and ends its lookups. Its disk stays, should it come back.
    pub(super) fn take_down(&mut self, id: Id) {
        let open = |lookup: &&mut LookupTrace| lookup.id.0 == id && lookup.finished.is_none();
        let last = self.last_index();
        for lookup in self.lookups.iter_mut().filter(open) {
            lookup.finished = Some(self.now);
            lookup.last_entry = Some(last);
            lookup.failed = true;
            lookup.stopped = true;
            lookup.wait = None;
        }
        if self.scenario.quorum
            && let Some(groups) = self.node(id).and_then(Node::groups)
        {
            let saved = groups.saved(self.now);
            self.disks.insert(id, saved);
        }
        self.faults.forget(id);
        self.population.remove(id);
    }

    /// Gives a message in flight another time of arrival, or none.
    fn redirect(
        &mut self,
        message: u64,
        when: impl Fn(
            chordscope_core::base::time::Instant,
        ) -> Option<chordscope_core::base::time::Instant>,
    ) {
        let is_it = |coming: &Coming| matches!(coming, Coming::Arrival(arrival) if arrival.number == message);
        let Some(Coming::Arrival(mut arrival)) = self.queue.remove(is_it) else {
            return;
        };
        match when(arrival.arrives) {
            Some(at) => {
                arrival.arrives = at;
                self.push(at, Coming::Arrival(arrival));
            }
            None => self.lose(None, &arrival),
        }
    }
}
