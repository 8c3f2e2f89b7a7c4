//! Sharing files of this computer, and fetching those of others: a row for each, with its progress and its controls.

use chordscope_core::swarm::collection::File as ListedFile;
use wasm_bindgen::JsCast;
use web_sys::{Event, FileList, HtmlInputElement, SubmitEvent};
use yew::platform::spawn_local;
use yew::{Callback, Html, html};

use super::{error, line, on_click};
use crate::live::app::Panel;
use crate::live::desk::{Action, Field};
use crate::live::intent::{Intent, field_id};
use crate::live::lent;
use crate::live::talk::{Cell, Connection, FileRow, Progress, SourceRow, Transfer};
use crate::live::words::{Tone, count, file, full, rate, short, size};
use crate::page;

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
            <header><h2 id="files-title">{"Files"}</h2><span>{count(files)}</span></header>
            <form class="fields" {onsubmit} aria-label="Files">
                <div class="picks">
                    <label class="pick">{"Share a file"}<input id={field_id(Field::File)} type="file" multiple={true} onchange={files_chosen} /></label>
                    <label class="pick">{"Share a folder"}<input type="file" webkitdirectory={true} onchange={folder_chosen} /></label>
                </div>
                {error(panel, Field::File)}
                <div class="fetch">
                    {line(panel, Field::Link, "Link", "chordscope:…")}
                    <button type="submit">{"Fetch"}</button>
                </div>
                {error(panel, Field::Link)}
            </form>
            if files.is_empty() {
                <p class="card__empty">{"Whoever has the link of a file fetches it from everybody who has some of it. A tab shares for as long as it is open; files and folders may be dropped anywhere on this page."}</p>
            }
            <ul class="files" aria-label="Files" hidden={files.is_empty()}>
                {for files.iter().rev().map(|file| row(panel, file))}
            </ul>
        </section>
    }
}

/// The callback that shares the files of an input when they were chosen.
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

/// One file of the card.
fn row(panel: &Panel, row: &FileRow) -> Html {
    let state = panel.desk.state.as_ref();
    let joined = state.is_some_and(|state| matches!(state.connection, Connection::Joined { .. }));
    let said = file(row, joined);
    let class = match said.tone {
        Tone::Good => "file__stage file__stage--good",
        Tone::Bad => "file__stage file__stage--bad",
        Tone::Calm => "file__stage file__stage--calm",
        Tone::Busy => "file__stage",
    };
    html! {
        <li key={row.number} class="file">
            <div class="file__head"><b title={row.name.clone()}>{&row.name}</b><span>{row.length.map(size)}</span></div>
            // Only another kind of progress is read out, not every rate.
            <p role="status" {class}>{said.lead}</p>
            {progress(row)}
            if !said.rest.is_empty() {
                <p class="card__note">{said.rest}</p>
            }
            if let Progress::Fetching(transfer) = &row.progress {
                {sources(&transfer.sources)}
            }
            {controls(panel, row)}
        </li>
    }
}

fn progress(row: &FileRow) -> Html {
    match &row.progress {
        Progress::Reading { done } => read("Reading", *done, row.length),
        Progress::Checking { done } => read("Checking", *done, row.length),
        Progress::Fetching(transfer) => fetched(transfer),
        Progress::Here(_) | Progress::Failed(_) => Html::default(),
    }
}

fn read(name: &'static str, done: u64, length: Option<u64>) -> Html {
    let length = length.unwrap_or_default().max(1);
    html! { <progress aria-label={name} max={length.to_string()} value={done.to_string()} /> }
}

fn fetched(transfer: &Transfer) -> Html {
    let all = transfer.segments.unwrap_or(1).to_string();
    let cell = |cell: &Cell| match cell {
        Cell::Missing => html! { <i /> },
        Cell::Part => html! { <i class="part" /> },
        Cell::Here => html! { <i class="here" /> },
    };
    html! {
        <>
            <progress aria-label="Transfer" max={all} value={transfer.have.to_string()} />
            <div class="map" aria-hidden="true">{for transfer.map.iter().map(cell)}</div>
        </>
    }
}

fn sources(sources: &[SourceRow]) -> Html {
    let source = |source: &SourceRow| {
        html! {
            <li><span title={full(source.id)}>{short(source.id)}</span><span class="mute">{format!("has {}, {}", source.has, rate(source.down))}</span></li>
        }
    };
    html! {
        <ul class="held" aria-label="Sources" hidden={sources.is_empty()}>{for sources.iter().map(source)}</ul>
    }
}

fn controls(panel: &Panel, row: &FileRow) -> Html {
    let drop = |name: &'static str| {
        html! { <button type="button" onclick={on_click(panel, Intent::Drop(row.number))}>{name}</button> }
    };
    match &row.progress {
        Progress::Reading { .. } | Progress::Checking { .. } | Progress::Fetching(_) => {
            html! { <div class="file__buttons">{drop("Cancel")}</div> }
        }
        Progress::Failed(_) => html! { <div class="file__buttons">{drop("Remove")}</div> },
        Progress::Here(here) => html! {
            <>
                if let Some((count, files)) = &here.folder {
                    {folder_files(panel, *count, files, here.saved.is_some())}
                }
                <input id={link_id(row.number)} class="id" readonly={true} aria-label={format!("Link to {}", row.name)} value={here.link.clone()} />
                <div class="file__buttons">
                    if let Some(saved) = here.saved.as_ref().filter(|_| here.folder.is_none()) {
                        <a class="button" href={saved.clone()} download={row.name.clone()}>{"Save file"}</a>
                    }
                    {copy(panel, row.number, &here.link)}
                    {drop(if here.saved.is_some() { "Remove" } else { "Stop sharing" })}
                </div>
            </>
        },
    }
}

fn link_id(number: u32) -> String {
    format!("live-link-{number}")
}

fn copy(panel: &Panel, number: u32, link: &str) -> Html {
    let (desk, link) = (panel.desk.dispatcher(), link.to_owned());
    let onclick = Callback::from(move |_| {
        let (desk, link) = (desk.clone(), link.clone());
        spawn_local(async move {
            if page::copy(&link).await {
                desk.dispatch(Action::Copied(number));
            } else {
                // Where there is no clipboard to write to, the user copies what is selected.
                page::focus(&link_id(number));
            }
        });
    });
    let name = match panel.desk.copied == Some(number) {
        true => "Link copied",
        false => "Copy link",
    };
    html! { <button type="button" {onclick}>{name}</button> }
}

/// The first files of a folder that has so many. Those of another tab's folder are fetched one by one.
fn folder_files(panel: &Panel, count: u32, files: &[ListedFile], is_fetched: bool) -> Html {
    let known = panel.desk.state.as_ref().map(|state| &state.files);
    let is_there = |row: &FileRow| !matches!(row.progress, Progress::Failed(_));
    let is_known = |file: &ListedFile| {
        let mut rows = known.into_iter().flatten();
        rows.any(|row| row.content == Some(file.content) && is_there(row))
    };
    let row = |file: &ListedFile| {
        let fetch = on_click(panel, Intent::FetchPart(file.clone()));
        html! {
            <li key={file.path.clone()}>
                <span title={file.content.to_string()}>{&file.path}</span>
                <span class="mute">{size(file.length)}</span>
                if is_fetched {
                    <button type="button" aria-label={format!("Fetch {}", file.path)} disabled={is_known(file)} onclick={fetch}>{"Fetch"}</button>
                }
            </li>
        }
    };
    let more = count.saturating_sub(files.len() as u32);
    html! {
        <>
            <ul class="held folder" aria-label="Files of the folder">{for files.iter().map(row)}</ul>
            if more > 0 {
                <p class="card__note">{format!("And {more} more{}.", if is_fetched { ", which “chordscope fetch” brings" } else { "" })}</p>
            }
        </>
    }
}
