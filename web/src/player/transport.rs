//! The bar of time: step, play, where we are, how fast.

use std::rc::Rc;

use chordscope_sim::engine::time_text::time_text;
use web_sys::{Event, HtmlSelectElement, MouseEvent};
use yew::{Callback, Html, TargetCast, html};

use crate::components::icon::{Picture, icon};
use crate::player::timeline::Timeline;
use crate::player::{Control, SPEEDS, TimeView, View};

/// The transport bar. `refused` says why the last control led nowhere.
pub fn transport(time: &Rc<TimeView>, control: &Callback<Control>, refused: Option<&str>) -> Html {
    let onchange = control.reform(|event: Event| {
        let select: HtmlSelectElement = event.target_unchecked_into();
        Control::Speed(usize::try_from(select.selected_index()).unwrap_or(0))
    });
    let (name, picture) = if time.playing {
        ("Pause", Picture::Pause)
    } else {
        ("Play", Picture::Play)
    };
    let button = |name: &'static str, picture: Picture, asked: Control| {
        html! {
            <button type="button" aria-label={name} title={name} onclick={on_click(control, asked)}>{icon(picture)}</button>
        }
    };
    html! {
        <>
        if let Some(refused) = refused {
            <p class="error bar__error" role="alert">{refused}</p>
        }
        <div class="bar" role="group" aria-label="Time controls">
            {button("Step back", Picture::Back, Control::StepBack)}
            {button(name, picture, Control::Toggle)}
            {button("Step forward", Picture::Forward, Control::StepForward)}
            <button type="button" title="To the next step (c)" aria-disabled={(!time.can_continue).then_some("true")} onclick={on_click(control, Control::Continue)}>{"Continue"}</button>
            <Timeline time={View(Rc::clone(time))} control={control.clone()} />
            <select aria-label="Speed" {onchange}>
                for (index, (name, _)) in SPEEDS.iter().enumerate() {
                    <option selected={index == time.speed}>{*name}</option>
                }
            </select>
            <span class="bar__time">{time_text(time.now)}<br />{reached(time)}</span>
        </div>
        </>
    }
}

/// The buttons that take a deed back or do it again. They keep the focus when there is nothing more of that.
pub fn undo_and_redo(time: &TimeView, control: &Callback<Control>) -> Html {
    let button = |name: &'static str, title: &'static str, picture, asked, can: bool| {
        html! {
            <button type="button" class="quiet" aria-label={name} {title} aria-disabled={(!can).then_some("true")} onclick={on_click(control, asked)}>{icon(picture)}</button>
        }
    };
    html! {
        <>
            {button("Undo", "Undo (Ctrl+Z)", Picture::Undo, Control::Undo, time.can_undo)}
            {button("Redo", "Redo (Ctrl+Y)", Picture::Redo, Control::Redo, time.can_redo)}
        </>
    }
}

/// The furthest moment reached, while an earlier one is shown.
pub(super) fn reached(time: &TimeView) -> Option<String> {
    (time.now < time.reached).then(|| format!("reached {}", time_text(time.reached)))
}

fn on_click(control: &Callback<Control>, asked: Control) -> Callback<MouseEvent> {
    control.reform(move |_| asked)
}
