//! The card "Change the swarm": the settings that the bar has no room for.

use yew::{Html, html};

use crate::player::{Beside, Pictured};
use crate::swarm::engine::levers::{Arrival, Dial, Last, Levers, Uplinks};
use crate::swarm::panels::Desk;
use crate::swarm::panels::ask_bar::choice;
use crate::swarm::panels::number_field::{error_of, number_field};

/// The element id of its first field.
pub const LEVERS: &str = "swarm-seed-up";

/// The card.
pub fn levers_card(desk: &Desk) -> Html {
    html! {
        <section class="card card--levers" aria-labelledby="levers-title">
            <header><h2 id="levers-title">{"Change the swarm"}</h2><span>{"a change starts it again"}</span></header>
            <div class="levers">
                {number_field(desk, Dial::SeedUp, "Seed upload", LEVERS)}
                {number_field(desk, Dial::ClientUp, "Client upload", "swarm-client-up")}
                {choice(desk, "Uplinks", &[("Equal", Uplinks::Equal), ("Unequal", Uplinks::Unequal), ("As they are", Uplinks::Own)], Some(Uplinks::Own), |levers| levers.uplinks, |levers, uplinks| Levers { uplinks, ..levers })}
                {choice(desk, "Arrival", &[("All at once", Arrival::AtOnce), ("One every 2 s", Arrival::Trickle), ("As it is", Arrival::Own)], Some(Arrival::Own), |levers| levers.arrival, |levers, arrival| Levers { arrival, ..levers })}
                {choice(desk, "The last client", &[("Honest", Last::Honest), ("Takes, never gives", Last::FreeRides), ("Lies", Last::Lies), ("As it is", Last::Own)], Some(Last::Own), |levers| levers.last, |levers, last| Levers { last, ..levers })}
                {number_field(desk, Dial::Seed, "Seed of randomness", "swarm-seed")}
            </div>
            {error_of(desk, &[(Dial::SeedUp, LEVERS), (Dial::ClientUp, "swarm-client-up"), (Dial::Seed, "swarm-seed")])}
            if let Some(refused) = desk.view.refused_beside(Beside::Ring).filter(|_| desk.view.selected.is_none()) {
                <p class="error" role="alert">{refused}</p>
            }
            <p class="card__note">{"What is not changed stays as the scenario has it. Uplinks in Mbit/s; a segment has 64 KiB. Unequal: in turn half as wide, as wide, and twice as wide."}</p>
        </section>
    }
}
