//! The question above the stage: how many clients want how many segments, fetched in which order.

use web_sys::{Event, HtmlSelectElement, MouseEvent, SubmitEvent};
use yew::{Callback, Html, TargetCast, html};

use crate::page;
use crate::swarm::engine::levers::{Dial, Levers, Picker};
use crate::swarm::panels::Desk;
use crate::swarm::panels::levers_card::LEVERS;
use crate::swarm::panels::number_field::{error_of, number_field};

/// The question bar.
pub fn ask_bar(desk: &Desk) -> Html {
    let again = desk.clone();
    let onsubmit = Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        again.begin(again.view.levers);
    });
    let more = Callback::from(move |_: MouseEvent| page::focus(LEVERS));
    html! {
        <div class="ask">
            <form {onsubmit} novalidate={true} aria-label="Swarm">
                {number_field(desk, Dial::Clients, "Clients", "swarm-clients")}
                {number_field(desk, Dial::Segments, "Segments", "swarm-segments")}
                {choice(desk, "Picker", &[("Rarest first", Picker::Rarest), ("Random", Picker::Random), ("In order", Picker::InOrder)], |levers| levers.picker, |levers, picker| Levers { picker, ..levers })}
                <button type="button" onclick={more}>{"More …"}</button>
                <button class="main" type="submit">{"Start again"}</button>
            </form>
            {error_of(desk, &[(Dial::Clients, "swarm-clients"), (Dial::Segments, "swarm-segments")])}
        </div>
    }
}

/// A list of settings, of which one is chosen. The swarm begins again with another one.
pub(super) fn choice<T: Copy + PartialEq + 'static>(
    desk: &Desk,
    name: &'static str,
    options: &'static [(&'static str, T)],
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
    html! {
        <label>
            {name}
            <select {onchange}>
                for (text, value) in options.iter() {
                    <option selected={*value == now}>{*text}</option>
                }
            </select>
        </label>
    }
}
