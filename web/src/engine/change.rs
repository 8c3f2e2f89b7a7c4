//! The last change of membership: which fingers it affects, by the exact rule, and which of them name the right node by now.

use chordscope_core::base::contact::Contact;
use chordscope_core::base::id::Id;
use chordscope_sim::action::Action;
use chordscope_sim::world::World;

use crate::engine::snapshot::{ChangeView, ChangedRow};
use crate::engine::statement::Statement;

/// The change that a deed was, if it changed who is in the ring.
pub(super) fn view(world: &World, deed: &Action) -> Option<ChangeView> {
    let (node, title) = title(world, deed)?;
    let mut ring = world.ideal()?;
    let gone = matches!(deed, Action::Remove(_) | Action::Crash(_));
    if gone && ring.contains(node) {
        // It is about to go: the others’ tables are to do without it.
        ring.remove(node).ok()?;
    }
    // Of the node before it then and the one now the nearer: what the other came or went for is no part of this change.
    let now = ring.predecessor(node);
    let then = world
        .forecast_after()
        .filter(|then| then.is_between(now, node));
    let after = then.unwrap_or(now);
    // Of a node that was no member, and of one that starts again in its place, nobody’s fingers are affected.
    let known = !matches!(deed, Action::Restart(_));
    let forecast = world.forecast().iter().filter(|_| known);
    let rows: Vec<ChangedRow> = forecast
        .filter(|change| change.node != node && world.node(change.node).is_some())
        // Other nodes may have begun to join meanwhile: what starts before them is theirs.
        .filter(|change| change.start.is_within(after, node))
        .map(|change| {
            let new = ring.successor(change.start);
            ChangedRow {
                node: change.node,
                row: change.row,
                start: change.start,
                old: change.old,
                new,
                updated: names(world, change.node, change.row) == Some(new),
            }
        })
        .collect();
    let updated = rows.iter().filter(|row| row.updated).count();
    let affected = Statement::Affected {
        done: updated,
        of: rows.len(),
    };
    Some(ChangeView {
        title,
        node,
        updated,
        affected: known.then_some(affected),
        rule: (!rows.is_empty()).then_some(Statement::AffectedRows { after, node }),
        rows,
    })
}

/// The node that came or went, and what it did.
fn title(world: &World, deed: &Action) -> Option<(Id, Statement)> {
    let node = |id: &Id| world.node(*id);
    Some(match deed {
        Action::Insert(id) if node(id)?.membership().is_member() => (*id, Statement::Joined(*id)),
        Action::Insert(id) => (*id, Statement::Joins(*id)),
        Action::Remove(id) if node(id).is_some() => (*id, Statement::Leaves(*id)),
        Action::Remove(id) => (*id, Statement::Left(*id)),
        Action::Crash(id) => (*id, Statement::Crashed(*id)),
        Action::Restart(id) => (*id, Statement::Restarted(*id)),
        _ => return None,
    })
}

fn names(world: &World, node: Id, row: u8) -> Option<Id> {
    world.node(node)?.fingers().get(row).map(Contact::id)
}
