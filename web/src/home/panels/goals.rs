//! The sentence of the page and its three goals, which the simulation ticks.

use yew::{Html, html};

use crate::home::engine::goals::{Goal, GoalView, State};
use crate::home::panels::Desk;

/// The sentence that says what the page is, and the goals.
pub fn goals(desk: &Desk) -> Html {
    let goals = &desk.view.goals;
    let done = goals
        .iter()
        .filter(|goal| goal.state == State::Done)
        .count();
    html! {
        <div class="hero__say">
            <p class="say">{SENTENCE}</p>
            <section class="start" aria-labelledby="start-title">
                <h2 id="start-title">{"Start here"}<span role="status" aria-label="Goals">{format!("{done} of {} done", goals.len())}</span></h2>
                <ol class="goals">
                    for goal in goals.iter() {
                        {line(desk, goal)}
                    }
                </ol>
            </section>
        </div>
    }
}

/// The page in one sentence: that of the shell, which shows before any module has come.
pub const SENTENCE: &str = "Watch peers find, share and agree with nobody in charge: the protocols’ real code runs in this page.";

fn line(desk: &Desk, view: &GoalView) -> Html {
    let (class, word, path) = match view.state {
        State::Done => ("done", "done: ", "M3 9l4 4 8-9"),
        State::Now => ("now", "next: ", "M9 2a7 7 0 1 0 .01 0M9 5v4l3 2"),
        State::Open => ("", "open: ", "M9 2a7 7 0 1 0 .01 0"),
    };
    let note = view.note.as_ref().map(|note| note.text(desk.view.space));
    html! {
        <li {class}>
            <svg class="tick" viewBox="0 0 18 18" aria-hidden="true"><path d={path} /></svg>
            <span>
                <span class="visually-hidden">{word}</span>
                {text(view.goal)}
                if let Some(note) = note {
                    <small>{note}</small>
                }
            </span>
        </li>
    }
}

/// A goal in words: those of the shell.
pub const fn text(goal: Goal) -> &'static str {
    match goal {
        Goal::Choose => "Choose the node that keeps key 26.",
        Goal::LookUp => "Let a node look it up.",
        Goal::Change => "Give it another keeper: insert a node, or crash one.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::engine::lesson::KEY;

    #[test]
    fn the_goals_and_the_shell_are_about_the_lessons_key() {
        let shell = include_str!("../../../../index.html");
        assert!(text(Goal::Choose).contains(&format!("key {}.", KEY.to_u64().unwrap())));
        assert!(shell.contains(SENTENCE));
        for goal in Goal::ALL {
            assert!(shell.contains(text(goal)), "{goal:?}");
        }
    }
}
