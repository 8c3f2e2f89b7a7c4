//! The branches of the run: what the page shows of them, and going from one to another.

use std::rc::Rc;

use chordscope_sim::engine::history::{BranchId, BranchView, MAX_BRANCHES, Moved};
use chordscope_sim::worlds::ring::History;

use crate::brief::brief;
use crate::ring::engine::Engine;
use crate::ring::engine::command::Command;
use crate::ring::engine::snapshot::{BranchRow, Notice};
use crate::ring::engine::story::Story;

/// The number of events of a branch that are replayed at once when it is entered, so that the timeline has their ticks.
const AHEAD: usize = 20_000;

impl Engine {
    /// Every branch, each after the one that it left.
    pub(super) fn branch_rows(&self) -> Rc<Vec<BranchRow>> {
        let all = self.history.branches();
        let mut rows = Vec::with_capacity(all.len());
        let first = all.iter().filter(|branch| branch.parent.is_none());
        for branch in first {
            add_row(branch, 0, &all, &mut rows);
        }
        Rc::new(rows)
    }

    /// Carries out a command that leads to another branch.
    pub(super) fn change_branch(&mut self, command: &Command) {
        match command {
            Command::Undo => self.undo(),
            Command::Redo if self.history.can_redo() => self.enter_branch(|history| {
                history.redo();
            }),
            // At the present time, or at the branch's end.
            Command::Branch(number) => self.enter_branch(|history| {
                history.switch_to(BranchId(number.saturating_sub(1)));
            }),
            _ => {}
        }
    }

    /// Takes the last deed back: shows the run without it.
    fn undo(&mut self) {
        if !self.history.can_undo() {
            return;
        }
        let mut moved = None;
        self.enter_branch(|history| moved = history.undo());
        if let Some(moved) = moved {
            let text = format!(
                "Undone: branch {} is the run without it. “Redo” goes back.{}",
                number(moved.to),
                dropped(moved)
            );
            self.notify(text);
        }
    }

    /// Says that a deed in the past of a branch began another one.
    pub(super) fn tell_of_branch(&mut self, from: BranchId, moved: Moved) {
        let text = format!(
            "Branch {} begins here. What came after this moment stays on branch {}.{}",
            number(moved.to),
            number(from),
            dropped(moved)
        );
        self.notify(text);
    }

    fn notify(&mut self, text: String) {
        let number = self.notice.as_ref().map_or(0, |last| last.number + 1);
        self.notice = Some(Notice { number, text });
    }

    /// Moves to another branch. What is known of the time after the two part is of the branch that is left.
    fn enter_branch(&mut self, go: impl FnOnce(&mut History)) {
        self.playing = false;
        self.predict = None;
        self.asked = None;
        self.stepped = None;
        self.ended.set(None);
        (self.hold, self.carry, self.ran) = (0.0, 0.0, 0.0);
        go(&mut self.history);
        self.read_branch();
        self.seen = self.history.world().events();
        self.take_caption();
        self.hold = 0.0;
    }

    /// Reads what happened on this branch, and what lies ahead on it or much of that.
    pub(super) fn read_branch(&mut self) {
        let now = self.history.now();
        self.history.advance_within(self.history.end(), AHEAD);
        self.story = Story::default();
        self.story.read(&self.history);
        self.history.seek(now);
    }
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
