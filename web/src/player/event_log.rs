//! The event log of a page: what its stage shows, in words.

use chordscope_sim::engine::time_text::time_text;
use yew::{Html, html};

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number in the trace.
    pub index: u64,
    /// The time, in microseconds.
    pub at: u64,
    /// The class that chooses its colour.
    pub class: Option<&'static str>,
    /// The event.
    pub text: String,
}

/// The card with the log "Events", newest first. `id` is the element id of its title, `more` stands beside that. `lines` are in order of time; they
/// are read aloud as they come if `aloud`, which makes sense only where they come slowly.
pub fn event_log(
    id: &'static str,
    more: Html,
    aloud: bool,
    lines: impl DoubleEndedIterator<Item = Line>,
) -> Html {
    let mut lines = lines.rev().peekable();
    let is_empty = lines.peek().is_none();
    html! {
        <section class="card" aria-labelledby={id}>
            <header><h2 {id}>{"Events"}</h2>{more}</header>
            if is_empty {
                <p class="card__empty">{"Nothing has happened yet. Press Play, or step forward."}</p>
            }
            <div class="log" role="log" aria-label="Events" aria-live={if aloud { "polite" } else { "off" }} tabindex={(!is_empty).then_some("0")}>
                <ol reversed={true}>
                    for line in lines {
                        <li key={line.index} class={line.class}><time>{time_text(line.at)}</time><span>{line.text}</span></li>
                    }
                </ol>
            </div>
        </section>
    }
}
