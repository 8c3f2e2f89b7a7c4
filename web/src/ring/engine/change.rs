//! The last changes of membership: which fingers they affect, by the exact rule, and which of them name the right node by now.

use chordscope_core::base::id::Id;
use chordscope_sim::worlds::ring::RingWorld;
use chordscope_sim::worlds::ring::action::Action;

use crate::ring::engine::snapshot::{ChangeView, ChangedRow};
use crate::ring::engine::statement::Statement;
use crate::ring::engine::story::Story;

/// The change that a deed was, if it changed who is in the ring, with those before it that were under way when it was done.
pub(super) fn view(world: &RingWorld, story: &Story, deed: &Action) -> Option<ChangeView> {
    if let Action::Restart(node) = deed {
        // Of a node that starts again in its place, nobody's fingers are affected.
        return Some(ChangeView {
            titles: vec![Statement::Restarted(*node)],
            node: *node,
            rows: Vec::new(),
            right: 0,
            affected: None,
            rules: Vec::new(),
        });
    }
    let all = world.forecasts();
    let (first, last) = (all.first()?, all.last()?);
    let named = story.named(first.at, world);
    let rows: Vec<ChangedRow> = world
        .affected()
        .into_iter()
        .map(|finger| ChangedRow {
            node: finger.node,
            row: finger.row,
            start: finger.start,
            old: finger.old,
            new: finger.new,
            updated: finger.is_right,
        })
        .collect();
    let right = rows.iter().filter(|row| row.updated).count();
    // A finger that was updated and names another node again does not undo what was counted.
    let was_right =
        |row: &&ChangedRow| row.updated || named.contains(&(row.node, row.row, row.new));
    let done = rows.iter().filter(was_right).count();
    let arcs = world.affected_arcs().into_iter();
    let rules = arcs.map(|(after, node)| Statement::AffectedRows { after, node });
    let together = story
        .together(world)
        .filter(|(nodes, _)| nodes.len() == all.len());
    Some(ChangeView {
        titles: match together {
            Some((nodes, fate)) if nodes.len() > 1 => vec![Statement::Together { nodes, fate }],
            _ => all
                .iter()
                .map(|one| title(world, one.node, &one.deed))
                .collect(),
        },
        node: last.node,
        right,
        affected: Some(Statement::Affected {
            done,
            of: rows.len(),
            again: done - right,
        }),
        rules: if rows.is_empty() {
            Vec::new()
        } else {
            rules.collect()
        },
        rows,
    })
}

/// The deed of the node that came or went.
fn title(world: &RingWorld, id: Id, deed: &Action) -> Statement {
    let node = world.node(id);
    let is_member = node.is_some_and(|node| node.membership().is_member());
    match deed {
        Action::Insert(_) if is_member => Statement::Joined(id),
        Action::Insert(_) => Statement::Joins(id),
        Action::Remove(_) if node.is_some() => Statement::Leaves(id),
        Action::Remove(_) => Statement::Left(id),
        _ => Statement::Crashed(id),
    }
}
