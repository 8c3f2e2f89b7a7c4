//! A sheet above the page, as a native dialog: what one can do here, and the keys. No component of its own: each takes some kilobytes.

use web_sys::{Event, HtmlDialogElement, MouseEvent};
use yew::{Callback, Html, NodeRef, hook, html, use_effect_with, use_node_ref};

/// Opens and closes the dialog that is returned.
#[hook]
pub fn use_sheet(open: bool) -> NodeRef {
    let dialog = use_node_ref();
    let own = dialog.clone();
    use_effect_with(open, move |open| {
        if let Some(dialog) = own.cast::<HtmlDialogElement>() {
            if *open && !dialog.open() {
                let _ = dialog.show_modal();
            } else if !*open && dialog.open() {
                dialog.close();
            }
        }
    });
    dialog
}

/// The sheet. `id` is the element id of its title: each page has its own. `close` is called when the user or the browser closes it.
pub fn sheet(dialog: NodeRef, id: &'static str, close: &Callback<()>, content: Html) -> Html {
    let onclose = close.reform(|_: Event| ());
    let onclick = close.reform(|_: MouseEvent| ());
    html! {
        <dialog ref={dialog} {onclose} aria-labelledby={id}>
            <div class="sheet__head">
                <h2 {id}>{"How to use this page"}</h2>
                <button type="button" {onclick}>{"Close"}</button>
            </div>
            {content}
        </dialog>
    }
}

/// Keys, and what each means.
pub fn keys(keys: impl IntoIterator<Item = &'static (&'static str, &'static str)>) -> Html {
    html! {
        <dl>
            {for keys.into_iter().map(|(keys, means)| html! { <><dt>{for keys.split(' ').map(|key| html! { <><kbd>{key}</kbd>{" "}</> })}</dt><dd>{*means}</dd></> })}
        </dl>
    }
}
