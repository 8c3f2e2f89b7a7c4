//! The goals of the scenario, which the run ticks.

use yew::{Html, html};

use crate::directory::panels::Desk;

/// The card with the table "Goals".
pub fn goals_card(desk: &Desk) -> Html {
    let goals = &desk.view.goals;
    let met = goals.iter().filter(|(_, is_met)| *is_met).count();
    html! {
        <section class="card" aria-labelledby="directory-goals-title">
            <header><h2 id="directory-goals-title">{"Goals"}</h2><span>{format!("{met} of {}", goals.len())}</span></header>
            <table aria-label="Goals">
                <thead><tr><th scope="col">{"Goal"}</th><th scope="col">{"Come to"}</th></tr></thead>
                <tbody>
                    for (place, (goal, is_met)) in goals.iter().enumerate() {
                        <tr key={place} class={is_met.then_some("met")}><td>{goal.text()}</td><td>{if *is_met { "✓ yes" } else { "not yet" }}</td></tr>
                    }
                </tbody>
            </table>
        </section>
    }
}
