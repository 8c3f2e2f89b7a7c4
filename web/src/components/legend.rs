//! What the shapes on the stage mean.

use yew::{Html, html};

/// The legend in a corner of a stage: every shape that can be there. `asks` names the node that asks; what only a simulated ring
/// knows is left out elsewhere.
pub fn legend(asks: &'static str, simulated: bool) -> Html {
    let item = |name: &'static str, shape: Html| {
        html! { <li>{name}<svg viewBox="0 0 16 16" aria-hidden="true">{shape}</svg></li> }
    };
    let ring = |class: &'static str| html! { <circle {class} cx="8" cy="8" r="5.5" /> };
    let small = |class: &'static str| html! { <circle {class} cx="8" cy="8" r="2.5" /> };
    let diamond = |class: &'static str| html! { <path {class} d="M8 3l5 5-5 5-5-5z" /> };
    html! {
        <ul class="legend" aria-label="Legend">
            {item(asks, ring("origin"))}
            {item("visited", ring("visited"))}
            {item("responsible", ring("owner"))}
            {item("selected", html! { <><circle class="node" cx="8" cy="8" r="3.5" /><circle class="selected" cx="8" cy="8" r="6.5" /></> })}
            if simulated {
                {item("joining", ring("joining"))}
                {item("dead", html! { <><circle class="dead" cx="8" cy="8" r="5" /><path class="dead" d="M2 14L14 2" /></> })}
            }
            {item("successor", html! { <><path class="successor" d="M1 4Q8 12 12 9.5" /><path class="arrow" d="M15.5 7.5l-5 .2 2.400 4z" /></> })}
            if simulated {
                {item("wrong successor", html! { <path class="broken" d="M0 9H16" /> })}
            }
            {item("finger", html! { <path class="finger" d="M1 3Q8 15 15 3" /> })}
            {item("stored key", diamond("key"))}
            {item("key looked up", diamond("sought"))}
            if simulated {
                {item("typed key", diamond("typed"))}
            }
            {item("lookup", html! { <circle class="message" cx="8" cy="8" r="4" /> })}
            {item("reply", html! { <circle class="reply" cx="8" cy="8" r="4" /> })}
            if simulated {
                {item("stabilization", small("upkeep"))}
                {item("its reply", small("answer"))}
                {item("records", small("value"))}
            }
        </ul>
    }
}
