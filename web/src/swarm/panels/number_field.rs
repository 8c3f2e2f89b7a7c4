//! A field for a setting that is a number. The swarm begins again when it is changed.

use web_sys::{Event, HtmlInputElement, InputEvent};
use yew::{Callback, Html, TargetCast, html};

use crate::swarm::engine::levers::Dial;
use crate::swarm::panels::Desk;

/// A labelled field.
pub(super) fn number_field(desk: &Desk, dial: Dial, name: &'static str, id: &'static str) -> Html {
    let (least, most) = dial.range();
    let typed = desk.typed.as_ref().filter(|(typed, _)| *typed == dial);
    let value = match typed {
        Some((_, text)) => text.clone(),
        None => dial.show(desk.view.levers.dial(dial)),
    };
    let set = desk.typed.setter();
    let oninput = Callback::from(move |event: InputEvent| {
        let input: HtmlInputElement = event.target_unchecked_into();
        set.set(Some((dial, input.value())));
    });
    let changed = desk.clone();
    let onchange = Callback::from(move |event: Event| {
        let input: HtmlInputElement = event.target_unchecked_into();
        let now = changed.view.levers.dial(dial);
        match dial.read(&input.value()) {
            // What is shown is rounded.
            Ok(value) if dial.show(value) == dial.show(now) => changed.forget_typed(),
            Ok(value) => changed.begin(changed.view.levers.with(dial, value)),
            Err(why) => {
                // It stays to be mended, also where nothing was typed but all deleted.
                changed.typed.set(Some((dial, input.value())));
                changed.wrong.set(Some((dial, why)));
            }
        }
    });
    let wrong = desk.wrong.as_ref().is_some_and(|(wrong, _)| *wrong == dial);
    html! {
        <label class="number">
            {name}
            <input
                {id} type="number" min={dial.show(least)} max={dial.show(most)} step={if dial.is_rate() { "0.1" } else { "1" }} {value} {oninput} {onchange}
                aria-invalid={wrong.to_string()} aria-describedby={wrong.then(|| format!("{id}-error"))}
            />
        </label>
    }
}

/// The fault of one of these fields, if there is any.
pub(super) fn error_of(desk: &Desk, fields: &[(Dial, &'static str)]) -> Html {
    let wrong = desk.wrong.as_ref();
    let told = wrong.and_then(|(dial, why)| {
        let (_, id) = fields.iter().find(|(field, _)| field == dial)?;
        Some(html! { <p class="error" role="alert" id={format!("{id}-error")}>{why}</p> })
    });
    told.unwrap_or_default()
}

/// The fault of what is typed and not taken yet, if there is any.
pub(super) fn fault(typed: Option<&(Dial, String)>) -> Option<(Dial, String)> {
    let (dial, text) = typed?;
    dial.read(text).err().map(|why| (*dial, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_typed_and_no_setting_has_a_fault() {
        let of = |text: &str| fault(Some(&(Dial::Clients, text.to_owned())));
        assert_eq!(fault(None), None);
        assert_eq!(of("12"), None);
        for wrong in ["5000", "", "many"] {
            let (dial, why) = of(wrong).unwrap();
            assert_eq!(dial, Dial::Clients);
            assert!(why.contains("from 1 to 64"), "{why}");
        }
    }
}
