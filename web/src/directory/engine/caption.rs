//! The caption below the stage: the last deed and what is found since, or the user's own question and its answers.

use chordscope_core::base::time::Instant;
use chordscope_sim::engine::World;
use chordscope_sim::worlds::directory::action::{Action, Part};
use chordscope_sim::worlds::directory::measure::{LookupTrace, Outcome, Subject};
use chordscope_sim::worlds::directory::setup::Kind;
use chordscope_sim::worlds::directory::trace::What;
use chordscope_sim::worlds::directory::{DirectoryWorld, History};

use crate::directory::engine::place;
use crate::directory::engine::question::Question;
use crate::directory::engine::statement::{Statement, told};
use crate::player::caption::{self, Tone};

/// The caption.
pub type Caption = caption::Caption<Statement>;

/// The last action of a sort that was carried out: the number of its entry of the trace, its time, and the action itself.
fn last_action(history: &History, is_it: fn(&Action) -> bool) -> Option<(u64, Instant, &Action)> {
    let (entries, now) = (history.entries(), history.now());
    let planned = history.actions().iter().rev();
    let mut past = planned.filter(|timed| timed.at <= now && is_it(&timed.action));
    // What the world refused is not in the trace.
    past.find_map(|timed| {
        let first = entries.partition_point(|entry| entry.at < timed.at);
        let mut then = entries[first..]
            .iter()
            .take_while(|entry| entry.at == timed.at);
        let acted = then
            .find(|entry| matches!(&entry.what, What::Acted(action) if *action == timed.action))?;
        Some((acted.index, acted.at, &timed.action))
    })
}

/// The last time that something was taken out or put back.
pub(super) fn last_deed(history: &History) -> Option<(u64, Instant, &Action)> {
    last_action(history, |action| {
        matches!(action, Action::TakeOut(_) | Action::PutBack(_))
    })
}

/// The caption of a moment.
pub(super) fn of(history: &History, asked: Option<Question>) -> Caption {
    let world = history.world();
    let deed = last_deed(history);
    let own = asked.filter(|asked| asked.is_own);
    if let Some(own) = own.filter(|own| deed.is_none_or(|(_, at, _)| own.began >= at)) {
        return question(world, own);
    }
    let Some((_, at, action)) = deed else {
        return Caption {
            tone: Tone::Calm,
            lead: Statement::Begins {
                peers: world.peers().count() as u32,
                titles: world.setup().titles,
                trackers: world.setup().trackers,
            },
            rest: Vec::new(),
        };
    };
    let part = |part: Part| told(part, |id| place(world, id));
    let (lead, out) = match action {
        Action::PutBack(back) => {
            let (part, at) = (part(*back), at.as_micros());
            (Statement::PutBack { part, at }, false)
        }
        Action::TakeOut(gone) => {
            let (part, at) = (part(*gone), at.as_micros());
            (Statement::TakenOut { part, at }, true)
        }
        Action::Ask { .. } | Action::Find { .. } => unreachable!("these are no deeds here"),
    };
    let kinds = Kind::ALL.map(|kind| {
        let since = world.summary_since(kind, at);
        (since.found, since.lookups)
    });
    let asked = kinds.iter().any(|(_, all)| *all > 0);
    let fails = kinds.iter().any(|(found, all)| found < all);
    Caption {
        tone: match (fails, out) {
            (true, _) => Tone::Wrong,
            (false, true) => Tone::Asks,
            (false, false) => Tone::Calm,
        },
        lead,
        rest: asked
            .then_some(Statement::FoundSince { kinds })
            .into_iter()
            .collect(),
    }
}

/// The caption about a question.
fn question(world: &DirectoryWorld, asked: Question) -> Caption {
    let peer = place(world, asked.peer).unwrap_or_default();
    let lead = match asked.subject {
        Subject::Title(title) => Statement::Asks { peer, title },
        Subject::Key(key) => Statement::LooksUp {
            peer,
            key: world.setup().space.show(key),
        },
    };
    let ways: Vec<&LookupTrace> = {
        let all = Kind::ALL.iter();
        all.filter_map(|kind| asked.lookup(world, *kind)).collect()
    };
    let has_found =
        |one: &&LookupTrace| matches!(one.outcome, Some(Outcome::Found | Outcome::Reached(_)));
    let tone = match (
        ways.iter().any(|one| one.ended.is_none()),
        ways.iter().all(has_found),
    ) {
        (true, _) => Tone::Asks,
        (false, true) => Tone::Done,
        (false, false) => Tone::Wrong,
    };
    Caption {
        tone,
        lead,
        rest: ways.into_iter().map(|one| said(world, one)).collect(),
    }
}

/// A lookup in words.
pub(super) fn said(world: &DirectoryWorld, lookup: &LookupTrace) -> Statement {
    let Some((outcome, took)) = lookup.outcome.zip(lookup.took()) else {
        return Statement::UnderWay {
            kind: lookup.kind,
            messages: lookup.volume.messages,
        };
    };
    let named = match outcome {
        Outcome::Reached(id) => vec![id],
        _ => lookup.named.clone(),
    };
    Statement::Ended {
        kind: lookup.kind,
        outcome,
        named: named
            .into_iter()
            .filter_map(|id| place(world, id))
            .collect(),
        took: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        hops: lookup.hops(),
        messages: lookup.volume.messages,
    }
}

/// Whether an entry of the trace may change what the caption's first sentence says.
pub(super) const fn is_told(what: &What) -> bool {
    matches!(what, What::Acted(_))
}

/// The number of the last entry that begins a step.
pub(super) fn last_step(history: &History) -> Option<u64> {
    last_action(history, |_| true).map(|(index, ..)| index)
}

/// Whether nothing is to come.
pub(super) fn is_over(world: &DirectoryWorld, until: Instant) -> bool {
    world.next_at().is_none() || world.now() >= until
}
