//! The help of a page: its sheet with what one can do there and the keys, and the button and the key that open it.

use yew::{Callback, Html, MouseEvent, hook, html, use_state};

use crate::components::sheet::{keys, sheet, use_sheet};
use crate::hooks::use_shortcuts::use_shortcuts;

/// Keys as the sheet shows them, separated by spaces, and their meaning.
pub type Keys = &'static [(&'static str, &'static str)];

/// The keys of every page.
const COMMON: Keys = &[
    ("t", "light or dark"),
    ("?", "this sheet"),
    ("Esc", "close it, leave a field"),
];

/// The contents of a page's help sheet.
#[derive(Clone, Copy, Debug)]
pub struct Help {
    /// The element id of the sheet's title: each page has its own.
    pub id: &'static str,
    /// The paragraphs above the keys.
    pub text: &'static [&'static str],
    /// The keys of this page alone; those of every page follow them.
    pub keys: Keys,
}

/// A meaning of a key: to open the sheet, or one of the page's own.
enum Wish<T> {
    Help,
    Page(T),
}

/// Returns the button that opens the sheet, and the sheet; `more` stands below its keys. While the page is `shown`, keys mean what
/// `meaning` says of them, and `?` opens the sheet; only those with Ctrl do while `single` is off.
#[hook]
pub fn use_help<T: 'static>(
    help: &'static Help,
    shown: bool,
    single: bool,
    meaning: impl Fn(&str) -> Option<T> + 'static,
    intend: Callback<T>,
    more: Html,
) -> (Html, Html) {
    let open = use_state(|| false);
    let set = open.setter();
    let wish = Callback::from(move |wish| match wish {
        Wish::Help => set.set(true),
        Wish::Page(intent) => intend.emit(intent),
    });
    use_shortcuts(
        shown,
        move |key| match key {
            key if !single && !key.starts_with("Ctrl+") => None,
            "?" => Some(Wish::Help),
            key => meaning(key).map(Wish::Page),
        },
        wish.clone(),
    );
    let dialog = use_sheet(*open);
    let set = open.setter();
    let close = Callback::from(move |()| set.set(false));
    let onclick = wish.reform(|_: MouseEvent| Wish::Help);
    let button = html! {
        <button type="button" class="quiet" aria-label="Help" title="Help" {onclick}>{"?"}</button>
    };
    let content = html! {
        <>
            {for help.text.iter().map(|text| html! { <p>{*text}</p> })}
            {keys(help.keys.iter().chain(COMMON))}
            {more}
        </>
    };
    (button, sheet(dialog, help.id, &close, content))
}
