//! The run of the lesson's ring: its history, what the visitor looks at, and what the caption said last.

use chordscope_core::base::id::Id;
use chordscope_sim::worlds::ring::trace::LookupTrace;
use chordscope_sim::worlds::ring::{History, RingWorld};

use crate::home::engine::caption::{self, Caption};
use crate::home::engine::lesson::KEY;
use crate::home::engine::reading;
use crate::player::{self, Played, Turn};

/// Virtual seconds in a second while a lookup travels.
const LOOKUP: f64 = 1.0 / 12.0;
/// The same while a lookup waits for an answer that will not come, or a node looks for its place.
const WAITS: f64 = 1.0 / 4.0;
/// The same while tables are mended.
const MENDS: f64 = 1.5;
/// The same while nothing but upkeep happens.
const QUIET: f64 = 0.5;
/// For how many milliseconds a caption is there anyway, as time runs on under it.
const ANYWAY: f64 = 600.0;

/// A change of the ring by the visitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// A node comes.
    Insert(Id),
    /// A node is gone from one moment to the next.
    Crash(Id),
}

/// The subject of the caption: what the visitor did last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// Nothing yet: the ring.
    Ring,
    /// A node that was chosen.
    Node(Id),
    /// The last lookup.
    Lookup,
    /// A change, and the keeper of the key before it.
    Change(Deed, Option<Id>),
}

/// A run of the lesson's ring.
#[derive(Debug)]
pub struct Run {
    history: History,
    about: About,
    /// Whether the stage shows the last lookup: a change of the ring sets it aside.
    shows_lookup: bool,
    crashed: Vec<Id>,
    /// The keeper of the key at the beginning.
    began_with: Option<Id>,
    /// The caption of the last step.
    told: Option<Caption>,
}

impl Run {
    /// The run of a history, from where that is.
    pub(super) fn new(history: History) -> Self {
        let began_with = reading::keeper(history.world(), KEY);
        Self {
            history,
            about: About::Ring,
            shows_lookup: false,
            crashed: Vec::new(),
            began_with,
            told: None,
        }
    }

    /// The ring as it is now.
    pub(super) const fn world(&self) -> &RingWorld {
        self.history.world()
    }

    /// The subject of the caption.
    pub(super) const fn about(&self) -> About {
        self.about
    }

    /// The nodes that crashed and have not come back.
    pub(super) fn crashed(&self) -> &[Id] {
        &self.crashed
    }

    /// The keeper of the key at the beginning.
    pub(super) const fn began_with(&self) -> Option<Id> {
        self.began_with
    }

    /// The lookup that the stage shows.
    pub(super) fn lookup(&self) -> Option<&LookupTrace> {
        self.world().lookups().last().filter(|_| self.shows_lookup)
    }

    /// The visitor looks at something, or has done something.
    pub(super) fn turn_to(&mut self, about: About) {
        self.about = about;
        match about {
            About::Lookup => self.shows_lookup = true,
            About::Change(deed, _) => {
                self.shows_lookup = false;
                match deed {
                    Deed::Insert(node) => self.crashed.retain(|one| *one != node),
                    Deed::Crash(node) => self.crashed.push(node),
                }
            }
            About::Ring | About::Node(_) => {}
        }
    }
}

impl Played for Run {
    type World = RingWorld;
    type Moment = ();

    fn history(&self) -> &History {
        &self.history
    }

    fn history_mut(&mut self) -> &mut History {
        &mut self.history
    }

    fn moment(&self) {}

    fn pace(&self, (): &()) -> f64 {
        let world = self.world();
        let open = self.lookup().filter(|trace| trace.finished.is_none());
        if let Some(trace) = open {
            return match trace.wait {
                Some(_) => WAITS,
                None => LOOKUP,
            };
        }
        if world.nodes().any(|node| !node.membership().is_member()) {
            return WAITS;
        }
        let is_whole = world.health().broken.is_empty() && reading::wrong_fingers(world) == 0;
        if is_whole { QUIET } else { MENDS }
    }

    fn has_come_since(&self, (): &()) -> bool {
        false
    }

    fn take_up(&mut self) -> bool {
        false
    }

    fn step(&mut self) -> Option<f64> {
        let caption = caption::of(self, None);
        let before = self.told.replace(caption);
        let now = self.told.as_ref()?;
        if before.as_ref() == Some(now) {
            return None;
        }
        let is_like = |before: &Caption| before.is_like(now);
        let is_known = before.as_ref().is_some_and(is_like);
        let space = self.history.world().space();
        let words = now
            .statements()
            .map(|one| (one.text(space).split_whitespace().count(), is_known));
        Some(player::reading(words, ANYWAY))
    }

    fn turn(&mut self, _: Turn) {}
}
