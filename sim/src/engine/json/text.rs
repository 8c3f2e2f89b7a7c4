//! Trees of JSON as text (RFC 8259): one small reader and writer for page and program, so that both refuse the same files for the same
//! reasons. In a page, serde_json would take twelve kilobytes more.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::Json;
use crate::engine::malformed::Malformed;

/// The deepest nesting that is read: each level takes some of the stack.
const DEEPEST: usize = 64;
/// The most values that are read. A file of 16 MiB could have four times as many, of which a page would hardly recover.
const MOST_VALUES: usize = 2_000_000;
/// The most fields of an object that are read: no file of a run or a scenario has so many, and names that stand twice are looked for one by one.
const MOST_FIELDS: usize = 64;
/// The byte order mark that some editors write in front of a text (RFC 8259, section 8.1, lets a reader skip it).
const MARK: char = '\u{feff}';

impl Json {
    /// Reads the bytes of a file: a text in UTF-8, with or without a byte order mark.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn read(file: &[u8]) -> Result<Self, Malformed> {
        let Ok(text) = core::str::from_utf8(file) else {
            let reason = "it is no JSON, as it is not text in UTF-8";
            return Err(Malformed::new("", &reason));
        };
        Self::parse(text.strip_prefix(MARK).unwrap_or(text))
    }

    /// Reads a text.
    ///
    /// # Errors
    /// [`Malformed`] says where and why it is no JSON, that a name stands twice in an object, or that it is more than 64 levels deep, 2,000,000 values
    /// or 64 fields in an object.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let mut reader = Reader {
            text,
            at: 0,
            left: MOST_VALUES,
        };
        reader
            .whole()
            .map_err(|fault| Malformed::new("", &reader.reason(&fault)))
    }

    /// Writes it on one line.
    pub fn line(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, None);
        text
    }

    /// Writes it with a line for each field and entry.
    pub fn lines(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, Some(0));
        text
    }

    /// Writes it; `level` is the number of levels around it where each entry has a line of its own.
    fn write(&self, text: &mut String, level: Option<usize>) {
        match self {
            Self::Null | Self::Inexact => text.push_str("null"),
            Self::Flag(true) => text.push_str("true"),
            Self::Flag(false) => text.push_str("false"),
            Self::Number(number) => text.push_str(&number.to_string()),
            Self::Text(own) => write_text(own, text),
            Self::List(list) => {
                text.push('[');
                let mut inside = Inside::new(text, level);
                for value in list {
                    let (text, level) = inside.entry();
                    value.write(text, level);
                }
                inside.end(']');
            }
            Self::Object(fields) => {
                text.push('{');
                let mut inside = Inside::new(text, level);
                for (name, value) in fields {
                    let (text, level) = inside.entry();
                    write_text(name, text);
                    text.push_str(if level.is_some() { ": " } else { ":" });
                    value.write(text, level);
                }
                inside.end('}');
            }
        }
    }
}

/// The entries of a list or an object that is being written.
struct Inside<'a> {
    text: &'a mut String,
    level: Option<usize>,
    is_empty: bool,
}

impl<'a> Inside<'a> {
    const fn new(text: &'a mut String, level: Option<usize>) -> Self {
        Self {
            text,
            level,
            is_empty: true,
        }
    }

    /// Begins an entry.
    fn entry(&mut self) -> (&mut String, Option<usize>) {
        if !self.is_empty {
            self.text.push(',');
        }
        self.is_empty = false;
        let level = self.level.map(|level| level + 1);
        begin_line(self.text, level);
        (self.text, level)
    }

    fn end(self, close: char) {
        if !self.is_empty {
            begin_line(self.text, self.level);
        }
        self.text.push(close);
    }
}

fn begin_line(text: &mut String, level: Option<usize>) {
    if let Some(level) = level {
        text.push('\n');
        (0..level).for_each(|_| text.push_str("  "));
    }
}

fn write_text(own: &str, text: &mut String) {
    text.push('"');
    for letter in own.chars() {
        match letter {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            '\0'..='\u{1f}' => text.push_str(&format!("\\u{:04x}", u32::from(letter))),
            _ => text.push(letter),
        }
    }
    text.push('"');
}

/// The reason why a text is refused, at the place of the reader.
enum Fault {
    /// No JSON goes on so.
    Syntax,
    /// The text ends where JSON would go on.
    End,
    /// Too deep a nesting.
    Deep,
    /// Too many values.
    Many,
    /// This name stands twice in an object.
    Twice(String),
}

/// A reader of a text, from `at` on.
struct Reader<'a> {
    text: &'a str,
    /// The place in bytes, at the beginning of a character.
    at: usize,
    /// The number of values that may still be read.
    left: usize,
}

impl<'a> Reader<'a> {
    fn whole(&mut self) -> Result<Json, Fault> {
        let value = self.value(DEEPEST)?;
        self.space();
        match self.peek() {
            None => Ok(value),
            Some(_) => Err(Fault::Syntax),
        }
    }

    fn reason(&self, fault: &Fault) -> String {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|letter| *letter != '\n');
        let at = format!("line {line}, column {}", column.count() + 1);
        match fault {
            Fault::Syntax => format!("it is no JSON at {at}"),
            Fault::End if self.text.trim().is_empty() => {
                "it is no JSON, as it is empty".to_string()
            }
            Fault::End => format!("it is no JSON, as it ends too early, at {at}"),
            Fault::Deep => format!("it is nested too deeply at {at}"),
            Fault::Many => format!("it holds too many values at {at}"),
            Fault::Twice(name) => format!("field `{name}` is there twice at {at}"),
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Takes this byte if it is next.
    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// Takes this byte, which must be next.
    fn need(&mut self, byte: u8) -> Result<(), Fault> {
        match self.take(byte) {
            true => Ok(()),
            false => Err(self.unexpected()),
        }
    }

    /// The fault of what is next.
    fn unexpected(&self) -> Fault {
        match self.peek() {
            Some(_) => Fault::Syntax,
            None => Fault::End,
        }
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Reads a value; `deeper` levels may lie in it.
    fn value(&mut self, deeper: usize) -> Result<Json, Fault> {
        self.left = self.left.checked_sub(1).ok_or(Fault::Many)?;
        self.space();
        match self.peek() {
            Some(b'{') => self.object(deeper.checked_sub(1).ok_or(Fault::Deep)?),
            Some(b'[') => self.list(deeper.checked_sub(1).ok_or(Fault::Deep)?),
            Some(b'"') => self.string().map(Json::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn object(&mut self, deeper: usize) -> Result<Json, Fault> {
        self.need(b'{')?;
        let mut fields: Vec<(Cow<'static, str>, Json)> = Vec::new();
        self.space();
        if !self.take(b'}') {
            loop {
                self.space();
                let name = self.string()?;
                self.space();
                self.need(b':')?;
                if fields.len() == MOST_FIELDS {
                    return Err(Fault::Many);
                }
                fields.push((name.into(), self.value(deeper)?));
                self.space();
                if !self.take(b',') {
                    break;
                }
            }
            self.need(b'}')?;
        }
        match repeated(&fields) {
            None => Ok(Json::Object(fields)),
            Some(name) => Err(Fault::Twice(name)),
        }
    }

    fn list(&mut self, deeper: usize) -> Result<Json, Fault> {
        self.need(b'[')?;
        let mut values = Vec::new();
        self.space();
        if !self.take(b']') {
            loop {
                values.push(self.value(deeper)?);
                self.space();
                if !self.take(b',') {
                    break;
                }
            }
            self.need(b']')?;
        }
        Ok(Json::List(values))
    }

    fn word(&mut self) -> Result<Json, Fault> {
        let words = [
            ("null", Json::Null),
            ("true", Json::Flag(true)),
            ("false", Json::Flag(false)),
        ];
        let rest = self.rest();
        let is_cut = words.iter().any(|(word, _)| word.starts_with(rest));
        for (word, value) in words {
            if rest.starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        // An empty rest begins every word.
        Err(if is_cut { Fault::End } else { Fault::Syntax })
    }

    fn number(&mut self) -> Result<Json, Fault> {
        let is_negative = self.take(b'-');
        let begin = self.at;
        if !self.take(b'0') {
            self.digits()?;
        }
        let whole = self.text.get(begin..self.at).unwrap_or_default();
        let whole: Option<u64> = whole.parse().ok();
        let is_fraction = self.take(b'.');
        if is_fraction {
            self.digits()?;
        }
        let is_scaled = self.take(b'e') || self.take(b'E');
        if is_scaled {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        let is_plain = !is_negative && !is_fraction && !is_scaled;
        let whole = whole.filter(|_| is_plain);
        Ok(whole.map_or(Json::Inexact, Json::Number))
    }

    /// Takes one digit or more.
    fn digits(&mut self) -> Result<(), Fault> {
        let begin = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        match self.at == begin {
            true => Err(self.unexpected()),
            false => Ok(()),
        }
    }

    fn string(&mut self) -> Result<String, Fault> {
        self.need(b'"')?;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let is_special = |byte| matches!(byte, b'"' | b'\\' | 0..=0x1f);
            let plain = rest.bytes().position(is_special);
            let plain = plain.unwrap_or(rest.len());
            text.push_str(rest.get(..plain).unwrap_or_default());
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                _ => return Err(self.unexpected()),
            }
        }
    }

    /// Reads a character that is escaped. The fault of one that is none lies at its beginning.
    fn escape(&mut self) -> Result<char, Fault> {
        let mut letters = self.rest().chars().skip(1);
        let (length, read) = match letters.next().ok_or(Fault::End)? {
            'u' => self.unicode()?,
            letter => (2, unescaped(letter)),
        };
        let read = read.ok_or(Fault::Syntax)?;
        self.at += length;
        Ok(read)
    }

    /// The length of an escape by number, and its character: of a pair, in UTF-16, or of one unit.
    fn unicode(&self) -> Result<(usize, Option<char>), Fault> {
        let first = self.unit(0)?;
        let is_pair = (0xd800..0xdc00).contains(&first);
        let units = [first, if is_pair { self.unit(6)? } else { 0 }];
        let length = if is_pair { 12 } else { 6 };
        let read = char::decode_utf16(units.into_iter().take(length / 6)).next();
        Ok((length, read.and_then(Result::ok)))
    }

    /// The number of an escape, so many bytes from here.
    fn unit(&self, from: usize) -> Result<u16, Fault> {
        let escape = self.rest().as_bytes().get(from..).unwrap_or_default();
        let digits = match escape {
            [b'\\', b'u', digits @ ..] => digits,
            [] | [b'\\'] => return Err(Fault::End),
            _ => return Err(Fault::Syntax),
        };
        let Some(digits) = digits.get(..4) else {
            return Err(Fault::End);
        };
        digits.iter().try_fold(0, |number, digit| {
            let digit = char::from(*digit).to_digit(16).ok_or(Fault::Syntax)?;
            Ok((number << 4) | u16::try_from(digit).unwrap_or_default())
        })
    }
}

/// The character of an escape by one letter.
const fn unescaped(letter: char) -> Option<char> {
    Some(match letter {
        '"' | '\\' | '/' => letter,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        _ => return None,
    })
}

/// A name that stands twice in an object.
fn repeated(fields: &[(Cow<'static, str>, Json)]) -> Option<String> {
    let mut before = fields.iter().enumerate();
    let again =
        before.find(|(at, (name, _))| fields.iter().take(*at).any(|(other, _)| other == name));
    again.map(|(_, (name, _))| name.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chordscope_core::base::rng::Rng;
    use serde_json::json;

    fn tree(value: serde_json::Value) -> Json {
        Json::parse(&value.to_string()).unwrap()
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
                "it is no JSON, as it ends too early, at line 1, column 2",
            ),
            (
                "{\n",
                "it is no JSON, as it ends too early, at line 2, column 1",
            ),
            ("[1,]", "it is no JSON at line 1, column 4"),
            ("[1,\n \"é\", nul]", "it is no JSON at line 2, column 7"),
            ("{} {}", "it is no JSON at line 1, column 4"),
            (r#"["\ud800"]"#, "it is no JSON at line 1, column 3"),
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

    /// The tree of what serde_json has read, with fields in order of their names.
    fn known(value: &serde_json::Value) -> Json {
        use serde_json::Value;
        match value {
            Value::Null => Json::Null,
            Value::Bool(flag) => Json::Flag(*flag),
            Value::Number(number) => number.as_u64().map_or(Json::Inexact, Json::Number),
            Value::String(text) => Json::Text(text.clone()),
            Value::Array(list) => Json::List(list.iter().map(known).collect()),
            Value::Object(fields) => {
                let fields = fields.iter();
                Json::Object(
                    fields
                        .map(|(name, value)| (name.clone().into(), known(value)))
                        .collect(),
                )
            }
        }
    }

    fn sorted(value: Json) -> Json {
        match value {
            Json::List(list) => Json::List(list.into_iter().map(sorted).collect()),
            Json::Object(fields) => {
                let fields = fields
                    .into_iter()
                    .map(|(name, value)| (name, sorted(value)));
                let mut fields: Vec<_> = fields.collect();
                fields.sort_by(|(one, _), (other, _)| one.cmp(other));
                Json::Object(fields)
            }
            other => other,
        }
    }

    #[test]
    fn serde_json_reads_the_same_and_refuses_the_same() {
        let text = r#"{"a": [null, true, false, 0, -1, 1.5, 2e3, 3E-4, 18446744073709551616, 90], "b": {"c": "\u00e9\ud83d\ude00\n\/é", "d": []}, "e": {}}"#;
        let mut rng = Rng::from_seed(1, 0x150);
        let (mut read, mut refused) = (0, 0);
        for _ in 0..40_000 {
            let mut letters: Vec<char> = text.chars().collect();
            for _ in 0..rng.below(3) {
                let at = rng.below(letters.len() as u64) as usize;
                let pool: Vec<char> = "\\\"{}[],:0123456789eE+-.untrfalsd \n\u{1}é"
                    .chars()
                    .collect();
                let letter = pool[rng.below(pool.len() as u64) as usize];
                match rng.below(4) {
                    0 => letters[at] = letter,
                    1 => letters.insert(at, letter),
                    2 => drop(letters.remove(at)),
                    _ => letters.truncate(at.max(1)),
                }
            }
            let text: String = letters.into_iter().collect();
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            match (Json::parse(&text), theirs) {
                (Ok(ours), Ok(theirs)) => {
                    read += 1;
                    assert_eq!(sorted(ours), sorted(known(&theirs)), "{text}");
                }
                (Err(ours), Ok(_)) => assert!(ours.reason.contains("is there twice"), "{text}"),
                (Err(_), Err(_)) => refused += 1,
                // A float that is too large for serde_json is inexact here.
                (Ok(_), Err(theirs)) => {
                    assert!(theirs.to_string().contains("out of range"), "{text}")
                }
            }
        }
        assert!(read > 5_000 && refused > 5_000, "{read} {refused}");
    }

    #[test]
    fn serde_json_writes_the_same() {
        let value = json!({
            "a": [[], {}, [1, [2, {"b": null}]]], "c": "\"\\/\u{0}\u{8}\u{c}\n\r\t\u{1f}\u{7f}é😀", "d": {"e": u64::MAX, "f": false},
        });
        let ours = known(&value);
        assert_eq!(ours.line(), serde_json::to_string(&value).unwrap());
        assert_eq!(ours.lines(), serde_json::to_string_pretty(&value).unwrap());
    }
}
