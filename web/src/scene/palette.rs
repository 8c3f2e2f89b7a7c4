//! The colours of the stage, read from the style sheet, where they live.

use wasm_bindgen::JsCast;
use web_sys::{Document, HtmlElement, Window};

/// The colours the painter uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Palette {
    /// Structure.
    pub ink: String,
    /// Less important structure.
    pub mute: String,
    /// The background of the stage.
    pub panel: String,
    /// The ring.
    pub band: String,
    /// A node's inside.
    pub node: String,
    /// Chosen, origin.
    pub accent: String,
    /// The lookup under way.
    pub hop: String,
    /// Responsible.
    pub own: String,
    /// Keys.
    pub key: String,
    /// Dead.
    pub bad: String,
    /// The typeface.
    pub sans: String,
}

impl Palette {
    /// Reads the colours as they are now.
    pub fn read(window: &Window, document: &Document) -> Option<Self> {
        let probe = Probe::new(window, document)?;
        let colour = |name: &str| probe.colour(&format!("var({name})"));
        let body = document.body()?;
        let sans = window
            .get_computed_style(&body)
            .ok()??
            .get_property_value("font-family")
            .ok()?;
        Some(Self {
            ink: colour("--ink")?,
            mute: colour("--mute")?,
            panel: colour("--panel")?,
            band: colour("--band")?,
            node: colour("--node")?,
            accent: colour("--accent")?,
            hop: colour("--hop")?,
            own: colour("--own")?,
            key: colour("--key")?,
            bad: colour("--bad")?,
            sans,
        })
    }
}

/// An element that colours are put on to be resolved: the browser tells light from dark only in a real property.
pub(super) struct Probe<'a> {
    window: &'a Window,
    element: HtmlElement,
}

impl<'a> Probe<'a> {
    /// A probe in this document, for as long as the value lives.
    pub(super) fn new(window: &'a Window, document: &Document) -> Option<Self> {
        let element: HtmlElement = document.create_element("span").ok()?.dyn_into().ok()?;
        element.set_class_name("visually-hidden");
        // In forced colours an element's own are not what is computed.
        let style = element.style();
        style.set_property("forced-color-adjust", "none").ok()?;
        document.body()?.append_child(&element).ok()?;
        Some(Self { window, element })
    }

    /// A colour of the style sheet's language as it is now.
    pub(super) fn colour(&self, value: &str) -> Option<String> {
        self.element.style().set_property("color", value).ok()?;
        let style = self.window.get_computed_style(&self.element).ok()??;
        style.get_property_value("color").ok()
    }
}

impl Drop for Probe<'_> {
    fn drop(&mut self) {
        self.element.remove();
    }
}
