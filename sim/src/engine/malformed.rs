//! The error of everything that is read: a scenario, a link, an exported run.

use alloc::string::{String, ToString};
use core::fmt;

/// The place at which an input is wrong, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The field.
    pub place: String,
    /// The reason why it is malformed.
    pub reason: String,
}

impl Malformed {
    pub(crate) fn new(place: &str, reason: &dyn fmt::Display) -> Self {
        Self {
            place: place.to_string(),
            reason: reason.to_string(),
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.as_str() {
            "" => f.write_str(&self.reason),
            place => write!(f, "{place}: {}", self.reason),
        }
    }
}

impl core::error::Error for Malformed {}
