//! What is done to a whole run, in the header of a page: take deeds back, export, import, share a link.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;
use web_sys::{Event, HtmlInputElement, MouseEvent};
use yew::{
    Callback, Html, TargetCast, UseStateHandle, hook, html, use_effect_with, use_memo, use_state_eq,
};

use crate::components::header::Parts;
use crate::page;
use crate::player::files::{TOO_LONG, may_be_run};
use crate::player::transport::undo_and_redo;
use crate::player::use_dropped_run::import;
use crate::player::use_player::PlayerHandle;
use crate::player::{Control, Driven, Given, Notice, TimeView};

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

/// The state of the bar.
#[derive(Clone, Debug)]
pub struct RunBar {
    toast: UseStateHandle<Option<String>>,
    exported: UseStateHandle<bool>,
    /// Carries out a deed.
    pub deed: Callback<RunDeed>,
    /// Takes a run from outside.
    pub given: Callback<Given>,
}

/// The bar of a page. A notice of the player is shown for as long as it takes to read.
#[hook]
pub fn use_run_bar<D: Driven>(handle: &PlayerHandle<D>, notice: Option<&Notice>) -> RunBar {
    let (toast, exported) = (use_state_eq(|| None), use_state_eq(|| false));
    let number = use_memo((), |()| Cell::new(0));
    let show = {
        let (toast, number) = (toast.setter(), number);
        Callback::from(move |text: String| {
            let words = u32::try_from(text.split_whitespace().count()).unwrap_or(0);
            let mine = number.get() + 1;
            number.set(mine);
            toast.set(Some(text));
            let (toast, number) = (toast.clone(), Rc::clone(&number));
            spawn_local(async move {
                page::sleep(TOAST + words * TOAST_WORD).await;
                // Another one that is shown by now stays.
                if number.get() == mine {
                    toast.set(None);
                }
            });
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
    let deed = {
        let (engine, given, exported) =
            (Rc::clone(&handle.engine), given.clone(), exported.setter());
        Callback::from(move |deed: RunDeed| {
            exported.set(deed == RunDeed::Export);
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
    RunBar {
        toast,
        exported,
        deed,
        given,
    }
}

/// Saves the run with its branches.
fn export<D: Driven>(engine: &RefCell<D>, given: &Callback<Given>) {
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
fn share<D: Driven>(engine: &RefCell<D>, show: Callback<String>) {
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
            if let Some(toast) = &*self.toast {
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
            } else if *self.exported {
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
