//! Level `quorum` as a part of a node that a program can do without: what no node is given is not linked.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use crate::base::contact::Contact;
use crate::base::time::Instant;
use crate::store::group::configuration::Configuration;
use crate::store::group::{Control, Effect, Entry, Groups, Input, Rules, Settings};

/// Level `quorum` among a node's choices.
#[derive(Clone, Copy)]
pub struct Quorum {
    rules: Rules,
    begin: fn(Contact, Settings) -> Box<dyn Part>,
}

impl Quorum {
    /// A node that has this is in the replica groups of its ring.
    pub const GROUPS: Self = Self::under(Rules::ALL);

    /// The part with a rule left out, to see in a test that it is missed.
    pub const fn under(rules: Rules) -> Self {
        Self {
            rules,
            begin: |me, settings| Box::new(Groups::new(me, settings)),
        }
    }

    /// The part of a node, in no group yet.
    pub fn begin(self, me: Contact, settings: Settings) -> Box<dyn Part> {
        let rules = self.rules;
        (self.begin)(me, Settings { rules, ..settings })
    }
}

impl fmt::Debug for Quorum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rules.fmt(f)
    }
}

impl PartialEq for Quorum {
    fn eq(&self, other: &Self) -> bool {
        self.rules == other.rules
    }
}

impl Eq for Quorum {}

/// The calls of a node to its [`Groups`], behind a pointer, so that a node without them needs no code of theirs.
pub trait Part: fmt::Debug + Send + Sync {
    /// The groups, to look at.
    fn groups(&self) -> &Groups;

    /// [`Groups::step`].
    fn step(&mut self, now: Instant, input: Input) -> Vec<Effect>;

    /// [`Groups::restore`].
    fn restore(&mut self, now: Instant, control: Control, entries: &[Entry]);

    /// [`Groups::assign`].
    fn assign(&mut self, group: Configuration);

    /// [`Groups::refresh`].
    fn refresh(&mut self, contact: &Contact);

    /// A checkpoint.
    fn cloned(&self) -> Box<dyn Part>;
}

impl Part for Groups {
    fn groups(&self) -> &Groups {
        self
    }

    fn step(&mut self, now: Instant, input: Input) -> Vec<Effect> {
        Self::step(self, now, input)
    }

    fn restore(&mut self, now: Instant, control: Control, entries: &[Entry]) {
        Self::restore(self, now, control, entries);
    }

    fn assign(&mut self, group: Configuration) {
        Self::assign(self, group);
    }

    fn refresh(&mut self, contact: &Contact) {
        Self::refresh(self, contact);
    }

    fn cloned(&self) -> Box<dyn Part> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Part> {
    fn clone(&self) -> Self {
        self.cloned()
    }
}
