//! What the live page is made of, one panel a file.

mod answer;
mod events_card;
mod field;
mod file_row;
mod files_card;
mod folder;
mod help;
mod join_bar;
mod peers_card;
mod tab_card;
mod tab_stage;
mod values_card;

pub use self::events_card::events_card;
pub use self::files_card::files_card;
pub use self::help::use_help;
pub use self::join_bar::{join_bar, status_line};
pub use self::peers_card::peers_card;
pub use self::tab_card::tab_card;
pub use self::tab_stage::tab_stage;
pub use self::values_card::values_card;

use yew::{Callback, MouseEvent};

use crate::live::app::Panel;
use crate::live::intent::Intent;

/// A button's callback for an intent.
fn on_click(panel: &Panel, intent: Intent) -> Callback<MouseEvent> {
    panel.intend.reform(move |_| intent.clone())
}
