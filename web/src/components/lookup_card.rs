//! The lookup of interest: its path, and its measure beside what theory says.

use yew::{Html, html};

use crate::components::{Desk, millis, tenths};
use crate::engine::snapshot::{LookupView, Snapshot};

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
                <span>{lookup.map(|lookup| progress(shot, lookup))}</span>
            </header>
            <p role="status" aria-label="Result" class={class(lookup)}>{lookup.map(|lookup| path(shot, lookup))}</p>
            if let Some(lookup) = lookup {
                if let Some(why) = &lookup.failed {
                    <p class="error">{why}</p>
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

fn progress(shot: &Snapshot, lookup: &LookupView) -> String {
    let key = shot.short(lookup.key);
    if lookup.failed.is_some() {
        format!("key {key}: failed")
    } else if lookup.finished {
        let when = if shot.lookup_shown { "" } else { " earlier" };
        format!("key {key}: answered{when}")
    } else if lookup.owner.is_some() {
        format!("key {key}: the answer is on its way")
    } else {
        format!("key {key}: under way")
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
    let hops = lookup.hops();
    let count = shot.nodes.iter().filter(|node| node.is_member()).count();
    let half_log = ((count.max(1) as f64).log2() * 5.0).round() as u64;
    let so_far = if lookup.finished { "" } else { " so far" };
    html! {
        <dl>
            <dt>{"measured"}</dt><dd>{format!("{}, {}{so_far}", hop_count(hops), millis(lookup.took))}</dd>
            // Theory speaks of the ring as it is: once that has changed, of another one.
            if shot.lookup_shown {
                if !lookup.linear {
                    <dt>{"linear would take"}</dt><dd>{hop_count(lookup.linear_hops)}</dd>
                }
                <dt>{format!("½ log₂ {count}")}</dt><dd>{format!("{} hops on average", tenths(half_log))}</dd>
            }
        </dl>
    }
}

fn hop_count(hops: usize) -> String {
    let unit = if hops == 1 { "hop" } else { "hops" };
    format!("{hops} {unit}")
}
