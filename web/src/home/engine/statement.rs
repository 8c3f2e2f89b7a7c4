//! Facts with their numbers, and the one place that writes them as sentences.

use chordscope_core::base::id::{Id, Space};
use chordscope_sim::engine::time_text::time_text;
use chordscope_sim::worlds::ring::trace::Decision;

/// A statement about a ring, a lookup or a door's figure.
#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    /// So many members keep the ring together, each by a check about every so many milliseconds.
    Stabilizes {
        /// The number of members.
        nodes: usize,
        /// The period of stabilization.
        millis: u64,
    },
    /// The first goal, as a question: one member keeps this key.
    Asks {
        /// The key.
        key: Id,
    },
    /// A node keeps the keys of a range.
    Keeps {
        /// The node.
        node: Id,
        /// The first key.
        first: Id,
        /// The last one.
        last: Id,
    },
    /// A node keeps all keys.
    KeepsAll {
        /// The node.
        node: Id,
    },
    /// A member knows no predecessor, and so keeps nothing.
    KeepsNothing {
        /// The node.
        node: Id,
    },
    /// A node is no member yet.
    NotJoined {
        /// The node.
        node: Id,
    },
    /// A node is not up.
    Gone {
        /// The node.
        node: Id,
    },
    /// The node just named does not keep a key.
    NotAmong {
        /// The key.
        key: Id,
    },
    /// A node keeps a key.
    IsKeeper {
        /// The node.
        node: Id,
        /// The key.
        key: Id,
    },
    /// A node kept a key when it was chosen.
    Chose {
        /// The node.
        node: Id,
        /// The key.
        key: Id,
    },
    /// A lookup has begun.
    LooksUp {
        /// The node that asks.
        from: Id,
        /// The key.
        key: Id,
    },
    /// A node has handed a lookup on.
    Forwards {
        /// The node.
        node: Id,
        /// The next one.
        to: Id,
    },
    /// The rule of a node's decision.
    Rule {
        /// The key.
        key: Id,
        /// The decision.
        decision: Decision,
    },
    /// The owner answers the origin.
    Answers {
        /// The owner.
        owner: Id,
        /// The origin.
        origin: Id,
    },
    /// A lookup waits for a node that does not answer.
    WaitsFor {
        /// The node that waits.
        node: Id,
        /// The node that it waits for.
        silent: Id,
    },
    /// A lookup has ended without an answer.
    Unanswered {
        /// The node that asked.
        from: Id,
        /// The key.
        key: Id,
    },
    /// A lookup has found the owner.
    Found {
        /// The key.
        key: Id,
        /// The owner.
        owner: Id,
        /// The number of hops.
        hops: usize,
        /// The time that it took, in microseconds.
        micros: u64,
    },
    /// The nodes that a lookup has come by.
    Way {
        /// The nodes, origin first.
        path: Vec<Id>,
    },
    /// The same lookup from neighbour to neighbour takes so many hops in this ring.
    ByNeighbours {
        /// The number of hops.
        hops: usize,
    },
    /// A newcomer looks for its place.
    Joins {
        /// The newcomer.
        node: Id,
    },
    /// A newcomer is a member.
    Joined {
        /// The newcomer.
        node: Id,
    },
    /// A node has crashed.
    Crashed {
        /// The node.
        node: Id,
    },
    /// No member takes itself to be responsible for a key.
    Nobody {
        /// The key.
        key: Id,
    },
    /// Several members do.
    Several {
        /// The key.
        key: Id,
        /// The members.
        nodes: Vec<Id>,
    },
    /// A node keeps a key, and did not before.
    KeepsNow {
        /// The node.
        node: Id,
        /// The key.
        key: Id,
    },
    /// A key has gone from one node to another.
    Moved {
        /// The key.
        key: Id,
        /// The node that kept it.
        from: Id,
        /// The node that keeps it then.
        to: Id,
    },
    /// So many rows of finger tables name a wrong node, or none.
    Fingers {
        /// The number of rows.
        wrong: usize,
    },
    /// The members of the ring.
    Members {
        /// Their ids, ascending.
        ids: Vec<Id>,
    },
    /// A key lies between two members.
    KeyLies {
        /// The key.
        key: Id,
        /// The member before it.
        before: Id,
        /// The member at it or after it.
        after: Id,
    },
    /// The figure of the door *Find*: one lookup along fingers, and from neighbour to neighbour.
    Hops {
        /// Along fingers.
        finger: usize,
        /// From neighbour to neighbour.
        linear: usize,
    },
    /// The figure of the door *Share*: the copies of the file that the seed sends, and that one server has to send.
    Copies {
        /// Copies that the seed sent, in hundredths of one.
        hundredths: u64,
        /// Clients: one server sends each of them a copy.
        clients: u64,
    },
    /// The figure of the door *Agree*: the members that keep a key while the ring is cut, and once it has healed.
    Owners {
        /// The key.
        key: Id,
        /// While it is cut.
        cut: usize,
        /// Healed.
        healed: usize,
    },
    /// The figure of the door *Doubt*: how long a lookup takes where messages take no time, and where they do.
    Latency {
        /// Where they take none, in microseconds.
        assumed: u64,
        /// Where they do.
        faced: u64,
    },
    /// The picture of the door *Share*: the segments that each client has.
    Shares {
        /// By client.
        has: Vec<u32>,
        /// The segments of the file.
        of: u32,
    },
    /// The picture of the door *Agree*: whether the ring is cut, and who keeps a key.
    Cut {
        /// Whether it is cut now.
        cut: bool,
        /// The key.
        key: Id,
        /// The members that keep it.
        nodes: Vec<Id>,
    },
    /// The picture of the door *Doubt*: the time that both lookups have taken so far, in microseconds.
    Clocks {
        /// Where messages take no time.
        assumed: u64,
        /// Where they do.
        faced: u64,
    },
}

impl Statement {
    /// The statement as a sentence.
    #[expect(clippy::too_many_lines, reason = "one arm a statement")]
    pub fn text(&self, space: Space) -> String {
        let show = |id: &Id| space.show(*id);
        let list = |ids: &[Id]| ids.iter().map(show).collect::<Vec<_>>();
        match self {
            Self::Stabilizes { nodes, millis } => format!(
                "{} and nobody leads: about every {} s each node asks its successor whether another one has come between.",
                count(
                    *nodes,
                    "node keeps this ring together,",
                    "nodes keep this ring together,"
                ),
                decimal(millis / 100, 10),
            ),
            Self::Asks { key } => {
                format!("Which node keeps key {}? Choose it on the ring.", show(key))
            }
            Self::Keeps { node, first, last } if first == last => {
                format!("Node {} keeps key {} alone.", show(node), show(first))
            }
            Self::Keeps { node, first, last } => {
                format!(
                    "Node {} keeps keys {} to {}.",
                    show(node),
                    show(first),
                    show(last)
                )
            }
            Self::KeepsAll { node } => format!("Node {} keeps every key.", show(node)),
            Self::KeepsNothing { node } => {
                format!(
                    "Node {} knows no predecessor now, so it keeps no key.",
                    show(node)
                )
            }
            Self::NotJoined { node } => format!("Node {} has not joined yet.", show(node)),
            Self::Gone { node } => format!("Node {} is down: it keeps nothing.", show(node)),
            Self::NotAmong { key } => format!(
                "Key {0} is not among them. A key belongs to the first node at its address or after it, clockwise.",
                show(key)
            ),
            Self::IsKeeper { node, key } => format!("Node {} keeps key {}.", show(node), show(key)),
            Self::Chose { node, key } => {
                format!(
                    "Node {} kept {}: the first at it or after it, clockwise.",
                    show(node),
                    show(key)
                )
            }
            Self::LooksUp { from, key } => {
                format!("Node {} looks up key {}.", show(from), show(key))
            }
            Self::Forwards { node, to } => {
                format!("Node {} forwards the lookup to {}.", show(node), show(to))
            }
            Self::Rule { key, decision } => decision.explain(space, *key),
            Self::Answers { owner, origin } => {
                format!(
                    "Node {} answers node {}: the key is its own.",
                    show(owner),
                    show(origin)
                )
            }
            Self::WaitsFor { node, silent } => {
                format!(
                    "Node {} waits for node {}, which does not answer.",
                    show(node),
                    show(silent)
                )
            }
            Self::Unanswered { from, key } => {
                format!(
                    "Node {} got no answer about key {}. Look it up again.",
                    show(from),
                    show(key)
                )
            }
            Self::Found {
                key,
                owner,
                hops,
                micros,
            } => format!(
                "Key {} was found at node {}, in {} and {}.",
                show(key),
                show(owner),
                count(*hops, "hop", "hops"),
                time_text(*micros)
            ),
            Self::Way { path } => format!("{}.", list(path).join(" → ")),
            Self::ByNeighbours { hops } => {
                format!(
                    "From neighbour to neighbour it takes {}.",
                    count(*hops, "hop", "hops")
                )
            }
            Self::Joins { node } => {
                format!(
                    "Node {0} joins: it looks up its own id to find its successor.",
                    show(node)
                )
            }
            Self::Joined { node } => format!("Node {} has joined.", show(node)),
            Self::Crashed { node } => {
                format!("Node {} has crashed: it answers nobody.", show(node))
            }
            Self::Nobody { key } => {
                format!(
                    "Nobody keeps key {} until the neighbours notice.",
                    show(key)
                )
            }
            Self::Several { key, nodes } => {
                format!(
                    "Key {} is claimed by nodes {}.",
                    show(key),
                    list(nodes).join(" and ")
                )
            }
            Self::KeepsNow { node, key } => {
                format!("Now node {} keeps key {}.", show(node), show(key))
            }
            Self::Moved { key, from, to } => {
                format!(
                    "Key {} went from node {} to node {}.",
                    show(key),
                    show(from),
                    show(to)
                )
            }
            Self::Fingers { wrong: 0 } => "All fingers name the right nodes.".to_owned(),
            Self::Fingers { wrong } => format!(
                "{} to be updated by stabilization.",
                count(*wrong, "finger has still", "fingers have still")
            ),
            Self::Members { ids } => format!(
                "A ring of {}, clockwise: {}.",
                count(ids.len(), "node", "nodes"),
                list(ids).join(", ")
            ),
            Self::KeyLies { key, before, after } if key == after => {
                format!(
                    "Key {} lies at node {}; node {} is before it.",
                    show(key),
                    show(after),
                    show(before)
                )
            }
            Self::KeyLies { key, before, after } => {
                format!(
                    "Key {} lies between nodes {} and {}.",
                    show(key),
                    show(before),
                    show(after)
                )
            }
            Self::Hops { finger, linear } => {
                format!("{}, not {linear}", count(*finger, "hop", "hops"))
            }
            Self::Copies {
                hundredths,
                clients,
            } => {
                format!("{} sent, not {clients}", copies(*hundredths))
            }
            Self::Owners { key, cut, healed } => {
                let keepers = count(*cut, "keeper", "keepers");
                format!("{keepers} of {}, then {healed}", show(key))
            }
            Self::Latency { assumed, faced } => {
                format!("{}, not {}", time_text(*faced), time_text(*assumed))
            }
            Self::Shares { has, of } => {
                let has: Vec<String> = has.iter().map(u32::to_string).collect();
                format!(
                    "A swarm: the clients have {} of {of} segments.",
                    has.join(", ")
                )
            }
            Self::Cut { cut, key, nodes } => format!(
                "A ring that is {}: key {} is kept by {}.",
                if *cut { "cut in two" } else { "in one piece" },
                show(key),
                match &nodes[..] {
                    [] => "nobody".to_owned(),
                    nodes => list(nodes).join(" and "),
                }
            ),
            Self::Clocks { assumed, faced } => format!(
                "One lookup on two rings: so far it has taken {} where messages take no time, {} where they do.",
                time_text(*assumed),
                time_text(*faced)
            ),
        }
    }
}

fn count(number: usize, one: &str, many: &str) -> String {
    let unit = if number == 1 { one } else { many };
    format!("{number} {unit}")
}

/// A number of parts, of which so many are a whole, with its decimals but no noughts behind them.
fn decimal(parts: u64, whole: u64) -> String {
    let digits = whole.ilog10() as usize;
    let text = format!("{}.{:0digits$}", parts / whole, parts % whole);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn copies(hundredths: u64) -> String {
    let unit = if hundredths == 100 { "copy" } else { "copies" };
    format!("{} {unit}", decimal(hundredths, 100))
}
