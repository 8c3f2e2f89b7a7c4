//! Everything that the ring page says of the ring: facts with their numbers, and the one place where they become text.

use chordscope_core::base::id::{Id, Space};
use chordscope_core::chord::invariant::Property;
use chordscope_sim::classic::Protocol;
use chordscope_sim::engine::time_text::time_text;
use chordscope_sim::worlds::ring::action::Action;
use chordscope_sim::worlds::ring::trace::{Decision, Entry};

/// One statement of fact, or one word of advice.
#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    /// A lookup has begun, and its origin has not decided yet.
    LooksUp {
        /// The origin.
        from: Id,
        /// The key.
        key: Id,
    },
    /// A node forwards a recursive lookup.
    Forwards {
        /// The node.
        node: Id,
        /// The next node.
        to: Id,
    },
    /// A node misroutes a lookup: it forwards it to another node than it decided, or names another one.
    Misroutes {
        /// The node.
        node: Id,
        /// The node that it goes to.
        to: Id,
        /// The node of its decision.
        decided: Id,
    },
    /// The origin of an iterative lookup asks a node once more.
    AsksAgain {
        /// The origin.
        origin: Id,
        /// The node.
        to: Id,
    },
    /// The origin of an iterative lookup asks a node that it knows itself.
    Asks {
        /// The origin.
        origin: Id,
        /// The next node.
        to: Id,
    },
    /// A node names the next one to the origin of an iterative lookup.
    Refers {
        /// The node.
        node: Id,
        /// The origin.
        origin: Id,
        /// The next node.
        to: Id,
    },
    /// The rule by which a node decided.
    Rule {
        /// The key.
        key: Id,
        /// The decision.
        decision: Decision,
    },
    /// A node takes a key for its own, though it is not in its part of the ring: no other node that it knows answers.
    Owns {
        /// The node.
        node: Id,
        /// The key.
        key: Id,
    },
    /// A node takes itself for responsible, and answers.
    Answers {
        /// The node.
        owner: Id,
        /// The origin.
        origin: Id,
    },
    /// A lookup was answered, with the node that is responsible.
    Found {
        /// Hops made.
        hops: usize,
        /// The responsible node.
        owner: Id,
        /// The key.
        key: Id,
    },
    /// A lookup was answered with another node than the one that is responsible among the members of now.
    Misplaced {
        /// Hops made.
        hops: usize,
        /// The node of the answer.
        owner: Id,
        /// The key.
        key: Id,
        /// The first member at or after the key.
        right: Id,
    },
    /// A lookup ended without an answer.
    NoAnswer {
        /// The origin.
        from: Id,
        /// The key.
        key: Id,
        /// Its duration, in microseconds.
        micros: u64,
    },
    /// The origin stopped before its lookup was answered.
    OriginStopped {
        /// The origin.
        from: Id,
        /// The key.
        key: Id,
    },
    /// The message that carried a lookup on is lost, and a node waits for what will not come.
    Waits {
        /// The node that waits.
        node: Id,
        /// The node that it waits for.
        silent: Id,
        /// The whole wait, in microseconds.
        micros: u64,
    },

    /// The recursive lookup took too long, and its origin asks node by node.
    AsksItself {
        /// The origin.
        origin: Id,
    },

    /// A prediction's question: who is next?
    Question {
        /// The node that has the lookup.
        node: Id,
        /// The key.
        key: Id,
    },
    /// A prediction beside the decision of the node.
    Verdict {
        /// The prediction.
        said: Id,
        /// The decision.
        next: Id,
    },
    /// The number of right predictions.
    Score {
        /// Right ones.
        right: usize,
        /// All.
        answered: usize,
    },

    /// A node has begun to join.
    Joins(Id),
    /// The join of a newcomer, by these rules.
    Placing(Protocol),
    /// A node has joined.
    Joined(Id),
    /// A node hands over and leaves.
    Leaves(Id),
    /// A node has left.
    Left(Id),
    /// A node has crashed.
    Crashed(Id),
    /// A node has stopped and started again.
    Restarted(Id),
    /// Several nodes came or went at one moment.
    Together {
        /// Those, ascending.
        nodes: Vec<Id>,
        /// Their common fate.
        fate: Fate,
    },
    /// Something else was done.
    Done(Action),
    /// The progress of updates among the fingers of others that changes affect.
    Affected {
        /// Those that have named the right node since.
        done: usize,
        /// All.
        of: usize,
        /// Those that have, and name another node again.
        again: usize,
    },
    /// Which rows a change affects.
    AffectedRows {
        /// The member before the node.
        after: Id,
        /// The node that came or went.
        node: Id,
    },

    /// All members name the right successor and predecessor.
    Stable {
        /// The number of members.
        members: usize,
        /// Whether the network is cut or a node is paused.
        troubled: bool,
    },
    /// There is one member.
    Alone(Id),
    /// There is no member.
    NoMember,
    /// Some members name a wrong successor or predecessor, or none.
    Lagging,
    /// A member’s only successors are nodes that are gone.
    DeadSuccessor {
        /// The member.
        node: Id,
        /// The node that it takes for its successor.
        gone: Id,
    },
    /// About how often each node stabilizes, in microseconds.
    Rounds(u64),
    /// Invariants are violated.
    Violated {
        /// Which.
        broken: Vec<Property>,
        /// The number of rings.
        rings: usize,
        /// By which rules the nodes stabilize, if they do at all.
        stabilizing: Option<Protocol>,
    },

    /// The scenario has something planned, at this moment in microseconds.
    GoesOn(u64),
    /// The next action on this branch is one that was taken before at this moment in microseconds: time was moved back.
    ActionAhead(u64),
    /// Nothing more is planned, and all that was came to its end, now or before.
    Ended,
    /// Nothing but stabilization has happened for so long, in microseconds.
    Unchanged(u64),
    /// An event of this moment.
    Happened(Entry),
    /// Advice to the user.
    Advice(Advice),

    /// An invariant holds.
    Holds(Property),
    /// An invariant does not hold.
    Fails {
        /// Which.
        property: Property,
        /// The rings that there are: how many nodes each has.
        rings: Vec<usize>,
        /// The number of nodes at which it fails.
        nodes: usize,
        /// Of how many members.
        of: usize,
    },
    /// The number of violated invariants.
    Violations {
        /// Those.
        broken: usize,
        /// All.
        of: usize,
    },

    /// The progress of a lookup.
    Progress {
        /// The key.
        key: Id,
        /// Its stage.
        stage: Stage,
    },
    /// The cost of a lookup.
    Measured {
        /// Hops.
        hops: usize,
        /// Microseconds of virtual time.
        micros: u64,
        /// Whether it has ended.
        ended: bool,
    },
    /// The hops that the lookup would take along successors.
    Linear {
        /// Hops.
        hops: usize,
    },
    /// The mean of all lookups in this ring, with correct fingers.
    Mean {
        /// Hundredths of a hop.
        hundredths: u64,
        /// The number of nodes that look up.
        nodes: usize,
        /// The number of keys, if a few digits can tell it.
        keys: Option<u64>,
    },
    /// The mean by the formula for large random rings.
    Formula {
        /// The number of nodes.
        nodes: usize,
        /// Tenths of a hop.
        tenths: u64,
    },

    /// The range of keys that a node takes itself to be responsible for.
    Claims {
        /// The node that it takes for its predecessor.
        after: Id,
        /// The node.
        node: Id,
        /// Whether that is the member before it.
        right: bool,
    },
    /// The row of a finger table that a lookup took names another node by now.
    RowSince {
        /// Whose.
        node: Id,
        /// Which row.
        row: u8,
        /// The node that it named.
        took: Id,
    },
    /// The successor list in which a lookup found the responsible node names it no more.
    SuccessorSince {
        /// Whose.
        node: Id,
        /// The node that it named.
        took: Id,
    },
    /// The numbers of members and rings.
    Picture {
        /// Members.
        members: usize,
        /// Rings.
        rings: usize,
    },
    /// The last lookup, for who does not see it.
    LastLookup {
        /// The origin.
        from: Id,
        /// The key.
        key: Id,
        /// Hops so far.
        hops: usize,
    },
}

/// The common fate of several nodes at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// They have begun to join.
    Join,
    /// They have joined.
    Joined,
    /// They hand over their keys and leave.
    Leave,
    /// They have left.
    Left,
    /// They have crashed.
    Crashed,
}

/// The stage of a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// On its way.
    UnderWay,
    /// The responsible node has it, and the origin does not know yet.
    Answering,
    /// Its origin has the answer.
    Answered,
    /// The same, and the ring has changed since.
    AnsweredEarlier,
    /// Ended without an answer.
    Failed,
}

/// Advice to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Look at the table before predicting.
    ReadTheTable,
    /// Choose the node that comes next.
    ChooseNext,
    /// Look something up, or change the ring.
    LookUpOrChange,
    /// Let time run.
    Play,
}

impl Statement {
    /// Whether this says the same as another one of a moment before.
    pub fn is_same_step(&self, other: &Self) -> bool {
        match (self, other) {
            // A node that is asked again decides the same again.
            (
                Self::Rule { key, decision },
                Self::Rule {
                    key: other,
                    decision: before,
                },
            ) => {
                key == other
                    && (decision.node, &decision.step, decision.predecessor)
                        == (before.node, &before.step, before.predecessor)
            }
            // What happened at a moment is told to who stops there: nobody need stop for it.
            (Self::Happened(_), Self::Happened(_)) => true,
            _ => self == other,
        }
    }

    /// The statement as text.
    #[expect(clippy::too_many_lines, reason = "one arm a statement")]
    pub fn text(&self, space: Space) -> String {
        let show = |id: &Id| space.show(*id);
        match self {
            Self::LooksUp { from, key } => format!("Node {} looks up {}.", show(from), show(key)),
            Self::Forwards { node, to } => {
                format!("Node {} forwards the lookup to {}.", show(node), show(to))
            }
            Self::Misroutes { node, to, decided } => format!(
                "Node {} misroutes the lookup, to {} instead of {}.",
                show(node),
                show(to),
                show(decided)
            ),
            Self::AsksAgain { origin, to } => {
                format!("Node {} asks {} again.", show(origin), show(to))
            }
            Self::Asks { origin, to } => format!("Node {} asks {}.", show(origin), show(to)),
            Self::Refers { node, origin, to } => {
                let (node, origin, to) = (show(node), show(origin), show(to));
                format!("Node {node} names {to}, and node {origin} asks {to} next.")
            }
            Self::Rule { key, decision } => decision.explain(space, *key),
            Self::Owns { node, key } => format!("Node {} takes {} for its own.", show(node), show(key)),
            Self::Answers { owner, origin } => {
                format!("Node {} answers node {}.", show(owner), show(origin))
            }
            Self::Found { hops, owner, key } => {
                let (hops, owner, key) = (hop_count(*hops), show(owner), show(key));
                format!("Found in {hops}: node {owner} is responsible for {key}.")
            }
            Self::Misplaced {
                hops,
                owner,
                key,
                right,
            } => format!(
                "Answered in {}: node {}. The first member at or after {} is {}.",
                hop_count(*hops),
                show(owner),
                show(key),
                show(right)
            ),
            Self::NoAnswer { from, key, micros } => format!(
                "Node {} got no answer about {} and gave up after {}.",
                show(from),
                show(key),
                time_text(*micros)
            ),
            Self::OriginStopped { from, key } => format!(
                "Node {} stopped before its lookup of {} was answered.",
                show(from),
                show(key)
            ),
            Self::Waits {
                node,
                silent,
                micros,
            } => format!(
                "Nothing comes from {}. Node {} waits {} for it.",
                show(silent),
                show(node),
                time_text(*micros)
            ),
            Self::AsksItself { origin } => format!(
                "The recursive lookup took too long: node {} asks node by node.",
                show(origin)
            ),
            Self::Question { node, key } => {
                format!("Node {} has the lookup of {}. Who is next?", show(node), show(key))
            }
            Self::Verdict { said, next } if said == next => format!("Right, {}.", show(next)),
            Self::Verdict { said, next } => format!("Not {}: it is {}.", show(said), show(next)),
            Self::Score { right, answered } => format!("{right} of {answered} right."),
            Self::Joins(node) => format!("Node {} joins.", show(node)),
            Self::Placing(Protocol::Corrected) => {
                "A newcomer looks up its own place through a member, and copies the successor list that it finds there.".to_owned()
            }
            Self::Placing(Protocol::Classic) => {
                "A newcomer looks up its own place through a member, and takes its successor, and nothing else.".to_owned()
            }
            Self::Joined(node) => format!("Node {} has joined.", show(node)),
            Self::Leaves(node) => format!("Node {} hands over its keys and leaves.", show(node)),
            Self::Left(node) => format!("Node {} has left.", show(node)),
            Self::Crashed(node) => format!("Node {} has crashed.", show(node)),
            Self::Restarted(node) => format!("Node {} has stopped and started again.", show(node)),
            Self::Together { nodes, fate } => {
                let mut words: Vec<String> = nodes.iter().map(show).collect();
                let last = words.pop().unwrap_or_default();
                format!("Nodes {} and {last} {}.", words.join(", "), fate.text())
            }
            Self::Done(action) => sentence(&action.describe(space)),
            Self::Affected { done, of, again } => affected(*done, *of, *again),
            Self::AffectedRows { after, node } => format!(
                "Affected: exactly the rows whose start lies in ({}, {}].",
                show(after),
                show(node)
            ),
            Self::Stable { members, troubled } => {
                let all = match members {
                    2 => "both nodes".to_owned(),
                    members => format!("all {members} nodes"),
                };
                let name = format!("{all} name the right successor and predecessor");
                if *troubled { sentence(&name) } else { format!("The ring is stable: {name}.") }
            }
            Self::Alone(node) => format!("Node {} is alone: every key is its own.", show(node)),
            Self::NoMember => "No node is a member of a ring.".to_owned(),
            Self::Lagging => "Not all nodes name the right successor and predecessor.".to_owned(),
            Self::DeadSuccessor { node, gone } => format!(
                "Node {} takes {} for its successor, which is gone.",
                show(node),
                show(gone)
            ),
            Self::Rounds(micros) => format!("Each stabilizes about every {}.", time_text(*micros)),
            Self::Violated {
                broken,
                rings,
                stabilizing,
            } => {
                let words: Vec<String> = broken.iter().map(|property| violated(*property, *rings)).collect();
                let end = match stabilizing {
                    None => "",
                    Some(Protocol::Corrected) => "; stabilizing",
                    // Zave, CCR 42(2), 2012; sim/tests/counterexamples.rs.
                    Some(Protocol::Classic) => {
                        "; stabilizing by the old rules, by which some such rings stay broken for ever"
                    }
                };
                format!("Violated: {}{end}.", words.join(", "))
            }
            Self::GoesOn(at) => format!("The scenario goes on at {}.", time_text(*at)),
            Self::ActionAhead(at) => {
                format!("The next action of yours on this branch is at {}.", time_text(*at))
            }
            Self::Ended => "The scenario has ended.".to_owned(),
            Self::Unchanged(micros) => format!("Nothing has changed for {}.", time_text(*micros)),
            Self::Happened(entry) => {
                let at = time_text(entry.at.as_micros());
                format!("At {at}: {}.", entry.describe(space))
            }
            Self::Advice(advice) => advice.text().to_owned(),
            Self::Holds(property) => property.title().to_owned(),
            Self::Fails {
                property,
                rings,
                nodes,
                of,
            } => fails(*property, rings, *nodes, *of),
            Self::Violations { broken: 0, of } => format!("all {of} hold"),
            Self::Violations { broken, of } => format!("{broken} of {of} violated"),
            Self::Progress { key, stage } => format!("key {}: {}", show(key), stage.text()),
            Self::Measured {
                hops,
                micros,
                ended,
            } => {
                let end = if *ended { "" } else { " so far" };
                format!("{}, {}{end}", hop_count(*hops), time_text(*micros))
            }
            Self::Linear { hops } => hop_count(*hops),
            Self::Mean {
                hundredths,
                nodes,
                keys,
            } => {
                let keys = keys.map_or_else(|| "every key".to_owned(), |keys| format!("{keys} keys"));
                let mean = format!("{}.{:02}", hundredths / 100, hundredths % 100);
                format!("{mean} hops: {nodes} nodes look up {keys}, with correct fingers")
            }
            Self::Formula { nodes, tenths: hops } => {
                format!("½ log₂ {nodes} ≈ {} hops, a formula for large random rings", tenths(*hops))
            }
            Self::Claims { after, node, right } => {
                let (after, node) = (show(after), show(node));
                let verb = if *right { "is" } else { "takes itself to be" };
                format!("Node {node} {verb} responsible for ({after}, {node}].")
            }
            Self::RowSince { node, row, took } => format!(
                "Row {row} named {} when node {} decided; it has changed since.",
                show(took),
                show(node)
            ),
            Self::SuccessorSince { node, took } => format!(
                "The successor list of node {} had {} when it decided; it has changed since.",
                show(node),
                show(took)
            ),
            Self::Picture { members, rings } => picture(*members, *rings),
            Self::LastLookup { from, key, hops } => format!(
                "The last lookup is of {} from node {}, with {}.",
                show(key),
                show(from),
                hop_count(*hops)
            ),
        }
    }
}

impl Fate {
    const fn text(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Joined => "have joined",
            Self::Leave => "hand over their keys and leave",
            Self::Left => "have left",
            Self::Crashed => "have crashed",
        }
    }
}

impl Stage {
    const fn text(self) -> &'static str {
        match self {
            Self::UnderWay => "under way",
            Self::Answering => "the answer is on its way",
            Self::Answered => "answered",
            Self::AnsweredEarlier => "answered earlier",
            Self::Failed => "failed",
        }
    }
}

impl Advice {
    const fn text(self) -> &'static str {
        match self {
            Self::ReadTheTable => "Read the node’s finger table first.",
            Self::ChooseNext => "Click that node, or choose it in the list.",
            Self::LookUpOrChange => "Type a key and press “Look up”, or insert a node.",
            Self::Play => "Press Play, or Continue.",
        }
    }
}

fn affected(done: usize, of: usize, again: usize) -> String {
    let told = match (done, of) {
        (_, 0) => "No finger of another node is affected".to_owned(),
        (0, 1) => "The one affected finger is to be updated".to_owned(),
        (_, 1) => "Updated the one affected finger".to_owned(),
        (2, 2) => "Updated both affected fingers".to_owned(),
        (done, of) if done == of => format!("Updated all {of} affected fingers"),
        (done, of) => format!("Updated {done} of {of} affected fingers"),
    };
    match (again, of) {
        (0, _) => format!("{told}."),
        (_, 1) => format!("{told}, which names another node again."),
        (1, _) => format!("{told}; of the updated ones 1 names another node again."),
        (again, _) => format!("{told}; of the updated ones {again} name another node again."),
    }
}

/// The fault in place of an invariant, in as many words as a caption has room for; the list of invariants has their names.
fn violated(property: Property, rings: usize) -> String {
    match (property, rings) {
        (Property::OneOrderedRing, 0) => "no ring".to_owned(),
        (Property::OneOrderedRing, 1) => "ring out of order".to_owned(),
        (Property::OneOrderedRing, rings) => format!("{rings} rings"),
        (Property::EveryNodeReachable, _) => "some nodes unreachable".to_owned(),
        (Property::ListsInOrder, _) => "successor lists out of order".to_owned(),
        (Property::OneOwnerPerKey, _) => "wrong predecessors".to_owned(),
    }
}

/// An invariant that does not hold, by its name, and where or how it fails.
fn fails(property: Property, rings: &[usize], nodes: usize, of: usize) -> String {
    let how = match (property, rings) {
        (Property::OneOrderedRing, []) => format!("none among {}", node_count(of)),
        (Property::OneOrderedRing, [_]) => format!("out of order at {nodes} of its nodes"),
        (Property::OneOrderedRing, rings) => {
            let sizes: Vec<String> = rings.iter().map(usize::to_string).collect();
            format!("{} rings, of {} nodes", rings.len(), sizes.join(" and "))
        }
        _ => format!("fails at {nodes} of {}", node_count(of)),
    };
    format!("{}: {how}", property.title())
}

fn picture(members: usize, rings: usize) -> String {
    let members = node_count(members);
    match rings {
        0 => format!("{members} without a ring."),
        1 => format!("{members}, one ring."),
        rings => format!("{members}, {rings} rings."),
    }
}

fn node_count(nodes: usize) -> String {
    let unit = if nodes == 1 { "node" } else { "nodes" };
    format!("{nodes} {unit}")
}

fn hop_count(hops: usize) -> String {
    let unit = if hops == 1 { "hop" } else { "hops" };
    format!("{hops} {unit}")
}

/// Core's words begin in lower case.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    let first = first.map(String::from).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

/// A number given in tenths. (Writing floats would cost the page ten kilobytes.)
pub fn tenths(value: u64) -> String {
    format!("{}.{}", value / 10, value % 10)
}
