//! What the page says: the connection, answers, sizes.

use crate::brief::shorten;
use crate::live::desk::{Desk, Question};
use crate::live::refusal::{Origin, explain};
use crate::live::talk::{Answer, Connection};
use chordscope_core::base::id::{Id, Space};

/// How a sentence is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Nothing is wrong, nothing is done.
    Calm,
    /// Something is under way.
    Busy,
    /// It is done.
    Good,
    /// It went wrong.
    Bad,
}

/// A sentence of weight, and what follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// How it is meant.
    pub tone: Tone,
    /// The sentence.
    pub lead: String,
    /// What follows.
    pub rest: String,
}

fn spoken(tone: Tone, lead: impl Into<String>, rest: impl Into<String>) -> Spoken {
    let (lead, rest) = (lead.into(), rest.into());
    Spoken { tone, lead, rest }
}

/// An id in full.
pub fn full(id: Id) -> String {
    Space::FULL.show(id)
}

/// An id, shortened.
pub fn short(id: Id) -> String {
    shorten(full(id))
}

/// How the tab is connected.
pub fn connection(desk: &Desk, origin: &Origin) -> Spoken {
    if let Some(why) = &desk.stopped {
        return spoken(Tone::Bad, why, "");
    }
    let Some(state) = &desk.state else {
        return spoken(Tone::Busy, "starting…", "The peer of this tab gets ready.");
    };
    match &state.connection {
        Connection::Outside => spoken(
            Tone::Calm,
            "not joined",
            "This tab is a peer without a ring.",
        ),
        Connection::Connecting(address) => {
            spoken(Tone::Busy, "connecting…", format!("Dialing {address}."))
        }
        Connection::Joining(address) => spoken(
            Tone::Busy,
            "joining…",
            format!("{address} has proved who it is; the ring looks for this tab’s place."),
        ),
        Connection::Joined { safe, relays } => spoken(
            Tone::Good,
            format!("joined as {}", full(state.id)),
            format!("{} {}", ring(*safe), through(relays)),
        ),
        Connection::Alone => spoken(
            Tone::Bad,
            "every peer is lost",
            "This tab is a ring of one. Leave it, and join again when a peer is back.",
        ),
        Connection::Leaving => spoken(
            Tone::Busy,
            "leaving…",
            "Records are handed over to the successor.",
        ),
        Connection::Refused(refusal) => {
            let why = explain(refusal, origin);
            spoken(Tone::Bad, format!("not joined. {}", why.what), why.help)
        }
    }
}

const fn ring(safe: bool) -> &'static str {
    match safe {
        true => "The ring is Safe: it survives neighbours failing.",
        false => "The ring is Forming: with few members, it keeps fewer copies.",
    }
}

fn through(relays: &[Id]) -> String {
    let names: Vec<String> = relays.iter().map(|id| short(*id)).collect();
    match names.as_slice() {
        [] => "No peer is linked at the moment.".to_owned(),
        names => format!("Linked with {}.", names.join(", ")),
    }
}

/// What came of the last question.
pub fn answer(desk: &Desk) -> Option<Spoken> {
    let (_, question) = desk.asked.as_ref()?;
    let answer = desk.answer.as_deref();
    let name = match question {
        Question::Join => return None,
        Question::Put(name)
        | Question::Get(name)
        | Question::Delete(name)
        | Question::LookUp(name) => name,
    };
    Some(match (question, answer) {
        (_, None) => spoken(Tone::Busy, "asking…", ""),
        (_, Some(Answer::Failed(why))) => spoken(Tone::Bad, sentence(why), ""),
        (_, Some(Answer::NoSuchName)) => spoken(
            Tone::Calm,
            "no such name",
            format!("Nothing is kept under “{name}”."),
        ),
        (_, Some(Answer::Found { value, sequence })) => spoken(
            Tone::Good,
            shown(value),
            format!("“{name}”, sequence {sequence}"),
        ),
        (_, Some(Answer::Path(path))) => {
            let hops = path.hops.len().saturating_sub(1);
            let owner = path
                .hops
                .last()
                .map_or_else(String::new, |hop| short(hop.id));
            let unit = if hops == 1 { "hop" } else { "hops" };
            spoken(
                Tone::Good,
                format!("{owner} is responsible for {}", short(path.key)),
                format!("{hops} {unit}, {}", millis(path.took)),
            )
        }
        (
            question,
            Some(Answer::Written {
                copies, sequence, ..
            }),
        ) => {
            let done = if matches!(question, Question::Delete(_)) {
                "deleted"
            } else {
                "kept"
            };
            let unit = if *copies == 1 { "copy" } else { "copies" };
            spoken(
                Tone::Good,
                format!("{done}: {copies} {unit}, sequence {sequence}"),
                format!("“{name}”"),
            )
        }
    })
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    format!(
        "{}{}.",
        first.unwrap_or_default(),
        letters.as_str().trim_end_matches('.')
    )
}

/// A value, if it is text; otherwise its size.
fn shown(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("{}, not text", size(value.len() as f64)),
    }
}

/// A time in milliseconds, to the tenth where that matters.
pub fn millis(micros: u32) -> String {
    match micros {
        0..10_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        _ => format!("{} ms", micros / 1_000),
    }
}

/// A number of bytes, in three digits.
pub fn size(bytes: f64) -> String {
    let bytes = bytes as u64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..10_000 => format!("{}.{} kB", bytes / 1_000, bytes % 1_000 / 100),
        10_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..10_000_000 => {
            format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
        }
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests;
