//! The help sheet of the live page, and its keys.

use yew::{Callback, Html, hook};

use crate::components::help::{self, Help};
use crate::live::desk::Field;
use crate::live::intent::field_id;
use crate::page;

const HELP: Help = Help {
    id: "live-help-title",
    text: &[
        "This tab can be a member of a real ring: join one by the address of any of its peers. Then values that you put here are kept by the peers that are responsible for them, and this tab keeps those of others. Files that you share are given to others by this tab, as long as it is open.",
    ],
    keys: &[("/", "type a name")],
};

/// A wish that a key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Name,
    Theme,
}

/// The button that opens the sheet, and the sheet. `theme` goes from light to dark or back.
#[hook]
pub fn use_help(shown: bool, theme: Callback<()>) -> (Html, Html) {
    let wish = Callback::from(move |wish| match wish {
        Wish::Name => page::focus(field_id(Field::Name)),
        Wish::Theme => theme.emit(()),
    });
    help::use_help(&HELP, shown, true, wish_of, wish, Html::default())
}

fn wish_of(key: &str) -> Option<Wish> {
    match key {
        "/" => Some(Wish::Name),
        "t" => Some(Wish::Theme),
        _ => None,
    }
}
