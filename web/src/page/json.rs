//! The browser's own reader and writer of JSON: the page links no other.

use chordscope_sim::engine::json::Json;
use js_sys::{Array, JSON, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// The deepest nesting that is read: each level takes some of the stack.
const DEEPEST: usize = 64;
/// The most values that are read. A file of 16 MiB could have four times as many, of which a page would hardly recover.
const MOST_VALUES: usize = 2_000_000;
/// The largest number of which JavaScript knows all digits.
const LARGEST: f64 = 9_007_199_254_740_991.0;

/// Reads a text.
///
/// # Errors
/// The reason why it is not JSON, or too much of it.
pub fn parse(text: &str) -> Result<Json, String> {
    match JSON::parse(text) {
        Ok(value) => tree(&value, DEEPEST, &mut { MOST_VALUES }).map_err(str::to_owned),
        Err(error) => {
            let reason = error.dyn_ref::<js_sys::Error>().map(js_sys::Error::message);
            let reason = reason.map_or_else(String::new, String::from);
            Err(format!("it is not JSON: {reason}"))
        }
    }
}

fn tree(value: &JsValue, deeper: usize, left: &mut usize) -> Result<Json, &'static str> {
    *left = left.checked_sub(1).ok_or("it holds too many values")?;
    if value.is_null() {
        return Ok(Json::Null);
    }
    if let Some(flag) = value.as_bool() {
        return Ok(Json::Flag(flag));
    }
    if let Some(number) = value.as_f64() {
        let is_exact = number.trunc() == number && (0.0..=LARGEST).contains(&number);
        return Ok(match is_exact {
            true => Json::Number(number as u64),
            false => Json::Inexact,
        });
    }
    if let Some(text) = value.as_string() {
        return Ok(Json::Text(text));
    }
    let deeper = deeper.checked_sub(1).ok_or("it is nested too deeply")?;
    if let Some(list) = value.dyn_ref::<Array>() {
        let values = list.iter().map(|value| tree(&value, deeper, left));
        return values.collect::<Result<_, _>>().map(Json::List);
    }
    let entries = Object::entries(value.unchecked_ref());
    let fields = entries.iter().map(|entry| {
        let entry: Array = entry.unchecked_into();
        let name = entry.get(0).as_string().unwrap_or_default();
        Ok((name.into(), tree(&entry.get(1), deeper, left)?))
    });
    fields.collect::<Result<_, _>>().map(Json::Object)
}

fn value(json: &Json) -> JsValue {
    match json {
        Json::Null | Json::Inexact => JsValue::NULL,
        Json::Flag(flag) => (*flag).into(),
        Json::Number(number) => (*number as f64).into(),
        Json::Text(text) => text.into(),
        Json::List(list) => list.iter().map(value).collect::<Array>().into(),
        Json::Object(fields) => {
            let object = Object::new();
            for (name, field) in fields {
                let _ = Reflect::set(&object, &(&**name).into(), &value(field));
            }
            object.into()
        }
    }
}

fn text(json: &Json, indent: u32) -> String {
    let text =
        JSON::stringify_with_replacer_and_space(&value(json), &JsValue::NULL, &indent.into());
    text.map_or_else(|_| String::new(), String::from)
}

/// Writes a value on one line.
pub fn line(json: &Json) -> String {
    text(json, 0)
}

/// Writes a value with a line for each field and entry.
pub fn lines(json: &Json) -> String {
    text(json, 2)
}
