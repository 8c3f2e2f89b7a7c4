//! A moment in statements: what is under the pointer, the question that is shown, the log, the ticks of the timeline.

use std::collections::BTreeSet;

use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::Id;
use chordscope_sim::engine::trace::Entry;
use chordscope_sim::worlds::directory::DirectoryWorld;
use chordscope_sim::worlds::directory::action::{Action, Member, Part};
use chordscope_sim::worlds::directory::measure::{LookupTrace, Outcome, Subject};
use chordscope_sim::worlds::directory::setup::{Kind, machine};
use chordscope_sim::worlds::directory::trace::What;

use crate::directory::engine::caption::said;
use crate::directory::engine::command::Over;
use crate::directory::engine::place;
use crate::directory::engine::question::Question;
use crate::directory::engine::snapshot::{AskedView, EventRow, FlightView, kept};
use crate::directory::engine::statement::{Statement, told};
use crate::player::{Tick, TickKind};

/// The number of lines of the log.
const LINES: usize = 80;
/// The number of entries of the trace, back from now, among which they are looked for.
const LOOK_BACK: usize = 40_000;

/// The id of a member.
fn id_of(world: &DirectoryWorld, member: Member) -> Option<Id> {
    match member {
        Member::Directory => Some(machine(0)),
        Member::Tracker(number) => Some(machine(number + 1)),
        Member::Peer(place) => {
            let place = usize::from(place).checked_sub(1)?;
            world.setup().peers.get(place).copied()
        }
    }
}

/// The hint about the thing under the pointer.
pub(super) fn hint(world: &DirectoryWorld, over: Option<Over>) -> Option<Statement> {
    let member = match over? {
        Over::Member(member) | Over::Card(member, _) => member,
    };
    let id = id_of(world, member)?;
    if let Some(Over::Card(_, title)) = over {
        let mut kinds = Kind::ALL.iter();
        return Some(Statement::CardIs {
            member,
            title,
            is_there: kinds.any(|kind| world.keeps(*kind, id, title)),
        });
    }
    let count = |kind| kept(world, kind, id).len() as u32;
    Some(match member {
        Member::Peer(peer) => Statement::PeerIs {
            peer,
            region: world.region(id)? + 1,
            is_up: world.chord(id).is_some(),
            has: world
                .titles()
                .iter()
                .filter(|title| title.holders.contains(&id))
                .count() as u32,
            chord: count(Kind::Chord),
            kademlia: count(Kind::Kademlia),
        },
        Member::Directory => Statement::MachineIs {
            member,
            is_up: world.machine(0).is_some(),
            lists: count(Kind::Central),
        },
        Member::Tracker(number) => Statement::MachineIs {
            member,
            is_up: world.machine(number + 1).is_some(),
            lists: count(Kind::Trackers),
        },
    })
}

/// The question that is shown, with the way of each lookup.
pub(super) fn asked(world: &DirectoryWorld, question: Question) -> Option<AskedView> {
    let member = |id: Id| world.member(id);
    let lookup = |kind: Kind| question.lookup(world, kind);
    let route = |lookup: &LookupTrace| -> Vec<Member> {
        let hops = lookup.route.iter();
        hops.filter_map(|hop| member(hop.node)).collect()
    };
    let now = world.now().as_micros();
    let flights = world.in_flight().filter_map(|flight| {
        let kind = flight.parcel.kind;
        (flight.parcel.lookup == question.number(kind)).then_some(())?;
        let (sent, due) = (flight.sent.as_micros(), flight.due.as_micros());
        let share = now.saturating_sub(sent) * 1_000 / due.saturating_sub(sent).max(1);
        let share = u16::try_from(share.min(1_000)).unwrap_or(1_000);
        Some(FlightView {
            number: flight.parcel.number,
            kind,
            from: member(flight.parcel.from)?,
            to: member(flight.parcel.to)?,
            share,
        })
    });
    let chord = world.chord(question.peer);
    let chord = chord.map(|node| node.contacts().map(Contact::id).collect());
    let kademlia = world.kademlia(question.peer);
    let kademlia = kademlia.map(|node| node.buckets().nodes().collect());
    let places = |ids: Option<BTreeSet<Id>>| -> Vec<u16> {
        let ids = ids.unwrap_or_default().into_iter();
        ids.filter_map(|id| place(world, id)).collect()
    };
    let has_found = |outcome| matches!(outcome, Outcome::Found | Outcome::Reached(_));
    Some(AskedView {
        question,
        peer: place(world, question.peer)?,
        title: match question.subject {
            Subject::Title(title) => Some(title),
            Subject::Key(_) => None,
        },
        said: Kind::ALL
            .iter()
            .filter_map(|kind| Some(said(world, lookup(*kind)?)))
            .collect(),
        routes: Kind::ALL.map(|kind| lookup(kind).map(route).unwrap_or_default()),
        ended: Kind::ALL.map(|kind| Some(has_found(lookup(kind)?.outcome?))),
        knows: [places(chord), places(kademlia)],
        flights: flights.collect(),
    })
}

/// The last lines of the log.
pub(super) fn events(world: &DirectoryWorld, entries: &[Entry<What>]) -> Vec<EventRow> {
    let recent = entries.iter().rev().take(LOOK_BACK);
    EventRow::last(recent, LINES, |entry| line(world, entry))
}

fn line(world: &DirectoryWorld, entry: &Entry<What>) -> Option<Statement> {
    let at = entry.at.as_micros();
    let part = |part: Part| told(part, |id| place(world, id));
    Some(match &entry.what {
        What::Acted(Action::TakeOut(gone)) => Statement::TakenOut {
            part: part(*gone),
            at,
        },
        What::Acted(Action::PutBack(back)) => Statement::PutBack {
            part: part(*back),
            at,
        },
        What::Gone(id) => Statement::Gone {
            peer: place(world, *id)?,
        },
        What::Back(id) => Statement::Back {
            peer: place(world, *id)?,
        },
        What::Began(_, Kind::Central, peer, Subject::Title(title)) => Statement::Asks {
            peer: place(world, *peer)?,
            title: *title,
        },
        What::Began(_, Kind::Chord, peer, Subject::Key(key)) => Statement::LooksUp {
            peer: place(world, *peer)?,
            key: world.setup().space.show(*key),
        },
        _ => return None,
    })
}

/// The tick of an entry on the timeline: a deed, or a lookup that did not find.
pub(super) fn tick(world: &DirectoryWorld, entry: &Entry<What>) -> Option<Tick> {
    let (kind, label) = match &entry.what {
        What::Acted(Action::TakeOut(_) | Action::PutBack(_)) => {
            (TickKind::Deed, line(world, entry)?.text())
        }
        What::Ended(_, kind, outcome @ (Outcome::Stale | Outcome::Nothing | Outcome::NoAnswer)) => {
            (
                TickKind::Fault,
                format!("{}: {}", kind.name(), outcome.name()),
            )
        }
        What::Began(_, Kind::Central, ..) => (TickKind::Other, line(world, entry)?.text()),
        _ => return None,
    };
    Some(Tick {
        at: entry.at.as_micros(),
        kind,
        label,
    })
}
