//! JSON as scenarios and runs have it: values are written, and objects taken apart field by field, so that what is missing, wrong or
//! unknown is refused with its place.
//!
//! Derived readers would tell a line and a column, and take floats; here all numbers are whole.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::{Map, Value};

use crate::engine::malformed::Malformed;

/// An object of these fields.
pub(crate) fn object(fields: Vec<(&str, Value)>) -> Value {
    let mut object = Map::new();
    for (name, value) in fields {
        object.insert(name.to_string(), value);
    }
    Value::Object(object)
}

/// Writes a value on one line.
pub(crate) fn line(value: &Value) -> String {
    let mut text = String::new();
    append(&mut text, value, None);
    text
}

/// Writes a value with a line for each field and entry.
pub(crate) fn lines(value: &Value) -> String {
    let mut text = String::new();
    append(&mut text, value, Some(0));
    text
}

/// Appends a value; `depth` tells how far its lines are indented, if it has lines.
fn append(text: &mut String, value: &Value, depth: Option<usize>) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(true) => text.push_str("true"),
        Value::Bool(false) => text.push_str("false"),
        Value::Number(number) => {
            let whole = number.as_u64().map(|whole| whole.to_string());
            text.push_str(whole.as_deref().unwrap_or("null"));
        }
        Value::String(content) => append_text(text, content),
        Value::Array(list) => {
            let entries = list.iter().map(|entry| (None, entry));
            append_all(text, ['[', ']'], entries, depth);
        }
        Value::Object(fields) => {
            let fields = fields.iter();
            let fields = fields.map(|(name, value)| (Some(name.as_str()), value));
            append_all(text, ['{', '}'], fields, depth);
        }
    }
}

fn append_all<'a>(
    text: &mut String,
    [open, close]: [char; 2],
    parts: impl Iterator<Item = (Option<&'a str>, &'a Value)>,
    depth: Option<usize>,
) {
    let begin_line = |text: &mut String, depth: Option<usize>| {
        if let Some(depth) = depth {
            text.push('\n');
            (0..depth).for_each(|_| text.push_str("  "));
        }
    };
    let deeper = depth.map(|depth| depth + 1);
    let mut is_empty = true;
    text.push(open);
    for (name, value) in parts {
        if !is_empty {
            text.push(',');
        }
        is_empty = false;
        begin_line(text, deeper);
        if let Some(name) = name {
            append_text(text, name);
            text.push_str(if depth.is_some() { ": " } else { ":" });
        }
        append(text, value, deeper);
    }
    if !is_empty {
        begin_line(text, depth);
    }
    text.push(close);
}

fn append_text(text: &mut String, content: &str) {
    text.push('"');
    for letter in content.chars() {
        match letter {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            control if control < ' ' => {
                text.push_str(&format!("\\u{:04x}", u32::from(control)));
            }
            other => text.push(other),
        }
    }
    text.push('"');
}

/// The fields of an object that are not read yet.
#[derive(Debug)]
pub(crate) struct Fields {
    place: String,
    left: Vec<(String, Value)>,
}

impl Fields {
    /// The fields of what must be an object.
    pub(crate) fn of(value: Value, place: &str) -> Result<Self, Malformed> {
        match value {
            Value::Object(fields) => Ok(Self {
                place: place.to_string(),
                left: fields.into_iter().collect(),
            }),
            _ => Err(Malformed::new(place, &"must be an object")),
        }
    }

    /// The place of a field.
    pub(crate) fn place(&self, name: &str) -> String {
        match self.place.as_str() {
            "" => name.to_string(),
            place => format!("{place}.{name}"),
        }
    }

    fn remove(&mut self, name: &str) -> Option<Value> {
        let place = self.left.iter().position(|(known, _)| known == name)?;
        Some(self.left.swap_remove(place).1)
    }

    /// A field that may be absent, or null.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.remove(name).filter(|value| !value.is_null())
    }

    /// A field that must be there.
    pub(crate) fn need(&mut self, name: &str) -> Result<Value, Malformed> {
        match self.remove(name) {
            Some(value) => Ok(value),
            None => {
                let reason = format!("missing field `{name}`");
                Err(Malformed::new(&self.place, &reason))
            }
        }
    }

    /// A whole number that must be there.
    pub(crate) fn number<T: TryFrom<u64>>(&mut self, name: &str) -> Result<T, Malformed> {
        let number = self.whole(name)?;
        T::try_from(number).map_err(|_| self.wrong(name, "is too large"))
    }

    fn whole(&mut self, name: &str) -> Result<u64, Malformed> {
        let number = self.need(name)?.as_u64();
        number.ok_or_else(|| self.wrong(name, "must be a whole number"))
    }

    /// A whole number, or this one.
    pub(crate) fn number_or<T: TryFrom<u64>>(
        &mut self,
        name: &str,
        default: T,
    ) -> Result<T, Malformed> {
        if self.left.iter().any(|(known, _)| known == name) {
            return self.number(name);
        }
        Ok(default)
    }

    /// A text, or this one.
    pub(crate) fn text_or(&mut self, name: &str, default: &str) -> Result<String, Malformed> {
        match self.remove(name) {
            None => Ok(default.to_string()),
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(self.wrong(name, "must be a text")),
        }
    }

    /// A text that must be there.
    pub(crate) fn text(&mut self, name: &str) -> Result<String, Malformed> {
        match self.need(name)? {
            Value::String(text) => Ok(text),
            _ => Err(self.wrong(name, "must be a text")),
        }
    }

    /// A list, empty when it is absent.
    pub(crate) fn list(&mut self, name: &str) -> Result<Vec<Value>, Malformed> {
        match self.remove(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(list)) => Ok(list),
            Some(_) => Err(self.wrong(name, "must be a list")),
        }
    }

    /// Yes or no; no when it is absent.
    pub(crate) fn flag(&mut self, name: &str) -> Result<bool, Malformed> {
        match self.remove(name) {
            None => Ok(false),
            Some(Value::Bool(is)) => Ok(is),
            Some(_) => Err(self.wrong(name, "must be true or false")),
        }
    }

    /// Refuses what nobody took.
    pub(crate) fn end(self) -> Result<(), Malformed> {
        match self.left.first() {
            None => Ok(()),
            Some((name, _)) => Err(Malformed::new(
                &self.place,
                &format!("unknown field `{name}`"),
            )),
        }
    }

    fn wrong(&self, name: &str, reason: &str) -> Malformed {
        Malformed::new(&self.place(name), &reason)
    }
}

/// A whole number that fits.
pub(crate) fn number<T: TryFrom<u64>>(value: &Value) -> Option<T> {
    value.as_u64().and_then(|number| T::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_is_what_is_read() {
        let value = json!({
            "empty": [[], {}], "text": "a \"b\" \\ \n\u{1} é 😀", "number": u64::MAX, "flags": [true, false, null],
            "deep": {"list": [{"a": 1}, {"b": [2, 3]}]},
        });
        for text in [line(&value), lines(&value)] {
            assert_eq!(
                serde_json::from_str::<Value>(&text).ok(),
                Some(value.clone())
            );
        }
        assert!(!line(&value).contains('\n'));
        let plain = json!({"a": [1, {"b": "c"}], "d": {}});
        let expected = serde_json::to_string_pretty(&plain).ok();
        assert_eq!(Some(lines(&plain)), expected);
    }

    #[test]
    fn what_is_missing_wrong_or_unknown_is_told_with_its_place() {
        let mut fields = Fields::of(json!({"small": 300, "text": 1, "more": 2}), "at").unwrap();
        let said = |result: Result<(), Malformed>| result.unwrap_err().to_string();
        assert!(said(fields.number::<u8>("small").map(drop)).starts_with("at.small: "));
        assert!(said(fields.text("text").map(drop)).starts_with("at.text: "));
        assert_eq!(
            said(fields.need("none").map(drop)),
            "at: missing field `none`"
        );
        assert_eq!(said(fields.end()), "at: unknown field `more`");
    }
}
