use super::*;

fn after(desk: Desk, action: Action) -> Desk {
    (*Rc::new(desk).reduce(action)).clone()
}

fn heard(report: Report) -> Action {
    Action::Heard(report, 0.0, String::new())
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
fn a_join_that_fails_at_once_is_an_error_of_the_address() {
    let asked = after(Desk::default(), Action::Asked(1, Question::Join));
    let answer = Answer::Failed("no".to_owned());
    let desk = after(asked, heard(Report::Answer(1, answer)));
    assert_eq!(desk.error, Some((Field::Address, "no".to_owned())));
    let typed = after(desk, Action::Typed(Field::Address, "ws://a".to_owned()));
    assert_eq!(typed.error, None);
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
