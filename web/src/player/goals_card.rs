//! The goals of the scenario that is shown, and the digest of its run.

use yew::{Html, html};

/// A goal, in words, and that the run has come to it, in words, too.
pub type GoalLine = (String, Option<String>);

/// The card with the table "Goals". `id` is the element id of its title; `none` is said where there are no goals.
pub fn goals_card(id: &'static str, goals: &[GoalLine], none: &'static str, digest: &str) -> Html {
    let met = goals.iter().filter(|(_, met)| met.is_some()).count();
    html! {
        <section class="card" aria-labelledby={id}>
            <header><h2 {id}>{"Goals"}</h2><span>{format!("{met} of {}", goals.len())}</span></header>
            if goals.is_empty() {
                <p class="card__empty">{none}</p>
            } else {
                <table class="goals" aria-labelledby={id}>
                    <thead><tr><th scope="col">{"Goal"}</th><th scope="col">{"Met"}</th></tr></thead>
                    <tbody>
                        for (place, (goal, met)) in goals.iter().enumerate() {
                            <tr key={place} class={met.as_ref().map(|_| "used")}>
                                <td>{goal}</td>
                                <td>{met.as_ref().map_or_else(|| "not yet".to_owned(), |met| format!("✓ {met}"))}</td>
                            </tr>
                        }
                    </tbody>
                </table>
            }
            <p class="digest">
                {"This run’s digest: "}
                <output aria-label="Digest" title="The same scenario, seed and actions give the same digest at the same time, here and with “chordscope sim run”.">
                    {digest.to_owned()}
                </output>
            </p>
        </section>
    }
}
