//! All that the panels need of one moment.

use std::rc::Rc;

use chordscope_core::base::id::Id;
use chordscope_sim::worlds::directory::DirectoryWorld;
use chordscope_sim::worlds::directory::action::{Member, Part};
use chordscope_sim::worlds::directory::scenario::Scenario;
use chordscope_sim::worlds::directory::setup::{Kind, machine};

use crate::directory::engine::beside::Side;
use crate::directory::engine::caption::Caption;
use crate::directory::engine::command::Over;
use crate::directory::engine::figures::Figures;
use crate::directory::engine::question::Question;
use crate::directory::engine::statement::{Statement, Told};
use crate::player::{self, Address, Pictured, Refused, TimeView};

/// The page at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Time.
    pub time: Rc<TimeView>,
    /// The caption.
    pub caption: Caption,
    /// The scenarios that can be shown.
    pub scenarios: Rc<Vec<Scenario>>,
    /// The one that is shown, by its place among them.
    pub scenario: Option<usize>,
    /// Its goals, and whether the run came to each.
    pub goals: Vec<(Statement, bool)>,
    /// The peers, in ascending order of their ids.
    pub peers: Vec<PeerView>,
    /// The directory machines: the central directory, then the trackers.
    pub machines: Vec<MachineView>,
    /// The kinds in numbers.
    pub figures: [Figures; Kind::ALL.len()],
    /// Chord and Kademlia in numbers.
    pub beside: [Side; 2],
    /// The number of titles.
    pub titles: u32,
    /// The title that the user asks for.
    pub title: u32,
    /// The question that is shown.
    pub asked: Option<AskedView>,
    /// The parts that can be chosen.
    pub parts: Vec<PartView>,
    /// The one that is chosen, by its place among them.
    pub chosen: usize,
    /// The place of the peer that is selected.
    pub selected: Option<u16>,
    /// The thing under the pointer.
    pub hovered: Option<Over>,
    /// The hint about that.
    pub hint: Vec<Statement>,
    /// The user's prediction beside what came so far.
    pub predicted: Option<Statement>,
    /// The log, oldest first.
    pub events: Vec<EventRow>,
    /// The digest of all that happened so far, in hexadecimal: the same run has the same digest everywhere.
    pub digest: String,
    /// Why the last command was refused, or what to know of the link that was followed.
    pub refused: Option<Refused>,
    /// The query of a link to the run, which the user began last.
    pub address: Option<Address>,
}

impl Pictured for Snapshot {
    fn time(&self) -> &TimeView {
        &self.time
    }

    fn refused(&self) -> Option<&Refused> {
        self.refused.as_ref()
    }

    fn address(&self) -> Option<&Address> {
        self.address.as_ref()
    }
}

/// A peer.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerView {
    /// Its place in ascending order of ids, from 1.
    pub place: u16,
    /// Its id as text.
    pub id: String,
    /// Its place on the circle, in turns.
    pub turn: f64,
    /// Its region, from 1.
    pub region: u16,
    /// Whether it is up.
    pub is_up: bool,
    /// The titles whose cards it keeps in the ring, and in Kademlia.
    pub cards: [Vec<u32>; 2],
    /// Whether it has the title that is asked for.
    pub has: bool,
}

/// A directory machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineView {
    /// Its name.
    pub member: Member,
    /// Whether it is up.
    pub is_up: bool,
    /// The titles that it would list if all were told: those of the central directory are all.
    pub due: Vec<u32>,
    /// Those of them that it lists.
    pub cards: Vec<u32>,
}

/// A part that can be taken out or put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartView {
    /// The part.
    pub part: Part,
    /// As it is told.
    pub told: Told,
    /// Whether it can be taken out now.
    pub can_go: bool,
    /// Whether it can be put back now.
    pub can_come: bool,
}

/// The question that is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct AskedView {
    /// The question.
    pub question: Question,
    /// The place of the peer that asks.
    pub peer: u16,
    /// The title, if it is about one.
    pub title: Option<u32>,
    /// Its lookup at each kind, in words.
    pub said: Vec<Statement>,
    /// The way of each lookup: members in the order in which they were reached, the asker first.
    pub routes: [Vec<Member>; Kind::ALL.len()],
    /// Whether each lookup has ended, and whether it found or reached what was asked for.
    pub ended: [Option<bool>; Kind::ALL.len()],
    /// The peers that the asker knows in the ring, by its fingers, successors and predecessor, and in Kademlia, by its buckets.
    pub knows: [Vec<u16>; 2],
    /// The messages on their way.
    pub flights: Vec<FlightView>,
}

/// A message of the question's lookups on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlightView {
    /// Its number.
    pub number: u64,
    /// The kind.
    pub kind: Kind,
    /// The sender.
    pub from: Member,
    /// The receiver.
    pub to: Member,
    /// The thousandths of its way that are behind it.
    pub share: u16,
}

/// A line of the log.
pub type EventRow = player::EventRow<Statement>;

/// The peers of a world; `title` is the one that is asked for.
pub(super) fn peers(world: &DirectoryWorld, title: Option<u32>) -> Vec<PeerView> {
    let setup = world.setup();
    let holders = title.and_then(|title| world.titles().get(title as usize));
    let view = |(place, id): (u16, &Id)| PeerView {
        place,
        id: setup.space.show(*id),
        turn: setup.space.turn(*id),
        region: world.region(*id).unwrap_or(0) + 1,
        is_up: world.chord(*id).is_some(),
        cards: [Kind::Chord, Kind::Kademlia].map(|kind| kept(world, kind, *id)),
        has: holders.is_some_and(|title| title.holders.contains(id)),
    };
    (1..).zip(&setup.peers).map(view).collect()
}

/// The titles whose cards a member keeps.
pub(super) fn kept(world: &DirectoryWorld, kind: Kind, id: Id) -> Vec<u32> {
    let all = 0..world.setup().titles;
    all.filter(|title| world.keeps(kind, id, *title)).collect()
}

/// The directory machines of a world.
pub(super) fn machines(world: &DirectoryWorld) -> Vec<MachineView> {
    let view = |number: u8| {
        let member = match number.checked_sub(1) {
            None => Member::Directory,
            Some(tracker) => Member::Tracker(tracker),
        };
        let kind = match number {
            0 => Kind::Central,
            _ => Kind::Trackers,
        };
        let all = (0..).zip(world.titles());
        let due = all.filter(|(_, title)| match member {
            Member::Tracker(tracker) => title.trackers.contains(&tracker),
            _ => true,
        });
        MachineView {
            member,
            is_up: world.machine(number).is_some(),
            due: due.map(|(number, _)| number).collect(),
            cards: kept(world, kind, machine(number)),
        }
    };
    (0..=world.setup().trackers).map(view).collect()
}
