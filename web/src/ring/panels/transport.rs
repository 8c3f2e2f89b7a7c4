//! The bar of time: step, play, where we are, how fast.

use web_sys::{Event, HtmlSelectElement};
use yew::{Callback, Html, TargetCast, html};

use crate::components::icon::{Picture, icon};
use crate::page;
use crate::ring::engine::SPEEDS;
use crate::ring::engine::command::Command;
use crate::ring::engine::snapshot::{Beside, Snapshot};
use crate::ring::intent::Intent;
use crate::ring::panels::timeline::Timeline;
use crate::ring::panels::{Desk, on_click, time_text};

/// How far the run has come, while an earlier moment is shown.
pub fn reached(shot: &Snapshot) -> Option<String> {
    (shot.now < shot.reached).then(|| format!("reached {}", time_text(shot.reached)))
}

/// The transport bar.
pub fn transport(desk: &Desk) -> Html {
    let shot = &desk.view;
    let send = desk.send.clone();
    let onchange = Callback::from(move |event: Event| {
        let select: HtmlSelectElement = event.target_unchecked_into();
        send.emit(Command::Speed(
            usize::try_from(select.selected_index()).unwrap_or(0),
        ));
    });
    let (name, picture) = if shot.playing {
        ("Pause", Picture::Pause)
    } else {
        ("Play", Picture::Play)
    };
    let button = |name: &'static str, picture: Picture, intent: Intent| {
        html! {
            <button type="button" aria-label={name} title={name} onclick={on_click(&desk.intend, intent)}>{icon(picture)}</button>
        }
    };
    // Where the stage is alone, nothing else has room for what cannot be done.
    let alone =
        page::embedded().then(|| shot.refused.as_ref().map(|refused| refused.text.as_str()));
    let refused = alone.unwrap_or_else(|| shot.refused_beside(Beside::Time));
    html! {
        <>
        if let Some(refused) = refused {
            <p class="error bar__error" role="alert">{refused}</p>
        }
        <div class="bar" role="group" aria-label="Time controls">
            {button("Step back", Picture::Back, Intent::StepBack)}
            {button(name, picture, Intent::TogglePlay)}
            {button("Step forward", Picture::Forward, Intent::StepForward)}
            <button type="button" title="To the next step (c)" aria-disabled={(!shot.can_continue).then_some("true")} onclick={on_click(&desk.intend, Intent::Continue)}>{"Continue"}</button>
            <Timeline ..desk.clone() />
            <select aria-label="Speed" {onchange}>
                for (index, (name, _)) in SPEEDS.iter().enumerate() {
                    <option selected={index == shot.speed}>{*name}</option>
                }
            </select>
            <span class="bar__time">{time_text(shot.now)}<br />{reached(shot)}</span>
        </div>
        </>
    }
}
