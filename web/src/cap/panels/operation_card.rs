//! The card "Call": a list by which the keyboard reaches each call, what came of the selected one, and the call again.

use web_sys::{KeyboardEvent, MouseEvent};
use yew::{Callback, Html, html};

use crate::cap::engine::command::Command;
use crate::cap::engine::snapshot::OperationView;
use crate::cap::panels::{Desk, lines};

/// The card.
pub fn operation_card(desk: &Desk) -> Html {
    let shot = &desk.view;
    html! {
        <section class="card" aria-labelledby="cap-call-title">
            <header><h2 id="cap-call-title">{"Call"}</h2><span>{"at each level"}</span></header>
            {list(desk)}
            if shot.said.is_empty() {
                <p class="card__empty">{"Select a call, in a history or in this list, to read what came of it."}</p>
            } else {
                {lines(&shot.said)}
            }
            if let Some(number) = shot.selected.filter(|_| shot.can_retry) {
                <p class="saves"><button type="button" onclick={desk.send.reform(move |_: MouseEvent| Command::Retry(number))}>{"Retry"}</button><span class="mute">{"call the same again, now"}</span></p>
            }
        </section>
    }
}

fn list(desk: &Desk) -> Html {
    let shot = &desk.view;
    let Some(first) = shot
        .sides
        .first()
        .filter(|side| !side.operations.is_empty())
    else {
        return Html::default();
    };
    let send = desk.send.clone();
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        let on = match event.key().as_str() {
            "ArrowRight" | "ArrowDown" => true,
            "ArrowLeft" | "ArrowUp" => false,
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        send.emit(Command::Move(on));
    });
    html! {
        <div
            id="cap-calls" class="nodes" role="listbox" aria-label="Calls" tabindex="0" {onkeydown}
            aria-activedescendant={shot.selected.map(|number| format!("cap-call-{number}"))}
        >
            for one in first.operations.iter() {
                {option(desk, one, shot.selected == Some(one.number))}
            }
        </div>
    }
}

fn option(desk: &Desk, one: &OperationView, chosen: bool) -> Html {
    let number = one.number;
    let onclick = desk
        .send
        .reform(move |_: MouseEvent| Command::Select(number));
    html! {
        <span
            key={number} id={format!("cap-call-{number}")} role="option" aria-selected={chosen.to_string()} {onclick}
        >{format!("{} {}", one.name, one.deed.short())}</span>
    }
}
