//! The page's state: typed text, the last question, and the worker's reports.

use std::rc::Rc;

use yew::Reducible;

use crate::live::talk::{Answer, MAX_FILES, Path, Report, TabState};

/// The number of events that the log keeps.
const MAX_EVENTS: usize = 200;

/// The reason for no peer where the worker cannot make one.
const NOT_STARTED: &str = "The peer in this tab cannot start: the browser gives it no randomness. Reload the page to try again.";

/// A field that the user types into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The address of a peer.
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

/// A question of the user for the tab's peer.
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
    /// The node responsible for this.
    LookUp(String),
}

impl Question {
    /// The name that it is about.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Join => None,
            Self::Put(name) | Self::Get(name) | Self::Delete(name) | Self::LookUp(name) => {
                Some(name)
            }
        }
    }
}

/// The state of the page.
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
    /// The field that holds something wrong, and the reason in one sentence.
    pub error: Option<(Field, String)>,
    /// The last question and its number.
    pub asked: Option<(u32, Question)>,
    /// Its answer, once that is there.
    pub answer: Option<Rc<Answer>>,
    /// The last lookup's path, and when it came, by the page's clock; none once something is asked about another name.
    pub path: Option<(Rc<Path>, f64)>,
    /// The state of the tab's peer; none until it runs.
    pub state: Option<Rc<TabState>>,
    /// The events of the peer, oldest first: number, wall-clock time, words.
    pub events: Vec<(u32, String, String)>,
    /// The reason why there is no peer, if there cannot be one.
    pub stopped: Option<String>,
}

/// A change of the desk.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A field was typed into.
    Typed(Field, String),
    /// A peer is known at this address: it is proposed unless there is one.
    Suggested(String),
    /// A field's content was refused.
    Wrong(Field, String),
    /// An input was accepted and is carried out: a refusal before it is of the past.
    Accepted,
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
            Action::Suggested(address) if next.address.is_empty() => next.address = address,
            Action::Suggested(_) => {}
            Action::Wrong(field, text) => next.error = Some((field, text)),
            Action::Accepted => next.error = None,
            Action::Copied(number) => next.copied = Some(number),
            Action::Asked(number, question) => {
                next.error = None;
                let last = next.asked.as_ref().and_then(|(_, last)| last.name());
                if last != question.name() {
                    next.path = None;
                }
                next.asked = Some((number, question));
                next.answer = None;
            }
            Action::Heard(report, now, time) => next.hear(report, now, time),
            Action::Stopped(why) => next.stop(why),
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
            Report::NoRoom(name) => {
                let text =
                    format!("A tab has {MAX_FILES} files at most: “{name}” is not among them.");
                self.error = Some((Field::File, text));
            }
            Report::NotStarted => self.stop(NOT_STARTED.to_owned()),
        }
    }

    fn stop(&mut self, why: String) {
        self.stopped = Some(why);
        self.state = None;
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
mod tests {
    use chordscope_core::base::id::Id;

    use super::*;

    fn after(desk: Desk, action: Action) -> Desk {
        (*Rc::new(desk).reduce(action)).clone()
    }

    fn heard(report: Report) -> Action {
        Action::Heard(report, 0.0, String::new())
    }

    #[test]
    fn what_was_refused_is_gone_once_something_else_is_accepted() {
        let refused = Action::Wrong(Field::File, "Rename it first.".to_owned());
        let desk = after(Desk::default(), refused);
        assert!(desk.error.is_some());
        assert_eq!(after(desk, Action::Accepted).error, None);
    }

    #[test]
    fn only_the_last_question_is_answered() {
        let first = after(Desk::default(), Action::Asked(1, Question::Get("a".into())));
        let second = after(first, Action::Asked(2, Question::Get("b".into())));
        let late = after(second, heard(Report::Answer(1, Answer::NoSuchName)));
        assert_eq!(late.answer, None);
        let right = after(late, heard(Report::Answer(2, Answer::NoSuchName)));
        assert_eq!(right.answer.as_deref(), Some(&Answer::NoSuchName));
    }

    #[test]
    fn the_path_of_a_lookup_goes_with_a_question_about_another_name() {
        let path = Path {
            key: Id::ZERO,
            hops: Vec::new(),
            took: 0,
        };
        let of = |name: &str| {
            let asked = after(
                Desk::default(),
                Action::Asked(1, Question::LookUp("a".into())),
            );
            let found = after(asked, heard(Report::Answer(1, Answer::Path(path.clone()))));
            assert!(found.path.is_some());
            after(found, Action::Asked(2, Question::Get(name.into()))).path
        };
        assert!(of("a").is_some());
        assert_eq!(of("b"), None);
    }

    #[test]
    fn a_join_that_fails_at_once_is_an_error_of_the_address() {
        let asked = after(Desk::default(), Action::Asked(1, Question::Join));
        let answer = Answer::Failed("no".to_owned());
        let desk = after(asked, heard(Report::Answer(1, answer)));
        assert_eq!(desk.error, Some((Field::Address, "no".to_owned())));
        let typed = after(desk, Action::Typed(Field::Address, "ws://a".to_owned()));
        assert_eq!(typed.error, None);
    }

    #[test]
    fn a_file_that_the_tab_does_not_take_is_told_beside_the_files() {
        let desk = after(Desk::default(), heard(Report::NoRoom("a.txt".to_owned())));
        let text = "A tab has 64 files at most: “a.txt” is not among them.";
        assert_eq!(desk.error, Some((Field::File, text.to_owned())));
    }

    #[test]
    fn a_peer_that_cannot_start_is_not_waited_for() {
        let desk = after(Desk::default(), heard(Report::NotStarted));
        assert!(desk.stopped.is_some());
    }

    #[test]
    fn the_log_is_bounded_and_keeps_the_newest() {
        let mut desk = Desk::default();
        for number in 0..300 {
            desk = after(desk, heard(Report::Happened(number.to_string())));
        }
        assert_eq!(desk.events.len(), MAX_EVENTS);
        assert_eq!(desk.events.last().map(|(number, ..)| *number), Some(299));
    }
}
