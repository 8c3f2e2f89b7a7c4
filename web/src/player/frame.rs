//! The frame of a page with a run: header, stage, panels, help sheet; and the hook that joins them with the engine and the browser.

use yew::{Callback, Html, classes, hook, html, use_effect_with};

use crate::components::header::{Parts, header};
use crate::components::help::{Heard, Help, Tools, use_help};
use crate::hooks::use_route::use_route;
use crate::page::{self, Route};
use crate::player::run_bar::{RunDeed, use_run_bar};
use crate::player::use_dropped_run::use_dropped_run;
use crate::player::use_player::{Stage, use_player};
use crate::player::{Beside, Control, Driven, Pictured, Shareable, View};

/// The parts of a page around its stage and its panels.
#[derive(Debug)]
pub struct Frame {
    here: Route,
    tools: Tools,
    parts: Parts,
    /// The help sheet.
    sheet: Html,
    /// Whether a file is being dragged over the page.
    over: bool,
}

/// A page with a run.
#[derive(Debug)]
pub struct RunPage<D: Driven> {
    /// The last snapshot.
    pub view: View<D::Snapshot>,
    /// Takes commands.
    pub send: Callback<D::Command>,
    /// Takes what the controls of the player ask for.
    pub control: Callback<Control>,
    /// The frame.
    pub frame: Frame,
}

/// The parts that a page with a run is made of.
#[derive(Debug)]
pub struct Made<D: Driven> {
    /// Begins the engine with the run that a link asks for; at rest if the second is true.
    pub open: fn(&str, bool) -> D,
    /// The help sheet.
    pub help: &'static Help,
    /// The command of a single key that is none of the player's; `s` shares a link.
    pub of_key: fn(&str) -> Option<D::Command>,
    /// The element id of the menu in the header.
    pub more: &'static str,
}

/// A meaning of a single key.
enum Wish<C> {
    /// Copy a link to this moment.
    Share,
    /// A command to the engine.
    Engine(C),
}

/// Begins a page: its engine runs while the page is shown, keys and dropped files reach it, and the address names the run that the user began last.
#[hook]
pub fn use_run_page<S>(
    made: Made<S::Engine>,
    stage: impl FnOnce() -> S + 'static,
) -> RunPage<S::Engine>
where
    S: Stage<Engine: Shareable<Snapshot: Pictured, Command: From<Control>>>,
{
    let here = <S::Engine as Shareable>::PAGE;
    let shown = use_route() == here;
    let open = made.open;
    let handle = use_player(move || open(&page::query(), page::calm()), stage, shown);
    let bar = use_run_bar(&handle, handle.view.time().notice.as_ref());
    let over = use_dropped_run(&bar.given, shown);
    use_effect_with(handle.view.address().cloned(), move |address| {
        if let Some(address) = address {
            page::replace_query(here, &address.query);
        }
    });
    let wish = {
        let (send, deed) = (handle.send.clone(), bar.deed.clone());
        Callback::from(move |wish| match wish {
            Wish::Share => deed.emit(RunDeed::Share),
            Wish::Engine(command) => send.emit(command),
        })
    };
    let of_key = made.of_key;
    let (tools, sheet) = use_help(
        made.help,
        Heard {
            shown,
            single: true,
        },
        move |key: &str| match key {
            "s" => Some(Wish::Share),
            _ => of_key(key)
                .or_else(|| Some(Control::of_key(key)?.into()))
                .map(Wish::Engine),
        },
        wish,
        handle.repaint,
        Html::default(),
    );
    let control: Callback<Control> = handle.send.reform(From::from);
    let refused = handle.view.refused_beside(Beside::Run);
    let parts = bar.parts(made.more, handle.view.time(), &control, refused);
    RunPage {
        frame: Frame {
            here,
            tools,
            parts,
            sheet,
            over,
        },
        view: handle.view,
        send: handle.send,
        control,
    }
}

impl Frame {
    /// The page, with the class of its stage.
    pub fn html(self, class: &'static str, stage: Html, side: Html) -> Html {
        let app = classes!(
            "app",
            page::embedded().then_some("app--embed"),
            self.over.then_some("app--drop"),
        );
        html! {
            <div class={app}>
                {header(self.here, self.tools, self.parts)}
                <main class="page">
                    <section class={classes!("stage", class)} aria-label="Stage">{stage}</section>
                    <aside class="side" aria-label="Panels">{side}</aside>
                </main>
                {self.sheet}
                <p class="drop" aria-hidden="true">{"Drop the file to open its run."}</p>
            </div>
        }
    }
}
