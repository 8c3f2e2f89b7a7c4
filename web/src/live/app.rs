//! The layout of the live page, and the one place that joins its desk, its worker and the browser.

use yew::{Callback, Html, component, html, use_node_ref, use_reducer};

use crate::components::icon::{Picture, icon};
use crate::components::top_bar::pages;
use crate::hooks::use_route::use_route;
use crate::live::desk::{Action, Desk, Field, Question};
use crate::live::panels::{
    events_card, join_bar, peers_card, status_line, tab_card, tab_stage, values_card,
};
use crate::live::refusal::Origin;
use crate::live::talk::{Command, Connection};
use crate::live::use_stage::use_stage;
use crate::live::use_tab::use_tab;
use crate::page::{self, Route};

/// What the panels need.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// What the page knows.
    pub desk: yew::UseReducerHandle<Desk>,
    /// Takes what the user asks.
    pub intend: Callback<Intent>,
    /// Where the page comes from.
    pub origin: Origin,
}

/// Something that a control asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Join the ring at the typed address; once more leaves it.
    JoinOrLeave,
    /// Put the typed value under the typed name.
    Put,
    /// Get the typed name.
    Get,
    /// Delete the typed name.
    Delete,
    /// Look the typed name up.
    LookUp,
}

/// The live page.
#[component]
pub fn LiveApp() -> Html {
    let (still, moving) = (use_node_ref(), use_node_ref());
    let shown = use_route() == Route::Live;
    let desk = use_reducer(|| Desk {
        address: page::peer(),
        ..Desk::default()
    });
    let send = use_tab(desk.dispatcher());
    let stage = use_stage(still.clone(), moving.clone(), desk.clone(), shown);
    let intend = {
        let desk = desk.clone();
        Callback::from(move |intent| match command(&desk, intent) {
            Ok((command, question)) => send.emit((command, Some(question))),
            Err((field, text)) => {
                page::focus(field_id(field));
                desk.dispatch(Action::Wrong(field, text));
            }
        })
    };
    let text = page::origin();
    let panel = Panel {
        desk,
        intend,
        origin: Origin { text },
    };
    let theme = stage.recolour.reform(|_| page::toggle_theme());
    html! {
        <div class="app">
            <header class="top">
                <h1>{"chord"}<b>{"scope"}</b></h1>
                {pages(Route::Live)}
                <div class="top__end">
                    <button type="button" class="quiet" aria-label="Light or dark" title="Light or dark" onclick={theme}>
                        {icon(Picture::Theme)}
                    </button>
                </div>
            </header>
            <main class="page">
                <section class="stage" aria-label="Stage">
                    {join_bar(&panel)}
                    {tab_stage(&panel, &stage, still, moving)}
                    {status_line(&panel)}
                </section>
                <aside class="side" aria-label="Panels">
                    {values_card(&panel)}
                    {tab_card(&panel)}
                    {peers_card(&panel)}
                    {events_card(&panel)}
                </aside>
            </main>
        </div>
    }
}

/// The id of a field's element.
pub const fn field_id(field: Field) -> &'static str {
    match field {
        Field::Address => "live-address",
        Field::Name => "live-name",
        Field::Value => "live-value",
    }
}

/// The command of an intent and the question it answers, or what is wrong with what is typed.
fn command(desk: &Desk, intent: Intent) -> Result<(Command, Question), (Field, String)> {
    let name = || match desk.name.trim() {
        "" => Err((Field::Name, "Type a name first.".to_owned())),
        name => Ok(name.to_owned()),
    };
    Ok(match intent {
        Intent::JoinOrLeave if desk.may_leave() => (Command::Leave, Question::Join),
        Intent::JoinOrLeave => {
            let address = desk.address.trim();
            let read = chordscope_core::base::contact::Address::parse_url(address);
            let wrong = |error: chordscope_core::base::contact::ContactError| {
                let example = if address.is_empty() {
                    "Type the address of a peer first: "
                } else {
                    ""
                };
                (Field::Address, format!("{example}{error}."))
            };
            (
                Command::Join(read.map_err(wrong)?.to_string()),
                Question::Join,
            )
        }
        Intent::Put => (
            Command::Put(name()?, desk.value.clone()),
            Question::Put(name()?),
        ),
        Intent::Get => (Command::Get(name()?), Question::Get(name()?)),
        Intent::Delete => (Command::Delete(name()?), Question::Delete(name()?)),
        Intent::LookUp => {
            let name = name()?;
            let key = crate::input::key(chordscope_core::base::id::Space::FULL, &name);
            let key = key.map_err(|error| (Field::Name, error))?;
            (Command::LookUp(key.id), Question::LookUp(name))
        }
    })
}

impl Desk {
    /// Whether there is a ring to leave, or an attempt to end.
    pub fn may_leave(&self) -> bool {
        let connection = self.state.as_ref().map(|state| &state.connection);
        !matches!(
            connection,
            None | Some(Connection::Outside | Connection::Refused(_))
        )
    }
}
