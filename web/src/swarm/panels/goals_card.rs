//! The goals of the scenario that is shown, and the digest of its run.

use chordscope_sim::engine::time_text::time_text;
use yew::Html;

use crate::player::goals_card::{self, GoalLine};
use crate::swarm::panels::Desk;

/// The card with the table "Goals".
pub fn goals_card(desk: &Desk) -> Html {
    let rows = desk.view.goals.iter();
    let goals: Vec<GoalLine> = rows
        .map(|row| (row.goal.text(), row.met.map(time_text)))
        .collect();
    goals_card::goals_card(
        "swarm-goals-title",
        &goals,
        "Each scenario has goals, which its run ticks. A swarm of your own settings has none.",
        &desk.view.digest,
    )
}
