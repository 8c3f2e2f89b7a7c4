//! The goals of the scenario that is shown, and the digest of its run.

use chordscope_sim::engine::time_text::time_text;
use yew::{Html, html};

use crate::swarm::panels::Desk;

/// The card with the table "Goals".
pub fn goals_card(desk: &Desk) -> Html {
    let shot = &desk.view;
    let met = shot.goals.iter().filter(|row| row.met.is_some()).count();
    html! {
        <section class="card" aria-labelledby="swarm-goals-title">
            <header><h2 id="swarm-goals-title">{"Goals"}</h2><span>{format!("{met} of {}", shot.goals.len())}</span></header>
            if shot.goals.is_empty() {
                <p class="card__empty">{"Each scenario has goals, which its run ticks. A swarm of your own settings has none."}</p>
            } else {
                <table class="goals" aria-labelledby="swarm-goals-title">
                    <thead><tr><th scope="col">{"Goal"}</th><th scope="col">{"Met"}</th></tr></thead>
                    <tbody>
                        for (place, row) in shot.goals.iter().enumerate() {
                            <tr key={place} class={row.met.map(|_| "used")}>
                                <td>{row.goal.text()}</td>
                                <td>{row.met.map_or_else(|| "not yet".to_owned(), |at| format!("✓ {}", time_text(at)))}</td>
                            </tr>
                        }
                    </tbody>
                </table>
            }
            <p class="digest">
                {"This run’s digest: "}
                <output aria-label="Digest" title="The same scenario, seed and actions give the same digest at the same time, here and with “chordscope sim run”.">
                    {&shot.digest}
                </output>
            </p>
        </section>
    }
}
