//! The command that runs a ring of one's own: text to copy, since a page starts no program.

use wasm_bindgen_futures::spawn_local;
use yew::{Callback, Html, MouseEvent, component, html, use_state};

use crate::page;

/// The command.
pub const COMMAND: &str = "cargo xtask up";
/// For how many milliseconds it is said that it is copied.
const SAID: u32 = 4_000;

/// The command, and what it does.
#[component]
pub fn OwnRing() -> Html {
    let said = use_state(|| "");
    let onclick = {
        let said = said.setter();
        Callback::from(move |_: MouseEvent| {
            let said = said.clone();
            spawn_local(async move {
                said.set(match page::copy(COMMAND).await {
                    true => "Copied.",
                    false => "Select it and copy it.",
                });
                page::sleep(SAID).await;
                said.set("");
            });
        })
    };
    html! {
        <section class="own-ring" aria-labelledby="own-ring-title">
            <h2 id="own-ring-title">{"Run your own ring"}</h2>
            <div class="own-ring__command">
                <code>{COMMAND}</code>
                <button type="button" {onclick}>{"Copy"}</button>
                <span role="status" aria-label="Copied">{*said}</span>
            </div>
            <p>{"From the source: builds everything, runs eight peers and serves this page; a tab can join as the ninth."}</p>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_does_what_the_readme_says() {
        let readme = include_str!("../../../../README.md");
        let line = readme.lines().find(|line| line.starts_with(COMMAND));
        let line = line.unwrap();
        assert!(
            line.contains("builds everything, runs a ring of eight peers, and serves the page")
        );
    }
}
