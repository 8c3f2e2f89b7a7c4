//! The messages between the page and the worker that runs an experiment.

use chordscope_sim::experiment::table::Row;
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;

/// From the page to the worker, once: the plan, as in an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked(pub String);

/// From the worker to the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Report {
    /// The worker listens.
    Ready,
    /// The part of the work that is done, from 0 to 1.
    Part(f64),
    /// The next row.
    Row(Row),
    /// All rows are told.
    Done,
    /// The worker was given no plan.
    NoPlan,
}

/// A message as the browser carries it.
pub fn pack<T: Serialize>(message: &T) -> JsValue {
    // Every message here is plain data, which can be packed.
    serde_wasm_bindgen::to_value(message).unwrap_or(JsValue::NULL)
}

/// Reads a message; none if it is something else.
pub fn unpack<T: for<'de> Deserialize<'de>>(message: JsValue) -> Option<T> {
    serde_wasm_bindgen::from_value(message).ok()
}
