//! The help sheet of the live page, and its keys.

use crate::components::help::Help;
use crate::live::desk::Field;
use crate::live::intent::field_id;

/// The help sheet.
pub const HELP: Help = Help {
    id: "live-help-title",
    text: &[
        "This tab can be a member of a real ring: join one by the address of any of its peers. Then values that you put here are kept by the peers that are responsible for them, and this tab keeps those of others. Files that you share are given to others by this tab, as long as it is open.",
    ],
    keys: &[("/", "type a name")],
};

/// The element id of the field that a single key leads to.
pub fn of_key(key: &str) -> Option<&'static str> {
    (key == "/").then(|| field_id(Field::Name))
}
