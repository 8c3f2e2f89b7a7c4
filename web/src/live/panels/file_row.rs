//! A file that is shared or fetched: how far it is, and what can be done with it.

use yew::platform::spawn_local;
use yew::{Callback, Html, html};

use super::{folder, on_click};
use crate::live::app::Panel;
use crate::live::desk::Action;
use crate::live::intent::Intent;
use crate::live::talk::{Cell, Connection, FileRow, SourceRow, Stage, Transfer};
use crate::live::words::{Tone, file, full, rate, short, size};
use crate::page;

/// One file of the card.
pub(super) fn row(panel: &Panel, row: &FileRow) -> Html {
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
            // Only a change of stage is read out, not every rate.
            <p role="status" {class}>{said.lead}</p>
            {progress(row)}
            if !said.rest.is_empty() {
                <p class="card__note">{said.rest}</p>
            }
            if let Stage::Fetching(transfer) = &row.stage {
                {sources(&transfer.sources)}
            }
            {controls(panel, row)}
        </li>
    }
}

fn progress(row: &FileRow) -> Html {
    match &row.stage {
        Stage::Reading { done } => read("Reading", *done, row.length),
        Stage::Checking { done } => read("Checking", *done, row.length),
        Stage::Fetching(transfer) => fetched(transfer),
        Stage::Here(_) | Stage::Failed(_) => Html::default(),
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
    match &row.stage {
        Stage::Reading { .. } | Stage::Checking { .. } | Stage::Fetching(_) => {
            html! { <div class="file__buttons">{drop("Cancel")}</div> }
        }
        Stage::Failed(_) => html! { <div class="file__buttons">{drop("Remove")}</div> },
        Stage::Here(here) => html! {
            <>
                if let Some((count, files)) = &here.folder {
                    {folder::files(panel, *count, files, here.saved.is_some())}
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
