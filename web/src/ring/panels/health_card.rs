//! The card of the ring's health: its invariants, and the messages by purpose.

use yew::{Html, html};

use crate::ring::engine::snapshot::Counters;
use crate::ring::engine::statement::{Statement, tenths};
use crate::ring::panels::Desk;

/// The card of the ring's health and cost.
pub fn health_card(desk: &Desk) -> Html {
    let shot = &desk.view;
    let fails = |check: &Statement| matches!(check, Statement::Fails { .. });
    html! {
        <section class="card" aria-labelledby="health-title">
            <header>
                <h2 id="health-title">{"Ring health"}</h2>
                <span>{shot.say(&shot.violations)}</span>
            </header>
            <ul class="checks">
                for check in shot.health.iter() {
                    <li class={fails(check).then_some("broken")}>
                        {shot.say(check)}
                        if fails(check) {
                            <span class="visually-hidden">{" (violated)"}</span>
                        }
                    </li>
                }
            </ul>
            {meter(shot.counters)}
            <p class="digest">
                {"This run’s digest: "}
                <output aria-label="Digest" title="The same scenario, seed and actions give the same digest at the same time, here and with “chordscope sim run”.">
                    {&shot.digest}
                </output>
            </p>
        </section>
    }
}

fn meter(counters: Counters) -> Html {
    let all = (counters.lookup + counters.upkeep + counters.other).max(1);
    let width = format!("{}%", tenths(1_000 * counters.lookup / all));
    html! {
        <div class="meter">
            <svg aria-hidden="true">
                <rect class="upkeep" width="100%" height="100%" opacity="0.35" />
                <rect class="lookup" {width} height="100%" />
            </svg>
            <dl>
                <dt>{"lookup messages"}</dt><dd>{counters.lookup}</dd>
                <dt>{"stabilization messages (overhead)"}</dt><dd>{counters.upkeep}</dd>
                if counters.other > 0 {
                    <dt>{"messages for values"}</dt><dd>{counters.other}</dd>
                }
                if counters.lost > 0 {
                    <dt>{"never arrived"}</dt><dd>{counters.lost}</dd>
                }
            </dl>
        </div>
    }
}
