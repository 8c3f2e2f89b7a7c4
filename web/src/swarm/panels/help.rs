//! The help sheet of the swarm page, the button that opens it, and the keys.

use yew::{Callback, Html, MouseEvent, hook, html, use_state};

use crate::components::sheet::{keys, sheet, use_sheet};
use crate::hooks::use_shortcuts::use_shortcuts;
use crate::page;
use crate::player::Control;
use crate::swarm::engine::command::Command;

const KEYS: [(&str, &str); 8] = [
    ("Space", "play, or pause"),
    ("c", "continue to the next step"),
    ("→ ←", "step forward, step back"),
    ("Home End", "to the beginning, to the furthest moment"),
    ("+ −", "faster, slower"),
    ("] [", "select the next or the previous client"),
    ("t", "light or dark"),
    ("?", "this sheet"),
];

/// A wish that a key stands for.
#[derive(Clone, Debug, PartialEq)]
enum Wish {
    Help,
    Theme,
    Engine(Command),
}

/// The button that opens the sheet, and the sheet. `repaint` is called when the theme has changed.
#[hook]
pub fn use_help(shown: bool, send: &Callback<Command>, repaint: &Callback<()>) -> (Html, Html) {
    let open = use_state(|| false);
    let (set, send, repaint) = (open.setter(), send.clone(), repaint.clone());
    let wish = Callback::from(move |wish| match wish {
        Wish::Help => set.set(true),
        Wish::Theme => {
            page::toggle_theme();
            repaint.emit(());
        }
        Wish::Engine(command) => send.emit(command),
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
            <p>{"A real swarm runs in this page, in virtual time: the state machines that fetch files in a native peer, over simulated links. A column is a peer, a row a segment of the file; arcs are segments on their way. Select a client to see what limits it. A deed at an earlier moment begins a branch: what came after stays on the other one."}</p>
            {keys(&KEYS)}
        </>
    };
    (button, sheet(dialog, "swarm-help-title", &close, content))
}

fn wish_of(key: &str) -> Option<Wish> {
    Some(match key {
        "?" => Wish::Help,
        "t" => Wish::Theme,
        "]" => Wish::Engine(Command::Move(true)),
        "[" => Wish::Engine(Command::Move(false)),
        _ => Wish::Engine(Command::Time(Control::of_key(key)?)),
    })
}
