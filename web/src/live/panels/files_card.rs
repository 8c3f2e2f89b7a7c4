//! Sharing files of this computer, and fetching those of others.

use wasm_bindgen::JsCast;
use web_sys::{Event, FileList, HtmlInputElement, SubmitEvent};
use yew::{Callback, Html, html};

use super::{field, file_row};
use crate::live::app::Panel;
use crate::live::desk::Field;
use crate::live::intent::{Intent, field_id};
use crate::live::lent;
use crate::live::words;

/// The card with "Share a file", "Share a folder", "Link" and the files.
pub fn files_card(panel: &Panel) -> Html {
    let intend = panel.intend.clone();
    let onsubmit = Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        intend.emit(Intent::Fetch);
    });
    let (files_chosen, folder_chosen) = (chosen(panel, lent::files), chosen(panel, lent::folder));
    let files = panel
        .desk
        .state
        .as_ref()
        .map(|state| state.files.as_slice());
    let files = files.unwrap_or_default();
    html! {
        <section class="card" aria-labelledby="files-title">
            <header><h2 id="files-title">{"Files"}</h2><span>{words::count(files)}</span></header>
            <form class="fields" {onsubmit} aria-label="Files">
                <div class="picks">
                    <label class="pick">{"Share a file"}<input id={field_id(Field::File)} type="file" multiple={true} onchange={files_chosen} /></label>
                    <label class="pick">{"Share a folder"}<input type="file" webkitdirectory={true} onchange={folder_chosen} /></label>
                </div>
                {field::error(panel, Field::File)}
                <div class="fetch">
                    {field::line(panel, Field::Link, "Link", "chordscope:…")}
                    <button type="submit">{"Fetch"}</button>
                </div>
                {field::error(panel, Field::Link)}
            </form>
            if files.is_empty() {
                <p class="card__empty">{"Whoever has the link of a file fetches it from everybody who has some of it. A tab shares for as long as it is open; files and folders may be dropped anywhere on this page."}</p>
            }
            <ul class="files" aria-label="Files" hidden={files.is_empty()}>
                {for files.iter().rev().map(|file| file_row::row(panel, file))}
            </ul>
        </section>
    }
}

/// What is done with the files of an input when they were chosen.
fn chosen(panel: &Panel, share: fn(&FileList, &Callback<Intent>)) -> Callback<Event> {
    let intend = panel.intend.clone();
    Callback::from(move |event: Event| {
        let target = event.target().and_then(|target| target.dyn_into().ok());
        let input: Option<HtmlInputElement> = target;
        if let Some((input, files)) =
            input.and_then(|input| input.files().map(|files| (input, files)))
        {
            share(&files, &intend);
            // The same may be chosen once more.
            input.set_value("");
        }
    })
}
