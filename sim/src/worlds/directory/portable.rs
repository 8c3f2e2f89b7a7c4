//! Worlds of directories as charts of time.

use alloc::format;
use alloc::string::{String, ToString};

use crate::engine::World;
use crate::engine::chrome::{Charted, Mark};
use crate::engine::trace::Entry;
use crate::worlds::directory::DirectoryWorld;
use crate::worlds::directory::measure::Subject;
use crate::worlds::directory::trace::{Parcel, What};

impl Charted for DirectoryWorld {
    fn chart(&self, entry: &Entry<What>) -> Option<Mark> {
        let mark = |row: String, name: String, category| {
            Some(Mark {
                row,
                name,
                category,
                since: None,
            })
        };
        let parcel = |parcel: &Parcel, what: &str| {
            let (from, kind) = (self.title(parcel.from), parcel.kind.name());
            mark(
                self.title(parcel.to),
                format!("{what} from {from}, {kind}"),
                "message",
            )
        };
        match &entry.what {
            What::Acted(action) => mark("actions".into(), self.describe(action), "action"),
            What::Gone(id) => mark(self.title(*id), "gone".into(), "member"),
            What::Back(id) => mark(self.title(*id), "back".into(), "member"),
            What::Began(_, kind, peer, subject) => {
                let subject = match subject {
                    Subject::Title(title) => format!("title {title}"),
                    Subject::Key(key) => self.setup().space.show(*key),
                };
                let name = format!("asks {} for {subject}", kind.name());
                mark(self.title(*peer), name, "lookup")
            }
            What::Delivered(one) => parcel(one, "message"),
            What::Lost(one) => parcel(one, "lost message"),
            What::Ended(number, kind, outcome) => {
                let name = format!("lookup {number}: {}", outcome.name());
                mark(kind.name().to_string(), name, "lookup")
            }
            What::Sent(_) => None,
        }
    }
}
