//! Marks that the pictures share: verdicts and versions, each told by its shape and its colour.

use yew::{Html, html};

use crate::cap::engine::snapshot::{OperationView, SideShot};
use crate::cap::engine::statement::{Asks, Came, Judged};
use chordscope_sim::checks::history::{Value, Version};

/// A number of pixels as text.
pub(super) fn px(value: f64) -> String {
    format!("{value:.1}")
}

/// Definitions that pictures refer to: the hatch of what is stale, and the head of an arrow. They stand on the page once.
pub fn definitions() -> Html {
    html! {
        <svg class="cap-defs" width="0" height="0" aria-hidden="true">
            <defs>
                <pattern id="cap-hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                    <rect class="cap-hatch-ground" width="5" height="5" /><rect class="cap-hatch-line" width="2.2" height="5" />
                </pattern>
                <marker id="cap-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto-start-reverse">
                    <path class="cap-arrow" d="M0 0l8 4-8 4z" />
                </marker>
            </defs>
        </svg>
    }
}

/// The look of a version: which of the writes so far has written it, in turn hollow, full and hatched.
pub(super) fn look(shot: &SideShot, version: Version) -> usize {
    let writes = shot.operations.iter().filter(|one| one.deed != Asks::Get);
    let mut numbers = writes.map(|one| one.number);
    numbers.position(|number| number == version.by).unwrap_or(0) % 3
}

/// The class and the fill of a version's look.
pub(super) const fn version_class(look: usize) -> (&'static str, Option<&'static str>) {
    match look {
        0 => ("cap-version cap-version--hollow", None),
        1 => ("cap-version cap-version--full", None),
        _ => ("cap-version", Some("url(#cap-hatch)")),
    }
}

/// The class of an operation's bar, its fill, and the sign beside its words.
pub(super) const fn bar_class(
    verdict: Option<&Judged>,
) -> (&'static str, Option<&'static str>, &'static str) {
    match verdict {
        None => ("cap-bar cap-bar--flight", None, "…"),
        Some(Judged::Fresh) => ("cap-bar cap-bar--fresh", None, "✓"),
        Some(Judged::Stale { .. }) => ("cap-bar cap-bar--stale", Some("url(#cap-hatch)"), "◷"),
        Some(Judged::Refused { .. }) => ("cap-bar cap-bar--refused", None, "–"),
        Some(Judged::Conflicting { .. }) => ("cap-bar cap-bar--conflicting", None, "≠"),
    }
}

/// An operation in the fewest words, the best first: what fits is written.
pub(super) fn short_words(one: &OperationView) -> [String; 3] {
    let sign = bar_class(one.verdict.as_ref()).2;
    let what = match (&one.deed, &one.came) {
        (Asks::Get, Some(Came::Got(Some(value)))) => value.clone(),
        (Asks::Get, Some(Came::Got(None))) => "nothing".to_owned(),
        (Asks::Get, _) => String::new(),
        (deed, _) => deed.value().unwrap_or_default().to_owned(),
    };
    let what: String = what.chars().take(14).collect();
    let verb = match one.deed {
        Asks::Get => "get",
        Asks::Put(_) => "put",
        Asks::Delete => "delete",
        Asks::Swap(_) => "swap",
    };
    let join = |parts: &[&str]| {
        let parts: Vec<&str> = parts
            .iter()
            .copied()
            .filter(|part| !part.is_empty())
            .collect();
        parts.join(" ")
    };
    [
        join(&[verb, &what, sign]),
        join(&[&what, sign]),
        sign.to_owned(),
    ]
}

/// The place of an operation in the set that contradicts itself, from 1.
pub(super) fn guilt(shot: &SideShot, number: Value) -> Option<u32> {
    let set = shot.view.contradiction();
    let place = set.iter().position(|one| *one == number)?;
    u32::try_from(place + 1).ok()
}

/// The legend of the pictures.
pub fn legend() -> Html {
    let row = |name: &'static str, shape: Html| html! { <li><svg viewBox="0 0 26 12" aria-hidden="true">{shape}</svg>{name}</li> };
    html! {
        <ul class="cap-legend" aria-label="Legend">
            {row("fresh ✓", html! { <rect class="cap-bar cap-bar--fresh" x="1" y="2" width="24" height="8" rx="4" /> })}
            {row("stale ◷", html! { <rect class="cap-bar cap-bar--stale" fill="url(#cap-hatch)" x="1" y="2" width="24" height="8" /> })}
            {row("refused –", html! { <><rect class="cap-bar cap-bar--refused" x="1" y="2" width="24" height="8" /><line class="cap-strike" x1="1" x2="25" y1="6" y2="6" /></> })}
            {row("conflicting ≠", html! { <path class="cap-bar cap-bar--conflicting" d="M1 6l5-4h14l5 4-5 4h-14z" /> })}
            {row("in flight", html! { <path class="cap-bar cap-bar--flight" d="M25 2H1v8h24" /> })}
            {row("takes effect", html! { <><line class="cap-order" x1="4" x2="22" y1="9" y2="3" /><circle class="cap-point" cx="4" cy="9" r="2.600" /><circle class="cap-point" cx="22" cy="3" r="2.600" /></> })}
            {row("contradict", html! { <rect class="cap-guilt" x="2" y="1" width="22" height="10" rx="3" /> })}
            {row("responsible", html! { <circle class="cap-node cap-node--owner" cx="13" cy="6" r="4.500" /> })}
            {row("a version", html! { <path class="cap-version cap-version--full" d="M13 1l5 5-5 5-5-5z" /> })}
            {row("cut", html! { <line class="cap-cut" x1="1" x2="25" y1="6" y2="6" /> })}
        </ul>
    }
}
