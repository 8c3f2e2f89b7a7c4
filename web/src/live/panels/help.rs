//! The help sheet of the live page, the button that opens it, and the keys.

use yew::{Callback, Html, MouseEvent, hook, html, use_state};

use crate::components::sheet::{keys, sheet, use_sheet};
use crate::hooks::use_shortcuts::use_shortcuts;
use crate::live::desk::Field;
use crate::live::intent::field_id;
use crate::page;

const KEYS: [(&str, &str); 4] = [
    ("/", "type a name"),
    ("t", "light or dark"),
    ("?", "this sheet"),
    ("Esc", "close it, leave a field"),
];

/// A wish that a key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Help,
    Name,
    Theme,
}

/// The button that opens the sheet, and the sheet. `theme` goes from light to dark or back.
#[hook]
pub fn use_help(shown: bool, theme: Callback<()>) -> (Html, Html) {
    let open = use_state(|| false);
    let set = open.setter();
    let wish = Callback::from(move |wish| match wish {
        Wish::Help => set.set(true),
        Wish::Name => page::focus(field_id(Field::Name)),
        Wish::Theme => theme.emit(()),
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
            <p>{"This tab can be a member of a real ring: join one by the address of any of its peers. Then values that you put here are kept by the peers that are responsible for them, and this tab keeps those of others. Files that you share are given to others by this tab, as long as it is open."}</p>
            {keys(&KEYS)}
        </>
    };
    (button, sheet(dialog, "live-help-title", &close, content))
}

fn wish_of(key: &str) -> Option<Wish> {
    match key {
        "/" => Some(Wish::Name),
        "t" => Some(Wish::Theme),
        "?" => Some(Wish::Help),
        _ => None,
    }
}
