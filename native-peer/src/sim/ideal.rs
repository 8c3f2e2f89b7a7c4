//! Queries about an ideal ring: `sim lookup`, `fingers`, `insert` and `remove`.

use std::fmt::Write as _;

use chordscope_core::base::id::{Id, Space};
use chordscope_core::chord::ideal::{FingerChange, IdealRing, RingError};
use chordscope_core::chord::route::Routing;
use clap::{Args, ValueEnum};
use serde::{Serialize, Serializer};

use crate::failure::Failure;
use crate::output;
use crate::sim::nodes::{JsonId, RingArgs, read_id, read_member};

/// `sim lookup`.
#[derive(Debug, Args)]
pub(crate) struct Lookup {
    #[command(flatten)]
    ring: RingArgs,
    /// The id of the node that asks: one of --nodes
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    from: String,
    /// The key to look up: any id, of a node or not
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    key: String,
    /// The pointers that the lookup follows
    #[arg(long, value_enum, default_value_t = Route::Finger)]
    routing: Route,
}

/// `sim fingers`.
#[derive(Debug, Args)]
pub(crate) struct Fingers {
    #[command(flatten)]
    ring: RingArgs,
    /// The id of a node, one of --nodes, to show it only (may be given several times) [default: all]
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    node: Vec<String>,
}

/// `sim insert`.
#[derive(Debug, Args)]
pub(crate) struct Insert {
    #[command(flatten)]
    ring: RingArgs,
    /// The id of the new node: none of --nodes
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    node: String,
}

/// `sim remove`.
#[derive(Debug, Args)]
pub(crate) struct Remove {
    #[command(flatten)]
    ring: RingArgs,
    /// The id of the node that leaves: one of --nodes
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    node: String,
}

/// The kind of change of a ring.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Insert,
    Remove,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Route {
    /// Finger tables: O(log N) hops
    Finger,
    /// Successor by successor: O(N) hops
    Linear,
}

#[derive(Serialize)]
struct LookupAnswer {
    bits: u8,
    from: JsonId,
    key: JsonId,
    routing: Routing,
    path: Vec<JsonId>,
    owner: JsonId,
    hops: usize,
}

#[derive(Serialize)]
struct FingersAnswer<'a> {
    bits: u8,
    nodes: Tables<'a>,
}

/// Tables are made one at a time while they are written: all of a large ring's would not fit in memory.
struct Tables<'a> {
    ring: &'a IdealRing,
    nodes: &'a [Id],
}

#[derive(Serialize)]
struct Table {
    id: JsonId,
    predecessor: JsonId,
    successor: JsonId,
    fingers: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    row: u8,
    start: JsonId,
    node: JsonId,
}

#[derive(Serialize)]
struct ChangeAnswer {
    bits: u8,
    node: JsonId,
    predecessor: JsonId,
    successor: JsonId,
    fingers: Vec<Row>,
    changed: Vec<Changed>,
}

#[derive(Serialize)]
struct Changed {
    node: JsonId,
    row: u8,
    start: JsonId,
    old: JsonId,
    new: JsonId,
}

impl Serialize for Tables<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let table = |id: &Id| Table {
            id: JsonId::new(self.ring.space(), *id),
            predecessor: JsonId::new(self.ring.space(), self.ring.predecessor(*id)),
            successor: JsonId::new(self.ring.space(), self.ring.next(*id)),
            fingers: rows(self.ring, *id),
        };
        serializer.collect_seq(self.nodes.iter().map(table))
    }
}

fn rows(ring: &IdealRing, node: Id) -> Vec<Row> {
    (1..)
        .zip(ring.fingers(node))
        .map(|(row, (start, node))| Row {
            row,
            start: JsonId::new(ring.space(), start),
            node: JsonId::new(ring.space(), node),
        })
        .collect()
}

impl Lookup {
    pub(crate) fn run(&self, json: bool) -> Result<(), Failure> {
        let ring = self.ring.ring()?;
        let space = ring.space();
        let from = read_member(&ring, "--from", &self.from)?;
        let key = read_id(space, "--key", &self.key)?;
        let routing = match self.routing {
            Route::Finger => Routing::Finger,
            Route::Linear => Routing::Linear,
        };
        let path = ring.path(from, key, routing);
        let owner = ring.successor(key);
        let hops = path.len() - 1;
        if json {
            let id = |id: Id| JsonId::new(space, id);
            return output::json(&LookupAnswer {
                bits: space.bits(),
                from: id(from),
                key: id(key),
                routing,
                path: path.into_iter().map(id).collect(),
                owner: id(owner),
                hops,
            });
        }
        let shown: Vec<_> = path.iter().map(|id| space.show(*id)).collect();
        output::line(&format!(
            "{}\nnode {} is responsible for {}: {hops} {}",
            shown.join(" → "),
            space.show(owner),
            space.show(key),
            if hops == 1 { "hop" } else { "hops" },
        ))
    }
}

impl Fingers {
    pub(crate) fn run(&self, json: bool) -> Result<(), Failure> {
        let ring = self.ring.ring()?;
        let chosen = self
            .node
            .iter()
            .map(|text| read_member(&ring, "--node", text))
            .collect::<Result<Vec<_>, _>>()?;
        let nodes = if chosen.is_empty() {
            ring.ids()
        } else {
            &chosen
        };
        if json {
            return output::json(&FingersAnswer {
                bits: ring.space().bits(),
                nodes: Tables { ring: &ring, nodes },
            });
        }
        for id in nodes {
            let show = |id| ring.space().show(id);
            let mut text = format!(
                "node {}: predecessor {}, successor {}\n",
                show(*id),
                show(ring.predecessor(*id)),
                show(ring.next(*id))
            );
            write_rows(&mut text, ring.space(), &ring.fingers(*id));
            output::line(&text)?;
        }
        Ok(())
    }
}

impl Insert {
    pub(crate) fn run(&self, json: bool) -> Result<(), Failure> {
        change(self.ring.ring()?, Deed::Insert, &self.node, json)
    }
}

impl Remove {
    pub(crate) fn run(&self, json: bool) -> Result<(), Failure> {
        change(self.ring.ring()?, Deed::Remove, &self.node, json)
    }
}

fn change(mut ring: IdealRing, deed: Deed, node: &str, json: bool) -> Result<(), Failure> {
    let space = ring.space();
    let node = read_id(space, "--node", node)?;
    let before = ring.clone();
    let changed = match deed {
        Deed::Insert => ring.insert(node),
        Deed::Remove => ring.remove(node),
    };
    let changed = changed.map_err(|error| Failure::usage("--node", refusal(space, error)))?;
    // The ring in which the node is: after an insertion, before a removal.
    let with = match deed {
        Deed::Insert => &ring,
        Deed::Remove => &before,
    };
    if json {
        return output::json(&answer(with, node, &changed));
    }
    output::line(&describe(with, deed, node, &changed))
}

fn refusal(space: Space, error: RingError) -> String {
    match error {
        RingError::Duplicate(id) => format!("node {} is in the ring already", space.show(id)),
        RingError::Unknown(id) => format!("node {} is not in the ring", space.show(id)),
        RingError::LastNode(id) => format!(
            "node {} is the last one, and a ring needs a node",
            space.show(id)
        ),
        error => error.to_string(),
    }
}

fn answer(with: &IdealRing, node: Id, changed: &[FingerChange]) -> ChangeAnswer {
    let id = |id: Id| JsonId::new(with.space(), id);
    ChangeAnswer {
        bits: with.space().bits(),
        node: id(node),
        predecessor: id(with.predecessor(node)),
        successor: id(with.next(node)),
        fingers: rows(with, node),
        changed: changed
            .iter()
            .map(|change| Changed {
                node: id(change.node),
                row: change.row,
                start: id(change.start),
                old: id(change.old),
                new: id(change.new),
            })
            .collect(),
    }
}

fn describe(with: &IdealRing, deed: Deed, node: Id, changed: &[FingerChange]) -> String {
    let space = with.space();
    let show = |id| space.show(id);
    let mut text = match deed {
        Deed::Insert => format!("node {} joins", show(node)),
        Deed::Remove => format!("node {} leaves", show(node)),
    };
    let (before, after) = (show(with.predecessor(node)), show(with.next(node)));
    let _ = writeln!(text, " between {before} and {after}; its finger table:");
    write_rows(&mut text, space, &with.fingers(node));
    let _ = writeln!(
        text,
        "fingers of other nodes that change: {}",
        changed.len()
    );
    for change in changed {
        let _ = writeln!(
            text,
            "  node {} row {} (start {}): {} → {}",
            show(change.node),
            change.row,
            show(change.start),
            show(change.old),
            show(change.new)
        );
    }
    text
}

fn write_rows(text: &mut String, space: Space, fingers: &[(Id, Id)]) {
    let width = space.show(space.finger_start(Id::ZERO, space.bits())).len();
    let width = width.max("start".len());
    // Writing to a string cannot fail.
    let _ = writeln!(text, "  {:>3}  {:>width$}  node", "row", "start");
    for (row, (start, node)) in (1..).zip(fingers) {
        let (row, start): (u8, _) = (row, space.show(*start));
        let _ = writeln!(text, "  {row:>3}  {start:>width$}  {}", space.show(*node));
    }
}
