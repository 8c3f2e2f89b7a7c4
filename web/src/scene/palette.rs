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
    /// Reads the colours as they are now: the browser resolves light and dark only in a real property, so each is put
    /// on a probe first.
    pub fn read(window: &Window, document: &Document) -> Option<Self> {
        let probe: HtmlElement = document.create_element("span").ok()?.dyn_into().ok()?;
        probe.set_class_name("visually-hidden");
        // In forced colours an element's own are not what is computed.
        let style = probe.style();
        style.set_property("forced-color-adjust", "none").ok()?;
        let body = document.body()?;
        body.append_child(&probe).ok()?;
        let colour = |name: &str| -> Option<String> {
            let value = format!("var({name})");
            probe.style().set_property("color", &value).ok()?;
            let style = window.get_computed_style(&probe).ok()??;
            style.get_property_value("color").ok()
        };
        let palette = Self {
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
            sans: window
                .get_computed_style(&body)
                .ok()??
                .get_property_value("font-family")
                .ok()?,
        };
        probe.remove();
        Some(palette)
    }
}
