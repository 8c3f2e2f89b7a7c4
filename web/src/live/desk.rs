//! What the page knows: what is typed, what was asked, and what the worker has said.

use std::rc::Rc;

use yew::Reducible;

use crate::live::talk::{Answer, Path, Report, State};

/// How many events the log keeps.
const MAX_EVENTS: usize = 200;

/// A field that the user types into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Where the ring is.
    Address,
    /// A name.
    Name,
    /// A value.
    Value,
    /// Files of this computer.
    File,
    /// The link to a content.
    Link,
}

/// What the user asked the tab's peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// To let it in.
    Join,
    /// To keep a value under this name.
    Put(String),
    /// The value of this name.
    Get(String),
    /// To delete this name.
    Delete(String),
    /// Who is responsible for this.
    LookUp(String),
}

/// What the page knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Desk {
    /// The address as typed.
    pub address: String,
    /// The name as typed.
    pub name: String,
    /// The value as typed.
    pub value: String,
    /// The link as typed.
    pub link: String,
    /// The file whose link was copied last.
    pub copied: Option<u32>,
    /// What is wrong with a field, in one sentence.
    pub error: Option<(Field, String)>,
    /// The last question and its number.
    pub asked: Option<(u32, Question)>,
    /// Its answer, once that is there.
    pub answer: Option<Rc<Answer>>,
    /// The last lookup's path, and when it came, by the page's clock.
    pub path: Option<(Rc<Path>, f64)>,
    /// How the tab's peer stands; none until it runs.
    pub state: Option<Rc<State>>,
    /// What has happened, oldest first: number, wall-clock time, words.
    pub events: Vec<(u32, String, String)>,
    /// Why there is no peer, if there cannot be one.
    pub stopped: Option<String>,
}

/// What can happen to the desk.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A field was typed into.
    Typed(Field, String),
    /// A field's content was refused.
    Wrong(Field, String),
    /// The link of the file with this number is in the clipboard.
    Copied(u32),
    /// A question was asked, under this number.
    Asked(u32, Question),
    /// The worker has said something, at this time of the page's clock and of the wall clock.
    Heard(Report, f64, String),
    /// The worker is gone, or cannot be.
    Stopped(String),
}

impl Reducible for Desk {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut next = (*self).clone();
        match action {
            Action::Typed(field, text) => {
                next.error = next.error.filter(|(wrong, _)| *wrong != field);
                match field {
                    Field::Address => next.address = text,
                    Field::Name => next.name = text,
                    Field::Value => next.value = text,
                    Field::Link => next.link = text,
                    // The browser keeps which files were chosen.
                    Field::File => {}
                }
            }
            Action::Wrong(field, text) => next.error = Some((field, text)),
            Action::Copied(number) => next.copied = Some(number),
            Action::Asked(number, question) => {
                next.error = None;
                next.asked = Some((number, question));
                next.answer = None;
            }
            Action::Heard(report, now, time) => next.hear(report, now, time),
            Action::Stopped(why) => {
                next.stopped = Some(why);
                next.state = None;
            }
        }
        Rc::new(next)
    }
}

impl Desk {
    fn hear(&mut self, report: Report, now: f64, time: String) {
        match report {
            Report::Ready => {}
            Report::State(state) => self.state = Some(Rc::new(*state)),
            Report::Answer(number, answer) => self.answered(number, answer, now),
            Report::Happened(text) => {
                let number = self.events.last().map_or(0, |(last, ..)| last + 1);
                self.events.push((number, time, text));
                if self.events.len() > MAX_EVENTS {
                    self.events.remove(0);
                }
            }
        }
    }

    /// An answer to an earlier question comes too late to matter.
    fn answered(&mut self, number: u32, answer: Answer, now: f64) {
        let Some((asked, question)) = &self.asked else {
            return;
        };
        if *asked != number {
            return;
        }
        match (question, &answer) {
            (Question::Join, Answer::Failed(why)) => {
                self.error = Some((Field::Address, why.clone()));
            }
            (_, Answer::Path(path)) => self.path = Some((Rc::new(path.clone()), now)),
            _ => {}
        }
        self.answer = Some(Rc::new(answer));
    }
}

#[cfg(test)]
mod tests;
