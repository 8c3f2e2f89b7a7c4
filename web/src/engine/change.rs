//! The last change of membership: which fingers it changes, by the exact rule, and which of them upkeep has repaired.

use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::Id;
use chordscope_core::sim::action::Action;
use chordscope_core::sim::world::World;

use crate::engine::snapshot::{Caption, ChangeView, ChangedRow, Tone};
use crate::engine::tables;

/// The change that a deed was, if it changed who is in the ring.
pub(super) fn view(world: &World, deed: &Action) -> Option<ChangeView> {
    let space = world.space();
    let (node, title) = match deed {
        Action::Insert(id) => (*id, format!("Node {} joins", space.show(*id))),
        Action::Remove(id) => (*id, format!("Node {} leaves", space.show(*id))),
        Action::Crash(id) => (*id, format!("Node {} crashed", space.show(*id))),
        _ => return None,
    };
    let rows: Vec<ChangedRow> = world
        .forecast()
        .iter()
        // The newcomer's own table is new as a whole.
        .filter(|change| change.node != node)
        .map(|change| ChangedRow {
            node: change.node,
            row: change.row,
            start: change.start,
            old: change.old,
            new: change.new,
            repaired: names(world, change.node, change.row) == Some(change.new),
        })
        .collect();
    Some(ChangeView {
        title,
        node,
        repaired: rows.iter().filter(|row| row.repaired).count(),
        rule: rule(world, node),
        rows,
    })
}

fn names(world: &World, node: Id, row: u8) -> Option<Id> {
    world.node(node)?.fingers().get(row).map(Contact::id)
}

fn rule(world: &World, node: Id) -> String {
    let Some(ideal) = world.ideal() else {
        return String::new();
    };
    let space = world.space();
    format!(
        "Exactly the rows whose start lies in ({}, {}] change.",
        space.show(ideal.predecessor(node)),
        space.show(node)
    )
}

/// What the change did so far, in words.
pub(super) fn caption(world: &World, change: &ChangeView) -> Caption {
    let rows = change.rows.len();
    let joining = world
        .node(change.node)
        .is_some_and(|node| !node.membership().is_member());
    let (tone, rest) = if joining {
        let rest = "It asks a member to look up its own place, and copies the successor list it finds there.";
        (Tone::Hop, rest.to_owned())
    } else if rows == 0 {
        (
            Tone::Done,
            "No other node’s finger has to change.".to_owned(),
        )
    } else if change.repaired < rows {
        let meanwhile = tables::broken(world).map_or_else(
            || "Lookups work meanwhile; upkeep repairs the rest.".to_owned(),
            |broken| format!("Does not hold: {broken}."),
        );
        let rest = format!(
            "{} of {rows} fingers of others name the right node by now. {meanwhile}",
            change.repaired
        );
        (Tone::Hop, rest)
    } else {
        let rest = format!("Upkeep has repaired all {rows} fingers that the change concerns.");
        (Tone::Done, rest)
    };
    Caption {
        tone,
        lead: format!("{}.", change.title),
        rest,
    }
}
