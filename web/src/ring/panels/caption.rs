//! The caption below the stage: the last event and its reason, in the protocol's words.

use yew::Html;

use crate::components::caption::Caption;
use crate::ring::engine::snapshot::Tone;
use crate::ring::panels::Desk;

/// The caption below the stage.
pub fn caption_line(desk: &Desk) -> Html {
    let caption = &desk.view.caption;
    let class = match caption.tone {
        Tone::Calm => "caption caption--calm",
        Tone::Hop => "caption",
        Tone::Done => "caption caption--done",
        Tone::Failed => "caption caption--failed",
        Tone::Ask => "caption caption--ask",
        Tone::Right => "caption caption--right",
        Tone::Wrong => "caption caption--wrong",
    };
    Caption {
        class,
        lead: desk.view.say(&caption.lead),
        rest: desk.view.say_all(&caption.rest),
        name: None,
        aloud: true,
    }
    .html()
}
