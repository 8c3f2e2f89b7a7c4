//! The layout of the lesson, and the one place that joins its article and the browser.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use yew::{AttrValue, Callback, Html, MouseEvent, component, html, use_memo, use_node_ref};

use crate::components::header::{Parts, header};
use crate::components::help::{Heard, use_help};
use crate::hooks::use_route::use_route;
use crate::lesson::article::article;
use crate::lesson::figures::use_figures;
use crate::lesson::help::HELP;
use crate::page::{self, Route};

/// The lesson.
#[component]
pub fn LessonApp() -> Html {
    let shown = use_route() == Route::Lesson;
    let place = use_node_ref();
    let text = use_memo((), |()| {
        Html::from_html_unchecked(AttrValue::from(article()))
    });
    use_figures(place.clone());
    let (tools, sheet) = use_help(
        &HELP,
        Heard {
            shown,
            single: true,
        },
        |_| None::<()>,
        Callback::noop(),
        Callback::noop(),
        Html::default(),
    );
    let onclick = Callback::from(|event: MouseEvent| {
        if let Some(part) = part_asked_for(&event) {
            event.prevent_default();
            go_to(&part);
        }
    });
    html! {
        <div class="app">
            {header(Route::Lesson, tools, Parts::default())}
            <main class="lesson" ref={place} {onclick}>{(*text).clone()}</main>
            {sheet}
        </div>
    }
}

/// The part that a click on the list of parts asks for. The address names pages, so that it cannot name parts of one.
fn part_asked_for(event: &MouseEvent) -> Option<Element> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    let link = target.closest("a[href^=\"#lesson-\"]").ok()??;
    page::container(link.get_attribute("href")?.trim_start_matches('#'))
}

/// Scrolls to a part, and moves the focus to it, so that Tab goes on from there.
fn go_to(part: &Element) {
    part.scroll_into_view();
    if let Some(part) = part.dyn_ref::<HtmlElement>() {
        part.set_tab_index(-1);
        let _ = part.focus();
    }
}
