//! The grid of a swarm as plain values: a column a peer, a row a segment, and arcs for what is sent now. Whose swarm it is, nothing here knows.

pub mod hit;
pub mod layout;
mod paint;
pub mod painter;

/// The whole picture of a moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grid {
    /// The peers, the first seed first.
    pub columns: Vec<Column>,
    /// The segments, in the order of the file.
    pub rows: Vec<Row>,
    /// The segments on their way.
    pub flows: Vec<Flow>,
    /// The column that is selected.
    pub selected: Option<usize>,
    /// The column that the pointer is over.
    pub hovered: Option<usize>,
    /// The row that is pointed at.
    pub row: Option<usize>,
}

/// A peer.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name, and a shorter one where there is little room.
    pub name: (String, String),
    /// The shape of its node.
    pub shape: Shape,
    /// The number of segments that it has, in words.
    pub has: String,
    /// The limit of its speed.
    pub brake: Brake,
    /// The limit in one word.
    pub word: String,
    /// Its uplink, in words.
    pub uplink: String,
    /// Its segments.
    pub cells: Vec<Cell>,
}

/// The shape of a peer's node. Every state has a shape of its own, not only a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A client that fetches: a thin circle.
    Fetching,
    /// A client that has everything: a thick green ring.
    Full,
    /// A client that gives nothing: filled grey.
    Idle,
    /// A client that has not come yet: a dashed circle.
    Awaited,
    /// A client that is gone: hollow, with a bar, and its column of outlines.
    Gone,
    /// A client that was found to lie: hollow red.
    Liar,
}

/// The limit of a peer's speed, as an icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brake {
    /// No icon.
    Blank,
    /// Everything is here: a tick.
    Complete,
    /// The network, or those who send: an arrow up.
    Senders,
    /// Its own downlink: an arrow down.
    Downlink,
    /// All sources choke it: a lock.
    Choked,
    /// Nobody near has what is missing: a dashed tile.
    Rare,
    /// No source is known: a question mark.
    NoSource,
}

/// A segment at a peer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell {
    /// Not there: grey.
    Lacks,
    /// On its way, with the share that has come: an outline, filled from the left.
    Arriving(f64),
    /// Refused when it came, as it was wrong, and missing still: a red cross.
    Refused,
    /// There: full.
    Has,
}

/// A segment among the clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The number of clients that have it.
    pub copies: u32,
    /// The number of clients at which it is arriving.
    pub arriving: u32,
    /// Whether it is among the rarest that anybody lacks: amber.
    pub rarest: bool,
}

/// A segment on its way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flow {
    /// The column that sends.
    pub from: usize,
    /// The column that receives.
    pub to: usize,
    /// The row.
    pub row: usize,
    /// The share that has left the sender, 0 to 1.
    pub share: f64,
    /// Whether it concerns the selected peer, or nobody is selected.
    pub strong: bool,
    /// Whether the pointer is over it.
    pub hovered: bool,
}
