//! The caption below the stage: what happened last and why, out of the trace and the swarm as it is.

use chordscope_core::swarm::api::Event;
use chordscope_sim::engine::trace::Entry;
use chordscope_sim::worlds::swarm::acting::{Action, What};
use chordscope_sim::worlds::swarm::number;
use chordscope_sim::worlds::swarm::view::Moment;

use crate::player::caption::{self, Tone};
use crate::swarm::engine::statement::Statement;
use crate::swarm::engine::{describe, moment};

/// The caption.
pub type Caption = caption::Caption<Statement>;

/// Whether an entry of the trace is told by the caption: requests only of the client that is selected, or of anybody where none is.
pub fn is_told(entry: &Entry<What>, selected: Option<u64>) -> bool {
    match &entry.what {
        What::Acted(_) | What::Member(_, Event::Complete(_) | Event::Banned(..)) => true,
        What::Asked(id, _) => selected.is_none_or(|selected| selected == number(*id)),
        What::Left(_) => true,
        What::Arrived(id) => entry.at.as_micros() > 0 && number(*id) != 0,
        What::Member(..) => false,
    }
}

/// Whether a caption about an entry is another step than the one before: requests are steps only of the client that is selected.
pub fn is_step(entry: &Entry<What>, selected: Option<u64>) -> bool {
    let is_pick = matches!(entry.what, What::Asked(..));
    is_told(entry, selected) && !(is_pick && selected.is_none())
}

/// The caption of a moment, whose last entry that is told is this one. `bound` is the least time that a swarm takes, in microseconds, where
/// theory knows one. Where nothing is told yet, it is about the member that is `selected`.
pub fn of(
    moment: &Moment,
    last: Option<&Entry<What>>,
    selected: Option<u64>,
    bound: Option<u64>,
) -> Caption {
    if let Some(segment) = moment::lost(moment) {
        let mut caption = Caption::new(Tone::Wrong, Statement::Lost { segment });
        caption
            .rest
            .extend(last.and_then(|entry| Some(event(moment, entry)?.lead)));
        return caption;
    }
    if is_served(moment) {
        return served(moment, bound);
    }
    if moment.is_complete {
        return Caption::new(Tone::Done, over(moment));
    }
    let told = last.and_then(|entry| event(moment, entry));
    told.unwrap_or_else(|| nothing(moment, selected))
}

/// The caption while nothing has happened that it tells of.
fn nothing(moment: &Moment, selected: Option<u64>) -> Caption {
    let member = selected.and_then(|selected| moment::find(moment, selected));
    let Some(member) = member else {
        let lead = Statement::Waits {
            clients: moment::present(moment).count() as u64,
            segments: moment::segments(moment),
        };
        return Caption::new(Tone::Calm, lead);
    };
    let mut caption = Caption::new(Tone::Calm, describe::has(moment, member));
    caption.rest.extend(describe::limit(member));
    caption
}

fn event(moment: &Moment, entry: &Entry<What>) -> Option<Caption> {
    Some(match &entry.what {
        What::Asked(id, pick) => {
            let lead = Statement::Asks {
                client: number(*id),
                source: number(pick.source),
                segment: pick.segment,
            };
            let mut caption = Caption::new(Tone::Asks, lead);
            caption.rest.push(Statement::Because {
                why: pick.why,
                copies: pick.copies,
                among: pick.among,
            });
            caption
        }
        What::Member(id, Event::Complete(_)) => {
            let here = || moment::present(moment);
            let done = here().filter(|client| moment::is_full(client)).count() as u64;
            let of = here().count() as u64;
            Caption::new(
                Tone::Done,
                Statement::Complete {
                    client: number(*id),
                    done,
                    of,
                },
            )
        }
        What::Member(id, Event::Banned(liar, _, fault)) => Caption::new(
            Tone::Wrong,
            Statement::Banned {
                by: number(*id),
                liar: number(*liar),
                fault: *fault,
            },
        ),
        What::Member(..) => return None,
        What::Left(id) => left(moment, number(*id)),
        What::Arrived(id) => Caption::new(
            Tone::Calm,
            Statement::Joined {
                member: number(*id),
            },
        ),
        What::Acted(Action::Leave(member)) => left(moment, *member),
        What::Acted(Action::Corrupt(member)) => {
            Caption::new(Tone::Wrong, Statement::Corrupts { member: *member })
        }
        What::Acted(Action::Mend(member)) => {
            Caption::new(Tone::Calm, Statement::Mends { member: *member })
        }
        What::Acted(Action::Join) => return None,
    })
}

fn left(moment: &Moment, member: u64) -> Caption {
    let had = moment::find(moment, member).map_or(0, |member| member.has);
    Caption::new(Tone::Calm, Statement::Left { member, had })
}

/// Copies that the seed has sent, in hundredths.
pub fn copies_sent(moment: &Moment) -> u64 {
    u64::from(moment.seed_copies) / 10
}

/// Whether all clients that are here have everything, and no more are awaited.
fn is_served(moment: &Moment) -> bool {
    let mut here = moment::present(moment).peekable();
    moment.is_complete && here.peek().is_some() && here.all(moment::is_full)
}

/// The end of a swarm in which some clients never get the file: they have left, or do not want it.
fn over(moment: &Moment) -> Statement {
    let got = moment::clients(moment).filter(|client| client.finished.is_some());
    Statement::Over {
        done: got.count() as u64,
        of: moment::clients(moment).count() as u64,
    }
}

fn served(moment: &Moment, bound: Option<u64>) -> Caption {
    let here = || moment::present(moment);
    let at = here()
        .filter_map(|client| client.finished)
        .max()
        .unwrap_or_default()
        .as_micros();
    let clients = here().count() as u64;
    let mut caption = Caption::new(Tone::Done, Statement::Served { clients, at });
    caption.rest.push(Statement::SeedSent {
        hundredths: copies_sent(moment),
        server: clients,
    });
    caption.rest.extend(bound.map(|least| Statement::Bound {
        least,
        percent: (at * 100 + least / 2) / least.max(1),
    }));
    caption
}
