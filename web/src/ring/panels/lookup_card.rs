//! The lookup of interest: its path, and its measure beside what theory says.

use yew::{Html, html};

use crate::ring::engine::snapshot::{LookupView, Snapshot};
use crate::ring::engine::statement::Statement;
use crate::ring::panels::Desk;

/// Beyond this many nodes a path is shown by its two ends.
const LONG: usize = 40;

/// The lookup card, with the status "Result".
pub fn lookup_card(desk: &Desk) -> Html {
    let shot = &desk.view;
    let lookup = shot.lookup.as_ref();
    html! {
        <section class="card" aria-labelledby="lookup-title">
            <header>
                <h2 id="lookup-title">{"Lookup"}</h2>
                <span>{lookup.map(|lookup| shot.say(&lookup.progress))}</span>
            </header>
            <p role="status" aria-label="Result" class={class(lookup)}>{lookup.map(|lookup| path(shot, lookup))}</p>
            if let Some(lookup) = lookup {
                if let Some(why) = &lookup.failed {
                    <p class="error">{shot.say(why)}</p>
                }
                {measures(shot, lookup)}
            } else {
                <p class="card__empty">{"Type a key above and press “Look up”: the path appears here, hop by hop."}</p>
            }
        </section>
    }
}

fn class(lookup: Option<&LookupView>) -> &'static str {
    match lookup {
        Some(lookup) if lookup.path.len() > 7 => "path path--long",
        _ => "path",
    }
}

fn path(shot: &Snapshot, lookup: &LookupView) -> Html {
    let steps = lookup.path.iter().enumerate().map(|(hop, id)| {
        let class = if lookup.owner == Some(*id) {
            "owner"
        } else if hop == 0 {
            "origin"
        } else {
            "at"
        };
        let arrow = if hop == 0 { "" } else { " → " };
        html! { <>{arrow}<span {class} title={shot.show(*id)}>{shot.short(*id)}</span></> }
    });
    let more = lookup.path.len().saturating_sub(LONG);
    let steps: Vec<Html> = steps.collect();
    let rest = if lookup.owner.is_none() && lookup.failed.is_none() {
        " → …"
    } else {
        ""
    };
    if more == 0 {
        return html! { <>{for steps}{rest}</> };
    }
    let (first, last) = (LONG / 2, steps.len() - LONG / 2);
    html! {
        <>{for steps[..first].iter().cloned()}{format!(" → … {more} more …")}{for steps[last..].iter().cloned()}{rest}</>
    }
}

fn measures(shot: &Snapshot, lookup: &LookupView) -> Html {
    let name = |measure: &Statement| match measure {
        Statement::Linear { .. } => "linear would take",
        Statement::Mean { .. } => "mean of this ring",
        _ => "for comparison",
    };
    html! {
        <dl>
            <dt>{"measured"}</dt><dd>{shot.say(&lookup.measured)}</dd>
            for measure in lookup.ring.iter() {
                <dt>{name(measure)}</dt><dd>{shot.say(measure)}</dd>
            }
        </dl>
    }
}
