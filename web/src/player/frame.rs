//! The frame of a page with a run: header, stage, panels, help sheet.

use yew::{Html, classes, html};

use crate::components::header::{Parts, header};
use crate::components::help::Tools;
use crate::page::{self, Route};

/// The parts of a page.
#[derive(Debug)]
pub struct Frame {
    /// The page.
    pub here: Route,
    /// The tools in the header.
    pub tools: Tools,
    /// The other parts of the header.
    pub parts: Parts,
    /// The class of the stage, and its contents.
    pub stage: (&'static str, Html),
    /// The panels.
    pub side: Html,
    /// The help sheet.
    pub sheet: Html,
    /// Whether a file is being dragged over the page.
    pub over: bool,
}

impl Frame {
    /// The page.
    pub fn html(self) -> Html {
        let (class, stage) = self.stage;
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
                    <aside class="side" aria-label="Panels">{self.side}</aside>
                </main>
                {self.sheet}
                <p class="drop" aria-hidden="true">{"Drop the file to open its run."}</p>
            </div>
        }
    }
}
