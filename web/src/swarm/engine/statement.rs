//! Every sentence of the swarm page, as a typed fact with its numbers; one place turns it into words.

use std::fmt::Write;

use chordscope_core::swarm::api::{Fault, Why};
use chordscope_sim::engine::time_text::time_text;
use chordscope_sim::worlds::swarm::scenario::Goal;
use chordscope_sim::worlds::swarm::view::LimitedBy;

/// A fact. Members are numbered; 0 is the first seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// Nothing has happened yet: so many clients want what the seed has.
    Waits {
        /// The number of clients.
        clients: u64,
        /// The number of segments.
        segments: u32,
    },
    /// A client asks for a segment.
    Asks {
        /// The client.
        client: u64,
        /// The member that it asks.
        source: u64,
        /// The segment.
        segment: u32,
    },
    /// The reason of a request.
    Because {
        /// The reason.
        why: Why,
        /// Copies of the segment among the members that the client knows.
        copies: u16,
        /// The number of segments that would have served as well.
        among: u32,
    },
    /// A client has learned what the file is, and can ask for segments.
    Described {
        /// The client.
        client: u64,
    },
    /// A client has everything.
    Complete {
        /// The client.
        client: u64,
        /// The clients here that have everything, this one included.
        done: u64,
        /// The clients here.
        of: u64,
    },
    /// A client has everything.
    HasAll {
        /// The client.
        client: u64,
    },
    /// Everybody who is here has everything.
    Served {
        /// The number of clients that are here.
        clients: u64,
        /// The time at which the last one had it, in microseconds.
        at: u64,
    },
    /// Nothing is to come: the clients that want the file have it or have left.
    Over {
        /// The clients that got the whole file.
        done: u64,
        /// The clients of the swarm.
        of: u64,
    },
    /// The bound on that.
    Bound {
        /// The least time that any way takes over these links, in microseconds.
        least: u64,
        /// The time that it took as a percentage of that, rounded.
        percent: u64,
    },
    /// The copies that the seed has sent.
    SeedSent {
        /// Hundredths of a copy.
        hundredths: u64,
        /// The copies that one server would have sent by now: one for each client that has everything.
        server: u64,
    },
    /// A member was found to lie by another one.
    Banned {
        /// The member that found it.
        by: u64,
        /// The liar.
        liar: u64,
        /// The lie.
        fault: Fault,
    },
    /// A member left.
    Left {
        /// The member.
        member: u64,
        /// The number of segments that it had.
        had: u32,
    },
    /// A member left.
    HasLeft {
        /// The member.
        member: u64,
    },
    /// A member came.
    Joined {
        /// The member.
        member: u64,
    },
    /// A member corrupts what it sends from now on.
    Corrupts {
        /// The member.
        member: u64,
    },
    /// A member behaves as it should from now on.
    Mends {
        /// The member.
        member: u64,
    },
    /// Nobody who is here has a segment that somebody lacks.
    Lost {
        /// The segment.
        segment: u32,
    },
    /// The state of a client.
    Has {
        /// The client.
        member: u64,
        /// The segments that it has.
        has: u32,
        /// The segments of the file.
        of: u32,
        /// The segments that are arriving.
        arriving: u32,
    },
    /// The limit of a client's speed.
    LimitedBy {
        /// The limit.
        limit: LimitedBy,
        /// Bytes a second that come in.
        down: u64,
    },
    /// A member that has not come yet.
    Awaited {
        /// The member.
        member: u64,
    },
    /// A member that is gone.
    Gone {
        /// The member.
        member: u64,
    },
    /// A segment is at a member.
    CellHas {
        /// The member.
        member: u64,
        /// The segment.
        segment: u32,
    },
    /// A segment is arriving at a member.
    CellArrives {
        /// The member.
        member: u64,
        /// The segment.
        segment: u32,
        /// The sender, where one sends it at this moment.
        from: Option<u64>,
        /// Percent of it that are there.
        percent: u16,
    },
    /// A segment came to a member with a wrong digest, and is missing still.
    CellRefused {
        /// The member.
        member: u64,
        /// The segment.
        segment: u32,
        /// The member that sent it.
        from: u64,
    },
    /// A segment is not at a member.
    CellLacks {
        /// The member.
        member: u64,
        /// The segment.
        segment: u32,
        /// Whether it was asked for.
        asked: bool,
    },
    /// The copies of a segment.
    Copies {
        /// The segment.
        segment: u32,
        /// Clients that have it.
        copies: u32,
        /// Clients that are here.
        of: u32,
        /// Clients at which it is arriving.
        arriving: u32,
    },
    /// The state of the three ways at one moment.
    Ways {
        /// The moment, in microseconds.
        at: u64,
        /// Percent of all that is wanted, by one server, by the network and by the swarm.
        percent: [u64; 3],
    },
    /// A goal of a scenario.
    Goal {
        /// The goal.
        goal: Goal,
        /// The difference of the swarm that it is compared with.
        twin: Option<&'static str>,
    },
    /// A segment on its way.
    Flows {
        /// The sender.
        from: u64,
        /// The receiver.
        to: u64,
        /// The segment.
        segment: u32,
        /// Percent of it that have arrived.
        percent: u16,
    },
}

impl Statement {
    /// The sentence.
    #[expect(clippy::too_many_lines, reason = "one arm a statement")]
    pub fn text(&self) -> String {
        match self {
            Self::Waits { clients, segments } => {
                let clients = plural(*clients, "client wants", "clients want");
                let segments = plural(u64::from(*segments), "segment", "segments");
                format!("{clients} what the seed has: a file of {segments}.")
            }
            Self::Asks {
                client,
                source,
                segment,
            } => {
                format!(
                    "{} asks {} for segment {segment}.",
                    capital(&name(*client)),
                    name(*source)
                )
            }
            Self::Because { why, copies, among } => because(*why, *copies, *among),
            Self::Described { client } => {
                format!(
                    "{} knows the digest of each segment now, and can ask for them.",
                    capital(&name(*client))
                )
            }
            Self::Complete { client, done, of } => {
                format!(
                    "{} has the whole file: {done} of {of} are done.",
                    capital(&name(*client))
                )
            }
            Self::HasAll { client } => format!("{} has the whole file.", capital(&name(*client))),
            Self::HasLeft { member } => format!("{} has left.", capital(&name(*member))),
            Self::Served { clients, at } => {
                let who = match clients {
                    1 => "The client has".to_owned(),
                    _ => format!("All {clients} clients have"),
                };
                format!("{who} the whole file after {}.", time_text(*at))
            }
            Self::Over { done, of } => {
                let clients = plural(*of, "client", "clients");
                format!("It is over: {done} of {clients} got the whole file.")
            }
            Self::Bound { least, percent } => format!(
                "No swarm over these links takes less than {}: this one took {percent} % of that.",
                time_text(*least)
            ),
            Self::SeedSent { hundredths, server } => {
                let copies = match *hundredths {
                    100 => "1.00 copy".to_owned(),
                    _ => format!("{} copies", decimal(*hundredths)),
                };
                format!(
                    "The seed has sent {copies} of the file; one server would have sent {server}."
                )
            }
            Self::Banned { by, liar, fault } => {
                let what = match fault {
                    Fault::Segment(index) => format!("sent a segment {index} with a wrong digest"),
                    Fault::Digests => "sent digests that are not this file’s".to_owned(),
                    Fault::Length => "named a wrong length".to_owned(),
                    _ => "lied".to_owned(),
                };
                let (liar, by) = (capital(&name(*liar)), name(*by));
                format!("{liar} {what}: {by} asks it nothing any more.")
            }
            Self::Left { member, had } => {
                format!(
                    "{} has left, with {} of its own.",
                    capital(&name(*member)),
                    plural(u64::from(*had), "segment", "segments")
                )
            }
            Self::Joined { member } => {
                format!("{} has come, without any segment.", capital(&name(*member)))
            }
            Self::Corrupts { member } => format!(
                "{} changes a byte of everything that it sends from now on.",
                capital(&name(*member))
            ),
            Self::Mends { member } => format!(
                "{} behaves as it should from now on.",
                capital(&name(*member))
            ),
            Self::Lost { segment } => {
                format!("Segment {segment} is gone: nobody who is here has it.")
            }
            Self::Has {
                member,
                has,
                of,
                arriving,
            } => {
                let mut text = format!(
                    "{} has {has} of {}",
                    capital(&name(*member)),
                    plural(u64::from(*of), "segment", "segments")
                );
                if *arriving > 0 {
                    let _ = write!(text, ", {arriving} arriving");
                }
                text + "."
            }
            Self::LimitedBy { limit, down } => limited(*limit, *down),
            Self::Awaited { member } => format!("{} has not come yet.", capital(&name(*member))),
            Self::Gone { member } => format!("{} is gone.", capital(&name(*member))),
            Self::CellHas { member, segment } => {
                format!("{} has segment {segment}.", capital(&name(*member)))
            }
            Self::CellArrives {
                member,
                segment,
                from,
                percent,
            } => {
                let from = from.map(|from| format!(" from {}", name(from)));
                let from = from.unwrap_or_default();
                format!(
                    "Segment {segment} is arriving at {}{from}: {percent} % are there.",
                    name(*member)
                )
            }
            Self::CellRefused {
                member,
                segment,
                from,
            } => format!(
                "{} has refused segment {segment} from {}, as its digest was wrong, and lacks it still.",
                capital(&name(*member)),
                name(*from)
            ),
            Self::CellLacks {
                member,
                segment,
                asked,
            } => {
                let asked = if *asked { " and has asked for it" } else { "" };
                format!(
                    "{} lacks segment {segment}{asked}.",
                    capital(&name(*member))
                )
            }
            Self::Copies {
                segment,
                copies,
                of,
                arriving,
            } => {
                let mut text = format!(
                    "{copies} of {} here have segment {segment}",
                    plural(u64::from(*of), "client", "clients")
                );
                if *arriving > 0 {
                    let _ = write!(text, "; it is arriving at {arriving}");
                }
                text + "."
            }
            Self::Ways {
                at,
                percent: [server, cdn, swarm],
            } => format!(
                "After {} the clients of one server have {server} % of all that they want, those of the CDN {cdn} %, those of the swarm {swarm} %.",
                time_text(*at)
            ),
            Self::Goal { goal, twin } => aim(*goal, *twin),
            Self::Flows {
                from,
                to,
                segment,
                percent,
            } => format!(
                "Segment {segment} is on its way from {} to {}: {percent} % have arrived.",
                name(*from),
                name(*to)
            ),
        }
    }
}

/// A member as a sentence names it.
pub fn name(member: u64) -> String {
    match member {
        0 => "the seed".to_owned(),
        _ => format!("client {member}"),
    }
}

/// A hundredth part with two decimals.
pub fn decimal(hundredths: u64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// A rate in bytes a second as megabits a second: with two decimals below 10, without beyond; zeros at the end are left out.
pub fn megabits(bytes: u64) -> String {
    let hundredths = (bytes * 8 + 5_000) / 10_000;
    if hundredths >= 1_000 {
        return ((hundredths + 50) / 100).to_string();
    }
    let text = decimal(hundredths);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A limit in one word, as the stage has room for it.
pub const fn word(limit: LimitedBy) -> &'static str {
    match limit {
        LimitedBy::Complete => "complete",
        LimitedBy::NoSource => "no source",
        LimitedBy::Choked => "choked",
        LimitedBy::Rare => "rare",
        LimitedBy::Senders => "senders",
        LimitedBy::Downlink => "downlink",
    }
}

fn limited(limit: LimitedBy, down: u64) -> String {
    match limit {
        LimitedBy::Complete => "Nothing limits it: the file is complete.".to_owned(),
        LimitedBy::NoSource => "It has found nobody who has the file yet.".to_owned(),
        LimitedBy::Choked => {
            "All who have what it lacks choke it now: it waits for a slot.".to_owned()
        }
        LimitedBy::Rare => "Nobody whom it knows has anything that it lacks.".to_owned(),
        LimitedBy::Downlink if down == 0 => "Limited by its own downlink.".to_owned(),
        LimitedBy::Senders if down == 0 => {
            "Limited by the uplinks of those who send to it, and by the latency.".to_owned()
        }
        LimitedBy::Downlink => format!(
            "Limited by its own downlink: {} Mbit/s come in.",
            megabits(down)
        ),
        LimitedBy::Senders => format!(
            "Limited by the uplinks of those who send to it: {} Mbit/s come in.",
            megabits(down)
        ),
    }
}

fn aim(goal: Goal, twin: Option<&str>) -> String {
    match goal {
        Goal::AllServed => {
            "Everybody who wants the file has it, and nobody left without.".to_owned()
        }
        Goal::SeedSendsAtMost(copies) => format!(
            "Everybody has the file, and the seed has sent at most {} copies of it.",
            decimal(u64::from(copies) / 10)
        ),
        Goal::DoneWithoutSeed => {
            "The seed leaves before everybody is served, and everybody gets the file nevertheless."
                .to_owned()
        }
        Goal::Banned { client, by } => format!(
            "At least {by} others have banned {}, and everybody else who wants the file has it.",
            name(client)
        ),
        Goal::GivesNothing(client) => format!(
            "{} has the whole file and has sent nothing of it.",
            capital(&name(client))
        ),
        Goal::NoSlowerThanTheFirst(share) => format!(
            "Everybody has the file, and the last quarter to come took at most {} times as long as the first quarter.",
            decimal(u64::from(share) / 10)
        ),
        Goal::OneClub { segment, clients } => format!(
            "When the last client has come, at least {clients} lack segment {segment} and nothing else."
        ),
        Goal::LaterThanTwin => format!(
            "The last client is done later than in the same swarm with one thing otherwise: {}.",
            twin.unwrap_or("there is none")
        ),
    }
}

fn because(why: Why, copies: u16, among: u32) -> String {
    let peers = plural(
        u64::from(copies),
        "peer that it knows has it",
        "peers that it knows have it",
    );
    let tie = match among {
        0 | 1 => String::new(),
        _ => format!(" It was drawn among {among} that would have served as well."),
    };
    match why {
        Why::Proof => "The last segment comes first: it proves the length of the file.".to_owned(),
        Why::Rarest => {
            format!(
                "Rarest first: {peers}, and of what it lacks and could have from there nothing is rarer.{tie}"
            )
        }
        Why::Random => format!("Drawn at random: {peers}.{tie}"),
        Why::Next => "The next one in the order of the file.".to_owned(),
        Why::Offered => "It was offered in place of another one.".to_owned(),
        Why::Endgame => {
            "Nothing else is missing, so a second source is asked: the endgame.".to_owned()
        }
    }
}

fn plural(count: u64, one: &str, more: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {more}"),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
