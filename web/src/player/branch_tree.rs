//! The branches of the run as a tree, a row each, and as a list. Shown once there is more than one.

use chordscope_sim::engine::history::MAX_BRANCHES;
use chordscope_sim::engine::time_text::time_text;
use web_sys::{Event, HtmlSelectElement};
use yew::{Callback, Html, TargetCast, html};

use crate::player::{BranchRow, Control, TimeView};

/// The distance of two columns of the tree, and of the first one from its edge, in pixels.
const COLUMN: usize = 10;
/// Deeper branches share the last column.
const COLUMNS: usize = 5;
/// From so many branches on the page says how many there may be.
const MANY: usize = MAX_BRANCHES - 8;

/// The selector of the tree, which scrolls where it has many rows.
pub const BRANCHES: &str = ".branches__tree";
/// The selector of the current branch's row in it.
pub const CURRENT: &str = "[aria-current]";

/// The tree and the list of branches.
pub fn branch_tree(time: &TimeView, control: &Callback<Control>) -> Html {
    let rows = &time.branches;
    if rows.len() < 2 {
        return Html::default();
    }
    let chosen_branch = control.clone();
    let numbers: Vec<u32> = rows.iter().map(|row| row.number).collect();
    let onchange = Callback::from(move |event: Event| {
        let select: HtmlSelectElement = event.target_unchecked_into();
        let chosen = usize::try_from(select.selected_index()).ok();
        if let Some(number) = chosen.and_then(|place| numbers.get(place)) {
            chosen_branch.emit(Control::Branch(*number));
        }
    });
    // After a choice of the user's, a list follows the index alone; of an option that is new, its attribute.
    let current = rows.iter().position(|row| row.is_current);
    let current = current.and_then(|place| i32::try_from(place).ok());
    html! {
        <nav class="branches" aria-label="Branches">
            <select aria-label="Branch" ~selectedIndex={current.unwrap_or(-1)} {onchange}>
                for row in rows.iter() {
                    <option key={row.number} selected={row.is_current}>{format!("Branch {} · {}", row.number, row.label)}</option>
                }
            </select>
            <div class="branches__tree">
                {graph(rows)}
                <ol>
                    for row in rows.iter() {
                        {line(row, control)}
                    }
                </ol>
            </div>
            if rows.len() >= MANY {
                <p>{format!("{} of at most {MAX_BRANCHES}: beyond that, the one not seen for longest goes.", rows.len())}</p>
            }
        </nav>
    }
}

fn line(row: &BranchRow, control: &Callback<Control>) -> Html {
    let number = row.number;
    let onclick = control.reform(move |_| Control::Branch(number));
    let leaves = row.parent.map(|parent| {
        let from = time_text(row.from);
        format!(", leaves branch {parent} at {from}")
    });
    let name = format!(
        "Branch {number}: {}{}",
        row.label,
        leaves.unwrap_or_default()
    );
    html! {
        <li key={number}>
            <button type="button" aria-label={name.clone()} title={name} aria-current={row.is_current.then_some("true")} {onclick}>
                <b>{number}</b>{" "}{&row.label}
            </button>
        </li>
    }
}

/// A dot for each branch, and a line to it from the branch that it left.
fn graph(rows: &[BranchRow]) -> Html {
    let column = |row: &BranchRow| (COLUMN * (1 + row.depth.min(COLUMNS))).to_string();
    let deepest = rows.iter().map(|row| row.depth.min(COLUMNS)).max();
    let width = COLUMN * (2 + deepest.unwrap_or(0));
    // Rows are as high as a finger needs them: places are shares of the whole height.
    let height = |place: usize| {
        let thousandths = 1_000 * (2 * place + 1) / (2 * rows.len());
        format!("{}.{}%", thousandths / 10, thousandths % 10)
    };
    let place_of = |number: u32| rows.iter().position(|row| row.number == number);
    let lines = rows.iter().enumerate().filter_map(|(place, row)| {
        let from = place_of(row.parent?)?;
        let (x, y) = (column(&rows[from]), height(place));
        Some(html! {
            <>
                <line x1={x.clone()} y1={height(from)} x2={x.clone()} y2={y.clone()} />
                <line x1={x} y1={y.clone()} x2={column(row)} y2={y} />
            </>
        })
    });
    let dots = rows.iter().enumerate().map(|(place, row)| {
        let (class, r) = match row.is_current {
            true => (Some("current"), "5"),
            false => (None, "3.5"),
        };
        html! { <circle {class} cx={column(row)} cy={height(place)} {r} /> }
    });
    html! {
        <svg aria-hidden="true" width={width.to_string()}>{for lines}{for dots}</svg>
    }
}
