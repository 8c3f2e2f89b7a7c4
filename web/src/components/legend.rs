//! What the shapes on the stage mean.

use yew::{Html, html};

/// The legend in a corner of a stage. `asks` names the node that asks; upkeep is there where messages of it show.
pub fn legend(asks: &'static str, upkeep: bool) -> Html {
    let ring = |class: &'static str, name: &'static str| {
        html! { <li>{name}<svg viewBox="0 0 16 16" aria-hidden="true"><circle {class} cx="8" cy="8" r="5.5" /></svg></li> }
    };
    html! {
        <ul class="legend" aria-label="Legend">
            {ring("origin", asks)}
            {ring("visited", "visited")}
            {ring("owner", "responsible")}
            <li>{"key"}<svg viewBox="0 0 16 16" aria-hidden="true"><path class="key" d="M8 3l5 5-5 5-5-5z" /></svg></li>
            <li>{"lookup"}<svg viewBox="0 0 16 16" aria-hidden="true"><circle class="message" cx="8" cy="8" r="4" /></svg></li>
            if upkeep {
                <li>{"upkeep"}<svg viewBox="0 0 16 16" aria-hidden="true"><circle class="upkeep" cx="8" cy="8" r="2.5" /></svg></li>
            }
        </ul>
    }
}
