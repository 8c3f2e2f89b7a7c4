//! The caption: the last call or deed, and what each system says of it.

use yew::Html;

use crate::cap::panels::{Desk, say};
use crate::player::caption_line;

/// The caption below the stage. While its numbers run they are not read aloud: the log and the table have them.
pub fn caption_line(desk: &Desk) -> Html {
    let caption = &desk.view.caption;
    let (lead, rest) = (caption.lead.text(), say(&caption.rest));
    caption_line::caption_line(caption.tone, desk.view.time.playing, lead, rest)
}
