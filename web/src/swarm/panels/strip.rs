//! The strip above the stage: copies that the seed has sent, what the clients have, and what the shapes mean.

use yew::{Html, html};

use crate::swarm::engine::caption::copies_sent;
use crate::swarm::engine::moment;
use crate::swarm::engine::statement::decimal;
use crate::swarm::panels::Desk;

/// The width of a meter, in pixels.
const WIDE: u64 = 150;

/// The strip.
pub fn strip(desk: &Desk) -> Html {
    let moment = &desk.view.moment;
    let clients = moment::clients(moment).count() as u64;
    let (sent, served) = (copies_sent(moment), u64::from(moment.served) / 10);
    let most = clients.max(1) * 100;
    let tick = |copies: u64| (WIDE * copies / clients.max(1)).to_string();
    let one = tick(1);
    html! {
        <div class="strip">
            <div class="gauges">
            <div class="gauge">
                <small id="seed-sent">{"Copies the seed sent"}</small>
                <output aria-labelledby="seed-sent" aria-live="off">{decimal(sent)}</output>
                <svg width={WIDE.to_string()} height="26" role="img" aria-label={format!("{} of {clients}, which one server has to send", decimal(sent))}>
                    <rect class="rail" y="3" width={WIDE.to_string()} height="8" rx="2" />
                    <rect class="fill" y="3" width={(WIDE * sent.min(most) / most).to_string()} height="8" rx="2" />
                    <line class="tall" x1={one.clone()} x2={one.clone()} y1="0" y2="14" />
                    if clients > 2 {
                        <text x={one} y="25" text-anchor="middle">{"1"}</text>
                    }
                    <text x={WIDE.to_string()} y="25" text-anchor="end">{format!("a server: {clients}")}</text>
                </svg>
            </div>
            <div class="gauge">
                <small id="clients-have">{"The clients have"}</small>
                <output aria-labelledby="clients-have" aria-live="off">{format!("{served} %")}</output>
                <svg width="110" height="26" aria-hidden="true">
                    <rect class="rail" y="3" width="110" height="8" rx="2" />
                    <rect class="fill" y="3" width={(110 * served / 100).to_string()} height="8" rx="2" />
                </svg>
            </div>
            </div>
            {keyline()}
        </div>
    }
}

/// The legend.
fn keyline() -> Html {
    let row = |name: &'static str, shape: Html| html! { <li><svg viewBox="0 0 24 16" aria-hidden="true">{shape}</svg>{name}</li> };
    html! {
        <ul class="keyline" aria-label="Legend">
            {row("has it", html! { <rect class="has" x="1" y="3" width="22" height="10" /> })}
            {row("arriving", html! { <><rect class="has" x="1" y="3" width="10" height="10" /><rect class="room" x="1.6" y="3.6" width="20.8" height="8.8" /></> })}
            {row("lacks it", html! { <rect class="lacks" x="1" y="3" width="22" height="10" /> })}
            {row("refused", html! { <><rect class="lacks" x="1" y="3" width="22" height="10" /><path class="liar" d="M9 5l6 6M15 5l-6 6" /></> })}
            {row("on its way", html! { <><path class="way" d="M0 8H6" /><rect class="has" x="5" y="2" width="14" height="12" rx="4" /><path class="way rest" d="M20 8h4" /></> })}
            {row("has everything", html! { <circle class="full" cx="12" cy="8" r="6" /> })}
            {row("gives nothing", html! { <circle class="idle" cx="12" cy="8" r="6" /> })}
            {row("banned", html! { <circle class="liar" cx="12" cy="8" r="6" /> })}
            {row("to come", html! { <circle class="coming" cx="12" cy="8" r="6" /> })}
            {row("gone", html! { <><circle class="gone" cx="12" cy="8" r="6" /><path class="gone" d="M7.500 12.500l9-9" /></> })}
            {row("selected", html! { <><circle class="gone" cx="12" cy="8" r="4" /><circle class="chosen" cx="12" cy="8" r="7" /></> })}
            {row("complete", html! { <path class="tick" d="M8 8l3 3.500 5.500-7.500" /> })}
            {row("senders", html! { <path class="icon-line" d="M7.5 12.5h9M12 10V3.5M9 6.5l3-3 3 3" /> })}
            {row("downlink", html! { <path class="icon-line" d="M7.5 12.5h9M12 3.500V10M9 7l3 3 3-3" /> })}
            {row("choked", html! { <><rect class="icon-fill" x="7.5" y="7" width="9" height="6" /><path class="icon-line" d="M9.4 7a2.6 2.6 0 0 1 5.2 0" /></> })}
            {row("rare", html! { <rect class="icon-line rest" x="7" y="4.500" width="10" height="7" /> })}
            {row("no source", html! { <text class="icon-fill" x="12" y="12.500" text-anchor="middle">{"?"}</text> })}
            {row("rarest", html! { <rect class="rarest" x="3" y="5" width="18" height="6" /> })}
        </ul>
    }
}
