//! The doors to the pages of the four objectives: each with a small figure that a simulated world draws while it is seen, and a figure that
//! was measured in such a run.

mod agree;
mod doubt;
mod find;
mod share;

use chordscope_sim::worlds::swarm::view::Cell;

use crate::home::engine::doors::agree::Agree;
use crate::home::engine::doors::doubt::Doubt;
use crate::home::engine::doors::find::Find;
use crate::home::engine::doors::share::Share;
use crate::home::engine::statement::Statement;
use crate::scene::{Motion, Scene};

/// A door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Finding: the ring.
    Find,
    /// Sharing: swarms and directories.
    Share,
    /// Agreeing: consistency.
    Agree,
    /// Doubting: the fallacies.
    Doubt,
}

impl Door {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::Find, Self::Share, Self::Agree, Self::Doubt];
}

/// A door's figure as the page shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct DoorView {
    /// The measured figure.
    pub measured: Statement,
    /// The picture in a sentence.
    pub picture: Statement,
    /// The part of the picture that is drawn as elements; a ring is painted.
    pub drawn: Drawn,
}

/// A picture that is drawn as elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drawn {
    /// Nothing: a ring is painted.
    Ring,
    /// The segments of each client, and of the seed last.
    Swarm(Vec<Vec<Cell>>),
    /// The time that a lookup has taken so far where messages take no time, and where they do, in microseconds; and the longest.
    Clocks([u64; 3]),
}

/// The figures: each begins when time is left for it.
#[derive(Debug, Default)]
pub struct Doors {
    find: Option<Find>,
    share: Option<Share>,
    agree: Option<Agree>,
    doubt: Option<Doubt>,
    awake: [bool; 4],
}

impl Doors {
    /// A door comes into view, or goes.
    pub(super) fn wake(&mut self, door: Door, awake: bool) {
        self.awake[door as usize] = awake;
    }

    /// Begins the next figure, or lets real time pass, in milliseconds, for those in view if they are `playing`; whether anything has
    /// changed.
    pub(super) fn advance(&mut self, real: f64, playing: bool) -> bool {
        if self.begin_next() {
            return true;
        }
        let awake = Door::ALL
            .into_iter()
            .filter(|door| self.awake[*door as usize]);
        let awake: Vec<Door> = awake.filter(|_| playing).collect();
        for door in &awake {
            self.advance_door(*door, real);
        }
        !awake.is_empty()
    }

    fn advance_door(&mut self, door: Door, real: f64) {
        match door {
            Door::Find => self.find.iter_mut().for_each(|find| find.advance(real)),
            Door::Share => self.share.iter_mut().for_each(|share| share.advance(real)),
            Door::Agree => self.agree.iter_mut().for_each(|agree| agree.advance(real)),
            Door::Doubt => self.doubt.iter_mut().for_each(|doubt| doubt.advance(real)),
        }
    }

    /// Begins one figure that has not begun, if there is one: a frame has no time for all.
    fn begin_next(&mut self) -> bool {
        if self.find.is_none() {
            self.find = Some(Find::begin());
        } else if self.doubt.is_none() {
            self.doubt = Some(Doubt::begin());
        } else if self.agree.is_none() {
            self.agree = Some(Agree::begin());
        } else if self.share.is_none() {
            self.share = Some(Share::begin());
        } else {
            return false;
        }
        true
    }

    /// The figures as the page shows them, in the order of the doors.
    pub(super) fn view(&self) -> Vec<Option<DoorView>> {
        vec![
            self.find.as_ref().map(Find::view),
            self.share.as_ref().map(Share::view),
            self.agree.as_ref().map(Agree::view),
            self.doubt.as_ref().map(Doubt::view),
        ]
    }

    /// The picture of a door that is painted as a ring.
    pub fn ring(&self, door: Door) -> Option<(Scene, Motion)> {
        match door {
            Door::Find => self.find.as_ref().map(Find::ring),
            Door::Agree => self.agree.as_ref().map(Agree::ring),
            Door::Share | Door::Doubt => None,
        }
    }
}
