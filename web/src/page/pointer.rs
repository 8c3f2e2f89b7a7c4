//! Where a pointer is on an element.

use wasm_bindgen::JsCast;
use web_sys::{Element, MouseEvent, PointerEvent};
use yew::NodeRef;

use crate::scene::curve::Point;
use crate::scene::hit::Tip;

/// A pointer on an element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Where, in the element's own pixels.
    pub point: Point,
    /// The width of the element, in pixels.
    pub width: f64,
    /// The height of the element, in pixels.
    pub height: f64,
    /// The kind of the pointer's tip.
    pub tip: Tip,
}

/// Where an event's pointer is on this element. Not on the event's `current_target()`: under Yew that is the root of
/// the application, whatever the element.
pub fn place(event: &MouseEvent, element: &NodeRef) -> Option<Place> {
    let element = element.cast::<Element>()?;
    let area = element.get_bounding_client_rect();
    let own = |own: i32, seen: f64| if own > 0 { f64::from(own) } else { seen };
    let width = own(element.client_width(), area.width());
    let height = own(element.client_height(), area.height());
    if width < 1.0 || height < 1.0 || area.width() < 1.0 || area.height() < 1.0 {
        return None;
    }
    let pointer = event
        .dyn_ref::<PointerEvent>()
        .map(PointerEvent::pointer_type);
    Some(Place {
        point: Point {
            x: (f64::from(event.client_x()) - area.left()) * width / area.width(),
            y: (f64::from(event.client_y()) - area.top()) * height / area.height(),
        },
        width,
        height,
        tip: Tip::of(&pointer.unwrap_or_default()),
    })
}
