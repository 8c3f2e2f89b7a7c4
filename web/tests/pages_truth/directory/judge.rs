//! The oracle: it reads the trace, the set-up and the nodes' own records, and shares no function with the page.

use std::collections::{BTreeMap, BTreeSet};

use chordscope_core::base::id::Id;
use chordscope_sim::worlds::directory::History;
use chordscope_sim::worlds::directory::action::{Action, Member, Part};
use chordscope_sim::worlds::directory::measure::{Outcome, Subject};
use chordscope_sim::worlds::directory::setup::Kind;
use chordscope_sim::worlds::directory::trace::What;
use chordscope_web::directory::engine::snapshot::{EventRow, Snapshot};
use chordscope_web::directory::engine::statement::{Statement, Told};

/// The lookups of a kind that are counted.
const LAST: usize = 100;

/// A lookup, by the trace alone.
#[derive(Clone, Debug)]
struct Lookup {
    kind: Kind,
    peer: Id,
    subject: Subject,
    began: u64,
    ended: Option<(u64, Outcome)>,
    messages: u64,
    /// The nodes that took part, by what was delivered.
    met: BTreeSet<Id>,
}

/// The world as the oracle sees it.
pub(crate) struct Facts<'a> {
    history: &'a History,
    lookups: BTreeMap<u64, Lookup>,
    /// The lookups of titles that ended, in that order.
    ended: Vec<u64>,
    up: BTreeSet<Id>,
    out: BTreeSet<Member>,
    deeds: Vec<(u64, Action)>,
}

impl<'a> Facts<'a> {
    pub(crate) fn of(history: &'a History) -> Self {
        let mut facts = Self {
            history,
            lookups: BTreeMap::new(),
            ended: Vec::new(),
            up: history.setup().peers.iter().copied().collect(),
            out: BTreeSet::new(),
            deeds: Vec::new(),
        };
        for entry in history.entries() {
            let at = entry.at.as_micros();
            match &entry.what {
                What::Gone(id) => {
                    facts.up.remove(id);
                }
                What::Back(id) => {
                    facts.up.insert(*id);
                }
                What::Began(number, kind, peer, subject) => {
                    let lookup = Lookup {
                        kind: *kind,
                        peer: *peer,
                        subject: *subject,
                        began: at,
                        ended: None,
                        messages: 0,
                        met: BTreeSet::from([*peer]),
                    };
                    facts.lookups.insert(*number, lookup);
                }
                What::Sent(parcel) => {
                    if let Some(lookup) = parcel.lookup.and_then(|one| facts.lookups.get_mut(&one))
                        && lookup.ended.is_none()
                    {
                        lookup.messages += 1;
                        lookup.met.extend([parcel.from, parcel.to]);
                    }
                }
                What::Ended(number, _, outcome) => {
                    if let Some(lookup) = facts.lookups.get_mut(number) {
                        lookup.ended = Some((at, *outcome));
                        if matches!(lookup.subject, Subject::Title(_)) {
                            facts.ended.push(*number);
                        }
                    }
                }
                What::Acted(action @ (Action::TakeOut(part) | Action::PutBack(part))) => {
                    let is_out = matches!(action, Action::TakeOut(_));
                    let machine = match part {
                        Part::Directory => Some(Member::Directory),
                        Part::Tracker(number) => Some(Member::Tracker(*number)),
                        _ => None,
                    };
                    if let Some(machine) = machine {
                        match is_out {
                            true => facts.out.insert(machine),
                            false => facts.out.remove(&machine),
                        };
                    }
                    facts.deeds.push((at, action.clone()));
                }
                _ => {}
            }
        }
        facts
    }

    fn id(&self, place: u16) -> Option<Id> {
        let place = usize::from(place).checked_sub(1)?;
        self.history.setup().peers.get(place).copied()
    }

    fn part(&self, told: Told) -> Option<Part> {
        Some(match told {
            Told::Machine(Member::Directory) => Part::Directory,
            Told::Machine(Member::Tracker(number)) => Part::Tracker(number),
            Told::Machine(Member::Peer(_)) => return None,
            Told::Peer(place) => Part::Peer(self.id(place)?),
            Told::Peers(count) => Part::Peers(count),
            Told::Region(region) => Part::Region(region.checked_sub(1)?),
        })
    }

    /// The last lookups of titles by a kind.
    fn last(&self, kind: Kind) -> Vec<&Lookup> {
        let all = self.ended.iter().map(|number| &self.lookups[number]);
        let all: Vec<&Lookup> = all.filter(|one| one.kind == kind).collect();
        all[all.len().saturating_sub(LAST)..].to_vec()
    }

    fn titles_kept(&self, kind: Kind, id: Id) -> u32 {
        let world = self.history.world();
        let now = world.now();
        let keys: BTreeSet<Id> = match kind {
            Kind::Chord => {
                let node = world.chord(id);
                let live = node.map(|node| node.records().live(now).map(|(key, _)| key).collect());
                live.unwrap_or_default()
            }
            _ => {
                let titles = world.titles().iter().map(|title| title.key);
                let keeps = |key: &Id| {
                    let node = world.kademlia(id);
                    node.is_some_and(|node| !node.kept_under(now, *key).is_empty())
                };
                titles.filter(keeps).collect()
            }
        };
        let titles = world.titles().iter();
        titles.filter(|title| keys.contains(&title.key)).count() as u32
    }

    fn lists(&self, member: Member, title: u32) -> bool {
        let world = self.history.world();
        let number = match member {
            Member::Directory => 0,
            Member::Tracker(number) => number + 1,
            Member::Peer(_) => return false,
        };
        let content = world.titles()[title as usize].content;
        let server = world.machine(number);
        server.is_some_and(|server| !server.peers(world.now(), content).is_empty())
    }
}

fn check(is: bool, why: &str) -> Result<(), String> {
    if is { Ok(()) } else { Err(why.to_owned()) }
}

fn found(lookups: &[&Lookup]) -> usize {
    let is_found = |one: &&&Lookup| matches!(one.ended, Some((_, Outcome::Found)));
    lookups.iter().filter(is_found).count()
}

/// Whether a statement is so; `shot` says which question is shown.
pub(crate) fn judge(
    statement: &Statement,
    facts: &Facts<'_>,
    shot: &Snapshot,
) -> Result<(), String> {
    let world = facts.history.world();
    let setup = facts.history.setup();
    let shown = |kind: Kind| -> Option<&Lookup> {
        let number = shot.asked.as_ref()?.question.number(kind)?;
        facts.lookups.get(&number)
    };
    let began = |place: u16, subject: Subject| {
        let id = facts.id(place);
        let mut all = facts.lookups.values();
        all.any(|one| Some(one.peer) == id && one.subject == subject)
    };
    match statement {
        Statement::Begins {
            peers,
            titles,
            trackers,
        } => check(
            *peers == facts.up.len() as u32
                && *titles == setup.titles
                && *trackers == setup.trackers,
            "others are here",
        ),
        Statement::TakenOut { part, at } | Statement::PutBack { part, at } => {
            let part = facts.part(*part).ok_or("no such part")?;
            let action = match statement {
                Statement::TakenOut { .. } => Action::TakeOut(part),
                _ => Action::PutBack(part),
            };
            let mut deeds = facts.deeds.iter();
            check(
                deeds.any(|deed| *deed == (*at, action.clone())),
                "nobody did so",
            )
        }
        Statement::FoundSince { kinds } => {
            let (since, _) = facts.deeds.last().ok_or("no deed")?;
            let wanted = Kind::ALL.map(|kind| {
                let mut last = facts.last(kind);
                last.retain(|one| one.began >= *since);
                (found(&last) as u32, last.len() as u32)
            });
            check(*kinds == wanted, &format!("it is {wanted:?}"))
        }
        Statement::Asks { peer, title } => {
            check(began(*peer, Subject::Title(*title)), "nobody asks so")
        }
        Statement::LooksUp { peer, key } => {
            let key = setup.space.parse(key).map_err(|error| error.to_string())?;
            check(began(*peer, Subject::Key(key)), "nobody looks that up")
        }
        Statement::UnderWay { kind, messages } => {
            let lookup = shown(*kind).ok_or("no such lookup")?;
            check(lookup.ended.is_none(), "it has ended")?;
            check(
                lookup.messages == *messages,
                &format!("{} messages", lookup.messages),
            )
        }
        Statement::Ended {
            kind,
            outcome,
            named,
            took,
            hops,
            messages,
        } => {
            let lookup = shown(*kind).ok_or("no such lookup")?;
            let (ended, truly) = lookup.ended.ok_or("it has not ended")?;
            check(truly == *outcome, &format!("{truly:?}"))?;
            check(ended - lookup.began == *took, "another time")?;
            check(
                lookup.messages == *messages,
                &format!("{} messages", lookup.messages),
            )?;
            check(*hops < lookup.met.len().max(2), "more hops than nodes")?;
            if matches!(kind, Kind::Central | Kind::Trackers) && *outcome == Outcome::Found {
                check(*hops == 1, "a machine is one hop away")?;
            }
            let ids: Option<Vec<Id>> = named.iter().map(|place| facts.id(*place)).collect();
            let ids = ids.ok_or("no such peer")?;
            match (outcome, lookup.subject) {
                (Outcome::Reached(id), _) => check(ids == [*id], "another node"),
                (Outcome::Found | Outcome::Stale, Subject::Title(title)) => {
                    let holders = &world.titles()[title as usize].holders;
                    check(!ids.is_empty(), "nobody named")?;
                    check(
                        ids.iter().all(|id| holders.contains(id)),
                        "one that lacks it",
                    )
                }
                _ => check(ids.is_empty(), "somebody is named"),
            }
        }
        Statement::Gone { peer } => {
            let id = facts.id(*peer);
            let mut entries = facts.history.entries().iter();
            check(
                entries.any(|one| matches!(one.what, What::Gone(gone) if Some(gone) == id)),
                "never went",
            )
        }
        Statement::Back { peer } => {
            let id = facts.id(*peer);
            let mut entries = facts.history.entries().iter();
            check(
                entries.any(|one| matches!(one.what, What::Back(back) if Some(back) == id)),
                "never came",
            )
        }
        Statement::PeerIs {
            peer,
            region,
            is_up,
            has,
            chord,
            kademlia,
        } => {
            let id = facts.id(*peer).ok_or("no such peer")?;
            let holds = world
                .titles()
                .iter()
                .filter(|title| title.holders.contains(&id));
            check((*peer - 1) % setup.regions + 1 == *region, "another region")?;
            check(facts.up.contains(&id) == *is_up, "it is, or is not, here")?;
            check(holds.count() as u32 == *has, "other titles")?;
            check(
                facts.titles_kept(Kind::Chord, id) == *chord,
                "other cards in Chord",
            )?;
            check(
                facts.titles_kept(Kind::Kademlia, id) == *kademlia,
                "other cards in Kademlia",
            )
        }
        Statement::MachineIs {
            member,
            is_up,
            lists,
        } => {
            let all = 0..setup.titles;
            let listed = all.filter(|title| facts.lists(*member, *title)).count() as u32;
            check(
                facts.out.contains(member) != *is_up,
                "it is, or is not, there",
            )?;
            check(listed == *lists, &format!("it lists {listed}"))
        }
        Statement::CardIs {
            member,
            title,
            is_there,
        } => {
            let wanted = match member {
                Member::Peer(place) => {
                    let id = facts.id(*place).ok_or("no such peer")?;
                    let key = world.titles()[*title as usize].key;
                    let now = world.now();
                    let chord = world.chord(id);
                    let chord =
                        chord.is_some_and(|node| node.records().live(now).any(|one| one.0 == key));
                    let kademlia = world.kademlia(id);
                    chord || kademlia.is_some_and(|node| !node.kept_under(now, key).is_empty())
                }
                machine => facts.lists(*machine, *title),
            };
            check(wanted == *is_there, "the card is elsewhere")
        }
        Statement::Predicted {
            kind,
            from,
            found: said,
            ended,
            ..
        } => {
            let mut all: Vec<&Lookup> = {
                let all = facts.ended.iter().map(|number| &facts.lookups[number]);
                all.filter(|one| one.kind == *kind && one.began >= *from)
                    .collect()
            };
            all.truncate(50);
            check(
                all.len() as u32 == *ended,
                &format!("{} have ended", all.len()),
            )?;
            check(found(&all) as u32 == *said, "another number has found")
        }
        // The simulator's tests have them.
        Statement::Goal(_) => Ok(()),
    }
}

/// A line of the log: it is so, at its time.
pub(crate) fn event(row: &EventRow, facts: &Facts<'_>, shot: &Snapshot) -> Result<(), String> {
    let entry = facts
        .history
        .entries()
        .iter()
        .find(|entry| entry.index == row.index);
    let entry = entry.ok_or("no such entry")?;
    check(entry.at.as_micros() == row.at, "another time")?;
    judge(&row.what, facts, shot)
}

/// The cells of the tables that follow from the trace.
pub(crate) fn tables(shot: &Snapshot, facts: &Facts<'_>) -> Result<(), String> {
    let world = facts.history.world();
    for (kind, figures) in Kind::ALL.into_iter().zip(&shot.figures) {
        let last = facts.last(kind);
        let [name, said_found, said_messages, _, said_upkeep] = figures.row();
        let messages: u64 = last.iter().map(|one| one.messages).sum();
        if last.is_empty() {
            check(
                said_found == "nothing asked yet" && said_messages == "–",
                &name,
            )?;
        } else {
            let wanted = format!("{} of {}", found(&last), last.len());
            check(
                said_found == wanted,
                &format!("{name}: {said_found}, and not {wanted}"),
            )?;
            let number: f64 = said_messages
                .split(' ')
                .next()
                .unwrap_or_default()
                .parse()
                .map_err(|_| "no number")?;
            let mean = messages as f64 / last.len() as f64;
            check(
                (number - mean).abs() <= 0.051,
                &format!("{name}: {said_messages}, and not {mean}"),
            )?;
        }
        check(
            said_upkeep == format!("{} B/s", world.upkeep_rate(kind)),
            &name,
        )?;
    }
    let entries: usize = world
        .machine(0)
        .map_or(0, |server| server.entries(world.now()));
    let [_, _, _, state, _] = shot.figures[0].row();
    check(
        state == format!("{entries} entries at the directory"),
        &state,
    )?;
    for (kind, side) in [Kind::Chord, Kind::Kademlia].into_iter().zip(shot.beside) {
        let of_kind = |one: &&Lookup| one.kind == kind && one.ended.is_some();
        let keys = facts.lookups.values().filter(of_kind);
        let keys = keys
            .filter(|one| matches!(one.subject, Subject::Key(_)))
            .count();
        // The page keeps a hundred lookups of keys, of both.
        check(
            side.lookups as usize <= keys + facts.last(kind).len(),
            "more lookups than were made",
        )?;
        check(side.peers as usize == facts.up.len(), "other peers")?;
    }
    for (peer, id) in shot.peers.iter().zip(&facts.history.setup().peers) {
        check(
            peer.is_up == facts.up.contains(id),
            "a peer is drawn that is gone, or the other way",
        )?;
        for (kind, cards) in [Kind::Chord, Kind::Kademlia].into_iter().zip(&peer.cards) {
            check(
                cards.len() as u32 == facts.titles_kept(kind, *id),
                "other cards are drawn",
            )?;
        }
    }
    for machine in &shot.machines {
        check(
            machine.is_up != facts.out.contains(&machine.member),
            "a machine is drawn that is out",
        )?;
        let listed = machine
            .due
            .iter()
            .filter(|title| facts.lists(machine.member, **title));
        check(
            listed.copied().eq(machine.cards.iter().copied()),
            "other cards are listed",
        )?;
    }
    for part in &shot.parts {
        if let Told::Machine(member) = part.told {
            check(
                part.can_go != facts.out.contains(&member),
                "what can go is not so",
            )?;
            check(
                part.can_come == facts.out.contains(&member),
                "what can come is not so",
            )?;
        }
    }
    Ok(())
}

/// The kind of a statement.
pub(crate) fn kind(statement: &Statement) -> &'static str {
    match statement {
        Statement::Begins { .. } => "Begins",
        Statement::TakenOut { .. } => "TakenOut",
        Statement::PutBack { .. } => "PutBack",
        Statement::FoundSince { .. } => "FoundSince",
        Statement::Asks { .. } => "Asks",
        Statement::LooksUp { .. } => "LooksUp",
        Statement::UnderWay { .. } => "UnderWay",
        Statement::Ended { .. } => "Ended",
        Statement::Gone { .. } => "Gone",
        Statement::Back { .. } => "Back",
        Statement::PeerIs { .. } => "PeerIs",
        Statement::MachineIs { .. } => "MachineIs",
        Statement::CardIs { .. } => "CardIs",
        Statement::Predicted { .. } => "Predicted",
        Statement::Goal(_) => "Goal",
    }
}

/// Falsehoods made of a true statement.
pub(crate) fn lies(statement: &Statement) -> Vec<Statement> {
    let mut lie = statement.clone();
    match &mut lie {
        Statement::Begins { peers, .. } => *peers += 1,
        Statement::TakenOut { at, .. } | Statement::PutBack { at, .. } => *at += 1,
        Statement::FoundSince { kinds } => kinds[2].0 += 1,
        Statement::Asks { title, .. } => *title += 1_000,
        Statement::LooksUp { peer, .. } => *peer += 500,
        Statement::UnderWay { messages, .. } => *messages += 1,
        Statement::Ended { took, .. } => *took += 1,
        Statement::Gone { peer } | Statement::Back { peer } => *peer += 500,
        Statement::PeerIs { chord, .. } => *chord += 1,
        Statement::MachineIs { lists, .. } => *lists += 1,
        Statement::CardIs { is_there, .. } => *is_there = !*is_there,
        Statement::Predicted { found, .. } => *found += 1,
        Statement::Goal(_) => return Vec::new(),
    }
    let mut lies = vec![lie];
    if let Statement::Ended {
        kind,
        outcome: Outcome::Found,
        named,
        took,
        hops,
        messages,
    } = statement
    {
        lies.push(Statement::Ended {
            kind: *kind,
            outcome: Outcome::Nothing,
            named: named.clone(),
            took: *took,
            hops: *hops,
            messages: *messages,
        });
    }
    lies
}
