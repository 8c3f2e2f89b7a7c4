//! The tools of every page: its help, a sheet with what one can do there and the keys, and the change from light to dark.

use yew::{Callback, Html, MouseEvent, hook, html, use_state};

use crate::components::icon::{Picture, icon};
use crate::components::sheet::{keys, sheet, use_sheet};
use crate::hooks::use_shortcuts::use_shortcuts;
use crate::page;

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

/// The buttons of every page, which stand in its header.
#[derive(Clone, Debug)]
pub struct Tools {
    /// Light or dark.
    pub theme: Html,
    /// Opens the help sheet.
    pub help: Html,
}

/// A meaning of a key: of every page's, or one of the page's own.
enum Wish<T> {
    Help,
    Theme,
    Page(T),
}

/// The keys that a page hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Any: the page shows.
    pub shown: bool,
    /// Those without Ctrl, too.
    pub single: bool,
}

/// Returns the tools, and the help sheet; `more` stands below its keys. Keys that are heard mean what `meaning` says of them, `?` opens the
/// sheet and `t` changes the colours, after which `repaint` is called.
#[hook]
pub fn use_help<T: 'static>(
    help: &'static Help,
    heard: Heard,
    meaning: impl Fn(&str) -> Option<T> + 'static,
    intend: Callback<T>,
    repaint: Callback<()>,
    more: Html,
) -> (Tools, Html) {
    let open = use_state(|| false);
    let set = open.setter();
    let wish = Callback::from(move |wish| match wish {
        Wish::Help => set.set(true),
        Wish::Theme => {
            page::toggle_theme();
            repaint.emit(());
        }
        Wish::Page(intent) => intend.emit(intent),
    });
    use_shortcuts(
        heard.shown,
        move |key| match key {
            key if !heard.single && !key.starts_with("Ctrl+") => None,
            "?" => Some(Wish::Help),
            "t" => Some(Wish::Theme),
            key => meaning(key).map(Wish::Page),
        },
        wish.clone(),
    );
    let dialog = use_sheet(*open);
    let set = open.setter();
    let close = Callback::from(move |()| set.set(false));
    let theme = wish.reform(|_: MouseEvent| Wish::Theme);
    let onclick = wish.reform(|_: MouseEvent| Wish::Help);
    let tools = Tools {
        theme: html! {
            <button type="button" class="quiet" aria-label="Light or dark" title="Light or dark" onclick={theme}>
                {icon(Picture::Theme)}
                <span class="top__word">{"Light or dark"}</span>
            </button>
        },
        help: html! {
            <button type="button" class="quiet" aria-label="Help" title="Help" {onclick}>{"?"}</button>
        },
    };
    let content = html! {
        <>
            {for help.text.iter().map(|text| html! { <p>{*text}</p> })}
            {keys(help.keys.iter().chain(COMMON))}
            {more}
        </>
    };
    (tools, sheet(dialog, help.id, &close, content))
}
