//! The help sheet of the page of experiments, the button that opens it, and the keys.

use yew::{Callback, Html, MouseEvent, hook, html, use_state};

use crate::components::sheet::{keys, sheet, use_sheet};
use crate::experiments::panels::Intent;
use crate::hooks::use_shortcuts::use_shortcuts;

const KEYS: [(&str, &str); 4] = [
    ("r", "run what the controls say"),
    ("t", "light or dark"),
    ("?", "this sheet"),
    ("Esc", "close it, leave a field"),
];

/// A wish that a key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Help,
    Page(Intent),
}

/// The button that opens the sheet, and the sheet.
#[hook]
pub fn use_help(shown: bool, intend: &Callback<Intent>) -> (Html, Html) {
    let open = use_state(|| false);
    let (set, intend) = (open.setter(), intend.clone());
    let wish = Callback::from(move |wish| match wish {
        Wish::Help => set.set(true),
        Wish::Page(intent) => intend.emit(intent),
    });
    use_shortcuts(shown, wish_of, wish.clone());
    let dialog = use_sheet(*open);
    let set = open.setter();
    let close = Callback::from(move |()| set.set(false));
    let onclick = wish.reform(|_: MouseEvent| Wish::Help);
    let button = html! {
        <button type="button" class="quiet" aria-label="Help" title="Help" {onclick}>{"?"}</button>
    };
    let content = html! {
        <>
            <p>{"Each experiment asks a question about Chord or about swarms, and measures the answer in this browser, on simulated rings of the real protocol. Choose one and a size, and press Run. Where a paper has figures, they stand beside ours; the same seed gives the same figures, also on the command line."}</p>
            {keys(&KEYS)}
        </>
    };
    (
        button,
        sheet(dialog, "experiments-help-title", &close, content),
    )
}

fn wish_of(key: &str) -> Option<Wish> {
    match key {
        "r" => Some(Wish::Page(Intent::Run)),
        "t" => Some(Wish::Page(Intent::Theme)),
        "?" => Some(Wish::Help),
        _ => None,
    }
}
