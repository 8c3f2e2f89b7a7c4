//! What the page says: the connection, answers, sizes.

mod answer;
mod file;
mod numbers;

use chordscope_core::base::id::{Id, Space};

pub use self::answer::answer;
pub use self::file::{count, file, rate};
pub use self::numbers::{millis, size};
use crate::brief::shorten;
use crate::live::desk::Desk;
use crate::live::refusal::{Origin, explain};
use crate::live::talk::Connection;

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

/// Core says why in lower case. (Cases of all the world's letters would cost the page five kilobytes.)
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    let first = first.map(String::from).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
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
            if relays.is_empty() {
                Tone::Busy
            } else {
                Tone::Good
            },
            format!("joined as {}", full(state.id)),
            format!("{} {}", ring(*safe), through(relays)),
        ),
        Connection::Alone => spoken(
            Tone::Bad,
            "every peer is lost",
            "Trying again: this tab moves back to the ring as soon as one of its peers answers.",
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
        false => "The ring is Forming: with few members, it stores fewer replicas.",
    }
}

fn through(relays: &[Id]) -> String {
    match relays {
        [] => {
            "No relay at the moment, so that others cannot reach this tab: looking for another one."
                .to_owned()
        }
        [one] => format!(
            "Others reach this tab through its relay {}; a second one is looked for.",
            short(*one)
        ),
        [one, other, ..] => format!(
            "Others reach this tab through its relays {} and {}",
            short(*one),
            short(*other)
        ),
    }
}

#[cfg(test)]
mod tests;
