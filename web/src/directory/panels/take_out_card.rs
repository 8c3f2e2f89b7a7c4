//! The card "Take out": the part of the world that goes, and comes back.

use web_sys::{Event, MouseEvent};
use yew::{Callback, Html, html};

use crate::components::choice::{chosen, index};
use crate::directory::engine::command::Command;
use crate::directory::engine::statement::capital;
use crate::directory::panels::Desk;
use crate::player::{Beside, Pictured};

/// The card.
pub fn take_out_card(desk: &Desk) -> Html {
    let shot = &desk.view;
    let (parts, send) = (shot.parts.clone(), desk.send.clone());
    let onchange = Callback::from(move |event: Event| {
        if let Some(view) = chosen(&event).and_then(|place| parts.get(place)) {
            send.emit(Command::Choose(view.part));
        }
    });
    let now = shot.parts.get(shot.chosen);
    let (can_go, can_come) = now.map_or((false, false), |part| (part.can_go, part.can_come));
    let button = |name: &'static str, can: bool, command: Command| {
        let onclick = desk.send.reform(move |_: MouseEvent| command.clone());
        html! {
            <button type="button" aria-disabled={(!can).then_some("true")} {onclick}>{name}</button>
        }
    };
    html! {
        <section class="card" aria-labelledby="directory-out-title">
            <header><h2 id="directory-out-title">{"Take out"}</h2><span>{"from all at once"}</span></header>
            <div class="takes">
                <label>
                    {"What"}
                    <select ~selectedIndex={index(shot.chosen)} {onchange}>
                        for (place, part) in shot.parts.iter().enumerate() {
                            <option key={format!("{:?}", part.told)} selected={place == shot.chosen}>{capital(&part.told.name())}</option>
                        }
                    </select>
                </label>
                {button("Take out", can_go, Command::TakeOut)}
                {button("Put back", can_come, Command::PutBack)}
            </div>
            if let Some(refused) = shot.refused_beside(Beside::Ring) {
                <p class="error" role="alert">{refused}</p>
            }
            <p class="card__note">{"What goes is silent from that moment on, and what it knew is lost. Random peers are drawn anew each time, and come back in the order in which they went; a region’s peers lie all round the ring."}</p>
        </section>
    }
}
