//! The caption below a stage, which is the status "Result".

use yew::Html;

use crate::components::caption::Caption;
use crate::player::caption::Tone;

/// The caption: an event, and what follows from it. It is read aloud when it changes, unless it changes too fast for that.
pub fn caption_line(tone: Tone, fast: bool, lead: String, rest: String) -> Html {
    let class = match tone {
        Tone::Calm => "caption caption--calm",
        Tone::Asks => "caption",
        Tone::Done => "caption caption--done",
        Tone::Wrong => "caption caption--failed",
    };
    Caption {
        class,
        lead,
        rest,
        name: Some("Result"),
        aloud: !fast,
    }
    .html()
}
