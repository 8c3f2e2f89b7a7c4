//! The branches of a run as the page lists them, and the sentences about moves between them.

use chordscope_sim::engine::World;
use chordscope_sim::engine::history::{BranchId, BranchView, History, MAX_BRANCHES, Moved};

use crate::brief::brief;
use crate::player::view::BranchRow;

/// Every branch, each after the one that it left.
pub(super) fn rows<W: World>(history: &History<W>) -> Vec<BranchRow> {
    let all = history.branches();
    let mut rows = Vec::with_capacity(all.len());
    let first = all.iter().filter(|branch| branch.parent.is_none());
    for branch in first {
        add_row(branch, 0, &all, &mut rows);
    }
    rows
}

/// The branch of a number on the page.
pub(super) const fn id(number: u32) -> BranchId {
    BranchId(number.saturating_sub(1))
}

/// Says that the last deed was taken back.
pub(super) fn undone(moved: Moved) -> String {
    format!(
        "Undone: branch {} is the run without it. “Redo” goes back.{}",
        number(moved.to),
        dropped(moved)
    )
}

/// Says that a deed in the past of a branch began another one.
pub(super) fn begun(from: BranchId, moved: Moved) -> String {
    format!(
        "Branch {} begins here. What came after this moment stays on branch {}.{}",
        number(moved.to),
        number(from),
        dropped(moved)
    )
}

/// A branch's number on the page: the first one is 1.
const fn number(id: BranchId) -> u32 {
    id.0.saturating_add(1)
}

fn dropped(moved: Moved) -> String {
    let gone = moved.dropped.map(|gone| {
        let gone = number(gone);
        format!(" Branch {gone}, not seen for longest, made room: {MAX_BRANCHES} are kept.")
    });
    gone.unwrap_or_default()
}

fn add_row(branch: &BranchView, depth: usize, all: &[BranchView], rows: &mut Vec<BranchRow>) {
    let label = branch.label.as_ref().map(|label| brief(label));
    rows.push(BranchRow {
        number: number(branch.id),
        parent: branch.parent.map(number),
        depth,
        from: branch.from.as_micros(),
        label: label.unwrap_or_else(|| match branch.parent {
            Some(_) => "one deed undone".to_owned(),
            None => "as it began".to_owned(),
        }),
        is_current: branch.is_current,
    });
    for next in all.iter().filter(|next| next.parent == Some(branch.id)) {
        add_row(next, depth + 1, all, rows);
    }
}
