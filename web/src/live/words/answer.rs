//! What came of the last question.

use super::{Spoken, Tone, millis, sentence, short, size, spoken};
use crate::live::desk::{Desk, Question};
use crate::live::talk::Answer;

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

/// A value, if it is text; otherwise its size.
fn shown(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("{}, not text", size(value.len() as u64)),
    }
}
