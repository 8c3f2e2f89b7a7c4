//! The caption below a stage, which is the status "Result".

use yew::{Html, html};

/// The mood of a caption: it chooses its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    Calm,
    /// Something is under way.
    Asks,
    /// It has ended well.
    Done,
    /// Something is wrong.
    Wrong,
}

/// The caption: an event, and what follows from it. It is read aloud when it changes, unless it changes too fast for that.
pub fn caption_line(tone: Tone, fast: bool, lead: String, rest: String) -> Html {
    let class = match tone {
        Tone::Calm => "caption caption--calm",
        Tone::Asks => "caption",
        Tone::Done => "caption caption--done",
        Tone::Wrong => "caption caption--failed",
    };
    html! {
        <div {class} role="status" aria-label="Result" aria-live={if fast { "off" } else { "polite" }}><p><b>{lead}</b>{" "}{rest}</p></div>
    }
}
