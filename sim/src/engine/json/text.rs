//! Trees of JSON as text, by `serde_json`.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::Cell;
use core::fmt;

use serde::de::{
    Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess,
    Visitor,
};
use serde::ser::{Serialize, Serializer};
use serde_json::error::Category;

use super::Json;
use crate::engine::malformed::Malformed;

/// The deepest nesting that is read: each level takes some of the stack.
const DEEPEST: usize = 64;
/// The most values that are read. A file of 16 MiB could have four times as many, of which a page would hardly recover.
const MOST_VALUES: usize = 2_000_000;
/// The byte order mark that some editors write in front of a text (RFC 8259, section 8.1, lets a reader skip it).
const MARK: char = '\u{feff}';

impl Json {
    /// Reads the bytes of a file: a text in UTF-8, with or without a byte order mark.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn read(file: &[u8]) -> Result<Self, Malformed> {
        let text = core::str::from_utf8(file);
        let text =
            text.map_err(|_| Malformed::new("", &"it is no JSON, as it is not text in UTF-8"))?;
        Self::parse(text.strip_prefix(MARK).unwrap_or(text))
    }

    /// Reads a text.
    ///
    /// # Errors
    /// [`Malformed`] says where and why it is no JSON, that a name stands twice in an object, or that it is more than 64 levels deep or
    /// 2,000,000 values.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let left = Cell::new(MOST_VALUES);
        let reader = Reader {
            deeper: DEEPEST,
            left: &left,
        };
        let mut source = serde_json::Deserializer::from_str(text);
        let read = reader.deserialize(&mut source);
        let read = read.and_then(|tree| source.end().map(|()| tree));
        read.map_err(|error| Malformed::new("", &refusal(text, &error)))
    }

    /// Writes it on one line.
    pub fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Writes it with a line for each field and entry.
    pub fn lines(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The tree of a value that is no deeper than 64 levels.
    pub(crate) fn of(value: &impl Serialize) -> Self {
        let value = serde_json::to_value(value).ok();
        let tree = value.and_then(|value| serde_json::from_value(value).ok());
        tree.unwrap_or(Self::Null)
    }

    /// The value of a tree.
    ///
    /// # Errors
    /// The reason why it is none.
    pub(crate) fn into_any<T: DeserializeOwned>(self) -> Result<T, String> {
        let value = serde_json::to_value(self).map_err(|error| error.to_string())?;
        serde_json::from_value(value).map_err(|error| error.to_string())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null | Self::Inexact => serializer.serialize_unit(),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(list) => serializer.collect_seq(list),
            Self::Object(fields) => {
                serializer.collect_map(fields.iter().map(|(name, value)| (name, value)))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let left = Cell::new(MOST_VALUES);
        let reader = Reader {
            deeper: DEEPEST,
            left: &left,
        };
        reader.deserialize(deserializer)
    }
}

/// The reason why a text is refused.
fn refusal(text: &str, error: &serde_json::Error) -> String {
    // Only what this reader itself refuses has words of its own.
    if error.classify() == Category::Data {
        return error.to_string();
    }
    if text.trim().is_empty() {
        return "it is no JSON, as it is empty".to_string();
    }
    let line = text.lines().nth(error.line().saturating_sub(1));
    let before = line.and_then(|line| line.get(..error.column()));
    let column = before.map_or_else(|| error.column(), |before| before.chars().count());
    let at = format!("line {}, column {}", error.line(), column.max(1));
    match error.classify() {
        Category::Eof => format!("it is no JSON, as it ends too early, at {at}"),
        _ => format!("it is no JSON at {at}"),
    }
}

/// The reader of a value of any kind.
#[derive(Clone, Copy)]
struct Reader<'a> {
    /// The number of levels that may lie below this one.
    deeper: usize,
    /// The number of values that may still be read.
    left: &'a Cell<usize>,
}

impl Reader<'_> {
    /// The reader of what a list or object has in it.
    fn inside<E: Error>(self) -> Result<Self, E> {
        let deeper = self.deeper.checked_sub(1);
        let deeper = deeper.ok_or_else(|| E::custom("it is nested too deeply"))?;
        Ok(Self { deeper, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        let left = self.left.get().checked_sub(1);
        let left = left.ok_or_else(|| D::Error::custom("it holds too many values"))?;
        self.left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Json, E> {
        Ok(Json::Flag(flag))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Number(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Json, E> {
        let number = u64::try_from(number);
        Ok(number.map_or(Json::Inexact, Json::Number))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Inexact)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_string()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Json, E> {
        Ok(Json::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let reader = self.inside()?;
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(reader)? {
            values.push(value);
        }
        Ok(Json::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let reader = self.inside()?;
        let mut fields = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            fields.push((Cow::Owned(name), map.next_value_seed(reader)?));
        }
        match repeated(&fields) {
            None => Ok(Json::Object(fields)),
            Some(name) => Err(A::Error::custom(format_args!(
                "field `{name}` is there twice"
            ))),
        }
    }
}

/// A name that stands twice in an object.
fn repeated<'a>(fields: &'a [(Cow<'static, str>, Json)]) -> Option<&'a str> {
    let mut names: Vec<&str> = fields.iter().map(|(name, _)| &**name).collect();
    names.sort_unstable();
    let pair = names.windows(2).find(|pair| pair[0] == pair[1])?;
    pair.first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tree(value: serde_json::Value) -> Json {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let value = tree(json!({
            "empty": [[], {}], "text": "a \"b\" \\ \n\u{1} é 😀", "number": u64::MAX, "flags": [true, false, null],
            "deep": {"list": [{"a": 1}, {"b": [2, 3]}]},
        }));
        for text in [value.line(), value.lines()] {
            assert_eq!(Json::parse(&text), Ok(value.clone()));
        }
        assert!(!value.line().contains('\n'));
    }

    #[test]
    fn fields_keep_their_order() {
        let text = r#"{"b":1,"a":{"d":[],"c":null}}"#;
        assert_eq!(Json::parse(text).unwrap().line(), text);
    }

    #[test]
    fn numbers_that_are_not_whole_are_not_rounded() {
        let read = Json::parse("[-1, 1.5, 1e3, 18446744073709551616]").unwrap();
        assert_eq!(read, Json::List(alloc::vec![Json::Inexact; 4]));
    }

    fn refused(file: &[u8]) -> String {
        Json::read(file).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        for (text, reason) in [
            ("", "it is no JSON, as it is empty"),
            (" \n", "it is no JSON, as it is empty"),
            (
                "{",
                "it is no JSON, as it ends too early, at line 1, column 1",
            ),
            (
                "{\n",
                "it is no JSON, as it ends too early, at line 2, column 1",
            ),
            ("[1,]", "it is no JSON at line 1, column 4"),
            ("[1,\n \"é\", nul]", "it is no JSON at line 2, column 10"),
            ("{} {}", "it is no JSON at line 1, column 4"),
            (r#"["\ud800"]"#, "it is no JSON at line 1, column 9"),
        ] {
            assert_eq!(refused(text.as_bytes()), reason, "{text}");
        }
    }

    #[test]
    fn a_file_is_text_in_utf_8_with_or_without_a_mark() {
        let text = r#"{"a":"é"}"#;
        let marked = format!("{MARK}{text}");
        assert_eq!(Json::read(marked.as_bytes()), Json::parse(text));
        let twice = format!("{MARK}{marked}");
        assert_eq!(
            refused(twice.as_bytes()),
            "it is no JSON at line 1, column 1"
        );
        let wide = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
            let units = marked.encode_utf16();
            units.flat_map(order).collect()
        };
        for file in [
            wide(u16::to_le_bytes),
            wide(u16::to_be_bytes),
            b"{\"a\":\"\xe9\"}".to_vec(),
            b"\x89PNG\r\n\x1a\n".to_vec(),
        ] {
            assert_eq!(refused(&file), "it is no JSON, as it is not text in UTF-8");
        }
    }

    #[test]
    fn a_name_stands_once_in_an_object() {
        let twice = refused(br#"[{"a":1,"b":2,"a":3}]"#);
        assert!(twice.starts_with("field `a` is there twice"), "{twice}");
        assert!(Json::parse(r#"[{"a":1},{"a":{"a":2}}]"#).is_ok());
    }

    #[test]
    fn depth_and_number_of_values_are_limited() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Json::parse(&nested(DEEPEST)).is_ok());
        for depth in [DEEPEST + 1, 100_000] {
            let deep = refused(nested(depth).as_bytes());
            assert!(deep.starts_with("it is nested too deeply"), "{deep}");
        }
        let list = |count: usize| format!("[0{}]", ",0".repeat(count - 1));
        assert!(Json::parse(&list(MOST_VALUES - 1)).is_ok());
        let many = refused(list(MOST_VALUES).as_bytes());
        assert!(many.starts_with("it holds too many values"), "{many}");
    }
}
