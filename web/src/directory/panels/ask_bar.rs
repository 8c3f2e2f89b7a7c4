//! The question above the stage: which scenario, who asks, for which title.

use web_sys::{Event, MouseEvent, SubmitEvent};
use yew::{Callback, Html, html};

use crate::components::choice::{chosen, index};
use crate::directory::engine::command::Command;
use crate::directory::panels::Desk;
use crate::player::programme::RunCommand;
use crate::player::scenario_choice::scenario_choice;
use crate::player::{Beside, Pictured};

/// The question bar.
pub fn ask_bar(desk: &Desk) -> Html {
    let send = desk.send.clone();
    let onsubmit = Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        send.emit(Command::Ask);
    });
    let again = desk.send.reform(|_: MouseEvent| RunCommand::Again.into());
    let shot = &desk.view;
    let scenario = shot.scenario.and_then(|place| shot.scenarios.get(place));
    html! {
        <div class="ask">
            <form {onsubmit} aria-label="Question">
                {scenarios(desk)}
                {titles(desk)}
                {askers(desk)}
                <button class="main" type="submit">{if shot.titles > 0 { "Ask all" } else { "Look up in both" }}</button>
                <button type="button" onclick={again}>{"Start again"}</button>
            </form>
            if let Some(scenario) = scenario {
                <p class="ask__about"><b>{"Watch:"}</b>{" "}{scenario.watch}</p>
            }
            if let Some(refused) = shot.refused_beside(Beside::Question) {
                <p class="error" role="alert">{refused}</p>
            }
        </div>
    }
}

fn scenarios(desk: &Desk) -> Html {
    let shot = &desk.view;
    scenario_choice(
        &shot.scenarios,
        shot.scenario,
        |one| (one.name, one.title),
        "Of a link or a file",
        desk.send.reform(|name| RunCommand::Load(name).into()),
    )
}

fn titles(desk: &Desk) -> Html {
    let shot = &desk.view;
    if shot.titles == 0 {
        return Html::default();
    }
    let send = desk.send.clone();
    let onchange = Callback::from(move |event: Event| {
        let title = chosen(&event).and_then(|place| u32::try_from(place).ok());
        send.emit(Command::Title(title.unwrap_or_default()));
    });
    html! {
        <label>
            {"Who has"}
            <select ~selectedIndex={index(shot.title as usize)} {onchange}>
                for title in 0..shot.titles {
                    <option key={title} selected={shot.title == title}>{format!("title {title}")}</option>
                }
            </select>
        </label>
    }
}

/// The peers that can ask; the first entry leaves it to the page.
fn askers(desk: &Desk) -> Html {
    let shot = &desk.view;
    let send = desk.send.clone();
    let onchange = Callback::from(move |event: Event| match chosen(&event) {
        Some(place) if place > 0 => {
            send.emit(Command::Leave);
            send.emit(Command::Select(u16::try_from(place).unwrap_or_default()));
        }
        _ => send.emit(Command::Leave),
    });
    html! {
        <label>
            {"From peer"}
            <select ~selectedIndex={index(usize::from(shot.selected.unwrap_or(0)))} {onchange}>
                <option key="any" selected={shot.selected.is_none()}>{"the first"}</option>
                for peer in shot.peers.iter() {
                    <option key={peer.place} selected={shot.selected == Some(peer.place)}>{peer.place}</option>
                }
            </select>
        </label>
    }
}
