//! What holds of the ring right now, and what the messages were spent on.

use yew::{Html, html};

use crate::components::{Desk, tenths};
use crate::engine::snapshot::Counters;

/// The card of the ring's health and cost.
pub fn health_card(desk: &Desk) -> Html {
    let checks = &desk.view.health;
    let summary = match checks.iter().filter(|check| !check.holds).count() {
        0 => "everything holds".to_owned(),
        broken => format!("{broken} of {} broken", checks.len()),
    };
    html! {
        <section class="card" aria-labelledby="health-title">
            <header>
                <h2 id="health-title">{"Ring health"}</h2>
                <span>{summary}</span>
            </header>
            <ul class="checks">
                for check in checks.iter() {
                    <li class={(!check.holds).then_some("broken")}>
                        {&check.label}
                        if !check.holds {
                            <span class="visually-hidden">{" (does not hold)"}</span>
                        }
                    </li>
                }
            </ul>
            {meter(desk.view.counters)}
            <p class="digest">
                {"This run’s digest: "}
                <output aria-label="Digest" title="The same scenario, seed and actions give the same digest at the same time, here and with “chordscope sim run”.">
                    {&desk.view.digest}
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
                <dt>{"upkeep messages (overhead)"}</dt><dd>{counters.upkeep}</dd>
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
