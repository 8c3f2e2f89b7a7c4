//! In programs without level `quorum` nothing is said about groups: a message about one is none that they know.

/// There is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {}

/// There is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {}

impl Request {
    /// What the message is called in a log.
    pub const fn label(&self) -> &'static str {
        match *self {}
    }

    /// Whether it is a read or write of somebody's.
    pub const fn is_operation(&self) -> bool {
        match *self {}
    }
}

impl Response {
    /// What the message is called in a log.
    pub const fn label(&self) -> &'static str {
        match *self {}
    }
}
