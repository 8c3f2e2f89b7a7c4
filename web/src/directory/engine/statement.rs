//! Every sentence of the directory page, as a typed fact with its numbers; one place turns it into words.

use chordscope_sim::engine::time_text::time_text;
use chordscope_sim::worlds::directory::action::{Member, Part};
use chordscope_sim::worlds::directory::measure::Outcome;
use chordscope_sim::worlds::directory::scenario::Goal;
use chordscope_sim::worlds::directory::setup::Kind;

use crate::directory::engine::predict::NEXT;

/// A fact. Peers are named by their places on the ring, titles by their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// Nothing was done yet.
    Begins {
        /// The peers that are up.
        peers: u32,
        /// The titles.
        titles: u32,
        /// The trackers.
        trackers: u8,
    },
    /// A part was taken out.
    TakenOut {
        /// The part.
        part: Told,
        /// The time, in microseconds.
        at: u64,
    },
    /// A part was put back.
    PutBack {
        /// The part.
        part: Told,
        /// The time, in microseconds.
        at: u64,
    },
    /// The lookups that began after a deed and have ended, of each kind: those that found, and all; [`LAST`] of each at most.
    ///
    /// [`LAST`]: chordscope_sim::worlds::directory::measure::LAST
    FoundSince {
        /// By kind.
        kinds: [(u32, u32); Kind::ALL.len()],
    },
    /// A peer asks for a title.
    Asks {
        /// The peer.
        peer: u16,
        /// The title.
        title: u32,
    },
    /// A peer looks a key up.
    LooksUp {
        /// The peer.
        peer: u16,
        /// The key, as text.
        key: String,
    },
    /// A lookup is under way.
    UnderWay {
        /// The kind.
        kind: Kind,
        /// The messages so far.
        messages: u64,
    },
    /// A lookup has ended.
    Ended {
        /// The kind.
        kind: Kind,
        /// The outcome.
        outcome: Outcome,
        /// The peers that were named, or the node that was reached.
        named: Vec<u16>,
        /// The time that it took, in microseconds.
        took: u64,
        /// Its hops.
        hops: usize,
        /// Its messages.
        messages: u64,
    },
    /// A peer went.
    Gone {
        /// The peer.
        peer: u16,
    },
    /// A peer came back.
    Back {
        /// The peer.
        peer: u16,
    },
    /// A peer, and what it keeps.
    PeerIs {
        /// The peer.
        peer: u16,
        /// Its region, from 1.
        region: u16,
        /// Whether it is up.
        is_up: bool,
        /// The titles that it has itself.
        has: u32,
        /// The titles whose entries it keeps in the ring.
        chord: u32,
        /// The same in Kademlia.
        kademlia: u32,
    },
    /// A directory machine, and what it lists.
    MachineIs {
        /// The machine.
        member: Member,
        /// Whether it is up.
        is_up: bool,
        /// The titles that it lists.
        lists: u32,
    },
    /// The card of a title at a member.
    CardIs {
        /// The member.
        member: Member,
        /// The title.
        title: u32,
        /// Whether the card is there.
        is_there: bool,
    },
    /// A prediction beside what came so far.
    Predicted {
        /// The kind.
        kind: Kind,
        /// The number of lookups that will find, as the user predicts.
        guess: u32,
        /// The time since which they begin, in microseconds.
        from: u64,
        /// Those that found.
        found: u32,
        /// Those that have ended.
        ended: u32,
    },
    /// A goal of the scenario.
    Goal(Goal),
}

/// A part of the world, as it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The central directory, or a tracker.
    Machine(Member),
    /// One peer.
    Peer(u16),
    /// So many random peers.
    Peers(u32),
    /// A region, from 1.
    Region(u16),
}

impl Told {
    /// Its name, for a list.
    pub fn name(self) -> String {
        match self {
            Self::Machine(member) => member.to_string(),
            Self::Peer(place) => format!("peer {place}"),
            Self::Peers(1) => "a random peer".to_owned(),
            Self::Peers(count) => format!("{count} random peers"),
            Self::Region(region) => format!("all peers of region {region}"),
        }
    }

    const fn is_many(self) -> bool {
        matches!(self, Self::Peers(2..) | Self::Region(_))
    }
}

/// The name of a kind within a sentence of the page.
pub const fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Central => "one directory",
        Kind::Trackers => "trackers",
        Kind::Chord => "Chord",
        Kind::Kademlia => "Kademlia",
    }
}

/// The name of a kind on the page.
pub fn kind_name(kind: Kind) -> String {
    capital(kind_word(kind))
}

impl Statement {
    /// The sentence.
    #[expect(clippy::too_many_lines, reason = "one arm a statement")]
    pub fn text(&self) -> String {
        match self {
            Self::Begins {
                peers,
                titles,
                trackers,
            } => {
                let (peers, titles) = (plural(*peers, "peer"), plural(*titles, "title"));
                let trackers = plural(u32::from(*trackers), "tracker");
                format!(
                    "{peers} and {titles}: who has which is known to one directory, to {trackers}, and to the peers themselves in Chord and in Kademlia."
                )
            }
            Self::TakenOut { part, at } => {
                let verb = if part.is_many() { "were" } else { "was" };
                format!(
                    "{} {verb} taken out at {}.",
                    capital(&part.name()),
                    time_text(*at)
                )
            }
            Self::PutBack { part, at } => {
                let verb = if part.is_many() { "are" } else { "is" };
                format!(
                    "{} {verb} back since {}, and knew nothing at first.",
                    capital(&part.name()),
                    time_text(*at)
                )
            }
            Self::FoundSince { kinds } => {
                let parts = Kind::ALL.iter().zip(kinds);
                let parts = parts
                    .map(|(kind, (found, of))| format!("{} {found} of {of}", kind_word(*kind)));
                let parts: Vec<String> = parts.collect();
                format!(
                    "Of the last lookups since then found: {}.",
                    parts.join(", ")
                )
            }
            Self::Asks { peer, title } => format!("Peer {peer} asks who has title {title}."),
            Self::LooksUp { peer, key } => format!("Peer {peer} looks up the key {key}."),
            Self::UnderWay { kind, messages } => {
                let messages = plural(count(*messages), "message");
                format!("{}: under way, {messages} so far.", kind_name(*kind))
            }
            Self::Ended {
                kind,
                outcome,
                named,
                took,
                hops,
                messages,
            } => {
                let named: Vec<String> = named.iter().map(u16::to_string).collect();
                let named = named.join(", ");
                let what = match outcome {
                    Outcome::Found => format!("found at {named}"),
                    Outcome::Stale => format!("named {named}, gone"),
                    Outcome::Nothing => "nobody has it, it says".to_owned(),
                    Outcome::NoAnswer => "no answer".to_owned(),
                    Outcome::Reached(_) => format!("reached peer {named}"),
                };
                format!(
                    "{}: {what}, in {}, {}, {}.",
                    kind_name(*kind),
                    time_text(*took),
                    plural(count(*hops as u64), "hop"),
                    plural(count(*messages), "message"),
                )
            }
            Self::Gone { peer } => format!("Peer {peer} is gone."),
            Self::Back { peer } => format!("Peer {peer} is back."),
            Self::PeerIs {
                peer,
                region,
                is_up,
                has,
                chord,
                kademlia,
            } => {
                if !is_up {
                    return format!("Peer {peer}, of region {region}, is gone.");
                }
                format!(
                    "Peer {peer}, of region {region}, has {} of its own, and keeps the cards of {chord} in Chord and of {kademlia} in Kademlia.",
                    plural(*has, "title")
                )
            }
            Self::MachineIs {
                member,
                is_up,
                lists,
            } => {
                let name = capital(&member.to_string());
                match is_up {
                    true => format!("{name} lists {}.", plural(*lists, "title")),
                    false => format!("{name} is taken out."),
                }
            }
            Self::CardIs {
                member,
                title,
                is_there,
            } => {
                let name = capital(&member.to_string());
                match is_there {
                    true => format!("{name} says who has title {title}."),
                    false => format!("{name} does not know who has title {title}."),
                }
            }
            Self::Predicted {
                kind,
                guess,
                found,
                ended,
                ..
            } => {
                let name = kind_name(*kind);
                match (*ended >= NEXT, guess == found) {
                    (false, _) => format!(
                        "{name}: you predict {guess} of {NEXT}. Of the first {ended}, {found} have found."
                    ),
                    (true, true) => format!("{name}: {found} of {NEXT} found, as you predicted."),
                    (true, false) => format!(
                        "{name}: {found} of {NEXT} found. You predicted {guess}, {} too {}.",
                        guess.abs_diff(*found),
                        if guess > found { "many" } else { "few" }
                    ),
                }
            }
            Self::Goal(goal) => goal_text(*goal),
        }
    }
}

/// A goal in words.
fn goal_text(goal: Goal) -> String {
    let names = |kinds: &[Kind]| {
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
        names.join(", ")
    };
    match goal {
        Goal::NothingFound { kind, lookups, .. } => {
            format!(
                "{lookups} lookups in a row find nothing at the {}",
                kind.name()
            )
        }
        Goal::AllFound { kinds, lookups, .. } => format!(
            "{lookups} lookups in a row each find what any peer has: {}",
            names(kinds)
        ),
        Goal::FoundLate { kind, lookups, .. } => format!(
            "{lookups} lookups find only after waiting for a silent machine: {}",
            kind.name()
        ),
        Goal::Outdated { .. } => "each kind has named a peer that is gone".to_owned(),
        Goal::NoArcGone => {
            "peers are gone, and no two of them are neighbours on the ring".to_owned()
        }
        Goal::EqualUpkeep { percent, .. } => {
            format!("Chord and Kademlia spend the same bytes on upkeep, within {percent} %")
        }
        Goal::Reached { lookups, share } => format!(
            "of {lookups} lookups or more each, {} % reach a node in both",
            share / 10
        ),
    }
}

/// A part as it is told, in a world whose peers have these places.
pub fn told(part: Part, place: impl Fn(chordscope_core::base::id::Id) -> Option<u16>) -> Told {
    match part {
        Part::Directory => Told::Machine(Member::Directory),
        Part::Tracker(number) => Told::Machine(Member::Tracker(number)),
        Part::Peer(id) => Told::Peer(place(id).unwrap_or_default()),
        Part::Peers(count) => Told::Peers(count),
        Part::Region(region) => Told::Region(region + 1),
    }
}

fn count(many: u64) -> u32 {
    u32::try_from(many).unwrap_or(u32::MAX)
}

fn plural(count: u32, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {one}s"),
    }
}

/// The text with a capital at its beginning.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
