//! Every sentence of the consistency page, as a typed fact with its numbers; one place turns it into words.

use chordscope_sim::checks::verdict::Verdict;
use chordscope_sim::engine::time_text::time_text;
use chordscope_sim::worlds::consistency::judgement::{Judgement, Limited};
use chordscope_sim::worlds::consistency::network::Reason;
use chordscope_sim::worlds::consistency::scenario::{Ending, Goal};
use chordscope_sim::worlds::consistency::setup::System;

use crate::cap::engine::predict::Guess;
use crate::cap::engine::snapshot::Order;

/// A fact. Times are in microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// Nothing was done yet.
    Begins {
        /// The nodes or machines.
        nodes: u32,
        /// The clients.
        clients: u32,
        /// The name that is called.
        name: String,
        /// In a ring: the key of the name.
        key: Option<String>,
        /// The nodes that keep it.
        keepers: Vec<String>,
    },
    /// A client called its node.
    Calls {
        /// The client.
        client: String,
        /// The request.
        deed: Asks,
        /// The name.
        name: String,
        /// The time.
        at: u64,
    },
    /// An operation is in flight.
    Waits {
        /// The system.
        system: System,
        /// The client.
        client: String,
        /// The time since its call.
        since: u64,
    },
    /// An operation has ended.
    Ended {
        /// The system.
        system: System,
        /// The client.
        client: String,
        /// The outcome.
        came: Came,
        /// The time that it took.
        took: u64,
        /// The verdict.
        verdict: Judged,
    },
    /// The replicas that each client's node can reach now.
    Reach {
        /// The clients, and the replicas that each reaches.
        each: Vec<(String, u8)>,
        /// The size of the replica group.
        group: u8,
        /// The size of a majority.
        majority: u8,
    },
    /// The network was cut.
    Cut {
        /// The nodes that are cut off.
        nodes: Vec<String>,
        /// The number of the others.
        others: u32,
        /// The time.
        at: u64,
    },
    /// The cut healed.
    Healed {
        /// The time.
        at: u64,
    },
    /// All replicas that are up keep the same version.
    Agreed {
        /// The system.
        system: System,
        /// The time since which they do, counted from the end of the cut.
        after: u64,
    },
    /// They do not.
    Differ {
        /// The system.
        system: System,
        /// The number of different versions, none being one, too.
        versions: u32,
    },
    /// A node crashed.
    Crashed {
        /// The node.
        node: String,
        /// The time.
        at: u64,
    },
    /// A node came back with its disk.
    Back {
        /// The node.
        node: String,
        /// The time.
        at: u64,
    },
    /// A message was lost on purpose.
    Lost {
        /// The time.
        at: u64,
    },
    /// Versions with one sequence number met at a node.
    Conflict {
        /// The system.
        system: System,
        /// The node.
        node: String,
        /// The time.
        at: u64,
        /// The one that stays, with their sequence number; `None` for a delete, of which nothing is kept but that it was.
        stays: Option<(Written, u64)>,
        /// Another that was confirmed with this number.
        goes: Option<Written>,
    },
    /// The shop refunded an order.
    Refund {
        /// The system.
        system: System,
        /// The order.
        order: Written,
        /// The order that stands.
        stands: Written,
        /// The time.
        at: u64,
        /// The time since the order was confirmed.
        after: u64,
    },
    /// One register explains all answers.
    Linearizable {
        /// The system.
        system: System,
        /// The operations that returned with an answer.
        answers: u32,
    },
    /// No register explains the answers.
    Contradiction {
        /// The system.
        system: System,
        /// The operations that contradict one another.
        count: u32,
        /// Whether no fewer do.
        is_smallest: bool,
    },
    /// An operation of a contradiction.
    Member {
        /// Its number in the set, from 1.
        place: u32,
        /// The client.
        client: String,
        /// The request.
        deed: Asks,
        /// The outcome.
        came: Option<Came>,
        /// The time of the call.
        called: u64,
        /// The time of the return.
        returned: Option<u64>,
    },
    /// Of a contradiction: the first had returned before the second was called.
    Before {
        /// The number of the first in the set.
        first: u32,
        /// The number of the second.
        second: u32,
    },
    /// Of a contradiction: one returned what the other wrote.
    Reads {
        /// The number of the reader in the set.
        reader: u32,
        /// The number of the writer.
        writer: u32,
    },
    /// The search for an order was given up.
    GaveUp {
        /// The system.
        system: System,
    },
    /// Only the first operations are judged.
    Limited {
        /// The number of those that are.
        judged: u32,
        /// The number of all.
        called: u32,
    },
    /// The moment at which an operation takes effect in the order that was found.
    Effect {
        /// The time.
        at: u64,
    },
    /// BASE, basically available: answers.
    Available {
        /// The system.
        system: System,
        /// Operations with an answer.
        answered: u32,
        /// Operations that have returned.
        returned: u32,
    },
    /// BASE, soft state: replicas that changed while nobody wrote.
    Soft {
        /// The system.
        system: System,
        /// The number of these changes.
        changes: u32,
        /// The last one: the node, and the time.
        last: Option<(String, u64)>,
    },
    /// ACID, atomic: writes that were refused.
    Atomic {
        /// The system.
        system: System,
        /// Their number.
        refused: u32,
        /// Those whose value was read.
        read: u32,
    },
    /// ACID, consistent: the rule of the application, one confirmed write for each version.
    Rule {
        /// The system.
        system: System,
        /// The confirmed writes that share their version's number with another one.
        doubles: u32,
    },
    /// ACID, isolated: operations as if one came after the other.
    Isolated {
        /// The system.
        system: System,
        /// Whether one order explains all answers.
        order: Order,
    },
    /// ACID, durable: the newest confirmed value.
    Durable {
        /// The system.
        system: System,
        /// The write.
        newest: Option<Written>,
        /// The replicas that keep its version.
        holders: u32,
        /// All replicas of the group.
        group: u32,
    },
    /// A prediction beside what came.
    Predicted {
        /// The system.
        system: System,
        /// The guess.
        guess: Guess,
        /// The outcome.
        came: Option<Guess>,
    },
    /// A node, as the pointer asks.
    NodeIs {
        /// The node.
        node: String,
        /// Whether it is up.
        is_up: bool,
        /// Whether it is cut off from the others.
        is_cut: bool,
        /// Whether it thinks that it is responsible for the name.
        is_responsible: bool,
        /// Whether it belongs to the replica group.
        is_of_group: bool,
        /// The version that it keeps: its number and value.
        keeps: Option<(u64, String)>,
        /// The clients that call it.
        clients: Vec<String>,
    },
    /// A version that the replica of a node kept for a while.
    Kept {
        /// The node.
        node: String,
        /// The version: its number and value; `None` for nothing.
        version: Option<(u64, String)>,
        /// The time from which it kept it.
        from: u64,
        /// The time at which something else took its place; `None` where nothing has.
        until: Option<u64>,
    },
    /// A message on its way.
    MessageIs {
        /// The sender.
        from: String,
        /// The receiver.
        to: String,
        /// The time until it arrives.
        rest: u64,
        /// Whether the cut lies between the two.
        is_cut: bool,
    },
    /// A goal of the scenario.
    Goal {
        /// The goal.
        goal: Goal,
        /// The call that it is about: client, request, time.
        of: Option<(String, Asks, u64)>,
    },
}

/// A request, as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asks {
    /// The value.
    Get,
    /// A value in the place of anything.
    Put(String),
    /// Nothing in the place of anything.
    Delete,
    /// A value in the place of what the client saw last.
    Swap(String),
}

/// The outcome of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// A get returned this; `None` for nothing.
    Got(Option<String>),
    /// A write was confirmed with this sequence number.
    Wrote(u64),
    /// A conditional write was told that something else is there; a delete, that nothing is.
    Mismatch,
    /// Refused.
    Refused(Option<Reason>),
}

/// A verdict with what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// Fresh.
    Fresh,
    /// Stale: a newer version had been confirmed so long before the call.
    Stale {
        /// The write of the newer version.
        newer: Written,
        /// The time between its confirmation and the call; `None` where its confirmation came after the call.
        ago: Option<u64>,
    },
    /// Refused; a write may take effect nevertheless.
    Refused {
        /// Whether it is a write.
        writes: bool,
    },
    /// Conflicting with another confirmed version of the same number.
    Conflicting {
        /// The write of the other version.
        with: Written,
        /// Their sequence number.
        sequence: u64,
    },
}

/// A write: its client and its value; `None` for a delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The client.
    pub client: String,
    /// The value.
    pub value: Option<String>,
}

/// The name of a system on the page.
pub fn system_name(system: System) -> String {
    system.title()
}

impl Asks {
    fn text(&self, client: &str, name: &str) -> String {
        match self {
            Self::Get => format!("{client} gets {name}"),
            Self::Put(value) => format!("{client} puts “{value}” under {name}"),
            Self::Delete => format!("{client} deletes {name}"),
            Self::Swap(value) => {
                format!("{client} puts “{value}” under {name} if nothing has changed")
            }
        }
    }

    /// The request in short, for a picture and a table.
    pub fn short(&self) -> String {
        match self {
            Self::Get => "get".to_owned(),
            Self::Put(_) => "put".to_owned(),
            Self::Delete => "delete".to_owned(),
            Self::Swap(_) => "put if unchanged".to_owned(),
        }
    }

    /// The value that is to be written.
    pub fn value(&self) -> Option<&str> {
        match self {
            Self::Put(value) | Self::Swap(value) => Some(value),
            Self::Get | Self::Delete => None,
        }
    }
}

impl Came {
    fn text(&self, client: &str) -> String {
        match self {
            Self::Got(Some(value)) => format!("{client} got “{value}”"),
            Self::Got(None) => format!("{client} got nothing"),
            Self::Wrote(sequence) => {
                format!("{client}’s write was confirmed as version {sequence}")
            }
            Self::Mismatch => format!("{client} was told that the condition does not hold"),
            Self::Refused(reason) => match reason.map(reason_word) {
                Some(why) => format!("{client} was refused, as {why},"),
                None => format!("{client} was refused"),
            },
        }
    }

    /// The outcome in a word or two, for a table.
    pub fn short(&self) -> String {
        match self {
            Self::Got(Some(value)) => value.clone(),
            Self::Got(None) => "nothing".to_owned(),
            Self::Wrote(sequence) => format!("version {sequence}"),
            Self::Mismatch => "condition does not hold".to_owned(),
            Self::Refused(_) => "–".to_owned(),
        }
    }
}

const fn reason_word(reason: Reason) -> &'static str {
    match reason {
        Reason::Unavailable => "no node that is responsible answered",
        Reason::NoMajority => "no majority of the group answered",
        Reason::NoGroup => "no group keeps the name",
        Reason::NoNode => "the client’s node is down",
        Reason::UnknownOutcome => "what became of it is not known",
        Reason::Other => "the node could not take it",
    }
}

impl Judged {
    /// The verdict in a word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Fresh => Verdict::Fresh.word(),
            Self::Stale { .. } => Verdict::Stale { newer: 0 }.word(),
            Self::Refused { .. } => Verdict::Refused.word(),
            Self::Conflicting { .. } => Verdict::Conflicting { with: 0 }.word(),
        }
    }

    fn text(&self, came: &Came) -> String {
        match (self, came) {
            (Self::Fresh, Came::Got(_)) => "fresh: nothing newer was confirmed before".to_owned(),
            (Self::Fresh, Came::Wrote(_)) => "no other write has this version".to_owned(),
            (Self::Fresh, _) => "nothing was changed".to_owned(),
            (Self::Refused { writes: true }, _) => "it may take effect nevertheless".to_owned(),
            (Self::Refused { writes: false }, _) => "it learned nothing".to_owned(),
            (
                Self::Stale {
                    newer,
                    ago: Some(ago),
                },
                _,
            ) => format!(
                "stale: {} had been confirmed {} before the call",
                newer.text(),
                time_text(*ago)
            ),
            (Self::Stale { newer, ago: None }, _) => {
                format!("stale: {} is newer", newer.text())
            }
            (Self::Conflicting { with, sequence }, _) => format!(
                "conflicting: {} was confirmed as version {sequence}, too",
                with.text()
            ),
        }
    }
}

impl Written {
    /// The write in a sentence.
    pub fn text(&self) -> String {
        match &self.value {
            Some(value) => format!("{}’s “{value}”", self.client),
            None => format!("{}’s delete", self.client),
        }
    }
}

impl Statement {
    /// The sentence.
    pub fn text(&self) -> String {
        match self {
            Self::Begins { .. }
            | Self::Calls { .. }
            | Self::Waits { .. }
            | Self::Ended { .. }
            | Self::Reach { .. } => self.of_call(),
            Self::Linearizable { .. }
            | Self::Contradiction { .. }
            | Self::Member { .. }
            | Self::Before { .. }
            | Self::Reads { .. }
            | Self::GaveUp { .. }
            | Self::Limited { .. }
            | Self::Effect { .. } => self.of_judgement(),
            Self::Available { .. }
            | Self::Soft { .. }
            | Self::Atomic { .. }
            | Self::Rule { .. }
            | Self::Isolated { .. }
            | Self::Durable { .. } => self.of_word(),
            Self::NodeIs { .. } | Self::Kept { .. } | Self::MessageIs { .. } => self.of_hint(),
            _ => self.of_network(),
        }
    }

    fn of_call(&self) -> String {
        match self {
            Self::Begins {
                nodes,
                clients,
                name,
                key,
                keepers,
            } => {
                let clients = plural(*clients, "client");
                let keepers = list(keepers);
                match key {
                    Some(key) => format!(
                        "{} and {clients}. “{name}” has the key {key}: its replicas are kept by {keepers}.",
                        plural(*nodes, "node")
                    ),
                    None => format!(
                        "{} and {clients}. “{name}” is kept at {keepers}.",
                        plural(*nodes, "machine")
                    ),
                }
            }
            Self::Calls {
                client,
                deed,
                name,
                at,
            } => format!(
                "{} at {}.",
                deed.text(client, &format!("“{name}”")),
                time_text(*at)
            ),
            Self::Waits {
                system,
                client,
                since,
            } => format!(
                "{}: {client} has waited for {}.",
                system_name(*system),
                time_text(*since)
            ),
            Self::Ended {
                system,
                client,
                came,
                took,
                verdict,
            } => format!(
                "{}: {} after {}; {}.",
                system_name(*system),
                came.text(client),
                time_text(*took),
                verdict.text(came)
            ),
            Self::Reach {
                each,
                group,
                majority,
            } => {
                let each = each
                    .iter()
                    .map(|(client, replicas)| format!("{client} {replicas}"));
                let each: Vec<String> = each.collect();
                format!(
                    "Of {group} replicas reach: {}; {majority} are a majority.",
                    each.join(", ")
                )
            }
            _ => String::new(),
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm a statement")]
    fn of_network(&self) -> String {
        match self {
            Self::Cut { nodes, others, at } => format!(
                "Since {} {} and the {} cannot reach one another.",
                time_text(*at),
                named(nodes),
                plural(*others, "other")
            ),
            Self::Healed { at } => format!("The cut healed at {}.", time_text(*at)),
            Self::Agreed { system, after: 0 } => format!(
                "{}: all replicas keep the same version, and none has changed since.",
                system_name(*system)
            ),
            Self::Agreed { system, after } => format!(
                "{}: all replicas keep the same version since {} after the cut.",
                system_name(*system),
                time_text(*after)
            ),
            Self::Differ { system, versions } => format!(
                "{}: the replicas differ, {versions} ways.",
                system_name(*system)
            ),
            Self::Crashed { node, at } => {
                format!("Node {node} crashed at {}; its disk stays.", time_text(*at))
            }
            Self::Back { node, at } => format!(
                "Node {node} came back at {} with what its disk had.",
                time_text(*at)
            ),
            Self::Lost { at } => format!("A message was lost at {}.", time_text(*at)),
            Self::Conflict {
                system,
                node,
                at,
                stays,
                goes,
            } => {
                let goes = goes.as_ref().map(Written::text);
                let goes = goes.map_or_else(String::new, |goes| format!(", {goes} goes"));
                let (which, stays) = match stays {
                    Some((stays, sequence)) => (format!("two versions {sequence}"), stays.text()),
                    None => (
                        "two versions of one number".to_owned(),
                        "a delete".to_owned(),
                    ),
                };
                format!(
                    "{}: at {} {which} met at node {node}: {stays} stays{goes}.",
                    system_name(*system),
                    time_text(*at),
                )
            }
            Self::Refund {
                system,
                order,
                stands,
                at,
                after,
            } => format!(
                "{}: the shop refunded {} at {}, {} after it had confirmed it; {} stands.",
                system_name(*system),
                order.text(),
                time_text(*at),
                time_text(*after),
                stands.text()
            ),
            Self::Predicted {
                system,
                guess,
                came,
            } => {
                let name = system_name(*system);
                match came {
                    None => format!("{name}: you say {}; in flight.", guess.text()),
                    Some(came) if came == guess => {
                        format!("{name}: {}, as you said.", came.text())
                    }
                    Some(came) => {
                        format!("{name}: {}. You said: {}.", came.text(), guess.text())
                    }
                }
            }
            Self::Goal { goal, of } => goal_text(*goal, of.as_ref()),
            _ => String::new(),
        }
    }

    fn of_judgement(&self) -> String {
        match self {
            Self::Linearizable { system, answers } => {
                let answers = *answers;
                Judgement::Linearizable { answers }.text(*system)
            }
            Self::Contradiction {
                system,
                count,
                is_smallest,
            } => {
                let (count, is_smallest) = (*count, *is_smallest);
                Judgement::Contradiction { count, is_smallest }.text(*system)
            }
            Self::Member {
                client,
                deed,
                came,
                called,
                returned,
                ..
            } => {
                let what = match (deed.value(), came) {
                    (Some(value), Some(Came::Wrote(sequence))) => {
                        format!("{client} put “{value}”, confirmed as version {sequence}")
                    }
                    (_, Some(came)) => came.text(client),
                    (_, None) => deed.text(client, "the name"),
                };
                let until =
                    returned.map_or_else(String::new, |at| format!(" to {}", time_text(at)));
                format!("{what}: {}{until}.", time_text(*called))
            }
            Self::Before { first, second } => {
                format!("{first} had returned before {second} was called.")
            }
            Self::Reads { reader, writer } => format!("{reader} got what {writer} wrote."),
            Self::GaveUp { system } => Judgement::GaveUp.text(*system),
            Self::Limited { judged, called } => {
                let (judged, called) = (*judged, *called);
                Limited { judged, called }.text()
            }
            Self::Effect { at } => format!("It takes effect at {}.", time_text(*at)),
            _ => String::new(),
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm a statement")]
    fn of_word(&self) -> String {
        match self {
            Self::Available {
                system,
                answered,
                returned,
            } => format!(
                "{} has answered {answered} of {}.",
                system_name(*system),
                plural(*returned, "call")
            ),
            Self::Soft {
                system,
                changes,
                last,
            } => {
                let name = system_name(*system);
                match last {
                    None => format!("{name}: no replica has changed while nobody wrote."),
                    Some((node, at)) => format!(
                        "{name}: {} while nobody wrote, the last at node {node} at {}.",
                        match changes {
                            1 => "a replica changed".to_owned(),
                            _ => format!("replicas changed {changes} times"),
                        },
                        time_text(*at)
                    ),
                }
            }
            Self::Atomic {
                system,
                refused,
                read,
            } => {
                let name = system_name(*system);
                match refused {
                    0 => format!("{name} has refused no write: none may be half done."),
                    _ => format!(
                        "{name} has refused {}; {read} of them took effect nevertheless and could be read, each as a whole.",
                        plural(*refused, "write")
                    ),
                }
            }
            Self::Rule { system, doubles } => {
                let name = system_name(*system);
                match doubles {
                    0 => format!("{name}: no two confirmed writes have one version number."),
                    _ => format!(
                        "{name}: {} share a version number: not all of them can stand.",
                        plural(*doubles, "confirmed write")
                    ),
                }
            }
            Self::Isolated { system, order } => {
                let name = system_name(*system);
                match order {
                    Order::NoCall | Order::NoAnswer => format!("{name}: {}.", order.word()),
                    Order::Found => {
                        format!("{name}: its answers are those of one call after the other.")
                    }
                    Order::Missing => {
                        format!("{name}: no order of the calls explains its answers.")
                    }
                    Order::NotKnown => format!("{name}: not known, there are too many orders."),
                }
            }
            Self::Durable {
                system,
                newest,
                holders,
                group,
            } => {
                let name = system_name(*system);
                match newest {
                    None => format!("{name} has confirmed no write yet."),
                    Some(newest) => format!(
                        "{name}: {}, the newest that was confirmed, is on {holders} of {}.",
                        newest.text(),
                        plural(*group, "replica")
                    ),
                }
            }
            _ => String::new(),
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm a statement")]
    fn of_hint(&self) -> String {
        match self {
            Self::NodeIs {
                node,
                is_up,
                is_cut,
                is_responsible,
                is_of_group,
                keeps,
                clients,
            } => {
                if !is_up {
                    return format!("Node {node} is down.");
                }
                let keeps = match keeps {
                    Some((sequence, value)) => format!("keeps version {sequence}, “{value}”"),
                    None => "keeps nothing under the name".to_owned(),
                };
                let mut text = format!("Node {node} {keeps}.");
                let more = [
                    (*is_of_group, "is one of the name’s replicas"),
                    (
                        *is_responsible,
                        "thinks that it is responsible for the name",
                    ),
                    (*is_cut, "is cut off from the others"),
                ];
                let more = more.iter().filter(|(is, _)| *is);
                let more: Vec<String> = more.map(|(_, said)| (*said).to_owned()).collect();
                if !more.is_empty() {
                    text += &format!(" It {}.", list(&more));
                }
                match clients.as_slice() {
                    [] => {}
                    [client] => text += &format!(" {client} is its client."),
                    _ => text += &format!(" {} are its clients.", list(clients)),
                }
                text
            }
            Self::Kept {
                node,
                version,
                from,
                until,
            } => {
                let (what, comma) = match version {
                    Some((sequence, value)) => (format!("version {sequence}, “{value}”"), ","),
                    None => ("nothing under the name".to_owned(), ""),
                };
                let from = time_text(*from);
                match until {
                    Some(until) => format!(
                        "Node {node} kept {what}{comma} from {from} to {}.",
                        time_text(*until)
                    ),
                    None => format!("Node {node} keeps {what}{comma} since {from}."),
                }
            }
            Self::MessageIs {
                from,
                to,
                rest,
                is_cut,
            } => {
                let end = match is_cut {
                    true => format!("is lost in {} if the cut lasts", time_text(*rest)),
                    false => format!("arrives in {}", time_text(*rest)),
                };
                format!("A message from {from} to {to} {end}.")
            }
            _ => String::new(),
        }
    }
}

/// A goal in words.
fn goal_text(goal: Goal, of: Option<&(String, Asks, u64)>) -> String {
    let at = |system: System| format!("at {}", system.word());
    match goal {
        Goal::Contradiction(system) => {
            format!("{}: operations contradict one another", system_name(system))
        }
        Goal::Linearizable(system, count) => format!(
            "{}: linearizable after {} or more",
            system_name(system),
            plural(count as u32, "return")
        ),
        Goal::RefusedOnlyIn(system, count) => format!(
            "{} refused {}, and nothing else refused one",
            system_name(system),
            plural(count, "call")
        ),
        Goal::Refunded(system, count) => {
            format!("{} refunded {}", plural(count as u32, "order"), at(system))
        }
        Goal::Ends(system, number, ending) => format!(
            "{}: {} is {}",
            system_name(system),
            match of {
                Some((client, deed, at)) => {
                    format!("{client}’s {} of {}", deed.short(), time_text(*at))
                }
                None => format!("call {}", number + 1),
            },
            match ending {
                Ending::Fresh => "fresh",
                Ending::Stale => "stale",
                Ending::Refused => "refused",
                Ending::Conflicting => "conflicting",
            }
        ),
        Goal::Agreed(system) => {
            format!("{}: after the cut all replicas agree", system_name(system))
        }
        Goal::TakesTurns(system) => format!(
            "{}: the second of two that were called together waits for the first",
            system_name(system)
        ),
    }
}

/// Names as a list: “1, 4 and 28”.
fn list(names: &[String]) -> String {
    match names {
        [] => "nobody".to_owned(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

fn named(nodes: &[String]) -> String {
    match nodes {
        [one] => format!("node {one}"),
        _ => format!("nodes {}", list(nodes)),
    }
}

/// So many things.
pub(super) fn plural(count: u32, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {one}s"),
    }
}
