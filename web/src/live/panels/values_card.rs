//! Putting and getting values, and looking names up.

use web_sys::SubmitEvent;
use yew::{Callback, Html, html};

use super::{answer, field, on_click};
use crate::live::app::Panel;
use crate::live::desk::Field;
use crate::live::intent::Intent;

/// The card with name, value, and the status "Answer".
pub fn values_card(panel: &Panel) -> Html {
    let intend = panel.intend.clone();
    let onsubmit = Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        intend.emit(Intent::Get);
    });
    html! {
        <section class="card" aria-labelledby="values-title">
            <header><h2 id="values-title">{"Values"}</h2></header>
            <form class="fields" {onsubmit} aria-label="Values">
                {field::line(panel, Field::Name, "Name", "greeting")}
                {field::error(panel, Field::Name)}
                {field::area(panel, Field::Value, "Value")}
                {field::error(panel, Field::Value)}
                <div class="buttons">
                    <button type="button" onclick={on_click(panel, Intent::Put)}>{"Put"}</button>
                    <button type="submit">{"Get"}</button>
                    <button type="button" onclick={on_click(panel, Intent::Delete)}>{"Delete"}</button>
                    <button type="button" onclick={on_click(panel, Intent::LookUp)}>{"Look up"}</button>
                </div>
            </form>
            {answer::answer(panel)}
        </section>
    }
}
