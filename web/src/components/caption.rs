//! The caption below a stage: what has just happened, and why.

use yew::{Html, html};

/// A caption in words.
#[derive(Clone, Debug)]
pub struct Caption {
    /// The classes of its element, which choose its colour.
    pub class: &'static str,
    /// The event.
    pub lead: String,
    /// The reason, and what follows.
    pub rest: String,
    /// The name of the status that it is, where it is one.
    pub name: Option<&'static str>,
    /// Whether a change is read aloud.
    pub aloud: bool,
}

impl Caption {
    /// The caption as an element.
    pub fn html(self) -> Html {
        let Self {
            class, lead, rest, ..
        } = self;
        let role = self.name.map(|_| "status");
        let live = if self.aloud { "polite" } else { "off" };
        html! {
            <div {class} {role} aria-label={self.name} aria-live={live}><p><b>{lead}</b>{" "}{rest}</p></div>
        }
    }
}
