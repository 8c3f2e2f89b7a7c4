//! The picture on a stage, as plain values: a still layer and a moving one. Nothing here knows whose ring it is.

pub mod circle;
pub mod curve;
pub mod grid;
pub mod hit;
pub mod labels;
pub mod layout;
pub mod mark;
pub mod paint;
pub mod painter;
pub mod palette;
pub mod pointer;
pub mod successors;
pub mod traffic;

/// The still layer: it is painted again only when it differs from the last one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// The nodes, by ascending turn.
    pub nodes: Vec<Node>,
    /// Keys that hold a value, and the key sought.
    pub keys: Vec<Key>,
    /// Lit arcs of the band.
    pub arcs: Vec<Arc>,
    /// Fingers of the inspected node.
    pub fingers: Vec<Finger>,
    /// Successor pointers.
    pub pointers: Vec<Pointer>,
    /// The number of positions to tick, where they can be told apart.
    pub positions: Option<u32>,
    /// Whether the nodes carry their labels inside.
    pub labelled: bool,
    /// Words beside the ring, the most important first.
    pub words: Vec<Word>,
}

/// A node on the stage. Every look has a shape of its own, not only a colour.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// Where.
    pub turn: f64,
    /// The label inside it, where it is short enough.
    pub label: String,
    /// The lookup started here: a thick blue ring.
    pub origin: bool,
    /// The lookup came by: a thick amber ring.
    pub visited: bool,
    /// Whether it is responsible for the key sought: a dashed green ring.
    pub owner: bool,
    /// Its tables are shown: a halo.
    pub inspected: bool,
    /// The user has chosen it: a thick halo.
    pub chosen: bool,
    /// The pointer is over it.
    pub hovered: bool,
    /// Whether it does not answer: hollow, with a bar.
    pub dead: bool,
    /// Whether it looks for its place: a thin dashed ring.
    pub joining: bool,
    /// Whether it hands over its keys to leave: a thin dashed ring with a bar.
    pub leaving: bool,
}

/// A key on the stage: a diamond.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Where.
    pub turn: f64,
    /// Whether it is the one sought: filled.
    pub sought: bool,
    /// Whether it is only typed: dashed.
    pub typed: bool,
    /// Whether the pointer is over it: larger.
    pub hovered: bool,
}

/// The part of the band a node is responsible for.
#[derive(Clone, Debug, PartialEq)]
pub struct Arc {
    /// From this turn, which is not part of it.
    pub after: f64,
    /// To this one, which is.
    pub upto: f64,
    /// Whether the key sought lies on it; otherwise it is the node looked at.
    pub sought: bool,
}

/// A finger of the inspected node: a chord.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finger {
    /// Where the node is.
    pub from: f64,
    /// Where the node is that it names.
    pub to: f64,
    /// Whether it names another node than it should: a red chord with long dashes.
    pub stale: bool,
    /// There is no node at its end: it leads to the band.
    pub nobody: bool,
}

/// A node's pointer to its successor: a thin arrow inside the band.
#[derive(Clone, Debug, PartialEq)]
pub struct Pointer {
    /// Whose.
    pub from: f64,
    /// Its successor.
    pub to: f64,
    /// The lane, from the band inwards: beside the band, or past whoever lies between.
    pub lane: u8,
    /// Whether it is as it should be.
    pub look: Look,
}

/// Whether a successor pointer is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// To the next node: a thin line.
    Right,
    /// Past a newcomer: dashed.
    Behind,
    /// To a dead node, or of one of several rings: red, with long dashes.
    Broken,
}

/// A word beside the ring.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// The turn it belongs to.
    pub turn: f64,
    /// The word.
    pub text: String,
    /// The kind of thing that it names.
    pub ink: WordInk,
}

/// The kind of thing that a word beside the ring names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordInk {
    /// A hop of the lookup.
    Hop,
    /// A key.
    Key,
    /// The node that asks, or what is typed.
    Origin,
    /// A node that has no room for its label inside.
    Node,
}

/// The moving layer: hops made and messages under way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Motion {
    /// Hops of the lookup: from turn, to turn.
    pub hops: Vec<(f64, f64)>,
    /// Messages under way.
    pub dots: Vec<Dot>,
}

/// A message under way.
#[derive(Clone, Debug, PartialEq)]
pub struct Dot {
    /// Where it was sent.
    pub from: f64,
    /// Where it goes.
    pub to: f64,
    /// The part of the way that it has made, 0 to 1.
    pub share: f64,
    /// The subject of the message.
    pub carries: Carries,
    /// Whether it answers: a hollow dot.
    pub answer: bool,
}

/// The subject of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Carries {
    /// The lookup of interest: a large dot.
    Lookup,
    /// Another lookup: a small dot of the same colour.
    OtherLookup,
    /// Stabilization: a small grey dot.
    Upkeep,
    /// Records: a small dot of the colour of keys.
    Records,
}

impl Carries {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Lookup, Self::OtherLookup, Self::Upkeep, Self::Records];
}
