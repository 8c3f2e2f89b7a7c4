//! The question that the stage shows: the user's own for a while, otherwise one every two seconds; a function of the run and of time alone.

use core::time::Duration;

use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_sim::worlds::directory::action::Action;
use chordscope_sim::worlds::directory::measure::{LookupTrace, Subject};
use chordscope_sim::worlds::directory::setup::Kind;
use chordscope_sim::worlds::directory::trace::What;
use chordscope_sim::worlds::directory::{DirectoryWorld, History};

/// The time for which the user's own question is shown.
const OWN: Duration = Duration::from_secs(10);
/// The time for which another one is.
const OTHER: Duration = Duration::from_secs(2);

/// A question, put to all kinds of directory at once; one for a key, to ring and Kademlia.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The peer that asks.
    pub peer: Id,
    /// The subject.
    pub subject: Subject,
    /// Its beginning.
    pub began: Instant,
    /// The number of its lookup at each kind.
    numbers: [Option<u64>; Kind::ALL.len()],
    /// Whether the user asked.
    pub is_own: bool,
}

/// The question that is shown now.
pub(super) fn shown(history: &History) -> Option<Question> {
    let now = history.now().as_micros();
    let wide = OTHER.as_micros() as u64;
    let begin = (now / wide) * wide;
    let earliest = now
        .saturating_sub(OWN.as_micros() as u64)
        .min(begin.saturating_sub(wide));
    let mut asked = None;
    let (mut fresh, mut before) = (None, None);
    // The lookups of one question have numbers in a row, the first kind first.
    for entry in history.entries().iter().rev() {
        let at = entry.at.as_micros();
        if at < earliest {
            break;
        }
        match &entry.what {
            What::Began(number, kind, peer, subject) if is_first(*kind, *subject) => {
                let question = of(*number, *kind, *peer, *subject, entry.at);
                let was_asked = asked.get_or_insert((question, false));
                if !was_asked.1 {
                    was_asked.0 = question;
                }
                if at >= begin {
                    fresh = Some(question);
                } else if at >= begin.saturating_sub(wide) {
                    before = Some(question);
                }
            }
            // The question that began right after it.
            What::Acted(Action::Ask { .. } | Action::Find { .. }) => {
                if let Some(own) = asked
                    .as_mut()
                    .filter(|own| !own.1 && own.0.began == entry.at)
                {
                    own.1 = true;
                    own.0.is_own = true;
                }
            }
            _ => {}
        }
    }
    let own = asked.filter(|(_, is_own)| *is_own).map(|(own, _)| own);
    own.or(fresh).or(before)
}

const fn is_first(kind: Kind, subject: Subject) -> bool {
    match subject {
        Subject::Title(_) => matches!(kind, Kind::Central),
        Subject::Key(_) => matches!(kind, Kind::Chord),
    }
}

fn of(number: u64, first: Kind, peer: Id, subject: Subject, began: Instant) -> Question {
    let mut next = number;
    let numbers = Kind::ALL.map(|kind| {
        (kind >= first).then(|| {
            next += 1;
            next - 1
        })
    });
    Question {
        peer,
        subject,
        began,
        numbers,
        is_own: false,
    }
}

impl Question {
    /// Its lookup at a kind, as far as the world remembers it.
    pub fn lookup(self, world: &DirectoryWorld, kind: Kind) -> Option<&LookupTrace> {
        let place = Kind::ALL.iter().position(|one| *one == kind)?;
        let number = self.numbers[place]?;
        let mut open = world.under_way();
        let mut ended = world.last(kind).chain(world.finds());
        let is_it = |one: &&LookupTrace| one.number == number;
        open.find(is_it).or_else(|| ended.find(is_it))
    }

    /// Whether any of its lookups is under way.
    pub fn is_open(self, world: &DirectoryWorld) -> bool {
        let mut open = world.under_way();
        open.any(|one| self.numbers.contains(&Some(one.number)))
    }

    /// The number of its lookup at a kind.
    pub fn number(self, kind: Kind) -> Option<u64> {
        let place = Kind::ALL.iter().position(|one| *one == kind)?;
        self.numbers[place]
    }
}
