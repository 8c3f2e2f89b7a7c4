//! The few pictures that buttons carry.

use yew::{Html, html};

/// Which picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// Let time run.
    Play,
    /// Stop it.
    Pause,
    /// One event on.
    Forward,
    /// One event back.
    Back,
    /// Take back.
    Undo,
    /// Do again.
    Redo,
    /// Light or dark.
    Theme,
    /// Further controls, for which a bar has no room.
    More,
}

/// A picture that says nothing to assistive technology: its button has a name.
pub fn icon(picture: Picture) -> Html {
    let path = match picture {
        Picture::Play => "M7 5l12 7-12 7z",
        Picture::Pause => "M6 5h4v14H6zM14 5h4v14h-4z",
        Picture::Forward => "M4 5l10.5 7L4 19zM15.5 5H18v14h-2.5z",
        Picture::Back => "M6 5h2.5v14H6zM20 5v14L9.5 12z",
        Picture::Undo => "M10 4L3 10l7 6v-4.5h4a3 3 0 0 1 0 6H8V20h6a5.5 5.5 0 0 0 0-11h-4z",
        Picture::Redo => "M14 4l7 6-7 6v-4.5h-4a3 3 0 0 0 0 6h6V20h-6a5.5 5.5 0 0 1 0-11h4z",
        Picture::More => "M3 10h4v4H3zM10 10h4v4h-4zM17 10h4v4h-4z",
        Picture::Theme => "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18v-2a7 7 0 0 0 0-14z",
    };
    html! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d={path} /></svg>
    }
}
