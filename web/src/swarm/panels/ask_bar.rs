//! The question above the stage: how many clients want how many segments, fetched in which order.

use web_sys::{Event, HtmlSelectElement, MouseEvent, SubmitEvent};
use yew::{Callback, Html, TargetCast, html};

use crate::page;
use crate::player::Beside;
use crate::swarm::engine::command::Command;
use crate::swarm::engine::levers::{Dial, Levers, Picker};
use crate::swarm::panels::Desk;
use crate::swarm::panels::levers_card::LEVERS;
use crate::swarm::panels::number_field::{error_of, number_field};

/// The question bar.
pub fn ask_bar(desk: &Desk) -> Html {
    let again = desk.clone();
    let onsubmit = Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        // What was typed last has been taken by now, or is wrong and stays.
        again.send.emit(Command::Again);
    });
    let more = Callback::from(move |_: MouseEvent| page::focus(LEVERS));
    html! {
        <div class="ask">
            <form {onsubmit} novalidate={true} aria-label="Swarm">
                {scenario(desk)}
                {number_field(desk, Dial::Clients, "Clients", "swarm-clients")}
                {number_field(desk, Dial::Segments, "Segments", "swarm-segments")}
                {choice(desk, "Picker", &[("Rarest first", Picker::Rarest), ("Random", Picker::Random), ("In order", Picker::InOrder)], None, |levers| levers.picker, |levers, picker| Levers { picker, ..levers })}
                <button type="button" onclick={more}>{"More …"}</button>
                <button class="main" type="submit">{"Start again"}</button>
            </form>
            if let Some(scenario) = desk.view.scenario.and_then(|place| desk.view.scenarios.get(place)) {
                <p class="ask__about"><b>{"Watch:"}</b>{" "}{scenario.watch}</p>
            }
            if let Some(refused) = desk.view.refused_beside(Beside::Question) {
                <p class="error" role="alert">{refused}</p>
            }
            {error_of(desk, &[(Dial::Clients, "swarm-clients"), (Dial::Segments, "swarm-segments")])}
        </div>
    }
}

/// The list of scenarios; a swarm of the user's own settings is none of them.
fn scenario(desk: &Desk) -> Html {
    let shot = &desk.view;
    let (known, send) = (shot.scenarios.clone(), desk.send.clone());
    let onchange = Callback::from(move |event: Event| {
        let select: HtmlSelectElement = event.target_unchecked_into();
        let chosen = usize::try_from(select.selected_index()).ok();
        if let Some(scenario) = chosen.and_then(|place| known.get(place)) {
            send.emit(Command::Load(scenario.name));
        }
    });
    // After a choice of the user's, a list follows the index alone.
    let now = shot.scenario.unwrap_or(shot.scenarios.len());
    let now = i32::try_from(now).unwrap_or(-1);
    html! {
        <label class="ask__own">
            {"Scenario"}
            <select ~selectedIndex={now} {onchange}>
                for (place, one) in shot.scenarios.iter().enumerate() {
                    <option key={one.name} selected={shot.scenario == Some(place)}>{one.title}</option>
                }
                // Behind the scenarios, so that each keeps its place.
                <option key="own" selected={shot.scenario.is_none()} disabled={shot.scenario.is_some()}>{"Your own settings"}</option>
            </select>
        </label>
    }
}

/// A list of settings, of which one is chosen. The swarm begins again with another one. Only a scenario or a link can ask for the one that is
/// `own` to them.
pub(super) fn choice<T: Copy + PartialEq + 'static>(
    desk: &Desk,
    name: &'static str,
    options: &'static [(&'static str, T)],
    own: Option<T>,
    now: fn(&Levers) -> T,
    with: fn(Levers, T) -> Levers,
) -> Html {
    let changed = desk.clone();
    let onchange = Callback::from(move |event: Event| {
        let select: HtmlSelectElement = event.target_unchecked_into();
        let chosen = usize::try_from(select.selected_index()).ok();
        if let Some((_, value)) = chosen.and_then(|place| options.get(place)) {
            changed.begin(with(changed.view.levers, *value));
        }
    });
    let now = now(&desk.view.levers);
    // After a choice of the user's, a list follows the index alone.
    let place = options.iter().position(|(_, value)| *value == now);
    let place = place.and_then(|place| i32::try_from(place).ok());
    html! {
        <label>
            {name}
            <select ~selectedIndex={place.unwrap_or(-1)} {onchange}>
                for (text, value) in options.iter() {
                    <option selected={*value == now} disabled={Some(*value) == own && *value != now}>{*text}</option>
                }
            </select>
        </label>
    }
}
