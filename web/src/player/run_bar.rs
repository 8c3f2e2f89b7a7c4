//! Deeds on a whole run, in the header of a page: take deeds back, export, import, share a link.

use std::cell::RefCell;
use std::mem;
use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;
use web_sys::{Event, HtmlInputElement, MouseEvent};
use yew::{
    Callback, Html, TargetCast, UseForceUpdateHandle, hook, html, use_effect_with,
    use_force_update, use_mut_ref,
};

use crate::components::header::Parts;
use crate::hooks::use_listener::use_listener;
use crate::page;
use crate::player::files::{TOO_LONG, may_be_run};
use crate::player::link::names_a_run;
use crate::player::transport::undo_and_redo;
use crate::player::use_dropped_run::import;
use crate::player::use_player::PlayerHandle;
use crate::player::{Control, Given, Notice, Shareable, TimeView};

/// The time for which a confirmation stays, in milliseconds, and the time added for each of its words.
const TOAST: u32 = 1_000;
const TOAST_WORD: u32 = 250;

/// A deed on a whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunDeed {
    /// Copy a link to this moment.
    Share,
    /// Save the run with its branches.
    Export,
    /// Save what happened as a chart of time.
    Trace,
    /// Something else was done: the chart is not offered any more.
    Other,
}

/// The things that the bar says.
#[derive(Debug, Default)]
struct Said {
    /// A confirmation, and the number that tells it from the last one.
    toast: Option<String>,
    number: u32,
    /// Whether a run was exported just now: then a chart of time is offered too.
    exported: bool,
}

/// The bar.
#[derive(Clone, Debug)]
pub struct RunBar {
    said: Rc<RefCell<Said>>,
    /// Carries out a deed.
    pub deed: Callback<RunDeed>,
    /// Takes a run from outside.
    pub given: Callback<Given>,
}

/// The bar of a page. A run that the address comes to name is shown; a notice of the player is shown for as long as it takes to read.
#[hook]
pub fn use_run_bar<D: Shareable>(handle: &PlayerHandle<D>, notice: Option<&Notice>) -> RunBar {
    let (said, update) = (use_mut_ref(Said::default), use_force_update());
    let show = {
        let (said, update) = (Rc::clone(&said), update.clone());
        Callback::from(move |text: String| {
            spawn_local(toast(Rc::clone(&said), update.clone(), text));
        })
    };
    {
        let show = show.clone();
        use_effect_with(notice.cloned(), move |notice| {
            if let Some(notice) = notice {
                show.emit(notice.text.clone());
            }
        });
    }
    let given = handle.send.reform(D::Command::from);
    {
        let given = given.clone();
        let opened = Callback::from(move |_: Event| {
            let link = page::query();
            if page::route() == D::PAGE && names_a_run(&link) {
                given.emit(Given::Link(link));
            }
        });
        use_listener(|window| Some(window.clone().into()), "hashchange", opened);
    }
    let deed = {
        let (engine, given, said) = (Rc::clone(&handle.engine), given.clone(), Rc::clone(&said));
        Callback::from(move |deed: RunDeed| {
            let exported = deed == RunDeed::Export;
            if mem::replace(&mut said.borrow_mut().exported, exported) != exported {
                update.force_update();
            }
            match deed {
                RunDeed::Share => share(&engine, show.clone()),
                RunDeed::Export => export(&engine, &given),
                RunDeed::Trace => {
                    let engine = engine.borrow();
                    page::save(&engine.file_name("trace"), &engine.trace());
                }
                RunDeed::Other => {}
            }
        })
    };
    RunBar { said, deed, given }
}

/// Shows a word of confirmation for as long as it takes to read.
async fn toast(said: Rc<RefCell<Said>>, update: UseForceUpdateHandle, text: String) {
    let words = u32::try_from(text.split_whitespace().count()).unwrap_or(0);
    let number = {
        let mut said = said.borrow_mut();
        said.toast = Some(text);
        said.number += 1;
        said.number
    };
    update.force_update();
    page::sleep(TOAST + words * TOAST_WORD).await;
    // Another one that is shown by now stays.
    if said.borrow().number == number {
        said.borrow_mut().toast = None;
        update.force_update();
    }
}

/// Saves the run with its branches.
fn export<D: Shareable>(engine: &RefCell<D>, given: &Callback<Given>) {
    let (name, run) = {
        let engine = engine.borrow();
        (engine.file_name("run"), engine.export())
    };
    if may_be_run(run.len() as f64) {
        page::save(&name, &run);
    } else {
        given.emit(Given::Refused(TOO_LONG.to_owned()));
    }
}

/// Puts a link to this moment into the address bar and the clipboard, and says so.
fn share<D: Shareable>(engine: &RefCell<D>, show: Callback<String>) {
    let link = engine.borrow().link();
    // "Export" saves them all.
    let what = match engine.borrow().history().branches().len() {
        0 | 1 => D::PAGE.word(),
        _ => "branch",
    };
    spawn_local(async move {
        let done = match link.map(|query| page::replace_query(D::PAGE, &query)) {
            Ok(Some(link)) if page::copy(&link).await => Ok("Link copied"),
            Ok(_) => Ok("The link is in the address bar"),
            Err(why) => Err(why),
        };
        show.emit(match done {
            Ok(done) => format!("{done}: it opens this {what} at this moment."),
            Err(why) => why,
        });
    });
}

impl RunBar {
    /// The parts of the header. `menu` is the element id of the menu on small screens; `refused` says why no run was exported or imported.
    pub fn parts(
        &self,
        menu: &'static str,
        time: &TimeView,
        control: &Callback<Control>,
        refused: Option<&str>,
    ) -> Parts {
        let toast = html! {
            if let Some(toast) = &self.said.borrow().toast {
                <p class="toast" role="status">{toast}</p>
            }
        };
        let given = self.given.clone();
        let onchange = Callback::from(move |event: Event| {
            let input: HtmlInputElement = event.target_unchecked_into();
            if let Some(file) = input.files().and_then(|files| files.get(0)) {
                import(&file, &given);
            }
            // The same one may be chosen again.
            input.set_value("");
        });
        let more = html! {
            <>
                <button type="button" class="quiet" title="Save this run with its branches as a file" onclick={self.on_click(RunDeed::Export)}>{"Export"}</button>
                <label class="pick quiet" title="Open a run from a file; it may be dropped on the page, too">{"Import"}<input type="file" accept=".json,application/json" {onchange} /></label>
                <button type="button" class="quiet" onclick={self.on_click(RunDeed::Share)}>{"Share link"}</button>
            </>
        };
        Parts {
            toast,
            deeds: Some(undo_and_redo(time, control)),
            more: Some((menu, more)),
            note: self.note(refused),
        }
    }

    /// Why a run could not be exported or imported; of one that was exported, the use of its file.
    fn note(&self, refused: Option<&str>) -> Html {
        html! {
            if let Some(refused) = refused {
                <p class="top__note error" role="alert">{refused}</p>
            } else if self.said.borrow().exported {
                <div class="top__note" role="group" aria-label="Exported">
                    <p>{"Exported: “Import” opens the file. What happened up to now is there as a chart of time, too, for ui.perfetto.dev."}</p>
                    <div class="top__end">
                        <button type="button" onclick={self.on_click(RunDeed::Trace)}>{"Save Chrome trace"}</button>
                        <button type="button" class="quiet" onclick={self.on_click(RunDeed::Other)}>{"Close"}</button>
                    </div>
                </div>
            }
        }
    }

    fn on_click(&self, deed: RunDeed) -> Callback<MouseEvent> {
        self.deed.reform(move |_| deed)
    }
}
