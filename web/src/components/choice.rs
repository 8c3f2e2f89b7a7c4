//! Lists of which one entry is chosen.

use web_sys::{Event, HtmlSelectElement};
use yew::TargetCast;

/// The place of the entry that the user has just chosen.
pub fn chosen(event: &Event) -> Option<usize> {
    let select: HtmlSelectElement = event.target_unchecked_into();
    usize::try_from(select.selected_index()).ok()
}

/// A place as a list takes it. After a choice of the user's, a list follows the index alone.
pub fn index(place: usize) -> i32 {
    i32::try_from(place).unwrap_or(-1)
}
