//! The files of a folder: of another's, each is fetched when it is asked for.

use chordscope_core::swarm::collection::File;
use yew::{Html, html};

use super::on_click;
use crate::live::app::Panel;
use crate::live::intent::Intent;
use crate::live::talk::{FileRow, Stage};
use crate::live::words::size;

/// The first files of a folder that has so many.
pub(super) fn files(panel: &Panel, count: u32, files: &[File], is_fetched: bool) -> Html {
    let known = panel.desk.state.as_ref().map(|state| &state.files);
    let is_there = |row: &FileRow| !matches!(row.stage, Stage::Failed(_));
    let is_known = |file: &File| {
        let mut rows = known.into_iter().flatten();
        rows.any(|row| row.content == Some(file.content) && is_there(row))
    };
    let row = |file: &File| {
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
