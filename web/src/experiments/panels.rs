//! The panels of the page of experiments: the question with its parameters, the run, the figures, and what stands beside them.

use chordscope_sim::experiment::plan::{Experiment, NoPaper, Plan};
use chordscope_sim::experiment::table::Row;
use web_sys::{
    Event, HtmlInputElement, HtmlSelectElement, InputEvent, KeyboardEvent, MouseEvent, SubmitEvent,
};
use yew::{Callback, Html, TargetCast, UseReducerHandle, classes, html};

use crate::experiments::desk::{Action, Desk, Field, Run, State};
use crate::experiments::verdict::{Verdict, judge};
use crate::experiments::{figure, link, words};

/// An intent of the user's, beside changing a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Run what the controls ask for.
    Run,
    /// End the run.
    Cancel,
    /// Save the rows as CSV.
    Csv,
    /// Save the rows as JSON.
    Json,
    /// Copy the command.
    Command,
    /// Copy the link.
    Link,
}

/// The properties of the panels.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// The state of the page.
    pub desk: UseReducerHandle<Desk>,
    /// Takes what the user asks.
    pub intend: Callback<Intent>,
    /// The plan whose figures are shown.
    pub plan: Plan,
    /// The paper's figures beside it.
    pub paper: Result<Vec<Row>, NoPaper>,
}

impl Panel {
    /// Our rows, as far as there are any.
    pub fn rows(&self) -> &[Row] {
        self.desk.shown_run().map_or(&[], |run| &run.rows)
    }

    /// The paper's rows.
    pub fn paper_rows(&self) -> &[Row] {
        self.paper.as_deref().unwrap_or_default()
    }

    fn on_click(&self, intent: Intent) -> Callback<MouseEvent> {
        self.intend.reform(move |_| intent)
    }
}

/// The element ids of the fields.
pub const fn field_id(field: Field) -> &'static str {
    match field {
        Field::Experiment => "experiment",
        Field::Nodes => "experiment-nodes",
        Field::Seed => "experiment-seed",
    }
}

/// The element id of the button that runs.
pub const RUN: &str = "experiment-run";

/// The question, its parameters, and Run.
pub fn ask_bar(panel: &Panel) -> Html {
    let intend = panel.intend.clone();
    let onsubmit = Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        intend.emit(Intent::Run);
    });
    let desk = &panel.desk;
    let running = desk.is_running();
    html! {
        <div class="ask">
            <form {onsubmit} aria-label="Experiment">
                {chooser(desk)}
                if desk.experiment.nodes().count() > 1 {
                    {size(desk)}
                }
                if desk.own_size {
                    {number(desk, Field::Nodes, "Nodes")}
                }
                {number(desk, Field::Seed, "Seed")}
                if desk.experiment == Experiment::Churn {
                    {crash(desk)}
                }
                <button id={RUN} class="main" type="submit" aria-disabled={running.to_string()}>{"Run"}</button>
            </form>
            {for [Field::Experiment, Field::Nodes, Field::Seed].map(|field| error(desk, field))}
            <p class="ask__question">{words::describe(desk.experiment).asks}</p>
        </div>
    }
}

fn chooser(desk: &UseReducerHandle<Desk>) -> Html {
    let change = desk.dispatcher();
    let onchange = Callback::from(move |event: Event| {
        let select: HtmlSelectElement = event.target_unchecked_into();
        if let Some(experiment) = Experiment::named(&select.value()) {
            change.dispatch(Action::Choose(experiment));
        }
    });
    let option = |one: Experiment| {
        html! { <option value={one.name()} selected={one == desk.experiment}>{words::describe(one).title}</option> }
    };
    html! {
        <label>
            {"Experiment"}
            <select id={field_id(Field::Experiment)} {onchange}>{for Experiment::ALL.map(option)}</select>
        </label>
    }
}

fn size(desk: &UseReducerHandle<Desk>) -> Html {
    let change = desk.dispatcher();
    let onchange = Callback::from(move |event: Event| {
        let select: HtmlSelectElement = event.target_unchecked_into();
        change.dispatch(Action::OwnSize(select.selected_index() == 1));
    });
    html! {
        <label class="ask__size">
            {"Size"}
            <select {onchange}>
                <option selected={!desk.own_size}>{words::usual(desk.experiment)}</option>
                <option selected={desk.own_size}>{"another number of nodes"}</option>
            </select>
        </label>
    }
}

fn number(desk: &UseReducerHandle<Desk>, field: Field, name: &'static str) -> Html {
    let id = field_id(field);
    let value = match field {
        Field::Nodes => desk.nodes.clone(),
        Field::Seed | Field::Experiment => desk.seed.clone(),
    };
    let (least, most) = match field {
        Field::Nodes => {
            let nodes = desk.experiment.nodes();
            (u64::from(*nodes.start()), u64::from(*nodes.end()))
        }
        Field::Seed | Field::Experiment => (0, u64::MAX),
    };
    let change = desk.dispatcher();
    // Not everything that fills a field in says so by an input event: some only tell of the change.
    let taken = Callback::from(move |event: Event| {
        let input: HtmlInputElement = event.target_unchecked_into();
        change.dispatch(Action::Typed(field, input.value()));
    });
    let oninput = taken.reform(|event: InputEvent| event.into());
    let onchange = taken;
    let typed = words::number(&value);
    let change = desk.dispatcher();
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        let moved = match (event.key().as_str(), typed) {
            ("ArrowUp", Some(number)) => number.saturating_add(1),
            ("ArrowDown", Some(number)) => number.saturating_sub(1),
            _ => return,
        };
        event.prevent_default();
        let moved = moved.clamp(least, most).to_string();
        change.dispatch(Action::Typed(field, moved));
    });
    let wrong = desk.error.as_ref().is_some_and(|(at, _)| *at == field);
    html! {
        <label class="ask__number">
            {name}
            <input
                {id} type="text" role="spinbutton" inputmode="numeric" autocomplete="off" spellcheck="false" value={value.clone()}
                aria-valuemin={least.to_string()} aria-valuemax={most.to_string()}
                aria-valuenow={typed.map(|number| number.to_string())} aria-valuetext={value}
                aria-invalid={wrong.to_string()} aria-describedby={wrong.then(|| format!("{id}-error"))}
                {oninput} {onchange} {onkeydown}
            />
        </label>
    }
}

fn crash(desk: &UseReducerHandle<Desk>) -> Html {
    let change = desk.dispatcher();
    let onchange = Callback::from(move |event: Event| {
        let input: HtmlInputElement = event.target_unchecked_into();
        change.dispatch(Action::Crash(input.checked()));
    });
    html! {
        <label class="switch"><input type="checkbox" checked={desk.crash} {onchange} />{"nodes crash instead of leaving"}</label>
    }
}

fn error(desk: &Desk, field: Field) -> Html {
    let wrong = desk.error.as_ref().filter(|(at, _)| *at == field);
    let id = format!("{}-error", field_id(field));
    wrong.map_or_else(
        Html::default,
        |(_, text)| html! { <p class="error" role="alert" {id}>{text}</p> },
    )
}

/// The run's progress, and Cancel. There is a line without a run, too, so that what is below stays where it is.
pub fn progress(panel: &Panel) -> Html {
    let run = panel.desk.shown_run();
    let Some(run) = run.filter(|run| run.goes_on()) else {
        return html! { <div class="run"><span class="run__told">{rest(run)}</span></div> };
    };
    let part = run.part().filter(|part| *part > 0.0);
    let value = part.map(|part| format!("{:.0}", part * 1_000.0));
    html! {
        <div class="run">
            <progress aria-label="Progress" max="1000" {value} />
            <span class="run__told">{told(run)}</span>
            <button type="button" onclick={panel.on_click(Intent::Cancel)}>{"Cancel"}</button>
        </div>
    }
}

/// The sentence about a run that does not go on.
fn rest(run: Option<&Run>) -> String {
    match run {
        Some(run) if run.state == State::Done => {
            format!("Measured in {}.", words::time(run.heard - run.begun))
        }
        Some(_) => "Not measured to the end.".to_owned(),
        None => "Not measured here yet.".to_owned(),
    }
}

fn told(run: &Run) -> String {
    let Some(part) = run.part() else {
        return "Loading the simulator …".to_owned();
    };
    let (rows, all) = (run.rows.len(), run.plan.rows());
    let mut text = format!("{}, {rows} of {all} rows", words::percent(part));
    let took = run.heard - run.begun;
    // The first moments say little about the rest.
    if took > 1_500.0 && part > 0.02 {
        let left = words::time(took / part * (1.0 - part));
        text.push_str(&format!(", about {left} left"));
    }
    text
}

/// The comparison with the paper, in sentences.
pub fn caption(panel: &Panel) -> Html {
    let run = panel.desk.shown_run();
    let (class, verdict) = match run {
        None => ("caption caption--calm", before(panel)),
        Some(run) => {
            let mut verdict = judge(&run.plan, &run.rows, &panel.paper);
            match run.state {
                State::Done => ("caption caption--done", verdict),
                State::Starting | State::Running(_) => ("caption", running(run)),
                State::Cancelled(part) => {
                    let lead = format!(
                        "Cancelled at {}: {} of {} rows are measured.",
                        words::percent(part),
                        run.rows.len(),
                        run.plan.rows()
                    );
                    let finding = std::mem::replace(&mut verdict.lead, lead);
                    verdict.rest.insert(0, finding);
                    ("caption caption--calm", verdict)
                }
                State::Failed => ("caption caption--failed", failed()),
            }
        }
    };
    html! {
        <div class={class} role="status" aria-label="Result">
            <p><b>{verdict.lead}</b>{" "}{verdict.rest.join(" ")}</p>
        </div>
    }
}

fn before(panel: &Panel) -> Verdict {
    let beside = match &panel.paper {
        Ok(_) => "The figures above are the paper’s.".to_owned(),
        Err(why) => words::no_paper(panel.plan.experiment, *why),
    };
    Verdict {
        lead: "Press Run to measure it here.".to_owned(),
        rest: vec![beside],
    }
}

fn running(run: &Run) -> Verdict {
    Verdict {
        lead: "Measuring.".to_owned(),
        rest: vec![format!("{}.", words::plan(&run.plan))],
    }
}

fn failed() -> Verdict {
    Verdict {
        lead: "The experiment has ended before it was done.".to_owned(),
        rest: vec![
            "The simulator could not be loaded, or had not enough memory: try again, or with fewer nodes.".to_owned(),
        ],
    }
}

/// The table "Figures": ours, and the paper's below each.
pub fn figures_card(panel: &Panel) -> Html {
    let (rows, paper) = (panel.rows(), panel.paper_rows());
    let experiment = panel.plan.experiment;
    let heads = figure::heads(if rows.is_empty() { paper } else { rows });
    let mut lines: Vec<(bool, &Row)> = rows.iter().map(|row| (true, row)).collect();
    lines.extend(paper.iter().map(|row| (false, row)));
    // The order of keys, and ours first: the sort keeps the order of equals.
    lines.sort_by(|(_, one), (_, other)| {
        let key = |row: &Row| row.key().unwrap_or_default();
        key(one).total_cmp(&key(other))
    });
    html! {
        <section class="card" aria-labelledby="figures-title">
            <header><h2 id="figures-title">{"Figures"}</h2><span>{words::plan(&panel.plan)}</span></header>
            if lines.is_empty() {
                <p class="card__empty">{"There are no figures yet: press Run."}</p>
            } else {
                <div class="table-scroll" role="region" aria-label="All figures" tabindex="0">
                    <table class="figures" aria-label="Figures">
                        <thead><tr>
                            {for heads.iter().take(1).map(|(_, name)| html! { <th scope="col">{*name}</th> })}
                            <th scope="col">{"Source"}</th>
                            {for heads.iter().skip(1).map(|(_, name)| html! { <th scope="col">{*name}</th> })}
                        </tr></thead>
                        <tbody>{for lines.iter().map(|(ours, row)| line(*ours, row))}</tbody>
                    </table>
                </div>
                <details class="columns">
                    <summary>{"What the columns mean"}</summary>
                    <dl>
                        {for heads.iter().map(|(column, name)| html! { <><dt>{*name}</dt><dd>{experiment.meaning(*column)}</dd></> })}
                    </dl>
                </details>
            }
            <div class="saves">
                {button(panel, Intent::Csv, "Download CSV", rows.is_empty())}
                {button(panel, Intent::Json, "Download JSON", rows.is_empty())}
            </div>
        </section>
    }
}

fn button(panel: &Panel, intent: Intent, name: &'static str, disabled: bool) -> Html {
    html! { <button type="button" {disabled} onclick={panel.on_click(intent)}>{name}</button> }
}

fn line(ours: bool, row: &Row) -> Html {
    let cell = |(column, number): &(_, _)| words::cell(*column, *number);
    let mut cells = row.cells().iter().map(cell);
    let source = if ours { "here" } else { "paper" };
    html! {
        <tr class={classes!((!ours).then_some("theirs"))}>
            <th scope="row">{cells.next()}</th>
            <td>{source}</td>
            {for cells.map(|text| html! { <td>{text}</td> })}
        </tr>
    }
}

/// The way of measuring, and the sources beside it.
pub fn method_card(panel: &Panel) -> Html {
    let described = words::describe(panel.plan.experiment);
    html! {
        <section class="card" aria-labelledby="method-title">
            <header><h2 id="method-title">{"What is measured"}</h2></header>
            <p>{described.method}</p>
            <p class="card__part"><span class="mute">{"Beside it: "}</span><a href={described.href} rel="noreferrer">{described.source}</a>{"."}</p>
            if let Err(why) = &panel.paper {
                <p class="card__note">{words::no_paper(panel.plan.experiment, *why)}</p>
            }
        </section>
    }
}

/// The command and the link that come to the same rows.
pub fn same_card(panel: &Panel, copied: Option<&'static str>) -> Html {
    let command = link::command(&panel.plan);
    html! {
        <section class="card" aria-labelledby="same-title">
            <header><h2 id="same-title">{"The same rows again"}</h2></header>
            <p>{"On the command line, without a browser:"}</p>
            <p class="same"><code>{for words_of(&command)}</code></p>
            <div class="saves">
                {button(panel, Intent::Command, "Copy command", false)}
                {button(panel, Intent::Link, "Copy link", false)}
                <span class="mute" role="status" aria-label="Copied">{copied}</span>
            </div>
            <p class="card__note">{"The same seed gives the same numbers on every machine. The address of this page has experiment, parameters and seed."}</p>
        </section>
    }
}

/// The words of a command, which break between and not within them.
fn words_of(command: &str) -> impl Iterator<Item = Html> {
    let words = command.split(' ').enumerate();
    words.map(|(index, word)| {
        let space = if index > 0 { " " } else { "" };
        html! { <>{space}<span>{word.to_owned()}</span></> }
    })
}
