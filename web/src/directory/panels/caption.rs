//! The caption: the last deed or question, and what follows from it.

use yew::{Html, html};

use crate::directory::engine::caption::Tone;
use crate::directory::panels::{Desk, say};

/// The caption below the stage, which is the status "Result".
pub fn caption_line(desk: &Desk) -> Html {
    let caption = &desk.view.caption;
    let class = match caption.tone {
        Tone::Calm => "caption caption--calm",
        Tone::Asks => "caption",
        Tone::Done => "caption caption--done",
        Tone::Wrong => "caption caption--failed",
    };
    // While its numbers run they are not read aloud: the table has them.
    let live = match desk.view.time.playing {
        true => "off",
        false => "polite",
    };
    html! {
        <div {class} role="status" aria-label="Result" aria-live={live}><p><b>{caption.lead.text()}</b>{" "}{say(&caption.rest)}</p></div>
    }
}
