//! The caption: the last event, and the reason for it.

use yew::Html;

use crate::player::caption::Tone;
use crate::player::caption_line;
use crate::swarm::panels::{Desk, say};

/// The caption below the stage. While requests follow one another they are not read aloud: the log has them.
pub fn caption_line(desk: &Desk) -> Html {
    let caption = &desk.view.caption;
    let fast = desk.view.time.playing && caption.tone == Tone::Asks;
    let (lead, rest) = (caption.lead.text(), say(&caption.rest));
    caption_line::caption_line(caption.tone, fast, lead, rest)
}
