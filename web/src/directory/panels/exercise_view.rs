//! The exercise: the lesson's table of directories, with the user's answers and, if wanted, ours. They stay in this browser.

use web_sys::{HtmlInputElement, InputEvent, MouseEvent};
use yew::{Callback, Html, TargetCast, UseStateHandle, component, html, use_state};

use crate::directory::exercise::{Answers, MAX_REASON, PROPERTIES, SYSTEMS};
use crate::page;

/// The key under which the browser keeps the answers.
const KEPT: &str = "chordscope-directories";

/// The exercise.
#[component]
pub fn ExerciseView() -> Html {
    let answers = use_state(|| {
        let kept = page::kept(KEPT);
        kept.and_then(|text| Answers::read(&text))
            .unwrap_or_default()
    });
    let compare = changed(&answers, |answers| Answers {
        is_compared: !answers.is_compared,
        ..answers
    });
    let export = {
        let answers = answers.clone();
        Callback::from(move |_: MouseEvent| {
            page::save("directories.tsv", &answers.write());
        })
    };
    let compared = answers.is_compared;
    html! {
        <div class="exercise">
            <p>{"Which of these is a directory that is …? Answer yes or no, and say why. A second press takes an answer back. Neither is graded: where ours differ, disagree with reasons."}</p>
            <dl class="exercise__words">
                {for PROPERTIES.map(|(name, meaning)| html! { <><dt>{name}</dt><dd>{meaning}</dd></> })}
            </dl>
            <div class="table-scroll" tabindex="0">
            <table aria-label="Kinds of directory">
                <thead><tr>
                    <th scope="col">{"Directory"}</th>
                    {for PROPERTIES.map(|(name, _)| html! { <th scope="col">{name}</th> })}
                    <th scope="col">{"Because"}</th>
                </tr></thead>
                <tbody>{for (0..SYSTEMS.len()).map(|system| row(&answers, system))}</tbody>
            </table>
            </div>
            <div class="saves">
                <button class="main" type="button" aria-pressed={compared.to_string()} onclick={compare}>{"Compare with ours"}</button>
                <button type="button" onclick={export}>{"Export answers"}</button>
            </div>
            <p role="status" aria-label="Answers">{told(&answers)}</p>
        </div>
    }
}

fn told(answers: &Answers) -> String {
    let all = SYSTEMS.len() * PROPERTIES.len();
    let answered = all - answers.open();
    match answers.is_compared {
        true if answered == 0 => {
            format!("You have answered none of the {all} yet; ours stand in the table.")
        }
        true => format!(
            "{} of your {answered} answers are ours, too; {} are open.",
            answers.alike(),
            answers.open()
        ),
        false => format!("{answered} of {all} answered."),
    }
}

/// Keeps the answers as a change makes them.
fn keep(state: &UseStateHandle<Answers>, answers: Answers) {
    page::keep(KEPT, &answers.write());
    state.set(answers);
}

fn changed(
    state: &UseStateHandle<Answers>,
    change: impl Fn(Answers) -> Answers + 'static,
) -> Callback<MouseEvent> {
    let state = state.clone();
    Callback::from(move |_: MouseEvent| keep(&state, change((*state).clone())))
}

fn row(answers: &UseStateHandle<Answers>, system: usize) -> Html {
    let known = SYSTEMS[system];
    let state = answers.clone();
    let oninput = Callback::from(move |event: InputEvent| {
        let input: HtmlInputElement = event.target_unchecked_into();
        keep(&state, (*state).clone().justified(system, &input.value()));
    });
    let compared = answers.is_compared;
    html! {
        <tr key={known.name}>
            <th scope="row">{known.name}</th>
            {for (0..PROPERTIES.len()).map(|property| cell(answers, system, property))}
            <td class="exercise__because">
                <input aria-label={format!("{}: because", known.name)} maxlength={MAX_REASON.to_string()} value={answers.reasons[system].clone()} {oninput} />
                if compared { <small>{known.because}</small> }
            </td>
        </tr>
    }
}

fn cell(answers: &UseStateHandle<Answers>, system: usize, property: usize) -> Html {
    let (known, (name, _)) = (SYSTEMS[system], PROPERTIES[property]);
    let tick = answers.ticks[system][property];
    let ours = known.ours[property];
    let button = |answer: bool| {
        let word = if answer { "yes" } else { "no" };
        let onclick = changed(answers, move |answers| {
            answers.ticked(system, property, answer)
        });
        html! {
            <button type="button" aria-pressed={(tick == Some(answer)).to_string()} aria-label={format!("{}, {}: {word}", known.name, name.to_lowercase())} {onclick}>{word}</button>
        }
    };
    let word = if ours { "yes" } else { "no" };
    let beside = match tick {
        Some(tick) if tick == ours => "✓ ours too".to_owned(),
        Some(_) => format!("≠ ours: {word}"),
        None => format!("ours: {word}"),
    };
    html! {
        <td><span class="exercise__two">{button(true)}{button(false)}</span>
        if answers.is_compared { <small>{beside}</small> }
        </td>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_in_plain_words_where_there_are_none_yet_too() {
        let compared = |answers: Answers| {
            told(&Answers {
                is_compared: true,
                ..answers
            })
        };
        let none = Answers::default();
        assert_eq!(told(&none), "0 of 12 answered.");
        assert_eq!(
            compared(none.clone()),
            "You have answered none of the 12 yet; ours stand in the table."
        );
        let two = none.ticked(0, 0, false).ticked(1, 0, false);
        assert_eq!(
            compared(two),
            "1 of your 2 answers are ours, too; 10 are open."
        );
    }
}
