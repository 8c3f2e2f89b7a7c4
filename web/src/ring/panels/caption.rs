//! The caption below the stage: the last event and its reason, in the protocol's words.

use yew::{Html, html};

use crate::ring::engine::snapshot::Tone;
use crate::ring::panels::Desk;

/// The caption below the stage.
pub fn caption_line(desk: &Desk) -> Html {
    let caption = &desk.view.caption;
    let tone = match caption.tone {
        Tone::Calm => "caption caption--calm",
        Tone::Hop => "caption",
        Tone::Done => "caption caption--done",
        Tone::Failed => "caption caption--failed",
        Tone::Ask => "caption caption--ask",
        Tone::Right => "caption caption--right",
        Tone::Wrong => "caption caption--wrong",
    };
    let (lead, rest) = (
        desk.view.say(&caption.lead),
        desk.view.say_all(&caption.rest),
    );
    html! {
        <div class={tone} aria-live="polite"><p><b>{lead}</b>{" "}{rest}</p></div>
    }
}
