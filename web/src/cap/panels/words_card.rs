//! The cards "Two of three?" and "BASE and ACID": the words beside what the run has done.

use yew::{Html, html};

use crate::cap::engine::snapshot::{Share, SideShot};
use crate::cap::engine::statement::{Statement, system_name};
use crate::cap::panels::Desk;

/// The card "Two of three?".
pub fn choice_card(desk: &Desk) -> Html {
    let sides = &desk.view.sides;
    let share = |share: Share, count: u32| match share.returned {
        0 => "–".to_owned(),
        all => format!("{count} of {all}"),
    };
    let row = |name: &'static str, cell: &dyn Fn(&SideShot) -> String| {
        html! { <tr><th scope="row">{name}</th>{for sides.iter().map(|side| html! { <td>{cell(side)}</td> })}</tr> }
    };
    html! {
        <section class="card" aria-labelledby="cap-choice-title">
            <header><h2 id="cap-choice-title">{"Two of three?"}</h2></header>
            <table class="cap-share" aria-label="What is given up">
                <thead><tr><th scope="col">{"Calls"}</th>{for sides.iter().map(|side| html! { <th scope="col">{system_name(side.view.system)}</th> })}</tr></thead>
                <tbody>
                    {row("no cut: answered", &|side| share(side.calm, side.calm.answered))}
                    {row("no cut: fresh", &|side| share(side.calm, side.calm.fresh))}
                    {row("cut: answered", &|side| share(side.cut, side.cut.answered))}
                    {row("cut: fresh", &|side| share(side.cut, side.cut.fresh))}
                    {row("linearizable", &|side| side.order().word().to_owned())}
                </tbody>
            </table>
            <p class="card__note">{"Consistency, availability, tolerance of partitions: “choose two” misleads, for nobody chooses the partition. Gilbert and Lynch (2002) prove that no store can answer every call and be linearizable while messages between its sides are lost. Only then is there something to give up, and each call may be decided by itself."}</p>
        </section>
    }
}

/// The card "BASE and ACID".
pub fn words_card(desk: &Desk) -> Html {
    let list = |title: &'static str, words: &[(&'static str, Statement)]| {
        html! {
            <>
                <h3>{title}</h3>
                <dl class="cap-words">
                    for (word, said) in words.iter() {
                        <dt key={*word}>{*word}</dt><dd>{said.text()}</dd>
                    }
                </dl>
            </>
        }
    };
    html! {
        <section class="card" aria-labelledby="cap-words-title">
            <header><h2 id="cap-words-title">{"BASE and ACID"}</h2><span>{"in this run"}</span></header>
            {list("BASE", &desk.view.base)}
            {list("ACID", &desk.view.acid)}
            <p class="card__note">{"ACID’s “consistent” is a rule of the application, here one write a version; CAP’s is linearizability, which is nearer to what ACID calls “isolated”."}</p>
        </section>
    }
}
