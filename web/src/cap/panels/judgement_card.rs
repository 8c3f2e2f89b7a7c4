//! The card "Judgement": whether one register explains all answers, and if not, which calls contradict one another.

use yew::{Html, html};

use crate::cap::engine::snapshot::SideShot;
use crate::cap::engine::statement::Statement;
use crate::cap::panels::Desk;

/// The card.
pub fn judgement_card(desk: &Desk) -> Html {
    html! {
        <section class="card" aria-labelledby="cap-judgement-title">
            <header><h2 id="cap-judgement-title">{"Judgement"}</h2><span>{"of the answers so far"}</span></header>
            <div class="cap-judge" role="status" aria-label="Judgement" aria-live={if desk.view.time.playing { "off" } else { "polite" }}>
                {for desk.view.sides.iter().map(side)}
            </div>
            <p class="card__note">{"Linearizable: one register, used by one client at a time, would have given the same answers. Dots are the moments at which calls take effect then; of a contradiction, the longest order that was found."}</p>
        </section>
    }
}

fn side(side: &SideShot) -> Html {
    let (members, said): (Vec<&Statement>, Vec<&Statement>) = side
        .judgement
        .iter()
        .partition(|one| matches!(one, Statement::Member { .. }));
    let Some((first, rest)) = said.split_first() else {
        return Html::default();
    };
    let class = match first {
        // Where nothing is judged yet, nothing is praised.
        Statement::Linearizable { answers: 0, .. } => "",
        Statement::Linearizable { .. } => "cap-yes",
        Statement::Contradiction { .. } => "cap-no",
        _ => "",
    };
    html! {
        <div>
            <p {class}>{first.text()}</p>
            if !members.is_empty() {
                <ol class="cap-set">
                    for (place, one) in members.iter().enumerate() {
                        <li key={place}><i>{place + 1}</i><span>{one.text()}</span></li>
                    }
                </ol>
            }
            for one in rest.iter() {
                <p>{one.text()}</p>
            }
        </div>
    }
}
