//! The card "Cut": nodes that are marked for the next cut, and nodes that crash.

use web_sys::MouseEvent;
use yew::{Html, html};

use crate::cap::engine::command::Command;
use crate::cap::panels::Desk;

/// The card.
pub fn cut_card(desk: &Desk) -> Html {
    let shot = &desk.view;
    let marked: Vec<usize> = {
        let nodes = shot.nodes.iter().enumerate();
        nodes
            .filter(|(_, node)| node.is_marked)
            .map(|(place, _)| place)
            .collect()
    };
    let does = |command: Command| desk.send.reform(move |_: MouseEvent| command.clone());
    let crash = match marked[..] {
        [place] => shot.nodes.get(place).map(|node| (place, node)),
        _ => None,
    };
    html! {
        <section class="card" aria-labelledby="cap-cut-title">
            <header><h2 id="cap-cut-title">{"Cut"}</h2><span>{format!("{} of {} marked", marked.len(), shot.nodes.len())}</span></header>
            <div class="cap-nodes" role="group" aria-label="Nodes to cut off">
                for (place, node) in shot.nodes.iter().enumerate() {
                    <button
                        key={place} type="button" aria-pressed={node.is_marked.to_string()}
                        class={(!node.is_up).then_some("cap-down")}
                        onclick={does(Command::Mark(place))}
                    >{&node.id}</button>
                }
            </div>
            <p class="saves">
                <button type="button" onclick={does(Command::Cut)}>{"Cut off"}</button>
                if let Some((place, node)) = crash {
                    <button type="button" onclick={does(Command::Crash(place))}>{if node.is_up { "Crash it" } else { "Restart it" }}</button>
                }
            </p>
            <p class="card__note">{"Mark the nodes on one side, here or in a ring; or drag a line through a ring. With one node marked it can crash."}</p>
        </section>
    }
}
