//! The caption: the last event, and the reason for it.

use yew::Html;

use crate::components::caption::Caption;
use crate::swarm::engine::caption::Tone;
use crate::swarm::panels::{Desk, say};

/// The caption below the stage, which is the status "Result".
pub fn caption_line(desk: &Desk) -> Html {
    let caption = &desk.view.caption;
    let class = match caption.tone {
        Tone::Calm => "caption caption--calm",
        Tone::Asks => "caption",
        Tone::Done => "caption caption--done",
        Tone::Wrong => "caption caption--failed",
    };
    Caption {
        class,
        lead: caption.lead.text(),
        rest: say(&caption.rest),
        name: Some("Result"),
        // While requests follow one another they are not read aloud: the log has them.
        aloud: !(desk.view.time.playing && caption.tone == Tone::Asks),
    }
    .html()
}
