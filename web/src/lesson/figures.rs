//! The figures: each has a frame with its run while it is in view.

use js_sys::Array;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Document, Element, IntersectionObserver, IntersectionObserverEntry};
use yew::{NodeRef, hook, use_effect_with};

use crate::lesson::article::framed;

/// The class of the place where a figure's frame comes, and of one that has it.
const PLACE: &str = "run";

/// Gives each figure of the article its frame when it comes into view, and takes it away when it goes: what nobody sees does not run.
#[hook]
pub(super) fn use_figures(article: NodeRef) {
    use_effect_with((), move |()| {
        let heard = Closure::<dyn Fn(Array)>::new(|entries: Array| {
            for entry in entries.iter() {
                if let Ok(entry) = entry.dyn_into::<IntersectionObserverEntry>() {
                    show(&entry.target(), entry.is_intersecting());
                }
            }
        });
        let observer = IntersectionObserver::new(heard.as_ref().unchecked_ref()).ok();
        if let (Some(observer), Some(article)) = (&observer, article.cast::<Element>()) {
            for figure in all(&article, "figure") {
                if let Some(place) = prepare(&figure) {
                    observer.observe(&place);
                }
            }
        }
        move || {
            if let Some(observer) = observer {
                observer.disconnect();
            }
            drop(heard);
        }
    });
}

/// The elements below one that a selector names.
fn all(within: &Element, selector: &str) -> Vec<Element> {
    let list = within.query_selector_all(selector).ok();
    let list = list.map(|list| Array::from(&list));
    let elements = list.iter().flat_map(Array::iter);
    elements.filter_map(|node| node.dyn_into().ok()).collect()
}

/// Makes the place for a figure's frame, above its words.
fn prepare(figure: &Element) -> Option<Element> {
    let place = document()?.create_element("div").ok()?;
    place.set_class_name(PLACE);
    figure.prepend_with_node_1(&place).ok()?;
    Some(place)
}

fn show(place: &Element, seen: bool) {
    match (place.first_element_child(), seen) {
        (None, true) => {
            if let Some(frame) = frame(place) {
                let _ = place.append_child(&frame);
            }
        }
        (Some(frame), false) => frame.remove(),
        _ => {}
    }
}

/// The frame with the run that the figure's link names.
fn frame(place: &Element) -> Option<Element> {
    let figure = place.parent_element()?;
    let link = figure.query_selector("a").ok()??;
    let words = figure.query_selector("figcaption").ok()??;
    let frame = document()?.create_element("iframe").ok()?;
    frame
        .set_attribute("src", &framed(&link.get_attribute("href")?))
        .ok()?;
    // The words without the link's own.
    let title = words.first_child()?.text_content()?;
    frame.set_attribute("title", title.trim()).ok()?;
    Some(frame)
}

fn document() -> Option<Document> {
    web_sys::window()?.document()
}
