//! The goals of the scenario that is shown, and the digest of its run.

use yew::Html;

use crate::cap::panels::Desk;
use crate::player::goals_card::{self, GoalLine};

/// The card with the table "Goals".
pub fn goals_card(desk: &Desk) -> Html {
    let rows = desk.view.goals.iter();
    let goals: Vec<GoalLine> = rows
        .map(|(goal, is_met)| (goal.text(), is_met.then(|| "yes".to_owned())))
        .collect();
    goals_card::goals_card(
        "cap-goals-title",
        &goals,
        "Each scenario has goals, which its run ticks. This one is none of them.",
        &desk.view.digest,
    )
}
