//! JSON as scenarios and runs have it: a tree of values, and objects taken apart field by field, so that what is missing, wrong or
//! unknown is refused with its place.
//!
//! Trees are read from text and written by `text`, in the page as in the program. Readers that serde derives would tell a line and a column
//! at best, and no place at all of a tree.

#[cfg(feature = "scenario-files")]
mod serial;
mod text;

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::engine::malformed::Malformed;

/// The least whole number that is written as a text: JavaScript's numbers are exact below.
const EXACT: u64 = 1 << 53;

/// A value of JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// Nothing.
    Null,
    /// Yes or no.
    Flag(bool),
    /// A whole number. From 2^53 on it is written as a text, so that any reader has all its digits; see [`Json::from`].
    Number(u64),
    /// Another number. No field takes it.
    Inexact,
    /// A text.
    Text(String),
    /// Values in order.
    List(Vec<Self>),
    /// Named values, in the order in which they are written.
    Object(Vec<(Cow<'static, str>, Self)>),
}

impl Json {
    /// The whole number that this is: from 2^53 on it is a text of digits.
    pub fn whole(&self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.parse().ok().filter(|number| *number >= EXACT),
            _ => None,
        }
    }
}

macro_rules! from_numbers {
    ($($number:ty),*) => {$(
        impl From<$number> for Json {
            fn from(number: $number) -> Self {
                Self::from(u64::from(number))
            }
        }
    )*};
}

from_numbers!(u8, u16, u32);

impl From<u64> for Json {
    fn from(number: u64) -> Self {
        if number < EXACT {
            Self::Number(number)
        } else {
            Self::Text(number.to_string())
        }
    }
}

impl From<usize> for Json {
    fn from(number: usize) -> Self {
        Self::from(number as u64)
    }
}

impl From<bool> for Json {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_string())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Self>> FromIterator<T> for Json {
    fn from_iter<I: IntoIterator<Item = T>>(list: I) -> Self {
        Self::List(list.into_iter().map(Into::into).collect())
    }
}

/// An object of these fields.
pub(crate) fn object(fields: Vec<(&'static str, Json)>) -> Json {
    let fields = fields.into_iter();
    Json::Object(fields.map(|(name, value)| (name.into(), value)).collect())
}

/// The fields of an object that are not read yet.
#[derive(Debug)]
pub(crate) struct Fields {
    place: String,
    left: Vec<(Cow<'static, str>, Json)>,
}

impl Fields {
    /// The fields of what must be an object.
    pub(crate) fn of(value: Json, place: &str) -> Result<Self, Malformed> {
        match value {
            Json::Object(left) => Ok(Self {
                place: place.to_string(),
                left,
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

    /// Returns whether a field is there that was not read yet.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.left.iter().any(|(known, _)| known == name)
    }

    fn remove(&mut self, name: &str) -> Option<Json> {
        let place = self.left.iter().position(|(known, _)| known == name)?;
        Some(self.left.swap_remove(place).1)
    }

    /// A field that may be absent, or null.
    pub(crate) fn take(&mut self, name: &str) -> Option<Json> {
        self.remove(name).filter(|value| *value != Json::Null)
    }

    /// A field that must be there.
    pub(crate) fn need(&mut self, name: &str) -> Result<Json, Malformed> {
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
        let number = self.need(name)?.whole();
        number.ok_or_else(|| self.wrong(name, "must be a whole number, and in quotes from 2^53 on"))
    }

    /// A whole number, or this one.
    pub(crate) fn number_or<T: TryFrom<u64>>(
        &mut self,
        name: &str,
        default: T,
    ) -> Result<T, Malformed> {
        if self.has(name) {
            return self.number(name);
        }
        Ok(default)
    }

    /// A text, or this one.
    #[cfg(feature = "scenario-files")]
    pub(crate) fn text_or(&mut self, name: &str, default: &str) -> Result<String, Malformed> {
        match self.remove(name) {
            None => Ok(default.to_string()),
            Some(Json::Text(text)) => Ok(text),
            Some(_) => Err(self.wrong(name, "must be a text")),
        }
    }

    /// A text that must be there.
    pub(crate) fn text(&mut self, name: &str) -> Result<String, Malformed> {
        match self.need(name)? {
            Json::Text(text) => Ok(text),
            _ => Err(self.wrong(name, "must be a text")),
        }
    }

    /// A list, empty when it is absent.
    pub(crate) fn list(&mut self, name: &str) -> Result<Vec<Json>, Malformed> {
        match self.remove(name) {
            None => Ok(Vec::new()),
            Some(Json::List(list)) => Ok(list),
            Some(_) => Err(self.wrong(name, "must be a list")),
        }
    }

    /// Yes or no; no when it is absent.
    pub(crate) fn flag(&mut self, name: &str) -> Result<bool, Malformed> {
        match self.remove(name) {
            None => Ok(false),
            Some(Json::Flag(is)) => Ok(is),
            Some(_) => Err(self.wrong(name, "must be true or false")),
        }
    }

    /// Refuses fields that were not read.
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
pub(crate) fn number<T: TryFrom<u64>>(value: &Json) -> Option<T> {
    value.whole().and_then(|number| T::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn what_is_missing_wrong_or_unknown_is_told_with_its_place() {
        let value = object(vec![
            ("small", 300_u32.into()),
            ("text", 1_u32.into()),
            ("more", 2_u32.into()),
        ]);
        let mut fields = Fields::of(value, "at").unwrap();
        let said = |result: Result<(), Malformed>| result.unwrap_err().to_string();
        assert!(said(fields.number::<u8>("small").map(drop)).starts_with("at.small: "));
        assert!(said(fields.text("text").map(drop)).starts_with("at.text: "));
        assert_eq!(
            said(fields.need("none").map(drop)),
            "at: missing field `none`"
        );
        assert_eq!(said(fields.end()), "at: unknown field `more`");
    }

    #[test]
    fn no_digit_of_a_large_number_is_lost_to_a_reader_of_floats() {
        let written = [0, EXACT - 1, EXACT, u64::MAX].map(Json::from);
        assert_eq!(written[1], Json::Number(EXACT - 1));
        assert_eq!(written[2], Json::Text("9007199254740992".into()));
        assert_eq!(
            written.each_ref().map(Json::whole),
            [0, EXACT - 1, EXACT, u64::MAX].map(Some)
        );
        // A number in quotes is a text where it needs none.
        assert_eq!(Json::from("7").whole(), None);
        assert_eq!(Json::Inexact.whole(), None);
    }
}
