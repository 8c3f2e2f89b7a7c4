//! The kinds of things that a stage draws: the legend explains each of them.

use crate::scene::{Arc, Carries, Dot, Finger, Key, Look, Motion, Node, Pointer, Scene};

/// A kind of thing on a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// The node that asks.
    Origin,
    /// A node that the lookup came by.
    Visited,
    /// The responsible node.
    Owner,
    /// The node that is looked at.
    Selected,
    /// A node that looks for its place.
    Joining,
    /// A node that is about to leave.
    Leaving,
    /// A node that does not answer.
    Dead,
    /// The part of the band of the node that is looked at.
    Part,
    /// The part of the band that the key looked up lies on.
    OwnerPart,
    /// A right successor pointer.
    Successor,
    /// One that skips a node, beside the others of a whole ring.
    Passing,
    /// A wrong one.
    WrongSuccessor,
    /// A right finger.
    Finger,
    /// A wrong one.
    StaleFinger,
    /// A key that holds a value.
    StoredKey,
    /// The key looked up.
    SoughtKey,
    /// The key that is typed.
    TypedKey,
    /// A hop that the lookup has made.
    Hop,
    /// A message: what it is about, and whether it answers.
    Message(Carries, bool),
}

impl Scene {
    /// The kinds of things in the still layer, in no order.
    pub fn marks(&self) -> Vec<Mark> {
        // A new part of the layer does not compile until its kinds are told here.
        let Self {
            nodes,
            keys,
            arcs,
            fingers,
            pointers,
            positions: _,
            labelled: _,
            words: _,
        } = self;
        let mut marks: Vec<Mark> = nodes.iter().flat_map(of_node).collect();
        marks.extend(keys.iter().map(of_key));
        marks.extend(arcs.iter().map(of_arc));
        marks.extend(fingers.iter().map(of_finger));
        marks.extend(pointers.iter().map(of_pointer));
        marks
    }
}

impl Motion {
    /// The kinds of things in the moving layer, in no order.
    pub fn marks(&self) -> Vec<Mark> {
        let Self { hops, dots } = self;
        let hops = hops.iter().map(|_| Mark::Hop);
        let of_dot = |dot: &Dot| Mark::Message(dot.carries, dot.answer);
        hops.chain(dots.iter().map(of_dot)).collect()
    }
}

/// The kinds that a node is of. A plain one, of none, is what the ring is made of.
pub fn of_node(node: &Node) -> Vec<Mark> {
    let Node {
        turn: _,
        label: _,
        origin,
        visited,
        owner,
        inspected,
        chosen,
        hovered,
        dead,
        joining,
        leaving,
    } = node;
    let kinds = [
        (*origin, Mark::Origin),
        (*visited, Mark::Visited),
        (*owner, Mark::Owner),
        (*inspected || *chosen || *hovered, Mark::Selected),
        (*dead, Mark::Dead),
        (*joining, Mark::Joining),
        (*leaving, Mark::Leaving),
    ];
    let drawn = kinds.into_iter().filter(|(is, _)| *is);
    drawn.map(|(_, mark)| mark).collect()
}

const fn of_key(key: &Key) -> Mark {
    let Key {
        turn: _,
        sought,
        typed,
        hovered: _,
    } = key;
    match (*sought, *typed) {
        (true, _) => Mark::SoughtKey,
        (false, true) => Mark::TypedKey,
        (false, false) => Mark::StoredKey,
    }
}

const fn of_arc(arc: &Arc) -> Mark {
    match arc.sought {
        true => Mark::OwnerPart,
        false => Mark::Part,
    }
}

const fn of_finger(finger: &Finger) -> Mark {
    match finger.stale {
        true => Mark::StaleFinger,
        false => Mark::Finger,
    }
}

const fn of_pointer(pointer: &Pointer) -> Mark {
    match pointer.look {
        Look::Right => Mark::Successor,
        Look::Behind => Mark::Passing,
        Look::Broken => Mark::WrongSuccessor,
    }
}
